"""The tasks of a distributed comparison: each a function of a job's folder and one number, from files to files.

The kernels are the ones that a single machine uses. What is added is who holds which rows:

    sketch     block      text -> keys, fingerprint, count; (fingerprint, row) to the partitions of fingerprints
    propose    partition  rows of one fingerprint: (row, first such row) to the row's block
    ask        block      which sets it needs from other blocks          answer   block     those sets, to who asked
    contract   block      rows whose shingle set equals that of an earlier row are its copies from here on
    scatter    block      (band, key, row) of the other rows to the partitions of keys
    bucket     band, partition   rows that share a key: pairs to one of the two rows' blocks, crowded buckets aside
    group      -          crowded buckets joined by shared rows are one component; components are packed into groups
    assign     band, partition   members of crowded buckets to their groups
    settle     block      which pairs are new; ask and answer as above, groups ask too
    verify     block      exact Jaccard of its pairs             lead   group    `compare_buckets` on crowded buckets

Every task is pure: same files in, same bytes out, whichever process runs it and however often. A task returns counts
for the manifest. Memory of a task: its block's text and sets, or its partition's records (see `docs/scaling.md`).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.execution.job import Job, load_job
from curate.execution.shuffle import Columns, Ints, file_of, gather, read_segment, write_parted, write_segments
from curate.similarity.buckets import find_buckets
from curate.similarity.minhash import sketch as sketch_texts
from curate.similarity.sets import SetTable, build_sets
from curate.similarity.templates import Templates, weighted_keys
from curate.similarity.texts import for_shingles

Counts = dict[str, int]

TEXT = pa.schema([("text", pa.large_string())])
FINGERPRINTS = pa.schema([("fingerprint", pa.uint64()), ("row", pa.int64())])
LINKS = pa.schema([("row", pa.int64()), ("first", pa.int64())])
ROWS = pa.schema([("row", pa.int64())])
SETS = pa.schema([("row", pa.int64()), ("shingles", pa.large_list(pa.uint64()))])
KEYS = pa.schema([("key", pa.uint32()), ("local", pa.uint32())])
PAIRS = pa.schema([("a", pa.int64()), ("b", pa.int64())])
PARTNERS = pa.schema([("group", pa.int64())])
EDGES = pa.schema([("a", pa.int64()), ("b", pa.int64()), ("score", pa.float32()), ("weighted", pa.float32())])
TEMPLATES = pa.schema([("shingle", pa.uint64()), ("weight", pa.float32())])
MEMBERS = pa.schema([("band", pa.int64()), ("bucket", pa.int64()), ("row", pa.int64())])


def band_keys(bands: int) -> pa.Schema:
    """One column a band."""
    return pa.schema([(f"key{band}", pa.uint32()) for band in range(bands)])


def sketches(bands: int) -> pa.Schema:
    """What is kept of each row of a block."""
    return band_keys(bands).append(pa.field("count", pa.int64()))


def sketch(folder: str, block: int) -> Counts:
    """Keys (by weight where there are templates), fingerprint and shingle count of every row of a block."""
    job = load_job(folder)
    layout = job.near.layout
    texts = for_shingles(text_of(job, block), unit=job.near.unit)
    made = sketch_texts(texts, layout, job.near.words, job.near.seed)
    some = np.flatnonzero(made.count > 0)
    keys, templates = made.keys, templates_in(job)
    if templates:
        keys = weighted_keys(texts, some, made.count, layout, job.near.words, templates, job.near.seed)
    columns: Columns = {f"key{band}": keys[band] for band in range(layout.bands)}
    write_segments(
        file_of(job.folder, "sketch", block), sketches(layout.bands), [{**columns, "count": made.count}]
    )
    key = made.fingerprint[some]
    write_parted(
        file_of(job.folder, "fingerprint", block),
        FINGERPRINTS,
        job.part_of(key),
        job.partitions,
        {"fingerprint": key, "row": some + job.bounds[block]},
    )
    return {"blank_rows": texts.n_rows - len(some)}


def propose(folder: str, part: int) -> Counts:
    """Rows with the fingerprint of an earlier row, and the first such row."""
    job = load_job(folder)
    key, row = gather(job.folder, "fingerprint", job.blocks, part, ["fingerprint", "row"])
    order = np.argsort(key, kind="stable")  # rows come in ascending order and stay so inside a fingerprint
    key, row = key[order], row[order]
    again = np.zeros(len(row), np.bool_)
    again[1:] = key[1:] == key[:-1]
    heads = np.maximum.accumulate(np.where(again, 0, np.arange(len(row))))
    right, left = row[again], row[heads[again]]
    write_parted(
        file_of(job.folder, "proposed", part),
        LINKS,
        job.block_of(right),
        len(job.blocks),
        {"row": right, "first": left},
    )
    return {"proposed": len(right)}


def ask_for_heads(folder: str, block: int) -> Counts:
    """The sets of first rows in other blocks that this block's proposals need."""
    job = load_job(folder)
    (first,) = gather(job.folder, "proposed", range(job.partitions), block, ["first"])
    return {"asked": ask_for(job, "asked-heads", block, np.unique(first), len(job.blocks))}


