"""What is done behind the screens while no key comes: panels stand ready, and are no other for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.conftest import Drive
from tui.panels import PANELS


async def test_panels_are_made_while_no_key_comes_and_show_what_was_decided_since(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.behind.READY_PAUSE_SECONDS", 0.01)
    async with drive(run) as d:
        modes = {place.mode for place in PANELS}
        await d.until(lambda: modes <= set(d.app._screen_stacks), "every panel made")
        await d.settle()
        here = d.app.current_mode
        made = {mode: d.app._screen_stacks[mode][0] for mode in modes}
        assert d.app.screen is made[here], "nothing is gone to"
        await d.panel("pii")
        await d.press("x")
        assert "✗ 1" in d.words()
        for place in PANELS:
            screen = await d.panel(place.mode)
            assert screen is made[place.mode]
            assert f"{PANELS.index(place) + 1}/{len(PANELS)} {place.title}" in d.words()
            assert "✗ 1" in d.words(), "the rail of each panel counts what was decided on another"


async def test_a_panel_that_is_come_back_to_in_another_terminal_fits_it(run: Path, drive: Drive) -> None:
    async with drive(run, size=(120, 40)) as d:
        await d.panel("labels")
        await d.panel("pii")
        await d.pilot.resize_terminal(80, 24)
        await d.panel("labels")
        lines = d.words().splitlines()
        assert len(lines) == 24
        assert all(len(line.rstrip()) <= 80 for line in lines)
        assert d.app.screen.has_class("-narrow")
        assert "Quit" in lines[-1]


async def test_a_theme_chosen_on_one_panel_is_that_of_all(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        labels = await d.panel("labels")
        dark = labels.styles.background
        await d.panel("pii")
        d.app.theme = "textual-light"
        await d.settle()
        labels = await d.panel("labels")
        assert labels.styles.background != dark
