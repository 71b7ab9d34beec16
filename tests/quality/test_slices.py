"""Worst slices: what was planted is found in words, noise is not, and the numbers are those of the rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.stages.slices import STAGE as SLICES
from curate.dataset import load
from curate.errors import StageSkipped
from curate.labels.slices import Conditions, by_mask, by_range, by_value, columns_of, worst_slices
from curate.stages.base import Context
from curate.stages.text_quality import STAGE as TEXT_QUALITY


def _columns(rng: np.random.Generator, n: int) -> list[Conditions]:
    return [
        by_value("source", rng.choice(["web", "mail", "chat", "shop"], n).tolist()),
        by_value("language", rng.choice(["en", "de", "fr"], n).tolist()),
        by_range("length", rng.lognormal(4, 1, n)),
        by_mask("names a group", rng.random(n) < 0.2),
        by_value("tag", rng.choice(list("uvwxyz"), n).tolist()),
    ]


@pytest.mark.parametrize("higher_is_worse", [True, False])
def test_a_planted_slice_of_two_conditions_is_found_in_its_words(higher_is_worse: bool) -> None:
    rng = np.random.default_rng(0)
    columns = _columns(rng, 3000)
    source, length = columns[0], columns[2]
    planted = (source.codes == source.labels.index("= mail")) & (length.codes == len(length.labels) - 1)
    bad = (rng.random(3000) < np.where(planted, 0.35, 0.1)).astype(float)
    score = bad if higher_is_worse else 1.0 - bad
    found = worst_slices(score, columns, higher_is_worse=higher_is_worse)
    (one,) = found.slices
    assert one.conditions == (("source", "= mail"), ("length", length.labels[-1]))
    assert str(one).startswith("source = mail and length > ")
    assert one.rows == planted.sum()
    assert one.mean == pytest.approx(score[planted].mean(), abs=1e-6)
    assert one.others == pytest.approx(score[~planted].mean(), abs=1e-6)
    assert 0 < one.low < one.difference < one.high
    assert one.p <= 0.05
    assert found.method == "permutation"


def test_a_slice_of_one_condition_is_not_told_again_by_its_parts() -> None:
    rng = np.random.default_rng(1)
    columns = _columns(rng, 4000)
    german = columns[1].codes == columns[1].labels.index("= de")
    found = worst_slices((rng.random(4000) < np.where(german, 0.3, 0.1)).astype(float), columns)
    assert [one.conditions for one in found.slices] == [(("language", "= de"),)]


def test_two_planted_slices_are_both_found() -> None:
    rng = np.random.default_rng(2)
    columns = _columns(rng, 6000)
    planted = [columns[0].codes == columns[0].labels.index("= chat"), columns[4].codes == columns[4].labels.index("= x")]
    score = 0.5 * planted[0] + 0.5 * (planted[1] & ~planted[0]) + rng.normal(size=6000)
    told = {one.conditions[0] for one in worst_slices(score, columns).slices}
    assert {("source", "= chat"), ("tag", "= x")} <= told


def test_noise_gives_a_slice_in_at_most_one_search_of_twenty() -> None:
    wrong = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        kinds = (rng.normal(size=300), (rng.random(300) < 0.1).astype(float), rng.lognormal(0, 2, 300))
        wrong += bool(worst_slices(kinds[seed % 3], _columns(rng, 300), draws=99, seed=seed).slices)
    assert wrong / 200 <= 0.05


def test_noise_in_many_rows_gives_no_slice() -> None:
    rng = np.random.default_rng(3)
    found = worst_slices(rng.random(60_000), _columns(rng, 60_000))
    assert found.method == "bonferroni"
    assert not found.slices
    planted = (rng.random(60_000) < 0.1).astype(float)
    columns = _columns(rng, 60_000)
    planted[columns[0].codes == 0] += 0.05
    assert worst_slices(planted, columns).slices[0].conditions == (("source", columns[0].labels[0]),)


def test_counts_of_candidates_are_those_of_plain_loops() -> None:
    rng = np.random.default_rng(4)
    columns = _columns(rng, 500)
    held = [c.codes == k for c in columns for k in range(len(c.labels))]
    owner = [i for i, c in enumerate(columns) for _ in c.labels]
    enough = sum(25 <= m.sum() <= 475 for m in held)
    for i in range(len(held)):
        for j in range(i + 1, len(held)):
            enough += owner[i] != owner[j] and 25 <= (held[i] & held[j]).sum() <= 475
    assert worst_slices(rng.random(500), columns, min_rows=25, draws=19).candidates == enough


def test_the_same_scores_give_the_same_slices() -> None:
    rng = np.random.default_rng(5)
    columns, score = _columns(rng, 800), rng.random(800)
    score[columns[0].codes == 1] += 0.2
    assert worst_slices(score, columns, seed=7) == worst_slices(score, columns, seed=7)


@pytest.mark.parametrize(
    ("score", "why"),
    [(np.zeros(0), "too few"), (np.zeros(30), "too few"), (np.ones(400), "alike"), (np.full(400, np.nan), "too few")],
)
def test_scores_that_say_nothing_end_in_a_reason(score: np.ndarray, why: str) -> None:
    found = worst_slices(score, [by_value("a", ["x"] * len(score))])
    assert not found.slices
    assert why in found.method


def test_rows_without_a_score_do_not_count() -> None:
    rng = np.random.default_rng(6)
    columns = _columns(rng, 1000)
    score = rng.random(1000)
    bad = columns[0].codes == 0
    score[bad] += 0.5
    score[::3] = np.nan
    (one,) = worst_slices(score, columns).slices
    assert one.rows == (bad & ~np.isnan(score)).sum()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=60), st.integers(2, 6))
def test_ranges_hold_every_number_once_and_in_order(numbers: list[float], parts: int) -> None:
    found = by_range("x", numbers, parts)
    x = np.array(numbers)
    known = ~np.isnan(x)
    assert len(found.labels) <= parts
    if found.labels:
        assert ((found.codes >= 0) == known).all()
        order = np.argsort(x[known], kind="stable")
        assert (np.diff(found.codes[known][order]) >= 0).all()
        assert set(found.codes[known].tolist()) == set(range(len(found.labels)))
    else:
        assert (found.codes == -1).all()


def test_columns_of_text_become_values_or_ranges_or_nothing() -> None:
    n = 200
    found = columns_of({
        "few": [("a", "b", None)[i % 3] for i in range(n)],
        "number": [str(i * 0.5) for i in range(n)],
        "id": [f"row {i}" for i in range(n)],
        "one": ["x"] * n,
    })
    assert [c.name for c in found] == ["few", "number"]
    assert found[0].labels == ("= a", "= b")
    assert (found[0].codes == -1).sum() == n // 3
    assert len(found[1].labels) == 4


def _rows(path: Path) -> Path:
    """Support texts of three sources, of which those by mail are written carelessly."""
    rng = np.random.default_rng(0)
    words = np.array(["river", "garden", "people", "window", "stone", "bread", "market", "teacher", "letter", "morning"])
    with path.open("wb") as file:
        for i in range(600):
            text = " ".join(rng.choice(words, 14)).capitalize() + ". " + " ".join(rng.choice(words, 9)).capitalize() + "."
            source = ("web", "mail", "shop")[i % 3]
            told = text.lower().replace(".", "") if source == "mail" else text
            file.write(orjson.dumps({"text": told, "label": str(words[i % 2]), "source": source, "n": i}) + b"\n")
    return path


def test_the_stage_names_the_source_whose_texts_are_worse(tmp_path: Path) -> None:
    dataset = load(_rows(tmp_path / "rows.jsonl"))
    quality = TEXT_QUALITY.detect(dataset, TEXT_QUALITY.config(), Context())
    hints = {"text_quality.score": quality.hints["score"]}
    found = SLICES.detect(dataset, SLICES.config(), Context(hints=hints))
    (flag,) = found.findings.to_pylist()
    assert (flag["rule"], flag["action"], flag["row"]) == ("low_quality", "flag", None)
    first = orjson.loads(flag["evidence"])["slices"][0]
    assert first["conditions"] == [["source", "= mail"]]
    assert first["rows"] == 200
    assert found.summary["low_quality"]["in_words"][0] == "source = mail"
    assert "doubtful_labels" not in found.summary


def test_the_stage_needs_scores(tmp_path: Path) -> None:
    dataset = load(_rows(tmp_path / "rows.jsonl"))
    with pytest.raises(StageSkipped, match="scored"):
        SLICES.detect(dataset, SLICES.config(), Context())


def test_a_source_with_an_address_is_masked_in_the_evidence(tmp_path: Path) -> None:
    path = _rows(tmp_path / "rows.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"mail"', b'"anna.berg@mail.example.org"'))
    dataset = load(path)
    quality = TEXT_QUALITY.detect(dataset, TEXT_QUALITY.config(), Context())
    found = SLICES.detect(dataset, SLICES.config(), Context(hints={"text_quality.score": quality.hints["score"]}))
    assert len(found.findings) == 1
    assert "anna.berg" not in found.findings["evidence"][0].as_py()
    assert "anna.berg" not in str(found.summary)


def test_doubtful_labels_are_searched_where_labels_were_judged(tmp_path: Path) -> None:
    dataset = load(_rows(tmp_path / "rows.jsonl"))
    wrong = np.random.default_rng(0).random(600) * 0.3
    wrong[np.arange(600) % 3 == 2] += 0.3
    wrong[::7] = np.nan
    found = SLICES.detect(dataset, SLICES.config(), Context(hints={"label_issues.wrong": wrong}))
    assert found.findings["rule"].to_pylist() == ["doubtful_labels"]
    assert found.summary["doubtful_labels"]["in_words"] == ["source = shop"]
