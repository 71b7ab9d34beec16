"""Which rows have a label that can be judged from the text, and why the others have not.

Left out: rows without label or text, and classes with too few rows to leave any out of a fold. Nothing can be judged when
one class is left, when almost every row has a label of its own (an id), or when rows x classes would not fit in memory:
then StageSkipped carries the reason. Arrays and strings in, arrays out; O(n).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import StageSkipped

FEWEST_ROWS = 20
MAX_CELLS = 60_000_000
"""Most rows x classes that are worked on: about 2 GB at the peak."""


@dataclass(frozen=True)
class JudgedRows:
    """The m rows whose labels can be judged, as the engines take them."""

    rows: npt.NDArray[np.int64]
    """`(m,)` row numbers, ascending."""
    codes: npt.NDArray[np.int64]
    """`(m,)` positions in `names`."""
    names: list[str]
    groups: npt.NDArray[np.int64]
    """`(m,)` near-duplicate clusters; a row outside any has one of its own."""
    left_out: dict[str, int]


def judged_rows(
    labels: Any, texts: Any, clusters: Any, min_class_rows: int, most_rows: int = 0, seed: int = 0
) -> JudgedRows:
    """Rows with text and a label of a class of at least `min_class_rows`; raises StageSkipped when that leaves nothing.

    With `most_rows` about that many of them, drawn from every class by its share, small classes nearly whole.
    """
    encoded = labels.dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    n = len(encoded)
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    names = np.asarray(encoded.dictionary.to_pylist(), dtype=object)
    labelled = int((codes >= 0).sum())
    if labelled < FEWEST_ROWS:
        raise StageSkipped(f"rows with a label: {labelled}; at least {FEWEST_ROWS} are needed to judge labels")
    if len(names) < 2:
        raise StageSkipped("all rows have the same label")
    if is_like_an_id(labels):
        raise StageSkipped(
            f"the label column has {len(names)} values on {labelled} rows: it reads like an id or free text, not a class"
        )
    # Codes follow the names in sorted order, so that the order of rows does not choose them.
    order = np.argsort(names.astype(str), kind="stable")
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    names = names[order]
    codes = np.where(codes >= 0, place[codes], -1)
    large = np.bincount(codes[codes >= 0], minlength=len(names)) >= min_class_rows
    if large.sum() < 2:
        raise StageSkipped(f"fewer than two classes have {min_class_rows} rows or more")
    in_large = (codes >= 0) & large[codes]
    has_text = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(in_large & has_text)
    drawn = stratified(codes[rows], most_rows, seed) if 0 < most_rows < len(rows) else np.arange(len(rows))
    not_drawn = len(rows) - len(drawn)
    rows = rows[drawn]
    present, compact = np.unique(codes[rows], return_inverse=True)
    if len(present) < 2:
        raise StageSkipped("the labelled rows of all but one class have no text")
    group = np.arange(n) if clusters is None else np.asarray(clusters, dtype=np.int64)
    group = np.where(group < 0, n + np.arange(n), group)[rows]
    if len(np.unique(group)) < FEWEST_ROWS:
        raise StageSkipped("nearly all labelled rows are near-duplicates of one another")
    if len(rows) * len(present) > MAX_CELLS:
        raise StageSkipped(
            f"{len(rows):,} rows with {len(present):,} classes are more than fits in memory; "
            f"{_part_that_fits(np.bincount(codes[in_large & has_text]))}"
        )
    left_out = {
        "without_label": int((codes < 0).sum()),
        "in_small_classes": int(((codes >= 0) & ~large[codes]).sum()),
        "without_text": int((in_large & ~has_text).sum()),
        **({"not_drawn": not_drawn} if not_drawn else {}),
    }
    return JudgedRows(rows, compact.astype(np.int64), [str(c) for c in names[present]], group, left_out)


def _part_that_fits(size: npt.NDArray[np.int64]) -> str:
    """What to set so that a part of classes of these sizes is judged: fewer rows of each, or also only the larger ones."""
    size = np.sort(size[size > 0])[::-1]
    fewest = np.cumsum(np.minimum(size, FEWEST_ROWS))  # rows that a sample takes of the first classes at least
    fits = int((fewest * np.arange(1, len(size) + 1) <= MAX_CELLS).sum())
    least = 0 if fits == len(size) else int(size[fits]) + 1  # classes of one size stay or go together
    kept = size[size >= least]
    if len(kept) < 2:
        return "join classes that mean alike, or judge some of the classes at a time"
    asked = MAX_CELLS // len(kept)
    if _shares(kept, asked).sum() * len(kept) > MAX_CELLS:
        asked = max(1, asked - int(fewest[len(kept) - 1]))
    if not least:
        return f"with sample_rows = {asked:,} in [stages.label_issues] a part of them is judged"
    return (
        f"with min_class_rows = {least:,} and sample_rows = {asked:,} in [stages.label_issues] the {len(kept):,} larger "
        "classes are judged"
    )


def _shares(size: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """Rows to draw of each class."""
    found: npt.NDArray[np.int64] = np.maximum(np.minimum(size, FEWEST_ROWS), most * size // size.sum())
    return found


def is_like_an_id(labels: Any) -> bool:
    """Whether more than half of `FEWEST_ROWS` labels or more have a value of their own: an id, or free text."""
    known = pc.drop_null(labels)
    return len(known) >= FEWEST_ROWS and len(pc.unique(known)) > len(known) / 2


def stratified(codes: npt.NDArray[np.int64], most: int, seed: int) -> npt.NDArray[np.int64]:
    """Places of about `most` rows, ascending: of every class its share, and at least `FEWEST_ROWS` where it has them."""
    size = np.bincount(codes)
    share = _shares(size, most)
    shuffled = np.random.default_rng(seed).permutation(len(codes))
    shuffled = shuffled[np.argsort(codes[shuffled], kind="stable")]
    first = np.cumsum(size) - size
    taken = np.arange(len(codes)) - first[codes[shuffled]] < share[codes[shuffled]]
    return np.sort(shuffled[taken])
