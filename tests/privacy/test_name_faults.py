"""Texts that names were once read wrongly or endlessly in: runs without blanks, ordinary words, edges of windows."""

from __future__ import annotations

import re
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import pyarrow as pa
import pytest

from curate.privacy import scan
from curate.privacy.column import block
from curate.privacy.names import addresses, anchors, bodies, find_names, grids
from curate.privacy.names.addresses import tidy
from curate.privacy.names.cues import cues
from curate.privacy.names.east_asian import no_person
from curate.privacy.names.phrases import parts

_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


def named(text: str, *kinds: str, column: str = "") -> list[str]:
    spans = find_names(pa.array([text], pa.large_string()), kinds or ("PERSON",), column)
    return [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())]


def births(text: str) -> list[str]:
    spans = scan(pa.array([text], pa.large_string()))
    return [text[a:b] for a, b, k in zip(spans.start, spans.end, spans.type.to_pylist()) if k == "DATE_OF_BIRTH"]


def _sequences(item: Any) -> list[Any]:
    """The alternatives inside a parsed item of a pattern."""
    op, of = item
    if op in (*_REPEATS, _constants.POSSESSIVE_REPEAT):
        return [of[2]]
    if op == _constants.SUBPATTERN:
        return [of[3]]
    if op == _constants.BRANCH:
        return list(of[1])
    if op in (_constants.ASSERT, _constants.ASSERT_NOT):
        return [of[1]]
    return [of] if op == _constants.ATOMIC_GROUP else []


def _fixed(item: Any) -> bool:
    """Whether it stands for something that must be there once, so that a repetition of it can be cut in one way only."""
    op, of = item
    if op in _REPEATS:
        return bool(of[0] == of[1] and of[0] > 0)
    if op in (_constants.SUBPATTERN, _constants.BRANCH, _constants.ATOMIC_GROUP):
        return all(any(map(_fixed, sequence)) for sequence in _sequences(item))
    return op in (_constants.LITERAL, _constants.NOT_LITERAL, _constants.IN, _constants.ANY, _constants.CATEGORY)


def _ambiguous(sequence: Any) -> bool:
    """Whether a repetition holds nothing but what may be longer or shorter, as `(?:[a-z]+ ?)+` does."""
    for item in sequence:
        if item[0] in _REPEATS and item[1][1] > 1:
            body = item[1][2]
            if any(inner[0] == _constants.SUBPATTERN for inner in body):
                body = [i for s in body if s[0] == _constants.SUBPATTERN for i in s[1][3]] if len(body) == 1 else body
            if any(i[0] in _REPEATS and i[1][0] != i[1][1] for i in body) and not any(map(_fixed, body)):
                return True
        if any(map(_ambiguous, _sequences(item))):
            return True
    return False


def _patterns(module: Any) -> list[re.Pattern[Any]]:
    values = [v for value in vars(module).values() for v in (value.values() if isinstance(value, dict) else (value,))]
    return [p for value in values for p in (value if isinstance(value, tuple) else (value,)) if isinstance(p, re.Pattern)]


def test_no_pattern_repeats_what_could_be_cut_in_many_ways() -> None:
    assert _ambiguous(_parser.parse("(?:[a-z]+ ?){1,4}?"))
    assert not _ambiguous(_parser.parse("[a-z]{1,30}(?: [a-z]{1,30}){0,3}?"))
    patterns = [pattern for module in (anchors, addresses, bodies, grids) for pattern in _patterns(module)]
    assert len(patterns) > 40
    sources = [p.pattern if isinstance(p.pattern, str) else p.pattern.decode() for p in patterns]
    spoken = [*parts("people", "spoken"), *parts("bodies", "spoken")]
    assert [source for source in [*sources, *spoken] if _ambiguous(_parser.parse(source))] == []


