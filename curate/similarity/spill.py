"""Text that comes in batches, written to disk once and read from there as one array.

Method: the bytes and the offsets of all rows go to two files, which are then memory mapped as the two buffers of one
`large_string` array; nothing is parsed or copied when it is read. Pages of a mapped file belong to the operating system,
which takes them back under pressure, so what is compared may be larger than memory.
Cost: the text is written and read once, and rows that are candidates are read once more; disk space of the text and 8
bytes a row. The files have no name any more when the array is returned, so they go with its last user, killed or not.
Does not: spill the rows that Python must normalise (see `texts`); those are held in memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.similarity.texts import as_large_strings, buffers


def spilled(batches: Iterable[pa.Array | pa.ChunkedArray], folder: Path) -> pa.LargeStringArray:
    """All rows of `batches`, in order, as one memory-mapped array; `folder` must have room for them.

    Nulls become empty strings: to the similarity engine both are blank.
    """
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix="text-", ignore_cleanup_errors=True) as name,
        (Path(name) / "bytes").open("wb") as bytes_file,
        (Path(name) / "offsets").open("wb") as offsets_file,
    ):
        written, rows = 0, 0
        offsets_file.write(np.zeros(1, np.int64).tobytes())
        for batch in batches:
            strings = as_large_strings(batch)
            if strings.null_count:
                strings = strings.fill_null("")
            data, start, stop = buffers(strings)
            if not len(start):
                continue
            lo, hi = int(start[0]), int(stop[-1])
            bytes_file.write(data[lo:hi].data)
            offsets_file.write((stop - lo + written).tobytes())
            written += hi - lo
            rows += len(start)
        bytes_file.flush()
        offsets_file.flush()
        if not written:
            return pa.array([""] * rows, pa.large_string())
        offsets = pa.memory_map(str(Path(name) / "offsets")).read_buffer()
        data_buffer = pa.memory_map(str(Path(name) / "bytes")).read_buffer()
        return pa.LargeStringArray.from_buffers(rows, offsets, data_buffer)
