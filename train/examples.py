"""Training examples: what a model is shown, freed of files, roles and formats.

`from_dataset` states plainly what each task trains:

| task | trained as |
|---|---|
| classification | text → label, a new head |
| sft | prompt → completion; loss on the completion only |
| chat | messages; loss on assistant turns only |
| preference | sft on the chosen answer (the rejected one is not used) |
| unpaired_preference | sft on the answers marked as wanted |
| text | plain language modelling; loss on every token |

Cost: one pass in Python over the rows, about 1 µs a row for classification, 10 µs for messages. It holds the texts, not
copies of them. Rows that lack what the task needs are set aside and counted in `notes`, never guessed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from curate.errors import DataError

if TYPE_CHECKING:
    from curate.dataset import Dataset

Message = dict[str, Any]
Conversation = tuple[Message, ...]
CLASSIFICATION, SFT, CHAT, TEXT = "classification", "sft", "chat", "text"
TASKS = (CLASSIFICATION, SFT, CHAT, TEXT)
_ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant", "observation": "tool"}
_UNWANTED = {"false", "0", "0.0", "no", "bad", "rejected", "undesirable", ""}


@dataclass(frozen=True)
class Examples:
    """Rows to train or evaluate on. All sequences have one item a row."""

    task: str
    """`classification`, `sft`, `chat` or `text`: how the rows are encoded and scored."""
    ids: np.ndarray
    """int64: the row's number in the raw input, the same in every arm, so that arms share their row order."""
    texts: tuple[str, ...] = ()
    """The text to classify (classification) or to model (text)."""
    labels: tuple[str, ...] = ()
    """The label as given (classification)."""
    messages: tuple[Conversation, ...] = ()
    """The conversation (sft: one user turn and one assistant turn; chat)."""
    groups: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """Sensitive columns by name, for metrics by group."""
    clusters: np.ndarray | None = None
    """int64: rows of one near-duplicate cluster share a number; None makes every row its own cluster."""
    notes: tuple[str, ...] = ()
    """What was set aside or reinterpreted, in plain sentences."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", np.ascontiguousarray(self.ids, dtype=np.int64))
        rows = self.texts if self.task in (CLASSIFICATION, TEXT) else self.messages
        lengths = {len(self.ids), len(rows)} | ({len(self.labels)} if self.task == CLASSIFICATION else set())
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
            groups={name: chosen(values) for name, values in self.groups.items()},
            clusters=None if self.clusters is None else self.clusters[at],
        )

    def keys(self) -> list[str]:
        """For each row the text that stands for its content (labels and ids left out): cache key and hash input."""
        if self.task in (CLASSIFICATION, TEXT):
            return list(self.texts)
        return [json.dumps(conversation, ensure_ascii=False, sort_keys=True) for conversation in self.messages]

    def fingerprint(self) -> str:
        """Hex hash of ids, contents and labels in order: two arms with one fingerprint are the same data."""
        digest = xxhash.xxh3_128(f"{self.task}\0{len(self)}\0".encode())
        digest.update(self.ids.tobytes())
        for column in (self.keys(), self.labels):
            for value in column:
                encoded = value.encode("utf-8", "surrogatepass")
                digest.update(len(encoded).to_bytes(8, "little"))
                digest.update(encoded)
        return digest.hexdigest()


def from_dataset(
    dataset: Dataset,
    *,
    rows: Sequence[int] | np.ndarray | None = None,
    ids: Sequence[int] | np.ndarray | None = None,
    clusters: np.ndarray | None = None,
) -> Examples:
    """Training examples of a dataset.

    `rows` are the positions to take (default: all). `ids`, one for each dataset row, are the row numbers in the *raw*
    input (default: the positions), needed where `dataset` is a curated selection. `clusters` has one number a dataset
    row. Raises `DataError` where the task's roles are missing or no row is usable.
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
    if dataset.task not in build:
        raise DataError(f"training on task {dataset.task!r} is not possible; trainable: {', '.join(build)}")
    task, contents, labels, note = build[dataset.task](dataset)
    usable = [int(i) for i in positions if contents[i] and (labels is None or labels[i] is not None)]
    notes = [note] if note else []
    if len(usable) < len(positions):
        notes.append(f"{len(positions) - len(usable)} rows lack a text, a label or an answer and are not trained on.")
    if not usable:
        raise DataError(f"no row of the {dataset.task} dataset has all that training needs (text and label or answer)")
    chosen = tuple(contents[i] for i in usable)
    sensitive = {name: values.to_pylist() for name, values in dataset.groups().items()}
    return Examples(
        task=task,
        ids=numbers[usable],
        texts=chosen if task in (CLASSIFICATION, TEXT) else (),
        labels=tuple(labels[i] for i in usable) if labels is not None else (),
        messages=chosen if task in (SFT, CHAT) else (),
        groups={name: tuple(values[i] for i in usable) for name, values in sensitive.items()},
        clusters=None if clusters is None else np.asarray(clusters)[usable],
        notes=tuple(notes),
    )


