"""Which spellings are one label, and which must stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.labels.names import canonical_names, fingerprint


@pytest.mark.parametrize(
    "spelling",
    ["Refund Request", "refund-request", "refund_request ", " REFUND_REQUEST", "refund.request", "refundRequest",
     "ｒｅｆｕｎｄ_request", "refund\u00a0request", "«refund request»"],
)
def test_spellings_that_differ_in_form_only_become_the_most_frequent_one(spelling: str) -> None:
    found = canonical_names({"refund_request": 300, spelling: 3, "card_arrival": 200})
    assert found[spelling].canonical == "refund_request"
    assert (found[spelling].rule, found[spelling].score) == ("fingerprint", 1.0)
    assert "refund_request" not in found
    assert "card_arrival" not in found


def test_composed_and_decomposed_accents_are_one_spelling() -> None:
    assert canonical_names({"caf\u00e9": 10, "cafe\u0301": 2})["cafe\u0301"].canonical == "caf\u00e9"


@pytest.mark.parametrize("slip", ["refnd_request", "refudn_request", "refuund_request", "refumd_request"])
def test_a_rare_slip_is_proposed_below_the_score_that_applies_by_itself(slip: str) -> None:
    found = canonical_names({"refund_request": 300, slip: 3, "card_arrival": 200})
    assert found[slip].canonical == "refund_request"
    assert found[slip].rule == "edit_distance"
    assert found[slip].score < 0.9


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("card_1", "card_2"), ("pin_change", "pin_changed"), ("positive", "negative"), ("1", "2"), ("1", "10"),
        ("1", "1.0"), ("-1", "1"), ("+", "-"), ("refund", "refunds"), ("c", "c++"), ("version_1_2", "version_12"),
        ("not_approved", "approved"), ("typical", "atypical"), ("toxic", "non-toxic"), ("card_to_cash", "cash_to_card"),
        ("male", "female"), ("top_up_failed", "top_up_fail"), ("level_A1", "level_A2"), ("in_stock", "instock_7"),
        ("employee", "employer"), ("entailment", "contradiction"), ("0.5", "5"),
    ],
)
def test_labels_that_mean_different_things_stay_apart(a: str, b: str) -> None:
    assert canonical_names({a: 500, b: 4}) == {}
    assert canonical_names({a: 4, b: 500}) == {}


def test_equally_frequent_neighbours_stay_apart() -> None:
    assert canonical_names({"request_refund": 100, "request_refuna": 90}) == {}


def test_a_slip_of_a_variant_goes_to_the_label_itself() -> None:
    found = canonical_names({"refund_request": 300, "refnd_request": 2, "Refnd Request": 1})
    assert {s.canonical for s in found.values()} == {"refund_request"}


@given(st.dictionaries(st.text(max_size=12), st.integers(1, 1000), max_size=30))
def test_a_canonical_spelling_exists_is_final_and_is_at_least_as_frequent(counts: dict[str, int]) -> None:
    found = canonical_names(counts)
    for name, spelling in found.items():
        assert spelling.canonical in counts
        assert spelling.canonical not in found
        assert counts[spelling.canonical] >= counts[name]
        if spelling.rule == "fingerprint":
            assert fingerprint(name) == fingerprint(spelling.canonical) != ""
