"""Load a base model: the bundled one, a local folder or a Hugging Face hub id, all by one code path.

Guarantees: weights come from safetensors only; no remote code; the number format is explicit (a bfloat16 checkpoint
runs in float32 on a CPU); the network is touched only for a hub id; the tokenizer has a pad and an end token, or the
error says so. Needs the `train` extra. Cost: what reading the weights costs; a bundled base loads in about 0.1 s.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import xxhash
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from curate.errors import ConfigError
from train.config import ALL_LINEAR, BUNDLED, TrainConfig
from train.extra import OFFLINE_SWITCHES, extra
from train.headers import BUNDLED_PATH

ENCODER, DECODER, ENCODER_DECODER = "encoder", "decoder", "encoder-decoder"
_POSITIONS_BEHIND_PAD = ("roberta", "xlm-roberta", "camembert", "longformer", "mpnet")
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
_HASHED_WHOLE_BYTES = 64 << 20


@dataclass(frozen=True)
class BaseSource:
    """Where a base model comes from, before it is loaded."""

    name: str
    """As the user wrote it."""
    location: str
    """A folder, or a hub id."""
    local: bool
    """Whether `location` is a folder; then nothing is ever downloaded."""

    def is_small(self, most_bytes: int) -> bool:
        """Whether the files of a local model are at most so large together; a hub model counts as large."""
        return self.local and sum(p.stat().st_size for p in Path(self.location).iterdir() if p.is_file()) <= most_bytes

    def fingerprint(self) -> str:
        """Hex hash of the files that decide the model (sampled above 64 MiB a file); the id itself for a hub model."""
        if not self.local:
            return self.location
        digest = xxhash.xxh3_128()
        for path in sorted(Path(self.location).iterdir()):
            if path.suffix not in (".json", ".safetensors", ".model", ".jinja", ".txt"):
                continue
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                digest.update(file.read(_HASHED_WHOLE_BYTES))
                if path.stat().st_size > _HASHED_WHOLE_BYTES:
                    file.seek(-(1 << 20), 2)
                    digest.update(file.read())
        return digest.hexdigest()


def resolve_base(base: str) -> BaseSource:
    """Decide what `TrainConfig.base` names; raises `ConfigError` where it names nothing usable."""
    path = BUNDLED_PATH if base == BUNDLED else Path(base).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ConfigError(f"base model folder {path} has no config.json; name the folder of a saved model")
        return BaseSource(base, str(path), local=True)
    if base == BUNDLED:
        raise ConfigError(f"the bundled base model is not installed at {path}; name a model folder or a hub id instead")
    if path.exists():
        raise ConfigError(f"base model {base} is a file; name the folder that holds config.json and *.safetensors")
    if not _HUB_ID.fullmatch(base):
        raise ConfigError(f"base model {base} is neither a folder here nor a hub id such as owner/name")
    return BaseSource(base, base, local=False)


def device_and_dtype(config: TrainConfig) -> tuple[torch.device, torch.dtype]:
    """The device and the number format of a configuration on this machine."""
    cuda = torch.cuda.is_available()
    if config.device == "cuda" and not cuda:
        raise ConfigError("device is cuda, but torch sees no CUDA device here; use device = 'cpu' or 'auto'")
    device = torch.device("cuda", torch.cuda.current_device()) if cuda and config.device != "cpu" else torch.device("cpu")
    chosen = {"float32": torch.float32, "bfloat16": torch.bfloat16}
    # Half precision by itself only where the hardware multiplies it fast: tensor cores since compute capability 8.
    fast = device.type == "cuda" and torch.cuda.get_device_capability() >= (8, 0)
    return device, chosen.get(config.dtype, torch.bfloat16 if fast else torch.float32)


def load_tokenizer(source: BaseSource) -> Any:
    """The fast tokenizer of a base, with pad and end tokens fixed up and right-hand padding."""
    transformers = extra("transformers", allow_hub=not source.local)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source.location, local_files_only=source.local)
    except (OSError, ValueError, ImportError, StrictDataclassError) as error:
        raise _unloadable(source, "the tokenizer of base model", error) from error
    if not getattr(tokenizer, "is_fast", False):
        raise ConfigError(f"base model {source.name} has no fast tokenizer (tokenizer.json), which loss masks need")
    if tokenizer.eos_token_id is None:
        end = transformers.AutoConfig.from_pretrained(source.location, local_files_only=source.local).eos_token_id
        end = end[0] if isinstance(end, list) else end
        stand_in = tokenizer.sep_token if end is None else tokenizer.convert_ids_to_tokens(end)
        if stand_in is None:
            raise ConfigError(
                f"the tokenizer of base model {source.name} has no end-of-sequence token; "
                "set eos_token in its tokenizer_config.json"
            )
        tokenizer.eos_token = stand_in
    if tokenizer.pad_token_id is None:
        # Masks and pooling go by length, never by token id, so that padding with the end token hides no end token.
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.eos_token
    tokenizer.padding_side = "right"
    return tokenizer


def architecture(source: BaseSource) -> str:
    """`encoder`, `decoder` or `encoder-decoder`: what the base's configuration says it is."""
    transformers = extra("transformers", allow_hub=not source.local)
    config = configuration(source)
    if config.is_encoder_decoder:
        return ENCODER_DECODER
    names = transformers.models.auto.modeling_auto
    masked = config.model_type in names.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    causal = config.model_type in names.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    reads = masked and not getattr(config, "is_decoder", False)
    return ENCODER if reads or not causal else DECODER


