"""A review of one run: what to ask next, what the answers certify, rules that they suggest. Faces call it; it asks nobody.

A *population* is the findings of one stage. Answers are the journal's decisions, whoever took them and wherever; nothing
else is kept, so a review can be left and taken up at any time, in line mode, in a spreadsheet or in the terminal interface.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import ConfigError, nearest
from curate.house import require
from curate.ledger.decisions import ACCEPT, OVERRIDE, REJECT, Decision, Journal, append_decisions, decide, effect, undo
from curate.ledger.plan import APPLIED, PENDING, STALE, STATUSES
from curate.ledger.sightings import places
from curate.outputs import looked_for
from curate.review.session import Session
from curate.review.steps import Saved
from curate.review.value import toward_green, worth_of

if TYPE_CHECKING:
    from curate.review.rows import RowReview, RowSaid

GATE = "gate"
Question = tuple[Literal["finding", "row"], int]
"""What is asked about, and its position."""
REPEAT_EVERY = 10
"""One question in so many repeats an earlier one, to learn how often the same person answers alike."""


@dataclass(frozen=True)
class StageRates:
    """What decisions certify about one stage."""

    stage: str
    findings: Any
    """`audit.review.CertifiedRate` of all its findings: the stage's precision."""
    by_itself: Any
    """Of those that the plan applies when nobody decides."""
    waiting: Any
    """Of those that wait for a person when nobody decides."""
    left: int
    """Those of them that nobody has decided on."""
    more: int
    """About how many more random decisions bring the precision's interval to the width that was asked for."""

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        rates = {name: getattr(self, name).to_json() for name in ("findings", "by_itself", "waiting")}
        return {"stage": self.stage, **rates, "left": self.left, "more_random_decisions": self.more}


Q = TypeVar("Q", bound=Hashable)


