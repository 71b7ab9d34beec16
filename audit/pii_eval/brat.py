"""brat's standoff format: `name.txt` beside `name.ann`, offsets in code points.

Only text-bound annotations (`T1<TAB>Type start end<TAB>text`) are read; relations, events and notes are not spans. A
discontinuous annotation (`0 4;10 14`) gives one span for each fragment. Source: the standoff description of brat 1.3.
"""

from __future__ import annotations

import re
from pathlib import Path

from audit.pii_eval.gold import Gold, checked_span
from curate.errors import DataError

_BOUND = re.compile(r"T\S+\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")


def read_brat(place: Path) -> Gold:
    """All documents of a directory, in the order of their names."""
    if not place.is_dir():
        raise DataError(f"{place}: a brat gold set is a directory with .txt and .ann files")
    gold = Gold("brat")
    for ann in sorted(place.rglob("*.ann")):
        txt = ann.with_suffix(".txt")
        if not txt.is_file():
            raise DataError(f"{ann}: there is no {txt.name} beside it")
        try:
            with txt.open(encoding="utf-8", newline="") as file:  # offsets count carriage returns
                row = gold.add(file.read())
            lines = ann.read_text(encoding="utf-8").split("\n")
        except UnicodeDecodeError as error:
            raise DataError(f"{ann.stem}: not UTF-8 at byte {error.start}") from None
        for number, line in enumerate(lines, 1):
            if line.startswith("T"):
                _annotation(gold, row, line.rstrip("\r"), f"{ann.name}, line {number}")
    return gold


def _annotation(gold: Gold, row: int, line: str, where: str) -> None:
    match = _BOUND.fullmatch(line)
    if match is None:
        raise DataError(f"{where}: expected T<number>, a tab, a type, two offsets, a tab and the text")
    fragments = [[int(n) for n in fragment.split()] for fragment in match[2].split(";")]
    spans = [checked_span(gold, row, start, end, match[1], where) for start, end in fragments]
    held = " ".join(gold.texts[row][s.start : s.end] for s in spans)
    if match[3] is not None and held.split() != match[3].split():
        raise DataError(f"{where}: the offsets do not hold the text that the line repeats")
    gold.spans += spans
