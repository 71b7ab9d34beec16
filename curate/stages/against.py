"""What rows are compared with: items of evaluation sets and of earlier data, from files or indexes.

An item is what a row *asks*: the prompt of sft and preference rows, the longest thing a user says in a conversation,
the text of classification and text rows. Answers alone are never items, because many are short and shared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate.dataset import Dataset, load
from curate.dataset.compression import file_hash
from curate.dataset.content import flatten, loaded
from curate.dataset.turns import who
from curate.errors import ConfigError, DataError
from curate.similarity.index import Index, IndexConfig, Items, is_index, make_items

USERS = frozenset({"user", "human", "prompter", "customer"})
"""Names of the one who asks, in the shapes that conversations come in."""


@dataclass(frozen=True)
class ItemSet:
    """Items under the name that findings call them by."""

    name: str
    items: Items
    is_index: bool

    def labels(self) -> list[str]:
        """The name of each item's set: an index holds several."""
        if not self.is_index:
            return [self.name] * len(self.items)
        return [f"{source} in {self.name}" for source in self.items.table["source"].to_pylist()]


def questions(dataset: Dataset) -> pa.LargeStringArray:
    """What each row asks, one text a row; no nulls."""
    if dataset.roles.messages:
        columns = [dataset.values(name).to_pylist() for name in dataset.roles.messages]
        return pa.array([longest_question(turns) for turns in zip(*columns, strict=True)], pa.large_string())
    return dataset.parts().get("prompt", dataset.content())


def longest_question(columns: Sequence[Any]) -> str:
    """The longest thing that a user says in the turns of a conversation, however many columns they lie in."""
    asked: list[str] = []
    for value in columns:
        turns = loaded(value) if isinstance(value, str) else value
        asked += [flatten(turn) for turn in (turns if isinstance(turns, list) else [turns]) if who(turn) in USERS]
    return max(asked, key=len, default="")


def read_sets(paths: Sequence[str], similarity: float, threads: int) -> list[ItemSet]:
    """The items of each path, in order; DataError or ConfigError where one cannot be used."""
    names = [Path(path).name for path in paths]
    return [
        ItemSet(
            name if names.count(name) == 1 else "/".join(Path(path).parts[-2:]),
            read_items(path, IndexConfig(similarity=similarity), threads),
            is_index(path),
        )
        for path, name in zip(paths, names, strict=True)
    ]


def read_items(path: str, config: IndexConfig, threads: int) -> Items:
    """The items of a data file, or of an index that serves the similarity asked for."""
    if is_index(path):
        index = Index(path)
        if index.config.similarity > config.similarity:
            raise ConfigError(
                f"{path}: this index finds near-duplicates from a similarity of {index.config.similarity:g}, but "
                f"{config.similarity:g} is asked for; build it again with --similarity {config.similarity:g}"
            )
        return index.items()
    dataset = load(path)
    return make_items(questions(dataset), dataset.content(), dataset.row_ids, Path(path).name, config, threads)


def contents_hash(path: str) -> str:
    """What the items of a path depend on, hashed."""
    if is_index(path):
        return Index(path).info().digest
    if Path(path).is_dir():
        raise DataError(f"{path}: is a folder and not an index; name a data file, or make one with `curate index build`")
    try:
        return file_hash(Path(path))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file or index to compare with") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
