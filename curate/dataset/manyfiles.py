"""Several files as one dataset: rows of all of them, one file after the other, each written back to a file of its own.

Every file keeps its own store, so rows keep their bytes and each file its shape, compression and line ends. Columns are
joined as a single file's blocks are: a column that a file lacks is null there, one of several kinds is JSON. Where the
names of the files tell splits apart (`train.jsonl` beside `test.jsonl`) and no column does, a column `split` is seen that
no file holds and none gets. Row ids are taken over contents, so moving rows between files moves no id.
Cost: that of the files, and one copy of the columns that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from curate.dataset.atomic import atomic_path, make_private_dir
from curate.dataset.column import Column, settle
from curate.dataset.compression import compressed
from curate.dataset.listing import Listing, split_of
from curate.dataset.names import NAMES, rank
from curate.dataset.parquetfiles import ParquetStore
from curate.dataset.pointer import parse_pointer
from curate.dataset.records import Edits, Parsed, Rows, TextStore
from curate.dataset.types import Rejected, SourceFile
from curate.errors import DataError
from curate.words import plural

SPLIT = "split"
Read = tuple[str, Any, str, str, int]


@dataclass(frozen=True)
class Part:
    """One file of several."""

    name: str
    """Its path below the common folder, with `/`."""
    path: Path
    store: TextStore | ParquetStore
    compression: str


@dataclass(frozen=True)
class ManyStore:
    """Rows of several files."""

    parts: tuple[Part, ...]
    part: Rows
    """Which of the parts each row is in."""
    local: Rows
    """Its row there."""
    splits: tuple[str | None, ...] = ()
    """The split that each part's name tells; empty where they tell none apart."""
    cache: dict[str, Column] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.part)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names in the order of their first appearance."""
        seen = dict.fromkeys(name for part in self.parts for name in part.store.names)
        return (*seen, SPLIT) if self.splits else tuple(seen)

    @cached_property
    def lines(self) -> Rows:
        """Line of each row in its own file."""
        return np.concatenate([part.store.lines for part in self.parts])[self._places]

    @cached_property
    def _places(self) -> Rows:
        """Where each row stands when the parts are laid end to end."""
        sizes = [part.store.n_rows for part in self.parts]
        return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)[self.part] + self.local

    def column(self, name: str) -> Column:
        """One view column, joined on first use."""
        if name not in self.cache:
            whole = self._joined(name)
            in_order = len(whole.array) == self.n_rows and bool((self._places == np.arange(self.n_rows)).all())
            self.cache[name] = whole if in_order else whole.take(self._places)
        return self.cache[name]

    def _joined(self, name: str) -> Column:
        if self.splits and name == SPLIT:
            told = zip(self.splits, self.parts, strict=True)
            return settle([("str", pa.array([split] * part.store.n_rows, pa.large_string())) for split, part in told])
        pieces = []
        for part in self.parts:
            if name in part.store.names:
                column = part.store.column(name)
                pieces.append((column.kind, column.array))
            else:
                pieces.append(("null", pa.nulls(part.store.n_rows, pa.large_string())))
        return settle(pieces)

    def _of(self, row: int) -> tuple[TextStore | ParquetStore, int]:
        return self.parts[int(self.part[row])].store, int(self.local[row])

    def file_of(self, row: int) -> Path:
        """The file that a row stands in."""
        return self.parts[int(self.part[row])].path

    def raw(self, row: int) -> bytes | None:
        """The bytes of one row; None where its format spells no rows."""
        store, local = self._of(row)
        return store.raw(local) if isinstance(store, TextStore) else None

    def start_of(self, row: int) -> str:
        """The first characters of one row, for a preview that is masked."""
        store, local = self._of(row)
        return store.start_of(local)

    def values(self, row: int) -> dict[str, Any]:
        """The values of one row by column, as its file holds them."""
        store, local = self._of(row)
        return store.values(local)

    def respelled(self, rows: Mapping[int, bytes]) -> ManyStore:
        """The same rows, the bytes of some given."""
        spelled: list[dict[int, bytes]] = [{} for _ in self.parts]
        for row, raw in rows.items():
            spelled[int(self.part[row])][int(self.local[row])] = raw
        parts = []
        for part, mine in zip(self.parts, spelled, strict=True):
            assert isinstance(part.store, TextStore) or not mine
            parts.append(replace(part, store=part.store.respelled(mine)) if mine else part)  # type: ignore[union-attr]
        return replace(self, parts=tuple(parts))

    def _by_part(self, part: Rows) -> list[Rows]:
        """For each part, the places in `part` that name it, ascending: one pass, however many files there are."""
        order = np.argsort(part.astype(np.int32), kind="stable")  # nearly always in order already
        return np.split(order, np.cumsum(np.bincount(part, minlength=len(self.parts)))[:-1])

    def take(self, rows: Rows, edits: Edits) -> ManyStore:
        """A store of the given rows in that order."""
        part, local = self.part[rows], np.empty(len(rows), np.int64)
        parts, changes = [], self._edits_by_part(edits)
        for each, here, changed in zip(self.parts, self._by_part(part), changes, strict=True):
            local[here] = np.arange(len(here))
            parts.append(replace(each, store=each.store.take(self.local[rows[here]], changed)))
        return ManyStore(tuple(parts), part, local, self.splits)

    def _edits_by_part(self, edits: Edits) -> list[dict[int, Mapping[str, Any]]]:
        """Edits of each part's rows; the split that only a name tells is not written into rows."""
        out: list[dict[int, Mapping[str, Any]]] = [{} for _ in self.parts]
        for row, changes in edits.items():
            kept = {p: v for p, v in changes.items() if not self._only_told(p)}
            if kept:
                out[int(self.part[row])][int(self.local[row])] = kept
        return out

    def _only_told(self, pointer: str) -> bool:
        return bool(self.splits) and parse_pointer(pointer)[0] == SPLIT

    def write(
        self, folder: Path, rows: Rows, edits: Edits, added: Sequence[Mapping[str, Any]], weights: Sequence[float],
        parents: Sequence[int],
    ) -> None:
        """Write each file below `folder` under its own name: rows, then the rows added to its rows (`parents`).

        All files are written before the first takes its place.
        """
        make_private_dir(folder)
        home = [int(self.part[row]) for row in parents] or [len(self.parts) - 1] * len(added)
        changes, own = self._edits_by_part(edits), self._by_part(self.part[rows])
        guests: list[list[int]] = [[] for _ in self.parts]
        for i, where in enumerate(home):
            guests[where].append(i)
        with ExitStack() as stack:
            for number, (part, mine, new) in enumerate(zip(self.parts, own, guests, strict=True)):
                chosen = [weights[i] for i in (*mine.tolist(), *(len(rows) + i for i in new))] if len(weights) else []
                temporary = stack.enter_context(atomic_path(folder / part.name))
                with temporary.open("wb") as file, compressed(file, part.compression) as stream:
                    part.store.write(stream, self.local[rows[mine]], changes[number], [added[i] for i in new], chosen)


