"""Which rows must not judge one another: near-duplicates, and those of one author or thread where a role names them.

The roles `author` and `thread` are never guessed: what keeps rows together changes what is measured, so a person names
them. Groups that touch join (an author's rows and the copies of them). A column whose largest group would hold more than
`LARGEST` of the rows is left out and said: a fold without it would be too small to learn from, or to judge by.
Cost: linear; 100,000 rows in 0.1 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from curate.dataset import Dataset

LARGEST = 0.25
"""Largest share of the rows that one group may hold: with five folds, a little more than one."""


def rows_together(
    dataset: Dataset, clusters: Any = None, columns: Sequence[str] = ()
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Group of every row, and a sentence for each column that could not be kept together.

    `clusters`: near-duplicate cluster of each row, negative for none; `columns`: more columns to keep together.
    """
    from curate.labels.folds import joined_groups
    from curate.stages.label_votes import categories_of

    n = dataset.n_rows
    own = n + np.arange(n)
    group = np.arange(n) if clusters is None else np.asarray(clusters, np.int64)
    group = np.where(group < 0, own, group)
    notes = []
    for column in dict.fromkeys((*dataset.roles.author, *dataset.roles.thread, *columns)):
        encoded = categories_of(dataset, column).dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        joined = joined_groups(group, np.where(codes < 0, own, codes))
        if n and np.bincount(joined).max() > LARGEST * n:
            notes.append(
                f"rows that share a value of {column} are not kept together: the largest such group would hold more than "
                f"{LARGEST:.0%} of the rows"
            )
        else:
            group = joined
    return group, tuple(notes)
