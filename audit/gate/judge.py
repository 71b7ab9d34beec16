"""From facts and a policy to verdicts.

Four verdicts: *pass* (perhaps with a warning), *fail*, *insufficient evidence*, *error*. A rate that is an estimate is
judged by the end of its interval that is worse, and its sentence says so; a check without a value, or with too few rows,
is insufficient evidence. The gate's verdict is its worst check's. A baseline leaves only new findings to be judged. A
waiver turns a failure into a warning until it expires; an expired waiver fails.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import orjson

from audit.gate.evidence import Fact
from audit.gate.green import way_to_green
from audit.gate.policy import CHECKS, Check, Limit, Policy, Waiver
from curate.errors import EXIT_GATE_FAILED, EXIT_NOT_JUDGED, EXIT_OK, ConfigError
from curate.words import percent, plural, signed

SCHEMA_VERSION = 1
_MOST_DECIMALS = 6
SOME_ROWS, FEWEST_ROWS = 64, 16
"""Ids of rows that a baseline keeps, and from how many on it is held against data."""
FORGIVEN = ("bad_rows", "label_error_rate", "pii_residual_per_1000_rows", "beats_random")
"""Checks of one number for the whole dataset, which a baseline may have been red for as well. The worst of several groups,
classes or columns is none of them, nor how many there are: as large a number may be of others now."""
Verdict = Literal["pass", "warn", "fail", "insufficient evidence", "not applicable"]
WORST: tuple[Verdict, ...] = ("not applicable", "pass", "warn", "insufficient evidence", "fail")


@dataclass(frozen=True)
class CheckResult:
    """One check's answer."""

    name: str
    title: str
    verdict: Verdict
    sentence: str
    value: float | None
    low: float | None
    high: float | None
    rows: int
    """Rows it rests on."""
    warn: float | None
    fail: float | None
    findings: tuple[int, ...] = ()
    """Positions of the findings behind it."""
    to_green: str = ""
    """The least that would turn a red check, where that is known."""
    least: int | None = None
    """How many of the findings that is: the first of them."""
    waived_by: str = ""
    alone: CheckResult | None = None
    """What is said without the baseline, where it passes by the baseline."""


@dataclass(frozen=True)
class GateResult:
    """What the gate says of one dataset."""

    verdict: Verdict
    checks: tuple[CheckResult, ...]
    subject: Mapping[str, Any] = field(default_factory=dict)
    """What was judged: path, input hash, rows, whether as given or as curated, run directory."""
    baseline: str = ""
    """Path of the baseline, where only what is new was judged."""

    def exit_code(self, fail_on: Literal["fail", "warn"] = "fail") -> int:
        """0 pass, 1 failed, 3 could not be judged."""
        if self.verdict == "fail" or (fail_on == "warn" and any(c.verdict == "warn" for c in self.checks)):
            return EXIT_GATE_FAILED
        return EXIT_NOT_JUDGED if self.verdict == "insufficient evidence" else EXIT_OK


@dataclass(frozen=True)
class Measured:
    """What an earlier gate said of one check."""

    value: float | None
    low: float | None
    high: float | None
    verdict: str = ""
    waived: bool = False
    """Whether a waiver made the verdict: a failure that it let pass and a check without an answer read alike then."""

    @property
    def red(self) -> bool:
        """Whether it was judged, and failed or warned."""
        return self.verdict in ("fail", "warn") and not self.waived


@dataclass(frozen=True)
class Baseline:
    """The findings that an earlier gate knew."""

    path: str
    known: frozenset[bytes]
    rows: frozenset[bytes] = frozenset()
    """Ids of some of its rows, by which data is told that is another dataset altogether."""
    task: str = ""
    measured: Mapping[str, Measured] = field(default_factory=dict)
    """Each check then."""


