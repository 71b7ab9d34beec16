"""What `curate train` says of a finished adapter: base and adapter side by side, what it did on real cases, the alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.house import require
from curate.words import difference, signed

SETS = {"evaluation": "held-out rows", "real_world": "real cases"}
HIDDEN = ("rows", "pairs", "supervised_tokens", "answers", "mean_confidence")
WHEN_ANY = ("rows_with_unknown_label",)
"""Counts of trouble, told only where there is some."""


def told(done: Mapping[str, Any]) -> Iterator[str]:
    """Lines for people, one a metric: the base, the adapter, the adapter's 95% interval."""
    for name, words in SETS.items():
        adapter = done.get(name)
        if not isinstance(adapter, Mapping):
            continue
        base = done.get(f"base_{name}") or {}
        yield f"{words} ({adapter['rows']:,})"
        if base.get("method"):
            yield f"  base: {base['method']}"
        yield f"  {'':<24}{'base':>10}{'adapter':>10}   95% interval"
        for metric, value, span, before in _metrics(adapter, base):
            interval = "" if span is None else f"   [{span[0]:.4g}, {span[1]:.4g}]"
            yield f"  {metric:<24}{'' if before is None else f'{before:.4g}':>10}{value:>10.4g}{interval}"
    yield from _more(done)
    yield from _ended(done)
    kinds: dict[str, int] = {}
    for alert in done.get("alerts") or ():
        kinds[alert["kind"]] = kinds.get(alert["kind"], 0) + 1
    if kinds:
        counted = ", ".join(kind.replace("_", " ") + (f" ({n})" if n > 1 else "") for kind, n in kinds.items())
        yield f"alerts: {counted}; `curate report RUN` shows what to do about them"


def _more(done: Mapping[str, Any]) -> Iterator[str]:
    """What is asked of preferences and of general language."""
    asked = done.get("preference") or {}
    for name in ("above_rejected", "above_unwanted"):
        if name in asked:
            span = (asked.get("intervals") or {}).get(name)
            interval = "" if span is None else f" [{span[0]:.3f}, {span[1]:.3f}]"
            words = f"better answer {name.replace('_', ' ')} one ({asked['rows']:,} rows)"
            yield f"{words}: {asked[f'base_{name}']:.3f} by the base, {asked[name]:.3f}{interval} by the adapter"
    probe = done.get("forgetting") or {}
    if probe:
        span = probe.get("interval")
        rise = signed(probe["rise"]) if span is None else difference(probe["rise"], span[0], span[1], 3)
        change = f"{probe['before']:.3f} -> {probe['after']:.3f}, {rise}"
        yield f"general language ({probe['items']} items of the probe, nats a token): {change}"


def _ended(done: Mapping[str, Any]) -> Iterator[str]:
    """Where a run that keeps its best weights stopped, and which it kept."""
    patience = (done.get("config") or {}).get("early_stopping_patience_evaluations")
    said = require("audit.report.trainer_words").ended
    if words := said(done.get("steps"), done.get("planned_steps"), done.get("kept_step"), patience):
        yield words


def _metrics(adapter: Mapping[str, Any], base: Mapping[str, Any]) -> Iterator[tuple[str, float, Any, float | None]]:
    for part in ((), ("calibration",), ("answers",), ("user", "values")):
        ours, theirs = _part(adapter, part), _part(base, part)
        spans = ours.get("intervals") or {}
        for name, value in ours.items():
            if isinstance(value, int | float) and name not in HIDDEN and (value or name not in WHEN_ANY):
                before = theirs.get(name)
                yield name, float(value), spans.get(name), float(before) if isinstance(before, int | float) else None


def _part(value: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for key in path:
        value = value.get(key) or {}
    return value