def answer_heads(folder: str, block: int) -> Counts:
    """The sets that other blocks asked this one for."""
    job = load_job(folder)
    return {"sets": answer_with_sets(job, "asked-heads", "heads", block, len(job.blocks))}


def contract(folder: str, block: int) -> Counts:
    """A proposal is accepted where the two sets are equal, member by member."""
    job = load_job(folder)
    row, first = gather(job.folder, "proposed", range(job.partitions), block, ["row", "first"])
    order = np.argsort(row)
    row, first = row[order], first[order]
    rows = np.unique(np.concatenate([row, first]))
    sets = collect_sets(job, "heads", block, rows)
    one, two = sets.place[np.searchsorted(rows, row)], sets.place[np.searchsorted(rows, first)]
    same = sets.size[one] == sets.size[two]
    for k in np.flatnonzero(same).tolist():
        i, j, n = int(sets.at[one[k]]), int(sets.at[two[k]]), int(sets.size[one[k]])
        same[k] = np.array_equal(sets.values[i : i + n], sets.values[j : j + n])
    write_segments(file_of(job.folder, "copies", block), LINKS, [{"row": row[same], "first": first[same]}])
    return {"rows_of_identical_shingles": int(same.sum())}


def templates_in(job: Job) -> Templates:
    """The templates of this job's rows."""
    found = read_segment(file_of(job.folder, "template", 0), 0)
    return Templates(found["shingle"].to_numpy(), found["weight"].to_numpy())


def scatter(folder: str, block: int) -> Counts:
    """The band keys of rows that take part: neither blank nor copies."""
    job = load_job(folder)
    kept = read_segment(file_of(job.folder, "sketch", block), 0)
    taking_part = kept["count"].to_numpy() > 0
    taking_part[read_segment(file_of(job.folder, "copies", block), 0)["row"].to_numpy() - job.bounds[block]] = False
    local = np.flatnonzero(taking_part)

    def segments() -> Iterator[Columns]:
        for band in range(job.near.layout.bands):
            key = kept[f"key{band}"].to_numpy()[local]
            part = job.part_of(key)
            order = np.argsort(part, kind="stable")
            bounds = np.searchsorted(part[order], np.arange(job.partitions + 1))
            for lo, hi in itertools.pairwise(bounds):
                yield {"key": key[order[lo:hi]], "local": local[order[lo:hi]].astype(np.uint32)}

    write_segments(file_of(job.folder, "band", block), KEYS, segments())
    return {"rows_taking_part": len(local)}


