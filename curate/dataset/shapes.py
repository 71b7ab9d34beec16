"""What the contents of a column look like, in the few numbers that role detection asks for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset.column import Column
from curate.dataset.names import SPLIT_WORDS, plain
from curate.dataset.turns import CALLS, said

SAMPLE_ROWS = 2_000
LONG_BYTES = 150
LONG_SAMPLE_ROWS, LONG_SAMPLE_BYTES, FEWEST_SAMPLED = 400, 8_000_000, 40
"""Rows of long texts that are looked at, fewer where these would be more bytes."""
_LONGEST_WORD = 60
"""Characters of the longest value that may name a split."""
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts that put no blanks between words."""


@dataclass(frozen=True)
class Facts:
    """Statistics of one column."""

    name: str
    kind: str
    """null, str, bool, int, float or json."""
    rows: int
    filled: int
    """Rows that are neither null nor empty."""
    distinct: int
    """Distinct non-null values over all rows (estimated from the sample where values are long)."""
    text_share: float
    """Share of the sampled values that are strings and not conversations."""
    median_words: float
    """Median number of words of the sampled strings; two letters of a script without blanks are one."""
    median_blanks: float
    """The same, a word being what stands between blanks: a class in Chinese or Thai is one, however long."""
    numeric: bool
    """All sampled strings are numbers."""
    conversation: bool
    """Values are lists of turns."""
    message: bool
    """Values are single turns."""
    nested: bool
    """Values are objects or lists."""
    split_words: bool
    """All values are names of splits."""
    two_sided: bool
    """True and false, yes and no, 1 and 0."""

    @property
    def distinct_share(self) -> float:
        """Distinct values over filled rows."""
        return self.distinct / max(1, self.filled)

    @property
    def repeats(self) -> bool:
        """Values come back often enough to be classes: five times on average, and not more than 1,000 of them."""
        return 2 <= self.distinct <= 1000 and self.distinct * 5 <= self.filled

    @property
    def labelish(self) -> bool:
        """Could be a class: repeats somewhat and is short. In fewer than ten rows the name has to say it."""
        if self.nested or not self.filled or self.median_blanks > 8:
            return False
        if self.kind == "float" or (self.numeric and self.distinct > 30):
            return self.distinct <= 30 and (self.distinct_share <= 0.5 or self.filled < 10)
        return self.distinct_share <= 0.5 or self.filled < 10

    def describe(self) -> str:
        """A plain phrase about the contents."""
        if self.conversation:
            return "lists of turns"
        if self.message:
            return "single turns with a role and a content"
        if self.nested:
            return "nested values"
        if self.median_words >= 3 and self.text_share > 0.5 and not self.repeats:
            return f"text in {100 * self.text_share:.0f}% of values, median {self.median_words:.0f} words"
        again = ", repeating" if self.repeats else ""
        return f"{self.distinct:,} distinct values over {self.filled:,} rows{again}"


def facts_of(name: str, column: Column) -> Facts:
    """The statistics of one column."""
    array = column.array
    n = len(array)
    long = pa.types.is_large_string(array.type) and n > 0 and array.nbytes > LONG_BYTES * n
    fit = int(LONG_SAMPLE_BYTES * n / max(1, array.nbytes))
    most = min(LONG_SAMPLE_ROWS, max(FEWEST_SAMPLED, fit)) if long else SAMPLE_ROWS
    rows = np.unique(np.linspace(0, max(0, n - 1), min(n, most)).astype(np.int64))
    sample = [value for value in array.take(pa.array(rows)).to_pylist() if value is not None]
    if column.json:
        sample = [json.loads(value) for value in sample]
    texts = [value for value in sample if isinstance(value, str)]
    full = [text for text in texts if text.strip()]
    spelled = bool(full) and all(text.lstrip()[:1] in "[{" for text in full[:50])  # nested values written as text
    values = [_parsed(text) for text in full] if spelled else sample
    # Turns whose words stand where nobody looks are no conversation; a few that say something show that they are one.
    conversation = _mostly(values, is_conversation) and any(map(says_something, values))
    message = _mostly(values, is_message)
    filled = n - array.null_count
    # Long texts are no labels; their exact number of distinct values is not worth hashing them all.
    share = len(set(map(str, sample))) / max(1, len(sample))
    distinct = round(share * filled) if long else int(pc.count_distinct(array, mode="only_valid").as_py())
    if pa.types.is_large_string(array.type):
        blank = int(pc.sum(pc.equal(pc.binary_length(array), 0)).as_py() or 0)
        filled -= blank
        distinct -= 1 if blank else 0
    nested = any(isinstance(value, dict | list) for value in sample) or conversation or message
    short = distinct <= 10 and max(map(len, full), default=0) <= _LONGEST_WORD
    words = {plain(text) for text in full} if short else set()
    seen = {str(value).strip().lower() for value in sample} if distinct <= 2 and not nested else set()
    return Facts(
        name=name,
        kind=column.kind,
        rows=n,
        filled=filled,
        distinct=max(0, distinct),
        text_share=0.0 if conversation or message else len(texts) / max(1, len(sample)),
        median_words=float(np.median([_words(text) for text in full])) if full else 0.0,
        median_blanks=float(np.median([len(text.split()) for text in full])) if full else 0.0,
        numeric=bool(full) and all(_is_number(text) for text in full),
        conversation=conversation,
        message=message,
        nested=nested,
        split_words=bool(words) and words <= set(SPLIT_WORDS) and len(words) > 1,
        two_sided=column.kind == "bool" or (bool(seen) and (seen <= {"true", "false"} or seen <= {"0", "1"})),
    )


def is_message(value: Any) -> bool:
    """One turn: OpenAI's `role` and `content`, or ShareGPT's `from` and `value`."""
    return isinstance(value, dict) and (("role" in value) or ("from" in value and "value" in value))


def is_conversation(value: Any) -> bool:
    """A list of turns."""
    return isinstance(value, list) and bool(value) and all(map(is_message, value))


def says_something(value: Any) -> bool:
    """A list of turns, one of which at least says something."""
    return is_conversation(value) and any(said(turn) or turn.keys() & CALLS for turn in value)


def _mostly(values: list[Any], fits: Any) -> bool:
    return bool(values) and sum(map(fits, values)) > 0.5 * len(values)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _words(text: str) -> int:
    if text.isascii():
        return len(text.split())
    return len(UNSPACED.sub(" ", text).split()) + len(UNSPACED.findall(text)) // 2
