"""A base made ready to learn: the workbench that runs of one base share, and the model that a run trains.

What of the base learns, and how, is the method's (`train.methods`). Whatever learns is held in float32 whatever the base's
format, since AdamW's steps are lost in half precision. Needs the `train` extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.errors import ConfigError
from train.config import TrainConfig
from train.examples import EXTRACTION
from train.extra import extra

if TYPE_CHECKING:
    from train.base import BaseSource
    from train.encoding import Encoder
    from train.frozen import Kept
    from train.objective import Objective


@dataclass(frozen=True)
class Workbench:
    """What the runs of one base share: the tokenizer, the encoded rows, the base's fingerprint."""

    source: BaseSource
    tokenizer: Any
    encoder: Encoder
    fingerprint: str
    lower: dict[tuple[int, str, str], Kept] = field(default_factory=dict, repr=False)
    """States that frozen lower layers gave, by the first layer that learns, number format and device (`train.frozen`)."""
    states: dict[bytes, np.ndarray] = field(default_factory=dict, repr=False)
    """The base's own states of rows by their tokens, where runs share them (`train.headstart.base_states`)."""


def open_workbench(config: TrainConfig, cache: Path | None = None) -> Workbench:
    """Load the tokenizer of the configured base; raises `MissingExtraError`, `ConfigError`.

    `cache` is a private folder where encoded rows are kept from one run to the next.
    """
    for module in ("torch", "transformers", "peft", "accelerate"):
        extra(module)
    from train.base import ENCODER_DECODER, architecture, context_tokens, load_tokenizer, resolve_base
    from train.cache import EncodedCache
    from train.encoding import Encoder

    source = resolve_base(config.base)
    tokenizer = load_tokenizer(source)
    context = context_tokens(source)
    limit = min(config.max_length_tokens, context or config.max_length_tokens)
    fingerprint = source.fingerprint()
    start = None
    if architecture(source) == ENCODER_DECODER:
        start = decoder_start(source, tokenizer)
    told = (fingerprint, limit, config.truncation_side, config.chat_template, tokenizer.chat_template, start)
    encoder = Encoder(
        tokenizer,
        limit,
        side=config.truncation_side,
        plain_template=config.chat_template == "plain",
        decoder_start=start,
        context_tokens=context,
        cache=None if cache is None else EncodedCache(cache, repr(told)),
    )
    return Workbench(source, tokenizer, encoder, fingerprint)


def decoder_start(source: BaseSource, tokenizer: Any) -> int:
    """The token that an encoder-decoder begins to write with."""
    from train.base import configuration

    config = configuration(source)
    start = getattr(config, "decoder_start_token_id", None)
    return int(tokenizer.pad_token_id if start is None else start)


def adapted_model(
    config: TrainConfig, bench: Workbench, labels: Sequence[str] | None, task: str | None = None
) -> Objective:
    """The base made ready by `config.method` (with a head, where `labels` are given), drawn from `config.seed`.

    `task` tells extraction from classification, which both have labels; default: classification where there are any.
    """
    import torch

    from train.base import ENCODER_DECODER, architecture, linear_layers, load_model
    from train.frozen import keep_lower_states
    from train.methods import METHODS, PATCH
    from train.reach import hold_routers

    method = METHODS[config.method]
    extraction = task == EXTRACTION
    torch.manual_seed(config.seed)
    model = load_model(
        bench.source, bench.tokenizer, config, labels, extraction=extraction, quantised=method.quantised()
    )
    writes = "SEQ_2_SEQ_LM" if architecture(bench.source) == ENCODER_DECODER else "CAUSAL_LM"
    kind = writes if labels is None else "TOKEN_CLS" if extraction else "SEQ_CLS"
    names = linear_layers(model)
    try:
        adapted = method.prepare(model, config, kind)
    except ValueError as error:  # peft knows layers that a method cannot change
        raise ConfigError(
            f"method {config.method!r} cannot adapt base model {bench.source.name} ({error}); name other layers in "
            f"target_modules: {', '.join(names)}"
        ) from error
    hold_routers(adapted)
    if config.activation_checkpointing:
        _keep_no_activations(model, config)
    objective = objective_of(adapted, config, labels, extraction=extraction)
    if not config.token_dropout:  # else hardly a row is met twice
        keep_lower_states(objective, bench.lower)
    if method.saved_as == PATCH:
        objective.originals = {
            n: p.detach().clone() for n, p in adapted.named_parameters() if p.requires_grad and not objective.is_head(n)
        }
    return objective


def _keep_no_activations(model: Any, config: TrainConfig) -> None:
    if not getattr(model, "supports_gradient_checkpointing", False):
        raise ConfigError(
            f"base model {config.base} ({model.config.model_type}) cannot compute activations again; leave "
            "activation_checkpointing off, and raise gradient_accumulation_batches to save memory"
        )
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def objective_of(model: Any, config: TrainConfig, labels: Sequence[str] | None, *, extraction: bool) -> Objective:
    """The forward passes of an adapted (or merged) model for its task."""
    from train.objective import Objective

    classification = labels is not None and not extraction
    objective = Objective(model, classification=classification, pooling=config.pooling, extraction=extraction)
    if objective.causal:
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data = parameter.data.float()
    return objective
