"""The token-mask microscope: a row as a model sees it, by `curate train RUN --inspect ROW` in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, ClassVar

import orjson
from rich.console import Group, RenderableType
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from curate.cli.microscope import MARKS, STYLES, WHAT
from curate.house import child_environment
from curate.safetext import safe_text
from tui.panels import View
from tui.shell import PanelScreen

PATIENCE_SECONDS = 120.0


class MicroscopeScreen(PanelScreen):
    """One row, token by token: ⟦learned from⟧, read only, ✂⟨cut off⟩, ⟨left out⟩. ← and → go from row to row.

    A wrong mask fails silently: a model that learns from the question, or never sees the answer, does not complain."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "row(-1)", "Row", id="row_before", key_display="← →", tooltip="The row before"),
        Binding("right", "row(1)", "", id="row_after", key_display="→", show=False, tooltip="The row after"),
        Binding("escape", "app.pop_screen", "Back", id="back", tooltip="Back to where this was asked for"),
    ]

    view = View("", "Tokens", "", "A row as the model sees it: what is learned from stands in ⟦ ⟧.")

    def __init__(self, row: int) -> None:
        super().__init__()
        self.row = row

    def body(self) -> ComposeResult:
        with VerticalScroll(id="tokens-scroll", can_focus=True):
            yield Static("", id="tokens")

    def first_focus(self) -> str:
        """The tokens."""
        return "#tokens-scroll"

    def on_mount(self) -> None:
        """Look."""
        super().on_mount()
        self.look()

    def action_row(self, by: int) -> None:
        """Another row."""
        self.row = min(self.session.dataset.n_rows - 1, max(0, self.row + by))
        self.look()

    @work(exclusive=True, group="evidence")
    async def look(self) -> None:
        """Ask the process; a row asked for meanwhile ends it."""
        box, row = self.query_one("#tokens-scroll"), self.row
        box.border_title = f"row {row} as the model sees it"
        self.query_one("#tokens", Static).update(Text("loading the tokenizer in a process of its own …"))
        self.desk.say(f"looked at row {row} token by token", f"{self.session.command('train')} --inspect {row}")
        self.refresh_shell()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "curate", "train", str(self.session.run.path.resolve()),
            "--inspect", str(row), "--json", "--quiet",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=child_environment(),
        )  # fmt: skip
        try:
            out, err = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
        except (TimeoutError, asyncio.CancelledError):
            process.kill()
            raise
        shown: RenderableType
        try:
            shown = tokens(orjson.loads(out))
        except (ValueError, KeyError, TypeError):
            last = err.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            shown = Text(f"✗ {safe_text(last[0])}")
        if self.is_mounted:
            self.query_one("#tokens", Static).update(shown)


def tokens(seen: dict[str, Any]) -> RenderableType:
    """The tokens of a row, brackets before colours."""
    counts = seen["counts"]
    told = ", ".join(f"{counts[state]} {words}" for state, words in WHAT.items() if counts.get(state))
    head = [Text(f"{len(seen['tokens'])} tokens: {told}", style="bold")]
    if seen.get("target"):
        head.append(Text(f"class to learn: {safe_text(str(seen['target']))}"))
    if seen.get("refused"):
        head.append(Text(f"✗ not trained on: {safe_text(str(seen['refused']))}"))
    body, state = Text(), ""
    for token in seen["tokens"]:
        if token["state"] != state:
            if state:
                body.append(MARKS[state][1], STYLES[state])
            state = token["state"]
            body.append(MARKS[state][0], STYLES[state])
        elif body:
            body.append("│", "dim")
        body.append(safe_text(str(token["piece"])), STYLES[state] + (" italic" if token.get("special") else ""))
        if "↵" in str(token["piece"]):
            body.append("\n")
    if state:
        body.append(MARKS[state][1], STYLES[state])
    legend = [
        Text(f"{MARKS[name][0]}{words}{MARKS[name][1]}", STYLES[name])
        for name, words in WHAT.items()
        if counts.get(name)
    ]
    marks = Text.assemble(("marks: ", "dim"), Text("  ").join(legend))
    foot = Text("│ parts two tokens; personal data is masked", style="dim")
    other = [Text("\nThe rejected side", style="bold"), tokens(seen["rejected"])] if seen.get("rejected") else []
    return Group(*head, Text(""), body, Text(""), marks, foot, *other)
