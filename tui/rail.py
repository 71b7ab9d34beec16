"""The frame of every panel: the bar on top, the rail of panels at the side, the keys at the foot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer, OptionList
from textual.widgets._footer import FooterKey
from textual.widgets.option_list import Option

from tui.keymap import key
from tui.panels import PANELS, Panel, stages_of
from tui.words import SIGN, short_path

if TYPE_CHECKING:
    from curate.session import Session
    from tui.desk import Desk
    from tui.gate import GateState

NARROW = 100
ROOM_FOR_SENTENCES = 120
"""Columns from which on the bar says the gate's verdict in whole."""
GAP = 2
"""Columns between what the bar says of the place and what it says of the data."""
ROOM_FOR_WORD = 13
"""Columns of the rail that counts may take where `wait` is to stand behind the first."""


class Keys(Footer):
    """The footer: the keys of the screen, closer together where there is little room, and as many as there is room for.

    Undo, help, the way back and the way out are always among them; help has those that are left out."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._told: list[tuple[str, str, bool]] = []
        self._width = 0

    def compose(self) -> ComposeResult:
        """The keys that fit."""
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        said = [(key.key_display, key.description, key.action) for key in keys]
        width = self.size.width or self.app.size.width
        self.compact = width < NARROW or not fits(said, width, ROOMY)
        yield from (keys[at] for at in (fitted(said, width) if self.compact else range(len(keys))))

    def bindings_changed(self, screen: Screen[Any]) -> None:
        """Other keys. Textual's footer keeps the old ones, or none, while the app has no focus: in a browser it has none at
        the start, and who only looks would not see a single key."""
        self._bindings_ready = True
        if self.is_attached and screen is self.screen:
            self.call_after_refresh(self._tell)

    async def _tell(self) -> None:
        """Put the keys anew where they are others: the line neither flickers nor costs anything with every key."""
        if not self.is_attached:  # the screen has gone meanwhile
            return
        now = [(b.key, b.description, enabled) for _, b, enabled, _ in self.screen.active_bindings.values() if b.show]
        if now != self._told or not self.children:
            self._told = now
            await self.recompose()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the keys."""
        if event.size.width != self._width:
            self._width, self._told = event.size.width, []
            self.call_after_refresh(self._tell)


ROOMY, CLOSE = 3, 2
"""Columns that a key of the footer takes beside its name and its word."""
NEVER_LEFT_OUT = ("undo", "take_back", "help", "leave", "app.pop_screen", "back", "stop")
Said = tuple[str, str, str]
"""Name of a key, its word, its action."""


def fits(keys: Sequence[Said], width: int, gap: int) -> bool:
    """Whether a line has room for these keys."""
    return sum(cell_len(key) + cell_len(word) + gap for key, word, _ in keys) <= width


def fitted(keys: Sequence[Said], width: int) -> list[int]:
    """Places of the keys that one line has room for: views on top go first, then writing, then the later before the
    earlier; the ways back, out and to help never."""

    def dispensable(at: int) -> tuple[int, int]:
        action = keys[at][2]
        return 0 if action.startswith("app.view(") else 1 if action == "write" else 2, -at

    left = list(range(len(keys)))
    for at in sorted((n for n in left if keys[n][2] not in NEVER_LEFT_OUT), key=dispensable):
        if fits([keys[n] for n in left], width, CLOSE):
            break
        left.remove(at)
    return left


class Rail(OptionList):
    """The panels in order, each with what waits there. Enter or a click goes there; so do [ and ] from anywhere."""

    def __init__(self) -> None:
        super().__init__(*(Option(Text(p.title), id=p.mode) for p in PANELS), id="rail", markup=False)
        self._told: dict[int, Text] = {}

    def show(self, desk: Desk, mode: str) -> None:
        """Count again, and mark where one is."""
        for at, panel in enumerate(PANELS):
            now = _stop(desk, panel, panel.mode == mode)
            if now != self._told.get(at):  # each stop that is put anew has the whole rail drawn anew
                self._told[at] = now
                self.replace_option_prompt_at_index(at, now)
            if panel.mode == mode and not self.has_focus:
                self.highlighted = at


