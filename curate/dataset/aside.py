"""Text set aside: what is too large for memory is kept in a file without a name, and read where it lies.

Method: bytes that come in order (a file's content, a column's strings) are appended to a file of the scratch folder and
memory mapped when all are there; nothing is parsed or copied when they are read. Pages of a mapped file belong to the
operating system, which takes them back under pressure, so data may be larger than memory. The file loses its name before
it is filled, so it goes with its last user, killed or not.
Cost: what is set aside is written once and read as often as it is looked at. Disk space of the text, for as long as it is
used. `LARGE` decides, on the size of a file's content; nothing small is ever written to disk.
Does not: set aside anything but text (numbers, row ids and what engines compute a row stay in memory), nor the content of
CSV files and JSON arrays, which are parsed whole.
"""

from __future__ import annotations

import errno
import mmap
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.errors import DataError
from curate.house import is_ours
from curate.words import size

LARGE = 1 << 30
"""Bytes of content from which it is set aside."""
_MANY_FILES = 65_536
SLICE_ROWS = 50_000
"""Rows of a text column that are made at once."""
OFFSET_LIMIT = 2**31 - 1
"""What the offsets of a `string` column reach."""

_COPIED_AT_ONCE = 4 << 20
"""Bytes below which a thread costs more than it saves."""
_LARGE_ARRAY = 1 << 20
_M_MMAP_THRESHOLD = -3

T = TypeVar("T")
Bytes = bytes | mmap.mmap
"""Content of a file: in memory, or set aside. Both slice to bytes, search by regular expression and give a buffer."""


def scratch_folder() -> Path:
    """Where large text is set aside: `TMPDIR`, else a folder that is on a disk by convention, else the system's own."""
    named = os.environ.get("TMPDIR")
    if not named and os.access("/var/tmp", os.W_OK | os.X_OK):
        return Path("/var/tmp")
    return Path(named or tempfile.gettempdir())


class Aside:
    """A file without a name that bytes are appended to."""

    def __init__(self) -> None:
        _open_many()
        self.folder = scratch_folder()
        self.size = 0
        self._file: IO[bytes] = self._told(lambda: tempfile.TemporaryFile(dir=self.folder))  # noqa: SIM115

    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes; DataError where the disk has no room for them."""
        self._told(lambda: self._file.write(data))
        self.size += len(data)

    def mapped(self) -> mmap.mmap:
        """All that was appended, which must be something; nothing can be appended after."""
        self._told(self._file.flush)
        with self._file:
            return mmap.mmap(self._file.fileno(), self.size, access=mmap.ACCESS_READ)

    def _told(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except OSError as error:
            if error.errno == errno.EMFILE:
                raise DataError(
                    "Too many files are open at once: each large file, and each of its text columns, takes one. Join the "
                    "files into fewer, or raise the limit (ulimit -n)."
                ) from None
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DataError(f"{self.folder}: cannot be written ({error.strerror}). {_ELSEWHERE}") from None
            free = shutil.disk_usage(self.folder).free
            raise DataError(
                f"{self.folder}: no room left after {size(self.size)} of text was set aside there "
                f"({size(free)} free). {_ELSEWHERE}"
            ) from None


@cache
def _open_many() -> None:
    """Let a process of ours open as many files as its user may: each that is set aside, and each of its text columns, is
    one. What imported us keeps its own limit."""
    if not is_ours():
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MANY_FILES if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):  # a system that has a lower limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


_ELSEWHERE = (
    "Data of more than 1 GB needs up to three times its size in disk space there; the variable TMPDIR names another folder."
)


@cache
def large_arrays_apart() -> None:
    """Let a process of ours give the memory of a large array back as soon as it is let go.

    The GNU C library takes arrays from maps of their own only until the first one of their size is freed; from then on they
    lie among all others, and over millions of rows a third of what a process held were holes between them. A fixed size
    keeps them apart. Measured on a million rows: no more processor seconds. Other C libraries stay as they are.
    """
    if not is_ours() or not sys.platform.startswith("linux"):
        return
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_ARRAY)


class TextColumn:
    """A text column that grows: bytes, ends of the rows, which rows are null."""

    def __init__(self, *, aside: bool = False) -> None:
        large_arrays_apart()
        self._aside = Aside() if aside else None
        self._data: npt.NDArray[np.uint8] = np.empty(0, np.uint8)
        self._size = 0
        self._ends: list[npt.NDArray[np.int64]] = [np.zeros(1, np.int64)]
        self._valid: list[npt.NDArray[np.bool_]] = []
        self._rows = 0

    def append(self, chunk: pa.Array, rows_in_all: int = 0) -> None:
        """Add strings; `rows_in_all` foretells how many there will be."""
        if not len(chunk):
            return
        chunk = chunk.cast(pa.large_string())
        offsets = np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        start, stop = int(offsets[0]), int(offsets[-1])
        self._rows += len(chunk)
        if stop > start:
            self._add(np.frombuffer(chunk.buffers()[2], np.uint8)[start:stop], rows_in_all)
        self._ends.append(offsets[1:] + (self._size - start))
        valid = chunk.is_valid().to_numpy(zero_copy_only=False) if chunk.null_count else np.ones(len(chunk), bool)
        self._valid.append(valid)
        self._size += stop - start

    def _add(self, data: npt.NDArray[np.uint8], rows_in_all: int) -> None:
        if self._aside is not None:
            self._aside.append(data.data)
            return
        need = self._size + len(data)
        if need > len(self._data):
            # Room for all rows if they go on like this, and a little more: pages that are never filled cost nothing. One
            # long row among short ones must not ask for terabytes, so the room at most doubles, but for a first part.
            hoped = int(1.1 * need * rows_in_all / max(1, self._rows))
            grown = np.empty(min(max(hoped, need), 2 * need + LARGE), np.uint8)
            grown[: self._size] = self._data[: self._size]
            self._data = grown
        _copy(data, self._data[self._size : need])

    def array(self) -> pa.LargeStringArray:
        """All strings in one piece."""
        valid = np.concatenate(self._valid) if self._valid else np.zeros(0, bool)
        bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
        ends = pa.py_buffer(np.concatenate(self._ends))
        data = self._data[: self._size] if self._aside is None or not self._size else self._aside.mapped()
        return pa.Array.from_buffers(pa.large_string(), len(valid), [bits, ends, pa.py_buffer(data)])

    def column(self, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
        """The column as a string type; one chunk unless its offsets are too short for that."""
        whole = self.array()
        if self._size <= OFFSET_LIMIT or pa.types.is_large_string(kind):
            return whole.cast(kind)
        return in_chunks(whole, kind)


def _copy(source: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8]) -> None:
    """Copy bytes on every core: into fresh memory one core copies a gigabyte a second, waiting for its pages."""
    parts = min(pa.cpu_count(), len(source) // _COPIED_AT_ONCE)
    if parts < 2:
        target[:] = source
        return
    ends = np.linspace(0, len(source), parts + 1, dtype=np.int64).tolist()
    with ThreadPoolExecutor(parts) as pool:
        done = [pool.submit(np.copyto, target[low:high], source[low:high]) for low, high in pairwise(ends)]
    for each in done:
        each.result()


def in_chunks(whole: pa.LargeStringArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Large strings as chunks of a type whose offsets are short; no text is copied."""
    _, offset_buffer, data = whole.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[whole.offset : whole.offset + len(whole) + 1]
    chunks, start = [], 0
    while start < len(whole):
        stop = max(start + 1, int(np.searchsorted(offsets, offsets[start] + OFFSET_LIMIT, "right")) - 1)
        part = whole.slice(start, stop - start)
        valid = None if not part.null_count else pa.py_buffer(np.packbits(np.asarray(part.is_valid()), bitorder="little"))
        ends = pa.py_buffer(offsets[start : stop + 1] - offsets[start])
        own = data.slice(int(offsets[start]), int(offsets[stop] - offsets[start]))
        chunks.append(pa.Array.from_buffers(pa.large_string(), len(part), [valid, ends, own]).cast(kind))
        start = stop
    return pa.chunked_array(chunks, kind)


