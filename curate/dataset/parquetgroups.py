"""The row groups of a Parquet file, decoded side by side, with each text column in one piece.

Arrow decodes the columns of one group side by side, which does not help where one column of text is nearly all of the
file; so groups are decoded on several cores here. A group is read, decoded, appended to the text columns and let go
before the next ones: the peak is the decoded data once and a few groups, where joining chunks at the end would hold it
twice. Fresh memory is what costs here: on a virtual machine it comes at one to three gigabytes a second. Of a large file
the text is set aside (`aside`), and groups that are large themselves are decoded a batch at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq

from curate.dataset.aside import LARGE, SLICE_ROWS, TextColumn

_LARGE_GROUP = LARGE // 4


def read_groups(source: Callable[[], pa.NativeFile], metadata: pq.FileMetaData, *, large: bool = False) -> pa.Table:
    """All rows in order, of the file that each call of `source` opens; raises what Arrow raises for a damaged file.

    `large` says that text is to be set aside whatever the size of this file.
    """
    sizes = [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
    large = large or sum(sizes) >= LARGE
    if not sizes or (len(sizes) < 2 and not large):
        return pq.ParquetFile(source(), metadata=metadata).read()
    texts: dict[int, TextColumn] = {}
    rest: list[pa.Table] = []
    for table in _batches(source, metadata) if max(sizes) >= _LARGE_GROUP else _decoded(source, metadata):
        kinds = table.schema.types
        for i, kind in enumerate(kinds):
            if pa.types.is_string(kind) or pa.types.is_large_string(kind):
                for chunk in table.column(i).chunks:
                    texts.setdefault(i, TextColumn(aside=large)).append(chunk, metadata.num_rows)
        rest.append(table.select([i for i in range(len(kinds)) if i not in texts]))
    if not rest:  # groups without a row
        return pq.ParquetFile(source(), metadata=metadata).read()
    schema = table.schema
    others = iter(pa.concat_tables(rest).columns)
    columns = [texts[i].column(schema.field(i).type) if i in texts else next(others) for i in range(len(schema))]
    return pa.Table.from_arrays(columns, schema=schema)


def _batches(source: Callable[[], pa.NativeFile], metadata: pq.FileMetaData) -> Iterator[pa.Table]:
    """Batches of rows in order, none ahead."""
    for batch in pq.ParquetFile(source(), metadata=metadata).iter_batches(SLICE_ROWS):
        yield pa.Table.from_batches([batch])


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
