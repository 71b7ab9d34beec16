"""What operators cost beside the scan, and what a second scan says of their output.

    python -m benchmarks.bench_scrubbing [--rows 15000]

The gold texts of presidio-research repeated to so many rows, each copy with digits of its own so that values differ. One
thread, processor seconds, one warm-up, best of three. `left` are spans of a scan of the output that are no placeholder and
lie outside every replacement. The last line takes the gold names, places and organisations instead of found ones.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.privacy import ScanConfig, Spans, mask, scan
from curate.privacy.book import book
from curate.privacy.operators import OPERATORS, Rewriter, Rewritten, chosen_operators
from curate.privacy.operators.rewrite import stand_ins
from curate.privacy.types import CODE, KIND

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "presidio_synth"
KEY = bytes(32)
TYPES = {"PERSON": "PERSON", "GPE": "LOCATION", "ORGANIZATION": "ORGANIZATION", "STREET_ADDRESS": "STREET_ADDRESS",
         "EMAIL_ADDRESS": "EMAIL_ADDRESS", "PHONE_NUMBER": "PHONE_NUMBER", "CREDIT_CARD": "CREDIT_CARD"}  # fmt: skip
Work = Callable[[], Rewritten]


def varied(text: str, copy: int) -> str:
    """The text with every third digit moved on by the number of the copy, so that copies hold other values."""
    out = []
    for n, char in enumerate(text):
        out.append(str((int(char) + copy) % 10) if char in "0123456789" and n % 3 == 0 else char)
    return "".join(out)


def gold() -> list[dict[str, object]]:
    """The annotated texts of both files."""
    return [item for name in ("synth_dataset_v2.json", "generated_large.json")
            for item in json.loads((DATA / name).read_text(encoding="utf-8"))]  # fmt: skip


def gold_spans(items: list[dict[str, object]]) -> Spans:
    """The annotated spans as the scanner would give them."""
    found = sorted(
        (row, span["start_position"], span["end_position"], TYPES[span["entity_type"]])
        for row, item in enumerate(items)
        for span in item["spans"]  # type: ignore[attr-defined]
        if span["entity_type"] in TYPES
    )
    row, start, end = (np.array([f[n] for f in found], np.int64) for n in range(3))
    code = np.array([CODE[f[3]] for f in found], np.int64)
    kind = np.array([KIND[f[3].lower()] for f in found], np.int64)
    return Spans(row, start, end, code, kind, np.ones(len(found), np.float32), np.zeros(len(found), np.bool_), book())


def rewritten(texts: pa.Array, spans: Spans, operator: str) -> Rewritten:
    """What takes the place of the spans."""
    work = Rewriter(chosen_operators({"default": operator}, CODE), spans.book, key=KEY)
    work.add(texts, spans, spans.row)
    return work.finish()[0]


def best_of_three(work: Work) -> tuple[Rewritten, float, float]:
    """(result, processor seconds, wall seconds)."""
    out, cpu, wall = work(), 1e9, 1e9
    for _ in range(3):
        c, w = time.process_time(), time.perf_counter()
        out = work()
        cpu, wall = min(cpu, time.process_time() - c), min(wall, time.perf_counter() - w)
    return out, cpu, wall


def left_over(texts: list[str], spans: Spans, new: Rewritten) -> int:
    """Spans of a scan of the output that do not lie inside a replacement."""
    out = list(texts)
    ours: dict[int, list[tuple[int, int]]] = {}
    edits: dict[int, list[tuple[int, int, str]]] = {}
    for row, start, end, text in zip(spans.row.tolist(), new.start.tolist(), new.end.tolist(), new.replacement):
        edits.setdefault(row, []).append((start, end, text))
    for row, found in edits.items():
        out[row], moved = mask(texts[row], found), 0
        for start, end, text in sorted(found):
            ours.setdefault(row, []).append((start + moved, start + moved + len(text)))
            moved += len(text) - (end - start)
    again = scan(pa.array(out, pa.large_string()))
    return sum(
        not any(a <= start and end <= b for a, b in ours.get(row, ()))
        for row, start, end in zip(again.row.tolist(), again.start.tolist(), again.end.tolist())
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=15_000)
    rows = parser.parse_args().rows
    items = gold()
    texts = [varied(str(items[n % len(items)]["full_text"]), n // len(items)) for n in range(rows)]
    column = pa.array(texts, pa.large_string())
    spans = scan(column)
    c, w = time.process_time(), time.perf_counter()
    spans = scan(column)
    floor = time.process_time() - c
    megabytes = sum(len(t.encode()) for t in texts) / 1e6
    wall = time.perf_counter() - w
    print(f"scan: {rows} rows, {megabytes:.1f} MB, {len(spans)} spans, cpu {floor:.3f} s, wall {wall:.3f} s")
    for operator in OPERATORS:
        kinds = stand_ins(chosen_operators({"default": operator}, CODE), spans.book)
        spans = scan(column, ScanConfig(stand_ins=kinds))
        new, cpu, wall = best_of_three(partial(rewritten, column, spans, operator))
        print(f"{operator:13} cpu {cpu:.3f} s, wall {wall:.3f} s, {cpu / floor:5.2f} of the scan, "
              f"{cpu / max(len(spans), 1) * 1e6:5.1f} us a span, left {left_over(texts, spans, new)}")
    plain = [str(item["full_text"]) for item in items]
    named = gold_spans(items)
    column = pa.array(plain, pa.large_string())
    new, cpu, wall = best_of_three(partial(rewritten, column, named, "surrogate"))
    real = {plain[r][a:b].casefold() for r, a, b in zip(named.row.tolist(), named.start.tolist(), named.end.tolist())}
    same = sum(text.casefold() in real for text in new.replacement)
    print(f"surrogates of {len(named)} gold spans, names among them: cpu {cpu:.3f} s, wall {wall:.3f} s, "
          f"{cpu / len(named) * 1e6:.1f} us a span, {same} equal to a real value")


if __name__ == "__main__":
    main()
