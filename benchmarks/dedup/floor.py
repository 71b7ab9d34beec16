"""What no tool can be faster than: reading and hashing the file, and one pass of our own normalising and shingling."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from curate.similarity.minhash import Layout, sketch
from curate.similarity.texts import as_large_strings, for_shingles


def timed(work: Callable[[], object], repeats: int = 2) -> tuple[float, float]:
    """(wall, processor) seconds of the fastest call."""
    runs = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        runs.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(runs)


def read_and_hash(path: Path) -> None:
    """Decode the Parquet file and hash its text buffers."""
    for chunk in pq.read_table(path, columns=["text"])["text"].chunks:
        for buffer in chunk.buffers():
            if buffer is not None:
                xxhash.xxh3_128_digest(buffer)


def read_and_write(path: Path) -> None:
    """Decode the Parquet file and encode it again, nothing between: what any tool pays whose output is a Parquet file."""
    table = pq.read_table(path)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".parquet") as file:
        pq.write_table(table, file.name, row_group_size=65_536)


def floors(path: Path, threads: int) -> dict[str, tuple[float, float]]:
    """(wall, processor) seconds by name. Kernels are loaded before the clock starts."""
    texts = as_large_strings(pq.read_table(path, columns=["text"])["text"])

    def shingle(some: pa.LargeStringArray) -> None:
        sketch(for_shingles(some, threads), Layout(1, 1), 3, 0, threads)

    shingle(texts.slice(0, 1000))
    return {
        "decode the Parquet file, hash its text": timed(lambda: read_and_hash(path)),
        "decode the Parquet file, encode it again": timed(lambda: read_and_write(path)),
        f"normalise, tokenise, hash every shingle, {threads} threads": timed(lambda: shingle(texts)),
    }


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0))
