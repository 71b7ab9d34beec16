"""The app: which screen is up, and what holds for all of them. How a place is added is told in `tui/panels.py`."""

from __future__ import annotations

import asyncio
import select
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events, work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from curate.errors import EXIT_INTERRUPTED
from tui import keymap
from tui.behind import WorksBehind
from tui.help import HelpScreen, keys_of, spelled_key
from tui.lists import mend
from tui.panels import PANELS, first_mode, make, panel_of
from tui.settings import read_settings, settings_path
from tui.shell import PanelScreen
from tui.workers import in_words, last_words

if TYPE_CHECKING:
    from curate.review.session import Session
    from tui.desk import Desk, Logged
    from tui.reader import Reader

START = "start"
SWITCH_SECONDS = 0.0005
"""How long a thread that computes may keep the event loop waiting at a turn. Python's own 5 ms can come at every turn, and
from a key to its picture there are a dozen."""
GONE_SECONDS = 2.0
ON_PANELS = ("undo", "redo", "step", "write", "commands", "open", "view")


class CurateApp(WorksBehind, inherit_bindings=False):
    """Open data, decide on findings, train, read the verdict."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "Curate"
    DEFAULT_MODE = START
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {p.mode: p.make for p in PANELS}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", "Undo", id="undo", tooltip="Take back the last decision, also one of an earlier day"),
        Binding("ctrl+y", "redo", "Redo", id="redo", show=False, tooltip="Bring back what was undone last"),
        Binding("left_square_bracket", "step(-1)", "Panels", key_display="[ ]", id="stage_before",
                tooltip="The panel before this one on the rail"),
        Binding("right_square_bracket", "step(1)", "Next", key_display="]", show=False, id="stage_after",
                tooltip="The panel after this one on the rail"),
        Binding("w", "write", "Write", id="write",
                tooltip="Write the curated data and the report with these decisions"),
        Binding("c", "commands", "Log", show=False, id="log",
                tooltip="What was done, each with the command that does the same"),
        Binding("o", "open", "Open", show=False, id="open", tooltip="Open other data or another run"),
        Binding("question_mark", "help", "Help", key_display="?", id="help",
                tooltip="What this screen is and what its keys do"),
        Binding("f1", "help", "Help", key_display="F1", id="help_in_a_box",
                tooltip="What this screen is and what its keys do"),  # a box that takes letters takes the other one
        Binding("ctrl+o", "jump", "Jump", show=False, id="jump", tooltip="Put a letter on everything that can be gone to"),
        Binding("ctrl+q", "leave", "Quit", id="quit", tooltip="Quit; decisions are saved already"),
        Binding("ctrl+p", "command_palette", "Palette", show=False, id="palette", tooltip="Find everything by its name"),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]  # fmt: skip

    def __init__(self, what: str | None = None, out: str | None = None) -> None:
        super().__init__()
        self.what = what
        self.out = out
        self._place, self._keeping = "", False
        self._there = False
        self._keys_below: list[tuple[DOMNode, Binding]] = []
        self.add_mode(START, Screen)  # a blank one below, so that what stands on it can be switched
        self.settings = read_settings(settings_path(), self.available_themes, keymap.places)
        self.set_keymap(self.settings.keys)
        keymap.use(self.settings.keys)
        if self.settings.theme:
            self.theme = self.settings.theme

    def on_mount(self) -> None:
        """Open what was asked for, or ask; say what of the settings cannot be used."""
        sys.setswitchinterval(SWITCH_SECONDS)
        mend()
        self.push_screen(self._first_screen())
        if not (self.is_headless or self.is_web):
            self.set_interval(GONE_SECONDS, self._leave_with_the_terminal)
        for problem in self.settings.problems:
            self.notify(problem, title=f"In {settings_path().name}", severity="warning", timeout=12, markup=False)

    def _leave_with_the_terminal(self) -> None:
        """End where the terminal has gone and nothing said so (a hang-up that is ignored, no controlling terminal): what
        reads the keys would read their end for ever. Decisions are saved already."""
        asked = select.poll()
        asked.register(sys.stdin.fileno(), 0)
        if any(state & (select.POLLHUP | select.POLLNVAL) for _, state in asked.poll(0)):
            self.exit(EXIT_INTERRUPTED)

    def _handle_exception(self, error: Exception) -> None:
        """A screen that was still being put up when one quits finds its widgets gone: that is no failure."""
        if not (self._exit and isinstance(error, NoMatches)):
            super()._handle_exception(error)

    @property
    def desk(self) -> Desk:
        """The open run and what goes with it."""
        assert self._desk is not None
        return self._desk

    @property
    def has_desk(self) -> bool:
        """Whether a run is open."""
        return self._desk is not None

    def _first_screen(self) -> Screen[Any]:
        from tui.opening import OpenScreen, first_look

        return OpenScreen() if self.what is None else first_look(self.what, self.out)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What needs an open run is offered only on its panels: not over a question, not before anything is open."""
        if action in ON_PANELS:
            return self._desk is not None and isinstance(self.screen, PanelScreen)
        return True

    async def on_event(self, event: events.Event) -> None:
        """Look a key up when it comes, not when the widget that had the focus gets round to it: what is typed ahead on a
        busy machine then meets the screen or the box that the key before it has brought up, and decides nothing. A box
        that takes letters gets its keys in their order, Enter after the letters."""
        if isinstance(event, events.Key):
            self.key_at = time.monotonic()
        if isinstance(event, events.Key) and not event.is_forwarded and self.app_focus and not self.screen.maximized:
            box = self.focused
            if box is None or not box.check_consume_key("a", "a"):
                for first in (True, False):
                    if await self._check_bindings(event.key, priority=first):
                        return
        await super().on_event(event)

    # -- opening and leaving ----------------------------------------------------------------------------------------

    def opened(self, session: Session, reader: Reader, done: Logged | None = None) -> None:
        """The stages are done: show what they found."""
        from tui import memory
        from tui.desk import Desk

        self._desk = Desk(session, reader, changed=self.desk_changed, failed=self.failed, began=self._foot_changed)
        if done is not None:
            self._desk.log.append(done)
        mode, self._desk.places = memory.read(session.run.path)
        self.go(mode or first_mode(session))
        self._settle(self._desk)

    def not_opened(self, what: str, error: BaseException) -> None:
        """Nothing could be opened: ask again and say why."""
        from tui.opening import OpenScreen

        self.switch_screen(OpenScreen(what, in_words(error)))

    def stopped(self, what: str, *, leaving: bool) -> None:
        """The user stopped the stages."""
        from tui.opening import OpenScreen

        if leaving:
            self.exit(EXIT_INTERRUPTED)
        else:
            self.switch_screen(OpenScreen(what, "stopped; what was finished is kept, and Enter goes on from there"))

    @work(group="open", exclusive=True, exit_on_error=False)
    async def action_open(self) -> None:
        """Choose other data: the panels of this run are closed."""
        from tui.opening import OpenScreen

        await self.switch_mode(START)
        await self.switch_screen(OpenScreen())
        async with self._making:
            self._desk = None
            for place in PANELS:
                await self.remove_mode(place.mode)
                self.add_mode(place.mode, place.make)

    # -- between panels ---------------------------------------------------------------------------------------------

    def go(self, mode: str) -> None:
        """To a panel, as it was left."""
        self.remember(mode)
        if mode != self.current_mode:
            self._there = any(screen.is_mounted for screen in self._screen_stacks.get(mode, ())[:1])
            try:
                self.switch_mode(mode)
            finally:
                self._there = False

    def delay_update(self, delay: float = 0.05) -> None:
        """Textual hides a screen that is being made for so long; a panel that is there already is shown at once."""
        if not self._there:
            super().delay_update(delay)

    def remember(self, mode: str | None = None) -> None:
        """Keep where one is, for the next session."""
        if self._desk is None:
            return
        for screen in self._standing():
            if screen.is_mounted and (place := screen.place()) is not None:
                self._desk.places[screen.mode] = place
        self._place = mode or self.current_mode
        if not self._keeping:
            self._keeping = True
            self._keep_place(self._desk)

    @work(group="remember", exit_on_error=False)
    async def _keep_place(self, desk: Desk) -> None:
        """Write it beside the event loop; what has changed meanwhile is written after it."""
        from tui import memory

        while self._place:
            mode, self._place = self._place, ""
            await asyncio.to_thread(memory.write, desk.folder, mode, dict(desk.places))
        self._keeping = False

    def go_to_finding(self, index: int) -> None:
        """To the panel where a finding waits, the cursor on it."""
        stage = str(self.desk.session.findings["stage"][index])
        mode = panel_of(stage).mode
        self.go(mode)
        self.call_after_refresh(self._point_at, mode, index)

    def _point_at(self, mode: str, index: int) -> None:
        bottom = self._screen_stacks.get(mode, [None])[0]
        if isinstance(bottom, PanelScreen):
            bottom.point_at(index)

    def action_step(self, by: int) -> None:
        """Along the rail."""
        modes = [p.mode for p in PANELS]
        if self.current_mode in modes:
            self.go(modes[(modes.index(self.current_mode) + by) % len(modes)])

    def action_view(self, screen: str) -> None:
        """A view on top of this panel."""
        self.push_screen(make(screen, self.current_mode))

    # -- decisions --------------------------------------------------------------------------------------------------

    def desk_changed(self) -> None:
        """Decisions, files or the gate have changed: what is seen is drawn again."""
        if self._desk is None:
            return
        self._desk.changes += 1
        for screen in self._standing():
            if screen.is_mounted:
                screen.refresh_shell()
                screen.refresh_body()
        if self._desk.gate is None or self._desk.gate.of is not self._desk.session.state:
            self.ask_gate()

    def _foot_changed(self) -> None:
        """A decision is on its way: that much is said at once."""
        for screen in self._standing():
            if screen.is_mounted:
                screen.refresh_foot()

    def _standing(self) -> list[PanelScreen]:
        """The panel and the views on top of it; nothing while the app is going down."""
        return [s for s in self._screen_stacks.get(self._current_mode, ()) if isinstance(s, PanelScreen)]

    def shows(self, screen: Screen[Any]) -> bool:
        """Whether this screen stands on the panel that one is on, a question above it or not."""
        return screen in self._standing()

    def action_undo(self) -> None:
        """Take back the newest decision."""
        self.reverse("undo")

    def action_redo(self) -> None:
        """Bring back what was undone last."""
        self.reverse("redo")

    @work(group="decide", exit_on_error=False)
    async def reverse(self, which: str) -> None:
        """Undo or redo, and go to the finding it is about."""
        saved = await self.desk.reverse("undo" if which == "undo" else "redo")
        if saved is None:
            if self.desk.log:
                self.notify(self.desk.log[-1].said)
        elif len(saved.findings):
            self.go_to_finding(int(saved.findings[0]))

    @work(group="write", exclusive=True, exit_on_error=False)
    async def action_write(self) -> None:
        """Write curated data and report, in a thread."""
        self.desk.say("writing the curated data and the report …")
        self.desk_changed()
        if await self.desk.write():
            self.notify("curated data, plan and report are written", title="Done", markup=False)

    # -- everywhere -------------------------------------------------------------------------------------------------

    def failed(self, error: BaseException, what: str = "that did not work") -> None:
        """A worker's error is shown and never kills the app."""
        self.notify(in_words(error), title=what[:1].upper() + what[1:], severity="error", timeout=12, markup=False)

    def action_help(self) -> None:
        """What the keys of this screen do."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_command_palette(self) -> None:
        """The palette, unless the one before is still going down: Textual cannot have two."""
        if not any(isinstance(screen, CommandPalette) for screen in self._nodes):
            self._keys_below = keys_of(self.screen)  # now: below the palette they are no longer at work
            super().action_command_palette()

    def action_jump(self) -> None:
        """Jump mode: one more key goes there."""
        from tui.jump import JumpScreen

        over = self.screen
        if isinstance(over, ModalScreen):
            return
        jump = JumpScreen(over, panels=self._desk is not None and self.current_mode != START)
        if not jump.parts and not jump.panels:
            return

        def land(where: str | None) -> None:
            kind, _, what = (where or "").partition(" ")
            if kind == "mode":
                self.go(what)
            elif kind == "part":
                jump.parts[what].focus()

        self.push_screen(jump, land)

    def action_commands(self) -> None:
        """The command log."""
        from tui.log import LogScreen

        self.push_screen(LogScreen(self.desk))

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """A picture never holds personal data that was revealed."""
        for screen in self._standing():
            screen.hide()
        self.call_after_refresh(super().action_screenshot, filename, path)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: every panel, every key that does something on the screen below, and how all of it looks."""
        if self._desk is not None:
            for place in PANELS:
                yield SystemCommand(f"Go to {place.title}", place.says, lambda mode=place.mode: self.go(mode))
        told = set()
        for node, binding in self._keys_below:
            if binding.tooltip in told or binding.action == "app.command_palette":
                continue
            told.add(binding.tooltip)
            name = binding.description or binding.tooltip
            says = f"{spelled_key(binding)}   {binding.tooltip}"
            yield SystemCommand(name, says, partial(self.run_action, binding.action, node))
        # Of Textual's own those that no key of ours does: how it looks, and a picture of it.
        yield from (c for c in super().get_system_commands(screen) if c.title in ("Theme", "Screenshot"))

    def action_leave(self) -> None:
        """Quit; decisions are on disk already, and training goes on in its own process."""
        from tui.progress import ProgressScreen

        if isinstance(self.screen, ProgressScreen):
            self.screen.leave()
            return
        self.remember()
        if self._keeping or (self._desk is not None and self._desk.pending):
            self.leave_when_saved()
        else:
            self.exit(0)

    @work(group="leave", exclusive=True, exit_on_error=False)
    async def leave_when_saved(self) -> None:
        """Decisions taken a moment ago, and where one is, are saved first."""
        while self._keeping or self.desk.pending:
            await asyncio.sleep(0.01)
        self.exit(0)

    async def action_quit(self) -> None:
        """The command palette's way out is the same as the key's."""
        self.action_leave()

    def _fatal_error(self) -> None:
        """An unforeseen error ends the app, and says which."""
        self._exit_renderables.append(Text(last_words()))
        self._close_messages_no_wait()
