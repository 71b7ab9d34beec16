"""The command log: what was done in this session, each with the command that does the same without a screen."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from curate.words import plural
from tui.desk import Desk
from tui.rail import Keys


class LogScreen(ModalScreen[None]):
    """What was done, the newest first. Every line names the command that does the same; together they are a script.

    Decisions themselves are in decisions.jsonl of the run: put that file beside the same data, and `curate replay` or
    `curate apply` give the same bytes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,c,q", "dismiss", "Close", id="close", tooltip="Close the log"),
        Binding("enter,y", "copy", "Copy", id="copy", tooltip="Copy this command to the clipboard of the terminal"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.entries = list(reversed(desk.log))

    def compose(self) -> ComposeResult:
        with Vertical(id="commands", classes="card"):
            done = f"{plural(len(self.entries), 'action')} in this session, the newest first"
            yield Static(Text(done if self.entries else "Nothing was done yet."))
            yield OptionList(*(Option(_entry(e.said, e.command)) for e in self.entries), id="command-list", markup=False)
            yield Static(Text(f"{'Enter or y copies a command · ' if self.entries else ''}Escape closes"), classes="hint")
        yield Keys()

    def on_mount(self) -> None:
        """Ready to be read."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter on a line copies its command."""
        event.stop()
        self.action_copy()

    def action_copy(self) -> None:
        """To the clipboard, where the terminal has one."""
        at = self.query_one(OptionList).highlighted
        if at is not None and self.entries[at].command:
            self.app.copy_to_clipboard(self.entries[at].command)
            self.notify("copied, where the terminal allows it")


def _entry(said: str, command: str) -> Text:
    out = Text(said)
    return out.append(f"\n  $ {command}", "bold") if command else out
