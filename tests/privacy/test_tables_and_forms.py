"""Tables inside a text, the written forms of East Asia, roles and labels, and what many numbers of one form say."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest
from stdnum import luhn
from stdnum.br import cnpj, cpf

from curate.privacy import ScanConfig, scan
from curate.privacy.chance import chance, weighed
from curate.privacy.column import block
from curate.privacy.names import find_names
from curate.privacy.names.cues import cues
from curate.privacy.names.east_asian import no_person, written_forms
from curate.privacy.names.grids import grid
from curate.privacy.spans import Spans
from curate.privacy.types import ALL, CODE, KIND, NAMED

Pairs = list[tuple[str, str]]
ROWS = (("who", "note", "dob"), ("Marlowe Finch", "late", "1990-02-01"), ("Henrietta Blackwood", "", "1985-11-30"))
DATES = [("DATE_OF_BIRTH", "1990-02-01"), ("DATE_OF_BIRTH", "1985-11-30")]
FILLER = "the parcel left the house on Monday and the driver says that it should be there before the week is over"


def column(*texts: str | None) -> pa.Array:
    return pa.array(texts, pa.large_string())


def pairs(text: str, spans: Spans) -> Pairs:
    return [(kind, text[a:b]) for kind, a, b in zip(spans.type.to_pylist(), spans.start.tolist(), spans.end.tolist())]


def scanned(text: str, types: tuple[str, ...] | None = None) -> Pairs:
    return pairs(text, scan(column(text), ScanConfig(types=types) if types else None))


def named(text: str, *kinds: str) -> Pairs:
    return pairs(text, find_names(column(text), kinds or NAMED))


def cells(*texts: str | None) -> list[tuple[int, str, str]]:
    """Row, heading and value of each cell that is read by itself."""
    found = grid(block(column(*texts)))
    if found is None:
        return []
    part, owner, _ = found
    values = [part.data[a:b].tobytes().decode() for a, b in zip(part.starts.tolist(), part.ends.tolist())]
    return list(zip(owner.tolist(), [part.names[n] for n in part.name_of.tolist()], values))


@pytest.mark.parametrize("sign", [",", ";", "|", "\t", " | "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_in_a_text_is_read_under_its_headings(sign: str, end: str) -> None:
    text = f"As asked, the list:{end}" + end.join(sign.join(row) for row in ROWS) + f"{end}Until Monday."
    assert scanned(text) == DATES
    assert scanned(text.replace("dob", "due")) == []


def test_a_heading_that_names_people_makes_its_cells_people_and_is_none_itself() -> None:
    text = "customer_name;size\nMarlowe Finch;small\nHenrietta Blackwood;large\n"
    assert named(text, "PERSON") == [("PERSON", "Marlowe Finch"), ("PERSON", "Henrietta Blackwood")]


def test_quoted_cells_may_hold_the_sign_that_parts_cells() -> None:
    text = 'dob,city\n"1990-02-01","Nowhere, Far"\n 1985-11-30 , "a ""b"" c"\n'
    assert scanned(text) == DATES
    assert [value for _, _, value in cells(text)][::2] == ["1990-02-01", "1985-11-30"]
    assert '"' not in cells(text)[1][2]


def test_a_table_ends_where_a_line_has_other_cells() -> None:
    text = "dob,code\n1990-02-01,x\n1985-11-30,x\nthen nothing\n1971-01-01,x\n"
    assert scanned(text) == DATES


def test_a_line_with_digits_a_sentence_or_headings_that_name_nothing_is_no_heading() -> None:
    for head in ("dob 1,code", "size,code", "I was told that dob and other columns are missing, all"):
        assert cells(f"{head}\n1990-02-01,x\n1985-11-30,x\n") == []
    assert cells("dob,code") == cells("", None, "dob") == cells() == []


def test_each_text_has_its_own_tables_among_others_and_nulls() -> None:
    table = "note\tdob\n\t1990-02-01\nlate\t1985-11-30"
    expected = [(2, "dob", "1990-02-01"), (2, "dob", "1985-11-30"), (5, "dob", "1990-02-01"), (5, "dob", "1985-11-30")]
    assert [cell for cell in cells("dob,code\n", "", table, None, "1990-02-01,x", table) if cell[1] == "dob"] == expected
    found = scan(column("dob,code\n", None, table, "1990-02-01,x").slice(1))
    assert found.row.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("住所は東京都千代田区架空町9丁目99番99号です", "東京都千代田区架空町9丁目99番99号"),
        ("〒999-9999 大阪府架空市見本町9-99-99", "〒999-9999 大阪府架空市見本町9-99-99"),
        ("地址：北京市海淀区样例路999号99栋9单元999室。", "北京市海淀区样例路999号99栋9单元999室"),
        ("送到上海市浦东新区示例路9999弄99号999室，谢谢", "上海市浦东新区示例路9999弄99号999室"),
        ("서울특별시 강남구 가상로 999, 99동 999호", "서울특별시 강남구 가상로 999, 99동 999호"),
        ("주소: 경기도 성남시 분당구 견본로99번길 99", "경기도 성남시 분당구 견본로99번길 99"),
    ],
)
def test_addresses_of_east_asia_are_found_from_province_to_room(text: str, address: str) -> None:
    assert ("STREET_ADDRESS", address) in named(text)


@pytest.mark.parametrize(
    ("text", "firm"),
    [
        ("株式会社架空商事の注文", "株式会社架空商事"), ("架空工業株式会社に", "架空工業株式会社"),
        ("我在样例信息技术有限公司上班", "样例信息技术有限公司"), ("被告样例贸易有限公司应付款", "样例贸易有限公司"),
        ("㈜견본무역 담당", "㈜견본무역"), ("견본무역 주식회사 담당", "견본무역 주식회사"),
    ],
)  # fmt: skip
def test_firms_of_east_asia_are_found_by_their_legal_form_without_what_leads_up_to_them(text: str, firm: str) -> None:
    assert named(text, "ORGANIZATION") == [("ORGANIZATION", firm)]


@pytest.mark.parametrize(
    ("text", "name"),
    [("氏名：見本 太郎", "見本 太郎"), ("收件人：样例生 电话 000", "样例生"), ("예금주: 홍길동입니다", "홍길동")],
)
def test_a_field_of_a_form_names_the_person_behind_it(text: str, name: str) -> None:
    assert named(text, "PERSON") == [("PERSON", name)]


@pytest.mark.parametrize("where", [0, 40, 79])
def test_forms_in_scripts_without_capitals_are_found_wherever_they_stand_in_a_long_text(where: int) -> None:
    lines = ["it was late and the rain had not stopped, so nobody went out before the morning.\n"] * 80
    lines[where] = "氏名：見本 太郎\n"
    lines[where // 2 + 7] = "اسمي أحمد محمود\n"
    lines[where // 3 + 3] = "예금주: 홍길동입니다\n"
    text = "".join(lines)
    assert len(text) > 6_000
    assert {name for _, name in named(text, "PERSON")} == {"見本 太郎", "أحمد محمود", "홍길동"}


def test_forms_hold_no_person_where_another_field_follows_and_dates_and_floors_are_no_address() -> None:
    for text in ("姓名：电话", "이름: 연락처", "2024年5月12日に届きました", "会议在3号楼", "昭和のこと", "plain words"):
        cells = block(column(text))
        assert written_forms(cells, list(NAMED), cues(cells)[1])[0].tolist() == []
    assert [value for value in ("昭和", "王", "見本太郎", "홍길동", "走り") if no_person(value)] == ["昭和", "王", "走り"]


def test_written_forms_count_bytes_of_their_text_and_keep_to_the_types_asked_for() -> None:
    before, firm, behind = "📦 é ", "株式会社架空商事", " の 東京都千代田区架空町9丁目99番"
    text = block(column("x", f"{before}{firm}{behind}"))
    at, score = written_forms(text, ["ORGANIZATION"], cues(text)[1])
    assert len(at) == len(score) == 1
    assert text.data[at[0, 1] : at[0, 2]].tobytes().decode() == firm
    assert at[0].tolist()[::3] == [1, CODE["ORGANIZATION"]]


@pytest.mark.parametrize("text", ["Ordernr 55012987", "telem. 962 331 708", "Kundennr 4410"])
def test_a_label_with_a_number_is_no_address(text: str) -> None:
    assert named(text, "STREET_ADDRESS") == []


def test_a_street_with_its_number_stays_an_address() -> None:
    for text in ("Sie wohnt Lindenstraße 12.", "Ordernr 55012987 an Lindenstraße 12, 10115 Berlin"):
        assert any("Lindenstraße 12" in value for _, value in named(text, "STREET_ADDRESS"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sohn Detlef Wittkopp", "Detlef Wittkopp"), ("Utente Deolinda Fragoso", "Deolinda Fragoso"),
        ("истец Наталья Соколова", "Наталья Соколова"), ("Pani Katarzyna Wiśniewska", "Katarzyna Wiśniewska"),
        ("My neighbour Marlowe Finch", "Marlowe Finch"), ("Patient: Gudrun Hambüchen", "Gudrun Hambüchen"),
    ],
)  # fmt: skip
def test_a_role_before_a_name_is_left_out_of_the_name(text: str, name: str) -> None:
    assert named(text, "PERSON") == [("PERSON", name)]


def draws(count: int, make: str, *, seed: int = 3) -> list[str]:
    """Numbers that belong to no one: of firms with a root that was never given out, of cards with a test prefix."""
    draw = random.Random(seed)
    out: list[str] = []
    while len(out) < count:
        digits = "".join(draw.choice("0123456789") for _ in range(12))
        if make.startswith("cnpj"):
            body = "99999" + digits[:3] + "0001"
            out.append(cnpj.format(body + (cnpj.calc_check_digits(body) if make == "cnpj" else digits[-2:])))
        elif make == "no cpf":
            out += [] if cpf.is_valid(digits[:11]) else [cpf.format(digits[:11])]
        else:
            body = "400000" + digits[:9]
            card = body + (luhn.calc_check_digit(body) if make == "card" else digits[-1])
            out.append(" ".join(card[i : i + 4] for i in range(0, 16, 4)))
    return out


def behind(word: str, values: list[str]) -> list[str]:
    return [f"{FILLER}; {word} {value} as you asked" for value in values]


LUCKY = ["390.533.447-05", "111.444.777-35"]
"""Numbers of documentation that pass the check."""


def rows_found(texts: list[str], under: str = "") -> list[int]:
    return sorted(set(scan(column(*texts), names=under).row.tolist()))


def test_numbers_behind_a_neutral_word_that_pass_as_often_as_chance_are_cleared() -> None:
    numbers = [*draws(198, "no cpf"), *LUCKY]
    assert rows_found(behind("waybill", LUCKY)) == [0, 1]  # too few to say anything
    assert rows_found(behind("waybill", numbers)) == []
    assert rows_found(numbers) == []
    assert rows_found(numbers[::-1]) == []


def test_true_ones_behind_another_word_stay_and_are_surer() -> None:
    noise, true = behind("waybill", [*draws(198, "no cpf"), *LUCKY]), behind("supplier", draws(50, "cnpj"))
    found = scan(column(*noise, *true))
    assert found.row.tolist() == list(range(200, 250))
    assert found.score.min() > scan(column(true[0])).score[0]


def test_card_numbers_in_groups_are_cleared_and_kept_alike() -> None:
    noise, true = behind("waybill", draws(200, "card by chance")), behind("plastic", draws(50, "card", seed=4))
    assert rows_found([text for text in noise if rows_found([text])][:9]) == list(range(9))
    assert rows_found([*noise, *true]) == list(range(200, 250))


def test_what_its_label_or_column_names_is_never_cleared() -> None:
    numbers = [*draws(198, "no cpf"), *LUCKY]
    assert rows_found(behind("CPF", numbers))[-2:] == [198, 199]
    assert rows_found(numbers, under="cpf")[-2:] == [198, 199]


def test_chance_is_the_share_of_last_digits_that_pass() -> None:
    cards, firms = draws(200, "card by chance"), draws(200, "cnpj by chance")
    card, firm = KIND["credit_card"], KIND["br_cnpj"]
    assert 0.1 <= chance([card], cards) < 0.14
    assert 0.0 < chance([firm], firms) < 0.03
    assert chance([card, firm], cards) >= chance([card], cards)


def test_scores_of_what_has_no_check_are_left_as_they_are() -> None:
    text = block(column("a@example.com"))
    score = np.array([0.95])
    assert weighed(text, np.array([[0, 0, 13, CODE["EMAIL_ADDRESS"]]], np.int64), score) is score


def test_names_and_numbers_of_a_table_come_in_one_scan() -> None:
    text = "\n".join("\t".join(row) for row in (("name", *ROWS[0][1:]), *ROWS[1:]))
    expected = [("PERSON", ROWS[1][0]), DATES[0], ("PERSON", ROWS[2][0]), DATES[1]]
    assert scanned(text, ALL) == expected
