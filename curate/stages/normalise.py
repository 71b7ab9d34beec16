"""Normalise: repairs of how texts are written, and flags for slips and for columns that mix formats.

Engine: `curate.quality.repairs` (`replace` findings with the least span that changes), `typos` (flags without a
proposal), `formats` (flags for values of a column in another format than most of it; on request a `replace` finding where
only one reading is possible), and rows older than a date that the recipe names. Texts of every role are looked at, nested
turns included; labels, metadata, tool calls and names of speakers are not repaired.
The `replacement` of a repair is text of the row, as a person's override is: it must be, to be applied. Repairs that would
write letters or digits of personal data, as the privacy scanner and its model of names see it in the repaired text, are not
proposed; what neither sees stands in the findings. No other finding here holds text of a row.
It runs where a recipe has a section for it, or a list of stages names it: what counts as wrong white space is for the owner
of the data to say. Repairs that cannot harm score 0.9 and more, so they apply by themselves once the stage is asked for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.types import Strings
from curate.errors import ConfigError, nearest
from curate.ledger.findings import concat_findings, make_findings
from curate.privacy import scan
from curate.privacy.names import find_names
from curate.quality.formats import profile
from curate.quality.repairs import REASONS, SCORES, Repairs, repairs
from curate.quality.typos import slips
from curate.stages.base import Context, Detection, Stage
from curate.stages.said import said_in

NAME = "normalise"
ROLES = ("text", "prompt", "completion", "messages", "chosen", "rejected")
PERSONAL_NAMES = ("PERSON", "STREET_ADDRESS")
REACH = 100
"""Code points on either side in which the word around a repair is looked for."""
YEAR_FIRST = 0.9
"""Share of the filled times that must be written year first to be compared."""
Slip = tuple[int, int, int, str, int, int]
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
    rewrite_formats: bool = False
    """Whether dates and numbers are proposed in the usual format of their column; findings then hold such values."""
    stale_before: str | None = None
    """Rows whose time is before this date (2020-01-31, or with a time after it) are flagged; none when left out."""

    def __post_init__(self) -> None:
        if self.typo_least < 2 or self.typo_ratio < 2:
            raise ValueError("typo_least and typo_ratio must be at least 2")
        if self.stale_before is not None:
            try:
                datetime.fromisoformat(self.stale_before)
            except ValueError:
                raise ValueError("stale_before must be a date such as 2020-01-31") from None


def detect(dataset: Dataset, config: NormaliseConfig, context: Context) -> Detection:
    """A `replace` finding for each repair; a flag for each slip, odd format and stale row."""
    for name in config.off:
        if name not in ALL_REASONS:
            raise ConfigError(f"[stages.{NAME}] off: there is no rule {name!r}; {nearest(name, tuple(ALL_REASONS))}")
    tables: list[pa.Table] = []
    said = _said(dataset)
    untouched = 0
    for done, batch in enumerate(said):
        context.check_cancelled()
        context.progress(done, len(said) + 2)
        proposed, left = _repairs(dataset, batch, frozenset(config.off))
        tables.append(proposed)
        untouched += left
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
            "repairs_left_in_personal_data": untouched,
        },
    )


def _said(dataset: Dataset) -> list[Strings]:
    """The strings of the roles that hold text: whole plain ones, and what is said in nested turns."""
    names = [name for role in ROLES for name in getattr(dataset.roles, role)]
    plain = {dataset.pointer_of(name) for name in names if not dataset.is_json(name)}
    return [batch for batch in said_in(dataset, names) if batch.column not in plain or not _json_text(batch.texts)]


def _json_text(texts: pa.LargeStringArray) -> bool:
    """Whether a plain column holds JSON as text: its white space is not ours to judge."""
    head = [text for text in texts.slice(0, 20).to_pylist() if text]
    return bool(head) and all(text.lstrip().startswith(("[{", "{\"")) for text in head)


def _repairs(dataset: Dataset, batch: Strings, off: frozenset[str]) -> tuple[pa.Table, int]:
    found = repairs(batch.texts, off)
    keep = ~_personal(batch, found)
    left = int(len(found) - keep.sum())
    found = found.take(np.flatnonzero(keep))
    table = make_findings(
        NAME, dataset.row_ids, row=np.asarray(batch.rows)[found.text], rule=found.rule, action="replace",
        score=[SCORES[rule] for rule in found.rule], reason=[REASONS[rule] for rule in found.rule],
        field=[batch.fields[i] for i in found.text.tolist()], start=found.start, end=found.end,
        replacement=found.replacement,
    )  # fmt: skip
    return table, left


def _personal(batch: Strings, found: Repairs) -> Any:
    """Mask over repairs: those that would write letters or digits of a word in which the privacy scanner finds something.
    Only texts with such repairs are scanned, as they read when all repairs are made."""
    told = [any(c.isalnum() for c in new) for new in found.replacement]
    texts = np.unique(found.text[told]) if any(told) else np.zeros(0, np.int64)
    out = np.zeros(len(found), np.bool_)
    if not len(texts):
        return out
    of: dict[int, list[int]] = {}
    for k in np.lexsort((found.start, found.text)).tolist():
        of.setdefault(int(found.text[k]), []).append(k)
    made: list[str] = []
    words: list[tuple[int, int, int, int]] = []  # (repair, text among those made, start, end) of the words they make
    for n, i in enumerate(texts.tolist()):
        raw, parts, at, places = batch.texts[i].as_py(), [], 0, []
        size = 0
        for k in of[i]:
            kept, new = raw[at : found.start[k]], found.replacement[k]
            parts += [kept, new]
            size += len(kept) + len(new)
            places.append((k, size - len(new), size))
            at = int(found.end[k])
        made.append("".join(parts) + raw[at:])
        words += [(k, n, *_word(made[-1], start, end)) for k, start, end in places if told[k]]
    column = pa.array(made, pa.large_string())
    hit = _touched(column, [place for _, *place in words], batch.column)
    out[[word[0] for word in words]] = hit
    return out


def _touched(texts: pa.Array, places: Sequence[Sequence[int]], under: str = "") -> Any:
    """Mask over places (text, start, end): those that overlap what the privacy scanner or its model of names finds."""
    out = np.zeros(len(places), np.bool_)
    for spans in (scan(texts, names=under), find_names(texts, PERSONAL_NAMES, under)):
        first = np.searchsorted(spans.row, np.arange(len(texts) + 1))
        for k, (n, start, end) in enumerate(places):
            at = bisect_right(spans.end, start, first[n], first[n + 1])  # spans of a text are sorted and apart
            out[k] |= bool(at < first[n + 1] and spans.start[at] < end)
    return out


def _word(text: str, start: int, end: int) -> tuple[int, int]:
    """The place widened to the blanks on either side, within reason."""
    head, tail = text[max(0, start - REACH) : start], text[end : end + REACH]
    before = 0 if not head or head[-1].isspace() else len(head.split()[-1])
    after = 0 if not tail or tail[0].isspace() else len(tail.split()[0])
    return start - before, end + after


def _typos(dataset: Dataset, said: list[Strings], config: NormaliseConfig) -> pa.Table:
    texts = [text for batch in said for text in batch.texts.to_pylist()]
    rows = np.concatenate([np.zeros(0, np.int64), *(batch.rows for batch in said)])
    fields = [field for batch in said for field in batch.fields]
    found = _not_personal(texts, list(slips(texts, config.typo_least, config.typo_ratio)))
    evidence = [orjson.dumps({"times": f[4], "times_likelier": f[5]}).decode() for f in found]
    return make_findings(
        NAME, dataset.row_ids, row=rows[[f[0] for f in found]] if found else np.zeros(0, np.int64), rule="likely_typo",
        action="flag", score=0.4, reason=ALL_REASONS["likely_typo"], field=[fields[f[0]] for f in found],
        start=[f[1] for f in found], end=[f[2] for f in found], evidence=evidence,
    )  # fmt: skip


def _not_personal(texts: list[str | None], found: list[Slip]) -> list[Slip]:
    """The slips that touch no name and no other personal data."""
    which = sorted({f[0] for f in found})
    place = {i: n for n, i in enumerate(which)}
    column = pa.array([texts[i] for i in which], pa.large_string())
    hit = _touched(column, [(place[f[0]], f[1], f[2]) for f in found]) if which else ()
    return [f for f, personal in zip(found, hit, strict=True) if not personal]


def _formats(dataset: Dataset, config: NormaliseConfig) -> tuple[list[dict[str, Any]], list[pa.Table]]:
    """Flags on the values of a column that are written unlike most of it, and the formats of such columns."""
    textual = {name for role in ROLES for name in getattr(dataset.roles, role)}
    profiles: list[dict[str, Any]] = []
    tables: list[pa.Table] = []
    for name in dict.fromkeys((*dataset.columns, *dataset.roles.columns())):
        values = dataset.values(name)
        if name in textual or dataset.is_json(name) or not pa.types.is_large_string(values.type):
            continue
        found = profile(values.to_pylist())
        rule = "" if found is None else f"mixed_{found.kind}s"
        if found is None or rule in config.off:
            continue
        told = {"column": name, "usual": found.usual, "formats": found.counts, "rewritten": len(found.rewritten)}
        profiles.append(told)
        rows = [i for i, f in enumerate(found.format) if f is not None and f != found.usual]
        evidence = [orjson.dumps({"format": found.format[i], "usual": found.usual}).decode() for i in rows]
        made = _rewritten(values, found.rewritten, name) if config.rewrite_formats else {}
        odd = make_findings(
            NAME, dataset.row_ids, row=np.array(rows, np.int64), rule=rule, score=0.5, evidence=evidence,
            action=["replace" if i in made else "flag" for i in rows], reason=ALL_REASONS[rule],
            field=dataset.pointer_of(name),
            start=[0 if i in made else None for i in rows], end=[made[i][0] if i in made else None for i in rows],
            replacement=[made[i][1] if i in made else None for i in rows],
        )  # fmt: skip
        tables.append(odd)
    return profiles, tables


def _rewritten(values: pa.Array, proposed: dict[int, str], column: str) -> dict[int, tuple[int, str]]:
    """(length of the value, the value in the usual format) by row, where no personal data would be written."""
    rows = sorted(proposed)
    new = pa.array([proposed[i] for i in rows], pa.large_string())
    hit = _touched(new, [(k, 0, len(proposed[i])) for k, i in enumerate(rows)], column) if rows else ()
    size = pc.utf8_length(values.take(pa.array(rows, pa.int64()))).to_pylist()
    return {i: (n, proposed[i]) for i, n, personal in zip(rows, size, hit, strict=True) if not personal}


def _stale(dataset: Dataset, before: str) -> pa.Table:
    if not dataset.roles.time:
        raise ConfigError(f"[stages.{NAME}] stale_before needs a column with the time role; name it under [data.roles]")
    name = dataset.roles.time[0]
    times = dataset.values(name)
    numeric = pa.types.is_integer(times.type) or pa.types.is_floating(times.type)
    old = (_old_numbers if numeric else _old_texts)(times, before, name).fill_null(False).to_numpy(zero_copy_only=False)
    return make_findings(
        NAME, dataset.row_ids, row=np.flatnonzero(old), rule="stale", action="flag", score=0.5, reason=ALL_REASONS["stale"],
        field=dataset.pointer_of(name),
    )  # fmt: skip


def _old_texts(times: pa.Array, before: str, name: str) -> pa.Array:
    """Which times, written year first, come before; timestamps and dates print so. A few written otherwise are not judged:
    `mixed_dates` is there for them."""
    if not (pa.types.is_temporal(times.type) or pa.types.is_large_string(times.type)):
        raise ConfigError(f"[stages.{NAME}] stale_before: the time column {name!r} holds {times.type}, which is no time")
    written = times.cast(pa.large_string())
    filled = pc.not_equal(pc.utf8_trim_whitespace(written), "").fill_null(False)
    dated = pc.match_substring_regex(written, r"^\d{4}-").fill_null(False)
    if (pc.sum(dated).as_py() or 0) < YEAR_FIRST * (pc.sum(filled).as_py() or 0):
        raise ConfigError(
            f"[stages.{NAME}] stale_before: the time column {name!r} holds texts that do not begin with a year of four "
            "digits and a dash (2020-01-31), so they cannot be compared; rewrite them, or leave stale_before out"
        )
    ordered = pc.replace_substring_regex(written, r"^(\d{4}-\d\d-\d\d) ", r"\1T")
    limit = re.sub(r"^(\d{4}-\d\d-\d\d) ", r"\1T", before)
    return pc.and_(dated, pc.less(ordered, pa.scalar(limit, pa.large_string())))


def _old_numbers(times: pa.Array, before: str, name: str) -> pa.Array:
    """Which numbers come before: years, or seconds, thousandths, millionths or billionths of them since 1970 in UTC."""
    when = datetime.fromisoformat(before)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    values = times.cast(pa.float64(), safe=False)
    usual = abs(pc.quantile(values, 0.5)[0].as_py() or 0.0)
    if 1000 <= usual < 10_000:
        return pc.less(values, float(when.year))
    if usual and usual < 1e8:
        raise ConfigError(
            f"[stages.{NAME}] stale_before: the numbers of the time column {name!r} are neither years nor seconds since "
            "1970; write the dates as 2020-01-31, or leave stale_before out"
        )
    unit = next((factor for limit, factor in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6)) if usual < limit), 1e9)
    return pc.less(values, when.timestamp() * unit)


STAGE = Stage(
    name=NAME,
    title="Normalisation",
    version=5,
    config=NormaliseConfig,
    detect=detect,
    on_finding="review",
    optional=True,
    concern="quality",
)
