"""What another threshold would do: counted at once from arrays made beforehand, then worked out exactly. No widget in here.

Duplicates. Each row has a *level*: the highest threshold at which it has a direct partner that goes before it in the keep
order and may justify its going. Counting levels gives the rows lost at any threshold, by group, in microseconds; it counts
a row as lost whose partner is lost itself, so it is a little too high (shown with ≈). The exact count chooses keepers again
over the stored edges, without computing any similarity: 0.1 s for a million rows. Below the threshold of the detection the
stored pairs are a sample, and both numbers are least numbers (shown with ≥).

Labels. The level of a relabel finding is its score, and counting is exact but for decisions of people.

The gate is judged on the exact plan; between, the answer of the nearest threshold that has been judged is shown.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from curate.gating import judge_plan
from curate.house import require
from curate.ledger import decisions as dec
from curate.ledger.decisions import effect
from curate.ledger.keepers import RowFacts, choose_keepers
from curate.ledger.plan import APPLIED, PENDING, STALE, Plan
from curate.ledger.resolve import Policy
from curate.review.session import Session

DUPLICATES, LABELS = "near_duplicates", "label_issues"
STEP = 0.01
MOST_GROUPS = 8
EDGE_PAIRS = 3
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Count:
    """What a threshold does to rows."""

    threshold: float
    rows: int
    """Rows lost to the stage, or labels changed by it."""
    by_group: Ints
    """int64[groups]: of each group that is shown."""
    exact: bool
    seconds: float = 0.0


@dataclass(frozen=True)
class Judged:
    """The gate at one threshold."""

    threshold: float
    verdict: str
    red: tuple[str, ...]
    """Titles of the checks that fail or cannot tell."""
    rows_out: int


@dataclass
class Scrub:
    """One stage of one run, ready to be scrubbed."""

    session: Session
    stage: str
    low: float
    """Lowest threshold offered: the floor down to which pairs are stored, or the lowest score."""
    now: float
    """The threshold in force."""
    where: Ints
    """int64[k]: the row of each level."""
    level: Floats
    """float32[k]: the highest threshold at which the row is touched."""
    group_names: tuple[str, ...] = ()
    group_rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """Rows of each group that is shown."""
    column: str = ""
    _codes: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    _sorted: list[Floats] = field(default_factory=list)
    judged: dict[float, Judged] = field(default_factory=dict)
    pairs: tuple[Ints, Ints, Floats] | None = None
    """Rows a and b of each stored pair and how alike they are, sorted by that; None for labels."""
    others: npt.NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    """Rows that leave for another reason than this stage."""

    def __post_init__(self) -> None:
        self._all = np.sort(self.level)
        code = self._codes[self.where] if len(self._codes) else np.empty(0, np.int64)
        self._sorted = [np.sort(self.level[code == g]) for g in range(len(self.group_names))]

    @property
    def unit(self) -> str:
        """What is counted."""
        return "rows leave" if self.stage == DUPLICATES else "labels change"

    def sampled(self, threshold: float) -> bool:
        """Whether the pairs at a threshold are a sample of those there are."""
        return self.stage == DUPLICATES and threshold < self.now - 1e-6

    def count(self, threshold: float) -> Count:
        """The count that is there at once."""
        def at(levels: Floats) -> int:
            return len(levels) - int(np.searchsorted(levels, np.float32(threshold - 1e-6)))

        return Count(threshold, at(self._all), np.array([at(s) for s in self._sorted], np.int64), exact=False)

    def curve(self, steps: int) -> tuple[npt.NDArray[np.float64], Ints]:
        """Thresholds over the whole range and the count at each."""
        grid = np.linspace(self.low, 1.0, steps)
        return grid, np.array([len(self._all) - int(np.searchsorted(self._all, np.float32(t - 1e-6))) for t in grid])

    def nearest(self, threshold: float) -> Judged | None:
        """The gate at the nearest threshold that has been judged."""
        return min(self.judged.values(), key=lambda j: abs(j.threshold - threshold), default=None)

    def exact(self, threshold: float) -> tuple[Count, Plan]:
        """The count as a plan would have it, and that plan."""
        plan = self._plan(threshold)
        if self.stage == DUPLICATES:
            lost = plan.dropped & ~self.others
        else:
            mine = _are(plan.table, "stage", self.stage) & _are(plan.table, "action", "relabel")
            mine &= plan.status() == APPLIED
            lost = np.zeros(plan.n_rows, bool)
            lost[plan.table["row"].fill_null(0).to_numpy()[mine]] = True
        groups = np.array([0] * len(self.group_names), np.int64)
        if len(self._codes):
            code = self._codes[lost]
            groups = np.bincount(code[code >= 0], minlength=len(groups))[: len(groups)].astype(np.int64)
        return Count(threshold, int(lost.sum()), groups, exact=True), plan

    def judge(self, threshold: float, plan: Plan) -> Judged:
        """The gate on a plan; remembered."""
        session = self.session
        policy = require("audit.gate").parse_policy(session.detected.recipe.gate)
        result = judge_plan(session.detected, plan, session.run, policy)
        red = tuple(c.title for c in result.checks if c.verdict in ("fail", "insufficient evidence"))
        found = Judged(threshold, result.verdict, red, plan.n_rows - int(plan.dropped.sum()))
        self.judged[round(threshold, 4)] = found
        return found

    def edge(self, threshold: float) -> list[tuple[int, int, float]]:
        """What the threshold parts: the pairs (or findings, as row and -1) nearest to it, the most alike first."""
        if self.pairs is not None:
            a, b, alike = self.pairs
            at = int(np.searchsorted(alike, np.float32(threshold - 1e-6)))
            chosen = range(max(0, at - EDGE_PAIRS), min(len(alike), at + EDGE_PAIRS))
            return [(int(a[i]), int(b[i]), float(alike[i])) for i in reversed(chosen)]
        order = np.argsort(self.level, kind="stable")
        at = int(np.searchsorted(self.level[order], np.float32(threshold - 1e-6)))
        chosen = range(max(0, at - EDGE_PAIRS), min(len(order), at + EDGE_PAIRS))
        return [(int(self.where[order[i]]), -1, float(self.level[order[i]])) for i in reversed(chosen)]

    def to_decide(self, threshold: float) -> tuple[Ints, str, dict[str, Any]]:
        """(findings, verdict, filter) of the one bulk decision that keeps a threshold; no findings where none can."""
        table = self.session.findings
        score = table["score"].to_numpy()
        action = "drop" if self.stage == DUPLICATES else "relabel"
        mine = _are(table, "stage", self.stage) & _are(table, "action", action)
        mine &= np.isin(self.session.state.status, (PENDING, STALE, APPLIED))
        limit = round(float(np.float32(threshold)), 4)
        if self.stage == LABELS:
            chosen = np.flatnonzero(mine & (score >= np.float32(limit)))
            return chosen, "accept", {"stage": self.stage, "action": action, "min_score": limit}
        below = round(limit - 1e-4, 4)
        mine &= (score <= np.float32(below)) & (not self.sampled(threshold))
        return np.flatnonzero(mine), "reject", {"stage": self.stage, "action": action, "max_score": below}

    def _plan(self, threshold: float) -> Plan:
        detected, journal = self.session.detected, self.session.state.journal
        policy = detected.recipe.policy()
        rule = policy.stages[self.stage]
        if self.stage == LABELS:
            rule = dataclasses.replace(rule, on_finding="review", auto=threshold)
            return detected.resolve(journal, _with(policy, self.stage, rule))
        moved = max(threshold, self.now)
        part = _setting(self.session, "part_threshold", self.now)
        rule = dataclasses.replace(
            rule, on_finding="apply", threshold=moved, weighted_threshold=moved, part_threshold=part
        )
        plan = detected.resolve(journal, _with(policy, self.stage, rule))
        if not self.sampled(threshold):
            return plan
        relation = detected.relations()[self.stage].at(threshold, threshold, part)
        n = plan.n_rows
        said = effect(journal, self.session.findings).verdict
        forced = np.zeros(n, bool)
        rows = self.session.findings["row"].fill_null(-1).to_numpy()
        forced[rows[(said == dec.REJECT) & (rows >= 0)]] = True
        none = np.zeros(n, bool)
        kept = choose_keepers(
            detected.facts, relation, alive=~self.others, may_drop=~forced, forced=forced, beside=none, asked=none,
            need=np.zeros(n, np.float32), per_cluster=policy.per_cluster,
        )  # fmt: skip
        return dataclasses.replace(plan, dropped=self.others | (kept.witness >= 0))


def open_scrub(session: Session, stage: str) -> Scrub:
    """The stage's levels, counted once: a sort of its findings or edges."""
    column, names, codes, rows = _groups(session)
    if stage == LABELS:
        table = session.findings
        mine = _are(table, "stage", stage) & _are(table, "action", "relabel")
        score = table["score"].to_numpy()[mine].astype(np.float32)
        where = table["row"].fill_null(-1).to_numpy()[mine].astype(np.int64)
        low = float(np.floor(20 * score.min()) / 20) if len(score) else 0.0
        now = session.detected.recipe.policy().stages[stage].auto
        return Scrub(session, stage, min(low, now), now, where, score, names, rows, column, codes)
    facts, relation = session.detected.facts, session.detected.relations()[stage]
    now = _setting(session, "threshold", 0.8)
    part = _setting(session, "part_threshold", 0.7)
    alike = np.minimum(relation.score, relation.weighted).astype(np.float32)
    may = relation.parts >= np.float32(part)
    a, b, alike = relation.a[may], relation.b[may], alike[may]
    # Of two rows the later in (split, keep order) goes.
    before = np.lexsort((facts.keep_rank, facts.split_rank))
    place = np.empty(len(before), np.int64)
    place[before] = np.arange(len(before))
    first, second = np.where(place[a] <= place[b], a, b), np.where(place[a] <= place[b], b, a)
    level = _levels(facts, relation.classes, a, b, alike, before)
    policy = session.detected.recipe.policy()
    flags = dataclasses.replace(policy.stages[stage], on_finding="flag")
    others = session.detected.resolve(session.state.journal, _with(policy, stage, flags)).dropped
    level[others] = -1.0
    held = np.flatnonzero(level >= 0)
    order = np.argsort(alike, kind="stable")
    low = min(_setting(session, "floor", 0.5), now)
    return Scrub(
        session, stage, low, now, held, level[held], names, rows, column, codes,
        pairs=(first[order], second[order], alike[order]), others=others,
    )  # fmt: skip


