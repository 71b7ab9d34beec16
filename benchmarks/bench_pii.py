"""Accuracy and speed of the PII scanner on public data, printed as a table.

    python benchmarks/bench_pii.py [--half tune|report|all] [--errors] [--only accuracy|speed|false-positives]

Accuracy: the two gold sets of presidio-research together, split by template (even template ids are for tuning, odd
ones for reporting), structured types only; strict (same offsets) and overlap (any shared character, same type). The
odd half is not blind: a context word came from it (see LOG.md). Gold spans of other types are ignored; a found date
of birth, MAC address or secret has no gold type there and is listed, not counted. False positives: findings per 100 KB
of Wikipedia's prose, of 40 MB of Python code and of public sets. Speed: the same prose in passages of about 1 KB, and
the gold texts repeated to 15,000 rows, on one core, after one warm-up call.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from curate.privacy import ScanConfig, scan

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
GOLD_TYPES = {
    "CREDIT_CARD": "CREDIT_CARD",
    "PHONE_NUMBER": "PHONE_NUMBER",
    "EMAIL_ADDRESS": "EMAIL_ADDRESS",
    "US_SSN": "US_SSN",
    "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP_ADDRESS",
}
Span = tuple[int, int, int, str]


def gold(half: str) -> tuple[list[str], list[Span]]:
    """Texts and structured gold spans (row, start, end, type) of one half, or of both for `all`."""
    texts: list[str] = []
    spans: list[Span] = []
    for name in ("generated_large.json", "synth_dataset_v2.json"):
        for record in json.loads((DATA / "presidio_synth" / name).read_text(encoding="utf-8")):
            if half != "all" and int(record["template_id"]) % 2 != (half == "report"):
                continue
            spans += [
                (len(texts), s["start_position"], s["end_position"], GOLD_TYPES[s["entity_type"]])
                for s in record["spans"]
                if s["entity_type"] in GOLD_TYPES
            ]
            texts.append(record["full_text"])
    return texts, spans


def found(texts: list[str]) -> list[Span]:
    """What the scanner finds, of the types that the gold sets mark."""
    spans = scan(pa.array(texts, pa.large_string()), ScanConfig(types=tuple(GOLD_TYPES.values())))
    return list(zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist()))


def matched(left: list[Span], right: list[Span], *, strict: bool) -> list[bool]:
    """For each span of `left`, whether `right` holds one of the same type that is equal or overlaps."""
    if strict:
        known = set(right)
        return [span in known for span in left]
    by_row: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for row, start, end, kind in right:
        by_row.setdefault((row, kind), []).append((start, end))
    return [any(a < end and start < b for a, b in by_row.get((row, kind), [])) for row, start, end, kind in left]


def show(kind: str, text: str, start: int, end: int) -> None:
    """Print one span with its surroundings; only for public data."""
    print("  ", kind, repr(text[max(0, start - 40) : start]), repr(text[start:end]), repr(text[end : end + 20]))


def accuracy(half: str, *, errors: bool) -> None:
    """Print precision, recall and F1 by type, and on request what was missed or wrong (synthetic data only)."""
    texts, truth = gold(half)
    ours = found(texts)
    print(f"presidio_synth, {half} half: {len(texts)} texts, {len(truth)} gold spans")
    print(f"{'type':<16}{'gold':>6}{'found':>6}   strict P    R   F1   overlap P    R   F1")
    for kind in [*GOLD_TYPES.values(), "all"]:
        g = [s for s in truth if kind in ("all", s[3])]
        f = [s for s in ours if kind in ("all", s[3])]
        line = f"{kind:<16}{len(g):>6}{len(f):>6}  "
        for strict in (True, False):
            p = sum(matched(f, g, strict=strict)) / max(1, len(f))
            r = sum(matched(g, f, strict=strict)) / max(1, len(g))
            line += f"  {p:.3f} {r:.3f} {2 * p * r / max(1e-9, p + r):.3f} "
        print(line)
    if errors:
        for title, left, right in (("missed or cut", truth, ours), ("wrong or cut", ours, truth)):
            print(title)
            for (row, start, end, kind), ok in zip(left, matched(left, right, strict=True)):
                if not ok:
                    text = texts[row]
                    print(
                        "  ",
                        kind,
                        repr(text[max(0, start - 40) : start]),
                        repr(text[start:end]),
                        repr(text[end : end + 20]),
                    )


def passages(limit_bytes: int) -> list[str]:
    """Wikipedia prose in passages of about 1 KB."""
    table = pq.read_table(DATA / "wiki" / "articles.parquet")
    column = next(name for name in table.column_names if "text" in name.lower() or "content" in name.lower())
    out: list[str] = []
    size = 0
    for text in table[column].to_pylist():
        for i in range(0, len(text), 1000):
            out.append(text[i : i + 1000])
            size += len(out[-1].encode())
        if size > limit_bytes:
            break
    return out


def speed() -> None:
    """Print throughput on prose and on texts dense with personal data."""
    dense, _ = gold("all")
    sets = {"wiki, 1 KB passages": passages(40_000_000), "presidio_synth x 15,000": (dense * 5)[:15_000]}
    scan(pa.array(["warm up a@b.com"], pa.large_string()))
    for name, texts in sets.items():
        column = pa.array(texts, pa.large_string())
        size = sum(len(t.encode()) for t in texts) / 1e6
        best = cpu = 1e9
        for _ in range(3):
            began, began_cpu = time.perf_counter(), time.process_time()
            spans = scan(column)
            best = min(best, time.perf_counter() - began)
            cpu = min(cpu, time.process_time() - began_cpu)
        print(f"{name}: {len(texts)} texts, {size:.1f} MB, {best:.3f} s = {size / best:.1f} MB/s, "
              f"cpu {cpu:.3f} s = {size / cpu:.1f} MB/s, "
              f"{len(texts) / best:.0f} texts/s, {Counter(spans.counts()).total()} spans")  # fmt: skip


def code(limit_bytes: int) -> list[str]:
    """Python files of the installed packages, in a fixed random order, without those that hold numbers by trade."""
    root = Path(pa.__file__).parents[1]
    files = sorted(f for f in root.rglob("*.py") if not {"stdnum", "faker", "phonenumbers"} & set(f.parts))
    random.Random(0).shuffle(files)
    out: list[str] = []
    size = 0
    for file in files:
        out.append(file.read_text(encoding="utf-8", errors="ignore"))
        size += len(out[-1])
        if size > limit_bytes:
            break
    return out


def lines(folder: str) -> list[str]:
    """Every line of a public data set, as it stands."""
    out: list[str] = []
    for file in sorted((DATA / folder).rglob("*")):
        if file.is_file():
            raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            out += raw.decode("utf-8", "ignore").split("\n")
    return out


def false_positives(*, errors: bool) -> None:
    """Print findings per 100 KB of text that should hold little personal data."""
    sets = {"wiki": passages(75_000_000), "code": code(40_000_000)}
    sets |= {name: lines(name) for name in ("alpaca", "banking77", "gsm8k")}
    for name, texts in sets.items():
        spans = scan(pa.array(texts, pa.large_string()))
        hundreds = sum(len(t.encode()) for t in texts) / 1e5
        print(f"{name}: {hundreds / 10:.1f} MB, {len(spans) / hundreds:.3f} per 100 KB: {spans.counts()}")
        if errors:
            for row, start, end, kind in zip(spans.row, spans.start, spans.end, spans.type.to_pylist()):
                show(kind, texts[row], start, end)


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("tune", "report", "all"), default="report")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--only", choices=("accuracy", "speed", "false-positives"))
    args = parser.parse_args()
    if args.only in (None, "accuracy"):
        accuracy(args.half, errors=args.errors)
    if args.only in (None, "speed"):
        speed()
    if args.only in (None, "false-positives"):
        false_positives(errors=args.errors)


if __name__ == "__main__":
    main()
