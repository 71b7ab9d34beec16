"""Files with one word a row and its tag (`B-PER`, `O`), as CoNLL files and their tables write sentences.

What a stage says of a row is said of a word there: every further "the" would be a copy, and rows without a sentence number
empty texts. Such a table is refused with a way out, unless a role says what to read. Tags are the sign: words alone are
glossaries and names, too.
Cost: distinct values of the columns of strings until tags are found, and one pass over the others then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset.column import Column
from curate.dataset.names import is_id

_TAG = re.compile(r"[BIESLUM]-\S+")
_MOST_TAGS = 200
_FEWEST = 10
"""Rows of a table that shows what it is."""
_WORDS = 0.98
"""Share of the filled values of a column that hold no blank."""


def word_and_tag(names: Sequence[str], column: Callable[[str], Column]) -> tuple[str, str] | None:
    """The columns of words and of their tags; None for a table of anything else."""
    texts = {name: column(name).array for name in names if pa.types.is_large_string(column(name).array.type)}
    tags = [name for name, array in texts.items() if not column(name).json and _are_tags(array)]
    if not tags:
        return None
    words = [name for name, array in texts.items() if name not in tags and not column(name).json and _are_words(array)]
    longer = [name for name, array in texts.items() if name not in tags and pc.max(_blanks(array)).as_py()]
    sentences = [name for name in longer if 2 * _filled(texts[name]) > len(texts[name])]
    sentences = [name for name in sentences if 2 * pc.count_distinct(texts[name]).as_py() > _filled(texts[name])]
    words.sort(key=lambda name: (is_id(name), -pc.count_distinct(texts[name]).as_py()))
    return (words[0], tags[0]) if words and not sentences else None


def _are_tags(array: pa.Array) -> bool:
    """`O` and tags that begin or go on, and nothing else."""
    if len(array) < _FEWEST or not _TAG.fullmatch(_first_that_begins(array)):
        return False
    tags = pc.unique(array.drop_null()).to_pylist()
    return len(tags) <= _MOST_TAGS and "O" in tags and all(tag in ("O", "") or _TAG.fullmatch(tag) for tag in tags)


def _first_that_begins(array: pa.Array) -> str:
    """The first value of the first 10,000 that is not `O`: most columns are told apart by it."""
    return next((text for text in array.slice(0, 10_000).to_pylist() if text not in ("O", "", None)), "")


def _are_words(array: pa.Array) -> bool:
    """Values without a blank in nearly all rows, and more than a few of them."""
    filled = _filled(array)
    blank = int(pc.sum(pc.greater(_blanks(array), 0)).as_py() or 0)
    differ = pc.count_distinct(array).as_py() >= _FEWEST
    return 10 * filled > 9 * len(array) and blank <= (1 - _WORDS) * filled and differ


def _blanks(array: pa.Array) -> pa.Array:
    return pc.count_substring(array, " ")


def _filled(array: pa.Array) -> int:
    return int(pc.sum(pc.greater(pc.binary_length(array), 0)).as_py() or 0)
