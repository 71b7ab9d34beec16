"""Rows, their splits and labels as numbers, worked out once for all stages that ask, and reasons that speak of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.dataset import Dataset
from curate.similarity.partners import label_codes, split_ranks
from curate.similarity.texts import counted, narrow


def ranks_of(dataset: Dataset) -> NDArray[np.int8]:
    """Rank of each row's split, see `split_ranks`."""
    return np.asarray(_once(dataset, ("split ranks",), lambda: split_ranks(dataset.splits(), dataset.n_rows)))


def codes_of(dataset: Dataset, canonical: Any) -> NDArray[np.int32]:
    """One number a label, see `label_codes`; of the canonical labels where these were found."""
    labels = dataset.labels() if canonical is None else canonical
    # Which labels these are is part of the key: the dataset lives longer than one look at it.
    return np.asarray(_once(dataset, ("label codes", id(labels)), lambda: label_codes(labels, dataset.n_rows), labels))


def texts_of(group: NDArray[np.int64], dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(the first row with the text of each row, the rows that are this first one); `group` is -1 where a text is alone."""
    numbers = dataset.numbers
    together = np.flatnonzero(group >= 0)
    if not len(together):
        return numbers, numbers
    first = counted(len(numbers))
    first[together] = group[together]
    alone = np.ones(len(first), np.bool_)
    alone[together] = group[together] == together
    return first, narrow(np.flatnonzero(alone))


def plainly(reason: str, dataset: Dataset) -> str:
    """A reason without the labels and the splits that the data does not have."""
    reason = reason if dataset.roles.label else reason.replace(" with the same label", "")
    return reason if dataset.roles.split else reason.replace(" of the same split", "")


def _once(dataset: Dataset, key: tuple[Any, ...], made: Any, held: Any = None) -> Any:
    """`held` is kept beside the numbers, so that no other array can come to have its id."""
    found = dataset.memo.get(key)
    if found is None:
        found = dataset.memo[key] = (made(), held)
    return found[0]
