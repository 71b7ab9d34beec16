"""Where the replacements of a plan stand in curated text.

A second look at curated data meets what curation itself wrote: a made-up telephone number looks like one, and is meant to.
What lies wholly inside a replacement is therefore not left over. The place decides, never the value: the same text
anywhere else counts. Cost: proportional to the edits of the rows asked about.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curate.ledger.apply import Curated

Places = dict[tuple[int, str], list[tuple[int, int]]]


def replaced_places(curated: Curated, rows: npt.NDArray[np.int64]) -> Places:
    """(raw row, field) -> ranges of code points in the curated text that hold a replacement, for some raw rows."""
    table = curated.plan.applied("replace").select(["row", "field", "start", "end", "replacement"])
    table = table.filter(pc.is_in(table["row"], value_set=pa.array(np.unique(rows), pa.int64())))
    edits = defaultdict(list)
    for row, field, start, end, new in zip(*(table[c].to_pylist() for c in table.column_names)):
        edits[row, field].append((start, end, len(new or "")))
    out: Places = {}
    for place, spans in edits.items():
        if any(start is None for start, _, _ in spans):  # the whole text was replaced
            out[place] = [(0, max(size for _, _, size in spans))]
            continue
        moved, ranges = 0, []
        for start, end, size in sorted(spans):
            ranges.append((start + moved, start + moved + size))
            moved += size - (end - start)
        out[place] = ranges
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
