"""A gate's result as JUnit XML, which CI systems show as tests.

There is no standard of it; what is written is what both published schemas allow: Ant's (Windy Road, 2011: order of
elements, at most one outcome a case, `type` of a failure, times and a host) and Jenkins' (xunit-plugin, junit-10). One
case a check: failures fail, and a check that could not be judged is an error, so that no reader takes it for a pass. What
each check found stands in the suite's output. The time is that of writing, or `SOURCE_DATE_EPOCH` where that is set, as
builds that must come out the same to the byte do.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from audit.gate.judge import GateResult
from audit.gate.words import SIGNS

if TYPE_CHECKING:
    from audit.gate.render import Place

PLACES_SHOWN = 5
_OUTCOME = {"fail": "failure", "insufficient evidence": "error", "not applicable": "skipped"}
_HOST = "localhost"


def render_junit(result: GateResult, places: Callable[[Sequence[int]], list[Place]]) -> str:
    """The suite as text."""
    counts = {kind: sum(c.verdict == kind for c in result.checks) for kind in SIGNS}
    suite = ElementTree.Element(
        "testsuite", name="curate gate", timestamp=_now(), hostname=_HOST, tests=str(len(result.checks)),
        failures=str(counts["fail"]), errors=str(counts["insufficient evidence"]), skipped=str(counts["not applicable"]),
        time="0",
    )  # fmt: skip
    about = ElementTree.SubElement(suite, "properties")
    for name in ("path", "input_hash", "rows", "state", "policy", "preset"):
        if name in result.subject:
            ElementTree.SubElement(about, "property", name=name, value=_xml(str(result.subject[name])))
    for check in result.checks:
        case = ElementTree.SubElement(suite, "testcase", classname="curate.gate", name=check.name, time="0")
        tag = _OUTCOME.get(check.verdict)
        if tag is not None:
            node = ElementTree.SubElement(case, tag, message=_xml(check.sentence), type=check.verdict)
            if tag == "failure":
                told = [p.words() for p in places(check.findings[:PLACES_SHOWN])]
                node.text = _xml("\n".join([*told, check.to_green] if check.to_green else told))
    summed = [f"{SIGNS[c.verdict]} {c.title}: {c.sentence}" for c in result.checks]
    ElementTree.SubElement(suite, "system-out").text = _xml("\n".join(summed))
    ElementTree.SubElement(suite, "system-err").text = ""
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _now() -> str:
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    when = dt.datetime.fromtimestamp(int(fixed), dt.UTC) if fixed.isdigit() else dt.datetime.now(dt.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S")


def _xml(text: str) -> str:
    """Text without the characters that XML 1.0 has no way to write."""
    return "".join(c for c in text if c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000")
