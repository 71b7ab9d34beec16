"""What engines read of a row: one text, one label, groups and splits, and every string with its place."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset.aside import SLICE_ROWS, in_one_piece, in_slices
from curate.dataset.column import Column
from curate.dataset.jsontext import encode
from curate.dataset.names import SPLIT_WORDS, plain
from curate.dataset.pointer import escape
from curate.dataset.turns import plainly_said, said
from curate.dataset.types import Roles, Strings

BATCH_ROWS = 50_000
_METADATA_ROLES = ("label", "group", "split", "source", "author", "thread", "time", "weight")


def content(roles: Roles, task: str, names: tuple[str, ...], column: Callable[[str], Column], n_rows: int) -> pa.Array:
    """One text a row, the parts joined by line ends; null and empty parts are left out.

    classification and text: the text. sft: prompt, completion. chat: the turns in order. preference: prompt (or turns),
    chosen, rejected. unpaired_preference: prompt and completion, or turns. A table without text (numbers and
    categories) reads as `column: value` lines of the columns that play no role.
    """
    order = {
        "classification": ("text",),
        "text": ("text",),
        "sft": ("prompt", "completion"),
        "chat": ("messages",),
        "preference": ("messages", "prompt", "chosen", "rejected"),
        "unpaired_preference": ("messages", "prompt", "completion"),
    }[task]
    wanted = [name for role in order for name in getattr(roles, role)]
    if wanted:
        return read_together([column(name) for name in dict.fromkeys(wanted)], n_rows)
    metadata = {name for role in _METADATA_ROLES for name in getattr(roles, role)}
    plain = [name for name in names if name not in metadata]
    pairs = [pc.binary_join_element_wise(_text(name), as_text(column(name)), _text(": ")) for name in plain]
    return joined(pairs, n_rows)


def read_together(columns: list[Column], n_rows: int) -> pa.LargeStringArray:
    """Columns as one text a row, joined by line ends; set aside where it is large."""
    turns = [holds_turns(column.array) for column in columns]
    if len(columns) == 1 and not columns[0].json and not turns[0] and not columns[0].array.null_count:
        return readable(columns[0], turns=False)

    def some(rows: slice) -> pa.LargeStringArray:
        slices = [column.slice(rows) for column in columns]
        return joined([readable(*each) for each in zip(slices, turns, strict=True)], rows.stop - rows.start)

    return in_slices(n_rows, sum(column.array.nbytes for column in columns), some)


def joined(parts: list[pa.Array], n_rows: int) -> pa.LargeStringArray:
    """Texts joined by line ends; null and empty ones are left out."""
    if not parts:
        return pa.array([""] * n_rows, pa.large_string())
    if len(parts) == 1:
        return parts[0].fill_null("")
    parts = [pc.if_else(pc.equal(part, ""), _text(None), part) for part in parts]
    some = reduce(pc.or_, (part.is_valid() for part in parts))
    parts[0] = pc.if_else(some, parts[0], _text(""))  # pyarrow leaves out the rows of which it would skip every part
    return pc.binary_join_element_wise(*parts, _text("\n"), null_handling="skip")


def _text(value: str | None) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def readable(column: Column, turns: bool) -> pa.Array:
    """A column as texts: conversations and turns flattened to what is said, other values as they print.

    `turns` says whether its plain strings hold conversations (`holds_turns`).
    """
    array = column.array
    if not column.json:
        if pa.types.is_large_string(array.type) and not turns:
            return array
        if not pa.types.is_large_string(array.type):
            return as_text(column)
    # Not all at once: a conversation is many objects.
    return in_one_piece([
        pa.array([None if text is None else flatten(loaded(text)) for text in piece.to_pylist()], pa.large_string())
        for piece in (array.slice(at, SLICE_ROWS) for at in range(0, max(1, len(array)), SLICE_ROWS))
    ])  # fmt: skip


def holds_turns(array: pa.Array) -> bool:
    """Whether a plain string column holds conversations as JSON text (CSV files do)."""
    if not pa.types.is_large_string(array.type):
        return False
    head = [text for text in array.slice(0, 50).to_pylist() if text]
    return bool(head) and all(text.startswith(("[{", "[ {")) and isinstance(loaded(text), list) for text in head)


def loaded(text: str) -> Any:
    """The value of a JSON text; the text itself where it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text


