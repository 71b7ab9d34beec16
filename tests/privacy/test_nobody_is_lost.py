"""Rules that tell things and addresses from people lose nobody: lines that a strict reader wrote. All made up."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan
from curate.stages.pii_names import PERSONAL


def _found(text: str) -> list[tuple[str, str]]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=PERSONAL))
    return [(kind, text[a:b]) for a, b, kind in zip(spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist())]


@pytest.mark.parametrize(("text", "name"), [
    ("Hoffmann 15.2.2024 Urlaub, Krüger 16.2.2024", "Hoffmann"), ("Anna 12.3.2004, Lukas 4.5.2006", "Lukas"),
    ("Please compile the report. Martin 10.30, Oleg 14.30", "Oleg"),
    ("Please deploy to production, Oleg 14.30 is free", "Oleg"),
    ("Sarah packages the orders and David scripts the videos", "David"), ("Maria scripts the show with us", "Maria"),
    ("Dr. Cass saw the patient", "Cass"), ("Ms. Boe called about the invoice", "Boe"),
    ("Address: 12 Oak Street, Leeds, ask for Maria Gonzalez (555-123-4567)", "Maria Gonzalez"),
    ("Domicilio: Calle Mayor 5, piso 3, pregunte por Maria Gonzalez", "Maria Gonzalez"),
    ("住所: 山田太郎、東京都千代田区丸の内1-2-3", "山田太郎"),
])  # fmt: skip
def test_people_stay_beside_dates_hours_verbs_and_addresses(text: str, name: str) -> None:
    assert ("PERSON", name) in _found(text)


@pytest.mark.parametrize(("text", "address"), [
    ("Il habite Quai du Mont-Blanc 19, Genève", "Quai du Mont-Blanc 19"),
    ("She lives at 12 Ley Street now", "12 Ley Street"),
    ("Wohnhaft Kossuth utca 12. b2", "Kossuth utca 12"),
])  # fmt: skip
def test_streets_stay_that_are_called_like_laws_platforms_and_moves(text: str, address: str) -> None:
    assert any(kind == "STREET_ADDRESS" and address in value for kind, value in _found(text))


@pytest.mark.parametrize("text", [
    "Adresse: Wird am 5. Mai bekannt gegeben", "Adres: Zie bijlage 2, blz. 14 van het rapport over de dijk",
    "地址：寄存器 40001",
    "عنوان: تاریخ ایران جلد 2، چاپ 14", "Dirección: Quentin Tarantino, 1994, 154 minutos", "indirizzo: Classico, 3 ore",
    "Issues to address: Bug 123, bug 124 in the login form",
])  # fmt: skip
def test_a_label_alone_makes_no_address(text: str) -> None:
    assert not [value for kind, value in _found(text) if kind == "STREET_ADDRESS"]


def test_two_labels_in_a_line_make_two_addresses_that_do_not_touch() -> None:
    text = "Morada: Rua Alta 5, 2.º andar/Morada: Rua Baixa 6, 3.º andar"
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=PERSONAL))
    assert all(a < b for a, b in zip(spans.start.tolist(), spans.end.tolist()))
    assert all(b <= a for b, a in zip(spans.end.tolist(), spans.start.tolist()[1:]))
