"""A person's value is found however it is written, and a longer value that only contains it is not."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.privacy.subjects import Subject, search, subjects_of
from tests.conftest import examples

MAIL, PHONE, CARD = "Jane.Doe@Example.org", "+1 (212) 736-5000", "4111 1111 1111 1111"
IBAN, NAME, ACCENTS = "DE89 3704 0044 0532 0130 00", "Jane Doe", "José Müller-Straße"


def held(value: str, text: str) -> bool:
    return Subject(value).rows(pa.array(["nothing", text], pa.large_string())).tolist() == [1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MAIL, "ask jane.doe@example.org."),
        (MAIL, "JANE.DOE@EXAMPLE.ORG"),
        (MAIL, "jane.doe (at) example [dot] org"),
        (MAIL, "jane dot doe at example dot org"),
        (MAIL, "ｊane.doe＠example.org"),
        (MAIL, "jane.doe&#64;example.org"),
        (MAIL, "<jane.doe%40example.org>"),
        (MAIL, "ja\u200bne.doe@example.org"),
        (PHONE, "2127365000"),
        (PHONE, "call 212.736.5000 now"),
        (PHONE, "+1 212 736 5000"),
        (PHONE, "1-212-736-5000"),
        (PHONE, "12127365000"),
        (PHONE, "0012127365000"),
        (PHONE, "٢١٢٧٣٦٥٠٠٠"),
        (PHONE, "２１２-７３６-５０００"),
        (PHONE, "room 5 212 736 5000"),
        ("2127365000", "+1 (212) 736-5000"),
        (CARD, "card 4111-1111-1111-1111 it is"),
        (CARD, "4111111111111111"),
        (IBAN, "de89370400440532013000"),
        (IBAN, "IBAN DE89-3704-0044-0532-0130-00."),
        ("C01X00T47", "passport c01x 00t47"),
        (NAME, "JANE  DOE's car"),
        (NAME, "Doe, Jane"),
        (NAME, "jane_doe"),
        (ACCENTS, "jose muller strasse"),
        (ACCENTS, "Jose\u0301 Mu\u0308ller Straße"),
        (ACCENTS, "MÜLLER-STRASSE, JOSÉ"),
        ("李小龙", "我叫李小龙吗 李小龙 。"),
        ("12 Baker Street", "at 12, Baker  street"),
    ],
)
def test_a_value_is_found_in_every_spelling(value: str, text: str) -> None:
    assert held(value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MAIL, "mary.jane.doe@example.org"),
        (MAIL, "mary-jane.doe@example.org"),
        (MAIL, "jane.doe@example.org.uk"),
        (MAIL, "jane.doe@example.organic"),
        (PHONE, "92127365000"),
        (PHONE, "21273650001"),
        (PHONE, "212736500-1"),
        (PHONE, "0.2127365000"),
        (CARD, "14111111111111111"),
        (IBAN, "XDE89370400440532013000"),
        (NAME, "Jane Doerr and Janet Doe"),
        (NAME, "Jane does"),
    ],
)
def test_another_value_that_contains_it_is_not_it(value: str, text: str) -> None:
    assert not held(value, text)


def test_what_the_scanner_found_is_compared_by_its_canonical_spelling() -> None:
    assert Subject(PHONE).same("PHONE_NUMBER", "(212) 736 5000")
    assert Subject("+44 20 7946 0018").same("PHONE_NUMBER", "+44 (0)20 7946 0018")
    assert not Subject(PHONE).same("PHONE_NUMBER", "(212) 736 5001")
    assert Subject(MAIL).same("EMAIL_ADDRESS", "jane dot doe at example dot org")
    assert Subject(IBAN).same("IBAN", "de89 370400440532013000")
    assert Subject(CARD).same("CREDIT_CARD", "4111-1111-1111-1111")
    assert Subject(NAME).same("PERSON", "JANE DOE's")
    assert not Subject(NAME).same("EMAIL_ADDRESS", MAIL)


def test_a_keyed_hash_finds_itself_and_with_the_key_the_value_behind_it() -> None:
    from curate.privacy.keys import derived
    from curate.privacy.operators.simple import hashed

    key = bytes(range(32))
    token = hashed(derived(key, "hash"), "EMAIL_ADDRESS", "EMAIL_ADDRESS", MAIL, "US")
    subject = Subject(token)
    assert subject.kind == "hash"
    assert held(token, f"wrote {token} today")
    assert subject.same("EMAIL_ADDRESS", "jane.doe@EXAMPLE.org", key)
    assert not subject.same("EMAIL_ADDRESS", "john@example.org", key)
    assert not subject.same("EMAIL_ADDRESS", MAIL, bytes(32))
    assert not subject.same("EMAIL_ADDRESS", MAIL)


def test_a_keyed_hash_of_letters_alone_and_one_without_its_label_are_hashes_too() -> None:
    from curate.privacy.keys import derived
    from curate.privacy.operators.simple import hashed

    keys = (number.to_bytes(32, "big") for number in range(1000))
    tokens = {key: hashed(derived(key, "hash"), "EMAIL_ADDRESS", "EMAIL_ADDRESS", MAIL, "US") for key in keys}
    letters = {key: token for key, token in tokens.items() if not any(map(str.isdigit, token))}
    assert 10 <= len(letters) <= 80  # (26 / 32) ** 16 of them
    for key, token in letters.items():
        for written in (token, token[1:-1], token[-17:-1]):
            assert Subject(written).same("EMAIL_ADDRESS", MAIL, key)
            assert not Subject(written).same("EMAIL_ADDRESS", "john@example.org", key)
            assert held(written, f"wrote {token} today")
    assert held("RSSMRA65T45F256X", "codice rssmra65t45f256x, grazie")  # looks like a hash by itself


def test_neither_repr_nor_error_shows_a_value() -> None:
    assert "jane" not in repr(Subject(MAIL)).lower()
    with pytest.raises(ValueError, match="value 2") as caught:
        subjects_of([MAIL, "z9"])
    assert "z9" not in str(caught.value)


def test_several_subjects_and_nulls() -> None:
    texts = pa.array(["x", None, "Jane Doe", "mail jane.doe@example.org"], pa.large_string())
    assert search(subjects_of([MAIL, NAME, MAIL]), texts).tolist() == [2, 3]


@settings(max_examples=examples(150), deadline=None)
@given(st.text(min_size=1, max_size=24), st.text(alphabet=" .,;:\n()", min_size=1, max_size=3))
def test_any_value_between_blanks_is_found_as_it_was_typed(value: str, blank: str) -> None:
    try:
        subject = Subject(value.encode("utf-8", "ignore").decode())
    except ValueError:
        return
    core = value.encode("utf-8", "ignore").decode().strip()
    text = f"{blank}\n {core} \n{blank}"
    assert subject.rows(pa.array([text], pa.large_string())).tolist() == [0], (subject.kind, core)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("RSSMRA85T10A562S", "C.F. RSSMRA 85T10 A562S"), ("RSSMRA85T10A562S", "rss.mra.85t10.a562s"),
        ("RSSMRA 85T10 A562S", "RSSMRA85T10A562S"), ("GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432"),
        ("MORGA657054SM9IJ", "licence MORGA 657054 SM9IJ"), ("HEGG560427MVZRRL04", "HEGG-560427-MVZRRL-04"),
        ("529.982.247-25", "CPF 529 982 247 25"), ("12345678Z", "DNI 12.345.678-Z"),
    ],
)  # fmt: skip
def test_an_identifier_is_found_in_any_grouping(value: str, written: str) -> None:
    assert Subject(value).places(written)
    assert not Subject(value).places(written + "7")


def test_a_street_or_a_user_name_stays_words() -> None:
    assert Subject("12 Oak Street").kind == Subject("jane85").kind == "words"
    assert not Subject("12 Oak Street").places("12OakStreet")
