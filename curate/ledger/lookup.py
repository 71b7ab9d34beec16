"""Where the findings that decisions are about stand in a table, and whether they still propose what was seen.

Looked up once for a decision and a table: a bulk decision is long, and the plan is resolved at every key. What was found is
kept beside both and not in either, so that a decision holds no table, two tables do not push each other out, and nothing
is kept of a table or a decision that is gone.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

if TYPE_CHECKING:
    from curate.ledger.decisions import Decision

Place = tuple[np.ndarray, np.ndarray]
"""Of each finding of a decision: its index in the table, -1 where that lacks it; whether it proposes what was seen."""


class _Known:
    """What was looked up in one table. Neither tables nor decisions can be hashed, so they go by their place in memory:
    an entry leaves before its object does, and is asked whether it is of the very same one."""

    def __init__(self, findings: pa.Table) -> None:
        self.findings = weakref.ref(findings, partial(_forget, id(findings)))
        self._places: dict[int, tuple[weakref.ref[Decision], Place]] = {}

    def get(self, decision: Decision) -> Place | None:
        of, place = self._places.get(id(decision), (None, None))
        return place if of is not None and of() is decision else None

    def put(self, decision: Decision, place: Place) -> None:
        places, key = self._places, id(decision)
        places[key] = weakref.ref(decision, lambda _: places.pop(key, None)), place

    def clear(self) -> None:
        self._places.clear()


_TABLES: dict[int, _Known] = {}


def _forget(key: int, _: object) -> None:
    known = _TABLES.pop(key, None)
    if known is not None:
        known.clear()


def places(findings: pa.Table, decisions: Sequence[Decision]) -> list[Place]:
    """The place of each decision in a table of findings."""
    known = _TABLES.get(id(findings))
    if known is None or known.findings() is not findings:
        known = _TABLES[id(findings)] = _Known(findings)
    out = [known.get(decision) for decision in decisions]
    fresh = [decision for decision, place in zip(decisions, out, strict=True) if place is None]
    index = _index(findings, fresh)
    looked_up = {id(decision): _place(decision, index) for decision in fresh}
    for decision in fresh:
        known.put(decision, looked_up[id(decision)])
    return [looked_up[id(d)] if place is None else place for d, place in zip(decisions, out, strict=True)]


def seen_hashes(findings: pa.Table) -> list[str]:
    """The `seen` hash of each finding: what a decision on it would be a decision about."""
    pairs = zip(findings["action"].to_pylist(), findings["replacement"].to_pylist())
    return [xxhash.xxh3_64_hexdigest(f"{a}\x1f{text!r}".encode()) for a, text in pairs]


def _place(decision: Decision, index: dict[str, tuple[int, str]]) -> Place:
    at = [index.get(finding_id, (-1, "")) for finding_id in decision.finding_ids]
    as_seen = [now == then for (_, now), then in zip(at, decision.seen)] + [True] * (len(at) - len(decision.seen))
    return np.array([i for i, _ in at], np.int64), np.array(as_seen, bool)


def _index(findings: pa.Table, decisions: Sequence[Decision]) -> dict[str, tuple[int, str]]:
    """Position and present `seen` hash of each decided finding; only decided ids are looked up."""
    wanted = sorted({bytes.fromhex(i) for d in decisions for i in d.finding_ids})
    if not wanted:
        return {}
    found = pc.is_in(findings["finding_id"], value_set=pa.array(wanted, pa.binary(16)))
    where = np.flatnonzero(found.to_numpy(zero_copy_only=False))
    rows = findings.select(["finding_id", "action", "replacement"]).take(pa.array(where))
    ids = rows["finding_id"].to_pylist()
    return {i.hex(): (int(at), seen) for i, at, seen in zip(ids, where, seen_hashes(rows))}
