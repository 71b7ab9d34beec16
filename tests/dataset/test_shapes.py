"""The shapes that fine-tuning data comes in: each is read for what it is, and written back in the very shape it had."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from curate.dataset import load
from curate.dataset.pointer import get, parse_pointer

REAL = Path(__file__).parents[3] / "shared" / "data" / "chat_formats"


def alpaca(i: int) -> dict[str, Any]:
    return {"instruction": f"Add {i} to itself", "input": "" if i % 2 else f"{i}", "output": f"It makes {2 * i} of them"}


def sharegpt(i: int) -> dict[str, Any]:
    said = [{"from": "human", "value": f"What is {i} times two?"}, {"from": "gpt", "value": f"That is {2 * i}, I think."}]
    return {"conversations": said, "system": "Be brief."}


def messages(i: int) -> dict[str, Any]:
    call = {"id": f"c{i}", "type": "function", "function": {"name": "add", "arguments": f'{{"a": {i}, "b": {i}}}'}}
    return {
        "messages": [
            {"role": "user", "content": f"Add {i} and {i}, please"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{i}", "content": str(2 * i)},
            {"role": "assistant", "content": f"The sum is {2 * i}."},
        ],
        "tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}],
    }


def function_call(i: int) -> dict[str, Any]:
    turns = [("human", f"Add {i} and {i}"), ("function_call", f'{{"name": "add", "arguments": {{"a": {i}}}}}'),
             ("observation", str(2 * i)), ("gpt", f"The sum is {2 * i}.")]  # fmt: skip
    tools = '[{"name": "add", "parameters": {"type": "object"}}]'
    return {"conversations": [{"from": who, "value": said} for who, said in turns], "tools": tools}


def dpo(i: int) -> dict[str, Any]:
    return {
        "conversations": [{"from": "human", "value": f"Say {i} in words"}],
        "chosen": {"from": "gpt", "value": f"The number {i} in words, as asked"},
        "rejected": {"from": "gpt", "value": f"No, {i} I will not"},
    }


def plain_dpo(i: int) -> dict[str, Any]:
    return {"prompt": f"Say {i} in words", "chosen": f"The number {i} in words", "rejected": f"No, {i} I will not"}


def kto(i: int) -> dict[str, Any]:
    said = [{"content": f"Say {i} in words", "role": "user"}, {"content": f"The number {i}", "role": "assistant"}]
    return {"messages": said, "label": bool(i % 2)}


SHAPES = {
    "alpaca": (alpaca, "sft", "output"),
    "sharegpt": (sharegpt, "chat", "conversations/1/value"),
    "messages": (messages, "chat", "messages/3/content"),
    "function_call": (function_call, "chat", "conversations/3/value"),
    "dpo": (dpo, "preference", "chosen/value"),
    "plain_dpo": (plain_dpo, "preference", "rejected"),
    "kto": (kto, "unpaired_preference", "messages/1/content"),
}


def spelled(rows: list[dict[str, Any]], form: str) -> bytes:
    if form == "jsonl":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    return json.dumps(rows, indent=2, ensure_ascii=False).encode()


@pytest.mark.parametrize("form", ["jsonl", "json"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_known_and_comes_back_as_it_was(shape: str, form: str, tmp_path: Path) -> None:
    make, task, pointer = SHAPES[shape]
    rows = [make(i) for i in range(40)]
    path = tmp_path / f"data.{form}"
    path.write_bytes(spelled(rows, form))
    data = load(path)
    assert data.task == task
    data.write(tmp_path / f"same.{form}")
    assert (tmp_path / f"same.{form}").read_bytes() == path.read_bytes()
    data.write(tmp_path / f"some.{form}", rows=[*range(5), *range(7, 40)], edits={3: {pointer: "[MASKED] é"}})
    expected = json.loads(json.dumps(rows))
    name, steps = parse_pointer(pointer)
    holder = get(expected[3][name], steps[:-1]) if steps else expected[3]
    last = steps[-1] if steps else name
    holder[int(last) if isinstance(holder, list) else last] = "[MASKED] é"
    assert (tmp_path / f"some.{form}").read_bytes() == spelled([*expected[:5], *expected[7:]], form)


@pytest.mark.parametrize("name", ["alpaca_en_demo", "dpo_en_demo", "glaive_toolcall_en_demo", "kto_en_demo"])
@pytest.mark.skipif(not REAL.is_dir(), reason="the public data sets are not on this machine")
def test_files_as_users_have_them_come_back_to_the_byte(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.json"
    path.write_bytes(gzip.decompress((REAL / f"{name}.json.gz").read_bytes()))
    data = load(path)
    data.write(tmp_path / "same.json")
    assert (tmp_path / "same.json").read_bytes() == path.read_bytes()
    batch = next(iter(data.strings()))
    row, pointer = int(batch.rows[5]), batch.fields[5]
    data.write(tmp_path / "some.json", edits={row: {pointer: "[MASKED]"}})
    before, after = json.loads(path.read_bytes()), json.loads((tmp_path / "some.json").read_bytes())
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert changed == [row]
    lines, again = (set(file.read_bytes().splitlines()) for file in (path, tmp_path / "some.json"))
    assert len(lines - again) <= 1  # one line is spelled anew, and no other
