"""Normalise: repairs of how texts are written, and flags for slips and for columns that mix formats.

Engine: `curate.quality.repairs` (`replace` findings with the least span that changes), `typos` and `formats` (flags with a
proposal in `replacement`; nothing is changed by them), and rows older than a date that the recipe names. Texts of every
role are looked at, nested turns included; labels, metadata, tool calls and names of speakers are not repaired.
It runs where a recipe has a section for it, or a list of stages names it: what counts as wrong white space is for the owner
of the data to say. Repairs that cannot harm score 0.9 and more, so they apply by themselves once the stage is asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.pointer import escape
from curate.dataset.types import Strings
from curate.errors import ConfigError, nearest
from curate.ledger.findings import concat_findings, make_findings
from curate.quality.formats import profile
from curate.quality.repairs import REASONS, SCORES, repairs
from curate.quality.typos import slips
from curate.stages.base import Context, Detection, Stage

NAME = "normalise"
ROLES = ("text", "prompt", "completion", "messages", "chosen", "rejected")
SAID = ("content", "value", "text")
ALL_REASONS = {
    **REASONS,
    "likely_typo": "the word is rare and one slip away from one that the data holds often",
    "mixed_dates": "the date is written in another format than most of its column",
    "mixed_numbers": "the number is written in another format than most of its column",
    "stale": "the row is older than the date that the recipe names",
}


@dataclass(frozen=True)
class NormaliseConfig:
    """Which repairs are proposed."""

    off: tuple[str, ...] = ()
    """Rules that are not applied, by name: off = ["white_space", "likely_typo"]."""
    typo_least: int = 20
    """Times that the data must hold the word that was probably meant."""
    typo_ratio: int = 50
    """Times more often that it must hold it than the slip."""
    stale_before: str | None = None
    """Rows whose time is before this date (as the column writes it, year first) are flagged; none when left out."""

    def __post_init__(self) -> None:
        if self.typo_least < 2 or self.typo_ratio < 2:
            raise ValueError("typo_least and typo_ratio must be at least 2")


def detect(dataset: Dataset, config: NormaliseConfig, context: Context) -> Detection:
    """A `replace` finding for each repair; a flag for each slip, odd format and stale row."""
    for name in config.off:
        if name not in ALL_REASONS:
            raise ConfigError(f"[stages.{NAME}] off: there is no rule {name!r}; {nearest(name, tuple(ALL_REASONS))}")
    tables: list[pa.Table] = []
    said = _said(dataset)
    for done, batch in enumerate(said):
        context.check_cancelled()
        context.progress(done, len(said) + 2)
        tables.append(_repairs(dataset, batch, frozenset(config.off)))
    context.check_cancelled()
    if "likely_typo" not in config.off:
        tables.append(_typos(dataset, said, config))
    context.progress(len(said) + 1, len(said) + 2)
    profiles, odd = _formats(dataset, config)
    tables += odd
    if config.stale_before is not None and "stale" not in config.off:
        tables.append(_stale(dataset, config.stale_before))
    context.progress(len(said) + 2, len(said) + 2)
    findings = concat_findings([t for t in tables if len(t)])
    counted = Counter(findings["rule"].to_pylist())
    return Detection(
        findings=findings,
        summary={
            "rows_marked": len(pc.unique(findings["row"])),
            "by_rule": {rule: counted[rule] for rule in ALL_REASONS if counted[rule]},
            "columns_of_mixed_formats": profiles,
        },
    )


def _said(dataset: Dataset) -> list[Strings]:
    """The strings of the roles that hold text: whole plain ones, and what is said in nested turns."""
    names = {name for role in ROLES for name in getattr(dataset.roles, role)}
    nested = {escape(name) for name in names if dataset.is_json(name)}
    out = []
    for batch in dataset.strings():
        if batch.column not in {escape(name) for name in names}:
            continue
        if batch.column in nested:
            which = [i for i, f in enumerate(batch.fields) if f.rpartition("/")[2] in SAID and "tool_calls" not in f]
            texts = batch.texts.take(pa.array(which, pa.int64()))
            batch = Strings(batch.rows[which], [batch.fields[i] for i in which], texts, batch.column)
        elif _json_text(batch.texts):
            continue
        if len(batch.rows):
            out.append(batch)
    return out


def _json_text(texts: pa.LargeStringArray) -> bool:
    """Whether a plain column holds JSON as text: its white space is not ours to judge."""
    head = [text for text in texts.slice(0, 20).to_pylist() if text]
    return bool(head) and all(text.lstrip().startswith(("[{", "{\"")) for text in head)


def _repairs(dataset: Dataset, batch: Strings, off: frozenset[str]) -> pa.Table:
    found = repairs(batch.texts, off)
    return make_findings(
        NAME, dataset.row_ids, row=np.asarray(batch.rows)[found.text], rule=found.rule, action="replace",
        score=[SCORES[rule] for rule in found.rule], reason=[REASONS[rule] for rule in found.rule],
        field=[batch.fields[i] for i in found.text.tolist()], start=found.start, end=found.end,
        replacement=found.replacement,
    )  # fmt: skip


def _typos(dataset: Dataset, said: list[Strings], config: NormaliseConfig) -> pa.Table:
    texts = [text for batch in said for text in batch.texts.to_pylist()]
    rows = np.concatenate([np.zeros(0, np.int64), *(batch.rows for batch in said)])
    fields = [field for batch in said for field in batch.fields]
    found = list(slips(texts, config.typo_least, config.typo_ratio))
    return make_findings(
        NAME, dataset.row_ids, row=rows[[f[0] for f in found]] if found else np.zeros(0, np.int64), rule="likely_typo",
        action="flag", score=0.4, reason=ALL_REASONS["likely_typo"], field=[fields[f[0]] for f in found],
        start=[f[1] for f in found], end=[f[2] for f in found], replacement=[f[3] for f in found],
    )  # fmt: skip


def _formats(dataset: Dataset, config: NormaliseConfig) -> tuple[list[dict[str, Any]], list[pa.Table]]:
    """Flags on the values of a column that are written unlike most of it, and the formats of such columns."""
    textual = {name for role in ROLES for name in getattr(dataset.roles, role)}
    profiles: list[dict[str, Any]] = []
    tables: list[pa.Table] = []
    for name in dataset.columns:
        values = dataset.values(name)
        if name in textual or dataset.is_json(name) or not pa.types.is_large_string(values.type):
            continue
        found = profile(values.to_pylist())
        rule = "" if found is None else f"mixed_{found.kind}s"
        if found is None or rule in config.off:
            continue
        profiles.append({"column": name, "usual": found.usual, "formats": found.counts})
        rows = [i for i, f in enumerate(found.format) if f is not None and f != found.usual]
        evidence = [orjson.dumps({"format": found.format[i], "usual": found.usual}).decode() for i in rows]
        odd = make_findings(
            NAME, dataset.row_ids, row=np.array(rows, np.int64), rule=rule, action="flag", score=0.5, evidence=evidence,
            reason=ALL_REASONS[rule], field=escape(name), replacement=[found.proposal[i] for i in rows],
        )  # fmt: skip
        tables.append(odd)
    return profiles, tables


def _stale(dataset: Dataset, before: str) -> pa.Table:
    if not dataset.roles.time:
        raise ConfigError(f"[stages.{NAME}] stale_before needs a column with the time role; name it under [data.roles]")
    name = dataset.roles.time[0]
    times = dataset.values(name).cast(pa.large_string())
    old = pc.less(times, pa.scalar(before, pa.large_string())).fill_null(False).to_numpy(zero_copy_only=False)
    return make_findings(
        NAME, dataset.row_ids, row=np.flatnonzero(old), rule="stale", action="flag", score=0.5, reason=ALL_REASONS["stale"],
        field=escape(name),
    )  # fmt: skip


STAGE = Stage(
    name=NAME,
    title="Normalisation",
    version=1,
    config=NormaliseConfig,
    detect=detect,
    on_finding="review",
    optional=True,
)
