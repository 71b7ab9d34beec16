"""Profile: what the data is, as it came in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from curate.safetext import safe_text
from tui.desk import Desk
from tui.shell import PanelScreen
from tui.words import short_path

BAR = 24
MOST = 12
LENGTHS = (0.05, 0.5, 0.95, 1.0)


class ProfileScreen(PanelScreen):
    """What the data is: rows, the roles of its columns and why, labels, groups, splits, lengths. Nothing is decided here.

    A role that is wrong is put right by opening the file again (o) and correcting it before the stages run."""

    def body(self) -> ComposeResult:
        """One page to scroll."""
        with VerticalScroll(id="profile", can_focus=True, classes="page"):
            yield Static(Text("counting …", style="dim"), id="profile-page")

    def first_focus(self) -> str:
        """The page."""
        return "#profile"

    def on_mount(self) -> None:
        """Count once: raw data does not change."""
        super().on_mount()
        self.look()

    def look(self) -> None:
        """In a thread."""
        desk = self.desk
        page = self.query_one("#profile-page", Static)
        self.behind(lambda: profile_page(desk), page.update, "the profile cannot be made", group="start")


def profile_page(desk: Desk) -> RenderableType:
    """The whole page; names and labels masked."""
    session, reader = desk.session, desk.reader
    dataset = session.dataset
    facts = _grid()
    facts.add_row(Text("file"), Text(short_path(dataset.source.path)))
    facts.add_row(Text("rows"), Text(f"{dataset.n_rows:,}" + (f", {len(dataset.rejected):,} more could not be read"
                                                             if dataset.rejected else "")))  # fmt: skip
    facts.add_row(Text("task"), Text(dataset.task))
    parts: list[RenderableType] = [facts, _heading("what each column is, and why")]
    roles = _grid()
    for guess in dataset.detected.guesses:
        columns = reader.word(", ".join(guess.value)) or "–"
        roles.add_row(Text(guess.what), Text(columns, style="bold"), Text(safe_text(guess.reason)))
    parts += [roles]
    labels = dataset.labels()
    if labels is not None:
        parts += [_heading("labels"), _bars(labels, reader.label)]
    for name, values in dataset.groups().items():
        parts += [_heading(f"groups of {reader.word(name)}"), _bars(values, reader.label)]
    splits = dataset.splits()
    if splits is not None:
        parts += [_heading("splits"), _bars(splits, reader.label)]
    return Group(*parts, _heading("lengths of the text, in characters"), _lengths(dataset.content()))


def _bars(values: Any, shown: Any) -> RenderableType:
    counted = sorted(pc.value_counts(values).to_pylist(), key=lambda v: (-v["counts"], str(v["values"])))
    table = _grid()
    most = counted[0]["counts"] if counted else 1
    for item in counted[:MOST]:
        full = max(1, round(BAR * item["counts"] / most))
        name = "(no value)" if item["values"] is None else shown(item["values"])
        share = f"{item['counts'] / max(1, len(values)):.1%}"
        table.add_row(Text(name), Text("█" * full), Text(f"{item['counts']:,}"), Text(share, style="dim"))
    if len(counted) <= MOST:
        return table
    return Group(table, Text(f"and {len(counted) - MOST:,} more", style="dim"))


def _lengths(texts: pa.Array) -> RenderableType:
    length = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)
    table = _grid()
    for q, value in zip(LENGTHS, np.quantile(length, LENGTHS) if len(length) else (0,) * len(LENGTHS)):
        name = {0.5: "the middle one", 1.0: "the longest"}.get(q, f"{q:.0%} are shorter than")
        table.add_row(Text(name), Text(f"{value:,.0f}"))
    return table


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, max_width=28, overflow="ellipsis")
    return table


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")
