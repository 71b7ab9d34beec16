"""The queue as a table: rows are read when they come into view, so a queue may hold a million findings.

Nothing is read while the screen is drawn: a finding whose line is not there yet shows its state, row and score, and a
thread reads what is in view and then the pages beside it. After a decision lines keep their words; those of which the plan
says something else now are read again. Their state is always that of now. What a line of the table looks like is remembered
by what it says, so that a key draws again only the lines that it changed.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Region
from textual.strip import Strip

from curate.ledger.plan import STATUSES
from curate.words import plural
from tui.evidence import Line
from tui.fastdatatable import DataTable, DataTableBackend
from tui.queue import Heading, Queue
from tui.reader import Reader
from tui.words import FLAG, SIGN, said_of

COLUMNS = ("state", "row", "score", "proposal", "text")
STATE_WIDTH, ROW_WIDTH, SCORE_WIDTH = 12, 7, 5
PADDING = 2
SAMPLE = 64
"""Findings whose proposals the column is fitted to."""
UNREAD = "…"
CACHED_LINES = 20_000
CACHED_STRIPS = 2_000


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
        self.lines: dict[int, tuple[object, Line]] = {}
        """Of each finding that was read: what its line says of the plan, and the line. Never a state of decisions: each
        holds a plan of the whole run, and would live as long as a line that was read under it."""
        self._under: Callable[[], object] = lambda: None
        self._fresh: set[int] = set()
        """Findings whose line is known to be that of the state `_under` (while that is the state of now)."""
        self.ask: Callable[[], None] = lambda: None
        """Called when a line is drawn that should be read (again)."""

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
        line = self.lines.get(finding, (None, None))[1]
        if not self._is_of_now(finding):
            self.ask()
        flagged = bool(state.flags) and self.reader.flagged(finding)
        status, row = STATUSES[state.status[finding]], int(self.reader.session.rows_of[finding])
        mark = "▌" if self.marked is not None and self.marked[0] <= index <= self.marked[1] else ""
        words = (UNREAD, "") if line is None else (line.proposal, line.text)
        score, notes = float(self.reader.session.scores[finding]), bool(self.reader.session.flag_mask[finding])
        state_words = f"{mark}{said_of(status, notes)}{FLAG if flagged else ''}"
        return state_words, "–" if row < 0 else str(row), f"{score:.2f}", *words

    def unread(self, first: int, last: int) -> list[int]:
        """Findings at these places of the queue whose line is not that of the state of now."""
        return [i for i in self.data[max(0, first) : max(0, last)].tolist() if i >= 0 and not self._is_of_now(i)]

    def unknown(self, first: int, last: int) -> list[int]:
        """Findings at these places whose line was never read."""
        return [i for i in self.data[max(0, first) : max(0, last)].tolist() if i >= 0 and i not in self.lines]

    def take(self, lines: Mapping[int, tuple[object, Line]]) -> bool:
        """Remember lines, each with what it says of the plan; whether any says something else than before."""
        other = any(self.lines.get(i, (None, None))[1] != line for i, (_, line) in lines.items())
        if len(self.lines) > CACHED_LINES:
            self.lines.clear()
            self._fresh.clear()
        self.lines.update(lines)
        return other

    def _is_of_now(self, finding: int) -> bool:
        """Whether a line says what the plan in force says: a decision on one finding has few others read again."""
        assert self.reader is not None
        state = self.reader.session.state
        if self._under() is not state:
            self._under, self._fresh = weakref.ref(state), set()
        if finding in self._fresh:
            return True
        known = self.lines.get(finding)
        if known is None or known[0] != self.reader.planned(finding):
            return False
        self._fresh.add(finding)
        return True

    def _heading(self, heading: Heading) -> Sequence[Any]:
        assert self.reader is not None
        sign = "▸" if heading.key in self.queue.wish.closed else "▾"
        waits = f"{SIGN['pending']} {heading.waiting:,} wait" if heading.waiting else ""
        title = self.reader.heading(self.queue.wish.group, heading.value)
        head = f"{sign} {plural(len(heading.members), 'finding')}"
        head = head if len(head) <= STATE_WIDTH else f"{sign} {len(heading.members):,}"
        return Text(head, "bold"), "", "", Text(title, "bold"), Text(waits, "bold")

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
        self._strips: LRUCache[tuple[Any, ...], Strip] = LRUCache(CACHED_STRIPS)
        self._style: Style | None = None
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
        self._reading = False
        self._fitted = True
        backend.ask = self._ask

    def show(self, queue: Queue, at: int = 0) -> None:
        """Put another queue in the table, with the cursor at a position."""
        self.queue.data, self.queue.queue, self.queue.marked = queue.shown, queue, None
        self._fitted = False
        self._fit_to_sample()
        self.fit()
        at = max(0, min(at, len(queue.shown) - 1))
        self.move_cursor(row=at, column=0)
        self.call_after_refresh(self._see_cursor)
        if queue.headings:
            self.call_after_refresh(self._show_heading, queue, at)
        self._ask()

    def _see_cursor(self) -> None:
        """The cursor into view: a table that is filled before it is seen, or before its new length is known, cannot yet."""
        if self.size.height and len(self.queue.data):
            self._scroll_cursor_into_view()

    def _show_heading(self, queue: Queue, at: int) -> None:
        """Scroll so that the heading above the cursor is seen with it, where both have room."""
        above = np.flatnonzero(queue.shown[: at + 1] < 0)
        if self.queue.queue is queue and len(above) and self.scroll_offset.y > above[-1] > at - self.size.height + 2:
            self.scroll_to(y=int(above[-1]), animate=False)

    def _fit_to_sample(self) -> None:
        """The width of the first proposals, once they have been read."""
        sample = range(min(SAMPLE, len(self.queue.data)))
        found = [self.queue.get_cell_at(at, 3) for at in sample]
        self._proposal_width = max((len(words) for words in found), default=0)
        self._fitted = UNREAD not in found

    # -- reading lines ----------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        if not self._reading and self.is_attached:
            self._reading = True
            self.call_later(self._read_next)

    def _read_next(self) -> None:
        """In a thread: what is in view, then what the columns are fitted to, then a page up and a page down."""
        top, page = int(self.scroll_offset.y), max(1, self.size.height)
        wanted = self.queue.unread(top, top + page)
        if not self._fitted:
            wanted += self.queue.unread(0, SAMPLE)
        if not wanted:
            wanted = self.queue.unknown(top + page, top + 2 * page) + self.queue.unknown(top - page, top)
        if wanted:
            self._read(np.array(list(dict.fromkeys(wanted)), np.int64))
        else:
            self._reading = False

    @work(thread=True, group="evidence", exit_on_error=False)
    def _read(self, wanted: np.ndarray) -> None:
        of = {int(i): self.reader.planned(int(i)) for i in wanted}  # before the lines: one read too late is read again
        try:
            lines = self.reader.lines(wanted)
        except Exception as error:  # said once; the findings can be decided on without their texts
            name = type(error).__name__
            lines = {int(i): Line("", None, 0.0, UNREAD, f"cannot be read: {name}") for i in wanted}

        def put() -> None:
            if not self.is_attached:
                return
            if self.queue.take({i: (of[i], line) for i, line in lines.items()}):
                if not self._fitted:
                    self._fit_to_sample()
                    self.fit()
                else:
                    self.redraw()
            self._read_next()

        self.app.call_from_thread(put)

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
        """Widths follow the terminal, and so does the cursor."""
        self.fit()
        self.call_after_refresh(self._see_cursor)

    def redraw(self) -> None:
        """The same findings, in their state of now."""
        self.update_cell(0, 0, None)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """What comes into view next is read ahead."""
        super().watch_scroll_y(old_value, new_value)
        self._ask()

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _render_line(self, y: int, x1: int, x2: int, base_style: Style) -> Strip:
        """A line as it was drawn before, where it says the same: the table's own memory is lost with every key."""
        row = y - 1
        if not 0 <= row < len(self.queue.data):
            other: Strip = super()._render_line(y, x1, x2, base_style)
            return other
        cells = tuple(map(str, self.queue.get_row_at(row)))
        widths = tuple([column.render_width for column in self.ordered_columns])
        pointed = row == self.cursor_row and self.show_cursor, row == self.hover_row and self._show_hover_cursor
        heading = int(self.queue.data[row]) < 0
        key = (row, heading, cells, pointed, x1, x2, self.size.width, widths, base_style, self._pseudo_class_state)
        strip: Strip | None = self._strips.get(key)
        if strip is not None:
            return strip
        if heading or x1:
            drawn: Strip = super()._render_line(y, x1, x2, base_style)
        else:
            drawn = self._plain(row, cells, widths, base_style, *pointed)
        self._strips[key] = drawn
        return drawn

    def _plain(
        self, row: int, cells: Sequence[str], widths: Sequence[int], base_style: Style, pointed: bool, hovered: bool
    ) -> Strip:
        """A line of plain words, as the table would draw it: without Rich's console, which takes ten times as long."""
        priority = self.cursor_foreground_priority == "css", self.cursor_background_priority == "css"
        own, over = self._get_styles_to_render_cell(
            False, False, False, hovered, pointed, False, self.show_cursor, self._show_hover_cursor, False, *priority
        )
        style = self._get_row_style(row, base_style) + own + over
        segments = []
        for column, (words, width) in enumerate(zip(cells, widths, strict=True)):
            room = width - PADDING
            shown = words if cell_len(words) <= room else f"{set_cell_size(words, room - 1)}…"
            meta = Style.from_meta({"row": row, "column": column})  # where a click falls
            segments.append(Segment(f" {set_cell_size(shown, room)} ", style + meta))
        return Strip(segments).adjust_cell_length(self.size.width, style)  # to the edge, where a scrollbar may come

    @property
    def rich_style(self) -> Style:
        """The style of the table, worked out once a picture and not once a line: it is asked of everything above it."""
        return self._style if self._style is not None else super().rich_style

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of one picture, all in one style."""
        self._style = super().rich_style
        try:
            lines: list[Strip] = super().render_lines(crop)
        finally:
            self._style = None
        return lines

    def _clear_caches(self) -> None:
        super()._clear_caches()
        self._strips.clear()
