"""Signs and sums of verdicts, the same in every form."""

from __future__ import annotations

from audit.gate.judge import GateResult

SIGNS = {"pass": "✓", "warn": "!", "fail": "✗", "insufficient evidence": "?", "not applicable": "–"}


def summary(result: GateResult) -> str:
    """How many checks came to which verdict."""
    counts = {v: sum(c.verdict == v for c in result.checks) for v in SIGNS}
    return ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n)
