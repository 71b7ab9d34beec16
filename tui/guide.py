"""First launch: what the columns seem to be and why, what is wrong put right, a policy for the gate, and go."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Select, Static

from curate.dataset.atomic import can_be_made
from curate.safetext import safe_text
from curate.words import plural
from tui.keymap import key
from tui.rail import Keys
from tui.recipe_file import Beginning, begin, is_data, replace
from tui.words import short_path
from tui.workers import ShowsErrors, in_words

POLICIES = (
    ("starter", "starter: fails on leaks, secrets, many copies, much personal data"),
    ("strict", "strict: the same with tighter limits, and nothing may be left waiting"),
    ("regulated", "regulated: strict, and groups of people must be treated alike"),
)
ROLES = ("text", "prompt", "completion", "messages", "chosen", "rejected", "label", "group", "split", "time")
NONE = "(none)"
HINTS = {
    "text": "what is read", "prompt": "what is asked", "completion": "what is answered", "messages": "a conversation",
    "chosen": "the better answer", "rejected": "the worse answer", "label": "what is to be predicted",
    "group": "people who must be treated alike", "split": "train, validation, test", "time": "when it was written",
}  # fmt: skip


class GuideScreen(ShowsErrors, Screen[None]):
    """Before the first look: check what each column was taken for, choose how strict the gate is, and go (ctrl+s).

    Tab goes on, Enter opens a choice, Escape goes back to the files. Nothing is written before you go."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "go", "Go", id="go", tooltip="Run the stages with these roles"),
        Binding("tab", "app.focus_next", "Next", id="next_part", tooltip="To the next choice"),
        Binding("x", "leave_out", "Leave them out", id="leave_out", tooltip="Go on without the rows that cannot be used"),
        Binding("escape", "back", "Back", id="back", tooltip="Back to the files"),
    ]

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.beginning: Beginning | None = None
        self.reading = True
        self.bad_rows = False
        """Whether the data waits for somebody to say that rows are left out."""
        self.on_bad_row: str | None = None
        """What was chosen for them; None for what the recipe says."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Rows are left out only where some cannot be used, and nothing goes on before they are."""
        if action == "leave_out":
            return self.bad_rows
        return not self.bad_rows if action == "go" else super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        yield Static(Text.assemble("What is in ", (short_path(self.path), "bold"), "?"), classes="title")
        yield Static(Text("reading …"), id="guide-note", classes="hint")
        yield VerticalScroll(id="guide", can_focus=False)
        yield Keys()

    def on_mount(self) -> None:
        """Read it in a thread."""
        self.look()

    @work(thread=True, exclusive=True, group="start", exit_on_error=False)
    def look(self) -> None:
        """Find the roles."""
        from curate.compiling import WORDS, told_when_compiling
        from curate.dataset.within import prose_in_lists, prose_within, told_in_lists
        from curate.errors import BadRowsError
        from curate.privacy.preview import masked_preview

        def tell(now: bool) -> None:
            self.call_later(self.reads, f" {WORDS}" if now else "")

        try:
            with told_when_compiling(tell):
                beginning = begin(self.path, self.on_bad_row)
                dataset = beginning.dataset
                within = prose_within(dataset)  # roles may name columns inside a column
                listed = prose_in_lists(dataset)
                told = told_in_lists(dataset, listed) if listed else ""
                offered = dict.fromkeys((*within, *dataset.columns, *dataset.roles.columns()))
                columns = [(Text(masked_preview(c, 40)), c) for c in offered]
        except BadRowsError as error:
            self.app.call_from_thread(self.ask_of_rows, error)
            return
        except Exception as error:
            self.app.call_from_thread(self.app.not_opened, self.path, error)  # type: ignore[attr-defined]
            return
        self.app.call_from_thread(self.run_worker, self.show(beginning, columns, within, told), exit_on_error=False)

    def reads(self, why: str = "") -> None:
        """Say that it is being read, and what that waits for."""
        if self.is_mounted and self.reading:  # it may come when all has been read
            self.query_one("#guide-note", Static).update(Text(f"reading …{why}"))

    def ask_of_rows(self, error: Exception) -> None:
        """Rows cannot be used: say which, and offer to go on without them."""
        if not self.is_mounted:
            return
        self.bad_rows, self.reading = True, False
        ways = f"{key('leave_out')} leaves them out, {key('back')} goes back to the files."
        self.query_one("#guide-note", Static).update(Text(f"✗ {in_words(error)}\n\n{ways}"))
        self.refresh_bindings()

    def action_leave_out(self) -> None:
        """Read it once more, without those rows."""
        self.bad_rows, self.reading, self.on_bad_row = False, True, "skip"
        self.reads()
        self.refresh_bindings()
        self.look()

    async def show(
        self, beginning: Beginning, columns: list[tuple[Text, str]], within: Sequence[str], told: str
    ) -> None:
        """A line a role: what it was taken for, why, and a choice of columns; `within`: prose inside columns, unread;
        `told`: what is said of prose in lists."""
        if not self.is_mounted:
            return
        self.reading = False
        dataset = beginning.dataset
        why = {g.what: safe_text(g.reason) for g in dataset.detected.guesses}
        left_out = f" ({len(dataset.rejected):,} more left out)" if dataset.rejected else ""
        task = f"{plural(dataset.n_rows, 'row')}{left_out}, task {dataset.task}: {why.get('task', '')}."
        task += f" Text stands inside columns: {safe_text(', '.join(within[:2]))} may be chosen." if within else ""
        task += f" {safe_text(told[:1].upper() + told[1:])}." if told else ""
        task += f" Put right what is wrong (Tab, Enter), then {key('go')}.\n{said_of_file(beginning)}"
        self.query_one("#guide-note", Static).update(Text(task))
        box = self.query_one("#guide", VerticalScroll)
        taken = dict(dataset.roles.items())
        order = sorted(ROLES, key=lambda role: (role not in taken, ROLES.index(role)))
        for role in order:
            value = taken[role][0] if taken.get(role) else NONE
            choice: Select[Any] = Select(
                [(Text(NONE), NONE), *columns], value=value, allow_blank=False, compact=True, id=f"role-{role}"
            )
            more = f"  (and {len(taken[role]) - 1} more)" if len(taken.get(role, ())) > 1 else ""
            said = Text(f"{why.get(role) or HINTS[role]}{more}", style="" if role in taken else "dim")
            await box.mount(Horizontal(Static(Text(role, style="bold"), classes="role"), choice,
                                       Static(said, classes="reason"), classes="guide-row"))  # fmt: skip
        presets = [(Text(told), name) for name, told in POLICIES]
        preset = str(beginning.recipe.gate.get("preset", ""))
        preset = preset if preset in dict(POLICIES) else POLICIES[0][0]
        policies: Select[Any] = Select(presets, value=preset, allow_blank=False, compact=True, id="policy")
        await box.mount(Horizontal(Static(Text("gate", style="bold"), classes="role"), policies, classes="guide-row"))
        self.beginning = beginning  # all is there that going on looks at
        await box.mount(Button("Go: look for what is wrong (ctrl+s)", id="guide-go", variant="primary"))
        self.query_one(f"#role-{order[0]}").focus()

    @on(Button.Pressed, "#guide-go")
    def pressed(self) -> None:
        """Go."""
        self.action_go()

    def action_go(self) -> None:
        """Run the stages under what was chosen; the recipe is written beside the run, for the command line."""
        if self.beginning is None:
            return
        chosen: dict[str, Any] = {role: list(columns) for role, columns in self.beginning.dataset.roles.items()}
        changed: dict[str, list[str]] = {}
        for role in ROLES:
            value = self.query_one(f"#role-{role}", Select).value
            now = [] if value == NONE else [str(value)]
            if now[:1] != chosen.get(role, [])[:1]:
                changed[role] = now
        preset = str(self.query_one("#policy", Select).value)
        self.start(self.beginning, changed, preset)

    @work(thread=True, exclusive=True, group="start", exit_on_error=False)
    def start(self, beginning: Beginning, roles: dict[str, list[str]], preset: str) -> None:
        """Check the recipe, write it down, and hand over to the stages."""
        from curate import workflow
        from curate.errors import CurateError
        from curate.recipe.toml import write_recipe

        target, kept = beginning.target, None
        try:
            recipe = beginning.recipe.with_(roles=roles, on_bad_row=self.on_bad_row)
            recipe = dataclasses.replace(recipe, gate={**recipe.gate, "preset": preset})
            dataset = workflow.read_input(recipe) if roles else beginning.dataset
            if beginning.source != target or recipe != beginning.recipe:
                kept = replace(target, write_recipe(dataset, recipe, relative_to=target.parent))
        except (CurateError, OSError) as error:
            elsewhere = shlex.join(["curate", "tui", self.path, "--out"])
            way = f" `{elsewhere} FOLDER` writes elsewhere." if not can_be_made(target.parent) else ""
            note = Text(f"✗ {in_words(error)}{way}")
            self.app.call_from_thread(self.query_one("#guide-note", Static).update, note)
            return

        out = str(beginning.out)
        command = shlex.join(["curate", "run", str(target), "--no-train", "--out", out])
        said = f"looked at {short_path(self.path)}"
        said += f"; the earlier recipe is kept as {short_path(kept)}" if kept else ""

        def go() -> None:
            from tui.desk import Logged
            from tui.progress import ProgressScreen

            self.app.switch_screen(ProgressScreen(recipe, out, self.path, Logged(said, command)))

        self.app.call_from_thread(go)

    def action_back(self) -> None:
        """Back to the files."""
        from tui.opening import OpenScreen

        self.app.switch_screen(OpenScreen(self.path))


def wants_guide(path: str) -> bool:
    """Whether a path is data that has not been looked at yet: no recipe, no run, and no run of its name here."""
    return is_data(path) and not (Path("runs") / Path(path).name.split(".")[0] / "manifest.json").is_file()


def said_of_file(beginning: Beginning) -> str:
    """Where the recipe goes, and what becomes of what lies there."""
    name, copy = short_path(beginning.target), short_path(beginning.copy) if beginning.copy else ""
    said = [f"{short_path(beginning.taken)} is a run of other data, and stays."] if beginning.taken else []
    if beginning.source == beginning.target:
        return " ".join([*said, f"Begun from {name}; where you change it, the earlier recipe is kept as {copy}."])
    if beginning.source:
        said.append(f"Begun from {short_path(beginning.source)}.")
    said.append(f"The recipe is written to {name}{f'; the one there is kept as {copy}' if copy else ''}.")
    if beginning.unused:
        said.append(f"An earlier one was not used: {beginning.unused.rstrip('.')}.")
    return " ".join(said)
