"""The stages that run only when asked for: boilerplate and semantic near-duplicates, their speed and what they find.

    python benchmarks/bench_optional_stages.py [boilerplate|semantic]

Boilerplate: the articles of `../shared/data/wiki` three times over (227 MB), one in five with a footer of two lines, and
all with it; megabytes a processor second, and how many of the footers were found. Semantic: nearest rows among random
vectors with planted pairs, all pairs compared and by hashing; and TF-IDF/SVD vectors of the raw instruction rows in
`../shared/data/alpaca`, with the share of rows that have a neighbour at several thresholds.
"""

from __future__ import annotations

import functools
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.parts import command, with_parts
from curate.similarity.boilerplate import BlockConfig, Part, find_boilerplate
from curate.similarity.semantic import fitted_vectors, nearest_rows

SHARED = Path(__file__).parents[2] / "shared" / "data"
FOOTER = "\n\nThis text is provided as it is, without any promise.\nPlease report what is wrong with it to its authors."


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """A result and its processor seconds."""
    start = time.process_time()
    out = work()
    return out, time.process_time() - start


def boilerplate() -> None:
    """Megabytes a processor second with no, some and only boilerplate."""
    few = Part(pa.array([FOOTER] * 9, pa.large_string()), np.arange(9), np.ones(9, np.bool_))
    find_boilerplate([few], BlockConfig())  # compiled or loaded: that is start-up, not work
    articles = pq.read_table(SHARED / "wiki" / "articles.parquet")["text"].to_pylist() * 3
    for every in (0, 5, 1):
        texts = pa.array([t + FOOTER if every and i % every == 0 else t for i, t in enumerate(articles)], pa.large_string())
        part = Part(texts, np.arange(len(texts)), np.ones(len(texts), np.bool_))
        for threads in (1, 2):
            work = functools.partial(find_boilerplate, [part], BlockConfig(), threads)
            (found, rows), took = timed(work)
            size = texts.nbytes / 1e6
            print(f"footer in 1 of {every or 'none'}, {threads} threads: {size:.0f} MB in {took:.2f} s processor "
                  f"({size / took:.0f} MB/s), {found[0].paragraph.sum():,} paragraphs in {rows:,} rows")


def semantic() -> None:
    """Seconds by rows, and neighbours of real rows."""
    rng = np.random.default_rng(0)
    for n, exact in ((10_000, True), (40_000, True), (40_000, False), (200_000, False)):
        vectors = rng.standard_normal((n, 128)).astype(np.float32)
        vectors[1::10] = vectors[::10] + 0.2 * rng.standard_normal((n // 10, 128)).astype(np.float32)
        limit = n if exact else 10
        found, took = timed(functools.partial(nearest_rows, vectors, 0.95, threads=2, exact_rows=limit))
        pairs = (found.similarity[1::10] >= 0.95).sum()
        print(f"{n:,} x 128, {'all pairs' if exact else f'{found.tables} tables'}: {took:.1f} s processor, {pairs:,} "
              f"planted pairs at 0.95 or more found, promised {found.recall_at_threshold:.3f}")
    with gzip.open(SHARED / "alpaca" / "random_9k.json.gz") as file:
        rows = json.load(file)
    texts = pa.array(["\n".join((r["instruction"], r["input"], r["output"])) for r in rows], pa.large_string())
    vectors, took = timed(lambda: fitted_vectors(texts, threads=2))
    found = nearest_rows(vectors, 0.95, threads=2)
    at = {t: int((found.similarity >= t).sum()) for t in (0.8, 0.9, 0.95, 0.98)}
    print(f"alpaca, {len(texts):,} rows: vectors fitted in {took:.1f} s processor; rows with a neighbour at {at}")


if __name__ == "__main__":
    both = {"boilerplate": boilerplate, "semantic": semantic}
    for part in with_parts(command(__doc__), both).parts:
        both[part]()