_RUNS = {
    "मेरा नाम ": "क", "আমার নাম ": "ক", "என் பெயர் ": "க", "నా పేరు ": "క",
    "ನನ್ನ ಹೆಸರು ": "ಕ", "എന്റെ പേര് ": "ക", "મારું નામ ": "ક", "ਮੇਰਾ ਨਾਮ ": "ਕ",
    "میرا نام ": "ک", "اسمي ": "ب", "من ": "م", "שמי ": "ב",
    "ชื่อ": "ก", "ខ្ញុំឈ្មោះ": "ក", "მე მქვია ": "ა", "Իմ անունը ": "ա",
    "我叫": "王", "저는 ": "김", "氏名": "　", "이름": " ",
    "my name is ": "A", "меня зовут ": "я", "με λένε ": "α", "14 rue ": "1",
    '"name": "': '"',
}  # fmt: skip


@pytest.mark.parametrize("phrase", _RUNS)
def test_a_long_run_behind_a_phrase_is_read_to_its_end(phrase: str) -> None:
    run = _RUNS[phrase]
    text = phrase + run * (200_000 // len(run.encode())) + "x"
    assert all(len(name) < len(text) for name in named(text, "PERSON", "STREET_ADDRESS"))


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("14 rue du vieux moulin, 69003 Lyon", "14 rue du vieux moulin, 69003 Lyon"),
        ("12 old winding mill lane, Springfield", "12 old winding mill lane, Springfield"),
        ("zur alten mühle hinten, 80331 München", "zur alten mühle hinten, 80331 München"),
        ("14 rue du vieux moulin, Lyon 0612345678901", "14 rue du vieux moulin, Lyon"),
        ("110 Nm, danach weiter gemäß Kapitel", ""),
    ],
)
def test_an_address_with_its_street_or_post_code_is_trimmed_at_most(value: str, address: str) -> None:
    low, high = tidy("", value, "")
    assert value[low:high] == address


@pytest.mark.parametrize(
    "text",
    [
        "* 2023-11-12: fixed the bug", "* 12.11.2013 meeting", "notes:\n * 12.11.2013 meeting", "5 * 12.11.1936",
        "see p. 4, f. 04.05.1949", "item, * 12.11.2013", "(* 12.11.2013 *)", "x * 12.11.1936", "Anna Weber\n* 12.11.1936",
        "blauer eintrag, * 12.11.2013",
    ],
)  # fmt: skip
def test_items_of_lists_and_products_are_no_births(text: str) -> None:
    assert births(text) == []


@pytest.mark.parametrize(
    "text", ["Anna Weber (* {})", "Max Weber *{} in Ulm", "verh., * {}", "Solveig Tangen, f. {}, inn", "hans müller, * {}"]
)
def test_the_sign_of_birth_behind_somebody_is_one(text: str) -> None:
    assert births(text.format("12.11.1936")) == ["12.11.1936"]


@pytest.mark.parametrize(
    ("text", "name"), [("We met Kim Pak Chol in town", "Kim Pak Chol"), ("Opérateur : Pr Castaing.", "Castaing")]
)
def test_an_announced_name_never_shortens_one_that_was_found(text: str, name: str) -> None:
    assert named(text) == [name]
    assert "Castaing" not in named("Ask Maria Pr Castaing today")


@pytest.mark.parametrize(
    "text",
    [
        "Hello Kubernetes!", "Hi ChatGPT, please help", "Dear Diary,", "Hr Manager", "Produsele sunt Samsung", "Dear Sirs,",
        "Dear Professor,", "Hr. Manager", "Hi Google, hello Docker!", "Oi gente, tudo bem",
        "Berater: Danke", "Conseiller : Bonjour",
    ],
)  # fmt: skip
def test_ordinary_words_behind_a_greeting_or_title_are_nobody(text: str) -> None:
    assert named(text) == []


def test_a_greeting_said_to_people_only_names_somebody_whom_no_list_knows() -> None:
    assert [named(text) for text in ("oi Zé, manda o pix", "cześć Brydzia, co tam")] == [["Zé"], ["Brydzia"]]


@pytest.mark.parametrize(
    "text",
    [
        "Máximo 120 palabras.", "Krea 0,98. Klinikum war", "a distance of 0.003981 Newtons.",
        "Sugeng Prayitno, 54 tahun, No. RM 00-44-81-92",
    ],
)  # fmt: skip
def test_amounts_ages_and_counts_are_no_addresses(text: str) -> None:
    assert named(text, "STREET_ADDRESS") == []


