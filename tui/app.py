"""The app: which screen is up, and how errors are shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType

from curate.errors import EXIT_INTERRUPTED, CurateError
from curate.privacy.preview import safe_text
from curate.session import Session
from tui.evidence import Reader
from tui.help import HelpScreen


class CurateApp(App[int]):
    """Open data, decide on findings, train, read the verdict."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "Curate"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="What this screen is and what its keys do"),
        Binding("ctrl+q", "leave", "Quit", tooltip="Quit; decisions are saved already"),
    ]

    def __init__(self, what: str | None = None, out: str | None = None) -> None:
        super().__init__()
        self.what = what
        self.out = out

    def on_mount(self) -> None:
        from tui.opening import OpenScreen
        from tui.progress import ProgressScreen

        self.push_screen(OpenScreen() if self.what is None else ProgressScreen(self.what, self.out))

    def opened(self, session: Session, reader: Reader) -> None:
        """The stages are done: show what they found."""
        from tui.findings import FindingsScreen

        self.switch_screen(FindingsScreen(session, reader))

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

    def failed(self, error: BaseException, what: str = "that did not work") -> None:
        """A worker's error is shown and never kills the app."""
        self.notify(in_words(error), title=what[:1].upper() + what[1:], severity="error", timeout=12, markup=False)

    def action_help(self) -> None:
        """What the keys of this screen do."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_leave(self) -> None:
        """Quit; decisions are on disk already, and training goes on in its own process."""
        from tui.progress import ProgressScreen

        if isinstance(self.screen, ProgressScreen):
            self.screen.leave()
        else:
            self.exit(0)

    async def action_quit(self) -> None:
        """The command palette's way out is the same as the key's."""
        self.action_leave()

    def _fatal_error(self) -> None:
        """An unforeseen error ends the app by its kind and place: Textual's own traceback would print local
        variables, and those may hold raw data."""
        kind, _, trace = sys.exc_info()
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        name = kind.__name__ if kind else "unknown error"
        self._exit_renderables.append(Text(f"internal error: {name}{place}; decisions taken so far are saved"))
        self._close_messages_no_wait()


def in_words(error: BaseException) -> str:
    """An error for the screen: only deliberate messages are quoted, others may hold data."""
    if isinstance(error, CurateError):
        return safe_text(str(error))
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {safe_text(str(error.filename))}" if error.filename else error.strerror
    return f"internal error: {type(error).__name__}"