def flatten(value: Any) -> str:
    """What a conversation, a turn or another value says, as one text.

    A turn's text is `content` or what `turns` names instead; it may be a list of parts (OpenAI, Gemini), of which the text
    counts. Tool calls are part of what is said. Of answers with their places (SQuAD), each text counts once.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(flatten, value)))
    if isinstance(value, dict):
        text = plainly_said(value)
        if text is not None:
            return text
        if "role" in value or "from" in value or "content" in value:
            parts = [flatten(said(value))]
            parts += [encode(value[key]) for key in ("tool_calls", "function_call") if value.get(key)]
            return "\n".join(filter(None, parts))
        if (value.get("type") == "text" or len(value) == 1) and isinstance(value.get("text"), str):
            return str(value["text"])
        return "\n".join(answers_in(value) if is_answer(value) else ()) or encode(value)
    return "" if value is None else encode(value)


def is_answer(value: Any) -> TypeGuard[dict[str, Any] | list[Any]]:
    """SQuAD's `{"text": [...], "answer_start": [...]}`, TriviaQA's `{"value": ..., "aliases": [...]}`, DROP's
    `{"spans": [...], "types": [...]}`, and lists of such answers or of texts."""
    if isinstance(value, list):
        return all(isinstance(one, str) or (isinstance(one, dict) and is_answer(one)) for one in value)
    return isinstance(value, dict) and (
        (isinstance(value.get("text"), list | str) and "answer_start" in value)
        or ("aliases" in value and "value" in value)
        or (isinstance(value.get("spans"), list) and "types" in value)
    )


def answers_in(value: dict[str, Any] | list[Any]) -> list[str]:
    """The texts of such an answer, each once."""
    texts: list[Any]
    if isinstance(value, list):
        texts = [text for one in value for text in ([one] if isinstance(one, str) else answers_in(one))]
    else:
        held = next((value[key] for key in ("text", "value", "spans") if key in value), None)
        texts = held if isinstance(held, list) else [held]
    return list(dict.fromkeys(one for one in texts if isinstance(one, str) and one.strip()))


def as_text(column: Column) -> pa.LargeStringArray:
    """Values in canonical text: `1` for 1 and for 1.0, `true`, strings as they are, nested values as JSON."""
    array = column.array
    if column.json:
        values = [None if text is None else _canonical_text(json.loads(text)) for text in array.to_pylist()]
        return pa.array(values, pa.large_string())
    if pa.types.is_large_string(array.type):
        return array
    if pa.types.is_boolean(array.type):
        return pc.if_else(array, _text("true"), _text("false"))
    if pa.types.is_integer(array.type):
        return array.cast(pa.large_string())
    return pa.array([_canonical_text(value) for value in array.to_pylist()], pa.large_string())


def _canonical_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if value.is_integer() and abs(value) < 2**63:
            return str(int(value))
    return encode(value)


def categories(column: Column) -> pa.LargeStringArray:
    """Canonical text of a label or group; empty and blank cells are null, because they name no class."""
    text = as_text(column)
    encoded, words = _words(text)
    return words.take(encoded.indices) if words.null_count else text


def _words(text: pa.LargeStringArray) -> tuple[pa.DictionaryArray, pa.LargeStringArray]:
    """(the texts by number, what each number says, null where it is blank): few words are looked at for many rows."""
    encoded = text.dictionary_encode()
    blank = pc.equal(pc.utf8_trim_whitespace(encoded.dictionary), "")
    return encoded, pc.if_else(blank, _text(None), encoded.dictionary)


def weights(column: Column) -> npt.NDArray[np.float64]:
    """What each row counts; cells that are no finite number count 1. ValueError where one is negative."""
    cells = as_text(column).to_pylist()
    found = np.ones(len(cells))
    for i, cell in enumerate(cells):
        try:
            number = float(cell) if cell is not None else 1.0
        except ValueError:
            continue
        if number < 0:
            raise ValueError(f"row {i} has a negative weight")
        found[i] = number if math.isfinite(number) else 1.0
    return found


def splits(column: Column) -> pa.LargeStringArray:
    """Split names: `train`, `validation`, `test` under any of their usual names, others as they are."""
    encoded, words = _words(as_text(column))
    named = [None if word is None else SPLIT_WORDS.get(plain(word), word) for word in words.to_pylist()]
    return pa.array(named, pa.large_string()).take(encoded.indices)


def strings(places: Mapping[str, str], column: Callable[[str], Column]) -> Iterator[Strings]:
    """Every string value and nested key of every row in batches, column by column; JSON in strings comes as it is.

    `places` has the pointer of each column by its name.
    """
    for name, place in places.items():
        view = column(name)
        if not pa.types.is_large_string(view.array.type):
            continue
        for start in range(0, len(view.array), BATCH_ROWS):
            part = view.array.slice(start, BATCH_ROWS)
            batch = _nested_strings(place, part, start) if view.json else _plain_strings(place, part, start)
            if len(batch.fields) or batch.keys:
                yield batch


def _plain_strings(place: str, part: pa.Array, start: int) -> Strings:
    rows = np.flatnonzero(np.asarray(part.is_valid())).astype(np.int64)
    return Strings(rows + start, [place] * len(rows), part.drop_null(), place)


def _nested_strings(place: str, part: pa.Array, start: int) -> Strings:
    rows: list[int] = []
    fields: list[str] = []
    texts: list[str] = []
    keys: dict[str, list[int]] = {}

    def walk(value: Any, row: int, pointer: str) -> None:
        if isinstance(value, str):
            rows.append(row)
            fields.append(pointer)
            texts.append(value)
        elif isinstance(value, dict):
            for key, item in value.items():
                seen = keys.setdefault(key, [])
                if not seen or seen[-1] != row:
                    seen.append(row)
                walk(item, row, f"{pointer}/{escape(key)}")
        elif isinstance(value, list):
            for i, item in enumerate(value):
                walk(item, row, f"{pointer}/{i}")

    for row, text in enumerate(part.to_pylist(), start):
        if text is not None:
            walk(loaded(text), row, place)
    return Strings(np.array(rows, np.int64), fields, pa.array(texts, pa.large_string()), place, keys)
