"""Standard input as a file: kept beside the runs, because a run reads its data again whenever it is looked at.

The bytes go to `stdin-<hash>.<format>` in a private folder (mode 0600), so the same data piped twice is the same input and
resumes the same run. The format is told by the first bytes: Parquet, Arrow, a JSON array, JSON lines, else CSV or TSV by
the first line. Compressed bytes are refused: unpack them on the way (`zcat data.jsonl.gz | curate run -`). Memory does not
grow with the input.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO

import xxhash

from curate.dataset.arrowfiles import is_arrow
from curate.dataset.atomic import make_private_dir
from curate.dataset.records import BOM
from curate.errors import DataError

_BLOCK = 1 << 20
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}


def keep_standard_input(stream: IO[bytes], folder: Path) -> Path:
    """Keep the stream in `folder` and return the file. DataError for nothing, a terminal, or an unknown format."""
    if stream.isatty():
        raise DataError("standard input is a terminal, not data; pipe a file into it (`cat data.jsonl | curate run -`)")
    make_private_dir(folder)
    digest, head = xxhash.xxh3_128(), b""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".stdin.", suffix=".tmp", delete=False) as file:
        temporary = Path(file.name)
        try:
            while block := stream.read(_BLOCK):
                head = head or block[:65536]
                digest.update(block)
                file.write(block)
            suffix = _suffix(head)
        except BaseException as error:
            temporary.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise DataError(f"standard input cannot be kept in {folder}: {error.strerror}") from None
            raise
    target = folder / f"stdin-{digest.hexdigest()[:16]}{suffix}"
    temporary.replace(target)
    return target


def _suffix(head: bytes) -> str:
    for magic, name in _PACKED.items():
        if head.startswith(magic):
            raise DataError(f"standard input is compressed by {name}; unpack it on the way (for example with zcat)")
    if head.startswith(b"PAR1"):
        return ".parquet"
    if is_arrow(head[:8]):
        return ".arrow"
    text = head.removeprefix(BOM).lstrip()
    if not text:
        raise DataError("standard input is empty: there is nothing to curate")
    if text[:1] in (b"{", b"["):
        return ".json" if text[:1] == b"[" else ".jsonl"
    first = text.splitlines()[0]
    if b"\t" in first or b"," in first:
        return ".tsv" if first.count(b"\t") > first.count(b",") else ".csv"
    raise DataError(
        "standard input is of no format that can be told: JSON lines, a JSON array, CSV or TSV with a header, Parquet and "
        "Arrow can. Save it under a name that says its format"
    )