def test_titles_and_roles_are_no_part_of_a_name() -> None:
    assert named("Pasien Tn. Sugeng Prayitno dirawat") == ["Sugeng Prayitno"]
    assert named("le patient, M. Ferdinand Lescure, est sorti") == ["Ferdinand Lescure"]


def test_a_cell_of_employers_is_an_organisation() -> None:
    assert named("Veolia", "ORGANIZATION", column="société") == ["Veolia"]
    assert named("unknown", "ORGANIZATION", column="company") == []


@pytest.mark.parametrize("cell", ["Retired", "Unemployed", "Self-employed", "Rentner", "sans emploi", "Autónomo"])
def test_a_cell_that_says_that_somebody_has_no_employer_is_none(cell: str) -> None:
    assert named(cell, "ORGANIZATION", column="employer") == []
    assert named(f"| name | employer |\n|---|---|\n| Ann Lee | {cell} |\n", "ORGANIZATION") == []


def test_somebody_in_a_column_of_firms_stays_a_person() -> None:
    for name in ("John Smith", "Maria Gonzalez"):
        assert named(f'{{"company": "{name}"}}', "PERSON", "ORGANIZATION") == [name]
        assert named(f'{{"company": "{name}"}}', "PERSON") == [name]
        assert named(f'{{"company": "{name}"}}', "ORGANIZATION") in ([], [name])


@pytest.mark.parametrize(
    "text",
    [
        "المريض يعاني من الحمى، وبعد", "العميل يطلب استرداد المبلغ،", "العميل الجديد يريد المساعدة،", "السيد المدير العام،",
        "السيد الوزير المحترم.",
    ],
)  # fmt: skip
def test_ordinary_words_behind_an_arabic_title_are_announced_as_nobody(text: str) -> None:
    assert anchors.spoken(text) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("السيد أحمد محمود، تحية", "أحمد محمود"), ("المريض: خالد العتيبي، العمر", "خالد العتيبي"),
        ("السيد أحمد يريد المساعدة،", "أحمد"),
    ],
)
def test_an_arabic_title_announces_a_listed_name(text: str, name: str) -> None:
    assert {text[a:b] for a, b in anchors.spoken(text)} == {name}


@pytest.mark.parametrize("word", ["문의", "반품", "취소", "배송", "처음", "정답", "휴가", "네이버", "안녕", "배송비"])
def test_a_noun_that_somebody_says_in_a_korean_chat_is_nobody(word: str) -> None:
    assert named(f"고객: {word}입니다.") == []
    assert named("상담원: 김영희입니다.") == ["김영희"]


@pytest.mark.parametrize("text", ["alias @components", "git alias @foo.bar is"])
def test_an_alias_of_a_path_is_no_handle(text: str) -> None:
    assert scan(pa.array([text], pa.large_string())).type.to_pylist() == []


def test_a_greeting_names_somebody_where_a_list_knows_the_name() -> None:
    assert [named(text) for text in ("Hi Bob, hello", "Dear Maria,", "Hallo Detlef,")] == [["Bob"], ["Maria"], ["Detlef"]]


@pytest.mark.parametrize(
    "cell", ["Remote", "Hybrid", "Not specified", "Same as above", "Withheld", "Anonymous", "Admin", "Deleted"]
)
@pytest.mark.parametrize("column", ["city", "last_name"])
def test_a_cell_that_says_there_is_no_name_is_none(cell: str, column: str) -> None:
    assert named(cell, "PERSON", "LOCATION", column=column) == []
    assert named("Zubrow", "PERSON", "LOCATION", column=column) == ["Zubrow"]


def test_where_a_window_begins_is_no_beginning_of_a_line() -> None:
    for blanks in range(12, 22):
        text = "Wahi Bob, " + "a " * blanks + "b dear"
        for more in ("", "b", "bb"):
            cells = block(pa.array([text.replace(" b dear", f" {more}b dear")], pa.large_string()))
            assert len(anchors.announced(cells, *cues(cells))[0]) == 0
    cells = block(pa.array(["Wa hi\nHi Bob, dear"], pa.large_string()))
    assert len(anchors.announced(cells, *cues(cells))[0]) == 1


