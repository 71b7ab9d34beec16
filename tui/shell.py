"""What every panel and every view on top of one has in common: bar, rail, log, keys, undo, and the ways to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Horizontal
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.worker import get_current_worker

from tui.keymap import key
from tui.panels import Panel, View, panel, stages_of
from tui.rail import NARROW, Keys, Rail, header
from tui.workers import ShowsErrors

if TYPE_CHECKING:
    from curate.review.session import Session
    from tui.app import CurateApp
    from tui.desk import Desk
    from tui.memory import Place
    from tui.reader import Reader

Made = TypeVar("Made")


class PanelScreen(ShowsErrors, Screen[None]):
    """A panel, or a view on top of one. Write `body` and `refresh_body`; the rest is here."""

    AUTO_FOCUS = ""

    @property
    def home(self) -> CurateApp:
        """The app, by its own type."""
        return cast("CurateApp", self.app)

    @property
    def desk(self) -> Desk:
        """The open run and what goes with it."""
        return self.home.desk

    @property
    def session(self) -> Session:
        """The open run."""
        return self.home.desk.session

    @property
    def reader(self) -> Reader:
        """Masked, harmless texts of it."""
        return self.home.desk.reader

    @property
    def panel(self) -> Panel:
        """The panel this screen belongs to."""
        return panel(self.mode)

    @property
    def view(self) -> View | None:
        """What this screen is on top of its panel; None for the panel itself."""
        return next((v for v in self.panel.views if v.screen.endswith(f":{type(self).__name__}")), None)

    mode: str = ""
    """The mode whose stack this screen is on; whoever makes the screen sets it."""
    _drawn_from: tuple[object, ...] = ()
    """What the screen was drawn from last."""
    _trouble: tuple[BaseException, str] | None = None
    """What went wrong while another panel was looked at."""
    _worn: tuple[object, ...] | None = None
    """The terminal that its styles were made for; None before it was shown."""

    def body(self) -> ComposeResult:
        """The widgets beside the rail."""
        yield from ()

    def refresh_body(self) -> None:
        """Draw again what decisions, other processes, or the time away may have changed."""

    def offers(self, action: str) -> bool:
        """Whether a key with this action is worth naming; nothing is known of that while the run is being closed."""
        return self.home.has_desk and self.can(action)

    def can(self, action: str) -> bool:
        """Whether a key with this action does more here, now, than say why it does nothing: only such keys are offered. Of
        the keys of the panel, those of its views; a screen adds its own."""
        view = next((v for v in self.panel.views if action == v.action), None)
        return view is None or view.fits(self.session, stages_of(self.mode, self.session.stages))

    def point_at(self, index: int) -> None:
        """Bring a finding into view, where the panel has a queue."""

    def place(self) -> Place | None:
        """Where one is here, for the next session; None where there is nothing to keep."""
        return None

    def hide(self) -> None:
        """Mask what a key had revealed."""

    def behind(
        self, make: Callable[[], Made], put: Callable[[Made], None], trouble: str, *, group: str = "evidence"
    ) -> None:
        """Work something out in a thread and then show it: `put` is called on the event loop with what `make` returned,
        unless the screen has gone or another look of this group has begun meanwhile; an error is said, as `trouble`, when
        the screen is seen."""

        def work() -> None:
            worker = get_current_worker()

            def show(step: Callable[[], None]) -> None:
                if not worker.is_cancelled and self.is_mounted and self.home.has_desk:
                    step()

            try:
                made = make()
            except Exception as error:
                failed = error
                self.app.call_from_thread(show, lambda: self.say_trouble(failed, trouble))
            else:
                self.app.call_from_thread(show, lambda: put(made))

        self.run_worker(work, thread=True, exclusive=True, group=group, exit_on_error=False)

    def say_trouble(self, error: BaseException, what: str) -> None:
        """Say that something for this screen alone went wrong: at once where it is seen, else when one comes to it. Panels
        are made before anybody goes there, and whoever works on another has asked for nothing."""
        if self.home.shows(self):
            self.home.failed(error, what)
        else:
            self._trouble = error, what

    def first_focus(self) -> str:
        """Selector of what has the focus when the screen comes up."""
        return "#rail"

    def compose(self) -> ComposeResult:
        yield Static("", id="bar")
        with Horizontal(id="desk"):
            yield Rail()
            with Container(id="work"):
                yield from self.body()
        yield Static("", id="log")
        yield Keys()

    def on_mount(self) -> None:
        """Ready to be seen."""
        for view in self.panel.views:
            if view.screen.rpartition(":")[2] != type(self).__name__:
                binding = Binding(view.key, view.action, view.name, id=view.id, tooltip=view.says,
                                  show=view.shown)  # fmt: skip
                self._bindings.key_to_bindings[view.key] = [binding]
        self.refresh_shell()
        self.refresh_body()
        found = self.query(self.first_focus())
        if found and self.focused is None:
            found.first().focus()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Back from another panel: what was decided there shows here. Styles are as they were unless the terminal is
        another (a theme that has changed meanwhile is seen to by the app): Textual would work all of them out again."""
        worn = self.app.size, self.app.app_focus
        if self._worn in (None, worn):
            event.refresh_styles = False
        self._worn = worn
        if self._trouble is not None and self.home.shows(self):
            (error, what), self._trouble = self._trouble, None
            self.home.failed(error, what)
        if self.is_mounted and self._drawn_from != self._now():
            self.refresh_shell()
            self.refresh_body()

    def _screen_resized(self, size: Size) -> None:
        """Lay out anew where the terminal is of another size: not each time the panel is come back to."""
        if size != self._size:
            super()._screen_resized(size)

    def _now(self) -> tuple[object, ...]:
        """All that the frame, and what a queue shows, follow from."""
        desk = self.desk
        judged = (desk.folder / "ablation.json").is_file()
        return desk.changes, len(desk.log), desk.session.is_written, judged

    def on_resize(self) -> None:
        """The bar says what fits."""
        if self.is_mounted:
            self.refresh_shell()

    def refresh_shell(self) -> None:
        """The bar, the rail and the line at the foot."""
        width = self.size.width or self.app.size.width
        bar = header(self.desk, self.mode, width, self.view.name if self.view else "")
        self.query_one("#bar", Static).update(bar, layout=False)
        self.query_one(Rail).show(self.desk, self.mode)
        self.refresh_foot()
        self._drawn_from = self._now()

    def refresh_foot(self) -> None:
        """The line above the keys."""
        self.query_one("#log", Static).update(self.foot(), layout=False)

    def foot(self) -> Text:
        """What is being done, else what happened last and the command that does the same."""
        if self.desk.doing:
            return Text(self.desk.doing)
        if self.desk.unsaved > 1:
            return Text(f"saving {self.desk.unsaved:,} decisions …")
        if not self.desk.log:
            says = self.view.says if self.view else self.panel.says
            width = self.size.width or self.app.size.width
            # Where the footer is too short for the views on top of a panel, they stand here.
            views = [f"{key(v.id)} {v.name}" for v in self.panel.views if self.view is None and self.can(v.action)]
            tail = "  ".join(["", *views]) if width < NARROW else f"  {key('help')} tells what the keys do"
            room = len(says) + len(tail) <= width - 2
            return Text(f"{says}{tail if room else ''}", no_wrap=True, overflow="ellipsis")
        last = self.desk.log[-1]
        out = Text(last.said, no_wrap=True, overflow="ellipsis")
        return out.append(f"   $ {last.command}", "dim") if last.command else out

    @on(OptionList.OptionSelected, "#rail")
    def stop_chosen(self, event: OptionList.OptionSelected) -> None:
        """Go where the rail says."""
        event.stop()
        if event.option.id is not None:
            self.home.go(event.option.id)
