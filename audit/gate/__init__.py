"""The gate: may this data be trained on? A verdict that CI can trust.

    facts = gather(...)                  what a run knows, as numbers with their evidence
    result = judge(facts, policy)        one verdict a check, one for all
    render_text / as_json / ...          the same result in the forms that people and machines read

A check that could not be made is *insufficient evidence*, never a pass.
"""

from __future__ import annotations

from audit.gate.evidence import Fact
from audit.gate.facts import gather
from audit.gate.judge import Baseline, CheckResult, GateResult, cures, judge, read_baseline, tightened
from audit.gate.policy import CHECKS, PRESETS, Policy, beside, load_policy, parse_policy
from audit.gate.render import FORMATS, render
from audit.gate.suggest import suggest

__all__ = [
    "CHECKS", "FORMATS", "PRESETS", "Baseline", "CheckResult", "Fact", "GateResult", "Policy", "beside", "cures", "gather",
    "judge", "load_policy", "parse_policy", "read_baseline", "render", "suggest", "tightened",
]  # fmt: skip
