"""What the rows of a dataset hold for a model, by role: prompts, answers and turns, as texts or as messages.

Shapes: one item a row, in row order. Raises DataError where a role that the task needs is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from curate.dataset.content import answers_in, holds_turns, is_answer
from curate.errors import DataError
from train.filled import without_nulls
from train.turns import Conversation, conversation, loaded, transcript

if TYPE_CHECKING:
    from curate.dataset import Dataset

Tools = tuple[Mapping[str, Any], ...]
_OTHER_NAMES = {
    **dict.fromkeys(("input_schema", "inputSchema", "schema"), "parameters"),
    **dict.fromkeys(("function", "api_name"), "name"),
}
_OF_CALLS = (("type", "function"), ("type", "custom"))
_DEFINING = frozenset((
    "function", "parameters", "description", "input_schema", "inputSchema", "type", "schema", "api_name",
))  # fmt: skip
_UNWANTED = {"false", "0", "0.0", "no", "bad", "rejected", "undesirable", ""}


def prompt_and_completion(dataset: Dataset) -> Iterator[tuple[str | Conversation, str | Conversation]]:
    """The prompt and the answer of each row: texts, the columns of a role joined by a blank line, or messages where one
    column holds turns."""
    sides = [_joined(dataset, role) for role in ("prompt", "completion")]
    talks = [_holds_turns(dataset, role) for role in ("prompt", "completion")]
    for row in zip(*sides, strict=True):
        asked, answer = ((talk and conversation(part)) or part for part, talk in zip(row, talks, strict=True))
        yield asked, answer


def chat_parts(dataset: Dataset) -> list[Conversation]:
    """The conversation of each row."""
    (column, *_rest) = dataset.roles.messages or _missing(dataset.task, "messages")
    return [conversation(value) for value in dataset.values(column).to_pylist()]


def preference_parts(dataset: Dataset) -> Iterator[tuple[str | Conversation, ...]]:
    """Prompt, chosen and rejected answer of each row: texts, or messages where they hold or write turns."""
    role = "prompt" if dataset.roles.prompt else "messages"  # some sets keep the turns before the answer as messages
    prompts = _joined(dataset, role) if getattr(dataset.roles, role) else [""] * dataset.n_rows
    for row in zip(prompts, _joined(dataset, "chosen"), _joined(dataset, "rejected"), strict=True):
        yield tuple(conversation(part) or transcript(part) or part for part in row)


def wanted(dataset: Dataset) -> list[bool | None]:
    """Whether each row's answer is marked as wanted; None where nothing is marked."""
    labels = dataset.labels()
    marks = labels.to_pylist() if labels is not None else [None] * dataset.n_rows
    return [None if mark is None else mark.strip().lower() not in _UNWANTED for mark in marks]


def tools_of(dataset: Dataset) -> list[Tools]:
    """The definitions of tools of each row, as that role holds them (values or their JSON); empty where no row has any.

    A list of things under that name defines none. Each becomes a function as OpenAI has it, which is what a model gets in
    use, and what templates read: those of gpt-oss and Gemma 4 take no other shape, and Qwen's was learned with it.
    """
    if not dataset.roles.tools:
        return []
    found: list[Tools] = []
    for value in dataset.values(dataset.roles.tools[0]).to_pylist():
        read = loaded(value)
        tools = filter(_defines, read if isinstance(read, list) else [])
        found.append(tuple(_function(without_nulls(item)) for item in tools))
    return found if any(found) else []


def _function(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """A definition of a tool in OpenAI's shape, out of that or of a bare one (Hermes, Anthropic, OpenAI's Responses)."""
    if isinstance(tool.get("function"), Mapping):
        return {"type": "function", **tool}
    named = {_OTHER_NAMES.get(key, key): value for key, value in tool.items()} | {
        key: value for key, value in tool.items() if key in _OTHER_NAMES.values()
    }
    return {"type": "function", "function": {k: v for k, v in named.items() if (k, v) not in _OF_CALLS}}


def _defines(item: Any) -> bool:
    return isinstance(item, Mapping) and not _DEFINING.isdisjoint(item)


def _holds_turns(dataset: Dataset, role: str) -> bool:
    """Whether the one column of a role holds turns rather than texts."""
    columns = getattr(dataset.roles, role)
    return len(columns) == 1 and (dataset.is_json(columns[0]) or holds_turns(dataset.values(columns[0])))


def _missing(task: str, role: str) -> tuple[str, ...]:
    raise DataError(f"{task} training needs a {role} role; name the {role} column")


def _joined(dataset: Dataset, role: str) -> list[str]:
    """The columns of a role joined by a blank line, empty ones left out."""
    columns = getattr(dataset.roles, role) or _missing(dataset.task, role)
    parts = [dataset.values(column).to_pylist() for column in columns]
    for i, column in enumerate(columns):
        if role == "completion" and dataset.is_json(column):
            parts[i] = list(map(_first_answer, parts[i]))
    return ["\n\n".join(str(p) for p in row if p not in (None, "")) for row in zip(*parts, strict=True)]


def _first_answer(value: str | None) -> str | None:
    """The first of several right answers (SQuAD); none where there is none; other values as they are."""
    read = loaded(value)
    return next(iter(answers_in(read)), None) if is_answer(read) else value
