"""The tasks of a distributed comparison, called in this process: their answer is the local one, bit for bit."""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from execution_corpus import assert_same, contents, mixed_texts, scrambled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import Cancelled
from curate.execution.edges import Task, distributed_edges, make_job
from curate.execution.job import ShuffleConfig
from curate.execution.shuffle import file_of, read_segment, write_parted
from curate.parallel import no_progress
from curate.similarity import NearConfig, near_duplicate_edges
from curate.similarity.buckets import Buckets, compare_buckets, find_buckets
from curate.similarity.clusters import clusters
from curate.similarity.sets import SetTable

few_words = st.lists(st.sampled_from(list("abcdeÉé漢!+-7")), max_size=9).map(" ".join) | st.none()


def strings(texts: list[str | None]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: every file of a task is flushed to the disk it lies on."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def rows() -> pa.LargeStringArray:
    return strings(mixed_texts(1000, 3))


@pytest.mark.parametrize(
    ("near", "shuffle"),
    [
        (NearConfig(largest_bucket=32), ShuffleConfig(block_bytes=30_000, partition_rows=400, group_rows=100)),
        (NearConfig(largest_bucket=8), ShuffleConfig(block_bytes=70_000, partition_rows=900, group_rows=1)),
        (NearConfig(largest_bucket=4, seed=5), ShuffleConfig(block_bytes=1, most_blocks=3, partition_rows=10**6)),
        (NearConfig(template_share=0.05), ShuffleConfig(block_bytes=50_000)),
        (NearConfig(template_share=0.05, weighted_threshold=0.6, largest_bucket=4), ShuffleConfig(block_bytes=50_000)),
        (NearConfig(unit="character", words=5, largest_bucket=8), ShuffleConfig(block_bytes=50_000)),
        (NearConfig(permutations=65, recall=0.999999), ShuffleConfig(block_bytes=90_000)),  # more than 64 bands
    ],
    ids=["groups", "a group a component", "three blocks", "templates", "weighted", "characters", "many bands"],
)
def test_however_rows_are_cut_the_edges_are_those_of_one_process(
    near: NearConfig, shuffle: ShuffleConfig, rows: pa.LargeStringArray, folder: Path
) -> None:
    local = near_duplicate_edges(rows, near)
    assert local.stats["crowded_buckets"] > 3 or near.template_share
    assert len(local) > 100
    assert (local.stats["template_shingles"] > 0) == (near.template_share > 0)
    assert_same(distributed_edges(rows, near, scrambled(7), folder, shuffle), local)
    assert contents(folder) == {}


def test_rows_that_may_not_stand_in_for_each_other_are_kept_apart_as_in_one_process(
    rows: pa.LargeStringArray, folder: Path
) -> None:
    near = NearConfig(largest_bucket=16)
    group = np.random.default_rng(4).integers(0, 3, len(rows))
    local = near_duplicate_edges(rows, near, group=group)
    assert len(local) != len(near_duplicate_edges(rows, near))
    shuffle = ShuffleConfig(block_bytes=30_000, group_rows=100)
    assert_same(distributed_edges(rows, near, scrambled(3), folder, shuffle, group=group), local)
    assert contents(folder) == {}


@pytest.mark.parametrize("groups", [2, 40])
def test_rows_that_may_not_stand_in_for_each_other_are_compared_as_in_one_process(
    groups: int, rows: pa.LargeStringArray, folder: Path
) -> None:
    near, group = NearConfig(largest_bucket=8), np.random.default_rng(2).integers(0, groups, len(rows))
    local = near_duplicate_edges(rows, near, group=group)
    assert len(local) != len(near_duplicate_edges(rows, near))
    shuffle = ShuffleConfig(block_bytes=50_000, group_rows=1)
    assert_same(distributed_edges(rows, near, scrambled(1), folder, shuffle, group=group), local)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(few_words, max_size=40),
    words=st.integers(1, 3),
    largest=st.integers(2, 4),
    block=st.integers(1, 200),
    partition=st.integers(1, 9),
    order=st.integers(0, 99),
)
def test_any_rows_give_the_local_edges(
    texts: list[str | None], words: int, largest: int, block: int, partition: int, order: int, folder: Path
) -> None:
    near = NearConfig(words=words, floor=0.4, threshold=0.6, permutations=8, recall=0.9, largest_bucket=largest)
    shuffle = ShuffleConfig(block_bytes=block, most_blocks=4, partition_rows=partition, group_rows=2)
    found = distributed_edges(strings(texts), near, scrambled(order), folder, shuffle)
    assert_same(found, near_duplicate_edges(strings(texts), near))


