"""The story of one row, from the files of a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate import workflow
from curate.dataset.row_lookup import row_named
from curate.errors import ConfigError, RunError, nearest
from curate.ledger.decisions import read_journal
from curate.ledger.plan import Plan
from curate.ledger.private import READ, PrivateValues
from curate.outputs import looked_for, looked_for_in_rows
from curate.pipeline import Detected
from curate.privacy.config import ScanConfig
from curate.privacy.preview import masked_preview
from curate.review.words import beside
from curate.rundir import RunDir
from curate.safetext import safe_text, showing
from curate.stages.private import private_values
from curate.stages.registry import concern_of

WIDTH = 160
GIVEN = 600
"""Code points shown of what a row is given beside its prompt or text: all of its choices, mostly."""
WORDS = 1000
"""Code points shown of a pointer, a replacement, a sentence or a word of evidence."""


def explain(run: str | Path, which: str) -> dict[str, Any]:
    """Everything the run knows about a row: its outcome, each finding with status, evidence, decisions and witness.

    `which` names the row as `curate.dataset.row_lookup.row_named` reads it. Texts, pointers, replacements, evidence and
    decisions are masked previews, but for what the privacy stage puts in the place of a value. Raises ConfigError for no
    such row.
    """
    directory = RunDir.open(run)
    detected = workflow.reopen(directory, as_found=True)
    journal = read_journal(directory.decisions_path)
    plan = detected.resolve(journal)
    row = row_named(detected.dataset, which)
    findings = detected.findings
    where = np.flatnonzero(findings["row"].fill_null(-1).to_numpy() == row)
    shown = _masker(looked_for(detected.recipe))
    private = private_values(detected.dataset, findings)
    preview = _previews(detected, private)
    about = _abouts(detected, private, preview)
    stories = []
    for found, planned in zip(findings.take(where).to_pylist(), plan.table.take(where).to_pylist()):
        witness = planned["witness_row"]
        finding_id = found["finding_id"].hex()
        stories.append(
            {
                "finding_id": finding_id,
                **{k: shown(found[k]) for k in ("stage", "rule", "action", "score", "field", "reason")},
                **{k: shown(planned[k]) for k in ("start", "end", "replacement", "status", "why", "witness_row")},
                **_own_replacement(found, planned),
                "was": shown(_label(detected, found["field"], row)) if found["action"] == "relabel" else None,
                "about": about(found["stage"], found["field"], row),
                "witness_line": None if witness is None else detected.dataset.place(witness)[1],
                "witness_file": None if witness is None else safe_text(detected.dataset.place(witness)[0]),
                "witness_preview": None if witness is None else preview(witness),
                "evidence": shown(orjson.loads(found["evidence"])) if found["evidence"] else None,
                "decisions": [
                    {"verdict": d.verdict, "at": d.at, **{k: shown(getattr(d, k)) for k in ("actor", "why", "value")}}
                    for d in journal.live()
                    if finding_id in d.finding_ids
                ],
            }
        )
    stories.sort(key=lambda s: s["status"] != "applied")
    return {
        "row": row,
        "line": detected.dataset.place(row)[1],
        "counted": detected.dataset.source.counted,
        "file": safe_text(detected.dataset.place(row)[0]),
        "row_id": detected.dataset.row_ids[row].as_py().hex(),
        "outcome": _outcome(bool(plan.dropped[row]), stories),
        "preview": preview(row),
        "given": _given(detected, private, row),
        "stands_for": _stands_for(plan, row),
        "findings": stories,
    }


def _stands_for(plan: Plan, row: int) -> list[int]:
    """Rows that were removed because this one stays, ascending."""
    gone = plan.applied("drop")
    return sorted(set(gone.filter(pc.equal(gone["witness_row"], row))["row"].to_pylist()))


def _label(detected: Detected, field: str, row: int) -> str | None:
    data = detected.dataset
    column = next((name for name in (*data.roles.label, *data.columns) if data.pointer_of(name) == field), None)
    return None if column is None else str(data.texts(column)[row].as_py() or "")


def _own_replacement(found: dict[str, Any], planned: dict[str, Any]) -> dict[str, str]:
    """A surrogate is shown as it is written: it is nobody's. What a person put there instead stays masked."""
    own = concern_of(found["stage"]) == "privacy" and found["replacement"] == planned["replacement"]
    if not own or found["replacement"] is None:
        return {}
    return {"replacement": safe_text(found["replacement"])[:WIDTH]}