def due_again(asked: Sequence[Q], lot: Callable[[Q], int]) -> Q | None:
    """The question of those answered so far that is due to be asked again: the earlier one with the lowest lot; or None."""
    if len(asked) < REPEAT_EVERY or len(asked) % REPEAT_EVERY:
        return None
    early = list(dict.fromkeys(asked))[: -REPEAT_EVERY // 2]
    times = Counter(asked)
    again = [q for q in early if times[q] == 1]
    return min(again, key=lot) if again else None


class Review:
    """One run, open for review."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._review = require("audit.review")
        self._of: tuple[object, np.ndarray, np.ndarray] | None = None

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """Stages that found something about rows."""
        return tuple(name for name in self.session.stages if len(self.population(name)))

    def population(self, stage: str) -> np.ndarray:
        """int64: findings of a stage that are about a row."""
        of_stage = pc.equal(self.session.findings["stage"].cast(pa.string()), stage)
        chosen: np.ndarray = np.flatnonzero(pc.and_(of_stage, pc.is_valid(self.session.findings["row"])))
        return chosen

    def chosen(self, stage: str | None) -> tuple[str, ...]:
        """The stage that was asked for, or all; ConfigError where there is no such stage in the run."""
        if stage is None:
            return self.stages
        if stage not in self.stages:
            names = ", ".join(self.stages)
            close = nearest(stage, self.stages) if names else "there is nothing to review"
            raise ConfigError(f"the run has no findings of a stage {stage!r}; {close}")
        return (stage,)

    @cached_property
    def lots(self) -> np.ndarray:
        """uint64: the lot of every finding."""
        drawn: np.ndarray = self._review.lots(self.session.findings["finding_id"].to_pylist())
        return drawn

    def verdicts(self) -> np.ndarray:
        """int8: what people said of every finding that they looked at: right, wrong or nothing.

        A bulk decision is no answer about one finding: a rate of a rule's own verdicts would certify the rule by itself.
        """
        return self._said()[1]

    def decided(self) -> np.ndarray:
        """bool: the findings that any decision settles, a rule's included."""
        return self._said()[2]

    def _said(self) -> tuple[object, np.ndarray, np.ndarray]:
        """`verdicts` and `decided` of the state in force, worked out once for each state."""
        state = self.session.state
        if self._of is None or self._of[0] is not state:
            rates = require("audit.review.rates")
            answers = tuple(d for d in state.live if d.filter is None)
            said, by_any = (effect(j, self.session.findings).verdict for j in (Journal(answers), state.journal))
            out = np.full(len(said), rates.UNKNOWN, np.int8)
            out[np.isin(said, (ACCEPT, OVERRIDE))] = rates.RIGHT
            out[said == REJECT] = rates.WRONG
            self._of = state, out, np.isin(by_any, (ACCEPT, OVERRIDE, REJECT))
        return self._of

    def queue(self, stage: str | None, by: str) -> np.ndarray:
        """int64: findings in the order to be asked about; by `gate`, those first by which red checks of the run's gate are
        expected to come nearest to their limits, then the rest by value."""
        if by == GATE:
            by_value = self.queue(stage, "value")
            mine = np.concatenate([self.population(name) for name in self.chosen(stage)] or [by_value])
            nearer = toward_green(self.session)
            red = mine[(nearer[mine] > 0) & ~self.decided()[mine]]
            # What waits may stand in both; a flag that a check counts waits for nobody, and is asked about here alone.
            both = np.array(list(dict.fromkeys([*by_value.tolist(), *red.tolist()])), np.int64)
            return np.asarray(both[np.argsort(-nearer[both], kind="stable")])
        mine = np.concatenate([self.population(name) for name in self.chosen(stage)] or [np.empty(0, np.int64)])
        seen = self.verdicts() != require("audit.review.rates").UNKNOWN
        waiting, score, row, _, worth = (column[mine] for column in self.looks)
        waiting = waiting & ~(self.decided() & ~seen)[mine]  # what a rule has settled comes up by lot alone, to check it
        at = self._review.arranged(by, waiting, self.lots[mine], score, row, worth, seen[mine])
        return np.asarray(mine[at])

    @cached_property
    def looks(self) -> tuple[np.ndarray, ...]:
        """Of every finding: whether it waits when nobody decides, its score, its row, whether it changes data, and how
        many rows a decision on it is expected to mend."""
        table = self.session.findings
        changes = np.asarray(pc.not_equal(table["action"].cast(pa.string()), "flag"))
        waits, row = self.alone == PENDING, table["row"].fill_null(-1).to_numpy()
        return waits, table["score"].to_numpy(), row, changes, worth_of(table, waits)

    def rates(self, stage: str | None, width: float, error: float | None = None) -> list[StageRates]:
        """What the decisions certify, by stage. `error` is how often the reviewer errs, where that is known; otherwise
        repeats and several people's answers tell it."""
        made = require("audit.review.rates")
        verdict, decided = self.verdicts(), self.decided()
        span = self.reliability().error if error is None else (error, error)
        out = []
        for name in self.chosen(stage):
            mine = self.population(name)
            waits = mine[self.alone[mine] == PENDING]
            parts = (mine, mine[self.alone[mine] == APPLIED], waits)
            found, by_itself, waiting = (
                made.certified_rate(self.lots[part], verdict[part], self.guides_of(part), span) for part in parts
            )
            left = int((~decided[waits]).sum())
            out.append(StageRates(name, found, by_itself, waiting, left, made.more_needed(found, width)))
        return out

    def guides_of(self, part: np.ndarray) -> list[np.ndarray]:
        """Orders that findings may have been chosen by, within a part of them."""
        waits, score, row, _, worth = (column[part] for column in self.looks)
        return list(self._review.guides(waits, score, row, worth).values())

    @cached_property
    def alone(self) -> np.ndarray:
        """int8: the status of every finding were there no decisions: what a decision changes must not choose a sample."""
        status: np.ndarray = self.plan_alone.status()
        return status

    @cached_property
    def plan_alone(self) -> Any:
        """The plan were there no decisions."""
        return self.session.detected.resolve()

    @cached_property
    def rows(self) -> RowReview:
        """The rows of the run as questions: what detectors missed."""
        from curate.review.rows import RowReview

        return RowReview(self)

    def reliability(self) -> Any:
        """`audit.review.Reliability` of the journal."""
        return self._review.reliability(self.session.state.journal)

    def rules(self) -> list[Any]:
        """Rules that the decisions suggest; see `audit.review.rules`."""
        table, said = self.session.findings, self.verdicts()
        answered = np.flatnonzero(said != require("audit.review.rates").UNKNOWN)
        if len(answered) < self._review.rules.FEWEST:
            return []
        # Of a million findings only those of stages and rules that somebody spoke of are looked at.
        rule = pc.binary_join_element_wise(table["stage"].cast(pa.string()), table["rule"].cast(pa.string()), "/")
        spoken = pc.unique(rule.combine_chunks().take(pa.array(answered)))
        mine = np.flatnonzero(pc.is_in(rule, value_set=spoken))
        names = {key: table[key].take(pa.array(mine)).cast(pa.string()).to_pylist() for key in ("stage", "rule", "field")}
        waiting = np.isin(self.session.state.status, (PENDING, STALE, APPLIED)) & ~self.decided()
        found = self._review.propose(said[mine], waiting[mine], self.lots[mine], names)
        return [replace(one, covers=tuple(mine[list(one.covers)].tolist())) for one in found]

    def apply_rule(self, rule: Any, actor: str = "") -> Decision:
        """Take a rule's answer on all that it covers, as one decision."""
        decision = decide(
            self.session.findings, rule.covers, rule.verdict, filter=dict(rule.filter), actor=actor,
            why=f"rule from {rule.decided} decisions that agree",
        )  # fmt: skip
        return self.save([decision])[0]

    def repeat(self, asked: Sequence[int]) -> int | None:
        """A finding of those `asked` so far that is due to be asked again, or None."""
        return due_again(asked, lambda index: int(self.lots[index]))

    def due(self, asked: Sequence[Question]) -> Question | None:
        """The same of questions of both sorts."""
        return due_again(asked, lambda q: int((self.rows.lots if q[0] == "row" else self.lots)[q[1]]))

    def questions(self, stage: str | None, by: str, what: str, limit: int) -> list[Question]:
        """What to ask: `findings`, `rows`, or `both`, one of each in turn."""
        findings: list[Question] = []
        rows: list[Question] = []
        if what != "rows":
            findings = [("finding", index) for index in self.queue(stage, by)[:limit].tolist()]
        if what != "findings":
            rows = [("row", row) for row in self.rows.queue(by, limit)]
        turns = [question for pair in zip_longest(findings, rows) for question in pair if question is not None]
        return turns[:limit]

    @cached_property
    def previews(self) -> Any:
        """Safe previews of the run's rows."""
        recipe = self.session.detected.recipe
        make = require("audit.report.safe").Previews
        return make(self.session.dataset, self.session.findings, looked_for=looked_for(recipe))

    def example(self, index: int) -> Any:
        """A finding as the report shows one: masked texts, what differs, neighbours, numbers."""
        found = self.session.findings.slice(index, 1).to_pylist()[0]
        planned = self.session.plan.table.slice(index, 1).to_pylist()[0]
        return require("audit.report.examples").example(found, planned, self.previews)

    def standing(self, index: int) -> str:
        """What becomes of a finding as things are, so that nobody takes what is done already for a question."""
        status = STATUSES[self.session.state.status[index]]
        flags = str(self.session.findings["action"][index]) == "flag"
        alone = STATUSES[self.alone[index]]
        if flags:
            return "a flag: your answer counts in the rates and is kept; it changes no data"
        if status == "applied" and alone == "applied":
            return "applies by itself; x leaves the data as it was"
        if status == "superseded":
            return f"not needed as things are: {self.session.plan.table['why'][index].as_py()}"
        said = {"pending": "waits for you", "stale": "was accepted, but the proposal has changed: waits for you",
                "applied": "applies, as a person decided", "rejected": "rejected by a person"}  # fmt: skip
        return said[status]

    def decide(self, index: int, verdict: str, value: str | None = None, why: str = "", actor: str = "") -> str:
        """Save one answer; the id of the decision that it is."""
        return self.decide_all([(index, verdict, value, why)], actor)[0].decision_id

    def undo(self, actor: str) -> Decision | None:
        """Take back the newest decision of this person, in their name; None where they have none left. What others have
        decided meanwhile stands."""

        def step(journal: Journal) -> tuple[Decision, Saved] | None:
            mine = [d for d in journal.live() if d.actor == actor]
            if not mine:
                return None
            return undo(mine[-1], actor=actor), Saved(mine[-1], self.session.indices(mine[-1].finding_ids))

        saved = self.session.save([step])[0]
        return None if saved is None else saved.decision

    def decide_all(
        self, answers: Sequence[tuple[int, str, str | None, str]], actor: str = "", of_rows: Sequence[RowSaid] = ()
    ) -> list[Decision]:
        """Save answers (finding, verdict, value, why), and those about rows, in one write; the decisions that they are."""
        return self.save(self.decisions(answers, actor, of_rows))

    def decisions(
        self, answers: Sequence[tuple[int, str, str | None, str]], actor: str = "", of_rows: Sequence[RowSaid] = ()
    ) -> list[Decision]:
        """The decisions that answers are; not saved."""
        made = [
            decide(self.session.findings, [index], verdict, value=value, why=why, actor=actor)  # type: ignore[arg-type]
            for index, verdict, value, why in answers
        ]
        return made + [self.rows.decision(*said, actor=actor) for said in of_rows]

    def save(self, made: list[Decision]) -> list[Decision]:
        """Append decisions to the journal, and read it again."""
        append_decisions(self.session.run.decisions_path, made)
        self.session.read_again()
        return made

    def strangers(self) -> list[str]:
        """Ids of decided findings that this run did not bring: kept, and of no effect."""
        named = {i for d in self.session.state.live if d.row is None for i in d.finding_ids}
        if not named:
            return []
        wanted = pa.array(sorted(bytes.fromhex(i) for i in named), pa.binary(16))
        here = pc.is_in(wanted, value_set=self.session.findings["finding_id"].combine_chunks().cast(pa.binary(16)))
        return [i.hex() for i in wanted.filter(pc.invert(here)).to_pylist()]

    def merge(self, decisions: Sequence[Decision]) -> tuple[int, tuple[str, ...]]:
        """Take in another journal's decisions; how many were new, and the findings on which people differ.

        ConfigError where they are about other data: not one finding that they name is of this run."""
        named = {finding for d in decisions for finding in d.finding_ids}
        here = {i.hex() for i in self.session.findings["finding_id"].to_pylist()} if named else set()
        rows = {str(d.row["row_id"]) for d in decisions if d.row is not None}
        known = bool(named & here) or bool(rows and places(self.session.dataset.row_ids, rows))
        if named and not known:
            raise ConfigError(
                f"none of the {len(named):,} findings that these decisions name is of this run; they are about other data, "
                "or another version of it"
            )
        have = {d.decision_id for d in self.session.state.journal.decisions}
        new = self.save([d for d in decisions if d.decision_id not in have])
        return len(new), self.reliability().conflicts
