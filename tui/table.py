"""The queue as a table: rows are read when they come into view, so a queue may hold a million findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual_fastdatatable import DataTable
from textual_fastdatatable.backend import DataTableBackend

from tui.evidence import Reader
from tui.queue import Heading, Queue
from tui.words import FLAG, SIGN, WORD, count

COLUMNS = ("state", "row", "score", "proposal", "text")
STATE_WIDTH, ROW_WIDTH, SCORE_WIDTH = 12, 7, 5
PADDING = 2
SAMPLE = 64
"""Findings whose proposals the column is fitted to."""


class QueueBackend(DataTableBackend[np.ndarray]):
    """Findings by index; a cell is made when it is drawn. Read-only: decisions change it through the session."""

    def __init__(
        self, data: np.ndarray, max_rows: int | None = None, column_names: Sequence[str] | None = None
    ) -> None:
        super().__init__(data, max_rows, column_names)
        self.data = data
        self.reader: Reader | None = None
        self.queue = Queue()
        self.marked: tuple[int, int] | None = None
        """First and last place of a range that is being marked."""
        self._last: tuple[object, int, tuple[str, ...]] | None = None

    @classmethod
    def from_pydict(
        cls, data: Mapping[str, Sequence[Any]], max_rows: int | None = None, column_names: Sequence[str] | None = None
    ) -> QueueBackend:
        """From one column of finding indices."""
        return cls(np.asarray(next(iter(data.values())), np.int64))

    @property
    def source_data(self) -> np.ndarray:
        """The finding indices."""
        return self.data

    @property
    def source_row_count(self) -> int:
        """Findings in the queue."""
        return len(self.data)

    @property
    def row_count(self) -> int:
        """Findings in the queue."""
        return len(self.data)

    @property
    def columns(self) -> Sequence[str]:
        """Column names."""
        return COLUMNS

    @property
    def column_content_widths(self) -> Sequence[int]:
        """Not measured: the table gives every column its width."""
        return [0] * len(COLUMNS)

    def get_row_at(self, index: int) -> Sequence[Any]:
        """The cells of one finding."""
        if self.reader is None or not 0 <= index < len(self.data):
            raise IndexError(index)
        state, finding = self.reader.session.state, int(self.data[index])
        if finding < 0:
            return self._heading(self.queue.headings[-1 - finding])
        if self._last is None or self._last[0] is not state or self._last[1] != finding:
            line = self.reader.line(self.data, index)
            row = "–" if line.row is None else str(line.row)
            flag = FLAG if line.flagged else ""
            cells = f"{SIGN[line.status]} {WORD[line.status]}{flag}", row, f"{line.score:.2f}", line.proposal, line.text
            self._last = (state, finding, cells)
        if self.marked is not None and self.marked[0] <= index <= self.marked[1]:
            return (f"▌{self._last[2][0]}", *self._last[2][1:])
        return self._last[2]

    def _heading(self, heading: Heading) -> Sequence[Any]:
        assert self.reader is not None
        sign = "▸" if heading.key in self.queue.wish.closed else "▾"
        waits = f"{SIGN['pending']} {heading.waiting:,} wait" if heading.waiting else ""
        title = self.reader.heading(self.queue.wish.group, heading.value)
        return f"{sign} {count(len(heading.members), 'finding')}"[:STATE_WIDTH], "", "", title, waits

    def get_column_at(self, index: int) -> Sequence[Any]:
        """One column of the whole queue."""
        return [self.get_cell_at(row, index) for row in range(len(self.data))]

    def get_cell_at(self, row_index: int, column_index: int) -> Any:
        """One cell."""
        return self.get_row_at(row_index)[column_index]

    def update_cell(self, row_index: int, column_index: int, value: Any) -> None:
        """Cells are read anew whenever they are drawn."""

    def append_column(self, label: str, default: Any | None = None) -> int:
        """Not offered."""
        raise NotImplementedError

    def append_rows(self, records: Iterable[Iterable[Any]]) -> list[int]:
        """Not offered."""
        raise NotImplementedError

    def drop_row(self, row_index: int) -> None:
        """Not offered."""
        raise NotImplementedError

    def sort(self, by: list[tuple[str, Literal["ascending", "descending"]]] | str) -> None:
        """Not offered: the session orders a queue."""
        raise NotImplementedError


class QueueTable(DataTable, inherit_bindings=False):  # type: ignore[call-arg]
    """The queue of one stage. One row is one finding; the text column takes what width is left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Finding before", id="finding_before", show=False),
        Binding("down,j", "cursor_down", "Finding after", id="finding_after", show=False),
        Binding("pageup", "page_up", "Page up", id="page_before", show=False),
        Binding("pagedown", "page_down", "Page down", id="page_after", show=False),
        Binding("home", "scroll_home", "First finding", id="first", show=False),
        Binding("end", "scroll_end", "Last finding", id="last", show=False),
    ]

    def __init__(self, reader: Reader) -> None:
        backend = QueueBackend(np.empty(0, np.int64))
        backend.reader = reader
        super().__init__(
            backend=backend,
            column_labels=[Text(name) for name in COLUMNS],
            column_widths=[STATE_WIDTH, ROW_WIDTH, SCORE_WIDTH, 20, 40],
            cursor_type="row",
            render_markup=False,
            zebra_stripes=True,
            max_column_content_width=400,
            id="queue",
        )
        self.queue = backend
        self.reader = reader
        self._proposal_width = 20

    def show(self, queue: Queue, at: int = 0) -> None:
        """Put another queue in the table, with the cursor at a position."""
        self.queue.data, self.queue.queue, self.queue.marked = queue.shown, queue, None
        sample = range(min(SAMPLE, len(queue.shown)))
        self._proposal_width = max((len(self.queue.get_cell_at(at, 3)) for at in sample), default=0)
        self.fit()
        self.move_cursor(row=max(0, min(at, len(queue.shown) - 1)), column=0)

    def mark(self, first: int | None, last: int | None) -> None:
        """Mark a range of places, or none."""
        self.queue.marked = None if first is None or last is None else (min(first, last), max(first, last))
        self.redraw()

    def fit(self) -> None:
        """Share the width among the columns and draw every cell anew."""
        # Room for the scrollbar is kept whether or not it shows: showing it later resizes nothing that would call us.
        left = self.size.width - self.styles.scrollbar_size_vertical - STATE_WIDTH - ROW_WIDTH - SCORE_WIDTH
        left = max(24, left - PADDING * len(COLUMNS))
        columns = self.ordered_columns
        # A finding about the dataset has no text to leave room for.
        members = self.queue.queue.members
        whole = len(members) > 0 and int(self.reader.session.rows_of[int(members[0])]) < 0
        columns[3].width = max(12, min(self._proposal_width, int(left * (0.8 if whole else 0.6))))
        columns[4].width = left - columns[3].width
        # Every cell may have changed; this is the table's public way to say so.
        self.update_cell(0, 0, None, update_width=True)

    def on_resize(self, event: events.Resize) -> None:
        """Widths follow the terminal."""
        self.fit()

    def redraw(self) -> None:
        """The same findings, in their state of now."""
        self.update_cell(0, 0, None)
