"""What `curate labels` says at the end: the estimate with what it rests on, and what could not be kept together."""

from __future__ import annotations

from curate.cli.labels_told import told_labels

FOUND = {
    "target": "class", "rows_judged": 1000, "classes": 5, "estimated_noise_rate": 0.051, "likely_wrong": 37,
    "ambiguous": 60, "likely_wrong_that_cleanlab_agrees_with": 30, "rows_not_judged": {},
    "noise_rate_between": {"least": 0.019, "most": 0.17},
}  # fmt: skip


def test_the_share_of_wrong_labels_stands_with_its_range_and_what_that_assumes() -> None:
    said = told_labels(FOUND, 0)[0]
    assert "5.1% of them seem wrong if mistakes are slips" in said
    assert "follow the text" in said
    assert "1.9% to 17.0%" in said


def test_a_run_of_an_earlier_version_is_told_without_a_range() -> None:
    (said,) = told_labels({k: v for k, v in FOUND.items() if k != "noise_rate_between"}, 0)
    assert "5.1% of them seem wrong. 37 are likely wrong" in said


def test_what_is_not_kept_together_is_said() -> None:
    notes = ["rows that share a value of author are not kept together"]
    assert told_labels(FOUND | {"notes": notes}, 0)[1] == "Rows that share a value of author are not kept together."
