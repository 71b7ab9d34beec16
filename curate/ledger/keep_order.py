"""The order in which rows that say the same are kept: the keep policy as one rank a row.

`first` and `last` go by position, `longest` by characters of content, `newest` by the time role, `best_source` by an
ordered list over the source role, `highest_quality` by a column of numbers or by the scores of the text quality stage. What
a policy cannot tell apart, and rows without the value it looks at, follow in input order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.errors import ConfigError, nearest

Array = np.ndarray[Any, Any]


SCORED = "text_quality"
"""As the quality column: the scores of that stage, where the data has no such column itself."""


def keep_rank(
    dataset: Dataset,
    policy: str,
    sources: Sequence[str] = (),
    quality_column: str | None = None,
    scores: Any = None,
) -> Array:
    """int64[n_rows]: the lower rank survives. Raises ConfigError where the data lacks what the policy looks at."""
    n = dataset.n_rows
    if policy == "last":
        return np.arange(n)[::-1].copy()
    if policy == "longest":
        length = pc.utf8_length(dataset.content()).fill_null(0).to_numpy()
        order = np.argsort(-length, kind="stable")
    elif policy == "newest":
        if not dataset.roles.time:
            raise ConfigError('[keep] policy = "newest" needs a column with the time role; name it under [data.roles]')
        times = dataset.values(dataset.roles.time[0])
        order = pc.array_sort_indices(times, order="descending", null_placement="at_end").to_numpy()
    elif policy == "best_source":
        order = np.argsort(_source_rank(dataset, sources), kind="stable")
    elif policy == "highest_quality":
        if quality_column == SCORED and SCORED not in dataset.columns:
            if scores is None:
                raise ConfigError(f'[keep] quality_column = "{SCORED}" needs the stage {SCORED} to run; list or enable it')
            quality = np.asarray(scores, np.float64)
        else:
            quality = _quality(dataset, quality_column or "")
        order = np.argsort(-quality, kind="stable")  # not-a-number comes last
    else:
        return dataset.numbers
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    return rank


def _source_rank(dataset: Dataset, sources: Sequence[str]) -> Array:
    if not dataset.roles.source:
        raise ConfigError('[keep] policy = "best_source" needs a column with the source role; name it under [data.roles]')
    words = dataset.values(dataset.roles.source[0])
    if pa.types.is_nested(words.type):
        raise ConfigError("[keep] the source role names a column of nested values; it must hold one word a row")
    encoded = words.cast(pa.large_string()).dictionary_encode()
    known = encoded.dictionary.to_pylist()
    if not set(known) & set(sources):
        raise ConfigError(f"[keep] sources: none of them is in the data; {nearest(sources[0], known)}")
    place = {name: i for i, name in enumerate(dict.fromkeys(sources))}
    ranks = np.array([*(place.get(name, len(place)) for name in known), len(place)], np.int64)
    found: Array = ranks[encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)]
    return found


def _quality(dataset: Dataset, column: str) -> Array:
    values = dataset.values(column)
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise ConfigError(f"[keep] quality_column {column!r} holds no numbers; name a column of numbers")
    numbers: Array = values.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
    return numbers
