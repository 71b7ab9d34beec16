"""The nouns of the package: roles, rejected rows, the source of a dataset, strings with their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

TASKS = ("classification", "sft", "chat", "preference", "unpaired_preference", "text")


@dataclass(frozen=True)
class Roles:
    """Which columns play which part; a role may name several columns, in reading order."""

    text: tuple[str, ...] = ()
    """Free text: what a classifier reads, or what a language model is trained on."""
    label: tuple[str, ...] = ()
    """The class, or for unpaired preferences the thumb up or down."""
    prompt: tuple[str, ...] = ()
    """What the model is given: instruction, input, question."""
    context: tuple[str, ...] = ()
    """What it is given beside that: a system prompt, a passage, earlier turns, choices. Read in training; duplicates, leaks
    and ids of rows are those of the prompt or text."""
    completion: tuple[str, ...] = ()
    """What the model should answer."""
    messages: tuple[str, ...] = ()
    """A conversation: a list of turns."""
    chosen: tuple[str, ...] = ()
    """The preferred answer."""
    rejected: tuple[str, ...] = ()
    """The answer that lost."""
    tools: tuple[str, ...] = ()
    """Definitions of the tools that the assistant may call."""
    group: tuple[str, ...] = ()
    """Sensitive groups by which results are compared."""
    split: tuple[str, ...] = ()
    """Train, validation or test."""
    source: tuple[str, ...] = ()
    """Where a row came from."""
    author: tuple[str, ...] = ()
    """Who wrote a row: rows of one author never judge one another, and are not on both sides of an evaluation. Never
    guessed."""
    thread: tuple[str, ...] = ()
    """The conversation, ticket or page that a row is a part of; kept together like an author's rows. Never guessed."""
    time: tuple[str, ...] = ()
    """When a row was made."""
    weight: tuple[str, ...] = ()
    """How much a row counts in training."""

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(role, columns) of every role that names a column, in the order above."""
        for role in fields(self):
            columns = getattr(self, role.name)
            if columns:
                yield role.name, columns

    def columns(self) -> tuple[str, ...]:
        """Every column that some role names, once."""
        return tuple(dict.fromkeys(column for _, columns in self.items() for column in columns))

    @classmethod
    def of(cls, given: Mapping[str, str | Sequence[str]]) -> Roles:
        """Roles from a mapping whose values are one name or several."""
        return cls(**{role: (names,) if isinstance(names, str) else tuple(names) for role, names in given.items()})


ROLE_NAMES = tuple(field.name for field in fields(Roles))

# The fields that make a row what it is for training. Row ids are taken over these: an added gender, split, source,
# author, thread, time or weight column is metadata, and must not orphan the decisions that people made.
CONTENT_ROLES = ("text", "label", "prompt", "completion", "messages", "chosen", "rejected", "tools")


@dataclass(frozen=True)
class Rejected:
    """A row that could not be loaded, without its content."""

    line: int
    """Physical line in the decompressed file, from 1; for Parquet the row number, from 1."""
    reason: str
    """What is wrong, in plain words."""
    preview: str
    """The start of the row with every letter and digit masked by `x`."""
    file: str = ""
    """The file, where the data lies in several."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object for `rejected.jsonl`."""
        return {name: value for name, value in asdict(self).items() if name != "file" or value}

    def place(self, kind: str = "jsonl") -> str:
        """Where it stands in a file of this kind, in words."""
        at = f"{counted_in(kind)} {self.line}"
        return f"{self.file}, {at}" if self.file else at


def counted_in(kind: str) -> str:
    """What a place in a file is a number of: `line`, or `record` where the format has no lines."""
    return "record" if kind in ("parquet", "arrow", "feather") else "line"


@dataclass(frozen=True)
class SourceFile:
    """One of the files that the data came from."""

    path: str
    """Below the folder that they have in common."""
    size_bytes: int
    input_hash: str
    compression: str
    rows: int
    rejected: int


@dataclass(frozen=True)
class Source:
    """Where the data came from, for the manifest."""

    path: str
    """The path as given."""
    size_bytes: int
    """Size of the file on disk."""
    input_hash: str
    """`xxh3_128:` and 32 hex digits over the bytes of the file on disk."""
    format: str
    """jsonl, json, csv, tsv, parquet, arrow or feather."""
    compression: str
    """none, gzip or zstd; mixed where files differ."""
    rows: int
    """Rows loaded."""
    rejected: int
    """Rows left out because they could not be read."""
    files: tuple[SourceFile, ...] = ()
    """Each file, where a pattern or a folder names several; rows come in their order."""

    @property
    def counted(self) -> str:
        """What a place in it is a number of."""
        return counted_in(self.format)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object for the manifest."""
        return {name: value for name, value in asdict(self).items() if name != "files" or value}


@dataclass(frozen=True)
class Strings:
    """A batch of strings with their places; the first three members have the same length."""

    rows: npt.NDArray[np.int64]
    """0-based row of each string."""
    fields: list[str]
    """Pointer of each string: `text`, `messages/2/content`."""
    texts: pa.LargeStringArray
    """The raw strings, no nulls."""
    column: str
    """Pointer of the column they come from."""
    keys: Mapping[str, list[int]] = field(default_factory=dict)
    """Keys of nested objects, whatever stands under them, and the rows of each, ascending."""


def mask(text: str, limit: int = 80) -> str:
    """A preview that shows the shape of `text` and none of its content."""
    return "".join("x" if c.isalnum() else c if c.isprintable() and c.isascii() else "?" for c in text[:limit])
