"""Blind comparison of answers: which of two a person prefers, how often, and how sure that is.

A question is a prompt and two arms, shown in an order that the question's lot decides, so that neither place nor name tells
which is which. Votes are counted by prompt: several votes on one question make one (the majority, or a tie). The win rate
of the first arm counts a tie as half; its interval is that of the mean over prompts by the bootstrap over prompts
(percentiles, seeded), and the exact sign test (two-sided, ties left out) says whether either is preferred at all. With
fewer than `FEWEST` prompts judged there is insufficient evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import xxhash

FEWEST = 10
DRAWS = 2_000
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
            few = f"{self.prompts} prompt{'' if self.prompts == 1 else 's'} judged, {FEWEST} needed"
            return f"{self.first} against {self.second}: insufficient evidence ({few})"
        span = f"[{self.low:.0%}, {self.high:.0%}]"
        return (
            f"{self.first} against {self.second}: preferred on {self.rate:.0%} {span} of {self.prompts} prompts "
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


def win_rate(votes: Iterable[Vote], first: str, second: str, identical: int = 0, seed: int = 0) -> WinRate:
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
    draws = np.random.default_rng(seed).choice(means, (DRAWS, n)).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    p = None
    if wins + losses:
        from scipy.stats import binomtest

        p = float(binomtest(wins, wins + losses).pvalue)
    return WinRate(*common, float(means.mean()), float(low), float(high), p)


def agreement(votes: Sequence[Vote]) -> tuple[int, int]:
    """(questions that the same person answered twice, those answered alike)."""
    said: dict[tuple[int, str, str, str], list[str]] = {}
    for v in votes:
        said.setdefault((v.prompt, v.first, v.second, v.actor), []).append(v.winner)
    twice = [w for w in said.values() if len(w) > 1]
    return len(twice), sum(w[0] == w[1] for w in twice)
