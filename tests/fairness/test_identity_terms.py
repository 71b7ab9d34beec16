"""Groups that texts name: the sense of words, and the labels that come with them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from audit.fairness.identity import associations, groups_named, lexicon, named_in


def _named(text: str) -> set[str]:
    return {lexicon().groups[i].partition(": ")[2] for i in named_in(text)}


@pytest.mark.parametrize(
    "text",
    [
        "I drink black coffee", "a white paper on policy", "draw a straight line", "Christian Dior perfume",
        "Hans Christian Andersen wrote it", "Marvin Gay sang", "old news is no news", "a blind spot in the mirror",
        "it fell on deaf ears", "Turkish delight and Chinese food", "the Indian Ocean", "black and white photos",
        "the car is black", "egg whites", "go straight ahead", "a black box model", "Christian said hello",
        "the Black Friday sale", "White House officials", "the wall is white and old", "Mr. White called Mr. Black",
        "trans fat in food", "a transatlantic flight", "straight A students", "woe to manhole covers", "",
    ],
)  # fmt: skip
def test_words_in_another_sense_name_nobody(text: str) -> None:
    assert _named(text) == set()


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("black people are here", {"black"}),
        ("I am black.", {"black"}),
        ("Black women in tech", {"black", "women"}),
        ("she is gay", {"gay, lesbian, bisexual"}),
        ("gay or straight people", {"gay, lesbian, bisexual", "heterosexual"}),
        ("a devout Christian", {"christian"}),
        ("young and old readers", {"younger", "older"}),
        ("he's deaf", {"disabled"}),
        ("Hiro is a kind deaf", {"disabled"}),
        ("the Muslim community", {"muslim"}),
        ("ein muslimischer Mann; eine Frau", {"men", "women"}),
        ("femmes et hommes", {"women", "men"}),
        ("los refugiados", {"immigrants and refugees"}),
    ],
)
def test_words_for_people_name_their_group(text: str, groups: set[str]) -> None:
    assert _named(text) == groups


def test_masks_line_up_with_rows_and_agree_with_single_texts() -> None:
    texts = ["nothing here", "Muslims and Jews", None, "a woman", "Jewish women " * 50]
    masks = groups_named(pa.array(texts, pa.large_string()))
    assert {name: np.flatnonzero(m).tolist() for name, m in masks.items()} == {
        "gender: women": [3, 4], "religion: muslim": [1], "religion: jewish": [1, 4]
    }  # fmt: skip
    assert groups_named(pa.array(["plain words"] * 3)) == {}


def test_each_sentence_of_a_text_is_judged_by_itself_in_columns_of_any_shape() -> None:
    texts = ["The car is black. Women read it.", None, "", "She is here. Is a deaf.", "A black. People came.", "I am gay"]
    named = groups_named(pa.chunked_array([texts[:2], texts[2:]], pa.large_string()))
    assert {group.partition(": ")[2]: np.flatnonzero(mask).tolist() for group, mask in named.items()} == {
        "women": [0],
        "gay, lesbian, bisexual": [5],
    }
    assert groups_named(pa.chunked_array([], pa.string())) == {}


def test_the_lexicon_is_well_formed_and_no_word_names_two_groups_of_one_axis() -> None:
    seen: dict[tuple[str, tuple[str, ...]], str] = {}
    for found in lexicon().words.values():
        for words, kind, at in found:
            assert kind in {"plain", "person", "name"}
            axis = lexicon().groups[at].partition(":")[0]
            assert seen.setdefault((axis, words), lexicon().groups[at]) == lexicon().groups[at]


def test_pmi_counts_how_much_more_often_a_label_comes_with_a_group_and_says_what_it_cannot_tell() -> None:
    rng = np.random.default_rng(0)
    named = rng.random(4000) < 0.2
    toxic = rng.random(4000) < np.where(named, 0.4, 0.1)
    found = {a.label: a for a in associations({"x": named}, toxic.astype(np.int64), ["fine", "toxic"])}
    joint = (named & toxic).mean()
    expected = np.log2(joint / (named.mean() * toxic.mean()))
    assert found["toxic"].pmi == pytest.approx(expected, abs=1e-9)
    assert found["toxic"].low < expected < found["toxic"].high
    assert found["toxic"].outcome == "associated"
    assert found["toxic"].low > 0 > (found["fine"].high or 0)
    rare = associations({"x": np.arange(4000) < 10}, toxic.astype(np.int64), ["fine", "toxic"])
    assert {a.label: a.outcome for a in rare}["toxic"] == "insufficient evidence"
    never = associations({"x": named}, np.where(named, 0, toxic).astype(np.int64), ["fine", "toxic"])
    told = {a.label: a for a in never}["toxic"]
    assert (told.pmi, told.low) == (None, None)
