"""A look at some of the rows from memory finds what a look at them alone finds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from curate.dataset import Dataset, load
from curate.stages import exact_duplicates, near_duplicates
from curate.stages.base import Context, Detection


def written(path: Path, texts: list[str]) -> Dataset:
    path.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    return load(path, roles={"text": "text"}, task="text")


def corpus(seed: int, template: str = "") -> list[str]:
    """Texts in families: originals, edited copies, texts of the same words in other case, identical texts."""
    rng = np.random.default_rng(seed)
    out: list[str] = []
    while len(out) < 160:
        words = [f"w{i}" for i in rng.integers(0, 4000, int(rng.integers(1, 40))).tolist()]
        for _ in range(int(rng.integers(1, 6))):
            copy = list(words)
            for at in rng.integers(0, len(copy), int(rng.integers(0, 3))).tolist():
                copy[at] = f"e{rng.integers(0, 50)}"
            text = template + " ".join(copy)
            out.append(str(rng.choice([text, text.upper(), text + "!", text.replace(" ", "  ")])))
    return [out[i] for i in rng.permutation(len(out)).tolist()]


def looked_at(dataset: Dataset, **settings: object) -> tuple[Detection, Detection]:
    exact = exact_duplicates.detect(dataset, exact_duplicates.ExactDuplicatesConfig(), Context())
    config = near_duplicates.NearDuplicatesConfig(measure=False, **settings)  # type: ignore[arg-type]
    context = Context(hints={"exact_duplicates.group": exact.hints["group"]})
    return exact, near_duplicates.detect(dataset, config, context)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_rows_that_stay_are_judged_as_when_they_are_read_anew(tmp_path: Path, seed: int, share: float) -> None:
    texts = corpus(seed)
    dataset = written(tmp_path / "all.jsonl", texts)
    looked_at(dataset)
    rows = np.flatnonzero(np.random.default_rng(seed).random(len(texts)) < share)
    some = dataset.select(rows)
    assert some.origin is not None
    exact, near = looked_at(some)
    exact_anew, near_anew = looked_at(written(tmp_path / "some.jsonl", [texts[i] for i in rows.tolist()]))
    assert exact.scores is not None
    assert near.scores is not None
    assert exact.scores.equals(exact_anew.scores)
    assert near.scores.equals(near_anew.scores)
    assert near.hints["cluster"].tolist() == near_anew.hints["cluster"].tolist()
    assert near.findings.equals(near_anew.findings)
    assert near.scores.num_rows > 0


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_rows_of_a_crowd_are_judged_as_when_they_are_read_anew(tmp_path: Path, share: float) -> None:
    rng = np.random.default_rng(5)
    words = [f"c{i}" for i in range(30)]
    places = rng.integers(0, 30, 150).tolist()
    crowd = [" ".join([*words[:at], f"x{i % 40}", *words[at + 1 :]]) for i, at in enumerate(places)]
    texts = [*corpus(11), *crowd]
    texts = [texts[i] for i in rng.permutation(len(texts)).tolist()]
    dataset = written(tmp_path / "all.jsonl", texts)
    _, all_rows = looked_at(dataset, template_share=0)
    assert all_rows.summary["crowded_buckets"] > 0
    rows = np.flatnonzero(rng.random(len(texts)) < share)
    some = dataset.select(rows)
    _, near = looked_at(some, template_share=0)
    _, anew = looked_at(written(tmp_path / "some.jsonl", [texts[i] for i in rows.tolist()]), template_share=0)
    assert near.scores is not None
    assert near.scores.equals(anew.scores)
    assert near.findings.equals(anew.findings)
    looks = [value for value in dataset.memo.values() if hasattr(value, "found")]
    assert looks
    assert all(look.found.reading is None for look in looks)  # sketches are not kept for it


def test_templates_are_looked_for_anew_among_the_rows_that_stay(tmp_path: Path) -> None:
    texts = corpus(3, template="You are a helpful assistant. Answer the question that follows in one sentence. ")
    dataset = written(tmp_path / "all.jsonl", texts)
    _, all_rows = looked_at(dataset, template_share=0.1)
    assert all_rows.summary["template_shingles"] > 0
    rows = np.arange(0, len(texts), 2)
    _, near = looked_at(dataset.select(rows), template_share=0.1)
    _, anew = looked_at(written(tmp_path / "some.jsonl", [texts[i] for i in rows.tolist()]), template_share=0.1)
    assert near.scores is not None
    assert near.scores.equals(anew.scores)


def test_edited_or_reordered_rows_are_read_anew(tmp_path: Path) -> None:
    dataset = written(tmp_path / "all.jsonl", ["one two three four", "five six seven eight", "one two three four five"])
    looked_at(dataset)
    assert dataset.select([0, 1], {1: {"text": "one two three four"}}).origin is None
    assert dataset.select([1, 0]).origin is None
    edited = dataset.select([0, 1], {1: {"text": "one two three four"}})
    assert looked_at(edited)[0].hints["group"].tolist() == [0, 0]
    assert dataset.select([0, 1], {2: {"text": "an edit of a row that leaves"}}).origin is not None


def test_rows_that_are_like_no_other_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [" ".join(f"w{40 * i + k}" for k in range(20)) for i in range(30)]
    dataset = written(tmp_path / "all.jsonl", [*texts, texts[0]])
    looked_at(dataset)

    def read(*_: object, **__: object) -> None:
        raise AssertionError("texts were read again")

    monkeypatch.setattr(near_duplicates, "near_duplicate_edges", read)
    _, near = looked_at(dataset.select(np.arange(30)))
    assert near.scores is not None
    assert near.scores.num_rows == 0


@pytest.mark.parametrize("beside", ["url", "abstract", "genre_tags"])
def test_no_copy_is_made_of_the_texts_that_stay(tmp_path: Path, beside: str) -> None:
    texts = [" ".join(f"w{40 * i + k}" for k in range(20)) for i in range(30)]
    rows = [{"text": text, beside: f"{n} of a kind"} for n, text in enumerate([*texts, texts[0]])]
    (tmp_path / "all.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    dataset = load(tmp_path / "all.jsonl", roles={"text": "text"}, task="text")
    looked_at(dataset)
    some = dataset.select(np.arange(30))
    looked_at(some)
    assert some.at_hand == (beside == "genre_tags")  # whether that is a list is asked of the rows
