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


def kinds(text: str, column: str = "") -> list[tuple[str, str]]:
    spans = find_names(pa.array([text], pa.large_string()), names=column or None)
    return [(text[a:b], k) for a, b, k in zip(spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist())]


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("University Professor Lena Holt", "Lena Holt"), ("Hospital Director Nina Patel", "Nina Patel"),
        ("Bank CEO Mark Lund", "Mark Lund"), ("Hospital Patient Mary Wells", "Mary Wells"),
        ("Krankenhaus Patient Otto Braun", "Otto Braun"), ("Klinik Dr. Petra Lange", "Petra Lange"),
        ("Sparkasse Herr Lutz Meier", "Lutz Meier"), ("Bank Mr. Singh", "Singh"),
        ("Mairie de Paris Anne Hidalgo", "Anne Hidalgo"), ("Finanzamt Frau Ilse Koch", "Ilse Koch"),
        ("Banco Ana Ruiz", "Ana Ruiz"), ("Hospital San Juan de Dios Maria Perez Lopez", "Maria Perez Lopez"),
        ("Bank President Susan Cole and College President Ed Hart", "Ed Hart"),
        ("Judge Karen Miller Consulting", "Karen Miller"),
        ("Peter Smith, Limited edition", "Peter Smith"), ("Hans Huber a. s. Kim, Foo GmbH", "Hans Huber"),
    ],
)  # fmt: skip
def test_people_beside_words_of_institutions_stay_people(text: str, person: str) -> None:
    found = kinds(text)
    assert (person, "PERSON") in found
    assert not any(person in name for name, kind in found if kind == "ORGANIZATION")


@pytest.mark.parametrize(
    "text",
    [
        "Bank Account Number", "Bank Transfer Details", "Bank Account Holder Name", "Bank Statement PDF", "Bank App",
        "Bank Manager", "Bank Holiday Monday", "Hospital Visiting Hours", "University Admission Requirements",
        "Klinik Ist Geschlossen", "Crédit Photo", "Institute of the Week", 'x = "Bank Of Test"', "Spots Are Limited",
        "Plan Is Limited", "Set AG = 5", "Peter Smith, Limited edition", "see Exhibit A. Limited Power of Attorney",
        "Bank CEO Mark Lund", "Klinik Dr. Petra Lange", "Nurse Kate Hospital",
    ],
)  # fmt: skip
def test_headings_and_people_are_no_organisations(text: str) -> None:
    assert formed(text) == set()


def test_an_organisation_ends_with_its_sentence() -> None:
    text = "Herr Otto KG. Lehrerin Eva UG. Nordlicht Bau GmbH am Montag"
    assert all(". " not in name for name in formed(text))
    assert "Nordlicht Bau GmbH" in formed(text)
    assert formed("with St. Columba Estates Ltd and J. P. Morlan Inc.") == {"St. Columba Estates Ltd", "J. P. Morlan Inc."}


@pytest.mark.parametrize(
    "text",
    [
        "She works for Dr. House in town", "employed by Mrs. Robinson today", "elle travaille chez Mme Lefèvre",
        "trabaja para Doña Carmen hoy", "jobbar hos Doktor Lind nu", "trabaja para la Sra. Vega hoy",
        "angestellt bei Frau Becker", "Trabajo para Don Ernesto", "εργάζομαι στην Αθήνα τώρα",
        "elle travaille chez M. Durand",
    ],
)  # fmt: skip
def test_a_title_or_a_town_behind_a_phrase_of_work_is_no_employer(text: str) -> None:
    assert employers(text) == set()


def test_names_of_institutions_keep_what_belongs_to_them() -> None:
    for name in ("Hospital Virgen del Rocío", "Hospital San Juan de Dios", "RSUD Dr. Moewardi", "Banco Santander"):
        assert kinds(f"{name} asked") == [(name, "ORGANIZATION")]


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
