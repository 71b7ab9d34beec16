"""Adapters on disk: saved whole with a card, loaded with their base checked, merged into full weights.

An adapter folder is peft's own (`adapter_config.json`, `adapter_model.safetensors`), with two files beside: `README.md`,
the card, and `curate_adapter.json`, which says what the adapter was trained for (task, labels as shown in reports, base
and its hash, pooling, length). Loading refuses a damaged file and a base other than the one trained on; nothing is
unpickled. Cost: reading the base.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.dataset.atomic import atomic_write_text
from curate.errors import ConfigError, DataError
from train.adapt import Workbench, objective_of, open_workbench
from train.card import card
from train.config import OF_THIS_MACHINE, TrainConfig
from train.examples import EXTRACTION, Examples
from train.extra import extra
from train.files import read_json, write_json

if TYPE_CHECKING:
    from train.objective import Objective

ABOUT = "curate_adapter.json"
WEIGHTS, PEFT_CONFIG = "adapter_model.safetensors", "adapter_config.json"


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
    objective.model.save_pretrained(str(making), safe_serialization=True)
    about = {
        "task": task,
        "labels": identity["labels"],
        "base": bench.source.name,
        "base_hash": bench.fingerprint,
        "config": {name: value for name, value in config.to_json().items() if name not in OF_THIS_MACHINE},
        "run_id": identity["run_id"],
    }
    write_json(making / ABOUT, about)
    shutil.rmtree(target, ignore_errors=True)
    making.rename(target)


def write_card(directory: Path, done: Mapping[str, Any], examples: Examples) -> None:
    """Write `adapter/README.md`."""
    atomic_write_text(directory / "adapter" / "README.md", card(done, examples.task, examples.notes))


def adapter_folder(path: str | Path) -> Path:
    """The adapter (or merged model) that a path means: itself, inside a training folder, or a run's newest final one."""
    root = Path(path)
    if not root.exists():
        raise ConfigError(f"there is no adapter at {root}; `curate train RUN` makes one")
    for folder in (root, root / "adapter"):
        if (folder / ABOUT).is_file() or (folder / PEFT_CONFIG).is_file():
            return folder
    finals = sorted((root / "train" / "final").glob("*/adapter"), key=lambda p: p.stat().st_mtime)
    if finals:
        return finals[-1]
    raise ConfigError(f"{root} holds no adapter; name a run that `curate train` has finished, or an adapter's folder")


def load_adapter(path: str | Path, *, base: str | None = None, device: str = "auto") -> LoadedAdapter:
    """Load an adapter on its base, or a merged model; `base` says where the base lies now.

    Raises `ConfigError` where the base is another one, `DataError` where a file is damaged.
    """
    folder = adapter_folder(path)
    about = read_json(folder / ABOUT)
    if about is None:
        raise DataError(
            f"{folder / ABOUT} is missing or damaged: the adapter was not made by this toolkit, or not whole; "
            "train it again, or load it with peft"
        )
    merged = not (folder / PEFT_CONFIG).is_file()
    where = str(folder) if merged else base or str(about["base"])
    settings = {**about["config"], "base": where, "device": device, "dtype": "auto"}
    config = TrainConfig(**settings)
    bench = open_workbench(config)
    if not merged and bench.fingerprint != about["base_hash"]:
        raise ConfigError(
            f"the adapter in {folder} was trained on another base model than {config.base} holds now "
            f"(named {about['base']} then); say where that one lies with --base"
        )
    labels = None if about["labels"] is None else tuple(about["labels"])
    extraction = about["task"] == EXTRACTION
    if extraction and labels:
        bench.encoder.tag_names = list(labels)
    model = _model(folder, bench, config, labels, extraction=extraction, merged=merged)
    objective = objective_of(model, config, labels, extraction=extraction)
    return LoadedAdapter(objective, bench, config, str(about["task"]), labels, folder, merged)


def _model(
    folder: Path,
    bench: Workbench,
    config: TrainConfig,
    labels: Sequence[str] | None,
    *,
    extraction: bool,
    merged: bool,
) -> Any:
    from train.base import load_model

    if not merged:
        _check_files(folder)
    model = load_model(bench.source, bench.tokenizer, config, labels, extraction=extraction)
    if merged:
        return model.eval()
    peft = extra("peft")
    try:
        return peft.PeftModel.from_pretrained(model, str(folder)).eval()
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"the adapter in {folder} does not fit its base model ({type(error).__name__}): a file was changed or is of "
            "another training; train it again"
        ) from error


def _check_files(folder: Path) -> None:
    """Raise `DataError` where the adapter's files are not whole."""
    from safetensors import SafetensorError, safe_open

    try:
        json.loads((folder / PEFT_CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / PEFT_CONFIG} is damaged; train the adapter again") from error
    if not (folder / WEIGHTS).is_file():
        raise DataError(f"{folder} has no {WEIGHTS}; other formats can run code when opened and are not read")
    try:
        with safe_open(folder / WEIGHTS, framework="np") as file:
            if not list(file.keys()):
                raise DataError(f"{folder / WEIGHTS} is empty; train the adapter again")
    except SafetensorError as error:
        raise DataError(f"{folder / WEIGHTS} is damaged or cut off; train the adapter again") from error
