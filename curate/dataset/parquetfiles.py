"""Parquet: the Arrow table as it is, filtered and patched by column.

The schema, with its metadata, nested types, dictionaries and null masks, is what comes out again; an edit rebuilds only
the cells it names. View columns are made when asked for: nested values, dates, decimals and bytes appear as JSON text.
Files are written with the codec and about the row-group size of the input; the bytes depend on the rows alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.dataset import pointer as pointers
from curate.dataset.aside import rejoined
from curate.dataset.column import Column, settle
from curate.dataset.jsontext import encode
from curate.dataset.parquetgroups import read_groups
from curate.dataset.records import Edits, Parsed, Rows
from curate.errors import DataError


@dataclass(frozen=True)
class ParquetStore:
    """Rows of a Parquet file."""

    table: pa.Table
    kept: Rows | None
    """Which rows of the file these are; None where all of them stand in order."""
    codec: str
    row_group_rows: int
    cache: dict[str, Column] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.table.num_rows)

    @property
    def lines(self) -> Rows:
        """Number in the file of each row, from 1; made when asked for, because few ask."""
        return np.arange(1, self.n_rows + 1) if self.kept is None else self.kept + 1

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in file order."""
        return tuple(self.table.column_names)

    def column(self, name: str) -> Column:
        """One view column, made on first use."""
        if name not in self.cache:
            self.cache[name] = view(self.table.column(name))
        return self.cache[name]

    def start_of(self, row: int) -> str:
        """The first characters of one row, for a preview that is masked."""
        return encode(self.values(row))[:320]

    def values(self, row: int) -> dict[str, Any]:
        """The values of one row by column."""
        found: dict[str, Any] = self.table.slice(row, 1).to_pylist()[0]
        return found

    def take(self, rows: Rows, edits: Edits) -> ParquetStore:
        """A store of the given rows in that order."""
        kept = rows if self.kept is None else self.kept[rows]
        return replace(self, table=self._patched(rows, edits), kept=kept, cache={})

    def write(
        self, file: IO[bytes] | pa.NativeFile, rows: Rows, edits: Edits, added: Sequence[Mapping[str, Any]],
        weights: Sequence[float],
    ) -> None:
        """Write rows, then added rows; `weights` is empty or one number for each of them."""
        # Names of list members stay as they were read (`element` in new files, `item` in older ones).
        options = {"compression": self.codec, "use_compliant_nested_type": False}
        if not added and not len(weights) and not edits:
            # A row group at a time, so that no second copy of the data stands in memory.
            with pq.ParquetWriter(file, self.table.schema, **options) as writer:
                for start in range(0, max(1, len(rows)), self.row_group_rows):
                    group = self._patched(rows[start : start + self.row_group_rows], {})
                    writer.write_table(group, row_group_size=self.row_group_rows)
            return
        table = self.made(rows, edits, added, weights)
        pq.write_table(table, file, row_group_size=self.row_group_rows, **options)

    def made(
        self, rows: Rows, edits: Edits, added: Sequence[Mapping[str, Any]], weights: Sequence[float]
    ) -> pa.Table:
        """The table to write."""
        table = self._patched(rows, edits)
        if added:
            table = pa.concat_tables([table, self._table_of(added)])
        if not len(weights):
            return table
        column = pa.array(weights, pa.float64())
        if "_weight" in table.column_names:
            return table.set_column(table.column_names.index("_weight"), "_weight", column)
        return table.append_column("_weight", column)

    def _patched(self, rows: Rows, edits: Edits) -> pa.Table:
        everything = len(rows) == self.n_rows and np.array_equal(rows, np.arange(self.n_rows))
        table = self.table if everything else self._taken(rows)
        changes: dict[str, dict[int, list[tuple[tuple[str, ...], Any]]]] = {}
        for i, row in enumerate(rows.tolist()) if edits else ():
            for place, new in edits.get(row, {}).items():
                name, path = pointers.parse_pointer(place)
                if name not in table.column_names:
                    raise KeyError(f"no such column: {name}")
                changes.setdefault(name, {}).setdefault(i, []).append((path, new))
        for name, cells in changes.items():
            index = table.column_names.index(name)
            table = table.set_column(index, table.schema.field(index), _patch(table.column(index), cells, name))
        return table

    def _taken(self, rows: Rows) -> pa.Table:
        """Some rows; only the stretch that they lie in is looked at, since Arrow joins the chunks of what it takes from."""
        low, high = (int(rows.min()), int(rows.max()) + 1) if len(rows) else (0, 0)
        return self.table.slice(low, high - low).take(pa.array(rows - low, pa.int64()))

    def _table_of(self, added: Sequence[Mapping[str, Any]]) -> pa.Table:
        unknown = sorted({name for row in added for name in row} - set(self.names) - {"_weight"})
        if unknown:
            raise DataError(f"an added row has a column that the file lacks: {unknown[0]!r}")
        columns = [_array([row.get(f.name) for row in added], f.type, f.name) for f in self.table.schema]
        return pa.Table.from_arrays(columns, schema=self.table.schema)


