"""A decision on many findings: how many, a sample, whom it falls on; and a key of its own to take it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static
from textual.worker import get_current_worker

from curate.review.steps import Verdict
from curate.words import plural, signed
from tui.desk import Desk
from tui.effects import Preview
from tui.keymap import key
from tui.rail import Keys
from tui.words import said_of
from tui.workers import ShowsErrors

SAMPLE = 6
DOES = {"accept": "Apply", "reject": "Reject", "flag": "Flag"}


@dataclass(frozen=True)
class Bulk:
    """What is asked about."""

    indices: np.ndarray
    title: str
    verdict: Verdict
    where: str
    """The filter that they came from; a range of the queue is less than it chooses."""


class BulkScreen(ShowsErrors, ModalScreen[Bulk | None]):
    """Preview of a decision on many findings. a, x and f change what would be done; y does it; Escape does nothing.

    It is one decision: one u takes all of it back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "take", "Yes, do it", id="confirm", tooltip="Take this decision; one u takes all of it back"),
        Binding("escape,n", "dismiss(None)", "No", id="cancel", tooltip="Decide nothing"),
        Binding("a", "turn('accept')", "Apply", id="accept", tooltip="Preview applying them"),
        Binding("x", "turn('reject')", "Reject", id="reject", tooltip="Preview rejecting them"),
        Binding("f", "turn('flag')", "Flag", id="flag",
                tooltip="Preview flagging them for another look"),
    ]  # fmt: skip

    def __init__(self, desk: Desk, bulk: Bulk) -> None:
        super().__init__()
        self.desk = desk
        self.bulk = bulk

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="bulk", classes="card"):
            yield Static("", id="bulk-head")
            yield Static("", id="bulk-effect")
            yield Static("", id="bulk-sample")
            yield Static("", id="bulk-keys", classes="hint")
        yield Keys()

    def on_mount(self) -> None:
        """Count at once, work out the effect behind it."""
        self.draw()

    def draw(self) -> None:
        """Say what is asked."""
        n = plural(len(self.bulk.indices), "finding")
        self.query_one("#bulk-head", Static).update(
            Text.assemble((f"{DOES[self.bulk.verdict]} {n}?", "bold"), f"  {self.bulk.title}")
        )
        self.query_one("#bulk-effect", Static).update(Text("working out whom it falls on …", style="dim"))
        self.query_one("#bulk-keys", Static).update(
            Text(f"{key('confirm')} does it · {key('cancel')} does nothing · {key('accept')} apply, {key('reject')} "
                 f"reject, {key('flag')} flag instead · {key('undo')} takes all of it back afterwards")
        )
        self.look(self.bulk)

    @work(thread=True, exclusive=True, group="start", exit_on_error=False)
    def look(self, bulk: Bulk) -> None:
        """The sample and the effect, in a thread."""
        worker = get_current_worker()
        try:
            sample = self._sample(bulk.indices)
            shown = _effect(self.desk.effects.of_bulk(bulk.indices, bulk.verdict))
        except Exception as error:
            self.app.call_from_thread(self.desk.failed, error, "the effect cannot be worked out")
            return

        def put() -> None:
            if not worker.is_cancelled and self.is_mounted:
                self.query_one("#bulk-effect", Static).update(shown)
                self.query_one("#bulk-sample", Static).update(sample)

        self.app.call_from_thread(put)

    def _sample(self, indices: np.ndarray) -> Table:
        """Some of them, evenly spread over the selection."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True, header_style="dim")
        for name in ("state", "row", "proposal"):
            table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=40)
        table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
        picked = indices[np.unique(np.linspace(0, len(indices) - 1, SAMPLE).astype(np.int64))]
        for at in range(len(picked)):
            line = self.desk.reader.line(picked, at)
            state = Text(said_of(line.status, bool(self.desk.session.flag_mask[int(picked[at])])))
            table.add_row(state, Text("–" if line.row is None else str(line.row)), Text(line.proposal), Text(line.text))
        return table

    def action_turn(self, verdict: Verdict) -> None:
        """Another verdict."""
        self.bulk = replace(self.bulk, verdict=verdict)
        self.draw()

    def action_take(self) -> None:
        """Do it."""
        self.dismiss(self.bulk)


def _effect(preview: Preview) -> Group:
    now, then = preview.rows
    rows = f"rows that stay: {now:,} → {then:,}" + (f" ({signed(then - now, 0)})" if now != then else "")
    lines = [Text(rows, style="bold")]
    if preview.statuses:
        lines.append(Text("then: " + ", ".join(f"{sign} {n:,} {word}" for sign, n, word in preview.statuses)))
    if preview.decided:
        are, them = ("is", "it") if preview.decided == 1 else ("are", "them")
        lines.append(Text(f"! {preview.decided:,} of these {are} decided already; this decides {them} anew"))
    mark = "! " if preview.alarming else ""
    lines += [Text(f"{mark}{line}" if k else line) for k, line in enumerate(preview.lines)]
    return Group(*lines)
