"""One plain shape a task, which TRL, Axolotl and LLaMA-Factory all read, whatever shape the data came in.

| task | row |
|---|---|
| sft | `prompt`, `completion` |
| chat | `messages` (role, content), `tools` where rows have any |
| preference | `prompt`, `chosen`, `rejected`: texts, or lists of messages where the data has turns |
| unpaired_preference | `prompt`, `completion`, `label` (true for wanted) |
| text | `text` |
| classification | `text`, `label` |

A row's weight goes along as `weight`. Rows that lack what their task needs are counted, never guessed. Splits are those
that the data names; without any, all rows are training rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from train.examples import chat_parts, preference_parts, prompt_and_completion, tools_of, wanted

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
    labels = dataset.labels()
    given = [None] * dataset.n_rows if labels is None else labels.to_pylist()
    for text, label in zip(dataset.content().to_pylist(), given, strict=True):
        yield {"text": text, "label": label} if text and label is not None else None


def _text(dataset: Dataset) -> Iterator[Row | None]:
    for text in dataset.content().to_pylist():
        yield {"text": text} if text else None


def _sft(dataset: Dataset) -> Iterator[Row | None]:
    for prompt, completion in prompt_and_completion(dataset):
        yield {"prompt": prompt, "completion": completion} if completion else None


def _chat(dataset: Dataset) -> Iterator[Row | None]:
    tools = tools_of(dataset)
    for i, turns in enumerate(chat_parts(dataset)):
        row = {"messages": list(turns), **({"tools": list(tools[i])} if tools else {})}
        yield row if turns else None


def _preference(dataset: Dataset) -> Iterator[Row | None]:
    rows = list(preference_parts(dataset))
    plain = all(isinstance(part, str) for row in rows for part in row)
    for prompt, chosen, rejected in rows:
        if not chosen or not rejected:
            yield None
        elif plain:
            yield {"prompt": prompt, "chosen": chosen, "rejected": rejected}
        else:
            yield {
                "prompt": _turns(prompt, "user"),
                "chosen": _turns(chosen, "assistant"),
                "rejected": _turns(rejected, "assistant"),
            }


def _turns(part: Any, role: str) -> list[Any]:
    return ([{"role": role, "content": part}] if part else []) if isinstance(part, str) else list(part)


def _unpaired(dataset: Dataset) -> Iterator[Row | None]:
    marks = wanted(dataset)
    if dataset.roles.messages:
        for turns, mark in zip(chat_parts(dataset), marks, strict=True):
            usable = len(turns) > 0 and mark is not None
            yield {"prompt": list(turns[:-1]), "completion": [turns[-1]], "label": mark} if usable else None
        return
    for (prompt, completion), mark in zip(prompt_and_completion(dataset), marks, strict=True):
        usable = bool(completion) and mark is not None
        yield {"prompt": prompt, "completion": completion, "label": mark} if usable else None
