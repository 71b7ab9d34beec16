"""The rows that corrected answers make: the row they are about with the correction as its answer, or a row of its shape.

Where people corrected an answer to the very words of a row, the new row is derived from it: same prompt columns, same
metadata, same split, the plan's own edits of the prompt, and the correction where the row's answer stands (the completion,
the chosen answer, the turn that answers the question). Where the prompt is only like a row's, the asked words take the
place of the row's: an instruction that stands in them word for word keeps its own column, the rest goes into the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from curate.dataset import Dataset
from curate.dataset.content import flatten, loaded
from curate.dataset.parts import ASSISTANT
from curate.dataset.pointer import escape
from curate.ledger.added import from_parent
from curate.stages.against import USERS


def corrected_row(
    dataset: Dataset, row: int, prompt: str, correction: str, *, same: bool, output: str = "", system: str = ""
) -> str | None:
    """The `replacement` of an `add` finding; None where the shape of the data has no place for a correction.

    `same`: whether the prompt says what the row says. `output` is the answer that was rated, `system` the row's own
    opening, both without personal data.
    """
    roles, task = dataset.roles, dataset.task
    if task == "classification":
        made = {roles.text[0]: prompt, roles.label[0]: correction} if roles.text and roles.label else None
        return None if made is None else orjson.dumps(made).decode()
    if task == "sft":
        if same:
            return from_parent({}, {escape(roles.completion[0]): correction})
        asked = _shared_out(prompt, [str(dataset.values(name)[row].as_py() or "") for name in roles.prompt])
        return orjson.dumps({**dict(zip(roles.prompt, asked, strict=True)), roles.completion[0]: correction}).decode()
    if task == "chat":
        return _turns(dataset, row, prompt, correction, same=same, system=system)
    plain = (isinstance(dataset.values(name)[row].as_py(), str) for name in (*roles.chosen[:1], *roles.rejected[:1]))
    if task == "preference" and same and all(plain):
        lost = {escape(roles.rejected[0]): output} if output else {}
        return from_parent({}, {escape(roles.chosen[0]): correction, **lost})
    return None


def answer_turn(turns: Any) -> int | None:
    """Which turn answers the longest question of a conversation, in the place of its list; None where none does."""
    if not isinstance(turns, list):
        return None
    asked = [(len(flatten(t)), -n) for n, t in enumerate(turns) if _who(t) in USERS]
    if not asked:
        return None
    first = -max(asked)[1]
    return next((n for n, t in enumerate(turns) if n > first and _who(t) in ASSISTANT and _key(t) is not None), None)


def answer_place(dataset: Dataset, row: int) -> str | None:
    """The pointer of the turn that answers the longest question of a conversation; None where none does."""
    turns = _read(dataset, row)
    at = answer_turn(turns)
    return None if at is None else f"{escape(dataset.roles.messages[0])}/{at}/{escape(str(_key(turns[at])))}"


def answer_of(dataset: Dataset, row: int) -> str:
    """What the turn says that answers the longest question of a conversation; empty where none does."""
    return turn_that_answers(_read(dataset, row))


def turn_that_answers(turns: Any) -> str:
    """The same of turns that stand by themselves."""
    at = answer_turn(turns)
    return "" if at is None else str(turns[at][_key(turns[at])])


def opening(dataset: Dataset, row: int) -> str:
    """What a conversation is told before anyone asks: its system turn, raw; empty where it has none."""
    turns = _read(dataset, row)
    told = turns[0] if isinstance(turns, list) and turns else None
    key = _key(told)
    return str(told[key]) if key is not None and isinstance(told, dict) and _who(told) == "system" else ""


def _turns(dataset: Dataset, row: int, prompt: str, correction: str, *, same: bool, system: str) -> str | None:
    name, turns, place = dataset.roles.messages[0], _read(dataset, row), answer_place(dataset, row)
    if same and place is not None:
        return from_parent({}, {place: correction})
    sharegpt = isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict) and "from" in turns[0]
    who, what = ("from", "value") if sharegpt else ("role", "content")
    user, assistant = ("human", "gpt") if sharegpt else ("user", "assistant")
    made = [{who: "system", what: system}] if system else []
    return orjson.dumps({name: [*made, {who: user, what: prompt}, {who: assistant, what: correction}]}).decode()


def _read(dataset: Dataset, row: int) -> Any:
    value = dataset.values(dataset.roles.messages[0])[row].as_py()
    return loaded(value) if isinstance(value, str) else value


def _who(turn: Any) -> str:
    said = turn.get("role", turn.get("from")) if isinstance(turn, dict) else None
    return said.strip().lower() if isinstance(said, str) else ""


def _key(turn: Any) -> str | None:
    """The key that holds what a turn says, where that is text."""
    if not isinstance(turn, dict):
        return None
    return next((key for key in ("content", "value") if isinstance(turn.get(key), str)), None)


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
