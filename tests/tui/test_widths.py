"""Tables have room on every terminal: on 100 columns the rail takes a quarter, and less is left than on 80 without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from curate import workflow
from curate.recipe import Recipe
from tests.tui.conftest import Drive, rows, write
from tui.fairness import FairnessScreen, Line, Panels
from tui.scrubber import ScrubberScreen

SIZES = [(80, 24), (100, 30), (120, 40), (200, 60)]


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
async def test_intervals_of_groups_are_drawn_to_their_ends(run: Path, drive: Drive, size: tuple[int, int]) -> None:
    long = "a group of people with a long name", "precision[a class with a long name]"
    lines = (
        Line("team", *long, 2807, "disparity", 0.5, 0.4, 0.1, 0.05, 0.15, None),
        Line("team", *long, 4, "insufficient evidence", 0.5, 0.4, None, None, None, 10_237),
    )
    async with drive(run, size=size) as d:
        await d.panel("fairness")
        await d.press("b")
        screen = await d.on(FairnessScreen)
        screen.put(Panels(lines, lines, "", 0.05))
        await d.sees("+10.0 pts", "10,237 rows")
        words = d.words()
        assert words.count("+15.8") == 2, "the end of each axis"
        assert sum("●" in line and line.rstrip(" │▁▂▃▄▅▆▇█").endswith("┤") for line in words.splitlines()) >= 2, words


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
async def test_the_threshold_tells_each_group_in_numbers_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)
    group = ["people of the first group", "people of the second group"]
    tickets = [{**row, "customer_group": group[n % 2]} for n, row in enumerate(rows(160))]
    write(tmp_path / "t.jsonl", tickets)
    recipe = {
        "data": {"input": "t.jsonl", "roles": {"text": "text", "group": "customer_group"}},
        "run": {"threads": 1, "stages": ["near_duplicates"]},
    }
    workflow.run(Recipe.parse(recipe), out=tmp_path / "runs" / "t", train=False)
    async with drive(tmp_path / "runs" / "t", size=size) as d:
        await d.panel("duplicates")
        await d.press("t")
        await d.on(ScrubberScreen)
        await d.sees("in force", "less the others, 95 %", "people of the f")
        head = next(line for line in d.words().splitlines() if "less the others" in line)
        assert "rows" in head
        assert "rows leave" in head
        assert "share" in head
        assert "pts" in d.words() or "points" in d.words()
