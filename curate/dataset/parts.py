"""The parts of a row that a model is given and that it should answer: prompt, response, and the answer that lost.

Two rows may read alike as a whole and still differ in the one word that is the answer; engines that compare rows of
these tasks look at their parts as well. sft and unpaired preferences: prompt columns, completion columns. Chat: in
each conversation, the turns of the assistant (tool calls included) are the response, all others the prompt.
Preference: the prompt (or turns), `chosen` as the response, and `rejected`; where these are whole conversations, the turns
with which both begin are no answer, and the prompt where no other is named. Classification and text have no parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from curate.dataset.aside import LARGE, SLICE_ROWS, TextColumn
from curate.dataset.column import Column
from curate.dataset.content import flatten, holds_turns, loaded, read_together
from curate.dataset.turns import who
from curate.dataset.types import Roles

ASSISTANT = frozenset({"assistant", "gpt", "chatgpt", "bot", "chatbot", "model", "function_call"})
"""Names of the one who answers, in the shapes that conversations come in."""


_WRITTEN = "\n\nHuman: "
_TURN = re.compile(r"\n\n(Human|Assistant): ?(.*?)(?=\n\n(?:Human|Assistant):|\Z)", re.DOTALL)
"""A turn of a conversation that is written as one text, as in Anthropic's pairs."""
_LOOKED_AT = 100
"""Rows that say whether pairs of answers are whole conversations."""


def reads_turns(roles: Roles, task: str) -> bool:
    """Whether the parts are the sides of conversations."""
    return task == "chat" or (task == "unpaired_preference" and not roles.completion)


def parts(roles: Roles, task: str, column: Callable[[str], Column], n_rows: int) -> dict[str, pa.LargeStringArray]:
    """`prompt` and `response` of every row, and `rejected` for preferences; no nulls; empty for tasks without parts."""

    def read(*names: str) -> pa.LargeStringArray:
        if not names:
            return pa.array([""] * n_rows, pa.large_string())
        return read_together([column(name) for name in names], n_rows)

    if reads_turns(roles, task):
        prompt, response = _sides([column(name) for name in dict.fromkeys(roles.messages)], n_rows)
        return {"prompt": prompt, "response": response}
    if task == "sft":
        return {"prompt": read(*roles.prompt), "response": read(*roles.completion)}
    if task == "preference":
        asked = (*roles.messages, *roles.prompt)
        told = {"prompt": read(*asked), "response": read(*roles.chosen), "rejected": read(*roles.rejected)}
        if len(roles.chosen) == len(roles.rejected) == 1:
            begun = _after_the_beginning(column(roles.chosen[0]), column(roles.rejected[0]))
            told |= {} if begun is None else {k: v for k, v in begun.items() if k != "prompt" or not asked}
        return told
    if task == "unpaired_preference":
        return {"prompt": read(*roles.messages, *roles.prompt), "response": read(*roles.completion)}
    return {}


def _after_the_beginning(chosen: Column, rejected: Column) -> dict[str, pa.LargeStringArray] | None:
    """Prompt, response and rejected of two columns of conversations that begin alike; None where none of the first do."""
    turns = [_talk(one) for one in (chosen, rejected)]
    if not any(_in_common(*pair) for pair in zip(*(read(slice(0, _LOOKED_AT)) for read in turns), strict=True)):
        return None
    n = len(chosen.array)
    large = chosen.array.nbytes + rejected.array.nbytes >= LARGE
    told = {name: TextColumn(aside=large) for name in ("prompt", "response", "rejected")}
    for start in range(0, n, SLICE_ROWS):
        rows: list[tuple[str, str, str]] = []
        for better, worse in zip(*(read(slice(start, min(start + SLICE_ROWS, n))) for read in turns), strict=True):
            k = _in_common(better, worse)
            begun = better[:k] if isinstance(better, list) else None
            rest = [value[k:] if isinstance(value, list) else value for value in (better, worse)]
            rows.append((flatten(begun), flatten(rest[0]), flatten(rest[1])))
        for texts, one in zip(told.values(), zip(*rows, strict=True), strict=True):
            texts.append(pa.array(one, pa.large_string()), n)
    return {name: texts.array() for name, texts in told.items()}


def _talk(column: Column) -> Callable[[slice], list[Any]]:
    """The values of some rows, conversations as lists of turns, also those that are written as one text."""
    nested = column.json or holds_turns(column.array)

    def turns(value: Any) -> Any:
        if nested or not isinstance(value, str) or not value.startswith(_WRITTEN):
            return loaded(value) if nested and isinstance(value, str) else value
        return [{"from": found[1], "value": found[2]} for found in _TURN.finditer(value)]

    return lambda rows: list(map(turns, column.slice(rows).array.to_pylist()))


def _in_common(one: Any, other: Any) -> int:
    """Turns with which two conversations begin alike; the last of each is its answer."""
    if not (isinstance(one, list) and isinstance(other, list)):
        return 0
    most = max(0, min(len(one), len(other)) - 1)
    return next((i for i in range(most) if one[i] != other[i]), most)


def _sides(columns: list[Column], n_rows: int) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """What is said to the assistant, and what it says, in the order of the turns; set aside where it is large."""
    large = sum(column.array.nbytes for column in columns) >= LARGE
    prompt, response = TextColumn(aside=large), TextColumn(aside=large)
    for start in range(0, n_rows, SLICE_ROWS):  # not all at once: a conversation is many objects
        rows = slice(start, min(start + SLICE_ROWS, n_rows))
        asked, answered = _sides_of([column.slice(rows) for column in columns], rows.stop - rows.start)
        prompt.append(asked, n_rows)
        response.append(answered, n_rows)
    return prompt.array(), response.array()


def _sides_of(columns: list[Column], n_rows: int) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    asked: list[list[str]] = [[] for _ in range(n_rows)]
    answered: list[list[str]] = [[] for _ in range(n_rows)]
    for column in columns:
        for row, text in enumerate(column.array.to_pylist()):
            value = None if text is None else loaded(text) if isinstance(text, str) else text
            for turn in value if isinstance(value, list) else [value]:
                said = flatten(turn)
                if said:
                    (answered if _answers(turn) else asked)[row].append(said)
    prompt, response = (pa.array(map("\n".join, side), pa.large_string()) for side in (asked, answered))
    return prompt, response


def _answers(turn: Any) -> bool:
    name = turn.get("role") if type(turn) is dict else None
    return (name if type(name) is str and name in ASSISTANT else who(turn)) in ASSISTANT
