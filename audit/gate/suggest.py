"""A policy that fits data which is trusted: each check's limits from what the check measured there.

Shares warn above the upper end of their 95% interval (Clopper and Pearson, 1934; the check's own interval where it is an
estimate), which chance alone would rarely exceed in data of the same kind and size, and fail above twice that (areas under
a curve: twice as far from chance). Sizes warn below nine tenths and fail below half. Secrets and leaks are never blessed:
their limit is none, whatever the trusted data holds, and a comment says what must be mended. What could not be judged keeps
the preset's limit. Numbers are rounded away from the data to two digits. The same result gives the same text.
"""

from __future__ import annotations

import math

from audit.gate.judge import CheckResult, GateResult, shown
from audit.gate.policy import CHECKS
from audit.gate.reference import CHANCE
from curate.recipe.toml import toml

NEVER = ("secrets", "leaked_rows")
_NOTICEABLE = 0.6
"""Area below which texts of one kind often lie by chance: no limit is suggested under it."""
_PRESET = ("days_since_training", "pending_reviews")


def suggest(result: GateResult, reference: str | None = None) -> str:
    """TOML for `curate gate --policy`; the checks are those that `result` answered. `reference` as it was given."""
    subject = result.subject
    lines = [
        f"# Limits from {subject.get('path', '')}: {subject.get('rows', 0):,} rows, {subject.get('state', '')}.",
        "# Shares warn where chance alone would rarely lead, and fail at twice that. Read them before you commit them.",
        f'preset = "{subject.get("preset", "starter")}"',
    ]
    reference = reference or subject.get("reference")
    if reference == "-":
        lines.append("# The reference came by standard input: name it where the gate runs, with --reference.")
    elif reference:
        lines.append(f"reference = {toml(reference)}")
    for check in result.checks:
        if check.verdict != "not applicable" and check.name not in _PRESET:
            lines += ["", *_table(check)]
    return "\n".join(lines) + "\n"


def _table(check: CheckResult) -> list[str]:
    if check.value is None:
        return [f"# {check.name}: the preset's limits stay. {check.sentence}"]
    known = CHECKS[check.name]
    here = f"# {check.title}: {shown(check.value, known)} here, of {check.rows:,} rows."
    head = f"[checks.{check.name}]"
    if check.name in NEVER:
        mend = ["# Mend them, or waive the check for a while: no limit above none is suggested."] if check.value else []
        return [here, *mend, head, "fail = 0"]
    if known.unit == "difference":
        return [here, head, "fail = 0"]
    if known.minimum:
        return [here, head, f"warn = {math.floor(0.9 * check.value)}", f"fail = {math.floor(0.5 * check.value)}"]
    if known.unit == "count":
        return [here, head, f"fail = {math.ceil(check.value)}"]
    measured = _upper(round(check.value * check.rows), check.rows) if known.unit == "share" else check.value
    high = check.high if check.high is not None else measured
    most = 1.0 if known.unit == "share" else math.inf
    if check.name == "drift_texts":
        high = max(high, _NOTICEABLE)
    warn = min(most, _two_digits(high))
    twice = 2 * warn if check.name != "drift_texts" else min(1.0, 2 * warn - CHANCE)  # twice as far from chance
    return [here, head, f"warn = {warn:g}", f"fail = {min(most, _two_digits(twice)):g}"]


def _upper(hits: int, n: int) -> float:
    """Upper end of the exact 95% interval of a share."""
    from scipy.stats import beta

    return 1.0 if hits >= n else float(beta.ppf(0.975, hits + 1, n - hits))


def _two_digits(x: float) -> float:
    """The next number of two digits that is not smaller."""
    if x <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(x)) - 1)
    return round(math.ceil(x / step - 1e-9) * step, 12)
