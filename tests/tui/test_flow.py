"""From a file to a decision and back, by keys alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from curate import workflow
from curate.errors import RunError
from curate.ledger.decisions import append_decisions, decide, read_journal
from curate.pipeline import Event
from curate.rundir import RunDir
from tests.tui.conftest import STAGES, Drive, rows, write
from tui.edit import EditScreen
from tui.findings import FindingsScreen
from tui.help import HelpScreen
from tui.opening import OpenScreen
from tui.progress import ProgressScreen, expected_stages


def verdicts(run: Path) -> list[str]:
    return [d.verdict for d in read_journal(run / "decisions.jsonl").decisions]


def status(screen: FindingsScreen, index: int) -> str:
    return str(screen.session.plan.table["status"][index])


async def test_a_typed_path_is_opened_run_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "t.jsonl", rows(60))
    (tmp_path / "c.toml").write_text("[data]\ninput = 't.jsonl'\n[run]\nstages = ['exact_duplicates', 'pii']\n")
    async with drive() as d:
        await d.on(OpenScreen)
        await d.press(*"nowhere.csv", "enter")
        await d.sees("there is nothing at nowhere.csv")
        await d.press(*["backspace"] * 11, *"c.toml", "enter")
        screen = await d.on(FindingsScreen)
        assert screen.session.stages == ["exact_duplicates", "pii"]
        await d.sees("Exact duplicates")
    assert (tmp_path / "runs" / "t" / "curated.jsonl").is_file()


async def test_what_is_wrong_with_a_file_is_said_and_another_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.jsonl").write_text('{"text": "one"}\n{"text": \n')
    async with drive(tmp_path / "bad.jsonl") as d:
        await d.sees("1 of 2 rows cannot be used")
        await d.press("escape")
        screen = await d.on(OpenScreen)
        assert screen.query_one("#open-input").value.endswith("bad.jsonl")


async def test_progress_names_every_stage_before_anything_is_read(made: Path, drive: Drive) -> None:
    assert set(expected_stages(str(made / "five.toml"))) == set(STAGES)
    assert expected_stages(str(made / "nowhere.toml")) == []


def test_a_run_that_was_cut_short_names_the_stages_that_are_still_to_come(run: Path) -> None:
    assert expected_stages(str(run)) == []
    here = RunDir(run)
    with here.writing():
        here.write_manifest({**here.manifest(), "status": "running"})
    assert set(expected_stages(str(run))) == set(STAGES)


async def test_a_finished_run_is_opened_not_looked_at(run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProgressScreen, "look", lambda self: None)
    async with drive(run) as d:
        screen = await d.on(ProgressScreen)
        screen._hear(Event("pii", "cached", findings=3))
        screen.draw()
        await d.sees("Opening ", "Reading the run", "nothing is computed again", "3 findings")
        screen._hear(Event("label_issues", "start"))  # it was cut short, or is of an earlier version: it goes on
        screen.draw()
        await d.sees("Looking at ", "Reading the data", "reads the raw rows and proposes")
        assert "nothing is computed again" not in d.words()


async def test_a_run_that_was_cut_short_is_never_said_to_compute_nothing(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = RunDir(run)
    with here.writing():
        here.write_manifest({**here.manifest(), "status": "running"})
    monkeypatch.setattr(ProgressScreen, "look", lambda self: None)
    async with drive(run) as d:
        screen = await d.on(ProgressScreen)
        await d.sees("Looking at ", "Reading the data", "reads the raw rows and proposes")
        screen._expect(expected_stages(str(run)))
        screen._hear(Event("pii", "cached", findings=3))
        screen.draw()
        await d.sees("Looking at ", "3 findings", "to come")
        assert "nothing is computed again" not in d.words()


async def test_stopping_keeps_what_is_finished_and_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    data = write(tmp_path / "t.jsonl", rows(60))
    async with drive() as d:
        await d.on(OpenScreen)
        screen = ProgressScreen(str(data), None)
        screen.action_stop = screen.stopping.set  # type: ignore[method-assign] # before there is a widget to say so
        screen.action_stop()
        d.app.switch_screen(screen)
        await d.sees("stopped; what was finished is kept")
        await d.press("enter")
        await d.on(FindingsScreen)


async def test_every_stage_can_be_browsed_with_its_evidence(run: Path, drive: Drive) -> None:
    async with drive(run, size=(120, 90)) as d:
        screen = await d.on(FindingsScreen)
        seen = {}
        for index in [int(screen.session.of_stage(s)[0]) for s in STAGES]:
            d.app.go_to_finding(index)
            await d.settle()
            name = str(screen.session.findings["stage"][index])
            await d.until(lambda i=index: d.app.screen.current() == i, f"the cursor on a finding of {name}")  # type: ignore[misc]
            await d.sees("rule ")
            await d.settle()
            seen[name] = d.words()
    assert set(seen) == set(STAGES)
    assert "Remove row" in seen["exact_duplicates"]
    assert "who stays" in seen["exact_duplicates"]
    assert "words that differ are underlined" in seen["near_duplicates"]
    assert "[EMAIL]" in seen["pii"]
    assert "Change the label of row" in seen["label_issues"]
    assert "Refund" in seen["label_names"]


async def test_accept_reject_undo_and_redo_are_saved_and_shown(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("duplicates")
        first, second = int(screen.shown[0]), int(screen.shown[1])
        before = screen.session.rows()[1]
        row = screen.session.findings["row"][first].as_py()
        assert screen.session.plan.dropped[row]
        await d.press("x")
        assert status(screen, first) == "rejected"
        assert not screen.session.plan.dropped[row]
        assert screen.current() == second, "the cursor goes on to the next finding"
        await d.sees("✗ rejected", f"→ {screen.session.rows()[1]:,}")
        await d.press("a")
        assert verdicts(run) == ["reject", "accept"]
        await d.press("u", "u")
        assert status(screen, first) == "applied"
        assert screen.current() == first, "undo goes to what it is about"
        assert screen.session.rows()[1] == before
        await d.press("ctrl+y")
        assert status(screen, first) == "rejected"
        assert verdicts(run) == ["reject", "accept", "undo", "undo", "undo"]


async def test_undo_and_redo_work_across_restarts(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("pii")
        index = int(screen.shown[0])
        await d.press("x")
    async with drive(run) as d:
        screen = await d.on(FindingsScreen)
        assert status(screen, index) == "rejected"
        await d.press("u")
        assert status(screen, index) == "applied"
        assert d.app.current_mode == "pii"
    async with drive(run) as d:
        screen = await d.on(FindingsScreen)
        await d.press("ctrl+y")
        assert status(screen, index) == "rejected"
        await d.press("u", "u")
        await d.sees("no decision to take back")


async def test_an_edited_label_is_what_the_curated_file_holds(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        index = screen.current()
        row = screen.session.findings["row"][index].as_py()
        await d.press("e")
        await d.on(EditScreen)
        await d.press("delete", "enter")
        assert isinstance(d.app.screen, EditScreen), "an empty label is refused"
        await d.press(*"billing", "enter")
        assert isinstance(d.app.screen, EditScreen), "a label that no row has is asked about once"
        await d.sees("No row has this label")
        await d.press("enter")
        assert status(screen, index) == "applied"
        await d.sees(f"edited row {row}")
        await d.press("w")
        assert screen.session.is_written
    kept = workflow.reapply(run).curated
    at = list(kept.rows).index(row)
    assert kept.dataset().labels()[at].as_py() == "billing"


async def test_editing_what_has_no_value_says_so(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("duplicates")
        await d.press("e")
        assert not isinstance(d.app.screen, EditScreen)
        await d.sees("only labels and text edits")


async def test_written_by_the_interface_and_by_the_command_the_bytes_are_the_same(
    run: Path, tmp_path: Path, drive: Drive
) -> None:
    async with drive(run) as d:
        screen = await d.panel("duplicates")
        await d.press("x", "x")
        await d.panel("labels")
        await d.press("a", "x", "a")
        await d.sees("not written")
        shutil.copytree(run, tmp_path / "other")
        await d.press("w")
        assert screen.session.is_written
        await d.sees("✓ written")
    workflow.reapply(tmp_path / "other")
    for name in ("curated.jsonl", "plan.parquet", "removed.parquet"):
        assert (run / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


async def test_only_what_waits_can_be_shown_and_decided_findings_leave_it(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        waiting = screen.session.counts("label_issues")["pending"]
        assert waiting > 1
        await d.press("p")
        assert len(screen.shown) == waiting
        following = int(screen.shown[1])
        await d.press("x")
        assert len(screen.shown) == waiting - 1
        assert screen.current() == following
        await d.press(*["x"] * (waiting - 1))
        await d.sees("Nothing waits here any more")
        await d.press("x")
        assert len(verdicts(run)) == waiting


async def test_keys_pressed_faster_than_the_disk_are_each_saved_once(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("pii")
        wanted = [int(i) for i in screen.shown[:4]]
        await d.pilot.press("x", "x", "x", "x")
        await d.until(lambda: len(verdicts(run)) == 4, "four decisions")
        await d.settle()
        ids = [screen.session.findings["finding_id"][i].as_py().hex() for i in wanted]
        assert [x.finding_ids[0] for x in screen.session.state.journal.decisions] == ids


async def test_a_decision_of_another_process_is_noticed_with_the_next_one(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("pii")
        other = int(screen.shown[3])
        append_decisions(run / "decisions.jsonl", [decide(screen.session.findings, [other], "reject")])
        assert status(screen, other) == "applied"
        await d.press("x")
        assert status(screen, other) == "rejected"
        await d.sees("1 decision of someone else")


async def test_a_decision_that_cannot_be_saved_is_not_shown_as_saved(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("pii")
        index = screen.current()
        (run / "decisions.jsonl").mkdir()
        await d.press("x")
        assert status(screen, index) == "applied"
        await d.sees("The decision was not saved", "Is a directory")
        (run / "decisions.jsonl").rmdir()
        await d.press("home", "x")
        assert status(screen, index) == "rejected"


async def test_writing_while_another_process_writes_is_refused_in_words(run: Path, drive: Drive) -> None:
    from curate.rundir import RunDir

    async with drive(run) as d:
        await d.on(FindingsScreen)
        with RunDir.open(run).writing():
            await d.press("w")
            await d.sees("is being written by")
        await d.press("w")
        await d.sees("are written")


async def test_help_lists_every_key_of_the_screen(run: Path, drive: Drive) -> None:
    async with drive(run, size=(120, 80)) as d:
        screen = await d.on(FindingsScreen)
        await d.press("question_mark")
        await d.on(HelpScreen)
        shown = d.words()
        for binding in screen.BINDINGS:
            assert binding.tooltip[:40] in shown
        assert "1 … 9" in shown
        assert "Take back the last decision" in shown, "keys that hold for all panels are told as well"
        assert "✗ rejected" in shown
        await d.press("escape")
        assert d.app.screen is screen


async def test_the_way_back_to_other_data_is_a_key(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.on(FindingsScreen)
        await d.press("o")
        await d.on(OpenScreen)
        await d.sees("Earlier runs here")
        await d.press("tab", "enter")
        screen = await d.on(FindingsScreen)
        assert screen.session.run.path.resolve() == run.resolve()


async def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, drive: Drive) -> None:
    async with drive(tmp_path) as d:
        await d.on(OpenScreen)
        await d.sees("neither a run directory")


async def test_a_run_of_changed_data_is_refused(run: Path, tmp_path: Path, made: Path, drive: Drive) -> None:
    from curate.review.session import Session

    data = write(tmp_path / "tickets.jsonl", rows(40))
    workflow.run(data, out=tmp_path / "changed", train=False)
    data.write_text(data.read_text() + '{"text": "one more", "intent": "refund"}\n')
    with pytest.raises(RunError, match="other data"):
        Session.open(tmp_path / "changed")


async def test_a_run_held_by_training_can_still_be_opened_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curate.review.session import Session
    from curate.rundir import RunDir

    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.toml").write_text("[data]\ninput = 't.jsonl'\n[run]\nstages = ['exact_duplicates', 'pii']\n")
    write(tmp_path / "t.jsonl", rows(40))
    done = workflow.run("c.toml", train=False)
    with RunDir.open(done.run.path).writing():
        assert Session.open("c.toml").rows() == (done.plan.n_rows, len(done.curated))


async def test_the_screens_fit_terminals_of_every_size(run: Path, drive: Drive) -> None:
    words = ("Apply", "Reject", "Edit", "Filter", "All", "Undo", "Panels", "Write", "Help", "Quit")
    async with drive(run, size=(80, 24)) as d:
        screen = await d.panel("labels")
        for size in ((80, 24), (120, 40), (200, 60)):
            await d.pilot.resize_terminal(*size)
            await d.settle()
            lines = d.words().splitlines()
            assert (len(lines[-1]), len(lines)) == size
            assert all(word in lines[-1] for word in words), lines[-1]
            await d.until(lambda: screen.table.max_scroll_x == 0, f"the queue needs no sideways scrolling at {size}")
            await d.sees("Change the label of row")


async def test_undo_with_nothing_to_undo_says_so_in_place_of_what_stood_there(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("duplicates")
        await d.press("x")
        await d.sees("rejected row")
        await d.press("u")
        await d.sees("took back: rejected row")
        await d.press("u")
        await d.sees("there is no decision to take back")
        assert "took back" not in d.words()


async def test_decisions_carry_the_login_name_where_no_user_is_set(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("USER", raising=False)
    monkeypatch.setenv("LOGNAME", "maria")
    async with drive(run) as d:
        screen = await d.panel("duplicates")
        await d.press("x")
        await d.sees("rejected row")
        assert screen.session.state.journal.decisions[-1].actor == "maria"
