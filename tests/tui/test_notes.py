"""The line above the queue: what gives way where it is short; what an empty panel says."""

from __future__ import annotations

import io
import re
import threading
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from curate import workflow
from curate.recipe import Recipe
from tests.tui.conftest import Drive, rows, write
from tui.evidence import Evidence
from tui.guide import GuideScreen
from tui.notes import Line
from tui.reader import Reader


@pytest.mark.parametrize("width", range(30, 110))
def test_a_short_line_above_the_queue_drops_whole_parts_from_its_end(width: int) -> None:
    parts = ("485 findings", "✓ 411 apply", "✓ 22 noted", "· 52 superseded", "what waits first")
    console = Console(width=width, file=io.StringIO())
    console.print(Line("Personal data", parts, 3))
    said = cast(io.StringIO, console.file).getvalue().rstrip("\n")
    told = tuple(re.split(r" {2,}", said))
    assert told == ("Personal data", *parts)[: len(told)]
    assert len(told) > 1
    longer = "  ".join(("Personal data", *parts)[: len(told) + 1])
    assert len(told) == len(parts) + 1 or len(longer) > width >= len(said)


async def test_a_panel_that_was_skipped_says_how_columns_are_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", [{"text": row["text"]} for row in rows(20)])
    recipe = {"data": {"input": "t.jsonl"}, "run": {"stages": ["exact_duplicates", "label_issues", "fairness"]}}
    workflow.run(Recipe.parse(recipe), out=tmp_path / "runs" / "t", train=False)
    async with drive(tmp_path / "runs" / "t") as d:
        await d.panel("labels")
        await d.sees("skipped", "A column was taken for something else? o, then choose the file again")
        await d.panel("fairness")
        await d.press("b")
        await d.sees("A column was taken for something else? o, then choose the file again")


async def test_a_panel_where_one_stage_was_skipped_does_not_say_that_every_row_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", rows(20)[:5])
    recipe = {"data": {"input": "t.jsonl"}, "run": {"stages": ["label_issues", "label_names"]}}
    workflow.run(Recipe.parse(recipe), out=tmp_path / "runs" / "t", train=False)
    async with drive(tmp_path / "runs" / "t") as d:
        await d.panel("labels")
        await d.sees("Label issues: skipped, rows with a label: 5", "Label spellings: nothing was found.")
        assert "Every row" not in d.words()


async def test_one_row_is_called_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", rows(20)[:1])
    async with drive(tmp_path / "t.jsonl") as d:
        await d.on(GuideScreen)
        await d.sees("1 row, task")


async def test_evidence_that_is_being_read_is_no_empty_box(
    run: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    go, read = threading.Event(), Reader.evidence

    def slow(self: Reader, index: int, *, reveal: bool = False) -> Evidence:
        assert go.wait(120)
        return read(self, index, reveal=reveal)

    monkeypatch.setattr(Reader, "evidence", slow)
    async with drive(run) as d:
        try:
            await d.pilot.press("ctrl+o", "3")
            await d.until(lambda: "reading the rows" in d.words(), "a word in the box", 60)
        finally:
            go.set()
        await d.settle()
        await d.sees("Change the label of row")
        assert "reading the rows" not in d.words()