def bucket(folder: str, segment: int) -> Counts:
    """Buckets of one partition of one band: every pair of a small one, the members of a crowded one."""
    job = load_job(folder)
    batches = [read_segment(file_of(job.folder, "band", block), segment) for block in job.blocks]
    key = np.concatenate([b["key"].to_numpy() for b in batches])
    row = np.concatenate([b["local"].to_numpy() + lo for b, lo in zip(batches, job.bounds[:-1], strict=True)])
    found = find_buckets(key, np.arange(len(key)))
    size = np.diff(found.starts)
    members = row[found.members]  # positions ascend with rows, so buckets keep their order
    large = size > job.near.largest_bucket
    pairs = _pairs(members, found.starts, size, ~large)
    write_parted(
        file_of(job.folder, "pair", segment),
        PAIRS,
        _side(job, pairs),
        len(job.blocks),
        {"a": pairs[0], "b": pairs[1]},
    )
    inside = np.repeat(large, size)
    number = np.repeat(np.arange(len(size)), size)[inside]
    band = np.full(len(number), segment // job.partitions)
    columns = {"band": band, "bucket": number, "row": members[inside]}
    write_segments(file_of(job.folder, "crowded", segment), MEMBERS, [columns])
    return {"pairs_proposed": len(pairs[0]), "crowded_buckets": int(large.sum())}


def _pairs(members: Ints, starts: Ints, size: Ints, wanted: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Every pair of the buckets that are wanted, earlier row first."""
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for n in np.unique(size[wanted]).tolist():
        those = members[starts[:-1][wanted & (size == n)][:, None] + np.arange(n)]
        i, j = np.triu_indices(n, 1)
        left.append(those[:, i].ravel())
        right.append(those[:, j].ravel())
    return np.concatenate(left), np.concatenate(right)


def _side(job: Job, pairs: tuple[Ints, Ints]) -> Ints:
    """The block that verifies each pair: that of one of its rows, either equally often."""
    a, b = pairs
    return job.block_of(np.where((a ^ b ^ (a >> 7)) & 1, a, b))


def settle(folder: str, block: int) -> Counts:
    """The pairs of a block, each once, and the sets that they need from elsewhere."""
    job = load_job(folder)
    pairs = np.stack(gather(job.folder, "pair", job.segments, block, ["a", "b"]), axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    new = np.ones(len(pairs), np.bool_)
    new[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    pairs = pairs[new]
    write_segments(file_of(job.folder, "settled", block), PAIRS, [{"a": pairs[:, 0], "b": pairs[:, 1]}])
    return {"asked": ask_for(job, "asked", block, np.unique(pairs), receivers=len(job.blocks)), "pairs": len(pairs)}


def text_of(job: Job, block: int, rows: Ints | None = None) -> pa.LargeStringArray:
    """The texts of a block, or of some of its rows."""
    texts = read_segment(file_of(job.folder, "text", block), 0)["text"]
    return texts if rows is None else texts.take(pa.array(rows - job.bounds[block]))


def ask_for(job: Job, kind: str, asker: int, rows: Ints, receivers: int) -> int:
    """Ask other blocks for the sets of their rows; one's own are made where they are needed."""
    owner = job.block_of(rows)
    foreign = rows[owner != asker]
    write_parted(file_of(job.folder, kind, asker), ROWS, owner[owner != asker], receivers, {"row": foreign})
    return len(foreign)


def _sets_of(job: Job, block: int, rows: Ints) -> SetTable:
    """Sets of some rows of a block, `place` counting along `rows`."""
    count = read_segment(file_of(job.folder, "sketch", block), 0)["count"].to_numpy()[rows - job.bounds[block]]
    texts = for_shingles(text_of(job, block, rows), unit=job.near.unit)
    return build_sets(texts, np.arange(len(rows)), count, job.near.words)


def answer_with_sets(job: Job, asked: str, kind: str, block: int, askers: int) -> int:
    """Send the sets that each asker wants; returns how many were sent."""
    wanted = [read_segment(file_of(job.folder, asked, q), block)["row"].to_numpy() for q in range(askers)]
    rows = np.unique(np.concatenate(wanted))
    sets = _sets_of(job, block, rows)
    write_segments(
        file_of(job.folder, kind, block),
        SETS,
        ({"row": one, "shingles": _listed(sets, np.searchsorted(rows, one))} for one in wanted),
    )
    return sum(map(len, wanted))


def _listed(sets: SetTable, which: Ints) -> pa.LargeListArray:
    """Some sets of a table as lists."""
    size = sets.size[which]
    ends = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    at = np.repeat(sets.at[which] - ends[:-1], size) + np.arange(ends[-1])
    return pa.LargeListArray.from_arrays(pa.array(ends), pa.array(sets.values[at]))


@dataclasses.dataclass(frozen=True)
class RowSets:
    """Sets of some rows, which ascend; set i of the table belongs to row i."""

    rows: Ints
    table: SetTable


def own_sets(job: Job, block: int, rows: Ints) -> RowSets:
    """Sets of rows of the block that asks."""
    return RowSets(rows, _sets_of(job, block, rows))


def sets_for(job: Job, kind: str, receiver: int, sender: int, own: RowSets, rows: Ints) -> RowSets:
    """The sets of `rows`, each the receiver's own or sent by one other block."""
    mine = np.searchsorted(own.rows, rows[job.block_of(rows) == receiver])
    parts = [(own.rows[mine], _listed(own.table, mine))]
    if sender != receiver:
        sent = read_segment(file_of(job.folder, kind, sender), receiver)
        parts.append((sent["row"].to_numpy(), sent["shingles"]))
    have = np.concatenate([part[0] for part in parts])
    table = _joined([(p.values.to_numpy(), np.diff(p.offsets.to_numpy())) for _, p in parts])
    order = np.argsort(have)
    return RowSets(have[order], dataclasses.replace(table, place=order))


def collect_sets(job: Job, kind: str, receiver: int, rows: Ints) -> SetTable:
    """The sets of `rows` (ascending): own ones made here, the others as answered. `place` counts along `rows`."""
    batches: list[tuple[Ints, Any, Ints]] = []
    for block in job.blocks:
        if block == receiver:
            own = rows[job.block_of(rows) == block]
            made = _sets_of(job, block, own)
            listed = _listed(made, np.arange(len(own)))
            batches.append((own, listed.values.to_numpy(), np.diff(listed.offsets.to_numpy())))
            continue
        sent = read_segment(file_of(job.folder, kind, block), receiver)
        sizes = np.diff(sent["shingles"].offsets.to_numpy())
        batches.append((sent["row"].to_numpy(), sent["shingles"].values.to_numpy(), sizes))
    have = np.concatenate([b[0] for b in batches])  # blocks in order, rows ascending in each
    return dataclasses.replace(_joined([b[1:] for b in batches]), place=np.searchsorted(have, rows))


def _joined(parts: Sequence[tuple[NDArray[np.uint64], Ints]]) -> SetTable:
    """Tables of (values, sizes) as one; `place` counts along."""
    size = np.concatenate([p[1] for p in parts])
    return SetTable(np.concatenate([p[0] for p in parts]), np.cumsum(size) - size, size, np.arange(len(size)))
