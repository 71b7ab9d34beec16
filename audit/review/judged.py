"""Blind comparison of answers: which of two a person prefers, how often, and how sure that is.

A question is a prompt and two arms, shown in an order that the question's lot decides, so that neither place nor name tells
which is which. Votes are counted by prompt: several votes on one question make one (the majority, or a tie). The win rate
of the first arm counts a tie as half. Its interval is made of two exact ones (`interval`), and the exact sign test
(two-sided, ties left out) says whether either is preferred at all. With fewer than `FEWEST` prompts judged there is
insufficient evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from audit.review.agreement import Kappa, kappas
from curate.words import ends, plural, share

FEWEST = 10
DRAWS = 1_000
FIRST, SECOND, TIE = "first", "second", "tie"
WINNERS = (FIRST, SECOND, TIE)
TAKEN_BACK = "taken back"
"""What a line says that takes back the same person's last vote on a question."""


@dataclass(frozen=True)
class Vote:
    """What one person said of one question."""

    prompt: int
    """Row of the prompt in the raw data."""
    first: str
    second: str
    """The arms, in the order of their names, however they were shown."""
    winner: str
    """`first`, `second` or `tie`."""
    actor: str
    answers: str = ""
    """A hash of the two answers: a vote says nothing of what the arms write once they are trained again."""


def vote_of(line: Any) -> Vote:
    """The vote that a line of JSON says; TypeError where it says none."""
    vote = Vote(**line)
    if vote.winner not in (*WINNERS, TAKEN_BACK) or not isinstance(vote.prompt, int):
        raise TypeError("no vote")
    return vote


def standing(votes: Iterable[Vote]) -> list[Vote]:
    """Votes that nobody took back, oldest first."""
    out: list[Vote] = []
    for vote in votes:
        if vote.winner != TAKEN_BACK:
            out.append(vote)
            continue
        same = [n for n, v in enumerate(out) if (v.prompt, v.first, v.second, v.actor, v.answers) ==
                (vote.prompt, vote.first, vote.second, vote.actor, vote.answers)]  # fmt: skip
        if same:
            del out[same[-1]]
    return out


@dataclass(frozen=True)
class WinRate:
    """How often one arm's answers are preferred to another's."""

    first: str
    second: str
    prompts: int
    wins: int
    losses: int
    ties: int
    identical: int
    """Prompts on which both say the same, which nobody was asked about; they count as ties."""
    rate: float | None
    low: float | None
    high: float | None
    p: float | None
    """Two-sided sign test; None where nothing was preferred."""

    def words(self) -> str:
        """The comparison in a sentence."""
        if self.rate is None:
            few = f"{plural(self.prompts, 'prompt')} judged, {FEWEST} needed"
            return f"{self.first} against {self.second}: insufficient evidence ({few})"
        assert self.low is not None
        assert self.high is not None
        return (
            f"{self.first} against {self.second}: preferred on {share(self.rate)} {ends(self.low, self.high)} of "
            f"{self.prompts} prompts "
            f"({self.wins} won, {self.losses} lost, {self.ties} ties, {self.identical} of them word for word the same)"
        )


def pairs_of(arms: Sequence[str]) -> list[tuple[str, str]]:
    """Every pair of arms, each in the order of their names."""
    return list(combinations(sorted(arms), 2))


def swapped(prompt: int, first: str, second: str, again: bool = False) -> bool:
    """Whether a question shows its second arm first; a repeat shows the other order."""
    lot = xxhash.xxh3_64_intdigest(f"{prompt}\x1f{first}\x1f{second}".encode())
    return bool(lot & 1) != again


def question_order(prompts: Sequence[int], pairs: Sequence[tuple[str, str]]) -> list[tuple[int, str, str]]:
    """All questions, pairs in turn, prompts of each pair by lot."""
    by_pair = [
        sorted(((p, a, b) for p in prompts), key=lambda q: xxhash.xxh3_64_intdigest(f"judge\x1f{q}".encode()))
        for a, b in pairs
    ]
    return [questions[i] for i in range(len(prompts)) for questions in by_pair]


def win_rate(votes: Iterable[Vote], first: str, second: str, identical: int = 0) -> WinRate:
    """The win rate of one pair."""
    by_prompt: dict[int, list[float]] = {}
    for vote in votes:
        if (vote.first, vote.second) == (first, second):
            by_prompt.setdefault(vote.prompt, []).append({FIRST: 1.0, SECOND: 0.0, TIE: 0.5}[vote.winner])
    means = np.array([float(np.sign(np.mean(v) - 0.5)) / 2 + 0.5 for _, v in sorted(by_prompt.items())] + [0.5] * identical)
    wins, losses = int((means == 1).sum()), int((means == 0).sum())
    n, ties = len(means), int((means == 0.5).sum())
    common = (first, second, n, wins, losses, ties, identical)
    if len(by_prompt) < FEWEST:
        return WinRate(*common, None, None, None, None)
    low, high = interval(wins, losses, n)
    p = None
    if wins + losses:
        from scipy.stats import binomtest

        p = float(binomtest(wins, wins + losses).pvalue)
    return WinRate(*common, float(means.mean()), low, high, p)


def interval(wins: int, losses: int, prompts: int) -> tuple[float, float]:
    """95% interval of the win rate, 1/2 + (share won - share lost) / 2.

    Given how many were won, the lost ones are binomial among the rest. The exact bounds of the two shares (Clopper and
    Pearson, 1934), read as confidence distributions, are melded into the lower end (Fay, Proschan and Brittain, 2015); the
    upper end is the same of the other arm. A bootstrap would say [100%, 100%] of ten prompts that were all won.
    """
    return _low_end(wins, losses, prompts), 1 - _low_end(losses, wins, prompts)


def _low_end(wins: int, losses: int, n: int) -> float:
    won, lost = _lower(wins, n, 0), _upper(losses, n - wins, 1)
    return float(np.quantile(0.5 + (won - (1 - won) * lost) / 2, 0.025, method="lower"))


def _lower(k: int, n: int, seed: int) -> npt.NDArray[np.float64]:
    from scipy.stats import beta

    return np.zeros(DRAWS) if k == 0 else np.asarray(beta.ppf(_levels(seed), k, n - k + 1))


def _upper(k: int, n: int, seed: int) -> npt.NDArray[np.float64]:
    from scipy.stats import beta

    return np.ones(DRAWS) if k == n else np.asarray(beta.ppf(_levels(seed), k + 1, n - k))


def _levels(seed: int) -> npt.NDArray[np.float64]:
    """Levels spread evenly over 0 to 1, in an order of their own."""
    return np.random.Generator(np.random.PCG64([0x1D6E, seed])).permutation((np.arange(DRAWS) + 0.5) / DRAWS)


def agreement(votes: Sequence[Vote]) -> tuple[int, int]:
    """(questions that the same person answered twice, those answered alike)."""
    said: dict[tuple[int, str, str, str], list[str]] = {}
    for v in votes:
        said.setdefault((v.prompt, v.first, v.second, v.actor), []).append(v.winner)
    twice = [w for w in said.values() if len(w) > 1]
    return len(twice), sum(w[0] == w[1] for w in twice)


def between(votes: Iterable[Vote]) -> tuple[Kappa, ...]:
    """How far each two people agree on the questions that both answered, a tie being an answer of its own."""
    last: dict[tuple[int, str, str], dict[str, str]] = {}
    for v in votes:
        last.setdefault((v.prompt, v.first, v.second), {})[v.actor] = v.winner
    return kappas(last)
