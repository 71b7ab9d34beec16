"""What a model is given beside the text: a system prompt, a passage, choices. Under another setting nothing is a copy.

Roles name one main text; "Which of these is true?" with the same answer is asked a hundred times of other choices, and
dropping ninety-nine of them would be wrong. So two rows of one split are copies (or contradict one another) only where what
such columns say is the same but for white space. A row whose text an evaluation split holds is a leak under any system
prompt, and beside any column that has no role; where passages, choices or turns have the role `context`, they are a part
of what is asked, and a row of another context is no leak. Nor is one of another system prompt where the same is asked again
and again ("Summarise this."), each time under another: then that is what it is about.

What such a column says, and that a date or an id under its name says nothing, is decided value by value
(`curate.dataset.given`), each row by itself; only what is asked again and again is counted, in all rows. A column of
another name that the role `context` was given to counts wherever it is filled. So do further answers or conversations
beside those that are read (`response_0` and `response_1`, `conversation_b`), and prose without a role where the texts that
are read come twice in the mean or more often (a document beside each of many claims), and lists of labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.column import Column
from curate.dataset.content import as_text, loaded
from curate.dataset.given import answers_side_by_side, choice_columns, filled_choices, opened, says
from curate.dataset.names import CHOICES, PASSAGES, SYSTEM, TURNS_BEFORE, about_row, plain
from curate.dataset.unread import unread_prose
from curate.similarity.exact import exact_groups
from curate.similarity.partners import Ints

_ASKED_OFTEN = 5
"""System prompts under which the same is asked, from which on the question says nothing by itself."""
_LISTS_OF_LABELS = ("label", "labels", "_tags")
"""How names of columns end that hold the labels of a row as a list, which the role of one label does not read."""
_LONG = 32
"""Blanks from which on nobody counts words."""


def setting_of(dataset: Dataset, threads: int) -> Ints | None:
    """One number a setting; None where no row is given anything beside its text."""
    found: Ints | None = _looked(dataset, threads)[1]
    return found


def setting_across(dataset: Dataset, threads: int) -> Ints | None:
    """One number for what rows of different splits must have in common; None where no role names anything of the kind."""
    found: Ints | None = _looked(dataset, threads)[2]
    return found


def settings_of(dataset: Dataset, threads: int = 1) -> list[str]:
    """The columns that say what rows are given beside their text."""
    return list(_looked(dataset, threads)[0])


def untrained(dataset: Dataset) -> list[str]:
    """System prompts and passages that training could read, and does not."""
    if dataset.task == "text":
        return []
    whole = [name for name in settings_of(dataset) if not dataset.is_json(name) and name not in dataset.roles.context]
    return [name for name in whole if plain(name) in SYSTEM or plain(name) in PASSAGES]


def unread(dataset: Dataset) -> list[str]:
    """Columns of prose that no role names and that do not tell rows apart either."""
    found = unread_prose(dataset)
    return [name for name in found if name not in settings_of(dataset)] if found else []


def _looked(dataset: Dataset, threads: int) -> tuple[list[str], Any, Any]:
    found = dataset.memo.get("setting")
    if found is None:
        n, names = dataset.n_rows, []
        codes, across = np.zeros(n, np.int64), None
        persona = {name for name in dataset.roles.context if plain(name) in SYSTEM}
        about = set(dataset.roles.context) - persona
        for columns, texts in () if dataset.is_table else _said(dataset):
            blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
            if blank.all():
                continue
            names += columns
            group = exact_groups(texts, threads=threads)
            first = np.where(blank, n, np.where(group >= 0, group, np.arange(n)))
            codes = _both(codes, first)
            if persona.intersection(columns):
                first = np.where(_contents(dataset, first, threads), first, n)  # else it is a persona
            if about.intersection(columns) or (persona.intersection(columns) and (first < n).any()):
                across = _both(np.zeros(n, np.int64) if across is None else across, first)
        found = dataset.memo["setting"] = (names, codes if names else None, across)
    return found


def _contents(dataset: Dataset, first: Ints, threads: int) -> Any:
    """bool: rows whose system prompt is what they are about: the same is asked in several rows ("Summarise this."), under
    nearly as many system prompts. A question that is asked once or twice under each of a few personas is none of them.

    `first`: the first row with the system prompt of each, the number of rows where there is none.
    """
    if dataset.origin is not None and "contents" in dataset.origin[0].memo:  # as it was before some of the rows went
        found: Any = dataset.origin[0].memo["contents"][dataset.origin[1]]
        return found
    n, prompts = len(first), dataset.prompt()
    if prompts is None or len(np.unique(first)) <= _ASKED_OFTEN:
        return np.zeros(n, np.bool_)
    group = exact_groups(prompts, threads=threads)
    asked = np.where((group >= 0) & (first < n), group, n)
    rows = np.bincount(asked, minlength=n + 1)
    kinds: Any = np.bincount(np.unique(asked * (n + 1) + first) // (n + 1), minlength=n + 1)
    generic = (kinds >= _ASKED_OFTEN) & (4 * kinds >= 3 * rows)
    generic[n] = False
    dataset.memo["contents"] = generic[asked]
    return dataset.memo["contents"]


def _both(codes: Ints, more: Ints) -> Ints:
    """One number for two; `more` is at most the number of rows."""
    both: Ints = np.unique(codes * (len(more) + 1) + more, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return both


def _said(dataset: Dataset) -> Iterator[tuple[list[str], pa.LargeStringArray]]:
    """Columns, and what they say in each row: empty where that is nothing."""
    taken = {name for role, columns in dataset.roles.items() if role != "context" for name in columns}
    free = {name: plain(name) for name in dataset.columns if name not in taken}
    grouped, answers = list(choice_columns(list(free))), answers_side_by_side(dataset.columns, taken)
    prose = _told_by_prose(dataset)
    together = {name for members, _ in grouped for name in members}
    for name, known in free.items():
        if known in SYSTEM or known in PASSAGES or known in TURNS_BEFORE or known in CHOICES:
            yield [name], _column(dataset, name, known)
        elif name in answers and name not in together:
            yield [name], _column(dataset, name, "system")  # as few words
        elif name in prose or (dataset.is_json(name) and known.endswith(_LISTS_OF_LABELS)):
            yield [name], dataset.texts(name).fill_null("")
        elif name in dataset.roles.context and name not in together:
            yield [name], as_text(Column(dataset.values(name), dataset.is_json(name))).fill_null("")
    for members, votes in grouped:
        yield members, _row_by_row(dataset, members, votes=votes)


def _told_by_prose(dataset: Dataset) -> list[str]:
    """Prose without a role where the texts that are read come again and again: each document beside many claims."""
    if dataset.task not in ("text", "classification") or not (found := unread_prose(dataset, 0)):
        return []
    found = [name for name in found if not about_row(name)]
    texts = dataset.content()
    if dataset.origin is not None:
        texts = dataset.origin[0].content()  # as it was before some of the rows went
    return found if 2 * pc.count_distinct(texts).as_py() < len(texts) else []


def _column(dataset: Dataset, name: str, known: str) -> pa.LargeStringArray:
    values = dataset.values(name)
    nested = dataset.is_json(name)
    if not nested and not pa.types.is_large_string(values.type):
        return pa.array([""] * len(values), pa.large_string())
    words = pc.dictionary_encode(values)
    distinct = words.dictionary.cast(pa.large_string())
    blanks = pc.count_substring(distinct, " ").to_numpy(zero_copy_only=False)
    said = np.zeros(len(distinct), np.bool_) if nested else blanks >= _LONG
    for i in np.flatnonzero(~said).tolist():
        value = distinct[i].as_py()
        said[i] = says(loaded(value) if nested else opened(value), known)
    kept = pc.if_else(pa.array(said), distinct, "")
    return pc.fill_null(kept.take(words.indices), "")


def _row_by_row(dataset: Dataset, names: list[str], *, votes: bool) -> pa.LargeStringArray:
    """Choices that stand in columns of their own, as JSON."""
    columns = []
    for name in names:
        values = dataset.values(name).to_pylist()
        columns.append([loaded(v) if v is not None else None for v in values] if dataset.is_json(name) else values)
    rows = (filled_choices(row, votes=votes) for row in zip(*columns, strict=True))
    return pa.array([json.dumps(row) if row else "" for row in rows], pa.large_string())
