"""Gold spans of curated rows: an edit of a text moves the spans behind it, and a name keeps its label as a placeholder.

Where spans are tags beside tokens, edits are inside of tokens and the tags stay as they are. Where they are offsets into
one text column, each applied edit moves them (`train.spans.moved`); an edit of a whole text is taken apart into the words
that differ. Rows whose text is put together from several columns are left out where an edit changed it, and so are added
rows: nobody marked spans in them. Cost: linear in rows, and the product of its words before and after for an edit of a
whole text.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.house import require
from curate.ledger.apply import Curated
from curate.recipe import Recipe
from curate.words import plural

if TYPE_CHECKING:
    from train.examples import Examples

_PARTS = re.compile(r"\s+|\w+|[^\w\s]")
Edit = tuple[int, int, int]
"""Start and end in the text before, and the length of what stands there now, in code points."""


def spans_column(recipe: Recipe) -> str:
    """The column of gold spans; empty where the recipe trains no extraction."""
    return str(recipe.train.get("spans_column") or "")


def with_spans(
    curated: Curated, column: str, rows: np.ndarray, group: np.ndarray, weights: np.ndarray | None = None
) -> Examples:
    """The rows among the raw ones in `rows` that stay, as they are now; raises `DataError` where none holds a span.

    `group` has one number a raw row, `weights` one a row of `curated.with_added()`.
    """
    from_dataset = require("train.examples").from_dataset
    dataset, kept = curated.raw, curated.rows
    mine = np.isin(kept, rows)
    own = None if weights is None else weights[: len(kept)]
    if require("train.spans").holds_tags(dataset, column):
        tagged: Examples = from_dataset(
            curated.dataset(), rows=np.flatnonzero(mine), ids=kept, clusters=group[kept], weights=own, spans_column=column
        )
        return tagged
    by_row = None
    if own is not None:
        by_row = np.zeros(dataset.n_rows)
        by_row[kept] = own
    found: Examples = from_dataset(dataset, rows=kept[mine], clusters=group, weights=by_row, spans_column=column)
    return _moved(curated, found)


def _moved(curated: Curated, rows: Examples) -> Examples:
    dataset = curated.raw
    one = len(dataset.roles.text) == 1 and dataset.task in ("classification", "text")
    place = dataset.pointer_of(dataset.roles.text[0]) if one else ""
    touched = [i for i, row in enumerate(rows.ids.tolist()) if row in curated.edits]
    if not touched:
        return rows
    texts, spans, stays = list(rows.texts), list(rows.spans), np.ones(len(rows), bool)
    at = {int(row): i for i, row in enumerate(curated.rows)}
    now = curated.dataset().content()
    edits = _edits(curated, place) if place else {}
    shift = require("train.spans").moved
    for i in touched:
        row = int(rows.ids[i])
        text = now[at[row]].as_py()
        if text == texts[i]:
            continue
        if row not in edits or text != curated.edits[row].get(place):
            stays[i] = False
            continue
        spans[i] = shift(spans[i], _apart(texts[i], text, edits[row]))
        texts[i] = text
    found = dataclasses.replace(rows, texts=tuple(texts), spans=tuple(spans))
    if stays.all():
        return found
    gone = int((~stays).sum())
    were = "was edited where its spans" if gone == 1 else "were edited where their spans"
    note = f"{plural(gone, 'row')} {were} cannot be followed, and {'is' if gone == 1 else 'are'} left out."
    return dataclasses.replace(found.take(np.flatnonzero(stays)), notes=(*rows.notes, note))


def _edits(curated: Curated, place: str) -> dict[int, list[Edit | None]]:
    """The applied edits of a field by row; None for one of the whole field."""
    table = curated.plan.applied("replace")
    table = table.filter(pc.equal(table["field"].cast(pa.string()), place))
    found: dict[int, list[Edit | None]] = {}
    for row, start, end, new in zip(*(table[c].to_pylist() for c in ("row", "start", "end", "replacement")), strict=True):
        found.setdefault(row, []).append(None if start is None else (start, end, len(new or "")))
    return found


def _apart(before: str, after: str, edits: Iterable[Edit | None]) -> list[Edit]:
    known = list(edits)
    whole = [edit for edit in known if edit is not None]
    return whole if len(whole) == len(known) else list(_differences(before, after))


def _differences(before: str, after: str) -> Iterator[Edit]:
    """Where two texts differ, word by word."""
    old, new = _PARTS.findall(before), _PARTS.findall(after)
    ends = np.concatenate([[0], np.cumsum([len(part) for part in old])]).astype(int).tolist()
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield ends[a], ends[b], sum(len(part) for part in new[c:d])
