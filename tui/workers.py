"""Errors on the screen: what goes wrong in a worker is shown and never ends the app; nothing of the data is in it."""

from __future__ import annotations

import sys
from typing import Any

from textual.worker import Worker, WorkerState

from curate.errors import CurateError
from curate.safetext import safe_text


class ShowsErrors:
    """A screen or an app. Start workers with `exit_on_error=False`; what they raise comes up as a message."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what went wrong; deliberate messages are quoted, others are named by their kind."""
        if event.state == WorkerState.ERROR and event.worker.error is not None:
            app: Any = getattr(self, "app", self)
            app.failed(event.worker.error)


def in_words(error: BaseException) -> str:
    """An error for the screen: only deliberate messages are quoted, others may hold data."""
    if isinstance(error, CurateError):
        return safe_text(str(error))
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {safe_text(str(error.filename))}" if error.filename else error.strerror
    return f"internal error: {type(error).__name__}"


def last_words() -> str:
    """The error that is being handled, by its kind and place: a traceback would print local variables, and those may hold
    raw data."""
    kind, _, trace = sys.exc_info()
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"internal error: {kind.__name__ if kind else 'unknown error'}{place}; decisions taken so far are saved"
