"""Accuracy, fairness and speed of the names model, printed as tables.

    python -m benchmarks.bench_names [--only report|groups|prose|abroad|speed] [--per-group 300] [--errors]

Report: PERSON, LOCATION, ORGANIZATION on BTC section g, which the model has never seen (handles are another type's
question and are left out), and all four types on the odd templates of presidio_synth; overlap (any shared character,
same type). Groups: recall of PERSON by locale of the name, in templates that training does not have; Wilson intervals at
95 %, the worst group named; `new` marks locales whose names are in no list and no training text. Prose: spans per 100 KB
of texts without names (sample tickets, code) and of Wikipedia. Abroad: the same of the translated messages of this
machine's programs (gettext catalogues, up to 600 in each of 18 languages), which name nobody but a developer or two.
Speed: MB/s of `find_names` and of `scan` with names on Wikipedia in passages of 1 KB; processor time, and wall time on
all cores.
"""

from __future__ import annotations

import argparse
import gettext
import json
import math
import random
import time
from pathlib import Path

import pyarrow as pa

from benchmarks.bench_pii import code, passages
from curate.privacy import ScanConfig, scan
from curate.privacy.names import find_names
from curate.privacy.residual.groups import FRAMES, locales, people
from curate.privacy.types import ALL, NAMED
from curate.statistics import wilson

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
Gold = list[tuple[str, list[tuple[int, int, str]]]]
GOLD = {"PERSON": "PERSON", "LOCATION": "LOCATION", "GPE": "LOCATION", "ORGANIZATION": "ORGANIZATION",
        "STREET_ADDRESS": "STREET_ADDRESS", "ADDRESS": "STREET_ADDRESS"}  # fmt: skip


def odd_templates() -> Gold:
    """Gold texts of odd template ids."""
    out: Gold = []
    for name in ("generated_large.json", "synth_dataset_v2.json"):
        for record in json.loads((DATA / "presidio_synth" / name).read_text(encoding="utf-8")):
            if int(record["template_id"]) % 2:
                spans = [(s["start_position"], s["end_position"], GOLD[s["entity_type"]])
                         for s in record["spans"] if s["entity_type"] in GOLD]  # fmt: skip
                out.append((record["full_text"], spans))
    return out


def held_out_tweets() -> Gold:
    """BTC section g; a span of type "" is a handle."""
    from curate.privacy.names.labels import TYPES
    from curate.privacy.names.training.texts import conll

    return [(text, [(a, b, TYPES[kind] if kind >= 0 else "") for a, b, kind in spans])
            for text, spans in conll(DATA / "ner" / "btc_g.conll")]  # fmt: skip


def report(title: str, gold: Gold, kinds: tuple[str, ...], *, errors: bool) -> None:
    """Print overlap precision, recall and F1."""
    spans = find_names(pa.array([text for text, _ in gold], pa.large_string()), kinds)
    found: list[list[tuple[int, int, str]]] = [[] for _ in gold]
    for row, start, end, kind in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), spans.type.to_pylist()):
        if not any(start < b and a < end for a, b, k in gold[row][1] if not k):
            found[row].append((start, end, kind))
    print(f"{title}: {len(gold)} texts")
    for kind in (*kinds, "all"):
        n = hit = m = right = 0
        for (text, truth), ours in zip(gold, found):
            mine = [s for s in ours if kind in ("all", s[2])]
            true = [s for s in truth if s[2] and kind in ("all", s[2])]
            n, m = n + len(true), m + len(mine)
            for a, b, k in true:
                ok = any(k == z and a < y and x < b for x, y, z in mine)
                hit += ok
                if errors and not ok and kind == "PERSON":
                    print("   missed", repr(text[max(0, a - 40) : a]), repr(text[a:b]), repr(text[b : b + 20]))
            right += sum(any(k == z and a < y and x < b for x, y, z in true) for a, b, k in mine)
        p, r = right / max(1, m), hit / max(1, n)
        print(f"  {kind:<15}{n:>6} gold{m:>6} found   P {p:.3f}  R {r:.3f}  F1 {2 * p * r / max(1e-9, p + r):.3f}")


