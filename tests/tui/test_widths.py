"""Tables have room on every terminal: on 100 columns the rail takes a quarter, and less is left than on 80 without it."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from curate import workflow
from curate.recipe import Recipe
from tests.tui.conftest import Drive, rows, write
from tui.fairness import FairnessScreen, Line, Panels
from tui.scrubber import ScrubberScreen

SIZES = [(80, 24), (100, 30), (120, 40), (200, 60)]


async def test_intervals_of_groups_are_drawn_to_their_ends(run: Path, drive: Drive) -> None:
    long = "a group of people with a long name", "precision[a class with a long name]"
    lines = (
        Line("team", *long, 2807, "disparity", 0.5, 0.4, 0.1, 0.05, 0.15, None),
        Line("team", *long, 4, "insufficient evidence", 0.5, 0.4, None, None, None, 10_237),
    )
    async with drive(run, size=SIZES[0]) as d:
        await d.panel("fairness")
        for size in SIZES:
            await d.pilot.resize_terminal(*size)
            await d.press("b")
            screen = await d.on(FairnessScreen)
            screen.put(Panels(lines, lines, "", 0.05))
            await d.sees("+10.0 pts", "10,237 rows")
            words = d.words()
            assert words.count("+15.8") == 2, f"the end of each axis at {size}"
            ends = [line for line in words.splitlines() if "●" in line and line.rstrip(" │▁▂▃▄▅▆▇█").endswith("┤")]
            assert len(ends) >= 2, (size, words)
            await d.press("escape")


async def test_the_threshold_tells_each_group_in_numbers_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
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
    async with drive(tmp_path / "runs" / "t", size=SIZES[0]) as d:
        await d.panel("duplicates")
        for size in SIZES:
            await d.pilot.resize_terminal(*size)
            await d.press("t")
            await d.on(ScrubberScreen)
            await d.sees("in force", "less the others, 95%", "people of the f")
            head, first = next((a, b) for a, b in pairwise(d.words().splitlines()) if "less the others" in a)
            assert "rows" in head
            assert "rows leave" in head
            assert "share" in head
            told = r"people of the f.* [+−]?\d+\.\d \[[+−]\d+\.\d, [+−]\d+\.\d\] (pts|points)"
            assert re.search(told, first), (size, first)
            await d.press("escape")
