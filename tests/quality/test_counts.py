"""The counts of a text, against plain Python, and what loops and relations are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.quality import Features, measure
from curate.quality.features import hash_of, hash_set
from curate.quality.hashed import has
from curate.quality.web import word_runs
from curate.quality.words import common_words, relate
from tests.conftest import examples

WORDS = st.sampled_from(["the", "Cat", "sat", "été", "мир", "don't", "x1", "42", "ångström", "日本", "ไทย"])
MARKS = st.sampled_from([" ", "\n", ". ", ", ", " (", ") ", "!", "\t", "🙂", "\u0301"])
TEXT = st.lists(st.one_of(WORDS, MARKS), max_size=60)


def _strings(*texts: str | None) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def _measure(*texts: str | None) -> Features:
    return measure(_strings(*texts))


def _reference(text: str) -> Counter[str]:
    """Characters by kind, one by one."""
    out: Counter[str] = Counter()
    for char in text:
        category = unicodedata.category(char)
        out["chars"] += 1
        out["upper"] += category in ("Lu", "Lt")
        out["letters"] += category[0] in "L"
        out["digits"] += category[0] == "N"
        out["spaces"] += char in " \t\n\r\v\f"
    return out


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(TEXT.map("".join), min_size=1, max_size=4))
def test_counts_of_characters_are_those_of_unicodedata(texts: list[str]) -> None:
    found = _measure(*texts)
    for i, text in enumerate(texts):
        expected = _reference(text)
        for name in ("chars", "upper", "digits", "spaces"):
            assert found[name][i] == expected[name], (name, text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["one", "Two", "three", "four5", "SIX", "été"]), max_size=40))
def test_words_and_distinct_words_are_counted_as_python_splits_them(words: list[str]) -> None:
    found = _measure(" ".join(words))
    assert found["words"][0] == len(words)
    assert found["distinct"][0] == len({w.lower() for w in words})


@settings(max_examples=50, deadline=None)
@given(st.lists(TEXT.map("".join), min_size=1, max_size=30))
def test_the_number_of_threads_and_the_neighbours_of_a_text_change_nothing(texts: list[str]) -> None:
    alone = np.concatenate([_measure(text).counts for text in texts])
    assert (measure(_strings(*texts), threads=1).counts == alone).all()
    assert (measure(_strings(*texts * 100), threads=3).counts == np.tile(alone, (100, 1))).all()


def test_a_null_counts_as_an_empty_text() -> None:
    assert not _measure(None, "").counts.any()


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("One. Two! Three?", "sentences", 3),
        ("It costs 3.50 today.", "sentences", 1),
        ("1. Canada 2. Kenya 3. Malta", "sentences", 0),
        ('He said "stop."', "sentences", 1),
        ("今日は。明日は。", "sentences", 2),
        ("- a\n* b\n1. c\n2) d\n• e\nplain", "bullets", 5),
        ("```py\nx\n```", "fences", 2),
        ("text ``` inline", "fences", 0),
        ("~~~\ncode\n~~~", "fences", 2),
        ("a\n\nb\n\n\nc", "paragraphs", 3),
        ("f(x", "round_open", 1),
        ("a) b", "stray_close", 1),
        ("go on ... and on…\nlast", "ellipses", 1),
        ("i think i am", "lone_i", 2),
        ("ok. then it went", "lower_starts", 1),
        ("well , yes", "space_before_stop", 1),
        ("lost \ufffd\ufffd", "replaced", 2),
        ("bell\x07", "control", 1),
        ("zero\u200bwidth", "format", 1),
        ("private \ue000", "private", 1),
        ("line one\nline one\nline one", "repeated_lines", 2),
        ("don't won't", "words", 2),
    ],
)
def test_each_count_is_what_it_says(text: str, name: str, expected: int) -> None:
    assert _measure(text)[name][0] == expected


@pytest.mark.parametrize("phrase", ["no", "again and", "this is it now", " ".join(f"word{i}" for i in range(40))])
@pytest.mark.parametrize("times", [3, 7])
def test_a_phrase_of_any_length_that_follows_on_itself_is_a_loop(phrase: str, times: int) -> None:
    text = "Before it starts there are other words here. " + " ".join([phrase] * times) + " and after it comes the rest"
    found = _measure(text)
    words = len(phrase.split())
    if words * times >= 5:
        assert found["loop_times"][0] in (times, times + 1)
        assert found["loop_words"][0] >= words * times - 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=3, max_size=80, unique=True))
def test_distinct_words_are_never_a_loop(numbers: list[int]) -> None:
    found = _measure(" ".join(f"w{n}" for n in numbers))
    assert found["loop_times"][0] == 0
    assert found["repeated"][0] == 0


def test_a_set_of_words_holds_them_in_any_case_and_no_others() -> None:
    table = hash_set(["The", "été"])
    assert has(table, np.uint64(hash_of("THE")))
    assert has(table, np.uint64(hash_of("Été")))
    assert not has(table, np.uint64(hash_of("cat")))
    assert _as_counted("The été of a cat", ["the", "ÉTÉ"]) == 2


def _as_counted(text: str, words: list[str]) -> int:
    return int(measure(_strings(text), common=hash_set(words))["common"][0])


def test_common_words_are_those_that_most_texts_hold() -> None:
    texts = _strings(*(f"the topic{i} of thing{i}" for i in range(200)))
    table = common_words(texts)
    assert has(table, np.uint64(hash_of("the")))
    assert not has(table, np.uint64(hash_of("topic7")))


def test_relations_count_what_an_answer_takes_up_of_its_prompt() -> None:
    prompt = "Explain why glaciers are shrinking in warm summers these days and what follows from it"
    found = relate(
        _strings(prompt, prompt, "Say hello"),
        _strings("A glacier shrinks when summer is warm.", f"{prompt}!", None),
        hash_set(["these", "from", "what"]),
    )
    assert found.same.tolist() == [False, True, False]
    assert found.shared[0] == 4  # glacier(s), shrin(king), summe(rs), warm
    assert found.covered[1] == found.grams[1] > 0
    assert found.answer_words[2] == 0


def test_shares_of_repeated_runs_are_those_of_plain_counting() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in rng.integers(0, 6, 60)) for _ in range(20)]
    top, again = word_runs(_strings(*texts))
    for i, text in enumerate(texts):
        words = re.findall(r"\w+", text)
        for n in (2, 3, 4):
            most = max(Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1)).values())
            assert top[i, n - 2] == pytest.approx(n * most / len(words) if most > 1 else 0.0)
        for n in (5, 8):
            seen: set[tuple[str, ...]] = set()
            covered: set[int] = set()
            for k in range(len(words) - n + 1):
                run = tuple(words[k : k + n])
                if run in seen:
                    covered.update(range(k, k + n))
                seen.add(run)
            assert again[i, n - 5] == pytest.approx(len(covered) / len(words))


def test_marks_that_set_parts_of_a_sentence_off_are_counted_in_any_script() -> None:
    texts = ['Three: one (red); two - and "so" on.', "Plain words, and more.", "第一：红色（深）", "C'est « dit » — oui"]
    assert _measure(*texts)["setting_off"].tolist() == [5, 0, 2, 2]
