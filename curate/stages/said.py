"""What is said in the columns that roles name: whole texts, and the texts of nested turns, each with its place.

Names of speakers, calls of tools and whatever else stands in a turn are nothing that is said. A role may name a place
inside a column (`translation/en`): what stands there is read, and its place named, as if it were a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.types import Strings

SAID = ("content", "value", "text")
"""Last steps of the pointers at which nested turns hold what is said."""


def said_in(dataset: Dataset, names: Iterable[str]) -> Iterator[Strings]:
    """The strings of some columns, in the order of the data; `Strings.column` is what `pointer_of` gives for each name."""
    names = tuple(names)
    nested = {dataset.pointer_of(name) for name in names if dataset.is_json(name)}
    for batch in dataset.strings(names):
        if batch.column in nested:
            which = [i for i, field in enumerate(batch.fields) if is_said(within(field, batch.column))]
            texts = batch.texts.take(pa.array(which, pa.int64()))
            batch = Strings(batch.rows[which], [batch.fields[i] for i in which], texts, batch.column)
        if len(batch.rows):
            yield batch


def within(field: str, column: str) -> str:
    """The pointer below the column; empty for the whole of what it holds."""
    return field[len(column) :]


def is_said(pointer: str) -> bool:
    """Whether what stands below a column at a pointer is said: all that it holds, or the text of a turn."""
    return not pointer or (pointer.rpartition("/")[2] in SAID and "tool_calls" not in pointer)
