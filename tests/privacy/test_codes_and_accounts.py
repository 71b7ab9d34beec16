"""Codes that open a door once, user names of letters, names behind an @, births in one piece, answers to questions."""

from __future__ import annotations

import pyarrow as pa
import pytest

from curate.privacy import ScanConfig, scan
from curate.privacy.types import ALL, NAMES


def found(text: str, kind: str, types: tuple[str, ...] = NAMES) -> list[str]:
    spans = scan(pa.array([text], pa.large_string()), ScanConfig(types=types))
    places = zip(spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist())
    return [text[start:end] for start, end, name in places if name == kind]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your temporary code is 482913. It expires in 10 minutes.", "482913"),
        ("G-559201 is your verification code.", "559201"),
        ("604 118 is your Larder code, don't share it", "604 118"),
        ("2FA code 330 184 - ignore this mail if you did not ask", "330 184"),
        ("Access code for the side gate: 4471#", "4471"),
        ("security code for your account ending in 41: 7715032", "7715032"),
        ("Ihre TAN für die Überweisung über 120,00 EUR lautet 883104.", "883104"),
        ("Zur Bestätigung Ihrer Anmeldung geben Sie bitte den Code 771204 ein.", "771204"),
        ("votre code de vérification est 730 418.", "730 418"),
        ("Utiliza el código 771 230 para verificar tu cuenta.", "771 230"),
        ("Il tuo codice OTP è 551820.", "551820"),
        ("uw verificatiecode is 551209.", "551209"),
        ("seu código de segurança é 208 764.", "208 764"),
        ("Twój kod weryfikacyjny to 664 901.", "664 901"),
        ("Doğrulama kodunuz 307 441.", "307 441"),
        ("Ваш код подтверждения: 118 402.", "118 402"),
        ("您的验证码是604417，请勿泄露。", "604417"),
        ("認証コードは482913です。", "482913"),
        ("인증번호는 204 771입니다.", "204 771"),
        ("رمز التحقق الخاص بك هو 553017.", "553017"),
        ("आपका सत्यापन कोड 771940 है।", "771940"),
        ("קוד האימות שלך הוא 447902.", "447902"),
        ("รหัสยืนยันของคุณคือ 559 204 ห้ามบอก", "559 204"),
        ("Agent: What is your one-time passcode? Customer: it says 991 482.", "991 482"),
        ("Agent: your security PIN? Customer: 7719. Agent: thanks", "7719"),
        ("debit card exp 11/26 cvv 204 zip 30301", "204"),
    ],
)
def test_a_code_that_opens_a_door_once_is_a_secret(text: str, code: str) -> None:
    assert found(text, "SECRET") == [code]


@pytest.mark.parametrize(
    "text",
    [
        "Error code 482913: the device did not respond.", "The exit code is 4821 and the status code is 4041.",
        "Use the promo code 482913 at checkout to log in faster.",
        "Your tracking code is 48291355. Your booking code is 4829.",
        "The verification code field has 482913 rows.", "Security code review 2024: 4821 findings.",
        "assert verify_code(code=482913)", "Your code is 482913 lines long.", "48104 is your zip code.",
        "Der Fehlercode 482913 wurde gemeldet; Postleitzahl 50667.", "Le code postal 69003 et le code erreur 730418.",
        "El código penal de 1995, artículo 482913.", "Kod błędu 664901, kod pocztowy 00-950.",
        "错误代码604417，产品编码4471。",
        "エラーコード482913が発生しました。", "a tan 4471 jacket", "Access code of 1998, paragraph 4",
    ],
)  # fmt: skip
def test_a_code_of_something_else_is_none(text: str) -> None:
    assert found(text, "SECRET") == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Benutzername: lkrautwurst, Kennwort: Nebel!Turm27.", "lkrautwurst"),
        ("Nome utente: gfumagalli - Password: Lanterna.8812", "gfumagalli"),
        ("Kullanıcı adı: serdalkaya Şifre: Zeytin_5512", "serdalkaya"),
        ("यूज़रनेम: rahul_vns पासवर्ड: Kamal@5521", "rahul_vns"),
        ("My username on the site is marigoldfinch and I can't log in.", "marigoldfinch"),
        ("User nkerluke changed the password at 10:43 PM.", "nkerluke"),
        ("Mi usuario es lzubizarreta y no puedo entrar.", "lzubizarreta"),
        ("PSN: mossy_otter, evenings only.", "mossy_otter"),
        ("my gamertag is VoidHarvester.", "VoidHarvester"),
        ("lol @dannyboyy did you see it?", "@dannyboyy"),
        ("As @pellwood said, the paint needs two coats.", "@pellwood"),
        ("@harborlights can you look at this?", "@harborlights"),
        ("RT @nightbusnovels: three weeks to go", "@nightbusnovels"),
    ],
)
def test_a_user_name_of_letters_is_a_handle(text: str, name: str) -> None:
    assert found(text, "HANDLE") == [name]


