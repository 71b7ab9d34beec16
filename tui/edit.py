"""Giving a finding another value than the one it proposes."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.session import Evidence


class EditScreen(ModalScreen[str | None]):
    """Type what should stand there instead; Enter takes it, Escape leaves things as they are."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss(None)", "Cancel")]

    def __init__(self, evidence: Evidence, action: str) -> None:
        super().__init__()
        self.evidence = evidence
        self.action = action

    def compose(self) -> ComposeResult:
        what = "label" if self.action == "relabel" else "text"
        with Vertical(id="edit"):
            yield Static(Text(f"Which {what} should row {self.evidence.row} have here?"))
            if self.evidence.label:
                yield Static(Text(f"now {self.evidence.label}, proposed {self.evidence.suggestion}"))
            yield Input(value=self.evidence.suggestion, id="edit-input")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)
