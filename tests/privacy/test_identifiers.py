"""Identifiers of many countries: found with words in their own language, by shape where that is enough, and not when
a digit is wrong."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from identifier_examples import EXAMPLES

from curate.privacy import TYPES, ScanConfig, scan
from curate.privacy.identifiers import BY_COUNTRY, IDENTIFIERS, compiled, passes
from curate.privacy.phrases import fold
from curate.privacy.plans import shape

CHECKED = [i for i in IDENTIFIERS if i.name in EXAMPLES]
VALID = [
    ("TAX_ID", "Meu CPF é {}, obrigado", "390.533.447-05"),
    ("TAX_ID", "A empresa tem o CNPJ {} desde 2010.", "16.727.230/0001-97"),
    ("NATIONAL_ID", "我的身份证号是{}。", "360426199101010071"),
    ("NATIONAL_ID", "身分證字號：{}", "A123456789"),
    ("NATIONAL_ID", "주민등록번호는 {}입니다", "971013-9019902"),
    ("NATIONAL_ID", "マイナンバーは{}です", "621498320257"),
    ("NATIONAL_ID", "Mój PESEL to {}.", "44051401359"),
    ("TAX_ID", "Firma ma NIP: {}", "856-734-62-15"),
    ("NATIONAL_ID", "Henkilötunnukseni on {}.", "131052-308T"),
    ("NATIONAL_ID", "Mitt personnummer är {}.", "880320-0016"),
    ("NATIONAL_ID", "Fødselsnummeret mitt er {}", "15108695088"),
    ("NATIONAL_ID", "mit CPR-nummer er {}", "211062-5629"),
    ("NATIONAL_ID", "Isikukood: {}", "36805280109"),
    ("NATIONAL_ID", "asmens kodas {}", "33309240064"),
    ("NATIONAL_ID", "personas kods {}", "161175-19997"),
    ("NATIONAL_ID", "Rodné číslo: {}", "710319/2745"),
    ("NATIONAL_ID", "CNP-ul meu este {}", "1630615123457"),
    ("NATIONAL_ID", "ЕГН: {}", "7523169263"),
    ("TAX_ID", "мой ИНН {}", "123456789047"),
    ("NATIONAL_ID", "СНИЛС {}", "112-233-445 95"),
    ("PASSPORT", "паспорт серия {} выдан", "45 08 123456"),
    ("TAX_ID", "РНОКПП {}", "1759013776"),
    ("NATIONAL_ID", "ΑΜΚΑ: {}", "01013099997"),
    ("TAX_ID", "ο ΑΦΜ μου είναι {}", "094259216"),
    ("NATIONAL_ID", "TC kimlik numaram {}", "17291716060"),
    ("NATIONAL_ID", "תעודת זהות {}", "039337423"),
    ("NATIONAL_ID", "الرقم القومي {}", "29001011234567"),
    ("TAX_ID", "Meine Steuer-Identifikationsnummer lautet {}", "36 574 261 809"),
    ("NATIONAL_ID", "Personalausweisnummer {}", "T220001293"),
    ("NATIONAL_ID", "Sozialversicherungsnummer: {}", "1237 010180"),
    ("NATIONAL_ID", "Meine AHV-Nummer ist {}", "756.9217.0769.85"),
    ("NATIONAL_ID", "mon numéro de sécurité sociale est le {}", "2 95 10 99 126 111 93"),
    ("NATIONAL_ID", "Rijksregisternummer {}", "85.07.30-033 28"),
    ("NATIONAL_ID", "mijn burgerservicenummer is {}", "111222333"),
    ("NATIONAL_ID", "Mi DNI es {}", "54362315K"),
    ("NATIONAL_ID", "con NIE {} residente", "X2482300W"),
    ("NATIONAL_ID", "mi RUT es {}", "76086428-5"),
    ("TAX_ID", "CUIT {}", "20-05536168-2"),
    ("NATIONAL_ID", "CURP: {}", "BOXW310820HNERXN09"),
    ("TAX_ID", "su RFC es {}", "GODE561231GR8"),
    ("TAX_ID", "codice fiscale {}", "RCCMNL83S18D969H"),
    ("TAX_ID", "NIF de contribuinte {}", "501 964 843"),
    ("NATIONAL_ID", "My NI number is {}", "AB 12 34 56 C"),
    ("MEDICAL_ID", "NHS number {}", "943 476 5870"),
    ("NATIONAL_ID", "PPS number {}", "6433435F"),
    ("TAX_ID", "tax file number {}", "123 456 782"),
    ("MEDICAL_ID", "Medicare card {}", "2123 45670 1"),
    ("NATIONAL_ID", "my Aadhaar is {}", "2341 2341 2346"),
    ("TAX_ID", "PAN card: {}", "ACUPA7085R"),
    ("NATIONAL_ID", "NRIC: {}", "S1234567D"),
    ("NATIONAL_ID", "HKID {}", "A123456(3)"),
    ("NATIONAL_ID", "nomor KTP {}", "3171011708450001"),
    ("NATIONAL_ID", "เลขประจำตัวประชาชน {}", "1-2345-45678-78-1"),
    ("NATIONAL_ID", "CCCD số {}", "001099012345"),
    ("NATIONAL_ID", "SA ID {}", "7503305044089"),
    ("NATIONAL_ID", "SIN {}", "123-456-782"),
    ("PASSPORT", "My passport number is {}.", "C01X00T47"),
    ("PASSPORT", "numéro de passeport : {}", "12AB34567"),
    ("PASSPORT", "护照号码 {}", "E12345678"),
    ("PASSPORT", "Reisepassnummer: {}", "C01X00T47"),
    ("DRIVER_LICENSE", "driver's license: {}", "D1234567"),
    ("DRIVER_LICENSE", "Führerschein Nr. {}", "B072RRE2I55"),
    ("DRIVER_LICENSE", "licencia de conducir {}", "12345678"),
    ("DRIVER_LICENSE", "DL# {}", "S530-1234-5678"),
    ("MEDICAL_ID", "MRN: {}", "00482913"),
    ("MEDICAL_ID", "Patient ID {}", "PT-204819"),
    ("MEDICAL_ID", "Her NPI is {}", "1234567893"),
    ("MEDICAL_ID", "DEA number {}", "AB1234563"),
    ("ROUTING_NUMBER", "routing number {}", "111000025"),
    ("ROUTING_NUMBER", "sort code {}", "12-34-56"),
    ("ROUTING_NUMBER", "IFSC: {}", "HDFC0001234"),
    ("BANK_ACCOUNT", "Account number: {}", "000123456789"),
    ("BANK_ACCOUNT", "número de cuenta {}", "1234567890"),
    ("BANK_ACCOUNT", "Kontonummer {}", "1234567890"),
    ("SWIFT_BIC", "SWIFT: {}", "DEUTDEFF"),
    ("SWIFT_BIC", "BIC {}", "BNPAFRPPXXX"),
    ("VIN", "VIN {}", "1HGCM82633A004352"),
    ("VIN", "Fahrgestellnummer WDB: {}", "WDB2030461A123456"),
    ("LICENSE_PLATE", "license plate {}", "ABC-1234"),
    ("LICENSE_PLATE", "Kennzeichen {}", "B-AB 1234"),
    ("DEVICE_ID", "IMEI {}", "490154203237518"),
    ("COORDINATES", "GPS: {}", "40.712776, -74.005974"),
    ("COORDINATES", "coordenadas {}", "-33.448890, -70.669265"),
    ("CRYPTO_WALLET", "send to {} please", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("CRYPTO_WALLET", "btc {}", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    ("CRYPTO_WALLET", "wallet {}", "0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe"),
    ("HANDLE", "follow me on Instagram {}", "@jane_doe"),
    ("HANDLE", "username: {}", "jdoe42"),
    ("HANDLE", '{{"login": "{}"}}', "jane.doe"),
    ("IP_ADDRESS", "from {} at noon", "2001:db8:85a3::8a2e:370:7334"),
    ("MAC_ADDRESS", "device {} joined", "3c:22:fb:9a:10:5e"),
]  # fmt: skip
NEAR_MISSES = [
    "loyalty account: 7245881437929651", "shows in my account. part number 666-46-9719", "VAT receipt for order 571719",
    "on my account - the voucher is 3698-4197-2550", "update the account. Warranty number 9647 8623 1337 6928",
    "about the CPF: order 390.533.447-06", "the PESEL office moved to room 44051401358", "SWIFT: TRANSFER",
    "BIC pen and paper", "they issue a codice fiscale to all, see RCCMNL83S18D969J", "no BSN here, the sum is 111222334",
    "IMEI 490154203237519",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
    "the 1990s, the 19th century, B2B, COVID-19, F-16, MP3, H2O, 4x4", "ISO9001:2015, RFC2822 and IEEE802",
    "model XR-500 and part AB-1234-C", "order AB123456 shipped", "flight BA2490 from gate B22", "room A1204",
    "He was named after the passport office opened in 1998.", "a driving licence costs 43 pounds", "account for 20000 men",
    "located at 3.5, 4.5", "tensor([[4.5000, 9.0000]])", "bank account has $420-100=320",
    "the SWIFT network and Taylor Swift",
    "@property\ndef x(self): ...", "use @staticmethod here", "npm i @types/node", "@media (max-width: 600px)",
    "username = get_user()", "login: required", "utf8 int64 float32x4 0x1F4A9C7B", "deadbeefcafe1234", "sha1 1a2b3c4d5e6f",
    "The serial 12.345.678-9 of a part", "population 12.345.678", "1.2.3-456.78", "v1.2.3-rc4", "2024-01-05T10:20:30Z",
]  # fmt: skip


def found(text: str, config: ScanConfig | None = None) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()), config)
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start, spans.end, spans.type.to_pylist())]


@pytest.mark.parametrize(("kind", "text", "value"), VALID, ids=[f"{k}-{v}" for k, _, v in VALID])
def test_an_identifier_is_found_with_words_of_its_language(kind: str, text: str, value: str) -> None:
    assert found(text.format(value)) == [(kind, value)]


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_near_misses_of_identifiers_are_left_alone(text: str) -> None:
    assert found(text) == []


MISTYPED = [
    "CPF 390.533.447-06", "PESEL 44051401358", "身份证号 360426199101010072", "DNI 54362315L", "NIE X2482300V",
    "codice fiscale RCCMNL83S18D969J", "Henkilötunnus 131052-308U", "personnummer 880320-0017", "BSN: 111222334",
    "NHS number 9434765871", "Aadhaar is 2341 2341 2347", "NRIC S1234567E", "HKID A123456(4)", "routing number 111000026",
    "NPI 1234567894", "СНИЛС 112-233-445 96",
]  # fmt: skip


@pytest.mark.parametrize("text", MISTYPED)
def test_a_mistyped_value_right_behind_its_label_is_found_but_claims_no_check_and_scores_low(text: str) -> None:
    spans = scan(pa.array([text], pa.large_string()))
    ((start, end, score),) = zip(spans.start.tolist(), spans.end.tolist(), spans.score.tolist())
    assert text[start:end] == text[-(end - start) :]
    assert 0.5 <= score < 0.6
    assert "checksum" not in spans.evidence()[0] or "luhn" in spans.evidence()[0]
    assert found(text, ScanConfig(min_score=0.6)) == []


@pytest.mark.parametrize("identifier", CHECKED, ids=[i.name for i in CHECKED])
def test_every_checked_identifier_is_found_behind_each_of_its_phrases(identifier) -> None:  # type: ignore[no-untyped-def]
    value = EXAMPLES[identifier.name]
    assert compiled(identifier).fullmatch(value)
    assert passes(identifier.check, value)
    for phrase in identifier.phrases():
        text = f"xyz {phrase.rstrip('*')}: {value} xyz"
        spans = found(text)
        assert [v for _, v in spans] == [value], phrase


# Dates, prefixes or letters alone, or digits that no check covers.
WEAK = frozenset(re.findall(r"\w+", """
    id_nik id_npwp my_nric pk_cnic dk_cpr eg_id us_ein us_itin us_ptin ua_edrpou dz_nif cr_cedula cu_ni fo_vn in_voter
    in_pan de_stnr tn_mf nl_document gb_nino gh_tin mx_rfc ke_pin al_nipt ca_bn kr_brn intl_vin intl_swift
