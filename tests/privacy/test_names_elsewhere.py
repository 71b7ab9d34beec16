"""Words with a capital that are nobody in texts of other languages than English; and the names that stay."""

from __future__ import annotations

import pyarrow as pa
import pytest

from benchmarks.pii import styles
from curate.privacy.names import find_names


def people(*texts: str, under: str = "", min_score: float = 0.5) -> list[str]:
    spans = find_names(pa.array(texts, pa.large_string()), ("PERSON",), under, min_score=min_score)
    return [texts[row][start:end] for row, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist())]


@pytest.mark.parametrize(
    "text",
    [
        "Servus, Rasenmäher springt nicht an.",
        "Akku hält nicht, Garantie greift nicht, Ersatz kostet extra.",
        "Croquetas caseras, Camarero simpatiquísimo.",
        "Crêpes parfaites, Cidre frais.",
        "Hotel bersih, Sarapan lengkap, Kolam keruh.",
        "Здравствуйте, Стиралка не отжимает.",
    ],
)
def test_words_behind_commas_are_nobody(text: str) -> None:
    assert people(text) == []
    assert people(text, min_score=0.3) != []  # who asks for less sure ones gets them


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Спроси у Родиона, он знает Пароль от Вайфая.", "Родиона"),  # behind a small word
        ("Привет, Ксюша! Скинь мой ник.", "Ксюша"),
        ("Ha chiamato Gavino, richiama Domani.", "Gavino"),
        ("La dott.ssa Pierangela Vitiello è in ferie.", "Pierangela Vitiello"),  # title
        ("Dokter Abdelkarim was duidelijk, Wachtkamer vol.", "Abdelkarim"),
        ("Factuur klopt niet. Groetjes, Wietske Hoekema", "Wietske Hoekema"),  # closing
        ("Servis ne zaman gelir?\nNurgül", "Nurgül"),
        ("Nome completo: Wanderlei Quaresma\nNascimento: 05/10/1981", "Wanderlei Quaresma"),  # label
        ("Bro transfer ke rek BCA 8830127745 a/n Yohanes Tandi ya, 150rb", "Yohanes Tandi"),
        ("prénom,nom,courriel\nAmandine,Le Cornec,a.lecornec@sfr.fr", "Le Cornec"),  # cell
        ("Motor kaputt, Korbinian kommt morgen nicht.", "Korbinian"),  # a listed name needs nothing
    ],
)
def test_names_whose_place_speaks_for_them_stay(text: str, name: str) -> None:
    assert name in people(text)


def test_columns_of_names_and_english_texts_are_left_alone() -> None:
    assert people("Perrotin", under="nom") == ["Perrotin"]
    text = "Could you ask Wietske whether the invoice was paid? She said that it would be done by Friday."
    assert people(text) == ["Wietske"]


def test_where_names_are_rare_a_quarter_of_what_is_found_is_somebody_and_hardly_anybody_is_missed() -> None:
    gold = styles.read("rare_held.txt")
    spans = find_names(pa.array(gold.texts, pa.large_string()), ("PERSON",))
    found = list(zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist()))
    true = [(s.row, s.start, s.end) for s in gold.spans if s.type == "PERSON"]
    right = sum(any(r == q and a < y and x < b for q, x, y in true) for r, a, b in found)
    hit = sum(any(r == q and a < y and x < b for r, a, b in found) for q, x, y in true)
    assert right >= 0.25 * len(found)
    assert hit >= 0.93 * len(true)


@pytest.mark.parametrize(
    "text",
    [
        "dosya açılamadı, yeni bir ad verin",
        "het bestand dan opnieuw openen",
        "pengguna dan kontainer harus sama",
        "kunci dan nilai yang dipisahkan koma",
        "van bestand naar bestand gaan",
        "Una cadena vacía no es válida aquí.",
        "Bir sorun oluştu, lütfen tekrar deneyin.",
        "Ange namnet på filen och försök igen.",
        "Sean las partes informadas de lo anterior.",
        "Aus unserem Keller wurden zwei Fahrräder gestohlen.",
        "NÃO HÁ QUALQUER GARANTIA, na medida da lei.",
        "Erro ao abrir a CADEIA de caracteres",
    ],
)
def test_small_words_and_words_in_capitals_are_nobody(text: str) -> None:
    assert people(text) == []


@pytest.mark.parametrize("text", ["usa fonte predefinida se não houver outra", "een lijst van bestanden en mappen tonen"])
def test_words_without_a_capital_that_no_list_holds_are_no_place(text: str) -> None:
    assert len(find_names(pa.array([text], pa.large_string()), ("LOCATION", "ORGANIZATION"))) == 0


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hast du heute marcus gesehen oder war er nicht da", "marcus"),
        ("natasha higuchi\n16 via del corso\n00186 roma", "natasha higuchi"),
        ("Har Alla ringt om mötet eller ska jag göra det", "Alla"),
        ("Moin, ada hat gestern angerufen, bitte zurückrufen", "ada"),  # ordinary in Indonesian, not in German
        ("Tadi Yang Mulia telepon, katanya besok datang", "Tadi Yang Mulia"),  # a capital inside the sentence
        ("Ik ben Dan en ik heb een vraag over mijn bestelling", "Dan"),
        ("Nur Aini sudah kirim berkas ke kantor pusat", "Nur Aini"),
        ("Preguntad a Sean si la reunión es mañana o pasado", "Sean"),
        ("Il signor BIANCHI ha chiesto di spostare la visita alle nove", "BIANCHI"),
    ],
)
def test_names_that_are_words_elsewhere_stay(text: str, name: str) -> None:
    assert name in people(text)
