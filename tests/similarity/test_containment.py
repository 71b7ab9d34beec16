"""Which texts hold an item: against a plain-Python reference, and at the edges of every rule."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.similarity.containment import (
    ALWAYS_RARE,
    FEW_TEXTS,
    Containment,
    ContainmentConfig,
    equal_texts,
    find_contained,
    first_of_equals,
)
from curate.similarity.passages import GRAM, passages_of, whole_texts
from tests.conftest import examples
from tests.similarity.similarity_corpus import edited, passage, strings

DATA = Path(__file__).parents[2].parent / "shared" / "data"
QUESTION = "how many litres of water does a camel drink at once after a week"
LONG = (
    "a farmer keeps twelve hens and each of them lays five eggs a week so he sells the eggs at the market on saturday "
    "for three coins a dozen and wants to know how many weeks pass until he can buy a goat for forty coins"
)
NOISE = np.random.default_rng(7)


def noise(words: int) -> str:
    return " ".join(passage(NOISE, words))


def look(texts: list[str | None], items: list[str | None], config: ContainmentConfig | None = None) -> Containment:
    return find_contained(strings(texts), passages_of(strings(items)), config)


def held(texts: list[str | None], items: list[str | None], config: ContainmentConfig | None = None) -> set[tuple[int, int]]:
    found = look(texts, items, config).matches
    return {(t, i) for t, i, yes in zip(found.text.tolist(), found.item.tolist(), found.held.tolist()) if yes}


def grams_of(text: str) -> list[tuple[str, ...]]:
    words = text.split()
    return [tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1)]


def reference(texts: list[str], items: list[str], config: ContainmentConfig) -> dict[tuple[int, int], float]:
    """Coverage of every pair that is held, by the rules of the module, on lists of words."""
    different = [i for i, item in enumerate(items) if grams_of(item) and items.index(item) == i]
    sets = [set(grams_of(t)) for t in texts]
    texts_with, items_with = defaultdict(int), defaultdict(int)
    for grams in sets:
        for gram in grams:
            texts_with[gram] += 1
    for i in different:
        for gram in set(grams_of(items[i])):
            items_with[gram] += 1

    def rare(gram: tuple[str, ...]) -> bool:
        return texts_with[gram] - 1 <= max(ALWAYS_RARE, config.common_share * len(texts)) and items_with[gram] - 1 <= max(
            ALWAYS_RARE, config.common_share * len(different)
        )

    def weight(gram: tuple[str, ...]) -> float:
        others = max(texts_with[gram] - 1, 0)
        by_texts = max(1 - math.log1p(others) / math.log1p(max(len(texts), FEW_TEXTS)), 0)
        return by_texts / items_with[gram] if rare(gram) else 0.0

    out = {}
    for t, text in enumerate(texts):
        mine = grams_of(text)
        for i in different:
            grams = grams_of(items[i])
            n = len(grams) + GRAM - 1
            least = max(min(config.run_words, n) - GRAM + 1, 1)
            anchors = [p for p, gram in enumerate(mine) if gram in grams and rare(gram)]
            places: list[list[int]] = []
            for p in anchors:
                if places and p - places[-1][-1] <= n:
                    places[-1].append(p)
                else:
                    places.append([p])
            for place in places:
                low, high = max(place[0] - n, 0), min(place[-1] + n, len(mine))
                inside: set[int] = set()
                for p in range(low, high):
                    for q in range(len(grams)):
                        run = 0
                        while p + run < high and q + run < len(grams) and mine[p + run] == grams[q + run]:
                            run += 1
                        if run >= least:
                            inside |= set(range(q, q + run))

                def words(which: list[int] | set[int]) -> int:
                    return len({q + j for q in which for j in range(GRAM)})

                total = sum(weight(g) for g in grams)
                share = words(inside) / n
                rare_share = sum(weight(grams[q]) for q in inside) / total if total else 0.0
                rare_words = words({q for q in inside if rare(grams[q])})
                core = words([q for q in range(len(grams)) if weight(grams[q]) >= 0.4])
                if core < 2 * config.run_words:
                    yes = share == 1 and rare_share > 0.9999 and rare_words >= min(config.run_words, n)
                else:
                    yes = (
                        share >= np.float32(config.coverage)
                        and rare_share >= config.rare_coverage
                        and rare_words >= config.run_words
                    )
                if yes:
                    out[t, i] = max(out.get((t, i), 0.0), share)
    return out


@st.composite
def collections(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Items over a small vocabulary, some sharing a head, and texts made of pieces of them and of other words."""
    word = st.sampled_from("abcdefghijklmnopqrstuvwxyz")
    piece = st.lists(word, min_size=1, max_size=24).map(" ".join)
    head = draw(st.sampled_from(["", "z y x w v u t s r q"]))
    items = draw(st.lists(piece.map(lambda p: f"{head} {p}".strip()), min_size=1, max_size=5))

    def cut(drawn: tuple[int, int, int]) -> str:
        words = items[drawn[0] % len(items)].split()
        start = drawn[1] % len(words)
        return " ".join(words[start : start + 1 + drawn[2]])

    part = st.one_of(
        st.sampled_from(items), piece, st.tuples(st.integers(0, 9), st.integers(0, 30), st.integers(0, 30)).map(cut)
    )
    texts = draw(st.lists(st.lists(part, min_size=0, max_size=4).map(" ".join), min_size=1, max_size=24))
    return texts, items


