"""The index of a gate: whatever changed between two versions of the data, findings are those of a look at everything."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.dataset import Dataset, load
from curate.errors import DataError
from curate.pipeline import Detected, Event, detect
from curate.privacy.column import column_bytes
from curate.recipe import Recipe
from curate.similarity.known import hashes_of
from curate.stages.known_rows import KnownRows

STAGES = ["exact_duplicates", "near_duplicates", "pii"]
WORDS = [f"{a}{b}" for a in ("par", "ket", "lum", "vor", "sin", "tal") for b in ("cel", "tle", "en", "ix", "oda", "urn")]
PERSONAL = ("write to ada@mail.example.org", "call +1 212 555 0142", "order 4012888888881881", "card 4111 1111 1111 1111",
            "order 4012888888881882", "key AKIAIOSFODNN7EXAMPLQ", "iban DE89 3704 0044 0532 0130 00")  # fmt: skip


def text(rng: random.Random, words: int = 24) -> str:
    return " ".join(rng.choices(WORDS, k=words)) + (f" {rng.choice(PERSONAL)}" if rng.random() < 0.3 else "")


def row(rng: random.Random, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A new row: fresh, a copy, a copy with other white space or another label, nearly a copy, or without a text."""
    kind = rng.randrange(8)
    split = rng.choice(["train", "train", "test"])
    new = {"text": text(rng), "label": rng.choice("ab"), "split": split, "note": text(rng, 3)}
    if not rows or kind < 2:
        return new
    other = dict(rng.choice(rows))
    if kind == 2:
        other["text"] = f"  {other['text'].replace(' ', '  ')} "
    elif kind == 3:
        other["label"] = rng.choice("ab")
    elif kind == 4:
        other["note"] = text(rng, 3)
    elif kind >= 5:
        said = other["text"].split(" ")
        for _ in range(rng.randrange(1, 3)):
            said[rng.randrange(len(said))] = rng.choice(WORDS)
        other["text"] = " ".join(said)
    return other


