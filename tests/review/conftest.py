"""One run over a part of the sample tickets, made once for all tests of reviews."""

from __future__ import annotations

from pathlib import Path

import pytest
from review_runs import TICKETS

from curate import workflow
from curate.recipe import Recipe


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run over a part of the sample tickets; nothing is decided."""
    folder = tmp_path_factory.mktemp("review")
    data = folder / "tickets.jsonl"
    data.write_text("".join(TICKETS.read_text().splitlines(keepends=True)[:700]))
    gate = {"preset": "strict", "checks": {"pending_reviews": {"enabled": False}, "label_error_rate": {"fail": 0.001}}}
    recipe = Recipe.parse({"data": {"input": str(data)}, "run": {"stages": ["pii", "label_issues"]}, "gate": gate})
    workflow.run(recipe, out=folder / "run", train=False)
    return folder / "run"


@pytest.fixture
def run(made: Path) -> Path:
    """The same, without a decision."""
    (made / "decisions.jsonl").unlink(missing_ok=True)
    return made
