"""Adapters on disk: saved whole with a card, loaded with their base checked, merged into full weights.

An adapter folder is peft's own (`adapter_config.json`, `adapter_model.safetensors`), or a patch (`patch.safetensors`: the
numbers of the base that were changed, by name), or whole weights, as the method leaves it. Beside it lie `README.md`, the
card, and `curate_adapter.json`, which says what it was trained for (task, labels as shown in reports, base and its hash,
method, pooling, length, and the chat template of its conversations: it is asked with that one, whatever the base's or the
plain one are by then; and a hash of the weights). Loading refuses a damaged file, weights other than those that were saved,
and a base other than the one trained on; nothing is unpickled. Cost: reading the base.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from curate.dataset.atomic import atomic_write_text
from curate.errors import ConfigError, DataError
from train.adapt import Workbench, objective_of, open_workbench
from train.card import card
from train.chat import PLAIN_BEFORE
from train.config import TrainConfig
from train.examples import EXTRACTION, OF_TEXTS, Examples
from train.extra import extra
from train.files import read_json, write_json
from train.methods import METHODS, PATCH, WHOLE
from train.methods.method import quiet_peft
from train.resources import is_memory

if TYPE_CHECKING:
    from train.objective import Objective

ABOUT = "curate_adapter.json"
WEIGHTS, PEFT_CONFIG, PATCHED = "adapter_model.safetensors", "adapter_config.json", "patch.safetensors"


@dataclass(frozen=True)
class LoadedAdapter:
    """A model ready to use, and what it was trained for."""

    objective: Objective
    bench: Workbench
    config: TrainConfig
    task: str
    labels: tuple[str, ...] | None
    folder: Path
    merged: bool
    """Whether the folder holds full weights, with no adapter on top."""


def _no_card(*_: Any) -> None:
    pass


def save_adapter(
    objective: Objective,
    bench: Workbench,
    directory: Path,
    identity: Mapping[str, Any],
    config: TrainConfig,
    task: str,
) -> None:
    """Write `directory/adapter`, whole or not at all."""
    making, target = directory / ".adapter.tmp", directory / "adapter"
    shutil.rmtree(making, ignore_errors=True)
    saved_as = METHODS[config.method].saved_as
    if saved_as == PATCH:
        _save_patch(objective, making)
    else:
        if saved_as == WHOLE:
            stop_where_learned(objective.model, bench, task)
        caching, objective.inner.config.use_cache = objective.inner.config.use_cache, saved_as == WHOLE
        if hasattr(objective.model, "create_or_update_model_card"):  # ours takes its place: see `write_card`
            objective.model.create_or_update_model_card = _no_card
        objective.model.save_pretrained(str(making), safe_serialization=True)
        objective.inner.config.use_cache = caching
    template = None if task in OF_TEXTS else bench.encoder.chat.learned_with()
    if saved_as == WHOLE:
        own = bench.tokenizer.chat_template
        bench.tokenizer.chat_template = template or own
        bench.tokenizer.save_pretrained(str(making))
        bench.tokenizer.chat_template = own
    about = {
        "task": task,
        "labels": identity["labels"],
        "base": bench.source.name,
        "base_hash": bench.fingerprint,
        "config": config.told(),
        "chat_template": template,
        "run_id": identity["run_id"],
        "weights_hash": weights_hash(making),
    }
    write_json(making / ABOUT, about)
    shutil.rmtree(target, ignore_errors=True)
    making.rename(target)


def weights_hash(folder: Path) -> str:
    """Hex hash of the weights in a folder, which tells bits that are not those that were saved."""
    digest = xxhash.xxh3_128()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            while block := file.read(1 << 24):
                digest.update(block)
    return digest.hexdigest()


def stop_where_learned(model: Any, bench: Workbench, task: str) -> None:
    """Have whole weights stop, wherever they are served, at the tokens that training ended answers with.

    A base that was never a chat model stops at the end of a text, and an answer that it learned goes on and on.
    """
    from train.decode import end_tokens

    asked = getattr(model, "generation_config", None)
    if asked is None or task in OF_TEXTS:
        return
    known = asked.eos_token_id
    ends = {*end_tokens(bench), *(known if isinstance(known, list) else [known])} - {None}
    asked.eos_token_id = sorted(ends)


def write_card(directory: Path, done: Mapping[str, Any], examples: Examples) -> None:
    """Write `adapter/README.md`."""
    atomic_write_text(directory / "adapter" / "README.md", card(done, examples.task, examples.notes))


def adapter_folder(path: str | Path) -> Path:
    """The adapter (or merged model) that a path means: itself, inside a training folder, or a run's newest final one."""
    root = Path(path)
    if not root.exists():
        raise ConfigError(f"there is no adapter at {root}; `curate train RUN` makes one")
    for folder in (root, root / "adapter"):
        if (folder / ABOUT).is_file() or (folder / PEFT_CONFIG).is_file() or (folder / PATCHED).is_file():
            return folder
    finals = sorted((root / "train" / "final").glob("*/adapter"), key=lambda p: p.stat().st_mtime)
    if finals:
        return finals[-1]
    raise ConfigError(f"{root} holds no adapter; name a run that `curate train` has finished, or an adapter's folder")


