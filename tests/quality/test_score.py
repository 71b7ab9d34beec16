"""The score: its traits, the language model in it, what prompts ask of the form, and that it falls with damage."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.quality import Pieces, QualityConfig, judge, measure, prepare
from curate.quality.asked import form_met
from curate.quality.features import hash_of
from curate.quality.fluency import FEWEST_TEXTS, fluency
from curate.quality.overall import WEIGHTS, answers, with_faults
from curate.quality.traits import traits
from curate.quality.words import common_words, rarity, relate, repeats


def _strings(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


SUBJECTS = ("the teacher", "a gardener", "the old captain", "my neighbour", "the engineer", "a young doctor")
VERBS = ("has found", "is looking for", "wants to sell", "will repair", "was painting", "cannot see")
OBJECTS = ("a letter in the garden", "the boat near the river", "an engine of the ship", "the window of the school")


def _texts(n: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    said = []
    for _ in range(n):
        parts = [f"{rng.choice(SUBJECTS)} {rng.choice(VERBS)} {rng.choice(OBJECTS)}" for _ in range(3)]
        said.append(" ".join(p[0].upper() + p[1:] + "." for p in parts))
    return said


def test_text_in_disorder_is_less_fluent_than_the_text() -> None:
    texts = _texts(400)
    rng = np.random.default_rng(1)
    shuffled = [" ".join(rng.permutation(text.split())) for text in texts[:100]]
    dropped = [text.replace(" the ", " ").replace(" a ", " ").replace(" of ", " ") for text in texts[:100]]
    bits = fluency(_strings(texts + shuffled + dropped))
    assert (bits[:100] > bits[400:500]).all()
    changed = [t != d for t, d in zip(texts[:100], dropped, strict=True)]
    assert (bits[:100] > bits[500:])[changed].mean() > 0.8


def test_fluency_is_the_same_at_any_number_of_threads_and_for_any_table() -> None:
    texts = _strings(_texts(3000) + ["Größe über alles, ist das wahr? Ja."] * 3)
    one = fluency(texts)
    np.testing.assert_array_equal(one, fluency(texts, threads=4))
    plain = _strings(_texts(500))
    np.testing.assert_array_equal(fluency(plain, ascii_only=True), fluency(plain, ascii_only=False))


def test_few_texts_and_few_words_say_nothing_of_fluency() -> None:
    assert np.isnan(fluency(_strings(_texts(FEWEST_TEXTS - 1)))).all()
    bits = fluency(_strings([*_texts(FEWEST_TEXTS), "Yes.", ""]))
    assert np.isnan(bits[-2:]).all()
    assert not np.isnan(bits[:-2]).any()


@pytest.mark.parametrize(
    ("prompt", "answer", "met"),
    [
        ("List three colours.", "Red, green and blue.", 1.0),
        ("List three colours.", "Red and green.", 0.0),
        ("Name 4 fruits.", "1. Apple\n2. Pear\n3. Plum\n4. Fig", 1.0),
        ("Name 4 fruits.", "1. Apple\n2. Pear\n3. Plum", 0.0),
        ("Give five tips.", "Here are some tips:\n- a b\n- c d\n- e f\n- g h\n- i j", 1.0),
        ("Sum it up in one sentence.", "It is short.", 1.0),
        ("Sum it up in one sentence.", "It is short. It is not.", 0.0),
        ("Fasse es in zwei Sätzen zusammen.", "Es ist kurz. Es ist klar.", 1.0),
        ("Write it in under 10 words.", "A few words only.", 1.0),
        ("Write it in under 10 words.", " ".join(["word"] * 30), 0.0),
        ("Write a 50-word story.", " ".join(["word"] * 20), 0.0),
        ("Write a 50-word story.", " ".join(["word"] * 48), 1.0),
        ("Name three good things about cities.", "Three good things about cities are trains, theatres, and parks.", 1.0),
        ("List 4 causes.", "They are hunger and cold. Other reasons are known.", 0.0),
        ("Give at least two reasons.", "- a b\n- c d\n- e f", 1.0),
        ("Give up to three reasons.", "- a b\n- c d\n- e f\n- g h\n- i j", 0.0),
        ("Give 2 to 4 reasons.", "- a b\n- c d\n- e f", 1.0),
        ("Name three fruits and two vegetables.", "Figs, plums.", 0.5),
        ("List five pros and cons.", "- a b\n- c d", 0.5),
        ("Tell a story of at least 10 words.", " ".join(["word"] * 40), 1.0),
        ("Create four 15-word lines.", "\n".join([" ".join(["word"] * 15)] * 4), 1.0),
        ("Tell me about rivers.", "They run.", 0.5),
        ("List three colours.", "", 0.5),
    ],
)
def test_what_a_prompt_asks_of_the_form_is_checked(prompt: str, answer: str, met: float) -> None:
    texts = _strings([answer])
    assert form_met(_strings([prompt]), texts, measure(texts)).tolist() == [met]


def test_a_list_set_out_in_lines_and_a_figure_raise_the_score_at_the_same_words() -> None:
    plain = "The causes are an old driver and bad memory and a failing disk after 5 years of use."
    listed = "The causes:\n- an old driver\n- bad memory\n- a failing disk after 5 years of use."
    vague = plain.replace("5 years", "some years")
    texts = _strings([plain, listed, vague])
    measured, _ = prepare(Pieces(texts, np.arange(3), _strings(["Why does my computer stop?"] * 3)))
    score = answers(measured)
    assert score[1] > score[0] > score[2]


def test_rare_words_of_the_prompt_count_more_when_they_are_taken_up() -> None:
    prompts = [f"Describe the garden and say something about item{i}x." for i in range(300)]
    told = ["It is a garden that everybody describes." for _ in prompts]
    rare = [f"Nobody can say what item{i}x is." for i in range(300)]
    p, common = _strings(prompts), common_words(_strings(told))
    assert (relate(p, _strings(rare), common).taken_up > relate(p, _strings(told), common).taken_up).all()


def test_rarity_is_the_logarithm_of_counted_texts() -> None:
    texts = [f"stone river{'s' * (i % 2)} word{i}" for i in range(100)]
    known, idf = rarity(_strings(texts))
    held = Counter(word[:5] for text in texts for word in set(text.split()))
    for word in ("stone", "river"):
        key = np.uint64(hash_of(word[:5])) | np.uint64(1)
        assert idf[np.searchsorted(known, key)] == pytest.approx(np.log(101 / held[word]), rel=1e-5)
    assert idf[-1] == pytest.approx(np.log(101))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=40))
def test_prompts_of_an_answer_are_counted_as_sets_are(pairs: list[tuple[int, int]]) -> None:
    prompts = np.array([p for p, _ in pairs], np.uint64)
    told = np.array([a for _, a in pairs], np.uint64)
    found = repeats(prompts, told)
    assert found.tolist() == [len({p for p, a in pairs if a == answer}) for _, answer in pairs]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=120)), min_size=1, max_size=8))
def test_every_trait_and_every_score_lies_between_zero_and_one(pairs: list[tuple[str, str]]) -> None:
    prompts, texts = (_strings([pair[k].encode("utf-8", "replace").decode() for pair in pairs]) for k in (0, 1))
    for given_prompts in (prompts, None):
        measured, _ = prepare(Pieces(texts, np.arange(len(pairs)), given_prompts))
        found = traits(measured)
        assert set(found) <= set(WEIGHTS)
        for values in found.values():
            assert ((values >= 0) & (values <= 1)).all()
        score = with_faults(answers(measured), judge(measured, QualityConfig(language="off")), measured.features["words"])
        assert ((score >= 0) & (score <= 1)).all()


def test_weights_are_positive_and_sum_to_one() -> None:
    assert min(WEIGHTS.values()) > 0
    assert sum(WEIGHTS.values()) == pytest.approx(1.0, abs=0.01)


def test_a_refusal_that_helps_after_all_costs_less_than_a_bare_one() -> None:
    help_ = " ".join(_texts(8, seed=3))
    prompts = [f"Draw me picture {i} of a ship." for i in range(3)]
    texts = ["I'm sorry, but I can't draw pictures.", f"I'm sorry, but I can't draw pictures. {help_}", help_]
    measured, _ = prepare(Pieces(_strings(texts), np.arange(3), _strings(prompts)))
    found = judge(measured, QualityConfig())
    score = with_faults(answers(measured), found, measured.features["words"])
    bare, helpful, sound = (score / answers(measured)).tolist()
    assert bare < helpful < sound == 1.0


@pytest.mark.parametrize(
    ("prompt", "padded", "brief"),
    [
        ("What is the capital of Turkey?", "It is Ankara, a very large and old city with many people in it.", "Ankara."),
        ("Quand a eu lieu le sacre de Napoléon ?", "C'était en 1804, un moment important pour bien des gens.", "En 1804."),
        ("Suggest a title for a book on boats.", "A Book About The Sea And All The Boats That I Had", "Salt in My Pockets"),
    ],
)
def test_where_a_few_words_are_asked_for_padding_is_no_better(prompt: str, padded: str, brief: str) -> None:
    asked = ["Tell me about rivers."] * 60 + [prompt, prompt]
    told = [f"Rivers begin in hills. This one is number {i}, and it is long." for i in range(60)] + [padded, brief]
    columns = [pa.array(side, pa.large_string()) for side in (told, asked)]
    score = answers(prepare(Pieces(columns[0], np.arange(62), columns[1]))[0])
    assert score[61] > score[60]
