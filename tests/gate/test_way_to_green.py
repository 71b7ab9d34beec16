"""The way to green is the shortest: for conflicts, classes, unreadable lines; and a baseline's red is nobody's news."""

from __future__ import annotations

import datetime as dt
import json
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.gate import Fact, judge, parse_policy, read_baseline, tightened
from audit.gate.conflicts import fewest
from audit.gate.facts import NAME_WIDTH, _bad_rows, _smallest_class
from audit.gate.judge import FORGIVEN, Baseline, Measured
from audit.gate.policy import CHECKS, Limit, Policy
from audit.gate.render import as_json
from curate.errors import ConfigError

TODAY = dt.date(2026, 6, 1)
Ends = tuple[float | None, float | None, float | None]


@st.composite
def conflicts(draw: st.DrawFn) -> tuple[list[int], list[int], list[int]]:
    """Rows, the row that each conflicts with, and what every row says."""
    n = draw(st.integers(2, 8))
    said = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n).filter(lambda s: len(set(s)) > 1))
    rows, witness = [], []
    for row in range(n):
        others = [k for k in range(n) if said[k] != said[row]]
        if others:
            rows.append(row)
            witness.append(draw(st.sampled_from(others)))
    return rows, witness, said


def bundles(rows: list[int], witness: list[int]) -> list[set[int]]:
    found: list[set[int]] = [{row} for row in rows]
    for a, b in zip(rows, witness, strict=True):
        joined = set().union(*(s for s in found if a in s or b in s))
        found = [s for s in found if not s & joined] + [joined]
    return found


def cured_by(mended: set[int], together: list[set[int]], said: list[int]) -> int:
    return sum(len(s) for s in together if len({said[row] for row in s - mended}) <= 1)


@settings(max_examples=60, deadline=None)
@given(conflicts(), st.data())
def test_no_smaller_set_of_rows_cures_as_many_conflicts(
    given_rows: tuple[list[int], list[int], list[int]], data: st.DataObject
) -> None:
    rows, witness, said = given_rows
    wanted = data.draw(st.integers(1, len(rows)))
    arrays = [np.array(x, np.int64) for x in (rows, witness, [said[r] for r in rows], [said[w] for w in witness])]
    found = set(fewest(*arrays, wanted).tolist())
    together = bundles(rows, witness)
    assert cured_by(found, together, said) >= wanted
    for fewer in range(len(found)):
        assert not any(cured_by(set(some), together, said) >= wanted for some in combinations(rows, fewer))


def test_a_row_whose_conflict_somebody_allowed_is_not_asked_to_be_mended() -> None:
    row, beside = np.array([4, 9]), np.array([7, 7])  # row 7 has no finding of its own: it was rejected
    assert fewest(row, beside, np.array([0, 0]), np.array([1, 1]), 1).tolist() == [4, 9]


def test_a_pair_in_conflict_is_cured_by_one_of_its_rows() -> None:
    policy = parse_policy({"checks": {"conflicting_labels": {"fail": 0.01, "minimum_rows": 1}}})
    row, witness = np.array([3, 5, 7, 9, 7]), np.array([5, 3, 9, 7, 9])

    def least(cured: int) -> Any:
        return fewest(row, witness, row % 4 // 3, witness % 4 // 3, cured)

    fact = Fact(0.04, 100, np.array([10, 11, 12, 13, 14]), row=row, fewest=least)
    check = judged(policy, "conflicting_labels", fact)
    assert check.to_green == "Curing 2 of 4 rows brings it within the limit."
    assert {int(r) for r in row[np.array(check.findings[: check.least]) - 10]} & {3, 5}
    assert len(check.findings) == 5


def test_a_row_with_several_findings_counts_once_and_is_cured_by_all_of_them() -> None:
    policy = parse_policy({"checks": {"pii_rows": {"fail": 0.01}}})
    fact = Fact(0.03, 100, np.array([1, 2, 3, 4, 5, 6]), row=np.array([8, 20, 20, 8, 8, 31]))
    check = judged(policy, "pii_rows", fact)
    assert (check.least, check.findings) == (3, (2, 3, 6, 1, 4, 5))
    assert check.to_green == "Curing 2 of 3 rows (3 findings) brings it within the limit."


def judged(policy: Policy, name: str, fact: Fact, baseline: Baseline | None = None) -> Any:
    only = Policy({name: policy.limits[name]})
    return judge({name: fact}, only, today=TODAY, baseline=baseline).checks[0]


@given(bad=st.integers(1, 60), good=st.integers(0, 60), limit=st.floats(0, 0.99))
def test_mending_as_many_lines_as_said_turns_the_check_and_one_fewer_does_not(bad: int, good: int, limit: float) -> None:
    fact, policy = _bad_rows(bad, good), Policy({"bad_rows": Limit(fail=limit)})
    check = judged(policy, "bad_rows", fact)
    if check.verdict == "pass":
        return
    words = check.to_green.split()
    least = 1 if bad == 1 else int(words[2] if words[1] == "all" else words[1])
    assert judged(policy, "bad_rows", _bad_rows(bad - least, good + least)).verdict == "pass"
    assert judged(policy, "bad_rows", _bad_rows(bad - least + 1, good + least - 1)).verdict == "fail"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, True, "much"])
