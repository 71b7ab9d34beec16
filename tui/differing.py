"""Rows on which two arms of a comparison differ: what each arm scored and said of a row, from the files of its runs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from curate.words import plural, signed

SMALLEST = 1e-9
"""A mean difference that is nothing but rounding."""
NO_CLASS = "–"


@dataclass(frozen=True)
class Differing:
    """One row on which two arms differ."""

    row: int
    gain: float
    """Mean over the shared seeds of the score of the first arm less that of the second: above zero the first is better. For
    classes and pairs the score is 0 or 1, for spans F1, for text nats a token (signed so that more is better)."""
    says: tuple[tuple[str, str], ...] = ()
    """The class that each of the two predicts, with each shared seed; empty where they write or tag."""

    def beside(self) -> tuple[str, str] | None:
        """What both arms say with the first seed on which they disagree; None where no class is told."""
        return next(((one, two) for one, two in self.says if one != two), None)


def rows_that_differ(train: Path, a: str, b: str, n_rows: int, metric: str = "") -> list[Differing]:
    """Rows of which arms `a` and `b` do not score the same by a metric, those with the largest difference first. Only rows
    of the data are listed: copies of them that were made to be scored (their personal data replaced) are numbered beyond
    `n_rows`."""
    held = {arm: {p.parent.name: p for p in (train / arm).glob("*/eval.parquet")} for arm in (a, b)}
    gaps: dict[int, list[float]] = {}
    said: dict[int, list[tuple[str, str]]] = {}
    for seed in sorted(set(held[a]) & set(held[b])):
        one, two = (_scores(held[arm][seed], metric) for arm in (a, b))
        for row in one.keys() & two.keys():
            gaps.setdefault(row, []).append(one[row][0] - two[row][0])
            if one[row][1] or two[row][1]:
                said.setdefault(row, []).append((one[row][1], two[row][1]))
    every = (Differing(row, math.fsum(by) / len(by), tuple(said.get(row, ()))) for row, by in gaps.items() if row < n_rows)
    return sorted((d for d in every if abs(d.gain) > SMALLEST), key=lambda d: (-abs(d.gain), d.row))


def _scores(path: Path, metric: str) -> dict[int, tuple[float, str]]:
    """Row -> (score, the higher the better; what was predicted, where that is a class)."""
    table = pq.read_table(path)
    if metric == "above_rejected" and metric in table.column_names:
        ranked = zip(table["row"].to_pylist(), table[metric].to_numpy().tolist())
        return {int(row): (float(score), "") for row, score in ranked if not math.isnan(score)}
    words = table["prediction"].to_pylist() if "prediction" in table.column_names else [""] * table.num_rows
    score = table["score"].to_numpy().astype(np.float64)
    # Writers are scored by nats, where less is better: there the score is the loss itself. Spans are scored by their F1.
    if "weight" in table.column_names and "spans_gold" not in table.column_names and not any(words):
        score = -score
    return {int(r): (float(s), str(w or "")) for r, s, w in zip(table["row"].to_pylist(), score.tolist(), words)}


def heading(found: Sequence[Differing], names: tuple[str, str], metric: str) -> str:
    """What the list holds, and how to read a line of it."""
    better = sum(d.gain > 0 for d in found)
    unit = ", in nats a token" if metric == "nats_per_token" else ""
    told = f"; then the row's label: what {names[0]} and {names[1]} say" if any(d.beside() for d in found) else ""
    return (
        f"+ {names[0]} is better, on {better:,} of them; − {names[1]} is, on {len(found) - better:,}. "
        f"The number is the mean difference over seeds{unit}, the largest first{told}."
    )


def line(one: Differing, label: str | None, shown: Callable[[str], str]) -> str:
    """`+1.00  refund: refund / billing`: by how much, the row's own label, what each arm says where they disagree first."""
    words = one.beside()
    gain = signed(one.gain, 3 if words is None else 2)
    if words is None:
        return gain
    said = " / ".join(shown(word) if word else NO_CLASS for word in words)
    return f"{gain}  {f'{label}: ' if label is not None else ''}{said}"


def answers(one: Differing, names: tuple[str, str], shown: Callable[[str], str]) -> list[str]:
    """What each arm says of the row over all shared seeds: `curated says refund with 3 of 3 seeds`."""
    of = f"of {plural(len(one.says), 'seed')}"
    return [
        f"{name} says {', '.join(f'{shown(word) if word else NO_CLASS} with {n} {of}' for word, n in by)}"
        for at, name in enumerate(names)
        if (by := sorted(Counter(both[at] for both in one.says).items(), key=lambda c: (-c[1], c[0])))
    ]
