"""What a gate asks: checks with limits, presets of them, and waivers.

A policy is the `[gate]` table of a recipe or a file of its own:

    [gate]
    preset = "starter"
    [gate.checks.duplicate_rate]
    warn = 0.01
    fail = 0.05
    [[gate.waivers]]
    check = "pii_rows"
    owner = "ada"
    reason = "public press releases"
    expires = 2027-01-31

A preset's checks stay unless the table changes or disables them. A check named in the table must be answerable: where
the data has no labels, say, a preset's label checks do not apply, but one asked for by name is insufficient evidence.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from curate.errors import ConfigError, nearest

Unit = Literal["share", "count", "days", "rate", "difference"]


@dataclass(frozen=True)
class Check:
    """One question that a gate can ask."""

    name: str
    title: str
    unit: Unit
    says: str
    """What the value is: `{value}` of … ."""
    minimum: bool = False
    """Whether the limits are the least that is allowed, not the most."""
    one: str = ""
    """What is said of a single one, where that reads otherwise."""
    evidence_rows: int = 1
    """Rows from which the value is worth a verdict."""


CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Check("rows", "Rows", "count", "{value} rows could be read", minimum=True, one="{value} row could be read"),
        Check("bad_rows", "Rows that cannot be read", "share", "{value} of the rows cannot be read"),
        Check(
            "duplicate_rate", "Duplicates", "share", "{value} of the rows repeat another row of their split",
            evidence_rows=2,
        ),
        Check(
            "leaked_rows", "Leaks between splits", "count", "{value} training rows say what an evaluation row says",
            one="{value} training row says what an evaluation row says",
        ),
        Check(
            "conflicting_labels", "Conflicting labels", "share",
            "{value} of the rows say what a row with another label says", evidence_rows=20,
        ),
        Check(
            "conflicting_answers", "Conflicting answers", "share",
            "{value} of the rows answer a prompt otherwise than another row does", evidence_rows=20,
        ),
        Check("pii_rows", "Personal data", "share", "{value} of the rows hold personal data"),
        Check(
            "secrets", "Secrets", "count", "{value} keys, passwords or tokens stand in the data",
            one="{value} key, password or token stands in the data",
        ),
        Check(
            "pii_residual_per_1000_rows", "Missed personal data", "rate",
            "{value} spans of personal data in 1,000 rows are missed", evidence_rows=100,
        ),
        Check(
            "label_error_rate", "Wrong labels", "share", "an estimated {value} of the labels are wrong",
            evidence_rows=100,
        ),
        Check(
            "rows_per_class", "Smallest class", "count", "the smallest class has {value} rows", minimum=True,
            one="the smallest class has {value} row",
        ),
        Check(
            "disparities", "Disparities between groups", "count", "{value} comparisons between groups show a disparity",
            one="{value} comparison between groups shows a disparity",
        ),
        Check(
            "selection_rate_gap", "Demographic parity", "share", "selection rates of groups lie {value} apart",
            evidence_rows=60,
        ),
        Check("tpr_gap", "Equal opportunity", "share", "true positive rates of groups lie {value} apart", evidence_rows=60),
        Check(
            "equalised_odds_gap", "Equalised odds", "share", "true or false positive rates of groups lie {value} apart",
            evidence_rows=60,
        ),
        Check("accuracy_gap", "Accuracy by group", "share", "accuracies of groups lie {value} apart", evidence_rows=60),
        Check(
            "four_fifths", "Four-fifths rule", "count",
            "{value} groups are selected less than four fifths as often as the most selected one",
            one="{value} group is selected less than four fifths as often as the most selected one",
        ),
        Check(
            "disproportionate_curation", "Who curation fell on", "count",
            "{value} times curation fell harder on a group than on the others",
            one="once curation fell harder on a group than on the others",
        ),
        Check(
            "pending_reviews", "Findings that wait", "count", "{value} findings wait for a person",
            one="{value} finding waits for a person",
        ),
        Check("left_after_curation", "Left after curation", "count", "a second look at curated data found {value} more"),
        Check(
            "columns_changed", "Columns", "count", "{value} columns of the reference are missing or of another kind",
            one="{value} column of the reference is missing or of another kind",
        ),
        Check(
            "drift_labels", "Drift of labels", "share", "{value} of the labels are others than in the reference",
            evidence_rows=100,
        ),
        Check(
            "drift_texts", "Drift of texts", "rate",
            "a model tells these texts from the reference's with area {value} under its curve (0.5 is chance)",
            evidence_rows=100,
        ),
        Check(
            "beats_random", "Curated against random removal", "difference",
            "training on curated data is {value} better than after a random removal of the same size", minimum=True,
            evidence_rows=30,
        ),
        Check(
            "canary_exposure", "Secrets that models recite", "rate",
            "a model of the scrubbed data knows a planted secret by {value} bits (1.4 is chance)", evidence_rows=12,
        ),
        Check(
            "trained_gap", "Accuracy by group, trained", "share",
            "accuracies of a model of the curated data lie {value} apart between a group and the others", evidence_rows=60,
        ),
        Check("days_since_training", "Age of the last training", "days", "the last training is {value} days old"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """When a check warns and when it fails: strictly beyond the number."""

    warn: float | None = None
    fail: float | None = None
    minimum_rows: int | None = None
    """Rows from which there is a verdict; the check's own number when left out."""
    by_name: bool = False
    """Whether the policy itself named this check, rather than a preset."""
    note: str = ""
    """A sentence for people, said where the check warns or fails."""


