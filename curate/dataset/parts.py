"""The parts of a row that a model is given and that it should answer: prompt, response, and the answer that lost.

Two rows may read alike as a whole and still differ in the one word that is the answer; engines that compare rows of
these tasks look at their parts as well. sft and unpaired preferences: prompt columns, completion columns. Chat: in
each conversation, the turns of the assistant (tool calls included) are the response, all others the prompt.
Preference: the prompt (or turns), `chosen` as the response, and `rejected`. Classification and text have no parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from curate.dataset.aside import LARGE, SLICE_ROWS, TextColumn
from curate.dataset.column import Column
from curate.dataset.content import flatten, loaded, read_together
from curate.dataset.turns import who
from curate.dataset.types import Roles

ASSISTANT = frozenset({"assistant", "gpt", "chatgpt", "bot", "chatbot", "model", "function_call"})
"""Names of the one who answers, in the shapes that conversations come in."""


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
        return {
            "prompt": read(*roles.messages, *roles.prompt),
            "response": read(*roles.chosen),
            "rejected": read(*roles.rejected),
        }
    if task == "unpaired_preference":
        return {"prompt": read(*roles.messages, *roles.prompt), "response": read(*roles.completion)}
    return {}


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
