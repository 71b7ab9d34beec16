"""Names in texts: what is found, where it stands, and what must hold for every text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import ConfigError
from curate.privacy import ScanConfig, mask_column, scan
from curate.privacy.column import block
from curate.privacy.names import apart, find_names
from curate.privacy.names.find import name_spans
from curate.privacy.types import ALL, NAMED, NAMES
from tests.conftest import examples

ROOT = Path(__file__).parents[2]
WORDS = ["Maria", "Lopez", "de", "12", "Oak", "Street", ",", "\n", "is", "the", "📦", "Dr."]


def column(*texts: str | None) -> pa.Array:
    return pa.array(texts, pa.large_string())


def found(text: str, *kinds: str, under: str = "") -> list[tuple[str, str]]:
    spans = find_names(column(text), kinds or NAMED, under or None)
    return [(kind, text[a:b]) for kind, a, b in zip(spans.type.to_pylist(), spans.start.tolist(), spans.end.tolist())]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello, my name is Sandra Whitfield and I cannot log in.", "Sandra Whitfield"),
        ("Ich heiße Jürgen Köhler und wohne in der Nähe.", "Jürgen Köhler"),
        ("Bonjour, je m'appelle Amélie Rousseau.", "Amélie Rousseau"),
        ("Hola, me llamo Ignacio Fernández.", "Ignacio Fernández"),
        ("Buongiorno, mi chiamo Giuseppe Ferrari.", "Giuseppe Ferrari"),
        ("Meu nome é Beatriz Oliveira.", "Beatriz Oliveira"),
        ("Mijn naam is Sanne de Vries.", "Sanne de Vries"),
        ("Nazywam się Katarzyna Wiśniewska.", "Katarzyna Wiśniewska"),
        ("Hej, jag heter Björn Lindqvist.", "Björn Lindqvist"),
        ("Merhaba, benim adım Mehmet Yılmaz.", "Mehmet Yılmaz"),
        ("Здравствуйте, меня зовут Наталья Соколова.", "Наталья Соколова"),
        ("Tôi tên là Nguyễn Thị Lan.", "Nguyễn Thị Lan"),
        ("my name is sandra whitfield and i cannot log in", "sandra whitfield"),
        ("THE CARD BELONGS TO SANDRA WHITFIELD", "SANDRA WHITFIELD"),
        ("Regards,\n\nPriya Ramanathan\nAccounts", "Priya Ramanathan"),
        ("From: Kwame Mensah <k.m@example.org>", "Kwame Mensah"),
        ("The report was signed by Dr. Oluwaseun Adeyemi yesterday.", "Oluwaseun Adeyemi"),
    ],
)
def test_people_are_found_in_several_languages_and_cases(text: str, name: str) -> None:
    assert ("PERSON", name) in found(text, "PERSON")


def test_places_organisations_and_addresses_have_types_of_their_own() -> None:
    text = "She works for Siemens AG in Munich and lives at 221 Baker Street, London."
    kinds = dict(reversed(pair) for pair in found(text))
    assert kinds["Siemens AG"] == "ORGANIZATION"
    assert kinds["Munich"] == "LOCATION"
    assert any(kind == "STREET_ADDRESS" and "Baker Street" in value for value, kind in kinds.items())


def test_only_the_types_asked_for_come_back() -> None:
    text = "Maria Lopez moved to Berlin."
    assert found(text, "LOCATION") == [("LOCATION", "Berlin")]
    assert find_names(column(text), ()).counts() == {}


def test_a_surname_alone_is_found_once_the_row_has_confirmed_it() -> None:
    text = "I spoke to Ms. Henrietta Blackwood. Later a parcel stood at Blackwood's door."
    assert [value for _, value in found(text, "PERSON")].count("Blackwood") == 1


def test_offsets_are_code_points_of_the_raw_text() -> None:
    text = "😀😀 merci à Amélie Rousseau — 你好 — and to Peter Miller"
    spans = find_names(column("é", text), ("PERSON",))
    assert [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())] == ["Amélie Rousseau", "Peter Miller"]
    assert spans.row.tolist() == [1, 1]


def test_nulls_and_empty_columns_hold_nothing() -> None:
    assert len(find_names(column(None, "", None))) == 0
    assert len(find_names(column())) == 0
    assert find_names(column(None, "Dear Maria Lopez,")).row.tolist() == [1]


def test_the_name_of_a_column_speaks_of_its_cells() -> None:
    assert found("Marlowe Finch", under="customer_name") == [("PERSON", "Marlowe Finch")]
    assert found("Garden Hose", "PERSON", under="product_name") == []


def test_placeholders_are_never_names() -> None:
    text = "Dear [PERSON], meet [PERSON_2] of [ORGANIZATION] at [ADDRESS] in [LOCATION]."
    assert found(text) == []


def test_allowed_values_are_not_reported() -> None:
    spans = find_names(column("Maria Lopez wrote to Peter Miller."), ("PERSON",), allow=("maria lopez",))
    assert len(spans) == 1


def test_an_address_of_mail_or_web_wins_over_a_name_inside_it() -> None:
    text = "write to maria.lopez@example.com or see https://example.com/peter-miller"
    assert found(text) == []
    spans = scan(column(f"Maria Lopez: {text}"), ScanConfig(types=ALL))
    assert spans.counts() == {"EMAIL_ADDRESS": 1, "PERSON": 1}


def test_a_number_inside_an_address_does_not_lose_the_address() -> None:
    text = "Maria Lopez lives at 45 Oak Avenue, Springfield, IL 62704, phone 212-555-2368."
    kinds = scan(column(text), ScanConfig(types=ALL)).counts()
    assert kinds == {"PERSON": 1, "STREET_ADDRESS": 1, "PHONE_NUMBER": 1}


def test_a_scan_looks_for_names_only_when_asked() -> None:
    text = column("Dear Maria Lopez, mail a@example.com")
    assert set(scan(text).counts()) == {"EMAIL_ADDRESS"}
    assert set(scan(text, ScanConfig(types=(*NAMES, "PERSON"))).counts()) == {"EMAIL_ADDRESS", "PERSON"}
    with pytest.raises(ConfigError, match="PERSON"):
        ScanConfig(types=("PERSONS",))


def test_replacing_what_a_scan_found_leaves_nothing_to_find() -> None:
    config = ScanConfig(types=ALL)
    lines = (ROOT / "sample_data" / "support_tickets.jsonl").read_text(encoding="utf-8").splitlines()[:200]
    texts = column(*[json.loads(line)["text"] + " Ask Maria Lopez at 12 Oak Street, Boston." for line in lines])
    clean = mask_column(texts, scan(texts, config))
    assert "Maria" not in "".join(clean.to_pylist())
    assert len(scan(clean, config)) == 0


def test_a_large_column_gives_each_row_what_it_gives_alone() -> None:
    """Rows go to threads in pieces of a megabyte; the pieces must not be seen in the result."""
    text = "Yesterday Maria Lopez of Siemens AG met Peter Miller near 12 Oak Street, Boston. " * 40
    rows = [f"{i} {text}" for i in range(900)]
    whole = find_names(column(*rows))
    assert sum(map(len, rows)) > 2_500_000
    for i in (0, 1, 450, 899):
        alone = find_names(column(rows[i]))
        mine = whole.row == i
        assert whole.start[mine].tolist() == alone.start.tolist()
        assert whole.score[mine].tolist() == alone.score.tolist()


def test_names_beside_other_findings_are_those_that_overlap_none() -> None:
    text = column("Maria Lopez and a@example.com and Peter Miller", "Maria Lopez")
    names = find_names(text, ("PERSON",))
    first = names.take(np.array([0]))
    assert len(apart(names, first)) == len(names) - 1
    assert len(apart(names, scan(text))) == len(names)


def test_texts_without_names_stay_almost_without_findings() -> None:
    lines = (ROOT / "sample_data" / "support_tickets.jsonl").read_text(encoding="utf-8").splitlines()
    spans = find_names(column(*[json.loads(line)["text"] for line in lines]), ("PERSON", "STREET_ADDRESS"))
    assert len(spans) < len(lines) / 100


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.text(max_size=120), max_size=6))
def test_spans_of_any_text_lie_inside_it_in_order_and_apart(texts: list[str]) -> None:
    texts = [t.encode("utf-8", "ignore").decode() for t in texts]
    spans = find_names(column(*texts))
    edge = dict.fromkeys(range(len(texts)), 0)
    for row, start, end, score in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.score.tolist()):
        assert edge[row] <= start < end <= len(texts[row])
        assert 0.5 <= score <= 1
        edge[row] = end
    assert spans.row.tolist() == sorted(spans.row.tolist())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_what_stands_in_other_rows_changes_nothing(words: list[str]) -> None:
    text = " ".join(words)
    alone = find_names(column(text))
    among = find_names(column("Dear Peter Miller,", text, "12 Oak Street"))
    mine = among.row == 1
    assert among.start[mine].tolist() == alone.start.tolist()
    assert among.code[mine].tolist() == alone.code.tolist()


def test_a_row_longer_than_a_window_is_read_to_its_end() -> None:
    text = "no one is named here and so it goes on. " * 3000 + "Dear Maria Lopez,"
    spans = name_spans(block(column(text)), ("PERSON",))
    assert spans.at[-1, 2] == len(text) - 1


def test_a_cell_of_one_word_is_a_category_unless_its_column_speaks_of_names() -> None:
    cells = column("Low", "green", "en", "Male", "Admin", "Small", "open", "billing")
    assert len(find_names(cells, ("PERSON",), "priority")) == 0
    assert len(find_names(column("Rajesh", "Friederike"), ("PERSON",), "first_name")) == 2


def test_a_small_word_among_choices_or_tags_is_nobody_and_one_that_somebody_says_may_be() -> None:
    for word in ("robin", "basil", "amber", "jay", "rosemary"):
        for under in ("choices", "tags", "topic"):
            assert found(word, "PERSON", under=under) == []
    for under in ("content", "caller", "agent", "from"):
        assert found("sarah", "PERSON", under=under) == [("PERSON", "sarah")]
    assert found("jane austen", "PERSON", under="choices") == [("PERSON", "jane austen")]
    assert found("Robin", "PERSON", under="choices") == [("PERSON", "Robin")]


@pytest.mark.parametrize(
    "text",
    [
        "harga cabai naik lagi, gimana nih",
        "pelayanan puskesmas sekarang cepet banget",
        "complaint darj kar li gayi hai, thoda wait kijiye",
        "写真を添付しましたのでご確認ください。",
        "初めて利用しますが、使い方がわかりません。",
    ],
)
def test_words_without_capitals_that_nothing_announces_are_nobody(text: str) -> None:
    assert found(text, "PERSON") == []
