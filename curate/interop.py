"""Doors to the table libraries that people already use. Columns are shared with Arrow where the library allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from curate.dataset import Dataset
from curate.errors import MissingExtraError
from curate.ledger.apply import Curated
from curate.ledger.plan import Plan
from curate.pipeline import Detected

if TYPE_CHECKING:
    import datasets
    import pandas as pd
    import polars as pl

Tabular = Dataset | Curated | Detected | Plan


def to_arrow(thing: Tabular) -> pa.Table:
    """Rows of a dataset or of curated data; findings of `Detected`; statuses of a `Plan`."""
    if isinstance(thing, Curated):
        return thing.dataset().table
    if isinstance(thing, Dataset):
        return thing.table
    if isinstance(thing, Detected):
        return thing.findings
    if isinstance(thing, Plan):
        return thing.table
    raise TypeError(f"cannot make a table of {type(thing).__name__}")


def to_polars(thing: Tabular) -> pl.DataFrame:
    """The same as a polars data frame."""
    import polars as pl

    frame = pl.from_arrow(to_arrow(thing))
    assert isinstance(frame, pl.DataFrame)
    return frame


def to_pandas(thing: Tabular) -> pd.DataFrame:
    """The same as a pandas data frame, with Arrow-backed columns, so that integers with nulls stay integers."""
    import pandas as pd

    frame: pd.DataFrame = to_arrow(thing).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def to_datasets(thing: Dataset | Curated) -> datasets.Dataset:
    """Rows as a Hugging Face dataset in memory, nested values as they were. Raises MissingExtraError("train")."""
    try:
        import datasets as hf
    except ImportError:
        raise MissingExtraError("train", "datasets") from None
    source = thing.dataset() if isinstance(thing, Curated) else thing
    plain = all(not source.is_json(name) for name in source.columns)
    made: Any = hf.Dataset(source.table.replace_schema_metadata(None)) if plain else hf.Dataset.from_list(
        [source.row(i) for i in range(source.n_rows)]
    )
    return made
