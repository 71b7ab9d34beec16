"""The held-out rows of an ablation: frozen before anything is trained, the same for all arms.

Where the data has a split, its test rows (else its validation rows) are used, less those whose near-duplicate cluster
holds a training row: what is left is leak-free, what was set aside is reported. Where it has none, whole clusters are
drawn to one side, stratified by label, in an order that hashes give, so the draw depends on nothing but the seed and
the clusters. Nothing is ever drawn from curated data: a curator must not choose its own exam. Linear in rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curate.errors import DataError
from curate.words import plural
from train.order import hash_rows

if TYPE_CHECKING:
    from curate.dataset import Dataset

_SALT = 4_242_424


@dataclass(frozen=True)
class HeldOut:
    """Row positions of the two sides; unpacks as `train_rows, eval_rows, note`."""

    train_rows: np.ndarray
    """int64, ascending."""
    eval_rows: np.ndarray
    """int64, ascending; no cluster of theirs has a training row."""
    note: str
    """Where the evaluation rows come from, in a plain sentence or two."""
    leaked_rows: np.ndarray
    """int64: evaluation rows of the given split set aside because training rows are of their cluster."""
    clean_rows: int = 0
    """Rows that could be evaluated on, before they were thinned."""

    def __iter__(self) -> Iterator[np.ndarray | str]:
        return iter((self.train_rows, self.eval_rows, self.note))


def heldout_split(
    dataset: Dataset,
    clusters: np.ndarray | None = None,
    seed: int = 0,
    fraction: float = 0.2,
    *,
    max_rows: int | None = 2000,
) -> HeldOut:
    """Choose the evaluation rows of a *raw* dataset.

    `clusters`: one number a row, equal for rows that belong together: near-duplicates, rows of one author or thread
    (default: rows with the same content). `fraction` of each
    label's rows is held out where the data has no split. At most about `max_rows` rows are kept, whole clusters drawn
    by hash. Raises `DataError` where one side would be empty.
    """
    n = dataset.n_rows
    if clusters is None:
        seen: dict[str, int] = {}
        contents = dataset.content().to_pylist()
        clusters = np.array([seen.setdefault(text or "", len(seen)) for text in contents], dtype=np.int64)
    else:
        _, clusters = np.unique(np.asarray(clusters), return_inverse=True)
    if len(clusters) != n:
        raise ValueError(f"{len(clusters)} cluster numbers for {n} rows")
    labels = dataset.labels()
    strata = [None] * n if labels is None else labels.to_pylist()
    splits = dataset.splits()
    names = [None] * n if splits is None else splits.to_pylist()
    found = Counter(names)
    chosen = next((name for name in ("test", "validation") if found[name]), None)
    if chosen is None or not found["train"]:
        return _drawn(clusters, strata, seed, fraction, max_rows)
    side = np.array(names, dtype=object)
    train = np.flatnonzero(side == "train")
    asked = np.flatnonzero(side == chosen)
    leaks = np.isin(clusters[asked], clusters[train])
    clean = asked[~leaks]
    if not len(clean):
        raise DataError(
            f"every {chosen} row belongs with a training row (a near-duplicate, or of one author or thread); there is "
            "nothing left to evaluate on"
        )
    held = _capped(clean, clusters, seed, max_rows)
    note = f"Evaluated on {plural(len(held), 'row')} of the {chosen} split"
    note += f" (drawn from {len(clean)})." if len(held) < len(clean) else "."
    if leaks.any():
        note += f" {int(leaks.sum())} more belong with training rows (near-duplicates of them, or of one author or thread)"
        note += " and were set aside."
    return HeldOut(train, held, note, asked[leaks], len(clean))


def drawn_split(clusters: np.ndarray, strata: list[str | None], seed: int, fraction: float) -> HeldOut:
    """Draw whole clusters of any rows to one side, about `fraction` of each stratum; `DataError` where one is empty."""
    return _drawn(np.unique(clusters, return_inverse=True)[1], strata, seed, fraction, None)


def _drawn(clusters: np.ndarray, strata: list[str | None], seed: int, fraction: float, max_rows: int | None) -> HeldOut:
    n = len(clusters)
    fraction = min(fraction, max_rows / n) if max_rows and n else fraction
    members: dict[int, list[int]] = defaultdict(list)
    for row, cluster in enumerate(clusters.tolist()):
        members[cluster].append(row)
    # A cluster is named by its first row, so that the draw does not depend on how clusters are numbered.
    first = {cluster: rows[0] for cluster, rows in members.items()}
    heads = np.array(list(first.values()), dtype=np.int64)
    order = [list(first)[i] for i in np.argsort(hash_rows(heads, seed, _SALT), kind="stable").tolist()]
    wanted = {label: fraction * count for label, count in Counter(strata).items()}
    taken: Counter[str | None] = Counter()
    held: list[int] = []
    for cluster in order:
        rows = members[cluster]
        label = Counter(strata[row] for row in rows).most_common(1)[0][0]
        if taken[label] + len(rows) <= wanted[label] + 0.5:
            taken[label] += len(rows)
            held.extend(rows)
    if not held or len(held) == n:
        found = f"{plural(n, 'row')} in {plural(len(members), 'group')} of near-duplicates (or of an author or thread)"
        raise DataError(f"{found} cannot be split into two sides")
    mask = np.zeros(n, dtype=bool)
    mask[held] = True
    by_label = ", stratified by label" if any(label is not None for label in strata) else ""
    note = (
        f"The data has no train and test split: {len(held)} of {n} rows were held out, "
        f"whole near-duplicate clusters on one side{by_label}."
    )
    return HeldOut(np.flatnonzero(~mask), np.flatnonzero(mask), note, np.empty(0, dtype=np.int64), len(held))


def _capped(rows: np.ndarray, clusters: np.ndarray, seed: int, max_rows: int | None) -> np.ndarray:
    if not max_rows or len(rows) <= max_rows:
        return rows
    _, first, inverse = np.unique(clusters[rows], return_index=True, return_inverse=True)
    key = hash_rows(rows[first], seed, _SALT)[inverse]
    ordered = rows[np.lexsort((rows, key))]
    keys = np.sort(key)
    stop = max_rows
    while stop < len(rows) and keys[stop] == keys[stop - 1]:  # finish the cluster
        stop += 1
    return np.sort(ordered[:stop])
