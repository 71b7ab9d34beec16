"""Tables of one word a row, and columns that few rows fill: what is read of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from curate.dataset import load
from curate.errors import ConfigError

WORDS = ["Anna", "met", "the", "mayor", "of", "Genoa", "on", "Monday", "and", "the", "mayor", "of", "Turin", "on", "Friday"]
TAGS = ["B-PER", "O", "O", "O", "O", "B-LOC", "O", "O", "O", "O", "O", "O", "B-LOC", "O", "O"]


def _table(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    "row",
    [
        lambda i, w, t: {"Sentence #": "" if i else "Sentence: 1", "Word": w, "POS": "NN", "Tag": t},
        lambda i, w, t: {"sentence_id": "7", "words": w, "labels": t},
        lambda i, w, t: {"Sentence #": "Sentence: 1", "Word": w, "Tag": t},
        lambda i, w, t: {"sentence": " ".join(WORDS), "token": w, "ner": t},
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_table_of_one_word_a_row_is_refused_unless_a_role_is_given(tmp_path: Path, row: Any, suffix: str) -> None:
    rows = [row(i, w, t) for _ in range(4) for i, (w, t) in enumerate(zip(WORDS, TAGS, strict=True))]
    path = _table(tmp_path / f"words{suffix}", rows)
    word = next(name for name in rows[0] if name.lower() in ("word", "words", "token"))
    with pytest.raises(ConfigError, match=f"each row holds one word \\('{word}'\\).*--role text={word}"):
        load(path)
    assert load(path, roles={"text": word}).n_rows == 60


def test_sentences_with_tags_of_their_own_and_glossaries_are_read(tmp_path: Path) -> None:
    rows = [{"text": f"{WORDS[i % 15]} went home {i} times", "label": TAGS[i % 15]} for i in range(60)]
    assert load(_table(tmp_path / "a.csv", rows)).roles.text == ("text",)
    rows = [{"term": f"{WORDS[i % 15]}{i}", "meaning": f"{WORDS[i * 7 % 15]}s"} for i in range(60)]
    assert load(_table(tmp_path / "b.csv", rows)).roles.text == ("term",)


def test_prose_that_all_rows_have_is_read_before_a_remark_that_few_have(tmp_path: Path) -> None:
    rows = [{"comment": "see below" if i % 20 == 0 else "", "was passierte": f"Der Kunde {i} rief wegen Rechnung {i} an"}
            for i in range(60)]  # fmt: skip
    assert load(_table(tmp_path / "a.csv", rows)).roles.text == ("was passierte",)
    rows = [{"comment": row["was passierte"], "was passierte": row["comment"]} for row in rows]
    assert load(_table(tmp_path / "b.csv", rows)).roles.text == ("comment",)


def test_sequences_are_read_and_not_their_names_or_hashes(tmp_path: Path) -> None:
    rows = [{"entry": f"P{i:05d}", "sha": f"{i * 7919:064x}", "residues": f"MKV{i}" + "ACDEFGHIK" * (9 + i % 5)}
            for i in range(60)]  # fmt: skip
    assert load(_table(tmp_path / "a.csv", rows)).roles.text == ("residues",)
    rows = [{"term": f"{WORDS[i % 15]}{i}", "ta": "டெக்னிகல்" + str(i)} for i in range(60)]
    assert load(_table(tmp_path / "b.csv", rows)).roles.text == ("term",)
