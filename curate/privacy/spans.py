"""The result of a scan."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.privacy.book import Book, book
from curate.privacy.evidence import verdicts
from curate.privacy.types import CODE

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Personal data found in a column: arrays of equal length, sorted by row and start, without overlaps."""

    row: Ints
    """0-based position of the text in the column."""
    start: Ints
    """First code point of the span in the raw text."""
    end: Ints
    """Code point after the span."""
    code: Ints
    """Index into `TYPES`."""
    kind: Ints
    """Index into `KINDS`: which identifier of which country, where a type has several."""
    score: npt.NDArray[np.float32]
    """How sure, 0 to 1."""
    quoted: npt.NDArray[np.bool_]
    """The span is a bare number inside JSON: its placeholder needs quotes."""
    book: Book = field(default_factory=book)
    """What the codes and kinds stand for."""
    digit_runs: Ints | None = None
    """int64[20, 2]: by length, bare runs of digits in the column and how many pass mod-10; None where no card was."""

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: Ints) -> Spans:
        """The spans at these positions."""
        arrays = [f.name for f in fields(self) if f.name not in ("book", "digit_runs")]
        return replace(self, **{name: getattr(self, name)[index] for name in arrays})

    def _words(self, words: list[str]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(self.code.astype(np.int32)), pa.array(words, pa.string()))

    @property
    def type(self) -> pa.DictionaryArray:
        """Type names, e.g. `EMAIL_ADDRESS`."""
        return self._words([t.name for t in self.book.types])

    @property
    def rule(self) -> pa.DictionaryArray:
        """Rule names, e.g. `pii.email_address`."""
        return self._words([t.rule for t in self.book.types])

    @property
    def reason(self) -> pa.DictionaryArray:
        """Plain sentences without the value."""
        return self._words([t.reason for t in self.book.types])

    def replacements(self) -> list[str]:
        """The typed placeholder of each span, quoted where it stands for a bare JSON number."""
        plain = self.book.placeholders
        return [f'"{plain[c]}"' if q else plain[c] for c, q in zip(self.kind.tolist(), self.quoted.tolist())]

    def evidence(self) -> list[str]:
        """JSON about each span: its type and the checksum it passed, never its value."""
        told = [self.book.evidence[kind] for kind in self.kind.tolist()]
        if self.digit_runs is None:
            return told
        decided = verdicts(self.digit_runs)
        card = CODE["CREDIT_CARD"]
        for n in np.flatnonzero(self.code == card).tolist():
            size = int(self.end[n] - self.start[n])
            if size in decided:
                runs, passed = (int(count) for count in self.digit_runs[size])
                told[n] = json.dumps(json.loads(told[n]) | {"column_runs": runs, "column_passed": passed})
        return told

    def counts(self) -> dict[str, int]:
        """Number of spans by type name, only types that occur."""
        found = np.bincount(self.code, minlength=len(self.book.types))
        return {kind.name: int(found[i]) for i, kind in enumerate(self.book.types) if found[i]}

    def table(self) -> pa.Table:
        """The spans as an Arrow table: row, start, end, type, score, rule, reason."""
        return pa.table(
            {
                "row": self.row, "start": self.start, "end": self.end, "type": self.type, "score": self.score,
                "rule": self.rule, "reason": self.reason,
            }
        )  # fmt: skip
