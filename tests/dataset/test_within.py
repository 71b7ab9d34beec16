"""Text inside the objects of a column is pointed at where nothing else of the data is text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from curate import load
from curate.dataset.within import prose_within, told_within
from tests.conftest import Curate

ASKED = "¿Dónde está el pedido {}? Lo espero desde el lunes."
ANSWERED = "注文番号{}の商品は明日の午前中に発送いたします。"


def write(path: Path, **cells: Any) -> Path:
    """Sixty rows; a cell is a value, or a function of the row's number."""
    rows = [{name: cell(n) if callable(cell) else cell for name, cell in cells.items()} for n in range(60)]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return path


def test_a_question_and_its_answer_inside_a_column_are_named_with_the_options_that_read_them(
    inside: Curate, tmp_path: Path
) -> None:
    talk = lambda n: {"question": ASKED.format(n), "answer": ANSWERED.format(n), "at": "2026-01-02"}  # noqa: E731
    path = write(tmp_path / "t.jsonl", uid=lambda n: n, talk=talk, meta={"tags": ["a b c d e"], "lang": "es"})
    data = load(path)
    assert prose_within(data) == ["talk/question", "talk/answer"]
    ways = "--role prompt=talk/question --role completion=talk/answer"
    assert told_within(prose_within(data)).endswith(ways)
    done = inside("pii", path, "--out", tmp_path / "r")
    assert ways in done.stderr.splitlines()[1]
    assert prose_within(load(path, roles={"prompt": "talk/question", "completion": "talk/answer"})) == []
    assert ways in inside("init", path, "--output", tmp_path / "c.toml").stderr


@pytest.mark.parametrize(
    "cells",
    [
        {"text": "a sentence of its own", "meta": lambda n: {"note": ASKED.format(n)}},  # there is a text
        {"meta": lambda n: {"city": f"Town {n}", "id": f"x-{n}"}},  # no prose
        {"meta": {"notice": "this notice stands in every row alike"}},
        {"meta": lambda n: {"ada@example.org": ASKED.format(n)}},  # a key that may be private
        {"meta": lambda n: {"note": ASKED.format(n)} if n % 9 == 0 else {}},  # in few rows
    ],
    ids=["text", "names", "notice", "key", "few"],
)
def test_what_is_no_text_or_not_needed_is_not_pointed_at(tmp_path: Path, cells: dict[str, Any]) -> None:
    assert prose_within(load(write(tmp_path / "t.jsonl", **cells))) == []
