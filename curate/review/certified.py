"""What people's answers certify about a run, as JSON for its manifest, from which the report is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from curate.ledger.decisions import read_journal
from curate.ledger.sightings import answer_of

if TYPE_CHECKING:
    from curate.pipeline import Detected
    from curate.rundir import RunDir

WIDTH = 0.2


def certified(run: RunDir, detected: Detected) -> dict[str, Any] | None:
    """Precision by stage, recall by kind, and how much of the data is wrong; None where nobody has answered anything."""
    answers = [d for d in read_journal(run.decisions_path).live() if d.filter is None and d.verdict != "flag"]
    if not answers:
        return None
    from curate.review.findings import Review
    from curate.review.session import Session

    review = Review(Session(run, detected))
    rows = review.rows.rates()
    how = review.reliability()
    by_stage = [r.to_json() for r in review.rates(None, WIDTH) if r.findings.random + r.findings.other]
    return {
        "people": len({d.actor for d in answers}),
        "about_findings": sum(d.row is None for d in answers),
        "about_rows": sum(answer_of(d) is not None for d in answers),
        "stages": by_stage,
        "rows": None if rows is None else rows.to_json(),
        "asked_twice": how.repeats,
        "alike": how.agreeing,
        "differ": len(how.conflicts),
    }
