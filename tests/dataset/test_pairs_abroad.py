"""Texts that are judged together are known under the names of other languages, where the other half stands beside them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from curate.dataset import Dataset, load


def said(i: int, n: int = 1) -> str:
    told = "Haus {} der alten Straße ging {} an den Maler aus Nummer {}."
    return " ".join(told.format(i * 37 + k, 1700 + i * 3 + k, i) for k in range(n))


def of(folder: Path, columns: dict[str, tuple[int, int]], label: str) -> Dataset:
    """`columns`: where the texts of each begin, and how many sentences they have."""
    path = folder / "rows.tsv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow([*columns, label])
        for i in range(48):
            writer.writerow([*(said(i + start, n) for start, n in columns.values()), "abc"[i % 3]])
    return load(path)


PAIRS = [("句子1", "句子2", "标签"), ("premisa", "hipótesis", "etiqueta"), ("premissa", "hipotese", "julgamento"),
         ("Prämisse", "Hypothese", "Klasse"), ("前提", "仮説", "ラベル"), ("посылка", "гипотеза", "класс"),
         ("Satz1", "Satz2", "Etikett"), ("phrase_1", "phrase_2", "classe")]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "label"), PAIRS)
def test_both_of_a_pair_are_the_text(tmp_path: Path, one: str, other: str, label: str) -> None:
    dataset = of(tmp_path, {one: (0, 1), other: (60, 1)}, label)
    assert (dataset.task, dataset.roles.text, dataset.roles.label) == ("classification", (one, other), (label,))


CLAIMS = [("Behauptung", "Beleg"), ("Behauptung", "Dokument"), ("утверждение", "документ"), ("afirmación", "evidencia"),
          ("主张", "证据")]  # fmt: skip


@pytest.mark.parametrize(("claim", "page"), CLAIMS)
def test_a_claim_is_the_text_and_its_page_the_context(tmp_path: Path, claim: str, page: str) -> None:
    roles = of(tmp_path, {page: (60, 4), claim: (0, 1)}, "label").roles
    assert (roles.text, roles.context, roles.label) == ((claim,), (page,), ("label",))


@pytest.mark.parametrize("names", [("premisa", "Kunde"), ("Satz1", "Satz3"), ("Beleg", "Kunde"), ("prova", "esame")])
def test_one_of_them_alone_is_any_column(tmp_path: Path, names: tuple[str, str]) -> None:
    roles = of(tmp_path, {names[0]: (60, 2), names[1]: (0, 1)}, "label").roles
    assert (roles.text, roles.context) == ((names[0],), ())


ASKED_ABROAD = [("คำถาม", "คำตอบ"), ("Câu hỏi", "Trả lời"), ("Pertanyaan", "Jawaban"), ("سوال", "پاسخ"), ("שאלה", "תשובה"),
                ("Ερώτηση", "Απάντηση"), ("Otázka", "Odpověď"), ("Kérdés", "Válasz"), ("Întrebare", "Răspuns"),
                ("Fråga", "Svar"), ("Spørgsmål", "Svar"), ("Kysymys", "Vastaus"), ("প্রশ্ন", "উত্তর")]  # fmt: skip


@pytest.mark.parametrize(("asked", "answered"), ASKED_ABROAD)
def test_a_question_and_its_answer_are_known_in_other_languages(tmp_path: Path, asked: str, answered: str) -> None:
    dataset = of(tmp_path, {asked: (0, 1), answered: (60, 2)}, "id")
    assert (dataset.task, dataset.roles.prompt, dataset.roles.completion) == ("sft", (asked,), (answered,))
