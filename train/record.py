"""The record of a run: what decides it, and whether a folder holds it finished.

A run's folder holds `eval.parquet` (the score of every evaluation row) and, written last, `done.json`: identity, metrics,
times. The identity names configuration, seed, base, data, labels, evaluation and versions; two runs of one `run_id` are the
same run, so one that is found finished is read and not made again. Cost: hashing the rows.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from curate.dataset.atomic import make_private_dir
from train.encoding import VERSION
from train.evaluate import ItemScores, read_scores, shown_classes, summarise
from train.examples import OF_TEXTS, Examples
from train.extra import versions
from train.files import CHECKPOINTS, read_json

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.config import TrainConfig


@dataclass(frozen=True)
class TrainedRun:
    """A finished run."""

    directory: Path
    """Where everything about the run lies."""
    done: Mapping[str, Any]
    """The content of `done.json`."""
    scores: ItemScores | None
    """Scores of the evaluation rows, where there was an evaluation."""
    resumed: bool
    """Whether the run was found finished."""


def run_identity(
    config: TrainConfig,
    bench: Workbench,
    examples: Examples | None,
    labels: Sequence[str] | None,
    evaluation: Examples | None,
    validation: Examples | None,
    canonical: Mapping[str, str] | None,
    *,
    method: str = "",
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that decides a run, and `run_id`, the hash of it. Only the hash sees labels that hold personal data.

    `method` names what is done where nothing is trained; empty for the configuration's own. `more` goes into both.
    """
    identity: dict[str, Any] = {
        "method": method or config.method,
        "config": config.told(),
        "config_hash": config.fingerprint(),
        "seed": config.seed,
        "base": bench.source.name,
        "base_hash": bench.fingerprint,
        "data_hash": examples.fingerprint() if examples is not None else None,
        "evaluation_hash": evaluation.fingerprint() if evaluation is not None else None,
        "validation_hash": validation.fingerprint() if validation is not None else None,
        "labels": list(labels) if labels is not None else None,
        "versions": versions(),
        **(more or {}),
    }
    if evaluation is not None and any(evaluation.rejected):
        identity["pairs_ranked"] = True  # a run of before has no ranks among its scores
    rows = examples if examples is not None else evaluation
    if rows is not None and rows.task not in OF_TEXTS:  # of a base on the hub, nothing else tells that it changed
        identity["template_hash"] = xxhash.xxh3_128_hexdigest(json.dumps(bench.encoder.chat.learned_with()).encode())
    if rows is not None and (rows.task not in OF_TEXTS or bench.encoder.decoder_start is not None):
        if rows.task not in OF_TEXTS and bench.encoder.decoder_start is not None:
            identity["order_version"] = "2"  # rows are grouped by what is read and what is written
        identity["encoding_version"] = VERSION  # texts are encoded for other models as ever: what learned them stays found
    hashed = {**identity, "canonical": sorted((canonical or {}).items())}
    hashed.pop("config")  # the hash of it leaves out what changes no result
    hashed.pop("base")
    digest = xxhash.xxh3_128_hexdigest(json.dumps(hashed, sort_keys=True).encode("utf-8", "surrogatepass"))
    if labels is not None:
        shown = shown_classes(labels, evaluation, canonical)
        identity["labels"] = [shown[label] for label in labels]
    return {"run_id": digest, **identity}


def finished_run(directory: Path, identity: Mapping[str, Any], evaluation: Examples | None) -> TrainedRun | None:
    """The run in `directory` if it is complete and has this identity."""
    done = read_json(directory / "done.json")
    if done is None or done.get("run_id") != identity["run_id"]:
        return None
    scores = None
    if evaluation is not None:
        try:
            scores = read_scores(directory / "eval.parquet")
        except (OSError, KeyError, ValueError):  # pyarrow's errors are ValueErrors
            return None
    return TrainedRun(directory, done, scores, resumed=True)


def clean_run(directory: Path, *, keep_progress: bool = False) -> None:
    """Remove what an unfinished or outdated run left, `done.json` first; `keep_progress` leaves what can go on."""
    make_private_dir(directory)
    progress = () if keep_progress else ("metrics.jsonl", "base.json")
    for name in ("done.json", "eval.parquet", *progress):
        (directory / name).unlink(missing_ok=True)
    folders = () if keep_progress else ("tensorboard", CHECKPOINTS)
    for name in ("adapter", *folders):
        shutil.rmtree(directory / name, ignore_errors=True)


def save_scores(
    scores: ItemScores,
    evaluation: Examples,
    directory: Path,
    canonical: Mapping[str, str] | None,
    labels: Sequence[str] | None,
) -> dict[str, Any]:
    """Write `eval.parquet`; the metrics as `done.json` holds them."""
    directory.mkdir(parents=True, exist_ok=True)
    shown = shown_classes(labels, evaluation, canonical)
    scores.write(directory / "eval.parquet", shown)
    at = {int(row): i for i, row in enumerate(evaluation.ids)}
    return summarise(scores, evaluation.take([at[int(row)] for row in scores.rows]), canonical or {}, shown)
