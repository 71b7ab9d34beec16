"""Tables of numbers and categories: rows that are nearly alike are not copies, and groups tell people apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from curate import workflow
from curate.recipe import Recipe

HEADER = "score,age,sex,passed\n"
ROWS = [(f"{40 + i % 7}.{i % 10}", str(20 + i % 31), "fm"[i % 2], str(int(i % 3 > 0))) for i in range(60)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    twins = [("41.5", "33", "f", "1"), ("41.5", "33", "m", "1"), ("41.5", "33", "m", "1")]
    path = tmp_path / "people.csv"
    path.write_text(HEADER + "".join(",".join(row) + "\n" for row in [*ROWS, *twins]))
    return path


def detected(table: Path, tmp_path: Path) -> workflow.RunResult:
    recipe = Recipe.parse(
        {
            "data": {"input": str(table), "roles": {"label": "passed", "group": "sex"}},
            "run": {"stages": ["exact_duplicates", "near_duplicates"]},
        }
    )
    return workflow.run(recipe, out=tmp_path / "run", train=False)


def test_near_duplicates_are_not_looked_for_in_a_table_without_text(table: Path, tmp_path: Path) -> None:
    found = detected(table, tmp_path).detected
    assert found.dataset.is_table
    assert found.outcomes["near_duplicates"].status == "skipped"
    assert "no text" in found.outcomes["near_duplicates"].reason
    assert found.clusters().tolist() == list(range(found.dataset.n_rows))


def test_people_of_different_groups_are_never_taken_for_copies(table: Path, tmp_path: Path) -> None:
    removed = set(range(63)) - set(detected(table, tmp_path).curated.rows.tolist())
    assert 62 in removed, "the same in every column"
    assert not {60, 61} & removed, "alike in all but the group"
