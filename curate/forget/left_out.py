"""A person's values in what an input holds beside its rows: rows that were left out because they could not be read, and
what a JSON file says around its array.

A row that is left out has no id and no columns, so the file's own lines are searched, each as it stands, as bytes of
Latin-1 where it is no UTF-8, and with its JSON escapes read, cut short or not; a line belongs to the row that begins last
before it. Of binary formats, where only rows of a wrong kind are left out, the columns of those rows are searched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.compression import read_bytes
from curate.dataset.load import read_rows
from curate.dataset.manyfiles import ManyStore
from curate.forget.files import as_texts
from curate.privacy.subjects import Subject, search

TEXT = ("jsonl", "json", "csv", "tsv")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class LeftOut:
    """A place of an input that is part of no row."""

    file: str
    line: int
    """From 1; of binary formats the number of the row."""
    row: bool
    """Whether it is a row that was left out, rather than what a file says beside its rows."""


def beside_rows(dataset: Dataset, subjects: Sequence[Subject], found: Collection[int]) -> list[LeftOut]:
    """Where values stand beside the rows of a dataset; `found` are the rows that are known to hold one."""
    kind = dataset.source.format
    if kind not in TEXT:
        return _binary(dataset, subjects) if dataset.rejected else []
    if not dataset.rejected and kind != "json":
        return []  # every line is that of a row, or of the names of columns
    bad: dict[str, set[int]] = {}
    for each in dataset.rejected:
        bad.setdefault(each.file or dataset.source.path, set()).add(each.line)
    begins: dict[str, dict[int, list[int]]] = {file: {} for file in bad}
    for row in range(dataset.n_rows):
        file, line = dataset.place(row)
        if file in bad or kind == "json":
            begins.setdefault(file, {}).setdefault(line, []).append(row)
    return [
        hit for file in sorted(begins) for hit in _lines(file, subjects, begins[file], bad.get(file, set()), set(found))
    ]


def _lines(
    file: str, subjects: Sequence[Subject], begins: dict[int, list[int]], bad: set[int], found: set[int]
) -> list[LeftOut]:
    content, _, _ = read_bytes(Path(file))
    lines = content[:].split(b"\n")
    starts = np.array(sorted({*begins, *bad}), np.int64)
    hits = set((search(subjects, pa.array([_text(line) for line in lines], pa.large_string())) + 1).tolist())
    escaped = [number for number, line in enumerate(lines, 1) if b"\\u" in line and number not in hits]
    read = pa.array([_escapes_read(lines[number - 1]) for number in escaped], pa.large_string())
    hits.update(escaped[at] for at in search(subjects, read).tolist())
    for number in bad - hits:
        if len(search(subjects, pa.array(_other_readings(lines[number - 1]), pa.large_string()))):
            hits.add(number)
    out = []
    for number in sorted(hits):
        at = int(np.searchsorted(starts, number, "right")) - 1
        begin = int(starts[at]) if at >= 0 else 0
        if begin in bad:
            out.append(LeftOut(file, number, row=True))
        elif not found.intersection(begins.get(begin, ())):
            out.append(LeftOut(file, number, row=False))
    return out


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _escapes_read(line: bytes) -> str:
    """A line with the characters that it writes as `\\u00fc`; it may be cut short, which ends no search."""
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), _text(line))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _other_readings(line: bytes) -> list[str]:
    """What a line may say that its UTF-8 does not show."""
    out = [line.decode("latin-1")]
    try:
        read = json.dumps(json.loads(line), ensure_ascii=False)
    except (ValueError, RecursionError):
        return out
    return [*out, read.encode("utf-8", "replace").decode()]


def _binary(dataset: Dataset, subjects: Sequence[Subject]) -> list[LeftOut]:
    store = read_rows(dataset.source.path)[1].store
    bad = {(each.file, each.line) for each in dataset.rejected}
    lines = store.lines.tolist()
    files = [str(store.file_of(row)) if isinstance(store, ManyStore) else "" for row in range(len(lines))]
    rows = [row for row, place in enumerate(zip(files, lines, strict=True)) if place in bad]
    out = store.take(np.array(rows, np.int64), {})
    held: set[int] = set()
    for name in out.names:
        texts = as_texts(out.column(name).array)
        if texts is not None:
            held.update(search(subjects, texts).tolist())
    return [LeftOut(files[rows[at]] or dataset.source.path, lines[rows[at]], row=True) for at in sorted(held)]
