"""Rows that an earlier look has settled: a folder of what stages keep of each row, and which rows of a dataset it knows.

A row is known where its id (over the columns that its roles name) and a hash of every other string in it are those of a
kept row (xxh3-128). Each stage keeps arrays of its own, under a key of all that its answer depends on but the rows;
another version, setting, task or role and it keeps nothing that helps. No text is kept. Like row ids, hashes here are for
sameness, not for secrecy: who has the folder can test whether a given text was in the data, and places of personal data
(never the data) are in it. Nor are they cryptographic: who crafts rows to hash like known ones may have them passed over.

    manifest.json                 shapes and hashes of all arrays, keys of the stages
    <hash>/<stage>.<array>.npy    arrays, mapped into memory when a stage asks

A writer puts a new folder of arrays beside the old one and then the manifest in one step; killed before that, it leaves
the old one. What is damaged, of another version or of other data is not used, and `why` says so.
Cost: 12 bytes a row for the table of ids, 16 for the ids, 16 for the other strings, and what stages keep.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from curate.dataset import Dataset, atomic_write_bytes, make_private_dir
from curate.dataset.atomic import atomic_write
from curate.dataset.content import holds_turns
from curate.dataset.types import CONTENT_ROLES
from curate.errors import DataError
from curate.similarity.known import hashes_of, places_of, table_of

FORMAT, VERSION = "curate known rows", 2
MANIFEST = "manifest.json"
ROWS = "rows"
_SAMPLE = 1_000
Ints = NDArray[np.int64]
Arrays = Mapping[str, NDArray[Any]]


class KnownRows:
    """What a folder knows, read; and what stages leave for the next look, to be written."""

    def __init__(self, folder: Path, *, writing: bool = False) -> None:
        """Open a folder, or begin an empty one; `writing`: stages are to leave what they find. DataError where something
        else stands there."""
        self.folder = folder
        self.why = ""
        """Why nothing is known, where that is so."""
        self.writing = writing
        self.left: dict[str, tuple[str, Callable[[], Arrays]]] = {}
        self._manifest = self._read()

    def _read(self) -> dict[str, Any]:
        path = self.folder / MANIFEST
        if not path.is_file():
            if self.folder.exists() and not _is_begun(self.folder):
                raise DataError(f"{self.folder}: is not a folder of known rows; name another place for --index")
            self.why = "it does not exist yet"
            return {}
        try:
            found = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            found = None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise DataError(f"{path}: is not the manifest of known rows; name another place for --index")
        if found.get("version") != VERSION:
            self.why = "it was written by another version of the format"
            return {}
        return found

    @property
    def rows(self) -> int:
        """How many rows are known."""
        return int(self._manifest.get("rows", 0))

    def meet(self, dataset: Dataset) -> Meeting | None:
        """Which rows of a dataset are known; None where the data has no row ids that speak of its texts."""
        if dataset.id_columns or dataset.is_table:
            self.why = "rows are named by other columns than their texts"
            return None
        return Meeting(self, dataset)

    def arrays(self, stage: str, key: str = "") -> Arrays | None:
        """What a stage kept, where it was kept under that key and is what was written."""
        kept = self._manifest.get("stages", {}).get(stage)
        if kept is None or kept["key"] != key:
            return None
        out = {}
        for name, about in kept["arrays"].items():
            path = self.folder / self._manifest["generation"] / f"{stage}.{name}.npy"
            try:
                found = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError):
                found = None
            if found is None or _said_of(found) != about:
                self.why = "it is damaged"
                return None
            out[name] = found
        return out

    def save(self, meeting: Meeting) -> None:
        """Write what the stages left of these rows in place of what was known. DataError where that cannot be written."""
        if not self.left:  # every stage that keeps rows has kept these
            return
        every: dict[str, tuple[str, Arrays]] = {}
        if meeting.all_known:
            for stage, kept in self._manifest["stages"].items():
                arrays = self.arrays(stage, kept["key"])
                every |= {} if arrays is None else {stage: (kept["key"], arrays)}
        every[ROWS] = meeting.columns, meeting.rows()
        every |= {stage: (key, made()) for stage, (key, made) in self.left.items()}
        stages = {
            stage: {"key": key, "arrays": {name: _said_of(array) for name, array in arrays.items()}}
            for stage, (key, arrays) in sorted(every.items())
        }
        generation = xxhash.xxh3_64_hexdigest(orjson.dumps(stages, option=orjson.OPT_SORT_KEYS))
        place = make_private_dir(self.folder / generation)
        for stage, (_, arrays) in every.items():
            for name, array in arrays.items():
                with atomic_write(place / f"{stage}.{name}.npy") as file:
                    np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        about = {"format": FORMAT, "version": VERSION, "rows": meeting.dataset.n_rows}
        manifest = {**about, "generation": generation, "stages": stages}
        atomic_write_bytes(self.folder / MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
        for other in self.folder.iterdir():
            if other.is_dir() and other.name != generation:
                shutil.rmtree(other, ignore_errors=True)


def _is_begun(folder: Path) -> bool:
    """Whether a folder is empty, or holds only what a writer that was killed before its first manifest leaves."""

    def left(path: Path) -> bool:
        return path.name.endswith(".tmp") and path.is_file()

    def arrays(path: Path) -> bool:
        named = re.fullmatch("[0-9a-f]{16}", path.name) and path.is_dir()
        return bool(named) and all(each.suffix == ".npy" or left(each) for each in path.iterdir())

    return folder.is_dir() and all(left(each) or arrays(each) for each in folder.iterdir())


def _said_of(array: NDArray[Any]) -> list[Any]:
    """Shape, type and hash of an array, as JSON."""
    plain = np.ascontiguousarray(array)
    return [list(plain.shape), plain.dtype.str, xxhash.xxh3_64_hexdigest(plain.reshape(-1).view(np.uint8).data)]


def _few(columns: list[pa.LargeStringArray]) -> tuple[Ints, list[pa.LargeStringArray]] | None:
    """(which of few rows each row is, these few), where rows are made up of labels, splits and the like; else None."""
    n = len(columns[0]) if columns else 0
    if any(len(column.slice(0, _SAMPLE).unique()) > _SAMPLE // 2 for column in columns) or n < 2 * _SAMPLE:
        return None
    coded = [column.fill_null("").dictionary_encode() for column in columns]
    sizes = [len(column.dictionary) for column in coded]
    if math.prod(sizes) > n // 4:
        return None
    code = np.zeros(n, np.int64)
    for column, size in zip(coded, sizes, strict=True):
        code = code * size + column.indices.to_numpy()
    distinct = np.flatnonzero(np.bincount(code, minlength=math.prod(sizes)))
    place = np.zeros(math.prod(sizes), np.int64)
    place[distinct] = np.arange(len(distinct))
    at = np.unravel_index(distinct, sizes)
    return place[code], [column.dictionary.take(pa.array(i)) for column, i in zip(coded, at, strict=True)]


@dataclass
class Meeting:
    """Known rows and a dataset."""

    known: KnownRows
    dataset: Dataset

    @cached_property
    def columns(self) -> str:
        """What the columns are, hashed: where a column is of another kind, its rows read otherwise."""
        told = [
            (name, str(array.type), self.dataset.is_json(name), pa.types.is_large_string(array.type) and holds_turns(array))
            for name, array in ((name, self.dataset.values(name)) for name in self.dataset.columns)
        ]
        what = [self.dataset.task, list(self.dataset.roles.items()), told]
        return xxhash.xxh3_128_hexdigest(orjson.dumps(what))

    @cached_property
    def _ids(self) -> NDArray[np.uint64]:
        ids = self.dataset.row_ids
        return np.frombuffer(ids.buffers()[1], np.uint64).reshape(-1, 2)[ids.offset : ids.offset + len(ids)]

    @cached_property
    def _cells(self) -> NDArray[np.uint64]:
        """A hash of every string of a row that its id does not name to the letter."""
        from curate.privacy.column import column_bytes  # a large package, which who asks nothing of known rows spares

        named = {name for role, names in self.dataset.roles.items() if role in CONTENT_ROLES for name in names}
        others = (name for name in self.dataset.columns if name not in named or self.dataset.is_json(name))
        arrays = [array for array in map(self.dataset.values, others) if pa.types.is_large_string(array.type)]
        few = _few(arrays)
        if few is None:
            return hashes_of([column_bytes(array) for array in arrays], self.dataset.n_rows)
        which, texts = few
        return hashes_of([column_bytes(text) for text in texts], len(texts[0]))[which]

    def rows(self) -> Arrays:
        """What is kept of the rows themselves."""
        return {"ids": self._ids, "cells": self._cells, "slots": table_of(self._ids)}

    @cached_property
    def before(self) -> Ints:
        """For each row its place among the known ones, -1 where it is new."""
        kept = self.known.arrays(ROWS, self.columns)
        if kept is None:
            self.known.why = self.known.why or "it was made of data with other columns"
            return np.full(self.dataset.n_rows, -1, np.int64)
        places = places_of(self._ids, kept["ids"], np.asarray(kept["slots"]))
        here = np.flatnonzero(places >= 0)
        places[here[(kept["cells"][places[here]] != self._cells[here]).any(axis=1)]] = -1
        if not (places >= 0).any():
            self.known.why = "none of its rows is here"
        return places

    @property
    def all_known(self) -> bool:
        """Whether these are the known rows, all of them, in their order."""
        return self.known.rows == len(self.before) and bool((self.before == np.arange(len(self.before))).all())

    def stage(self, name: str, key: str) -> Known:
        """The same for one stage."""
        return Known(self, name, key)


@dataclass(frozen=True)
class Known:
    """What one stage kept of known rows."""

    meeting: Meeting
    name: str
    key: str

    @property
    def before(self) -> Ints:
        """For each row its place among the known ones, -1 where it is new."""
        return self.meeting.before

    def arrays(self) -> Arrays | None:
        """What was kept; None where nothing is known, or too little to gain by it."""
        if (self.before >= 0).sum() * 2 < len(self.before):
            return None
        return self.meeting.known.arrays(self.name, self.key)

    def due(self) -> bool:
        """Whether these rows are to be kept and this stage has not kept them."""
        meeting = self.meeting
        return meeting.known.writing and not (meeting.all_known and meeting.known.arrays(self.name, self.key) is not None)

    def leave(self, made: Callable[[], Arrays]) -> None:
        """Keep these arrays for the next look; they are asked for if it comes to that."""
        if self.meeting.known.writing:
            self.meeting.known.left[self.name] = (self.key, made)