@pytest.mark.parametrize("texts", [[], [None], ["", " "], ["one row only"]])
def test_rows_without_pairs_have_no_edges(texts: list[str | None], folder: Path) -> None:
    found = distributed_edges(strings(texts), NearConfig(), scrambled(), folder)
    assert_same(found, near_duplicate_edges(strings(texts)))


def test_a_slice_and_a_chunked_array_are_cut_like_any_other(rows: pa.LargeStringArray, folder: Path) -> None:
    shuffle, near = ShuffleConfig(block_bytes=9_000), NearConfig(largest_bucket=8)
    chunked = pa.chunked_array([rows.slice(100, 150), rows.slice(250, 250)])
    found = distributed_edges(chunked, near, scrambled(), folder, shuffle)
    assert_same(found, near_duplicate_edges(rows.slice(100, 400), near))


def test_templates_are_looked_for_among_the_rows_that_take_part_whoever_lies_beside_them(
    rows: pa.LargeStringArray, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curate.similarity.templates.SAMPLE_BYTES", 60_000)
    monkeypatch.setattr("curate.similarity.templates.FEWEST_SAMPLED", 50)
    long = strings([" ".join(f"l{k}" for k in range(2000))] * 500)
    both, some = pa.concat_arrays([rows, long]), np.arange(len(rows))
    near = NearConfig(template_share=0.02)
    local = near_duplicate_edges(both, near, rows=some)
    assert local.stats["template_shingles"] > 0
    shuffle = ShuffleConfig(block_bytes=90_000)
    assert_same(distributed_edges(both.take(pa.array(some)), near, scrambled(), folder, shuffle), local)


def test_a_task_that_runs_again_writes_the_same_bytes(rows: pa.LargeStringArray, folder: Path) -> None:
    seen: Counter[str] = Counter()

    def again(task: Task, job: str, number: int) -> None:
        before = contents(Path(job))
        # A process killed while it wrote leaves a temporary file beside the others: nobody may read it.
        (Path(job) / "sketch" / ".000000.arrow.killed.tmp").write_bytes(b"half a file")
        task(job, number)
        (Path(job) / "sketch" / ".000000.arrow.killed.tmp").unlink()
        assert contents(Path(job)) == before
        seen[task.__name__] += 1

    near = NearConfig(largest_bucket=8)
    found = distributed_edges(rows.slice(0, 500), near, scrambled(1, again), folder, ShuffleConfig(block_bytes=25_000))
    assert_same(found, near_duplicate_edges(rows.slice(0, 500), near))
    assert len(seen) == 14


@pytest.mark.parametrize("fatal", ["sketch", "contract", "bucket", "settle", "answer", "verify", "lead"])
def test_an_interrupted_comparison_goes_on_after_its_last_finished_phase(
    fatal: str, rows: pa.LargeStringArray, folder: Path
) -> None:
    part, near, shuffle = rows.slice(0, 400), NearConfig(largest_bucket=8), ShuffleConfig(block_bytes=15_000)
    done: list[tuple[str, int]] = []

    def stop(task: Task, job: str, number: int) -> None:
        if task.__name__ == fatal:
            raise Cancelled("stop")
        done.append((task.__name__, number))

    with pytest.raises(Cancelled):
        distributed_edges(part, near, scrambled(2, stop), folder, shuffle)
    repeated: list[tuple[str, int]] = []
    watch = scrambled(3, lambda task, job, number: repeated.append((task.__name__, number)))
    assert_same(distributed_edges(part, near, watch, folder, shuffle), near_duplicate_edges(part, near))
    assert not set(done) & set(repeated)
    assert contents(folder) == {}


def test_other_rows_or_settings_are_another_job(rows: pa.LargeStringArray, folder: Path) -> None:
    cut = ShuffleConfig(block_bytes=20_000)
    jobs = [
        make_job(rows, NearConfig(), folder, cut),
        make_job(rows.slice(1), NearConfig(), folder, cut),
        make_job(rows, NearConfig(threshold=0.7), folder, cut),
        make_job(rows, NearConfig(), folder, dataclasses.replace(cut, block_bytes=30_000)),
        make_job(strings([None if t == "" else t for t in rows.to_pylist()]), NearConfig(), folder, cut),
    ]
    assert len({job.folder for job in jobs}) == len(jobs)
    assert make_job(rows, NearConfig(), folder, cut).folder == jobs[0].folder


def test_progress_rises_to_the_end_and_may_cancel(rows: pa.LargeStringArray, folder: Path) -> None:
    told: list[float] = []
    distributed_edges(
        rows.slice(0, 300), NearConfig(), scrambled(), folder, progress=lambda done, total: told.append(done / total)
    )
    assert told == sorted(told)
    assert told[-1] == 1.0

    def stop(done: int, total: int) -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        distributed_edges(rows, NearConfig(), scrambled(), folder, progress=stop)


def test_records_reach_the_receiver_they_are_meant_for_in_order(folder: Path) -> None:
    schema = pa.schema([("row", pa.int64())])
    part = np.array([2, 0, 2, 2, 0])
    write_parted(file_of(folder, "row", 4), schema, part, 4, {"row": np.arange(5)})
    received = [read_segment(file_of(folder, "row", 4), k)["row"].to_pylist() for k in range(4)]
    assert received == [[1, 4], [], [0, 2, 3], []]


@pytest.mark.parametrize("wrong", [{"block_bytes": 0}, {"partition_rows": 0}, {"group_rows": -1}, {"most_blocks": 0}])
def test_sizes_below_one_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ShuffleConfig(**wrong)


def test_components_of_crowded_buckets_can_be_compared_apart() -> None:
    # Random sets over few values and random keys of few kinds: leaders meet, step back and lose followers all the time.
    again = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n, bands, worlds = 120, 5, 3
        world = rng.integers(0, worlds, n)  # worlds share no key, so they are components or unions of them
        keys = (rng.integers(0, 3, (bands, n)) * worlds + world).astype(np.uint64)
        sets = random_sets(rng, n)
        options = {"threshold": 0.5, "floor": 0.4, "largest_bucket": 3, "threads": 1, "progress": no_progress}
        group = rng.integers(0, 2, n) if seed % 3 == 0 else None
        buckets = [find_buckets(keys[band], np.arange(n)) for band in range(bands)]
        crowded = [only_crowded(found, 3) for found in buckets]
        whole = compare_buckets(keys, crowded, sets, **options, group=group)
        joined: set[tuple[int, int, float]] = set()
        compared = 0
        component = components(n, crowded)
        for one in np.unique(component):
            rows = np.flatnonzero(component == one)
            local = [of_rows(found, component == one) for found in crowded]
            table = SetTable(sets.values, sets.at, sets.size, sets.place[rows])
            alone = compare_buckets(
                keys[:, rows], local, table, **options, group=None if group is None else group[rows]
            )
            joined |= set(zip(rows[alone.left].tolist(), rows[alone.right].tolist(), alone.score.tolist(), strict=True))
            compared += alone.pairs_compared
        assert joined == set(zip(whole.left.tolist(), whole.right.tolist(), whole.score.tolist(), strict=True))
        assert compared == whole.pairs_compared
        again += len(np.unique(component)) > 1
    assert again > 40


def random_sets(rng: np.random.Generator, n: int) -> SetTable:
    members = [np.unique(rng.integers(0, 9, rng.integers(3, 8))).astype(np.uint64) for _ in range(n)]
    size = np.array([len(m) for m in members], np.int64)
    return SetTable(np.concatenate(members), np.cumsum(size) - size, size, np.arange(n))


def only_crowded(buckets: Buckets, largest: int) -> Buckets:
    size = np.diff(buckets.starts)
    large = size > largest
    return Buckets(
        buckets.members[np.repeat(large, size)], np.concatenate([[0], np.cumsum(size[large])]).astype(np.int64)
    )


def components(n: int, buckets: list[Buckets]) -> np.ndarray:
    size = [np.diff(b.starts) for b in buckets]
    heads = [np.repeat(b.members[b.starts[:-1]], s) for b, s in zip(buckets, size, strict=True)]
    return clusters(n, np.concatenate(heads), np.concatenate([b.members for b in buckets]))


def of_rows(buckets: Buckets, mine: np.ndarray) -> Buckets:
    size = np.diff(buckets.starts)
    keep = mine[buckets.members[buckets.starts[:-1]]] if len(size) else np.zeros(0, bool)
    starts = np.concatenate([[0], np.cumsum(size[keep])]).astype(np.int64)
    local = np.cumsum(mine) - 1
    return Buckets(local[buckets.members[np.repeat(keep, size)]], starts)
