"""Steps of a review: one action each on the journal as it stands when its turn comes, to be saved together.

Pure: a step reads the journal that it is given and says what to append and what that comes to; it writes nothing. So keys
that come faster than the plan is resolved are one write and one resolve (`Session.save`), in their order: an undo takes
back the decision before it, saved or not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.ledger.decisions import Decision, Journal, decide, undo

Verdict = Literal["accept", "reject", "override", "flag"]


@dataclass(frozen=True)
class Saved:
    """What a step came to, for the screen to say."""

    decision: Decision
    findings: np.ndarray
    """Indices of the findings that the decision is about."""
    others: int = 0
    """Decisions that someone else had written since the journal was read last."""


Step = Callable[[Journal], tuple[Decision, Saved] | None]
"""What to append, and what it comes to; None where there is nothing to do."""


def deciding(
    findings: pa.Table,
    indices: Sequence[int] | np.ndarray,
    verdict: Verdict,
    value: str | None = None,
    *,
    why: str = "",
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the journal's own word
) -> Step:
    """Take a decision on some findings."""

    def step(journal: Journal) -> tuple[Decision, Saved]:
        made = decide(findings, [int(i) for i in indices], verdict, value=value, why=why, filter=filter)
        return made, Saved(made, np.array(indices, np.int64))

    return step


def unflagging(findings: pa.Table, index: int) -> Step:
    """Take back the flag on one finding, where it has one of its own."""
    finding = findings["finding_id"][index].as_py().hex()

    def step(journal: Journal) -> tuple[Decision, Saved] | None:
        flags = [d for d in journal.live() if d.verdict == "flag" and finding in d.bound]
        if not flags or len(flags[-1].finding_ids) != 1:
            return None
        return undo(flags[-1]), Saved(flags[-1], np.array([index]))

    return step


def reversing(findings: pa.Table, which: Literal["undo", "redo"]) -> Step:
    """Take back the newest decision, or bring back what was taken back last; nothing where the journal lacks it."""

    def step(journal: Journal) -> tuple[Decision, Saved] | None:
        last = journal.next_undo() if which == "undo" else journal.next_redo()
        if last is None:
            return None
        target: Decision | None = last
        while target is not None and target.inverse_of is not None:
            target = next((d for d in journal.decisions if d.decision_id == target.inverse_of), None)
        if target is None:  # a journal whose beginning was cut away speaks of decisions that it does not hold
            return None
        return undo(last), Saved(target, indices_of(findings, target.finding_ids))

    return step


def indices_of(findings: pa.Table, finding_ids: Sequence[str]) -> np.ndarray:
    """Where these findings stand; those that this run did not bring are left out."""
    wanted = pa.array([bytes.fromhex(i) for i in finding_ids], pa.binary(16))
    column = findings["finding_id"].combine_chunks()
    here = np.flatnonzero(pc.is_in(column, value_set=wanted).to_numpy(zero_copy_only=False))
    # The few that are here are put in the order asked for: a table of all ids would take longer than a look at each.
    at = pc.index_in(wanted, value_set=column.take(pa.array(here))).drop_null().to_numpy(zero_copy_only=False)
    found: np.ndarray = here[at].astype(np.int64)
    return found
