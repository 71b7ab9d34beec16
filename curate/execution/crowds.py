"""The tasks about crowded buckets, and the two that answer and verify.

The leader procedure of `curate.similarity.buckets` goes through the bands one after another, so it cannot be cut by
bucket. It can be cut by rows: what it does in a crowded bucket depends on that bucket's rows, their keys and sets, and
on what crowded buckets did to the same rows before; small buckets neither read nor change any of that. Crowded buckets
that share a row, directly or through others, are one component, and a component given to `compare_buckets` on its own
yields the edges that it yields among all rows. Components are packed whole into groups of about `group_rows` rows.

Cost: one task holds 20 bytes for every row of the job while it finds the components (union-find over the buckets'
members, read one file after another); a group's task holds the sets of its rows. A component larger than `group_rows`
is one task however large it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit

from curate.execution.job import Job, load_job
from curate.execution.shuffle import Columns, Ints, file_of, gather, read_segment, write_parted, write_segments
from curate.execution.steps import (
    EDGES,
    MEMBERS,
    Counts,
    RowSets,
    answer_with_sets,
    ask_for,
    band_keys,
    collect_sets,
    own_sets,
    sets_for,
    templates_in,
)
from curate.parallel import no_progress
from curate.similarity.buckets import Buckets, compare_buckets
from curate.similarity.near import judged
from curate.similarity.sets import score_pairs
from curate.similarity.templates import Templates

GROUP_OF = pa.schema([("group", pa.int32())])
GROUPS = pa.schema([("rows", pa.int64())])


def groups_of(job: Job) -> int:
    """How many groups of crowded buckets there are."""
    return int(read_segment(file_of(job.folder, "groups", 0), 0).num_rows)


@njit(cache=True, nogil=True)
def _root(parent, i):  # type: ignore[no-untyped-def]
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True)
def _join(parent, number, row):  # type: ignore[no-untyped-def]
    """Join the rows of each bucket, whose records stand together; a row that is -1 has not been seen before."""
    for k in range(row.size):
        if parent[row[k]] < 0:
            parent[row[k]] = row[k]
        if k > 0 and number[k] == number[k - 1]:
            i, j = _root(parent, row[k - 1]), _root(parent, row[k])
            parent[max(i, j)] = min(i, j)


@njit(cache=True, nogil=True)
def _pack(parent, most, group):  # type: ignore[no-untyped-def]
    """`group` of each row that was seen: components in the order of their first rows, packed whole; returns the sizes."""
    size = np.zeros(parent.size, np.int64)
    for i in range(parent.size):
        if parent[i] >= 0:
            size[_root(parent, i)] += 1
    sizes = [np.int64(0)]
    for i in range(parent.size):
        if parent[i] == i:
            if sizes[-1] > 0 and sizes[-1] + size[i] > most:
                sizes.append(np.int64(0))
            sizes[-1] += size[i]
            group[i] = len(sizes) - 1
        elif parent[i] >= 0:
            group[i] = group[_root(parent, i)]
    return sizes


def group(folder: str, _: int) -> Counts:
    """Which group each row of a crowded bucket belongs to."""
    job = load_job(folder)
    parent = np.full(job.n_rows, -1, np.int64)
    for segment in job.segments:
        records = read_segment(file_of(job.folder, "crowded", segment), 0)
        _join(parent, records["bucket"].to_numpy(), records["row"].to_numpy())
    group_of = np.full(job.n_rows, -1, np.int32)
    sizes = np.array(_pack(parent, job.group_rows, group_of), np.int64)
    sizes = sizes[sizes > 0]
    write_segments(file_of(job.folder, "group-of", 0), GROUP_OF, [{"group": group_of}])
    write_segments(file_of(job.folder, "groups", 0), GROUPS, [{"rows": sizes}])
    return {"groups": len(sizes), "crowded_rows": int(sizes.sum())}


def assign(folder: str, segment: int) -> Counts:
    """Send the members of a partition's crowded buckets to their groups."""
    job = load_job(folder)
    records = read_segment(file_of(job.folder, "crowded", segment), 0)
    row = records["row"].to_numpy()
    group_of = read_segment(file_of(job.folder, "group-of", 0), 0)["group"].to_numpy()[row]
    number = records["bucket"].to_numpy() + (segment << 32)  # one name for each bucket of the job
    columns = {"band": records["band"].to_numpy(), "bucket": number, "row": row}
    write_parted(file_of(job.folder, "group", segment), MEMBERS, group_of, groups_of(job), columns)
    return {"assigned": len(row)}


def ask_for_group(folder: str, number: int) -> Counts:
    """The sets and keys that a group needs, which is those of all its rows."""
    job = load_job(folder)
    rows = np.unique(gather(job.folder, "group", job.segments, number, ["row"])[0])
    return {"asked": ask_for(job, "asked", len(job.blocks) + number, rows, receivers=len(job.blocks))}


