"""Organisations by their written form: legal forms, kinds of institutions, employers behind a phrase."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.privacy.names import find_names
from curate.privacy.names.bodies import bodies, employers, spoken_bodies


def formed(line: str) -> set[str]:
    return {line[a:b] for a, b in bodies(line)}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("vertreten durch die Lindner Feinmechanik AG in Jena", "Lindner Feinmechanik AG"),
        ("Brömmelkamp Sanitär GmbH & Co. KG, Münster", "Brömmelkamp Sanitär GmbH & Co. KG"),
        ("proposto da Edilpuglia S.p.A. e", "Edilpuglia S.p.A."),
        ("veroordeelt Van Dongen Transport B.V. tot", "Van Dongen Transport B.V."),
        ("między Drewbud Sp. z o.o., NIP", "Drewbud Sp. z o.o."),
        ("Sayın Berrin, Yıldızlar Tekstil A.Ş. ile", "Yıldızlar Tekstil A.Ş."),
        ("antara PT Samudra Jaya Abadi dan Bapak", "PT Samudra Jaya Abadi"),
        ("Договор между ООО «СеверТранс» и", "ООО «СеверТранс»"),
        ("the firm Smith, Jones and Brown Ltd was", "Smith, Jones and Brown Ltd"),
        ("she studied at the University of Leicester until", "University of Leicester"),
        ("the Ministry of Health asked", "Ministry of Health"),
        ("ingresa en el Hospital Virgen del Rocío por", "Hospital Virgen del Rocío"),
        ("Ankara Şehir Hastanesi'ne geldi", "Ankara Şehir Hastanesi"),
        ("studiowałam na Uniwersytecie Jagiellońskim w", "Uniwersytecie Jagiellońskim"),
    ],
)
def test_a_form_tells_the_whole_name(text: str, name: str) -> None:
    assert formed(text) == {name}


@pytest.mark.parametrize(
    "text",
    [
        "the speed is limited to 50", "We are a limited company.", "At the hospital they said", "The University is closed.",
        "She was born in the U.S.A. in May", "at 9 a.m. sharp", "Our Company Limited time offer", "The bank of the river",
        "i.e. Smith said so", "A small Hospital on Monday",
    ],
)  # fmt: skip
def test_words_of_forms_without_a_name_tell_nothing(text: str) -> None:
    assert formed(text) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I work at Fernwick and like it", "Fernwick"), ("ich arbeite bei Brandtner in Ulm", "Brandtner"),
        ("elle travaille chez Delorme depuis", "Delorme"), ("bekerja di Tokorima sejak", "Tokorima"),
    ],
)  # fmt: skip
def test_a_phrase_that_speaks_of_work_has_the_employer_behind_it(text: str, name: str) -> None:
    assert {text[a:b] for a, b in employers(text)} == {name}


@pytest.mark.parametrize("text", ["I work at home", "worked for The past year", "we work for free"])
def test_what_is_no_employer_is_none(text: str) -> None:
    assert employers(text) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("أدخلت إلى مستشفى الملك فيصل، وبعد", "مستشفى الملك فيصل"), ("يعمل أحمد في بنك مصر ويسكن", "بنك مصر"),
        ("ทำงานที่ ธนาคารกสิกรไทย จำกัด (มหาชน)", "ธนาคารกสิกรไทย จำกัด (มหาชน)"),
    ],
)  # fmt: skip
def test_scripts_without_capitals_have_kinds_too(text: str, name: str) -> None:
    assert {text[a:b] for a, b in spoken_bodies(text)} == {name}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Der Vertrag mit der Lindner GmbH läuft aus.", "Lindner GmbH"),
        ("Ze studeerde aan de Universiteit Utrecht.", "Universiteit Utrecht"),
    ],
)
def test_the_form_takes_over_the_person_or_place_inside_it(text: str, name: str) -> None:
    spans = find_names(pa.array([text], pa.large_string()))
    assert [(text[a:b], k) for a, b, k in zip(spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist())] == [
        (name, "ORGANIZATION")
    ]


_PIECES = """Ltd GmbH & Co. KG S.p.A. University of Bank Banco the de Müller Acme Jones , and at works for ООО « » بنك مصر
    . 12 é 名"""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*_PIECES.split(), "\n"]), max_size=24))
def test_spans_of_any_mixture_are_apart_and_inside_the_text(pieces: list[str]) -> None:
    text = " ".join(pieces)
    spans = find_names(pa.array([text], pa.large_string()))
    places = sorted(zip(spans.start.tolist(), spans.end.tolist()))
    assert all(0 <= a < b <= len(text) for a, b in places)
    assert all(first[1] <= second[0] for first, second in zip(places, places[1:]))
