"""What the data looks like before and after: labels and lengths."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow.compute as pc

from audit.report.effects import Array, Effects
from audit.report.model import LabelCount, Lengths, Profile
from audit.report.safe import Previews
from curate.dataset import Dataset
from curate.ledger.plan import Plan

MOST_LABELS = 40
BINS = 24


def profile_of(dataset: Dataset, plan: Plan, effects: Effects, previews: Previews) -> Profile:
    """Label counts (by rows before) and lengths of content."""
    labels = dataset.labels()
    lengths = _lengths(dataset, effects)
    if labels is None:
        return Profile((), 0, 0, 0, lengths)
    before = Counter(labels.to_pylist())
    after = Counter(_after(dataset, plan, effects))
    empty_before, empty_after = before.pop(None, 0), after.pop(None, 0)
    names = sorted({*before, *after}, key=lambda name: (-before[name], -after[name], name or ""))
    listed = tuple(LabelCount(previews.short(n), before[n], after[n]) for n in names[:MOST_LABELS])
    return Profile(listed, max(0, len(names) - MOST_LABELS), empty_before, empty_after, lengths)


def _after(dataset: Dataset, plan: Plan, effects: Effects) -> list[str | None]:
    """Labels of the kept rows, relabels done."""
    labels = dataset.labels()
    values: list[str | None] = [] if labels is None else labels.to_pylist()
    first = dataset.pointer_of(dataset.roles.label[0]) if dataset.roles.label else ""
    relabels = plan.applied("relabel").select(["row", "field", "replacement"]).to_pylist()
    for item in relabels:
        # Without a field a relabel is about the first label column, like `Dataset.labels`.
        if item["row"] is not None and item["field"] in (None, first) and item["replacement"] is not None:
            values[item["row"]] = item["replacement"]
    return [value for value, gone in zip(values, effects.dropped.tolist(), strict=True) if not gone]


def _lengths(dataset: Dataset, effects: Effects) -> Lengths | None:
    if dataset.n_rows == 0:
        return None
    # Edits change a length by a few code points; the histogram is of the raw texts that stay.
    length: Array = pc.fill_null(pc.utf8_length(dataset.content()), 0).to_numpy(zero_copy_only=False)
    kept = length[~effects.dropped]
    top = max(1.0, float(np.quantile(length, 0.99)))
    step = _round_up(top / BINS)
    edges = np.arange(0, top + step, step)
    clipped = np.minimum(length, edges[-1] - step / 2)
    return Lengths(
        edges=tuple(float(e) for e in edges),
        before=tuple(int(n) for n in np.histogram(clipped, edges)[0]),
        after=tuple(int(n) for n in np.histogram(clipped[~effects.dropped], edges)[0]),
        median_before=float(np.median(length)),
        median_after=float(np.median(kept)) if len(kept) else None,
        longest_before=int(length.max()),
        longest_after=int(kept.max()) if len(kept) else None,
    )


def _round_up(step: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, …"""
    power = 10.0 ** np.floor(np.log10(max(step, 1.0)))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= step))
