"""How many spans all detectors missed, from how often they find the same ones (capture-recapture).

Three lists look at a sample of rows: the scanner, a *shape* list and a *context* list (`weak`). `Seen` holds one unit a
row of arrays: a place that at least one list marked, and which lists did. Units that the scanner did not mark are
*candidates*: spans it missed, or false captures of the weak lists.

Method: the weak lists' recall is estimated on the scanner's own spans, so missed = candidates that are real / recall
(Lincoln 1930, Petersen 1896; with Chapman's correction for the point). Intervals are quantiles of 4,000 draws: recall
from a Beta, shrunk towards all kinds together; the share of real candidates from a Beta over what a person reviewed;
counts from a Gamma, widened where candidates stand together in rows. Lists that miss the same hard spans (positive
dependence) bias this low, so the upper end is the greater of two: the one at which a span that one list misses has
`ODDS` times the odds to be missed by the other, and Chao's (1987) lower bound for unequal catchability, from units
found once and twice. Under strong dependence even this is too low: see docs/what-is-left.md for the simulation.
`from_reviewed` needs no such assumption: exact (Garwood 1936) bounds from rows that a person read, by stratum.

Without a review every candidate may be real and every one may be false: low is 0, there is no point, only `high`.
Fewer than `FEWEST_ROWS` rows, `FEWEST_CAPTURES` spans of the scanner or `FEWEST_SHARED` of these that a weak list marked
too give no numbers: a recall that nothing was seen of has no lower end. Rates are a row.
Cost: milliseconds. Deterministic: the draws have a fixed seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from curate.words import plural

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DRAWS = 4000
ODDS = 4.0
"""How many times the odds of a miss are allowed to rise for a span that another list missed."""
FEWEST_ROWS = 100
FEWEST_CAPTURES = 10
FEWEST_SHARED = 3
_TAILS = (0.025, 0.975)
_SHRINK = 4.0


@dataclass(frozen=True)
class Seen:
    """Places that some list marked, as arrays of one length."""

    row: Ints
    """Row of the sample, 0-based. Rows beyond its size were not drawn at random but for what the scanner found there: from
    them only the weak lists' recall is learnt."""
    kind: Ints
    """Kind of personal data, an index into the caller's list."""
    main: Bools
    shape: Bools
    context: Bools

    @property
    def candidates(self) -> Bools:
        """Marked by a weak list and not by the scanner."""
        return ~self.main


@dataclass(frozen=True)
class Read:
    """What a person said of one row of the sample."""

    real: tuple[bool, ...]
    """Whether each candidate of the row, in order, is personal data that the scanner missed."""
    more: int = 0
    """Missed spans of the row that no list marked."""


@dataclass(frozen=True)
class Missed:
    """Missed spans a row: an estimate with its 95 % interval, or the reason why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    found: int = 0
    """Spans of the scanner in the sample."""
    candidates: int = 0
    reviewed: int = 0
    """Candidates that a person judged."""
    why_missing: str = ""


@dataclass(frozen=True)
class _Counts:
    """The cells of one kind."""

    both: int
    main_only: int
    """The scanner's spans that some weak list marked, and that none did; those of rows chosen for them included."""
    drawn_main_only: int
    """The same in the rows drawn at random."""
    once: int
    """Candidates of one weak list."""
    twice: int
    """Candidates of both."""
    main_once: int
    """The scanner's spans of rows drawn at random that exactly one weak list marked."""
    real: int
    false: int
    spread: float
    """Variance of the candidates of a row over their mean, at least 1."""

    @property
    def candidates(self) -> int:
        return self.once + self.twice

    @property
    def reviewed(self) -> int:
        return self.real + self.false


