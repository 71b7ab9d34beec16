"""What a model is given beside the text: a system prompt, a passage, choices. Under another setting nothing is a copy.

Roles name one main text; "Which of these is true?" with the same answer is asked a hundred times of other choices, and
dropping ninety-nine of them would be wrong. So two rows of one split are copies (or contradict one another) only where what
such columns say is the same but for white space. A leak stays a leak: a row whose text an evaluation split holds is one
under any setting.

Columns count by their whole names, values by their kind, each row by itself: whether other rows are there changes nothing.
Passages need eight words (a dozen characters where words are not spaced), system prompts two or three, choices must be
several; dates, names of files, ids and facts about the row (`{"session": "a1"}`) say nothing and hide no copies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.content import loaded
from curate.dataset.names import CHOICE_COLUMNS, CHOICES, LETTERS, PASSAGES, SYSTEM, TURNS_BEFORE, plain
from curate.dataset.shapes import is_conversation, is_message
from curate.similarity.exact import exact_groups
from curate.similarity.partners import Ints

_PASSAGE, _LONG = 8, 32
"""Words of a passage; blanks from which on nobody counts words."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LISTED = re.compile(r"(?:^|[\s(])[A-Ea-e1-5][).:]")
_KEYS = frozenset("abcdefghijABCDEFGHIJ0123456789")
_TEXTS = ("text", "content", "option", "choice", "answer", "value")
_SPEAKERS = frozenset(("user", "assistant", "human", "bot", "gpt", "question", "answer", "input", "output", "system"))


def setting_of(dataset: Dataset, threads: int) -> Ints | None:
    """One number a setting; None where no row is given anything beside its text."""
    found: Ints | None = _looked(dataset, threads)[1]
    return found


def settings_of(dataset: Dataset, threads: int = 1) -> list[str]:
    """The columns that say what rows are given beside their text."""
    return list(_looked(dataset, threads)[0])


def untrained(dataset: Dataset) -> list[str]:
    """System prompts and passages, where training reads the prompt alone."""
    if not dataset.roles.prompt or dataset.task not in ("sft", "preference", "unpaired_preference"):
        return []
    whole = [name for name in settings_of(dataset) if not dataset.is_json(name)]
    return [name for name in whole if plain(name) in SYSTEM or plain(name) in PASSAGES]


def _looked(dataset: Dataset, threads: int) -> tuple[list[str], Any]:
    found = dataset.memo.get("setting")
    if found is None:
        n, names = dataset.n_rows, []
        codes = np.zeros(n, np.int64)
        for columns, texts in () if dataset.is_table else _said(dataset):
            blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
            if blank.all():
                continue
            names += columns
            group = exact_groups(texts, threads=threads)
            first = np.where(blank, n, np.where(group >= 0, group, np.arange(n)))
            codes = np.unique(codes * (n + 1) + first, return_inverse=True)[1].reshape(-1).astype(np.int64)
        found = dataset.memo["setting"] = (names, codes if names else None)
    return found


def _said(dataset: Dataset) -> Iterator[tuple[list[str], pa.LargeStringArray]]:
    """Columns, and what they say in each row: empty where that is nothing."""
    taken = set(dataset.roles.columns())
    free = {name: plain(name) for name in dataset.columns if name not in taken}
    for name, known in free.items():
        if known in SYSTEM or known in PASSAGES or known in TURNS_BEFORE or known in CHOICES:
            yield [name], _column(dataset, name, known)
    for family in CHOICE_COLUMNS:
        members = [name for name, known in free.items() if known in family]
        if len(members) > 1:
            yield members, _row_by_row(dataset, members, votes=False)
    for letters in (LETTERS.upper(), LETTERS):
        members = [letter for letter in letters if letter in free]
        if len(members) >= len(LETTERS) - 1:
            yield members, _row_by_row(dataset, members, votes=True)


def _column(dataset: Dataset, name: str, known: str) -> pa.LargeStringArray:
    values = dataset.values(name)
    nested = dataset.is_json(name)
    if not nested and not pa.types.is_large_string(values.type):
        return pa.array([""] * len(values), pa.large_string())
    words = pc.dictionary_encode(values)
    distinct = words.dictionary.cast(pa.large_string())
    blanks = pc.count_substring(distinct, " ").to_numpy(zero_copy_only=False)
    says = np.zeros(len(distinct), np.bool_) if nested else blanks >= _LONG
    for i in np.flatnonzero(~says).tolist():
        value = distinct[i].as_py()
        says[i] = _says(loaded(value) if nested else value, known)
    said = pc.if_else(pa.array(says), distinct, "")
    return pc.fill_null(said.take(words.indices), "")


def _row_by_row(dataset: Dataset, names: list[str], *, votes: bool) -> pa.LargeStringArray:
    """Choices that stand in columns of their own, as JSON. Where columns might hold `votes` or measurements of one thing,
    most of a row's values must differ."""
    columns = []
    for name in names:
        values = dataset.values(name).to_pylist()
        columns.append([loaded(v) if v is not None else None for v in values] if dataset.is_json(name) else values)
    out = []
    for row in zip(*columns, strict=True):
        held = [str(value).strip() for value in row if isinstance(value, str | int | float)]
        filled = [value for value in held if value]
        several = len(filled) > 1 and (not votes or 2 * len(set(filled)) > len(filled))
        out.append(json.dumps(held) if several else "")
    return pa.array(out, pa.large_string())


def _words(text: str) -> int:
    return len(text.split()) + 2 * len(_UNSPACED.findall(text)) // 3


def _says(value: Any, known: str) -> bool:
    """Whether a value is something said or chosen from, not facts about the row."""
    if isinstance(value, str):
        return _words(value) >= SYSTEM.get(known, _PASSAGE) or (known in CHOICES and len(_LISTED.findall(value)) > 1)
    if known in CHOICES:
        return _several(value)
    if is_conversation(value) or is_message(value):
        return True
    if known in TURNS_BEFORE and isinstance(value, list) and value and all(_is_turn(turn) for turn in value):
        return True
    return sum(map(_words, _listed(value))) >= _PASSAGE


def _is_turn(turn: Any) -> bool:
    if isinstance(turn, dict):
        return bool(turn) and set(turn) <= _SPEAKERS
    return isinstance(turn, list) and bool(turn) and all(isinstance(said, str) for said in turn)


def _several(value: Any) -> bool:
    """Whether a nested value is a choice of several; what is null is none of them."""
    if isinstance(value, dict):
        if value and set(value) <= _KEYS:
            value = list(value.values())
        else:
            value = next((value[key] for key in ("text", "choices", "options") if isinstance(value.get(key), list)), None)
    held = [one for one in value if one is not None] if isinstance(value, list) else []
    return len(held) > 1 and all(_is_choice(one) for one in held)


def _is_choice(one: Any) -> bool:
    if isinstance(one, dict):
        return any(key in one for key in _TEXTS)
    return isinstance(one, str | int | float) or (isinstance(one, list) and len(one) == 2 and isinstance(one[1], str))


def _listed(value: Any) -> list[str]:
    """The texts of a list, and of lists in it or under names; a text that stands under a name alone must be a passage."""
    if isinstance(value, list):
        return [text for one in value for text in ([one] if isinstance(one, str) else _listed(one))]
    if isinstance(value, dict):
        alone = [one for one in value.values() if isinstance(one, str) and _words(one) >= _PASSAGE]
        return alone + [text for one in value.values() if not isinstance(one, str) for text in _listed(one)]
    return []
