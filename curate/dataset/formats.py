"""Which format a file is of: told by its name, checked against its contents."""

from __future__ import annotations

import re
from pathlib import Path

from curate.dataset.arrowfiles import is_arrow
from curate.dataset.aside import Bytes
from curate.dataset.compression import PACKED
from curate.dataset.records import BOM
from curate.errors import DataError

FORMATS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "feather", ".ipc": "arrow",
}  # fmt: skip
INK = re.compile(rb"[^\xef\xbb\xbf \t\r\n]")
"""Anything that is neither white space nor a byte order mark."""


def named_format(file: Path) -> str | None:
    """The format that the ending of a name promises, endings of compression left out; None where it promises none."""
    suffixes = [suffix.lower() for suffix in file.suffixes]
    while suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


def format_of(file: Path, data: Bytes) -> str:
    """The format of decompressed bytes, `object` where all of a JSON text may be one object. DataError where name and
    contents disagree, or neither tells."""
    named = named_format(file)
    head = data[:4096].removeprefix(BOM).lstrip()
    if data[:4] == b"PAR1":
        if named not in (None, "parquet"):
            raise DataError(f"{file}: is a Parquet file, though its name says {named}. Rename it to end in .parquet.")
        return "parquet"
    if is_arrow(data[:8]):
        if named not in (None, "arrow", "feather"):
            raise DataError(f"{file}: is an Arrow file, though its name says {named}. Rename it to end in .arrow.")
        return named or "arrow"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{file}: is UTF-16 text. Convert it to UTF-8 (for example: iconv -f utf-16 -t utf-8).")
    if named in ("arrow", "feather"):
        raise DataError(f"{file}: is not an Arrow file, though its name says so. Give it the right ending.")
    if named == "parquet":
        looks = " It looks like JSON." if head[:1] in (b"{", b"[") else ""
        raise DataError(f"{file}: is not a Parquet file, though its name says so.{looks} Give it the right ending.")
    if named in ("json", "jsonl"):
        return _json_kind(file, data, named, head)
    if named:
        return named
    if head[:1] in (b"{", b"["):
        return "json" if head[:1] == b"[" else "jsonl"
    known = ", ".join(FORMATS)
    raise DataError(f"{file}: the name does not tell the format. Known endings: {known}; .gz or .zst may follow.")


def _json_kind(file: Path, data: Bytes, named: str, head: bytes) -> str:
    """JSON Lines are often named .json, and arrays .jsonl."""
    if head[:1] == b"[":
        return "json" if named == "json" or not _one_line_list(data) else "jsonl"
    if named == "json" and head[:1] != b"{":
        raise DataError(f"{file}: is not JSON, though its name says so: it starts with neither [ nor {{.")
    one = named == "json" and (not first_line_whole(data) or _one_line(data))
    return "object" if one else "jsonl"


def _one_line_list(data: Bytes) -> bool:
    """Whether every line starts a list of its own: JSON Lines of the wrong kind rather than one array."""
    lines = data[:65536].splitlines()
    return len(lines) > 1 and all(line.lstrip()[:1] == b"[" and line.rstrip()[-1:] == b"]" for line in lines[:-1][:20])


def _one_line(data: Bytes) -> bool:
    """Whether all of the text stands in one line."""
    ink = INK.search(data)
    end = data.find(b"\n", ink.start() if ink else 0)
    return end < 0 or INK.search(data, end) is None


def first_line_whole(data: Bytes) -> bool:
    """Whether the first line may be a row: else an object that begins there goes on below."""
    ink = INK.search(data)
    begin = ink.start() if ink else 0
    end = data.find(b"\n", begin)
    return end < 0 or data[begin:end].rstrip()[-1:] == b"}" or INK.search(data, end) is None
