"""A gate's result as text, JSON, GitHub annotations or Markdown; or SARIF, JUnit and HTML (see `sarif`, `junit`, `html`).

Nothing here holds a text of the data: places are lines of the file, reasons are the stages' plain sentences. Labels are
shown, personal data in them masked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import orjson

from audit.gate.html import render_html
from audit.gate.judge import SCHEMA_VERSION, CheckResult, GateResult
from audit.gate.junit import render_junit
from audit.gate.sarif import render_sarif
from audit.gate.words import SIGNS, summary
from curate.words import plural

STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "insufficient evidence": "magenta", "not applicable": "dim"}
PLACES_SHOWN = 5
ANNOTATIONS_A_CHECK = 10
"""GitHub shows ten annotations of a kind for a step; more would push out those of other checks."""


@dataclass(frozen=True)
class Place:
    """Where one finding stands."""

    finding_id: str
    row: int | None
    line: int | None
    stage: str
    rule: str
    reason: str
    witness_line: int | None = None
    file: str = ""
    """The file, where the data lies in several."""
    witness_file: str = ""
    given: str = ""
    """For a finding about a label: what the row says, personal data masked."""
    suggested: str = ""
    """The label that is expected instead."""
    counted: str = "line"
    """What the lines are: records, where the format has no lines."""

    def words(self) -> str:
        """One line for people."""
        at = "whole dataset" if self.line is None else f"{self.counted} {self.line:,}"
        at = f"{self.file}, {at}" if self.file else at
        return f"{at}: {self.reason}{self.beside()} [{self.stage}/{self.rule}]"

    def beside(self) -> str:
        """The row that it is held against, and the labels, in brackets."""
        if self.given and self.suggested:
            return f" ({self.given} → {self.suggested})"
        if self.witness_line is None:
            return ""
        other = f"{self.witness_file}, " if self.witness_file and self.witness_file != self.file else ""
        return f" ({other}{self.counted} {self.witness_line:,})"


Places = Callable[[Sequence[int]], list[Place]]
"""Finding positions to places; asked only for what is shown."""


def render(
    result: GateResult, form: str, places: Places, fingerprints: Callable[[], list[str]], color: bool = False,
    some_rows: Callable[[], list[str]] = list,
) -> str:
    """The result in one of `FORMATS`; `color` is for text on a terminal."""
    if form == "text":
        return _text(result, places, color)
    if form == "json":
        found = as_json(result, places, fingerprints(), some_rows())
        return orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    return _RENDERERS[form](result, places)


def _text(result: GateResult, places: Places, color: bool) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    subject = result.subject
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "Check", "Verdict", "What was found"):
        table.add_column(name, overflow="fold")
    for check in result.checks:
        style = STYLES[check.verdict]
        sign, verdict = Text(SIGNS[check.verdict], style=style), Text(check.verdict, style=style)
        table.add_row(sign, Text(check.title), verdict, Text(check.sentence))
    out = StringIO()
    console = Console(file=out, width=100, highlight=False, force_terminal=color, no_color=not color)
    console.print(Text(f"Gate: {result.verdict}", style="bold"))
    rows = plural(subject.get("rows", 0), "row")
    console.print(Text(f"{subject.get('path', '')}, {rows}, {subject.get('state', '')}"), table)
    if result.baseline:
        console.print(Text(f"Only what {result.baseline} does not know was counted."))
    for check in _red(result):
        if not check.findings and not check.to_green:
            continue
        console.print(Text(f"\n{check.title}", style="bold"))
        for place in places(check.findings[:PLACES_SHOWN]):
            console.print(Text("  " + place.words()), soft_wrap=True)
        if len(check.findings) > PLACES_SHOWN:
            console.print(Text(f"  and {len(check.findings) - PLACES_SHOWN:,} more"))
        if check.to_green:
            console.print(Text("  " + check.to_green), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _red(result: GateResult) -> list[CheckResult]:
    return [c for c in result.checks if c.verdict in ("fail", "warn")]


def as_json(result: GateResult, places: Places, fingerprints: list[str], some_rows: list[str]) -> dict[str, Any]:
    """The result as JSON types, of docs/schema/gate.schema.json; `fingerprints` and `some_rows` make it a baseline."""
    return {
        "kind": "curate-gate",
        "schema_version": SCHEMA_VERSION,
        "verdict": result.verdict,
        "subject": dict(result.subject),
        "baseline": result.baseline or None,
        "checks": [
            {
                "name": c.name,
                "title": c.title,
                "verdict": c.verdict,
                "sentence": c.sentence,
                "value": c.value,
                "low": c.low,
                "high": c.high,
                "rows": c.rows,
                "warn": c.warn,
                "fail": c.fail,
                "findings": len(c.findings),
                "to_green": c.to_green or None,
                "least": c.least,
                "waived_by": c.waived_by or None,
                "places": [_place(p) for p in places(c.findings)] if c.verdict in ("fail", "warn") else [],
            }
            for c in result.checks
        ],
        "fingerprints": fingerprints,
        "some_rows": some_rows,
    }


def _place(place: Place) -> dict[str, Any]:
    return {name: value for name, value in vars(place).items() if name != "counted"}


def _github(result: GateResult, places: Places) -> str:
    """Workflow commands: one annotation a finding, ten a check, and one that sums up."""
    lines = []
    path, many = str(result.subject.get("path", "")), bool(result.subject.get("files"))
    for check in result.checks:
        kind = {"fail": "error", "insufficient evidence": "error", "warn": "warning"}.get(check.verdict)
        if kind is None:
            continue
        title = f"curate gate: {check.title}"
        whole = "" if many else f"file={_property(path)},"
        said = f"{check.sentence} {check.to_green}".rstrip()
        lines.append(f"::{kind} {whole}title={_property(title)}::{_data(said)}")
        for place in places(check.findings[:ANNOTATIONS_A_CHECK]):
            if place.line is not None:
                where = f"file={_property(place.file or path)},line={place.line},title={_property(title)}"
                lines.append(f"::{kind} {where}::{_data(place.words())}")
    lines.append(f"::notice title=curate gate::{_data(f'{result.verdict}: {summary(result)}')}")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _markdown(result: GateResult, places: Places) -> str:
    subject = result.subject
    lines = [
        f"## Curate gate: {SIGNS[result.verdict]} {result.verdict}",
        "",
        f"{_cell(str(subject.get('path', '')))}, {plural(subject.get('rows', 0), 'row')}, {subject.get('state', '')}.",
        "",
        "| | Check | Verdict | What was found |",
        "|---|---|---|---|",
    ]
    lines += [f"| {SIGNS[c.verdict]} | {_cell(c.title)} | {c.verdict} | {_cell(c.sentence)} |" for c in result.checks]
    for check in _red(result):
        if check.findings or check.to_green:
            lines += ["", f"**{_cell(check.title)}**", ""]
            lines += [f"- {_cell(p.words())}" for p in places(check.findings[:PLACES_SHOWN])]
            more = len(check.findings) - PLACES_SHOWN
            lines += [f"- and {more:,} more"] if more > 0 else []
            lines += [*([""] if check.findings else []), _cell(check.to_green)] if check.to_green else []
    if result.baseline:
        lines += ["", f"Only what {_cell(result.baseline)} does not know was counted."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that no Markdown renderer takes for markup, a link or the end of a cell."""
    out = "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!~" else c for c in " ".join(text.split()))
    return out.replace("@", "@\u200b")


_RENDERERS = {"github": _github, "markdown": _markdown, "junit": render_junit, "sarif": render_sarif, "html": render_html}
FORMATS = ("text", "json", "github", "sarif", "markdown", "junit", "html")
