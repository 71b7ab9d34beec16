"""The queue's table: what it draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from textual.strip import Strip

from curate.review.session import Session
from tests.tui.conftest import Drive
from tui.fastdatatable import DataTable
from tui.reader import Reader
from tui.table import QueueBackend
from tui.words import in_capitals, said_of


async def test_a_line_of_plain_words_looks_as_the_table_itself_would_draw_it(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("duplicates")
        await d.press("down")
        table = d.app.screen.table
        base = table.rich_style

        def looks(strip: Strip) -> list[tuple[str, str, dict[str, int]]]:
            return [(c, str(s.style), s.style.meta) for s in strip for c in s.text if s.style is not None]

        for row in range(min(20, len(table.queue.data))):
            cells = tuple(map(str, table.queue.get_row_at(row)))
            widths = [column.render_width for column in table.ordered_columns]
            ours = table._plain(row, cells, widths, base, row == table.cursor_row, False)
            its = DataTable._render_line(table, row + 1, 0, table.size.width, base)
            assert looks(ours)[: sum(widths)] == looks(its)[: sum(widths)], row


def test_what_only_notes_something_is_noted_and_does_not_apply(run: Path) -> None:
    session = Session.open(run)
    backend = QueueBackend(np.arange(session.findings.num_rows))
    backend.reader = Reader(session)
    actions = session.findings["action"].to_pylist()
    states = {(action == "flag", backend.get_row_at(at)[0]) for at, action in enumerate(actions)}
    assert (False, "✓ applies") in states
    assert (True, "✓ applies") not in states
    assert (False, "✓ noted") not in states
    assert said_of("applied", notes=True) == "✓ noted"
    assert said_of("applied", notes=False) == "✓ applies"
    assert said_of("rejected", notes=True) == "✗ rejected"


def test_names_of_recognisers_have_their_capitals() -> None:
    assert in_capitals("us ssn") == "US SSN"
    assert in_capitals("email address") == "email address"
