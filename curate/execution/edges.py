"""Near-duplicate edges, computed by tasks that may run anywhere: the phases, in order, and the end of the sum.

The result is that of `curate.similarity.near_duplicate_edges`, bit for bit, however rows are cut into blocks, keys
into partitions and tasks over machines. This module says which task follows which; *where* a task runs is the business
of a `Runner`.

Resume. A phase that is through leaves `<phase>.done` with what its tasks returned; records that no later phase reads
are removed then. A job that is started again goes on after its last finished phase, and repeats the tasks of the
phase in which it stopped, which write the same files.
"""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from curate.dataset.atomic import atomic_write_bytes, make_private_dir
from curate.execution import crowds, steps
from curate.execution.job import SCHEMA_VERSION, Job, ShuffleConfig, engine_versions
from curate.execution.shuffle import Ints, file_of, gather, write_segments
from curate.execution.steps import PARTNERS, TEMPLATES, TEXT, Counts
from curate.parallel import Progress, in_parts, no_progress
from curate.similarity.near import Edges, NearConfig, joined_edges
from curate.similarity.templates import find_templates
from curate.similarity.texts import as_large_strings

Task = Callable[[str, int], Counts]
Runner = Callable[[Task, str, Sequence[int], Callable[[int], None]], list[Counts]]
"""Runs `task(folder, number)` for every number, in any order, and returns the results in the order of the numbers.

It calls back with how many are through; the callback may raise to cancel."""

_PHASES = 14


def distributed_edges(
    texts: pa.Array | pa.ChunkedArray,
    near: NearConfig,
    run: Runner,
    folder: Path,
    shuffle: ShuffleConfig | None = None,
    progress: Progress = no_progress,
    group: Ints | None = None,
) -> Edges:
    """The edges of `near_duplicate_edges(texts, near, group=group)`.

    `folder` must be visible to every process that runs tasks.
    """
    strings = as_large_strings(texts)
    if len(strings) == 0:
        none = np.zeros(0, np.int64)
        return joined_edges(0, none, none, np.zeros(0, np.float32), none, none, near, Counter())
    job = make_job(strings, near, folder, shuffle or ShuffleConfig(), group)
    templates = find_templates(strings, near.words, share=near.template_share, seed=near.seed, unit=near.unit)
    found = {"shingle": templates.shingles, "weight": templates.weight}
    write_segments(file_of(job.folder, "template", 0), TEMPLATES, [found])
    blocks, parts = job.blocks, range(job.partitions)
    phases = _Phases(job, run, progress)
    counts = phases.do("sketch", steps.sketch, blocks)
    phases.do("propose", steps.propose, parts, drop=["fingerprint"])
    phases.do("ask-heads", steps.ask_for_heads, blocks)
    phases.do("answer-heads", steps.answer_heads, blocks, drop=["asked-heads"])
    counts += phases.do("contract", steps.contract, blocks, drop=["heads", "proposed"])
    phases.do("scatter", steps.scatter, blocks)
    counts += phases.do("bucket", steps.bucket, job.segments, drop=["band"])
    n_groups = phases.do("group", crowds.group, [0])[0]["groups"]
    phases.do("assign", crowds.assign, job.segments if n_groups else [], drop=["crowded", "group-of"])
    phases.do("settle", steps.settle, blocks, drop=["pair"])
    phases.do("ask-groups", crowds.ask_for_group, range(n_groups))
    phases.do("answer", crowds.answer, blocks, drop=["asked"])
    counts += phases.do("verify", crowds.verify, blocks, drop=["settled"])
    counts += phases.do("lead", crowds.lead, range(n_groups), drop=["group", "group-key", "sets", "sketch"])
    total = sum(map(Counter, counts), Counter(template_shingles=len(templates.shingles)))
    row, first = gather(job.folder, "copies", blocks, 0, ["row", "first"])
    names = ["a", "b", "score", "weighted"]
    a, b, score, weighted = gather(job.folder, "edge", range(len(blocks) + n_groups), 0, names)
    edges = joined_edges(job.n_rows, a, b, score, row, first, near, total, weighted)
    shutil.rmtree(job.folder, ignore_errors=True)
    return edges


def make_job(
    strings: pa.LargeStringArray, near: NearConfig, folder: Path, shuffle: ShuffleConfig, group: Ints | None = None
) -> Job:
    """Cut the rows into blocks, and write those that are not there yet."""
    bounds = _bounds(strings, shuffle)
    partitions = 1 << max(0, -(-len(strings) // shuffle.partition_rows) - 1).bit_length()
    digests = [_digest(strings.slice(lo, hi - lo)) for lo, hi in itertools.pairwise(bounds)]
    cut = [bounds.tolist(), partitions, shuffle.group_rows]
    groups = None if group is None else xxhash.xxh3_128_hexdigest(group.tobytes())
    what = [digests, cut, repr(near), groups, SCHEMA_VERSION, engine_versions()]
    name = xxhash.xxh3_128_hexdigest(orjson.dumps(what, option=orjson.OPT_SORT_KEYS))
    job = Job(make_private_dir(folder.resolve() / name), bounds, partitions, shuffle.group_rows, near)
    job.save()
    if group is not None:
        write_segments(file_of(job.folder, "partner", 0), PARTNERS, [{"group": group}])
    for block in job.blocks:
        path = file_of(job.folder, "text", block)
        if not path.exists():
            lo, hi = int(bounds[block]), int(bounds[block + 1])
            write_segments(path, TEXT, [{"text": strings.slice(lo, hi - lo)}])
    return job


def _bounds(strings: pa.LargeStringArray, shuffle: ShuffleConfig) -> Ints:
    """Blocks of about equally many bytes."""
    offsets = np.frombuffer(strings.buffers()[1], np.int64)[strings.offset : strings.offset + len(strings) + 1]
    ends = offsets[1:] - offsets[0]
    size = max(shuffle.block_bytes, -(-int(ends[-1]) // shuffle.most_blocks))
    starts = np.flatnonzero(np.diff((ends - 1) // size, prepend=-1) > 0)
    return np.unique(np.concatenate([[0], starts, [len(strings)]])).astype(np.int64)


def _digest(strings: pa.LargeStringArray) -> str:
    """Hash of some rows: bytes, lengths, nulls."""
    _, offsets, data = strings.buffers()
    at = np.frombuffer(offsets, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    state = xxhash.xxh3_128()
    state.update(np.diff(at).tobytes())
    state.update(strings.is_null().to_numpy(zero_copy_only=False).tobytes())
    if data is not None:
        state.update(memoryview(data)[int(at[0]) : int(at[-1])])
    return state.hexdigest()


class _Phases:
    """Runs phases one after another, and remembers what the tasks of those that are through returned."""

    def __init__(self, job: Job, run: Runner, progress: Progress) -> None:
        self.job, self.run, self.parts = job, run, iter(in_parts(progress, _PHASES))

    def do(self, name: str, task: Task, numbers: Sequence[int], drop: Sequence[str] = ()) -> list[Counts]:
        """Run one phase unless an earlier process finished it; then remove the records in `drop`."""
        marker = self.job.folder / f"{name}.done"
        progress = next(self.parts)
        if marker.exists():
            found: list[Counts] = orjson.loads(marker.read_bytes())
        else:
            found = self.run(task, str(self.job.folder), numbers, lambda done: progress(done, len(numbers)))
            atomic_write_bytes(marker, orjson.dumps(found))
        progress(1, 1)
        for kind in drop:
            shutil.rmtree(self.job.folder / kind, ignore_errors=True)
        return found
