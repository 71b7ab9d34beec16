"""Recall of names by locale, in sentences of the user's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from audit.report.residual import groups_of, residual_of
from curate.cli.pii_eval import pii_eval_command
from curate.privacy.residual import groups

TEXTS = [f"On day {n} we met Anna Schmidt near gate {n}.\nNothing else." for n in range(12)]
SPANS = [[(text.index("Anna"), text.index("Anna") + 12)] for text in TEXTS]


@pytest.fixture(scope="module")
def built_in() -> groups.Probe:
    return groups.probe()


def test_every_group_is_asked_as_often_and_the_shares_are_counts(built_in: groups.Probe) -> None:
    assert len(built_in.groups) > 60
    assert {share.asked for share in built_in.groups} == {groups.PER_GROUP}
    assert built_in.overall.asked == sum(share.asked for share in built_in.groups)
    assert built_in.overall.found == sum(share.found for share in built_in.groups)
    assert [s.value for s in built_in.groups] == sorted(s.value for s in built_in.groups)
    assert built_in.overall.value > 0.9


def test_the_worst_group_is_told_by_names_that_did_not_choose_it(built_in: groups.Probe) -> None:
    assert built_in.worst.asked == groups.PER_GROUP // 2
    assert built_in.worst.low < built_in.worst.value <= built_in.worst.high


def test_the_probe_says_the_same_every_time(built_in: groups.Probe) -> None:
    groups._probed.cache_clear()
    assert groups.as_json(groups.probe()) == groups.as_json(built_in)


def test_sentences_of_the_data_with_one_name_are_taken_and_cut_at_the_line() -> None:
    frames = groups.frames_of(TEXTS, SPANS)
    assert frames[0] == ("On day 0 we met ", " near gate 0.")
    assert len(frames) == len(TEXTS)
    assert groups.frames_of(["Anna and Ben", "", "Anna"], [[(0, 4), (9, 12)], [], [(0, 4)]]) == ()


def test_too_few_sentences_leave_the_built_in_ones() -> None:
    few = groups.probe(groups.frames_of(TEXTS[:3], SPANS[:3]), per_group=4)
    assert not few.own_frames
    assert few.frames == len(groups.FRAMES)


def test_no_difference_is_claimed_without_evidence() -> None:
    alike = groups.share("xx", 15, 30)
    told = groups.Probe((alike,), groups.share("all", 500, 1000), alike, 10, False)
    assert not told.differs
    assert "insufficient evidence" in groups.sentence(told)


def test_wilson_intervals_are_those_of_statsmodels() -> None:
    # proportion_confint(27, 30, method="wilson") of statsmodels 0.14
    share = groups.share("x", 27, 30)
    assert (round(share.low, 4), round(share.high, 4)) == (0.7438, 0.9654)


def test_the_report_shows_the_five_worst_and_all(built_in: groups.Probe) -> None:
    rate = {"value": None, "low": None, "high": None}
    missed = {"kind": "all", **rate, "found": 0, "candidates": 0, "reviewed": 0}
    record = {"sentence": "s", "sampled_rows": 1, "reviewed_rows": 0, "total": missed, "kinds": [], "readers": None,
              "not_covered": [], "names": groups.as_json(built_in)}  # fmt: skip
    shown = residual_of(record)
    assert shown is not None
    assert [row[0] for row in groups_of(shown)] == [s.group for s in built_in.groups[:5]] + ["all"]
    assert shown.names is not None
    assert shown.names.sentence == groups.sentence(built_in)


def test_pii_eval_tells_recall_by_locale_in_the_gold_sentences(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    lines = ({"text": t, "spans": [{"start": s[0][0], "end": s[0][1], "type": "PERSON"}]} for t, s in zip(TEXTS, SPANS))
    gold.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    out = CliRunner().invoke(pii_eval_command, [str(gold), "--by-locale", "--json"], standalone_mode=False)
    assert out.exception is None
    told = json.loads(out.stdout)["by_locale"]
    assert told["own_frames"]
    assert told["frames"] == len(TEXTS)
    shown = CliRunner().invoke(pii_eval_command, [str(gold), "--by-locale"], standalone_mode=False)
    assert told["sentence"] in shown.stdout
    assert "Anna" not in shown.stdout
