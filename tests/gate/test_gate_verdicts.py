"""From numbers to verdicts: what passes, what fails, and what is never taken for a pass."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.gate import Fact, judge, parse_policy
from audit.gate.policy import CHECKS, PRESETS, Limit, Policy

TODAY = dt.date(2026, 6, 1)


def facts(**given: Fact) -> dict[str, Fact]:
    """Sound facts for every check, some of them replaced."""
    sound = {name: Fact(0.0, 1000) for name in CHECKS}
    return {**sound, "rows": Fact(1000.0, 1000), "rows_per_class": Fact(100.0, 1000), **given}


def findings(n: int) -> np.ndarray:
    return np.arange(n)


def verdict_of(policy: Policy, name: str, **given: Fact) -> Any:
    result = judge(facts(**given), policy, today=TODAY)
    return next(c for c in result.checks if c.name == name), result


@pytest.mark.parametrize("preset", PRESETS)
def test_sound_data_passes_every_preset(preset: str) -> None:
    result = judge(facts(), parse_policy({"preset": preset}), today=TODAY)
    assert result.verdict == "pass"
    assert result.exit_code() == 0


def test_a_limit_is_broken_only_beyond_it() -> None:
    policy = parse_policy({"checks": {"duplicate_rate": {"warn": 0.1, "fail": 0.2}}})
    for value, expected in ((0.1, "pass"), (0.11, "warn"), (0.2, "warn"), (0.21, "fail")):
        check, result = verdict_of(policy, "duplicate_rate", duplicate_rate=Fact(value, 1000, findings(200)))
        assert check.verdict == expected
        assert result.exit_code() == (1 if expected == "fail" else 0)
        assert result.exit_code("warn") == (0 if expected == "pass" else 1)


def test_a_missing_answer_is_insufficient_evidence_and_never_a_pass() -> None:
    check, result = verdict_of(parse_policy({}), "pii_rows", pii_rows=Fact(None, why_missing="pii did not run: it broke"))
    assert check.verdict == "insufficient evidence"
    assert "it broke" in check.sentence
    assert result.exit_code() == result.exit_code("warn") == 3


def test_groups_too_small_to_judge_are_no_pass_but_a_disparity_still_fails() -> None:
    policy = parse_policy({"checks": {"disparities": {"fail": 0}}})
    check, result = verdict_of(policy, "disparities", disparities=Fact(0.0, 1000, unjudged=3))
    assert (check.verdict, result.exit_code()) == ("insufficient evidence", 3)
    check, _ = verdict_of(policy, "disparities", disparities=Fact(1.0, 1000, findings(1), unjudged=3))
    assert check.verdict == "fail"


def test_a_disparity_that_only_warns_hides_no_group_that_could_not_be_judged() -> None:
    policy = parse_policy({"checks": {"disparities": {"warn": 0, "fail": 3}}})
    for found, expected in ((0, 3), (1, 3), (3, 3), (4, 1)):
        check, result = verdict_of(policy, "disparities", disparities=Fact(found, 1000, findings(found), unjudged=3))
        assert result.exit_code() == expected, check.sentence
    only_warns = parse_policy({"checks": {"disparities": {"warn": 0}}})  # nothing that they could be is worse
    check, _ = verdict_of(only_warns, "disparities", disparities=Fact(1.0, 1000, findings(1), unjudged=3))
    assert check.verdict == "warn"


@pytest.mark.parametrize(
    ("name", "value", "fail", "said"),
    [
        ("pii_rows", 0.02004, 0.02, "2.004% of the rows hold personal data; at most 2.000% is allowed."),
        ("pii_rows", 0.4, 0.0005, "40.00% of the rows hold personal data; at most 0.05% is allowed."),
        ("pii_rows", 0.0002, 0.0, "<0.1% of the rows hold personal data; at most 0.0% is allowed."),
        ("drift_texts", 0.7504, 0.75, "under its curve (0.5 is chance); at most 0.7500 is allowed."),
    ],
)
def test_a_number_beyond_a_limit_does_not_read_like_the_limit(name: str, value: float, fail: float, said: str) -> None:
    policy = parse_policy({"checks": {name: {"fail": fail}}})
    check, _ = verdict_of(policy, name, **{name: Fact(value, 10_000, findings(5))})
    assert check.verdict == "fail"
    assert check.sentence.endswith(said)


def test_a_failure_outweighs_a_missing_answer() -> None:
    result = judge(
        facts(pii_rows=Fact(None, why_missing="it broke"), secrets=Fact(2.0, 1000, findings(2))),
        parse_policy({}),
        today=TODAY,
    )
    assert result.verdict == "fail"
    assert result.exit_code() == 1


def test_too_few_rows_give_no_verdict_however_good_they_look() -> None:
    policy = parse_policy({"checks": {"duplicate_rate": {"minimum_rows": 500}}})
    check, _ = verdict_of(policy, "duplicate_rate", duplicate_rate=Fact(0.0, 499))
    assert check.verdict == "insufficient evidence"


def test_an_estimate_is_judged_by_the_worse_end_of_its_interval() -> None:
    policy = parse_policy({"checks": {"label_error_rate": {"warn": 0.05, "fail": 0.05}}})
    for high, expected in ((0.05, "pass"), (0.06, "fail")):
        check, _ = verdict_of(policy, "label_error_rate", label_error_rate=Fact(0.04, 1000, findings(40), 0.02, high))
        assert check.verdict == expected


def test_a_check_with_a_least_value_says_what_is_needed_and_one_with_a_most_what_is_allowed() -> None:
    policy = parse_policy({"checks": {"rows": {"fail": 1000}, "secrets": {"fail": 0}}})
    few, _ = verdict_of(policy, "rows", rows=Fact(10.0, 10))
    many, _ = verdict_of(policy, "secrets", secrets=Fact(2.0, 1000, findings(2)))
    assert (few.verdict, many.verdict) == ("fail", "fail")
    assert "at least 1,000 is needed" in few.sentence
    assert "at most 0 is allowed" in many.sentence


def test_label_checks_of_a_preset_do_not_apply_to_data_without_labels_but_those_asked_for_do() -> None:
    none = Fact(None, why_missing="the data has no labels", applies=False)
    check, result = verdict_of(parse_policy({}), "label_error_rate", label_error_rate=none)
    assert check.verdict == "not applicable"
    assert result.verdict == "pass"
    by_name = parse_policy({"checks": {"label_error_rate": {"fail": 0.1}}})
    check, result = verdict_of(by_name, "label_error_rate", label_error_rate=none)
    assert check.verdict == "insufficient evidence"
    assert result.exit_code() == 3


def test_a_policy_that_asks_nothing_passes_nothing() -> None:
    assert judge(facts(), Policy({}), today=TODAY).exit_code() == 3


def test_a_waiver_turns_a_failure_into_a_warning_until_its_last_day() -> None:
    raw = {"waivers": [{"check": "secrets", "owner": "ada", "reason": "fixtures", "expires": "2026-06-01"}]}
    red = Fact(2.0, 1000, findings(2))
    check, result = verdict_of(parse_policy(raw), "secrets", secrets=red)
    assert (check.verdict, result.exit_code()) == ("warn", 0)
    assert "ada" in check.sentence
    raw["waivers"][0]["expires"] = "2026-05-31"
    for fact in (red, Fact(0.0, 1000)):
        check, result = verdict_of(parse_policy(raw), "secrets", secrets=fact)
        assert (check.verdict, result.exit_code()) == ("fail", 1)
        assert "expired" in check.sentence


@given(
    n=st.integers(50, 400),
    bad=st.integers(1, 49),
    limit=st.floats(0, 0.9),
    name=st.sampled_from(["duplicate_rate", "pii_rows", "secrets"]),
)
@example(n=50, bad=46, limit=0.8999999999999999, name="duplicate_rate")
def test_curing_as_many_as_said_turns_the_check_and_one_fewer_does_not(n: int, bad: int, limit: float, name: str) -> None:
    share = CHECKS[name].unit == "share"
    bound = limit if share else float(int(limit * 40))
    policy = Policy({name: Limit(fail=bound, minimum_rows=0)})

    def ask(left: int) -> Any:
        rows = n - (bad - left) if name == "duplicate_rate" else n  # removed duplicates are no rows any more
        value = left / rows if share else float(left)
        return judge({name: Fact(value, rows, findings(left))}, policy, today=TODAY).checks[0]

    first = ask(bad)
    if first.verdict == "pass":
        assert first.to_green == ""
        return
    assert first.least is not None
    least = first.least
    assert first.to_green.startswith("Curing ")
    assert 1 <= least <= bad
    assert ask(bad - least).verdict == "pass"
    if least > 1:
        assert ask(bad - least + 1).verdict == "fail"