@dataclass(frozen=True)
class Waiver:
    """Somebody answers for a check until a day."""

    check: str
    owner: str
    reason: str
    expires: dt.date


@dataclass(frozen=True)
class Policy:
    """Checks with their limits, and waivers."""

    limits: Mapping[str, Limit]
    waivers: tuple[Waiver, ...] = ()
    preset: str = "starter"
    source: str = "preset"
    reference: str = ""
    """Path of the data that this data is to be like, for the checks of columns and drift."""


_STARTER = {
    "rows": Limit(fail=1),
    "bad_rows": Limit(warn=0.0, fail=0.01),
    "duplicate_rate": Limit(warn=0.01, fail=0.10),
    "leaked_rows": Limit(fail=0),
    "conflicting_labels": Limit(warn=0.005, fail=0.05),
    "conflicting_answers": Limit(warn=0.01),
    "pii_rows": Limit(warn=0.0, fail=0.01),
    "secrets": Limit(fail=0),
    "label_error_rate": Limit(warn=0.05, fail=0.15),
    "rows_per_class": Limit(warn=20, fail=5),
}
_STRICT = {
    **_STARTER,
    "bad_rows": Limit(fail=0.0),
    "duplicate_rate": Limit(warn=0.0, fail=0.02),
    "conflicting_labels": Limit(warn=0.0, fail=0.01),
    "conflicting_answers": Limit(warn=0.0, fail=0.05),
    "pii_rows": Limit(fail=0.0),
    "label_error_rate": Limit(warn=0.02, fail=0.05),
    "rows_per_class": Limit(warn=50, fail=20),
    "pending_reviews": Limit(warn=0),
    "left_after_curation": Limit(warn=0),
}
PRESETS: dict[str, Mapping[str, Limit]] = {
    "starter": _STARTER,
    "strict": _STRICT,
    "regulated": {
        **_STRICT,
        "disparities": Limit(warn=0, fail=3),
        "disproportionate_curation": Limit(warn=0),
        "pii_residual_per_1000_rows": Limit(warn=5, fail=10),
        "pending_reviews": Limit(fail=0),
        "days_since_training": Limit(warn=60, fail=90),
    },
}
_BESIDE = {
    "columns_changed": Limit(fail=0),
    "drift_labels": Limit(warn=0.1),
    "drift_texts": Limit(warn=0.75),
}
"""What is asked of data beside a reference, where the policy itself does not say."""
_KEYS = ("preset", "checks", "waivers", "reference")
_LIMIT_KEYS = ("enabled", "warn", "fail", "minimum_rows", "note")
_WAIVER_KEYS = ("check", "owner", "reason", "expires")


