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
from tui.outcome import trained_word, verdict_word
from tui.panels import PANELS, Panel, stages_of
from tui.words import MANY, NOTED, SIGN, short_path

if TYPE_CHECKING:
    from curate.review.session import Session
    from tui.desk import Desk
    from tui.gate import GateState

NARROW = 100
ROOM_FOR_SENTENCES = 120
"""Columns from which on the bar says the gate's verdict in whole."""
GAP = 2
"""Columns between what the bar says of the place and what it says of the data."""
ROOM_FOR_COUNTS = 20
"""Columns of the rail for what waits, applies and was rejected in a panel."""


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
        keys = [key for key in keys if offered(self.screen, key.action, key.key, key.key_display)]
        said = [(key.key_display, key.description, key.action) for key in keys]
        width = self.size.width or self.app.size.width
        self.compact = width < NARROW or not fits(said, width, ROOMY)
        yield from (keys[at] for at in (fitted(said, width) if self.compact else range(len(keys))))

    def look_again(self) -> None:
        """The same keys, of which others can do something now."""
        if self.is_attached:
            self.call_next(self._tell)  # in its own turn, whoever calls: what it makes is bound to it

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
        shown = [(b, enabled) for _, b, enabled, _ in self.screen.active_bindings.values() if b.show]
        told = [(b, enabled) for b, enabled in shown if offered(self.screen, b.action, b.key, b.key_display)]
        now = [(b.key, b.description, enabled) for b, enabled in told]
        if now != self._told or not self.children:
            self._told = now
            await self.recompose()

    def on_resize(self, event: events.Resize) -> None:
        """Fit the keys."""
        if event.size.width != self._width:
            self._width, self._told = event.size.width, []
            self.call_after_refresh(self._tell)


def offered(screen: Screen[Any], action: str, key: str, shown: str | None) -> bool:
    """Whether a key is worth naming: what it would do can be done now (`PanelScreen.offers`), and the box that has the
    focus does not take it for a letter."""
    offers = getattr(screen, "offers", None)
    if offers is not None and not offers(action):
        return False
    box, letter = screen.focused, shown if shown is not None and len(shown) == 1 and shown.isascii() else None
    return box is None or letter is None or not box.check_consume_key(key, letter)


ROOMY, CLOSE = 3, 2
"""Columns that a key of the footer takes beside its name and its word."""
NEVER_LEFT_OUT = ("undo", "take_back", "help", "leave", "app.pop_screen", "back", "screen.back", "stop")
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
    """`? 112 wait  ✓ 156`, or a word where there is nothing to count. What only notes something is counted where a panel
    has nothing that changes data."""
    stages = stages_of(panel.mode, desk.session.stages)
    if not panel.concerns:
        return Text(_told(desk, panel), style="dim", no_wrap=True)
    if not stages or all(desk.session.detected.outcomes[s].status == "skipped" for s in stages):
        return Text("– skipped" if stages else "– not in the recipe", style="dim", no_wrap=True)
    by = added_up(desk.session, stages)
    waits = by["pending"] + by["stale"]
    noted = desk.noted(stages)
    changing = by["applied"] - noted
    said = [
        *([(SIGN["pending"], waits, MANY["pending"])] if waits else []),
        *([(SIGN["applied"], changing, MANY["applied"])] if changing else []),
        *([(SIGN["applied"], noted, NOTED)] if noted and not changing else []),
        *([(SIGN["rejected"], by["rejected"], MANY["rejected"])] if by["rejected"] else []),
    ]
    if not said and by["superseded"]:
        said = [(SIGN["superseded"], by["superseded"], MANY["superseded"])]
    if not said:
        return Text("nothing found", style="dim")
    # As many words as there is room for, those of the first counts before those of the last.
    for worded in range(len(said), -1, -1):
        parts = [f"{sign} {n:,}{f' {word}' if at < worded else ''}" for at, (sign, n, word) in enumerate(said)]
        if sum(map(len, parts)) + GAP * (len(parts) - 1) <= ROOM_FOR_COUNTS:
            break
    out = Text(no_wrap=True, overflow="ellipsis")
    for at, part in enumerate(parts):
        out.append(" " * GAP if at else "").append(part, "bold" if waits and not at else "")
    return out


def added_up(session: Session, stages: list[str]) -> dict[str, int]:
    """Findings of several stages by status."""
    counted = [session.counts(s) for s in stages]
    return {status: sum(by[status] for by in counted) for status in session.counts("")}


def _told(desk: Desk, panel: Panel) -> str:
    if panel.mode == "profile":
        return f"{desk.session.rows()[0]:,} rows"
    if panel.mode == "report":
        return f"{SIGN['applied']} written" if desk.session.is_written else "! not written"
    result = desk.outcome.read()
    if panel.mode == "train" and desk.training:
        return "▸ training"
    if panel.mode != "ablation":
        return trained_word(result)
    return verdict_word(result, of_now=result is None or desk.outcome.is_of_now(desk.session))


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