def _levels(facts: RowFacts, classes: Ints, a: Ints, b: Ints, alike: Floats, before: Ints) -> Floats:
    """Each row's level, -1 where it has none. `a` and `b` are classes, `before` rows in keep order.

    What may justify a row's going is a row that comes before it under its split and number (label and setting), or any of
    an earlier split: of its own class at any threshold, of a class beside it up to where the two are alike.
    """
    n = facts.n_rows
    split, code = facts.split_rank.astype(np.int64), facts.label_code.astype(np.int64)
    place = np.empty(n, np.int64)
    place[before] = np.arange(n)
    keys, at = np.unique(((classes << 33) | (split << 31) | (code + 1))[before], return_index=True)
    earliest = split.copy()
    np.minimum.at(earliest, classes, split)

    def goes(rows: Ints, into: Ints) -> npt.NDArray[np.bool_]:
        wanted = (into << 33) | (split[rows] << 31) | (code[rows] + 1)
        found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        lost: npt.NDArray[np.bool_] = ((keys[found] == wanted) & (at[found] < place[rows])) | (earliest[into] < split[rows])
        return lost

    level = np.full(n, -1.0, np.float32)
    if n:
        by_class = np.argsort(classes, kind="stable")
        starts = np.searchsorted(classes[by_class], np.arange(n + 1))
        source, target = np.concatenate([a, b]), np.concatenate([b, a])
        many = starts[source + 1] - starts[source]
        edge = np.repeat(np.arange(len(source)), many)
        rows = by_class[starts[source[edge]] + np.arange(len(edge)) - np.repeat(np.cumsum(many) - many, many)]
        lost = goes(rows, target[edge])
        np.maximum.at(level, rows[lost], np.concatenate([alike, alike])[edge[lost]])
        level[goes(np.arange(n), classes)] = 1.0
    return level