def versions(seed: int, size: int, changes: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A dataset, and the same with rows added anywhere, edited, moved and taken away."""
    rng = random.Random(seed)
    old: list[dict[str, Any]] = []
    for _ in range(size):
        old.append(row(rng, old))
    new = [dict(r) for r in old]
    for _ in range(changes):
        kind = rng.randrange(5)
        if kind == 0 and len(new) > 2:
            new.pop(rng.randrange(len(new)))
        elif kind == 1:
            new.insert(rng.randrange(len(new) + 1), new.pop(rng.randrange(len(new))))
        elif kind == 2:
            new[rng.randrange(len(new))]["note"] = text(rng, 3)
        else:
            new.insert(rng.randrange(len(new) + 1), row(rng, old + new))
    return old, new


def shaped(row: dict[str, Any], task: str) -> dict[str, Any]:
    """The row as data of a task spells it."""
    asked, _, said = row["text"].partition(" ".join(row["text"].split(" ")[12:13]) + " ")
    if task == "sft":
        return {"instruction": asked, "output": said or "none", "split": row["split"], "note": row["note"]}
    if task == "chat":
        turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": said, "tag": row["note"]}]
        return {"messages": turns if row["label"] == "a" else [dict(reversed(turn.items())) for turn in turns]}
    return row


def data(folder: Path, rows: list[dict[str, Any]], task: str = "classification", **given: Any) -> Dataset:
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(shaped(r, task)) + "\n" for r in rows))
    return load(path, task=task, **given)


def recipe(**near: Any) -> Recipe:
    found = Recipe().with_(stages=STAGES).with_settings("near_duplicates", measure=False, **near)
    return found.with_settings("pii", names="off")


def look(dataset: Dataset, index: Path, asked: Recipe, *, writing: bool) -> tuple[Detected, KnownRows]:
    known = KnownRows(index, writing=writing)
    meeting = known.meet(dataset)
    found = detect(dataset, asked, known=meeting)
    if writing and meeting is not None:
        known.save(meeting)
    return found, known


def same(one: Detected, two: Detected) -> None:
    for name in STAGES:
        a, b = one.outcomes[name].detection, two.outcomes[name].detection
        assert a.findings.equals(b.findings), name
        assert (a.scores is None) == (b.scores is None)
        assert a.scores is None or a.scores.equals(b.scores), name
        assert {k: np.asarray(v).tolist() for k, v in a.hints.items()} == {
            k: np.asarray(v).tolist() for k, v in b.hints.items()
        }
        told = [{k: v for k, v in d.summary.items() if k != "pairs_compared"} for d in (a, b)]
        assert told[0] == told[1], name


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), size=st.integers(1, 60), changes=st.integers(0, 12), again=st.integers(0, 6),
       task=st.sampled_from(["classification", "classification", "sft", "chat"]))  # fmt: skip
def test_findings_are_those_of_a_look_at_everything(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int, changes: int, again: int, task: str
) -> None:
    folder = tmp_path_factory.mktemp("known")
    asked = recipe(template_share=0.0)
    old, new = versions(seed, size, changes)
    look(data(folder, old, task), folder / "index", asked, writing=True)
    dataset = data(folder, new, task)
    found, _ = look(dataset, folder / "index", asked, writing=True)
    same(found, detect(dataset, asked))
    rng = random.Random(seed + 1)
    third = [*new, *(row(rng, new) for _ in range(again))]
    dataset = data(folder, third, task)
    found, _ = look(dataset, folder / "index", asked, writing=False)  # from an index that itself came from an index
    same(found, detect(dataset, asked))


def crowd(rng: random.Random, base: str) -> dict[str, Any]:
    """A row that says nearly what hundreds of others say."""
    said = base.split(" ")
    said[rng.randrange(len(said))] = rng.choice(WORDS)
    return {"text": " ".join(said), "label": rng.choice("ab"), "split": rng.choice(["train", "test"]), "note": "n"}


@pytest.mark.parametrize("seed", [1, 2])
def test_crowds_of_copies_are_told_apart_as_in_a_look_at_everything(tmp_path: Path, seed: int) -> None:
    rng, asked = random.Random(seed), recipe(template_share=0.0)
    base = " ".join(rng.choices(WORDS, k=40))
    old = [crowd(rng, base) for _ in range(240)]
    new = [dict(r) for r in old if rng.random() > 0.1] + [crowd(rng, base) for _ in range(30)]
    found, _ = look(data(tmp_path, old), tmp_path / "index", asked, writing=True)
    assert found.outcomes["near_duplicates"].detection.summary["crowded_buckets"]
    dataset = data(tmp_path, new)
    found, _ = look(dataset, tmp_path / "index", asked, writing=False)
    same(found, detect(dataset, asked))


def test_what_is_known_is_not_looked_at_again(tmp_path: Path) -> None:
    old, _ = versions(1, 200, 0)
    asked, new = recipe(template_share=0.0), [*old, {**old[3], "text": old[3]["text"] + " more"}]
    look(data(tmp_path, old), tmp_path / "index", asked, writing=True)
    dataset = data(tmp_path, new)
    part, whole = look(dataset, tmp_path / "index", asked, writing=False)[0], detect(dataset, asked)
    compared = [d.outcomes["near_duplicates"].detection.summary["pairs_compared"] for d in (part, whole)]
    assert compared[0] * 4 < compared[1]
    events: list[Event] = []
    detect(dataset, asked, known=KnownRows(tmp_path / "index").meet(dataset), listener=events.append)
    for stage in ("exact_duplicates", "near_duplicates"):  # and each says how far it is
        steps = [event.done / event.total for event in events if (event.stage, event.kind) == (stage, "progress")]
        assert len(steps) > 1, stage
        assert steps == sorted(steps), stage
        assert steps[-1] == 1, stage


@pytest.mark.parametrize("change", ["settings", "columns", "damage", "version", "strangers"])
def test_an_index_that_does_not_fit_is_left_alone_and_nothing_is_lost(tmp_path: Path, change: str) -> None:
    old, new = versions(4, 60, 5)
    asked = recipe(template_share=0.0)
    look(data(tmp_path, old), tmp_path / "index", asked, writing=True)
    if change == "settings":
        asked = asked.with_settings("near_duplicates", shingle_words=2).with_settings("pii", min_score=0.3)
        asked = asked.with_settings("exact_duplicates", normalise_whitespace=False)
    elif change == "columns":
        new = [{**r, "more": "text"} for r in new]
    elif change == "damage":
        for file in (tmp_path / "index").rglob("*.npy"):
            file.write_bytes(file.read_bytes()[:-8] + bytes(8))
    elif change == "version":
        path = tmp_path / "index" / "manifest.json"
        path.write_text(path.read_text().replace('"version": 2', '"version": 1'))
    elif change == "strangers":
        new = versions(5, 60, 5)[0]
    dataset = data(tmp_path, new)
    found, known = look(dataset, tmp_path / "index", asked, writing=False)
    same(found, detect(dataset, asked))
    if change != "settings":
        assert known.why


def test_another_folder_is_never_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(DataError, match="name another place for --index"):
        KnownRows(tmp_path / "mine")
    (tmp_path / "mine" / "manifest.json").write_text("{}")
    with pytest.raises(DataError, match="not the manifest of known rows"):
        KnownRows(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "dear"


def test_a_first_look_that_was_killed_leaves_a_folder_that_the_next_one_takes_up(tmp_path: Path) -> None:
    old, _ = versions(7, 40, 0)
    index = tmp_path / "index"
    look(data(tmp_path, old), index, recipe(), writing=True)
    (index / "manifest.json").rename(index / ".manifest.json.a1b2.tmp")  # as where the process ended before this step
    assert KnownRows(index).rows == 0
    look(data(tmp_path, old), index, recipe(), writing=True)
    assert KnownRows(index).rows == 40
    (tmp_path / "cache" / ("0" * 16)).mkdir(parents=True)
    (tmp_path / "cache" / ("0" * 16) / "photo.png").write_bytes(b"")
    with pytest.raises(DataError, match="name another place for --index"):
        KnownRows(tmp_path / "cache")


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), max_size=9))
def test_rows_of_texts_have_the_hash_of_their_framed_bytes(rows: list[tuple[str, str]]) -> None:
    columns = [pa.array([row[i] for row in rows], pa.large_string()) for i in range(2)]
    framed = [b"".join(len(text.encode()).to_bytes(8, "little") + text.encode() for text in row) for row in rows]
    found = hashes_of([column_bytes(column) for column in columns], len(rows))
    assert found.tobytes() == b"".join(xxhash.xxh3_128_digest(frame) for frame in framed)


def test_no_text_is_kept(tmp_path: Path) -> None:
    old, _ = versions(6, 80, 0)
    look(data(tmp_path, old), tmp_path / "index", recipe(), writing=True)
    kept = b"".join(file.read_bytes() for file in (tmp_path / "index").rglob("*") if file.is_file())
    assert not [word for word in (*WORDS, *PERSONAL) if word.encode() in kept]
    assert {file.stat().st_mode & 0o077 for file in (tmp_path / "index").rglob("*")} == {0}