def read_many(found: Listing, read: Callable[[Path], Read]) -> tuple[str, Parsed, tuple[SourceFile, ...]]:
    """(format, rows, files) of a listing; `read` opens one file, and names no format where it is blank.

    Raises DataError where files are of several formats.
    """
    parts: list[Part] = []
    files: list[SourceFile] = []
    rejected: list[Rejected] = []
    notes: dict[str, list[str]] = {}
    kinds: dict[str, str] = {}
    for name, path in zip(found.names, found.files(), strict=True):
        kind, parsed, compression, digest, size = read(path)
        if kind:
            kinds.setdefault(kind, name)
        parts.append(Part(name, path, parsed.store, compression))
        rejected += [replace(each, file=str(path)) for each in parsed.rejected]
        for note in parsed.notes:
            notes.setdefault(note, []).append(name)
        files.append(SourceFile(name, size, digest, compression, parsed.store.n_rows, len(parsed.rejected)))
    if len(kinds) > 1:
        told = " and ".join(f"{kind} ({name})" for kind, name in sorted(kinds.items()))
        ending = "".join(Path(next(iter(kinds.values()))).suffixes[-1:])
        raise DataError(
            f"{found.root}: its files are of several formats: {told}. One dataset is of one format: name the files of one "
            f"by a pattern, such as '{found.root / f'**/*{ending}'}'."
        )
    sizes = [part.store.n_rows for part in parts]
    local = np.concatenate([np.arange(n) for n in sizes]).astype(np.int64)
    store = ManyStore(tuple(parts), np.repeat(np.arange(len(parts)), sizes), local)
    splits = tuple(split_of(name) for name in found.names)
    named = any(rank(name, NAMES["split"]) is not None for name in store.names)
    if None not in splits and len(set(splits)) > 1 and not named:
        store = ManyStore(store.parts, store.part, store.local, splits)
    return next(iter(kinds), "jsonl"), Parsed(store, rejected, tuple(_told(notes))), tuple(files)


def _told(notes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Each note once, with the first file that it is about."""
    for note, names in notes.items():
        more = f" (and in {plural(len(names) - 1, 'other file')})" if len(names) > 1 else ""
        yield f"{names[0]}{more}: {note}"


def hash_of(files: Sequence[SourceFile]) -> str:
    """The hash of several files: over their names and hashes, in order."""
    digest = xxhash.xxh3_128()
    for file in files:
        digest.update(f"{file.path}\0{file.input_hash}\0".encode())
    return f"xxh3_128:{digest.hexdigest()}"
