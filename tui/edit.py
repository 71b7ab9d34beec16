"""Giving a finding another value than the one it proposes."""

from __future__ import annotations

import difflib
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.detail import headline
from tui.evidence import Reader
from tui.keymap import key

KEYS = "Enter takes it, {} leaves things as they are"


class EditScreen(ModalScreen[str | None]):
    """Type what should stand there instead."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="cancel", tooltip="Change nothing"),
    ]

    def __init__(self, reader: Reader, index: int, start: str) -> None:
        super().__init__()
        self.evidence = reader.evidence(index)
        self.start = start
        self.reader = reader
        self.warned: str | None = None
        """The new label that was asked about already."""
        self.labels = reader.labels() if self.evidence.action == "relabel" else []

    def compose(self) -> ComposeResult:
        relabel = self.evidence.action == "relabel"
        keys = KEYS.format(key("cancel"))
        keys += "; → completes a known label" if relabel else "; nothing typed deletes the text"
        with Vertical(id="edit", classes="card"):
            yield Static(headline(self.evidence))
            yield Static(Text("Your label:" if relabel else "Your text:"), classes="hint")
            suggester = SuggestFromList(self.labels, case_sensitive=False) if self.labels else None
            yield Input(value=self.start, suggester=suggester, id="edit-input")
            yield Static(Text(keys), id="edit-note", classes="hint")

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Take the value, unless it cannot be one."""
        if self.evidence.action == "relabel" and not event.value.strip():
            self.query_one("#edit-note", Static).update(Text("A label cannot be empty."))
            return
        if self.evidence.action == "relabel" and event.value != self.warned and not self.reader.is_label(event.value):
            self.warned = event.value
            close = difflib.get_close_matches(event.value, self.labels, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            said = f"No row has this label.{meant} Enter again makes it a new label, {key('cancel')} changes nothing"
            self.query_one("#edit-note", Static).update(Text(said))
            return
        self.dismiss(event.value)
