"""Training is a process of its own that leaves files; the screen reads them."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import xxhash

from curate.review.session import Session
from tests.tui.conftest import STAGES, Drive, rows, write
from tui import charts
from tui.ablation import mean_of, runs_left
from tui.batch import BatchScreen
from tui.findings import FindingsScreen
from tui.job import Job, Watch
from tui.metrics import MetricsReader, spark
from tui.microscope import MicroscopeScreen, tokens
from tui.outcome import trained_word, verdict_word
from tui.tail import Tail

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


def _hears_interrupts() -> None:
    """What is started in the background inherits deafness to them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def pretend(run: Path, code: str = "import time; time.sleep(60)") -> subprocess.Popen[bytes]:
    """A process that looks like the training of this run and does nothing."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, "ablate", str(run.resolve())],
        preexec_fn=_hears_interrupts,
    )
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


@pytest.mark.parametrize(
    ("words", "stopped"), [("step 3\ninterrupted", True), ("no such base", False), ("interrupted twice\nno base", False)]
)
def test_a_stop_that_was_asked_for_is_told_from_a_process_that_failed(run: Path, words: str, stopped: bool) -> None:
    (run / "train").mkdir()
    (run / "train" / "process.json").write_bytes(orjson.dumps({"pid": 0}))
    (run / "train" / "log.txt").write_text(words)
    job = Job(run)
    assert job.watch(Session.open(run)).stopped is stopped


@pytest.mark.parametrize(("before", "early"), [(b"an older verdict", False), (None, False), (b"{}", True)])
def test_a_verdict_is_one_however_old_its_file_became_by_copying_the_run(
    run: Path, before: bytes | None, early: bool
) -> None:
    (run / "train").mkdir()
    (run / "ablation.json").write_bytes(b"{}")
    os.utime(run / "ablation.json", (1, 1))
    known = None if before is None else xxhash.xxh3_128_hexdigest(before)
    (run / "train" / "process.json").write_bytes(orjson.dumps({"pid": 0, "before": known}))
    (run / "train" / "log.txt").write_text("no base")
    assert bool(Job(run).watch(Session.open(run)).ended_early) is early


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
            await d.panel("train")
            await d.sees("1 of 4 training runs", "about 50 s left", "step 1 of 2", "▸ training")
            screen = await d.panel("ablation")
            await d.sees("No verdict yet", "training loss by step")
            process.kill()
            process.wait()
            (run / "ablation.json").write_bytes(orjson.dumps({**RESULT, "plan_hash": screen.session.plan_hash()}))
            await d.sees("HELPED", "Curation helped by 4 points.", "0.7000", "+4.0", "c − r", "✓ verdict")
            assert "▸ training" not in d.words()
            assert "earlier plan" not in d.words()
            await d.panel("duplicates")
            await d.press("x")
            await d.panel("ablation")
            await d.sees("This verdict is of an earlier plan", "! of earlier plan")
    finally:
        process.kill()


async def test_a_comparison_for_which_nothing_was_trained_is_not_called_a_training(run: Path, drive: Drive) -> None:
    arms = [{**RESULT["arms"][0], "mean": None, "runs": [{"seed": 0, "status": "not run"}]}]
    told = {**RESULT, "verdict": "insufficient evidence", "words": "Too few rows.", "arms": arms, "comparisons": []}
    async with drive(run) as d:
        screen = await d.panel("train")
        (run / "ablation.json").write_bytes(orjson.dumps({**told, "plan_hash": screen.session.plan_hash()}))
        await d.sees("Nothing was trained: ] says why.")
        await d.panel("ablation")
        await d.sees("INSUFFICIENT EVIDENCE", "Too few rows.")
        await d.sees("– nothing trained", "? cannot tell")
        assert "✓ trained" not in d.words()
        assert "✓ verdict" not in d.words()


def test_the_rail_tells_a_verdict_from_a_comparison_without_one() -> None:
    not_run = {"arms": [{"runs": [{"status": "not run"}]}]}
    assert (trained_word(None), verdict_word(None)) == ("– not trained yet", "– no verdict yet")
    alone = {**not_run, "verdict": "insufficient evidence"}
    assert (trained_word(alone), verdict_word(alone)) == ("– nothing trained", "? cannot tell")
    assert verdict_word({**RESULT, "verdict": "inconclusive"}) == "? inconclusive"
    for verdict in ("helped", "harmed", "equivalent", "identical"):
        assert verdict_word({**RESULT, "verdict": verdict}) == "✓ verdict"
        assert verdict_word({**RESULT, "verdict": verdict}, of_now=False) == "! of earlier plan"
    partly = {"arms": [{"runs": [{"status": "done"}, {"status": "not run"}]}], "verdict": "insufficient evidence"}
    assert (trained_word(partly), verdict_word(partly)) == ("✓ trained", "? cannot tell")


METRICS: list[dict[str, Any]] = [
    *({"step": n, "loss": 2.0 / n, "learning_rate": 1e-3, "grad_norm": 1.0, "tokens_per_s": 900.0, "rows": 3,
       "row_ids": [n, n + 1, n + 2], "memory_bytes": 2**29} for n in range(1, 9)),
    {"step": 8, "validation": {"loss": 0.4}},
    {"step": 5, "alert": {"kind": "loss_spike", "step": 5, "rows": [7, 5], "words": "The loss jumped.\x1b[2J",
                           "recommendation": "Look at its rows."}},
]  # fmt: skip


def measured(run: Path, arm: str = "raw") -> Path:
    folder = run / "train" / arm / "0"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.jsonl").write_bytes(lines(METRICS))
    return folder


def test_metrics_of_a_run_are_read_as_it_grows_and_name_the_rows_of_a_step(run: Path) -> None:
    reader = MetricsReader(measured(run))
    found = reader.read()
    assert found.series["loss"][4] == 0.5
    assert found.series["validation"] == {8: 0.4}
    assert found.spikes() == [5]
    assert found.batch(5) == (7, 5, 6), "those that the watchdog names first"
    with (run / "train" / "raw" / "0" / "metrics.jsonl").open("ab") as file:
        file.write(lines([{"step": 9, "loss": 0.1}]))
    assert 9 in reader.read().series["loss"]
    assert spark({1: 0.0, 2: 1.0, 3: 2.0}, 3) == "▁▅█"


@pytest.mark.parametrize("size", [pytest.param((80, 24), marks=pytest.mark.slow), (120, 40)])
async def test_a_spike_leads_to_its_batch_its_rows_and_their_findings(
    run: Path, drive: Drive, size: tuple[int, int]
) -> None:
    measured(run)
    found = Session.open(run).findings["row"].fill_null(-1).to_pylist()
    row = next(r for r in found if r > 0)
    METRICS[-1]["alert"]["rows"] = [row]
    measured(run)
    async with drive(run, size=size) as d:
        screen = await d.panel("train")
        await d.until(lambda: screen.metrics.steps, "metrics")
        await d.sees("training loss")
        await d.press("n")
        assert screen.at == 5
        await d.sees("Look at its rows.")
        await d.press("left")
        assert screen.at == 4, "also while the list of runs has the keys"
        await d.press("right")
        assert screen.at == 5
        await d.press("enter")
        batch = await d.on(BatchScreen)
        await d.sees("step 5 of raw", "The loss jumped.")
        assert batch.rows[0] == row
        await d.press("enter")
        screen = await d.on(FindingsScreen)
        await d.until(lambda: screen.current() is not None and found[screen.current()] == row, "the finding on that row")


def test_tokens_are_told_apart_by_brackets_not_by_colour_alone() -> None:
    from rich.console import Console

    seen = {
        "row": 3, "task": "sft", "refused": "", "target": "", "counts": {"learned": 2, "read": 2, "cut": 0, "left": 0},
        "tokens": [{"id": n, "piece": p, "state": s, "special": False}
                   for n, (p, s) in enumerate([("Why", "read"), ("?", "read"), ("[b]So", "learned"), (".", "learned")])],
    }  # fmt: skip
    console = Console(width=80, color_system=None, record=True, file=io.StringIO())
    console.print(tokens(seen))
    said = console.export_text()
    assert "Why│?⟦[b]So│.⟧" in said
    assert "2 learned from, 2 read only" in said


def test_an_arms_mean_has_the_t_interval_over_its_seeds() -> None:
    from scipy import stats

    values = [0.7, 0.74, 0.71]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    assert mean_of(values, {}) == f"{np.mean(values):.4f} [{low:.4f}, {high:.4f}]"
    assert mean_of([0.7], {}) == "0.7000"
    assert mean_of([], {}) == "–"
    assert mean_of([0.93, 0.93, 0.93], {}) == "0.9300", "what was scored once has no interval, nor have seeds all alike"
    assert mean_of([0.98, 0.85, 0.92], {}, share=True).endswith(", 1.0000]"), "no share is beyond 1"
    assert mean_of([1.98, 1.85, 1.92], {}).endswith(", 2.0783]")


def test_runs_left_to_a_verdict_are_said_where_a_look_told() -> None:
    look = {"seeds": 4, "level": 0.99, "verdict": "inconclusive", "runs_left": 6}
    assert "about 6 (look 1, 4 seeds" in runs_left({}, {"looks": [look]}, running=True)
    assert "more seeds will not do" in runs_left({"looks": [{**look, "runs_left": None}]}, {}, running=False)
    assert "curate ablate runs/t --sequential" in runs_left(
        {"verdict": "inconclusive"}, {}, running=False, command="curate ablate runs/t"
    )
    assert runs_left({"verdict": "helped"}, {}, running=False) == ""


@pytest.mark.parametrize("width", [60, 69, 75, 89, 100, 130])
def test_a_forest_takes_the_room_there_is_and_cuts_no_verdict(width: int) -> None:
    from rich.console import Console

    found = {"low": -0.0844, "delta": -0.0477, "high": 0.0189, "verdict": "insufficient evidence"}
    pairs = [{"a": a, "b": b, **found} for a, b in (("curated", "raw"), ("curated", "random_control"), ("raw", "base"))]
    arms = [{"name": name} for name in ("base", "raw", "curated", "random_control")]
    console = Console(width=width, file=io.StringIO())
    console.print(charts.forest({"metric": "nats_per_token", "delta": 0.01, "arms": arms, "comparisons": pairs}, width))
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert said.count("insufficient evidence") == 3
    assert said.count("−0.0477") == 3
    assert "…" not in said
    assert "comparison" in said
    assert len(said.splitlines()) == 4, "no line is folded"


def test_curves_of_runs_that_an_earlier_training_finished_are_drawn_too(run: Path) -> None:
    """What the trainer tells begins with the process that goes on; the runs before it left their metrics."""
    for arm in ("raw", "curated"):
        measured(run, arm)
    resumed = [{**EVENTS[1], "arm": "raw", "state": "resumed"}, {**EVENTS[1], "arm": "curated", "state": "started"},
               {**EVENTS[2], "arm": "curated", "step": 8, "loss": 9.0}]  # fmt: skip
    tell(run, resumed)
    watch = Job(run).watch(Session.open(run))
    every = {n: [2.0 / n] for n in range(1, 9)}
    assert watch.curves == {"raw": every, "curated": every}
    (run / "train" / "events.jsonl").unlink()
    arms = [{"name": "raw", "runs": [{"seed": 0, "curve": "train/raw/0/metrics.jsonl"}]}]
    (run / "ablation.json").write_bytes(orjson.dumps({**RESULT, "arms": arms}))
    assert Job(run).watch(Session.open(run)).curves == {"raw": every}, "and without any word of the trainer"


async def test_a_comparison_of_preference_training_says_how_often_the_better_answer_is_put_first(
    run: Path, drive: Drive
) -> None:
    told = {"rows": 20, "above_rejected": 0.6, "base_above_rejected": 0.8}
    for seed in range(2):
        folder = run / "train" / "raw" / str(seed)
        folder.mkdir(parents=True)
        (folder / "done.json").write_bytes(orjson.dumps({"preference": {**told, "above_rejected": 0.6 + 0.02 * seed}}))
    base = {
        **RESULT["arms"][0],
        "name": "base",
        "title": "base model",
        "method": "base",
        "runs": [{"seed": 0, "curve": None}],
    }
    runs = [{"seed": n, "status": "done", "metrics": {}, "curve": f"train/raw/{n}/metrics.jsonl"} for n in range(2)]
    arms = [base, {**RESULT["arms"][0], "runs": runs}]
    async with drive(run, size=(100, 40)) as d:
        screen = await d.panel("ablation")
        found = {**RESULT, "metric": "nats_per_token", "arms": arms, "plan_hash": screen.session.plan_hash()}
        (run / "ablation.json").write_bytes(orjson.dumps(found))
        await d.sees("held-out pairs whose chosen answer the model puts above the rejected", "b  0.8000", "r  0.6100 [")
        await d.sees("gain")
        (run / "train" / "raw" / "0" / "done.json").write_bytes(orjson.dumps({"preference": None}))
        (run / "train" / "raw" / "1" / "done.json").unlink()
        (run / "ablation.json").write_bytes(orjson.dumps({**found, "words": "Another."}))
        await d.sees("Another.")
        assert "held-out pairs" not in d.words()


def test_an_interval_is_drawn_where_its_numbers_are() -> None:
    span = charts.reach([0.02, 0.06], 0.01)
    line = charts.interval(0.02, 0.04, 0.06, span, 0.01)
    assert line.index("├") > line.index("│")
    assert line.index("├") < line.index("●") < line.index("┤")
    assert line.count("┊") == 2
    assert len(charts.interval(-9, 0, 9, (-1, 1), 0.5)) == len(line)


def test_an_axis_is_no_wider_on_one_side_than_what_is_there() -> None:
    span = charts.reach([0.132, 0.206, 0.035], 0.018)
    assert span == pytest.approx((-1.05 * 0.018, 1.05 * 0.206))
    line = charts.interval(0.132, 0.168, 0.206, span, 0.018)
    assert line.index("│") < len(line) / 6, "the room is the intervals'"
    head = charts.axis_of(span, lambda edge: charts.difference(edge, "accuracy"))
    assert (head[0], head[-5:], len(head)) == ("−", "+21.6", len(line))
    both = charts.axis_of((-0.2, 0.2), lambda edge: charts.difference(edge, "accuracy"))
    assert both.index(" 0 ") + 1 == charts.interval(0.05, 0.1, 0.15, (-0.2, 0.2), 0.03).index("│")
    assert charts.reach([], 0.0) == (-1.0, 1.0)
    narrow = charts.axis_of(charts.reach([0.02, 0.05], 0.0005), lambda edge: charts.difference(edge, "accuracy"))
    assert narrow.startswith("−0.1"), "where the zero has no room, the end stays whole"


def test_no_two_arms_are_drawn_with_one_letter() -> None:
    stages = ("pii", "near_duplicates", "label_issues", "label_names", "text_quality", "fairness", "contamination")
    arms = ["base", "raw", "curated", "random_control", *(f"{kind}_{s}" for s in stages for kind in ("only", "without"))]
    given = charts.letters(arms)
    assert len(set(given.values())) == len(arms)
    assert [given[arm] for arm in arms[:4]] == ["b", "r", "c", "x"]
    assert charts.letters([*arms, *reversed(arms)]) == given
    assert all(given[arm].isupper() for arm in arms if arm.startswith("without"))


def test_a_smoothed_curve_is_the_mean_over_seeds_and_over_the_steps_around() -> None:
    by_step = {step: [float(step), float(step) + 2] for step in range(1, 65)}
    steps, means = charts.smoothed(by_step)
    assert steps.tolist() == list(range(1, 65))
    for at, mean in enumerate(means):
        near = [np.mean(by_step[s]) for s in range(max(1, at + 1 - 2), min(64, at + 1 + 2) + 1)]
        assert mean == pytest.approx(np.mean(near))


@pytest.mark.parametrize("begun", [("raw", "curated", "random_control"), ("random_control", "curated", "raw")])
def test_arms_whose_curves_lie_upon_each_other_are_told_apart_without_colour(begun: tuple[str, ...]) -> None:
    from textual_plotext import PlotextPlot

    falling = {step: [2.0 / step] for step in range(1, 41)}
    plot = PlotextPlot()
    charts.draw_curves(plot, Watch(curves=dict.fromkeys(begun, falling)))
    plot.plt.plotsize(90, 20)
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", plot.plt.build())
    for name in ("curated, dashes", "raw, solid line", "random removal, dots"):
        assert name in drawn
    inside = "".join(line.partition("│")[2] for line in drawn.splitlines() if "," not in line)
    for letter in "rcx":
        assert inside.count(letter) >= 3, drawn


async def test_a_missing_package_is_said_before_anything_starts(
    run: Path, drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    import curate.house

    found = curate.house.importlib.util.find_spec
    monkeypatch.setattr(
        curate.house.importlib.util, "find_spec", lambda name, *a: None if name == "peft" else found(name, *a)
    )
    async with drive(run) as d:
        await d.panel("train")
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
        await d.panel("train")
        await d.press("s")
        await d.sees("getting ready")
    run = tiny.parent / "runs" / "t"
    assert Job(run).pid() is not None, "training goes on when the interface closes"
    async with drive(tiny) as d:
        screen = await d.panel("train")
        await d.until(lambda: screen.watched and screen.watched.result, "a result", 300)
        assert screen.metrics.steps
        result = json.loads((run / "ablation.json").read_text())
        await d.panel("ablation")
        await d.sees(result["verdict"].upper(), "raw data", "curated data")
        assert "earlier plan" not in d.words()
        await d.panel("train")
        await d.press("m")
        await d.on(MicroscopeScreen)
        await d.sees("tokens:", "class to learn")


@pytest.mark.slow
async def test_training_that_cannot_run_says_why_and_a_stop_is_obeyed(tiny: Path, drive: Drive) -> None:
    shutil.rmtree(tiny.parent / "base")
    async with drive(tiny) as d:
        screen = await d.panel("train")
        await d.press("s")
        await d.until(lambda: screen.watched and screen.watched.ended_early, "an early end", 120)
        await d.sees("Training ended without a verdict", "base")
        await d.press("s")
        await d.until(lambda: screen.watched and screen.watched.running, "a process", 30)
        time.sleep(1)
        await d.press("k")
        await d.until(lambda: screen.watched and not screen.watched.running, "its end", 60)
        await d.sees("Training was stopped before its verdict", "s goes on from there")


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_the_chosen_training_run_stands_out_in_the_colours_of_the_terminal(
    run: Path, drive: Drive, theme: str
) -> None:
    """A list of options leaves `reverse` out: without two colours of its own the chosen line would only be bold."""
    measured(run, "raw")
    measured(run, "curated")
    async with drive(run) as d:
        d.app.theme = theme
        screen = await d.panel("train")
        await d.until(lambda: screen.metrics.steps, "metrics")
        await d.settle()
        listing = screen.query_one("#train-runs")
        chosen, other = (listing.render_line(y)._segments[0].style for y in (listing.highlighted, 1 - listing.highlighted))
        assert chosen.bgcolor != other.bgcolor
        assert chosen.color != chosen.bgcolor


def test_lines_are_to_be_seen_on_the_dark_and_on_the_light_ground_of_a_plot() -> None:
    def luminance(colour: tuple[int, ...]) -> float:  # WCAG 2.2
        linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ground in ((0x1E,) * 3, (0xD8,) * 3):
        for colour in charts.COLOURS:
            dark, light = sorted((luminance(ground), luminance(colour)))
            assert (light + 0.05) / (dark + 0.05) >= 3