def removed(run: str | Path, stage: str | None = None) -> list[dict[str, Any]]:
    """Every row that left, in file order: row, stage, rule, reason, witness and a masked preview.

    `stage` keeps those that one stage removed. Raises ConfigError for a stage that the run does not have.
    """
    directory = RunDir.open(run)
    path = directory.path / "removed.parquet"
    if not path.is_file():
        raise RunError(f"{directory.path} holds no removed.parquet: the run did not finish; `curate run` goes on with it")
    known = list(directory.manifest().get("stages", {}))
    if stage is not None and stage not in known:
        raise ConfigError(f"the run has no stage {stage!r}; {nearest(stage, known)}")
    columns = ["row", "stage", "rule", "reason", "witness_row", "preview"]
    rows = pq.read_table(path, columns=columns).to_pylist()
    return [row for row in rows if stage in (None, row["stage"])]


def _previews(detected: Detected, private: PrivateValues) -> Callable[[int], str]:
    """A row's content, personal data masked, in one line."""
    content, masks = detected.dataset.content(), looked_for_in_rows(detected.recipe)
    return lambda row: masked_preview(private.hidden(row, (content[row].as_py() or "")[:READ]), WIDTH, masks)


def _abouts(detected: Detected, private: PrivateValues, preview: Callable[[int], str]) -> Callable[..., str | None]:
    """The text that a finding on quality is about, masked, both of its ends; None where the row's preview holds it."""
    masks = looked_for_in_rows(detected.recipe)

    def about(stage: str, field: str | None, row: int) -> str | None:
        raw = private.raw(row, field) if field is not None and concern_of(stage) == "quality" else None
        part = masked_preview(private.hidden(row, (raw or "")[:READ]), READ, masks)
        return None if not part or part in preview(row) else showing(part, part[-WIDTH // 2 :], WIDTH)

    return about


def _given(detected: Detected, private: PrivateValues, row: int) -> dict[str, str]:
    """What a row is given beside its prompt or text, by column, masked."""
    masks = looked_for_in_rows(detected.recipe)
    told = {name: private.hidden(row, text[:READ]) for name, text in beside(detected.dataset, row).items()}
    return {masked_preview(name, WIDTH, masks): masked_preview(text, GIVEN, masks) for name, text in told.items()}


def _masker(looked_for: ScanConfig) -> Callable[[Any], Any]:
    """A function that masks every string, keys included, of a JSON value."""
    one = cache(lambda text: masked_preview(text, WORDS, looked_for))

    def shown(value: Any) -> Any:
        if isinstance(value, str):
            return one(value)
        if isinstance(value, dict):
            return {one(str(key)): shown(item) for key, item in value.items()}
        return [shown(item) for item in value] if isinstance(value, list | tuple) else value

    return shown


def _outcome(dropped: bool, stories: list[dict[str, Any]]) -> str:
    if dropped:
        by = next((s["stage"] for s in stories if s["action"] == "drop" and s["status"] == "applied"), "the plan")
        return f"removed by {by}"
    done = {s["action"] for s in stories if s["status"] == "applied"}
    words = {"replace": "edited", "relabel": "relabelled", "reweight": "reweighted", "add": "added to"}
    changed = [word for action, word in words.items() if action in done]
    return f"kept, {' and '.join(changed)}" if changed else "kept as it was"
