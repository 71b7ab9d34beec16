"""One plain shape a task, which TRL, Axolotl and LLaMA-Factory all read, whatever shape the data came in.

| task | row |
|---|---|
| sft | `prompt`, `completion` |
| chat | `messages` (role, content) |
| preference | `prompt`, `chosen`, `rejected`: texts, or lists of messages where the data has turns |
| unpaired_preference | `prompt`, `completion`, `label` (true for wanted) |
| text | `text` |
| classification | `text`, `label` |

Where rows have definitions of tools, `tools` holds them, and prompts and answers are lists of messages: trainers read
tools only beside those. What a row is given beside its prompt or text (the role `context`) stands in it as training reads
it (`train.beside`), in texts as paragraphs. A row's weight goes along as `weight`. Rows that lack what their task needs
are counted, never guessed. Splits are those that the data names; without any, all rows are training rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from train.beside import MARK, SPARE, Beside, beside_of
from train.examples import answered
from train.parts import Tools, chat_parts, preference_parts, prompt_and_completion, tools_of, wanted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from curate.dataset import Dataset

Row = Mapping[str, Any]
TRAIN = "train"


@dataclass(frozen=True)
class Exported:
    """Rows by split, in the order of the data."""

    task: str
    splits: Mapping[str, Sequence[Row]]
    turns: bool = False
    """Whether prompts and answers are lists of messages."""
    tools: bool = False
    left_out: int = 0
    """Rows that lack a text, a label or an answer."""
    columns: tuple[str, ...] = ()


def exported_rows(dataset: Dataset, weights: Sequence[float] | npt.NDArray[np.float64] | None = None) -> Exported:
    """The rows of a dataset in the shape of its task; `weights`, one a row, go before those that the data came with."""
    make: dict[str, Callable[[Dataset], Iterator[Row | None]]] = {
        "classification": _classification,
        "sft": _sft,
        "chat": _chat,
        "preference": _preference,
        "unpaired_preference": _unpaired,
        "text": _text,
    }
    named = dataset.splits()
    where = [TRAIN] * dataset.n_rows if named is None else [_file_name(name or TRAIN) for name in named.to_pylist()]
    weights = dataset.weights() if weights is None else weights
    splits: dict[str, list[Row]] = {}
    left_out = 0
    for i, row in enumerate(make[dataset.task](dataset)):
        if row is None:
            left_out += 1
        else:
            splits.setdefault(where[i], []).append(row if weights is None else {**row, "weight": float(weights[i])})
    rows = [row for some in splits.values() for row in some]
    columns = tuple(dict.fromkeys(key for row in rows for key in row))
    turns = any(isinstance(row.get("prompt"), list) for row in rows)
    return Exported(dataset.task, splits, turns, "tools" in columns, left_out, columns)


def _file_name(split: str) -> str:
    """A split's name without what a path could make something else of."""
    return re.sub(r"[^\w-]+", "_", split)[:64]


def _classification(dataset: Dataset) -> Iterator[Row | None]:
    labels, beside = dataset.labels(), beside_of(dataset)
    given = [None] * dataset.n_rows if labels is None else labels.to_pylist()
    for i, (text, label) in enumerate(zip(dataset.content().to_pylist(), given, strict=True)):
        whole = str(beside.of_text(text, i)) if beside else text
        yield {"text": whole, "label": label} if text and label is not None else None


def _text(dataset: Dataset) -> Iterator[Row | None]:
    for text in dataset.content().to_pylist():
        yield {"text": text} if text else None


def _sft(dataset: Dataset) -> Iterator[Row | None]:
    beside, tools = beside_of(dataset), tools_of(dataset)
    for i, (prompt, completion) in enumerate(prompt_and_completion(dataset)):
        yield _answered(prompt, completion, beside, tools, i) if completion else None


def _answered(prompt: Any, completion: Any, beside: Beside | None, tools: Sequence[Tools], row: int) -> Row:
    """A prompt and its completion: texts where both are and no row has tools, else turns."""
    if isinstance(prompt, str) and isinstance(completion, str) and not tools:
        return {"prompt": _asked(prompt, completion, beside, row), "completion": completion}
    asked, answer = _turns(prompt, "user"), _turns(completion, "assistant")
    if asked and answer[: len(asked)] == asked:  # the answer holds the whole conversation
        answer = answer[len(asked) :]
    whole = _around([*asked, *answer], beside, row)
    return {"prompt": whole[: len(whole) - len(answer)], "completion": answer, **_tools(tools, row)}


def _tools(tools: Sequence[Tools], row: int) -> Row:
    return {"tools": list(tools[row])} if tools else {}


def _asked(prompt: str, answer: str, beside: Beside | None, row: int) -> str:
    """The prompt with what it is given, as paragraphs."""
    talk = [*_turns(prompt, "user"), *_turns(answer, "assistant")]
    return "\n\n".join(turn["content"] for turn in _around(talk, beside, row)[:-1]) if beside and talk else prompt


def _around(talk: Sequence[Any], beside: Beside | None, row: int) -> list[Any]:
    """The turns with what they are given, without the trainer's own marks."""
    told = beside.around(tuple(talk), row) if beside else talk
    return [{key: value for key, value in turn.items() if key not in (MARK, SPARE)} for turn in told]


def _chat(dataset: Dataset) -> Iterator[Row | None]:
    tools, beside = tools_of(dataset), beside_of(dataset)
    for i, turns in enumerate(chat_parts(dataset)):
        yield {"messages": _around(turns, beside, i), **_tools(tools, i)} if turns else None


def _preference(dataset: Dataset) -> Iterator[Row | None]:
    rows, beside, tools = list(preference_parts(dataset)), beside_of(dataset), tools_of(dataset)
    plain = not tools and all(isinstance(part, str) for row in rows for part in row)
    for i, (prompt, chosen, rejected) in enumerate(rows):
        if not chosen or not rejected:
            yield None
        elif plain:
            yield {"prompt": _asked(str(prompt), str(chosen), beside, i), "chosen": chosen, "rejected": rejected}
        else:
            good, bad = (list(answered(prompt, part)) for part in (chosen, rejected))
            shared = next((n for n, two in enumerate(zip(good[:-1], bad[:-1], strict=False)) if two[0] != two[1]), None)
            shared = min(len(good), len(bad)) - 1 if shared is None else shared
            whole = _around(good, beside, i)
            asked = whole[: len(whole) - len(good) + shared]
            yield {"prompt": asked, "chosen": good[shared:], "rejected": bad[shared:], **_tools(tools, i)}


def _turns(part: Any, role: str) -> list[Any]:
    return ([{"role": role, "content": part}] if part else []) if isinstance(part, str) else list(part)


def _unpaired(dataset: Dataset) -> Iterator[Row | None]:
    marks, beside, tools = wanted(dataset), beside_of(dataset), tools_of(dataset)
    if dataset.roles.messages:
        for i, (plain, mark) in enumerate(zip(chat_parts(dataset), marks, strict=True)):
            turns = _around(plain, beside, i)
            usable = len(turns) > 0 and mark is not None
            made = {"prompt": list(turns[:-1]), "completion": list(turns[-1:]), "label": mark, **_tools(tools, i)}
            yield made if usable else None
        return
    for i, ((prompt, completion), mark) in enumerate(zip(prompt_and_completion(dataset), marks, strict=True)):
        usable = bool(completion) and mark is not None
        yield {**_answered(prompt, completion, beside, tools, i), "label": mark} if usable else None
