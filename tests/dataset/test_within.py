"""Text inside the objects of a column is pointed at where nothing else of the data is text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from curate import load
from curate.dataset.within import prose_in_lists, prose_within, told_places, told_within
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
    assert told_within(data, prose_within(data)).endswith(ways)
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
        {"meta": lambda n: {"DE89 3704 0044 0532 0130 00": ASKED.format(n)}},
        {"meta": lambda n: {"note": ASKED.format(n)} if n % 9 else {}},  # rows without one would be refused
    ],
    ids=["text", "names", "notice", "address", "account", "not all"],
)
def test_what_is_no_text_or_not_needed_is_not_pointed_at(tmp_path: Path, cells: dict[str, Any]) -> None:
    assert prose_within(load(write(tmp_path / "t.jsonl", **cells))) == []


@pytest.mark.parametrize(
    ("fields", "ways"),
    [
        (("instruction", "input", "output"), "prompt=m/instruction prompt=m/input completion=m/output"),
        (("prompt", "chosen", "rejected"), "prompt=m/prompt chosen=m/chosen rejected=m/rejected"),
        (("body",), "text=m/body"),
    ],
)
def test_the_roles_that_are_named_are_those_that_the_fields_have_as_columns(
    tmp_path: Path, fields: tuple[str, ...], ways: str
) -> None:
    cells = {field: lambda n, field=field: f"{field} {ASKED.format(n)}" for field in fields}
    flat = load(write(tmp_path / "flat.jsonl", **cells))
    assert ways.split() == [f"{role}=m/{name}" for role, names in flat.roles.items() for name in names]
    data = load(write(tmp_path / "t.jsonl", m=lambda n: {field: cell(n) for field, cell in cells.items()}))
    assert told_within(data, prose_within(data)).endswith(" ".join(f"--role {way}" for way in ways.split()))


def test_text_in_lists_that_no_role_can_name_is_told_and_tokens_are_not(inside: Curate, tmp_path: Path) -> None:
    talk = lambda n: [{"input": ASKED.format(n), "output": ANSWERED.format(n), "tokens": ["a", "b", "c", "d"]}]  # noqa: E731
    path = write(tmp_path / "t.jsonl", turns_of_talk=talk, seen=[{"flag": "yes"}], lang="es")
    data = load(path)
    assert prose_in_lists(data) == ["turns_of_talk/*/input", "turns_of_talk/*/output"]
    said = "text stands inside lists (turns_of_talk/*/input, turns_of_talk/*/output), where no role reads it: make columns"
    assert said in inside("init", path, "--output", tmp_path / "c.toml").stderr
    beside = write(tmp_path / "u.jsonl", query=lambda n: ASKED.format(n), hits=lambda n: [ANSWERED.format(n)])
    assert "(hits/*), where no role reads it: rows that differ only there count as copies" in inside(
        "run", beside, "--no-train", "--out", tmp_path / "r"
    ).stderr
    chat = lambda n: [{"role": "user", "content": ASKED.format(n)}]  # noqa: E731
    assert prose_in_lists(load(write(tmp_path / "v.jsonl", messages=chat))) == []


def test_places_in_a_text_are_told_to_stay_as_they_are(tmp_path: Path) -> None:
    named = write(tmp_path / "spans.jsonl", text=lambda n: f"call anna on line {n}",
                  entities=[{"start": 5, "end": 9, "label": "NAME"}])  # fmt: skip
    assert told_places(load(named)) == "entities stays as it is: places in text that an edit moves have to be found again"
    listed = write(tmp_path / "doccano.jsonl", text=lambda n: f"call anna on line {n}", label=[[5, 9, "NAME"]])
    assert told_places(load(listed)).startswith("label stays")
    beyond = write(tmp_path / "other.jsonl", text=lambda n: f"call anna on line {n}", boxes=[[5, 900, 3, 4]])
    assert told_places(load(beyond)) == ""
