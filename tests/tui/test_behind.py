"""What is done behind the screens while no key comes: panels stand ready, and are no other for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from curate.errors import DataError
from tests.tui.conftest import Drive
from tui.desk import Desk
from tui.job import Watch
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


@pytest.mark.parametrize("ahead", [True, False])
async def test_the_finding_one_left_at_is_in_view_when_one_comes_back_to_it(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch, ahead: bool
) -> None:
    async with drive(run, size=(80, 24)) as d:
        await d.panel("duplicates")
        labels = await d.panel("labels")
        await d.press("end")
        last = labels.current()
        assert labels.table.scroll_offset.y > 0, "more findings than lines"
        await d.panel("duplicates")
        await d.press("ctrl+q")
    if ahead:
        monkeypatch.setattr("tui.behind.READY_PAUSE_SECONDS", 0.01)
    async with drive(run, size=(80, 24)) as d:
        if ahead:
            await d.until(lambda: "labels" in d.app._screen_stacks, "the panel made ahead")
            await d.until(lambda: len(d.app._screen_stacks["labels"][0].queue.shown), "and its queue")
        labels = await d.panel("labels")
        await d.until(lambda: labels.current() == last, "the finding that was left at")
        await d.settle()
        row = str(labels.session.rows_of[last])
        assert any(line.split()[2:3] == [row] for line in d.words().splitlines()[3:14]), d.words()
        await d.pilot.resize_terminal(80, 20)
        await d.settle()
        assert labels.table.scroll_offset.y + labels.table.size.height > labels.table.cursor_row + 1, (
            "and in a lower terminal"
        )


async def test_a_theme_chosen_on_one_panel_is_that_of_all(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        labels = await d.panel("labels")
        dark = labels.styles.background
        await d.panel("pii")
        d.app.theme = "textual-light"
        await d.settle()
        labels = await d.panel("labels")
        assert labels.styles.background != dark


async def test_a_run_that_is_closed_with_decisions_under_way_is_waited_for_no_more(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.behind.READY_PAUSE_SECONDS", 0.01)
    async with drive(run) as d:
        await d.panel("duplicates")
        closed = Desk(d.app.desk.session, d.app.desk.reader, pending=1)
        waiting = d.app._get_ready(closed)
        await d.until(lambda: waiting.is_finished, "the end of what waits for a closed run", 60)


async def test_other_data_is_opened_while_panels_are_made(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("duplicates")
        async with d.app._making:  # a panel is being made of this run
            await d.pilot.press("o")
            await d.pilot.pause()
            assert d.app.has_desk, "so it is not closed yet"
        await d.until(lambda: not d.app.has_desk, "the run closed")
        await d.until(lambda: all(w.is_finished for w in d.app.workers if w.group == "open"), "and its panels with it")


async def test_what_a_thread_of_a_closed_run_brings_is_not_shown_and_harms_nothing(run: Path, drive: Drive) -> None:
    """Opening other data closes the run first, and then its panels: a look at the training may come in between."""
    async with drive(run) as d:
        screen = await d.panel("train")
        await d.until(lambda: screen.watched is not None, "a first look")
        before, desk, d.app._desk = screen.watched, d.app._desk, None
        screen._show(Watch(running=True))
        put: list[int] = []
        screen.behind(lambda: 1, put.append, "nothing")
        await d.until(lambda: all(w.is_finished for w in d.app.workers if w.group == "evidence"), "the end of the thread")
        d.app._desk = desk
        assert screen.watched is before
        assert not put
        screen.behind(lambda: 1, put.append, "nothing")
        await d.until(lambda: put == [1], "what it brings while the run is open")


async def test_the_app_goes_down_while_panels_are_made(run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.behind.READY_PAUSE_SECONDS", 0.0)
    async with drive(run) as d:
        await d.panel("duplicates")
        await d.until(lambda: d.app.desk.settled, "the rows read")
    assert d.app._exception is None


async def test_what_goes_wrong_on_a_panel_made_ahead_is_said_when_one_comes_to_it(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(desk: Desk) -> None:
        raise DataError("the rows went away")

    monkeypatch.setattr("tui.profile.profile_page", broken)
    monkeypatch.setattr("tui.behind.READY_PAUSE_SECONDS", 0.01)
    async with drive(run) as d:
        await d.until(lambda: {place.mode for place in PANELS} <= set(d.app._screen_stacks), "every panel made")
        profile = d.app._screen_stacks["profile"][0]
        await d.until(lambda: profile._trouble, "the failure")
        await d.settle()
        assert d.app.current_mode != "profile"
        assert not [n for n in d.app._notifications if "went away" in n.message]
        await d.panel("profile")
        await d.until(lambda: [n for n in d.app._notifications if "went away" in n.message], "the message")
        assert profile._trouble is None, "once"


async def test_a_screen_that_is_still_being_put_up_when_one_quits_is_no_failure(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        await screen.query("#filter").remove()
        screen.post_message(events.Mount())  # as where a panel is gone to and quit in one breath
        d.app.exit()
    assert d.app.return_code == 0
