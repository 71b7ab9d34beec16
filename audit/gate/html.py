"""A gate's result as one HTML page, in the style and under the content security policy of the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from audit.gate.judge import GateResult
from audit.gate.words import SIGNS, summary

if TYPE_CHECKING:
    from audit.gate.render import Place

PLACES_A_CHECK = 200


def render_html(result: GateResult, places: Callable[[Sequence[int]], list[Place]]) -> str:
    """The page; at most `PLACES_A_CHECK` places a check that fails or warns."""
    from audit.report.html import page

    shown = {
        c.name: places(c.findings[:PLACES_A_CHECK])
        for c in result.checks
        if c.verdict in ("fail", "warn") and c.findings
    }
    return page("gate.html.j2", g=result, places=shown, sign=SIGNS, summary=summary(result))
