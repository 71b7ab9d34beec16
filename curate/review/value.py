"""What a decision on each finding is expected to change: rows that hold an error, or checks of the gate that are red.

The first rests on findings and the plan without decisions alone, so it stays the same while people decide; the second is of
the plan in force, and of the policy in the run's recipe. Engines: `audit.review.order`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.gating import red_checks
from curate.gating.asking import RESIDUAL
from curate.house import require
from curate.ledger.balance import SURPLUS

if TYPE_CHECKING:
    from audit.gate import CheckResult, Fact
    from audit.review import RedCheck
    from curate.review.findings import Review
    from curate.review.session import Session

MENDS = ("drop", "replace", "relabel")


def worth_of(findings: pa.Table, waiting: np.ndarray) -> np.ndarray:
    """float64[findings]: the rows that a decision on each is expected to mend; 0 where it mends none (a note, a weight, a
    row that is only left out for balance).

    `waiting` says which findings a person is waited for."""
    action, rule = (findings[name].cast(pa.string()) for name in ("action", "rule"))
    mends = np.asarray(pc.is_in(action, value_set=pa.array(MENDS))) & ~np.asarray(pc.equal(rule, SURPLUS))
    drops = np.asarray(pc.equal(action, "drop"))
    row, score = findings["row"].fill_null(-1).to_numpy(), findings["score"].to_numpy()
    worth: np.ndarray = require("audit.review").mended(waiting, score, row, drops, mends)
    return worth


@dataclass(frozen=True)
class _Asked:
    """What the gate says of one state of a session."""

    state: object
    whole: bool
    """Whether every check was asked; otherwise those alone whose findings decisions settle."""
    reds: list[tuple[CheckResult, Fact]]
    nearer: np.ndarray


_ASKED: WeakKeyDictionary[Session, _Asked] = WeakKeyDictionary()
"""The gate is asked once for every state: a judgement reads the whole dataset, and every question shows what it says."""


def reds_of(session: Session) -> list[tuple[CheckResult, Fact]]:
    """The checks of the recipe's own policy that fail or warn under the plan in force, failures first."""
    return _asked(session, whole=True).reds


def toward_green(session: Session) -> np.ndarray:
    """float64[findings]: the share of the way of red checks to their limits that a decision on each is expected to go."""
    return _asked(session, whole=False).nearer


def _asked(session: Session, *, whole: bool) -> _Asked:
    kept, state = _ASKED.get(session), session.state
    if kept is not None and kept.state is state and (kept.whole or not whole):
        return kept
    policy = require("audit.gate").parse_policy(session.detected.recipe.gate)
    if not whole:  # these have no findings, and may take a model or a second scan: too long between two questions
        slow = {RESIDUAL, *require("audit.gate.reference").CHECKS, *require("audit.gate.fairness").CHECKS}
        policy = replace(policy, limits={name: limit for name, limit in policy.limits.items() if name not in slow})
    reds = red_checks(session.detected, state.plan, session.run, policy)
    made = _ASKED[session] = _Asked(state, whole, reds, _nearer(session, reds))
    return made


def _nearer(session: Session, reds: list[tuple[CheckResult, Fact]]) -> np.ndarray:
    table = session.findings
    score = table["score"].to_numpy().astype(np.float64)
    flag = np.asarray(pc.equal(table["action"].cast(pa.string()), "flag"))
    settles = np.where(flag, 1 - score, 1.0)  # a change leaves the count by either answer, a flag when it is rejected
    row = table["row"].fill_null(-1).to_numpy()
    checks = [_red_check(check, fact, score) for check, fact in reds if len(fact.findings)]
    progress: np.ndarray = require("audit.review").progress(checks, settles, row)
    return progress


def expected(review: Review, by: str) -> Callable[[int], str]:
    """What a decision on a finding is expected to change, in words, for the orders that follow it; nothing for others."""
    if by == "gate":
        return lambda index: _way(toward_green(review.session)[index])  # of what is left, not of the way at the start
    if by == "value":
        worth, n = review.looks[4], max(1, review.session.dataset.n_rows)
        return lambda index: f"a decision mends {worth[index]:.2f} rows on average, {worth[index] / n:.3%} of the data"
    return lambda index: ""


def _way(share: float) -> str:
    return f"a decision goes about {share:.1%} of the way to green" if share > 0 else ""


def red_lines(session: Session) -> list[str]:
    """Which checks are red, and the least that turns each, as sentences."""
    reds = reds_of(session)
    if not reds:
        return ["no check of the gate fails or warns; what follows is in the order of value"]
    cannot = "No decision about a finding moves it."
    lines = []
    for check, fact in reds:
        least = check.to_green or (cannot if not len(fact.findings) else "")
        lines.append(f"{check.title}, {check.verdict}: {check.sentence}{f' {least}' if least else ''}")
    return lines


def _red_check(check: CheckResult, fact: Fact, score: np.ndarray) -> RedCheck:
    judged = check.value if check.high is None else check.high
    limit = check.fail if check.verdict == "fail" else check.warn
    distance = abs((judged or 0.0) - (limit or 0.0))
    at, counted = fact.findings, fact.findings if fact.row is None else np.unique(fact.row)
    if len(fact.falls):
        falls = fact.falls[:-1] - fact.falls[1:]
    elif check.high is not None:  # a mean over rows that were drawn: each finding has its own part in it
        falls = score[at] / max(1, fact.n)
    else:
        falls = np.full(len(at), (check.value or 0.0) / len(counted))
    made: RedCheck = require("audit.review").RedCheck(distance, at, falls, fact.row is not None)
    return made
