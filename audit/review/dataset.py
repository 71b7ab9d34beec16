"""What answers about rows and findings certify of a whole dataset: how much of it is wrong, is left, was missed.

A row without a finding, or with one of another kind, is asked about by itself: what is wrong there was missed. A row with
findings of a kind is *rightly found* where its surest finding of that kind is right. So

    error rate   rows with a finding that is right, or with an error that was missed, of all rows
    what is left rows that stay and still hold an error: missed and not mended since, or found, right and not applied
    recall       of a kind: rows rightly found, of those and the rows on which it was missed

Each is a sum over strata (see `missed`), or a share of two sums, with a 95 % interval of its own. Where one row may count
in two sums (a finding that is right beside an error that was missed), upper ends take both and lower ends one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.review.missed import Draws, Floats, Span, Stratum, after, answers_needed, plain_total, turns
from audit.review.rates import ALPHA

FAR, NEAR, FOUND = range(3)
"""Strata of rows: without a finding, without one but nearly so, with one."""
STRATA = ("far", "near", "found")
SPREAD = (0.12, 0.36, 0.12)
"""Guessed standard deviation of "wrong" in each, for sharing out questions; a bad guess costs width, never coverage."""
_MOST_ASKED = 20_000
Strata = tuple[Stratum, ...]


@dataclass(frozen=True)
class KindSeen:
    """Answers about one kind of error."""

    rows: int
    """Rows with a finding of it."""
    right: Strata
    """Those rows, by their surest finding."""
    missed: Strata
    """Rows without one."""


@dataclass(frozen=True)
class Seen:
    """All that was answered about one dataset."""

    rows: int
    kept: int
    """Rows that stay under the decisions taken."""
    strata: tuple[Strata, Strata, Strata]
    """Rows on which anything was missed: far, near, found."""
    beside: Strata
    """Of the rows with a finding those that stay when nobody decides: on which something else was missed."""
    right: Strata
    """Rows with a finding, by their surest one."""
    waiting: Strata
    """Rows that stay when nobody decides although a finding waits there, by the surest that waits."""
    mended: tuple[int, int, int]
    """Rows that answers have mended since: without a finding, with one (`beside`), and those that waited."""
    perhaps: int
    """More rows that waited and were mended by a rule, of which nobody looked at."""
    kinds: Mapping[str, KindSeen]


@dataclass(frozen=True)
class KindRates:
    """One kind of error."""

    kind: str
    found: int
    """Rows with a finding of it."""
    right: Span
    """Those of them on which it is right."""
    missed: Span
    """Rows that hold such an error and have no finding of it."""
    recall: Span

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        spans = {name: getattr(self, name).to_json() for name in ("right", "missed", "recall")}
        return {"kind": self.kind, "found": self.found, **spans}


@dataclass(frozen=True)
class DatasetRates:
    """What the answers certify; shares are of rows."""

    rows: int
    kept: int
    wrong: Span
    """Share of all rows with an error, before anything is changed."""
    left: Span
    """Share of the rows that stay which hold an error under the decisions taken."""
    kinds: tuple[KindRates, ...]
    asked: tuple[int, int, int]
    """Rows answered about: far, near, found."""
    more: int
    """About how many more answers about rows bring the interval of what is left to the width that was asked for."""

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return {
            "rows": self.rows, "kept": self.kept, "wrong": self.wrong.to_json(), "left": self.left.to_json(),
            "kinds": [kind.to_json() for kind in self.kinds], "asked": dict(zip(STRATA, self.asked)),
            "more_row_answers": self.more,
        }  # fmt: skip


def dataset_rates(seen: Seen, width: float | None = 0.05, alpha: float = ALPHA, draws: int = 8_000) -> DatasetRates:
    """The rates of a dataset, and when to stop: `width` is the width of what is left at which it counts as settled; None
    where nobody asks."""
    draw = Draws(alpha, draws)
    kinds = tuple(
        KindRates(name, kind.rows, draw.count((name, "found"), kind.right), draw.count((name, "missed"), kind.missed),
                  draw.share(name, kind.right, kind.missed))
        for name, kind in seen.kinds.items()
    )  # fmt: skip
    asked = tuple(sum(s.asked for s in part) for part in seen.strata)
    left = _left(draw, seen, seen.strata, seen.beside)

    def later(more: int) -> float:
        strata, beside = _after(seen, more)
        return _left(draw_again, seen, strata, beside).width

    draw_again = Draws(alpha, min(draws, 2_000))
    open_ = sum(s.population - s.asked for part in seen.strata for s in part)
    most = min(open_, _MOST_ASKED)
    more = 0 if width is None or left.width <= width else answers_needed(later, width, most)
    return DatasetRates(seen.rows, seen.kept, _wrong(draw, seen), left, kinds, (asked[0], asked[1], asked[2]), more)


def _wrong(draw: Draws, seen: Seen) -> Span:
    free, beside = seen.strata[FAR] + seen.strata[NEAR], seen.strata[FOUND]
    among = sum(s.population for s in beside)
    low = draw.total("right", seen.right, "low") + draw.total("free", free, "low")
    with_finding = draw.total("right", seen.right, "high") + draw.total("beside", beside, "high")
    high = np.minimum(with_finding, among) + draw.total("free", free, "high")
    right, missed, more = (plain_total(part) for part in (seen.right, free, beside))
    value = None
    if right is not None and missed is not None and more is not None:
        value = right + missed + more * (1 - right / among if among else 0)
    return Span(value, *draw.ends(low, high)).over(max(1, seen.rows))


def _left(draw: Draws, seen: Seen, strata: Sequence[Strata], beside: Strata) -> Span:
    free = (*strata[FAR], *strata[NEAR])
    low, high = (
        {name: draw.total(("left", name), part, side) for name, part in
         (("free", free), ("beside", beside), ("waiting", seen.waiting))}
        for side in ("low", "high")
    )  # fmt: skip
    waiting = _less(low["waiting"], seen.mended[2] + seen.perhaps)
    least = _less(low["free"], seen.mended[0]) + np.maximum(waiting, _less(low["beside"], seen.mended[1]))
    sure = [n if not any(s.error for s in part) else 0 for n, part in zip(seen.mended, (free, beside, seen.waiting))]
    most = sum((_less(high[name], n) for name, n in zip(("free", "beside", "waiting"), sure)), np.zeros(draw.draws))
    plain = [plain_total(part) for part in (free, beside, seen.waiting)]
    value = None
    if not any(p is None for p in plain):
        value = sum(max(0.0, (p or 0.0) - n) for p, n in zip(plain, seen.mended))
    kept = max(1, seen.kept)
    span = Span(value, *draw.ends(np.minimum(least, kept), np.minimum(most, kept)))
    return span.over(kept)


def _less(draws: Floats, n: int) -> Floats:
    return np.maximum(draws - n, 0.0)


def _after(seen: Seen, more: int) -> tuple[tuple[Strata, ...], Strata]:
    """The strata after so many more answers about rows, shared out as questions are."""
    sizes = [sum(s.population for s in part) for part in seen.strata]
    asked = [sum(s.asked for s in part) for part in seen.strata]
    counts = np.bincount(turns(sizes, asked, SPREAD, more, NEAR) or [0], minlength=3)
    counts[0] -= 0 if more else 1
    share = sum(s.population for s in seen.beside) / max(1, sizes[FOUND])
    strata = tuple(after(part, int(n)) for part, n in zip(seen.strata, counts))
    return strata, after(seen.beside, int(counts[FOUND] * share))
