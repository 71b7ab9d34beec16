"""From a run to a folder that can be published or handed to another trainer: rows, card, metadata, configurations."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from curate import workflow
from curate.dataset import make_private_dir
from curate.errors import ConfigError, DataError
from curate.house import require
from curate.ledger.apply import apply
from curate.ledger.decisions import read_journal
from curate.review.session import Session
from curate.rundir import RunDir
from curate.words import plural


@dataclass(frozen=True)
class Written:
    """What an export left in its folder."""

    files: Mapping[str, str]
    """Path below the folder to what it holds, in a few words."""
    notes: Sequence[str]


def export(run: RunDir, out: Path, *, trainers: Sequence[str], base: str | None, name: str) -> Written:
    """Write the curated data of `run` under `out`; the folder appears whole or not at all.

    Raises ConfigError where `out` holds something already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} holds something already; name a new folder, or empty this one")
    exporting = require("train.export")
    session = Session.open(run.path)
    if not session.is_written:
        raise ConfigError(f"decisions were taken since the data was written; `curate apply {run.path}` first, then export")
    detected = session.detected
    curated = apply(detected.dataset, detected.resolve(read_journal(run.decisions_path)))
    exported = exporting.exported_rows(curated.with_added(), curated.training_weights())
    config = detected.recipe.train_config()
    config = config.replace(base=base) if base else config
    report = workflow.build_report(run)
    make_private_dir(out.parent)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror}); name another place") from None
    try:
        files = _write_rows(folder, exported, exporting.split_file)
        described = require("audit.report.croissant")
        splits = [described.SplitFile(*each) for each in files]
        texts = {
            "README.md": require("audit.report.card").card(report, name, splits),
            "croissant.json": described.croissant(name, report.headline.rows, splits, _kinds(exported, described.texts_in)),
            **exporting.configurations(exported, config, tuple(trainers)),
        }
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        folder.chmod(0o700)
        if out.exists():
            out.rmdir()
        folder.replace(out)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(f"{out}: cannot be written ({error.strerror}); nothing was left half-written") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    said = {path: plural(rows, "row") for _, path, _, _, rows in files}
    said |= {path: _WHAT.get(path, "configuration") for path in texts}
    return Written(said, tuple(_notes(exported, texts, config.base, trainers)))


_WHAT = {"README.md": "dataset card", "croissant.json": "Croissant metadata"}


def _write_rows(folder: Path, exported: Any, split_file: Any) -> list[tuple[str, str, int, str, int]]:
    """Split, path, bytes, SHA-256 and rows of each file written."""
    out = []
    for split, rows in exported.splits.items():
        path = folder / split_file(split)
        path.parent.mkdir(exist_ok=True)
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for row in rows:
                line = orjson.dumps(row) + b"\n"
                digest.update(line)
                file.write(line)
        out.append((split, split_file(split), path.stat().st_size, digest.hexdigest(), len(rows)))
    return out


def _kinds(exported: Any, texts_in: Any) -> dict[str, Any]:
    """Croissant's type of each column; of one that holds lists of objects, what is text in them."""
    kinds: dict[str, Any] = {"weight": "sc:Float"}
    if exported.task == "unpaired_preference":
        kinds["label"] = "sc:Boolean"
    rows = [row for some in exported.splits.values() for row in some]
    for column in exported.columns:
        lists = [row[column] for row in rows if isinstance(row.get(column), list)]
        if lists:
            kinds[column] = texts_in(lists)
    return {column: kinds.get(column, "sc:Text") for column in exported.columns}


def _notes(exported: Any, texts: Mapping[str, str], base: str, trainers: Sequence[str]) -> Iterable[str]:
    if exported.left_out:
        yield f"{exported.left_out:,} rows lack a text, a label or an answer and are left out"
    without = [name for name in trainers if not any(path.startswith(name) for path in texts)]
    if without:
        yield f"no configuration for {', '.join(without)}: rows of this shape are not what it reads"
    if len(without) < len(trainers) and base == "bundled":
        yield "name a base model in the configurations, or with --base: the bundled one is ours alone"
