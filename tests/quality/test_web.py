"""The published heuristics for pages: each rule just inside and just outside its threshold."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.quality import Pieces, QualityConfig, judge, prepare
from curate.quality.c4 import bad_words, deleted_lines, stays
from curate.quality.web import RULES, SOURCES
from tests.conftest import examples

STEMS = ("river", "stone", "garden", "window", "letter", "market")
WORDS = [f"{a}{b}" for a in STEMS for b in ("side", "work", "land", "less")]


def _sentence(k: int, words: int = 11) -> str:
    """Words that do not come again in the same order."""
    chosen = [WORDS[(k * 7 + i * (k % 5 + 1)) % len(WORDS)] for i in range(words - 2)]
    return f"The {' '.join(chosen)} of{k}k."


def _page(lines: int = 12) -> list[str]:
    return [_sentence(k) for k in range(lines)]


def _rules(text: str, web: str = "all") -> set[str]:
    measured, _ = prepare(Pieces(pa.array([text], pa.large_string()), np.arange(1)))
    return {one.rule for one in judge(measured, QualityConfig(web=web, language="off")) if one.rule in RULES}


GOOD = "\n".join(_page()).replace("of0k", "of and to")


def test_a_sound_page_fails_nothing() -> None:
    assert _rules(GOOD) == set()


def test_every_rule_names_where_its_threshold_comes_from() -> None:
    assert set(SOURCES) == set(RULES)


def _shares(rule: str, good: int, total: int) -> str:
    """A page of `total` lines of which all but `good` have what the rule minds."""
    page = _page(total)
    marks = {
        "gopher_bullets": lambda t: f"- {t}",
        "gopher_ellipses": lambda t: t[:-1] + "...",
        "fineweb_line_ends": lambda t: t[:-1],
        "fineweb_short_lines": lambda t: " ".join(t.split()[:3]) + ".",
    }
    return "\n".join(t if i < good else marks[rule](t) for i, t in enumerate(page))


@pytest.mark.parametrize(
    ("rule", "inside", "outside"),
    [
        ("gopher_words", " ".join(f"w{i}x" for i in range(50)), " ".join(f"w{i}x" for i in range(49))),
        ("gopher_word_length", "the abc not def two ghi. " * 12, "the abc not def to ghi. " * 12),
        ("gopher_word_length", "unbearable. " * 60, "unbearables. " * 60),
        ("gopher_symbols", GOOD + " #" * 12, GOOD + " #" * 14),
        ("gopher_letters", GOOD + " 12" * 30, GOOD + " 12" * 40),
        ("gopher_stop_words", GOOD.replace(" and to", ""), GOOD.replace(" of and to", "")),
        ("gopher_bullets", _shares("gopher_bullets", 2, 20), _shares("gopher_bullets", 1, 20)),
        ("gopher_ellipses", _shares("gopher_ellipses", 14, 20), _shares("gopher_ellipses", 13, 20)),
        ("c4_sentences", "One is here. Two is here. Three is here.", "One is here. Two is here."),
        ("c4_sentences", GOOD, "\n".join([*_page(2), "Home", "About us", "And one that trails off..."])),
        ("c4_phrases", GOOD + " (brackets)", GOOD + " {brackets}"),
        ("c4_phrases", GOOD + " lorem", GOOD + " Lorem ipsum dolor."),
        ("c4_lines", GOOD + "\nThis site has some rights.", GOOD + "\nThis site uses some cookies and use cookies."),
        ("c4_lines", GOOD + "\nPlease do enable the script.", GOOD + "\nPlease do enable the JavaScript."),
        ("c4_lines", GOOD + "\nOne two three four five.", GOOD + "\nOne two three four."),
        ("c4_lines", GOOD + '\nHe said "one two three four"', GOOD + "\nHe said one two three four"),
        ("c4_lines", GOOD + "\n我们明天去北京看朋友。", GOOD + "\n我们明天去北京看朋友"),
        ("fineweb_line_ends", _shares("fineweb_line_ends", 3, 24), _shares("fineweb_line_ends", 2, 24)),
        ("fineweb_short_lines", _shares("fineweb_short_lines", 8, 24), _shares("fineweb_short_lines", 7, 24)),
    ],
)
def test_each_rule_begins_where_its_source_says(rule: str, inside: str, outside: str) -> None:
    assert rule not in _rules(inside)
    assert rule in _rules(outside)


ROW = "Row, row, row your boat\ngently down the stream\n" * 3
WRONGLY = [
    ("gopher_words", "Water boils at 100 degrees."),
    ("gopher_word_length", "Bundesverfassungsgericht Rechtsschutzversicherung Donaudampfschifffahrt. " * 5),
    ("gopher_symbols", "# Install\n## Linux\n## Windows\n"),
    ("gopher_bullets", "\n".join(f"- {line}" for line in _page(12))),
    ("gopher_ellipses", "Well...\nI do not know...\nPerhaps tomorrow.\n"),
    ("gopher_letters", "Year 2019 2020 2021 Sales 14 15 17"),
    ("gopher_stop_words", "Der Hund schläft im Garten. Die Katze sieht ihm zu."),
    ("gopher_lines", ROW),
    ("gopher_runs", ROW),
    ("c4_sentences", "One fact in one sentence."),
    ("c4_lines", GOOD + "\nYours sincerely,\nAnna"),
    ("c4_phrases", "def f():\n    return {1: 2}"),
    ("fineweb_line_ends", "Two roads diverged in a yellow wood\nAnd sorry I could not travel both\n"),
    ("fineweb_repeated_lines", ROW),
    ("fineweb_short_lines", "milk\neggs\nbutter\nflour\n"),
]


@pytest.mark.parametrize(("rule", "text"), WRONGLY)
def test_sound_texts_that_the_documentation_says_are_wrongly_caught(rule: str, text: str) -> None:
    assert rule in _rules(text)
    assert {name for name, _ in WRONGLY} == set(RULES)


def test_lines_that_stand_twice_are_counted_by_number_and_by_characters() -> None:
    page = _page(20)
    assert "gopher_lines" not in _rules("\n".join([*page, page[0]]))
    assert "gopher_lines" in _rules("\n".join([*page[:13], *page[:7]]))
    long = " ".join(page[:6])
    assert "gopher_lines" in _rules("\n".join([*page[6:], long, long]))  # few lines, many characters
    assert "fineweb_repeated_lines" not in _rules("\n".join([*page, page[0]]))
    assert "fineweb_repeated_lines" in _rules("\n".join([*page, *page[:3]]))


def test_paragraphs_that_stand_twice_are_counted() -> None:
    short = ["Read on here.", "Share it now."]
    long = ["\n".join(_page(20)[i : i + 5]) for i in range(0, 20, 5)]
    assert "gopher_lines" in _rules("\n\n".join([*long, *short, *short, *short]))
    assert "gopher_lines" not in _rules("\n\n".join([*long, *short]))


def test_a_preset_runs_only_its_own_rules() -> None:
    bad = "Home\nAbout\nContact {x}"
    for preset in ("gopher", "c4", "fineweb"):
        found = _rules(bad, preset)
        assert found
        assert {rule.split("_")[0] for rule in found} == {preset}


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.sampled_from(["", "Home", _sentence(1), _sentence(2), "It trails off, it stops...", "  "]), max_size=8))
def test_what_is_left_of_a_page_are_its_lines_that_stay(lines: list[str]) -> None:
    text = "\n".join(lines)
    left, runs = deleted_lines(text)
    assert [line for line in left.split("\n") if line.strip()] == [line for line in lines if line and stays(line)]
    assert sum(n for *_, n in runs) == sum(bool(line.strip()) and not stays(line) for line in lines)
    assert all(a < b for a, b, _ in runs)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(runs))


def test_lines_are_taken_out_in_one_piece_with_their_line_end() -> None:
    text = f"{_sentence(1)}\nHome\n\nAbout\n{_sentence(2)}\nContact"
    left, runs = deleted_lines(text)
    assert left == f"{_sentence(1)}\n{_sentence(2)}"
    assert [n for *_, n in runs] == [2, 1]


def test_a_page_of_which_no_line_is_left_is_told_as_a_page() -> None:
    found = _rules("Home\nAbout us\nContact", "c4")
    assert found == {"c4_sentences"}


def test_words_of_a_list_are_found_as_words_and_within_scripts_without_spaces() -> None:
    texts = ["A darn shame.", "Darned socks.", "So DARN!", "Ein schöner Mist.", "Mistel", "这是坏话吗", "a.b", "axb", "née"]
    measured, _ = prepare(Pieces(pa.array(texts, pa.large_string()), np.arange(len(texts))))
    found = bad_words(measured, ["darn", "mist", "坏话", "a.b", "ne", " "])
    assert found.at.tolist() == [0, 2, 3, 5, 6]
    assert not len(bad_words(measured, []))
