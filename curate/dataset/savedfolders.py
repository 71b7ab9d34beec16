"""A folder that Hugging Face `datasets` saved (`save_to_disk`): one dataset, or a dictionary of splits.

`state.json` names the Arrow stream files of a dataset in order, `dataset_dict.json` the splits of a dictionary; rows are
those of all files, one after the other. A dictionary's rows get a column `split`, which says where each came from, unless
the data has one already. What is written is one Arrow stream (`datasets.Dataset.from_file` opens it), not a folder. The
`datasets` package is not needed. The hash is over the names and hashes of the data files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from curate.dataset.arrowfiles import ArrowStore, read_arrow
from curate.dataset.parquetfiles import check_table
from curate.dataset.records import Parsed
from curate.errors import DataError

STATE, SPLITS = "state.json", "dataset_dict.json"


def is_saved_folder(path: Path) -> bool:
    """Whether `datasets` saved this folder."""
    return (path / STATE).is_file() or (path / SPLITS).is_file()


def read_saved_folder(path: Path) -> tuple[Parsed, str, int]:
    """(rows, hash, size in bytes). Raises DataError naming the file that is missing, damaged or at odds with another."""
    parts: list[tuple[str | None, Path]] = []
    if (path / SPLITS).is_file():
        for split in _listed(path / SPLITS, "splits", str):
            parts += [(split, file) for file in _data_files(path / split)]
    else:
        parts = [(None, file) for file in _data_files(path)]
    tables: list[pa.Table] = []
    digest, size, batch, codec = xxhash.xxh3_128(), 0, 1, "none"
    for split, file in parts:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise DataError(f"{file}: cannot be read, though the folder lists it ({error.strerror}).") from None
        store = read_arrow(file, data).store
        assert isinstance(store, ArrowStore)
        digest.update(f"{file.relative_to(path).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
        size, batch, codec = size + len(data), max(batch, store.row_group_rows), store.codec
        table = store.table
        if split is not None and "split" not in table.column_names:
            table = table.append_column("split", pa.array([split] * table.num_rows, pa.string()))
        tables.append(table)
    try:
        table = pa.concat_tables(tables) if tables else pa.table({})
    except pa.ArrowException:
        raise DataError(f"{path}: its parts differ in columns or types, so they are no single dataset.") from None
    check_table(table, path, "Arrow")
    whole = ArrowStore(table, np.arange(1, table.num_rows + 1), codec, batch, {}, "stream")
    return Parsed(whole, []), f"xxh3_128:{digest.hexdigest()}", size


def _data_files(folder: Path) -> list[Path]:
    files = _listed(folder / STATE, "_data_files", dict)
    names = [str(file.get("filename", "")) for file in files]
    for name in names:
        if not _is_inside(name):
            raise DataError(f"{folder / STATE}: names a data file outside its folder, or none.")
    return [folder / name for name in names]


def _is_inside(name: str) -> bool:
    """Whether a name is that of something right in a folder."""
    return name not in ("", "..") and Path(name).name == name


def _listed(path: Path, key: str, kind: type[Any]) -> list[Any]:
    """A list out of a JSON file of the folder."""
    try:
        found = orjson.loads(path.read_bytes()).get(key)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); the folder was not saved whole.") from None
    except (orjson.JSONDecodeError, AttributeError):
        raise DataError(f"{path}: is not what `datasets` writes; save the dataset again.") from None
    if not isinstance(found, list) or not all(isinstance(item, kind) for item in found):
        raise DataError(f"{path}: has no list {key!r}; save the dataset again.")
    if kind is str and not all(_is_inside(item) for item in found):
        raise DataError(f"{path}: names a split outside its folder.")
    return found