def beside(policy: Policy, reference: str) -> Policy:
    """The policy for data that is to be like the data at `reference`."""
    return replace(policy, limits={**_BESIDE, **policy.limits}, reference=reference)


def load_policy(path: Path) -> Policy:
    """A policy file: a `[gate]` table (a recipe), or its keys at the top."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no policy at {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    return parse_policy(raw.get("gate", raw), str(path))


def parse_policy(raw: Mapping[str, Any], source: str = "[gate]") -> Policy:
    """A checked policy; ConfigError names every wrong key and the nearest right one."""
    _known(raw, _KEYS, source)
    preset = raw.get("preset", "starter")
    if preset not in PRESETS:
        raise ConfigError(f"{source}: there is no preset {preset!r}; {nearest(str(preset), PRESETS)}")
    limits = dict(PRESETS[preset])
    checks = raw.get("checks", {})
    if not isinstance(checks, Mapping):
        raise ConfigError(f"{source}: checks must be tables, such as [gate.checks.duplicate_rate]")
    for name, given in checks.items():
        where = f"{source} checks.{name}"
        if name not in CHECKS:
            raise ConfigError(f"{where}: there is no such check; {nearest(name, CHECKS)}")
        if not isinstance(given, Mapping):
            raise ConfigError(f"{where} must be a table with warn, fail or enabled")
        limit = _limit(given, limits.get(name, Limit()), CHECKS[name], where)
        if limit is None:
            limits.pop(name, None)
        else:
            limits[name] = limit
    waivers = raw.get("waivers", [])
    if not isinstance(waivers, list) or not all(isinstance(w, Mapping) for w in waivers):
        raise ConfigError(f"{source}: waivers must be tables: [[gate.waivers]]")
    reference = raw.get("reference", "")
    if not isinstance(reference, str):
        raise ConfigError(f"{source}: reference must be the path of a data file")
    checked = tuple(_waiver(w, f"{source} waivers[{i}]") for i, w in enumerate(waivers))
    for waiver in checked:
        if sum(w.check == waiver.check for w in checked) > 1:
            raise ConfigError(f"{source}: {waiver.check} has several waivers; keep the one that holds")
        if waiver.check not in limits and waiver.check not in _BESIDE:  # a reference may be named elsewhere
            raise ConfigError(f"{source}: a waiver names {waiver.check}, which this policy does not ask; take it out")
    policy = Policy(limits, checked, preset, source)
    return beside(policy, reference) if reference else policy


def _known(raw: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in raw:
        if key not in allowed:
            raise ConfigError(f"{where} has no key {key!r}; {nearest(str(key), allowed)}")


def _limit(given: Mapping[str, Any], base: Limit, check: Check, where: str) -> Limit | None:
    _known(given, _LIMIT_KEYS, where)
    for key in ("warn", "fail", "minimum_rows"):
        value = given.get(key)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and 0 <= value < math.inf):
            raise ConfigError(f"{where}: {key} must be a finite number that is not negative")
        if key == "minimum_rows" and not isinstance(value, int | None):
            raise ConfigError(f"{where}: minimum_rows must be a whole number")
        if value is not None and key != "minimum_rows" and check.unit == "share" and value > 1:
            raise ConfigError(f"{where}: {key} is a share of the rows, between 0 and 1 (0.05 for five per cent)")
    enabled = given.get("enabled", True)
    if not isinstance(enabled, bool):
        raise ConfigError(f"{where}: enabled must be true or false")
    if not enabled:
        return None
    if not isinstance(given.get("note", ""), str):
        raise ConfigError(f"{where}: note must be a sentence")
    limit = replace(base, by_name=True, **{k: given[k] for k in ("warn", "fail", "minimum_rows", "note") if k in given})
    if limit.warn is None and limit.fail is None:  # named, and that is all: as the preset has it that asks it
        usual = PRESETS["regulated"].get(check.name) or _BESIDE.get(check.name)
        limit = replace(limit, warn=usual.warn, fail=usual.fail) if usual is not None else limit
    if limit.warn is None and limit.fail is None:
        raise ConfigError(f"{where}: give warn, fail, or both")
    if limit.warn is not None and limit.fail is not None:
        wrong = limit.warn < limit.fail if check.minimum else limit.warn > limit.fail
        if wrong and "warn" not in given:  # the preset's warning gives way; its failure never does
            return replace(limit, warn=None)
        if wrong:
            order = "at least" if check.minimum else "at most"
            raise ConfigError(f"{where}: warn ({limit.warn:g}) must be {order} fail ({limit.fail:g})")
    return limit


def _waiver(given: Mapping[str, Any], where: str) -> Waiver:
    _known(given, _WAIVER_KEYS, where)
    for key in _WAIVER_KEYS:
        if not given.get(key):
            raise ConfigError(f"{where}: a waiver needs {', '.join(_WAIVER_KEYS)}; {key} is missing")
    if given["check"] not in CHECKS:
        raise ConfigError(f"{where}: there is no check {given['check']!r}; {nearest(str(given['check']), CHECKS)}")
    expires = given["expires"]
    if isinstance(expires, str):
        try:
            expires = dt.date.fromisoformat(expires)
        except ValueError:
            raise ConfigError(f"{where}: expires must be a date such as 2027-01-31") from None
    if isinstance(expires, dt.datetime):
        expires = expires.date()
    if not isinstance(expires, dt.date):
        raise ConfigError(f"{where}: expires must be a date such as 2027-01-31")
    return Waiver(str(given["check"]), str(given["owner"]), str(given["reason"]), expires)


def as_json_schema() -> dict[str, Any]:
    """JSON Schema of a `[gate]` table."""
    checks: dict[str, Any] = {}
    for check in CHECKS.values():
        bound = {"type": "number", "minimum": 0, **({"maximum": 1} if check.unit == "share" else {})}
        side = "Least" if check.minimum else "Most"
        checks[check.name] = {
            "type": "object",
            "description": f"{check.title} ({check.unit}). {side} that is allowed.",
            "properties": {
                "enabled": {"type": "boolean", "default": True, "description": "Whether the check is made."},
                "warn": {**bound, "description": "Beyond this the check warns."},
                "fail": {**bound, "description": "Beyond this the check fails."},
                "minimum_rows": {"type": "integer", "minimum": 0, "description": "Rows needed for a verdict."},
                "note": {"type": "string", "description": "A sentence for people, said where the check warns or fails."},
            },
            "additionalProperties": False,
        }
    waiver = {
        "check": {"enum": sorted(CHECKS), "description": "The check that is waived."},
        "owner": {"type": "string", "description": "Who answers for it."},
        "reason": {"type": "string", "description": "Why."},
        "expires": {"type": "string", "format": "date", "description": "Last day; afterwards the check fails."},
    }
    return {
        "type": "object",
        "description": "What `curate gate` asks of data.",
        "properties": {
            "preset": {"enum": list(PRESETS), "default": "starter", "description": "Checks to begin with."},
            "reference": {"type": "string", "description": "Data to be like, for columns_changed and drift checks."},
            "checks": {"type": "object", "properties": checks, "additionalProperties": False},
            "waivers": {
                "type": "array",
                "items": {
                    "type": "object", "properties": waiver, "required": list(waiver), "additionalProperties": False,
                },
            },
        },
        "additionalProperties": False,
    }  # fmt: skip
