"""What the app does behind the screens: the rest of opening, the gate's judgement, panels made before they are gone to.

Nothing here waits for a key and no key waits for it: threads, or steps of the event loop that begin while no key comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from textual import work
from textual.app import App

from tui.panels import PANELS, load_screens
from tui.workers import ShowsErrors, in_words

if TYPE_CHECKING:
    from tui.desk import Desk

SEEN_PATIENCE_SECONDS = 1.0
"""How long the rest of opening waits for a queue to be on the screen; the panel one comes back to may have none."""
READY_PAUSE_SECONDS = 0.4
"""How long no key must have come before a panel that nobody has gone to yet is made."""
GOING_PATIENCE_SECONDS = 5.0
"""How long going down waits for panels that are being closed."""
GATE_PAUSE_SECONDS = 0.3
GATE_PATIENCE_SECONDS = 3.0
"""How long keys may keep the gate from being judged anew: until then it says what it said."""


class WorksBehind(ShowsErrors, App[int], inherit_bindings=False):
    """The app without its screens."""

    def __init__(self) -> None:
        super().__init__()
        self._desk: Desk | None = None
        self._judging = False
        self.key_at = time.monotonic()
        """When the last key came."""
        self._making = asyncio.Lock()
        """Held while a panel is made ahead: the run that it is made of is not closed before it stands."""

    def desk_changed(self) -> None:
        """Decisions, files or the gate have changed."""

    def failed(self, error: BaseException, what: str = "that did not work") -> None:
        """Show an error."""

    @work(thread=True, group="gate", exit_on_error=False)
    def _settle(self, desk: Desk) -> None:
        """Behind the first picture: read the rows, resolve what was shown as it lay in the files, then judge."""
        trouble: BaseException | None = None
        desk.seen.wait(SEEN_PATIENCE_SECONDS)
        try:
            desk.reader.warm()
            desk.session.confirm()
            load_screens()
        except Exception as error:  # findings and decisions can still be looked at
            trouble = error

        def put() -> None:
            if self._desk is desk:
                if trouble is not None:
                    self.failed(trouble, "the rows cannot be read")
                desk.settled = True
                self.desk_changed()
                self._get_ready(desk)

        self.call_from_thread(put)

    @work(group="ahead", exit_on_error=False)
    async def _get_ready(self, desk: Desk) -> None:
        """While no key comes, make the panels that nobody has gone to yet: going there is then only a switch."""
        here = next((at for at, place in enumerate(PANELS) if place.mode == self.current_mode), 0)
        for place in (*PANELS[here + 1 :], *PANELS[:here][::-1]):
            while self._desk is desk and (desk.pending or self._judging or self._key_came()):
                await asyncio.sleep(READY_PAUSE_SECONDS / 4)
            async with self._making:
                if self._desk is not desk:
                    return
                await self._init_mode(place.mode)

    async def _close_all(self) -> None:
        """Going down: no panel comes or goes while Textual walks through all of them."""
        self.workers.cancel_group(self, "ahead")
        # Panels that are on their way out are waited for: what Textual has begun to remove must not be cancelled.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOING_PATIENCE_SECONDS), self._making:
                pass
        self.workers.cancel_group(self, "open")
        await super()._close_all()

    def _key_came(self) -> bool:
        return time.monotonic() - self.key_at < READY_PAUSE_SECONDS

    def ask_gate(self) -> None:
        """Judge the plan in force, unless that is being done: the answer of now is asked for when it is there."""
        if not self._judging and self._desk is not None and self._desk.settled:
            self._judging = True
            self._judge(self._desk)

    @work(thread=True, group="gate", exit_on_error=False)
    def _judge(self, desk: Desk) -> None:
        from tui.gate import GateState, judged

        asked = time.monotonic()
        while time.monotonic() - asked < GATE_PATIENCE_SECONDS:  # keys pressed one after another are judged once
            before = desk.session.state
            time.sleep(GATE_PAUSE_SECONDS)
            if desk.session.state is before and not desk.pending:
                break
        try:
            found = judged(desk.session)
        except Exception as error:
            found = GateState("error", (), None, desk.session.state, in_words(error))

        def put() -> None:
            self._judging = False
            if self._desk is desk:
                desk.gate = found
                self.desk_changed()

        self.call_from_thread(put)
