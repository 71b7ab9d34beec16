"""Values that one sign or label gives away, and their look-alikes: webhooks, bots, plates, addresses. All made up."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan
from curate.privacy.names.addresses import tidy
from curate.privacy.types import NAMES
from curate.stages.pii_names import PERSONAL

_KEY = "q8Wn3vLx0PzYtR5mHs2JdKfe"
_LONG = "xY7_kQ2vNfLm0aPz-TgR5hWc8BdEj3uSi9oVqXwMnKtHy6rFl1ZpGbDeCvAsUiJo4T2e"
_TEAMS = (
    "7c1e0f52-3a0b-4b55-9c61-2f8e0d4a7710@9b8a7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d/IncomingWebhook/"
    "4f2d8c1b7e6a4d0f9b3c5a7e1d2f8064/0d9c8b7a-6f5e-4d3c-b2a1-908f7e6d5c4b"
)


def _found(text: str, types: tuple[str, ...] = NAMES) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=types))
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist())]


@pytest.mark.parametrize(("text", "kind", "value"), [
    ("https://hooks.slack.com/services/{}", "SECRET", f"T02AB9XQ1/B05KZ7TTR/{_KEY}"),
    ("https://discord.com/api/webhooks/{}", "SECRET", f"1187442093318826024/{_LONG}"),
    ("post to https://contoso.webhook.office.com/webhookb2/{}", "SECRET", _TEAMS),
    ("hook https://hooks.zapier.com/hooks/catch/{}/", "SECRET", "1234567/b4kq7xz"),
    ("Telegram bot {} (rotate!)", "SECRET", "6184402917:AAHk3vQ9xLmT2bY7wRnP4dF8gH1jK5sA0cV"),
    ("HF_TOKEN={} huggingface-cli", "SECRET", "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"),
    ("Pay me on UPI: {} today", "HANDLE", "rohan.mehta@okaxis"),
    ("https://www.linkedin.com/in/{} is my page", "HANDLE", "zainab-elmasri"),
    ("learned {} on Gi1/0/24, vlan 120", "MAC_ADDRESS", "0011.22aa.4455"),
    ("{}\n3c52.82aa.01a0\n", "MAC_ADDRESS", "3c52.82aa.019f"),
    ("station 3c52.82aa.019f roamed", "MAC_ADDRESS", "3c52.82aa.019f"),
    ("Машина {} стоит во дворе", "LICENSE_PLATE", "А417КХ77"),
    ("Госномер: {}", "LICENSE_PLATE", "А123ВС77"),
    ("госномер {}, синяя", "LICENSE_PLATE", "а 417 кх 177"),
    ("{} 차량 이동 부탁드립니다", "LICENSE_PLATE", "12가 4417"),
    ("차량번호 {}", "LICENSE_PLATE", "38조 1204"),
    ("{}の車です", "LICENSE_PLATE", "品川 300 あ 44-17"),
    ("ナンバー {}", "LICENSE_PLATE", "品川300の12-34"),
    ("UPI {} please", "HANDLE", "rohan.mehta@kotak"),
    ("9876543210@paytm or {}", "HANDLE", "9876543210@airtel"),
    ("signing_key: {}", "SECRET", "9f2c4e7a1b3d5f60718293a4b5c6d7e8f9012a3b4c5d6e7f"),
    ("user={} ip=203.0.113.77 rc=1", "HANDLE", "j.whitlock"),
    ("my username is {} and I cannot log in", "HANDLE", "aylin_demir"),
    ("Password will be {} from Monday", "SECRET", "otter-lamp-92"),
    ("| user | svc |\n| password | {} |", "SECRET", "Gr4nite!cove"),
    ("Salasana on {}", "SECRET", "Mustikka77!"),
    ("AZURE_STORAGE_KEY={}", "SECRET", "k3vQ9xLmT2bY7wRnP4dF8gH1jK5sA0cVeUiOyXtWqBnMzLrHyNbCdEg=="),
])  # fmt: skip
def test_a_value_is_found_whole(text: str, kind: str, value: str) -> None:
    assert (kind, value) in _found(text.format(value))


@pytest.mark.parametrize("text", [
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "see https://discord.com/developers/docs/resources/webhook and /api/webhooks/{id}/{token}",
    "linkedin.com/in/your-profile and linkedin.com/in/username",
    "ratio 0011.2233.4455 of the table", "1234.5678.9012", "dead.beef.cafe is a joke", "1.2.3.4444.5555.6666",
    "contact us @paytm or write to a@b", "git@okaxis.example.org is a host", "name@okaxisbank",
    "В 2019 году 417 человек", "К500ТМ3 и ГОСТ 417", "20호 1234", "15조 2000억", "12시 3000원", "東京 300 の 44-17",
    "user=self.user, password=self.password", "username: first_name", "Username must be lower_case",
    "현대자동차 매출 117조 6106억 원을 기록했다", "택시 업계 예산 12조 3400", "차량번호 안내 15주 1200원",
    "차량 무게 12바 3000",
    "Микросхема К174ХА34 — приёмник", "Автомат на К174ХА19 для машины", "ОЗУ К537РУ10 и К537РУ17", "Договор № А123ВС77",
    "Авто: с 100 км 15 литров", "номер с 200 мм 50 см", "駅から電車 大阪 10の5-20", "阪神 10 ま 1-12",
    "together 12ab.3400.5600", "switch 1200.3400.5600", "Ethernet 0201.1234.5678", "hash e3b0.c442.98fc (abbreviated)",
    "yarn add vue@slice", "\\tikz@slice{3}", "\\x@okaxis", "ssh root@federal", "postgres@upi:~$ psql", "hooks@slice(0,10)",
    "user@ybl:22/x",
    "номер заказа К123АВ45",
    'storage-key: "MyApplication2024SettingsV2"', "send logs to ubuntu@federal", "user=e.target id=5",
    "123456789:AAplaceholderplaceholderplaceholder", "A/C compressor 88370123",
    "What does 'password will be sent by e-mail' mean", "password on Windows11!", "| password | string | required |",
    "password will be reset in 30days", "log in as user_name", "a:AA", "12:AA is a time",
])  # fmt: skip
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert _found(text, ("SECRET", "HANDLE", "MAC_ADDRESS", "LICENSE_PLATE", "BANK_ACCOUNT")) == []


@pytest.mark.parametrize(("text", "value"), [
    ("पता: {}", "मकान नं. 14, गली नं. 3, शास्त्री नगर, जयपुर 302016"),
    ("Địa chỉ: {}", "Số 14 ngõ 72 đường Láng, Đống Đa, Hà Nội"),
    ("Alamat: {}", "Jl. Merpati No. 14 RT 03/RW 05, Tebet, Jakarta Selatan 12810"),
    ("Morada: {}. NIF 123456789", "Travessa do Alecrim, n.º 7, 2.º Esq., 1200-018 Lisboa"),
    ("Adres: {}", "Bahçelievler Mah. Gül Sok. No: 12 D: 5, 34180 Bahçelievler/İstanbul"),
    ("Domicilio: {}, cel. 300 555 0142", "Carrera 15 # 93-47, apto 502, Bogotá"),
    ("Address: {}. Please ring twice.", "418 Larkspur Lane, Apt 6, Boise, ID 83704"),
    ("Endereço: {}, Cep: 01402-000. Telefone fixo", "Av. Brigadeiro Luís Antônio, 2344"),
])  # fmt: skip
def test_a_label_tells_an_address_in_any_language_and_where_it_ends(text: str, value: str) -> None:
    assert ("STREET_ADDRESS", value) in _found(text.format(value), PERSONAL)


@pytest.mark.parametrize("text", [
    "IP address: 10.20.30.40, port 8080", "E-mail address: see page 12 of the manual", "Address: 0x7ffe1234abcd is free",
    "Según la Ley Orgánica 3/2018, el plazo es de un mes", "Согласно ст. 309 ГК РФ срок 30 дней",
    "Der Zug steht auf Gleis 7",
    "Chess: 1. e4 c5 2. Nf3 d6 3. d4 cxd4 4. Nxd4 Nf6, 0-1 in 44", "Hallo, die Maschine zeigt Fehler E18.",
    "Jenkins pipeline failed because the Jenkins server had no disk space left", "IBAN DE89 3704 0044 0532 0130 00",
    "We upgraded from Julia 1.10 to Julia 1.11 last week",
    "It is a sequence of operations that can be simulated by a Turing machine in the end",
])  # fmt: skip
def test_laws_platforms_products_and_labels_are_nobodys(text: str) -> None:
    assert _found(text, PERSONAL) == []


@pytest.mark.parametrize("value", [
    "Birkenweg 14, 3. Stock, 10115 Berlin", "Lale Sokak No: 8 Kat: 3 Daire: 5 İzmir", "Dlouhá 12/33, 110 00 Praha",
    "Flat 4, 19 Harcourt Terrace", "43 p.o. box 178", "Block 5, Lot 7, Phase 2", "Marktplatz 5, Haus 2, Etage 4",
    "947 trg revolucije 17 apt. 858 begunje na gorenjskem", "Birkenau 7, Dublin 4", "Carrera 15 # 93-47, apto 502",
])  # fmt: skip
def test_addresses_of_several_numbers_stay(value: str) -> None:
    assert tidy("", value, "") == (0, len(value))


def test_people_behind_an_article_of_another_language_and_first_names_stay() -> None:
    assert ("PERSON", "Jaqueline") in _found("Ontem ele falou com a Jaqueline sobre a conta", PERSONAL)
    assert ("PERSON", "Kevin") in _found("I spoke to a Kevin from billing and he was very rude to me", PERSONAL)
    assert ("PERSON", "Anna") in _found("Marks: Anna 3.7, Ben 2.9, Clara 3.1", PERSONAL)


_PARTS = [
    "0011.2233.4455.", "a@okaxis@", "/services/T/B/", "12:AA", "12가 ", "А417", "| password | ", "user=a.bcdef ",
    'my_key="',
]


@pytest.mark.parametrize("part", _PARTS)
def test_a_long_line_of_such_signs_costs_no_more_than_its_length(part: str) -> None:
    text = pa.array([part * (1_000_000 // len(part.encode()))], pa.large_string())
    began = time.process_time()
    scan(text, ScanConfig(types=("SECRET", "HANDLE", "MAC_ADDRESS", "LICENSE_PLATE")))
    assert time.process_time() - began < 4


@pytest.mark.parametrize("sign", ["CVE", "DSA"])
@pytest.mark.parametrize("many", [1, 60])
def test_a_number_of_a_year_behind_capitals_is_no_telephone_although_calls_are_spoken_of(sign: str, many: int) -> None:
    """Alone and among so many that they are judged together."""
    numbers = [f"{2000 + n % 25}-{36770 + 17 * n}" for n in range(many)]
    wrong = pa.array([f"Fixes for the phone call: {sign}-{number}, next" for number in numbers], pa.large_string())
    right = pa.array([f"Fixes for the phone call: {number}, next" for number in numbers], pa.large_string())
    assert len(scan(wrong, ScanConfig(types=("PHONE_NUMBER",))).row) == 0
    assert len(scan(right, ScanConfig(types=("PHONE_NUMBER",))).row) > 0
