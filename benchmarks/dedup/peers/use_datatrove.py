"""datatrove: its four MinHash steps (signatures, buckets, clusters, filter) by the local executor.

    python use_datatrove.py INPUT OUTPUT THRESHOLD WORDS BUCKETS HASHES PROCESSES
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.parquet as pq
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers.parquet import ParquetWriter
from datatrove.utils.hashing import HashConfig


def main(source: str, target: str, words: int, buckets: int, hashes: int, processes: int) -> None:
    work = Path(target).with_name("work")
    data = work / "input"
    data.mkdir(parents=True, exist_ok=True)
    # A task reads whole files, so each process gets a part of the rows.
    table = pq.read_table(source)
    rows = -(-table.num_rows // processes)
    for i in range(processes):
        pq.write_table(table.slice(i * rows, rows), data / f"{i:05d}.parquet")
    hashing = HashConfig(precision=64)
    config = MinhashConfig(n_grams=words, num_buckets=buckets, hashes_per_bucket=hashes, hash_config=hashing)

    def reader() -> ParquetReader:
        return ParquetReader(str(data), text_key="text", doc_progress=False)

    def step(
        name: str, *pipeline: object, tasks: int, depends: LocalPipelineExecutor | None = None
    ) -> LocalPipelineExecutor:
        return LocalPipelineExecutor(
            pipeline=list(pipeline), tasks=tasks, workers=min(tasks, processes), logging_dir=str(work / "logs" / name),
            depends=depends,
        )  # fmt: skip

    first = step("signatures", reader(), MinhashDedupSignature(str(work / "signatures"), config=config), tasks=processes)
    second = step(
        "buckets",
        MinhashDedupBuckets(str(work / "signatures"), str(work / "buckets"), config=config),
        tasks=buckets,
        depends=first,
    )
    third = step(
        "clusters", MinhashDedupCluster(str(work / "buckets"), str(work / "remove"), config=config), tasks=1, depends=second
    )
    last = step(
        "filter",
        reader(), MinhashDedupFilter(str(work / "remove")), ParquetWriter(target, expand_metadata=True),
        tasks=processes, depends=third,
    )  # fmt: skip
    last.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[4:8]))
