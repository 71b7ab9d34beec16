"""Prose that no role names: nothing reads it, so rows that differ there alone count as copies, and nobody trains with it.

Told, never guessed: whether a second column of prose is content (`positive`, `negative` beside `query`) or about the row
(a note, a source) is the user's to say. Cost: statistics of a sample of each column without a role.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from curate.dataset.column import Column
from curate.dataset.dataset import Dataset
from curate.dataset.shapes import Facts, facts_of

_WORDS, _DISTINCT, _LENGTH = 5, 0.5, 1 / 3
"""Words of the median value, share of distinct values, and length beside the column that is read."""
_NAMED = 4


def unread_prose(dataset: Dataset) -> list[str]:
    """Columns of prose without a role, at least a third as long as the text that is read.

    Empty where a task has its own places for texts (prompts, answers, turns).
    """
    if dataset.task not in ("text", "classification") or not dataset.roles.text:
        return []
    taken = set(dataset.roles.columns())
    read = max(_facts(dataset, name).median_words for name in dataset.roles.text)
    free = [_facts(dataset, name) for name in dataset.columns if name not in taken]
    return [f.name for f in free if _is_prose(f) and f.median_words >= _LENGTH * read]


def told(dataset: Dataset, columns: Sequence[str]) -> str:
    """What that means, and the options that read them as well."""
    ways = " ".join(f"--role {shlex.quote(f'text={name}')}" for name in (*dataset.roles.text, *columns))
    few = len(columns) <= _NAMED
    return f"{differing(columns)}, unless you say {ways if few else '--role text=COLUMN for each that is content'}"


def differing(columns: Sequence[str]) -> str:
    """What it means for copies, as a sentence without its end."""
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    hold = "holds" if len(columns) == 1 else "hold"
    return (
        f"{', '.join(columns[:_NAMED])}{more} {hold} prose that no role names: rows that differ only there count as copies"
    )


def _facts(dataset: Dataset, name: str) -> Facts:
    return facts_of(name, Column(dataset.values(name), dataset.is_json(name)))


def _is_prose(fact: Facts) -> bool:
    return not fact.nested and fact.text_share > 0.5 and fact.median_words >= _WORDS and fact.distinct_share >= _DISTINCT
