"""What each recogniser finds and, as important, what it leaves alone."""

from __future__ import annotations

import phonenumbers
import pyarrow as pa
import pytest

from curate.errors import ConfigError
from curate.privacy import ScanConfig, Spans, mask, mask_column, scan
from curate.privacy.phones import valid_international, valid_national


def column(*texts: str) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def found(text: str, config: ScanConfig | None = None) -> list[tuple[str, str]]:
    spans = scan(column(text), config)
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start, spans.end, spans.type.to_pylist())]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("EMAIL_ADDRESS", "write to jane.doe+lists@mail.example.co.uk.", "jane.doe+lists@mail.example.co.uk"),
        ("EMAIL_ADDRESS", "<o'neil@example.org>, please", "o'neil@example.org"),
        ("EMAIL_ADDRESS", "mailto:a_b-c@x-y.io?subject=hi", "a_b-c@x-y.io"),
        ("EMAIL_ADDRESS", "an jürgen@müller.de schreiben", "jürgen@müller.de"),
        ("EMAIL_ADDRESS", "写信给user@例子.公司。", "user@例子.公司"),
        ("EMAIL_ADDRESS", "请把发票尽快寄到我的邮箱，谢谢您，地址是wei.zhang@example.cn，谢谢", "wei.zhang@example.cn"),
        ("EMAIL_ADDRESS", "パスワードを忘れてログインできません。luis.212@correo.example に", "luis.212@correo.example"),
        ("EMAIL_ADDRESS", "비밀번호를잊어서로그인할수없으니주소를알려드립니다kim_d@example.kr", "kim_d@example.kr"),
        ("EMAIL_ADDRESS", "กรุณาส่งใบเสร็จรับเงินมาที่อีเมลsomchai@example.co.th", "somchai@example.co.th"),
        ("EMAIL_ADDRESS", "連絡は taro@mail.example.jpまでお願いします", "taro@mail.example.jp"),
        ("EMAIL_ADDRESS", "이메일은 kim77@example.net입니다.감사합니다", "kim77@example.net"),
        ("EMAIL_ADDRESS", "发到li.wei@example.com吧.谢谢", "li.wei@example.com"),
        ("EMAIL_ADDRESS", "ส่งมาที่ somchai@example.comนะครับ", "somchai@example.com"),
        ("EMAIL_ADDRESS", "x@mail.grüße.example und a", "x@mail.grüße.example"),
        ("EMAIL_ADDRESS", "kim@www.lg전자.com 로", "kim@www.lg전자.com"),
        ("EMAIL_ADDRESS", "an " + "ü" * 20 + "x@firma.example", "ü" * 20 + "x@firma.example"),
        ("EMAIL_ADDRESS", "“me@example.com”", "me@example.com"),
        ("EMAIL_ADDRESS", "reach me@example.com.Please reply", "me@example.com"),
        ("EMAIL_ADDRESS", r"line\nbob@example.com", "bob@example.com"),
        ("EMAIL_ADDRESS", "jane [at] example [dot] com", "jane [at] example [dot] com"),
        ("EMAIL_ADDRESS", "jane(at)example.com", "jane(at)example.com"),
        ("EMAIL_ADDRESS", "ja\u200bne@exam\u200bple.com", "ja\u200bne@exam\u200bple.com"),
        ("PHONE_NUMBER", "(212) 555-2368 is the number", "(212) 555-2368"),
        ("PHONE_NUMBER", "call 212-555-2368 x142 today", "212-555-2368 x142"),
        ("PHONE_NUMBER", "Llámenos al 912 345 678.", "912 345 678"),
        ("PHONE_NUMBER", "Contáctenos al 912 345 678.", "912 345 678"),
        ("PHONE_NUMBER", "Bereikbaar op 020 448 2173", "020 448 2173"),
        ("PHONE_NUMBER", "+1 212 555 2368", "+1 212 555 2368"),
        ("PHONE_NUMBER", "+44 (0)20 7946 0958", "+44 (0)20 7946 0958"),
        ("PHONE_NUMBER", "aus dem Ausland +49 30 901820", "+49 30 901820"),
        ("PHONE_NUMBER", "+919876543210", "+919876543210"),
        ("PHONE_NUMBER", "Tel.: 01 42 68 53 00", "01 42 68 53 00"),
        ("PHONE_NUMBER", "my phone: 2125552368", "2125552368"),
        ("PHONE_NUMBER", "212\u2011555\u20112368", "212\u2011555\u20112368"),
        ("PHONE_NUMBER", "1-800-555-0199 toll free", "1-800-555-0199"),
        ("PHONE_NUMBER", "电话+8613812345678。", "+8613812345678"),
        ("CREDIT_CARD", "4111 1111 1111 1111", "4111 1111 1111 1111"),
        ("CREDIT_CARD", "5555-5555-5555-4444 expires 12/27", "5555-5555-5555-4444"),
        ("CREDIT_CARD", "amex 3782 822463 10005", "3782 822463 10005"),
        ("CREDIT_CARD", "6011000990139424", "6011000990139424"),
        ("CREDIT_CARD", "3530111333300000", "3530111333300000"),
        ("CREDIT_CARD", "card 30569309025904", "30569309025904"),
        ("CREDIT_CARD", "2223003122003222", "2223003122003222"),
        ("CREDIT_CARD", "Cancel my last transaction. Send the money to 4971484323154412.", "4971484323154412"),
        ("CREDIT_CARD", "please refund the order to 4971484323154412", "4971484323154412"),
        ("CREDIT_CARD", "I paid 30 pounds with 4971484323154412", "4971484323154412"),
        ("CREDIT_CARD", "４１１１１１１１１１１１１１１１", "４１１１１１１１１１１１１１１１"),
        ("IBAN", "DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00"),
        ("IBAN", "pay GB82WEST12345698765432, now", "GB82WEST12345698765432"),
        ("IBAN", "fr1420041010050500013m02606", "fr1420041010050500013m02606"),
        ("IBAN", "NO93 8601 1117 947 and more", "NO93 8601 1117 947"),
        ("US_SSN", "SSN 536-90-4399", "536-90-4399"),
        ("US_SSN", "social security number: 536904399", "536904399"),
        ("US_SSN", "ssn 536 90 4399", "536 90 4399"),
        ("IP_ADDRESS", "from 203.0.113.195 at noon", "203.0.113.195"),
        ("IP_ADDRESS", "host 10.218.6.131", "10.218.6.131"),
        ("IP_ADDRESS", "[203.0.113.195]:8080", "203.0.113.195"),
        ("IP_ADDRESS", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:0db8:85a3:0000:0000:8a2e:0370:7334"),
        ("IP_ADDRESS", "at 2001:db8::8a2e:370:7334.", "2001:db8::8a2e:370:7334"),
        ("IP_ADDRESS", "ip fe80::1ff:fe23:4567:890a", "fe80::1ff:fe23:4567:890a"),
        ("MAC_ADDRESS", "00:1A:2B:3C:4D:5E", "00:1A:2B:3C:4D:5E"),
        ("MAC_ADDRESS", "00-1A-2B-3C-4D-5E", "00-1A-2B-3C-4D-5E"),
        ("DATE_OF_BIRTH", "Date of birth: 03/04/1985", "03/04/1985"),
        ("DATE_OF_BIRTH", "DOB 1985-04-03", "1985-04-03"),
        ("DATE_OF_BIRTH", "date of birth is March 4, 1985.", "March 4, 1985"),
        ("DATE_OF_BIRTH", "She was born on 10/5/1971.", "10/5/1971"),
        ("URL_CREDENTIALS", "https://alice:s3cr3t@db.example.com/x", "alice:s3cr3t"),
        ("URL_CREDENTIALS", "postgres://u:p@ss@localhost:5432/db", "u:p@ss"),
        ("SECRET", "GET /v1?token=9f8e7d6c5b4a&x=1", "9f8e7d6c5b4a"),
        ("SECRET", "https://x.example/?api_key=AbC123xyz", "AbC123xyz"),
        ("SECRET", '{"password": "hunter2!"}', "hunter2!"),
        ("SECRET", "DB_PASSWORD=correcthorse9", "correcthorse9"),
        ("SECRET", "id AKIAIOSFODNN7EXAMPLE here", "AKIAIOSFODNN7EXAMPLE"),
        ("SECRET", "ghp_" + "a1B2" * 9, "ghp_" + "a1B2" * 9),
        ("SECRET", "xoxb-123456789012-abcdefGHIJ", "xoxb-123456789012-abcdefGHIJ"),
        ("SECRET", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN", None),
        ("PRIVATE_KEY", "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow" * 20 + "\n-----END RSA PRIVATE KEY-----", None),
    ],
)  # fmt: skip
def test_each_type_is_found_with_its_exact_span(kind: str, text: str, value: str | None) -> None:
    assert found(text) == [(kind, text if value is None else value)]


