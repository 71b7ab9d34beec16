"""The index on disk: same input same bytes, merging in any order, killed writers, damage, other versions, lookups."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curate.errors import DataError
from curate.similarity.index import Index, IndexConfig, Items, find_near, is_index, make_items
from curate.similarity.index import store as store_module
from tests.similarity.similarity_corpus import edited, passage, strings

WORDS = ["harbour", "lantern", "violet", "granite", "whistle", "meadow", "copper", "thunder", "velvet", "orchard"]


def texts(seed: int, n: int = 40, words: int = 30) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choice(WORDS) + str(rng.randrange(500)) for _ in range(words)) for _ in range(n)]


def items(seed: int, n: int = 40, source: str | None = None, config: IndexConfig | None = None) -> Items:
    made = texts(seed, n)
    hashes = pa.array([bytes([seed % 256]) * 8 + i.to_bytes(8, "big") for i in range(n)], pa.binary(16))
    return make_items(strings(list(made)), strings(list(made)), hashes, source or f"file{seed}.jsonl", config)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = Index.create(tmp_path / "index")
    made.add(items(1))
    made.add(items(2))
    return made


def test_what_was_added_is_read_back_and_the_same_input_gives_the_same_bytes(index: Index, tmp_path: Path) -> None:
    again = Index.create(tmp_path / "again")
    assert again.add(items(1))
    assert again.add(items(2))
    assert files(again.path) == files(index.path)
    assert Index(index.path).items().table.equals(Items.of([items(2).table, items(1).table], IndexConfig()).table)
    assert Index(index.path).info().sources == {"file1.jsonl": 40, "file2.jsonl": 40}


def test_adding_what_is_there_changes_nothing(index: Index) -> None:
    before = files(index.path)
    assert not index.add(items(2))
    assert files(index.path) == before


def test_merging_in_any_order_and_twice_gives_the_same_index(tmp_path: Path) -> None:
    parts = []
    for seed in (3, 4, 5):
        part = Index.create(tmp_path / f"part{seed}")
        part.add(items(seed))
        parts.append(part)
    results = []
    for name, order in (("a", [0, 1, 2]), ("b", [2, 0, 1, 2])):
        merged = Index.create(tmp_path / name)
        for k in order:
            merged.merge([parts[k]])
        results.append(files(merged.path))
    at_once = Index.create(tmp_path / "c")
    assert at_once.merge(parts[::-1]) == 3
    assert at_once.merge(parts) == 0
    assert results[0] == results[1] == files(at_once.path)
    assert len(at_once.items()) == 120


def test_no_word_of_a_text_and_no_folder_name_is_stored(index: Index) -> None:
    stored = b"".join(files(index.path).values())
    for text in texts(1)[:5]:
        for word in text.split()[:5]:
            assert word.encode() not in stored
    assert b"file1.jsonl" in stored


@pytest.mark.parametrize("at", [20, -20, 3000])
def test_a_changed_byte_in_a_segment_is_an_error_that_says_what_to_do(index: Index, at: int) -> None:
    segment = sorted((index.path / "segments").iterdir())[0]
    raw = bytearray(segment.read_bytes())
    raw[at] ^= 1
    segment.write_bytes(raw)
    with pytest.raises(DataError, match=r"damaged.*curate index build"):
        Index(index.path).items()


def test_a_missing_or_truncated_segment_is_an_error(index: Index) -> None:
    first, second = sorted((index.path / "segments").iterdir())
    first.write_bytes(first.read_bytes()[:-1])
    with pytest.raises(DataError, match="damaged"):
        Index(index.path).items()
    first.unlink()
    with pytest.raises(DataError, match="missing"):
        Index(index.path).items()
    assert second.exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: m.update(version=2), "version 2; this is version 1"),
        (lambda m: m.update(engine="0" * 32), "damaged"),
        (lambda m: m["config"].update(words=4), "damaged"),
        (lambda m: m["segments"].pop(), "damaged"),
        (lambda m: m.pop("checksum"), "damaged"),
        (lambda m: m.update(format="something else"), "not the manifest of an index"),
    ],
)
def test_a_manifest_that_was_changed_or_is_of_another_version_is_refused(
    index: Index, change: Callable[[dict[str, object]], object], says: str
) -> None:
    path = index.path / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=says):
        Index(index.path)


def test_an_index_of_an_engine_that_hashes_differently_is_refused(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "engine_check", lambda config: "another")
    with pytest.raises(DataError, match="hashes texts differently"):
        Index(index.path)


def test_other_folders_are_never_taken_for_an_index_or_written_into(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text('{"schema_version": 1, "stages": {}}')
    with pytest.raises(DataError, match="not the manifest of an index"):
        Index(tmp_path / "run")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("x")
    with pytest.raises(DataError, match="not empty"):
        Index.create(tmp_path / "photos")
    with pytest.raises(DataError, match="is not an index"):
        Index(tmp_path / "nowhere")
    assert not is_index(tmp_path / "photos")
    Index.create(tmp_path / "new")
    with pytest.raises(DataError, match="index add"):
        Index.create(tmp_path / "new")


def test_indexes_of_other_settings_are_not_mixed(index: Index, tmp_path: Path) -> None:
    other = Index.create(tmp_path / "other", IndexConfig(similarity=0.7))
    with pytest.raises(DataError, match="other settings"):
        index.merge([other])
    with pytest.raises(DataError, match="other settings"):
        index.add(items(3, config=IndexConfig(similarity=0.7)))


def test_a_second_writer_is_told_to_wait(index: Index) -> None:
    code = f"""
    import fcntl, os, sys, time
    fd = os.open({str(index.path / ".lock")!r}, os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(DataError, match="another process is writing"):
        index.add(items(3))
    holder.kill()
    holder.communicate()
    assert index.add(items(3))


# Loads the engine once, then forks a writer for each line it is given: "FOLDER MOMENT". A moment names a system call
# before or after which the writer kills itself, or a number of milliseconds after which it is killed from outside ("w":
# from when it has written something), or "never".
WRITERS = """
import os, signal, sys, time
from pathlib import Path
from curate.similarity.index import Index
from tests.similarity.test_index import items

made = [items(seed) for seed in range(9, 30)]

def die(moment, name, real):
    calls = 0
    def wrapped(*args, **kwargs):
        nonlocal calls
        calls += 1
        if moment == f"before-{name}-{calls}":
            os.kill(os.getpid(), signal.SIGKILL)
        out = real(*args, **kwargs)
        if moment == f"after-{name}-{calls}":
            os.kill(os.getpid(), signal.SIGKILL)
        return out
    return wrapped

for line in sys.stdin:
    folder, moment = line.split()
    segments = Path(folder) / "segments"
    old = set(os.listdir(segments))
    child = os.fork()
    if not child:
        Path.replace, os.fsync = die(moment, "replace", Path.replace), die(moment, "fsync", os.fsync)
        index = Index(folder)
        for new in made[: 1 if "-" in moment else None]:
            index.add(new)
        os._exit(0)
    gone, status = 0, 0
    if "-" not in moment and moment != "never":
        if moment.startswith("w"):  # not before something new is written, unless the writer ends before that
            while not gone and set(os.listdir(segments)) == old:
                time.sleep(0.001)
                gone, status = os.waitpid(child, os.WNOHANG)
        if not gone:
            time.sleep(float(moment.lstrip("w")) / 1000)
            os.kill(child, signal.SIGKILL)
    if not gone:
        gone, status = os.waitpid(child, 0)
    print(-os.waitstatus_to_exitcode(status), flush=True)
"""

# Two files are written, each flushed, renamed, and its folder flushed: the segment first, the manifest last.
MOMENTS = {
    "before-fsync-1": 80, "after-fsync-1": 80, "before-replace-1": 80, "after-replace-1": 80, "after-fsync-2": 80,
    "before-fsync-3": 80, "before-replace-2": 80, "after-replace-2": 120, "after-fsync-4": 120,
}  # fmt: skip


def kill_writers(lines: list[tuple[Path, str]]) -> list[int]:
    """The signal that ended each writer."""
    done = subprocess.run(
        [sys.executable, "-c", WRITERS], input="".join(f"{folder} {moment}\n" for folder, moment in lines),
        capture_output=True, text=True, cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "."}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


def test_a_writer_killed_at_any_moment_leaves_the_old_index_or_the_new_one(index: Index, tmp_path: Path) -> None:
    for moment in MOMENTS:
        shutil.copytree(index.path, tmp_path / moment)
    ended = kill_writers([(tmp_path / moment, moment) for moment in MOMENTS])
    assert ended == [signal.SIGKILL] * len(MOMENTS)
    for moment, left in MOMENTS.items():
        after = Index(tmp_path / moment)
        assert len(after.items()) == left, moment
        after.add(items(9))
        assert len(Index(after.path).items()) == 120
        assert {p.name for p in (after.path / "segments").iterdir()} == {s["name"] for s in after.info().segments}
        assert not list(after.path.rglob(".*.tmp"))


def test_a_writer_killed_from_outside_never_breaks_the_index(index: Index, tmp_path: Path) -> None:
    folders = [tmp_path / f"copy{k}" for k in range(8)]
    for folder in folders:
        shutil.copytree(index.path, folder)
    moments = [f"{'w' * (k % 2)}{3 * 2**k}" for k in range(7)]
    ended = kill_writers(list(zip(folders, [*moments, "never"], strict=True)))
    assert ended[-1] == 0
    assert set(ended) <= {0, signal.SIGKILL}
    counts = [len(Index(folder).items()) for folder in folders]
    assert all(count >= 80 and count % 40 == 0 for count in counts)
    assert max(counts) == counts[-1] > 80


def test_the_wait_for_a_writer_that_dies_before_it_writes_ends(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "manifest.json").write_text("no manifest")
    (ended,) = kill_writers([(tmp_path, "w1")])
    assert ended not in (0, signal.SIGKILL)


def shingle_set(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


def test_near_lookup_finds_what_exact_jaccard_finds_and_names_the_best_item() -> None:
    rng = np.random.default_rng(3)
    base = [passage(rng, 80) for _ in range(150)]
    earlier = [" ".join(words) for words in base]
    rows = [" ".join(edited(rng, base[k % 150], k % 7)) for k in range(450)]
    hashes = pa.array([k.to_bytes(16, "big") for k in range(150)], pa.binary(16))
    made = make_items(strings(list(earlier)), strings(list(earlier)), hashes, "x")
    found = find_near(strings(list(rows)), made, 0.8, threads=2)
    sets = [shingle_set(t) for t in earlier]
    missed = wanted = 0
    for row, text in enumerate(rows):
        mine = shingle_set(text)
        scores = [len(mine & s) / len(mine | s) for s in sets]
        best = int(np.argmax(scores))
        if found.item[row] >= 0:
            assert found.item[row] == best
            assert found.score[row] == pytest.approx(scores[best], abs=1e-6)
        if scores[best] >= 0.8:
            wanted += 1
            missed += found.item[row] < 0
        else:
            assert found.item[row] == -1
    assert wanted > 150
    assert missed / wanted <= 0.02


def test_near_lookup_does_not_depend_on_the_order_in_which_items_came() -> None:
    parts = [items(1).table, items(2).table, items(1, source="copy.jsonl").table]
    one, other = (Items.of(order, IndexConfig()) for order in (parts, parts[::-1]))
    rows = strings([*texts(1)[:10], *texts(2)[:10], *texts(7)[:5]])
    left, right = find_near(rows, one, 0.8), find_near(rows, other, 0.8)
    assert left.item.tolist() == right.item.tolist()
    assert [one.name(i)[0] for i in left.item[:20].tolist()] == ["copy.jsonl"] * 10 + ["file2.jsonl"] * 10
    assert left.item[20:].tolist() == [-1] * 5


def test_many_items_in_one_bucket_are_counted_not_compared_without_end() -> None:
    head = " ".join(f"w{i}" for i in range(60))
    crowd = [f"{head} x{i}" for i in range(900)]
    hashes = pa.array([k.to_bytes(16, "big") for k in range(900)], pa.binary(16))
    made = make_items(strings(list(crowd)), strings(list(crowd)), hashes, "x")
    found = find_near(strings([f"{head} y{i}" for i in range(50)]), made, 0.8)
    assert (found.item >= 0).all()
    assert found.left_out > 0


@pytest.mark.parametrize("others", [0, 600])
def test_rows_that_fill_the_template_of_items_otherwise_repeat_none_and_copies_do(others: int) -> None:
    """Also where a handful of rows shows no template: the items do."""
    rng = np.random.default_rng(5)
    head, tail = " ".join(passage(rng, 60)), " ".join(passage(rng, 40))
    letters = [f"{head} name{i} owes {i * 7} {tail}" for i in range(900)]
    own = [passage(rng, 40) for _ in range(20)]
    earlier = [*letters, *(f"{head} {' '.join(words)} {tail}" for words in own)]
    hashes = pa.array([k.to_bytes(16, "big") for k in range(len(earlier))], pa.binary(16))
    made = make_items(strings(list(earlier)), strings(list(earlier)), hashes, "x")
    again = [f"{head} {' '.join(edited(rng, words, 1))} {tail}" for words in own]
    rows = [*letters[:9], *again, *(f"{head} person{i} owes {i * 11 + 3} {tail}" for i in range(9 + others))]
    found = find_near(strings(list(rows)), made, 0.8, template_share=0.02)
    due = [*range(9), *range(900, 920)]
    met = [i for i in range(29) if found.item[i] == due[i]]
    assert len(met) >= 27
    assert set(found.item[:29].tolist()) <= {-1, *due}
    assert (found.item[29:] == -1).all()
    assert found.left_out == 0
    assert (find_near(strings(list(rows)), made, 0.8).item >= 0).all()


def test_a_word_exchanged_in_the_few_own_words_of_a_templated_row_hides_no_repeat() -> None:
    rng = np.random.default_rng(6)
    head, tail = " ".join(passage(rng, 30)), " ".join(passage(rng, 20))
    own = [passage(rng, 20) for _ in range(200)]
    earlier = strings([f"{head} {' '.join(words)} {tail}" for words in own])
    made = make_items(earlier, earlier, pa.array([k.to_bytes(16, "big") for k in range(200)], pa.binary(16)), "x")
    again = [f"{head} {' '.join([*words[:9], 'other', *words[10:]])} {tail}" for words in own]
    others = [f"{head} {' '.join(passage(rng, 20))} {tail}" for _ in range(200)]
    found = find_near(strings([*again, *others]), made, 0.8, template_share=0.02).item
    assert (found[:200] == np.arange(200)).sum() >= 190
    assert (found[200:] == -1).all()


def test_blank_rows_and_empty_indexes_match_nothing() -> None:
    empty = Items.of([], IndexConfig())
    assert find_near(strings(["a b c d", "", None]), empty, 0.8).item.tolist() == [-1, -1, -1]
    hashes = pa.array([bytes(16)] * 2, pa.binary(16))
    blank = make_items(strings(["", None]), strings(["", None]), hashes, "x")
    assert find_near(strings(["", None, "a"]), blank, 0.8).item.tolist() == [-1, -1, -1]
    assert len(blank) == 2
