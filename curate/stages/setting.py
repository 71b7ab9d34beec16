"""What a model is given beside the text: a system prompt, a passage, the choices. Under another setting nothing is a copy.

Roles name one main text; "Which of these is true?" with the same answer is asked a hundred times of other choices, and
dropping ninety-nine of them would be wrong. So two rows of one split are copies (or contradict one another) only where such
columns agree as well. A leak stays a leak: a row whose text an evaluation split holds is one under any setting.

A row whose very text stands in an earlier row under another setting meets nearly equal texts only through that row, so near
copies of it may be kept.

Columns count by their whole names and their kind, never by how often values repeat: a note, a title or an id beside the
text hides no copies.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.content import loaded
from curate.dataset.names import CHOICE_FAMILIES, SETTINGS, plain
from curate.dataset.shapes import is_conversation
from curate.similarity.exact import exact_groups
from curate.similarity.near import Edges, NearConfig
from curate.similarity.pairs import similarity_of_pairs
from curate.similarity.partners import Ints

_LOOKED_AT = 200
_TEXTS = (str, list)
_SAID = ("text", "content", "option", "choice", "answer", "passage")
_PROSE = 3
"""Words that a value of a column must have on average: `document` may hold a text, or only its number."""


def settings_of(dataset: Dataset) -> dict[str, pa.LargeStringArray]:
    """The columns that belong to what rows are given, beside those that play a role; values as text."""
    if dataset.is_table:
        return {}
    taken = set(dataset.roles.columns())
    free = {plain(name): name for name in dataset.columns if name not in taken}
    found = [name for known, name in free.items() if known in SETTINGS and _given(dataset, name)]
    for family in CHOICE_FAMILIES:
        members = [free[known] for known in family if known in free]
        found += members if len(members) > 1 else []
    return {name: _text(dataset.values(name)) for name in dict.fromkeys(found)}


def setting_codes(dataset: Dataset, threads: int) -> Ints | None:
    """One number a setting; None where the data has no such columns. Values that differ in white space alone are one."""
    settings = settings_of(dataset)
    if not settings:
        return None
    codes = np.zeros(dataset.n_rows, np.int64)
    for texts in settings.values():
        group = exact_groups(texts, threads=threads)
        first = np.where(group >= 0, group, np.arange(dataset.n_rows))
        codes = apart(codes, first)
    return codes


def apart(classes: Ints, codes: Ints | None) -> Ints:
    """The first row of each class and code: `classes` told apart by `codes`, or as they are where there are none."""
    if codes is None or not len(classes):
        return classes
    key = classes * (int(codes.max()) + 1) + codes
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    heads: Ints = first[which.reshape(-1)].astype(np.int64)
    return heads


def setting_similarity(dataset: Dataset, edges: Edges, engine: NearConfig, threads: int) -> Any:
    """float32: how alike the least similar of these columns is in each pair; 1 where there are none."""
    least = np.ones(len(edges), np.float32)
    for texts in settings_of(dataset).values():
        alike = similarity_of_pairs(
            texts, edges.a, edges.b, words=engine.words, template_share=engine.template_share, seed=engine.seed,
            unit=engine.unit, threads=threads,
        )
        least = np.minimum(least, alike)
    return least


def _given(dataset: Dataset, name: str) -> bool:
    """Whether a column holds texts, turns or choices, not numbers, names or facts about the row."""
    values = dataset.values(name)
    if dataset.is_json(name):
        held = pc.drop_null(values)
        some = np.unique(np.linspace(0, max(len(held) - 1, 0), _LOOKED_AT).astype(np.int64))[: len(held)]
        said = [_says(value) for value in map(loaded, held.take(pa.array(some)).to_pylist()) if value]
        return sum(said) * 2 > len(said)
    if not pa.types.is_large_string(values.type):
        return False
    words = pc.mean(pc.add(pc.count_substring_regex(pc.drop_null(values), r"\S\s+\S"), 1)).as_py()
    return words is not None and words >= _PROSE


def _says(value: Any) -> bool:
    """Whether a nested value is something said or chosen from, not facts about the row: turns, lists of texts, and choices
    under letters; not `{"session": "a1", "at": "2024-01-01"}`."""
    if isinstance(value, str):
        return len(value.split()) >= _PROSE
    if isinstance(value, dict):
        members = list(value.values())
        if value and all(len(key) == 1 for key in value):
            return all(isinstance(member, str) for member in members)
        return any(isinstance(member, list) and _says(member) for member in members)
    if not isinstance(value, list):
        return False
    if is_conversation(value):
        return True
    return bool(value) and all(
        any(isinstance(member.get(key), str) for key in _SAID) if isinstance(member, dict) else isinstance(member, _TEXTS)
        for member in value
    )


def _text(values: pa.Array) -> pa.LargeStringArray:
    return pc.fill_null(values.cast(pa.large_string()), "")