@pytest.mark.parametrize(
    "text",
    [
        "Order 5551234567 shipped, tracking 9400110898825022579493.",
        "invoice 20240105-118",
        "ISBN 978-3-16-148410-0 and ISBN 0-306-40615-2",
        "version 1.2.3.4, v10.0.19041.1, release 2.14.7.1",
        "On 2018-01-14 03:07:43 and 2024-05-06T10:20:30Z at 12:30:45",
        "from 1939-1945, 1990–1995 and 12/05/2021 to 31.12.2022",
        "timestamp 1700000000, 1700000000000 ms",
        "$1,234,567.89 or 1 234 567,89 EUR or €12345678",
        "40.712776, -74.005974 and 51.5007 N",
        "x = 1234567 + 7654321 * 3.1415926535",
        "out of pocket 10000-5000=$5000, the phone holds <<10800-2500=8300>> photos, 821091117+4908374100427",
        "loss 0.4095029037101513 then 41.38224132853047, 0.049807852 and 889.2574529135057446 0.5336817824367446",
        "0x1F4A9C7B deadbeef 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "std::vector<int> a::b dead::beef Foo::Bar",
        "call f(x) @property foo@2x.png @user user@ @host.com a@b",
        "git@github.com:org/repo.git",
        "关注我们的账号就可以随时随地看到最新的新闻和评论还有更多的精彩内容请点击这里好好好@example.org",
        "x" * 70 + "@example.org",
        "http://example.com:8080/path?x=1&page=12345678",
        "password: required; password = get_password(); token=None; token = tokens[i]",
        "the secret: never give up",
        "password={{PASSWORD}} api_key=$API_KEY token=<token>",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
        "10 20 30 40 50 60 70",
        "127.0.0.1 and 0.0.0.0 and 255.255.255.255",
        "999.999.999.999 and 1.2.3.4.5 and 256.1.1.1",
        "000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000",
        "4111 1111 1111 1112",
        "GB82 WEST 1234 5698 7654 33",
        "The battle of 1415 killed 6000; population 1234567.",
        "section 1.2.3.4 and 4.10.2.11",
        "The film, born March 5, 1971 in a studio",
        "[EMAIL] [PHONE] [CARD] [IBAN] [SSN] [IP] https://[URL_CREDENTIALS]@h.com ?token=[SECRET]",
        "-----BEGIN CERTIFICATE-----\nMIIEow\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIEow\n-----END PUBLIC KEY-----",
        "",
    ],
)
def test_near_misses_are_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("number", ["+12125552368", "+442079460958", "+4930901820", "+33142685300", "+390612345678",
                                    "+81312345678", "+61293744000", "+5511987654321", "+12120552368", "+999123456789",
                                    "+4412", "+3912345678901234", "+80012345678", "+7495123", "+86138123"])  # fmt: skip
