"""Help for the screen one is on: what it is, and what each key does."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.keymap import remapped, spelled
from tui.rail import NARROW, Keys, offered
from tui.shell import PanelScreen
from tui.words import MEANING, NOTES, said_of

EVERYWHERE = (
    ("Tab", "to the next part of the screen"),
    ("↑ ↓ PgUp PgDn", "move or scroll in it"),
    ("mouse", "click a panel, a finding or a key of the footer; the wheel scrolls"),
)


def keys_of(screen: Screen[Any]) -> list[tuple[DOMNode, Binding]]:
    """The keys that do something on a screen now, each with whose it is, and nothing that nobody wrote a word about. Where
    a box or a list of Textual's holds a key that it has no use for and passes on, what the screen does with it counts."""
    found = []
    for name, active in screen.active_bindings.items():
        node, binding = active.node, active.binding
        if not binding.tooltip:
            chain = ((n, b) for n, held in screen._modal_binding_chain for k, b in held if k == name and b.tooltip)
            node, binding = next(chain, (node, binding))
        if binding.tooltip and not binding.system and offered(screen, binding.action, binding.key, binding.key_display):
            found.append((node, binding))
    return found


def spelled_key(binding: Binding) -> str:
    """What a key is called in help."""
    brackets = {"left_square_bracket": "[", "right_square_bracket": "]"}
    return brackets.get(binding.key) or binding.key_display or spelled(binding.key)


class HelpScreen(ModalScreen[None]):
    """Reads the keys off the screen below, so it cannot be wrong about them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Close", id="close", tooltip="Close help"),
    ]

    def __init__(self, of: Screen[Any]) -> None:
        super().__init__()
        self.of = of
        # Read now: on top of the screen, its keys are no longer at work.
        self.bindings = [binding for _, binding in keys_of(of)]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help", classes="card") as card:
            card.border_subtitle = "Escape closes this help"
            about = inspect.cleandoc(self.of.__doc__ or "").split("\n\n")
            yield Static(Text("\n".join(" ".join(paragraph.split()) for paragraph in about)))
            if remapped():
                yield Static(Text("You have keys of your own: those below hold; the words above name the usual ones."))
            yield Static(self._keys(), id="help-keys")
            if self._names:
                yield Static(Text("right: the name of a key in [keys] of tui.toml, to give it another one", "dim"))
            if isinstance(self.of, PanelScreen):  # before a run is open nothing has a state
                yield Static(self._states(), id="help-states")
        yield Keys()

    def _keys(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold", no_wrap=True)
        table.add_column(ratio=1)
        table.add_column(style="dim", no_wrap=True)
        by_tooltip: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        for binding in self.bindings:
            key = spelled_key(binding)
            keys = by_tooltip.setdefault(binding.tooltip, [])
            names.setdefault(binding.tooltip, (binding.id or "") if self._names else "")
            if key not in keys and not (binding.key == "f1" and keys):
                keys.append(key)
        for tooltip, keys in by_tooltip.items():
            shown = f"{keys[0]} … {keys[-1]}" if len(keys) > 3 else " ".join(keys)
            name = f"{names[tooltip]} …" if len(keys) > 3 and names[tooltip] else names[tooltip]
            table.add_row(Text(shown), Text(tooltip), Text(name))
        for key, what in EVERYWHERE:
            if any(binding.key == key.lower() for binding in self.bindings):
                continue
            table.add_row(Text(key), Text(what), Text(""))
        return table

    @property
    def _names(self) -> bool:
        """Whether there is room for what the keys are called in the settings."""
        return self.app.size.width >= NARROW

    def _states(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        for status, meaning in MEANING.items():
            table.add_row(Text(said_of(status, notes=False)), Text(meaning))
        table.add_row(Text(said_of("applied", notes=True)), Text(NOTES["applied"]))
        return table
