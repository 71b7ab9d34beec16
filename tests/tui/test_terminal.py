"""The whole program in a real pseudo-terminal, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curate.ledger.decisions import read_journal
from tests.tui.conftest import SECRET, rows, write
from tests.tui.terminal import Terminal

Open = Callable[..., Terminal]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Open]:
    opened: list[Terminal] = []

    def go(*args: str, **options: object) -> Terminal:
        opened.append(Terminal(*args, cwd=tmp_path, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield go
    for one in opened:
        one.close()


def test_from_a_raw_file_to_written_data_by_keys_alone(tmp_path: Path, terminal: Open) -> None:
    write(tmp_path / "t.jsonl", rows(80))
    (tmp_path / "c.toml").write_text("[data]\ninput = 't.jsonl'\n[run]\nstages = ['exact_duplicates', 'pii']\n")
    t = terminal("-m", "curate", "tui", "c.toml")
    t.wait("Looking at")
    t.wait("Remove row")
    t.press("x")
    t.wait("rejected row")
    t.press("]", "]")
    t.wait("[EMAIL]")
    t.press("x")
    t.wait("! not written")
    t.press("u")
    t.wait("took back")
    t.press("w")
    t.wait("✓ written")
    t.press("ctrl+q")
    assert t.end() == 0
    run = tmp_path / "runs" / "t"
    assert [d.verdict for d in read_journal(run / "decisions.jsonl").decisions] == ["reject", "reject", "undo"]
    written = (run / "curated.jsonl").read_bytes()
    subprocess.run([sys.executable, "-m", "curate", "apply", str(run)], check=True, cwd=tmp_path, capture_output=True)
    assert (run / "curated.jsonl").read_bytes() == written
    assert SECRET.encode() not in t.raw


@pytest.mark.slow
def test_from_a_raw_file_through_review_and_training_to_the_verdict_by_keys_alone(tmp_path: Path, terminal: Open) -> None:
    pytest.importorskip("torch")
    write(tmp_path / "t.jsonl", rows(240))
    # The guide begins from the recipe that lies in its place: nine runs of 200 steps, the default, take half an hour.
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "t.toml").write_text(f"[data]\ninput = '{tmp_path / 't.jsonl'}'\n[train]\nsteps = 12\n")
    t = terminal("-m", "curate", "tui", env={"OMP_NUM_THREADS": "1"})
    t.wait("prove whether it helped")
    t.press(*"t.jsonl", "enter")
    t.wait("by name")  # the first-launch guide: what each column is, and why
    t.wait("starter")
    t.press("ctrl+s")
    t.wait("Looking at")
    t.wait("gate")
    t.press("ctrl+o")
    t.wait("Where to?")
    t.press("2")
    t.wait("2/9 Duplicates")  # another panel's evidence may say the same words
    t.wait("drop, like")
    t.press("x")
    t.wait("rejected row")
    t.press("u")
    t.wait("took back")
    t.press("r")
    t.wait("question 1")
    t.press("a")
    t.wait("question 2")
    t.press("escape", "]")
    t.wait("3/9 Labels")
    t.wait("what waits first")
    t.press("A")
    t.wait("does it")
    t.wait("rows that stay")
    t.press("y")
    t.wait("accepted")
    t.press("w")
    t.wait("✓ written")
    t.press("ctrl+o")
    t.wait("Where to?")
    t.press("7")
    t.wait("to start")
    t.press("s")
    t.wait("training runs")
    t.wait("Training is done", 900)
    t.press("]")
    t.wait("Does curation help?")
    run = tmp_path / "runs" / "t"
    result = json.loads((run / "ablation.json").read_text())
    t.wait(str(result["verdict"]).upper())
    assert "earlier plan" not in t.text(), "the verdict is of the plan in force"
    t.wait("curated data")
    t.press("]")
    t.wait("9/9 Report")
    t.press("ctrl+q")
    assert t.end() == 0
    assert [d.verdict for d in read_journal(run / "decisions.jsonl").decisions][:3] == ["reject", "undo", "accept"]
    written = (run / "curated.jsonl").read_bytes()
    subprocess.run([sys.executable, "-m", "curate", "apply", str(run)], check=True, cwd=tmp_path, capture_output=True)
    assert (run / "curated.jsonl").read_bytes() == written, "replayed headless: the same bytes"
    assert SECRET.encode() not in t.raw


def test_decisions_shown_as_saved_outlive_a_killed_terminal(tmp_path: Path, run: Path, terminal: Open) -> None:
    t = terminal("-m", "curate", "tui", str(run), size=(80, 24))
    t.wait("Change the label of row")
    t.press("x")
    t.wait("rejected row")
    os.killpg(t.process.pid, signal.SIGKILL)
    t.process.wait()
    assert [d.verdict for d in read_journal(run / "decisions.jsonl").decisions] == ["reject"]


def test_it_ends_where_its_terminal_goes_without_a_word(run: Path, terminal: Open) -> None:
    t = terminal("-m", "curate", "tui", str(run))
    t.wait("Change the label of row")
    t.hang_up()
    assert t.process.wait(60) != 0


def test_without_colour_every_state_still_has_its_sign(run: Path, terminal: Open) -> None:
    t = terminal("-m", "curate", "tui", str(run), env={"NO_COLOR": "1"})
    t.wait("? waits")
    t.press("x")
    t.wait("✗ rejected")
    t.press("ctrl+q")
    assert t.end() == 0


def test_without_a_terminal_it_says_what_to_use_instead(run: Path, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "curate", "tui", str(run)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert said.returncode == 2
    assert "needs a terminal" in said.stderr
    assert said.stdout == ""


def test_an_unforeseen_error_ends_it_without_showing_what_variables_hold(tmp_path: Path, terminal: Open) -> None:
    (tmp_path / "crash.py").write_text(
        "from tui.app import CurateApp\n"
        "class Broken(CurateApp):\n"
        "    def action_help(self):\n"
        f"        row = {json.dumps('the text of a row, ' + SECRET)}\n"
        "        raise RuntimeError(row)\n"
        "app = Broken()\n"
        "app.run()\n"
        "raise SystemExit(app.return_code)\n"
    )
    home = str(Path(__file__).parents[2])
    t = terminal("crash.py", env={"PYTHONPATH": home})
    t.wait("prove whether it helped")
    t.press("tab", "?")
    assert t.end() == 1
    # Where the line wraps depends on the length of the path, and it stands over what is left of the screen.
    printed = b" ".join(t.raw.split())
    assert b"internal error: RuntimeError at" in printed
    assert b"decisions taken so far are saved" in printed
    assert b"the text of a row" not in t.raw
    assert SECRET.encode() not in t.raw


def test_a_first_run_on_a_machine_says_that_it_compiles_and_a_second_does_not(tmp_path: Path, terminal: Open) -> None:
    recipe = "[data]\ninput = '{}.jsonl'\n[run]\nstages = ['exact_duplicates']\n"
    for name in ("first", "second"):
        write(tmp_path / f"{name}.jsonl", rows(20))
        (tmp_path / f"{name}.toml").write_text(recipe.format(name))
    empty = {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    t = terminal("-m", "curate", "tui", "first.toml", env=empty)
    t.wait("compiling for this machine, once")
    assert "✓ Exact duplicates" not in t.text()  # said while it goes on
    t.wait("Remove row")
    t.press("ctrl+q")
    assert t.end() == 0
    t = terminal("-m", "curate", "tui", "second.toml", env=empty)
    t.wait("Remove row")
    assert b"compiling" not in t.raw


def test_a_terminal_that_shows_no_screens_is_told_the_way_in_plain_lines(tmp_path: Path, terminal: Open) -> None:
    t = terminal("-m", "curate", "tui", "t.jsonl", env={"TERM": "dumb"})
    t.wait("`curate review RUN` asks in plain lines")
    assert t.end() == 2
    assert b"\x1b" not in t.raw