def estimate(
    seen: Seen, n_rows: int, kinds: int, read: Mapping[int, Read] | None = None, groups: Sequence[Sequence[int]] = ()
) -> list[Missed]:
    """For each kind, then for each of `groups` (unions of kinds): missed spans a row of the sample of `n_rows` rows."""
    read = read or {}
    judged = _judged(seen, read)
    per_kind = [_count(seen, seen.kind == k, judged, n_rows) for k in range(kinds)]
    total = _count(seen, np.ones(len(seen.row), np.bool_), judged, n_rows)
    captured = total.both + total.main_only
    if n_rows < FEWEST_ROWS:
        why = f"{plural(n_rows, 'row')} {'is' if n_rows == 1 else 'are'} too few, {FEWEST_ROWS} are needed"
    elif captured < FEWEST_CAPTURES:
        why = f"the scanner found {captured} spans, and {FEWEST_CAPTURES} are needed to learn how often detectors miss one"
    elif total.both < FEWEST_SHARED:
        why = (
            f"of the {captured} spans that the scanner found the other detectors saw {total.both or 'none'}, and "
            f"{FEWEST_SHARED} are needed to learn how often they miss one"
        )
    else:
        why = ""
    unions = [[k] for k in range(kinds)] + [list(group) for group in groups]
    out: list[Missed] = []
    rng = np.random.Generator(np.random.PCG64(0x1EF7))
    for union in unions:
        cells = [per_kind[k] for k in union]
        about = Missed(
            found=sum(c.both + c.main_only for c in cells),
            candidates=sum(c.candidates for c in cells),
            reviewed=sum(c.reviewed for c in cells),
            why_missing=why,
        )
        if why or not union:
            out.append(about)
            continue
        low = _draws(cells, total, n_rows, 1.0, rng)
        high = max(
            float(np.quantile(_draws(cells, total, n_rows, ODDS, rng), _TAILS[1])),
            float(np.quantile(_chao(cells, total, n_rows, rng), _TAILS[1])),
        )
        reviewed = about.reviewed > 0
        out.append(
            Missed(
                value=sum(_chapman(c, total) for c in cells) / n_rows if reviewed else None,
                low=float(np.quantile(low, _TAILS[0])) if reviewed else 0.0,
                high=high,
                found=about.found,
                candidates=about.candidates,
                reviewed=about.reviewed,
            )
        )
    return [_ordered(m) for m in out]


def from_reviewed(seen: Seen, n_rows: int, read: Mapping[int, Read]) -> Missed:
    """Missed spans a row from the rows that a person read alone: no assumption about any detector.

    Two strata, rows with candidates and rows without, read at rates of their own. Both must have been read.
    """
    with_candidates = np.zeros(n_rows, np.bool_)
    with_candidates[seen.row[seen.candidates & (seen.row < n_rows)]] = True
    rng = np.random.Generator(np.random.PCG64(0x5EED))
    sizes = (int(with_candidates.sum()), int((~with_candidates).sum()))
    share = rng.beta(sizes[0] + 0.5, sizes[1] + 0.5, DRAWS)
    lows, highs, value, judged = np.zeros(DRAWS), np.zeros(DRAWS), 0.0, 0
    for stratum, weight in ((True, share), (False, 1.0 - share)):
        of = sizes[0] if stratum else sizes[1]
        counts = np.array([sum(r.real) + r.more for row, r in read.items() if with_candidates[row] == stratum], np.float64)
        judged += len(counts)
        if of == 0:
            continue
        if len(counts) == 0:
            return Missed(why_missing="rows with candidates and rows without must both be read", reviewed=judged)
        total, spread = float(counts.sum()), _spread(counts)
        value += of / n_rows * total / len(counts)
        highs += weight * rng.gamma(total / spread + 1, spread, DRAWS) / len(counts)
        if total:
            lows += weight * rng.gamma(total / spread, spread, DRAWS) / len(counts)
    low, high = float(np.quantile(lows, _TAILS[0])), float(np.quantile(highs, _TAILS[1]))
    return Missed(value, low, high, reviewed=judged, candidates=int(seen.candidates.sum()), found=int(seen.main.sum()))


@dataclass(frozen=True)
class _Judged:
    """For each unit whether a person judged it, and what came out."""

    known: Bools
    real: Bools = field(repr=False)


def _judged(seen: Seen, read: Mapping[int, Read]) -> _Judged:
    known, real = np.zeros(len(seen.row), np.bool_), np.zeros(len(seen.row), np.bool_)
    order = np.flatnonzero(seen.candidates)
    for row, said in read.items():
        mine = order[seen.row[order] == row]
        if len(mine) != len(said.real):
            continue  # the sample is another than the one that was read
        known[mine] = True
        real[mine] = said.real
    return _Judged(known, real)


