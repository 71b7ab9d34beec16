"""`curate run --no-train` on 100,000 rows of 1 KB of prose without labels: a fresh process, all stages, all files.

    python benchmarks/bench_pipeline.py [--rows 100000] [--corpus ../shared/data/wiki/articles.parquet]

The corpus is any Parquet file with a column of long texts; passages are cut from it (10 % of them repeated with one
sentence left out), without it they are drawn from a fixed word list. The floor is one read of the file with a hash of
every line.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
import xxhash

DEFAULT_CORPUS = Path(__file__).resolve().parents[2] / "shared" / "data" / "wiki" / "articles.parquet"


def passages(rows: int, corpus: Path) -> list[str]:
    rng = random.Random(0)
    if corpus.is_file():
        table = pq.read_table(corpus)
        column = max(table.column_names, key=lambda c: len(str(table[c][0].as_py())))
        sentences = [s for text in table[column].to_pylist() for s in text.split(". ") if len(s) > 30]
    else:
        words = ["".join(rng.choices("etaoinshrdlu", k=rng.randint(2, 9))) for _ in range(20_000)]
        sentences = [" ".join(rng.choices(words, k=18)) for _ in range(200_000)]
    out: list[str] = []
    at = 0
    while len(out) < rows:
        if out and rng.random() < 0.1:
            parts = rng.choice(out).split(". ")
            del parts[rng.randrange(len(parts))]
            out.append(". ".join(parts))
            continue
        text = ""
        while len(text) < 1000:
            text += sentences[at % len(sentences)] + ". "
            at += 1 if at < len(sentences) else rng.randint(1, 50)
        out.append(text)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--corpus", type=Path, default=DEFAULT_CORPUS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prose.jsonl"
        with path.open("w") as handle:
            handle.writelines(json.dumps({"text": t}) + "\n" for t in passages(args.rows, args.corpus))
        size = path.stat().st_size / 1e6
        started = time.perf_counter()
        with path.open("rb") as lines:
            for line in lines:
                xxhash.xxh3_128_digest(line)
        floor = time.perf_counter() - started
        command = [sys.executable, "-m", "curate", "run", str(path), "--no-train", "--out", f"{folder}/run", "-q"]
        started = time.perf_counter()
        subprocess.run(command, check=True, cwd=folder)
        seconds = time.perf_counter() - started
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        manifest = json.loads((Path(folder) / "run" / "manifest.json").read_text())
        print(f"{args.rows:,} rows, {size:.0f} MB: {seconds:.1f} s wall, {usage.ru_utime + usage.ru_stime:.1f} s CPU, "
              f"{usage.ru_maxrss / 1e6:.2f} GB peak; floor (read and hash) {floor:.2f} s")
        print("  steps:", manifest["seconds"])
        print("  stages:", {k: v["seconds"] for k, v in manifest["stages"].items()})
        print("  plan:", {k: manifest["plan"][k] for k in ("rows_in", "rows_out", "edited_rows")})


if __name__ == "__main__":
    main()
