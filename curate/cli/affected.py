"""Who are you deleting? The statement that stands before every bulk change of the headless verbs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import numpy.typing as npt

    from curate.pipeline import Detected


def say_affected(detected: Detected, chosen: npt.ArrayLike) -> None:
    """Say on stderr whom accepting these findings (positions in the run's table) would fall on."""
    from curate.house import require

    preview = require("audit.fairness.preview").preview_of_findings
    say(preview(detected.dataset, detected.findings, chosen, **judged_by(detected)))


def say_change(detected: Detected, removed_before: npt.ArrayLike, removed_after: npt.ArrayLike) -> None:
    """Say on stderr whom the difference between two plans of this run falls on (masks over rows: `Plan.dropped`)."""
    from curate.house import require

    preview = require("audit.fairness.preview").preview_of_change
    say(preview(detected.dataset, removed_before, removed_after, **judged_by(detected)))


def say(statements: Iterable[Any]) -> None:
    """Statements, a sentence a line, the first of each flush left; on stderr, for stdout carries data."""
    for statement in statements:
        for i, line in enumerate(statement.lines):
            click.echo(f"  {line}" if i else line, err=True)


def judged_by(detected: Detected) -> dict[str, Any]:
    """The clusters and the recipe's settings that the statement is judged by."""
    settings = detected.recipe.to_dict()["stages"].get("fairness")
    return {"clusters": detected.hint("near_duplicates.cluster"), "settings": settings}
