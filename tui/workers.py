"""Workers whose errors are shown: what goes wrong beside the event loop never ends the app."""

from __future__ import annotations

from typing import Any

from textual.worker import Worker, WorkerState


class ShowsErrors:
    """A screen or an app. Start workers with `exit_on_error=False`; what they raise comes up as a message."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what went wrong; deliberate messages are quoted, others are named by their kind."""
        if event.state == WorkerState.ERROR and event.worker.error is not None:
            app: Any = getattr(self, "app", self)
            app.failed(event.worker.error)