def _are(table: Any, column: str, word: str) -> npt.NDArray[np.bool_]:
    """bool[findings]: where a column of words says this one."""
    same = pc.equal(table[column].combine_chunks().cast("string"), word)
    return np.array(same.to_numpy(zero_copy_only=False), bool)


def _setting(session: Session, name: str, default: float) -> float:
    value = getattr(session.detected.recipe.choice(DUPLICATES).config, name, None)
    return float(value) if isinstance(value, int | float) else default


def _with(policy: Policy, stage: str, rule: Any) -> Policy:
    return dataclasses.replace(policy, stages={**policy.stages, stage: rule})


def _groups(session: Session) -> tuple[str, tuple[str, ...], Ints, Ints]:
    """Of the first sensitive column (else of the labels): its name, the largest groups, each row's code, rows by group."""
    held = session.dataset.groups()
    column, values = next(iter(held.items()), ("label", session.detected.canonical_labels()))
    if values is None:
        return "", (), np.empty(0, np.int64), np.empty(0, np.int64)
    values = values.combine_chunks() if hasattr(values, "combine_chunks") else values
    coded = values.dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    names = [str(name) for name in coded.dictionary.to_pylist()]
    rows = np.bincount(codes[codes >= 0], minlength=len(names))
    top = np.argsort(-rows, kind="stable")[:MOST_GROUPS]
    place = np.full(len(names) + 1, -1, np.int64)
    place[top] = np.arange(len(top))
    return column, tuple(names[i] for i in top), place[codes], rows[top].astype(np.int64)