"""))


@pytest.mark.parametrize("identifier", [i for i in CHECKED if i.check and i.name not in WEAK], ids=lambda i: i.name)
def test_a_check_refuses_most_wrong_digits(identifier) -> None:  # type: ignore[no-untyped-def]
    value = EXAMPLES[identifier.name]
    wrong = [
        value[:p] + str((int(c) + shift) % 10) + value[p + 1 :]
        for p, c in enumerate(value) if c.isdigit() for shift in (1, 3, 7)
    ]  # fmt: skip
    passed = sum(passes(identifier.check, text) for text in wrong)
    assert passed < len(wrong) * 0.3


def test_more_than_forty_countries_have_a_checked_identifier() -> None:
    countries = [code for code, table in BY_COUNTRY.items() if code and any(i.check for i in table)]
    assert len(countries) >= 60


@pytest.mark.parametrize("identifier", IDENTIFIERS, ids=lambda i: i.name)
def test_every_entry_of_the_tables_is_sound(identifier) -> None:  # type: ignore[no-untyped-def]
    assert identifier.type in {t.name for t in TYPES}
    assert len(identifier.source) > 5
    assert identifier.words or identifier.alone, "neither words nor shapes: it can never be found"
    assert not identifier.alone or identifier.check or identifier.name in ("us_mbi", "gh_card", "gb_driving_licence")
    for phrase in identifier.phrases():
        assert phrase == fold(phrase) or not phrase.isascii(), phrase
    for form in identifier.shapes.split():
        plain = form.replace("_", " ")
        assert shape(plain) == form
        assert len(re.findall(r"[9Aa]", form)) >= 8, "too short to count without words"


def test_names_of_identifiers_are_unique_and_reach_the_evidence() -> None:
    assert len({i.name for i in IDENTIFIERS}) == len(IDENTIFIERS)
    spans = scan(pa.array(["CPF 390.533.447-05"], pa.large_string()))
    assert spans.evidence() == ['{"type": "TAX_ID", "kind": "br_cpf", "checksum": "br.cpf"}']
    assert spans.rule.to_pylist() == ["pii.tax_id"]
    assert spans.replacements() == ["[TAX_ID]"]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("swift_bic", "DEUTDEFF", "SWIFT_BIC"), ("passportNumber", "C01X00T47", "PASSPORT"), ("ssn", "536904399", "US_SSN"),
        ("phone", "2125552368", "PHONE_NUMBER"), ("date_of_birth", "1985-04-03", "DATE_OF_BIRTH"), ("dob", "03/04/1985",
        "DATE_OF_BIRTH"), ("mrn", "482913", "MEDICAL_ID"), ("cpf", "39053344705", "TAX_ID"),
        ("iban", "DE89370400440532013000",
        "IBAN"), ("account_number", "12345678", "BANK_ACCOUNT"), ("drivers_license", "D1234567", "DRIVER_LICENSE"),
    ],
)  # fmt: skip
def test_the_name_of_a_column_speaks_of_its_cells(name: str, value: str, kind: str) -> None:
    spans = scan(pa.array([value, "nothing"], pa.large_string()), names=name)
    assert list(zip(spans.row, spans.type.to_pylist(), spans.end)) == [(0, kind, len(value))]


def test_names_are_given_for_each_row_or_for_all() -> None:
    texts = pa.array(["2125552368", "2125552368"], pa.large_string())
    assert scan(texts, names=["phone", "order"]).row.tolist() == [0]
    with pytest.raises(ValueError, match="1 names for 2 rows"):
        scan(texts, names=["phone"])


def test_a_long_cell_is_not_read_by_the_name_of_its_column() -> None:
    text = "The reference of the shipment that we spoke about last week in the office was 2125552368."
    assert len(scan(pa.array([text], pa.large_string()), names="phone")) == 0
