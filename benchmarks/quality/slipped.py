"""Runs of answers moved beside their prompts in real instructions: how long a run must be to be found, and what else is.

Run: python -m benchmarks.bench_quality slipped
Data: 9,225 raw instructions with an answer; in each trial twenty runs of one length, each turned by one or two rows.
"""

from __future__ import annotations

import time

import numpy as np
import pyarrow as pa

from benchmarks.quality.pairs import Row, read
from curate.quality import Pieces, prepare
from curate.quality.slips import distances

LENGTHS = (3, 4, 5, 6, 8, 12, 20, 90)
RUNS = 20


def slipped() -> None:
    """A line a length."""
    rows = [row for row in read("alpaca/random_9k.json.gz") if row["output"].strip()]
    n = len(rows)
    away, seconds = _found(rows, np.arange(n))
    print(f"{n} sound rows: {int((away != 0).sum())} marked, processor {seconds:.2f} s, counting {_counting(rows):.2f} s")
    for length in LENGTHS:
        rng = np.random.default_rng(length)
        order, moved = np.arange(n), np.zeros(n, np.int64)
        for start in rng.choice(np.arange(50, n - 150, 200), RUNS, replace=False):
            step = int(rng.choice([1, -1, 2] if length > 4 else [1, -1]))
            order[start : start + length] = np.roll(order[start : start + length], step)
            moved[start : start + length] = step
        away, seconds = _found(rows, order)
        hit, planted = away != 0, moved != 0
        starts = np.flatnonzero(planted & ~np.r_[False, planted[:-1]])
        whole = sum(bool(hit[s : s + length].any()) for s in starts)
        both = hit & planted
        right = int((away[both] == moved[both]).sum())
        print(
            f"{length:3} rows a run: {whole:2} of {len(starts)} runs, {int(both.sum()):4} of {int(planted.sum())} rows "
            f"({right} with the distance meant), {int((hit & ~planted).sum())} others, {seconds:.2f} s"
        )
    away, seconds = _found(rows, np.roll(np.arange(n), 1))
    print(f"all rows by one: {int((away == 1).sum())} of {n}, {seconds:.2f} s")
    from benchmarks.bench_quality import other_data

    for name, other in other_data().items():
        print(f"{name}: {len(other)} rows, {int((_found(other)[0] != 0).sum())} marked")


def _pieces(rows: list[Row], order: np.ndarray | None = None) -> Pieces:
    prompts = ["\n".join(filter(None, (row["instruction"], row["input"]))) for row in rows]
    answers = [rows[int(k)]["output"] for k in (np.arange(len(rows)) if order is None else order)]
    return Pieces(pa.array(answers, pa.large_string()), np.arange(len(rows)), pa.array(prompts, pa.large_string()))


def _found(rows: list[Row], order: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    measured, _ = prepare(_pieces(rows, order))
    started = time.process_time()
    return distances(measured), time.process_time() - started


def _counting(rows: list[Row]) -> float:
    started = time.process_time()
    prepare(_pieces(rows))
    return time.process_time() - started