@settings(max_examples=examples(150), deadline=None)
@given(collections(), st.sampled_from([5, 8]), st.sampled_from([0.5, 0.8, 1.0]))
def test_pairs_and_coverage_are_those_of_a_plain_python_reference(
    made: tuple[list[str], list[str]], run_words: int, coverage: float
) -> None:
    texts, items = made
    config = ContainmentConfig(coverage=coverage, floor=coverage, run_words=run_words)
    found = look(list(texts), list(items), config).matches
    found = found.take(found.held)
    got = dict(zip(zip(found.text.tolist(), found.item.tolist()), found.coverage.tolist()))
    wanted = reference(texts, items, config)
    assert set(got) == set(wanted)
    for pair, share in wanted.items():
        assert got[pair] == pytest.approx(share, abs=1e-6)


def test_a_short_question_is_found_inside_a_long_text_and_one_changed_word_is_enough_to_miss_it() -> None:
    eight = "which river runs through the old capital twice"
    texts = [f"{noise(3000)} {eight} {noise(3000)}", f"{noise(40)} {eight.replace('old', 'new')} {noise(40)}", noise(50)]
    assert held(list(texts), [eight]) == {(0, 0)}


def test_case_punctuation_and_character_forms_do_not_hide_an_item() -> None:
    fancy = "How MANY litres, of “water” does a ﬁne camel drink: at once (after a week)?"
    plain = "so: how many litres of water does a fine camel drink at once after a week"
    assert held([plain], [fancy]) == {(0, 0)}
    assert held(["问题是人工智能将来会走向何方呢谢谢"], ["人工智能将来会走向何方"]) == {(0, 0)}


def test_a_long_item_is_held_although_some_words_were_changed_and_the_coverage_says_how_much() -> None:
    words = LONG.split()
    changed = [*words[:20], "bread", *words[21:]]
    found = look([f"{noise(60)} {' '.join(changed)} {noise(60)}"], [LONG]).matches
    assert found.held.tolist() == [True]
    assert found.words.tolist() == [len(words) - 1]
    assert found.coverage[0] == pytest.approx((len(words) - 1) / len(words))
    assert found.run.tolist() == [max(20, len(words) - 21)]
    assert found.at.tolist() == [60]


