"""The learning rate at each step, as a factor of its peak.

All rise linearly over the warm-up, then: `constant` stays; `linear` and `cosine` fall to zero at the last step;
`exponential` falls by an equal ratio a step and ends at `decay_factor`; `step` is multiplied by `decay_factor` after
half and again after three quarters of the run. A pure function of the step, so a resumed run needs no state.
"""

from __future__ import annotations

import math

STEP_AT = (0.5, 0.75)


def rate_factor(step: int, *, steps: int, warmup: int, kind: str, decay_factor: float) -> float:
    """What the peak rate is multiplied by in 0-based `step` of `steps`."""
    if step < warmup:
        return step / warmup
    done = min(1.0, (step - warmup) / max(1, steps - warmup))
    if kind == "linear":
        return 1.0 - done
    if kind == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * done))
    if kind == "exponential":
        return float(decay_factor**done)
    if kind == "step":
        return float(decay_factor ** sum(step >= part * steps for part in STEP_AT))
    return 1.0
