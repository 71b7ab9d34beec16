"""datasketch: MinHash objects by `MinHash.bulk`, then `MinHashLSH` queried before each insertion.

    python use_datasketch.py INPUT OUTPUT THRESHOLD WORDS PERMUTATIONS PROCESSES
"""

from __future__ import annotations

import multiprocessing
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from datasketch import MinHash, MinHashLSH

ROWS = 2_000


def shingles(text: str, words: int) -> set[bytes]:
    tokens = text.lower().split()
    return {" ".join(tokens[i : i + words]).encode() for i in range(max(1, len(tokens) - words + 1))}


def signatures(job: tuple[list[str], int, int]) -> list[MinHash]:
    texts, words, permutations = job
    return MinHash.bulk([shingles(text, words) for text in texts], num_perm=permutations, seed=1)


def main(source: str, target: str, threshold: float, words: int, permutations: int, processes: int) -> None:
    table = pq.read_table(source)
    texts = table["text"].to_pylist()
    jobs = ((texts[i : i + ROWS], words, permutations) for i in range(0, len(texts), ROWS))
    lsh = MinHashLSH(threshold=threshold, num_perm=permutations)
    kept: list[int] = []
    with multiprocessing.Pool(processes) as pool:
        row = 0
        for batch in pool.imap(signatures, jobs):
            for signature in batch:
                if not lsh.query(signature):
                    lsh.insert(row, signature, check_duplication=False)
                    kept.append(row)
                row += 1
    pq.write_table(table.take(pa.array(kept)), target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *map(int, sys.argv[4:7]))
