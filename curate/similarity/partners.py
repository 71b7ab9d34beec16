"""Who may stand in for whom: partners of a row among rows that say the same.

Rules. A row may go for a row of an earlier-ranked split (evaluation before training), whatever the labels; inside
one split, for a row with the same canonical label that is given the same beside its text (its setting: a system prompt, a
passage, choices). Two labelled rows of one split and setting that say the same under different labels are a conflict,
never a copy.

Method: rows are sorted once by (class, split, setting, label, row) as packed integers; each question is a binary search.
Shapes: `classes` int64 (row): the first row that says the same; `split` int8: 0 test, 1 validation, 2 other, 3
train; `label` int32, -1 where none; `setting` int64, or None where all rows have the same.
Complexity: O((rows + questions) log rows). Limits: fewer than 2^30 rows and labels.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]

SPLIT_RANKS = {"test": 0, "validation": 1, "train": 3}
OTHER_SPLIT = 2
TRAIN = 3


def split_ranks(splits: pa.Array | None, n_rows: int) -> NDArray[np.int8]:
    """Rank of each row's split; train where there is none."""
    if splits is None:
        return np.full(n_rows, TRAIN, np.int8)
    words = pc.dictionary_encode(splits)
    ranks = [SPLIT_RANKS.get(name, OTHER_SPLIT) for name in words.dictionary.to_pylist()]
    table = np.array([*ranks, TRAIN], np.int8)  # the last one serves nulls
    return table[words.indices.fill_null(len(ranks)).to_numpy(zero_copy_only=False)]  # type: ignore[no-any-return]


_JOINING = re.compile(r"(?<=[^\W\d_])-+(?=\w)|(?<=\w)-+(?=[^\W\d_])")
"""Hyphens between words, or between a word and a number."""


def fold_label(label: str) -> str:
    """A label as it is compared: `Refund Request` equals `refund_request`. Signs of numbers stay: `-1` is not `1`."""
    plain = unicodedata.normalize("NFKC", label).casefold()
    return " ".join(_JOINING.sub(" ", plain).replace("_", " ").split()) or plain


def label_codes(labels: pa.Array | None, n_rows: int) -> NDArray[np.int32]:
    """One number a canonical label, -1 where a row has none; not to be written to (one place serves all where none has)."""
    if labels is None:
        return np.broadcast_to(np.int32(-1), n_rows)
    if isinstance(labels, pa.ChunkedArray):
        labels = labels.combine_chunks()
    words = pc.dictionary_encode(labels)
    names = [fold_label(name) for name in words.dictionary.to_pylist()]
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    table = np.array([*(number[name] for name in names), -1], np.int32)
    return table[words.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)]  # type: ignore[no-any-return]


def codes_under(label: NDArray[np.int32], setting: Ints | None) -> tuple[Ints, Ints]:
    """(one number a setting and label, ordered by setting and label; the first number of a label under each row's setting).

    Inside a split, rows of one number may go for each other. Without settings: the label's code and 1, and 1; in as few
    bytes as hold them, and not to be written to.
    """
    if setting is None:
        few = np.min_scalar_type(-3 - int(label.max(initial=0))).type  # signed, and with room for one more
        ones = np.broadcast_to(few(1), len(label))
        same = len(label) > 0 and label.strides == (0,)
        return np.broadcast_to(few(label[0] + 1), len(label)) if same else (label + 1).astype(few), ones
    labels = int(label.max(initial=-1)) + 2
    known, code = np.unique(setting * labels + label + 1, return_inverse=True)
    return code.reshape(-1).astype(np.int64), np.searchsorted(known, setting * labels + 1)


@dataclass(frozen=True)
class Partners:
    """Answers about partners; every answer is a row, or -1."""

    classes: Ints
    split: NDArray[np.int8]
    label: NDArray[np.int32]
    setting: Ints | None = None

    def _key(self, classes: Ints, split: Ints, code: Ints) -> Ints:
        return (classes << 33) | (split << 31) | code

    @cached_property
    def _codes(self) -> tuple[Ints, Ints]:
        return codes_under(self.label, self.setting)

    @cached_property
    def key(self) -> Ints:
        """Class, split, setting and label of each row in one integer."""
        return self._key(self.classes, self.split.astype(np.int64), self._codes[0])

    @cached_property
    def _by_label(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.key, kind="stable")
        return self.key[order], order

    @cached_property
    def _by_split(self) -> tuple[Ints, Ints]:
        key = self.key >> 31
        order = np.argsort(key, kind="stable")
        return key[order], order

    def evaluation(self, rows: Ints, classes: Ints) -> Ints:
        """For each row, the first row of `classes` in the earliest split, where that is earlier than the row's own."""
        key, order = self._by_split
        at = np.minimum(np.searchsorted(key, classes << 2), len(key) - 1)
        found = ((key[at] >> 2) == classes) & ((key[at] & 3) < self.split[rows])
        return np.where(found, order[at], -1)

    def same_label(self, rows: Ints, classes: Ints) -> Ints:
        """For each row, the first *other* row of `classes` in its split with its setting and label."""
        key, order = self._by_label
        wanted = self._key(classes, self.split[rows].astype(np.int64), self._codes[0][rows])
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        itself = (key[at] == wanted) & (order[at] == rows)
        at = np.minimum(at + itself, len(key) - 1)
        return np.where((key[at] == wanted) & (order[at] != rows), order[at], -1)

    def conflict(self, rows: Ints, classes: Ints) -> Ints:
        """For each labelled row, a row of `classes` in its split and setting with another label."""
        key, order = self._by_label
        split = self.split[rows].astype(np.int64)
        label = self.label[rows].astype(np.int64)
        own, first = (codes[rows] for codes in self._codes)
        out = np.full(len(rows), -1, np.int64)
        for wanted in (first, own + 1):  # the first label of all, then the first after its own
            at = np.minimum(np.searchsorted(key, self._key(classes, split, wanted)), len(key) - 1)
            same = (key[at] >> 31) == ((classes << 2) | split)
            if self.setting is not None:
                same &= self.setting[order[at]] == self.setting[rows]
            found = same & (self.label[order[at]] >= 0) & (self.label[order[at]] != label) & (label >= 0)
            out = np.where((out < 0) & found, order[at], out)
        return out
