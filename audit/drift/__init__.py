"""Drift: how new data differs from old, and whether that is a reason to train again.

    drift = measure(old, new)          # numbers with intervals, each beside its control
    drift.recommendation, drift.reasons
"""

from __future__ import annotations

from audit.drift.measure import NOTHING_NEW, Drift, measure

__all__ = ["NOTHING_NEW", "Drift", "measure"]