def test_every_name_that_is_thanked_is_found() -> None:
    assert found("thanks to @liv_marchetti and @tobyreads for the help", "HANDLE") == ["@liv_marchetti", "@tobyreads"]


@pytest.mark.parametrize(
    "text",
    [
        "The username is case sensitive. Benutzername: Pflichtfeld", "username: required, password: required",
        "The user interface was locked. The user asked 3 questions.",
        "El usuario es responsable del equipo; usuario: invitado",
        "@here the deploy is done, cc @backend-team and @channel",
        "See @author tag and @since 1.4; use @Inject with @Named.",
        "Paged attention is wrapped in @torch.compiler.disable so we skip it",
        "the @media rule and the @property decorator",
        "my insta is private and my twitter is down.", "discord: bot_token, telegram: chat_id",
        "@Override public String toString() { return name; }", "Discord: 4417 members online.",
    ],
)  # fmt: skip
def test_a_word_of_a_program_or_a_form_is_no_handle(text: str) -> None:
    assert found(text, "HANDLE") == []


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("54 y/o M, DOB 12AUG69, MRN 00481123", "12AUG69"), ("DOB/AGE 12AUG83/40Y ISSUED 04JAN19", "12AUG83"),
        ("Date of birth: 14-Nov-79", "14-Nov-79"), ("Born: 1 Nov '72. Married: 14 June 2003.", "1 Nov '72"),
        ("Geb.: 3. Okt. 58, verh.", "3. Okt. 58"),
        ("Please type your date of birth as DD/MM/YYYY\nuser: 07/11/1968\nbot: Thanks!", "07/11/1968"),
        ("Agent: And your date of birth? Customer: 14/03/1986.", "14/03/1986"),
        ("Name;Abteilung;Geburtstag\nAnna;Einkauf;12.02.1971\nTom;Lager;12.02.1971", "12.02.1971"),
    ],
)  # fmt: skip
def test_a_birth_in_one_piece_or_as_an_answer_is_found(text: str, date: str) -> None:
    assert set(found(text, "DATE_OF_BIRTH")) == {date}


@pytest.mark.parametrize(
    "text",
    ["Flight AF 0681 departs 12AUG, bought on 12AUG83.", "Founded 12AUG1983, the club was born out of a strike.",
     "Policy issued 04DEC58, renewed 12JAN24.", "born in 12 WORDS 34"],
)  # fmt: skip
def test_another_date_in_one_piece_is_no_birth(text: str) -> None:
    assert found(text, "DATE_OF_BIRTH") == []


@pytest.mark.parametrize(
    ("text", "firm"),
    [
        ("I have an interview at Deckow-Crist in May.", "Deckow-Crist"),
        ("Company: Walter, Garrett and White", "Walter, Garrett and White"),
        ("Kettering and Sons have baked here since 1911.", "Kettering and Sons"),
        ("Otávio trabalha na Escola Monte Azul.", "Escola Monte Azul"),
        ("Ignatius from Calderwood Analytics called.", "Calderwood Analytics"),
        ("remercie la Boulangerie Tanguy pour le pain", "Boulangerie Tanguy"),
    ],
)
def test_a_firm_called_after_its_partners_or_its_trade_is_an_organisation(text: str, firm: str) -> None:
    assert found(text, "ORGANIZATION", ALL) == [firm]


def test_partners_stay_people_where_no_organisations_are_asked_for_or_nothing_speaks_of_a_firm() -> None:
    people = ("PERSON",)
    assert found("Company: Walter, Garrett and White", "PERSON", people)
    assert found("We met Walter, Garrett and White for lunch.", "ORGANIZATION", ALL) == []


@pytest.mark.parametrize(
    "text",
    ["Wir sitzen in Wagen 21, Platz 44", "Mei 2023, nr 118: het jaarverslag", "Lab: Na 138, K 4.2, Cl 101",
     "my card exp 12/26 cvv 123"],
)  # fmt: skip
def test_seats_numbers_of_papers_and_values_are_no_street(text: str) -> None:
    assert found(text, "STREET_ADDRESS", ALL) == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("the van with registration MA55 VRF was seen", "LICENSE_PLATE", "MA55 VRF"),
        ("the bitcoin address 3bZRtu81ZufgcqXiFkPezfQVKikX2pmA", "CRYPTO_WALLET", "3bZRtu81ZufgcqXiFkPezfQVKikX2pmA"),
    ],
)  # fmt: skip
def test_plates_and_wallets_behind_their_words(text: str, kind: str, value: str) -> None:
    assert found(text, kind) == [value]