def test_international_validity_agrees_with_phonenumbers(number: str) -> None:
    try:
        expected = phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        expected = False
    assert bool(valid_international(number[1:])) is expected


@pytest.mark.parametrize(
    ("number", "region"),
    [("2125552368", "US"), ("12125552368", "US"), ("2120552368", "US"), ("5551234", "US"), ("02079460958", "GB"),
     ("0142685300", "FR"), ("030901820", "DE"), ("0612345678", "IT"), ("123", "US"), ("01234", "GB")],
)  # fmt: skip
def test_national_validity_agrees_with_phonenumbers(number: str, region: str) -> None:
    expected = phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    assert valid_national(number, region) is expected


def test_the_default_region_decides_which_national_formats_need_no_words() -> None:
    assert found("020 7946 0958", ScanConfig(default_region="GB")) == [("PHONE_NUMBER", "020 7946 0958")]


def test_only_the_types_asked_for_are_reported() -> None:
    text = "a@b.com 203.0.113.195"
    assert found(text, ScanConfig(types=("IP_ADDRESS",))) == [("IP_ADDRESS", "203.0.113.195")]


@pytest.mark.parametrize("label", ["the transaction", "Order no.", "invoice number:", "Bestellung", "reference", "version"])
def test_a_number_that_numbers_something_is_no_card_by_itself(label: str) -> None:
    assert not len(scan(column(f"{label} 4971484323154412 of today")).row)


