"""The app: which screen is up, the session they share, and how errors are shown."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType

from curate.errors import CurateError
from tui.help import HelpScreen
from tui.session import Session


class CurateApp(App[int]):
    """Open data, decide on findings, train, read the verdict."""

    CSS_PATH = "app.tcss"
    TITLE = "Curate"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("ctrl+q", "leave", "Quit"),
    ]

    def __init__(self, what: str | None = None, out: str | None = None) -> None:
        super().__init__()
        self.what = what
        self.out = out
        self.session: Session | None = None

    def on_mount(self) -> None:
        from tui.opening import OpenScreen
        from tui.progress import ProgressScreen

        if self.what is None:
            self.push_screen(OpenScreen())
        else:
            self.push_screen(ProgressScreen(self.what, self.out))

    def opened(self, session: Session) -> None:
        """The stages are done: show what they found."""
        from tui.findings import FindingsScreen

        self.session = session
        self.switch_screen(FindingsScreen(session))

    def failed(self, error: BaseException) -> None:
        """A worker's error is shown and never kills the app; only deliberate messages are quoted."""
        from tui.opening import OpenScreen

        said = str(error) if isinstance(error, CurateError) else f"internal error: {type(error).__name__}"
        self.notify(said, title="That did not work", severity="error", timeout=15, markup=False)
        if self.session is None:
            self.switch_screen(OpenScreen(message=said))

    def _fatal_error(self) -> None:
        """An unforeseen error ends the app by its kind and place: Textual's own traceback would print local
        variables, and those may hold raw data."""
        import sys

        kind, _, trace = sys.exc_info()
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        name = kind.__name__ if kind else "unknown error"
        self._exit_renderables.append(Text(f"internal error: {name}{place}; decisions taken so far are saved"))
        self._close_messages_no_wait()

    def action_help(self) -> None:
        """What the keys of this screen do."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_leave(self) -> None:
        """Quit; decisions are on disk already, and training goes on in its own process."""
        self.exit(0)


def short_path(path: str | Path) -> str:
    """A path as a person would type it here."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
