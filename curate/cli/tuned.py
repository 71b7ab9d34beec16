"""What `curate tune` says at the end: what was changed, how trials went, what mattered, and whether it helped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MARKS = "▁▂▃▄▅▆▇█"
BAR = 24
MOST_IMPORTANT = 8


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """Lines for people."""
    trials = found["trials"]
    states = [row["state"] for row in trials]
    counted = {"finished": states.count("complete"), "ended early": states.count("pruned"), "failed": states.count("fail")}
    done = ", ".join(f"{n} {word}" for word, n in counted.items() if n)
    yield f"{len(trials)} of {found['total']} trials: {done or 'none finished'}"
    if found["best"] is None:
        return
    name = found["objective"].replace("_", " ")
    line = f"{name} on {found['data']['validation_rows']:,} validation rows: best {found['best_value']:.4g}"
    if found["default_value"] is not None:
        line += f", the defaults {found['default_value']:.4g}"
    yield line + " (the best of many is flattered by luck; the test rows say what it is worth)"
    if len(trials) > 1:
        yield f"  trials  {_history(trials)}  best {'high' if found['maximise'] else 'low'}; · no value"
    yield f"  {'setting':<28}{'default':>12}{'found':>12}"
    for setting, value in found["best"].items():
        before = found["default"]["values"].get(setting)
        yield f"  {setting:<28}{_said(before):>12}{_said(value):>12}"
    if found["importances"] is None:
        yield "what mattered: insufficient evidence, since too few trials reached their end"
    else:
        yield "share of the variance that each setting explains by itself, and its 90% interval"
        for item in found["importances"][:MOST_IMPORTANT]:
            bar = "█" * round(BAR * item["share"])
            yield f"  {item['name']:<28}{item['share']:>5.0%} [{item['low']:.0%}, {item['high']:.0%}]  {bar}"
    if found["comparison"] is None:
        yield "Tuned and default settings were not compared on test rows (--seeds 0)."
        return
    if "means" in found["comparison"]:
        means = found["comparison"]["means"]
        metric = found["comparison"]["metric"].replace("_", " ")
        yield (
            f"{metric} on {found['comparison']['rows']:,} test rows: tuned {means['tuned']:.4g}, default "
            f"{means['default']:.4g}"
        )
    yield found["comparison"]["words"]


def _history(trials: list[Mapping[str, Any]]) -> str:
    """A mark a trial, as high as its value lies between the lowest and the highest; `·` for one without a value."""
    values = [row["value"] for row in trials if row["value"] is not None]
    if not values:
        return ""
    low, high = min(values), max(values)

    def mark(value: float | None) -> str:
        if value is None:
            return "·"
        share = (value - low) / (high - low) if high > low else 1.0
        return MARKS[round(share * (len(MARKS) - 1))]

    return "".join(mark(row["value"]) for row in trials)


def _said(value: Any) -> str:
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
