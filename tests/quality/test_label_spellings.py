"""Spellings of labels by pairs of letters and by copies of texts, beside what must stay apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dataset import Dataset, load
from curate.labels.names import canonical_names, fingerprint, ngram_fingerprint
from curate.ledger.apply import apply
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.stages.base import Context
from curate.stages.label_names import STAGE

TEXTS = [f"a customer wrote about order {i} and the river {i % 7}" for i in range(400)]


def _load(tmp_path: Path, rows: list[tuple[str, str]]) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"text": t, "label": label}) + "\n" for t, label in rows))
    return load(path)


def test_an_n_gram_fingerprint_is_the_set_of_runs_in_order() -> None:
    assert ngram_fingerprint("Pa ris") == "arispari"
    assert ngram_fingerprint("abcab", 1) == "abc"
    assert ngram_fingerprint("x") == ""


@given(st.text(max_size=12), st.integers(1, 3))
def test_equal_fingerprints_have_equal_n_gram_fingerprints(name: str, n: int) -> None:
    assert ngram_fingerprint(name, n) == ngram_fingerprint(fingerprint(name), n)
    assert ngram_fingerprint(name.upper(), n) == ngram_fingerprint(name.upper().lower(), n) or not name.isascii()


@pytest.mark.parametrize(
    ("rare", "frequent"),
    [("missississippi_delta", "mississippi_delta"), ("bananana bread", "banana bread")],
)
def test_a_syllable_written_twice_is_proposed(rare: str, frequent: str) -> None:
    found = canonical_names({frequent: 300, rare: 2, "refund": 100})
    assert found[rare].canonical == frequent
    assert found[rare].rule == "ngram_fingerprint"
    assert found[rare].score < 0.9


@pytest.mark.parametrize(
    "counts",
    [
        {"card_to_cash": 200, "cash_to_card": 3},
        {"bananana bread": 150, "banana bread": 300},
        {"room 121212": 300, "room 1212": 2},
        {"aaaa": 300, "aaa": 2},
    ],
)
def test_names_of_other_meaning_or_as_frequent_stay_apart(counts: dict[str, int]) -> None:
    assert canonical_names(counts) == {}


def test_names_on_copies_of_the_same_texts_are_proposed_where_they_look_alike() -> None:
    counts = {"delivery late": 200, "late deliveries": 6, "refund": 90}
    found = canonical_names(counts, {("delivery late", "late deliveries"): 5})
    assert found["late deliveries"].canonical == "delivery late"
    assert found["late deliveries"].rule == "co_occurrence"
    assert canonical_names(counts, {("delivery late", "late deliveries"): 2}) == {}
    assert canonical_names(counts, {("delivery late", "refund"): 60}) == {}
    assert canonical_names(counts) == {}


def test_a_rare_name_that_stands_on_few_copies_stays_apart() -> None:
    counts = {"delivery late": 200, "late deliveries": 60}
    assert canonical_names(counts, {("delivery late", "late deliveries"): 5}) == {}


def test_the_stage_finds_names_on_copies_and_leaves_them_to_a_person(tmp_path: Path) -> None:
    rows = [(text, "delivery late" if i % 2 else "refund") for i, text in enumerate(TEXTS)]
    rows += [(f" {text}", "late deliveries") for text in TEXTS[1:12:2]]
    dataset = _load(tmp_path, rows)
    found = STAGE.detect(dataset, STAGE.config(), Context())
    flags = found.findings.to_pylist()
    assert {flag["row"] for flag in flags} == set(range(400, 406))
    assert {(flag["rule"], flag["action"], flag["replacement"]) for flag in flags} == {
        ("co_occurrence", "relabel", "delivery late")
    }
    assert max(flag["score"] for flag in flags) < 0.9
    assert found.hints["canonical"][400].as_py() == "late deliveries"
    assert not len(STAGE.detect(dataset, STAGE.config(co_occurrence=False), Context()).findings)


def test_rules_can_be_switched_off_one_by_one(tmp_path: Path) -> None:
    rows = [(text, "banana bread") for text in TEXTS] + [("another text", "bananana bread")]
    dataset = _load(tmp_path, rows)
    assert STAGE.detect(dataset, STAGE.config(), Context()).findings["rule"].to_pylist() == ["ngram_fingerprint"]
    assert not len(STAGE.detect(dataset, STAGE.config(ngram_fingerprint=False), Context()).findings)


def _labelled(tmp_path: Path, labels: list[object]) -> Dataset:
    path = tmp_path / "sets.jsonl"
    rows = ({"text": TEXTS[i % len(TEXTS)], "tags": label} for i, label in enumerate(labels))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path, roles={"text": "text", "label": "tags"})


def test_labels_inside_sets_get_one_spelling_and_sets_are_never_joined(tmp_path: Path) -> None:
    sets: list[object] = [["late_delivery", "broken"], ["broken", "late_delivery"], ["refund_request", 3]]
    sets = [*[*sets, ["late", "delivery"]] * 60, ["Late Delivery", "late_delivery"], ["refnd_request", "Broken"]]
    sets += [None, [], "broken"]
    found = STAGE.detect(_labelled(tmp_path, sets), STAGE.config(), Context())
    told = {f["row"]: (f["rule"], json.loads(f["replacement"])) for f in found.findings.to_pylist()}
    assert told == {
        240: ("fingerprint", ["late_delivery"]),
        241: ("edit_distance", ["refund_request", "broken"]),
    }
    assert max(f["score"] for f in found.findings.to_pylist() if f["row"] == 241) < 0.9
    canonical = found.hints["canonical"].to_pylist()
    assert canonical[0] == canonical[1]
    assert canonical[3] not in canonical[:3]
    assert canonical[242:] == [None, "[]", "broken"]


def test_a_set_is_written_back_as_a_set(tmp_path: Path) -> None:
    dataset = _labelled(tmp_path, [*[["late_delivery", "broken"]] * 60, ["Late Delivery", "broken"]])
    found = detect(dataset, Recipe.parse({"run": {"stages": ["label_names"]}}))
    curated = apply(dataset, found.resolve()).dataset()
    assert curated.row(60)["tags"] == ["late_delivery", "broken"]


def test_a_list_is_no_spelling_of_a_name_and_an_id_none_of_another(tmp_path: Path) -> None:
    mixed: list[object] = [["late"], "late", {"late": 1}, 4]
    assert len(STAGE.detect(_labelled(tmp_path, mixed * 50), STAGE.config(), Context()).findings) == 0
    ids: list[object] = [f"AB-{i}" if i % 2 else f"ab{i - 1}" for i in range(100)]
    found = STAGE.detect(_labelled(tmp_path, ids), STAGE.config(), Context())
    assert len(found.findings) == 0
    assert found.summary["reads_like_an_id"]