def load_model(
    source: BaseSource,
    tokenizer: Any,
    config: TrainConfig,
    labels: Sequence[str] | None,
    *,
    extraction: bool = False,
    quantised: Any = None,
) -> Any:
    """The model on its device: with a new head for `labels` (of each token where `extraction`), else one that writes.

    `quantised` is transformers' configuration of weights in fewer bits. The new head is drawn from torch's current seed.
    Raises `ConfigError` where the weights cannot be used.
    """
    transformers = extra("transformers", allow_hub=not source.local)
    device, dtype = device_and_dtype(config)
    kind = architecture(source)
    if labels is not None:
        family = transformers.AutoModelForSequenceClassification
        family = transformers.AutoModelForTokenClassification if extraction else family
    elif kind == ENCODER:
        raise ConfigError(
            f"base model {source.name} is an encoder: it can learn classes and spans, but it cannot write answers; "
            "name a decoder or an encoder-decoder"
        )
    else:
        family = transformers.AutoModelForSeq2SeqLM if kind == ENCODER_DECODER else transformers.AutoModelForCausalLM
    head: dict[str, Any] = {}
    if labels is not None:
        head = {"num_labels": len(labels), "id2label": dict(enumerate(labels))}
        head["label2id"] = {label: i for i, label in enumerate(labels)}
    if quantised is not None:
        head |= {"quantization_config": quantised, "device_map": {"": device}}
    verbosity = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()  # a new head is meant to be new
    transformers.logging.disable_progress_bar()
    try:
        model, told = family.from_pretrained(
            source.location,
            local_files_only=source.local,
            use_safetensors=True,
            dtype=dtype,
            output_loading_info=True,
            **head,
        )
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        raise _unloadable(source, "base model", error) from error
    finally:
        transformers.logging.set_verbosity(verbosity)
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise ConfigError(
            f"the tokenizer of base model {source.name} has {len(tokenizer)} tokens but the model only {rows}; "
            "they do not belong together"
        )
    model.config.pad_token_id = tokenizer.pad_token_id
    model.config.use_cache = False
    for module in model.modules():  # padding stands on the right, where a causal model looks at none of it
        if hasattr(module, "warn_if_padding_and_no_attention_mask"):
            module.warn_if_padding_and_no_attention_mask = _say_nothing
    model.curate_new_modules = _new_modules(model, set(told["missing_keys"])) if labels is not None else ()
    placed: Any = model if quantised is not None else model.to(device)
    return placed


def _say_nothing(*_: Any) -> None:
    return


def _new_modules(model: Any, missing: set[str]) -> tuple[str, ...]:
    """Names of the largest modules of which the checkpoint holds nothing: a head, the pooler of a masked model."""
    found: dict[str, None] = {}
    names = [name for name, _ in model.named_parameters()]
    for key in sorted(missing & set(names)):
        module = key.rpartition(".")[0]
        while "." in module:
            parent = module.rpartition(".")[0]
            if any(name.startswith(f"{parent}.") and name not in missing for name in names):
                break
            module = parent
        found[module] = None
    return tuple(found)


def linear_layers(model: Any) -> list[str]:
    """Names that `target_modules` may hold: the last part of every linear layer's name, heads left out."""
    heads = {id(getattr(model, name, None)) for name in ("score", "classifier", "classification_head")}
    heads.add(id(model.get_output_embeddings()))
    return sorted({name.rpartition(".")[2] for name, m in model.named_modules() if is_linear(m) and id(m) not in heads})


def is_linear(module: Any) -> bool:
    """Whether a module is a matrix that adapters know: torch's, one derived from it (Falcon, four bits), or GPT-2's."""
    return isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D"


def check_targets(model: Any, config: TrainConfig) -> str | list[str]:
    """`target_modules` as peft takes it; raises `ConfigError` that lists the valid names."""
    if config.target_modules == (ALL_LINEAR,):
        return ALL_LINEAR
    valid = linear_layers(model)
    unknown = sorted(set(config.target_modules) - set(valid))
    if unknown:
        raise ConfigError(
            f"target_modules names {', '.join(unknown)}, which base model {config.base} does not have; "
            f"valid: {', '.join(valid)}, or {ALL_LINEAR!r} alone"
        )
    return list(config.target_modules)


def context_tokens(source: BaseSource) -> int | None:
    """The longest sequence that the base was made for, where its configuration says so."""
    config = configuration(source)
    limit = getattr(config, "max_position_embeddings", None)
    # RoBERTa and its kin count positions from behind the pad token.
    behind = config.pad_token_id + 1 if config.model_type in _POSITIONS_BEHIND_PAD and config.pad_token_id else 0
    return int(limit) - behind if limit else None


def configuration(source: BaseSource) -> Any:
    transformers = extra("transformers", allow_hub=not source.local)
    try:
        return transformers.AutoConfig.from_pretrained(source.location, local_files_only=source.local)
    except (OSError, ValueError, StrictDataclassError) as error:  # the last: settings that contradict each other
        raise _unloadable(source, "base model", error) from error


def _unloadable(source: BaseSource, what: str, error: BaseException) -> ConfigError:
    said = f"{what} {source.name} cannot be loaded: {_first_line(error)}"
    if not source.local and any(os.environ.get(name) for name in OFFLINE_SWITCHES):
        said = (
            f"{what} {source.name} is not in the local cache, and {' or '.join(OFFLINE_SWITCHES)} forbids to download it; "
            "unset it, or name a folder that holds the model"
        )
    return ConfigError(said)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])
