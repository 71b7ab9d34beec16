"""Mark a run against what was planted: precision and recall of every stage.

    python sample_data/scorecard.py RUN [TRUTH]      (default truth: support_tickets.truth.jsonl beside this file)

Reads a run directory (`findings/*.parquet`, `plan.parquet`, `scores/label_issues.parquet`, `manifest.json`) with
pyarrow, and a truth file; imports nothing of the toolkit, so that it can judge any run of the same contracts.

- Duplicates are judged on findings (both rows of a pair are to be found) and on rows that left. Planted pairs below the
  threshold, and copies that carry another label, are not asked for; to find them is not held against a stage.
- Personal data: *strict* wants the same span and type, *overlap* any shared character of one field.
- A stage that did not run has no line. A ratio without a denominator is null, and "-" in the table.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Record = dict[str, Any]
THRESHOLD = 0.8
"""Word 3-gram Jaccard similarity from which a planted near copy has to be found."""


def score(run_dir: str | Path, truth_path: str | Path) -> Record:
    """Every stage's marks as JSON-ready numbers: `{stage: {measure: value}}`; see `as_table` for their order."""
    run, lines = Path(run_dir), Path(truth_path).read_text(encoding="utf-8").splitlines()
    truth = [json.loads(line) for line in lines]
    by_kind: dict[str, list[Record]] = defaultdict(list)
    for fact in truth:
        by_kind[fact["kind"]].append(fact)
    plan = _rows(run / "plan.parquet")
    found = {path.stem: _rows(path) for path in sorted((run / "findings").glob("*.parquet"))}
    manifest = json.loads((run / "manifest.json").read_text()) if (run / "manifest.json").is_file() else {}
    out: Record = {"threshold": THRESHOLD}
    out |= _duplicates(by_kind, found, plan)
    if "label_names" in found:
        out["label_names"] = _label_names(by_kind["label_spelling"], found["label_names"])
    if "label_issues" in found:
        scores = run / "scores" / "label_issues.parquet"
        out["label_issues"] = _label_issues(by_kind["wrong_label"], found["label_issues"], plan, scores)
    if "pii" in found:
        out["pii"] = _pii(by_kind, found["pii"], plan)
    if "fairness" in found and by_kind["group_bias"]:
        record = manifest.get("stages", {}).get("fairness", {})
        out["fairness"] = _fairness(by_kind, found["fairness"], record.get("summary") or {})
    return out


def _rows(path: Path) -> list[Record]:
    rows: list[Record] = pq.read_table(path).to_pylist()
    return rows


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _marks(expected: set[Any], found: set[Any], also_right: Iterable[Any] = ()) -> Record:
    """Precision and recall of a set; `also_right` may be found without being asked for."""
    right = len(found & (expected | set(also_right)))
    return {
        "planted": len(expected),
        "found": len(found),
        "precision": _ratio(right, len(found)),
        "recall": _ratio(len(expected & found), len(expected)),
    }


def _duplicates(by_kind: dict[str, list[Record]], found: dict[str, list[Record]], plan: list[Record]) -> Record:
    out: Record = {}
    exact = [t for t in by_kind["exact_duplicate"] if not t.get("conflicting_label")]
    near = [t for t in by_kind["near_duplicate"] if t["jaccard"] >= THRESHOLD]
    copies = by_kind["exact_duplicate"] + by_kind["near_duplicate"]
    leaks = {t["train_row"] for t in by_kind["leak"] if t["jaccard"] >= THRESHOLD}
    any_copy = {row for t in copies for row in (t["row"], t["of"])} | {t["train_row"] for t in by_kind["leak"]}
    seen: set[int] = set()  # copies that differ in white space only are exact ones to the first stage
    for stage, pairs in (("exact_duplicates", exact), ("near_duplicates", near)):
        if stage in found:
            rows = {f["row"] for f in found[stage] if f["action"] == "drop" and f["rule"] != "across_splits"}
            out[stage] = _marks({row for t in pairs for row in (t["row"], t["of"])} - (seen - rows), rows, any_copy)
            seen |= rows
    stages = [s for s in ("exact_duplicates", "near_duplicates") if s in found]
    if not stages:
        return out
    both = [f for s in stages for f in found[s]]
    out["leaks"] = _marks(leaks, {f["row"] for f in both if f["rule"] == "across_splits"}, any_copy)
    if "contamination" in found:  # identical copies across splits are the exact duplicates' to find
        identical = {f["row"] for f in found.get("exact_duplicates", ()) if f["rule"] == "across_splits"}
        held = {f["row"] for f in found["contamination"] if f["action"] == "drop"}
        out["contamination"] = _marks(leaks - identical, held, any_copy)
    clash = {t["row"] for t in by_kind["exact_duplicate"] if t.get("conflicting_label")}
    same_text = _groups((t["row"], t["of"]) for t in by_kind["exact_duplicate"])
    conflicting = {row for group in same_text if group & clash for row in group}
    flagged = {f["row"] for f in both if f["rule"] == "conflicting_label"}
    out["conflicting_labels"] = _marks(conflicting, flagged)
    removing = {*stages, "contamination"}
    dropped = {f["row"] for f in plan if f["status"] == "applied" and f["action"] == "drop" and f["stage"] in removing}
    out["copies_removed"] = _removed(exact + near, leaks, any_copy, dropped, copies)
    return out


