"""What unseen styles hold: bare addresses, folders of users, births that open a sentence, cards of telephones."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan
from curate.privacy.types import ALL


def found(text: str, kind: str) -> list[str]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=ALL))
    places = zip(spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist())
    return [text[start:end] for start, end, name in places if name == kind]


@pytest.mark.parametrize(
    "text",
    [
        "Pasal 44 ayat (2) UU No. 17 Tahun 2019, hal. 209, harga Rp417.000", "Согласно ст. 309 ГК РФ и закону № 152-ФЗ",
        "Kernel 6.8.0-45-generic, gcc 13.2.0, glibc 2.39", "Konsultant: zgłoszenie nr 4482/2024 przekazano do serwisu",
        "Het wachtwoord moet minstens 8 tekens hebben.", "Ürün kodu 559013, alan kodu 0212, renk kodu 7016.",
        "Lov om skat § 44 stk. 2, jf. lovbekendtgørelse nr. 417 af 20/9, side 17",
    ],
)  # fmt: skip
def test_a_word_and_a_number_that_nothing_around_explains_are_no_address(text: str) -> None:
    assert not found(text, "STREET_ADDRESS")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Pata: Makaan No. 42, Gali No. 3, Shastri Nagar, Kanpur 208005", "Gali No. 3"),
        ("Bydlím na adrese Korunní 810/104, Praha 10.", "Korunní 810/104"),
        ("She lives at Oak 14-16 over the road", "Oak 14"),
        ("Send it to Kastanien 32-8, we scored a great price.", "Kastanien 32"),
        ("Ansgar Vollmers\nAm Deich 14\n26721 Emden", "Am Deich 14"),
    ],
)
def test_what_speaks_of_living_or_of_somebody_makes_it_one(text: str, address: str) -> None:
    assert any(address in value for value in found(text, "STREET_ADDRESS"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("error: cannot open '/home/oluwaseun/projects/main.rs': Permission denied", "oluwaseun"),
        ("   at Core.Run() in C:\\Users\\d.abernathy\\source\\Core.cs:line 417", "d.abernathy"),
        ("npm ERR! path C:\\\\Users\\\\hlindqvist\\\\dev\\\\package.json", "hlindqvist"),
        ("/Users/giulia_b/code/solver/src/lib.rs:44:9", "giulia_b"),
        ("/mnt/c/Users/Katharina/Documents/steuer.ods", "Katharina"),
        ("PYTHONPATH=/home/rsvensson/lib:/usr/lib/python3", "rsvensson"),
        ("open file:///home/jpveiga/.local/share/a.so", "jpveiga"),
    ],
)
def test_whose_folder_a_path_leads_through_is_a_user_name(text: str, name: str) -> None:
    assert found(text, "HANDLE") == [name]


@pytest.mark.parametrize(
    "text",
    [
        "GET /home/about/team HTTP/1.1", "GET /users/list/all and POST /Users/{id}/roles", "Put it in /home/user/data",
        "C:\\Users\\YourName\\Documents", "C:\\Users\\Public\\Desktop", "COPY . /home/jenkins/agent/workspace",
        "https://intranet.example/home/news/2026", "WORKDIR /home/node/app", "/usr/share/home/icons/a.png",
        "/home/ubuntu/app/x",
    ],
)  # fmt: skip
def test_folders_of_everybody_and_of_machines_and_routes_name_nobody(text: str) -> None:
    assert not found(text, "HANDLE")


@pytest.mark.parametrize(
    "text", [":25:DE89370400440532013000", "acct:25:BE68539007547034:main", "17:3:FR1420041010050500013M02606"]
)
def test_an_account_number_behind_tags_with_colons_is_found(text: str) -> None:
    assert len(found(text, "IBAN")) == 1


def test_addresses_of_machines_keep_their_colons() -> None:
    assert found("2001:db9:44::17 and fe80:0:0:0:1a2b:3c4d:5e6f:7081 are up", "IP_ADDRESS") == [
        "2001:db9:44::17", "fe80:0:0:0:1a2b:3c4d:5e6f:7081",
    ]  # fmt: skip


def test_a_birth_that_opens_a_sentence_is_one_and_one_inside_it_may_be_anything() -> None:
    assert found("She died at home. Born June 2, 1934 in Enid, she taught.", "DATE_OF_BIRTH") == ["June 2, 1934"]
    assert not found("A film, born March 5, 1971 in a studio", "DATE_OF_BIRTH")


def test_cards_of_telephones_have_numbers_and_two_kinds_of_codes() -> None:
    text = "SIM: ICCID: 8949022000003145678; PIN1: 7731; PUK 60418823"
    assert found(text, "DEVICE_ID") == ["8949022000003145678"]
    assert found(text, "SECRET") == ["7731", "60418823"]
    assert not found("PUK code wrong 8 times blocks it; PIN1 is asked at start; page 8944", "SECRET")


def test_a_long_heading_does_not_hide_the_table_below_it() -> None:
    text = "Name;Rank;Date of birth;Number of the identity document\nRomeo Dalisay;AB;14.02.1981;C0441720"
    assert found(text, "DATE_OF_BIRTH") == ["14.02.1981"]
