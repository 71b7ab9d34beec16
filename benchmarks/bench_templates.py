"""Templates and answers: what counts as a template, which edited copies are found inside it, and what looking costs.

    python -m benchmarks.bench_templates [shares] [planted] [answers] [cost] [--data FOLDER] [--rows 4000] [--seed 0]

`shares`: how many rows of real data are templated, by the share of rows from which a shingle is common.
`answers`: rows flagged for a conflicting answer in instruction data as it comes.
`cost`: edges of 66,000 passages of prose with and without looking for templates, bare and behind system prompts.
`planted`: three questions, on real instruction data with planted copies (1 to 6 words replaced at random places,
wrapper included):

1. Every row put behind one of four system prompts of 60 words, as plain text: how many copies go, and how many rows
   that are no copies, with template handling on and off, and without the wrappers.
2. Tool-use rows that are templated by nature: the same.
3. Prompt and answer as parts: how many copies go at each part threshold.

A copy counts as findable when its similarities, computed pair by pair from the definitions, reach the thresholds.
"""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.parts import command, with_parts
from curate.dataset import load
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.similarity import NearConfig, near_duplicate_edges
from curate.similarity.minhash import Layout, sketch
from curate.similarity.pairs import similarity_of_pairs
from curate.similarity.sets import build_sets
from curate.similarity.templates import TEMPLATED
from curate.similarity.texts import for_shingles

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FIELDS = ("instruction", "input", "output")
Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Rows of a gzipped JSON array, each content once."""
    with gzip.open(path, "rt") as file:
        rows = json.load(file)
    return list({tuple(r[f] for f in FIELDS): {f: r[f] for f in FIELDS} for r in rows}.values())


def edited(rng: np.random.Generator, row: Row, changes: int) -> Row:
    """A copy with some words replaced by words of other places of the row, or by new ones."""
    cells = [[*row[f].split(" ")] for f in FIELDS]
    places = [(k, i) for k, words in enumerate(cells) for i, word in enumerate(words) if word.strip()]
    for at in rng.choice(len(places), min(changes, len(places)), replace=False).tolist():
        k, i = places[at]
        cells[k][i] = f"word{rng.integers(10**6)}"
    return dict(zip(FIELDS, map(" ".join, cells), strict=True))


def planted(rng: np.random.Generator, rows: list[Row], share: float) -> tuple[list[Row], np.ndarray]:
    """The rows and edited copies of some of them behind; for each copy, its original."""
    of = np.sort(rng.choice(len(rows), int(share * len(rows)), replace=False))
    copies = [edited(rng, rows[i], int(rng.integers(1, 7))) for i in of.tolist()]
    return [*rows, *copies], of


def wrapped(rng: np.random.Generator, rows: list[Row]) -> list[Row]:
    """Every row behind one of four made-up system prompts of 60 words."""
    prompts = [" ".join(f"s{k}w{i}" for i in range(60)) for k in range(4)]
    which = rng.integers(4, size=len(rows)).tolist()
    return [{**row, "instruction": f"{prompts[k]} {row['instruction']}"} for row, k in zip(rows, which, strict=True)]


def measure(name: str, rows: list[Row], of: np.ndarray, task: str, **settings: Any) -> None:
    """Run both duplicates stages and print what became of the planted copies."""
    copy = np.arange(len(rows) - len(of), len(rows))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        whole = [{"text": "\n".join(filter(None, r.values()))} for r in rows] if task == "text" else rows
        path.write_text("".join(json.dumps(r) + "\n" for r in whole))
        data = load(path, task=task)
        recipe = {"run": {"stages": ["exact_duplicates", "near_duplicates"]}, "stages": {"near_duplicates": settings}}
        started = time.process_time()
        found = detect(data, Recipe.parse(recipe))
        seconds = time.process_time() - started
    content = pa.array(data.content())
    share = settings.get("template_share", 0.02)
    findable = similarity_of_pairs(content, of, copy, template_share=share) >= np.float32(0.8)
    for texts in data.parts().values():
        least = np.float32(settings.get("part_threshold", 0.7))
        findable &= similarity_of_pairs(texts, of, copy, template_share=share) >= least
    cluster = found.clusters()
    gone = found.resolve().dropped
    caught = gone[copy] | gone[of]
    others = int(gone.sum() - caught.sum())
    recall = f"{int((caught & findable).sum())}/{int(findable.sum())}" if findable.any() else "-"
    together = int((cluster[of] == cluster[copy]).sum())
    print(
        f"{name:<52} {len(of):>5} copies, gone {int(caught.sum()):>5}; of the findable {recall:>11}; "
        f"other rows gone {others:>5}; in one cluster {together:>5}; {seconds:.1f} s CPU"
    )


def passages(folder: Path, length: int = 1000, most: int = 60_000) -> list[str]:
    """Passages of encyclopedia articles."""
    table = pq.read_table(folder / "wiki" / "articles.parquet")
    column = next(name for name in table.column_names if "text" in name)
    cut = (t[i : i + length] for t in table[column].to_pylist() for i in range(0, len(t) - length, length))
    return [passage for _, passage in zip(range(most), cut, strict=False)]


def shares(folder: Path) -> None:
    """Rows of which a quarter of the shingles are common."""

    def of(path: Path) -> list[str]:
        return ["\n".join(filter(None, r.values())) for r in read(path)]

    with gzip.open(folder / "gsm8k" / "train.jsonl.gz", "rt") as file:
        questions = [json.loads(line)["question"] for line in file]
    with gzip.open(folder / "near_duplicates" / "articles_2500.train.gz", "rt") as file:
        news = [line.split(" ", 1)[1] for line in file]
    data = {
        "tool use": of(folder / "near_duplicates" / "toolformer-dedupe-only-dataset.json.gz"),
        "instructions": of(folder / "alpaca" / "random_9k.json.gz"),
        "bank queries": list(load(folder / "banking77" / "train.csv").content().to_pylist()),
        "encyclopedia": passages(folder, most=10_000),
        "news": news,
        "mathematics": questions,
    }
    for name, texts in data.items():
        rows = for_shingles(pa.array(sorted(set(texts)), pa.large_string()))
        sets = build_sets(rows, np.arange(rows.n_rows), sketch(rows, Layout(1, 1), 3, 0).count, 3)
        held = np.concatenate([sets.values[a : a + n] for a, n in zip(sets.at, sets.size, strict=True)])
        inside = np.repeat(np.arange(rows.n_rows), sets.size)
        _, which, times = np.unique(held, return_inverse=True, return_counts=True)
        said = []
        for share in (0.005, 0.01, 0.02, 0.05):
            common = np.bincount(inside, times[which] >= share * rows.n_rows, rows.n_rows) / np.maximum(1, sets.size)
            said.append(f"{share:.1%}: {(common >= TEMPLATED).mean():.2%}")
        print(f"{name:<14} {rows.n_rows:>6} rows; templated at a share of {', '.join(said)}")


def answers(folder: Path) -> None:
    """Rows flagged because another row answers their prompt differently."""
    for name, threshold in (
        ("alpaca/random_9k.json.gz", 0.8),
        ("alpaca/random_9k.json.gz", 0.5),
        ("near_duplicates/toolformer-dedupe-only-dataset.json.gz", 0.8),
        ("chat_formats/glaive_toolcall_en_demo.json.gz", 0.8),
    ):
        settings = {"near_duplicates": {"threshold": threshold, "part_threshold": min(0.7, threshold)}}
        recipe = Recipe.parse({"run": {"stages": ["near_duplicates"]}, "stages": settings})
        found = detect(load(folder / name), recipe).findings["rule"].to_pylist()
        print(f"{name} at {threshold}: {found.count('conflicting_answer')} rows with a conflicting answer")


def cost(folder: Path, rng: np.random.Generator) -> None:
    """Processor seconds of one thread."""
    texts = passages(folder)
    for i in range(0, len(texts), 10):
        words = texts[i].split(" ")
        for k in rng.integers(len(words), size=int(rng.integers(0, 11))).tolist():
            words[k] = f"word{rng.integers(10**6)}"
        texts.append(" ".join(words))
    prompts = [" ".join(f"s{k}w{i}" for i in range(60)) for k in range(4)]
    behind = [f"{prompts[i % 4]} {text[:300]}" for i, text in enumerate(texts)]
    near_duplicate_edges(pa.array(texts[:2000]), NearConfig(template_share=0.02))
    for name, rows in (("passages of 1,000 characters", texts), ("300 characters behind system prompts", behind)):
        array = pa.array(rows, pa.large_string())
        for share in (0.0, 0.02):
            seconds = []
            for _ in range(3):
                started = time.process_time()
                edges = near_duplicate_edges(array, NearConfig(template_share=share))
                seconds.append(time.process_time() - started)
            same = np.array_equal(edges.score, edges.weighted)
            print(
                f"{len(rows):,} {name}, template share {share}: best of 3 {min(seconds):.2f} s CPU, {len(edges):,} edges, "
                f"{edges.stats['pairs_compared']:,} pairs compared, weighted equals plain: {same}"
            )


def copies(folder: Path, rng: np.random.Generator, n_rows: int) -> None:
    """Planted copies."""
    alpaca = read(folder / "alpaca" / "random_9k.json.gz")[:n_rows]
    tools = read(folder / "near_duplicates" / "toolformer-dedupe-only-dataset.json.gz")
    rows, of = planted(rng, alpaca, 0.2)
    measure("instructions, bare", rows, of, "text")
    rows, of = planted(rng, wrapped(rng, alpaca), 0.2)
    measure("instructions behind system prompts", rows, of, "text")
    measure("  template handling off", rows, of, "text", template_share=0.0)
    rows, of = planted(rng, tools, 0.2)
    measure("tool use, templated by nature", rows, of, "text")
    measure("  weighted threshold 0.6", rows, of, "text", weighted_threshold=0.6)
    measure("  template handling off", rows, of, "text", template_share=0.0)
    rows, of = planted(rng, alpaca, 0.2)
    for least in (0.8, 0.7, 0.6, 0.0):
        measure(f"instructions, prompt and answer alike at {least}", rows, of, "sft", part_threshold=least)


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    args = with_parts(parser, ("shares", "planted", "answers", "cost"))
    if "shares" in args.parts:
        shares(args.data)
    if "planted" in args.parts:
        copies(args.data, np.random.default_rng(args.seed), args.rows)
    if "answers" in args.parts:
        answers(args.data)
    if "cost" in args.parts:
        cost(args.data, np.random.default_rng(args.seed))


if __name__ == "__main__":
    main()
