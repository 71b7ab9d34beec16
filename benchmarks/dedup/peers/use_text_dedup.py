"""text-dedup: its command `python -m text_dedup.minhash`, then the Arrow data set that it saves read for the rows kept.

    python use_text_dedup.py INPUT OUTPUT THRESHOLD WORDS PERMUTATIONS PROCESSES
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main(source: str, target: str, threshold: str, words: str, permutations: str, processes: str) -> None:
    # Its saved data set *is* the output; the caller reads its rows after the clock has stopped.
    command = [
        sys.executable, "-m", "text_dedup.minhash", "--path", "parquet", "--data_files", source, "--split", "train",
        "--column", "text", "--threshold", threshold, "--ngram", words, "--num_perm", permutations, "--num_proc", processes,
        "--hash_func", "xxh3", "--hash_bits", "32", "--min_length", "1",
        "--output", target, "--cache_dir", str(Path(target).with_name("cache")),
    ]  # fmt: skip
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main(*sys.argv[1:7])
