"""Names and addresses beside words that elsewhere tell that there is none: letters, sums, games, codes of money."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy.checks import luhn
from curate.privacy.names import find_names


def named(text: str, *kinds: str) -> str:
    spans = find_names(pa.array([text], pa.large_string()), kinds, "")
    return " | ".join(text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist()))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("COVER LETTER JOHN SMITH", "JOHN SMITH"),
        ("MOTIVATION LETTER ANNA MUELLER", "ANNA MUELLER"),
        ("Attached: OFFER LETTER SARAH CONNOR.pdf", "SARAH CONNOR"),
        ("RE: DEMAND LETTER PETER MÜLLER", "PETER MÜLLER"),
        ("RESIGNATION LETTER KAREN O'NEILL", "KAREN O'NEILL"),
        ("MAIN CHARACTER PETER PARKER", "PETER PARKER"),
        ("PATIENT: MARIA LETTER", "MARIA LETTER"),
        ("MRS. EMMA LETTER", "EMMA LETTER"),
    ],
)
def test_people_beside_letters_and_characters_are_found(text: str, name: str) -> None:
    assert name in named(text, "PERSON")


@pytest.mark.parametrize(
    ("text", "streets"),
    [
        ("He lives at 12 Main Street\n#### 5 facts", ["12 Main Street"]),
        ("12 Main Street #### 34", ["12 Main Street"]),
        ("Ship to 45 Oak Avenue #### Apt 7, Boston", ["45 Oak Avenue"]),
        ("- 12 Rue de Rivoli\n#### Paris 75001", ["12 Rue de Rivoli"]),
        ("She lives at Oak 14-16 over the road", ["Oak 14"]),
        ("Maria lives at Mozart 7-9, over the shop.", ["Mozart 7"]),
        ("Our office: Rosen 3-5, it won awards.", ["Rosen 3"]),
        ("The house at Kastanien 32-8 was won in a lottery.", ["Kastanien 32"]),
        ("Send it to Kastanien 32-8, we scored a great price.", ["Kastanien 32"]),
        ("He was seeded and lives in Mozart 7-9 now", ["Mozart 7"]),
    ],
)
def test_streets_beside_sums_and_words_of_games_are_found(text: str, streets: list[str]) -> None:
    found = named(text, "STREET_ADDRESS")
    assert all(street in found for street in streets), found


@pytest.mark.parametrize("text", ["Her name is AUD.", "My name is AUD and I am 30."])
def test_a_code_of_money_that_the_words_introduce_is_somebody(text: str) -> None:
    assert named(text, "PERSON") == "AUD"


@pytest.mark.parametrize("digits", ["٤١١١١١١١١١١١١١١١", "4111é"])
def test_digits_beyond_ascii_fit_no_check_digit(digits: str) -> None:
    assert not luhn(digits)


@pytest.mark.parametrize(
    "text", ["0x0041 LATIN SMALL LETTER SHARP S", "HEBREW LETTER FINAL MEM", "change GBP to TRY",
             "The currency is AUD, not USD."]
)  # fmt: skip
def test_letters_of_scripts_and_codes_of_money_stay_nobody(text: str) -> None:
    assert named(text, "PERSON", "LOCATION", "ORGANIZATION") == ""


@pytest.mark.parametrize(
    "text", ["Brazil beat South Korea 32-8 on Monday", "The Seattle Storm led over the Los Angeles Sparks 83-71",
             "he has <<3*4=12>>12 apples\n#### 12"],
)  # fmt: skip
def test_games_and_sums_stay_no_addresses(text: str) -> None:
    assert named(text, "STREET_ADDRESS") == ""
