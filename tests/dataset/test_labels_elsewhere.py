"""The one class of a list is the label; longer names in other languages say what a column is; sets of classes are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.dataset.within import told_sets

CLASSES = ("billing", "delivery", "fraud")


def read(tmp_path: Path, **columns: Any) -> curate.Dataset:
    """Sixty rows of a text and what each of `columns` says of the row's number."""
    path = tmp_path / "rows.jsonl"
    rows = [
        {
            "text": f"My parcel number {i} came {i + 2} days late and the box was torn",
            **{k: v(i) for k, v in columns.items()},
        }
        for i in range(60)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return curate.load(path)


@pytest.mark.parametrize("name", ["label", "labels", "category", "accept", "categories"])
def test_the_one_class_of_each_list_is_the_label(tmp_path: Path, name: str) -> None:
    data = read(tmp_path, **{name: lambda i: [CLASSES[i % 3]]})
    assert (data.task, data.roles.label) == ("classification", (f"{name}/0",))


@pytest.mark.parametrize(
    "columns",
    [
        {"label": lambda i: [CLASSES[i % 3]] * (1 + (i == 59))},
        {"label": lambda i: [CLASSES[i % 3]] if i else []},
        {"label": lambda i: [[0, 5, "ORG"]]},
        {"label": lambda i: [f"id-{i}"]},
        {"authors": lambda i: [CLASSES[i % 3]]},
        {"labels": lambda i: [CLASSES[i % 3]], "categories": lambda i: [CLASSES[i % 2]]},
    ],
    ids=["two classes", "none", "spans", "ids", "no label's name", "two columns"],
)
def test_other_lists_are_no_label(tmp_path: Path, columns: dict[str, Any]) -> None:
    data = read(tmp_path, **columns)
    assert (data.task, data.roles.label) == ("text", ())


def test_a_label_that_is_no_list_goes_before(tmp_path: Path) -> None:
    data = read(tmp_path, priority=lambda i: CLASSES[i % 2], labels=lambda i: [CLASSES[i % 3]])
    assert data.roles.label == ("priority",)


def test_sets_of_classes_are_told_with_the_role_that_reads_them(tmp_path: Path) -> None:
    assert "--role label=labels" in told_sets(read(tmp_path, labels=lambda i: list(CLASSES[: i % 4])))


def test_choices_and_names_are_not_told_as_sets(tmp_path: Path) -> None:
    assert told_sets(read(tmp_path, labels=lambda i: list(CLASSES))) == ""
    assert told_sets(read(tmp_path, labels=lambda i: [f"a{i}", f"b{i}"])) == ""


LONGER = (
    "Kategoria zgłoszenia", "Categoría del ticket", "Catégorie de la demande", "Anfragekategorie", "Ticket-Kategorie",
    "Talep kategorisi", "Категория обращения", "Kategori keluhan", "Bejelentés kategóriája", "Danh mục yêu cầu",
    "Κατηγορία αιτήματος", "فئة الطلب", "问题类别", "問い合わせカテゴリ", "문의 분류", "Yhteydenoton luokka",
)  # fmt: skip


@pytest.mark.parametrize("name", LONGER)
def test_a_longer_name_in_another_language_that_speaks_of_a_category_is_a_label(tmp_path: Path, name: str) -> None:
    data = read(tmp_path, **{"Kanał": lambda i: "ab"[i % 2], name: lambda i: CLASSES[i % 3]})
    assert (data.task, data.roles.label) == ("classification", (name,))


@pytest.mark.parametrize(
    "name", ["kategorie_id", "ui_theme", "categories", "Intention to treat", "Kanał zgłoszenia", "nhan_vien"]
)
def test_other_longer_names_are_no_label(tmp_path: Path, name: str) -> None:
    data = read(tmp_path, **{"Kanał": lambda i: "ab"[i % 2], name: lambda i: CLASSES[i % 3]})
    assert name not in data.roles.label


def test_an_english_label_goes_before_a_longer_foreign_name(tmp_path: Path) -> None:
    data = read(tmp_path, **{"Kategoria zgłoszenia": lambda i: "ab"[i % 2], "intent": lambda i: CLASSES[i % 3]})
    assert data.roles.label == ("intent",)


PAIRS = (
    ("Pregunta del usuario", "Respuesta del asistente"), ("Frage des Kunden", "Antwort des Supports"),
    ("Kundenfrage", "Supportantwort"), ("Otázka zákazníka", "Odpověď operátora"), ("用户提问", "坐席回复"),
    ("Câu hỏi của khách", "Câu trả lời của nhân viên"), ("고객 질문", "상담원 답변"), ("سؤال العميل", "جواب الموظف"),
)  # fmt: skip


@pytest.mark.parametrize(("asked", "answered"), PAIRS)
def test_longer_names_of_a_question_and_its_answer_are_a_pair(tmp_path: Path, asked: str, answered: str) -> None:
    said = {
        asked: lambda i: f"Where is order {i} that I paid?",
        answered: lambda i: f"Number {i} left on day {i + 3} of May.",
    }
    path = tmp_path / "pairs.jsonl"
    rows = [{name: say(i) for name, say in said.items()} for i in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    data = curate.load(path)
    assert (data.task, data.roles.prompt, data.roles.completion) == ("sft", (asked,), (answered,))
