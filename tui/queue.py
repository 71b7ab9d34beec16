"""The queue of a panel: which findings, in which order, under which headings. Arrays only, no widget.

Cost: a few vectorised passes over the panel's findings, 0.1 s for 200,000 of them; so it is made in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.house import require
from curate.ledger.plan import PENDING, STALE, STATUSES
from curate.review.filter import Choice, choose, quoted
from curate.review.session import QUEUE_ORDER, Session
from curate.review.value import worth_of

SORTS = ("state", "score", "impact", "value", "row")
SORT_SAYS = {
    "state": "what waits first",
    "score": "by score: the surest first",
    "impact": "by impact: what keeps the gate red first",
    "value": "by value: what a decision cures most first",
    "row": "by row, as in the file",
}
"""What each order means, for the line above the queue."""
GROUPS = ("", "rule", "change", "partner", "field", "state")
GROUP_SAYS = {
    "": "not grouped", "rule": "grouped by rule", "change": "grouped by label change",
    "partner": "grouped by the row that stays", "field": "grouped by field", "state": "grouped by state",
}  # fmt: skip
Array = np.ndarray


EVERYTHING = Choice("")


@dataclass(frozen=True)
class Wish:
    """How a person wants to see a queue."""

    choice: Choice = EVERYTHING
    sort: str = "state"
    group: str = ""
    waiting_only: bool = False
    closed: frozenset[str] = frozenset()
    """Keys of headings whose findings are folded away."""

    def where(self, stages: list[str]) -> str:
        """The filter, as `curate decide --where` takes it, that chooses what this queue shows."""
        state = ["state:waits"] if self.waiting_only else []
        return " ".join(part for part in (quoted("stage", ",".join(stages)), *state, self.choice.text) if part)

    @property
    def narrowed(self) -> bool:
        """Whether less than everything is shown."""
        return bool(self.choice.terms) or self.waiting_only


@dataclass(frozen=True)
class Heading:
    """Findings that have something in common."""

    key: str
    """A filter term that chooses them (of what the queue shows)."""
    value: tuple[Any, ...]
    """What they have in common, raw: whoever shows it masks it."""
    members: Array
    waiting: int


@dataclass(frozen=True)
class Queue:
    """What the table shows: indices of findings, and -1 - k for heading k."""

    shown: Array = field(default_factory=lambda: np.empty(0, np.int64))
    members: Array = field(default_factory=lambda: np.empty(0, np.int64))
    """Every finding of it, folded ones included, in order."""
    headings: tuple[Heading, ...] = ()
    total: int = 0
    """Findings of the panel before any filter."""
    wish: Wish = field(default_factory=Wish)

    def place(self, index: int) -> int | None:
        """Where a finding stands; None when it is not shown."""
        found = np.flatnonzero(self.shown == index)
        return int(found[0]) if len(found) else None

    def folded(self, key: str) -> Wish:
        """The wish with one heading folded, or unfolded."""
        return replace(self.wish, closed=self.wish.closed ^ {key})


def groupings(session: Session, stages: list[str]) -> list[str]:
    """Of the groupings, those under which the findings of these stages differ, and none at all."""
    every = np.concatenate([session.of_stage(s) for s in stages] or [np.empty(0, np.int64)])
    mine = session.findings.select(["rule", "field", "action"]).take(pa.array(every))
    taken = {name: pc.unique(mine[name]).to_pylist() for name in mine.column_names}
    witness = session.plan.table["witness_row"].take(pa.array(every))
    says = {
        "": True, "rule": len(taken["rule"]) > 1, "field": len(taken["field"]) > 1, "change": "relabel" in taken["action"],
        "partner": witness.null_count < len(witness), "state": len(np.unique(session.state.status[every])) > 1,
    }  # fmt: skip
    return [name for name in GROUPS if says[name]]


def arranged(session: Session, stages: list[str], wish: Wish, red: Array | None = None) -> Queue:
    """The queue of these stages; `red`: findings behind checks that keep the gate from passing."""
    every = np.concatenate([session.of_stage(s) for s in stages] or [np.empty(0, np.int64)])
    chosen = choose(session, wish.choice, every)
    if wish.waiting_only:
        chosen = chosen[np.isin(session.state.status[chosen], (PENDING, STALE))]
    ordered = chosen[_order(session, chosen, wish.sort, red)]
    if not wish.group or not len(ordered):
        return Queue(ordered, ordered, (), len(every), wish)
    headings = _headings(session, ordered, wish.group)
    parts: list[Array] = []
    for k, heading in enumerate(headings):
        parts.append(np.array([-1 - k], np.int64))
        if heading.key not in wish.closed:
            parts.append(heading.members)
    members = np.concatenate([h.members for h in headings])
    return Queue(np.concatenate(parts), members, tuple(headings), len(every), wish)


def _order(session: Session, chosen: Array, sort: str, red: Array | None) -> Array:
    score, row, flags = session.scores[chosen], session.rows_of[chosen], session.flag_mask[chosen]
    if sort == "row":
        return np.lexsort((-score, row))
    if sort == "score":
        return np.lexsort((row, -score))
    if sort == "impact":
        is_red = np.zeros(session.findings.num_rows, bool)
        is_red[red if red is not None else np.empty(0, np.int64)] = True
        return np.lexsort((row, -score, -_shared(session, chosen), ~is_red[chosen]))
    turn = QUEUE_ORDER[session.state.status[chosen]]
    if sort == "value":
        waits = np.isin(session.state.status, (PENDING, STALE))
        worth = worth_of(session.findings, waits)[chosen]
        guided = require("audit.review").guides(waits[chosen], score.astype(np.float64), row, worth)
        return np.asarray(guided["value"])
    return np.lexsort((row, -score, flags, turn))


def _shared(session: Session, chosen: Array) -> Array:
    """How many findings of the run speak of the same row, or of the same surviving row: what one decision stirs."""
    row = session.rows_of
    partner = session.plan.table["witness_row"].fill_null(-1).to_numpy()
    n = session.dataset.n_rows
    on_row = np.bincount(row[row >= 0], minlength=n)
    on_partner = np.bincount(partner[partner >= 0], minlength=n)
    mine, its = row[chosen], partner[chosen]
    found = np.where(mine >= 0, on_row[mine], 0) + np.where(its >= 0, on_partner[its], 0)
    shared: Array = found + np.where(mine >= 0, on_partner[mine], 0)
    return shared


def _headings(session: Session, ordered: Array, group: str) -> list[Heading]:
    codes, told = _GROUPING[group](session, ordered)
    present, first, inverse, size = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
    waits = np.isin(session.state.status[ordered], (PENDING, STALE))
    waiting = np.bincount(inverse, weights=waits, minlength=len(present)).astype(int)
    by_group = ordered[np.argsort(inverse, kind="stable")]
    ends = np.cumsum(size)
    out = []
    for g in np.lexsort((first, -size, -waiting)):
        members = by_group[ends[g] - size[g] : ends[g]]
        key, value = told(int(present[g]))
        out.append(Heading(key, value, members, int(waiting[g])))
    return out


Told = Callable[[int], tuple[str, tuple[Any, ...]]]


def _by_column(name: str) -> Callable[[Session, Array], tuple[Array, Told]]:
    def look(session: Session, ordered: Array) -> tuple[Array, Told]:
        column = session.findings[name].combine_chunks()
        names = column.dictionary.to_pylist()
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)[ordered]

        def told(code: int) -> tuple[str, tuple[Any, ...]]:
            return ("", ("(none)",)) if code < 0 else (quoted(name, names[code]), (names[code],))

        return codes, told

    return look


def _by_state(session: Session, ordered: Array) -> tuple[Array, Told]:
    def told(code: int) -> tuple[str, tuple[Any, ...]]:
        return f"state:{STATUSES[code]}", (STATUSES[code],)

    return session.state.status[ordered], told


def _by_change(session: Session, ordered: Array) -> tuple[Array, Told]:
    """Label given and label proposed; what changes no label goes by its action."""
    rows = session.findings["row"].take(pa.array(ordered)).combine_chunks()
    labels = session.dataset.labels()
    given = (pa.nulls(len(ordered), pa.large_string()) if labels is None else labels.take(rows)).dictionary_encode()
    put = session.plan.table["replacement"].take(pa.array(ordered)).combine_chunks().dictionary_encode()
    names, wanted = given.dictionary.to_pylist(), put.dictionary.to_pylist()
    a = given.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    b = put.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    base = len(wanted) + 1

    def told(code: int) -> tuple[str, tuple[Any, ...]]:
        i, j = divmod(code, base)
        one, two = (names[i - 1] if i else None), (wanted[j - 1] if j else None)
        parts = [quoted("from", one)] if one is not None else []
        parts += [quoted("to", two)] if two is not None else []
        return " ".join(parts), (one, two)

    return a * base + b, told


def _by_partner(session: Session, ordered: Array) -> tuple[Array, Told]:
    """The row that stays: a dropped row goes with its witness, a survivor with itself."""
    row = session.rows_of[ordered]
    partner = session.plan.table["witness_row"].fill_null(-1).to_numpy()[ordered]
    codes = np.where(partner >= 0, partner, row)

    def told(code: int) -> tuple[str, tuple[Any, ...]]:
        return f"near:{code}", (code,)

    return codes, told


_GROUPING: dict[str, Callable[[Session, Array], tuple[Array, Told]]] = {
    "rule": _by_column("rule"), "field": _by_column("field"), "state": _by_state, "change": _by_change,
    "partner": _by_partner,
}  # fmt: skip
