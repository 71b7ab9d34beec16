"""Two columns that are a prompt and its completion only beside each other, and ratings that are labels."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curate.dataset import Dataset, load
from curate.dataset.foreign import RATINGS, RATINGS_OR_NOT, TOGETHER
from curate.dataset.languages import LANGUAGES, language
from curate.dataset.names import ALL, PROMPTED, THINGS, is_id, spelled, together

TOLD = ["the parcel came late", "nobody answers the telephone", "it works as it should", "we would buy it again"]
REVIEWS = ["quick and quiet", "broke on the first day", "the colour is wrong", "my mother likes it"]


def told(i: int) -> str:
    return f"{TOLD[i % 4]}, case {i}"


def replied(i: int) -> str:
    return f"Thank you for case {i // 2}, we look into it."


def of(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return load(path, **options)


def read_as(tmp_path: Path, rows: list[dict[str, Any]], **options: Any) -> tuple[str, dict[str, tuple[str, ...]]]:
    dataset = of(tmp_path, rows, **options)
    return dataset.task, dict(dataset.roles.items())


def pairs(first: str, second: str, n: int = 40) -> list[dict[str, Any]]:
    return [{first: told(i), second: replied(i)} for i in range(n)]


WRITTEN = [
    *(pair for pair in PROMPTED if pair != ("texte", "resume")),
    ("Dialogue", "Summary"), ("inputText", "targetText"), ("en", "de"), ("de", "en"), ("en", "fr"), ("zh-CN", "en_US"),
    ("Kundenfrage", "Antwort"), ("Texto", "Resumen"), ("Artikel", "Zusammenfassung"), ("texte", "résumé"),
    ("texte", "resume"), ("Dialogo", "Riassunto"), ("文章", "要約"), ("对话", "摘要"), ("Nachricht", "Antwort"),
    ("comentario", "respuesta"), ("диалог", "резюме"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), WRITTEN)
@pytest.mark.parametrize("n", [2, 40])
def test_two_texts_by_names_of_a_pair_are_a_prompt_and_its_completion(
    tmp_path: Path, first: str, second: str, n: int
) -> None:
    assert read_as(tmp_path, pairs(first, second, n)) == ("sft", {"prompt": (first,), "completion": (second,)})


def test_both_halves_of_a_pair_are_read_so_that_a_shared_summary_is_no_copy(tmp_path: Path) -> None:
    dataset = of(tmp_path, [{"dialogue": told(i), "summary": "They meet on Friday."} for i in range(4)])
    assert dataset.content().to_pylist() == [f"{told(i)}\nThey meet on Friday." for i in range(4)]
    assert "by name and contents" in dataset.explain()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("English", "Hindi"), ("Luganda", "English"), ("english_sentence", "hindi_sentence"), ("text_german", "text_dutch"),
        ("hindi", "english_translation"), ("Deutsch", "Français"), ("中文", "英文"), ("English Title", "Hindi Title"),
        ("yor", "eng"), ("translation/English", "translation/Mai"), ("english", "lummi"), ("Mundari", "German"),
    ],
)  # fmt: skip
def test_languages_that_are_written_out_are_a_prompt_and_its_completion(tmp_path: Path, first: str, second: str) -> None:
    rows: list[dict[str, Any]] = [{"id": i} | row for i, row in enumerate(pairs(first, second))]
    if "/" in first:
        rows = [{"translation": {key.partition("/")[2]: said for key, said in row.items()}} for row in pairs(first, second)]
    assert read_as(tmp_path, rows) == ("sft", {"prompt": (first,), "completion": (second,)})


@pytest.mark.parametrize(
    ("first", "second"), [("mundari_term", "english_term"), ("German", "English"), ("thai_word", "lao_word")]
)
def test_one_word_of_a_glossary_has_many_meanings(tmp_path: Path, first: str, second: str) -> None:
    rows = [{first: f"lemma{chr(97 + i // 2)}x", second: f"sense{chr(97 + i)}x"} for i in range(20)]
    assert read_as(tmp_path, rows) == ("sft", {"prompt": (first,), "completion": (second,)})


@pytest.mark.parametrize(
    "columns",
    [
        ("English", "comment"), ("English", "remarks"), ("English", "said later"), ("en", "lummi"),
        ("english_title", "original_title", "overview"), ("maths", "English"),
        ("word", "english_rank"), ("English", "Hindi", "Marathi"), ("clean_tweet", "english_tweet_source"),
    ],
)  # fmt: skip
def test_a_language_beside_anything_else_makes_no_pair(tmp_path: Path, columns: tuple[str, ...]) -> None:
    long = "and much more is told about the case than anybody wants to know "
    said = {"overview": lambda i: f"{told(i)} {long}", "maths": lambda i: i % 97, "english_rank": lambda i: i}
    rows = [{name: said.get(name, lambda i, n=name: f"{told(i)} {n}")(i) for name in columns} for i in range(40)]
    assert read_as(tmp_path, rows)[0] == "text"


def test_one_post_may_have_many_comments(tmp_path: Path) -> None:
    rows = [
        {"post": f"Which of the two bags would you take on a walk, and why? {i // 20}", "comment": told(i)}
        for i in range(60)
    ]
    assert read_as(tmp_path, rows)[0] == "sft"


def test_a_script_without_blanks_is_text_under_the_name_of_its_language(tmp_path: Path) -> None:
    rows = [{"ja": f"荷物{i}はまだ届いていません。", "zh": f"包裹{i}还没有送到。"} for i in range(40)]
    assert read_as(tmp_path, rows) == ("sft", {"prompt": ("ja",), "completion": ("zh",)})
    assert read_as(tmp_path, [{"id": f"q{i}", "en": told(i)} for i in range(40)]) == ("text", {"text": ("en",)})


def test_the_first_of_two_languages_is_the_prompt_and_no_others_are_asked_for(tmp_path: Path) -> None:
    rows = pairs("de", "en")
    assert read_as(tmp_path, [{"id": f"q{i}"} | row for i, row in enumerate(rows)])[1]["prompt"] == ("de",)
    three = [row | {"fr": f"numéro {i} en français"} for i, row in enumerate(rows)]
    assert read_as(tmp_path, three)[0] == "text"
    assert [language(spelled(name)) for name in ("EN", "zh-Hans", "pt_BR", "en_text", "name", "xx")] == [
        "en",
        "zh",
        "pt",
        "",
        "",
        "",
    ]
    assert {"en", "de", "zh"} <= LANGUAGES
    assert not {"id", "no", "is", "it", "to", "ts", "st", "co", "so", "or", "my", "am", "as"} & LANGUAGES


UNLIKE: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a label stands beside": ([row | {"category": "ab"[i % 2]} for i, row in enumerate(pairs("text", "summary"))],
                              "classification"),
    "a class of one word": ([{"source": told(i), "target": "ab"[i % 2]} for i in range(40)], "classification"),
    "ends of an edge": ([{"source": f"n{i % 5}", "target": f"n{i % 7}"} for i in range(70)], "classification"),
    "few short answers": ([{"comment": told(i), "reply": ["yes", "no"][i % 2]} for i in range(40)], "classification"),
    "numbers": ([{"document": told(i), "summary": i} for i in range(40)], "text"),
    "numbers as text": ([{"document": told(i), "summary": str(i)} for i in range(40)], "text"),
    "parts of names": ([{"dialogue_text": told(i), "summary_of_it": replied(i)} for i in range(40)], "text"),
    "a summary here and there": ([{"text": told(i), "summary": replied(i) if i % 9 else None} for i in range(40)], "text"),
    "where it is from": ([{"source": f"https://example.org/{i}", "target": told(i)} for i in range(40)], "text"),
    "half a pair": ([{"article": told(i), "blurb": replied(i)} for i in range(40)], "text"),
    "a thing for sale": ([{"Artikel": told(i), "Beschreibung": replied(i)} for i in range(40)], "text"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLIKE)
def test_what_is_no_pair_of_texts_is_read_as_before(tmp_path: Path, name: str) -> None:
    rows, task = UNLIKE[name]
    assert read_as(tmp_path, rows)[0] == task


def test_a_surer_reading_goes_before_a_pair(tmp_path: Path) -> None:
    rows = pairs("document", "summary")
    asked = [row | {"question": f"What of case {i}?", "answer": f"It is open {i}"} for i, row in enumerate(rows)]
    assert read_as(tmp_path, asked)[1] == {"prompt": ("question",), "completion": ("answer",)}
    ranked = [row | {"chosen": f"good {i}", "rejected": f"bad {i}"} for i, row in enumerate(rows)]
    assert read_as(tmp_path, ranked)[0] == "preference"
    turns = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]
    assert read_as(tmp_path, [row | {"conversations": turns} for row in rows])[0] == "chat"


def test_a_query_is_asked_with_its_context(tmp_path: Path) -> None:
    rows = [row | {"context": f"CREATE TABLE t{i} (a INT)"} for i, row in enumerate(pairs("question", "sql"))]
    assert read_as(tmp_path, rows)[1] == {"prompt": ("context", "question"), "completion": ("sql",)}


def test_what_the_user_says_of_a_pair_is_taken(tmp_path: Path) -> None:
    rows = [row | {"category": "ab"[i % 2]} for i, row in enumerate(pairs("text", "summary"))]
    assert read_as(tmp_path, rows, task="sft")[1] == {"prompt": ("text",), "completion": ("summary",)}
    assert read_as(tmp_path, rows, roles={"label": []})[0] == "sft"
    assert read_as(tmp_path, pairs("text", "summary"), roles={"text": "summary"})[0] == "text"
    turned = {"prompt": ("summary",), "completion": ("text",)}
    assert read_as(tmp_path, pairs("text", "summary"), roles=turned) == ("sft", turned)


STARS = [
    "note", "bewertung", "Sterne", "puntuación", "estrellas", "calificación", "nota", "voto", "valutazione", "ocena",
    "puan", "оценка", "评分", "評価", "별점", "التقييم", "beoordeling", "étoiles", "cijfer", "betyg", "arvosana", "stars",
    "rating", "score",
]  # fmt: skip


def reviews(name: str, value: Any, n: int = 60) -> list[dict[str, Any]]:
    return [
        {"avis": f"{REVIEWS[i % 4]}, day {i}", name: value(i), "produit": ["lamp", "bag", "coat"][i % 3]} for i in range(n)
    ]


@pytest.mark.parametrize("name", STARS)
@pytest.mark.parametrize("n", [4, 60])
def test_the_rating_of_a_review_is_its_label_and_not_what_it_is_about(tmp_path: Path, name: str, n: int) -> None:
    task, roles = read_as(tmp_path, reviews(name, lambda i: 1 + i % 5, n))
    assert (task, roles) == ("classification", {"text": ("avis",), "label": (name,)})


@pytest.mark.parametrize(
    "value",
    [lambda i: 0.5 + i % 10 / 2, lambda i: 1 + i % 10, lambda i: [4.5, 3, None][i % 3], lambda i: str(1 + i % 5)],
)
def test_ratings_are_halves_or_whole_numbers_to_ten(tmp_path: Path, value: Any) -> None:
    assert read_as(tmp_path, reviews("note", value))[1]["label"] == ("note",)


def test_ratings_of_a_table_are_read_with_a_comma_or_a_point(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", newline="") as out:
        rows = csv.writer(out, delimiter=";")
        rows.writerow(["Kommentar", "Bewertung", "Marke"])
        rows.writerows([f"{REVIEWS[i % 4]}, Tag {i}", ["4,5", "3", "2,5", ""][i % 4], "xyz"[i % 3]] for i in range(60))
    assert load(tmp_path / "a.csv").roles.label == ("Bewertung",)


@pytest.mark.parametrize(
    "value",
    [lambda i: told(i), lambda i: i % 2, lambda i: i % 30, lambda i: 1 + i % 9 / 10, lambda i: 5, lambda i: -(i % 3)],
    ids=["text", "no and yes", "votes", "tenths", "always the same", "below nothing"],
)
@pytest.mark.parametrize("name", ["note", "score", "nota"])
def test_other_values_under_such_a_name_are_no_rating(tmp_path: Path, name: str, value: Any) -> None:
    assert read_as(tmp_path, reviews(name, value))[1]["label"] == ("produit",)


def test_a_named_label_goes_before_a_score_and_a_rating_needs_a_text(tmp_path: Path) -> None:
    rows = reviews("score", lambda i: 1 + i % 5)
    for label in ("sentiment", "toxic", "user_intent", "is_spam", "product_category"):
        named = [row | {label: "ab"[i % 2]} for i, row in enumerate(rows)]
        assert read_as(tmp_path, named)[1]["label"] == (label,)
    assert read_as(tmp_path, [{"nota": 1 + i % 5, "edad": 20 + i % 9} for i in range(60)])[0] == "text"
    same = [{"sentence1": told(i), "sentence2": replied(i), "score": 1 + i % 5} for i in range(60)]
    assert read_as(tmp_path, same) == ("text", {"text": ("sentence1", "sentence2")})


_WORDS = "order refund battery screen delivery parcel broken customer support late product great price quality size"
WORDS = _WORDS.split()


def prose(n: int, shift: int = 0) -> Callable[[int], str]:
    return lambda i: " ".join(WORDS[(i // len(WORDS) ** (k % 2) + 3 * k + shift) % len(WORDS)] for k in range(n))


def one_of(*values: Any) -> Callable[[int], Any]:
    return lambda i: values[i * 7 // 3 % len(values)]


def made(**columns: Callable[[int], Any]) -> list[dict[str, Any]]:
    return [{name: value(i) for name, value in columns.items()} for i in range(200)]


def numbered(word: str) -> Callable[[int], str]:
    return lambda i: f"{word} {i}"


def moment(i: int) -> str:
    return f"2024-01-{i % 28 + 1:02} 10:{i % 60:02}:{i % 53:02}"


LONG, SHORT, OTHER, BOOL, STARS_5 = prose(30), prose(10, 1), prose(10, 2), one_of(True, False), one_of(1, 2, 3, 4, 5)
BESIDE: list[tuple[list[dict[str, Any]], str | None, str]] = [
    (made(text=LONG, summary=SHORT, team=one_of("billing", "tech")), "team", "text"),
    (made(text=LONG, summary=SHORT, team=one_of("billing", "tech"), channel=one_of("web", "mail", "post")), None, "text"),
    (made(article=LONG, headline=SHORT, section=one_of("sport", "politics", "local")), "section", "article"),
    (made(document=LONG, summary=SHORT, faithful=BOOL), "faithful", "document"),
    (made(document=LONG, summary=SHORT, consistent=one_of(0, 1)), None, "document"),
    (made(text=LONG, summary=SHORT, relevance=STARS_5, coherence=one_of(1, 2, 3)), None, "text"),
    (made(source=SHORT, target=OTHER, acceptable=BOOL), "acceptable", "source"),
    (made(source=SHORT, target=OTHER, score=STARS_5), None, "source"),
    (made(comment=SHORT, reply=OTHER, subreddit=one_of("a", "b")), "subreddit", "comment"),
    (made(comment=SHORT, reply=OTHER, agreement=one_of("agree", "disagree")), "agreement", "comment"),
    (made(post=SHORT, comment=OTHER, sarcastic=BOOL), "sarcastic", "comment"),
    (made(question=SHORT, query=OTHER, duplicate=BOOL), "duplicate", "query"),
    (made(docstring=SHORT, code=lambda i: f"def f{i}(x): return x", bug=one_of("yes", "no")), "bug", "code"),
    (made(human=SHORT, bot=OTHER, winner=one_of("h", "b")), "winner", "human"),
    (made(Summary=SHORT, Text=LONG, Score=STARS_5), None, "Text"),
    (made(summary=SHORT, text=LONG, sentiment_score=one_of(*"12345")), "sentiment_score", "text"),
    (made(Nachricht=LONG, Antwort=SHORT, Abteilung=one_of("HR", "IT")), "Abteilung", "Nachricht"),
    (made(sentence=LONG, source=numbered("Ann"), target=numbered("Bob"), relation=one_of("kin", "boss")),
     "relation", "sentence"),
    (made(sentence=LONG, source=prose(3), target=prose(3, 1)), None, "sentence"),
    (made(source=numbered("Ann Lee"), target=numbered("Bob")), None, "target"),
    (made(source=lambda i: f"{52 + i / 1000:.3f} {13 + i / 777:.3f}",
          target=lambda i: f"{48 + i / 1000:.3f} {11 + i / 777:.3f}"), None, "target"),
    (made(ts=moment, no=numbered("ticket"), message=OTHER), None, "message"),
    (made(ts=moment, to=numbered("Ann Lee"), subject=prose(5), body=LONG), None, "body"),
    (made(**{"Nº ticket": lambda i: f"T{i:04d}", "Texto del cliente": LONG, "Tipo": one_of("a", "b")}), "Tipo",
     "Texto del cliente"),
    (made(ticket=lambda i: f"PX-{i}", notes_from_caller=SHORT), None, "notes_from_caller"),
    (made(code=lambda i: f"def f{i}(x): return x", notes_from_caller=LONG), None, "code"),
    (made(text=lambda i: f"https://example.org/{i}", explanation=LONG), None, "text"),
    (made(text=lambda i: f"A-{i}", annotators_reason=LONG), None, "text"),
    (made(query=lambda i: f"x{i}=max(y{i})", meaning=LONG), None, "query"),
    (made(id=numbered("row"), no=numbered("no."), text=LONG), None, "text"),
    (made(st=numbered("Main Street"), co=numbered("Acme Inc")), None, "st"),
    (made(review=LONG, en=prose(4), fr=prose(4, 1)), None, "review"),
    (made(en=moment, de=lambda i: f"{i} May 2024"), None, "de"),
    (made(text=LONG, mood=one_of("sad", "glad"), score=STARS_5), "mood", "text"),
    (made(text=LONG, brand_sentiment=one_of("pos", "neg"), score=STARS_5), "brand_sentiment", "text"),
    (made(text=LONG, abteilung=one_of("HR", "IT"), note=one_of(1, 2, 3)), "abteilung", "text"),
    (made(description=LONG, item_category=one_of("toys", "food"), score=STARS_5), "item_category", "description"),
    (made(text=LONG, author_class=one_of("a", "b"), note=one_of(1, 2)), "author_class", "text"),
    (made(Beschreibung=LONG, Produkt_Kategorie=one_of("a", "b"), Note=STARS_5), "Produkt_Kategorie", "Beschreibung"),
    (made(body=LONG, score=one_of(1, 2, 3), subreddit=one_of("x", "y")), "subreddit", "body"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "label", "text"), BESIDE, ids=["+".join(rows[0]) for rows, _, _ in BESIDE])
def test_what_stands_beside_a_pair_or_a_score_is_not_overruled_by_it(
    tmp_path: Path, rows: list[dict[str, Any]], label: str | None, text: str
) -> None:
    task, roles = read_as(tmp_path, rows)
    assert (task, roles.get("label")) == (("classification", (label,)) if label else ("text", None))
    assert roles["text"] == (text,)


STILL: list[tuple[list[dict[str, Any]], tuple[str, ...]]] = [
    (made(id=numbered("d"), dialogue=LONG, summary=SHORT), ("dialogue", "summary")),
    (made(article=LONG, highlights=SHORT, id=lambda i: f"{i:040x}"), ("article", "highlights")),
    (made(comment=SHORT, reply=OTHER), ("comment", "reply")),
    (made(ticket=LONG, resolution=SHORT, opened=moment), ("ticket", "resolution")),
    (made(en=prose(4), de=prose(4, 1)), ("en", "de")),
    (made(docstring=SHORT, code=lambda i: f"def f{i}(x): return x"), ("docstring", "code")),
    (made(db_id=one_of("shops", "pets"), question=SHORT, query=OTHER), ("question", "query")),
    (made(human=SHORT, bot=OTHER, turn=lambda i: i), ("human", "bot")),
]


@pytest.mark.parametrize(("rows", "pair"), STILL, ids=["+".join(pair) for _, pair in STILL])
def test_a_pair_with_nothing_to_judge_beside_it_is_a_prompt_and_its_completion(
    tmp_path: Path, rows: list[dict[str, Any]], pair: tuple[str, str]
) -> None:
    task, roles = read_as(tmp_path, rows)
    assert (task, roles["prompt"], roles["completion"]) == ("sft", (pair[0],), (pair[1],))


@pytest.mark.parametrize("label", ["sentiment", "stance", "emotion", "mood", "labels", "overall_sentiment"])
def test_a_feeling_goes_before_any_rating_and_other_words_do_not(tmp_path: Path, label: str) -> None:
    rows = made(text=LONG, Bewertung=STARS_5)
    named = [row | {label: ["glad", "sad"][i % 2]} for i, row in enumerate(rows)]
    assert read_as(tmp_path, named)[1]["label"] == (label,)
    about = [row | {"Produkt_Kategorie": "ab"[i % 2], "Ort": "xyz"[i % 3]} for i, row in enumerate(rows)]
    assert read_as(tmp_path, about)[1]["label"] == ("Bewertung",)


def test_an_id_is_a_word_at_the_end_of_a_name() -> None:
    assert all(map(is_id, ("id", "db_id", "threadId", "Post ID")))
    assert not any(map(is_id, ("valid", "paid", "id_of_it", "covid")))


def test_words_of_pairs_and_ratings_are_written_as_they_are_looked_up() -> None:
    assert all(spelled(word) == word for word in {*RATINGS, *RATINGS_OR_NOT, *TOGETHER, *THINGS} - {"résumé"})
    assert not {*RATINGS, *TOGETHER} & set(ALL)
    assert "summary" in together("Résumé")
    assert "summary" not in together("Resume")  # of somebody who looks for work
