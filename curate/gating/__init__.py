"""The gate over a file or a run: detect what the policy asks about, read it under the decisions, judge.

A file is judged as it stands: whatever a stage would change speaks against it. A finished run is judged by what its
curated data still holds. `asking` says which stages a policy needs, `evidence` gathers what they found, `judging` holds it
against the policy (`audit.gate`), `gated` is the verdict with all that its renderings show.
"""

from curate.gating.gated import Gated, gate
from curate.gating.judging import judge_plan, red_checks

__all__ = ["Gated", "gate", "judge_plan", "red_checks"]
