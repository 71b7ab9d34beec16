"""Which answer is better? Two at a time, side by side and blind, with the functions of `curate.review.judging`."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, ClassVar

from rich.console import Group
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static
from textual.worker import get_current_worker

from curate.house import child_environment
from curate.ledger.decisions import login_name
from curate.outputs import looked_for_in_rows
from curate.privacy.preview import masked_lines, masked_preview
from curate.review.judging import REPEAT_EVERY, Judging, Question
from curate.safetext import safe_text
from curate.words import plural
from tui.keymap import key
from tui.review import span
from tui.shell import PanelScreen

PROMPTS, NEW_TOKENS = 30, 96
WIDTH = 4000


class JudgeScreen(PanelScreen):
    """A prompt that no model was trained on, and two answers: which is better? Neither name nor place tells whose it is.

    1 or 2: that answer is better. =: neither. Space: not now. u takes back your last word. Every word is saved as it is
    given; a question may come back with the answers the other way round. v shows what the votes come to, so far."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "vote(1)", "Left", id="judge_left", tooltip="The answer on the left is better"),
        Binding("2", "vote(2)", "Right", id="judge_right", tooltip="The answer on the right is better"),
        Binding("equals_sign", "vote(0)", "Neither", id="judge_neither", key_display="=", tooltip="Neither is better"),
        Binding("space", "skip", "Skip", id="skip", tooltip="Not now"),
        Binding("u", "take_back", "Undo", id="undo", tooltip="Take back your last word"),
        Binding("v", "rates", "Votes", id="votes", tooltip="What the votes come to so far, by the names of the arms"),
        Binding("s", "write", "Answers", id="write_answers",
                tooltip="Let the models write their answers, in a process of its own"),
        Binding("escape", "app.pop_screen", "Back", id="back", tooltip="Back to the ablation; votes are saved"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.judging: Judging | None = None
        self.actor = login_name()
        self.queue: list[Question] = []
        self.asked: list[Question] = []
        self.at: Question | None = None
        self.total = 0
        self.repeated = 0
        self.shows_rates = False
        self.voting = asyncio.Lock()

    def body(self) -> ComposeResult:
        with VerticalScroll(id="judge-prompt", can_focus=True):
            yield Static("", id="judge-asked")
        with Horizontal(id="judge-answers"):
            for place in (1, 2):
                with VerticalScroll(id=f"judge-{place}", classes="answer", can_focus=True):
                    yield Static("", id=f"judge-text-{place}")
        yield Static("", id="judge-note")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now: let answers be written, or judge them."""
        if action in ("vote", "skip", "rates", "take_back"):
            return self.judging is not None
        return self.judging is None if action == "write" else super().check_action(action, parameters)

    def can(self, action: str) -> bool:
        """Models can answer once a comparison has been trained."""
        trained = self.session.dataset.task != "classification" and (self.desk.folder / "ablation.json").is_file()
        return trained if action == "write" else super().can(action)

    def first_focus(self) -> str:
        """The first answer, so that keys scroll it."""
        return "#judge-1"

    def on_mount(self) -> None:
        """Open the answers where there are some."""
        super().on_mount()
        self.query_one("#judge-prompt").border_title = "the question"
        for place in (1, 2):
            self.query_one(f"#judge-{place}").border_title = f"answer {place}"
        self.open()

    @work(thread=True, exclusive=True, group="evidence")
    def open(self) -> None:
        """Read the answers and what this person has said of them."""
        worker = get_current_worker()
        try:
            known = self.session.detected
            judging = Judging(self.session.run, PROMPTS, NEW_TOKENS, detected=known) if self._ready() else None
            queue = judging.questions(self.actor) if judging is not None else []
            done = len({(v.prompt, v.first, v.second) for v in judging.votes() if v.actor == self.actor}) if judging else 0
        except Exception as error:
            failed = error
            self.app.call_from_thread(lambda: self.home.failed(failed, "there is nothing to judge"))
            return

        def put() -> None:
            if worker.is_cancelled or not self.is_mounted:
                return
            self.judging, self.queue, self.total = judging, queue, len(queue) + done
            self.refresh_bindings()
            self.ask_next()

        self.app.call_from_thread(put)

    def _ready(self) -> bool:
        return Judging.ready(self.session.run, PROMPTS, NEW_TOKENS)

    def action_write(self) -> None:
        """Let the models write."""
        if self.judging is None:
            self.write_answers()

    @work(exclusive=True, group="write")
    async def write_answers(self) -> None:
        """`curate judge RUN --status` writes the answers, in a process of its own."""
        note = self.query_one("#judge-note", Static)
        note.update(Text("the models write their answers, in a process of its own; this takes a minute or more …"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "curate", "judge", str(self.session.run.path.resolve()), "--status",
            "--prompts", str(PROMPTS), "--max-tokens", str(NEW_TOKENS), stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, env=child_environment(),
        )  # fmt: skip
        try:
            _, err = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            raise
        if process.returncode:
            last = err.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            note.update(Text(f"✗ {safe_text(last[0])}"))
            return
        self.open()

    def ask_next(self) -> None:
        """The next question; a repeat of an earlier one where that is due."""
        judging, due = self.judging, len(self.asked) // REPEAT_EVERY
        if judging is not None and due > self.repeated and len(self.asked) % REPEAT_EVERY == 0:
            self.repeated = due
            self.at = judging.again(self.asked[due - 1])
        else:
            self.at = self.queue[0] if self.queue else None
        self.draw()

    def draw(self) -> None:
        """The question, both answers, and how far one is."""
        question = self.at
        masks = looked_for_in_rows(self.session.detected.recipe)

        def safe(text: str) -> Text:
            return Text(masked_preview(text, WIDTH, masks) or "(nothing)")

        asked = self.query_one("#judge-asked", Static)
        self.query_one("#judge-answers").display = question is not None
        self.query_one("#judge-prompt").border_title = "the question" if question is not None else "nothing to judge"
        if question is None:
            asked.update(self._nothing())
            for place in (1, 2):
                self.query_one(f"#judge-text-{place}", Static).update("")
        else:
            asked.update(Text("\n".join(masked_lines(question.asked, WIDTH, masks))))
            for place, text in enumerate(question.answers, 1):
                self.query_one(f"#judge-text-{place}", Static).update(safe(text))
                self.query_one(f"#judge-{place}", VerticalScroll).scroll_home(animate=False)
        self.query_one("#judge-note", Static).update(self._note())

    def _nothing(self) -> Text:
        if self.judging is None and self.session.dataset.task == "classification":
            return Text(f"Answers are compared here, and this data asks for labels. {key('back')} goes back.")
        if self.judging is None:
            return Text(
                f"No answers yet. {key('write_answers')} lets base, raw and curated models answer held-out prompts, once a "
                f"comparison has been trained. The same as: {self.session.command('judge')}"
            )
        votes = f"{key('votes')} shows what the votes come to; they stand in the report, too"
        return Text(f"Every question has been answered. {votes}.")

    def _note(self) -> Any:
        if self.judging is None:
            return Text("")
        done = self.total - len(self.queue)
        full = round(20 * done / max(1, self.total))
        told = f"{done} of {plural(self.total, 'question')}"
        lines = [Text(f"{'█' * full}{'░' * (20 - full)} {told}   $ {self.session.command('judge')}", no_wrap=True)]
        if self.shows_rates:
            for rate in self.judging.rates():
                drawn = f"  {span(rate.low, rate.rate, rate.high)}" if rate.rate is not None else ""
                lines.append(Text(safe_text(rate.words()) + drawn))
        return Group(*lines)

    def action_vote(self, better: int) -> None:
        """A word on the question."""
        if self.at is None:
            self.notify("there is no question here")
            return
        question, self.at = self.at, None
        self.vote(question, better)

    @work(group="decide")
    async def vote(self, question: Question, better: int) -> None:
        """Save it, then go on."""
        judging = self.judging
        assert judging is not None
        async with self.voting:
            try:
                await asyncio.to_thread(judging.vote, question, better, self.actor)
            except Exception as error:
                self.home.failed(error, "your word was not saved")
                self.at = question
                return
        self.asked.append(question)
        self.queue = [q for q in self.queue if _key(q) != _key(question)]
        said = {0: "neither is better", 1: "the left one is better", 2: "the right one is better"}[better]
        self.desk.say(f"{said}; saved, {key('undo')} takes it back", self.session.command("judge"))
        self.refresh_shell()
        self.ask_next()
        if not self.queue:
            self.conclude()

    @work(thread=True, exclusive=True, group="conclude")
    def conclude(self) -> None:
        """Write the rates, and the report with them."""
        try:
            if self.judging is not None:
                self.judging.conclude()
                self.judging.report()
        except Exception as error:
            failed = error
            self.app.call_from_thread(lambda: self.home.failed(failed, "the report was not written"))

    @work(group="decide")
    async def action_take_back(self) -> None:
        """Take the last word back."""
        if not self.asked or self.judging is None:
            self.notify("there is no word of yours to take back, since this was opened")
            return
        question = self.asked.pop()
        async with self.voting:
            try:
                await asyncio.to_thread(self.judging.take_back, question, self.actor)
            except Exception as error:
                self.home.failed(error, "it was not taken back")
                self.asked.append(question)
                return
        if _key(question) not in {_key(q) for q in self.asked}:
            self.queue.insert(0, question)
        self.desk.say("took back your last word", self.session.command("judge"))
        self.refresh_shell()
        self.at = question
        self.draw()

    def action_skip(self) -> None:
        """Later."""
        if self.at is not None and self.queue:
            self.queue.append(self.queue.pop(0))
            self.at = self.queue[0]
            self.draw()

    def action_rates(self) -> None:
        """Show or hide the votes."""
        self.shows_rates = not self.shows_rates
        self.query_one("#judge-note", Static).update(self._note())

    def on_unmount(self) -> None:
        """What was said stands in the report when this is left."""
        if self.asked and self.judging is not None:
            try:
                self.judging.conclude()
            except Exception:
                return


def _key(question: Question) -> tuple[int, str, str]:
    return question.prompt, question.first, question.second
