"""Values that privacy findings name: what every view hides of a row, whether the plan replaces it or it is only noted.

A view scans what it shows once more (`curate.privacy.preview`), but not for all that the stage looked for: names of people
stand in flags. A rejected finding hides its value all the same: a person who keeps a value in the data has not asked to
print it. A value is hidden at its place wherever a text holds its field, and elsewhere in its row: names as whole words.
Cost: one pass over the findings, then one read of those of the rows that are shown and some microseconds for each.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

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
_MIN_REPEATED, _MIN_NAME = 4, 2
"""Shorter values, and shorter names, are hidden at their place alone: three digits stand elsewhere by chance."""
_NAMES = "pii.person"
_WORDS = (_NAMES, "pii.organization", "pii.location", "pii.street_address")
"""Kinds of which only whole words count as repeats; of numbers and secrets, every occurrence."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u31ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts without spaces between words, or without one before a particle: Thai to Khmer, kana, Han, Hangul."""
_HEAD = 64
"""Code points that tell where a field begins of which a text holds only the first part."""


class Span(NamedTuple):
    """A place in a field, and what is shown instead."""

    field: str
    start: int
    end: int
    mark: str
    rule: str


class PrivateValues:
    """What findings of these stages, and of people, name as private in the rows of one dataset."""

    def __init__(self, dataset: Dataset, findings: pa.Table, stages: Iterable[str]) -> None:
        self.dataset = dataset
        self._readers: dict[str, Any] = {}
        named = pc.is_in(findings["stage"].cast(pa.string()), value_set=pa.array([*stages, PEOPLE], pa.string()))
        placed = pc.and_(pc.is_valid(findings["field"]), pc.is_valid(findings["start"]))
        columns = ["row", "field", "start", "end", "replacement", "rule"]
        self._spans = findings.filter(pc.and_(named, placed)).select(columns).combine_chunks()
        rows = self._spans["row"].fill_null(-1).to_numpy()
        self._order = np.argsort(rows, kind="stable")
        self._rows = rows[self._order]
        self._last: tuple[int, list[Span]] = (-1, [])

    def of(self, row: int) -> list[Span]:
        """The spans of a row. Those of the row asked for last are at hand: one long text may hold a hundred thousand, and
        whoever shows a row asks for it several times."""
        if self._last[0] != row:
            first, last = np.searchsorted(self._rows, [row, row + 1])
            self._last = row, self._taken(self._order[first:last])
        return self._last[1]

    def _taken(self, where: np.ndarray) -> list[Span]:
        columns = self._spans.take(pa.array(where, pa.int64())).columns[1:]
        found = zip(*(column.to_pylist() for column in columns), strict=True)
        return [Span(field, start, end, placeholder(new, rule), rule) for field, start, end, new, rule in found]

    def raw(self, row: int, field: str) -> str | None:
        """The text at a field pointer; None where there is none."""
        try:
            if field not in self._readers:
                self._readers[field] = reader(self.dataset, field)
            value = self._readers[field](row)
        except (KeyError, ValueError, IndexError, TypeError):
            return None
        return value if isinstance(value, str) else None

    def hidden(self, row: int, text: str) -> str:
        """A text of a row without these values."""
        return self._hidden(row, text, self.of(row))

    def _hidden(self, row: int, text: str, spans: list[Span]) -> str:
        fields = {field: self.raw(row, field) for field in dict.fromkeys(span.field for span in spans)}
        places = {field: _places(raw, text) for field, raw in fields.items() if raw}
        size = len(text)
        marks = [
            (at + s.start, at + s.end, s.mark) for s in spans for at in places.get(s.field, ()) if at + s.start < size
        ]
        values = {raw[s.start : s.end]: s for s in spans if (raw := fields[s.field])}
        for value, span in values.items():
            if _repeats(value, span.rule):
                marks += [(at, at + len(value), span.mark) for at in _found(value, text, span.rule in _WORDS)]
        return _replaced(text, marks, 0, len(text))

    def hidden_in(self, rows: pa.Array, texts: pa.Array) -> pa.Array:
        """The same for a text of each of these rows; of those with findings, the first `READ` code points."""
        wanted = rows.to_numpy()
        first, last = (np.searchsorted(self._rows, wanted, side) for side in ("left", "right"))
        named = np.flatnonzero(last > first)
        if not len(named):
            return texts
        found = self._taken(np.concatenate([self._order[first[at] : last[at]] for at in named]))
        ends = np.cumsum(last[named] - first[named])
        held = texts.take(pa.array(named)).to_pylist()
        of_each = zip(wanted[named].tolist(), held, [0, *ends[:-1]], ends, strict=True)
        fresh = [text and self._hidden(row, text[:READ], found[start:end]) for row, text, start, end in of_each]
        mask = np.zeros(len(texts), bool)
        mask[named] = True
        return pc.replace_with_mask(texts, pa.array(mask), pa.array(fresh, texts.type))

    def stretch(self, raw: str, row: int, field: str, first: int, last: int) -> str:
        """A stretch of a field with every span in it replaced."""
        marks = [(s.start, s.end, s.mark) for s in self.of(row) if s.field == field and s.start < last and s.end > first]
        return _replaced(raw, marks, first, last)


def _replaced(text: str, marks: Iterable[tuple[int, int, str]], first: int, last: int) -> str:
    """A stretch of a text with its marked places replaced; where places overlap, the rest of the later one as well."""
    out, at = [], first
    for start, end, mark in sorted(marks, key=lambda m: (m[0], -m[1], m[2])):
        start, end = max(start, first), min(end, last)
        if start >= end or end <= at:
            continue
        out += [text[at : max(start, at)], mark]
        at = end
    return "".join([*out, text[at:last]])


def _repeats(value: str, rule: str) -> bool:
    """Whether a value is looked for in the rest of its row: by its length, shorter where it is a name."""
    least = _MIN_NAME if rule == _NAMES or _UNSPACED.match(value) else _MIN_REPEATED
    return len(value) >= least


def _places(raw: str, text: str) -> list[int]:
    """Where a field begins in a text that holds it, whole or up to the end of the text."""
    whole = list(_found(raw, text, whole=True))
    if whole or len(text) < _HEAD:
        return whole
    return [at.start() for at in re.finditer(re.escape(raw[:_HEAD]), text) if raw.startswith(text[at.start() :])]


def _found(value: str, text: str, whole: bool) -> Iterator[int]:
    """Where a value stands in a text; `whole`: where it is no part of a longer word or number."""
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        part = whole and (_one(text[at - 1 : at], value[0]) or _one(value[-1], text[end : end + 1]))
        if not part:
            yield at
        at = text.find(value, at + 1 if part else end)


def _one(left: str, right: str) -> bool:
    """Whether two neighbouring characters are of one word, or of one number; the end of a text is none."""
    return bool(left and right) and _kind(left) == _kind(right) != ""


def _kind(char: str) -> str:
    """`L` for letters and their marks in scripts with spaces, `N` for digits, nothing for the rest."""
    kind = unicodedata.category(char)[0].replace("M", "L")
    return kind if kind in "LN" and not _UNSPACED.match(char) else ""


def placeholder(replacement: str | None, rule: str) -> str:
    """A placeholder that shows the kind of a value; a surrogate is a made-up value, and a flag has none: by its rule."""
    if replacement and PLACEHOLDER.fullmatch(replacement):
        return replacement
    return _BY_RULE.get(rule, "[REMOVED]")
