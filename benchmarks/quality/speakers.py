"""Who speaks: refusals, answers as a model, and sentences that only look like them, in fourteen languages.

Run: python -m benchmarks.bench_quality speakers
Data: `speakers.tsv` (set, kind, language, text), written without sight of the rules: in `self` a model speaks of itself,
`about` is about models or by persons; `refuse` begins with a refusal, `sorry` only looks so. Sets 1 and 2 were read while
the rules were changed; set 3 was written afterwards and is only scored. The texts of one set have one author.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from benchmarks.bench_quality import share_of
from curate.quality import phrases, refusing, speaking

TEXTS = Path(__file__).parent / "speakers.tsv"
KINDS = ("self", "about", "refuse", "sorry")


def speakers() -> None:
    """A line a set and kind, and one a language of the set that was only scored."""
    with TEXTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = pa.array([row["text"] for row in rows], pa.large_string())
    as_model, refusal = speaking.speaks(texts), refusing.refuses(phrases.heads(texts))
    hit = [bool((as_model if row["kind"] in ("self", "about") else refusal)[i]) for i, row in enumerate(rows)]
    for number in sorted({row["set"] for row in rows}):
        for kind in KINDS:
            print(f"set {number} {kind:7} marked {share_of(*_marked(rows, hit, number, kind))}")
    last = max(row["set"] for row in rows)
    for language in dict.fromkeys(row["language"] for row in rows if row["set"] == last):
        cells = ["{} {}/{}".format(kind, *_marked(rows, hit, last, kind, language)) for kind in KINDS]
        print(f"set {last} {language}: {', '.join(cells)}")


def _marked(rows: list[dict[str, str]], hit: list[bool], number: str, kind: str, language: str = "") -> tuple[int, int]:
    found = [
        marked
        for marked, row in zip(hit, rows, strict=True)
        if (row["set"], row["kind"]) == (number, kind) and language in ("", row["language"])
    ]
    return sum(found), len(found)
