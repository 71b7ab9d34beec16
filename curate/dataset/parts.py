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


def parts(roles: Roles, task: str, column: Callable[[str], Column], n_rows: int) -> dict[str, pa.LargeStringArray]:
    """`prompt` and `response` of every row, and `rejected` for preferences; no nulls; empty for tasks without parts."""

    def read(*names: str) -> pa.LargeStringArray:
        if not names:
            return pa.array([""] * n_rows, pa.large_string())
        return read_together([column(name) for name in names], n_rows)

    if task == "sft":
        return {"prompt": read(*roles.prompt), "response": read(*roles.completion)}
    if task == "chat":
        prompt, response = _sides([column(name) for name in roles.messages], n_rows)
        return {"prompt": prompt, "response": response}
    if task == "preference":
        return {
            "prompt": read(*roles.messages, *roles.prompt),
            "response": read(*roles.chosen),
            "rejected": read(*roles.rejected),
        }
    if task == "unpaired_preference":
        if roles.completion:
            return {"prompt": read(*roles.messages, *roles.prompt), "response": read(*roles.completion)}
        prompt, response = _sides([column(name) for name in roles.messages], n_rows)
        return {"prompt": prompt, "response": response}
    return {}


def _sides(columns: list[Column], n_rows: int) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """What is said to the assistant, and what it says, in the order of the turns; set aside where it is large."""
    size = sum(column.array.nbytes for column in columns)
    if size < LARGE:
        return _sides_of(columns, n_rows)
    prompt, response = TextColumn(aside=True), TextColumn(aside=True)
    for start in range(0, n_rows, SLICE_ROWS):
        rows = slice(start, min(start + SLICE_ROWS, n_rows))
        asked, answered = _sides_of([column.slice(rows) for column in columns], rows.stop - rows.start)
        prompt.append(asked)
        response.append(answered)
    return prompt.array(), response.array()


def _sides_of(columns: list[Column], n_rows: int) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    said: tuple[list[list[str]], list[list[str]]] = ([[] for _ in range(n_rows)], [[] for _ in range(n_rows)])
    for column in columns:
        for row, text in enumerate(column.array.to_pylist()):
            value = None if text is None else loaded(text) if isinstance(text, str) else text
            for turn in value if isinstance(value, list) else [value]:
                said[_answers(turn)][row].append(flatten(turn))
    prompt, response = (pa.array(["\n".join(filter(None, row)) for row in side], pa.large_string()) for side in said)
    return prompt, response


def _answers(turn: Any) -> bool:
    return who(turn) in ASSISTANT
