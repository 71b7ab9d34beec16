"""Giving a finding another value than the one it proposes."""

from __future__ import annotations

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

KEYS = "Enter takes it, Escape leaves things as they are"


class EditScreen(ModalScreen[str | None]):
    """Type what should stand there instead."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel", tooltip="Change nothing")]

    def __init__(self, reader: Reader, index: int, start: str) -> None:
        super().__init__()
        self.evidence = reader.evidence(index)
        self.start = start
        self.labels = reader.labels() if self.evidence.action == "relabel" else []

    def compose(self) -> ComposeResult:
        relabel = self.evidence.action == "relabel"
        keys = f"{KEYS}; → completes a known label" if relabel else f"{KEYS}; nothing typed deletes the text"
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
        self.dismiss(event.value)