def test_half_of_a_long_item_is_shared_not_held() -> None:
    words = LONG.split()
    found = look([" ".join(words[: int(len(words) * 0.65)])], [LONG]).matches
    assert found.held.tolist() == [False]
    assert look([" ".join(words[: len(words) // 3])], [LONG]).matches.text.tolist() == []


def test_a_long_run_out_of_a_very_long_item_is_shared() -> None:
    item = noise(2000)
    piece = " ".join(item.split()[700:760])
    found = look([f"{noise(30)} {piece} {noise(30)}"], [item]).matches
    assert (found.held.tolist(), found.run.tolist(), found.at.tolist()) == ([False], [60], [30])


def test_pieces_of_an_item_scattered_over_a_long_text_do_not_add_up() -> None:
    words = LONG.split()
    pieces = [" ".join(words[i : i + 15]) for i in range(0, len(words), 15)]
    apart = f" {noise(500)} ".join(pieces)
    together = f" {noise(3)} ".join(pieces)
    assert held([apart, together], [LONG]) == {(1, 0)}


def test_a_template_that_rows_and_items_share_does_not_join_different_questions() -> None:
    template = "you are a careful assistant answer the following question in one short sentence and nothing else please"
    items = [f"{template} what is the {a} of the {b}" for a in ("price", "weight", "colour") for b in ("boat", "house")]
    others = [f"{template} where was {name} born" for name in ("anna", "bert", "carl", "dora")] * 12
    assert held([*others, f"{template} what is the weight of the boat and why"], list(items)) == {(48, 2)}


def test_a_phrase_that_many_texts_hold_is_too_common_to_tell_anything() -> None:
    phrase = "let me know if you have any other questions"
    texts = [f"{noise(20)} {phrase}" for _ in range(60)]
    found = look(list(texts), [phrase, QUESTION])
    assert len(found.matches) == 0
    assert found.too_common.tolist() == [True, False]


def test_an_item_that_is_repeated_a_few_times_is_still_found_everywhere() -> None:
    texts = [f"{noise(20)} {QUESTION} {noise(20)}" for _ in range(6)]
    assert held([*texts, *(noise(30) for _ in range(50))], [QUESTION]) == {(i, 0) for i in range(6)}


def test_too_short_items_blank_texts_and_nulls_are_named_not_matched() -> None:
    found = look(["", None, "one two three", "!!!", noise(9)], ["one two three", "", None, "?!", QUESTION])
    assert len(found.matches) == 0
    assert found.too_short.tolist() == [True, True, True, True, False]
    assert len(look([], [QUESTION]).matches) == 0
    assert len(look([QUESTION], []).matches) == 0


def test_equal_items_are_named_by_the_first_and_ranks_say_who_may_hold_what() -> None:
    items = passages_of(strings([QUESTION, LONG, QUESTION.upper()]))
    assert first_of_equals(items).tolist() == [0, 1, 0]
    texts = strings([QUESTION, LONG, f"{QUESTION} {LONG}"])
    found = find_contained(
        texts, items, text_rank=np.array([0, 1, 3], np.int8), item_rank=np.array([0, 1, 0], np.int8)
    ).matches
    assert sorted(zip(found.text.tolist(), found.item.tolist(), strict=True)) == [(2, 0), (2, 1)]


def test_items_that_all_share_one_head_do_not_make_the_work_quadratic() -> None:
    head = noise(40)
    items = [f"{head} {noise(12)}" for _ in range(3000)]
    texts = [f"{head} {noise(12)}" for _ in range(3000)]
    assert held([*texts, items[17]], list(items)) == {(3000, 17)}


def test_threads_and_order_of_texts_change_nothing() -> None:
    rng = np.random.default_rng(0)
    items = [" ".join(passage(rng, int(n), 300)) for n in rng.integers(6, 60, 80)]
    texts = []
    for k in range(900):
        host = passage(rng, 200, 300)
        item = items[k % 80].split()
        texts.append(" ".join([*host[:50], *edited(rng, item, min(k % 3, len(item))), *host[50:]]))
    passages = passages_of(strings(items), 2)
    one = find_contained(strings(texts), passages, threads=1).matches
    three = find_contained(strings(texts), passages, threads=3).matches
    for name in ("text", "item", "words", "run", "at", "held", "coverage"):
        assert np.array_equal(getattr(one, name), getattr(three, name))
    back = find_contained(strings(texts[::-1]), passages).matches
    pairs = set(zip(one.text.tolist(), one.item.tolist()))
    assert {(899 - t, i) for t, i in zip(back.text.tolist(), back.item.tolist())} == pairs
    assert one.held.sum() > 300


def test_one_giant_text_is_searched_like_any_other() -> None:
    giant = f"{noise(300_000)} {QUESTION} {noise(300_000)}"
    found = look([giant], [QUESTION, LONG]).matches
    assert (found.item.tolist(), found.held.tolist(), found.at.tolist()) == ([0], [True], [300_000])


def test_whole_texts_are_equal_by_their_words_however_few() -> None:
    left = whole_texts(strings(["Who composed “Tetris”?", "", "!", "who composed", None, "42"]))
    right = whole_texts(strings(["42", "who composed tetris", "who composed", "who  composed!"]))
    assert equal_texts(left, right).tolist() == [1, -1, -1, 2, -1, 0]
    assert left[1] == 0
    assert left[4] == 0
    assert equal_texts(left, right[:0]).tolist() == [-1] * 6


@pytest.mark.parametrize(
    "wrong", [{"coverage": 0}, {"coverage": 1.1}, {"run_words": 4}, {"long_run_words": 7}, {"common_share": 0}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ContainmentConfig(**wrong)  # type: ignore[arg-type]


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared data")
def test_benchmark_questions_are_not_found_in_unrelated_instructions_and_all_are_where_they_were_copied() -> None:
    from curate.dataset import load

    asked = load(DATA / "gsm8k/test.jsonl.gz").values("question")
    items = passages_of(asked)
    solutions = load(DATA / "gsm8k/example_model_solutions.jsonl.gz").content()
    found = find_contained(solutions, items, threads=2).matches
    assert set(found.item[found.held].tolist()) == set(range(1319))
    assert (found.item[found.held] == found.text[found.held]).all()
    for file, column in (("benchmarks/HumanEval.jsonl.gz", "prompt"), ("benchmarks/TruthfulQA.csv", "question")):
        more = passages_of(load(DATA / file).values(column))
        assert not find_contained(load(DATA / "alpaca/random_9k.json.gz").content(), more, threads=2).matches.held.any()
