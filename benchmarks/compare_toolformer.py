"""Templated instruction data: what this project removes at four thresholds, beside what another one removed.

    python -m benchmarks.compare_toolformer [--data FOLDER] [--at 0.8] [--show 20] [--seed 0] [--rows 654 ...]

Reads `toolformer-dedupe-only-dataset.json.gz` (rows without exact copies) and `toolformer-similarity-0.N-dataset.json.gz`
(what the other project kept at each threshold). Prints the removals of both, with template handling on and off, then
`--show` disagreements at one threshold: rows that only one of the two removes, three in four of them removed by the
other project, each beside the row that is most alike (templates discounted) among those the remover kept. Templates
are left out of what is printed. `--rows` prints these rows instead of drawn ones.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from curate.dataset import Dataset, load
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.similarity.minhash import Layout, sketch
from curate.similarity.sets import build_sets, score_pairs
from curate.similarity.templates import find_templates, weighted_pairs
from curate.similarity.texts import for_shingles

THRESHOLDS = (0.6, 0.7, 0.8, 0.9)
DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data" / "near_duplicates"


def kept_by_us(data: Dataset, threshold: float, **settings: Any) -> np.ndarray:
    """bool: rows that stay."""
    stages = {"near_duplicates": {"threshold": threshold, **settings}}
    recipe = Recipe.parse({"run": {"stages": ["exact_duplicates", "near_duplicates"]}, "stages": stages})
    return ~detect(data, recipe).resolve().dropped


def kept_by_them(rows: list[dict[str, str]], path: Path) -> np.ndarray:
    """bool: rows of the full file that the other project's file holds."""
    with gzip.open(path, "rt") as file:
        theirs = {(r["instruction"], r["input"], r["output"]) for r in json.load(file)}
    return np.array([(r["instruction"], r["input"], r["output"]) in theirs for r in rows])


def own_words(row: dict[str, str]) -> str:
    """A row without the four lines of its tool's description."""
    lines = row["instruction"].split("\n")
    own = lines[4:] if lines[0].startswith("toolformer") else lines
    return " / ".join(filter(None, [" ".join(own), row["input"], row["output"]])).replace("\n", " ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DEFAULT)
    parser.add_argument("--at", type=float, default=0.8, choices=THRESHOLDS)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, nargs="*", default=[])
    args = parser.parse_args()
    source = args.data / "toolformer-dedupe-only-dataset.json.gz"
    with gzip.open(source, "rt") as file:
        rows = json.load(file)
    data = load(source)
    print(f"{len(rows):,} rows\n")
    print("removed at   they   we   (both, only they, only we)   parts not compared   templates not looked for either")
    for threshold in THRESHOLDS:
        them = kept_by_them(rows, args.data / f"toolformer-similarity-{threshold}-dataset.json.gz")
        us = kept_by_us(data, threshold)
        whole = kept_by_us(data, threshold, part_threshold=0.0)
        plain = kept_by_us(data, threshold, part_threshold=0.0, template_share=0.0)
        removed = [int((~kept).sum()) for kept in (them, us, whole, plain)]
        both, they, we = int((~them & ~us).sum()), int((~them & us).sum()), int((them & ~us).sum())
        counts = f"({both}, {they}, {we})"
        print(f"{threshold:<10} {removed[0]:>6} {removed[1]:>4}   {counts:<28} {removed[2]:<20} {removed[3]}")
        if threshold == args.at:
            at = them, us
    print(f"\ndisagreements at {args.at} (J: Jaccard; w: templates discounted)")
    show(rows, data, *at, args.rows or drawn(*at, args.show, args.seed))


def drawn(them: np.ndarray, us: np.ndarray, n: int, seed: int) -> list[int]:
    """Rows that one removes and the other keeps, at most a quarter of them removed by us."""
    rng = np.random.default_rng(seed)
    they, we = np.flatnonzero(~them & us), np.flatnonzero(them & ~us)
    fewer = min(n // 4, len(we))
    return [*np.sort(rng.choice(they, n - fewer, replace=False)).tolist(), *rng.choice(we, fewer, replace=False).tolist()]


def show(rows: list[dict[str, str]], data: Dataset, them: np.ndarray, us: np.ndarray, wanted: list[int]) -> None:
    """Rows, each beside its most similar row among those that the remover kept."""
    texts = for_shingles(data.content())
    count = sketch(texts, Layout(1, 1), 3, 0).count
    sets = build_sets(texts, np.arange(len(rows)), count, 3)
    weight = find_templates(data.content(), 3, share=0.02).weigh(sets.values)
    for row in wanted:
        title, kept = ("only we remove", us) if them[row] and not us[row] else ("only they remove", them)
        others = np.flatnonzero(kept & (np.arange(len(rows)) != row))
        mine = np.full(len(others), row)
        alike, own = score_pairs(sets, mine, others, 0.0), weighted_pairs(sets, weight, mine, others)
        best = int(np.lexsort((-alike, -own))[0])
        closest = int(others[best])
        print(f"\n{title}: row {row}, closest {closest}, J {alike[best]:.2f}, w {own[best]:.2f}")
        print(f"   {own_words(rows[row])[-300:]}\n   {own_words(rows[closest])[-300:]}")


if __name__ == "__main__":
    main()
