"""Training examples: what a model is shown, freed of files, roles and formats.

`from_dataset` states plainly what each task trains:

| task | trained as |
|---|---|
| classification | text → label, a new head |
| sft | prompt → completion; loss on the completion only |
| chat | messages; loss on assistant turns only |
| preference | sft on the chosen answer; both answers where `objective` is `dpo` or `ranking` |
| unpaired_preference | sft on the answers marked as wanted; all of them where `objective` is `kto` |
| text | plain language modelling; loss on every token |
| any, with a column of gold spans | extraction: text → BIO tag of each token (see `train.spans`) |

What a row is given beside its prompt or text (a system prompt, a passage, choices: the role `context`) is read with it
(`train.beside`).

Cost: one pass in Python over the rows, about 1 µs a row for classification, 10 µs for messages. It holds the texts, not
copies of them. Rows that lack what the task needs are set aside and counted in `notes`, never guessed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import xxhash

from curate.errors import DataError
from curate.words import plural
from train.beside import Beside, beside_of
from train.filled import unfilled
from train.parts import Tools as Tools
from train.parts import chat_parts, preference_parts, prompt_and_completion, tools_of, wanted
from train.turns import Conversation as Conversation
from train.turns import conversation as conversation
from train.turns import is_learned

if TYPE_CHECKING:
    from curate.dataset import Dataset

Span = tuple[int, int, str]
T = TypeVar("T", "Examples", "Examples | None")
CLASSIFICATION, SFT, CHAT, TEXT, EXTRACTION = "classification", "sft", "chat", "text", "extraction"
TASKS = (CLASSIFICATION, SFT, CHAT, TEXT, EXTRACTION)
OF_TEXTS = (CLASSIFICATION, TEXT, EXTRACTION)


@dataclass(frozen=True)
class Examples:
    """Rows to train or evaluate on. All sequences have one item a row."""

    task: str
    """`classification`, `sft`, `chat`, `text` or `extraction`: how the rows are encoded and scored."""
    ids: np.ndarray
    """int64: the row's number in the raw input, the same in every arm, so that arms share their row order."""
    texts: tuple[str, ...] = ()
    """The text to classify (classification) or to model (text)."""
    labels: tuple[str, ...] = ()
    """The label as given (classification)."""
    messages: tuple[Conversation, ...] = ()
    """The conversation (sft: one user turn and one assistant turn; chat)."""
    tools: tuple[Tools, ...] = ()
    """Definitions of the tools that the assistant may call in each row; empty where no row has any."""
    spans: tuple[tuple[Span, ...], ...] = ()
    """Gold spans (extraction): start, end (code points, half-open) and label, in order and without overlap."""
    weights: np.ndarray | None = None
    """float64: what each row counts for in the loss; None makes all count the same."""
    rejected: tuple[Conversation, ...] = ()
    """The same turns with a worse answer (preference rows); a row without one has no turns."""
    wanted: tuple[bool, ...] = ()
    """Whether each answer is one that is wanted, where unwanted ones were kept (`from_dataset(..., unwanted=True)`)."""
    groups: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """Sensitive columns by name, for metrics by group."""
    clusters: np.ndarray | None = None
    """int64: rows of one near-duplicate cluster share a number; None makes every row its own cluster."""
    notes: tuple[str, ...] = ()
    """What was set aside or reinterpreted, in plain sentences."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", np.ascontiguousarray(self.ids, dtype=np.int64))
        rows = self.texts if self.task in OF_TEXTS else self.messages
        lengths = {len(self.ids), len(rows)} | ({len(self.labels)} if self.task == CLASSIFICATION else set())
        lengths |= {len(self.spans)} if self.task == EXTRACTION else set()
        lengths |= {len(self.tools)} if self.tools else set()
        lengths |= {len(column) for column in (self.rejected, self.wanted) if column}
        lengths |= {len(self.weights)} if self.weights is not None else set()
        lengths |= {len(values) for values in self.groups.values()}
        lengths |= {len(self.clusters)} if self.clusters is not None else set()
        if self.task not in TASKS or len(lengths) != 1:
            raise ValueError(f"examples of task {self.task!r} have columns of lengths {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, positions: Sequence[int] | np.ndarray) -> Examples:
        """The rows at these positions, in that order."""
        at = np.asarray(positions, dtype=np.int64)
        pick = at.tolist()

        def chosen(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[i] for i in pick) if values else ()

        return dataclasses.replace(
            self,
            ids=self.ids[at],
            texts=chosen(self.texts),
            labels=chosen(self.labels),
            messages=chosen(self.messages),
            tools=chosen(self.tools),
            spans=chosen(self.spans),
            rejected=chosen(self.rejected),
            wanted=chosen(self.wanted),
            weights=None if self.weights is None else self.weights[at],
            groups={name: chosen(values) for name, values in self.groups.items()},
            clusters=None if self.clusters is None else self.clusters[at],
        )

    def keys(self) -> list[str]:
        """For each row the text that stands for its content (labels and ids left out): cache key and hash input."""
        if self.task == EXTRACTION:
            return [json.dumps([text, spans], ensure_ascii=False) for text, spans in zip(self.texts, self.spans)]
        if self.task in OF_TEXTS:
            return list(self.texts)
        turns = [json.dumps(conversation, ensure_ascii=False, sort_keys=True) for conversation in self.messages]
        if not self.tools:
            return turns
        tools = [json.dumps(tools, ensure_ascii=False, sort_keys=True) for tools in self.tools]
        return [f"{turn}\0{tool}" if tool != "[]" else turn for turn, tool in zip(turns, tools)]

    def fingerprint(self) -> str:
        """Hex hash of ids, contents, labels and groups in order: two arms with one fingerprint are the same data."""
        digest = xxhash.xxh3_128(f"{self.task}\0{len(self)}\0".encode())
        digest.update(self.ids.tobytes())
        for column in (self.keys(), self.labels):
            for value in column:
                encoded = value.encode("utf-8", "surrogatepass")
                digest.update(len(encoded).to_bytes(8, "little"))
                digest.update(encoded)
        if self.rejected or self.wanted:
            digest.update(json.dumps([self.rejected, self.wanted], sort_keys=True).encode())
        if self.groups:  # metrics are told by them
            digest.update(json.dumps(sorted(self.groups.items()), default=str).encode())
        if self.weights is not None:
            digest.update(np.ascontiguousarray(self.weights, dtype=np.float64).tobytes())
        return digest.hexdigest()


def from_dataset(
    dataset: Dataset,
    *,
    rows: Sequence[int] | np.ndarray | None = None,
    ids: Sequence[int] | np.ndarray | None = None,
    clusters: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    spans_column: str = "",
    unwanted: bool = False,
) -> Examples:
    """Training examples of a dataset.

    `rows` are the positions to take (default: all). `ids`, one for each dataset row, are the row numbers in the *raw*
    input (default: the positions), needed where `dataset` is a curated selection. `clusters` and `weights` have one
    number a dataset row. `spans_column` makes it extraction of that column's spans, whatever the dataset's task. With
    `unwanted`, answers of unpaired preference rows that are marked as unwanted are kept and told apart in `wanted`.
    Raises `DataError` where the task's roles are missing or no row is usable.
    """
    positions = np.arange(dataset.n_rows) if rows is None else np.asarray(rows, dtype=np.int64)
    numbers = np.arange(dataset.n_rows) if ids is None else np.asarray(ids, dtype=np.int64)
    build: dict[str, Callable[[Dataset], tuple[str, list[Any], list[str] | None, str]]] = {
        "classification": _classification,
        "sft": _sft,
        "chat": _chat,
        "preference": _preference,
        "unpaired_preference": _unpaired,
        "text": _text,
    }
    if dataset.task not in build and not spans_column:
        raise DataError(f"training on task {dataset.task!r} is not possible; trainable: {', '.join(build)}")
    spans: list[tuple[Span, ...]] | None = None
    labels: list[str] | None
    if spans_column:
        from train.spans import texts_and_spans

        found, spans, note = texts_and_spans(dataset, spans_column)
        task, contents, labels = EXTRACTION, list[Any](found), None
    else:
        task, contents, labels, note = build[dataset.task](dataset)
    given = None if spans_column else beside_of(dataset)
    rejected: list[Conversation] = []
    marks: list[bool | None] = []
    left_out = 0
    if not spans_column and dataset.task == "preference":
        rejected = [answered(prompt, worse) for prompt, _, worse in preference_parts(dataset)]
    elif not spans_column and dataset.task == "unpaired_preference" and unwanted:
        contents, marks, note = _unpaired_pairs(dataset), wanted(dataset), ""
        contents = [pair if mark is not None else () for pair, mark in zip(contents, marks, strict=True)]
    elif not spans_column and dataset.task == "unpaired_preference":
        liked = wanted(dataset)
        left_out = sum(liked[i] is False for i in positions.tolist())
    usable = [int(i) for i in positions if contents[i] and (labels is None or labels[i] is not None)]
    notes = [note] if note else []
    if lacking := len(positions) - len(usable) - left_out:
        those, are = ("1 row lacks", "is") if lacking == 1 else (f"{lacking} rows lack", "are")
        notes.append(f"{those} a text, a label or an answer and {are} not trained on.")
    if weights is not None:  # a row that counts for nothing is no training row
        weights = np.asarray(weights, dtype=np.float64)
        silent = len(usable)
        usable = [i for i in usable if weights[i] > 0]
        if len(usable) < silent:
            notes.append(f"{silent - len(usable)} rows have weight 0 and are not trained on.")
    if not usable:
        raise DataError(f"no row of the {dataset.task} dataset has all that training needs (text and label or answer)")
    if given is not None:
        contents = _with_beside(given, contents, usable)
        rejected = _with_beside(given, rejected, usable) if rejected else rejected
        notes.append(given.words())
    if task in (SFT, CHAT):
        (contents, nulls), (rejected, more) = unfilled(contents), unfilled(rejected)
        if nulls + more:
            notes.append(f"Left out of {nulls + more} calls: arguments without a value, which a table gave them.")
        apart = sum(turn["role"] == "assistant" and not is_learned(turn) for i in usable for turn in contents[i])
        if apart:
            notes.append(f"Read and not learned, as their turns say (weight, train): {plural(apart, 'answer')}.")
    chosen = tuple(contents[i] for i in usable)
    tools = tools_of(dataset) if task in (SFT, CHAT) else []
    sensitive = {name: values.to_pylist() for name, values in dataset.groups().items()}
    return Examples(
        task=task,
        ids=numbers[usable],
        texts=chosen if task in OF_TEXTS else (),
        labels=tuple(labels[i] for i in usable) if labels is not None else (),
        messages=chosen if task in (SFT, CHAT) else (),
        tools=tuple(tools[i] for i in usable) if tools else (),
        spans=tuple(spans[i] for i in usable) if spans is not None else (),
        rejected=tuple(rejected[i] for i in usable) if rejected else (),
        wanted=tuple(bool(marks[i]) for i in usable) if marks else (),
        weights=None if weights is None else weights[usable],
        groups={name: tuple(values[i] for i in usable) for name, values in sensitive.items()},
        clusters=None if clusters is None else np.asarray(clusters)[usable],
        notes=tuple(notes),
    )


def _with_beside(given: Beside, contents: Sequence[Any], rows: Sequence[int]) -> list[Any]:
    """Texts or conversations with what the rows are given."""
    out = list(contents)
    for i in rows:
        out[i] = given.of_text(out[i], i) if isinstance(out[i], str) else given.around(out[i], i)
    return out


def only_wanted(rows: T) -> T:
    """Rows without the answers that are marked as unwanted; nothing where nothing is given."""
    if rows is None or all(rows.wanted):
        return rows
    return rows.take(np.flatnonzero(rows.wanted))


def _classification(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    labels = dataset.labels()
    if labels is None:
        raise DataError("classification training needs a label role; name the label column")
    return CLASSIFICATION, dataset.content().to_pylist(), labels.to_pylist(), ""


def _text(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    return TEXT, dataset.content().to_pylist(), None, "Text rows train plain language modelling: loss on every token."


def _sft(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    return SFT, [_pair(p, c) for p, c in prompt_and_completion(dataset)], None, ""


def _chat(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    return CHAT, chat_parts(dataset), None, ""


def _preference(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    note = (
        "Nats a token of preference rows are those of the chosen answer; objective 'likelihood' learns from it alone, "
        "'dpo' and 'ranking' from both answers."
    )
    return SFT, [answered(prompt, chosen) for prompt, chosen, _ in preference_parts(dataset)], None, note


def _unpaired(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    marks = wanted(dataset)
    pairs = _unpaired_pairs(dataset)
    note = (
        "Nats a token of unpaired preference rows are those of answers marked as wanted; only objective 'kto' learns from "
        "the others, too."
    )
    return SFT, [pair if mark else () for pair, mark in zip(pairs, marks, strict=True)], None, note


def _unpaired_pairs(dataset: Dataset) -> list[Conversation]:
    if dataset.roles.messages:
        return chat_parts(dataset)
    return [_pair(p, c) for p, c in prompt_and_completion(dataset)]


def _pair(prompt: str | Conversation, completion: str | Conversation) -> Conversation:
    if not completion or not isinstance(prompt, str) or not isinstance(completion, str):
        return answered(prompt, completion)
    return ({"role": "user", "content": prompt}, {"role": "assistant", "content": completion})


def answered(prompt: str | Conversation, answer: str | Conversation) -> Conversation:
    """The turns before an answer, and the answer; empty where there is none."""
    before = ({"role": "user", "content": prompt},) if isinstance(prompt, str) and prompt else tuple(prompt)
    after = ({"role": "assistant", "content": answer},) if isinstance(answer, str) and answer else tuple(answer)
    return (*_unsaid(before, after), *after) if after else ()  # type: ignore[arg-type]


def _unsaid(before: Conversation, after: Conversation) -> Conversation:
    """The turns before an answer that the answer's own turns do not begin with, however these are spaced."""
    said, again = ([(turn["role"], str(turn["content"]).strip()) for turn in turns] for turns in (before, after))
    spoken = [[turn for turn in turns if turn[0] != "system"] for turns in (said, again)]
    if spoken[1][: len(spoken[0])] == spoken[0] and set(said) <= set(again):  # the answer holds the whole conversation
        return ()
    shared = next((n for n in range(min(len(said), len(again)), 0, -1) if said[-n:] == again[:n]), 0)
    return before[: len(before) - shared]
