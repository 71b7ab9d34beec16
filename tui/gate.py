"""What the gate says of the plan in force, and how long it takes to turn it green. No widget in here.

The verdict is `curate gate RUN`'s own, under the recipe's policy. Time to green is the number of findings that must still
be cured, where the gate knows it, times the pace of this journal: the median gap between decisions taken one by one.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from curate.gating import judge_plan
from curate.house import require
from curate.ledger.decisions import Decision
from curate.review.session import Session, State
from curate.words import duration

SIGN = {"pass": "✓", "warn": "!", "fail": "✗", "insufficient evidence": "?", "not applicable": "–"}
WORD = {"pass": "passes", "warn": "warns", "fail": "fails", "insufficient evidence": "cannot tell"}
PAUSE_SECONDS = 120.0
"""A longer gap between two decisions is a pause, not a pace."""
FEWEST_GAPS = 5


@dataclass(frozen=True)
class CheckState:
    """One check, for the screen; sentences hold no text of the data."""

    name: str
    title: str
    verdict: str
    sentence: str
    cures: int | None
    """Findings whose cure turns it, where known."""
    findings: tuple[int, ...]


@dataclass(frozen=True)
class GateState:
    """The gate at one moment."""

    verdict: str
    checks: tuple[CheckState, ...]
    pace_s: float | None
    of: State | None = None
    """The state that was judged."""
    error: str = ""

    @property
    def red(self) -> tuple[CheckState, ...]:
        """Checks that keep the gate from passing."""
        return tuple(c for c in self.checks if c.verdict in ("fail", "insufficient evidence"))

    @property
    def to_green(self) -> int | None:
        """Findings to cure until nothing fails; None where decisions alone do not settle it, or it is not known."""
        known = [c.cures for c in self.red]
        return None if any(n is None for n in known) else sum(n for n in known if n is not None)

    def line(self, *, short: bool = False) -> str:
        """For the bar on top."""
        if self.error:
            return "gate ? not judged"
        said = f"gate {SIGN.get(self.verdict, '?')} {WORD.get(self.verdict, self.verdict)}"
        if not self.red:
            return said
        need = self.to_green
        if need is None:
            return f"{said} {len(self.red)}" if short else f"{said}: {len(self.red)} of {len(self.checks)} checks"
        return f"{said}, {self.time_to_green(short=short)}"

    def time_to_green(self, *, short: bool = False) -> str:
        """`12 to green, about 2 min`."""
        need = self.to_green
        if need is None:
            return "green: not by decisions alone"
        took = "" if self.pace_s is None else f" ~{duration(need * self.pace_s)}" if short else (
            f", about {duration(need * self.pace_s)}"
        )  # fmt: skip
        return f"{need:,} to green{took}"


def judged(session: Session) -> GateState:
    """Judge the plan in force; a second or less for 100,000 findings, so it runs in a thread."""
    state = session.state
    gates = require("audit.gate")
    policy = gates.parse_policy(session.detected.recipe.gate)
    result = judge_plan(session.detected, state.plan, session.run, policy)
    checks = tuple(
        CheckState(c.name, c.title, c.verdict, c.sentence, gates.cures(c), c.findings) for c in result.checks
    )
    return GateState(result.verdict, checks, pace(state.journal.decisions), state)


def pace(decisions: Sequence[Decision]) -> float | None:
    """Seconds from one decision to the next, where one person took them one by one; None before a few were taken."""
    gaps = []
    single = [d for d in decisions if d.inverse_of is None and d.filter is None and len(d.finding_ids) == 1]
    for before, after in pairwise(single):
        if before.actor == after.actor and (gap := _seconds(before.at, after.at)) is not None and 0 <= gap < PAUSE_SECONDS:
            gaps.append(gap)
    return statistics.median(gaps) if len(gaps) >= FEWEST_GAPS else None


def _seconds(start: str, end: str) -> float | None:
    try:
        return (dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):
        return None
