"""`resolve`: findings, decisions and a policy in; a plan out. Pure, total, deterministic.

Order of precedence: a person, then privacy, then the recipe's order of stages.

1. Each finding gets a first status from its stage's policy, then from the live decisions.
2. Drops other than duplicates take effect. Then keepers are chosen among duplicates (see `keepers`).
3. On the rows that stay, overlapping edits merge into their union, which takes the replacement of the edit that goes
   first; one relabel a row and field; one weight a row. `add` needs its parent to stay, and what it changes in it to be
   left alone by other edits.
4. Weights, and rows left out or copied to balance groups, come last: their numbers are worked out again from the rows
   that stay and the labels they have then (see `balance`).
5. Whatever proposed something for a row that leaves, or lost to another proposal, is `superseded`, and says by what.

Everything is arrays: a million rows with a million findings resolve in well under a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.ledger import decisions as dec
from curate.ledger import derived
from curate.ledger.balance import SURPLUS
from curate.ledger.derived import DROP, FLAG, RELABEL, REPLACE, REWEIGHT
from curate.ledger.findings import ACTIONS
from curate.ledger.keepers import Relation, RowFacts, beyond_target, choose_keepers
from curate.ledger.plan import (
    APPLIED,
    PENDING,
    PLAN_SCHEMA,
    REJECTED,
    STALE,
    STATUSES,
    SUPERSEDED,
    Plan,
    codes,
    words,
)
from curate.ledger.sightings import DUPLICATES
from curate.ledger.sightings import STAGE as PEOPLE

OnFinding = Literal["apply", "review", "flag"]
Array = np.ndarray[Any, Any]

SPARED = "a copy that the keep policy leaves in"


@dataclass(frozen=True)
class StagePolicy:
    """What a recipe says about the findings of one stage."""

    on_finding: OnFinding = "review"
    auto: float = 0.9
    """In `review`, findings at or above this score apply by themselves."""
    threshold: float | None = None
    """For duplicates: the similarity an edge must reach to justify a drop; None means as detected."""
    weighted_threshold: float | None = None
    """For duplicates: the weighted similarity (templates discounted) it must reach as well; None means `threshold`."""
    part_threshold: float | None = None
    """For duplicates: the similarity that prompts and responses must reach each; None means `threshold`."""


@dataclass(frozen=True)
class Policy:
    """How findings become a plan. The order of `stages` is the recipe's order, and so their precedence."""

    stages: Mapping[str, StagePolicy] = field(default_factory=dict)
    privacy: frozenset[str] = frozenset({"pii", PEOPLE})
    duplicates: tuple[str, ...] = ("exact_duplicates", "near_duplicates", DUPLICATES)
    """Stages whose drops need a surviving copy; the last are copies that people saw."""
    per_cluster: int = 1
    """Rows of each cluster of duplicates that stay."""
    target_rows: int | None = None
    """Duplicates go, the most redundant first, until so many rows are left; None lets all of them go."""


def resolve(
    findings: pa.Table,
    journal: dec.Journal | None = None,
    policy: Policy | None = None,
    *,
    facts: RowFacts,
    relations: Mapping[str, Relation] | None = None,
) -> Plan:
    """Say what happens to each finding, and why.

    `relations` holds, for each duplicates stage, the classes and verified edges that justify its drops; without them
    a duplicates finding falls back to its own `witness_row` as the only partner.
    """
    table = findings.combine_chunks()
    policy = policy or Policy()
    work = Work(table, policy, facts, dec.effect(journal or dec.Journal(), findings))
    work.first_status()
    work.drop_rows()
    work.choose_keepers(dict(relations or {}))
    derived.drop_surplus(work)
    work.settle_dropped()
    work.merge_edits()
    work.one_each(RELABEL, by_field=True, why="another relabel of this row goes first")
    work.one_each(REWEIGHT, by_field=False, why="another weight for this row goes first")
    derived.add_what_fits(work)
    derived.weigh(work)
    return work.plan()