def test_a_limit_that_nothing_can_break_is_no_limit(value: object) -> None:
    with pytest.raises(ConfigError, match="fail must be a finite number"):
        parse_policy({"checks": {"secrets": {"fail": value}}})


def test_a_check_that_is_only_named_has_the_limits_of_the_preset_that_asks_it() -> None:
    assert parse_policy({"checks": {"days_since_training": {}}}).limits["days_since_training"].fail == 90
    assert parse_policy({"checks": {"disparities": {"fail": 9}}}).limits["disparities"].warn is None
    with pytest.raises(ConfigError, match="give warn, fail, or both"):
        parse_policy({"checks": {"tpr_gap": {}}})


def test_two_waivers_of_one_check_are_refused() -> None:
    waiver = {"check": "secrets", "owner": "ada", "reason": "fixtures", "expires": "2026-06-01"}
    with pytest.raises(ConfigError, match="secrets has several waivers"):
        parse_policy({"waivers": [waiver, {**waiver, "expires": "2027-06-01"}]})


def measured(verdict: str = "fail", waived: bool = False, **checks: Ends) -> Baseline:
    then = {name: Measured(*ends, verdict, waived) for name, ends in checks.items()}
    return Baseline("main.json", frozenset(), measured=then)


WRONG: Ends = (0.10, 0.08, 0.12)


@pytest.mark.parametrize(
    ("value", "high", "then", "expected"),
    [
        (0.11, 0.13, WRONG, "pass"),  # red before, and not shown to be worse
        (0.13, 0.15, WRONG, "fail"),  # beyond the interval of then
        (0.049, 0.06, (0.03, 0.02, 0.045), "fail"),  # then it was within the limit
        (0.11, 0.13, (None, None, None), "fail"),
        (0.11, 0.13, (0.30, None, None), "fail"),  # what had no interval was no estimate
    ],
)
def test_an_estimate_that_was_red_in_the_baseline_fails_only_where_it_is_worse(
    value: float, high: float, then: Ends, expected: str
) -> None:
    policy = parse_policy({"checks": {"label_error_rate": {"warn": 0.05, "fail": 0.05}}})
    fact = Fact(value, 1000, np.arange(5), low=value - 0.02, high=high)
    check = judged(policy, "label_error_rate", fact, measured(label_error_rate=then))
    assert check.verdict == expected
    assert ("and this is not shown to be worse" in check.sentence) == (expected == "pass")


@pytest.mark.parametrize(
    ("verdict", "waived", "expected"),
    [("fail", False, "pass"), ("warn", False, "pass"), ("insufficient evidence", False, "fail"), ("pass", False, "fail"),
     ("", False, "fail"), ("warn", True, "fail"), ("fail", True, "fail")],
)  # fmt: skip
def test_only_what_the_baseline_judged_to_be_red_is_forgiven(verdict: str, waived: bool, expected: str) -> None:
    policy = parse_policy({"checks": {"label_error_rate": {"fail": 0.05}}})
    fact = Fact(0.1, 1000, low=0.09, high=0.11)
    check = judged(policy, "label_error_rate", fact, measured(verdict, waived, label_error_rate=WRONG))
    assert check.verdict == expected


def test_a_bound_that_nobody_had_read_lets_no_failure_pass(tmp_path: Path) -> None:
    name = "pii_residual_per_1000_rows"
    policy = Policy({name: Limit(fail=5.0)})
    then = judge({name: Fact(50.0, 500, bound=True)}, policy, today=TODAY)
    assert then.verdict == "insufficient evidence"
    path = tmp_path / "main.json"
    path.write_text(json.dumps(as_json(then, lambda positions: [], [], [])))
    now = {name: Fact(40.0, 500, low=30.0, high=45.0)}
    assert judge(now, policy, today=TODAY, baseline=read_baseline(path)).verdict == "fail"
    warned = measured("warn", **{name: (50.0, None, None)})
    assert judge(now, policy, today=TODAY, baseline=warned).verdict == "fail", "a bound was no measurement"


@pytest.mark.parametrize("name", sorted(set(CHECKS) - set(FORGIVEN)))
def test_what_may_be_of_another_group_class_or_column_is_never_said_to_be_known(name: str) -> None:
    minimum = CHECKS[name].minimum
    policy, value = Policy({name: Limit(fail=1.0 if minimum else 0.0)}), 0.0 if minimum else 1.0
    then = measured(**{name: (value, None, None)})
    assert judged(policy, name, Fact(value, 1000, detail="of others than then"), then).verdict == "fail"


def test_lines_that_cannot_be_read_are_forgiven_up_to_their_share_then() -> None:
    policy, then = Policy({"bad_rows": Limit(fail=0.0)}), measured(bad_rows=(0.1, None, None))
    assert judged(policy, "bad_rows", _bad_rows(1, 9), then).verdict == "pass"
    assert judged(policy, "bad_rows", _bad_rows(2, 9), then).verdict == "fail"


