"""Help for the screen one is on: what it is, and what each key does."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen, Screen
from textual.widgets import Static


class HelpScreen(ModalScreen[None]):
    """Reads the keys off the screen below, so it cannot be wrong about them."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,q", "dismiss", "Close")]

    def __init__(self, of: Screen[Any]) -> None:
        super().__init__()
        self.of = of

    def compose(self) -> ComposeResult:
        table = Table.grid(padding=(0, 2))
        seen: set[str] = set()
        for active in self.of.active_bindings.values():
            binding = active.binding
            if not binding.description or binding.description in seen:
                continue
            seen.add(binding.description)
            table.add_row(Text(self.app.get_key_display(binding), style="bold"), binding.tooltip or binding.description)
        about = (self.of.__doc__ or "").strip()
        yield Static(Text(about), classes="hint")
        yield Static(table, id="help")
