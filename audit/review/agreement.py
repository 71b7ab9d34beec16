"""How far reviewers agree with themselves and with one another.

A finding, or a row, that the same person is asked about twice, without being told, is a *repeat*. A reviewer who errs at
rate e, independently each time, agrees with an earlier answer with probability (1 - e)² + e²; solved for e, with the exact
bounds of the share of agreeing repeats, that gives an interval of the error rate. Several people: Cohen's kappa (1960) of
each pair over the findings that both decided, with his large-sample interval; and, by the same formula, an interval of the
error rate that their differences leave possible, which finds out those who are wrong in the same way twice. Where both can
be told, the error rate lies anywhere in either.

All of it is read from the journal. An undone decision does not count; the first word of each person on a finding is
compared with the next.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from curate.ledger.decisions import Journal
from curate.statistics import Z
from curate.words import plural, share

FEWEST_REPEATS = 5
"""With fewer, no error rate is estimated, and none is assumed."""


@dataclass(frozen=True)
class Kappa:
    """Agreement of two people beyond chance."""

    a: str
    b: str
    findings: int
    agreed: float
    value: float | None
    low: float | None
    high: float | None

    def words(self, a: str, b: str) -> str:
        """The agreement in a line, under names that are safe to show."""
        kappa = "not defined (no variety)" if self.value is None else f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"
        questions = plural(self.findings, "question")
        return f"{a or '(no name)'} and {b or '(no name)'}: {questions}, {share(self.agreed)} alike, kappa {kappa}"


@dataclass(frozen=True)
class Reliability:
    """What repeats and several reviewers show."""

    repeats: int
    agreeing: int
    error_low: float
    error_high: float
    """Interval of how often an answer is wrong; 0 and 0 where there are too few repeats, and too few findings that
    several people decided, to tell."""
    pairs: tuple[Kappa, ...]
    conflicts: tuple[str, ...]
    """Ids of findings, and `row` with the ids of rows, on which the last words of two people differ."""

    @property
    def error(self) -> tuple[float, float]:
        """The interval of the error rate."""
        return self.error_low, self.error_high


def reliability(journal: Journal) -> Reliability:
    """Self-agreement, agreement and conflicts in a journal."""
    words: dict[str, dict[str, list[tuple[str, bool]]]] = {}
    for decision in journal.live():
        if decision.filter is not None or decision.verdict == "flag":  # neither is an answer about one finding
            continue
        # An answer about a row is one answer, however many sightings it speaks of.
        about = decision.finding_ids if decision.row is None else (f"row {decision.row['row_id']}",)
        said = _side(decision.verdict), len(about) == 1  # one word on several findings answers a question about none
        for name in about:
            words.setdefault(name, {}).setdefault(decision.actor, []).append(said)
    repeats = agreeing = 0
    for by_actor in words.values():
        for answers in by_actor.values():
            for (before, asked), (after, again) in pairwise(answers):
                repeats += asked and again
                agreeing += asked and again and before == after
    last = {finding: {actor: answers[-1][0] for actor, answers in by.items()} for finding, by in words.items()}
    pairs = kappas(last)
    between, alike = sum(k.findings for k in pairs), sum(round(k.agreed * k.findings) for k in pairs)
    spans = [_error(of, same) for of, same in ((repeats, agreeing), (between, alike)) if of >= FEWEST_REPEATS]
    low, high = (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0.0, 0.0)
    conflicts = tuple(sorted(finding for finding, by in last.items() if len(set(by.values())) > 1))
    return Reliability(repeats, agreeing, low, high, pairs, conflicts)


def _side(verdict: str) -> str:
    """A corrected proposal is one that found something."""
    return "reject" if verdict == "reject" else "accept"


def _error(repeats: int, agreeing: int) -> tuple[float, float]:
    from scipy.stats import beta

    alpha = 0.025  # half of the whole: the other half is the sample's
    low = 0.0 if agreeing == 0 else float(beta.ppf(alpha / 2, agreeing, repeats - agreeing + 1))
    high = 1.0 if agreeing == repeats else float(beta.ppf(1 - alpha / 2, agreeing + 1, repeats - agreeing))
    return _error_of(high), _error_of(low)


def _error_of(agreement: float) -> float:
    """The error rate whose answers agree with themselves this often; a half where no better than chance."""
    return 0.5 if agreement <= 0.5 else (1 - math.sqrt(2 * agreement - 1)) / 2


def kappas(last: Mapping[Any, Mapping[str, str]]) -> tuple[Kappa, ...]:
    """Agreement of each two people who answered some question both; `last` is each one's last word, by question."""
    actors = sorted({actor for by in last.values() for actor in by})
    return tuple(k for a, b in combinations(actors, 2) if (k := _kappa(a, b, last)) is not None)


def _kappa(a: str, b: str, last: Mapping[Any, Mapping[str, str]]) -> Kappa | None:
    both = [(by[a], by[b]) for by in last.values() if a in by and b in by]
    n = len(both)
    if n == 0:
        return None
    agreed = sum(x == y for x, y in both) / n
    one, two = Counter(x for x, _ in both), Counter(y for _, y in both)
    chance = sum(one[word] * two[word] for word in one) / n**2
    if chance >= 1 - 1e-12:  # both always said the same one thing: nothing to tell from chance
        return Kappa(a, b, n, agreed, None, None, None)
    kappa = (agreed - chance) / (1 - chance)
    half = Z * math.sqrt(agreed * (1 - agreed) / n) / (1 - chance)
    return Kappa(a, b, n, agreed, kappa, max(-1.0, kappa - half), min(1.0, kappa + half))
