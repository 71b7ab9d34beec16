"""What a run came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from curate.ledger.apply import Curated
from curate.ledger.plan import Plan
from curate.pipeline import Detected
from curate.rundir import RunDir
from curate.stages.registry import get_stage


@dataclass
class RunResult:
    """What a run came to."""

    run: RunDir
    detected: Detected = field(repr=False)
    plan: Plan
    curated: Curated
    ablation: dict[str, Any] | None = None
    manifest: dict[str, Any] = field(default_factory=dict, repr=False)
    report: Any = field(default=None, repr=False)
    """The report as data (`audit.report.Report`), once it is written."""
    drawn: Any = field(default=None, repr=False)
    """What the report takes from the rows (`audit.report.drawn.Drawn`), where it was drawn before it is asked for."""
    taken_in: tuple[int, int] = (0, 0)
    """Decisions of an earlier run that were taken in, and those that gave way to what was decided here."""

    @property
    def skipped(self) -> dict[str, str]:
        """Stages that the user asked for and that could not run, with the reason."""
        return {
            name: o.reason
            for name, o in self.detected.outcomes.items()
            if o.status == "skipped"
            and self.detected.recipe.asked_for(name)
            and not (get_stage(name).optional and len(self.detected.outcomes) > 1)
        }

    def _repr_html_(self) -> str:
        return f"<p>{self.run.path}</p>{self.plan._repr_html_()}"
