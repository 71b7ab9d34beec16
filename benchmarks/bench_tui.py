"""The terminal interface on a run of a million rows and 200,000 findings: first paint, opening, key to paint, memory.

    python -m benchmarks.bench_tui [--rows 1000000] [--findings 200000] [--keys 300] [--format parquet]

The rows are made here (short tickets, a label, a group), and so are the files that the stages would leave, so that
nothing but the interface is measured. First paint and opening are taken in processes of their own, from the first import
on, to the end of the drawing in question (a line of the queue drawn; one with its text), with Python's bytecode at hand as
at any second start; key to paint in one process, from the key's arrival in the app to
the end of the first drawing after it was handled, of a screen that is there with all its parts, at 120 x 40. A key that
paints nothing in ten seconds counts as ten. Panels are gone to for the first time, then again. Processor time stands
beside wall time: of the whole process where one is timed, of the event loop's thread alone for keys (what a key waits for
on a machine with nothing else to do).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
STAGES = ["near_duplicates", "pii", "label_issues", "text_quality"]
LABELS = [f"intent_{i:02d}" for i in range(20)]
TEAMS = ["north", "south", "east", "west"]
FIRST_PAINT = """
import asyncio, json, sys, time
started = time.perf_counter()
from textual.screen import Screen
from tui.app import CurateApp
app = CurateApp({what!r})
told, drawn = {{}}, set()
paint = Screen._compositor_refresh
def watch(table):
    line = table._render_line
    def watched(self, y, *rest):
        if 0 < y <= len(self.queue.data):
            drawn.add("queue")
            if int(self.queue.data[y - 1]) in self.queue.lines:
                drawn.add("texts")
        return line(self, y, *rest)
    table._render_line = watched
def painted(self):
    table = getattr(sys.modules.get("tui.table"), "QueueTable", None)  # a thread may be half through importing it
    if table is not None and "watched" not in drawn:
        drawn.add("watched")
        watch(table)
    paint(self)
    if self is app.screen and self.children and type(self) is not Screen:
        for what in ("first", *(drawn & {{"queue", "texts"}})):
            told.setdefault(what, (time.perf_counter() - started, time.process_time()))
Screen._compositor_refresh = painted
async def main():
    async with app.run_test(size=(120, 40)):
        while not told or ({what!r} is not None and "texts" not in told):
            await asyncio.sleep(0.02)
            if app._exception is not None or time.perf_counter() - started > 120:
                raise SystemExit("the interface never showed it")
        print(json.dumps(told), file=sys.stderr)
        app.exit(0)
