"""A gate's result as SARIF 2.1.0 (OASIS, 2020), which code hosts show beside the lines of a pull request.

One rule a check, one result a finding of a check that fails or warns, and one for the check itself where no line can be
named. An unjudged check is a result and a notification: it must not look like a pass. A waiver is a suppression.
`partialFingerprints` hold the finding's id, which survives re-ordering, so that a host follows a finding over commits. At
most `MOST_RESULTS` results are written, the number that GitHub reads, shared fairly among the checks; a notification says
how many are not. Nothing here holds a text of the data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from audit.gate.judge import CheckResult, GateResult
from curate.words import plural

if TYPE_CHECKING:
    from audit.gate.render import Place

MOST_RESULTS = 5_000
_LEVELS = {"fail": "error", "insufficient evidence": "error", "warn": "warning"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render_sarif(result: GateResult, places: Callable[[Sequence[int]], list[Place]]) -> str:
    """The log file as text."""
    # A pattern is no file: of several files, what is said of all stands at the first that a check names, or at the first.
    first = str(result.subject.get("first_file", result.subject.get("path", "")))
    asked = [c for c in result.checks if c.verdict != "not applicable"]
    results: list[dict[str, Any]] = []
    told = [(number, check, _LEVELS[check.verdict]) for number, check in enumerate(asked) if check.verdict in _LEVELS]
    shares = fair_shares([len(check.findings) for _, check, _ in told], MOST_RESULTS - len(told))
    for (number, check, level), share in zip(told, shares, strict=True):
        shown = places(check.findings[:share])
        home = next((place.file for place in shown if place.file), first)
        results.append(_result(check, number, level, check.sentence, home, None, None))
        results += [
            _result(check, number, level, place.words(), place.file or first, place.line, place.finding_id)
            for place in shown
        ]
    due = sum(1 + len(c.findings) for c in asked if c.verdict in _LEVELS)
    notes: list[dict[str, Any]] = [
        {"level": "error", "message": {"text": c.sentence}, "associatedRule": {"id": c.name, "index": number}}
        for number, c in enumerate(asked)
        if c.verdict == "insufficient evidence"
    ]
    if due > len(results):
        left = f"{plural(due - len(results), 'more finding')} not in this file"
        notes.append({"level": "note", "message": {"text": f"{left}; the result of each check counts all of its own."}})
    run = {
        "tool": {
            "driver": {
                "name": "curate gate",
                "version": metadata.version("curate-toolkit"),
                "rules": [_rule(c) for c in asked],
            }
        },
        "invocations": [
            {
                "executionSuccessful": result.verdict != "insufficient evidence",
                "toolExecutionNotifications": notes,
            }
        ],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {"verdict": result.verdict, "baseline": result.baseline or None},
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def fair_shares(wanted: Sequence[int], most: int) -> list[int]:
    """How many of each get a place where there are `most`: nobody goes short for one who has many."""
    shares, left, order = [0] * len(wanted), max(0, most), sorted(range(len(wanted)), key=lambda i: wanted[i])
    for done, i in enumerate(order):
        shares[i] = min(wanted[i], left // (len(order) - done))
        left -= shares[i]
    return shares


def uri_of(file: str) -> str:
    """A path as a URI reference (RFC 3986): relative ones stay so, absolute ones are `file:` URIs, and URLs stay URLs."""
    scheme, rest = re.match(r"([A-Za-z][A-Za-z0-9+.-]+://)?(.*)", file, re.DOTALL).groups()  # type: ignore[union-attr]
    return (scheme or ("file://" if file.startswith("/") else "")) + quote(rest, safe="/")


def _rule(check: CheckResult) -> dict[str, Any]:
    return {
        "id": check.name,
        "name": "".join(word.capitalize() for word in check.name.split("_")),
        "shortDescription": {"text": check.title},
        "help": {"text": check.to_green or check.sentence},
        "defaultConfiguration": {"level": _LEVELS.get(check.verdict, "note")},
    }


def _result(
    check: CheckResult, number: int, level: str, text: str, file: str, line: int | None, finding: str | None
) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": uri_of(file)}}
    if line is not None:
        place["region"] = {"startLine": line}
    out: dict[str, Any] = {
        "ruleId": check.name,
        "ruleIndex": number,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
    if finding is not None:
        out["partialFingerprints"] = {"curateFindingId/v1": finding}
    if check.waived_by and check.verdict == "warn":
        out["suppressions"] = [{"kind": "external", "status": "accepted", "justification": check.waived_by}]
    return out
