"""Keys and clicks at random: nothing crashes, nothing that was shown as saved is lost."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from curate.ledger.decisions import read_journal
from tests.tui.conftest import Drive
from tui.job import Job

KEYS = [
    *"axefgspvmAc123789[]/u", "?", "down", "up", "down", "down", "pagedown", "pageup", "home", "end", "enter", "escape",
    "escape", "tab", "shift+tab", "space", "ctrl+y", "ctrl+o", "ctrl+p", "y", "n", "backspace", "left", "right", "t", "r",
]  # fmt: skip
NAMED = {"[": "left_square_bracket", "]": "right_square_bracket", "/": "slash", "?": "question_mark"}


async def shake(run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch, events: int, seed: int) -> None:
    monkeypatch.setattr(Job, "start", lambda self, *args, **kwargs: None)  # no training, and no run given up for another
    rng = random.Random(seed)
    async with drive(run, size=(100, 30)) as d:
        await d.panel("duplicates")
        desk = d.app.desk
        for n in range(events):
            if rng.random() < 0.1:
                await d.pilot.click(offset=(rng.randrange(100), rng.randrange(30)))
            else:
                key = rng.choice(KEYS)
                await d.pilot.press(NAMED.get(key, key))
            assert d.app._exception is None, f"event {n}"
            if not d.app.has_desk or d.app.desk is not desk:
                raise AssertionError("the run was closed by none of these keys")
        await d.settle()
        saved = sum("; saved" in entry.said for entry in desk.log)
        journal = read_journal(run / "decisions.jsonl").decisions
        assert len(journal) >= saved > 0
        assert tuple(desk.session.state.journal.decisions) == journal, "what is shown is what is on disk"
        assert d.app.is_running


async def test_five_hundred_random_events_crash_nothing_and_lose_nothing(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shake(run, drive, monkeypatch, 500, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
async def test_ten_thousand_random_events_crash_nothing_and_lose_nothing(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    await shake(run, drive, monkeypatch, 2500, seed)
