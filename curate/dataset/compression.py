"""Bytes in and out, through gzip and zstd.

Compression is told by the first bytes of the file, never by its name. Decompression streams and stops where a small
file would grow without end: past `BOMB_FLOOR_BYTES` of output it may hold at most `MAX_RATIO` times its size on disk
(prose compresses 3 to 5 times, templated rows some 50 times, a bomb 1,000 times). A cut or damaged file is an error,
never a shorter dataset. Output is deterministic: gzip carries no time and no name, zstd uses one thread.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import xxhash
import zstandard

from curate.dataset.arrowfiles import is_arrow
from curate.dataset.aside import LARGE, Aside, Bytes
from curate.dataset.records import BOM
from curate.errors import DataError

MAX_RATIO = 250
BOMB_FLOOR_BYTES = 64 << 20
_CHUNK = 1 << 20
_HEAD = 4096
_APPENDED = 16 << 20  # how much is set aside at once
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_UNREAD = {
    b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7-zip", b"Rar!": "rar",
}  # fmt: skip
_WORKBOOKS = (".xlsx", ".xlsm", ".ods", ".numbers")
SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "none": ""}
PACKED = (".gz", ".gzip", ".zst", ".zstd")
"""How names of packed files end."""


def compression_of(path: Path) -> str:
    """`none`, `gzip` or `zstd`; DataError for a compression that is not read."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PK\x03\x04") and path.suffix.lower() in _WORKBOOKS:
        raise DataError(f"{path}: is a workbook of a spreadsheet. Save the sheet as CSV in UTF-8, and give that file.")
    for magic, name in _UNREAD.items():
        if head.startswith(magic):
            raise DataError(f"{path}: is a {name} file, which is not read. Unpack it, or use gzip or zstd instead.")
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "none")


def read_bytes(path: Path, *, large: bool = False) -> tuple[Bytes, str, str]:
    """(content decompressed, compression, hash of the file on disk).

    Large content of a format that is read where it lies is set aside; so is all of it where `large` says that the file is
    one of many.
    """
    compression = compression_of(path)
    size = path.stat().st_size
    digest = xxhash.xxh3_128()
    if compression == "none" and (not (large or size >= LARGE) or not _read_where_it_lies(path)):
        data = path.read_bytes()
        return data, compression, f"xxh3_128:{xxhash.xxh3_128(data).hexdigest()}"
    out, aside = bytearray(), None
    mappable: bool | None = None
    with path.open("rb") as file:
        for block in _unpacked(_watched(file, digest), compression, path):
            out += block
            length = len(out) + (aside.size if aside else 0)
            if compression != "none" and length > BOMB_FLOOR_BYTES and length > MAX_RATIO * size:
                raise DataError(
                    f"{path}: grows to more than {MAX_RATIO} times its size when decompressed, like a zip bomb. "
                    "If it is real, decompress it yourself and give the plain file."
                )
            if mappable is None and len(out) >= min(_HEAD, size):
                mappable = _looks_mappable(bytes(out[:_HEAD]))
            if mappable and (large or length >= LARGE) and len(out) >= _APPENDED:
                aside = aside or Aside()
                aside.append(out)
                out = bytearray()
    if aside is None and large and out and mappable:
        aside = Aside()
    content: Bytes = bytes(out)
    if aside is not None:
        aside.append(out)
        content = aside.mapped()
    return content, compression, f"xxh3_128:{digest.hexdigest()}"


def _read_where_it_lies(path: Path) -> bool:
    with path.open("rb") as file:
        return _looks_mappable(file.read(_HEAD))


def _looks_mappable(head: bytes) -> bool:
    """Whether content begins as JSON Lines or Arrow do: CSV files and JSON arrays are parsed whole, in memory."""
    return head.removeprefix(BOM).lstrip()[:1] == b"{" or is_arrow(head)


def _unpacked(chunks: Iterator[bytes], compression: str, path: Path) -> Iterator[bytes]:
    if compression == "none":
        return chunks
    return _gunzip(chunks, path) if compression == "gzip" else _unzstd(chunks, path)


def hash_file(path: Path) -> str:
    """The hash that `read_bytes` gives for a plain file, without holding the file."""
    return f"xxh3_128:{file_hash(path)}"


def file_hash(path: Path) -> str:
    """xxh3-128 of a file's bytes, hex; of a folder's files with their names."""
    digest = xxhash.xxh3_128()
    if path.is_dir():
        for each in sorted(p for p in path.rglob("*") if p.is_file()):
            digest.update(f"{each.relative_to(path).as_posix()}\0{file_hash(each)}\0".encode())
        return digest.hexdigest()
    room = memoryview(bytearray(_CHUNK))
    with path.open("rb", buffering=0) as file:
        while n := file.readinto(room):
            digest.update(room[:n])
    return digest.hexdigest()


def _watched(file: IO[bytes], digest: Any) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        yield chunk


def _gunzip(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """RFC 1952: members one after another, perhaps padded with zeros."""
    member = zlib.decompressobj(wbits=31)
    started = False
    for chunk in chunks:
        data = chunk
        while data:
            if not started:
                data = data.lstrip(b"\0") if data[:1] == b"\0" else data
                if not data:
                    break
                member, started = zlib.decompressobj(wbits=31), True
            try:
                block = member.decompress(data, 16 * _CHUNK)
                yield block
                # Output may be held back although all input was taken.
                while not member.eof and (block or member.unconsumed_tail):
                    block = member.decompress(member.unconsumed_tail, 16 * _CHUNK)
                    yield block
            except zlib.error:
                raise _damaged(path, "gzip") from None
            data = member.unused_data
            if member.eof:
                started = False
    if started:
        raise _cut(path, "gzip")


def _unzstd(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """RFC 8878: frames one after another."""
    frame: Any = None
    for chunk in chunks:
        data = memoryview(chunk)
        while data:
            if frame is None:
                frame = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
            # Small bites bound what one call may return: 4 KiB of a bomb can become 128 MiB.
            bite, data = data[:4096], data[4096:]
            try:
                yield frame.decompress(bite)
            except zstandard.ZstdError:
                raise _damaged(path, "zstd") from None
            if frame.eof:
                data = memoryview(frame.unused_data + bytes(data))
                frame = None
    if frame is not None:
        raise _cut(path, "zstd")


def _cut(path: Path, name: str) -> DataError:
    return DataError(f"{path}: the {name} data ends too early; the file was cut short. Copy or download it again.")


def _damaged(path: Path, name: str) -> DataError:
    return DataError(f"{path}: the {name} data is damaged. Copy or download the file again.")


@contextmanager
def compressed(file: IO[bytes], compression: str) -> Iterator[IO[bytes]]:
    """A writer that compresses into `file` and ends its stream with the block."""
    if compression == "gzip":
        with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as stream:
            yield stream  # type: ignore[misc]
    elif compression == "zstd":
        with zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as stream:
            yield stream
    else:
        yield file
