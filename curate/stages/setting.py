"""What a model is given beside the text: a system prompt, a passage, choices. Under another setting nothing is a copy.

Roles name one main text; "Which of these is true?" with the same answer is asked a hundred times of other choices, and
dropping ninety-nine of them would be wrong. So two rows of one split are copies (or contradict one another) only where what
such columns say is the same but for white space. A leak stays a leak: a row whose text an evaluation split holds is one
under any setting.

Columns count by their whole names, values by their kind, each row by itself: whether other rows are there changes nothing.
Passages need eight words (or a dozen characters beyond ASCII), system prompts two or three, choices must be several; dates,
names of files, ids and facts about the row (`{"session": "a1"}`) say nothing and hide no copies.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.content import loaded
from curate.dataset.names import CHOICE_COLUMNS, CHOICES, LETTERS, PASSAGES, SYSTEM, TURNS_BEFORE, plain
from curate.dataset.shapes import is_conversation
from curate.similarity.exact import exact_groups
from curate.similarity.partners import Ints

_PASSAGE = 8
_SEVERAL = 2
_EXTRA_BYTES = 3
"""Bytes beyond one a character that weigh as much as a word: twelve Chinese characters as eight words."""
_LISTED = r"(?:^|[\s(])[A-Ea-e1-5][).:]"
_ONE = (str, int, float)
_TEXTS = ("text", "content", "option", "choice", "answer", "value")


def setting_of(dataset: Dataset, threads: int) -> Ints | None:
    """One number a setting; None where no row is given anything beside its text."""
    found: Ints | None = _looked(dataset, threads)[1]
    return found


def settings_of(dataset: Dataset, threads: int = 1) -> list[str]:
    """The columns that say what rows are given beside their text."""
    return list(_looked(dataset, threads)[0])


def _looked(dataset: Dataset, threads: int) -> tuple[list[str], Any]:
    found = dataset.memo.get("setting")
    if found is None:
        n, names = dataset.n_rows, []
        codes = np.zeros(n, np.int64)
        for columns, texts in [] if dataset.is_table else _said(dataset):
            blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
            if blank.all():
                continue
            names += columns
            group = exact_groups(texts, threads=threads)
            first = np.where(blank, n, np.where(group >= 0, group, np.arange(n)))
            codes = np.unique(codes * (n + 1) + first, return_inverse=True)[1].reshape(-1).astype(np.int64)
        found = dataset.memo["setting"] = (names, codes if names else None)
    return found


def _said(dataset: Dataset) -> list[tuple[list[str], pa.LargeStringArray]]:
    """Columns, and what they say in each row: empty where that is nothing."""
    taken = set(dataset.roles.columns())
    free = {name: plain(name) for name in dataset.columns if name not in taken}
    kinds = (SYSTEM, PASSAGES, TURNS_BEFORE, CHOICES)
    out = [([name], _column(dataset, name, known)) for name, known in free.items() if any(known in kind for kind in kinds)]
    for family in CHOICE_COLUMNS:
        members = [name for name, known in free.items() if known in family]
        if len(members) >= _SEVERAL:
            out.append((members, _together([_strings(dataset.values(name)) for name in members])))
    letters = [next((name for name in free if name.casefold() == letter), None) for letter in LETTERS]
    if all(name is not None and pa.types.is_large_string(dataset.values(name).type) for name in letters):
        members = [name for name in letters if name is not None]
        choices = [_strings(dataset.values(name)) for name in members]
        # Votes of annotators repeat one another; choices do not.
        differ = np.array([len(set(row)) == len(row) for row in zip(*(c.to_pylist() for c in choices))], np.bool_)
        out.append((members, pc.if_else(pa.array(differ), _together(choices), "")))
    return out


def _column(dataset: Dataset, name: str, known: str) -> pa.LargeStringArray:
    values = dataset.values(name)
    if dataset.is_json(name):
        words = pc.dictionary_encode(values)
        says = [bool(_says(loaded(value), known)) for value in words.dictionary.to_pylist()]
        said = pc.if_else(pa.array(says, pa.bool_()), words.dictionary, "").take(words.indices)
        return _strings(said)
    texts = _strings(values)
    if not pa.types.is_large_string(values.type):
        return pa.array([""] * len(texts), pa.large_string())
    beyond = pc.subtract(pc.binary_length(texts).cast(pa.int64()), pc.utf8_length(texts).cast(pa.int64()))
    weight = pc.add(pc.add(pc.count_substring(texts, " "), pc.count_substring(texts, "\n")), 1)
    weight = pc.add(weight.cast(pa.int64()), pc.divide(beyond, _EXTRA_BYTES))
    if known in CHOICES:
        listed = pc.greater_equal(pc.count_substring_regex(texts, _LISTED), _SEVERAL)
        enough = pc.or_(pc.greater_equal(weight, _PASSAGE), listed)
    else:
        enough = pc.greater_equal(weight, SYSTEM.get(known, _PASSAGE))
    return pc.if_else(enough, texts, "")


def _says(value: Any, known: str) -> bool:
    """Whether a value is something said or chosen from, not facts about the row."""
    if isinstance(value, str):
        words = len(value.split()) + (len(value.encode("utf-8", "replace")) - len(value)) // _EXTRA_BYTES
        return words >= SYSTEM.get(known, _PASSAGE) or (known in CHOICES and len(re.findall(_LISTED, value)) >= _SEVERAL)
    if known in CHOICES:
        return _several(value)
    if is_conversation(value):
        return True
    if known in TURNS_BEFORE:
        return isinstance(value, list) and bool(value) and all(
            isinstance(pair, list) and pair and all(isinstance(said, str) for said in pair) for pair in value
        )  # fmt: skip
    return len(" ".join(_listed(value)).split()) >= _PASSAGE


def _several(value: Any) -> bool:
    """Whether a nested value is a choice of several."""
    if isinstance(value, dict):
        if sorted(value) in ([*"ABCDEFGHIJ"[: len(value)]], [*"abcdefghij"[: len(value)]], [*"123456789"[: len(value)]]):
            value = list(value.values())
        else:
            value = next((value[key] for key in ("text", "choices", "options") if isinstance(value.get(key), list)), None)
    if not isinstance(value, list) or len(value) < _SEVERAL:
        return False
    return all(any(key in one for key in _TEXTS) if isinstance(one, dict) else isinstance(one, _ONE) for one in value)


def _listed(value: Any) -> list[str]:
    """The texts of a list, of lists in it, and of lists under names; texts that stand under names alone are facts."""
    if isinstance(value, list):
        return [text for one in value for text in ([one] if isinstance(one, str) else _listed(one))]
    if isinstance(value, dict):
        return [text for one in value.values() if isinstance(one, list) for text in _listed(one)]
    return []


def _strings(values: pa.Array) -> pa.LargeStringArray:
    if not pa.types.is_large_string(values.type):
        try:
            values = values.cast(pa.large_string())
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            values = pa.array([None if value is None else repr(value) for value in values.to_pylist()], pa.large_string())
    return pc.fill_null(values, "")


def _together(columns: list[pa.LargeStringArray]) -> pa.LargeStringArray:
    return pc.binary_join_element_wise(*columns, pa.scalar(" | ", pa.large_string()))
