"""Bounded memory: what is held and what is made again gives the same edges; text from disk; bytes a row."""

from __future__ import annotations

import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from similarity_corpus import edited, passage, strings

from curate.dataset.aside import TextColumn
from curate.similarity import NearConfig, bounded, buckets, near_duplicate_edges, paging
from curate.similarity.near import Edges

FIELDS = ("a", "b", "score", "weighted")


def crowded_corpus() -> list[str]:
    rng = np.random.default_rng(12)
    base = passage(rng, 60)
    wrapper = passage(rng, 40)
    texts = [" ".join(edited(rng, base, int(rng.integers(0, 12)))) for _ in range(800)]
    texts += [" ".join(wrapper + passage(rng, 25)) for _ in range(500)]
    for _ in range(600):
        row = passage(rng, 40)
        texts += [" ".join(row), " ".join(edited(rng, row, 1))]
    return texts


def spilled(batches: list[pa.Array]) -> pa.LargeStringArray:
    column = TextColumn(aside=True)
    for batch in batches:
        column.append(batch)
    return column.array()


def same(one: Edges, two: Edges) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(two, f)) for f in FIELDS) and one.stats == two.stats


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_edges_do_not_depend_on_what_is_held_in_memory(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    texts = strings(list(crowded_corpus()))
    config = NearConfig(template_share=share)
    held = near_duplicate_edges(texts, config, threads=2)
    assert share > 0 or held.stats["crowded_buckets"] > 0
    assert (held.stats["template_shingles"] > 0) == (share > 0)
    monkeypatch.setattr(bounded, "HELD_BYTES", 0)
    monkeypatch.setattr(buckets, "SETS_AT_ONCE", 3000)
    made_again = near_duplicate_edges(texts, config, threads=2)
    assert same(held, made_again)


def test_text_from_disk_gives_the_same_edges_as_text_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str | None] = [*crowded_corpus()[:900], None, "", "日本語のテキストです", "Straße e\u0301 ﬁn"]
    whole = strings(texts)
    batches = [whole.slice(lo, 100).cast(pa.string()) for lo in range(0, len(whole), 100)]
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    read = spilled(batches)
    assert read.to_pylist() == texts
    assert list(tmp_path.iterdir()) == []
    assert same(near_duplicate_edges(whole), near_duplicate_edges(read))


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="reads /proc")
def test_advice_on_how_texts_are_read_is_taken_by_the_system_and_changes_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LARGE", 1)
    read = spilled([strings(crowded_corpus())])
    data = np.frombuffer(read.buffers()[2], np.uint8)
    before = data.tobytes()
    with paging.read_anywhere(data):
        assert advised(data) == "rr"  # random reads
        assert data.tobytes() == before
    assert advised(data) == ""
    with paging.read_anywhere(data[5:7]):  # no whole page: nothing to say
        assert data.tobytes() == before


def advised(data: np.ndarray) -> str:
    """What the kernel has noted of the mapping that holds `data`: "rr" for random, "" for none."""
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and len(words) >= 5:
            low, high = (int(part, 16) for part in words[0].split("-"))
            inside = low <= data.ctypes.data + mmap.PAGESIZE < high
        elif inside and words[0] == "VmFlags:":
            return "rr" if "rr" in words else ""
    raise AssertionError("no such mapping")


@pytest.mark.parametrize("batches", [[], [pa.array([], pa.string())], [pa.array([None, ""], pa.string())]])
def test_no_text_at_all_comes_back_from_disk_as_it_was(batches: list[pa.Array]) -> None:
    assert len(near_duplicate_edges(spilled(batches))) == 0


MEASURE = """
import sys, numpy as np, pyarrow as pa
from curate.dataset.aside import TextColumn
from curate.similarity import bounded, buckets, near_duplicate_edges

def anonymous():
    return int(next(l for l in open("/proc/self/status") if l.startswith("RssAnon")).split()[1]) * 1024

def rows(n):
    rng = np.random.default_rng(0)
    for lo in range(0, n, 20000):
        ranks = np.minimum((20000 ** rng.random((20000, 30))).astype(int), 19999)
        out = [" ".join(f"w{r}" for r in row) for row in ranks.tolist()]
        out[1::10] = [t + " more" for t in out[::10]]
        yield pa.array(out, pa.large_string())

bounded.HELD_BYTES = 4 << 20  # what is held at once is the constant beyond which memory may not grow:
buckets.SETS_AT_ONCE = 200_000  # small enough to be reached by the smaller corpus
near_duplicate_edges(next(rows(20000)))
column = TextColumn(aside=True)
for batch in rows(int(sys.argv[1])):
    column.append(batch)
texts = column.array()
before, peak = anonymous(), 0
import threading
stop = threading.Event()
def watch():
    global peak
    while not stop.wait(0.002):
        peak = max(peak, anonymous())
thread = threading.Thread(target=watch); thread.start()
edges = near_duplicate_edges(texts)
stop.set(); thread.join()
print(peak - before, len(edges))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_memory_grows_by_at_most_200_bytes_a_row() -> None:
    peaks = []
    for n in (100_000, 500_000):
        command = [sys.executable, "-c", MEASURE, str(n)]
        made = subprocess.run(command, capture_output=True, text=True, check=True)
        peak, edges = map(int, made.stdout.split())
        assert edges >= n / 10 * 0.99
        peaks.append(peak)
    assert (peaks[1] - peaks[0]) / 400_000 <= 200
