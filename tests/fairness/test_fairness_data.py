"""What the data holds of each group, on whom curation falls, and what was measured."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from audit.fairness import audit_data, curation_effect, effects_by_group, who_is_affected
from audit.fairness.evidence import DISCLAIMER, Measured, evidence


def test_shares_are_judged_against_a_reference_and_absent_groups_are_seen() -> None:
    group = ["north"] * 800 + ["south"] * 200
    audit = audit_data({"region": group}, reference={"region": {"north": 50, "south": 40, "east": 10}})
    outcome = {c.group: c for c in audit.comparisons if c.metric == "representation"}
    assert {g: c.outcome for g, c in outcome.items()} == dict.fromkeys(("north", "south", "east"), "disparity")
    assert outcome["east"].value == -1.0
    assert outcome["south"].value == pytest.approx(-0.5)
    same = audit_data({"region": group * 20}, reference={"region": {"north": 0.8, "south": 0.2}})
    assert {c.outcome for c in same.comparisons} == {"equivalent"}
    few = audit_data({"region": group[:10]}, reference={"region": {"north": 1, "south": 1}})
    assert {c.outcome for c in few.comparisons} == {"insufficient evidence"}
    with pytest.raises(ValueError, match="region"):
        audit_data({"region": group}, reference={"region": {"north": 0}})


def test_a_group_that_is_looked_at_together_with_others_is_not_called_absent() -> None:
    names = [f"town {i:02}" for i in range(60)]
    audit = audit_data({"town": [name for name in names for _ in range(40)]}, reference={"town": dict.fromkeys(names, 1.0)})
    assert not [c for c in audit.comparisons if c.outcome == "disparity"]
    unclear = {c.group for c in audit.comparisons if c.outcome == "insufficient evidence" and c.n == 0}
    assert len(unclear) == 60 - 49
    assert min(s.n for s in audit.shares) > 0


def test_differences_of_means_are_welchs_and_copies_do_not_count_twice() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(["a", "b"], [300, 200])
    quality = rng.normal(size=500) + 0.5 * (group == "a")
    audit = audit_data({"g": group.tolist()}, measures={"quality": quality})
    c = next(c for c in audit.comparisons if c.group == "a")
    a, b = quality[group == "a"], quality[group == "b"]
    welch = stats.ttest_ind(a, b, equal_var=False)
    assert c.value / c.error == pytest.approx(welch.statistic, rel=0.01)
    assert c.outcome == "disparity"
    ten = np.repeat(np.arange(500), 10)
    copies = audit_data({"g": np.repeat(group, 10).tolist()}, measures={"quality": np.repeat(quality, 10)}, clusters=ten)
    assert next(x for x in copies.comparisons if x.group == "a").error == pytest.approx(c.error, rel=0.01)


def test_missing_values_and_lengths_are_told_for_every_group_and_tiny_groups_are_not_judged() -> None:
    group = ["a"] * 400 + ["b"] * 400 + ["tiny"] * 4
    lengths = np.concatenate([np.full(400, 100.0), np.full(400, 20.0), np.full(4, 50.0)])
    lengths += np.arange(804) % 7
    gone = np.asarray([g == "b" and i % 3 == 0 for i, g in enumerate(group)])
    audit = audit_data({"g": group}, lengths=lengths, rates={"no_label": gone})
    assert {v.group for v in audit.levels} == {"a", "b", "tiny"}
    assert {c.outcome for c in audit.comparisons if c.group == "tiny"} == {"insufficient evidence"}
    assert next(c for c in audit.comparisons if c.group == "b" and c.metric == "text_length").outcome == "disparity"
    missing = {c.group: c.outcome for c in audit.rates.comparisons}
    assert missing == {"a": "disparity", "b": "disparity", "tiny": "insufficient evidence"}
    json.dumps(audit.to_json(), allow_nan=False)


def test_clusters_that_share_their_fate_widen_the_intervals_of_curation() -> None:
    group = np.repeat(["a", "b"], [1000, 1000])
    removed = np.repeat(np.arange(200) % 4 == 0, 10)
    clusters = np.repeat(np.arange(200), 10)
    plain = curation_effect({"g": group}, removed)
    honest = curation_effect({"g": group}, removed, clusters=clusters)
    width = [e.comparisons[0].high - e.comparisons[0].low for e in (plain, honest)]
    assert width[1] / width[0] == pytest.approx(np.sqrt(10), rel=0.1)
    assert [r.rate for r in plain.rates] == [r.rate for r in honest.rates]


def test_rows_without_a_group_are_a_group_of_their_own_and_intersections_can_be_asked_for() -> None:
    group = ["a", None] * 200
    other = (["x"] * 200 + ["y"] * 200)
    removed = np.asarray([g is None for g in group])
    effect = effects_by_group({"g": group, "h": other}, {"removed": removed}, intersections=2)
    harder = effect.disproportionate("removed")
    assert ("g", "(no value)") in {(c.column, c.group) for c in harder}
    assert "g & h" in {c.column for c in harder}


def test_a_bulk_preview_says_whom_it_deletes_and_whom_it_cannot_tell_of() -> None:
    group = ["a"] * 500 + ["b"] * 500 + ["tiny"] * 5
    said = who_is_affected(np.arange(500, 700), {"team": group}, 1005, verb="deleted")
    assert said.alarming
    assert said.lines[0] == "200 of 1,005 rows (19.9%) would be deleted."
    assert "team b: 40.0% of its 500 rows would be deleted, 0.0% of the others" in said.lines[1]
    assert "tiny (5 rows)" in said.lines[-1]
    assert "not a pass" in said.lines[-1]
    assert "tiny (1 row)" in str(who_is_affected([0], {"team": ["a"] * 500 + ["tiny"]}, 501))
    none = who_is_affected(np.zeros(1005, bool), {"team": group[:1000] + ["a"] * 5}, 1005)
    assert not none.alarming
    assert "No group is shown" in str(none)
    assert "unknown whom" in str(who_is_affected([1], {}, 10))
    secret = who_is_affected(np.arange(500), {"team": ["ann@example.com"] * 500 + ["b"] * 500}, 1000)
    assert "@" not in str(secret)


def test_evidence_says_more_where_more_was_measured_and_never_claims_compliance() -> None:
    nothing, much = evidence(Measured()), evidence(Measured(
        frozenset({"pii", "label_issues", "near_duplicates", "text_quality"}), groups=True, labels=True, model=True,
        trained=True, crossed=True, reference=True, unclear=3,
    ))  # fmt: skip
    clauses = [e.clause for e in nothing]
    assert clauses == [e.clause for e in much]
    assert {f"AI Act 10(2)({c})" for c in "bcdefgh"} | {"AI Act 10(3)", "NIST MAP 2.3", "NIST MEASURE 2.11"} == set(clauses)
    for a, b in zip(nothing, much, strict=True):
        assert len(b.measured) >= len(a.measured)
        assert b.missing  # something is always left to people
    text = json.dumps([(e.measured, e.missing) for e in (*nothing, *much)]).lower()
    assert "complian" not in text
    assert "no statement" in DISCLAIMER
