"""A review of one run: what to ask next, what the answers certify, rules that they suggest. Faces call it; it asks nobody.

A *population* is the findings of one stage. Answers are the journal's decisions, whoever took them and wherever; nothing
else is kept, so a review can be left and taken up at any time, in line mode, in a spreadsheet or in the terminal interface.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import ConfigError, nearest
from curate.house import require
from curate.ledger.added import derivation
from curate.ledger.decisions import ACCEPT, OVERRIDE, REJECT, Decision, Journal, append_decisions, decide, effect
from curate.ledger.plan import APPLIED, PENDING, STALE, STATUSES
from curate.ledger.sightings import places
from curate.outputs import looked_for
from curate.session import Session

if TYPE_CHECKING:
    from curate.row_review import RowReview, RowSaid

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
        rates = require("audit.review.rates")
        answers = tuple(d for d in self.session.state.journal.live() if d.filter is None)
        said = effect(Journal(answers), self.session.findings).verdict
        out = np.full(len(said), rates.UNKNOWN, np.int8)
        out[np.isin(said, (ACCEPT, OVERRIDE))] = rates.RIGHT
        out[said == REJECT] = rates.WRONG
        return out

    def decided(self) -> np.ndarray:
        """bool: the findings that any decision settles, a rule's included."""
        said = effect(self.session.state.journal, self.session.findings).verdict
        return np.isin(said, (ACCEPT, OVERRIDE, REJECT))

    def queue(self, stage: str | None, by: str) -> np.ndarray:
        """int64: findings in the order to be asked about; by `gate`, what makes a check of the run's gate red first."""
        if by == GATE:
            by_value, red = self.queue(stage, "value"), self._red()
            return np.asarray(by_value[np.argsort(~np.isin(by_value, red), kind="stable")])
        mine = np.concatenate([self.population(name) for name in self.chosen(stage)] or [np.empty(0, np.int64)])
        seen = self.verdicts() != require("audit.review.rates").UNKNOWN
        waiting, score, row, changes = (column[mine] for column in self.looks)
        waiting = waiting & ~(self.decided() & ~seen)[mine]  # what a rule has settled comes up by lot alone, to check it
        at = self._review.arranged(by, waiting, self.lots[mine], score, row, changes, seen[mine])
        return np.asarray(mine[at])

    def _red(self) -> np.ndarray:
        """int64: the findings behind checks that fail or warn under the recipe's own policy."""
        from curate.gating import gate

        policy = require("audit.gate").parse_policy(self.session.detected.recipe.gate)
        checks = gate(self.session.run.path, policy).result.checks
        found = [position for c in checks if c.verdict in ("fail", "warn") for position in c.findings]
        return np.array(sorted(set(found)), np.int64)

    @cached_property
    def looks(self) -> tuple[np.ndarray, ...]:
        """Of every finding: whether it waits when nobody decides, its score, its row, whether it changes data."""
        table = self.session.findings
        changes = np.asarray(pc.not_equal(table["action"].cast(pa.string()), "flag"))
        return self.alone == PENDING, table["score"].to_numpy(), table["row"].fill_null(-1).to_numpy(), changes

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
        orders = self._review.guides(*(column[part] for column in self.looks))
        return list(orders.values())

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
        from curate.row_review import RowReview

        return RowReview(self)

    def reliability(self) -> Any:
        """`audit.review.Reliability` of the journal."""
        return self._review.reliability(self.session.state.journal)

    def rules(self) -> list[Any]:
        """Rules that the decisions suggest; see `audit.review.rules`."""
        table = self.session.findings
        names = {key: table[key].cast(pa.string()).to_pylist() for key in ("stage", "rule", "field")}
        waiting = np.isin(self.session.state.status, (PENDING, STALE, APPLIED)) & ~self.decided()
        found: list[Any] = self._review.propose(self.verdicts(), waiting, self.lots, names)
        return found

    def apply_rule(self, rule: Any, actor: str = "") -> Decision:
        """Take a rule's answer on all that it covers, as one decision."""
        decision = decide(
            self.session.findings, rule.covers, rule.verdict, filter=dict(rule.filter), actor=actor,
            why=f"rule from {rule.decided} decisions that agree",
        )  # fmt: skip
        append_decisions(self.session.run.decisions_path, [decision])
        self.session.read_again()
        return decision

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

    def proposal(self, index: int, shown: Any) -> str:
        """What a finding would write, masked; empty where it removes, masks or notes. `shown`: its `example`."""
        if shown.change is not None:
            return f"{shown.change.before or '(none)'} -> {shown.change.after or '(none)'}"
        if shown.action == "reweight":
            return f"weight {self.session.plan.table['value'][index].as_py()}"
        if shown.action != "add":
            return ""
        new = self.session.findings["replacement"][index].as_py()
        body = derivation(new)
        if body is None:
            return str(self.previews.sentence(new))
        # Spans of the parent stand in the evidence: words cut out of their text could not be masked well.
        given = {field: self.previews.sentence(str(value)) for field, value in body.get("values", {}).items()}
        told = "; ".join(f"{field} = {value}" for field, value in given.items())
        return f"the row once more, with {told}" if given and not body["edits"] else (
            "the row once more, changed as told below"
        )

    def decide(self, index: int, verdict: str, value: str | None = None, why: str = "", actor: str = "") -> None:
        """Save one answer."""
        self.decide_all([(index, verdict, value, why)], actor)

    def decide_all(
        self, answers: Sequence[tuple[int, str, str | None, str]], actor: str = "", of_rows: Sequence[RowSaid] = ()
    ) -> None:
        """Save answers (finding, verdict, value, why), and those about rows, in one write."""
        made = [
            decide(self.session.findings, [index], verdict, value=value, why=why, actor=actor)  # type: ignore[arg-type]
            for index, verdict, value, why in answers
        ]
        made += [self.rows.decision(*said, actor=actor) for said in of_rows]
        append_decisions(self.session.run.decisions_path, made)
        self.session.read_again()

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
        new = [d for d in decisions if d.decision_id not in have]
        append_decisions(self.session.run.decisions_path, new)
        self.session.read_again()
        return len(new), self.reliability().conflicts
