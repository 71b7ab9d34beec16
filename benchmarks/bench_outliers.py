"""Rows that do not belong: how well they are found where rows of another source were mixed in.

    python -m benchmarks.bench_outliers [--rows 100000]

100 rows of a second set among 5,000 rows of a first, one draw; average precision of the oddness, and precision and recall
of the stage's threshold. False alarms among the 5,000 are rows that are odd of themselves. Then the speed on so
many rows.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.metrics import average_precision_score

from benchmarks.parts import command
from curate.similarity.outliers import odd_rows
from curate.stages.outliers import OutliersConfig

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def sets() -> dict[str, list[str]]:
    """Texts by name."""
    with (DATA / "banking77" / "train.csv").open(encoding="utf-8") as file:
        bank = [row[0] for row in list(csv.reader(file))[1:]]
    articles = pq.read_table(DATA / "wiki" / "articles.parquet", columns=["text"]).slice(0, 400)["text"].to_pylist()
    wiki = [s for text in articles for s in re.split(r"(?<=[.])\s+", text)[3:6] if 40 < len(s) < 160]
    instructions = json.loads(gzip.decompress((DATA / "alpaca" / "random_9k.json.gz").read_bytes()))
    alpaca = [f"{r['instruction']}\n{r['input']}\n{r['output']}" for r in instructions]
    problems = gzip.decompress((DATA / "gsm8k" / "train.jsonl.gz").read_bytes()).splitlines()
    gsm = [json.loads(line)["question"] for line in problems]
    blocks = (DATA / "ner" / "btc_a.conll").read_text(encoding="utf-8").split("\n\n")
    tweets = [" ".join(line.split()[0] for line in block.splitlines() if line.strip()) for block in blocks]
    return {"bank": bank, "wiki": wiki, "alpaca": alpaca, "gsm": gsm, "tweets": [t for t in tweets if len(t) > 30]}


def main(speed_rows: int) -> None:
    texts = sets()
    limit = OutliersConfig().oddness
    print("| among | of | average precision | marked | precision | recall |\n|---|---|---|---|---|---|")
    for base, other in (("bank", "wiki"), ("bank", "tweets"), ("bank", "alpaca"), ("gsm", "wiki"), ("alpaca", "gsm")):
        rng = np.random.default_rng(0)
        rows = [texts[base][i] for i in rng.permutation(len(texts[base]))[:5000]]
        rows += [texts[other][i][:200] for i in rng.permutation(len(texts[other]))[:100]]
        planted = np.arange(len(rows)) >= 5000
        odd = odd_rows(pa.array(rows, pa.large_string()), threads=2).oddness
        marked = odd >= limit
        ranked = average_precision_score(planted, np.nan_to_num(odd))
        right = planted[marked].mean() if marked.any() else float("nan")
        print(f"| {base} | {other} | {ranked:.3f} | {marked.sum()} | {right:.2f} | {marked[planted].mean():.2f} |")
    passages = pa.array((texts["alpaca"] * 12)[:speed_rows], pa.large_string())
    odd_rows(passages.slice(0, 500), threads=2)
    wall, cpu = time.perf_counter(), time.process_time()
    odd_rows(passages, threads=2)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{len(passages):,} rows, {passages.nbytes / 1e6:.0f} MB: {wall:.1f} s, {cpu:.1f} CPU s")


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of the speed")
    main(parser.parse_args().rows)
