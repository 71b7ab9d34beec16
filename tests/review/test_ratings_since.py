"""What `curate feedback` says has changed since the run before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from review_runs import review_of

from curate.cli.feedback import feedback_command
from curate.errors import DataError
from curate.ledger.sightings import Sighting


def since(folder: Path) -> str:
    """Bring the ratings, and what the verb says of the run that lay there."""
    args = [str(folder / "may.jsonl"), str(folder / "answers.jsonl"), "--out", str(folder / "run")]
    done = CliRunner().invoke(feedback_command, args, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return "\n".join(line for line in done.stderr.splitlines() if line.startswith("since"))


def test_ratings_that_are_not_there_begin_no_run(tmp_path: Path) -> None:
    (tmp_path / "answers.jsonl").write_text(json.dumps({"prompt": "How long?", "completion": "An hour."}) + "\n")
    with pytest.raises(DataError, match=r"may\.jsonl: no such file"):
        since(tmp_path)
    assert not (tmp_path / "run").exists()


def test_what_people_saw_in_rows_is_no_finding_of_ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"prompt": f"How long should I cook the {food} for my guests?", "completion": f"{n} min."}
            for n, food in enumerate(("bread", "soup", "rice", "cake"))]  # fmt: skip
    rating = {"prompt": rows[1]["prompt"], "output": rows[1]["completion"], "rating": "down", "correction": "An hour."}
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "may.jsonl").write_text(json.dumps(rating) + "\n")
    assert since(tmp_path) == "", "nothing lay there"
    review = review_of(tmp_path / "run")
    found = review.session.findings.num_rows
    review.rows.say(0, "wrong", [Sighting("quality", "drop")], actor="ada")
    for _ in range(2):
        assert since(tmp_path).endswith(f"findings 0 new, 0 gone, {found} as before")
    assert review_of(tmp_path / "run").session.findings.num_rows == found + 1
