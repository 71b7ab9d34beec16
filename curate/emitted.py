"""Where the replacements of a plan stand in curated text.

A second look at curated data meets what curation itself wrote: a made-up telephone number looks like one, and is meant to.
What lies wholly inside a replacement is therefore not left over. The place decides, never the value: the same text
anywhere else counts. Cost: proportional to the edits of the rows asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.ledger.apply import Curated

Range = tuple[int, int]
Places = dict[tuple[int, str], list[Range]]
Spans = dict[tuple[int, str], list[tuple[int | None, int | None, int]]]


def _spans(curated: Curated, rows: npt.NDArray[np.int64]) -> Spans:
    """(raw row, field) -> applied replacements: start and end in the raw text (None: all of it), size of the new text."""
    table = curated.plan.applied("replace").select(["row", "field", "start", "end", "replacement"])
    table = table.filter(pc.is_in(table["row"], value_set=pa.array(np.unique(rows), pa.int64())))
    out: Spans = defaultdict(list)
    for row, field, start, end, new in zip(*(table[c].to_pylist() for c in table.column_names)):
        out[row, field].append((start, end, len(new or "")))
    return out


def replaced_places(curated: Curated, rows: npt.NDArray[np.int64]) -> Places:
    """(raw row, field) -> ranges of code points in the curated text that hold a replacement, for some raw rows."""
    out: Places = {}
    for place, spans in _spans(curated, rows).items():
        if any(start is None for start, _, _ in spans):  # the whole text was replaced
            out[place] = [(0, max(size for _, _, size in spans))]
        else:
            out[place] = _moved([(a, b, size, True) for a, b, size in spans if a is not None and b is not None])
    return out


def _moved(edits: Sequence[tuple[int, int, int, bool]]) -> list[Range]:
    """Where the wanted ones of some edits (start, end, size of the new text) stand once all are made."""
    moved, ranges = 0, []
    for start, end, size, wanted in sorted(edits):
        if wanted:
            ranges.append((start + moved, start + moved + size))
        moved += size - (end - start)
    return ranges


def inside_replacements_of_added(found: pa.Table, curated: Curated) -> npt.NDArray[np.bool_]:
    """For findings about the added rows, by their number: whether each lies wholly inside a replacement that its row took
    over from its parent. A row of its own took none over."""
    spans, places = _spans(curated, curated.parents), replaced_places(curated, curated.parents)
    bodies = curated.derivations()
    out = np.zeros(found.num_rows, np.bool_)
    for at, (row, field, start, end) in enumerate(zip(*(found[c].to_pylist() for c in ("row", "field", "start", "end")))):
        body, parent = bodies[row], int(curated.parents[row])
        if body is None or start is None:
            continue
        ranges = places.get((parent, field), [])
        if field in body["edits"]:  # its own changes move what it took over
            kept = [(a, b, size, True) for a, b, size in spans.get((parent, field), ()) if a is not None and b is not None]
            ranges = _moved([*kept, *((a, b, len(new), False) for a, b, new in body["edits"][field])])
        out[at] = any(first <= start and end <= last for first, last in ranges)
    return out


def inside_replacements(found: pa.Table, curated: Curated) -> npt.NDArray[np.bool_]:
    """For findings about the curated rows: whether each lies wholly inside one replacement."""
    out = np.zeros(found.num_rows, np.bool_)
    spanned = np.flatnonzero(np.asarray(pc.and_(pc.is_valid(found["start"]), pc.is_valid(found["row"]))))
    if not len(spanned):
        return out
    some = found.take(pa.array(spanned))
    rows = curated.rows[some["row"].to_numpy()]
    places = replaced_places(curated, rows)
    columns = (some[name].to_pylist() for name in ("field", "start", "end"))
    for at, row, field, start, end in zip(spanned.tolist(), rows.tolist(), *columns):
        out[at] = any(first <= start and end <= last for first, last in places.get((row, field), ()))
    return out