def _classification(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    labels = dataset.labels()
    if labels is None:
        raise DataError("classification training needs a label role; name the label column")
    return CLASSIFICATION, dataset.content().to_pylist(), labels.to_pylist(), ""


def _text(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    return TEXT, dataset.content().to_pylist(), None, "Text rows train plain language modelling: loss on every token."


def _sft(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    prompts, completions = _joined(dataset, "prompt"), _joined(dataset, "completion")
    return SFT, [_pair(p, c) for p, c in zip(prompts, completions, strict=True)], None, ""


def _chat(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    (column, *_rest) = dataset.roles.messages or _missing("chat", "messages")
    return CHAT, [conversation(value) for value in dataset.values(column).to_pylist()], None, ""


def _preference(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    note = "Preference rows train on the chosen answer only (sft); the rejected answers are not used."
    role = "prompt" if dataset.roles.prompt else "messages"  # some sets keep the turns before the answer as messages
    prompts = _joined(dataset, role) if getattr(dataset.roles, role) else [""] * dataset.n_rows
    chosen = [_with_prompt(p, c) for p, c in zip(prompts, _joined(dataset, "chosen"), strict=True)]
    return SFT, chosen, None, note


def _unpaired(dataset: Dataset) -> tuple[str, list[Any], list[str] | None, str]:
    note = "Unpaired preference rows train on the answers marked as wanted (sft); the others are not used."
    labels = dataset.labels()
    marks = labels.to_pylist() if labels is not None else [None] * dataset.n_rows
    if dataset.roles.messages:
        pairs = [conversation(value) for value in dataset.values(dataset.roles.messages[0]).to_pylist()]
    else:
        prompts, completions = _joined(dataset, "prompt"), _joined(dataset, "completion")
        pairs = [_pair(p, c) for p, c in zip(prompts, completions, strict=True)]
    wanted = [mark is not None and mark.strip().lower() not in _UNWANTED for mark in marks]
    return SFT, [pair if keep else () for pair, keep in zip(pairs, wanted, strict=True)], None, note


def _missing(task: str, role: str) -> tuple[str, ...]:
    raise DataError(f"{task} training needs a {role} role; name the {role} column")


def _joined(dataset: Dataset, role: str) -> list[str]:
    """The columns of a role joined by a blank line, empty ones left out."""
    columns = getattr(dataset.roles, role) or _missing(dataset.task, role)
    parts = [dataset.values(column).to_pylist() for column in columns]
    return ["\n\n".join(str(p) for p in row if p not in (None, "")) for row in zip(*parts, strict=True)]


def _pair(prompt: str, completion: str) -> Conversation:
    if not completion:
        return ()
    return ({"role": "user", "content": prompt}, {"role": "assistant", "content": completion})


def _with_prompt(prompt: str, answer: str) -> Conversation:
    """A prompt (text, or the JSON of messages) and an answer (text, or the JSON of one or more messages)."""
    before = conversation(prompt) or (({"role": "user", "content": prompt},) if prompt else ())
    after = conversation(answer) or (({"role": "assistant", "content": answer},) if answer else ())
    return (*before, *after) if after else ()


def conversation(value: object) -> Conversation:
    """Messages out of a JSON string or Python value, with `role` and `content`; empty where it holds none.

    ShareGPT's `from`/`value` and its role names become `role`/`content`; a row without an assistant turn is empty.
    """
    if isinstance(value, (str, bytes)):
        if value.lstrip()[:1] not in ("[", "{", b"[", b"{"):
            return ()
        try:
            value = json.loads(value)
        except ValueError:
            return ()
    if isinstance(value, Mapping):
        value = value.get("messages", value.get("conversations", [value]))
    if not isinstance(value, list):
        return ()
    return tuple(_messages(value))


def _messages(items: Sequence[Any]) -> Iterator[Message]:
    for item in items:
        if not isinstance(item, Mapping):
            continue
        role = str(item.get("role", item.get("from", "")))
        content = item.get("content", item.get("value"))
        rest = {k: v for k, v in item.items() if k not in ("role", "from", "content", "value")}
        if isinstance(content, list):  # OpenAI's content parts
            content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
        if content is None and rest.get("tool_calls"):
            content = ""
        if role:
            yield {**rest, "role": _ROLES.get(role, role), "content": "" if content is None else str(content)}
