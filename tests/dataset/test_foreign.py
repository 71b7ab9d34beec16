"""Columns named in other languages are read as their English names are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dataset import load
from curate.dataset.foreign import FOREIGN
from curate.dataset.names import ALL, plain

ASKED = [f"Was kostet der Versand von Paket {k} nach Ulm?" for k in range(40)]


def roles(tmp_path: Path, rows: list[dict[str, str]]) -> tuple[str, dict[str, tuple[str, ...]]]:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    found = load(path).detected
    return found.task, {guess.what: guess.value for guess in found.guesses}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Nachricht", "Absicht"), ("mensaje", "categoría"), ("Texte", "Catégorie"), ("文本", "标签"), ("Текст", "Метка"),
        ("本文", "カテゴリ"),
    ],
)
def test_a_text_and_its_label(tmp_path: Path, text: str, label: str) -> None:
    task, found = roles(tmp_path, [{text: asked, label: "ab"[k % 2] * 3} for k, asked in enumerate(ASKED)])
    assert task == "classification"
    assert found["text"] == (text,)
    assert found["label"] == (label,)


@pytest.mark.parametrize(
    ("question", "answer"),
    [("Frage", "Antwort"), ("pregunta", "respuesta"), ("问题", "答案"), ("Вопрос", "Ответ"), ("質問", "回答")],
)
def test_a_question_and_its_answer_are_no_text_by_itself(tmp_path: Path, question: str, answer: str) -> None:
    rows = [{question: asked, answer: f"Es kostet {k} Euro und dauert zwei Tage."} for k, asked in enumerate(ASKED)]
    task, found = roles(tmp_path, rows)
    assert task == "sft"
    assert found["prompt"] == (question,)
    assert found["completion"] == (answer,)


def test_names_are_compared_without_accents_and_in_many_scripts() -> None:
    assert [plain(name) for name in ("Catégorie", "commentText", "Kundenanfrage", "标签", "Метка")] == [
        "label", "comment_text", "text", "label", "label",
    ]  # fmt: skip
    assert plain("Größe") == "grösse"
    assert plain("मात्रा") == "मात्रा"  # vowels of Indic scripts are no accents
    assert plain("***") == "***"
    assert plain("a _b") == "a_b"


def test_every_foreign_name_is_written_as_it_is_looked_up_and_none_is_an_english_one() -> None:
    for word, english in FOREIGN.items():
        assert plain(word) == english
        assert word not in ALL


@given(st.text(min_size=1))
def test_any_name_has_a_plain_form(name: str) -> None:
    assert plain(name)
