"""Groups of people: what the plan in force does to each, how the data treats them; intervals, and four outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from curate.house import require
from curate.outputs import looked_for
from curate.review.session import Session
from curate.words import outcomes_told, points
from tui import charts
from tui.notes import other_roles
from tui.shell import PanelScreen
from tui.words import NO_GROUPS

SIGN = {"disparity": "✗", "insufficient evidence": "?", "equivalent": "=", "not applicable": "–"}
SAYS = {
    "disparity": "beyond chance",
    "insufficient evidence": "cannot be told: that is not a pass",
    "equivalent": "no difference that matters",
    "not applicable": "does not apply",
}
ORDER = tuple(SIGN)
VERBS = {"replace": "edited", "relabel": "relabelled"}
MOST_ROWS = 60
FEWEST, SHORT_FOREST, MIDDLE_FOREST = 15, 21, 26
"""Columns of an interval: the fewest, those on a narrow terminal, and those on one of 120 columns, where there is room."""
MARGIN = 3
"""Columns at the sides of a table, that of the scrollbar among them."""
SETTINGS = ("min_group_size", "delta", "alpha")


@dataclass(frozen=True)
class Line:
    """One comparison of a group with all others."""

    column: str
    group: str
    metric: str
    rows: int | None
    outcome: str
    share: float | None
    others: float | None
    value: float | None
    low: float | None
    high: float | None
    rows_needed: int | None


@dataclass(frozen=True)
class Panels:
    """What the screen shows."""

    curation: tuple[Line, ...]
    audit: tuple[Line, ...]
    why_no_audit: str
    delta: float


class FairnessScreen(PanelScreen):
    """Who is hit? Each group against all others: the difference, its interval, and one of four outcomes.

    ✗ disparity: beyond chance, corrected for asking often. ? insufficient evidence: nobody knows, and that is not a pass;
    how many rows would settle it stands there. = equivalent: inside what does not matter. – not applicable. n shows one
    outcome after the other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "outcome", "Outcome", id="outcome",
                tooltip="Only one outcome: disparity, insufficient evidence, equivalent, all"),
        Binding("escape", "app.pop_screen", "Back", id="back", tooltip="Back to the findings"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.only: str | None = None
        self.panels: Panels | None = None
        self._of: object = None

    def body(self) -> ComposeResult:
        with VerticalScroll(id="fair-scroll", can_focus=True):
            yield Static(Text("working out the effects …", style="dim"), id="fair-curation")
            yield Static("", id="fair-audit")
            yield Static("", id="fair-legend")

    def first_focus(self) -> str:
        """The page."""
        return "#fair-scroll"

    def refresh_body(self) -> None:
        """Another plan, other effects."""
        if self._of is not self.session.state:
            self._of = self.session.state
            self.look()

    def look(self) -> None:
        """Work out the effects in a thread."""
        self.behind(lambda: panels_of(self.session), self.put, "the effects on groups cannot be worked out")

    def put(self, panels: Panels) -> None:
        """Show them."""
        self.panels = panels
        self.draw()

    def action_outcome(self) -> None:
        """One outcome after the other."""
        kinds = (None, *ORDER)
        self.only = kinds[(kinds.index(self.only) + 1) % len(kinds)]
        self.draw()

    def on_resize(self) -> None:
        """What fits changes."""
        super().on_resize()
        if self.panels is not None:
            self.draw()

    def draw(self) -> None:
        """Both tables."""
        found = self.panels
        if found is None:
            return
        width = self.query_one("#fair-scroll").size.width
        plan = self._table("what the plan in force does", found.curation, found.delta, width)
        if not found.curation:
            plan = Group(Text("what the plan in force does", style="bold"), Text(
                f"{NO_GROUPS[:1].upper()}{NO_GROUPS[1:]}.\n{other_roles()}"
            ))  # fmt: skip
        self.query_one("#fair-curation", Static).update(plan)
        audit = self._table("what the fairness stage found", found.audit, found.delta, width)
        if not found.audit:
            audit = Group(Text("what the fairness stage found", style="bold"), Text(found.why_no_audit or "nothing"))
        self.query_one("#fair-audit", Static).update(audit)
        legend = [f"{SIGN[o]} {o}: {SAYS[o]}" for o in ORDER]
        legend.append(f"├─●─┤ difference in points, 95% interval  │ none  ┊ ±{100 * found.delta:g}: too small to matter")
        told = "an interval is of one comparison; many are made, so {} takes more, and that of {} may lie clear of 0"
        legend.append(told.format(SIGN["disparity"], SIGN["insufficient evidence"]))
        self.query_one("#fair-legend", Static).update(Group(*(Text(t, style="dim") for t in legend)))

    def _table(self, title: str, lines: Iterable[Line], delta: float, width: int) -> RenderableType:
        every = list(lines)
        counts = {o: sum(line.outcome == o for line in every) for o in ORDER}
        told = "   ".join(f"{SIGN[o]} {outcomes_told({o: n})}" for o, n in counts.items() if n) or "nothing"
        shown = [line for line in every if self.only in (None, line.outcome)]
        shown.sort(key=lambda line: (ORDER.index(line.outcome), -abs(line.value or 0.0)))
        reach = charts.reach((v for line in shown[:MOST_ROWS] for v in (line.low, line.high) if v is not None), delta)
        wide, narrow, close = width >= 110, width < 84, width < 78
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        nominal = charts.FOREST if wide else SHORT_FOREST if narrow else MIDDLE_FOREST
        rows, span = [] if narrow else ["rows"], ["95% interval"] if wide else []
        least = {"": 1, "group": 12, "metric": 10, "rows": 6, "difference": 10}
        most = {"": 1, "group": 14 if narrow else 30 if wide else 18, "metric": 40 if wide else 18 if close else 22,
                "rows": 7, "difference": 10, "95% interval": 16}  # fmt: skip
        before = ["", "group", "metric", *rows, "difference", *span]
        room = max(FEWEST, min(nominal, width - MARGIN - sum(most[head] + 2 for head in before)))
        for head in before:
            table.add_column(head, no_wrap=True, overflow="ellipsis", min_width=least.get(head), max_width=most[head])
        table.add_column(charts.axis_of(reach, points, room), no_wrap=True, min_width=room)
        for line in shown[:MOST_ROWS]:
            # As text: what stands in square brackets in a name (a class of a metric, or worse) is no markup.
            table.add_row(*map(Text, self._cells(line, reach, delta, room, wide=wide, narrow=narrow)))
        more = [Text(f"{len(shown) - MOST_ROWS:,} more are in the report", style="dim")] if len(shown) > MOST_ROWS else []
        only = f"   only: {self.only}" if self.only else ""
        return Group(Text(title, style="bold"), Text(f"{told}{only}"), table, *more)

    def _cells(self, line: Line, reach: tuple[float, float], delta: float, room: int, *, wide: bool,
               narrow: bool) -> list[str]:  # fmt: skip
        several = len(self.session.dataset.groups()) > 1 or " & " in line.column
        name = f"{self.reader.word(line.column)} " * several + self.reader.label(line.group)
        rows = [] if narrow else ["–" if line.rows is None else f"{line.rows:,}"]
        value = "–" if line.value is None else f"{points(line.value)} pts"
        drawn, span = "", "–"
        if line.value is not None and line.low is not None and line.high is not None:
            drawn = charts.interval(line.low, line.value, line.high, reach, delta, room)
            span = f"{points(line.low)} to {points(line.high)}"
        elif line.rows_needed is not None:
            drawn = f"{line.rows_needed:,} rows needed" if narrow else f"about {line.rows_needed:,} rows would settle it"
        return [SIGN[line.outcome], name, self.reader.word(line.metric), *rows, value, *([span] if wide else []), drawn]


def panels_of(session: Session) -> Panels:
    """Both tables, from the audit's own functions."""
    settings = session.detected.recipe.stage_settings.get("fairness", {})
    judged = {key: settings[key] for key in SETTINGS if key in settings}
    groups = session.dataset.groups()
    made = require("audit.fairness.curation").effects_by_group
    effect = made(groups, masks(session), clusters=session.detected.clusters(), **judged) if groups else None
    curation = tuple(_line(c) for c in effect.comparisons) if effect is not None else ()
    audit, why = _audit(session)
    return Panels(curation, audit, why, float(judged.get("delta", 0.05)))


def masks(session: Session) -> dict[str, np.ndarray]:
    """Rows that the plan in force removes, edits, relabels."""
    plan = session.plan
    out = {"removed": plan.dropped.copy()}
    for action, verb in VERBS.items():
        rows = plan.applied(action)["row"].fill_null(-1).to_numpy()
        mask = np.zeros(plan.n_rows, bool)
        mask[rows[rows >= 0]] = True
        out[verb] = mask & ~plan.dropped
    return {verb: mask for verb, mask in out.items() if mask.any()} or {"removed": out["removed"]}


def _line(c: Any) -> Line:
    numbers = (c.group_value, c.rest_value, c.value, c.low, c.high, c.rows_needed)
    return Line(c.column, c.group, c.metric, c.n, c.outcome, *numbers)


def _audit(session: Session) -> tuple[tuple[Line, ...], str]:
    """The fairness stage's comparisons, as the report reads them."""
    previews = require("audit.report.safe").Previews(
        session.dataset, session.findings, looked_for=looked_for(session.detected.recipe)
    )
    found = require("audit.report.fairness").fairness_of(session.run.manifest(), session.findings, previews)
    lines = tuple(
        Line(r.column, r.group, r.metric, r.rows, r.outcome, r.value.value, r.others, r.estimate.value, r.estimate.low,
             r.estimate.high, r.rows_needed)
        for r in found.rows
    )  # fmt: skip
    return lines, found.reason or ("The stage made no comparison." if not lines else "")
