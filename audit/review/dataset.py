"""What answers about rows and findings certify of a whole dataset: how much of it is wrong, is left, was missed.

A row without a finding, or with one of another kind, is asked about by itself: what is wrong there was missed. A row with
findings of a kind is *rightly found* where its surest finding of that kind is right. So

    error rate   rows with a finding that is right, or with an error that was missed, of all rows
    what is left rows that stay and still hold an error: missed and not mended since, or found, right and not applied
    recall       of a kind: rows rightly found, of those and the rows on which it was missed

Each is a sum over strata (see `missed`), or a share of two sums, with a 95% interval of its own. Where one row may count
in two sums (a finding that is right beside an error that was missed), upper ends take both and lower ends one of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.review.missed import Draws, Floats, Span, Stratum, after, answers_needed, plain_total, turns
from audit.review.rates import ALPHA

REST, NEAR = range(2)
"""Strata of rows: those that nearly had a finding and have none, and all others. They are few because each has an upper end
of its own to pay for; of a random sample any part is a random sample again, so kinds and plans cut parts out of them."""
SPREAD = (0.12, 0.36)
"""Guessed standard deviation of "wrong" in each, for sharing out questions; a bad guess costs width, never coverage."""
_MOST_ASKED = 20_000
RECALL_WIDTH = 0.2
"""Width of a recall's interval of which it is said how many answers it takes at least."""
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
    strata: tuple[Strata, Strata]
    """All rows, on which anything may have been missed: the rest, near."""
    free: Strata
    """Those without a finding."""
    staying: tuple[Strata, Strata]
    """Those that stay when nobody decides: the rest, near."""
    right: Strata
    """Rows with a finding, by their surest one."""
    waiting: Strata
    """Rows that stay when nobody decides although a finding waits there, by the surest that waits."""
    mended: tuple[int, int, int]
    """Rows that answers have mended since: without a finding, with one (that stays), and those that waited."""
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
    least: int
    """How many more answers about rows it takes at least until the recall's interval can be `RECALL_WIDTH` wide, even if
    nothing more was missed and all that was found is right."""

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        spans = {name: getattr(self, name).to_json() for name in ("right", "missed", "recall")}
        return {"kind": self.kind, "found": self.found, **spans, "least_more_answers": self.least}


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
    asked: int
    """Rows answered about."""
    more: int
    """About how many more answers about rows bring the interval of what is left to the width that was asked for."""

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return {
            "rows": self.rows, "kept": self.kept, "wrong": self.wrong.to_json(), "left": self.left.to_json(),
            "kinds": [kind.to_json() for kind in self.kinds], "asked": self.asked,
            "more_row_answers": self.more,
        }  # fmt: skip


def dataset_rates(seen: Seen, width: float | None = 0.05, alpha: float = ALPHA, draws: int = 8_000) -> DatasetRates:
    """The rates of a dataset, and when to stop: `width` is the width of what is left at which it counts as settled; None
    where nobody asks."""
    draw = Draws(alpha, draws)
    kinds = tuple(
        KindRates(name, kind.rows, draw.count((name, "found"), kind.right), draw.count((name, "missed"), kind.missed),
                  draw.share(name, kind.right, kind.missed), _least(kind, draw.alpha))
        for name, kind in seen.kinds.items()
    )  # fmt: skip
    left = _left(draw, seen, seen.staying)

    def later(more: int) -> float:
        return _left(draw_again, seen, _after(seen, more)).width

    draw_again = Draws(alpha, min(draws, 2_000))
    asked = sum(s.asked for part in seen.strata for s in part)
    most = min(seen.rows - asked, _MOST_ASKED)
    more = 0 if width is None or left.width <= width else answers_needed(later, width, most)
    return DatasetRates(seen.rows, seen.kept, _wrong(draw, seen), left, kinds, asked, more)


