"""Prose that no role names: nothing reads it, so nearly the same rows count as copies whatever it says, and nobody trains
with it.

Told, never guessed: whether a second column of prose is content (`positive`, `negative` beside `query`) or about the row
(a note, a source) is the user's to say. Cost: statistics of a sample of each column without a role.
"""

from __future__ import annotations

import shlex
from collections.abc import Container, Sequence

import pyarrow as pa

from curate.dataset.column import Column
from curate.dataset.dataset import Dataset
from curate.dataset.names import NAMES, PASSAGES, about_row, plain, rank
from curate.dataset.shapes import Facts, facts_of

_WORDS, _DISTINCT, _LENGTH = 5, 0.5, 1 / 3
"""Words of the median value, share of distinct values, and length beside the column that is read."""
_NAMED = 4
_ANSWERS = (*NAMES["completion"], "answers", "responses", "solutions")
_SAMPLE = 50


def unread_prose(dataset: Dataset, length: float = _LENGTH) -> list[str]:
    """Columns of prose without a role: beside a text those of at least `length` of its words, beside a prompt and its
    answer those whose names do not say that they are about the row (a source, a rationale, another answer).

    Empty where a task has its own places for texts (turns, two answers). Looked for once.
    """
    if ("unread", length) not in dataset.memo:
        dataset.memo["unread", length] = _unread_prose(dataset, length)
    return list(dataset.memo["unread", length])


def _unread_prose(dataset: Dataset, length: float) -> list[str]:
    taken = set(dataset.roles.columns())
    if dataset.task == "sft" and dataset.roles.prompt:
        names = [n for n in _may_hold_prose(dataset, taken) if not about_row(n) and rank(n, _ANSWERS) is None]
        prose = [name for name in names if _is_prose(_facts(dataset, name), nested=plain(name) in PASSAGES)]
        return [name for name in prose if not _repeats(dataset, name)]
    if dataset.task not in ("text", "classification") or not dataset.roles.text:
        return []
    read = max(_facts(dataset, name).median_words for name in dataset.roles.text)
    free = [_facts(dataset, name) for name in _may_hold_prose(dataset, taken)]
    return [f.name for f in free if _is_prose(f) and f.median_words >= length * read]


def told(dataset: Dataset, columns: Sequence[str]) -> str:
    """What that means, and the options that read them as well."""
    role = "text" if dataset.roles.text else "context"
    read = getattr(dataset.roles, role)
    ways = " ".join(f"--role {shlex.quote(f'{role}={name}')}" for name in (*read, *columns))
    few = len(columns) <= _NAMED
    return f"{differing(columns)}, unless you say {ways if few else f'--role {role}=COLUMN for each that is content'}"


def differing(columns: Sequence[str]) -> str:
    """What it means for copies, as a sentence without its end."""
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    hold = "holds" if len(columns) == 1 else "hold"
    return (
        f"{', '.join(columns[:_NAMED])}{more} {hold} prose that no role names: "
        "rows that are nearly the same elsewhere count as copies"
    )


def _repeats(dataset: Dataset, name: str) -> bool:
    """Whether a column mostly holds what is read, or a part of it: a whole prompt by a template, a half of the text."""
    spread = range(0, dataset.n_rows, max(1, dataset.n_rows // _SAMPLE))
    held = dataset.values(name).take(pa.array(spread)).to_pylist()
    same = [False] * len(held)
    for column in (*dataset.roles.prompt, *dataset.roles.completion):
        for k, (here, read) in enumerate(zip(held, dataset.values(column).take(pa.array(spread)).to_pylist(), strict=True)):
            if isinstance(here, str) and isinstance(read, str) and here and len(read.split()) >= _WORDS:
                same[k] |= here in read or read in here
    return 2 * sum(same) > len(same)


def _may_hold_prose(dataset: Dataset, taken: Container[str]) -> list[str]:
    """Columns without a role that are not numbers or dates: counting the distinct ones of those is not for nothing."""
    free = [name for name in dataset.columns if name not in taken]
    return [name for name in free if not pa.types.is_primitive(dataset.values(name).type)]


def _facts(dataset: Dataset, name: str) -> Facts:
    return facts_of(name, Column(dataset.values(name), dataset.is_json(name)))


def _is_prose(fact: Facts, *, nested: bool = False) -> bool:
    read = fact.text_share > 0.5 and not fact.nested
    return (read or nested) and fact.median_words >= _WORDS and fact.distinct_share >= _DISTINCT
