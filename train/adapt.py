"""A base with a fresh LoRA: the workbench that runs of one base share, and the model that a run trains.

Adapters are peft's (LoRA, rank-stabilised LoRA, DoRA); plain ones on small models get the fused forward pass of
`train.fused`. Adapters and a new head are held in float32 whatever the base's format, since AdamW's steps are lost in
half precision. Needs the `train` extra.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.config import TrainConfig
from train.examples import EXTRACTION
from train.extra import extra

if TYPE_CHECKING:
    from train.base import BaseSource
    from train.encoding import Encoder
    from train.objective import Objective


@dataclass(frozen=True)
class Workbench:
    """What the runs of one base share: the tokenizer, the encoded rows, the base's fingerprint."""

    source: BaseSource
    tokenizer: Any
    encoder: Encoder
    fingerprint: str


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
    limit = min(config.max_length_tokens, context_tokens(source) or config.max_length_tokens)
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
    """The base with a fresh LoRA (and head, where `labels` are given), drawn from `config.seed`.

    `task` tells extraction from classification, which both have labels; default: classification where there are any.
    """
    import torch

    from train.base import ENCODER_DECODER, architecture, check_targets, linear_layers, load_model
    from train.fused import fuse

    peft = extra("peft")
    extraction = task == EXTRACTION
    torch.manual_seed(config.seed)
    model = load_model(bench.source, bench.tokenizer, config, labels, extraction=extraction)
    writes = "SEQ_2_SEQ_LM" if architecture(bench.source) == ENCODER_DECODER else "CAUSAL_LM"
    kind = writes if labels is None else "TOKEN_CLS" if extraction else "SEQ_CLS"
    targets = check_targets(model, config)
    if extraction and isinstance(targets, str):
        targets = linear_layers(model)  # peft takes the new head of a tagger among all linear layers
    # What the checkpoint does not hold is new in every load, so it is trained and saved whole, and not adapted.
    new = tuple(model.curate_new_modules)
    lora = peft.LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        use_rslora=config.rslora,
        use_dora=config.dora,
        target_modules=targets,
        modules_to_save=[name.rpartition(".")[2] for name in new] or None,
        exclude_modules=rf"(?:.*\.)?(?:{'|'.join(map(re.escape, new))})(?:\..*)?" if new else None,
        task_type=kind,
    )
    adapted = peft.get_peft_model(model, lora)
    fuse(adapted)
    return objective_of(adapted, config, labels, extraction=extraction)


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
