"""textual-fastdatatable without polars, which it imports for a kind of table that is not used here.

Importing polars takes a tenth of the time in which a run of a million rows is to be open. Whoever needs it later imports it
as ever: it is left out for the time of this one import, and only where it is not there already.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _left_out(name: str) -> Iterator[None]:
    absent = name not in sys.modules
    if absent:
        sys.modules[name] = None  # type: ignore[assignment] # Python's own way to say that it is not to be imported
    try:
        yield
    finally:
        if absent:
            del sys.modules[name]


with _left_out("polars"):
    from textual_fastdatatable import DataTable
    from textual_fastdatatable.backend import DataTableBackend

__all__ = ["DataTable", "DataTableBackend"]
