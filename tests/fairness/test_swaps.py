"""Counterfactual swaps: what is turned, what is left alone, and that the grammar is kept."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.fairness.swaps import AXES, apply_spans, english_rows, swap_effects, swaps
from audit.fairness.swaps.engine import Swapped
from audit.fairness.swaps.measure import effects_of
from audit.fairness.swaps.predict import out_of_fold_answers
from audit.fairness.swaps.terms import TERMS
from audit.fairness.swaps.words import article
from tests.conftest import examples

TERMS_DATA = Path(__file__).parents[3] / "shared" / "data" / "identity_terms" / "bias_madlibs_77k.csv.gz"


def turned(text: str, axis: str = "gender", key: int = 7) -> str | None:
    found = swaps([text], [axis], [key])
    return apply_spans(text, found[0].spans) if found else None


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("She told him that her mother gave her the book; the red one is hers.",
         "He told her that his father gave him the book; the red one is his."),
        ("He said his wife saw him. That car is his.", "She said her husband saw her. That car is hers."),
        ("I saw her yesterday. I met her brother's friend.", "I saw him yesterday. I met his sister's friend."),
        ("We asked her about her 2019 report.", "We asked him about his 2019 report."),
        ("They called her and left.", "They called him and left."),
        ("SHE'S GOT HER BAG", "HE'S GOT HIS BAG"),
        ("She’ll do it herself, won’t she?", "He’ll do it himself, won’t he?"),
        ("Her order is late.", "His order is late."),
        ("Mr. Smith met an actress. She is an heiress.", "Ms. Smith met an actor. He is an heiress."),
        ("Dear Mrs Jones, dear Sir,", "Dear Mr Jones, dear Ma'am,"),
        ("Yes, ma'am, my daughters-in-law are ladies.", "Yes, sir, my daughters-in-law are gentlemen."),
        ("my grandmother and a waiter", "my grandfather and a waitress"),
    ],
)  # fmt: skip
def test_gender_is_turned_and_the_grammar_kept(given_text: str, wanted: str) -> None:
    assert turned(given_text) == wanted


@pytest.mark.parametrize(
    "text",
    ["Oh man, the man page is wrong.", "I miss the old site.", "Chinese is my mother tongue.", "Man, that was slow.",
     "The parcel is late.", "", "   ", "it's", "Human history, sheriff, theory, helm.", "a male connector"],
)  # fmt: skip
def test_words_that_speak_of_nobody_are_left_alone(text: str) -> None:
    assert turned(text) is None


def test_first_names_turn_within_their_own_lists_and_surnames_stay() -> None:
    new = turned("Maria García called John Miller about his order.")
    assert new is not None
    assert new.endswith("about her order.")
    assert "García" in new
    assert "Miller" in new
    assert "Maria" not in new
    assert "John" not in new


def test_names_of_one_person_turn_alike_within_a_row() -> None:
    found = swaps(["Thomas Weber wrote.", "I answered Thomas Weber."], ["name_origin"], [5, 5])
    new = [{word for _, _, word in swap.spans} for swap in found]
    assert new[0] == new[1]
    assert found[0].after == found[1].after != found[0].before


@pytest.mark.parametrize(
    ("given_text", "axis", "before"),
    [
        ("I am a Muslim.", "religion", "Muslim"), ("Two Jews and a rabbi.", "religion", "Jewish"),
        ("You are a kind black", "ethnicity", "black"), ("The black coffee of a black woman.", "ethnicity", "black"),
        ("He is black and proud.", "ethnicity", "black"), ("French people make French fries.", "nationality", "French"),
        ("She is blind.", "disability", "blind"), ("an elderly customer", "age", "elderly"),
        ("Straight people and gay people", "orientation", "straight + gay"),
    ],
)  # fmt: skip
def test_terms_that_speak_of_people_are_swapped_for_one_of_their_axis(given_text: str, axis: str, before: str) -> None:
    (swap,) = swaps([given_text], [axis], [3])
    assert swap.before in (before, " + ".join(reversed(before.split(" + "))))
    names = {concept.name for concept in TERMS[axis]}
    assert set(swap.after.split(" + ")) <= names - set(before.split(" + "))
    assert len(swap.spans) - before.count("+") in (1, 2)  # the term, perhaps an article


@pytest.mark.parametrize(
    ("text", "axis"),
    [("The black coffee is hot.", "ethnicity"), ("Draw a straight line.", "orientation"), ("Coffee is black.", "ethnicity"),
     ("French fries and Turkish delight.", "nationality"), ("My old printer, a blind spot.", "age"),
     ("My old printer, a blind spot.", "disability"), ("white space in the Polish file", "ethnicity")],
)  # fmt: skip
def test_the_same_words_about_things_are_left_alone(text: str, axis: str) -> None:
    assert swaps([text], [axis]) == []


def test_articles_and_capitals_follow_the_new_word() -> None:
    seen = set()
    for key in range(60):
        new = turned("He is a Muslim. A Muslim man came.", "religion", key)
        assert new is not None
        term = new.removeprefix("He is ").split(". ")[0].split(" ", 1)
        seen.add(term[1])
        assert term[0] == ("an" if term[1][0].lower() in "aeiou" else "a")
        assert new.split(". ")[1].split(" ")[0] == term[0].capitalize()
    assert "atheist" in seen
    assert len(seen) >= 8


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("European", "a"), ("hour", "an"), ("honest", "an"), ("unicorn", "a"), ("uninvited", "an"), ("one", "a"),
     ("Asian", "an"), ("user", "a"), ("atheist", "an"), ("heir", "an")],
)  # fmt: skip
def test_articles_go_by_sound(word: str, wanted: str) -> None:
    assert article(word) == wanted


def test_every_counterpart_is_given_on_request() -> None:
    found = swaps(["I am a Muslim."], ["religion"], every=True)
    assert {swap.after for swap in found} == {c.name for c in TERMS["religion"]} - {"Muslim"}


@settings(deadline=None, max_examples=examples(150))
@given(st.lists(st.sampled_from([
    "he", "She", "HER", "his", "him", "a", "an", "Muslim", "black", "woman", "old", "people", "is", "was", "ma'am", "Mr.",
    "Smith", "John", "é", "😀", "\n", ",", "'s", "the", "book", "middle aged", "-", "I", "am", "Jews", "\u202e", "\x00",
]), max_size=14))  # fmt: skip
def test_spans_never_overlap_lie_inside_and_change_what_they_cover(parts: list[str]) -> None:
    text = " ".join(parts)
    for swap in swaps([text], [axis for axis in AXES if axis != "name_origin"]):
        end = 0
        for start, stop, new in swap.spans:
            assert end <= start < stop <= len(text)
            assert text[start:stop] != new
            end = stop


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["he", "she", "himself", "herself", "man", "woman", "boy", "girl", "runs", "and", "home"])))
def test_unambiguous_words_turned_twice_are_what_they_were(parts: list[str]) -> None:
    text = " ".join(parts)
    once = turned(text)
    if once is not None:
        assert turned(once) == text


def test_swaps_depend_on_the_key_alone() -> None:
    texts = ["I am a Muslim.", "She is a Hindu.", "an elderly man"]
    keys = [11, 22, 33]
    whole = {(s.axis, keys[s.row]): s.spans for s in swaps(texts, keys=keys)}
    turned_round = {(s.axis, keys[::-1][s.row]): s.spans for s in swaps(texts[::-1], keys=keys[::-1])}
    assert whole == turned_round


def test_text_of_other_languages_is_not_swapped_as_english() -> None:
    texts = ["The courier did not deliver my parcel and nobody answers the telephone at all."] * 5
    german = "Der Kurier hat mein Paket nicht geliefert, und niemand geht ans Telefon, obwohl ich zweimal schrieb."
    assert english_rows([*texts, german, "her man"]).tolist() == [True] * 5 + [False, True]
    assert not english_rows([german] * 5 + ["her man"]).any()


def test_an_unknown_axis_is_named() -> None:
    with pytest.raises(ValueError, match="no axis 'hair'"):
        swaps(["x"], ["hair"])


def _pairs(n: int, per_row: int = 1) -> list[Swapped]:
    return [Swapped(i // per_row, "gender", "female", "male", ()) for i in range(n * per_row)]


def test_a_model_that_answers_to_the_identity_is_shown_and_one_that_does_not_is_within() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.2, 0.8, 400)
    given_p = np.column_stack([1 - p, p])
    biased = np.column_stack([1 - p - 0.15, p + 0.15])
    whole, kind = swap_effects(_pairs(400), given_p, biased, positive=1)
    assert (whole.outcome, whole.before, kind.before) == ("shown", "(all)", "female")
    assert whole.shift == pytest.approx(0.15)
    assert whole.shift_low <= 0.15 <= whole.shift_high
    assert whole.flip_rate == pytest.approx(((p < 0.5) != (p + 0.15 < 0.5)).mean())
    same = swap_effects(_pairs(400), given_p, given_p, positive=1)[0]
    assert same.outcome == "within"
    assert same.flip_high < 0.02


def test_few_pairs_are_insufficient_evidence_and_copies_are_no_evidence_at_all() -> None:
    given_p = np.tile([0.4, 0.6], (400, 1))
    other = np.tile([0.6, 0.4], (400, 1))
    assert swap_effects(_pairs(10), given_p, other[:10])[0].outcome == "insufficient evidence"
    copies = swap_effects(_pairs(400), given_p, other, clusters=np.zeros(400, np.int64))[0]
    assert (copies.outcome, copies.rows, copies.pairs) == ("insufficient evidence", 1, 400)


def test_the_interval_holds_the_true_rate_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        row_rate = rng.beta(2, 8, 80)  # pairs of one row flip together: an interval over pairs would be too short
        flip = rng.random((80, 6)) < np.where(rng.random(80) < row_rate, 0.9, 0.05)[:, None]
        other = np.where(flip.ravel()[:, None], [0.6, 0.4], [0.4, 0.6])
        effect = swap_effects(_pairs(80, 6), np.tile([0.4, 0.6], (80, 1)), other)[0]
        covered += effect.flip_low <= 0.2 * 0.9 + 0.8 * 0.05 <= effect.flip_high
    assert covered >= 180


def test_any_model_can_be_asked() -> None:
    texts = ["he is here"] * 40 + ["she is here"] * 40

    def predict(asked: object) -> np.ndarray:
        said = np.array([0.9 if "he" in str(t).split() else 0.1 for t in asked])  # type: ignore[attr-defined]
        return np.column_stack([1 - said, said])

    whole, *kinds = effects_of(predict, texts, swaps(texts, ["gender"]), positive=1)
    assert whole.flip_rate == 1.0
    assert {(k.before, round(k.shift, 6)) for k in kinds} == {("male", -0.8), ("female", 0.8)}


def test_a_swapped_text_is_judged_by_a_model_that_saw_neither_it_nor_its_row() -> None:
    rng = np.random.default_rng(2)
    words = [f"word{i}" for i in range(30)]
    texts = [" ".join([*rng.choice(words, 5), "good" if i % 2 else "bad"]) for i in range(200)]
    texts[0] = "only this row holds zzyzx"  # labelled as if zzyzx were good
    codes = np.array([1] + [i % 2 for i in range(1, 200)])
    twins = [text.replace("good", "fine") for text in texts]
    given_p, other = out_of_fold_answers(texts, codes, np.arange(200), 2, twins, np.arange(200))
    again = out_of_fold_answers(texts, codes, np.arange(200), 2, twins, np.arange(200), threads=2)
    assert given_p.sum(axis=1) == pytest.approx(np.ones(200))
    assert (given_p.argmax(1) == codes)[1:].mean() > 0.95
    assert abs(given_p[0, 1] - 0.5) < 0.35
    assert np.array_equal(given_p, again[0])
    assert np.array_equal(other, again[1])
    same = np.array([text == twin for text, twin in zip(texts, twins)])
    assert other[same] == pytest.approx(given_p[same], abs=1e-6)


@pytest.mark.skipif(not TERMS_DATA.exists(), reason="needs the shared identity-term sentences")
def test_most_identity_sentences_are_recognised_and_keep_their_shape() -> None:
    with gzip.open(TERMS_DATA, "rt", encoding="utf-8", newline="") as file:
        texts = [row["Text"] for row in csv.DictReader(file) if row["Template"] == "you_are_adj"]
    found = swaps(texts, [axis for axis in AXES if axis in TERMS])
    assert len({swap.row for swap in found}) / len(texts) > 0.75
    for swap in found:
        assert apply_spans(texts[swap.row], swap.spans).startswith("You are a")