def _stop(desk: Desk, panel: Panel, here: bool) -> Text:
    """Two lines of the rail: where, and what waits there."""
    title = Text(f"{'▸' if here else ' '} {panel.title}", style="bold" if here else "", no_wrap=True, overflow="ellipsis")
    return Text("\n").join([title, Text("  ").append_text(panel_counts(desk, panel))])


def panel_counts(desk: Desk, panel: Panel) -> Text:
    """`? 112 wait  ✓ 156`, or a word where there is nothing to count."""
    stages = stages_of(panel.mode, desk.session.stages)
    if not panel.stages:
        return Text(_told(desk, panel), style="dim", no_wrap=True)
    if not stages or all(desk.session.detected.outcomes[s].status == "skipped" for s in stages):
        return Text("– skipped" if stages else "– not in the recipe", style="dim", no_wrap=True)
    by = added_up(desk.session, stages)
    waits = by["pending"] + by["stale"]
    rest = [(f"{SIGN[s]} {by[s]:,}", "") for s in ("applied", "rejected") if by[s]]
    word = " wait" if sum(len(said) + 2 for said, _ in rest) + len(f"{waits:,}") <= ROOM_FOR_WORD else ""
    parts: list[tuple[str, str]] = [*([(f"{SIGN['pending']} {waits:,}{word}", "bold")] if waits else []), *rest]
    out = Text(no_wrap=True, overflow="ellipsis")
    for n, (words, style) in enumerate(parts):
        out.append("  " if n else "").append(words, style)
    if parts:
        return out
    return Text(f"{SIGN['superseded']} {by['superseded']:,}" if by["superseded"] else "nothing found", style="dim")


def added_up(session: Session, stages: list[str]) -> dict[str, int]:
    """Findings of several stages by status."""
    counted = [session.counts(s) for s in stages]
    return {status: sum(by[status] for by in counted) for status in session.counts("")}


def _told(desk: Desk, panel: Panel) -> str:
    if panel.mode == "profile":
        return f"{desk.session.rows()[0]:,} rows"
    if panel.mode == "report":
        return f"{SIGN['applied']} written" if desk.session.is_written else "! not written"
    judged = (desk.folder / "ablation.json").is_file()
    if panel.mode == "ablation":
        return f"{SIGN['applied']} verdict" if judged else "– no verdict yet"
    return f"{SIGN['applied']} trained" if judged else "– not trained yet"


def header(desk: Desk, mode: str, width: int, view: str = "") -> Table:
    """Where am I (`view`: on top of the panel), what becomes of the rows, what waits, the gate, how far to green."""
    session = desk.session
    rows_in, rows_out = session.rows()
    modes = [p.mode for p in PANELS]
    tight = width < NARROW
    table = Table.grid(expand=True, padding=(0, GAP, 0, 0))
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    place = f"{modes.index(mode) + 1}/{len(modes)} " if mode in modes else ""
    title = PANELS[modes.index(mode)].title if mode in modes else ""
    where = Text.assemble(place, (f"{title} › {view}" if view else title, "bold"))
    waiting = session.state.waiting
    unsaved = f"! {'unsaved' if tight else 'not written'} ({key('write')})"
    said = [
        f"{'' if tight else 'rows '}{rows_in:,} → {rows_out:,}",
        f"{SIGN['pending']} {waiting:,} wait" if waiting else f"{SIGN['applied']} nothing waits",
        gate_words(desk.gate, short=width < ROOM_FOR_SENTENCES),
        unsaved if not session.is_written else "" if tight else f"{SIGN['applied']} written",
    ]
    told = Text(("  " if tight else "   ").join(s for s in said if s))
    if not tight:
        where.append(f"  {short_path(session.run.path)}")
        task = f"  {session.dataset.task}"
        where.append(task if where.cell_len + len(task) + GAP + told.cell_len <= width else "")
    table.add_row(where, told)
    return table


def gate_words(gate: GateState | None, *, short: bool) -> str:
    """The gate's verdict, and what it takes to turn it green."""
    if gate is None:
        return "gate …"
    return gate.line(short=short)
