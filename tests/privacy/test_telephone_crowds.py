"""Telephones judged many at once are those judged one by one, and plans as automata are the plans of phonenumbers."""

from __future__ import annotations

import random
import re

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from curate.privacy import ScanConfig, judging, phone_crowds, scan
from curate.privacy.phones import plan_of, valid_international, valid_national
from curate.privacy.plan_automata import automaton
from curate.privacy.types import NAMES


def spans(texts: list[str], region: str) -> list[tuple[object, ...]]:
    found = scan(pa.array(texts, pa.large_string()), ScanConfig(types=NAMES, default_region=region))
    kinds = found.type.to_pylist()
    return list(zip(found.row.tolist(), found.start.tolist(), found.end.tolist(), kinds, found.score.tolist()))


def matrix(numbers: list[str]) -> np.ndarray:
    return np.frombuffer("".join(numbers).encode(), np.uint8).reshape(len(numbers), -1) - 48


def numbers_near(code: int, size: int, draw: random.Random) -> list[str]:
    """Random digits, the plan's own examples, and examples with their last digits changed."""
    out = ["".join(draw.choices("0123456789", k=size)) for _ in range(50)]
    for region in COUNTRY_CODE_TO_REGION_CODE[code]:
        for kind in phonenumbers.PhoneNumberType.values():
            number = (
                phonenumbers.example_number_for_non_geo_entity(code)
                if region == "001" else phonenumbers.example_number_for_type(region, kind)
            )  # fmt: skip
            known = phonenumbers.national_significant_number(number) if number else ""
            out += [known, known[:-3] + "".join(draw.choices("0123456789", k=3))] if len(known) == size else []
    return out


@pytest.mark.parametrize("code", sorted(COUNTRY_CODE_TO_REGION_CODE)[::5])
def test_a_plan_as_automaton_takes_what_the_plan_takes(code: int) -> None:
    draw = random.Random(code)
    plan = plan_of(COUNTRY_CODE_TO_REGION_CODE[code][0], code)
    known = automaton([plan.valid.pattern])
    for size in range(4, 14):
        numbers = numbers_near(code, size, draw)
        expected = [plan.valid.fullmatch(number) is not None for number in numbers]
        assert known.accepts(matrix(numbers)).tolist() == expected


@pytest.mark.parametrize("code", sorted(COUNTRY_CODE_TO_REGION_CODE)[::9])
def test_numbers_of_every_plan_are_valid_many_at_once_as_one_by_one(code: int) -> None:
    draw = random.Random(code)
    for size in (7, 8, 9, 10, 11):
        national = [prefix + number for number in numbers_near(code, size, draw) for prefix in ("0", "1", "8")]
        expected = [valid_international(f"{code}{number}") for number in national]
        got = phone_crowds.international(matrix([f"{code}{number}" for number in national]))
        assert got.tolist() == [-1 if answer is None else int(answer) for answer in expected]
        region = COUNTRY_CODE_TO_REGION_CODE[code][0]
        if region != "001":
            for some in (national[:50], national * 8):  # asked one by one, and then of an automaton
                fitting = phone_crowds.fitting(plan_of(region, code), matrix(some))
                assert fitting.tolist() == [valid_national(number, region) for number in some]


def test_what_is_no_plan_of_digits_is_refused() -> None:
    for pattern in (r"1(?=2)3", r"1)2", "a"):
        with pytest.raises(ValueError, match=r"plan|literal"):
            automaton([pattern])


FORMS = (
    "{a}-{b}-{c}", "({a}) {b}-{c}", "+1 {a} {b} {c}", "{n}", "+{n}", "0{n}", "00{n}", "{a}.{b}.{c}", "+49 {a} {n}",
    "1-{a}-{b}-{c}", "0{a} {n}", "{a} {b} {c}", "{a}{b}{c}", "011 44 {a} {n}", "0{a}/{n}", "+44 (0){a} {n}", "{c} {c}",
    "(0{a}) {n}", "001-{a}-{b}-{c}", "{a}-{b}-{c} {a}-{b}-{c}", "{y}-{m}-{d}", "{y}{m}{d}", "{n} {a} {n}", "{a} {b} {a}",
    "{c}{m}", "{a}-{b}-{c}x{a}", "{y}-{n}", "{y}/{n}",
)  # fmt: skip
AROUND = (
    ("call ", "."), ("", ""), ("order ", " now"), ('{{"phone": "', '"}}'), ("fax: ", "\n"), ("Tel. {m}. ", " mobile"),
    ("my number is ", ", thanks"), ("(", ")"), ("x=", "&"), ("Handy ", " Euro"), ("$", ""), ("ref {a} tel ", " = 5"),
    ("phone call: CVE-", ", next"), ("tel ", " Az. {y}/{n}"),
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(FORMS), st.sampled_from(AROUND), st.integers(0, 2**31), st.sampled_from(["US", "DE", "GB", "JP", "BR"]),
    st.sampled_from(["0123456789", "0019", "2", "12"]),
)  # fmt: skip
def test_many_of_one_form_are_judged_as_each_alone(
    form: str, around: tuple[str, str], seed: int, region: str, alphabet: str
) -> None:
    draw = random.Random(seed)

    def digits(size: int) -> str:
        return "".join(draw.choices(alphabet, k=size))

    size = draw.choice((6, 7, 8))
    texts = []
    for _ in range(40):
        made = (around[0] + form + around[1]).format(
            a=digits(3), b=digits(3), c=digits(4), n=digits(size), y=draw.randint(1950, 2030),
            m=f"{draw.randint(1, 13):02d}", d=f"{draw.randint(1, 32):02d}",
        )  # fmt: skip
        texts.append(re.sub(r"\{\{|\}\}", "", made))
    together = spans(texts, region)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "FEW", 10**9)
        alone = spans(texts, region)
    assert together == alone
