"""rensa: the full `RMinHashDeduplicator` (over all shingles, candidates checked by estimate), or its rho batch path,
which samples word positions and flags every row that shares a band.

    python use_rensa.py INPUT OUTPUT THRESHOLD WORDS PERMUTATIONS full|rho
"""

from __future__ import annotations

import sys

import pyarrow as pa
import pyarrow.parquet as pq
from rensa import RMinHash, RMinHashDeduplicator, RMinHashLSH

ROWS = 20_000
BANDS = 8  # rensa's own benchmark


def shingles(text: str, words: int) -> list[str]:
    tokens = text.lower().split()
    return [" ".join(tokens[i : i + words]) for i in range(max(1, len(tokens) - words + 1))]


def main(source: str, target: str, threshold: float, words: int, permutations: int, path: str) -> None:
    table = pq.read_table(source)
    texts = table["text"].to_pylist()
    if path == "full":
        dedup = RMinHashDeduplicator(threshold=threshold, num_perm=permutations, use_lsh=True)
        keep: list[bool] = []
        for start in range(0, len(texts), ROWS):
            batch = enumerate(texts[start : start + ROWS], start)
            keep += dedup.add_pairs([(str(i), shingles(text, words)) for i, text in batch])
    else:
        lsh = RMinHashLSH(threshold=threshold, num_perm=permutations, num_bands=BANDS)
        keep = []
        for start in range(0, len(texts), ROWS):
            tokens = [text.split() for text in texts[start : start + ROWS]]
            matrix = RMinHash.digest_matrix_from_token_sets_rho(tokens, num_perm=permutations, seed=42)
            keep += [not flag for flag in lsh.insert_matrix_and_query_duplicate_flags(matrix, start_key=start)]
    pq.write_table(table.filter(pa.array(keep)), target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