def _removed(
    pairs: list[Record], leaks: set[int], any_copy: set[int], dropped: set[int], copies: list[Record]
) -> Record:
    """Rows that left: of each planted pair one row has to go, and of no planted group all rows."""
    groups = _groups((t["row"], t["of"]) for t in copies)
    lost = [g for g in groups if g <= dropped and not g & leaks]
    gone = sum(bool({t["row"], t["of"]} & dropped) for t in pairs) + len(leaks & dropped)
    return {
        "planted": len(pairs) + len(leaks),
        "found": len(dropped),
        "precision": _ratio(len(dropped & any_copy), len(dropped)),
        "recall": _ratio(gone, len(pairs) + len(leaks)),
        "groups_lost": len(lost),
    }


def _groups(pairs: Iterable[tuple[int, int]]) -> list[set[int]]:
    """Connected components."""
    of: dict[int, set[int]] = {}
    for a, b in pairs:
        joined = of.get(a, {a}) | of.get(b, {b})
        for row in joined:
            of[row] = joined
    return list({id(group): group for group in of.values()}.values())


def _label_names(truth: list[Record], found: list[Record]) -> Record:
    canonical = {t["row"]: t["canonical"] for t in truth}
    said = {f["row"]: f["replacement"] for f in found if f["action"] == "relabel"}
    right = [row for row in said if row in canonical]
    return _marks(set(canonical), set(said)) | {
        "right_name": _ratio(sum(said[r] == canonical[r] for r in right), len(right))
    }


def _label_issues(truth: list[Record], found: list[Record], plan: list[Record], scores: Path) -> Record:
    true = {t["row"]: t["true"] for t in truth}
    said = {f["row"]: f["replacement"] for f in found if f["rule"] == "likely_wrong"}
    applied = {
        f["row"]
        for f in plan
        if f["stage"] == "label_issues" and f["rule"] == "likely_wrong" and f["status"] == "applied"
    }
    hits = [row for row in said if row in true]
    out = _marks(set(true), set(said))
    out["right_label"] = _ratio(sum(said[r] == true[r] for r in hits), len(hits))
    for how in ("confusable", "uniform"):
        rows = {t["row"] for t in truth if t["how"] == how}
        out[f"recall_{how}"] = _ratio(len(rows & set(said)), len(rows))
    out["applied"] = _marks(set(true), applied)
    if scores.is_file():
        out["average_precision"] = _average_precision(_rows(scores), set(true))
    return out


def _average_precision(scores: list[Record], wrong: set[int]) -> float | None:
    """Mean precision at each planted wrong label, rows in order of score (ties by row number)."""
    ranked = sorted(scores, key=lambda s: (-(s["score"] or 0.0), s["row"]))
    hits, total = 0, 0.0
    for rank, row in enumerate(ranked, 1):
        if row["row"] in wrong:
            hits += 1
            total += hits / rank
    return round(total / len(wrong), 4) if wrong else None


Span = tuple[int, str, int, int, str]
"""(row, field, start, end, type)."""


def _pii(by_kind: dict[str, list[Record]], found: list[Record], plan: list[Record]) -> Record:
    planted = [_span(t, t["type"]) for t in by_kind["pii"]]
    # Flags note names of people, which nothing plants; only what is replaced is scored.
    said = [_span(f, f["rule"].removeprefix("pii.").upper()) for f in found if f["action"] == "replace"]
    types = sorted({s[4] for s in planted} | {s[4] for s in said})
    out = _span_marks(planted, said)
    out["by_type"] = {
        kind: _span_marks([s for s in planted if s[4] == kind], [s for s in said if s[4] == kind]) for kind in types
    }
    traps = [_span(t, t["type"]) for t in by_kind["distractor"]]
    out["traps"] = len(traps)
    out["traps_taken"] = len(_touching(traps, said))
    done = ("applied", "superseded")
    replaced = [
        _span(f, "") for f in plan if f["stage"] == "pii" and f["action"] == "replace" and f["status"] in done
    ]
    dropped = {f["row"] for f in plan if f["status"] == "applied" and f["action"] == "drop"}
    staying = [s for s in planted if s[0] not in dropped]
    out["left_in_output"] = len(staying) - len(_touching(staying, replaced))
    return out