def test_allowed_literals_are_not_reported_in_any_case() -> None:
    assert found("Support@Example.com a@b.com", ScanConfig(allow=("support@example.com",))) == [
        ("EMAIL_ADDRESS", "a@b.com")
    ]


def test_a_loopback_address_is_reported_only_at_a_low_threshold() -> None:
    assert found("127.0.0.1", ScanConfig(min_score=0.2)) == [("IP_ADDRESS", "127.0.0.1")]


def test_overlaps_leave_one_span_and_the_address_of_a_url_stays_readable() -> None:
    texts = column("https://bob:pw12@mail.example.com/inbox")
    spans = scan(texts)
    assert mask_column(texts, spans).to_pylist() == ["https://[URL_CREDENTIALS]@mail.example.com/inbox"]


def test_settings_that_make_no_sense_name_the_allowed_values() -> None:
    with pytest.raises(ConfigError, match="EMAIL_ADDRESS"):
        ScanConfig(types=("EMAIL",))
    with pytest.raises(ConfigError, match="between 0 and 1"):
        ScanConfig(min_score=2)
    with pytest.raises(ConfigError, match="two-letter"):
        ScanConfig(default_region="USA")


def test_a_span_table_holds_types_rules_and_reasons_but_no_values() -> None:
    spans: Spans = scan(column("card 4111111111111111, mail a@b.com"))
    table = spans.table()
    assert table["rule"].to_pylist() == ["pii.credit_card", "pii.email_address"]
    assert spans.evidence() == ['{"type": "CREDIT_CARD", "checksum": "luhn"}', '{"type": "EMAIL_ADDRESS"}']
    assert "4111" not in str(table.to_pydict())


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        mask("abcdef", [(0, 3, "x"), (2, 4, "y")])


@pytest.mark.parametrize(
    "text", ["teléfono (+57)3217951617", "Tel. (+353)16715300", "هاتف 0097042965591", "Cel: (+52) 5512345678"]
)
def test_country_codes_in_brackets_and_double_zeros_are_part_of_the_number(text: str) -> None:
    spans = scan(pa.array([text]), ScanConfig(types=("PHONE_NUMBER",)))
    assert [text[a:b] for a, b in zip(spans.start.tolist(), spans.end.tolist())] == [text.split(" ", 1)[1]]


def test_a_closing_bracket_that_nothing_opened_ends_a_country_code_nowhere() -> None:
    assert not len(scan(pa.array(["0.7 +929)0.973743.788 x"])))
