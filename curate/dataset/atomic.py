"""Files that are either the old one or the new one, never half of one.

Bytes go to a temporary name in the target's own directory, are flushed to the disk and renamed over the target
(POSIX `rename` replaces in one step). A process killed at any moment leaves the old file, and at most a hidden
`.<name>.<random>.tmp` beside it. Files are made with mode 0600 and missing directories with 0700, because what the
toolkit writes holds the same personal data as what it reads.

What is no file is never replaced: to a device (`/dev/null`), a pipe or a stream of the process (`/dev/stdout`) the bytes
are written through, when all of them are there. A rename would put a file in the device's place, and root may do that.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from curate.errors import DataError

PRIVATE_DIR = 0o700
_STREAMS = ("/dev/std", "/dev/fd/", "/proc/")
"""Names of a process's own streams: links, whose targets may be files that others write as well."""
_DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS}


def make_private_dir(path: str | os.PathLike[str]) -> Path:
    """Make `path` and its missing parents with mode 0700; existing directories keep the mode they have."""
    target = Path(path)
    missing = []
    for folder in (target, *target.parents):
        if folder.exists():
            break
        missing.append(folder)
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=PRIVATE_DIR, exist_ok=True)
        if not target.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(target))
    except OSError as error:
        raise _unwritable(target, error) from error
    return target


def can_be_made(folder: str | os.PathLike[str]) -> bool:
    """Whether files can be written into a folder, which need not be there yet; nothing is made."""
    whole = Path(folder).absolute()
    there = next(path for path in (whole, *whole.parents) if os.path.lexists(path))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside `path` for writers that want a name; renamed on success, removed on any failure."""
    target = Path(path)
    if _is_special(target):
        with _written_through(target) as temporary:
            yield temporary
        return
    make_private_dir(target.parent)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.", suffix=".tmp")
        os.close(handle)
    except OSError as error:
        raise _unwritable(target, error) from error
    temporary = Path(name)
    try:
        try:
            yield temporary
        except OSError as error:
            if error.errno in _DISK_TROUBLE:
                raise _unwritable(target, error) from error
            raise  # the caller's own: it says nothing about this file
        try:
            _sync(temporary)
            temporary.replace(target)
            _sync(target.parent)
        except OSError as error:
            raise _unwritable(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """Whether something stands there that a rename would destroy: neither a file nor a directory."""
    return str(path.absolute()).startswith(_STREAMS) or (path.exists() and not path.is_file() and not path.is_dir())


@contextmanager
def _written_through(target: Path) -> Iterator[Path]:
    """A temporary path elsewhere, whose bytes are added to `target` on success."""
    with tempfile.TemporaryDirectory(prefix="curate-") as place:
        temporary = Path(place) / "bytes"
        temporary.touch(0o600)
        yield temporary
        try:
            with temporary.open("rb") as made, target.open("ab", buffering=0) as out:
                shutil.copyfileobj(made, out)
        except OSError as error:
            raise _unwritable(target, error) from error


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """An open file of bytes that becomes `path` when the block ends without an error."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        yield file


def atomic_write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write `data` to `path` in one step."""
    with atomic_write(path) as file:
        file.write(data)


def atomic_write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` as UTF-8 to `path` in one step."""
    atomic_write_bytes(path, text.encode("utf-8"))


def _sync(path: Path) -> None:
    """Ask the system to put `path` on the disk; a file system that cannot sync a directory is no failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> DataError:
    hints = {
        errno.ENOSPC: "the disk is full; free some space and run again",
        errno.EDQUOT: "the disk quota is used up; free some space and run again",
        errno.EACCES: "permission denied; choose a directory that you may write to",
        errno.EPERM: "permission denied; choose a directory that you may write to",
        errno.EROFS: "the file system is read-only; choose another directory",
        errno.ENOTDIR: "a file stands where a directory is needed; choose another name",
        errno.EISDIR: "a directory stands where a file is needed; choose another name",
    }
    what = hints.get(error.errno or 0, (error.strerror or type(error).__name__).lower())
    return DataError(f"{path}: cannot be written: {what}. Nothing was left half-written.")