def rejoined(column: pa.ChunkedArray) -> pa.LargeStringArray:
    """The chunks of a text column in one piece; no text is copied where they lie one after the other."""
    chunks = [chunk.cast(pa.large_string()) for chunk in column.chunks if len(chunk)]
    if len(chunks) < 2:
        return chunks[0] if chunks else pa.array([], pa.large_string())
    ends, base, at = [np.zeros(1, np.int64)], 0, 0
    for chunk in chunks:
        offsets = np.frombuffer(chunk.buffers()[1], np.int64)[chunk.offset : chunk.offset + len(chunk) + 1]
        size = int(offsets[-1] - offsets[0])
        if size:
            begin = chunk.buffers()[2].address + int(offsets[0])
            base = base or begin
            if begin != base + at:
                return in_one_piece(chunks)
        ends.append(offsets[1:] + (at - offsets[0]))
        at += size
    valid = None
    if column.null_count:
        valid = pa.py_buffer(np.packbits(np.concatenate([np.asarray(c.is_valid()) for c in chunks]), bitorder="little"))
    data = pa.foreign_buffer(base, at, base=chunks) if at else pa.py_buffer(b"")
    every = pa.py_buffer(np.concatenate(ends))
    return pa.Array.from_buffers(pa.large_string(), sum(map(len, chunks)), [valid, every, data])


def in_one_piece(arrays: list[pa.Array]) -> pa.Array:
    """Arrays of one type, one after the other; strings are set aside where they are large."""
    if len(arrays) == 1:
        return arrays[0]
    if not pa.types.is_large_string(arrays[0].type) or sum(array.nbytes for array in arrays) < LARGE:
        return pa.concat_arrays(arrays)
    column = TextColumn(aside=True)
    for array in arrays:
        column.append(array)
    return column.array()


def in_slices(n_rows: int, size: int, make: Callable[[slice], pa.LargeStringArray]) -> pa.LargeStringArray:
    """What `make` gives for every slice of the rows, in one piece: at once where it is small, else set aside.

    `size` is about how many bytes will come.
    """
    if size < LARGE:
        return make(slice(0, n_rows))
    column = TextColumn(aside=True)
    for start in range(0, n_rows, SLICE_ROWS):
        column.append(make(slice(start, min(start + SLICE_ROWS, n_rows))))
    return column.array()