def _spread(counts: npt.NDArray[np.float64]) -> float:
    total = float(counts.sum())
    return max(1.0, float((counts**2).sum()) / total) if total else 1.0


def _count(seen: Seen, mine: Bools, judged: _Judged, n_rows: int) -> _Counts:
    weak = seen.shape.astype(np.int64) + seen.context
    drawn = seen.row < n_rows
    open_ = mine & seen.candidates & drawn
    rows = np.unique(seen.row[open_], return_counts=True)[1].astype(np.float64)
    found = mine & seen.main
    return _Counts(
        both=int((found & (weak > 0)).sum()),
        main_only=int((found & (weak == 0)).sum()),
        drawn_main_only=int((found & drawn & (weak == 0)).sum()),
        once=int((open_ & (weak == 1)).sum()),
        twice=int((open_ & (weak == 2)).sum()),
        main_once=int((found & drawn & (weak == 1)).sum()),
        real=int((open_ & judged.known & judged.real).sum()),
        false=int((open_ & judged.known & ~judged.real).sum()),
        spread=_spread(rows),
    )


def _recall(cell: _Counts, total: _Counts) -> tuple[float, float]:
    """Beta parameters of the weak lists' recall for a kind, leaning on all kinds."""
    mean = (total.both + 0.5) / (total.both + total.main_only + 1.0)
    return cell.both + _SHRINK * mean, cell.main_only + _SHRINK * (1.0 - mean)


def _precision(cell: _Counts, total: _Counts) -> tuple[float, float]:
    """Beta parameters of the share of candidates that are real, leaning on all kinds."""
    mean = (total.real + 0.5) / (total.reviewed + 1.0)
    return cell.real + mean, cell.false + (1.0 - mean)


def _real(cell: _Counts, total: _Counts, which: int, parts: int, rng: np.random.Generator) -> Floats:
    """Draws of the number of real candidates that such a sample has; `which` is how many of them there are here.

    The half that no count is taken to rule out is shared among the kinds of a union.
    """
    if total.reviewed:
        left = max(0, which - round(cell.reviewed * which / max(1, cell.candidates)))
        share = rng.beta(*_precision(cell, total), DRAWS)
        number = cell.real * which / max(1, cell.candidates) + rng.binomial(left, share)
    else:
        number = np.full(DRAWS, float(which))
    return rng.gamma(number / cell.spread + 0.5 / parts) * cell.spread


def _draws(cells: list[_Counts], total: _Counts, n_rows: int, odds: float, rng: np.random.Generator) -> Floats:
    """Missed spans a row: real candidates, and those behind them that the weak lists missed as well."""
    out = np.zeros(DRAWS)
    for cell in cells:
        recall = rng.beta(*_recall(cell, total), DRAWS)
        out += _real(cell, total, cell.candidates, len(cells), rng) * (1.0 + odds * (1.0 - recall) / recall)
    return out / n_rows


def _chao(cells: list[_Counts], total: _Counts, n_rows: int, rng: np.random.Generator) -> Floats:
    """Missed spans a row when all that is unseen is Chao's bound, from units found once (f1) and twice (f2)."""
    out = np.zeros(DRAWS)
    for cell in cells:
        once = _real(cell, total, cell.once, len(cells), rng)
        twice = _real(cell, total, cell.twice, len(cells), rng)
        f1 = once + rng.gamma(cell.drawn_main_only + 0.5 / len(cells), 1.0, DRAWS)
        f2 = twice + rng.gamma(cell.main_once + 0.5 / len(cells), 1.0, DRAWS)
        out += once + twice + f1 * np.maximum(f1 - 1.0, 0.0) / (2.0 * (f2 + 1.0))
    return out / n_rows


def _chapman(cell: _Counts, total: _Counts) -> float:
    a, b = _precision(cell, total)
    left = cell.candidates - cell.reviewed
    real = cell.real + left * a / (a + b)
    return real * (1.0 + cell.main_only / (cell.both + 1.0))


def _ordered(m: Missed) -> Missed:
    """The point lies inside its interval, whatever the draws."""
    if m.value is None or m.low is None or m.high is None:
        return m
    return Missed(
        m.value, min(m.low, m.value), max(m.high, m.value), m.found, m.candidates, m.reviewed, m.why_missing
    )
