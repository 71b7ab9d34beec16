"""Training is a process of its own that leaves files; the screen reads them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from curate.session import Session
from tests.tui.conftest import STAGES, Drive, rows, write
from tui import charts
from tui.findings import FindingsScreen
from tui.job import Job, Tail
from tui.training import TrainingScreen

EVENTS: list[dict[str, Any]] = [
    {"kind": "notice", "words": "Evaluated on 30 rows.\x1b[2J"},
    {"kind": "run", "arm": "raw", "seed": 0, "run": 1, "runs": 4, "state": "started", "eta_s": None},
    {"kind": "step", "arm": "raw", "seed": 0, "run": 1, "runs": 4, "step": 1, "steps": 2, "loss": 2.5, "eta_s": 70.0},
    {"kind": "step", "arm": "raw", "seed": 0, "run": 1, "runs": 4, "step": 2, "steps": 2, "loss": 1.5, "eta_s": 60.0},
    {"kind": "run", "arm": "raw", "seed": 0, "run": 1, "runs": 4, "state": "done", "eta_s": 55.0},
    {"kind": "step", "arm": "curated", "seed": 0, "run": 2, "runs": 4, "step": 1, "steps": 2, "loss": 2.4, "eta_s": 50.0},
]
RESULT: dict[str, Any] = {
    "verdict": "helped", "words": "Curation helped by 4 points.", "metric": "accuracy", "delta": 0.01, "notes": ["A note."],
    "arms": [
        {"name": "raw", "title": "raw data", "method": "lora", "rows": 100, "mean": 0.7, "spread": 0.01,
         "runs": [{"metrics": {}}, {"metrics": None}]},
    ],
    "comparisons": [
        {"a": "curated", "b": "raw", "delta": 0.04, "low": 0.02, "high": 0.06, "verdict": "helped"},
    ],
}  # fmt: skip


def lines(events: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(e) + b"\n" for e in events)


def tell(run: Path, events: list[dict[str, Any]]) -> None:
    (run / "train").mkdir(exist_ok=True)
    (run / "train" / "events.jsonl").write_bytes(lines(events))


def pretend(run: Path, code: str = "import time; time.sleep(60)") -> subprocess.Popen[bytes]:
    """A process that looks like the training of this run and does nothing."""
    process = subprocess.Popen([sys.executable, "-c", code, "ablate", str(run.resolve())])
    (run / "train").mkdir(exist_ok=True)
    (run / "train" / "process.json").write_bytes(orjson.dumps({"pid": process.pid}))
    return process


def test_a_line_still_being_written_waits_for_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = Tail(path)
    assert tail.read() == []
    whole = lines(EVENTS[:2])
    path.write_bytes(whole[:-9])
    assert tail.read() == EVENTS[:1]
    path.write_bytes(whole)
    assert tail.read() == EVENTS[:2]
    path.write_bytes(lines(EVENTS[2:3]))
    assert tail.read() == EVENTS[2:3], "a new training starts the file over"


def test_training_is_found_again_by_its_process_and_stopped(run: Path) -> None:
    process = pretend(run)
    try:
        session, job = Session.open(run), Job(run)
        tell(run, EVENTS)
        watch = job.watch(session)
        assert watch.running
        assert watch.total == 4
        assert watch.eta_s == 50.0
        assert [(r.arm, r.state, r.step) for r in watch.runs] == [("raw", "done", 2), ("curated", "training", 1)]
        assert watch.curves["raw"] == {1: [2.5], 2: [1.5]}
        assert watch.notices == ("Evaluated on 30 rows.",)
        assert "1 of 4 training runs" in charts.overall(watch).plain
        assert job.stop()
        assert process.wait(timeout=20) != 0
        assert not job.stop()
    finally:
        process.kill()


def test_a_process_number_in_use_by_another_program_is_not_training(run: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        (run / "train").mkdir()
        (run / "train" / "process.json").write_bytes(orjson.dumps({"pid": process.pid}))
        assert Job(run).pid() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


async def test_progress_result_and_a_verdict_that_is_out_of_date_are_shown(run: Path, drive: Drive) -> None:
    process = pretend(run)
    tell(run, EVENTS)
    try:
        async with drive(run) as d:
            screen = await d.on(FindingsScreen)
            await d.press("t")
            await d.on(TrainingScreen)
            await d.sees("1 of 4 training runs", "about 50 s left", "step 1 of 2", "training loss by step")
            process.kill()
            process.wait()
            (run / "ablation.json").write_bytes(orjson.dumps({**RESULT, "plan_hash": screen.session.plan_hash()}))
            await d.sees("HELPED", "Curation helped by 4 points.", "0.7000 ± 0.0100", "+0.0400", "c − r")
            assert "earlier plan" not in d.words()
            await d.press("escape")
            await d.on(FindingsScreen)
            await d.press("x", "t")
            await d.on(TrainingScreen)
            await d.sees("This verdict is of an earlier plan")
    finally:
        process.kill()


def test_an_interval_is_drawn_where_its_numbers_are() -> None:
    line = charts.interval(0.02, 0.04, 0.06, 0.08, 0.01)
    assert line.index("├") > line.index("│")
    assert line.index("├") < line.index("●") < line.index("┤")
    assert line.count("┊") == 2
    assert len(charts.interval(-9, 0, 9, 1, 0.5)) == len(line)


async def test_a_missing_package_is_said_before_anything_starts(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    import curate.house

    found = curate.house.importlib.util.find_spec
    monkeypatch.setattr(
        curate.house.importlib.util, "find_spec", lambda name, *a: None if name == "peft" else found(name, *a)
    )
    async with drive(run) as d:
        await d.on(FindingsScreen)
        await d.press("t")
        await d.on(TrainingScreen)
        await d.press("s")
        await d.sees("Training cannot start", "pip install 'curate-toolkit[train]'")
    assert not (run / "train" / "process.json").exists()


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose recipe trains a few steps on a random base."""
    pytest.importorskip("torch")
    from tests.train.tiny_base import make_base

    monkeypatch.chdir(tmp_path)
    make_base(tmp_path / "base")
    write(tmp_path / "t.jsonl", rows(200))
    (tmp_path / "c.toml").write_text(
        f"[data]\ninput = 't.jsonl'\n[run]\nthreads = 1\nstages = {json.dumps(STAGES[:3])}\n"
        f"[train]\nbase = '{tmp_path}/base'\nsteps = 4\nmax_length_tokens = 32\n[ablation]\nseeds = 3\n"
    )
    return tmp_path / "c.toml"


