"""Vectors of rows from outside: a NumPy file, a Parquet file, or a column of the data itself.

A `.npy` file holds one row of numbers for each row of the data, in its order. A `.parquet` file holds lists of numbers in
a column `vector`; where it also has `row_id` (as `curate vectors` writes it), rows are matched by that, so that the file
outlives a change of order and may hold more rows than the data. Nothing is unpickled.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.dataset import Dataset
from curate.dataset.atomic import atomic_write
from curate.dataset.compression import file_hash
from curate.errors import ConfigError, DataError

SUFFIXES = (".npy", ".parquet")


def is_file(name: str) -> bool:
    """Whether a setting names a file of vectors rather than a column."""
    return name.endswith(SUFFIXES)


def contents_hash(path: str) -> str:
    """Hash of a file that a setting names; DataError where there is none."""
    try:
        return file_hash(Path(path))
    except OSError as error:
        raise DataError(f"{path}: the file cannot be read: {error.strerror}") from None


def read_vectors(dataset: Dataset, name: str) -> npt.NDArray[np.floating[Any]]:
    """One vector a row of `dataset`, (row, d); a row without one is all zeros.

    ConfigError where there is no such file or column, DataError where it does not hold a vector for each row.
    """
    vectors: npt.NDArray[np.floating[Any]]
    if not is_file(name):
        if name not in dataset.columns:
            raise ConfigError(f"vectors = {name!r} is neither a .npy or .parquet file nor a column of the data")
        values = dataset.values(name)
        if not dataset.is_json(name):
            raise DataError(f"column {name} holds no lists of numbers, which vectors must be")
        return _table([None if text is None else orjson.loads(text) for text in values.to_pylist()], f"column {name}")
    if name.endswith(".npy"):
        vectors = _numpy(name)
    else:
        vectors = _parquet(dataset, name)
    if len(vectors) != dataset.n_rows:
        raise DataError(f"{name} holds {len(vectors):,} vectors, the data {dataset.n_rows:,} rows; they must line up")
    return vectors


def write_vectors(path: str, dataset: Dataset, vectors: npt.NDArray[np.float32]) -> None:
    """A Parquet file of row ids and vectors, all of it or nothing."""
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    with atomic_write(path) as file:
        pq.write_table(pa.table({"row_id": dataset.row_ids.cast(pa.binary(16)), "vector": lists}), file)


def _numpy(path: str) -> npt.NDArray[np.floating[Any]]:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        raise DataError(f"{path} is not a NumPy file of numbers; write one with numpy.save") from None
    if not isinstance(found, np.ndarray) or found.ndim != 2 or not np.issubdtype(found.dtype, np.floating):
        raise DataError(f"{path} must hold one table of floating-point numbers, a row for each row of the data")
    return found


def _parquet(dataset: Dataset, path: str) -> npt.NDArray[np.floating[Any]]:
    vectors: npt.NDArray[np.floating[Any]]
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid):
        raise DataError(f"{path} is not a Parquet file that can be read") from None
    if "vector" not in table.column_names:
        raise DataError(f"{path} has no column `vector`; `curate vectors` writes such a file")
    column = table["vector"].combine_chunks()
    kind = column.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        raise DataError(f"{path}: the column `vector` must hold lists of numbers")
    flat = column.flatten()
    plain = pa.types.is_floating(flat.type) or pa.types.is_integer(flat.type)
    if plain and not column.null_count and not flat.null_count and len(pc.unique(pc.list_value_length(column))) == 1:
        vectors = flat.to_numpy(zero_copy_only=False).reshape(len(column), -1).astype(np.float32, copy=False)
    else:
        vectors = _table(column.to_pylist(), path)
    if "row_id" not in table.column_names:
        return vectors
    ids = table["row_id"].combine_chunks().cast(pa.binary())
    place = pc.index_in(dataset.row_ids.cast(pa.binary()), value_set=ids)
    if place.null_count:
        missing = int(place.null_count)
        raise DataError(f"{path} has no vector for {missing:,} of {dataset.n_rows:,} rows; make it again from this data")
    vectors = vectors[place.to_numpy()]
    return vectors


def _table(rows: list[Any], where: str) -> npt.NDArray[np.floating[Any]]:
    size = next((len(row) for row in rows if isinstance(row, list)), 0)
    out = np.zeros((len(rows), max(1, size)), np.float32)
    for i, row in enumerate(rows):
        if row is None:
            continue
        if not isinstance(row, list) or len(row) != size or not all(isinstance(x, int | float) for x in row):
            raise DataError(f"{where}, row {i}: a vector must be a list of {size} numbers")
        out[i] = row
    return out
