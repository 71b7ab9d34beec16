"""What a column as a whole says about words taken for people; goods and brands under their own columns."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan
from curate.privacy.column import block
from curate.privacy.names import find_names
from curate.privacy.names.columns import of_things
from curate.privacy.names.things import things
from curate.privacy.types import CODE


def judged(rows: list[str], value: str) -> set[bool]:
    """What `things` says of every place of a value."""
    text = block(pa.array(rows, pa.large_string()))
    at = [(row, int(text.starts[row]) + m.start(), int(text.starts[row]) + m.end(), CODE["PERSON"])
          for row, line in enumerate(rows) for m in re.finditer(re.escape(value.encode()), line.encode())]  # fmt: skip
    assert at
    return set(things(text, np.array(at, np.int64)).tolist())


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        (["Der Quorfler kam.", "mit dem Quorfler", "Quorfler weg", "kein Quorfler da", "Quorfler!"], "Quorfler"),
        (["la Zolmira Vedrana"] * 3 + ["une Zolmira", "ma Vedrana", "la Vedrana", "cette Vedrana"], "Zolmira Vedrana"),
        (["Öltrask ist leer", "das Öltrask", "im Öltrask", "ein Öltrask"], "Öltrask"),
        (["Plimbar nahin", "kya plimbar", "plimbar hai", "plimbar do", "Plimbar?"], "Plimbar"),
    ],
)
def test_a_word_behind_articles_or_in_small_letters_is_a_thing(rows: list[str], value: str) -> None:
    assert judged(rows, value) == {True}


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        (["der Quorfler", "ein Quorfler"], "Quorfler"),  # too few
        (["der Quorfler"] * 3 + ["Quorfler sagt"] * 7, "Quorfler"),  # mostly without one
        (["von der Quorfler"] * 9, "Quorfler"),
        (["Juan de la Quorfler"] * 9, "Quorfler"),
        (["the Quorfler account"] * 9, "Quorfler"),
        (["die,Quorfler", "der. Quorfler", "das\nQuorfler"] * 3, "Quorfler"),
        (["der Peter kam"] * 9, "Peter"),
        (["der Zolmira Quorfler"] * 9, "Zolmira Quorfler"),  # the second may be a surname
        (["Rose came"] + ["a rose"] * 9, "Rose"),
    ],
)
def test_names_stay_names(rows: list[str], value: str) -> None:
    assert judged(rows, value) == {False}


def test_other_types_and_empty_columns_are_left_alone() -> None:
    text = block(pa.array(["der Quorfler"] * 9, pa.large_string()))
    at = np.array([(0, 4, 12, CODE["LOCATION"])], np.int64)
    assert not things(text, at).any()
    assert len(things(block(pa.array([], pa.large_string())), np.zeros((0, 4), np.int64))) == 0


@pytest.mark.parametrize(
    ("name", "goods"),
    [("produit", True), ("brandName", True), ("Ürün", True), ("product_manager", False), ("author", False), ("", False)],
)
def test_columns_of_goods_are_told_by_their_name(name: str, goods: bool) -> None:
    assert of_things(name) == goods


def test_goods_are_no_people_and_people_beside_them_are() -> None:
    texts = pa.array(["Calvin Klein", "Thomas Miller"], pa.large_string())
    assert len(find_names(texts, ("PERSON",), "customer")) == 2
    assert not len(find_names(texts, ("PERSON",), "brand"))
    assert not len(scan(texts, ScanConfig(types=("PERSON",)), names="brand"))
    long = pa.array(["A shirt that Thomas Miller drew for us in the year in which the shop was opened"], pa.large_string())
    assert len(find_names(long, ("PERSON",), "product")) == 1


def test_the_addresses_of_a_person_do_not_make_a_thing_of_the_name() -> None:
    texts = ["Hi, I am Wendeline Oosterhuis, my mail is wendeline.oosterhuis@kpnmail.nl."]
    texts += ["write to wendeline.oosterhuis@kpnmail.nl", "see /home/wendeline/oosterhuis-notes, wendeline_oosterhuis"] * 3
    spans = scan(pa.array(texts, pa.large_string()), ScanConfig(types=("PERSON",)))
    places = zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist())
    assert (0, "Wendeline Oosterhuis") in [(row, texts[row][a:b]) for row, a, b in places]