def baseline_file(path: Path, **given: Any) -> Path:
    check = {"name": "label_error_rate", **dict(zip(("value", "low", "high"), WRONG, strict=True)), "verdict": "fail"}
    head = {"kind": "curate-gate", "schema_version": 1, "fingerprints": []}
    path.write_text(json.dumps({**head, "checks": [check], **given}))
    return path


def tightened_by(path: Path, limit: float, value: float, low: float, high: float) -> dict[str, Any]:
    """The check in the baseline file after a gate under a limit that found so much."""
    facts = {"label_error_rate": Fact(value, 1000, low=low, high=high)}
    result = judge(facts, Policy({"label_error_rate": Limit(fail=limit)}), today=TODAY, baseline=read_baseline(path))
    assert result.verdict == "pass"
    path.write_bytes(tightened(path, frozenset(), result)[0])
    check: dict[str, Any] = json.loads(path.read_text())["checks"][0]
    return check


def test_a_baseline_takes_over_the_better_measurement_and_never_the_worse(tmp_path: Path) -> None:
    for value, expected in ((0.06, 0.06), (0.11, 0.10)):
        path = baseline_file(tmp_path / "main.json")
        assert tightened_by(path, 0.5, value, value - 0.01, value + 0.01)["value"] == expected


@pytest.mark.parametrize(
    ("value", "low", "high", "taken"),
    [
        (0.09, 0.03, 0.20, False),  # a better value, of fewer rows: its end would forgive more
        (0.11, 0.105, 0.115, False),  # a better end of a worse value
        (0.09, 0.085, 0.095, True),
    ],
)
def test_a_tightened_baseline_forgives_no_more_than_before(
    tmp_path: Path, value: float, low: float, high: float, taken: bool
) -> None:
    path = baseline_file(tmp_path / "main.json")
    check = tightened_by(path, 0.05, value, low, high)
    assert (check["value"], check["low"], check["high"]) == ((value, low, high) if taken else WRONG)
    assert check["verdict"] == "fail", "it is red without the baseline, and stays known"
    assert taken == ("9.0%" in check.get("sentence", ""))
    assert "baseline" not in check.get("sentence", "")
    worse = {"label_error_rate": Fact(0.19, 1000, low=0.17, high=0.21)}
    policy = Policy({"label_error_rate": Limit(fail=0.05)})
    assert judge(worse, policy, today=TODAY, baseline=read_baseline(path)).verdict == "fail"


def test_what_was_mended_is_no_longer_red_in_the_tightened_baseline(tmp_path: Path) -> None:
    path = baseline_file(tmp_path / "main.json")
    check = tightened_by(path, 0.05, 0.03, 0.02, 0.04)
    assert (check["verdict"], check["high"], check["places"]) == ("pass", 0.04, [])
    assert "3.0%" in check["sentence"]


@pytest.mark.parametrize("verdict", ["pass", "insufficient evidence"])
def test_tightening_makes_nothing_red_that_the_baseline_did_not_fail(tmp_path: Path, verdict: str) -> None:
    path = baseline_file(tmp_path / "main.json")
    raw = json.loads(path.read_text())
    raw["checks"][0]["verdict"] = verdict
    path.write_text(json.dumps(raw))
    facts = {"label_error_rate": Fact(0.09, 1000, low=0.085, high=0.095)}
    result = judge(facts, Policy({"label_error_rate": Limit(warn=0.05)}), today=TODAY, baseline=read_baseline(path))
    assert result.verdict == "warn"
    assert json.loads(tightened(path, frozenset(), result)[0])["checks"] == raw["checks"]


def test_classes_are_named_no_wider_than_groups() -> None:
    labels = ["a" * 500, *["b"] * 9]
    nothing = np.ones(len(labels), np.bool_)
    fact = _smallest_class(SimpleNamespace(labels=labels, train_row=nothing), nothing)
    assert fact.short is not None
    assert fact.short(5) == f"The class {'a' * NAME_WIDTH} needs 4 more."


@pytest.mark.parametrize(
    "broken",
    [{"fingerprints": ["ab"]}, {"some_rows": ["zz"]}, {"checks": [{"name": "rows", "value": "much"}]}, {"checks": [3]}],
)
def test_a_damaged_baseline_is_refused(tmp_path: Path, broken: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="write it again with --format json"):
        read_baseline(baseline_file(tmp_path / "main.json", **broken))


def test_labels_that_were_mended_are_at_odds_with_nobody() -> None:
    from audit.gate.conflicts import at_odds

    row, witness = np.array([0, 1, 2, 3]), np.array([1, 0, 3, 2])
    kept = np.array([True, True, True, True, True])
    assert at_odds(row, witness, np.array([7, 7, 7, 8, 9]), kept).tolist() == [False, False, True, True]
    kept[3] = False
    assert not at_odds(row, witness, np.array([7, 7, 7, 8, 9]), kept).any()
