"""Class probabilities from outside: what a model of the user's own said of each row without having trained on it.

A `.npy` file holds one row of numbers for each row of the data and one column for each label, labels in sorted order (the
convention of cleanlab). A `.parquet` or `.csv` file holds one column a label, named as the label; other columns are not
looked at. Rows stand in the order of the data, each sums to 1. Nothing is unpickled.
"""

from __future__ import annotations

import tokenize
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from curate.errors import DataError, nearest
from curate.privacy.preview import masked_preview

Floats = npt.NDArray[np.float32]
_SUM = 0.02
"""How far from 1 the probabilities of a row may add up to: half-precision softmax strays that far."""


def read_pred_probs(path: str, names: Sequence[str], n_rows: int, asked: Sequence[str]) -> Floats:
    """`(n_rows, len(asked))` probabilities of the labels `asked`, of all labels `names` (sorted) of the data.

    DataError, naming the file and what to do, where the shape, the labels or the numbers do not fit.
    """
    found = _numpy(path, names) if path.endswith(".npy") else _columns(path, names)
    if len(found) != n_rows:
        raise DataError(f"{path} holds probabilities of {len(found):,} rows, the data {n_rows:,}; they must line up")
    bad = np.flatnonzero(~np.isfinite(found).all(axis=1) | (found < 0).any(axis=1))
    if len(bad):
        raise DataError(f"{path}: row {bad[0]:,} (from 0) holds what is no probability: a negative number or none at all")
    total = found.sum(axis=1)
    off = np.flatnonzero(np.abs(total - 1) > _SUM)
    if len(off):
        raise DataError(
            f"{path}: the probabilities of row {off[0]:,} (from 0) add up to {total[off[0]]:.3g}, not 1; "
            "give probabilities (a softmax), not scores"
        )
    at = {name: i for i, name in enumerate(names)}
    out = found[:, [at[name] for name in asked]] + np.float32(1e-9)
    return np.asarray(out / out.sum(axis=1, keepdims=True), np.float32)


def _numpy(path: str, names: Sequence[str]) -> Floats:
    try:
        found = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file of probabilities") from None
    except (OSError, ValueError, EOFError, SyntaxError, tokenize.TokenError):
        raise DataError(f"{path} is not a NumPy file of numbers; write one with numpy.save") from None
    if not isinstance(found, np.ndarray) or found.ndim != 2 or not np.issubdtype(found.dtype, np.floating):
        raise DataError(f"{path} must hold one table of floating-point numbers, a row for each row of the data")
    if found.shape[1] != len(names):
        raise DataError(
            f"{path} has {found.shape[1]:,} columns, the data {len(names):,} labels; give one column a label, labels in "
            "sorted order, or a Parquet file whose columns are named"
        )
    return found.astype(np.float32)


def _columns(path: str, names: Sequence[str]) -> Floats:
    try:
        table = pq.read_table(path) if path.endswith(".parquet") else pc_csv.read_csv(path)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file of probabilities") from None
    except (OSError, ValueError, pa.ArrowException):
        raise DataError(f"{path} is not a Parquet or CSV file that can be read") from None
    twice = [name for name in names if table.column_names.count(name) > 1]
    if twice:
        raise DataError(f"{path} has two columns for the label {masked_preview(twice[0])!r}")
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise DataError(
            f"{Path(path)} has no column for the label {masked_preview(missing[0])!r}"
            f"{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}; "
            f"{masked_preview(nearest(missing[0], table.column_names), width=400)}"
        )
    try:
        return np.column_stack([
            table[name].cast(pa.float32()).to_numpy().astype(np.float32) for name in names
        ])  # fmt: skip
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(f"{path}: a column named as a label holds something that is no number") from None
