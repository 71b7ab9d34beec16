"""Datasets: rows as they were written, columns to look at, and roles to know them by.

`load` reads JSONL, JSON, CSV, TSV, Parquet and Arrow (plain, gzip, zstd), one file or several as one dataset, finds out
which column is the text, the label, the prompt, the conversation, and says why. Rows keep their own bytes: what nobody
edits is written back exactly as it was. Every row has an id that survives re-ordering and added metadata, so a decision
about a row finds it again next month.
"""

from curate.dataset.atomic import atomic_path, atomic_write, atomic_write_bytes, atomic_write_text, make_private_dir
from curate.dataset.dataset import Dataset
from curate.dataset.detect import Detected, Guess
from curate.dataset.load import load
from curate.dataset.types import TASKS, Rejected, Roles, Source, Strings

__all__ = [
    "TASKS",
    "Dataset",
    "Detected",
    "Guess",
    "Rejected",
    "Roles",
    "Source",
    "Strings",
    "atomic_path",
    "atomic_write",
    "atomic_write_bytes",
    "atomic_write_text",
    "load",
    "make_private_dir",
]
