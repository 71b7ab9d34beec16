"""Jump mode: a letter on everything that can have the keys, a number on every panel; one key and one is there."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.panels import PANELS
from tui.rail import Keys

LETTERS = "asdfghjklqwertzuiopyxcvbnm"
NAMES = {"detail": "evidence", "ablation-scroll": "verdict", "fair-scroll": "groups", "slider": "threshold",
         "batch-rows": "rows", "batch-row": "row", "tokens-scroll": "tokens", "judge-prompt": "prompt",
         "review-question": "question", "review-rules": "rules", "train-runs": "runs"}  # fmt: skip
"""Parts that are called another word than their id."""


class JumpScreen(ModalScreen[str | None]):
    """Press the number of a panel or the letter of a part of this screen. Escape stays where you are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+o", "dismiss(None)", "Stay", id="stay", tooltip="Stay where you are"),
    ]

    def __init__(self, over: Screen[Any], *, panels: bool) -> None:
        super().__init__()
        self.panels = panels
        parts = [w for w in over.focus_chain if w.display and w.region.area and w.id != "rail"]
        self.parts: dict[str, Widget] = dict(zip(LETTERS, parts))

    def compose(self) -> ComposeResult:
        for letter, widget in self.parts.items():
            name = NAMES.get(widget.id or "", widget.id or type(widget).__name__).replace("-", " ")
            mark = Static(Text(f" {letter} {name} ", style="bold reverse"), classes="jump-mark")
            region = widget.region
            mark.styles.offset = (region.x + max(0, min(2, region.width - 12)), region.y)
            yield mark
        lines = [Text(f"{n}  {p.title}") for n, p in enumerate(PANELS, 1)] if self.panels else []
        tail = Text("\nEscape stays here", style="dim")
        yield Static(Text("\n").join([Text("Where to?", style="bold"), *lines, tail]), id="jump-panels", classes="card")
        yield Keys()

    def on_key(self, event: events.Key) -> None:
        """Go there, once: keys typed ahead come here until the first of them has closed it."""
        if not self.is_current:
            return
        if event.character in self.parts:
            event.stop()
            self.dismiss(f"part {event.character}")
        elif self.panels and event.character is not None and event.character in "123456789"[: len(PANELS)]:
            event.stop()
            self.dismiss(f"mode {PANELS[int(event.character) - 1].mode}")
