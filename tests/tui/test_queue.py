"""The queue: filter, order, groups, bulk with its preview, flags, numbers, the log, and what is remembered."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from curate import workflow
from curate.cli import cli
from curate.errors import ConfigError
from curate.ledger.decisions import read_journal
from curate.review.filter import choose, parse
from curate.review.session import Session
from tests.tui.conftest import SECRET, Drive, rows, write
from tui.bulk import BulkScreen
from tui.findings import FindingsScreen
from tui.gate import pace
from tui.guide import GuideScreen
from tui.jump import JumpScreen
from tui.log import LogScreen
from tui.opening import OpenScreen
from tui.queue import SORT_SAYS, Wish, arranged
from tui.settings import read_settings


def statuses(screen: FindingsScreen, indices: np.ndarray) -> set[str]:
    return {str(screen.session.plan.table["status"][int(i)]) for i in indices}


async def test_a_filter_narrows_while_it_is_typed_and_escape_clears_it(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        every = len(screen.shown)
        await d.press("slash", *"state:waits")
        waiting = screen.session.counts("label_issues")["pending"] + screen.session.counts("label_names")["pending"]
        assert 0 < len(screen.shown) == waiting < every
        await d.sees(f"{waiting:,} of {every:,} findings")
        await d.press("enter", "slash", *" no-such-word", "enter")
        await d.sees("No finding fits the filter")
        await d.press("escape")
        assert len(screen.shown) == every


async def test_who_asks_for_a_row_that_the_queue_lacks_is_told_what_becomes_of_it(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        session = screen.session
        gone = int(np.flatnonzero(session.plan.dropped)[0])
        here = set(session.findings["row"].take(pa.array(screen.shown)).to_pylist())
        assert gone not in here
        await d.press("slash", *f"row {gone}")
        await d.sees(f"A row is asked for by row={gone}.")
        await d.press("escape", "slash", *f"row={gone}", "enter")
        await d.sees(f"Row {gone} leaves.", "Found about it: Exact duplicates 1")
        await d.press("escape", "slash", *"row=99999", "enter")
        await d.sees(f"Rows are numbered 0 to {session.dataset.n_rows - 1}")


async def test_queues_are_ordered_by_score_impact_value_and_row(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        await d.press("s")
        await d.sees(SORT_SAYS["score"])
        scores = screen.session.scores[screen.shown]
        assert (np.diff(scores) <= 0).all()
        seen = [tuple(screen.shown)]
        for name in ("impact", "value", "row"):
            await d.press("s")
            await d.sees(SORT_SAYS[name])
            seen.append(tuple(screen.shown))
        assert (np.diff(screen.session.rows_of[screen.shown]) >= 0).all()
        assert {frozenset(s) for s in seen} == {frozenset(seen[0])}, "an order loses nothing"


async def test_groups_have_headings_that_fold_and_are_decided_as_one(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        every = set(map(int, screen.shown))
        await d.press("g", "g")
        assert set(map(int, screen.queue.members)) == every
        await d.press("home")
        heading = screen.heading()
        assert heading is not None
        n = len(screen.shown)
        await d.press("enter")
        assert len(screen.shown) == n - len(heading.members)
        await d.press("home", "x")
        assert isinstance(d.app.screen, BulkScreen)
        await d.sees(f"Reject {len(heading.members)} finding")
        await d.press("y")
        assert statuses(screen, heading.members) == {"rejected"}
        decision = screen.session.state.journal.decisions[-1]
        assert decision.filter is not None, "a bulk decision is no answer about single findings"
        await d.press("u")
        assert "rejected" not in statuses(screen, heading.members)


async def test_a_bulk_decision_shows_count_sample_and_effect_and_takes_a_key_of_its_own(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("duplicates")
        members = screen.queue.members
        await d.press("A")
        await d.until(lambda: isinstance(d.app.screen, BulkScreen), "the preview")
        await d.settle()
        await d.sees(f"Apply {len(members)} findings?", "rows that stay", "proposal")
        for key in ("enter", "A", "space"):
            await d.press(key)
        assert isinstance(d.app.screen, BulkScreen), "only y takes it"
        await d.press("x")
        await d.sees(f"Reject {len(members)} findings?")
        before, after = screen.session.rows()[1], screen.session.what_if(members, "reject")
        await d.sees(f"{before:,} → {after.n_rows - int(after.dropped.sum()):,}")
        await d.press("escape")
        assert not screen.session.state.journal.decisions
        await d.press("A", "x", "y")
        assert statuses(screen, members) == {"rejected"}
        await d.press("u")
        assert screen.session.rows()[1] == before


async def test_a_range_is_marked_and_decided(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("pii")
        wanted = screen.shown[1:4]
        await d.press("down", "v", "down", "down")
        await d.sees("range: move to its end")
        await d.press("x", "y")
        assert statuses(screen, wanted) == {"rejected"}
        assert len(screen.session.state.journal.decisions[-1].finding_ids) == 3


async def test_numbers_choose_a_label_or_the_row_that_stays(run: Path, drive: Drive) -> None:
    async with drive(run, size=(120, 60)) as d:
        screen = await d.panel("labels")
        await d.press("slash", *"rule:likely", "enter")
        index = screen.current()
        labels = screen.reader.likeliest(index)
        assert len(labels) > 1
        await d.press("2")
        decision = screen.session.state.journal.decisions[-1]
        given = screen.reader.given(index)
        assert (decision.verdict, decision.value) in (("override", labels[1]), ("reject", None), ("accept", None))
        assert (decision.verdict == "reject") == (labels[1] == given)
        screen = await d.panel("duplicates")
        copies = next(int(i) for i in screen.shown if len(screen.reader.partners(int(i))) > 1
                      and str(screen.session.findings["stage"][int(i)]) == "exact_duplicates")  # fmt: skip
        d.app.go_to_finding(copies)
        await d.until(lambda: screen.current() == copies, "the copies")
        await d.settle()
        partners = screen.reader.partners(copies)
        chosen = [int(screen.session.rows_of[i]) for i in partners]
        await d.sees("who stays")
        for number in range(1, len(partners) + 1):
            await d.press(str(number))
            dropped = screen.session.plan.dropped[chosen]
            assert [r for r, gone in zip(chosen, dropped) if not gone] == [chosen[number - 1]]
            await d.press("u")
            await d.until(lambda: screen.current() is not None, "the cursor")
            d.app.go_to_finding(copies)
            await d.settle()


async def test_a_flag_decides_nothing_and_is_taken_off_again(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        index, before = screen.current(), screen.session.plan.table
        await d.press("f")
        assert screen.session.plan.table.equals(before)
        await d.sees("⚑", "flagged row")
        assert list(choose(screen.session, parse("flag:yes"), screen.shown)) == [index]
        await d.press("f")
        assert not screen.session.state.flags
        await d.press("f", "u")
        assert not screen.session.state.flags


async def test_space_goes_to_the_next_that_waits(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        await d.press("s", "s", "s", "s", "home")
        for _ in range(5):
            await d.press("space")
            assert str(screen.session.plan.table["status"][screen.current()]) in ("pending", "stale")
        assert not screen.session.state.journal.decisions


async def test_each_action_names_a_command_that_does_the_same_to_the_byte(
    run: Path, tmp_path: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = tmp_path / "twin" / "runs" / "tickets"
    shutil.copytree(run, twin)
    async with drive(run) as d:
        screen = await d.panel("duplicates")
        await d.press("x", "a", "f")
        await d.panel("labels")
        await d.press("a", "2", "u", "slash", *"score>=0.5", "enter", "A", "y", "u", "ctrl+y")
        await d.press("v", "down", "x", "y", "w")
        assert screen.session.is_written
        commands = [entry.command for entry in d.app.desk.log if entry.command]
        await d.press("c")
        assert isinstance(d.app.screen, LogScreen)
        await d.sees("curate decide runs/tickets")
    assert len(commands) >= 10
    monkeypatch.chdir(tmp_path / "twin")
    for command in commands:
        assert command.startswith("curate ")
        done = CliRunner().invoke(cli, shlex.split(command)[1:])
        assert done.exit_code == 0, done.output
    monkeypatch.chdir(tmp_path)
    for name in ("curated.jsonl", "plan.parquet", "removed.parquet"):
        assert (run / name).read_bytes() == (twin / name).read_bytes()


async def test_personal_data_is_shown_by_a_key_only_until_the_cursor_moves(run: Path, drive: Drive) -> None:
    async with drive(run, size=(160, 60)) as d:
        screen = await d.panel("pii")
        await d.press("slash", *"to:EMAIL", "enter")
        assert SECRET not in d.words()
        await d.press("m")
        await d.sees("shown as it stands", SECRET)
        await d.press("m")
        assert SECRET not in d.words()
        await d.press("m")
        await d.sees(SECRET)
        await d.press("down")
        assert screen.revealed is None
        await d.until(lambda: "shown as it stands" not in d.words(), "the mask")
        await d.press("m")
        await d.sees(SECRET)
        await d.press("left_square_bracket", "right_square_bracket")
        await d.until(lambda: d.app.screen is screen and SECRET not in d.words(), "the mask after another panel")
        assert screen.revealed is None


async def test_jump_mode_goes_to_panels_and_parts(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.panel("labels")
        await d.press("ctrl+o")
        assert isinstance(d.app.screen, JumpScreen)
        await d.sees("a queue", "s evidence", "9  Report")
        await d.press("s")
        assert d.app.focused.id == "detail"
        await d.press("ctrl+o", "2")
        assert d.app.current_mode == "duplicates"
        await d.press("ctrl+o", "escape")
        assert d.app.current_mode == "duplicates"
        await d.panel("ablation")
        await d.press("ctrl+o")
        await d.sees("a verdict")


async def test_the_mouse_goes_along_the_rail_and_the_queue(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        await d.pilot.click("#queue", offset=(5, 4))
        await d.settle()
        assert screen.table.cursor_row == 3
        await d.pilot.click("#rail", offset=(5, 3))
        await d.settle()
        assert d.app.current_mode == "duplicates"


async def test_every_panel_is_reached_by_keyboard_and_says_what_it_is(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        for mode, words in (("profile", "what each column is"), ("report", "gate"), ("quality", "not in the recipe")):
            await d.panel(mode)
            await d.sees(words)
            assert "? Help" in d.words().splitlines()[-1]


async def test_the_next_session_begins_where_this_one_ended(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")
        await d.press("slash", *"state:waits", "enter", "s", "down", "down")
        index = screen.current()
        await d.press("ctrl+q")
    assert SECRET not in (run / "tui.json").read_text()
    async with drive(run) as d:
        screen = await d.on(FindingsScreen)
        assert d.app.current_mode == "labels"
        await d.until(lambda: screen.current() == index, "the finding of before")
        assert screen.wish.sort == "score"
        assert screen.wish.choice.text == "state:waits"


async def test_a_damaged_memory_is_as_good_as_none(run: Path, drive: Drive) -> None:
    async with drive(run) as d:
        await d.on(FindingsScreen)
        usual = d.app.current_mode
    (run / "tui.json").write_text('{"schema_version": 1, "mode": 7, "places": []}')
    async with drive(run) as d:
        await d.on(FindingsScreen)
        assert d.app.current_mode == usual


async def test_keys_can_be_remapped_and_wrong_settings_are_told(run: Path, tmp_path: Path, drive: Drive) -> None:
    (tmp_path / "config" / "curate").mkdir(parents=True)
    wished = 'theme = "nord"\ncolour = 1\n[keys]\naccept = "d"\naccpet = "z"\n'
    (tmp_path / "config" / "curate" / "tui.toml").write_text(wished)
    async with drive(run) as d:
        await d.sees("there is no key id 'accpet'; did you mean 'accept'?", "no key 'colour'")
        screen = await d.panel("labels")
        assert d.app.theme == "nord"
        index = screen.current()
        await d.press("a")
        assert not screen.session.state.journal.decisions
        await d.press("d")
        assert statuses(screen, np.array([index])) == {"applied"}


def test_settings_that_ask_for_one_key_twice_are_told(tmp_path: Path) -> None:
    path = tmp_path / "tui.toml"
    path.write_text('[keys]\naccept = "y"\nreject = "y"\n')
    found = read_settings(path, ["nord"], lambda: [{"accept": ["a"], "reject": ["x"]}])
    assert found.problems == ("[keys] accept and reject both ask for y",)
    path.write_text("keys = [")
    assert "cannot be read" in read_settings(path, [], list).problems[0]


async def test_a_workers_error_is_shown_and_the_app_lives(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with drive(run) as d:
        screen = await d.panel("labels")

        def broken(*args: object, **options: object) -> None:
            raise RuntimeError("a secret " + SECRET)

        monkeypatch.setattr("tui.browse.arranged", broken)
        await d.press("s")
        await d.sees("internal error: RuntimeError")
        assert SECRET not in d.words()
        monkeypatch.undo()
        monkeypatch.chdir(run.parent.parent)
        await d.press("s")
        await d.sees(SORT_SAYS[screen.wish.sort])
        assert screen.is_mounted


async def test_first_launch_shows_roles_with_reasons_takes_corrections_and_a_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive
) -> None:
    monkeypatch.chdir(tmp_path)
    records = [{**r, "team": "ab"[i % 2]} for i, r in enumerate(rows(60))]
    write(tmp_path / "t.jsonl", records)
    monkeypatch.setattr("curate.recipe.BUILT_IN", {"exact_duplicates": "curate.stages.exact_duplicates"})
    async with drive() as d:
        await d.on(OpenScreen)
        await d.press(*"t.jsonl", "enter")
        await d.on(GuideScreen)
        await d.until(lambda: d.app.screen.query("#guide-go"), "the roles")
        await d.settle()
        await d.sees("What is in t.jsonl?", "by name and contents", "starter")
        group = d.app.screen.query_one("#role-group")
        group.focus()
        await d.press("enter", "end", "enter")
        assert group.value == "team"
        policy = d.app.screen.query_one("#policy")
        policy.focus()
        await d.press("enter", "down", "enter")
        await d.press("ctrl+s")
        screen = await d.on(FindingsScreen)
        assert screen.session.dataset.roles.group == ("team",)
        assert screen.session.detected.recipe.gate["preset"] == "strict"
        assert d.app.desk.log[0].command == "curate run runs/t.toml --no-train --out runs/t"
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert workflow.as_recipe("runs/t.toml").gate["preset"] == "strict"


def test_filters_say_what_they_do_not_understand() -> None:
    for words, said in (("stat:waits", "did you mean 'state'"), ("score>=x", "needs a number"), ("rule>3", "has no order"),
                        ("state:gone", "no state 'gone'"), ("row:x", "first and a last")):  # fmt: skip
        with pytest.raises(ConfigError, match=said):
            parse(words)


def test_filters_choose_what_a_plain_loop_chooses(run: Path) -> None:
    session = Session.open(run)
    every = np.arange(session.findings.num_rows)
    table, status = session.findings.to_pylist(), session.plan.table["status"].to_pylist()
    text = session.dataset.content().to_pylist()

    def found(words: str) -> set[int]:
        return set(choose(session, parse(words), every).tolist())

    assert found("stage=pii") == {i for i, f in enumerate(table) if f["stage"] == "pii"}
    assert found("-stage=pii") == set(every.tolist()) - found("stage=pii")
    assert found("state:waits") == {i for i, s in enumerate(status) if s in ("pending", "stale")}
    assert found("row:10-20") == {i for i, f in enumerate(table) if f["row"] is not None and 10 <= f["row"] <= 20}
    two, sure = ("pii", "label_issues"), np.float32(0.9)
    assert found("score>=0.9 stage=pii,label_issues") == {
        i for i, f in enumerate(table) if np.float32(f["score"]) >= sure and f["stage"] in two
    }
    assert found("text:LAMP") >= {i for i, f in enumerate(table) if f["row"] is not None and "lamp" in text[f["row"]]}
    labels = session.dataset.labels().to_pylist()
    assert found("from=refund action=relabel") == {
        i for i, f in enumerate(table) if f["action"] == "relabel" and labels[f["row"]].lower() == "refund"
    }
    grouped = arranged(session, ["label_issues", "label_names"], Wish(group="change"))
    for heading in grouped.headings:
        assert set(heading.members.tolist()) == set(choose(session, parse(heading.key), grouped.members).tolist())


def test_the_headless_verb_decides_undoes_and_redoes(run: Path) -> None:
    def curate(*args: str) -> str:
        done = CliRunner().invoke(cli, ["decide", *args])
        assert done.exit_code == 0, done.output
        return done.output

    session = Session.open(run)
    finding = session.findings["finding_id"][0].as_py().hex()
    assert "rejected 1 finding" in curate(str(run), "reject", finding[:12])
    assert "took back" in curate(str(run), "undo")
    assert "brought back" in curate(str(run), "redo")
    assert "nothing was saved" in curate(str(run), "accept", "--where", "state:waits", "--dry-run")
    assert [d.verdict for d in read_journal(run / "decisions.jsonl").decisions] == ["reject", "undo", "undo"]
    assert "flagged 1 finding" in curate(str(run), "flag", finding)
    assert "1 finding; nothing was saved" in curate(str(run), "unflag", "--where", "flag:yes", "--dry-run")
    assert "took off 1 flag" in curate(str(run), "unflag", "--where", "flag:yes")
    assert "took off 0 flags" in curate(str(run), "unflag", finding)
    wrong = CliRunner().invoke(cli, ["decide", str(run), "accept", "zz"])
    assert "not the id of a finding" in str(wrong.exception)


def test_pace_is_the_median_gap_without_pauses() -> None:
    from curate.ledger.decisions import Decision

    at = [0, 4, 8, 12, 3000, 3004, 3010]
    stamps = [f"2026-01-01T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}+00:00" for s in at]
    made = [Decision(str(i), "accept", ("00" * 16,), actor="ada", at=stamp) for i, stamp in enumerate(stamps)]
    assert pace(made) == 4.0
    assert pace(made[:3]) is None, "too few to tell"
