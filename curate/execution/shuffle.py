"""Files that carry records from one task to another.

Method: a task writes one file for each kind of record, and in it one *segment* for each receiver, in receiver order;
a receiver reads its segment of every sender's file. So a shuffle between S senders and R receivers is S files, not
S * R, and every read is one run of bytes. A file is an Arrow IPC file, a segment is one of its record batches, and a
reader maps the file, so that only its own segment is read from the disk.
Idempotent: a file is named by kind and sender, its bytes depend on the input alone, and it is written to a temporary
name and renamed. A task that runs twice, or is killed and runs again, leaves the same file.
Shapes: columns are numpy arrays of one length a segment; shingle sets are `large_list<uint64>`.
Cost: the bytes of the columns, and about 0.3 KB a segment.
Needs: a folder that every node sees under the same path, with `rename` that replaces in one step (any POSIX file
system; NFS among them).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.dataset.atomic import atomic_path, make_private_dir

Ints = NDArray[np.int64]
Columns = dict[str, Any]


def file_of(folder: Path, kind: str, sender: int) -> Path:
    """Where a sender's records of one kind lie."""
    return folder / kind / f"{sender:06d}.arrow"


def write_segments(path: Path, schema: pa.Schema, segments: Iterable[Columns]) -> None:
    """Write one record batch for each segment, in order, as a whole or not at all."""
    make_private_dir(path.parent)
    with (
        atomic_path(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        for columns in segments:
            writer.write_batch(pa.record_batch([pa.array(columns[f.name], f.type) for f in schema], schema=schema))


def write_parted(path: Path, schema: pa.Schema, part: Ints, n_parts: int, columns: Columns) -> None:
    """Write records into the segments that `part` says, keeping their order inside a segment."""
    order = np.argsort(part, kind="stable")
    bounds = np.searchsorted(part[order], np.arange(n_parts + 1))
    ordered = {name: values[order] for name, values in columns.items()}
    write_segments(
        path,
        schema,
        ({name: values[lo:hi] for name, values in ordered.items()} for lo, hi in itertools.pairwise(bounds)),
    )


def read_segment(path: Path, segment: int) -> pa.RecordBatch:
    """One segment of a file, mapped rather than copied."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).get_batch(segment)


def gather(folder: Path, kind: str, senders: Sequence[int], segment: int, names: Sequence[str]) -> list[NDArray[Any]]:
    """Numeric columns of one receiver's segments of all senders, in the order of the senders."""
    batches = [read_segment(file_of(folder, kind, sender), segment) for sender in senders]
    return [np.concatenate([b[name].to_numpy() for b in batches]) if batches else np.zeros(0, np.int64) for name in names]