def read_baseline(path: Path) -> Baseline:
    """The JSON that `curate gate --format json` wrote of trusted data; ConfigError where it is not that."""
    try:
        raw = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        how = f"`curate gate DATA --format json --output {path}` writes one"
        raise ConfigError(f"there is no baseline at {path}; {how}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError:
        raise ConfigError(f"{path} is not the JSON of a gate") from None
    if not isinstance(raw, dict) or raw.get("kind") != "curate-gate":
        raise ConfigError(f"{path} is not the JSON of a gate")
    if raw.get("schema_version") != SCHEMA_VERSION:
        raise ConfigError(f"{path} is of schema version {raw.get('schema_version')}; this gate reads {SCHEMA_VERSION}")
    try:
        known = frozenset(_id(item) for item in raw["fingerprints"])
        rows = frozenset(_id(item) for item in raw.get("some_rows", ()))
        measured = {c["name"]: _measured(c) for c in raw.get("checks", ())}
    except (KeyError, TypeError, ValueError):
        raise ConfigError(f"{path} holds no fingerprints; write it again with --format json") from None
    subject = raw.get("subject")
    task = str(subject.get("task", "")) if isinstance(subject, dict) else ""
    return Baseline(str(path), known, rows, task, measured)


def _id(item: str) -> bytes:
    found = bytes.fromhex(item)
    if len(found) != 16:
        raise ValueError("no id of 128 bits")
    return found


def _measured(check: Mapping[str, Any]) -> Measured:
    value, low, high = (_number(check[end]) for end in ("value", "low", "high"))
    verdict = check.get("verdict")
    return Measured(value, low, high, verdict if isinstance(verdict, str) else "", bool(check.get("waived_by")))


def _number(item: object) -> float | None:
    if item is None or (isinstance(item, int | float) and not isinstance(item, bool)):
        return item
    raise ValueError("no number")


def fits(baseline: Baseline, task: str, rows: Collection[bytes]) -> None:
    """ConfigError where a baseline is of another dataset: of another task, or with none of its rows here."""
    again = "give the baseline of this dataset, or write one with --format json"
    if baseline.task and baseline.task != task:
        raise ConfigError(f"{baseline.path} is the baseline of {baseline.task} data, and this is {task}; {again}")
    if len(baseline.rows) >= FEWEST_ROWS and baseline.rows.isdisjoint(rows):
        raise ConfigError(f"{baseline.path} is the baseline of another dataset: none of its rows is here; {again}")


def tightened(path: Path, still_known: frozenset[bytes], result: GateResult) -> tuple[bytes, int]:
    """The baseline file without the findings that are gone and with the better of each two measurements, and how many
    findings that are: what was mended may not come back."""
    raw = orjson.loads(path.read_bytes())
    before = len(raw["fingerprints"])
    kept = {i.hex() for i in still_known}
    raw["fingerprints"] = sorted(kept)
    now = {c.name: c.alone or c for c in result.checks}
    for check in raw.get("checks", ()):
        found = now.get(check["name"])
        if found is None or not _tighter(found, _measured(check)):
            continue
        said = {key: getattr(found, key) for key in ("value", "low", "high", "rows", "warn", "fail", "verdict", "sentence")}
        # Its places are those of then, and what was found now counts others: the way to green is left out.
        still = [p for p in check.get("places", ()) if isinstance(p, dict) and p.get("finding_id") in kept]
        check |= {**said, "to_green": None, "least": None, "places": still if found.verdict in ("fail", "warn") else []}
    return orjson.dumps(raw, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE), before - len(still_known)


def _tighter(found: CheckResult, then: Measured) -> bool:
    """Whether a baseline that holds `found` in place of `then` forgives no more: both the value and the end that is judged
    are better, and nothing becomes red that was not."""
    if found.name not in FORGIVEN or found.value is None or then.value is None or found.waived_by:
        return False
    if (found.high is None) != (then.high is None) or found.verdict not in ("pass", "warn", "fail"):
        return False
    if found.verdict != "pass" and not then.red:
        return False
    minimum = CHECKS[found.name].minimum
    sign = -1 if minimum else 1
    end, before = (found.low, then.low) if minimum else (found.high, then.high)
    no_worse = end is None or (before is not None and sign * end <= sign * before)
    return sign * found.value < sign * then.value and no_worse


def _new_only(result: CheckResult, baseline: Baseline | None) -> CheckResult:
    """What the baseline was red for as well passes, where it is not worse now: for an estimate, not beyond its interval."""
    then = baseline.measured.get(result.name) if baseline is not None else None
    if then is None or then.value is None or not then.red or result.name not in FORGIVEN:
        return result
    check = CHECKS[result.name]
    bound = result.fail if result.verdict == "fail" else result.warn
    if result.verdict not in ("fail", "warn") or result.value is None or bound is None:
        return result
    if (result.high is None) != (then.high is None):  # a bound that nobody has read is no measurement to compare with
        return result
    end = then.low if check.minimum else then.high
    worst = then.value if end is None else end
    was_red, worse = (worst < bound, result.value < worst) if check.minimum else (worst > bound, result.value > worst)
    if not was_red or worse:
        return result
    so = "no worse" if end is None else "not shown to be worse"
    had = f"the baseline was beyond the limit as well, with {shown(then.value, check)}, and this is {so}"
    said = f"{result.sentence.rstrip('.')}; {had}."
    return replace(result, verdict="pass", sentence=said, to_green="", least=None, alone=result)


def judge(
    facts: Mapping[str, Fact],
    policy: Policy,
    *,
    today: dt.date,
    subject: Mapping[str, Any] | None = None,
    baseline: Baseline | None = None,
) -> GateResult:
    """Ask every check of a policy."""
    waivers = {w.check: w for w in policy.waivers}
    checks = tuple(
        _waived(
            _new_only(_ask(CHECKS[name], limit, facts[name], baseline is not None), baseline), waivers.get(name), today
        )
        for name, limit in policy.limits.items()
    )
    # Nothing that was asked could be answered: that is no pass either.
    verdict: Verdict = max((c.verdict for c in checks), key=WORST.index, default="insufficient evidence")
    if verdict == "not applicable":
        verdict = "insufficient evidence"
    return GateResult(verdict, checks, dict(subject or {}), baseline.path if baseline else "")


def _ask(check: Check, limit: Limit, fact: Fact, new_only: bool) -> CheckResult:
    common: dict[str, Any] = {
        "name": check.name, "title": check.title, "low": fact.low, "high": fact.high, "rows": fact.n,
        "warn": limit.warn, "fail": limit.fail, "findings": tuple(fact.findings.tolist()),
    }  # fmt: skip
    if fact.value is None:
        if not fact.applies and not limit.by_name:
            why = f"Not asked: {fact.why_missing}."
            return CheckResult(**common, verdict="not applicable", value=None, sentence=why)
        why = f"It could not be judged: {fact.why_missing}."
        return CheckResult(**common, verdict="insufficient evidence", value=None, sentence=why)
    judged = fact.value if fact.high is None else fact.high
    beyond = next((b for b in (limit.fail, limit.warn) if b is not None and _is_beyond(judged, b, check)), None)
    decimals = _decimals(judged, beyond, check)
    says = check.one if check.one and fact.value == 1 else check.says
    said = says.format(value=("at most " if fact.bound else "") + shown(fact.value, check, decimals))
    beside = []
    if fact.low is not None and fact.high is not None:
        end = "" if check.unit == "difference" else f", judged by its {'lower' if check.minimum else 'upper'} end"
        ends = f"{shown(fact.low, check, decimals)} to {shown(fact.high, check, decimals)}"
        beside.append(f"{100 * fact.level:.4g}% interval {ends}{end}")
    beside += [fact.detail] if fact.detail else []
    beside += ["not counting what the baseline knows"] if new_only and fact.high is None and len(fact.findings) else []
    sentence = said[0].upper() + said[1:] + (f" ({'; '.join(beside)})" if beside else "")
    need = limit.minimum_rows if limit.minimum_rows is not None else check.evidence_rows
    if fact.n < need:
        return CheckResult(
            **common, verdict="insufficient evidence", value=fact.value,
            sentence=f"{sentence}; {plural(fact.n, 'row is', 'rows are')} too few for a verdict, {need:,} are needed.",
        )  # fmt: skip
    if check.unit == "difference":
        return _difference(check, limit, fact, sentence, common)
    word, needs = ("at least", "needed") if check.minimum else ("at most", "allowed")
    for verdict, bound in (("fail", limit.fail), ("warn", limit.warn)):
        if bound is not None and _is_beyond(judged, bound, check):
            limits = f"{word} {shown(bound, check, decimals)} is {needs if verdict == 'fail' else 'wanted'}"
            if fact.bound and verdict == "fail":  # the truth may lie on either side
                unread = f"{sentence}; {limits}, and nobody has read the sample: `curate pii-review RUN` narrows this."
                return CheckResult(**common, verdict="insufficient evidence", value=fact.value, sentence=unread)
            if fact.unjudged and verdict == "warn" and limit.fail is not None:  # those might be what fails
                continue
            noted = f" {limit.note}" if limit.note else ""
            way = way_to_green(check, fact, bound)
            common["findings"] = tuple(way.findings.tolist())
            return CheckResult(
                **common, verdict=verdict, value=fact.value, sentence=f"{sentence}; {limits}.{noted}",  # type: ignore[arg-type]
                to_green=way.sentence, least=way.least,
            )  # fmt: skip
    if fact.unjudged:
        few = f"{sentence}, but {fact.unjudged:,} had too little evidence to be judged."
        return CheckResult(**common, verdict="insufficient evidence", value=fact.value, sentence=few)
    return CheckResult(**common, verdict="pass", value=fact.value, sentence=f"{sentence}.")


def _is_beyond(judged: float, bound: float, check: Check) -> bool:
    return judged < bound if check.minimum else judged > bound


def _decimals(judged: float, bound: float | None, check: Check) -> int:
    """How many are told, so that a number beyond a limit does not read like the limit, nor a limit like none."""
    if bound is None or check.unit not in ("share", "rate"):
        return 1
    many = range(1, _MOST_DECIMALS)
    told = ((n, shown(judged, check, n), shown(bound, check, n)) for n in many)
    return next((n for n, this, that in told if this != that and "<" not in that), _MOST_DECIMALS)


def _difference(check: Check, limit: Limit, fact: Fact, sentence: str, common: Mapping[str, Any]) -> CheckResult:
    """A gain must lie above its limit, whole interval and all; where only part of it does, nothing is shown."""
    assert fact.value is not None
    low, high = (fact.value if end is None else end for end in (fact.low, fact.high))
    for verdict, bound in (("fail", limit.fail), ("warn", limit.warn)):
        if bound is None or low > bound:
            continue
        more = f"more than {shown(bound, check)} is {'asked' if verdict == 'fail' else 'wanted'}"
        if high > bound and verdict == "fail":
            said = f"{sentence}; {more}, and the interval holds both more and less: more seeds or rows would say."
            return CheckResult(**common, verdict="insufficient evidence", value=fact.value, sentence=said)
        return CheckResult(
            **common, verdict=verdict, value=fact.value, sentence=f"{sentence}; {more}.",  # type: ignore[arg-type]
        )  # fmt: skip
    return CheckResult(**common, verdict="pass", value=fact.value, sentence=f"{sentence}.")


def cures(result: CheckResult) -> int | None:
    """The number of findings whose cure turns a check that fails or warns, where that is known."""
    return result.least if result.verdict in ("fail", "warn") else None


def _waived(result: CheckResult, waiver: Waiver | None, today: dt.date) -> CheckResult:
    if waiver is None:
        return result
    who = f"{waiver.owner}, until {waiver.expires}: {waiver.reason}"
    fields = {**result.__dict__, "waived_by": who}
    if waiver.expires < today:
        words = f"{result.sentence} The waiver ({who}) has expired."
        return CheckResult(**{**fields, "verdict": "fail", "sentence": words})
    if result.verdict in ("fail", "insufficient evidence"):
        return CheckResult(**{**fields, "verdict": "warn", "sentence": f"{result.sentence} Waived by {who}."})
    return result


def shown(value: float, check: Check, decimals: int = 1) -> str:
    """A value in the check's unit; shares and rates with more than the usual `decimals` where they are asked for."""
    if check.unit == "share":
        return percent(value, decimals)
    if check.unit == "difference":
        return signed(value, 4)
    if check.unit == "rate" and decimals > 1:
        return f"{value:,.{decimals}f}"
    if check.unit == "rate":
        return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2g}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