def _span(record: Record, kind: str) -> Span:
    return record["row"], record["field"], record["start"], record["end"], kind


def _span_marks(planted: Sequence[Span], said: Sequence[Span]) -> Record:
    strict = len(set(planted) & set(said))
    return {
        "planted": len(planted),
        "found": len(said),
        "precision": _ratio(strict, len(said)),
        "recall": _ratio(strict, len(planted)),
        "precision_overlap": _ratio(len(_touching(said, planted)), len(said)),
        "recall_overlap": _ratio(len(_touching(planted, said)), len(planted)),
    }


def _touching(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Spans that share a character with one of the others."""
    at: dict[tuple[int, str], list[Span]] = defaultdict(list)
    for other in others:
        at[other[0], other[1]].append(other)
    return [s for s in spans if any(s[2] < o[3] and o[2] < s[3] for o in at[s[0], s[1]])]


def _fairness(by_kind: dict[str, list[Record]], found: list[Record], summary: Record) -> Record:
    """Whether the planted disparity was seen, and the group that is too small left unjudged."""
    listed: list[Any] = next(
        (summary[k] for k in ("checks", "outcomes", "comparisons") if isinstance(summary.get(k), list)), []
    )
    said = [{k: str(v) for k, v in item.items()} for item in listed if isinstance(item, dict)]
    for f in found:
        evidence = json.loads(f["evidence"]) if f["evidence"] else {}
        item = {"outcome": f["rule"], "column": f["field"], "reason": f["reason"]} | evidence
        said.append({k: str(v) for k, v in item.items()})
    bias, small = by_kind["group_bias"][0], by_kind["small_group"][0]

    def about(group: str, word: str) -> list[Record]:
        outcome = [s for s in said if word in (s.get("outcome") or s.get("verdict") or "").replace("_", " ").lower()]
        return [s for s in outcome if any(group in v for v in s.values())]

    return {
        "disparity_found": bool(about(bias["group"], "disparity")),
        "small_group_unjudged": bool(about(small["group"], "insufficient")),
        "small_group_judged": bool([s for s in about(small["group"], "disparity") if s.get("group") == small["group"]]),
    }


def as_table(marks: Record) -> str:
    """The marks as a plain table, one line a stage, notes at the end of the line."""
    lines: list[tuple[str, ...]] = [("", "planted", "found", "precision", "recall", "")]
    for stage, m in marks.items():
        if not isinstance(m, dict) or stage == "fairness":
            continue
        lines.append(_line(stage, m, _note(m)))
        if "applied" in m:
            lines.append(_line("  applied by itself", m["applied"], ""))
        for kind, mine in m.get("by_type", {}).items():
            lines.append(_line("  " + kind.lower(), mine, ""))
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    table = [
        "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))) + "  " + line[5]
        for line in lines
    ]
    table += [f"fairness: {k.replace('_', ' ')}: {'yes' if v else 'no'}" for k, v in marks.get("fairness", {}).items()]
    return "\n".join(line.rstrip() for line in table)


def _line(name: str, m: Record, note: str) -> tuple[str, ...]:
    return (name, str(m["planted"]), str(m["found"]), _number(m["precision"]), _number(m["recall"]), note)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _note(m: Record) -> str:
    """What a stage has beyond precision and recall, in words."""
    words = {
        "groups_lost": "groups lost whole", "right_name": "right name", "right_label": "right label suggested",
        "recall_confusable": "recall of confusable", "recall_uniform": "of uniform",
        "average_precision": "average precision",
        "recall_overlap": "recall by overlap", "precision_overlap": "precision by overlap", "traps": "look-alikes",
        "traps_taken": "taken for personal data", "left_in_output": "left in the output",
    }  # fmt: skip
    said = []
    for key, word in words.items():
        if key in m:
            said.append(f"{m[key] if isinstance(m[key], int) else _number(m[key])} {word}")
    return ", ".join(said)


def main(arguments: list[str]) -> int:
    """Entry point; returns the exit code."""
    if len(arguments) not in (1, 2):
        print("usage: scorecard.py RUN [TRUTH]", file=sys.stderr)
        return 2
    default = Path(__file__).resolve().parent / "support_tickets.truth.jsonl"
    try:
        marks = score(arguments[0], arguments[1] if len(arguments) == 2 else default)
    except FileNotFoundError as error:
        print(f"{error.filename}: no such file; the first argument is a run directory", file=sys.stderr)
        return 2
    print(as_table(marks))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
