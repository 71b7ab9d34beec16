"""How the text will be read, told to the operating system where the text lies in a file.

Method: `madvise`. A page of a mapped file that is not in memory is read with some thirty of its neighbours, which is right
for a pass over all texts and wrong for the texts of candidates, which lie anywhere: a row of 1 KB would cost 128 KB.
Only large text is spoken for, since only that is ever mapped; on memory that is no file it changes nothing.
Cost: two system calls. Does not: fail, where a system knows no such advice.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

LARGE = 1 << 30
"""Bytes of text from which it may lie in a file."""
_NORMAL, _RANDOM = getattr(mmap, "MADV_NORMAL", 0), getattr(mmap, "MADV_RANDOM", 1)


@contextmanager
def read_anywhere(data: NDArray[np.uint8]) -> Iterator[None]:
    """Within the block, texts are read in no order."""
    if len(data) < LARGE:
        yield
        return
    _advise(data, _RANDOM)
    try:
        yield
    finally:
        _advise(data, _NORMAL)


def _advise(data: NDArray[np.uint8], how: int) -> None:
    first = -(-data.ctypes.data // mmap.PAGESIZE) * mmap.PAGESIZE
    size = (data.ctypes.data + data.nbytes - first) // mmap.PAGESIZE * mmap.PAGESIZE
    try:
        madvise = ctypes.CDLL(None, use_errno=True).madvise
    except (AttributeError, OSError, TypeError):  # no such call on this system
        return
    madvise(ctypes.c_void_p(first), ctypes.c_size_t(size), ctypes.c_int(how))