def test_a_word_inside_a_text_begins_where_it_begins() -> None:
    assert anchors.people("Wahi Bob, dear", 2) == set()


@pytest.mark.parametrize(
    "text",
    [
        "So he used 80 + 120 = <<80+120=200>>200 blisters\n#### 200", "he bought 180*2=<<180*2=360>>360 packs\n#### 360",
        "What data type does the following text represent?\n25.09\nFloat.",
        "New Zealand opened its campaign Saturday, thumping South Korea 32-8 in the opening clash.",
        "Jackson had 20 rebounds to lead the Seattle Storm over the Los Angeles Sparks 83-71 in the WNBA on Sunday.",
        "    0x00fe: 0x25a0,     #  BLACK SQUARE\n    0x00ff: 0x00a0,     #  NO-BREAK SPACE\n})\n",
    ],
)  # fmt: skip
def test_sums_scores_and_code_are_no_addresses(text: str) -> None:
    assert named(text, "STREET_ADDRESS") == []


@pytest.mark.parametrize(
    "text", ["Wir wohnen in der Lindenallee 12-14 in Bonn.", "She lives at Storgatan 14-16, over the bakery.",
             "Consegna in Via Roma 12-14, Torino"],
)  # fmt: skip
def test_a_street_with_two_house_numbers_stays_an_address(text: str) -> None:
    assert named(text, "STREET_ADDRESS") != []


def test_names_of_characters_and_codes_of_money_name_nobody() -> None:
    kinds = ("PERSON", "LOCATION", "ORGANIZATION")
    table = "    'V'        #  0x0056 -> LATIN CAPITAL LETTER V\n    '\\u0e49'   #  0xE9 -> THAI CHARACTER MAI THO\n"
    assert named(table, *kinds) == []
    assert named("I can't figure out how to change GBP to AUD, what do I do?", *kinds) == []


def test_copyright_is_no_part_of_a_firm() -> None:
    text = "# Copyright Disney Enterprises, Inc.  All Rights Reserved."
    assert named(text, "ORGANIZATION") == ["Disney Enterprises, Inc."]


@pytest.mark.parametrize(
    ("text", "name"),
    [("MRS. OLGA STAMP", "OLGA STAMP"), ("Patient: PETER FORM", "PETER FORM"), ("Dr. Anna Keller", "Anna Keller")],
)
def test_behind_a_title_or_label_the_last_word_of_the_line_belongs_to_the_name(text: str, name: str) -> None:
    assert named(text) == [name]


def test_the_word_of_a_firm_is_no_part_of_somebody() -> None:
    for name in ("Judge Olivia Barnes Consulting", "Olivia Jane Barnes Logistics"):
        assert not any(word in found for found in named(name) for word in ("Consulting", "Logistics"))


def test_letters_of_a_sentence_stand_in_no_japanese_name() -> None:
    assert no_person("初めて利")
    assert no_person("写したり真")
    assert not no_person("佐藤さくら")
    assert not no_person("一ノ瀬")


def test_the_number_of_a_file_is_no_street() -> None:
    assert named("Dossier MRN 55-01-72-18, salle 4", "STREET_ADDRESS") == []


def test_a_compound_that_says_number_is_no_street() -> None:
    for text in ("Mitarbeiternummer 118, Abteilung Einkauf", "Reisepass-Nr und Bestellnummer 4471", "Paragraph 12 Abs. 3"):
        assert named(text, "STREET_ADDRESS") == []
    assert named("Er wohnt Lindenstraße 12, Kundennummer 5567", "STREET_ADDRESS") != []


@pytest.mark.parametrize(
    "text",
    ["Adresse: Lindenstraße Hausnummer 12", "Anschrift: Am Markt Hausnummer 3", "Gartenstraße Türnummer 3",
     "Mitarbeiternummer 118, Gartenweg 4", "Bitte liefern: Parzellennummer 4 Rosenweg 12", "AV 68-22-10"],
)  # fmt: skip
def test_a_street_beside_a_number_of_something_stays_hidden(text: str) -> None:
    assert named(text, "STREET_ADDRESS")
