"""Does a run's measurement of itself tell the truth, and what does it cost?

    python benchmarks/bench_selfmeasure.py [--rows 20000]

Data: so many passages of 1 KB cut from the articles in `../shared/data/wiki`, a tenth of them edited copies of another one
at 1 to 10 replaced words. Truth: exact all-pairs Jaccard, by an inverted index over all rows. For band layouts of several
recalls and five seeds: the true recall of the run, what it measured, and whether its interval holds the truth. Then the
cost: processor and wall seconds of the run and of its measurement, on these rows and on ten times as many.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.parts import command
from curate.similarity import Edges, NearConfig, near_duplicate_edges
from curate.similarity.minhash import Layout, sketch
from curate.similarity.samplejoin import join_sample
from curate.similarity.selfmeasure import SelfMeasurement, measure
from curate.similarity.sets import build_sets
from curate.similarity.texts import for_shingles

ARTICLES = Path(__file__).parents[2] / "shared" / "data" / "wiki" / "articles.parquet"
WORDS = 160
CUT = 60_000
SEEDS = 5


def passages(rows: int, seed: int = 0) -> pa.LargeStringArray:
    """Passages of `WORDS` words, a tenth of them edited copies; after `CUT`, halves of different passages recombined."""
    rng = np.random.default_rng(seed)
    out: list[str] = []
    for text in itertools.cycle(pq.read_table(ARTICLES)["text"].to_pylist()):
        words = text.split()
        for start in range(0, len(words) - WORDS, WORDS):
            part = words[start : start + WORDS]
            if len(out) >= CUT:
                part = part[: WORDS // 2] + out[int(rng.integers(CUT))].split()[WORDS // 2 :]
            out.append(" ".join(part))
            if rng.random() < 0.1:
                copy = out[int(rng.integers(len(out)))].split()
                for at in rng.integers(0, len(copy), int(rng.integers(1, 11))):
                    copy[at] = f"edited{rng.integers(10**6)}"
                out.append(" ".join(copy))
            if len(out) >= rows:
                return pa.array(out[:rows], pa.large_string())
    raise AssertionError("the articles never end")


def exact_pairs(texts: pa.LargeStringArray, threshold: float) -> set[tuple[int, int]]:
    """Every pair at the threshold or above."""
    read = for_shingles(texts, 2)
    count = sketch(read, Layout(1, 1), 3, 0, 2).count
    sets = build_sets(read, np.arange(len(texts)), count, 3, 2)
    joined = join_sample(read, sets, np.arange(len(texts)), 3, threshold, 10**15, 2)
    return {(min(p), max(p)) for p in zip(joined.query.tolist(), joined.other.tolist(), strict=True)}


def timed(work: Callable[[], Any]) -> tuple[Any, str]:
    """A result, and its processor and wall seconds."""
    processor, wall = time.process_time(), time.perf_counter()
    out = work()
    return out, f"{time.process_time() - processor:.2f} s processor, {time.perf_counter() - wall:.2f} s wall"


def told(found: SelfMeasurement) -> str:
    """The main numbers of a measurement."""
    low, high = found.pairs.interval or (0.0, 1.0)
    at = found.edits[0][1]
    return (
        f"{found.pairs.value or 0:.4f} [{low:.4f}, {high:.4f}] of {found.pairs.of} pairs; edits at the threshold "
        f"{at.value or 0:.3f} of {at.of}; precision {found.precision.value or 0:.3f} of {found.precision.of}"
    )


def main(rows: int) -> None:
    """Print both tables."""
    few = passages(200)
    measure(few, NearConfig(), near_duplicate_edges(few))  # compiled or loaded: that is start-up, not work
    texts = passages(rows)
    (truth, took) = timed(lambda: exact_pairs(texts, 0.8))
    print(f"{len(texts):,} rows, {texts.nbytes / 1e6:.0f} MB; {len(truth):,} true pairs at 0.8, found in {took}")
    held = 0
    for recall in (0.5, 0.8, 0.95, 0.99):
        for seed in range(SEEDS):
            config = NearConfig(recall=recall, floor=0.8, floor_recall=recall, seed=seed)
            edges: Edges = near_duplicate_edges(texts, config, threads=2).at(0.8)
            have = set(zip(edges.a.tolist(), edges.b.tolist(), strict=True))
            true = len(truth & have) / len(truth)
            found = measure(texts, config, edges, 2)
            low, high = found.pairs.interval or (1.0, 0.0)
            held += low <= true <= high
            if seed == 0:
                print(f"layout for {recall}: true {true:.4f}, wrong {len(have - truth)}; measured {told(found)}")
    print(f"the interval held the true recall in {held} of {4 * SEEDS} runs")
    for many in (rows, 10 * rows):
        texts = passages(many)
        edges, took = timed(functools.partial(near_duplicate_edges, texts, threads=2))
        found, own = timed(functools.partial(measure, texts, NearConfig(), edges, 2))
        print(f"{many:,} rows, {texts.nbytes / 1e6:.0f} MB: run {took}; measurement {own}\n    {told(found)}")


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    main(parser.parse_args().rows)
