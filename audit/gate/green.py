"""The way to green: the least that brings a red check within its limit.

Counts and shares of findings are worked out in the very arithmetic that they will be judged in; estimates on the upper end
after each cure (`Fact.falls`); where one cure makes several rows go, by the fewest rows to mend (`Fact.fewest`). Of
classes that are too small, every one is named. Gaps between groups, drift and age have no such list.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.gate.evidence import Fact
from audit.gate.policy import Check
from curate.words import plural


@dataclass(frozen=True)
class Way:
    """What to do."""

    least: int | None
    """How many of `findings`, from the first on; None where findings do not say."""
    findings: NDArray[np.int64]
    """The findings behind the check, those to cure first."""
    sentence: str


def way_to_green(check: Check, fact: Fact, bound: float) -> Way:
    """The least that brings a fact within a limit."""
    if fact.short is not None:
        return Way(None, fact.findings, fact.short(bound))
    if fact.row is not None:
        return _by_rows(check, fact, fact.row, bound)
    total = len(fact.findings)
    least = _least(check, fact, bound, total)
    if least is None:
        return Way(None, fact.findings, "")
    first = ", the surest first," if len(fact.falls) else ""
    return Way(least, fact.findings, f"Curing {_some(least, total, 'finding')}{first} brings it within the limit.")


def _by_rows(check: Check, fact: Fact, row: NDArray[np.int64], bound: float) -> Way:
    """Where rows are counted: those with the fewest findings, or those that end the most conflicts."""
    rows, first, size = np.unique(row, return_index=True, return_counts=True)
    least = _least(check, fact, bound, len(rows))
    if least is None:
        return Way(None, fact.findings, "")
    mended = rows[np.lexsort((first, size))[:least]] if fact.fewest is None else fact.fewest(least)
    chosen = np.isin(row, mended)
    several = f" ({plural(int(chosen.sum()), 'finding')})" if chosen.sum() > len(mended) else ""
    told = f"Curing {_some(len(mended), len(rows), 'row')}{several} brings it within the limit."
    return Way(int(chosen.sum()), np.concatenate([fact.findings[chosen], fact.findings[~chosen]]), told)


def _some(least: int, total: int, word: str) -> str:
    if least < total:
        return f"{least:,} of {plural(total, word)}"
    return f"the one {word}" if total == 1 else f"all {plural(total, word)}"


def _least(check: Check, fact: Fact, bound: float, findings: int) -> int | None:
    """How many findings (or rows) must go for a count, a share or an estimate to come down to its limit."""
    assert fact.value is not None
    if len(fact.falls):
        enough = np.flatnonzero(fact.falls <= bound)
        return int(enough[0]) if len(enough) else None
    if check.minimum or check.unit == "days" or fact.high is not None or not findings:
        return None

    def left(cured: int) -> float:
        """The value once so many are cured, in the very arithmetic that it will be judged in."""
        if check.unit == "count":
            return fact.value - cured if fact.value is not None else 0.0
        rows = fact.n - cured if check.name == "duplicate_rate" else fact.n  # a removed row leaves the denominator too
        return (findings - cured) / rows if rows > 0 else 0.0

    if check.unit == "count":
        guess = fact.value - bound
    elif check.name == "duplicate_rate":
        guess = (findings - bound * fact.n) / (1 - bound) if bound < 1 else 0.0
    else:
        guess = findings - bound * fact.n
    least = max(1, math.ceil(guess) - 1)
    while least < findings and left(least) > bound:  # a limit that rounding has moved may ask for one more
        least += 1
    return least
