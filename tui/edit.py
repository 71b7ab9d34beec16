"""Giving a finding another value than the one it proposes."""

from __future__ import annotations

import asyncio
import difflib
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.detail import headline
from tui.keymap import key
from tui.rail import Keys
from tui.reader import Reader
from tui.workers import ShowsErrors

KEYS = "Enter takes it, {} leaves things as they are"
NOT_EDITABLE = "only labels and text edits can be given another value; use {} or {} here"


@dataclass(frozen=True)
class Asked:
    """What is edited: read in a thread."""

    head: Text
    start: str
    labels: list[str]


class EditScreen(ShowsErrors, ModalScreen[str | None]):
    """Type what should stand there instead."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="cancel", tooltip="Change nothing"),
    ]

    def __init__(self, reader: Reader, index: int) -> None:
        super().__init__()
        self.reader, self.index = reader, index
        self.relabel = reader.session.findings["action"][index].as_py() == "relabel"
        self.asked: Asked | None = None
        self.warned: str | None = None
        """The new label that was asked about already."""

    def compose(self) -> ComposeResult:
        # The box is there at once, so that what is typed ahead comes here and decides nothing below.
        with Vertical(id="edit", classes="card"):
            yield Static(Text("reading …", "dim"), id="edit-head")
            yield Static(Text("Your label:" if self.relabel else "Your text:"), classes="hint")
            yield Input(id="edit-input")
            yield Static(Text(""), id="edit-note", classes="hint")
        yield Keys()

    def on_mount(self) -> None:
        """Read what it is about."""
        self.read()

    @work(thread=True, group="evidence", exit_on_error=False)
    def read(self) -> None:
        """The finding, the value in force, and the labels there are."""
        labels = self.reader.labels() if self.relabel else []
        asked = Asked(headline(self.reader.evidence(self.index)), self.reader.start(self.index), labels)
        self.app.call_from_thread(self._put, asked)

    def _put(self, asked: Asked) -> None:
        if not self.is_mounted:
            return
        self.asked = asked
        box = self.query_one("#edit-input", Input)
        if asked.labels:
            box.suggester = SuggestFromList(asked.labels, case_sensitive=False)
        if not box.value:
            box.value = asked.start
            box.select_all()
        self.query_one("#edit-head", Static).update(asked.head)
        more = "; → completes a known label" if self.relabel else "; nothing typed deletes the text"
        self._say(KEYS.format(key("cancel")) + more)

    def _say(self, note: str) -> None:
        self.query_one("#edit-note", Static).update(Text(note))

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Take the value, unless it cannot be one, or was taken already: Enter may be typed ahead."""
        if not self.is_current:
            return
        if self.asked is None:
            self._say("Not yet: what stands there is being read.")
        elif self.relabel and not event.value.strip():
            self._say("A label cannot be empty.")
        elif self.relabel and event.value != self.warned:
            self.check(event.value)
        else:
            self.dismiss(event.value)

    @work(group="evidence", exclusive=True, exit_on_error=False)
    async def check(self, label: str) -> None:
        """Whether some row has this label: a new one is asked about."""
        known = await asyncio.to_thread(self.reader.is_label, label)
        if not self.is_current:
            return
        if known:
            self.dismiss(label)
            return
        self.warned = label
        close = difflib.get_close_matches(label, self.asked.labels if self.asked else [], n=1)
        meant = f" Did you mean {close[0]}?" if close else ""
        self._say(f"No row has this label.{meant} Enter again makes it a new label, {key('cancel')} changes nothing")
