"""The table for a terminal, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audit.pii_eval.errors import Example
from audit.pii_eval.score import Evaluation, Interval, Line, Measure, Rate
from audit.pii_eval.typemap import TypeMap


def map_lines(types: TypeMap, counts: dict[str, int]) -> list[str]:
    """What each gold type was taken for."""
    out = []
    for gold, ours in sorted(types.scored.items()):
        also = sorted(types.accepts[gold] - {ours})
        accepted = f" (also right: {', '.join(also)})" if also else ""
        out.append(f"{gold} ({counts.get(gold, 0):,}) -> {ours}{accepted}")
    out += [f"{gold} ({counts.get(gold, 0):,}) is not scored: {why}" for gold, why in sorted(types.not_scored.items())]
    return out


def table(result: Evaluation) -> list[str]:
    """The lines of the table, strict and then by overlap; 95% intervals in brackets."""
    out = []
    for way, what in (("strict", "the same two ends"), ("overlap", "a shared character")):
        out.append(f"{way} ({what}, accepted type)")
        out.append(f"  {'type':<18}{'gold':>7}{'found':>7}  {'precision':<21}{'recall':<21}F1")
        for line in result.lines:
            m: Measure = getattr(line, way)
            counts = f"{m.recall.cases:>7,}{m.precision.cases:>7,}"
            cells = f"{_rate(m.precision)}{_rate(m.recall)}{_number(m.f1, m.f1_interval)}"
            out.append(f"  {line.type:<18}{counts}  {cells}".rstrip())
    covered = result.any_type.recall
    out.append(f"covered by some span, whatever its type: {_rate(covered).strip()} of {covered.cases:,}")
    for kind, count in result.apart.items():
        out.append(f"found as well, of a type that the gold set does not mark: {count:,} {kind}")
    return out


def _rate(rate: Rate) -> str:
    return _number(rate.value, rate.interval)


def _number(value: float | None, interval: Interval | None) -> str:
    if value is None:
        return f"{'–':<21}"
    around = f" ({interval[0]:.3f}-{interval[1]:.3f})" if interval else ""
    return f"{f'{value:.3f}{around}':<21}"


def as_json(result: Evaluation, missed: Sequence[Example] = (), wrong: Sequence[Example] = ()) -> dict[str, Any]:
    """Everything, as plain values."""
    out: dict[str, Any] = {
        "schema_version": 1,
        "format": result.format,
        "texts": result.texts,
        "documents": result.documents,
        "map": {gold: {"as": ours, "accepts": sorted(result.types.accepts[gold])}
                for gold, ours in sorted(result.types.scored.items())},
        "not_scored": result.types.not_scored,
        "gold_types": result.gold_types,
        "types": {line.type: _line(line) for line in result.lines[:-1]},
        "all": _line(result.lines[-1]),
        "any_type": _plain(result.any_type),
        "found_apart": result.apart,
    }  # fmt: skip
    if missed or wrong:
        out["missed"] = [vars(e) for e in missed]
        out["wrong"] = [vars(e) for e in wrong]
    return out


def _line(line: Line) -> dict[str, Any]:
    return {"gold": line.strict.recall.cases, "found": line.strict.precision.cases,
            "strict": _plain(line.strict), "overlap": _plain(line.overlap)}  # fmt: skip


def _plain(m: Measure) -> dict[str, Any]:
    return {
        "precision": m.precision.value, "precision_interval": m.precision.interval,
        "recall": m.recall.value, "recall_interval": m.recall.interval,
        "f1": m.f1, "f1_interval": m.f1_interval,
    }  # fmt: skip