asyncio.run(main())
"""


def make_run(folder: Path, n_rows: int, n_findings: int, form: str) -> Path:
    """A run directory as `curate run` leaves one, made without detecting anything."""
    from curate import workflow
    from curate.ledger.apply import apply
    from curate.ledger.findings import empty_findings, make_findings
    from curate.outputs import write_outputs
    from curate.pipeline import detect, stage_key
    from curate.recipe import Recipe
    from curate.rundir import RunDir
    from curate.stages.base import Detection
    from curate.stages.registry import get_stage, in_running_order
    from curate.workflow.running import begin

    rng = np.random.default_rng(7)
    words = np.array(["parcel", "late", "refund", "invoice", "order", "lamp", "account", "again", "wrong"])
    picks = words[rng.integers(0, len(words), (n_rows, 8))]
    text = [" ".join(p) + f" no {i}" for i, p in enumerate(picks)]
    label, team = (np.array(names)[rng.integers(0, len(names), n_rows)] for names in (LABELS, TEAMS))
    source = folder / f"tickets.{form}"
    table = pa.table({"text": text, "intent": label, "customer_group": team})
    if form == "parquet":
        pq.write_table(table, source)
    else:
        with source.open("wb") as handle:
            handle.writelines(orjson.dumps(row) + b"\n" for row in table.to_pylist())
    recipe = Recipe.parse({
        "data": {"input": str(source), "task": "classification",
                 "roles": {"text": "text", "label": "intent", "group": "customer_group"}},
        "run": {"stages": STAGES},
    })  # fmt: skip
    dataset = workflow.read_input(recipe)
    run = RunDir(folder / "run")
    part = n_findings // 4
    a = rng.choice(n_rows - 60, part // 2, replace=False)
    b = a + 1 + rng.integers(0, 50, len(a))
    both = np.unique(np.concatenate([a, b]))[:part]
    score = rng.uniform(0.8, 1, len(a)).astype(np.float32)
    ids = dataset.row_ids
    start = np.zeros(part, np.int64)
    some = {name: np.sort(rng.choice(n_rows, part, replace=False)) for name in STAGES}
    top = [json.dumps({"top": [[LABELS[i % 20], 0.7], [LABELS[(i + 3) % 20], 0.2]]}) for i in range(part)]
    found = {
        "near_duplicates": Detection(
            make_findings("near_duplicates", ids, row=both, rule="verified_jaccard", action="drop", score=0.9,
                          reason="nearly the same words as another row", witness_row=both),
            scores=pa.table({"a": a, "b": b, "score": score, "weighted": score, "parts": np.ones(len(a), np.float32)}),
        ),
        "pii": Detection(
            make_findings("pii", ids, row=some["pii"], rule="pii.email_address", action="replace", score=0.95,
                          reason="an e-mail address", field="text", start=start, end=start + 4, replacement="[EMAIL]")),
        "label_issues": Detection(
            make_findings("label_issues", ids, row=some["label_issues"], rule="likely_wrong", action="relabel",
                          score=rng.uniform(0.2, 1, part), reason="a model expects another label", field="intent",
                          replacement=list(np.array(LABELS)[rng.integers(0, 20, part)]), evidence=top)),
        "text_quality": Detection(
            make_findings("text_quality", ids, row=some["text_quality"], rule="too_short", action="drop",
                          score=rng.uniform(0.2, 0.8, part), reason="too short to learn from")),
    }  # fmt: skip
    with run.writing():
        begin(run, dataset, recipe)
        keys: dict[str, str] = {}
        choices = {c.name: c for c in recipe.stages()}
        for name in in_running_order(choices):
            stage = get_stage(name)
            keys[name] = stage_key(dataset, recipe, choices[name], [keys[u] for u in stage.uses if u in keys])
            detection = found.get(name, Detection(empty_findings()))
            manifest = run.manifest()
            manifest["stages"][name] = {
                "key": keys[name], "status": "done", "reason": "", "seconds": 1.0,
                "findings": detection.findings.num_rows, "version": stage.version, "optional": stage.optional,
                "summary": {}, "depends_on": {}, "files": run.save_stage(name, detection),
            }  # fmt: skip
            run.write_manifest(manifest)
        detected = detect(dataset, recipe, run=run, read_only=True)
        plan = detected.resolve()
        curated = apply(dataset, plan)
        files = write_outputs(run, detected, plan, curated)
        made = workflow.plan_record(plan, curated, workflow.journal_hash(run))
        run.write_manifest({**run.manifest(), "outputs": files, "plan": made, "status": "done"})
    return run.path


def in_a_process(what: str | None, bytecode: str) -> dict[str, tuple[float, float]]:
    """Seconds to the first picture, to the one with the queue of the run, to the one with texts in it; of the processor."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": bytecode}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    code = FIRST_PAINT.format(what=what)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True)
    out: dict[str, tuple[float, float]] = json.loads(done.stderr.strip().splitlines()[-1])
    return out


