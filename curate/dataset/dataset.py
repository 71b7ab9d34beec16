"""A dataset: rows as they were read, columns to look at, roles to know them by.

A `Dataset` never changes. Detectors read its views (`table`, `content`, `labels`, `strings`); `select` makes another
one in memory; `write` spells rows in the format they came in. Rows are named by position within one dataset and by
`row_ids` across runs.
"""

from __future__ import annotations

import html
import os
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.dataset import content as reading
from curate.dataset.atomic import atomic_path, atomic_write
from curate.dataset.column import Column
from curate.dataset.compression import SUFFIXES, compressed
from curate.dataset.detect import Detected
from curate.dataset.inner import at, holder_of, inner
from curate.dataset.manyfiles import ManyStore
from curate.dataset.parquetfiles import ParquetStore
from curate.dataset.parts import parts, reads_turns
from curate.dataset.pointer import escape, parse_pointer
from curate.dataset.records import Edits, TextStore
from curate.dataset.rowids import Named, name_again, name_rows
from curate.dataset.types import CONTENT_ROLES, Rejected, Roles, Source, Strings
from curate.errors import ConfigError, DataError, nearest

Store = TextStore | ParquetStore | ManyStore


class Dataset:
    """Rows with roles. Made by `load` and `select`."""

    def __init__(
        self,
        store: Store | Callable[[], Store],
        detected: Detected,
        source: Source,
        rejected: Sequence[Rejected] = (),
        id_columns: Sequence[str] = (),
        inside: Mapping[str, Column] | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        """`inside` holds what was already read inside columns, by pointer; `notes` are `Parsed.notes`."""
        self._stored = store
        self.detected = detected
        self.source = source
        self.rejected = tuple(rejected)
        self.notes = tuple(notes)
        self.id_columns = tuple(id_columns)
        self._naming = threading.Lock()
        self._opening = threading.Lock()
        self._looking = threading.Lock()
        self._inside = dict(inside or {})
        self.memo: dict[Hashable, Any] = {}
        """What engines computed of these rows, for a second look at those of them that stay; never saved."""
        self.origin: tuple[Dataset, npt.NDArray[np.int64]] | None = None
        """The dataset that these rows were selected from and their places in it, when none was edited or moved."""

    @property
    def _store(self) -> Store:
        """The rows; those of a selection, or of data that was read before, come when somebody looks at them."""
        if not callable(self._stored):
            return self._stored
        with self._opening:  # whoever asks while another thread is at it waits for its answer
            return self._opened

    @cached_property
    def _opened(self) -> Store:
        return self._stored() if callable(self._stored) else self._stored

    @property
    def at_hand(self) -> bool:
        """Whether the rows are in memory: else the first look at one takes as long as reading them all."""
        return not callable(self._stored) or "_opened" in self.__dict__

    # -- what it is -------------------------------------------------------------------------------------------------

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.source.rows if callable(self._stored) else self._stored.n_rows

    def __len__(self) -> int:
        return self.n_rows

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """0 to the number of rows less one, once for all who ask; not to be written to."""
        if self.origin is not None:
            return self.origin[0].numbers[: self.n_rows]
        found = self.memo.get("numbers")
        if found is None:
            found = self.memo["numbers"] = np.arange(self.n_rows)
        return np.asarray(found)

    @property
    def task(self) -> str:
        """classification, sft, chat, preference, unpaired_preference or text."""
        return self.detected.task

    @property
    def roles(self) -> Roles:
        """Which columns play which part."""
        return self.detected.roles

    @property
    def is_table(self) -> bool:
        """Whether no role holds text: rows are numbers and categories, and two alike may be two people."""
        return not any(getattr(self.roles, role) for role in CONTENT_ROLES if role != "label")

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order of the source."""
        return self._store.names if self.origin is None else self.origin[0].columns

    @property
    def lines(self) -> npt.NDArray[np.int64]:
        """Physical line (Parquet: row number) in the source of each row, from 1."""
        return self._store.lines

    def place(self, row: int) -> tuple[str, int]:
        """The file that a row stands in, and its line there."""
        file = str(self._store.file_of(row)) if isinstance(self._store, ManyStore) else self.source.path
        return file, int(self._store.lines[row])

    @property
    def suffix(self) -> str:
        """What a file written by `write` should end in: `.jsonl`, `.csv.gz`, ...; nothing where `write` makes a folder."""
        return "" if self.source.files else f".{self.source.format}{SUFFIXES[self.source.compression]}"

    # -- views ------------------------------------------------------------------------------------------------------

    def _column(self, name: str) -> Column:
        if name not in self._store.names:
            if holder := holder_of(name, self._store.names):
                return self._inner(holder, name)
            raise ConfigError(f"no such column: {name!r}; {nearest(name, self.columns)}")
        return self._store.column(name)

    def _inner(self, holder: str, name: str) -> Column:
        """What stands at a pointer in a column; read once."""
        with self._looking:
            if name not in self._inside:
                if self.origin is not None:
                    self._inside[name] = self.origin[0]._inner(holder, name).take(self.origin[1])
                else:
                    (self._inside[name],) = inner(self._store.column(holder), [name])
            return self._inside[name]

    def pointer_of(self, column: str) -> str:
        """The pointer of a column that a role names, as findings and edits spell it: what lies inside another names its
        own."""
        return column if holder_of(column, self.columns) else escape(column)

    def values(self, column: str) -> pa.Array:
        """One view column in one chunk."""
        return self._column(column).array

    def texts(self, column: str) -> pa.LargeStringArray:
        """One column as text: `1` for 1 and for 1.0, nested values as JSON; null where there is none."""
        return reading.as_text(self._column(column))

    def is_json(self, column: str) -> bool:
        """Whether the strings of a view column are JSON (mixed or nested values)."""
        return self._column(column).json

    @cached_property
    def table(self) -> pa.Table:
        """All view columns; JSON columns carry the field metadata {b"curate": b"json"}."""
        columns = [self._column(name) for name in self.columns]
        schema = pa.schema([column.field(name) for name, column in zip(self.columns, columns, strict=True)])
        return pa.Table.from_arrays([column.array for column in columns], schema=schema)

    @property
    def row_ids(self) -> pa.FixedSizeBinaryArray:
        """One 16-byte id a row; see `curate.dataset.rowids`."""
        with self._naming:  # whoever asks while another thread is at it waits for its answer
            return self._named.ids

    def name_rows_ahead(self) -> None:
        """Make the row ids in a thread of their own: they need the interpreter, which an engine's kernels leave free."""
        threading.Thread(target=lambda: self.row_ids, daemon=True).start()

    @cached_property
    def _named(self) -> Named:
        named = self.id_columns or tuple(
            dict.fromkeys(name for role in CONTENT_ROLES for name in getattr(self.roles, role))
        )
        if set(named) <= set(self.roles.label) and not self.id_columns:
            # A label alone names no row: a table of numbers is named by all of its columns.
            named = self.columns
        others = [name for name in self.columns if name not in named]
        if self.origin is not None and "_named" in self.origin[0].__dict__:
            return name_again(self.origin[0]._named, self.origin[1], others, self._column)
        return name_rows(named, others, self._column, self.n_rows)

    @cached_property
    def _content(self) -> pa.LargeStringArray:
        return reading.content(self.roles, self.task, self.columns, self._column, self.n_rows)

    def content(self) -> pa.LargeStringArray:
        """One text a row, without labels and metadata: what duplicates and label engines look at. No nulls."""
        return self._content

    @cached_property
    def _parts(self) -> dict[str, pa.LargeStringArray]:
        # Turns are read row by row; of other columns all rows together say whether they hold turns.
        if self.origin is not None and "_parts" in self.origin[0].__dict__ and reads_turns(self.roles, self.task):
            rows = pa.array(self.origin[1])
            return {name: texts.take(rows) for name, texts in self.origin[0]._parts.items()}
        return parts(self.roles, self.task, self._column, self.n_rows)

    def parts(self) -> dict[str, pa.LargeStringArray]:
        """`prompt` and `response` of every row, and `rejected` for preferences; empty for classification and text."""
        return dict(self._parts)

    def prompt(self) -> pa.LargeStringArray | None:
        """What the model is given, one text a row without nulls; None for classification and text."""
        return self._parts.get("prompt")

    def response(self) -> pa.LargeStringArray | None:
        """What it should answer (for preferences the chosen answer); None for classification and text."""
        return self._parts.get("response")

    def labels(self) -> pa.LargeStringArray | None:
        """The first label column as text (`1`, not `1.0`); null where there is none."""
        return self._labels

    @cached_property
    def _labels(self) -> pa.LargeStringArray | None:
        return reading.categories(self._column(self.roles.label[0])) if self.roles.label else None

    def groups(self) -> dict[str, pa.LargeStringArray]:
        """The sensitive columns as text."""
        return {name: reading.categories(self._column(name)) for name in self.roles.group}

    def weights(self) -> npt.NDArray[np.float64] | None:
        """What each row counts, by the first weight column; 1 where it names no number; None without such a column."""
        if not self.roles.weight:
            return None
        name = self.roles.weight[0]
        try:
            return reading.weights(self._column(name))
        except ValueError as error:
            raise DataError(
                f"{self.source.path}: column {name!r} cannot weigh rows: {error}; correct it, or give the role weight to "
                "another column or to none"
            ) from None

    def splits(self) -> pa.LargeStringArray | None:
        """train, validation, test or another name; null where a row names none."""
        return self._splits

    @cached_property
    def _splits(self) -> pa.LargeStringArray | None:
        return reading.splits(self._column(self.roles.split[0])) if self.roles.split else None

    def strings(self, names: Iterable[str] | None = None) -> Iterator[Strings]:
        """Every string of every row, nested ones included, in batches: of all columns, or of those that roles name so."""
        order = {name: n for n, name in enumerate(self.columns)}
        if names is not None:
            names = sorted(dict.fromkeys(names), key=lambda name: order[holder_of(name, self.columns) or name])
        return reading.strings({name: self.pointer_of(name) for name in (order if names is None else names)}, self._column)

    def row(self, index: int) -> dict[str, Any]:
        """The source values of one row; absent keys are absent."""
        return self._store.values(index)

    def value(self, name: str, row: int) -> Any:
        """The source value of one cell, or at a place inside it that a role names; None where there is none."""
        cells = self.row(row)
        holder = holder_of(name, self.columns)
        return at(cells.get(holder), parse_pointer(name)[1]) if holder else cells.get(name)

    def raw_row(self, index: int) -> bytes | None:
        """The bytes of one row as its file spells it; None where the format does not spell rows."""
        return None if isinstance(self._store, ParquetStore) else self._store.raw(index)

    # -- making another -----------------------------------------------------------------------------------------------

    def select(self, rows: Any, edits: Edits | None = None) -> Dataset:
        """The given rows in that order, with `edits` {row: {pointer: new value}} made, as a dataset in memory."""
        index = self._checked(rows)
        changes = self._relevant(edits or {})
        source = replace(self.source, rows=len(index))
        store = self._store
        selected = Dataset(lambda: store.take(index, changes), self.detected, source, self.rejected, self.id_columns)
        if changes.keys().isdisjoint(index.tolist()) and bool((np.diff(index) > 0).all()):
            selected.origin = (self, index)
        return selected

    def respelled(self, rows: Mapping[int, bytes]) -> Dataset:
        """The same rows for writing, some of them spelled as given: bytes that hold the same values."""
        if not rows:
            return self
        store = self._store
        if isinstance(store, ParquetStore):
            raise ValueError("rows of this format have no spelling")
        return Dataset(store.respelled(rows), self.detected, self.source, self.rejected, self.id_columns)

    def write(
        self,
        path: str | os.PathLike[str],
        rows: Any = None,
        edits: Edits | None = None,
        added: Sequence[Mapping[str, Any]] = (),
        weights: Any = None,
        parents: Any = None,
    ) -> None:
        """Write rows in the format, shape and compression they were read in; all or nothing.

        Rows without an edit keep their bytes. `added` rows follow at the end. `weights` (one for each of `rows`, or
        for each of `rows` and `added`; added rows count 1) go to a `_weight` column. Rows of several files go to as many
        files below the folder `path`, added rows to those of their `parents`.
        """
        index = np.arange(self.n_rows) if rows is None else self._checked(rows)
        numbers: list[float] = [] if weights is None else [float(weight) for weight in weights]
        if numbers and len(numbers) == len(index):
            numbers += [1.0] * len(added)
        if numbers and len(numbers) != len(index) + len(added):
            raise ValueError(f"{len(numbers)} weights for {len(index)} rows and {len(added)} added rows")
        changes = self._relevant(edits or {})
        if isinstance(self._store, ManyStore):
            homes = () if parents is None else [int(row) for row in parents]
            self._store.write(Path(path), index, changes, added, numbers, homes)
            return
        if isinstance(self._store, ParquetStore) and self.source.compression == "none":
            # Arrow's own file: it is written without asking for the interpreter, which other threads hold.
            with atomic_path(path) as temporary, pa.OSFile(str(temporary), "wb") as sink:
                self._store.write(sink, index, changes, added, numbers)
            return
        with atomic_write(path) as file, compressed(file, self.source.compression) as stream:
            self._store.write(stream, index, changes, added, numbers)

    def _checked(self, rows: Any) -> npt.NDArray[np.int64]:
        index = np.asarray(rows)
        if index.dtype == bool:
            raise ValueError("rows are positions, not a mask")
        index = index.astype(np.int64, copy=False)
        if len(index) and (index.min() < 0 or index.max() >= self.n_rows):
            raise IndexError(f"rows run from 0 to {self.n_rows - 1}")
        return index

    def _relevant(self, edits: Edits) -> Edits:
        for row in edits:
            if not 0 <= row < self.n_rows:
                raise IndexError(f"an edit names row {row}; rows run from 0 to {self.n_rows - 1}")
        return {int(row): changes for row, changes in edits.items() if changes}

    # -- looks --------------------------------------------------------------------------------------------------------

    def explain(self) -> str:
        """Why the task and the roles are what they are, a line each."""
        return self.detected.explain()

    def __repr__(self) -> str:
        roles = ", ".join(f"{role}={'+'.join(columns)}" for role, columns in self.roles.items())
        left_out = f", {len(self.rejected):,} rejected" if self.rejected else ""
        return f"Dataset({self.n_rows:,} rows{left_out}, {self.task}; {roles}; from {self.source.path})"

    def _repr_html_(self) -> str:
        lines = [("rows", f"{self.n_rows:,}"), ("task", self.task)]
        lines += [(role, ", ".join(columns)) for role, columns in self.roles.items()]
        if self.rejected:
            lines.append(("rejected rows", f"{len(self.rejected):,}"))
        lines.append(("source", self.source.path))
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in lines
        )
        return f"<table><caption>Dataset</caption>{cells}</table>"


def no_rows(path: Any, why: str) -> DataError:
    """The error of a dataset without rows, which is never acceptable."""
    return DataError(f"{path}: no rows: {why}. There is nothing to curate.")
