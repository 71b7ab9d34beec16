"""How large the files of a distributed comparison become: partitions, buckets, crowds and pairs at up to 10^9 rows.

Usage: python -m benchmarks.simulate_shuffle [--rows N] [--articles FILE.parquet]

Model. A share of the rows stands in clusters of near-duplicates whose sizes follow Zipf's law, P(size = k) ~ k^-a for
k >= 2; every row of a cluster is 0.9 alike to the cluster's first text and so keeps its key of a band with probability
0.9^(minima a band). Rows outside clusters have keys of their own. One band is drawn (all are alike), its keys fall on
partitions at random, and buckets are counted as the engine counts them. Widths of records come from the code.
With --articles, what is quoted without it is measured: which share of unrelated pairs of 1 KB passages meets in a
bucket, for three layouts.

Prints a table for each exponent; `docs/scaling.md` quotes it.
"""

from __future__ import annotations

import argparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.execution import steps
from curate.execution.job import ShuffleConfig
from curate.similarity import NearConfig, near_duplicate_edges

CLUSTERED = 0.3
ALIKE = 0.9
LARGEST_SHARE = 0.01
"""Rows of the largest cluster, at most, over all rows."""
DRAWS = 200_000
SET_BYTES = 8 * 165 + 8
"""A row of 1 KB holds about 165 shingles of three words, 8 bytes each, and its number."""
LAYOUTS = {
    "as installed": NearConfig(),
    "floor_recall 0": NearConfig(floor_recall=0.0),
    "floor_recall 0, permutations 256": NearConfig(floor_recall=0.0, permutations=256),
}
# What --articles measured, by (bands, minima a band): pairs that met in a bucket and were no edge, over all pairs, of
# 73,650 passages of 1,000 characters of encyclopedia articles. Chance meetings of 32-bit keys, bands / 2^32, are in it.
USELESS = {(17, 3): 2.8e-7, (16, 4): 1.1e-7, (12, 5): 3.8e-8, (26, 8): 8.8e-9}


