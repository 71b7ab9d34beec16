"""The scanner beside presidio-analyzer: speed, accuracy and false positives in one run (`make bench-pii`).

    python -m benchmarks.pii.compare [--small]

Both tools run in a fresh process of their own, pinned to one processor, on the same lists of texts: `wiki` (3 MB of
prose in passages of 1 KB), `dense` (presidio_synth repeated to 15,000 texts; the scanner keeps no cache of values
between texts), both halves of presidio_synth by template, the six types in styles_held.txt, and 1 MB of Python code.
Presidio: its English pattern recognisers on a blank spaCy pipeline; its score threshold is the one with the best F1 on
the tuning half. Structured types and names together, and telephones by locale (`benchmarks.pii.telephones`), are the
scanner's alone. False positives of the scanner are also counted over all of wiki and 40 MB of code; every finding there
counts, though most are true (read them with `python -m benchmarks.bench_pii --only false-positives --errors`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit.pii_eval import Evaluation, Gold, GoldSpan, map_types, score
from audit.pii_eval.typemap import TypeMap
from benchmarks.bench_names import odd_templates
from benchmarks.bench_pii import GOLD_TYPES, code, gold, passages
from benchmarks.pii import styles, telephones
from curate.privacy import scan

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / ".venv-peers-pii" / "bin" / "python"
Answer = dict[str, Any]


def job(small: bool) -> dict[str, list[str]]:
    """The lists of texts."""
    share = 10 if small else 1
    dense, _ = gold("all")
    return {
        "wiki": passages(3_000_000 // share),
        "dense": (dense * 5)[: 15_000 // share],
        "tune": gold("tune")[0],
        "report": gold("report")[0],
        "styles": styles.read("styles_held.txt").texts,
        "code": [text[i : i + 4000] for text in code(1_000_000 // share) for i in range(0, len(text), 4000)],
    }


def ask(command: list[str], lists: dict[str, list[str]]) -> Answer:
    """Run one tool in a process pinned to one processor."""
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    processors = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder) / "job.json", Path(folder) / "out.json"
        asked.write_text(json.dumps(lists), encoding="utf-8")
        try:
            os.sched_setaffinity(0, {min(processors)})
            subprocess.run([*command, str(asked), str(told)], check=True, cwd=ROOT, env=environment)
        finally:
            os.sched_setaffinity(0, processors)
        answer: Answer = json.loads(told.read_text(encoding="utf-8"))
        return answer


def evaluate(half: str, spans: list[list[Any]], threshold: float) -> Evaluation:
    """Score spans that already bear our type names, on a half of presidio_synth or on `styles`."""
    if half == "styles":
        whole = styles.read("styles_held.txt")
    else:
        texts, truth = gold(half)
        whole = Gold("presidio", texts, [GoldSpan(*s) for s in truth], list(range(len(texts))))
    found = [GoldSpan(*s[:4]) for s in spans if s[4] >= threshold]
    return score(whole, found, map_types(whole.types(), GOLD_TYPES.values()), draws=200)


def speed(ours: Answer, theirs: Answer, lists: dict[str, list[str]]) -> None:
    print("\n| texts | tool | cpu s | wall s | MB/s (cpu) | texts/s (cpu) | times Presidio (cpu) |")
    print("|---|---|---|---|---|---|---|")
    for name in ("wiki", "dense"):
        size = sum(len(t.encode()) for t in lists[name]) / 1e6
        rows = [("presidio", theirs[name]["cpu"], theirs[name]["wall"]), ("curate", ours[name]["cpu"], ours[name]["wall"])]
        rows.append(("curate, names on", ours[name]["names"]["cpu"], ours[name]["names"]["wall"]))
        for tool, cpu, wall in rows:
            print(f"| {name}, {size:.1f} MB | {tool} | {cpu:.3f} | {wall:.3f} | {size / cpu:.2f} | "
                  f"{len(lists[name]) / cpu:,.0f} | {theirs[name]['cpu'] / cpu:.0f} |")  # fmt: skip


def accuracy(ours: Answer, theirs: Answer) -> float:
    """Print strict P / R / F1 on the report half and on the unseen styles; returns the threshold chosen for the peer."""
    def best(t: float) -> float:
        return evaluate("tune", theirs["tune"]["spans"], t).lines[-1].strict.f1 or 0.0

    threshold = max((0.0, 0.3, 0.35, 0.4, 0.5, 0.6), key=best)
    for texts, what in (("report", "presidio_synth, report half"), ("styles", "texts in many languages, styles_held.txt")):
        tables = {"curate": evaluate(texts, ours[texts]["spans"], 0.0),
                  "presidio": evaluate(texts, theirs[texts]["spans"], threshold)}  # fmt: skip
        print(f"\n{what}, strict; Presidio's threshold {threshold}")
        print("\n| type | gold | " + " | ".join(f"{tool} P / R / F1" for tool in tables) + " |\n|---|---|---|---|")
        for n, line in enumerate(tables["curate"].lines):
            cells = []
            for result in tables.values():
                m = result.lines[n].strict
                rates = (m.precision.value, m.recall.value, m.f1)
                cells.append(" / ".join("–" if v is None else f"{v:.3f}" for v in rates))
            print(f"| {line.type} | {line.strict.recall.cases} | " + " | ".join(cells) + " |")
    return threshold


def all_types(ours: Answer) -> None:
    """Print P / R / F1 of structured types and names together, on the odd templates of presidio_synth."""
    truth = Gold("presidio")
    for row, (text, spans) in enumerate(odd_templates()):
        truth.add(text)
        truth.spans += [GoldSpan(row, *span) for span in spans]
    structured = Gold("presidio", *[list(x) for x in gold("report")])
    if structured.texts != truth.texts:
        raise SystemExit("the report half of bench_pii and the odd templates of bench_names are not the same texts")
    truth.spans += [GoldSpan(*span) for span in structured.spans]
    found = [GoldSpan(*s[:4]) for s in ours["report"]["names"]["spans"]]
    kinds = sorted({s.type for s in truth.spans})
    # A town found as part of an address is no town found: every type answers for itself alone.
    exact = TypeMap({kind: kind for kind in kinds}, {kind: frozenset((kind,)) for kind in kinds}, {})
    result = score(truth, found, exact, draws=200)
    print("\npresidio_synth, report half, structured types and names together")
    print("\n| type | gold | strict P / R / F1 | overlap P / R / F1 |\n|---|---|---|---|")
    for line in result.lines:
        cells = []
        for m in (line.strict, line.overlap):
            rates = (m.precision.value, m.recall.value, m.f1)
            cells.append(" / ".join("–" if v is None else f"{v:.3f}" for v in rates))
        print(f"| {line.type} | {line.strict.recall.cases} | " + " | ".join(cells) + " |")


def false_positives(ours: Answer, theirs: Answer, lists: dict[str, list[str]], threshold: float, small: bool) -> None:
    print("\n| texts | tool | findings per 100 KB | by type |\n|---|---|---|---|")

    def say(name: str, tool: str, hundreds: float, kinds: list[str]) -> None:
        counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
        print(f"| {name} | {tool} | {len(kinds) / hundreds:.3f} | {', '.join(f'{k} {n}' for k, n in counts.items())} |")

    for name in ("wiki", "code"):
        hundreds = sum(len(t.encode()) for t in lists[name]) / 1e5
        say(f"{name}, {hundreds / 10:.1f} MB", "presidio, the six types", hundreds,
            [s[3] for s in theirs[name]["spans"] if s[4] >= threshold and s[3] in GOLD_TYPES.values()])  # fmt: skip
        say(f"{name}, {hundreds / 10:.1f} MB", "curate, the six types", hundreds,
            [s[3] for s in ours[name]["spans"] if s[3] in GOLD_TYPES.values()])  # fmt: skip
    if not small:
        for name, texts in (("wiki", passages(80_000_000)), ("code", code(40_000_000))):
            hundreds = sum(len(t.encode()) for t in texts) / 1e5
            spans = scan(pa.array(texts, pa.large_string()))
            say(f"{name}, {hundreds / 10:.1f} MB", "curate, all structured types", hundreds, spans.type.to_pylist())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--small", action="store_true", help="a tenth of the texts, to try it out")
    small = parser.parse_args().small
    if not PEER.is_file():
        print("presidio-analyzer is not installed: make peers-pii", file=sys.stderr)
        return 2
    lists = job(small)
    theirs = ask([str(PEER), "benchmarks/pii/use_presidio.py"], lists)
    ours = ask([sys.executable, "-m", "benchmarks.pii.use_curate"], lists)
    for answer in theirs.values():
        if isinstance(answer, dict):
            answer["spans"] = [[*s[:3], GOLD_TYPES.get(s[3], s[3]), s[4]] for s in answer["spans"]]
    print(f"presidio-analyzer {theirs['version']}, {theirs['recognizers']} recognisers, blank spaCy pipeline")
    speed(ours, theirs, lists)
    threshold = accuracy(ours, theirs)
    all_types(ours)
    telephones.table()
    false_positives(ours, theirs, lists, threshold, small)
    return 0


if __name__ == "__main__":
    sys.exit(main())
