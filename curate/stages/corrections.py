"""The rows that corrected answers make: the row they are about with the correction as its answer, or a row of its shape.

Where people corrected an answer to the very words of a row, the new row is derived from it: same prompt columns, same
metadata, same split, the plan's own edits of the prompt, and the correction where the row's answer stands (the completion,
the chosen answer, the turn that answers the question). Where the prompt is only like a row's, the asked words take the
place of the row's: an instruction that stands in them word for word keeps its own column, the rest goes into the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from curate.dataset import Dataset
from curate.dataset.content import flatten, loaded
from curate.dataset.inner import holder_of, in_columns
from curate.dataset.parts import ASSISTANT
from curate.dataset.pointer import parse_pointer
from curate.dataset.turns import said_key, who
from curate.ledger.added import from_parent
from curate.stages.against import USERS

_CALLERS = frozenset({"function_call"})
"""Names under which ShareGPT writes calls of tools, as turns of their own."""


def corrected_row(
    dataset: Dataset, row: int, prompt: str, correction: str, *, same: bool, output: str = "", system: str = ""
) -> str | None:
    """The `replacement` of an `add` finding; None where the shape of the data has no place for a correction.

    `same`: whether the prompt says what the row says. `output` is the answer that was rated, `system` the row's own
    opening, both without personal data.
    """
    roles, task = dataset.roles, dataset.task
    if task == "classification":
        if len(roles.text) != 1 or not roles.label:
            return None  # which of several texts was rated is not said
        return _whole(dataset, {roles.text[0]: prompt, roles.label[0]: correction})
    if task == "sft":
        if not all(isinstance(_cell(dataset, name, row) or "", str) for name in (*roles.prompt, roles.completion[0])):
            return None
        if same:
            return from_parent({}, {dataset.pointer_of(roles.completion[0]): correction})
        asked = _shared_out(prompt, [str(_cell(dataset, name, row) or "") for name in roles.prompt])
        return _whole(dataset, {**dict(zip(roles.prompt, asked, strict=True)), roles.completion[0]: correction})
    if task == "chat":
        return _turns(dataset, row, prompt, correction, same=same, system=system)
    plain = (isinstance(_cell(dataset, name, row), str) for name in (*roles.chosen[:1], *roles.rejected[:1]))
    if task == "preference" and same and all(plain):
        lost = {dataset.pointer_of(roles.rejected[0]): output} if output else {}
        return from_parent({}, {dataset.pointer_of(roles.chosen[0]): correction, **lost})
    return None


def answer_turn(turns: Any) -> int | None:
    """Which turn answers the longest question of a conversation, in the place of its list; None where none does.

    The words that the asker reads before going on, rather than a call of a tool on the way to them.
    """
    if not isinstance(turns, list):
        return None
    asked = [(len(flatten(t)), -n) for n, t in enumerate(turns) if who(t) in USERS]
    if not asked:
        return None
    found: list[int] = []
    for n in range(1 - max(asked)[1], len(turns)):
        if found and who(turns[n]) in USERS and not _are(_parts(turns[n]), "tool_result"):
            break
        if who(turns[n]) in ASSISTANT and said(turns[n]).strip():
            found.append(n)
    return min(found, key=lambda n: (_calls(turns[n]), not words_of(turns[n]).strip(), n), default=None)


def answer_place(dataset: Dataset, row: int) -> str | None:
    """The pointer of the one text of the turn that answers the longest question; None where there is no such text."""
    turns = _read(dataset, row)
    at = answer_turn([turn for _, turn in turns])
    if at is None:
        return None
    (place, turn), key = turns[at], _key(turns[at][1])
    within = None if key is None or _calls(turn) else _one_text(turn[key])
    return None if place is None or key is None or within is None else f"{place}/{key}{within}"


def answer_of(dataset: Dataset, row: int) -> str:
    """What the turn says that answers the longest question of a conversation; empty where none does."""
    return turn_that_answers([turn for _, turn in _read(dataset, row)])


def turn_that_answers(turns: Any) -> str:
    """The same of turns that stand by themselves."""
    at = answer_turn(turns)
    return "" if at is None else said(turns[at])


def last_answer(turns: Sequence[Any]) -> Any:
    """Of turns that were written as an answer, the one that the asker reads; None where there is none."""
    answers = [turn for turn in turns if who(turn) in ASSISTANT and not _calls(turn) and words_of(turn).strip()]
    return answers[-1] if answers else None if not turns or who(turns[-1]) in USERS else turns[-1]


def said(turn: Any) -> str:
    """What a turn says: its words; where it has none, the tools that it calls or whatever else it holds."""
    words = words_of(turn)
    return words if words.strip() else flatten(turn)


def words_of(turn: Any) -> str:
    """The text of a turn, also where it comes in parts; calls of tools, pictures and the like are no text."""
    key = _key(turn)
    if key is None or who(turn) in _CALLERS:
        return ""
    if isinstance(turn[key], str):
        return str(turn[key])
    return "\n".join(filter(None, map(_part_text, _parts(turn))))


def opening(dataset: Dataset, row: int) -> str:
    """What a conversation is told before anyone asks: its system turn, raw; empty where it has none."""
    told = next((turn for _, turn in _read(dataset, row)), None)
    return words_of(told) if who(told) == "system" else ""


def _turns(dataset: Dataset, row: int, prompt: str, correction: str, *, same: bool, system: str) -> str | None:
    name, place = dataset.roles.messages[0], answer_place(dataset, row)
    if same and place is not None:
        return from_parent({}, {place: correction})
    turns = [turn for _, turn in _read(dataset, row) if isinstance(turn, dict)]
    sharegpt = bool(turns) and turns[0].get("from") is not None
    who, what = ("from", "value") if sharegpt else ("role", "content")
    user, assistant = ("human", "gpt") if sharegpt else ("user", "assistant")
    in_parts = any(isinstance(turn.get(what), list) for turn in turns)
    told = [("system", system)] if system else []
    made = [
        {who: name, what: [{"type": "text", "text": text}] if in_parts else text}
        for name, text in (*told, (user, prompt), (assistant, correction))
    ]
    return _whole(dataset, {name: made if dataset.is_json(name) else orjson.dumps(made).decode()})


def _whole(dataset: Dataset, values: Mapping[str, Any]) -> str | None:
    """A row of its own, from values by the names that roles have for their columns; None where one lies in a list."""
    inside = (parse_pointer(name)[1] for name in values if holder_of(name, dataset.columns))
    if any(step.isdigit() for path in inside for step in path):
        return None
    return orjson.dumps(in_columns(values, dataset.columns)).decode()


def _read(dataset: Dataset, row: int) -> list[tuple[str | None, Any]]:
    """The turns of a row and the pointer of each, which is None where they are the JSON of a text (CSV)."""
    out: list[tuple[str | None, Any]] = []
    for name in dataset.roles.messages:
        cell, place = dataset.values(name)[row].as_py(), dataset.pointer_of(name) if dataset.is_json(name) else None
        value = loaded(cell) if isinstance(cell, str) else cell
        if isinstance(value, list):
            out += [(None if place is None else f"{place}/{n}", turn) for n, turn in enumerate(value)]
        elif value is not None:
            out.append((place, value))
    return out


def _cell(dataset: Dataset, name: str, row: int) -> Any:
    """What a cell holds: a text, or a value such as turns."""
    cell = dataset.values(name)[row].as_py()
    return loaded(cell) if cell is not None and dataset.is_json(name) else cell


def _key(turn: Any) -> str | None:
    """The key that holds what a turn says."""
    return said_key(turn) if isinstance(turn, dict) else None


def _calls(turn: Any) -> bool:
    """Whether a turn calls a tool."""
    if not isinstance(turn, dict):
        return False
    return bool(turn.get("tool_calls") or turn.get("function_call") or who(turn) in _CALLERS
                or any(_are([part], "tool_use") for part in _parts(turn)))  # fmt: skip


def _parts(turn: Any) -> list[Any]:
    key = _key(turn)
    return turn[key] if key is not None and isinstance(turn[key], list) else []


def _are(parts: Sequence[Any], kind: str) -> bool:
    return bool(parts) and all(isinstance(part, dict) and part.get("type") == kind for part in parts)


def _part_text(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def _one_text(value: Any) -> str | None:
    """Where in what a turn says its text stands, as the end of a pointer; None where it is not one text alone."""
    if isinstance(value, str):
        return ""
    if not isinstance(value, list) or len(value) != 1 or not _part_text(value[0]):
        return None
    return "/0/text" if isinstance(value[0], dict) else "/0"


def _shared_out(prompt: str, columns: Sequence[str]) -> list[str]:
    """The asked words, shared among as many columns as the row has for its prompt."""
    out, left = [""] * len(columns), prompt.strip()
    for n, held in enumerate(columns[:-1]):
        part = held.strip()
        if part and left.startswith(part) and left != part:
            out[n], left = part, left[len(part) :].strip()
        elif n == 0:
            break
    first = next((n for n, held in enumerate(out) if not held), len(out) - 1)
    out[first] = left
    return out