Changes = Mapping[int, list[tuple[tuple[str, ...], Any]]]  # row → (path inside the cell, new value)


def _patch(column: pa.ChunkedArray, cells: Changes, name: str) -> pa.ChunkedArray:
    values = []
    for i, changes in cells.items():
        value = column[i].as_py()
        for path, new in changes:
            value = pointers.set_value(value, path, new)
        values.append(value)
    new_cells = _array(values, column.type, name)
    order = np.arange(len(column))
    order[list(cells)] = len(column) + np.arange(len(values))
    joined = pa.chunked_array([*column.chunks, new_cells], type=column.type)
    if pa.types.is_dictionary(column.type):
        joined = joined.unify_dictionaries()
    return joined.take(pa.array(order, pa.int64()))


def _array(values: list[Any], kind: pa.DataType, name: str) -> pa.Array:
    """Python values as the column's own type; text that spells a value of it is read as that value."""
    try:
        if pa.types.is_dictionary(kind):
            return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        pass
    try:
        return pa.array([None if v is None else str(v) for v in values], pa.string()).cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        raise DataError(f"column {name!r} holds {kind}; a new value for it does not fit that type") from None


def view(column: pa.ChunkedArray) -> Column:
    """The view column of an Arrow column."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return view(pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type))
    if pa.types.is_dictionary(kind):
        return view(column.cast(kind.value_type))
    target: pa.DataType | None = None
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        target = pa.large_string()
    elif pa.types.is_boolean(kind):
        target = pa.bool_()
    elif pa.types.is_integer(kind) and (kind != pa.uint64() or (pc.max(column).as_py() or 0) < 2**63):
        target = pa.int64()
    elif pa.types.is_floating(kind):
        target = pa.float64()
    elif pa.types.is_null(kind):
        return Column(pa.nulls(len(column), pa.large_string()))
    if target is not None:
        if target == pa.large_string():
            return Column(rejoined(column))
        array = column.cast(target)
        if array.num_chunks == 1:
            return Column(array.chunk(0))
        return Column(pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], target))
    texts: list[pa.Array] = []
    for batch in column.chunks:
        for start in range(0, len(batch), 20_000):
            values = batch.slice(start, 20_000).to_pylist()
            texts.append(pa.array([None if v is None else encode(v) for v in values], pa.large_string()))
    if not texts:
        return Column(pa.array([], pa.large_string()))
    return settle([("json", text) for text in texts])


def is_parquet(path: Path) -> bool:
    """Whether a file starts as Parquet files do."""
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def read_parquet(path: Path, data: bytes | None = None, *, large: bool = False) -> Parsed:
    """Rows of a Parquet file, or of its bytes where they were compressed once more; `large` sets its text aside."""
    def source() -> pa.NativeFile:
        return pa.OSFile(str(path)) if data is None else pa.BufferReader(data)

    try:
        meta = pq.ParquetFile(source()).metadata
        table = read_groups(source, meta, large=large)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        with source() as file:
            whole = file.size() >= 4 and file.read_at(4, file.size() - 4) == b"PAR1"
        cut = "" if whole else " It does not end as a Parquet file does; it was probably cut short."
        raise DataError(
            f"{path}: the Parquet file cannot be read ({type(error).__name__}).{cut} Copy or make it again."
        ) from None
    check_table(table, path, "Parquet")
    codec, group = "snappy", max(1, table.num_rows)
    if meta.num_row_groups:
        group = max(1, max(meta.row_group(i).num_rows for i in range(meta.num_row_groups)))
        if meta.row_group(0).num_columns:
            codec = meta.row_group(0).column(0).compression.lower()
    codec = {"uncompressed": "none", "unknown": "snappy"}.get(codec, codec)
    return Parsed(ParquetStore(table, None, codec, group), [])


def check_table(table: pa.Table, path: Path, kind: str) -> None:
    """DataError for two columns of one name, or for damaged values: Arrow trusts that strings are UTF-8."""
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: two columns have the same name: {twice[0]!r}. Rename one of them.")
    try:
        table.validate(full=True)
    except pa.ArrowInvalid:
        raise DataError(f"{path}: the {kind} file holds invalid values (such as text that is not UTF-8).") from None
