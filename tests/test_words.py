"""Numbers as people read them: one style everywhere, and no number that rounds to a false zero."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from curate.words import (
    difference,
    duration,
    ends,
    measure,
    number,
    outcomes_told,
    percent,
    plural,
    rate,
    rough_duration,
    share,
    signed,
    size,
)

HOME = Path(__file__).parents[1]


def test_a_small_share_never_reads_as_zero_nor_a_large_one_as_all() -> None:
    assert [percent(x) for x in (None, 0.0, 0.00001, -0.00001, 0.123, -0.0312)] == [
        "–", "0.0%", "<0.1%", "−<0.1%", "12.3%", "−3.1%"
    ]  # fmt: skip
    assert [share(x) for x in (0.0, 0.0002, 0.031, 0.24, 0.996, 0.9999, 1.0)] == [
        "0%", "<0.1%", "3.1%", "24%", "99.6%", ">99.9%", "100%"
    ]  # fmt: skip
    assert [rate(x) for x in (0.0, 0.0714, 3.14, 46679.2)] == ["0", "0.071", "3.1", "46,679"]
    assert ends(0.012, 0.31) == "[1.2%, 31%]"


def test_differences_have_a_true_minus_and_nothing_has_no_sign() -> None:
    assert [signed(x, 2) for x in (-0.0001, -0.02, 0.02, 1234.5)] == ["0.00", "−0.02", "+0.02", "+1,234.50"]
    assert difference(1.24, -0.4, 2.8) == "+1.2 [−0.4, +2.8]"
    assert [number(x, 1) for x in (None, 1234, -0.25)] == ["–", "1,234", "−0.2"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0, "0 ms"), (0.85, "850 ms"), (0.9996, "1.0 s"), (3.24, "3.2 s"), (9.97, "10 s"), (99.4, "99 s"),
     (99.6, "1 min 40 s"), (245, "4 min 05 s"), (599.6, "10 min"), (1380, "23 min"), (3599, "1 h 00 min"),
     (7500, "2 h 05 min"), (None, "–")],
)  # fmt: skip
def test_what_was_measured_is_said_as_finely_as_a_person_cares(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


def test_estimates_and_ages_are_said_roughly() -> None:
    assert [rough_duration(s) for s in (0.2, 40, 200, 9000, 86400 * 3)] == ["1 s", "40 s", "3 min", "2.5 h", "3 d"]


def test_sizes_are_decimal_and_change_unit_before_they_read_a_thousand() -> None:
    assert [size(n) for n in (0, 999, 1_000, 999_960, 41_000_000, 3.4e9, 2e12)] == [
        "0 B", "999 B", "1.0 kB", "1.0 MB", "41.0 MB", "3.4 GB", "2.0 TB"
    ]  # fmt: skip


def test_counts_and_values_of_any_kind() -> None:
    assert [plural(1, "row"), plural(2000, "row"), plural(2, "class", "classes")] == ["1 row", "2,000 rows", "2 classes"]
    assert [measure(v) for v in (True, 1234, 0.123456, -0.5, 123456.7, "x", "", None)] == [
        "yes", "1,234", "0.1235", "−0.5", "123,457", "x", "–", "–"
    ]  # fmt: skip


def test_nothing_that_people_read_spells_numbers_in_another_way() -> None:
    """Per cent signs stand behind their number without a space, and nobody else makes plurals, GiB or minus signs."""
    plurals = r"""['"]\w*['"] if [^{}]* == 1 else ['"]s['"]"""
    other = re.compile(plurals + r"""|\} ?[KMG]iB|\.replace\("-", "−"\)|[0-9}] %(?![}0-9])(?! [\w(])""")
    files = [*HOME.glob("docs/*.md"), HOME / "README.md"]
    for package in ("curate", "audit", "train", "tui"):
        files += [p for kind in ("*.py", "*.j2") for p in (HOME / package).rglob(kind)]
    engines = tuple(HOME / "curate" / name for name in ("privacy", "quality", "similarity"))
    files = [p for p in files if p != HOME / "curate/words.py" and not any(p.is_relative_to(e) for e in engines)]
    assert [f"{p.relative_to(HOME)}: {m[0]}" for p in files for m in other.finditer(p.read_text())] == []


def test_outcomes_are_told_in_the_plural_where_there_are_several() -> None:
    told = outcomes_told({"disparity": 7, "insufficient evidence": 1_200})
    assert told == "7 disparities, 1,200 insufficient evidence"
    assert outcomes_told({"disparity": 1}) == "1 disparity"
