"""What each phase of a distributed comparison costs: seconds of processor, bytes of text a second, bytes on disk a row.

    python -m benchmarks.bench_execution [100000]

The rows are passages of 1 KB, one in ten an edited copy, one in fifty from a template.

The tasks are called in this process one after another, so processor seconds are those of one core and hold on any
cluster with storage that keeps up. `docs/scaling.md` quotes the table.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.parts import command
from curate.execution.edges import Task, distributed_edges
from curate.execution.job import ShuffleConfig
from curate.execution.steps import Counts
from curate.similarity import NearConfig, near_duplicate_edges

WORDS = 170


def passages(n: int, seed: int = 0) -> pa.LargeStringArray:
    """Passages of about 1,000 characters with words as rare and as long as in prose."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlu"))
    lexicon = np.array(["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(50_000)])
    template = lexicon[rng.integers(0, 50_000, WORDS)]
    texts: list[str] = []
    for k in range(n):
        if k % 50 == 49:
            words = template.copy()
            words[rng.integers(0, WORDS, 8)] = lexicon[rng.integers(0, 50_000, 8)]
        elif k % 10 == 9:
            words = np.array(texts[int(rng.integers(0, k))].split())
            words[rng.integers(0, len(words), 4)] = lexicon[rng.integers(0, 50_000, 4)]
        else:
            words = lexicon[np.minimum(50_000 ** rng.random(WORDS), 49_999).astype(int)]
        texts.append(" ".join(words.tolist()))
    return pa.array(texts, pa.large_string())


def main(n: int) -> None:
    """Print the table."""
    texts = passages(n)
    size = texts.nbytes
    near = NearConfig()
    near_duplicate_edges(texts.slice(0, 500), near)  # loads the compiled kernels
    cpu, wall = time.process_time(), time.perf_counter()
    local = near_duplicate_edges(texts, near)
    local_cpu, local_wall = time.process_time() - cpu, time.perf_counter() - wall
    rows: list[tuple[str, int, float, int]] = []

    def timed(task: Task, folder: str, numbers: Sequence[int], tell: Callable[[int], None]) -> list[Counts]:
        before = {p: p.stat().st_size for p in Path(folder).rglob("*.arrow")}
        cpu = time.process_time()
        results = [task(folder, number) for number in numbers]
        used = time.process_time() - cpu
        after = {p: p.stat().st_size for p in Path(folder).rglob("*.arrow")}
        written = sum(after.values()) - sum(bytes_ for path, bytes_ in before.items() if path in after)
        rows.append((task.__name__, len(numbers), used, written))
        tell(len(results))
        return results

    with tempfile.TemporaryDirectory() as folder:
        cut = ShuffleConfig(block_bytes=16 << 20, partition_rows=1 << 20, group_rows=1 << 14)
        distributed_edges(texts.slice(0, 500), near, timed, Path(folder), cut)
        rows.clear()
        cpu, wall = time.process_time(), time.perf_counter()
        found = distributed_edges(texts, near, timed, Path(folder), cut)
        all_cpu, all_wall = time.process_time() - cpu, time.perf_counter() - wall
    assert found.stats == local.stats
    assert np.array_equal(found.a, local.a)
    print(f"{n:,} rows, {size / 1e6:.0f} MB of text, {len(found):,} edges, {found.stats}")
    print(f"{'task':<14} {'tasks':>6} {'CPU s':>8} {'MB text/CPU s':>14} {'bytes written a row':>20}")
    for name, tasks, used, written in rows:
        speed = f"{size / 1e6 / used:,.0f}" if used > 0.005 else "-"
        print(f"{name:<14} {tasks:>6} {used:>8.2f} {speed:>14} {written / n:>20.1f}")
    total = sum(r[2] for r in rows)
    print(f"{'all tasks':<14} {'':>6} {total:>8.2f} {size / 1e6 / total:>14,.0f} {sum(r[3] for r in rows) / n:>20.1f}")
    print(f"whole call: {all_cpu:.2f} CPU s, {all_wall:.2f} s")
    print(f"without tasks, one thread: {local_cpu:.2f} CPU s, {local_wall:.2f} s")
    print(f"ratio of processor time: {all_cpu / local_cpu:.2f}")


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=100_000)
    main(parser.parse_args().rows)
