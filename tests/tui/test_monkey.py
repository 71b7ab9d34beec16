"""Keys, clicks and wheels at random: nothing crashes, nothing that was shown as saved is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from textual import events

from curate.ledger.decisions import read_journal
from curate.review.session import Session
from tests.tui.conftest import Drive
from tui.app import CurateApp
from tui.job import Job

KEYS = [
    *"axefgspvmAc123789[]/u", "?", "down", "up", "down", "down", "pagedown", "pageup", "home", "end", "enter", "escape",
    "escape", "tab", "shift+tab", "space", "ctrl+y", "ctrl+o", "ctrl+p", "y", "n", "backspace", "left", "right", "t", "r",
    "b", "j", "Y", "D", "d", "k", "=", "+", "-", "0", "w", "shift+left", "shift+right",
]  # fmt: skip
NAMED = {
    "[": "left_square_bracket", "]": "right_square_bracket", "/": "slash", "?": "question_mark", "=": "equals_sign",
    "+": "plus", "-": "minus",
}  # fmt: skip
WIDTH, HEIGHT = 100, 30


async def type_on(d: Drive, rng: random.Random, keys: int) -> None:
    """Some keys, one behind the other, without waiting for what they do."""
    for _ in range(keys):
        key = rng.choice(KEYS)
        d.app.post_message(events.Key(NAMED.get(key, key), key if len(key) == 1 else None))
    await d.pilot.pause()


async def mouse(d: Drive, rng: random.Random) -> None:
    """A click, a double click, or the wheel, anywhere."""
    x, y = rng.randrange(WIDTH), rng.randrange(HEIGHT)
    if rng.random() < 0.7:
        await d.pilot.click(offset=(x, y), times=rng.choice((1, 1, 2)))
        return
    wheel = rng.choice((events.MouseScrollDown, events.MouseScrollUp))
    d.app.screen._forward_event(wheel(None, x, y, 0, 1, 0, shift=False, meta=False, ctrl=False, screen_x=x, screen_y=y))
    await d.pilot.pause()


async def shake(run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch, many: int, seed: int) -> None:
    monkeypatch.setattr(Job, "start", lambda self, *args, **kwargs: None)  # no training, and no run given up for another
    for ends in ("action_leave", "action_open"):  # a click may well fall on Quit, and the palette has both
        monkeypatch.setattr(CurateApp, ends, lambda self: None)
    monkeypatch.setattr("tui.behind.READY_PAUSE_SECONDS", 0.05)  # panels are made between keys
    rng = random.Random(seed)
    async with drive(run, size=(WIDTH, HEIGHT)) as d:
        await d.panel("duplicates")
        desk = d.app.desk
        await d.press("a")  # one decision at least, whatever chance brings
        n = 0
        while n < many:
            if rng.random() < 0.3:
                await mouse(d, rng)
                n += 1
            else:
                burst = rng.choice((1, 1, 2, 3, 5))
                await type_on(d, rng, burst)
                n += burst
            assert d.app._exception is None, f"event {n}"
            assert d.app.is_running, f"event {n} ended it"
            if not d.app.has_desk or d.app.desk is not desk:
                raise AssertionError("the run was closed by none of these keys")
        await d.settle()
        await d.until(lambda: not desk.pending, "everything saved")
        saved = sum("; saved" in entry.said for entry in desk.log)
        journal = read_journal(run / "decisions.jsonl").decisions
        assert len(journal) >= saved > 0
        assert tuple(desk.session.state.journal.decisions) == journal, "what is shown is what is on disk"
        assert Session.open(run).plan.table.equals(desk.session.plan.table), "and what comes of it is the same"
        assert d.app.is_running


async def test_two_hundred_random_events_crash_nothing_and_lose_nothing(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shake(run, drive, monkeypatch, 200, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
async def test_ten_thousand_random_events_crash_nothing_and_lose_nothing(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await shake(run, drive, monkeypatch, 2500, seed)
