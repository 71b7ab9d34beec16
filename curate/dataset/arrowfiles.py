"""Arrow IPC: files (`.arrow`, `.feather` of version 2) and streams (as Hugging Face `datasets` keeps them).

The table is held and patched as a Parquet file's is; what is written has the layout (file or stream), the codec and about
the batch size of the input, and bytes that depend on the rows alone. Feather of version 1 is not read: pyarrow has
deprecated it, and `pyarrow.feather.write_feather` turns it into version 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import pyarrow as pa

from curate.dataset.aside import Bytes
from curate.dataset.parquetfiles import ParquetStore, check_table
from curate.dataset.records import Edits, Parsed, Rows
from curate.errors import DataError

FILE_MAGIC, STREAM_MAGIC, FEATHER_1 = b"ARROW1", b"\xff\xff\xff\xff", b"FEA1"


@dataclass(frozen=True)
class ArrowStore(ParquetStore):
    """Rows of an Arrow IPC file or stream; `codec` is none, lz4 or zstd, `row_group_rows` the rows of a batch."""

    layout: Literal["file", "stream"] = "file"

    def write(
        self, file: IO[bytes] | pa.NativeFile, rows: Rows, edits: Edits, added: Sequence[Mapping[str, Any]],
        weights: Sequence[float],
    ) -> None:
        """Write rows, then added rows; `weights` is empty or one number for each of them."""
        table = self.made(rows, edits, added, weights).unify_dictionaries()  # an IPC file holds one dictionary a column
        options = pa.ipc.IpcWriteOptions(compression=None if self.codec == "none" else self.codec)
        start = pa.ipc.new_file if self.layout == "file" else pa.ipc.new_stream
        with start(file, table.schema, options=options) as writer:
            # Whole batches of one size, however the rows lay in memory before.
            writer.write_table(table.combine_chunks(), max_chunksize=self.row_group_rows)


def is_arrow(head: bytes) -> bool:
    """Whether a file starts as Arrow IPC or Feather does."""
    return head.startswith((FILE_MAGIC, STREAM_MAGIC, FEATHER_1))


def read_arrow(path: Path, data: Bytes) -> Parsed:
    """Rows of the bytes of an Arrow IPC file or stream."""
    if data[:4] == FEATHER_1:
        raise DataError(
            f"{path}: is Feather of version 1, which is not read. Write it again: "
            "pyarrow.feather.write_feather(pyarrow.feather.read_table(...), ...)."
        )
    layout: Literal["file", "stream"] = "file" if data[:6] == FILE_MAGIC else "stream"
    try:
        with (pa.ipc.open_file if layout == "file" else pa.ipc.open_stream)(pa.BufferReader(data)) as reader:
            table = reader.read_all()
            batch = max((len(b) for b in table.to_batches()), default=0)
    except (pa.ArrowException, OSError, ValueError) as error:
        cut = "" if layout == "stream" or data[-6:] == FILE_MAGIC else " It was probably cut short."
        raise DataError(
            f"{path}: the Arrow file cannot be read ({type(error).__name__}).{cut} Copy or make it again."
        ) from None
    check_table(table, path, "Arrow")
    codec = _codec(data, layout)
    return Parsed(ArrowStore(table, np.arange(1, table.num_rows + 1), codec, max(1, batch), {}, layout), [])


def _codec(data: Bytes, layout: str) -> str:
    """How the first batch's buffers are compressed: what is written is compressed alike."""
    source = pa.BufferReader(data)
    source.seek(8 if layout == "file" else 0)
    for message in pa.ipc.MessageReader.open_stream(source):
        if message.type == "record batch":
            # The frame's magic number stands in the first compressed buffer, behind its length.
            body = message.body.slice(0, min(64, message.body.size)).to_pybytes()
            return "zstd" if b"\x28\xb5\x2f\xfd" in body else "lz4" if b"\x04\x22\x4d\x18" in body else "none"
    return "none"