@pytest.mark.slow
async def test_training_outlives_the_interface_and_its_verdict_is_shown(tiny: Path, drive: Drive) -> None:
    async with drive(tiny) as d:
        await d.on(FindingsScreen)
        await d.press("t")
        await d.on(TrainingScreen)
        await d.press("s")
        await d.sees("getting ready")
    run = tiny.parent / "runs" / "t"
    assert Job(run).pid() is not None, "training goes on when the interface closes"
    async with drive(tiny) as d:
        await d.on(FindingsScreen)
        await d.press("t")
        screen = await d.on(TrainingScreen)
        await d.until(lambda: screen.watched and screen.watched.result, "a result", 300)
        result = json.loads((run / "ablation.json").read_text())
        await d.sees(result["verdict"].upper(), "base model", "raw data", "curated data")
        assert "earlier plan" not in d.words()


@pytest.mark.slow
async def test_training_that_cannot_run_says_why_and_a_stop_is_obeyed(tiny: Path, drive: Drive) -> None:
    shutil.rmtree(tiny.parent / "base")
    async with drive(tiny) as d:
        await d.on(FindingsScreen)
        await d.press("t")
        screen = await d.on(TrainingScreen)
        await d.press("s")
        await d.until(lambda: screen.watched and screen.watched.ended_early, "an early end", 120)
        await d.sees("Training ended without a verdict", "base")
        await d.press("s")
        await d.until(lambda: screen.watched and screen.watched.running, "a process", 30)
        time.sleep(1)
        await d.press("k")
        await d.until(lambda: screen.watched and not screen.watched.running, "its end", 60)
