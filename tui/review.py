"""Certified review: a person answers a few dozen questions, sees what that certifies, and when to stop.

The functions are those of `curate review` (`curate.review.findings`, `audit.review`); nothing is computed here but words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from curate.house import require
from curate.review.findings import Review, StageRates
from curate.review.rows import sentences
from curate.words import ends, plural, share
from tui.detail import render
from tui.edit import NOT_EDITABLE, EditScreen
from tui.keymap import key
from tui.panels import stages_of
from tui.rail import Keys
from tui.shell import PanelScreen
from tui.words import READING, stage_title

ORDERS = ("mixed", "random", "score", "value", "gate")
SAYS = {
    "mixed": "by turns random (certifies) and by value (cures)",
    "random": "at random: narrows the interval fastest",
    "score": "the surest finding first; certifies nothing",
    "value": "what a decision changes most first; certifies nothing by itself",
    "gate": "what makes the gate red first; certifies nothing by itself",
}
WIDTHS = (0.3, 0.2, 0.1, 0.05)
FEWEST_SHOWN = 10
BAR = 30


class ReviewScreen(PanelScreen):
    """Questions in an order that certifies: after a few dozen answers the share of right findings has an interval.

    a: the finding is right. x: it is wrong. Every answer is saved as it is given, and u takes it back. Stop as soon as
    the line under the interval says that it is narrow enough. One question in ten comes a second time, unannounced, to
    learn how often the same person answers alike.

    Below: rules that the answers suggest. A shows what the highlighted one would do; Y then takes it, as one decision."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "answer('accept')", "Right", id="accept", tooltip="The finding is right: let it take effect"),
        Binding("x", "answer('reject')", "Wrong", id="reject", tooltip="The finding is wrong: leave the data as it is"),
        Binding("e", "edit", "Edit", id="edit",
                tooltip="It is right that something is wrong, but put another label or text there"),
        Binding("space", "skip", "Skip", id="skip", tooltip="Do not answer this one now"),
        Binding("n", "order", "Order", id="order", tooltip="Ask in another order: mixed, random, score, value, gate"),
        Binding("s", "stage", "Which", id="review_stage", show=False, tooltip="Ask about another stage of this panel"),
        Binding("plus", "width(1)", "", id="wider", key_display="+", show=False,
                tooltip="Be content with a wider interval"),
        Binding("minus", "width(-1)", "", id="narrower", key_display="-", show=False,
                tooltip="Want a narrower interval"),
        Binding("A", "rule", "Rule", id="show_rule", key_display="A",
                tooltip="Show what the highlighted rule would decide"),
        Binding("Y", "take_rule", "Take rule", id="take_rule", key_display="Y", show=False,
                tooltip="Take the rule that A has shown, as one decision"),
        Binding("escape", "app.pop_screen", "Back", id="back", tooltip="Back to the findings; what was answered is saved"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.review: Review | None = None
        self.order = "mixed"
        self.width = 0.2
        self.stage: str | None = None
        self.queue: list[int] = []
        self.at: int | None = None
        self.over = False
        """Whether nothing is left to ask."""
        self.asked: list[int] = []
        self.skipped: set[int] = set()
        self.rates: list[StageRates] = []
        self.of_rows: Any = None
        self.rules: list[Any] = []
        self.offered: Any = None
        self.settled: set[str] = set()
        self._of: object = None
        self._values = False
        """Whether findings of the stage propose a value that could be another."""

    def can(self, action: str) -> bool:
        """Answers until all is answered; rules where answers suggest some; another stage where the panel has one; another
        value where there is one."""
        if self.over and action.partition("(")[0] in ("answer", "skip", "edit"):
            return False
        if action == "order":
            return not (self.over and self.stage is None)
        if action in ("rule", "take_rule"):
            return bool(self.rules)
        if action == "stage":
            return self.review is not None and len(set(self.review.stages) & set(self._stages())) > 1
        if action == "edit":
            return self.stage is not None and self._values
        return super().can(action)

    def body(self) -> ComposeResult:
        with VerticalScroll(id="review-question", can_focus=True):
            yield Static(Text(READING, style="dim"), id="review-evidence")
        with VerticalScroll(id="review-side", can_focus=False):
            yield Static("", id="review-rates")
            yield OptionList(id="review-rules", markup=False)
            yield Static("", id="review-rule")

    def first_focus(self) -> str:
        """The question."""
        return "#review-question"

    def refresh_body(self) -> None:
        """A decision was taken somewhere: ask on from there."""
        if self._of is not self.session.state:
            self._of = self.session.state
            self.look()

    def look(self) -> None:
        """Queue, rates and rules of the journal as it is now."""
        order, width = self.order, self.width

        def made() -> tuple[Any, ...]:
            review = self.review or Review(self.session)
            mine = [name for name in review.stages if name in self._stages()]
            stage = self.stage if self.stage in mine else next(iter(mine), None)
            queue = [] if stage is None else review.queue(stage, order).tolist()
            rates = [] if stage is None else review.rates(stage, width)
            rules = [r for r in review.rules() if r.filter["stage"] in mine]
            values = stage is not None and self.reader.proposes_values(stage)
            return review, stage, queue, rates, rules, review.rows.rates(), values

        def put(found: tuple[Any, ...]) -> None:
            self.review, self.stage, self.queue, self.rates, self.rules, self.of_rows, self._values = found
            self.ask_next()
            self.show_rates()
            self.show_rules()

        self.behind(made, put, "the review cannot go on")

    def _stages(self) -> tuple[str, ...]:
        return tuple(stages_of(self.mode, list(self.session.stages)) if self.panel.concerns else self.session.stages)

    # -- questions --------------------------------------------------------------------------------------------------

    def ask_next(self) -> None:
        """The next question: a repeat where one is due, else the first in order that was not skipped."""
        review = self.review
        self.at = None
        if review is None:
            return
        due = review.repeat(self.asked)
        fresh = next((i for i in self.queue if i not in self.skipped), None)
        self.at = due if due is not None and due not in self.skipped else fresh
        self.over = self.at is None
        self.query_one(Keys).look_again()
        box = self.query_one("#review-question")
        if self.at is None:
            box.border_title, box.border_subtitle = "nothing left to ask", ""
            self.query_one("#review-evidence", Static).update(Text(self.nothing_left()))
            return
        box.border_title = f"question {len(self.asked) + 1}: {stage_title(str(self.stage))}"
        box.border_subtitle = f"asked {SAYS[self.order]}"
        self.show_question(self.at)

    def nothing_left(self) -> str:
        """Why nothing is asked."""
        if self.skipped:
            again = f"{key('order')} asks in another order, and about those again"
            return f"{plural(len(self.skipped), 'finding')} skipped; {again}."
        return "Every finding here has an answer." if self.stage else "This panel's stages found nothing to review."

    def show_question(self, index: int) -> None:
        """The evidence of one finding, read in a thread."""

        def made() -> RenderableType:
            try:
                now = self.review.standing(index) if self.review is not None else ""
                effects = self.desk.effects.of_finding(index)
                shown = render(self.reader.evidence(index), effects, chosen_by_number=False)
                return Group(shown, Text(f"now: {now}", style="italic"))
            except Exception as error:  # the review stays usable when one finding cannot be read
                return Text(f"this finding cannot be shown: {type(error).__name__}")

        def put(shown: RenderableType) -> None:
            self.query_one("#review-evidence", Static).update(shown)
            self.query_one("#review-question", VerticalScroll).scroll_home(animate=False)

        self.behind(made, put, "the finding cannot be shown", group="question")

    def action_answer(self, verdict: str) -> None:
        """Save an answer and go on."""
        if self.at is not None:
            self.answer(self.at, verdict)
        elif not self.desk.pending and self.over:
            self.notify(self.nothing_left())

    @work(group="decide")
    async def answer(self, index: int, verdict: str, value: str | None = None) -> None:
        """Save an answer; what it certifies follows."""
        self.asked.append(index)
        if self.at == index:
            self.at = None  # a second key pressed meanwhile is no answer to this one
        saved = await self.desk.decide([index], verdict, value)  # type: ignore[arg-type]
        if saved is None:
            self.asked.remove(index)
            self.ask_next()

    def action_skip(self) -> None:
        """Not now."""
        if self.at is not None:
            self.skipped.add(self.at)
            self.ask_next()

    def action_edit(self) -> None:
        """Another label or text than the proposed one."""
        index = self.at
        if index is None or not self.reader.editable(index):
            self.notify(NOT_EDITABLE.format(key("accept"), key("reject")))
            return

        def take(value: str | None) -> None:
            if value is not None:
                self.answer(index, "override", value)

        self.app.push_screen(EditScreen(self.reader, index), take)

    def action_order(self) -> None:
        """Another order."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.skipped.clear()
        self.look()

    def action_stage(self) -> None:
        """Another stage of the panel."""
        mine = [name for name in (self.review.stages if self.review else ()) if name in self._stages()]
        if len(mine) > 1 and self.stage in mine:
            self.stage = mine[(mine.index(self.stage) + 1) % len(mine)]
            self.skipped.clear()
            self.look()
        else:
            self.notify("no other stage of this panel found anything")

    def action_width(self, step: int) -> None:
        """How narrow is narrow enough."""
        at = WIDTHS.index(self.width) - step
        self.width = WIDTHS[min(len(WIDTHS) - 1, max(0, at))]
        self.look()

    # -- what it certifies ------------------------------------------------------------------------------------------

    def show_rates(self) -> None:
        """Intervals, progress and the stop signal."""
        review = self.review
        if review is None:
            return
        lines: list[RenderableType] = []
        for rate in self.rates:
            lines += self._rate(rate)
            if rate.more == 0 and rate.findings.value is not None and rate.stage not in self.settled:
                self.settled.add(rate.stage)
                self.notify("the interval is narrow enough: you can stop here", title="Certified", markup=False)
            elif rate.more:
                self.settled.discard(rate.stage)
        lines += [Text(line) for line in sentences(self.of_rows)] if self.of_rows is not None else []
        ask = f"$ {self.session.command('review')} --ask rows"
        lines.append(Text(ask if self.of_rows is not None else f"what was missed is not known yet: {ask}", style="dim"))
        how = review.reliability()
        if how.repeats:
            lines.append(Text(f"asked twice: {plural(how.repeats, 'finding')}, {how.agreeing} answered alike", style="dim"))
        for pair in how.pairs:
            kappa = "kappa not defined"
            if pair.value is not None:
                kappa = f"kappa {pair.value:.2f} [{pair.low:.2f}, {pair.high:.2f}]"
            names = f"{self.reader.word(pair.a)} and {self.reader.word(pair.b)}"
            lines.append(Text(f"{names}: {share(pair.agreed)} alike, {kappa}", style="dim"))
        if how.conflicts:
            lines.append(Text(f"! {plural(len(how.conflicts), 'finding')} on which people differ: the last word holds"))
        if self.stage is not None:
            lines.append(Text(f"$ {self.session.command('review')} --stage {self.stage} --status", style="dim"))
        self.query_one("#review-rates", Static).update(Group(*lines))

    def _rate(self, rate: StageRates) -> Iterator[RenderableType]:
        found = rate.findings
        few = found.value is None or (found.random < FEWEST_SHOWN and not found.settled)
        unknown = "how many are right? Too few answers to tell"
        right = unknown if few else f"{share(found.value)} of {plural(found.population, 'finding')} right"
        yield Text.assemble((f"{stage_title(rate.stage)}: {right}", "bold"), f"  {ends(found.low, found.high)}")
        yield Text(span(found.low, found.value, found.high))
        points = f"{100 * self.width:.0f} points"
        if rate.more == 0:
            yield Text(f"✓ settled: no wider than {points}. You can stop here.", style="bold green")
        else:
            done = found.random / max(1, found.random + rate.more)
            bar = "█" * round(10 * done) + "░" * (10 - round(10 * done))
            yield Text(f"{bar} about {plural(rate.more, 'more random answer')} until this is {points} wide")
        table = Table.grid(padding=(0, 2))
        for name, part in (("that apply by themselves", rate.by_itself), ("that wait", rate.waiting)):
            if part.population:
                known = part.value is not None and (part.random >= FEWEST_SHOWN or part.settled)
                told = f"{share(part.value)} {ends(part.low, part.high)} right" if known else "too few answers"
                table.add_row(Text(f"of {part.population:,} {name}", style="dim"), Text(told))
        table.add_row(Text("answers", style="dim"), Text(f"{found.random:,} random, {found.other:,} other"))
        left = plural(rate.left, "finding waits", "findings wait")
        table.add_row(Text("left", style="dim"), Text(f"{left} for a decision"))
        yield table

    # -- rules ------------------------------------------------------------------------------------------------------

    def show_rules(self) -> None:
        """Rules that the answers suggest."""
        listing = self.query_one("#review-rules", OptionList)
        listing.clear_options()
        for rule in self.rules:
            agree = rule.agreement
            right = "insufficient evidence"
            if agree.value is not None:
                right = f"right for {share(agree.value)} {ends(agree.low, agree.high)}"
            said = f"rule: {self.reader.word(rule.words(), 200)}; covers {len(rule.covers):,} more; {right}"
            listing.add_option(Option(Text(said)))
        listing.display = bool(self.rules)
        if self.rules:
            listing.highlighted = 0
        self.offered = None
        offer = f"{key('show_rule')} shows what the rule would do"
        said = offer if self.rules else "" if self.over else "Six answers alike suggest a rule for the rest."
        self.query_one("#review-rule", Static).update(Text(said, "dim"))

    def action_rule(self) -> None:
        """What the highlighted rule would do, before it does it."""
        at = self.query_one("#review-rules", OptionList).highlighted
        if not self.rules or at is None:
            self.notify("no rule yet: it takes six answers on one rule of a stage, all alike")
            return
        self.preview_rule(self.rules[at])

    def preview_rule(self, rule: Any) -> None:
        """Count, sample and whom it falls on."""

        def made() -> str:
            basis = f"{plural(rule.decided, 'answer')} all alike"
            said = [f"{rule.words()}: {plural(len(rule.covers), 'finding')}, from {basis}."]
            if rule.verdict == "accept":
                preview = require("audit.fairness.preview").preview_of_findings
                found = preview(self.session.dataset, self.session.findings, np.array(rule.covers))
                said += [line for statement in found for line in statement.lines]
            for line in self.reader.lines(np.array(rule.covers[:3], np.int64)).values():
                said.append(f"· row {line.row}: {line.proposal}  {line.text[:80]}")
            said.append(f"{key('take_rule')} takes it, as one decision; {key('undo')} takes that back.")
            return "\n".join(self.reader.word(s, 300) for s in said)

        def put(said: str) -> None:
            self.offered = rule
            self.query_one("#review-rule", Static).update(Text(said))
            self.query_one("#review-rule").scroll_visible(animate=False)

        self.behind(made, put, "the rule cannot be shown", group="rule")

    @work(group="decide")
    async def action_take_rule(self) -> None:
        """Take the rule that was shown."""
        rule, self.offered = self.offered, None
        if rule is None:
            self.notify(f"press {key('show_rule')} first: it shows what the rule would do")
            return
        why = f"rule from {rule.decided} decisions that agree"
        await self.desk.decide(list(rule.covers), rule.verdict, why=why, filter=dict(rule.filter))


def span(low: float, value: float | None, high: float, width: int = BAR) -> str:
    """`0 ······├──●──┤··· 1`: an interval of a share."""
    line = ["·"] * width
    a, b = (min(width - 1, max(0, round(v * (width - 1)))) for v in (low, high))
    for place in range(a, b + 1):
        line[place] = "─"
    line[a], line[b] = "├", "┤"
    if value is not None:
        line[min(b, max(a, round(value * (width - 1))))] = "●"
    return f"0 {''.join(line)} 1"
