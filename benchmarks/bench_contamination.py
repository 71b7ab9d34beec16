"""Contamination: what containment finds and wrongly finds beside published rules, and how fast.

    python benchmarks/bench_contamination.py accuracy --data DIR     # recall of edited items, hits on unrelated texts
    python benchmarks/bench_contamination.py speed --data DIR        # 100,000 rows of 1 KB against 10,000 items

DIR holds gsm8k/, benchmarks/, alpaca/, wiki/ and near_duplicates/ as their sources publish them. The rules beside ours
are written out in Python on sets of words: any shared 13-gram (Brown et al. 2020), and 8-grams of one text that cover
half of the item's words (Lambert et al. 2024).
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import curate
from curate.similarity.containment import ContainmentConfig, find_contained
from curate.similarity.index import find_near, make_items
from curate.similarity.passages import blocks, passages_of, read_block
from curate.similarity.texts import as_large_strings, for_shingles
from curate.stages.against import questions

SETS = {"gsm8k test": "gsm8k/test.jsonl.gz", "HumanEval": "benchmarks/HumanEval.jsonl.gz",
        "TruthfulQA": "benchmarks/TruthfulQA.csv"}  # fmt: skip
TEXTS = {"alpaca": "alpaca/random_9k.json.gz", "wiki": "wiki/articles.parquet", "gsm8k train": "gsm8k/train.jsonl.gz",
         "toolformer": "near_duplicates/toolformer-dedupe-only-dataset.json.gz"}  # fmt: skip
Pairs = set[tuple[int, int]]


def ours(texts: list[str], items: list[str], *, flags: bool = False) -> Pairs:
    """Pairs that would remove a row; with `flags`, also those that would only be shown."""
    passages = passages_of(pa.array(items, pa.large_string()))
    found = find_contained(pa.array(texts, pa.large_string()), passages, threads=2).matches
    if not flags:
        found = found.take(found.held & (passages.words[found.item] >= ContainmentConfig.run_words))
    return set(zip(found.text.tolist(), found.item.tolist(), strict=True))


def by_ngrams(texts: list[str], items: list[str], n: int, share: float) -> Pairs:
    """Pairs in which the text's n-grams cover more than `share` of the item's words; 0: any n-gram."""
    words = [re.findall(r"\w+", item.lower()) for item in items]
    where: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for k, item in enumerate(words):
        for q in range(len(item) - n + 1):
            where[tuple(item[q : q + n])].append((k, q))
    out: Pairs = set()
    for i, text in enumerate(texts):
        tokens = re.findall(r"\w+", text.lower())
        covered: dict[int, set[int]] = defaultdict(set)
        for p in range(len(tokens) - n + 1):
            for k, q in where.get(tuple(tokens[p : p + n]), ()):
                covered[k].update(range(q, q + n))
        out |= {(i, k) for k, held in covered.items() if len(held) > share * len(words[k])}
    return out


RULES: dict[str, Any] = {
    "ours": ours,
    "with flags": lambda texts, items: ours(texts, items, flags=True),
    "any 13-gram": lambda texts, items: by_ngrams(texts, items, 13, 0.0),
    "8-grams, half": lambda texts, items: by_ngrams(texts, items, 8, 0.5),
}


def edited(text: str, edits: int, rng: random.Random, words: list[str]) -> str:
    """A copy with some words replaced (half of the edits), left out or put in."""
    out = text.split()
    for _ in range(edits):
        at, what = rng.randrange(len(out)), rng.random()
        if what < 0.5:
            out[at] = rng.choice(words)
        elif what < 0.75 and len(out) > 1:
            del out[at]
        else:
            out.insert(at, rng.choice(words))
    return " ".join(out)


def accuracy(data: Path) -> None:
    """Recall of items inside other rows at several edits, and every hit where there should be none."""
    sets = {name: questions(curate.load(data / file)).to_pylist() for name, file in SETS.items()}
    texts = {name: curate.load(data / file).content().to_pylist() for name, file in TEXTS.items()}
    hosts = texts["alpaca"]
    words = [word for host in hosts[:2000] for word in host.split()]
    print("recall: each item once inside another row, by words changed")
    for name, items in sets.items():
        for edits in (0, 1, 2, 3, 5):
            rng = random.Random(edits)
            rows = []
            for k, item in enumerate(items):
                host = hosts[7 * k % len(hosts)].split()
                at = rng.randrange(len(host) + 1)
                rows.append(" ".join([*host[:at], edited(item, edits, rng, words), *host[at:]]))
            said = ", ".join(
                f"{rule} {sum((k, k) in found for k in range(len(items))) / len(items):.3f}"
                for rule, found in ((rule, find(rows + hosts, items)) for rule, find in RULES.items())
            )
            print(f"  {name}, {edits} edits: {said}")
    print("pairs found in texts that should hold none")
    for name, items in sets.items():
        for host_name, rows in texts.items():
            said = ", ".join(f"{rule} {len(find(rows, items))}" for rule, find in RULES.items())
            print(f"  {name} in {host_name}: {said}")
    rows = texts["toolformer"]
    asked = questions(curate.load(data / TEXTS["toolformer"])).to_pylist()
    order = np.random.default_rng(0).permutation(len(rows))
    test, train = order[: len(rows) // 10].tolist(), order[len(rows) // 10 :].tolist()
    said = ", ".join(
        f"{rule} {len({i for i, _ in find([rows[i] for i in train], [asked[i] for i in test])})}"
        for rule, find in RULES.items()
    )
    print(f"  templated rows, a random tenth as test: training rows that would go, of {len(train):,}: {said}")


def passages(data: Path, rows: int, size: int = 1000) -> list[str]:
    """Rows of about `size` characters, each made of sentences of two articles."""
    articles = curate.load(data / TEXTS["wiki"]).content().to_pylist()
    cut = [a[i : i + size // 2] for a in articles for i in range(0, len(a) - size // 2, size // 2)]
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, len(cut), (2, rows))
    return [f"{cut[a]} {cut[b]}" for a, b in zip(left.tolist(), right.tolist(), strict=True)]


def speed(data: Path, n_rows: int, n_items: int) -> None:
    """Seconds and MB/s of building the items, containment and near lookup; half of the items stand in some row."""
    rng = random.Random(0)
    texts = passages(data, n_rows)
    items = []
    for k in range(n_items):
        words = texts[k * (n_rows // n_items)].split() if k % 2 else passages_words(rng, texts)
        start = rng.randrange(max(len(words) - 60, 1))
        items.append(" ".join(words[start : start + rng.choice((8, 15, 30, 60))]))
    rows = pa.array(texts, pa.large_string())
    asked = pa.array(items, pa.large_string())
    ids = pa.array([k.to_bytes(16, "big") for k in range(n_items)], pa.binary(16))
    size = sum(map(len, texts)) / 1e6
    print(f"{n_rows:,} rows, {size:.0f} MB; {n_items:,} items of 8 to 60 words")
    warm = make_items(asked.slice(0, 50), asked.slice(0, 50), ids.slice(0, 50), "warm")
    find_contained(rows.slice(0, 50), warm.passages)
    find_near(rows.slice(0, 50), warm, 0.8)
    for threads in (1, 2):
        print(f"{threads} threads")
        made = _timed("  items", None, make_items, asked, asked, ids, "x", threads=threads)
        found = _timed("  containment", size, find_contained, rows, made.passages, threads=threads)
        _timed("  near lookup", size, find_near, rows, made, 0.8, threads=threads)
        print(f"  {int(found.matches.held.sum()):,} pairs held, {len(set(found.matches.item.tolist())):,} items found")
    floor = for_shingles(as_large_strings(rows))
    _timed("floor: one pass of shingle hashing, 1 thread", size, _one_pass, floor)


def passages_words(rng: random.Random, texts: list[str]) -> list[str]:
    """Words that stand together in no row."""
    words = rng.choice(texts).split()
    rng.shuffle(words)
    return words


def _one_pass(rows: Any) -> None:
    for lo, hi in blocks(rows):
        read_block(rows, np.arange(lo, hi))


def _timed(what: str, size: float | None, work: Any, *args: Any, **more: Any) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    out = work(*args, **more)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rate = f", {size / wall:.0f} MB/s" if size else ""
    print(f"{what}: {wall:.2f} s wall, {cpu:.2f} s processor{rate}")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["accuracy", "speed"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10_000)
    args = parser.parse_args()
    if args.what == "accuracy":
        accuracy(args.data)
    else:
        speed(args.data, args.rows, args.items)


if __name__ == "__main__":
    main()