class Work:
    """The arrays that `resolve` fills, and its steps in order."""

    def __init__(self, table: pa.Table, policy: Policy, facts: RowFacts, effect: dec.Effect) -> None:
        n = table.num_rows
        self.table, self.policy, self.facts, self.effect = table, policy, facts, effect
        self.stages, self.stage = codes(table, "stage")
        actions, action = codes(table, "action")
        self.action = np.array([ACTIONS.index(a) for a in actions] or [0])[action]
        _, self.field = codes(table, "field", missing=-1)
        row = table["row"].combine_chunks()
        self.row: Array = row.fill_null(-1).to_numpy()
        self.score: Array = table["score"].to_numpy().copy()
        self.status = np.full(n, PENDING, np.int8)
        self.whys: dict[str, int] = {}
        self.why = np.zeros(n, np.int32)
        self.dropped = np.zeros(facts.n_rows, bool)
        self.dropped_by = np.full(facts.n_rows, -1, np.int32)
        self.witness: Array = table["witness_row"].combine_chunks().fill_null(-1).to_numpy().copy()
        self.start: Array = table["start"].combine_chunks().fill_null(-1).to_numpy().copy()
        self.end: Array = table["end"].combine_chunks().fill_null(-1).to_numpy().copy()
        self.value: Array = table["value"].combine_chunks().fill_null(np.nan).to_numpy().copy()
        self.rules, self.rule = codes(table, "rule")
        self.precedence = self._precedence()
        if n and int(self.row.max()) >= facts.n_rows:
            raise ValueError("a finding names a row beyond the dataset")

    def set(self, mask: Array, status: int, why: str) -> None:
        """Give findings (a mask of them, or their places) a status and its reason."""
        self.status[mask] = status
        self.why[mask] = self.whys.setdefault(why, len(self.whys))

    def is_stage(self, name: str) -> Array:
        mine: Array = self.stage == (self.stages.index(name) if name in self.stages else -2)
        return mine

    def is_rule(self, name: str) -> Array:
        mine: Array = self.rule == (self.rules.index(name) if name in self.rules else -2)
        return mine

    def _precedence(self) -> Array:
        """Lower goes first: people, privacy, recipe order."""
        order = list(self.policy.stages)
        rank = [order.index(s) + 2 if s in order else len(order) + 2 for s in self.stages]
        rank = [1 if s in self.policy.privacy else r for s, r in zip(self.stages, rank)]
        out = np.array(rank or [0])[self.stage]
        decided = np.isin(self.effect.verdict, (dec.ACCEPT, dec.OVERRIDE))
        return np.where(decided, 0, out)

    def first_status(self) -> None:
        """Policy first, then people."""
        flag = self.action == FLAG
        for name in self.stages:
            mine = self.is_stage(name)
            rule = self.policy.stages.get(name, StagePolicy())
            if rule.on_finding == "apply":
                self.set(mine, APPLIED, "the recipe applies this stage")
            elif rule.on_finding == "flag":
                self.set(mine, PENDING, "the recipe only flags this stage")
            else:
                sure = self.score >= np.float32(round(rule.auto, 4))
                self.set(mine & sure, APPLIED, "its score reaches the stage's auto threshold")
                self.set(mine & (~sure | flag), PENDING, "waits for review")
            if rule.on_finding != "review":
                self.set(mine & flag, APPLIED, "noted: a flag changes no data")
        self.by_policy = self.status.copy()
        verdict = self.effect.verdict
        self.set(verdict == dec.ACCEPT, APPLIED, "accepted by a person")
        self.set(verdict == dec.OVERRIDE, APPLIED, "overridden by a person")
        self.set(verdict == dec.REJECT, REJECTED, "rejected by a person")
        self.set(verdict == dec.STALE, STALE, "accepted earlier, but the proposal has changed since")

    def drop_rows(self) -> None:
        """Drops that need no partner."""
        mine = (self.action == DROP) & (self.status == APPLIED) & (self.row >= 0) & ~self.is_rule(SURPLUS)
        for name in self.policy.duplicates:
            mine &= ~self.is_stage(name)
        which = np.flatnonzero(mine)
        which = which[np.lexsort((which, self.precedence[which]))]
        rows, first = np.unique(self.row[which], return_index=True)
        self.dropped[rows] = True
        self.dropped_by[rows] = self.stage[which[first]]
        self._keep_only(which, which[first])

    def choose_keepers(self, relations: dict[str, Relation]) -> None:
        """Duplicates, stage by stage in recipe order, each among the rows that still stay."""
        known = [s for s in self.policy.stages if s in self.policy.duplicates]
        known += [s for s in self.policy.duplicates if s not in known]
        forced = self._rows((self.status == REJECTED) & self._duplicate_drops())
        for name in known:
            mine = self.is_stage(name) & (self.action == DROP)
            if not mine.any():
                continue
            relation = relations.get(name) or self._own_witnesses(mine)
            rule = self.policy.stages.get(name, StagePolicy())
            if rule.threshold is not None:
                relation = relation.at(rule.threshold, rule.weighted_threshold, rule.part_threshold)
            live = mine & (self.status == APPLIED)
            asked = self._rows(mine & (self.effect.verdict == dec.ACCEPT))
            # What applies by itself under review needs a partner as alike as `auto` asks; a person's word needs none.
            by_itself = rule.auto if rule.on_finding == "review" else 0.0
            chosen = choose_keepers(
                self.facts,
                relation,
                alive=~self.dropped,
                may_drop=self._rows(live),
                forced=forced,
                beside=forced & self._rows(mine & (self.by_policy == APPLIED)),
                asked=asked,
                need=np.where(asked, 0.0, round(by_itself, 4)).astype(np.float32),
                per_cluster=self.policy.per_cluster,
            )
            witness, going = chosen.witness, chosen.witness >= 0
            self.dropped |= going
            self.dropped_by[going] = self.stages.index(name)
            took = live & going[self.row]
            self.witness[took] = witness[self.row[took]]
            self.score[took] = chosen.alike[self.row[took]]
            self.set(live & ~going[self.row] & ~self.dropped[self.row], SUPERSEDED, "kept as the surviving copy")
            self.set(live & chosen.spared[self.row], SUPERSEDED, SPARED)
            self.set(live & forced[self.row], SUPERSEDED, "a person keeps this row")
        # A row whose witness was itself dropped by a later duplicates stage is still matched directly: identical
        # content has identical similarity, so it takes over its witness's witness. So does a row that holds what a
        # witness asks, where that witness goes for its copy.
        drops = (self.action == DROP) & (self.row >= 0) & (self.status == APPLIED)
        drops &= self.stage == self.dropped_by[np.maximum(self.row, 0)]
        drops &= self.witness >= 0
        if (drops & self.dropped[np.maximum(self.witness, 0)]).any():
            by_row = np.full(self.facts.n_rows, -1, np.int64)
            by_row[self.row[drops]] = self.witness[drops]
            for _ in range(len(known) + 1):
                onward = drops & self.dropped[np.maximum(self.witness, 0)] & (by_row[np.maximum(self.witness, 0)] >= 0)
                self.witness[onward] = by_row[self.witness[onward]]
        if self.policy.target_rows is not None:
            self._stop_at(self.policy.target_rows)

    def _stop_at(self, target_rows: int) -> None:
        """Take duplicates back until so many rows are left."""
        mine = self._duplicate_drops()
        went = mine & (self.status == APPLIED) & (self.stage == self.dropped_by[np.maximum(self.row, 0)])
        rows, first = np.unique(self.row[went], return_index=True)
        witness, alike = self.witness[went][first], self.score[went][first]
        asked = self._rows(mine & (self.effect.verdict == dec.ACCEPT))
        back = beyond_target(self.facts, target_rows, self.dropped, rows, witness, alike, asked)
        self.dropped[back], self.dropped_by[back] = False, -1
        spared = np.zeros(self.facts.n_rows, bool)
        spared[back] = True
        again = mine & (self.status == APPLIED) & spared[np.maximum(self.row, 0)]
        self.witness[again] = self.table["witness_row"].combine_chunks().fill_null(-1).to_numpy()[again]
        self.score[again] = self.table["score"].to_numpy()[again]
        self.set(again, SUPERSEDED, SPARED)

    def settle_dropped(self) -> None:
        """Findings on rows that leave have nothing left to change, save the drop that made them leave."""
        on_row = self.row >= 0
        gone = np.zeros(len(self.row), bool)
        gone[on_row] = self.dropped[self.row[on_row]]
        by = np.full(len(self.row), -1, np.int32)
        by[gone] = self.dropped_by[self.row[gone]]
        the_drop = gone & (self.action == DROP) & (self.stage == by) & (self.status == APPLIED)
        lost = gone & ~the_drop & (self.status != REJECTED) & (self.status != SUPERSEDED)
        for code, name in enumerate(self.stages):
            self.set(lost & (by == code), SUPERSEDED, f"its row is dropped by {name}")

    def merge_edits(self) -> None:
        """Overlapping spans of one field become their union; the edit that goes first says what stands there."""
        which = np.flatnonzero((self.action == REPLACE) & (self.status == APPLIED) & (self.row >= 0))
        if len(which) == 0:
            return
        whole = self.start[which] < 0
        start = np.where(whole, 0, self.start[which])
        farthest = int(self.end[which].max(initial=0)) + 1
        end = np.where(whole, farthest, self.end[which])
        order = np.lexsort((end, start, self.field[which], self.row[which]))
        which, start, end = which[order], start[order], end[order]
        place = (np.diff(self.row[which]) != 0) | (np.diff(self.field[which]) != 0)
        place_id = np.concatenate([[0], np.cumsum(place)])
        # A running maximum that restarts at each field: lift every field above all ends of those before it. Cumulated
        # from the real lengths, so that it cannot overflow before the texts themselves fill the memory.
        reaches = np.zeros(int(place_id[-1]) + 2, np.int64)
        np.maximum.at(reaches, place_id + 1, end + 1)
        lift = np.cumsum(reaches)[place_id]
        reach = np.maximum.accumulate(end + lift)
        fresh = np.concatenate([[True], (start + lift)[1:] >= reach[:-1]])
        union = np.cumsum(fresh) - 1
        # The union takes the privacy replacement, even over an edit that a person accepted.
        private = np.isin(self.stage[which], [k for k, s in enumerate(self.stages) if s in self.policy.privacy])
        first = np.lexsort((which, -(end - start), self.precedence[which], ~private, union))
        _, head = np.unique(union[first], return_index=True)
        winners = first[head]
        lost = np.ones(len(which), bool)
        lost[winners] = False
        union_start, union_end = start[fresh], np.maximum.reduceat(end, np.flatnonzero(fresh))
        spanned = ~(self.start[which[winners]] < 0)
        self.start[which[winners[spanned]]] = union_start[spanned]
        self.end[which[winners[spanned]]] = union_end[spanned]
        self._relabels_give_way(which[private])
        winner_stage = self.stage[which[winners]][union]
        for code, name in enumerate(self.stages):
            self.set(which[lost & (winner_stage == code)], SUPERSEDED, f"merged into an overlapping edit of {name}")

    def _relabels_give_way(self, edits: Array) -> None:
        """A label that holds personal data is masked, not renamed: the two would write the same cell."""
        place = self.row * (int(self.field.max(initial=-1)) + 2) + self.field
        which = np.flatnonzero((self.action == RELABEL) & (self.status == APPLIED) & (self.row >= 0))
        edits, which = edits[self._rows(which)[self.row[edits]]], which[self._rows(edits)[self.row[which]]]
        mask = np.zeros(len(self.row), bool)
        mask[which[np.isin(place[which], place[edits])]] = True
        self.set(mask, SUPERSEDED, "the same text is masked for privacy")

    def one_each(self, action: int, *, by_field: bool, why: str) -> None:
        """At most one applied finding of this action a row (and field)."""
        which = np.flatnonzero((self.action == action) & (self.status == APPLIED) & (self.row >= 0))
        if len(which) == 0:
            return
        place = self.field[which] if by_field else np.zeros(len(which), np.int64)
        order = np.lexsort((which, -self.score[which], self.precedence[which], place, self.row[which]))
        which, place = which[order], place[order]
        same = (np.diff(self.row[which]) == 0) & (np.diff(place) == 0)
        mask = np.zeros(len(self.row), bool)
        mask[which[np.concatenate([[False], same])]] = True
        self.set(mask, SUPERSEDED, why)

    def plan(self) -> Plan:
        """The arrays as a table."""
        replacement = self.table["replacement"]
        put = {i: v for i, v in sorted(self.effect.value.items()) if self.effect.verdict[i] == dec.OVERRIDE}
        if put:
            mask = np.zeros(len(self.row), bool)
            mask[list(put)] = True
            values = pa.array(list(put.values()), pa.string())
            replacement = pc.replace_with_mask(replacement.combine_chunks(), pa.array(mask), values)
        for i, given in put.items():
            if self.action[i] == REWEIGHT:
                self.value[i] = float(given or 0)
        computed = {
            "score": pa.array(self.score, pa.float32()),
            "value": pa.array(self.value, pa.float64(), mask=np.isnan(self.value)),
            "start": pa.array(self.start, mask=self.start < 0),
            "end": pa.array(self.end, mask=self.end < 0),
            "replacement": replacement,
            "witness_row": pa.array(self.witness, mask=self.witness < 0),
            "status": words(list(STATUSES), self.status),
            "why": words(list(self.whys), self.why),
        }
        columns = [computed.get(f.name, self.table[f.name] if f.name in self.table.column_names else None)
                   for f in PLAN_SCHEMA]
        table = pa.Table.from_arrays(columns, schema=PLAN_SCHEMA)
        return Plan(table, self.facts.n_rows, self.dropped, tuple(self.effect.orphans))

    def _duplicate_drops(self) -> Array:
        mine = np.zeros(len(self.row), bool)
        for name in self.policy.duplicates:
            mine |= self.is_stage(name)
        mine &= (self.action == DROP) & (self.row >= 0)
        return mine

    def _rows(self, mask: Array) -> Array:
        out = np.zeros(self.facts.n_rows, bool)
        out[self.row[mask]] = True
        return out

    def _keep_only(self, among: Array, winners: Array) -> None:
        lost = np.zeros(len(self.row), bool)
        lost[among] = True
        lost[winners] = False
        by, on_row = np.full(len(self.row), -1, np.int32), self.row >= 0
        by[on_row] = self.dropped_by[self.row[on_row]]
        for code, name in enumerate(self.stages):
            self.set(lost & (by == code), SUPERSEDED, f"its row is dropped by {name}")

    def _own_witnesses(self, mine: Array) -> Relation:
        has = mine & (self.witness >= 0)
        n = self.facts.n_rows
        return Relation(np.arange(n), self.row[has], self.witness[has], self.score[has])
