"""Single answers exchanged among rows of real pairs: how many of them `unrelated` finds, and what else it marks.

Run: python -m benchmarks.bench_quality exchanged     (two minutes)
Data: sets that pair texts in different ways. Each is judged as it stands and with a hundredth of its answers exchanged
among one another, `DRAWS` times. An exchange for the same answer is none.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.quality.pairs import DATA, read
from curate.quality import Pieces, QualityConfig, prepare
from curate.quality.answering import TOLD_APART
from curate.quality.belonging import belonging

DRAWS = 3
SHARE = 0.01
Pairs = list[tuple[str, str]]


def data() -> dict[str, Pairs]:
    """Prompts and answers by the kind of their tie."""
    raw = [("\n".join(filter(None, (r["instruction"], r["input"]))), r["output"]) for r in read("alpaca/random_9k.json.gz")]
    with gzip.open(DATA / "gsm8k" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        maths = [(row["question"], row["answer"]) for row in map(json.loads, lines)]
    with (DATA / "banking77" / "train.csv").open(encoding="utf-8", newline="") as file:
        queries = [(row["text"], row["category"].replace("_", " ")) for row in csv.DictReader(file)]
    rng = random.Random(0)
    by_intent: dict[str, list[str]] = {}
    for text, intent in queries:
        by_intent.setdefault(intent, []).append(text)
    worded = []
    for texts in by_intent.values():
        rng.shuffle(texts)
        worded += list(zip(texts[::2], texts[1::2], strict=False))
    rng.shuffle(worded)
    sentences = [re.split(r"(?<=[.!?]) ", answer, maxsplit=1) for _, answer in raw]
    return {
        "raw instructions": raw,
        "of these, answers to 12 words": [pair for pair in raw if 0 < len(pair[1].split()) <= 12],
        "of these, answers from 60 words": [pair for pair in raw if len(pair[1].split()) >= 60],
        "of these, a thousand": raw[:1000],
        "first sentence of an answer, the rest": [(one[0], one[1]) for one in sentences if len(one) > 1],
        "school maths": maths,
        "first half of a passage, the second": _passages(),
        "bank query, its intent in words": queries,
        "bank query, another of its intent": worded,
        "three words of an instruction, answer": [(" ".join(p.split()[:3]), answer) for p, answer in raw],
    }


def _passages(most: int = 8000) -> Pairs:
    table = pq.read_table(DATA / "wiki" / "articles.parquet")
    longest = max(
        (c for c in table.column_names if pa.types.is_string(table[c].type) or pa.types.is_large_string(table[c].type)),
        key=lambda c: sum(len(text or "") for text in table[c][:50].to_pylist()),
    )
    out: Pairs = []
    for text in table[longest].to_pylist():
        for passage in [p for p in re.split(r"\n+", text or "") if 300 < len(p) < 1500][:3]:
            parts = re.split(r"(?<=[.!?]) ", passage)
            if len(parts) > 1:
                out.append((" ".join(parts[: len(parts) // 2]), " ".join(parts[len(parts) // 2 :])))
    return out[:most]


def exchanged() -> None:
    """A line a set: wrong marks as it stands, then right and wrong ones with answers exchanged."""
    below = QualityConfig().unrelated_below
    right = wrong = planted = alone = rows = 0
    for name, pairs in data().items():
        started = time.process_time()
        odds, rank = _judged(pairs, [answer for _, answer in pairs])
        seconds = time.process_time() - started
        stands = int((rank < below).sum()) if odds >= TOLD_APART else 0
        hit = other = moved = 0
        for draw in range(DRAWS):
            rng = np.random.default_rng(100 + draw)
            answers = [answer for _, answer in pairs]
            at = rng.choice(len(pairs), max(2, int(SHARE * len(pairs))), replace=False)
            for one, from_ in zip(at, np.roll(at, 1), strict=True):
                answers[one] = pairs[from_][1]
            away = np.array([answer != pair[1] for answer, pair in zip(answers, pairs, strict=True)])
            now, rank = _judged(pairs, answers)
            marked = (rank < below) & (now >= TOLD_APART)
            hit += int((marked & away).sum())
            other += int((marked & ~away).sum())
            moved += int(away.sum())
        print(
            f"{name:40} {len(pairs):6} rows, told apart {odds:.3f}: {stands} marked as it stands; of {moved} exchanged "
            f"{hit} found ({hit / moved:.2f}), {other} others marked; {seconds:.1f} s"
        )
        right, wrong, planted, alone, rows = right + hit, wrong + other, planted + moved, alone + stands, rows + len(pairs)
    print(f"all: {right} of {planted} found, {wrong} others marked; as they stand {alone} of {rows:,}")


def _judged(pairs: Pairs, answers: list[str]) -> tuple[float, np.ndarray]:
    prompts = pa.array([prompt for prompt, _ in pairs], pa.large_string())
    measured, _ = prepare(Pieces(pa.array(answers, pa.large_string()), np.arange(len(pairs)), prompts))
    found = belonging(measured)
    assert found is not None
    return found.told_apart, found.rank()
