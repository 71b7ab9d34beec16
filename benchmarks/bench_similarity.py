"""The duplicates engine by itself: sketching, edges, crowded inputs, cold start. End to end: `bench_dedup`.

    python -m benchmarks.bench_similarity [--articles FILE.parquet] [--rows 100000]

Method. Prose is cut into passages of 1,000 characters from the articles; where they run out, sentences of different
articles are joined. Every tenth passage is replaced by an edited copy of an earlier one (0 to 10 words changed). Each
figure is the best of three, after one call that loads the compiled kernels; wall clock, and CPU seconds beside it
because a shared machine makes wall clock noisy.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.parts import command
from curate.similarity import NearConfig, exact_groups, near_duplicate_edges
from curate.similarity.minhash import sketch
from curate.similarity.texts import for_shingles

ARTICLES = Path(__file__).parents[2] / "shared" / "data" / "wiki" / "articles.parquet"
COLD = "import pyarrow as pa; from curate.similarity import near_duplicate_edges, exact_groups; \
t = pa.array(['a b c d e f'] * 3 + [' '.join(map(str, range(50))), ' '.join(map(str, range(51)))], pa.large_string()); \
near_duplicate_edges(t); exact_groups(t)"


def passages(articles: Path, rows: int, size: int = 1000, seed: int = 0) -> pa.LargeStringArray:
    """Prose of `size` characters a row, one row in ten an edited copy of another."""
    rng = np.random.default_rng(seed)
    texts = pq.read_table(articles, columns=["text"])["text"].to_pylist()
    out = [t[i : i + size] for t in texts for i in range(0, len(t) - size + 1, size)]
    rng.shuffle(out)  # type: ignore[arg-type]
    if len(out) < rows:
        sentences = [s for t in out for s in t.split(". ")]
        while len(out) < rows:
            out.append(". ".join(sentences[i] for i in rng.integers(0, len(sentences), 9).tolist())[:size])
    out = out[:rows]
    for at in range(9, rows, 10):
        words = out[int(rng.integers(0, at))].split(" ")
        for w in rng.integers(0, len(words), int(rng.integers(0, 11))).tolist():
            words[w] = f"edit{rng.integers(10**6)}"
        out[at] = " ".join(words)
    return pa.array(out, pa.large_string())


def best(work: Callable[[], object], repeats: int = 3) -> tuple[float, float]:
    """(wall, CPU) seconds of the fastest of some calls."""
    runs = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), _cpu_seconds()
        work()
        runs.append((time.perf_counter() - wall, _cpu_seconds() - cpu))
    return min(runs)


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main(articles: Path, rows: int) -> None:
    """Print one line a figure."""
    texts = passages(articles, rows)
    megabytes = texts.nbytes / 1e6
    config = NearConfig()
    near_duplicate_edges(texts.slice(0, 2000), config, threads=2)

    def report(name: str, work: Callable[[], object], size: float | None = megabytes, repeats: int = 3) -> None:
        wall, cpu = best(work, repeats)
        speed = f"  {size / wall:8.0f} MB/s wall {size / cpu:8.0f} MB/s CPU" if size else ""
        print(f"{name:<58}{wall:8.2f} s wall {cpu:8.2f} s CPU{speed}", flush=True)

    prepared = for_shingles(texts)
    print(f"{rows} rows, {megabytes:.0f} MB")
    for threads in (1, 2):
        report(f"prepare (find characters), {threads} thread(s)", lambda t=threads: for_shingles(texts, t))
        report(
            f"sketch (shingles, MinHash, bands), {threads} thread(s)",
            lambda t=threads: sketch(prepared, config.layout, config.words, 0, t),
        )
        report(f"near_duplicate_edges, {threads} thread(s)", lambda t=threads: near_duplicate_edges(texts, threads=t))
        report(f"exact_groups, {threads} thread(s)", lambda t=threads: exact_groups(texts, threads=t))
    print(near_duplicate_edges(texts, threads=2).stats)
    same = pa.array([texts[0].as_py()] * (10 * rows), pa.large_string())
    size = same.nbytes / 1e6
    report(f"{10 * rows:,} identical rows, near, 2 threads", lambda: near_duplicate_edges(same, threads=2), size, 1)
    report(f"{10 * rows:,} identical rows, exact, 2 threads", lambda: exact_groups(same, threads=2), size, 1)
    one_word = texts[0].as_py().split(" ")
    rng = np.random.default_rng(1)
    varied = [
        " ".join([*one_word[:at], f"v{rng.integers(10**9)}", *one_word[at + 1 :]])
        for at in rng.integers(0, len(one_word), 2 * rows).tolist()
    ]
    rows_of_one = pa.array(varied, pa.large_string())
    report(
        f"{2 * rows:,} rows equal but one word, near, 2 threads",
        lambda: near_duplicate_edges(rows_of_one, threads=2),
        rows_of_one.nbytes / 1e6,
        1,
    )
    cold = [sys.executable, "-c", COLD]
    report("cold start (imports, kernels from the cache)", lambda: subprocess.run(cold, check=True), None)


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--articles", type=Path, default=ARTICLES)
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    main(asked.articles, asked.rows)