async def keys_to_paint(run: Path, n_keys: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds from each key to the end of the drawing that follows it, by kind of key: wall time, and the loop's own."""
    from textual import events
    from textual.screen import Screen

    from tui.app import CurateApp
    from tui.findings import FindingsScreen
    from tui.panels import PANELS

    app = CurateApp(str(run))
    out: dict[str, list[tuple[float, float]]] = {}
    painted, handled = asyncio.Event(), asyncio.Event()
    drawn, taken = Screen._on_timer_update, CurateApp.on_event

    def watched(self: Any) -> None:
        dirty = bool(self._dirty_widgets or self._layout_required or self._repaint_required or self._scroll_required)
        drawn(self)
        if dirty and handled.is_set() and self is app.screen and self.is_mounted:
            painted.set()

    async def noticed(self: Any, event: events.Event) -> None:
        await taken(self, event)
        if isinstance(event, events.Key):
            handled.set()

    Screen._on_timer_update = watched  # type: ignore[method-assign]
    CurateApp.on_event = noticed  # type: ignore[method-assign]
    async with app.run_test(size=(120, 40)) as pilot:
        while not (app.has_desk and isinstance(app.screen, FindingsScreen) and app.screen.queue.total):
            await pilot.pause(0.02)
        await pilot.pause(3)
        for kind, presses in {
            "move": ["down"] * n_keys, "page": ["pagedown"] * (n_keys // 3), "decide": ["a", "x"] * (n_keys // 6),
            "undo": ["u"] * (n_keys // 12), "panel 1": ["right_square_bracket"] * len(PANELS),
            "panel 2": ["right_square_bracket", "left_square_bracket"] * (n_keys // 12),
        }.items():  # fmt: skip
            for key in presses:
                painted.clear()
                handled.clear()
                started, loop = time.perf_counter(), time.thread_time()
                app.post_message(events.Key(key, None if len(key) > 1 else key))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(painted.wait(), 10)
                out.setdefault(kind, []).append((time.perf_counter() - started, time.thread_time() - loop))
                await asyncio.sleep(0.08)  # a fast typist: twelve keys a second
            last = time.perf_counter()
            while app.desk.pending:
                await asyncio.sleep(0.005)
            if kind in ("decide", "undo"):
                out[f"{kind}, saved"] = [(time.perf_counter() - last, 0.0)]
            await pilot.pause(2)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--findings", type=int, default=200_000)
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--format", choices=("parquet", "jsonl"), default="parquet")
    parser.add_argument("--folder", type=Path, help="Keep the run here, and use it again.")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        run = folder / "run"
        if not (run / "plan.parquet").is_file():
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
                # In a process of its own: its memory is not the interface's.
                run = pool.submit(make_run, folder, args.rows, args.findings, args.format).result()
        bytecode = str(folder / "bytecode")
        in_a_process(str(run), bytecode)  # the first start compiles
        paints = [in_a_process(None, bytecode) for _ in range(args.repeat)]
        opened = [in_a_process(str(run), bytecode) for _ in range(args.repeat)]
        for says, starts, what in (
            ("first paint, nothing given", paints, "first"), ("first paint, run given", opened, "first"),
            ("queue painted, run given", opened, "queue"), ("texts in it, run given", opened, "texts"),
        ):  # fmt: skip
            print(f"{says + ':':<28} " + ", ".join(f"{p[what][0]:.2f} s ({p[what][1]:.2f} s of processor)" for p in starts))
        seconds = asyncio.run(keys_to_paint(run, args.keys))
        for kind in [kind for kind in seconds if kind.endswith("saved")]:
            print(f"{kind}: {seconds.pop(kind)[0][0] * 1000:.0f} ms after the last key was painted")
        for kind, times in {**seconds, "all": [t for ts in seconds.values() for t in ts]}.items():
            wall, loop = np.percentile(times, [50, 95, 100], axis=0).T * 1000
            told = f"median {wall[0]:.0f} ms, 95 % {wall[1]:.0f} ms, worst {wall[2]:.0f} ms"
            of_it = f"the loop's processor time {loop[0]:.0f}, {loop[1]:.0f}, {loop[2]:.0f} ms"
            print(f"key to paint, {kind:<7} {len(times):>4} keys: {told}; {of_it}")
        print(f"memory at its highest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
