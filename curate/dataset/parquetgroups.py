"""The row groups of a Parquet file, decoded side by side, with each text column in one piece.

Arrow decodes the columns of one group side by side, which does not help where one column of text is nearly all of the
file; so groups are decoded on several cores here. A group is read, decoded, appended to the text columns and let go
before the next ones: the peak is the decoded data once and a few groups, where joining chunks at the end would hold it
twice. Fresh memory is what costs here: on a virtual machine it comes at one to three gigabytes a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

_FIRST_ROOM = 1 << 30
_LIMIT_32 = 2**31 - 1  # what the offsets of a `string` column reach


def read_groups(source: Callable[[], pa.NativeFile], metadata: pq.FileMetaData) -> pa.Table:
    """All rows in order, of the file that each call of `source` opens; raises what Arrow raises for a damaged file."""
    if metadata.num_row_groups < 2:
        return pq.ParquetFile(source(), metadata=metadata).read()
    texts: dict[int, _Text] = {}
    rest: list[pa.Table] = []
    for table in _decoded(source, metadata):
        kinds = table.schema.types
        for i, kind in enumerate(kinds):
            if pa.types.is_string(kind) or pa.types.is_large_string(kind):
                for chunk in table.column(i).chunks:
                    texts.setdefault(i, _Text()).append(chunk, metadata.num_rows)
        rest.append(table.select([i for i in range(len(kinds)) if i not in texts]))
    schema = table.schema
    others = iter(pa.concat_tables(rest).columns)
    columns = [texts[i].column(schema.field(i).type) if i in texts else next(others) for i in range(len(schema))]
    return pa.Table.from_arrays(columns, schema=schema)


def _decoded(source: Callable[[], pa.NativeFile], metadata: pq.FileMetaData) -> Iterator[pa.Table]:
    """Row groups in order; as many as there are cores are decoded ahead."""

    def decode(group: int) -> pa.Table:
        return pq.ParquetFile(source(), metadata=metadata).read_row_group(group, use_threads=False)

    threads = pa.cpu_count()
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[pa.Table]] = deque()
        for group in range(metadata.num_row_groups):
            ahead.append(pool.submit(decode, group))
            if len(ahead) > threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


class _Text:
    """A text column that grows: bytes, ends of the rows, which rows are null."""

    def __init__(self) -> None:
        self.data: npt.NDArray[np.uint8] = np.empty(0, np.uint8)
        self.size = 0
        self.ends: list[npt.NDArray[np.int64]] = [np.zeros(1, np.int64)]
        self.valid: list[npt.NDArray[np.bool_]] = []
        self.rows = 0

    def append(self, chunk: pa.Array, rows_in_all: int) -> None:
        chunk = chunk.cast(pa.large_string())
        offsets = np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        if not len(offsets):
            return
        start, stop = int(offsets[0]), int(offsets[-1])
        self.rows += len(chunk)
        need = self.size + stop - start
        if need > len(self.data):
            # Room for all rows if they go on like this, and a little more: pages that are never filled cost nothing. One
            # long row among short ones must not ask for terabytes, so the room at most doubles, but for a first part.
            hoped = int(1.1 * need * rows_in_all / max(1, self.rows))
            grown = np.empty(min(max(hoped, need), 2 * need + _FIRST_ROOM), np.uint8)
            grown[: self.size] = self.data[: self.size]
            self.data = grown
        if stop > start:
            self.data[self.size : need] = np.frombuffer(chunk.buffers()[2], np.uint8)[start:stop]
        self.ends.append(offsets[1:] + (self.size - start))
        valid = chunk.is_valid().to_numpy(zero_copy_only=False) if chunk.null_count else np.ones(len(chunk), bool)
        self.valid.append(valid)
        self.size = need

    def column(self, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
        """The column as the type it had; one chunk unless its offsets are too short for that."""
        valid = np.concatenate(self.valid) if self.valid else np.zeros(0, bool)
        bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
        ends = pa.py_buffer(np.concatenate(self.ends))
        whole = pa.Array.from_buffers(pa.large_string(), len(valid), [bits, ends, pa.py_buffer(self.data[: self.size])])
        if self.size <= _LIMIT_32 or pa.types.is_large_string(kind):
            return whole.cast(kind)
        lengths = [len(part) for part in self.valid]
        starts = np.cumsum([0, *lengths[:-1]])
        return pa.chunked_array([whole.slice(a, n).cast(kind) for a, n in zip(starts.tolist(), lengths)], kind)
