"""The frozen evaluation and the other ways in which the same models are read.

All rows are scored in one pass and read in *views*:

| view | rows | truth |
|---|---|---|
| `leak_free` | held-out rows no near-duplicate, author or thread of which is trained on | the labels of the evaluation |
| `given_split` | the same and those that were set aside as leaks | the same |
| `scrubbed` | leak-free rows with their personal data replaced | the same |
| `verified` / `as_given` | leak-free rows whose label is known in another way | that label |

The first decides; what the second adds *is* the effect of the leak. The rest says whether the verdict depends on how the
exam is read. Rows that a scrubber leaves as they are are scored once. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from train.evaluate import ItemScores
from train.examples import CLASSIFICATION, Examples

LEAK_FREE, GIVEN, SCRUBBED, VERIFIED, AS_GIVEN = "leak_free", "given_split", "scrubbed", "verified", "as_given"
PRIMARY, LEAKED, VARIANT = 0, 1, 2


@dataclass(frozen=True)
class View:
    """Item scores of several runs read in one way: float[S, n], with weights and clusters float[n], int64[n]."""

    scores: np.ndarray
    weight: np.ndarray
    clusters: np.ndarray
    rows: np.ndarray
    """int64[n]: row numbers."""


@dataclass(frozen=True)
class Evaluation:
    """Rows to score and how to read them. All arrays have one item a row of `examples`."""

    examples: Examples
    kind: np.ndarray
    """int8: `PRIMARY`, `LEAKED`, or `VARIANT` (a primary row, scrubbed)."""
    twin: np.ndarray
    """int64: for a variant the row number of the row it stands for, else its own."""
    truths: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """Labels known in another way, by view (`verified` or `as_given`); None where a row has none."""
    labels: str = "as given"
    """Where the labels of `examples` come from: `as given`, or the column that verifies them."""
    note: str = ""
    """Where the rows come from, in sentences."""

    @classmethod
    def plain(cls, examples: Examples) -> Evaluation:
        """Held-out rows and nothing else."""
        return cls(examples, np.zeros(len(examples), np.int8), examples.ids)

    @property
    def primary(self) -> Examples:
        """The rows that decide."""
        whole = bool((self.kind == PRIMARY).all())
        return self.examples if whole else self.examples.take(np.flatnonzero(self.kind == PRIMARY))

    def clusters(self, scored: np.ndarray) -> int:
        """Independent rows at these positions among those that decide."""
        clusters = self.primary.clusters
        return len(scored) if clusters is None else len(np.unique(clusters[scored]))

    def views(self) -> list[str]:
        """Names of the views that say more than the first, the first left out."""
        extra = [GIVEN] if bool((self.kind == LEAKED).any()) else []
        extra += [SCRUBBED] if bool((self.kind == VARIANT).any()) else []
        return [*extra, *(self.truths if self.examples.task == CLASSIFICATION else ())]

    def view(
        self,
        name: str,
        runs: list[ItemScores],
        names: Mapping[str, str] | None = None,
        canonical: Mapping[str, str] | None = None,
    ) -> View | None:
        """Runs read in one way; None where no row can be.

        `names` are canonical labels as the predictions of a resumed run name them, `canonical` the names of spellings.
        """
        rows = runs[0].rows
        position = {int(row): i for i, row in enumerate(self.examples.ids)}
        at = np.array([position[int(row)] for row in rows], dtype=np.int64)
        kind = self.kind[at]
        keep = kind == PRIMARY
        if name == GIVEN:
            keep |= kind == LEAKED
        elif name == SCRUBBED:
            replaced = set(self.twin[at[kind == VARIANT]].tolist())
            keep = (keep & ~np.isin(rows, list(replaced))) | (kind == VARIANT)
        scores = np.stack([run.score for run in runs])
        if name in self.truths:
            truth = [self.truths[name][i] for i in at]
            keep &= np.array([t is not None for t in truth])
            spelt = [None if t is None else (canonical or {}).get(t, t) for t in truth]
            shown = [None if t is None else (names or {}).get(t, t) for t in spelt]
            said = [[(names or {}).get(p or "", p) for p in run.prediction] for run in runs]
            scores = np.array([[float(p == t) for p, t in zip(run, shown)] for run in said])
        if not keep.any():
            return None
        clusters = self.examples.ids if self.examples.clusters is None else self.examples.clusters
        picked = np.flatnonzero(keep)
        return View(scores[:, picked], runs[0].weight[picked], clusters[at[picked]], rows[picked])


def joined(parts: Sequence[Examples]) -> Examples:
    """Examples one after the other; all of one task."""
    first = parts[0]
    if len(parts) == 1:
        return first

    def column(name: str) -> tuple[Any, ...]:
        return tuple(value for part in parts for value in getattr(part, name))

    clusters = None
    if all(part.clusters is not None for part in parts):
        clusters = np.concatenate([part.clusters for part in parts if part.clusters is not None])
    tools = any(part.tools for part in parts)
    return replace(
        first,
        ids=np.concatenate([part.ids for part in parts]),
        texts=column("texts"),
        labels=column("labels"),
        messages=column("messages"),
        tools=tuple(t for part in parts for t in (part.tools or ((),) * len(part))) if tools else (),
        spans=column("spans"),
        rejected=column("rejected"),
        wanted=column("wanted"),
        weights=None,
        groups={name: tuple(v for part in parts for v in part.groups[name]) for name in first.groups},
        clusters=clusters,
    )
