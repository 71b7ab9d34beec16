"""Texts of the data made safe to show.

Three nets, one behind the other: spans that a privacy finding names are replaced by their placeholder, the values in
those spans are replaced wherever else the row repeats them, and what is left passes `masked_preview`, which scans again
and takes away control, escape and direction characters.

Cost: a few hundred previews a report, whatever the size of the data. Markup is left as it is; each view escapes its own.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pyarrow as pa

from audit.report.model_stage import Piece, Text
from curate.dataset import Dataset
from curate.ledger.private import PLACEHOLDER, placeholder
from curate.privacy.config import ScanConfig
from curate.privacy.preview import masked_preview
from curate.safetext import UNSPACED, safe_text, showing
from curate.stages.private import private_values

SHORT = 80
READ = 1600
"""Code points of a row that an example may draw on, and of a sentence."""
SHOWN = 420
"""Code points of a row that an example shows."""
_WORDS = re.compile(rf"\[[A-Z][A-Z0-9_]{{1,60}}\]|[{UNSPACED}]|[^\W{UNSPACED}]+|\s+|[^\w\s]")
_LONGEST = 20_000
"""Code points of a field around a span that are worked on."""


class Previews:
    """Safe previews of rows, fields and short names of one dataset."""

    def __init__(
        self,
        dataset: Dataset,
        findings: pa.Table,
        looked_for: ScanConfig | None = None,
    ) -> None:
        self.dataset = dataset
        self._looked_for = looked_for
        self._content: Any = None
        self._labels = dataset.labels()
        self._short: dict[tuple[str, int], str] = {}
        self._private = private_values(dataset, findings)

    def short(self, text: str | None, width: int = SHORT) -> str:
        """A safe short text: a label, a group, a column, a sentence."""
        if not text:
            return ""
        key = (text, width)
        if key not in self._short:
            self._short[key] = masked_preview(text, width, self._looked_for)
        return self._short[key]

    def setting(self, text: str, width: int = SHOWN) -> str:
        """A safe short text of what a run was given. The user whose folder a path lies in stays: nobody could repeat the
        run without it."""
        usual = self._looked_for or ScanConfig()
        return masked_preview(text, width, replace(usual, types=tuple(kind for kind in usual.types if kind != "HANDLE")))

    def sentence(self, text: str | None) -> str:
        """A safe sentence: a reason or a note, with its capital and its full stop."""
        said = self.short(text, READ)
        return said and said[0].upper() + said[1:] + ("" if said.endswith((".", "!", "?", "…")) else ".")

    def label(self, row: int) -> str | None:
        """The label of a row; None without one."""
        value = None if self._labels is None else self._labels[row].as_py()
        return None if value is None else self.short(value)

    def row(self, row: int, width: int = READ) -> str:
        """A safe preview of the content of a row."""
        if self._content is None:
            self._content = self.dataset.content()
        text = (self._content[row].as_py() or "")[: 8 * width]
        return masked_preview(self._private.hidden(row, text), width, self._looked_for).strip()

    def text(self, row: int, width: int = SHOWN) -> Text:
        """A row as pieces."""
        return Text(row, pieces(self.row(row, width)), self.label(row))

    def about(self, row: int, field: str, width: int = SHOWN) -> Text:
        """A row as pieces, so that the text which a finding is about is seen: an answer may follow a long prompt."""
        raw = self._private.raw(row, field)
        part = masked_preview(self._private.hidden(row, (raw or "")[:_LONGEST]), _LONGEST, self._looked_for).strip()
        return Text(row, pieces(showing(self.row(row, _LONGEST), part, width)), self.label(row))

    def pair(self, row: int, other: int) -> tuple[Text, Text]:
        """Two rows with the words that differ marked."""
        left, right = compare(self.row(row), self.row(other))
        return Text(row, left, self.label(row)), Text(other, right, self.label(other))

    def span(
        self, row: int, field: str, start: int | None, end: int | None, replacement: str | None, rule: str
    ) -> Text | None:
        """The surroundings of a span, the span itself replaced; None where its field holds no text."""
        raw = self._private.raw(row, field)
        if raw is None:
            return None
        first, last = (0, len(raw)) if start is None or end is None else (start, end)
        before = self._private.stretch(raw, row, field, max(0, first - _LONGEST), first)
        after = self._private.stretch(raw, row, field, last, min(len(raw), last + _LONGEST))
        before, after = self._private.hidden(row, before), self._private.hidden(row, after)
        head, tail = _last_words(before, SHOWN // 3), _first_words(after, SHOWN // 3)
        shown = masked_preview(f"{head}{placeholder(replacement, rule)}{tail}", SHOWN, self._looked_for)
        return Text(row, pieces(shown), self.label(row))


def _last_words(text: str, width: int) -> str:
    """The end of a text, cut where a word begins."""
    if len(text) <= width:
        return text
    return "… " + re.sub(r"^\S*\s+", "", text[-width:], count=1)


def _first_words(text: str, width: int) -> str:
    """The start of a text, cut where a word ends."""
    if len(text) <= width:
        return text
    return re.sub(r"\s+\S*$", "", text[:width], count=1) + " …"


def pieces(text: str) -> tuple[Piece, ...]:
    """A masked text cut at its placeholders."""
    parts = PLACEHOLDER.split(text)
    return tuple(Piece("masked" if i % 2 else "same", part) for i, part in enumerate(parts) if part)


def compare(left: str, right: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in pieces, words that the other lacks marked `changed`, long common stretches shortened.

    Ratcliff/Obershelp matching over words and punctuation (difflib), on at most `READ` code points a side.
    """
    a, b = _WORDS.findall(left), _WORDS.findall(right)
    blocks = difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    out: dict[str, list[Piece]] = defaultdict(list)
    whole = max(len(left), len(right)) <= SHOWN
    for i, (kind, a0, a1, b0, b1) in enumerate(blocks):
        for side, words in (("left", a[a0:a1]), ("right", b[b0:b1])):
            run = "".join(words)
            if not run:
                continue
            if kind == "equal":
                if not whole:
                    run = _shortened(run, first=i == 0, last=i == len(blocks) - 1, alone=len(blocks) == 1)
                out[side] += pieces(run)
            else:
                out[side].append(Piece("changed", run))
    return _cut(out["left"]), _cut(out["right"])


def _shortened(run: str, *, first: bool, last: bool, alone: bool) -> str:
    """A stretch that both texts share, its middle left out where it is long."""
    room = SHOWN if alone else SHOWN // 4
    if len(run) <= room:
        return run
    if alone or last:
        return _first_words(run, room)
    if first:
        return _last_words(run, room)
    return f"{_first_words(run, room // 2)} {_last_words(run, room // 2).removeprefix('… ')}"


def _cut(side: list[Piece]) -> tuple[Piece, ...]:
    out, room = [], 2 * SHOWN
    for piece in side:
        if len(piece.text) > room:
            out.append(Piece(piece.kind, piece.text[:room] + "…"))
            break
        out.append(piece)
        room -= len(piece.text)
    return tuple(out)


__all__ = ["Previews", "compare", "pieces", "safe_text"]
