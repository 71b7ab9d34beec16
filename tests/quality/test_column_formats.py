"""Formats of dates and numbers: what can be read in one way only is rewritten, and nothing else."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.dataset import load
from curate.quality.formats import profile
from curate.stages.base import Context
from curate.stages.normalise import STAGE

ISO = [f"2024-{m:02}-{d:02}" for m in range(1, 13) for d in (3, 17, 28)]
PLAIN = [str(n) for n in range(1000, 1040)]


@pytest.mark.parametrize(
    ("odd", "wanted"),
    [
        (["31/12/2023", "3/4/2023"], ["2023-12-31", "2023-04-03"]),  # the first shows that the day comes first
        (["12/31/2023", "3/4/2023"], ["2023-12-31", "2023-03-04"]),
        (["3/4/2023"], [None]),
        (["31/12/2023", "12/31/2023"], [None, None]),
        (["2023/5/9", "9.5.2023", "9 May 2023", "Sept 5, 2023"], ["2023-05-09", "2023-05-09", "2023-05-09", "2023-09-05"]),
        (["31.02.2023", "9 Foo 2023"], [None, None]),
    ],
)
def test_dates_are_rewritten_where_only_one_reading_is_possible(odd: list[str], wanted: list[str | None]) -> None:
    found = profile([*ISO * 3, *odd])
    assert found is not None
    assert found.usual == "iso"
    assert [found.rewritten.get(len(ISO) * 3 + i) for i in range(len(odd))] == wanted


@pytest.mark.parametrize(
    ("usual", "odd", "wanted"),
    [
        (PLAIN, "1,234,567.50", "1234567.50"),
        (PLAIN, "-1,234", "-1234"),
        (PLAIN, "12,5", "12.5"),
        (PLAIN, "1.234,50", "1234.50"),
        (PLAIN, "12 %", None),
        (PLAIN, "$5", None),
        (["1.234,50", "12.345,00"] * 20, "1234.5", "1.234,5"),
        (["1.234,50", "12.345,00"] * 20, "1.234", None),  # one thousand, or one and a quarter?
        (["1,234.50", "12,345.00"] * 20, "99999.9", "99,999.9"),
        (["12,5", "3,75"] * 20, "1234.125", None),
    ],
)
def test_numbers_are_rewritten_digit_for_digit(usual: list[str], odd: str, wanted: str | None) -> None:
    found = profile([*usual, odd])
    assert found is not None
    assert found.rewritten.get(len(usual)) == wanted


FORMS = ["{d}.{m}.{y}", "{y}/{m}/{d}", "{d:02}.{m:02}.{y}"]


@given(st.dates(dt.date(1000, 1, 1), dt.date(9999, 12, 31)), st.sampled_from(FORMS))
def test_a_rewritten_date_is_the_same_day(day: dt.date, form: str) -> None:
    found = profile([*ISO, form.format(d=day.day, m=day.month, y=day.year)])
    assert found is not None
    assert dt.date.fromisoformat(found.rewritten[len(ISO)]) == day


@given(st.integers(-(10**12), 10**12), st.integers(0, 99))
def test_a_rewritten_number_is_the_same_number(whole: int, cents: int) -> None:
    found = profile([*PLAIN, f"{whole:,}.{cents:02}"])
    if found is not None:
        assert float(found.rewritten[len(PLAIN)]) == float(f"{whole}.{cents:02}")


def test_the_stage_proposes_and_a_person_decides(tmp_path: Path) -> None:
    rows = [{"text": f"a text about river {i}", "label": "ab"[i % 2], "seen": day} for i, day in enumerate(ISO * 2)]
    rows[5]["seen"] = "31.12.2023"
    rows[6]["seen"] = "3/4/2023"
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    plain = STAGE.detect(load(path), STAGE.config(), Context())
    assert plain.findings["action"].to_pylist() == ["flag", "flag"]
    assert plain.findings["replacement"].null_count == 2  # no value stands in the findings unless it is asked for
    found = STAGE.detect(load(path), STAGE.config(rewrite_formats=True), Context())
    told = {f["row"]: (f["action"], f["start"], f["end"], f["replacement"]) for f in found.findings.to_pylist()}
    assert told == {5: ("replace", 0, 10, "2023-12-31"), 6: ("flag", None, None, None)}
    assert found.findings["score"].to_pylist() == [0.5, 0.5]
    assert found.summary["columns_of_mixed_formats"][0]["rewritten"] == 1
