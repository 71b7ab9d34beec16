"""Whether the first line of a CSV file may be a row like the others: read as names, it is a row less, and whatever is
private in it stands in every message that names a column.

A sign, not a proof, so it is told and changes nothing: surveys name columns by whole questions, and what was ticked comes
back below its own name. The names hold a sentence above a column of sentences, and beside it a value that comes back in its
own column, where others stand, too (`ham` above `ham` and `spam`; a number above numbers); or two such values.
Cost: one pass over the columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset.column import Column
from curate.dataset.given import words_in
from curate.dataset.side_by_side import median_written

_SENTENCE = 4
"""Words of a name that is a sentence."""


def may_lack_header(columns: Mapping[str, Column]) -> bool:
    """Whether the names of the columns, read from the first line, may be a row."""
    told = [name for name, column in columns.items() if words_in(name) >= _SENTENCE and _says(column)]
    back = (name for name in columns if name not in told and name.strip() and _comes_back(name, columns[name]))
    return len(list(islice(back, 2))) >= (1 if told else 2)


def _says(column: Column) -> bool:
    """Whether a column is of sentences that mostly differ."""
    array = column.array
    if not pa.types.is_large_string(array.type) or not len(array):
        return False
    return pc.count_distinct(array).as_py() > len(array) / 2 and median_written(column) >= _SENTENCE


def _comes_back(name: str, column: Column) -> bool:
    """Whether a name is among its own column's values and others, more than once and than once in a hundred rows."""
    array = column.array
    if not pa.types.is_large_string(array.type):
        return False
    if pc.count_distinct(array.filter(pc.not_equal(array, ""))).as_py() < 2:
        return False
    same = int(pc.sum(pc.equal(array, pa.scalar(name, pa.large_string()))).as_py() or 0)
    return same >= 2 and 100 * same >= len(array)
