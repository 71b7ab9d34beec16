"""The scanner over rows of which most are known: what a text proposes by itself is kept, and only new texts are read.

Kept are places and kinds of spans, never values: 63 bytes a span. What a column as a whole says about its spans
(`evidence`) is worked out anew each time, from all of them, so findings are those of a full scan. Names that are only
flagged are not kept but looked for anew; those that are replaced (`names = "replace"`) are kept as other spans are. Nested
values are still unfolded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.dataset.types import Strings
from curate.privacy import ScanConfig, Spans, scan
from curate.privacy.scanner import Proposed, scan_new
from curate.stages.known_rows import Arrays, Known

Ints = NDArray[np.int64]
_NOTHING = Proposed(np.zeros((0, 4), np.int64), np.zeros((0, 2), np.int64), np.zeros(0), np.zeros(0, np.bool_))


class Scans:
    """The scans of one look at a dataset, batch by batch."""

    def __init__(self, known: Known | None) -> None:
        self._known = known
        self._old: Arrays | None = None
        self._kept: list[dict[str, NDArray[Any]]] = []
        self._column = -1
        self._places = self._order = np.zeros(0, np.int64)
        if known is not None:
            self._old = known.arrays()
            n = 0 if self._old is None else 1 + int(max(self._old["row"].max(initial=-1), known.before.max(initial=-1)))
            self._now = np.full(n, -1, np.int64)
            again = np.flatnonzero(known.before >= 0)
            if n:
                self._now[known.before[again]] = again

    def spans(self, batch: Strings, settings: ScanConfig, names: str | list[str], column: int) -> Spans:
        """What `scan` finds in a batch. `column`: number of its column, batches of one column in order of their rows."""
        if self._known is None:
            return scan(batch.texts, settings, names=names)
        rows = np.asarray(batch.rows)
        known = np.zeros(len(rows), np.bool_) if self._old is None else self._known.before[rows] >= 0
        before = self._before(column, rows) if known.any() else _NOTHING
        found, every = scan_new(batch.texts, settings, names, np.flatnonzero(~known), before)
        text = every.at[:, 0]
        self._kept.append({
            "column": np.full(len(text), column, np.int16), "row": rows[text],
            "string": (text - np.searchsorted(rows, rows[text])).astype(np.int32), "at": every.at[:, 1:],
            "offsets": every.offsets, "score": every.score, "quoted": every.quoted,
        })  # fmt: skip
        return found

    def _before(self, column: int, rows: Ints) -> Proposed:
        """What the known strings of a batch propose, by their place in it."""
        assert self._old is not None
        old = self._old
        if column != self._column:
            lo, hi = np.searchsorted(old["column"], [column, column + 1])  # columns are kept one after the other
            place = self._now[old["row"][lo:hi]]
            order = np.argsort(place, kind="stable")
            self._column, self._places, self._order = column, place[order], lo + order
        first, last = np.searchsorted(self._places, [rows[0], rows[-1] + 1])
        some = self._order[first:last]
        text = np.searchsorted(rows, self._places[first:last]) + old["string"][some]
        at = np.column_stack([text, old["at"][some]])
        return Proposed(at, *(old[name][some] for name in ("offsets", "score", "quoted")))

    def finish(self) -> None:
        """Leave what every text proposed for the next look."""
        if self._known is not None and self._kept:
            names = self._kept[0]
            self._known.leave(lambda: {name: np.concatenate([each[name] for each in self._kept]) for name in names})
