"""What text quality looks at in the rows of each task: answers with what they answer, or texts, and where they stand.

classification and text: the text; each of several that a label judges together. sft and unpaired preferences: the
completion. chat: every turn of the assistant, with the user's turn before it. preference: the chosen answer; the rejected
one beside it. Of unpaired preferences only the answers that are wanted are judged: what is wrong with the others is why
they are not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.content import flatten, loaded
from curate.dataset.turns import said_key, speaker
from curate.quality import Pieces
from curate.quality.turns import letter
from curate.stages.paired import is_paired, paired_texts

WANTED = frozenset({"true", "1", "yes", "good", "chosen", "desirable", "thumbs_up", "up", "positive", "like"})


@dataclass(frozen=True)
class Look:
    """The pieces of a dataset with their places."""

    pieces: Pieces
    fields: list[str | None]
    """Pointer of each piece."""
    sources: tuple[str, ...] = ()
    """Columns of the prompt's parts, where it has several."""
    rejected: pa.LargeStringArray | None = None
    orders: list[str] = field(default_factory=list)
    """Turns of each row as letters; empty where rows are no conversations."""
    strings: Any = None
    """Mask over pieces: those whose field names the very string that is judged; all where it is None."""
    judged: Any = None
    """Mask over rows: those of which findings are made; all where it is None."""


def look(dataset: Dataset) -> Look | None:
    """The pieces of a dataset; None where no column holds text."""
    roles, task, n = dataset.roles, dataset.task, dataset.n_rows
    rows = np.arange(n)
    if task in ("classification", "text"):
        if not roles.text:
            return None
        if together := paired_texts(dataset):
            return _apart(dataset, together)
        return Look(Pieces(dataset.content(), rows), _everywhere(dataset, roles.text, n))
    wanted = _wanted(dataset) if task == "unpaired_preference" else None
    if task == "chat" or (task == "unpaired_preference" and not roles.completion):
        return _turns(dataset, wanted) if roles.messages else None
    parts = dataset.parts()
    if "response" not in parts:
        return None
    columns = roles.prompt if len(roles.prompt) > 1 and not roles.messages else ()
    columns = tuple(name for name in columns if _plain(dataset, name))
    given = tuple(dataset.values(name).fill_null("") for name in columns)
    answers = roles.chosen if task == "preference" else roles.completion
    pieces = Pieces(parts["response"], rows, parts["prompt"], given)
    return Look(pieces, _everywhere(dataset, answers, n), columns, parts.get("rejected"), judged=wanted)


def _apart(dataset: Dataset, texts: dict[str, pa.LargeStringArray]) -> Look:
    """Texts that are judged together, each for itself: a pair that says nearly the same repeats nothing. Of empty ones only
    the first is judged, and that only where the others of its row are empty, too."""
    filled = [np.asarray(pc.not_equal(pc.utf8_trim_whitespace(text), "")) for text in texts.values()]
    filled[0] = filled[0] | ~np.any(filled, axis=0)
    at = [np.flatnonzero(rows) for rows in filled]
    pieces = pa.concat_arrays([text.take(pa.array(rows)) for text, rows in zip(texts.values(), at, strict=True)])
    fields: list[str | None] = [dataset.pointer_of(name) for name, rows in zip(texts, at, strict=True) for _ in rows]
    return Look(Pieces(pieces, np.concatenate(at)), fields)


def _plain(dataset: Dataset, name: str) -> bool:
    return not dataset.is_json(name) and pa.types.is_large_string(dataset.values(name).type)


def _everywhere(dataset: Dataset, columns: tuple[str, ...], n: int) -> list[str | None]:
    """One field for every row; where several columns are read as one, the first."""
    return [dataset.pointer_of(columns[0]) if columns else None] * n


def spans_hold(dataset: Dataset, task: str) -> bool:
    """Whether offsets into pieces are offsets into the strings that their fields name."""
    roles = dataset.roles
    columns = {"classification": roles.text, "text": roles.text, "preference": roles.chosen}.get(task, roles.completion)
    if task == "chat" or not columns:
        return True
    return (len(columns) == 1 or is_paired(dataset)) and all(_plain(dataset, name) for name in columns)


def _wanted(dataset: Dataset) -> Any:
    labels = dataset.labels()
    if labels is None:
        return None
    return np.array([label is not None and label.strip().lower() in WANTED for label in labels.to_pylist()], np.bool_)


def _turns(dataset: Dataset, wanted: Any) -> Look:
    """Every turn of the assistant, one pass over the conversations."""
    orders = [""] * dataset.n_rows
    rows: list[int] = []
    fields: list[str | None] = []
    texts: list[str] = []
    prompts: list[str] = []
    calls: list[bool] = []
    strings: list[bool] = []
    for name in dataset.roles.messages:
        pointer = dataset.pointer_of(name)
        for row, cell in enumerate(dataset.values(name).to_pylist()):
            value = loaded(cell) if isinstance(cell, str) else cell
            before = ""
            order = []
            for i, turn in enumerate(value if isinstance(value, list) else []):
                if not isinstance(turn, dict):
                    order.append("?")
                    continue
                who, key = letter(speaker(turn)), said_key(turn)
                said = None if key is None else turn[key]
                order.append(who)
                if who == "u":
                    before = flatten(said)
                elif who == "a":
                    rows.append(row)
                    fields.append(f"{pointer}/{i}/{key}" if isinstance(said, str) else f"{pointer}/{i}")
                    strings.append(isinstance(said, str))
                    texts.append(said if isinstance(said, str) else flatten(said))
                    prompts.append(before)
                    calls.append(bool(turn.get("tool_calls") or turn.get("function_call")))
            orders[row] += "".join(order)
    pieces = Pieces(
        pa.array(texts, pa.large_string()),
        np.array(rows, np.int64),
        pa.array(prompts, pa.large_string()),
        calls=np.array(calls, np.bool_),
    )
    return Look(pieces, fields, orders=orders, strings=np.array(strings, np.bool_), judged=wanted)