def groups(per_group: int) -> None:
    """Print recall of PERSON by locale, worst first."""
    from curate.privacy.names.training.lists import HELD_OUT

    rows = []
    for locale in locales():
        names = people(locale, per_group)
        if not names:
            continue  # a locale that only inherits
        texts = [name.join(FRAMES[i % len(FRAMES)]) for i, name in enumerate(names)]
        texts = [t.lower() if i % 10 == 9 else t for i, t in enumerate(texts)]
        spans = find_names(pa.array(texts, pa.large_string()), ("PERSON",))
        covered: dict[int, bool] = {}
        for row, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist()):
            begin = len(FRAMES[row % len(FRAMES)][0])
            covered[row] = covered.get(row, False) or (start < begin + len(names[row]) and end > begin)
        hits = sum(covered.values())
        rows.append((hits / len(texts), *wilson(hits, len(texts)), locale, names[0]))
    rows.sort()
    print(f"recall of PERSON by locale, {per_group} names each (one text in ten in small letters), 95 % Wilson interval")
    for share, low, high, locale, example in rows:
        new = "new" if locale in HELD_OUT else "   "
        script = "Latin" if max(map(ord, example)) < 0x250 else "other"
        print(f"  {locale:<7}{new} {script}  {share:.3f}  [{low:.3f}, {high:.3f}]")
    latin = [r for r in rows if max(map(ord, r[4])) < 0x250]
    print(f"worst group: {rows[0][3]} ({rows[0][0]:.3f}); of names in Latin letters: {latin[0][3]} ({latin[0][0]:.3f})")


def prose() -> None:
    """Print spans per 100 KB."""
    sample = Path(__file__).resolve().parents[1] / "sample_data" / "support_tickets.jsonl"
    sets = {
        "sample tickets (no names)": [json.loads(line)["text"] for line in sample.read_text(encoding="utf-8").splitlines()],
        "code": code(5_000_000), "wiki": passages(5_000_000),
    }  # fmt: skip
    for name, texts in sets.items():
        counts = scan(pa.array(texts, pa.large_string()), ScanConfig(types=ALL)).counts()
        hundreds = sum(len(t.encode()) for t in texts) / 1e5
        print(f"{name}: " + ", ".join(f"{kind} {counts.get(kind, 0) / hundreds:.1f}" for kind in NAMED) + " per 100 KB")


CATALOGUES = Path("/usr/share/locale")
TONGUES = ("cs", "da", "de", "es", "fi", "fr", "hu", "id", "it", "nb", "nl", "pl", "pt_BR", "ro", "ru", "sv", "tr", "uk")


def messages(language: str, most: int = 600) -> list[str]:
    """Translated messages of 20 characters and more, drawn at random; without the heads of catalogues and credits."""
    known: set[str] = set()
    for file in sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.mo")):
        try:
            with file.open("rb") as opened:
                pairs = gettext.GNUTranslations(opened)._catalog  # type: ignore[attr-defined]
        except UnicodeDecodeError:
            continue  # an old catalogue in another encoding than it says
        known |= {text for key, text in pairs.items() if key and text != key and len(text) >= 20 and "@" not in text}
    return random.Random(3).sample(sorted(known), min(most, len(known)))


def abroad() -> None:
    """Print spans per 100 KB of messages, by language."""
    size = 0.0
    every: dict[str, int] = {}
    for language in TONGUES:
        texts = messages(language)
        counts = scan(pa.array(texts, pa.large_string()), ScanConfig(types=ALL)).counts()
        hundreds = sum(len(t.encode()) for t in texts) / 1e5
        size += hundreds
        for kind in NAMED:
            every[kind] = every.get(kind, 0) + counts.get(kind, 0)
        print(f"{language:<6}{len(texts)} messages: people {counts.get('PERSON', 0) / max(hundreds, 1e-9):.1f} per 100 KB")
    shares = ", ".join(f"{kind} {n / max(size, 1e-9):.1f}" for kind, n in every.items())
    print(f"all, {size / 10:.2f} MB: {shares} per 100 KB")


def speed() -> None:
    """Print throughput on prose."""
    column = pa.array(passages(20_000_000), pa.large_string())
    size = column.nbytes / 1e6
    calls = {
        "find_names, four types": lambda: find_names(column),
        "scan, structured": lambda: scan(column),
        "scan, structured and names": lambda: scan(column, ScanConfig(types=ALL)),
    }
    for name, call in calls.items():
        call()
        best = cpu = math.inf
        for _ in range(3):
            wall, began = time.perf_counter(), time.process_time()
            spans = call()
            best, cpu = min(best, time.perf_counter() - wall), min(cpu, time.process_time() - began)
        speeds = f"{size / cpu:.1f} MB a second of processor time, {size / best:.1f} MB/s wall"
        print(f"{name}: {size:.1f} MB, {speeds}, {len(spans)} spans")


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", choices=("report", "groups", "prose", "abroad", "speed"))
    parser.add_argument("--per-group", type=int, default=300)
    parser.add_argument("--errors", action="store_true")
    args = parser.parse_args()
    if args.only in (None, "report"):
        report("BTC section g", held_out_tweets(), NAMED[:3], errors=args.errors)
        report("presidio_synth, odd templates", odd_templates(), NAMED, errors=args.errors)
    if args.only in (None, "groups"):
        groups(args.per_group)
    if args.only in (None, "prose"):
        prose()
    if args.only in (None, "abroad"):
        abroad()
    if args.only in (None, "speed"):
        speed()


if __name__ == "__main__":
    main()
