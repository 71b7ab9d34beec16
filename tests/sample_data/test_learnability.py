"""The tickets can be learned, not perfectly, and wrong labels cost something."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

FOLDER = Path(__file__).parents[2] / "sample_data"


def _read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def test_clean_labels_teach_about_nineteen_in_twenty_and_planted_ones_less() -> None:
    rows, truth = _read("support_tickets.jsonl"), _read("support_tickets.truth.jsonl")
    right = {t["row"]: t["true"] for t in truth if t["kind"] == "wrong_label"}
    spelt = {t["row"]: t["canonical"] for t in truth if t["kind"] == "label_spelling"}
    leaked = {t["train_row"] for t in truth if t["kind"] == "leak"}
    train = [i for i, r in enumerate(rows) if r["split"] == "train" and i not in leaked]
    test = [r for r in rows if r["split"] == "test"]
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=3)
    x, x_test = vectors.fit_transform([rows[i]["text"] for i in train]), vectors.transform([r["text"] for r in test])

    def accuracy(labels: list[str]) -> float:
        model = LogisticRegression(C=10, max_iter=40, tol=1e-3).fit(x, labels)
        return float(model.score(x_test, [r["intent"] for r in test]))

    noisy = accuracy([spelt.get(i, rows[i]["intent"]) for i in train])
    clean = accuracy([right.get(i) or spelt.get(i) or rows[i]["intent"] for i in train])
    assert 0.90 <= clean <= 0.965
    assert clean - noisy >= 0.01
