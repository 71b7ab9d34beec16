"""First launch: what the columns seem to be and why, what is wrong put right, a policy for the gate, and go."""

from __future__ import annotations

import dataclasses
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Button, Select, Static

from curate.safetext import safe_text
from tui.keymap import key
from tui.rail import Keys
from tui.words import short_path
from tui.workers import ShowsErrors

if TYPE_CHECKING:
    from curate.dataset import Dataset
    from curate.recipe import Recipe

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
        Binding("escape", "back", "Back", id="back", tooltip="Back to the files"),
    ]

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.recipe: Recipe | None = None
        """What the guide begins from: defaults, or what it wrote when this file was looked at before."""
        self.dataset: Dataset | None = None

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
        try:
            self.recipe, dataset = read_as_before(self.path)
        except Exception as error:
            self.app.call_from_thread(self.app.not_opened, self.path, error)  # type: ignore[attr-defined]
            return
        self.app.call_from_thread(self.run_worker, self.show(dataset), exit_on_error=False)

    async def show(self, dataset: Dataset) -> None:
        """A line a role: what it was taken for, why, and a choice of columns."""
        from curate.privacy.preview import masked_preview

        if not self.is_mounted:
            return
        self.dataset = dataset
        why = {g.what: safe_text(g.reason) for g in dataset.detected.guesses}
        task = f"{dataset.n_rows:,} rows, task {dataset.task}: {why.get('task', '')}."
        task += f" Put right what is wrong (Tab, Enter), then {key('go')}."
        self.query_one("#guide-note", Static).update(Text(task))
        columns = [(Text(masked_preview(c, 40)), c) for c in dataset.columns]
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
        preset = str(self.recipe.gate.get("preset", "")) if self.recipe is not None else ""
        preset = preset if preset in dict(POLICIES) else POLICIES[0][0]
        policies: Select[Any] = Select(presets, value=preset, allow_blank=False, compact=True, id="policy")
        await box.mount(Horizontal(Static(Text("gate", style="bold"), classes="role"), policies, classes="guide-row"))
        await box.mount(Button("Go: look for what is wrong (ctrl+s)", id="guide-go", variant="primary"))
        self.query_one(f"#role-{order[0]}").focus()

    @on(Button.Pressed, "#guide-go")
    def pressed(self) -> None:
        """Go."""
        self.action_go()

    def action_go(self) -> None:
        """Run the stages under what was chosen; the recipe is written beside the run, for the command line."""
        if self.dataset is None:
            return
        chosen: dict[str, Any] = {}
        for role, columns in self.dataset.roles.items():
            chosen[role] = list(columns)
        changed: dict[str, list[str]] = {}
        for role in ROLES:
            value = self.query_one(f"#role-{role}", Select).value
            now = [] if value == NONE else [str(value)]
            if now[:1] != chosen.get(role, [])[:1]:
                changed[role] = now
        preset = str(self.query_one("#policy", Select).value)
        self.start(changed, preset)

    @work(thread=True, exclusive=True, group="start", exit_on_error=False)
    def start(self, roles: dict[str, list[str]], preset: str) -> None:
        """Check the recipe, write it down, and hand over to the stages."""
        from curate import workflow
        from curate.dataset.atomic import atomic_write_text
        from curate.errors import CurateError
        from curate.recipe_toml import write_recipe
        from tui.workers import in_words

        assert self.dataset is not None
        assert self.recipe is not None
        try:
            recipe = self.recipe.with_(roles=roles)
            recipe = dataclasses.replace(recipe, gate={**recipe.gate, "preset": preset})
            dataset = workflow.read_input(recipe) if roles else self.dataset
            out = workflow.default_out(self.path)
            target = Path(f"{out}.toml")
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write_text(target, write_recipe(dataset, recipe, relative_to=target.parent))
        except (CurateError, OSError) as error:
            note = Text(f"✗ {in_words(error)}")
            self.app.call_from_thread(self.query_one("#guide-note", Static).update, note)
            return

        command = shlex.join(["curate", "run", str(target), "--no-train", "--out", str(out)])

        def go() -> None:
            from tui.progress import ProgressScreen

            self.app.switch_screen(ProgressScreen(recipe, str(out), self.path, same_as=command))

        self.app.call_from_thread(go)

    def action_back(self) -> None:
        """Back to the files."""
        from tui.opening import OpenScreen

        self.app.switch_screen(OpenScreen(self.path))


def wants_guide(path: str) -> bool:
    """Whether a path is data that has not been looked at yet: no recipe, no run, and no run of its name here."""
    return is_data(path) and not (Path("runs") / Path(path).name.split(".")[0] / "manifest.json").is_file()


def is_data(path: str) -> bool:
    """Whether a path is data itself, no recipe and no run."""
    return Path(path).is_file() and Path(path).suffix != ".toml"


def read_as_before(path: str) -> tuple[Recipe, Dataset]:
    """The data by the recipe that a guide wrote before, and by a new one where that is damaged or no longer fits them."""
    from curate import workflow
    from curate.errors import CurateError

    with suppress(CurateError):
        if (earlier := earlier_recipe(path)) is not None:
            return earlier, workflow.read_input(earlier)
    recipe = workflow.as_recipe(path)
    return recipe, workflow.read_input(recipe)


def earlier_recipe(path: str) -> Recipe | None:
    """The recipe that a guide through this very file wrote, with what was changed in it since."""
    from curate import workflow
    from curate.recipe import Recipe

    target = Path(f"{workflow.default_out(path)}.toml")
    if not target.is_file():
        return None
    recipe = Recipe.load(target)
    same = recipe.data.input is not None and workflow.input_path(recipe).resolve() == Path(path).resolve()
    return recipe if same else None