def width(schema: pa.Schema) -> int:
    """Bytes of one record."""
    return sum(field.type.bit_width // 8 for field in schema)


def cluster_counts(n: int, exponent: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Sizes, and how many clusters of each size there are; expected numbers, which for large sizes are below one."""
    sizes = np.unique(np.geomspace(2, LARGEST_SHARE * n, 4000).astype(np.int64))
    edges = np.append(sizes, sizes[-1] + 1)
    # The weight of the sizes in [k, next k): the sum of k^-a is close to its integral.
    weight = (np.power(edges[:-1] - 0.5, 1 - exponent) - np.power(edges[1:] - 0.5, 1 - exponent)) / (exponent - 1)
    number = weight / (weight * sizes).sum() * CLUSTERED * n
    return sizes, number


def simulate(n: int, near: NearConfig, exponent: float, rng: np.random.Generator) -> dict[str, float]:
    """One band of n rows."""
    cut = ShuffleConfig()
    partitions = 1 << max(0, -(-n // cut.partition_rows) - 1).bit_length()
    keep = ALIKE**near.layout.rows
    sizes, number = cluster_counts(n, exponent)
    drawn = np.floor(number).astype(np.int64) + (rng.random(len(number)) < number % 1)
    load = np.zeros(partitions)
    pairs = crowded = buckets = 0.0
    largest = 0
    for size, count in zip(sizes.tolist(), drawn.tolist(), strict=True):
        if count == 0:
            continue
        shown = min(count, DRAWS)
        members = rng.binomial(size, keep, shown)
        scale = count / shown
        small = members <= near.largest_bucket
        pairs += scale * float((members * (members - 1) // 2)[small].sum())
        crowded += scale * float(members[~small].sum())
        buckets += scale * float((~small).sum())
        largest = max(largest, int(members.max()))
        if count <= DRAWS:
            np.add.at(load, rng.integers(0, partitions, count), members)
        else:  # so many that only their mean and its spread matter
            mean = count * members.mean() / partitions
            load += rng.normal(mean, np.sqrt(mean * max(1.0, members.mean())), partitions)
    lone = n - load.sum()
    load += rng.normal(lone / partitions, np.sqrt(max(lone, 0) / partitions), partitions)
    small = sizes * keep <= near.largest_bucket
    meet = 1 - (1 - keep**2) ** near.layout.bands
    distinct = float((number * sizes * (sizes - 1) / 2)[small].sum()) * meet
    sent = distinct + float((number * sizes)[~small].sum())  # a set for each pair, one for each row of a crowd
    return {
        "sent": sent,
        "partitions": partitions, "mean": load.mean(), "skew": load.max() / load.mean(), "pairs": pairs,
        "crowded": crowded, "buckets": buckets, "largest": largest, "most": load.max(),
    }  # fmt: skip


def show(n: int, rng: np.random.Generator) -> None:
    """The tables for n rows."""
    cut = ShuffleConfig()
    blocks = min(cut.most_blocks, -(-n * 1000 // cut.block_bytes))
    print(f"\n{n:,} rows of 1 KB ({n / 1e9:g} TB), {CLUSTERED:.0%} of them in clusters; {blocks:,} blocks of "
          f"{n // blocks:,} rows")
    for name, near in LAYOUTS.items():
        bands = near.layout.bands
        keys = width(steps.KEYS) * bands
        kept = width(steps.sketches(bands)) + width(steps.FINGERPRINTS)
        useless = USELESS.get((bands, near.layout.rows), np.nan) * n / 2
        print(f"  {name}: {bands} bands of {near.layout.rows}; bytes a row: sketch {kept}, keys shuffled {keys}; "
              f"useless pairs {useless:,.1f} a row, their sets {useless * n * SET_BYTES / 1e12:,.2f} TB")
        for exponent in (1.8, 2.1, 2.5):
            s = simulate(n, near, exponent, rng)
            record = width(steps.KEYS)
            print(
                f"    Zipf {exponent}: {s['partitions']:,.0f} partitions of {s['mean'] * record / 1e6:,.0f} MB, largest "
                f"{s['skew']:.3f} x; largest bucket {s['largest']:,.0f} rows; crowded: "
                f"{s['buckets'] * bands:,.0f} buckets, {s['crowded'] / n:.1%} of rows a band; pairs proposed "
                f"{s['pairs'] * bands / n:.2f} a row ({s['pairs'] * bands * width(steps.PAIRS) / 1e9:,.0f} GB); "
                f"sets sent {s['sent'] / n:.2f} a row "
                f"({s['sent'] * SET_BYTES / 1e12:,.2f} TB)"
            )


def chance(path: str) -> None:
    """Measure which share of unrelated pairs meets."""
    column = pq.read_table(path, columns=["text"])["text"].to_pylist()
    passages = [text[i : i + 1000] for text in column for i in range(0, len(text) - 900, 1000)]
    np.random.default_rng(0).shuffle(passages)  # so that half of them is half of every article
    for name, near in LAYOUTS.items():
        for n in (len(passages) // 2, len(passages)):
            edges = near_duplicate_edges(pa.array(passages[:n], pa.large_string()), near)
            met = edges.stats["pairs_compared"]
            useless = met - len(edges) + edges.stats["rows_of_identical_shingles"]
            rate = useless / (n * (n - 1) / 2)
            print(f"{name} ({near.layout.bands} bands of {near.layout.rows}): {n:,} passages, {met:,} pairs compared, "
                  f"{useless:,} of them no edge: {rate:.1e} of all pairs")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, help="only this many rows (default: 10^7, 10^8 and 10^9)")
    parser.add_argument("--articles", help="Parquet file with a text column, to measure chance meetings")
    options = parser.parse_args()
    if options.articles:
        chance(options.articles)
    rng = np.random.default_rng(0)
    for n in [options.rows] if options.rows else [10**7, 10**8, 10**9]:
        show(n, rng)


if __name__ == "__main__":
    main()