def _least(kind: KindSeen, alpha: float) -> int:
    """Answers that are missing until `RECALL_WIDTH` is within reach: see `fewest_answers`."""
    rest = max(kind.missed, key=lambda s: s.population, default=None)
    if rest is None or not kind.rows:
        return 0
    return max(0, fewest_answers(kind.rows, rest.population, RECALL_WIDTH, alpha) - rest.asked)


def fewest_answers(found: int, others: int, width: float, alpha: float = ALPHA) -> int:
    """The fewest answers about rows without a finding after which a recall can be known to `width` at all.

    Where m of `others` rows were drawn by lot and none holds an error, an interval that holds at 1 - alpha must keep every
    number of missed errors that shows nothing in more than alpha / 2 of such draws. The recall reaches from
    found / (found + that number) to 1, so nothing that assumes nothing of where the misses are does with fewer. By halving;
    draws without replacement, exact.
    """
    allowed = math.floor(found * width / (1 - width)) + 1  # as many missed must be impossible
    if allowed > others:
        return 0

    def nothing_shows(m: int) -> float:
        """How probable m clean answers are where so many of the others hold an error."""
        if m > others - allowed:
            return 0.0
        return math.exp(_choose(others - allowed, m) - _choose(others, m))

    low, high = 0, others
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if nothing_shows(middle) <= alpha / 2 else (middle + 1, high)
    return low


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _wrong(draw: Draws, seen: Seen) -> Span:
    rows = seen.strata[REST] + seen.strata[NEAR]
    among = sum(s.population for s in seen.right)
    low = draw.total("right", seen.right, "low") + draw.total("free", seen.free, "low")
    high = draw.total("right", seen.right, "high") + draw.total("rows", rows, "high")
    right, missed, free = (plain_total(part) for part in (seen.right, rows, seen.free))
    value = None
    if right is not None and missed is not None and free is not None:  # a row counts once, whatever is wrong with it
        value = right + free + max(0.0, missed - free) * (1 - right / among if among else 1)
    n = max(1, seen.rows)
    return Span(value, *draw.ends(np.minimum(low, n), np.minimum(high, n))).over(n)


def _left(draw: Draws, seen: Seen, staying: Sequence[Strata]) -> Span:
    rows = (*staying[REST], *staying[NEAR])
    free, beside, hand = seen.mended
    waiting = _less(draw.total("waiting", seen.waiting, "low"), hand + seen.perhaps)
    missed = _less(draw.total("staying", rows, "low"), free + beside)
    # Two bounds of the same number from the same answers: the greater one holds where each is given half the error.
    low = draw.low_end(missed, _less(draw.total("free", seen.free, "low"), free) + waiting)
    # Who errs may have "mended" what was not wrong: that takes nothing from an upper end.
    sure = [0 if any(s.error for s in part) else n for n, part in ((free + beside, rows), (hand, seen.waiting))]
    high = _less(draw.total("staying", rows, "high"), sure[0]) + _less(draw.total("waiting", seen.waiting, "high"), sure[1])
    plain = [plain_total(part) for part in (rows, seen.waiting)]
    value = None
    if plain[0] is not None and plain[1] is not None:
        value = max(0.0, plain[0] - free - beside) + max(0.0, plain[1] - hand)
    kept = max(1, seen.kept)
    return Span(value, min(low, kept), min(draw.high_end(high), kept)).over(kept)


def _less(draws: Floats, n: int) -> Floats:
    return np.maximum(draws - n, 0.0)


def _after(seen: Seen, more: int) -> tuple[Strata, ...]:
    """What stays after so many more answers about rows, shared out as questions are."""
    sizes, asked = ([sum(getattr(s, name) for s in part) for part in seen.strata] for name in ("population", "asked"))
    out = []
    for code, (part, staying) in enumerate(zip(seen.strata, seen.staying)):
        n = turns(sizes, asked, SPREAD, more, NEAR).count(code)
        share = sum(s.population for s in staying) / max(1, sum(s.population for s in part))
        out.append(after(staying, round(n * share)))
    return tuple(out)
