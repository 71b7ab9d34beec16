"""Values that privacy findings name: what every view hides of a row, whether the plan replaces it or it is only noted.

A view scans what it shows once more (`curate.privacy.preview`), but not for all that the stage looked for: names of people
stand in flags. A rejected finding hides its value all the same: a person who keeps a value in the data has not asked to
print it. Cost: one pass over the findings, then some microseconds a finding of the rows that are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.ledger.apply import reader
from curate.ledger.sightings import STAGE as PEOPLE
from curate.privacy.types import KINDS, TYPES

PLACEHOLDER = re.compile(r"(\[[A-Z][A-Z0-9_]{1,60}\])")
_BY_RULE = {f"pii.{name}": TYPES[i].placeholder for name, i in KINDS}
READ = 1 << 14
"""Code points of a long text that its preview may draw on."""
_MIN_REPEATED = 4
"""Shorter values than this are not looked for elsewhere in their row."""


class PrivateValues:
    """What findings of these stages, and of people, name as private in the rows of one dataset."""

    def __init__(self, dataset: Dataset, findings: pa.Table, stages: Iterable[str]) -> None:
        self.dataset = dataset
        self._readers: dict[str, Any] = {}
        named = pa.array([*stages, PEOPLE], pa.string())
        columns = ["row", "rule", "field", "start", "end", "replacement"]
        self._spans = findings.filter(pc.is_in(findings["stage"].cast(pa.string()), value_set=named)).select(columns)
        self._spans = self._spans.combine_chunks()
        rows = self._spans["row"].fill_null(-1).to_numpy()
        self._order = np.argsort(rows, kind="stable")
        self._rows = rows[self._order]

    def of(self, row: int) -> list[Mapping[str, Any]]:
        """Findings of a row."""
        first, last = np.searchsorted(self._rows, [row, row + 1])
        if first == last:
            return []
        found: list[Mapping[str, Any]] = self._spans.take(pa.array(self._order[first:last])).to_pylist()
        return found

    def raw(self, row: int, field: str) -> str | None:
        """The text at a field pointer; None where there is none."""
        try:
            if field not in self._readers:
                self._readers[field] = reader(self.dataset, field)
            value = self._readers[field](row)
        except (KeyError, ValueError, IndexError, TypeError):
            return None
        return value if isinstance(value, str) else None

    def values(self, row: int) -> list[tuple[str, str]]:
        """(raw value, placeholder) of every finding of a row, longest first."""
        values = {}
        for span in self.of(row):
            raw = self.raw(row, span["field"]) if span["field"] is not None else None
            if raw is None or span["start"] is None:
                continue
            value = raw[span["start"] : span["end"]]
            if len(value) >= _MIN_REPEATED:
                values[value] = placeholder(span["replacement"], span["rule"])
        return sorted(values.items(), key=lambda item: (-len(item[0]), item))

    def hidden(self, row: int, text: str) -> str:
        """A text of a row without these values."""
        for value, mark in self.values(row):
            text = text.replace(value, mark)
        return text

    def hidden_in(self, rows: pa.Array, texts: pa.Array) -> pa.Array:
        """The same for a text of each of these rows; of those with findings, the first `READ` code points."""
        named = np.flatnonzero(np.isin(rows.to_numpy(), self._rows))
        if not len(named):
            return texts
        held = texts.take(pa.array(named)).to_pylist()
        fresh = [text and self.hidden(rows[at].as_py(), text[:READ]) for at, text in zip(named.tolist(), held, strict=True)]
        mask = np.zeros(len(texts), bool)
        mask[named] = True
        return pc.replace_with_mask(texts, pa.array(mask), pa.array(fresh, texts.type))

    def stretch(self, raw: str, row: int, field: str, first: int, last: int) -> str:
        """A stretch of a field with every span in it replaced."""
        spans = [s for s in self.of(row) if s["field"] == field and s["start"] is not None]
        out, at = [], first
        for span in sorted(spans, key=lambda s: (s["start"], s["end"])):
            start, end = max(span["start"], first), min(span["end"], last)
            if start >= end or end <= at:
                continue
            out += [raw[at : max(start, at)], placeholder(span["replacement"], span["rule"])]
            at = end
        return "".join([*out, raw[at:last]])


def placeholder(replacement: str | None, rule: str) -> str:
    """A placeholder that shows the kind of a value; a surrogate is a made-up value, and a flag has none: by its rule."""
    if replacement and PLACEHOLDER.fullmatch(replacement):
        return replacement
    return _BY_RULE.get(rule, "[REMOVED]")