def answer(folder: str, block: int) -> Counts:
    """Sets to the blocks and groups that asked for them; to groups, also band keys."""
    job = load_job(folder)
    askers = len(job.blocks) + groups_of(job)
    sent = answer_with_sets(job, "asked", "sets", block, askers)
    kept = read_segment(file_of(job.folder, "sketch", block), 0)
    names = [f"key{band}" for band in range(job.near.layout.bands)]
    wanted = (
        read_segment(file_of(job.folder, "asked", asker), block)["row"].to_numpy() - job.bounds[block]
        for asker in range(len(job.blocks), askers)
    )
    write_segments(
        file_of(job.folder, "group-key", block),
        band_keys(len(names)),
        ({name: kept[name].to_numpy()[rows] for name in names} for rows in wanted),
    )
    return {"sets": sent}


def verify(folder: str, block: int) -> Counts:
    """Exact Jaccard of a block's pairs; one row of each is the block's own, and the other blocks take turns."""
    job, edges = load_job(folder), []
    templates = templates_in(job)
    pairs = read_segment(file_of(job.folder, "settled", block), 0)
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    one, two = job.block_of(a), job.block_of(b)
    other = np.where(one == block, two, one)
    own = own_sets(job, block, np.unique(np.concatenate([a[one == block], b[two == block]])))
    for sender in np.unique(other).tolist():
        left, right = a[other == sender], b[other == sender]
        sets = sets_for(job, "sets", block, sender, own, np.unique(np.concatenate([left, right])))
        left, right = np.searchsorted(sets.rows, left), np.searchsorted(sets.rows, right)
        score = score_pairs(templates.weighed(sets.table) if templates else sets.table, left, right, job.near.floor)
        near = score >= 0
        edges.append(_edges(job, sets, templates, left[near], right[near], score[near]))
    write_segments(file_of(job.folder, "edge", block), EDGES, [_in_one(edges)])
    return {"pairs_compared": len(a)}


def _edges(job: Job, sets: RowSets, templates: Templates, left: Ints, right: Ints, score: Any) -> Columns:
    """Judge compared pairs, given as positions among the sets' rows."""
    left, right, score, weighted = judged(sets.table, templates, left, right, score, job.near)
    return {"a": sets.rows[left], "b": sets.rows[right], "score": score, "weighted": weighted}


def _in_one(parts: list[Columns]) -> Columns:
    """Columns one after another."""
    none = {field.name: np.zeros(0, field.type.to_pandas_dtype()) for field in EDGES}
    return {name: np.concatenate([part[name] for part in [none, *parts]]) for name in none}


def lead(folder: str, number: int) -> Counts:
    """The leader procedure on one group of crowded buckets."""
    job = load_job(folder)
    band, bucket, row = gather(job.folder, "group", job.segments, number, ["band", "bucket", "row"])
    rows = np.unique(row)
    sets = RowSets(rows, collect_sets(job, "sets", len(job.blocks) + number, rows))
    names = [f"key{band}" for band in range(job.near.layout.bands)]
    keys = np.stack(gather(job.folder, "group-key", job.blocks, number, names))
    near, templates = job.near, templates_in(job)
    partner = file_of(job.folder, "partner", 0)
    found = compare_buckets(
        keys,
        _by_band(near.layout.bands, band, bucket, np.searchsorted(rows, row)),
        templates.weighed(sets.table) if templates else sets.table,
        threshold=near.leader_threshold(templates),
        floor=near.floor,
        largest_bucket=near.largest_bucket,
        threads=1,
        progress=no_progress,
        group=read_segment(partner, 0)["group"].to_numpy()[rows] if partner.exists() else None,
    )
    # Leaders meet in many bands: each pair is written once.
    _, once = np.unique(found.left * len(rows) + found.right, return_index=True)
    left, right, score = found.left[once], found.right[once], found.score[once]
    edges = _edges(job, sets, templates, left, right, score)
    write_segments(file_of(job.folder, "edge", len(job.blocks) + number), EDGES, [edges])
    return {"pairs_compared": found.pairs_compared, "rows_settled_by_a_leader": found.settled_rows}


def _by_band(bands: int, band: Ints, number: Ints, row: Ints) -> list[Buckets]:
    """Crowded buckets as the engine takes them: for each band, members by bucket, rows ascending."""
    order = np.lexsort((row, number, band))
    band, number, row = band[order], number[order], row[order]
    out = []
    for lo, hi in zip(*(np.searchsorted(band, np.arange(bands) + more) for more in (0, 1)), strict=True):
        first = np.flatnonzero(np.diff(number[lo:hi], prepend=-1))
        out.append(Buckets(row[lo:hi], np.concatenate([first, [hi - lo]]).astype(np.int64)))
    return out
