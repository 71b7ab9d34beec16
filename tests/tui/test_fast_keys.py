"""Keys that come faster than what they ask for is done: each is about what it was pressed for, and all are kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual import events
from textual.widgets import OptionList

from curate.errors import ConfigError
from curate.ledger.decisions import read_journal
from curate.review.session import Session
from tests.tui.conftest import Drive
from tui.edit import EditScreen
from tui.findings import FindingsScreen
from tui.reader import Reader


def verdicts(run: Path) -> list[str]:
    return [d.verdict for d in read_journal(run / "decisions.jsonl").decisions]


def status(screen: FindingsScreen, index: int) -> str:
    return str(screen.session.plan.table["status"][index])


@contextmanager
def held(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> Iterator[list[int]]:
    """Calls of a method wait until the block is left; how many there were."""
    go, calls, real = threading.Event(), [0], getattr(kind, name)

    def waiting(self: object, *args: object, **options: object) -> object:
        calls[0] += 1
        assert go.wait(60)
        return real(self, *args, **options)

    monkeypatch.setattr(kind, name, waiting)
    try:
        yield calls
    finally:
        go.set()


async def test_a_step_that_cannot_be_made_takes_no_other_with_it(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(journal: object) -> None:
        raise ConfigError("this one cannot be made")

    async with drive(run) as d:
        await d.panel("pii")
        with held(monkeypatch, Session, "save"):
            await d.pilot.press("x", "x")
            spoilt = asyncio.create_task(d.app.desk._save(bad))
            await d.pilot.press("x")
            await d.pilot.pause()
        await d.settle()
        assert verdicts(run) == ["reject", "reject", "reject"]
        assert isinstance((await asyncio.gather(spoilt, return_exceptions=True))[0], Exception)


async def test_what_is_pressed_while_a_decision_is_saved_is_saved_together_and_in_order(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drive(run) as d:
        await d.panel("pii")
        session = d.app.desk.session
        with held(monkeypatch, Session, "save") as writes:
            await d.pilot.press("x", "x", "u", "x", "u", "u", "f")
            await d.sees("taking the last decision back")
            assert d.app.desk.pending == 7
            assert not (run / "decisions.jsonl").exists()
        await d.settle()
        journal = read_journal(run / "decisions.jsonl").decisions
        assert [x.verdict for x in journal] == ["reject", "reject", "undo", "reject", "undo", "undo", "flag"]
        undone = [x.inverse_of for x in journal if x.inverse_of]
        assert undone == [journal[1].decision_id, journal[3].decision_id, journal[0].decision_id]
        assert writes == [2], "the first at once, everything that came meanwhile with one resolving"
        said = [entry.said.partition(" ")[0] for entry in d.app.desk.log]
        assert said == ["rejected", "rejected", "took", "rejected", "took", "took", "flagged"]
        assert Session.open(run).plan.table.equals(session.plan.table)


async def test_decisions_that_cannot_be_saved_together_are_all_told_of_and_none_is_in_force(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drive(run) as d:
        screen = await d.panel("pii")
        first = [int(i) for i in screen.shown[:3]]
        with held(monkeypatch, Session, "save"):
            await d.pilot.press("x", "x", "x")
            (run / "decisions.jsonl").mkdir()
        await d.sees("The decision was not saved", "2 decisions were not saved")
        await d.settle()
        assert [status(screen, i) for i in first] == ["applied"] * 3
        assert not d.app.desk.pending
        (run / "decisions.jsonl").rmdir()
        await d.press("home", "x")
        assert [status(screen, i) for i in first] == ["rejected", "applied", "applied"]


async def test_in_a_queue_that_shrinks_each_key_is_about_the_next_finding_however_fast(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        await d.press("p")
        wanted, following = [int(i) for i in screen.shown[:3]], int(screen.shown[3])
        with held(monkeypatch, Session, "save"):
            await d.pilot.press("x", "a", "x")
        await d.settle()
        assert [status(screen, i) for i in wanted] == ["rejected", "applied", "rejected"]
        assert screen.current() == following


async def test_what_is_typed_before_the_proposal_is_read_goes_into_the_box_and_decides_nothing(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drive(run) as d:
        screen = await d.panel("pii")
        index = screen.current()
        with held(monkeypatch, Reader, "start"):
            await d.pilot.press("e", "enter")
            await d.sees("Not yet")
            await d.pilot.press(*"axu")
        await d.settle()
        assert isinstance(d.app.screen, EditScreen)
        assert verdicts(run) == []
        await d.press("enter")
        assert verdicts(run) == ["override"]
        assert screen.session.plan.table["replacement"][index].as_py() == "axu"


async def test_keys_typed_ahead_of_jump_mode_close_it_once(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("pii")
        await d.press("ctrl+o")
        for key in "444":
            d.app.screen.post_message(events.Key(key, key))
        await d.settle()
        assert d.app._exception is None
        assert d.app.current_mode == "pii"
        assert isinstance(d.app.screen, FindingsScreen)


async def test_a_list_that_has_no_size_yet_can_be_paged(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("pii")
        unseen = OptionList("one", "two")
        unseen.highlighted = 0
        unseen.display = False
        await d.app.screen.mount(unseen)
        unseen.action_page_up()
        unseen.action_page_down()
        assert unseen.highlighted == 0
