"""A column whose numbers pass mod-10 by chance holds no cards; one where nearly all pass holds nothing else."""

from __future__ import annotations

import json
import random

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binomtest
from stdnum import luhn

from curate.privacy import mask_column, scan
from curate.privacy.evidence import tally, verdicts
from curate.statistics import wilson


def numbers(n: int, *, cards: bool, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    out = []
    for _ in range(n):
        body = "4" + "".join(draw.choice("0123456789") for _ in range(14))
        out.append(body + (luhn.calc_check_digit(body) if cards else draw.choice("0123456789")))
    return out


def test_numbers_that_pass_by_chance_are_cleared() -> None:
    column = pa.array(numbers(500, cards=False), pa.large_string())
    assert len(scan(column)) == 0
    assert len(scan(column.slice(0, 8))) == sum(luhn.is_valid(n) for n in column.slice(0, 8).to_pylist())


def test_a_column_of_cards_is_confirmed_and_the_evidence_says_by_how_many() -> None:
    values = numbers(200, cards=True)
    spans = scan(pa.array(values, pa.large_string()))
    assert len(spans) == 200
    assert float(spans.score.min()) > 0.96
    told = json.loads(spans.evidence()[0])
    assert (told["column_runs"], told["column_passed"]) == (200, 200)
    assert values[0] not in spans.evidence()[0]


def test_a_card_with_words_or_groups_is_never_cleared() -> None:
    noise = numbers(500, cards=False)
    rows = [*noise, "my credit card 4111111111111111", "4111 1111 1111 1111"]
    spans = scan(pa.array(rows, pa.large_string()))
    assert spans.row.tolist() == [500, 501]


def test_few_numbers_are_insufficient_evidence() -> None:
    assert verdicts(np.array([[0, 0]] * 16 + [[19, 0], [0, 0], [0, 0], [0, 0]])) == {}
    assert verdicts(np.array([[0, 0]] * 16 + [[200, 100], [0, 0], [0, 0], [0, 0]])) == {}


def test_what_is_masked_stays_masked_and_what_is_cleared_stays_cleared() -> None:
    column = pa.array([*numbers(500, cards=False), "pay with visa 4111111111111111"], pa.large_string())
    masked = mask_column(column, scan(column))
    assert masked[500].as_py() == "pay with visa [CARD]"
    assert len(scan(masked)) == 0


@pytest.mark.parametrize(("passed", "runs"), [(0, 20), (3, 30), (50, 500), (200, 200), (1, 2)])
def test_the_interval_is_that_of_wilson(passed: int, runs: int) -> None:
    expected = binomtest(passed, runs).proportion_ci(method="wilson")
    assert wilson(passed, runs) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_the_tally_counts_bare_runs_only() -> None:
    data = np.frombuffer(b"4111111111111111 x4111111111111111 411111111111111 12 4111111111111112", np.uint8)
    counts = tally(data, np.array([0]), np.array([len(data)]))
    assert counts[16].tolist() == [2, 1]
    assert counts[15].tolist() == [1, int(luhn.is_valid("411111111111111"))]


def sentences(values: list[str], word: str) -> list[str]:
    filler = "the parcel left the house on Monday and the driver says that it should be there before the week is over"
    return [f"{filler}; {word} {value} as you asked" for value in values]


def test_in_long_texts_the_word_before_speaks_for_its_numbers() -> None:
    passing = [n for n in numbers(400, cards=False, seed=5) if luhn.is_valid(n)]
    assert len(passing) > 20
    noise = sentences(numbers(400, cards=False, seed=5), "waybill")
    cards = sentences(numbers(60, cards=True, seed=6), "plastic")
    spans = scan(pa.array([*noise, *cards], pa.large_string()))
    assert spans.row.tolist() == list(range(400, 460))
    assert float(spans.score.min()) > 0.96
    alone = scan(pa.array(noise[:10], pa.large_string()))
    assert len(alone) == sum(luhn.is_valid(n) for n in numbers(400, cards=False, seed=5)[:10])


def test_one_word_does_not_speak_for_the_numbers_behind_another() -> None:
    noise = sentences(numbers(400, cards=False, seed=7), "waybill")
    spans = scan(pa.array([*noise, *sentences(["4012888888881881"], "plastic")], pa.large_string()))
    assert spans.row.tolist() == [400]


def test_what_one_end_of_the_data_holds_says_nothing_of_the_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files behind one another: order numbers in the first, cards in the second, behind the same word."""
    monkeypatch.setattr("curate.privacy.chance._SAMPLE", 100_000)
    filler = " and then some more words about the weather and the way home" * 6
    grouped = [" ".join(n[i : i + 4] for i in range(0, 16, 4)) for n in numbers(300, cards=True)]
    failing = [g[:-1] + str((int(g[-1]) + 1) % 10) for g in grouped]
    first = [f"ref {g}{filler}" for g in failing]
    second = [f"ref {g}{filler}" for g in grouped]
    for rows in (first + second, second + first):
        assert len(set(scan(pa.array(rows, pa.large_string())).row.tolist())) == 300


def test_a_labelled_card_is_found_among_numbers_that_pass_by_chance_wherever_it_stands() -> None:
    grouped = [" ".join(n[i : i + 4] for i in range(0, 16, 4)) for n in numbers(220, cards=False)]
    labelled = ["card " + " ".join(n[i : i + 4] for i in range(0, 16, 4)) for n in numbers(5, cards=True, seed=2)]
    for cells in (labelled + grouped, grouped + labelled):
        found = {cells[row] for row in scan(pa.array(cells, pa.large_string())).row.tolist()}
        assert set(labelled) <= found
