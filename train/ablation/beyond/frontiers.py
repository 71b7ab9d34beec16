"""Frontiers: what half and twice the data bring, and what each operator on personal data costs and protects.

*Size*: half, all and twice the curated rows of the measurement (drawn by hash of the row, whole clusters; arms see their
rows equally often, so steps grow with rows). *Operators*: curated rows that keep their personal data, and the same rows
with it redacted, under placeholders, under surrogates; utility is the primary metric on held-out rows as they are,
protection is the exposure of canaries in models that write (`memory`), where that was asked. Every change has an interval,
over seeds and clusters, and Holm's correction within the frontier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from train.ablation.analysis import Analysis
from train.ablation.arms import CURATED
from train.ablation.beyond.contrast import Answer, answer, contrast, corrected, interval_words
from train.ablation.beyond.memory import RAW_ARM, SCRUBBED
from train.ablation.beyond.result import FrontierPoint, Frontiers, Memory
from train.ablation.beyond.wish import Wish
from train.ablation.span import Span
from train.ablation.verdict import EQUIVALENT, HARMED, HELPED, IDENTICAL, unit_of

NONE = "none"


def frontiers_of(analysis: Analysis, wish: Wish, delta: float, memory: Memory | None) -> Frontiers:
    """Both frontiers, as far as their arms were trained."""
    by_size = sorted([*wish.sizes, (1.0, CURATED)]) if wish.sizes else []
    sizes = _points(
        analysis, [(f"{times:g}", f"{times:g}x the curated rows", arm) for times, arm in by_size], CURATED, delta, {}
    )
    exposures = _exposures(memory)
    keeps = wish.operators.get(NONE)
    named = [(name, "personal data kept" if name == NONE else name, arm) for name, arm in wish.operators.items()]
    operators = _points(analysis, named, keeps or "", delta, exposures) if keeps else ()
    return Frontiers(sizes, operators, _words(sizes, operators, analysis.metric))


def _points(
    analysis: Analysis, named: Sequence[tuple[str, str, str]], beside: str, delta: float, exposures: Mapping[str, Span]
) -> tuple[FrontierPoint, ...]:
    sign = 1.0 if analysis.higher else -1.0
    points: list[tuple[str, str, int, Span]] = []
    changes: list[Answer | None] = []
    for name, title, arm in named:
        read = analysis.read((arm,))
        if read is None:
            continue
        own = read[arm]
        whole = np.ones(own.scores.shape[1], bool)
        level = contrast(own.scores, [(whole, 1.0)], own.clusters, own.weight)
        assert level is not None
        rows = len(analysis.matrix.data[arm, analysis.matrix.seeds[0]])
        points.append((name, title, rows, Span(level.mean, level.low, level.high)))
        both = analysis.read((arm, beside)) if arm != beside else None
        if both is None:
            changes.append(None)
            continue
        differences = sign * (both[arm].scores - both[beside].scores)
        made = contrast(differences, [(whole, 1.0)], both[arm].clusters, both[arm].weight)
        clusters = len(np.unique(both[arm].clusters))
        changes.append(answer(title, made, delta, rows=len(whole), clusters=clusters, seeds=len(differences)))
    judged = iter(corrected([c for c in changes if c is not None]))
    return tuple(
        FrontierPoint(name, title, rows, utility, None if change is None else next(judged), exposures.get(name))
        for (name, title, rows, utility), change in zip(points, changes, strict=True)
    )


def _exposures(memory: Memory | None) -> dict[str, Span]:
    """Mean exposure over all canaries, by operator."""
    if memory is None:
        return {}
    out: dict[str, Span] = {}
    for arm in dict.fromkeys(c.arm for c in memory.cells):
        cells = [c for c in memory.cells if c.arm == arm]
        weights = np.array([c.canaries for c in cells], dtype=np.float64)
        value = float(np.average([c.bits.value for c in cells], weights=weights))
        # Cells are of different canaries: their errors are independent over canaries, and half widths add in squares.
        half = [float(np.sqrt((weights**2 * np.array(ends) ** 2).sum()) / weights.sum()) for ends in zip(
            *((c.bits.value - c.bits.low, c.bits.high - c.bits.value) for c in cells), strict=True
        )]  # fmt: skip
        name = NONE if arm == RAW_ARM else arm.removeprefix(SCRUBBED.format(""))
        out[name] = Span(value, max(0.0, value - half[0]), value + half[1])
    return out


def _words(sizes: Sequence[FrontierPoint], operators: Sequence[FrontierPoint], metric: str) -> str:
    factor, unit, digits = unit_of(metric)
    said = []
    for point in (*sizes, *operators):
        if point.change is None:
            continue
        size = interval_words(point.change, factor, unit, digits)
        known = {HELPED: "is better", HARMED: "is worse", EQUIVALENT: "makes no difference that matters",
                 IDENTICAL: "changes no row"}  # fmt: skip
        did = known.get(point.change.verdict, "is not distinguishable from noise")
        bits = f", exposure {point.exposure.value:.1f} bits" if point.exposure is not None else ""
        said.append(f"{point.title[:1].upper()}{point.title[1:]} {did}: {size}{bits}.")
    return " ".join(said)
