"""Predictions that a user brings: a column of the data, or a file beside it.

A `.parquet` or `.csv` file has a column `prediction`, one row for each row of the data in its order, and may have a column
`score`: the probability of the positive class (with more classes, of the predicted one). Empty cells are rows without a
prediction. Nothing is unpickled. Errors name the file and what to do, never a value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from audit.fairness.counts import Floats
from curate.errors import ConfigError, DataError, nearest

SUFFIXES = (".parquet", ".csv")


def read_predictions(path: str, n_rows: int) -> tuple[Any, Floats | None]:
    """Predicted labels (strings, with nulls) and scores (NaN where there is none) of a file; DataError or ConfigError."""
    if Path(path).suffix not in SUFFIXES:
        raise ConfigError(f"predictions = {path!r}: no column of the data, and no .parquet or .csv file")
    try:
        options = pc_csv.ConvertOptions(column_types={"prediction": pa.large_string()}, strings_can_be_null=True)
        table = pq.read_table(path) if path.endswith(".parquet") else pc_csv.read_csv(path, convert_options=options)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file of predictions") from None
    except (OSError, ValueError, pa.ArrowException):
        raise DataError(f"{path} is not a Parquet or CSV file that can be read") from None
    if "prediction" not in table.column_names:
        told = nearest("prediction", table.column_names)
        raise DataError(f"{path} has no column 'prediction', the predicted label of each row; {told}")
    if table.num_rows != n_rows:
        held = f"{path} holds {table.num_rows:,} rows, the data {n_rows:,}"
        raise DataError(f"{held}; give one prediction a row, in its order")
    given = table["prediction"]
    if pa.types.is_nested(given.type):
        raise DataError(f"{path}: the column 'prediction' must hold labels, not lists or records")
    return given, _scores(path, table) if "score" in table.column_names else None


def _scores(path: str, table: pa.Table) -> Floats:
    try:
        found = np.asarray(table["score"].cast(pa.float64()).to_numpy(), np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(f"{path}: the column 'score' holds something that is no number") from None
    bad = np.flatnonzero((found < 0) | (found > 1))
    if len(bad):
        raise DataError(f"{path}: the score of row {bad[0]:,} (from 0) is no probability; give numbers from 0 to 1")
    return found