def load_adapter(
    path: str | Path, *, base: str | None = None, device: str = "auto", quantised: bool = True
) -> LoadedAdapter:
    """Load an adapter on its base, or a merged model; `base` says where the base lies now.

    One that was trained on a quantised base is put on such a one where that is possible here and `quantised`.
    Raises `ConfigError` where the base is another one, `DataError` where a file is damaged.
    """
    folder = adapter_folder(path)
    about = read_json(folder / ABOUT)
    if about is None:
        raise DataError(
            f"{folder / ABOUT} is missing or damaged: the adapter was not made by this toolkit, or not whole; "
            "train it again, or load it with peft"
        )
    merged = not (folder / PEFT_CONFIG).is_file() and not (folder / PATCHED).is_file()
    where = str(folder) if merged else base or str(about["base"])
    settings = {**about["config"], "base": where, "device": device, "dtype": "auto"}
    config = TrainConfig(**settings)
    bench = open_workbench(config)
    if not merged and bench.fingerprint != about["base_hash"]:
        raise ConfigError(
            f"the adapter in {folder} was trained on another base model than {config.base} holds now "
            f"(named {about['base']} then); say where that one lies with --base"
        )
    if about["task"] not in OF_TEXTS:
        bench.encoder.chat.take(_template_of(about, folder, bench))
    labels = None if about["labels"] is None else tuple(about["labels"])
    extraction = about["task"] == EXTRACTION
    if extraction and labels:
        bench.encoder.tag_names = list(labels)
    if not merged:
        _check_files(folder, PATCHED if (folder / PATCHED).is_file() else WEIGHTS)
    if about.get("weights_hash") not in (None, weights_hash(folder)):
        raise DataError(
            f"the weights in {folder} are not those that were saved there: a file is damaged or was changed; train it again"
        )
    model = _model(folder, bench, config, labels, extraction=extraction, merged=merged, quantised=quantised)
    objective = objective_of(model, config, labels, extraction=extraction)
    if (folder / PATCHED).is_file():
        objective.originals = _patched(folder, objective)
    return LoadedAdapter(objective, bench, config, str(about["task"]), labels, folder, merged)


def _template_of(about: Mapping[str, Any], folder: Path, bench: Workbench) -> Any:
    """The chat template that an adapter learned; of one that does not name it, the base's or what was the plain one then.

    The plain template ends turns with a line break since version 6 of the encoding, which runs name in `done.json`.
    """
    if about.get("chat_template"):
        return about["chat_template"]
    if bench.encoder.chat.template is None:
        return bench.tokenizer.chat_template
    done = read_json(folder.parent / "done.json") or {}
    known = done.get("run_id") == about.get("run_id") and done.get("encoding_version")
    return bench.encoder.chat.template if known else PLAIN_BEFORE


def _model(
    folder: Path,
    bench: Workbench,
    config: TrainConfig,
    labels: Sequence[str] | None,
    *,
    extraction: bool,
    merged: bool,
    quantised: bool,
) -> Any:
    from importlib.util import find_spec

    from train.base import load_model

    patched = (folder / PATCHED).is_file()
    possible = quantised and find_spec("bitsandbytes") is not None
    how = METHODS[config.method].quantised() if possible and not merged else None
    model = load_model(bench.source, bench.tokenizer, config, labels, extraction=extraction, quantised=how)
    if merged or patched:
        return (model.float() if patched else model).eval()
    peft = extra("peft")
    try:
        with quiet_peft():
            # Left to itself, peft reads the weights onto a GPU wherever there is one.
            return peft.PeftModel.from_pretrained(model, str(folder), torch_device=str(model.device)).eval()
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        if is_memory(error):
            raise
        raise DataError(
            f"the adapter in {folder} does not fit its base model ({type(error).__name__}): a file was changed or is of "
            "another training; train it again"
        ) from error


def _save_patch(objective: Objective, folder: Path) -> None:
    """Write the trained numbers of a model that has no adapter."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    learned = {n: p.detach().cpu().contiguous() for n, p in objective.model.named_parameters() if p.requires_grad}
    save_file(learned, folder / PATCHED)


def _patched(folder: Path, objective: Objective) -> dict[str, Any]:
    """Put a patch into the model; gives the base's own values of what it changed, a new head left out."""
    import torch
    from safetensors.torch import load_file

    held, own = load_file(folder / PATCHED), dict(objective.model.named_parameters())
    if any(name not in own or own[name].shape != tensor.shape for name, tensor in held.items()):
        raise DataError(
            f"the patch in {folder} does not fit its base model: a file was changed or is of another training; "
            "train it again"
        )
    originals = {}
    with torch.no_grad():
        for name, tensor in held.items():
            if not objective.is_head(name):
                originals[name] = own[name].detach().clone()
            own[name].copy_(tensor)
    return originals


def _check_files(folder: Path, weights: str) -> None:
    """Raise `DataError` where the adapter's files are not whole."""
    from safetensors import SafetensorError, safe_open

    try:
        if weights == WEIGHTS:
            json.loads((folder / PEFT_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / PEFT_CONFIG} is damaged; train the adapter again") from error
    if not (folder / weights).is_file():
        raise DataError(f"{folder} has no {weights}; other formats can run code when opened and are not read")
    try:
        with safe_open(folder / weights, framework="np") as file:
            if not list(file.keys()):
                raise DataError(f"{folder / weights} is empty; train the adapter again")
    except SafetensorError as error:
        raise DataError(f"{folder / weights} is damaged or cut off; train the adapter again") from error
