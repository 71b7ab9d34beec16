"""The forms of a verdict for machines and browsers: SARIF against its specification, the page, waivers, the CI story."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest

from audit.gate.facts import Fact
from audit.gate.judge import GateResult, judge
from audit.gate.policy import parse_policy
from audit.gate.render import Place, render
from curate.errors import ConfigError

ROOT = Path(__file__).parents[2]
WAIVED = {"check": "pii_rows", "owner": "ada", "reason": "press releases", "expires": dt.date(2999, 1, 1)}


def verdict(**policy: Any) -> GateResult:
    """A red result: personal data that is waived, a leak that is not, groups that nobody could judge."""
    facts = {
        "pii_rows": Fact(0.5, 10, np.array([0, 1])),
        "leaked_rows": Fact(1.0, 10, np.array([2])),
        "disparities": Fact(None, why_missing="the data names no groups"),
        "rows": Fact(10.0, 10),
    }
    limits = {"pii_rows": {"fail": 0.0}, "leaked_rows": {"fail": 0}, "disparities": {"fail": 0}, "rows": {"fail": 1}}
    asked = parse_policy({"checks": limits, **policy})
    chosen = {name: limit for name, limit in asked.limits.items() if name in facts}
    asked = type(asked)(chosen, asked.waivers, asked.preset, asked.source)
    return judge(facts, asked, today=dt.date(2026, 1, 1), subject={"path": "my data.jsonl", "rows": 10})


def places(positions: Any) -> list[Place]:
    return [Place(f"{p:032x}", p, p + 1, "pii", "pii.x", "<script>alert(1)</script> & more", p + 2) for p in positions]


def form(result: GateResult, name: str) -> str:
    return render(result, name, places, list)


def test_sarif_is_valid_by_its_schema() -> None:
    schema = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text())
    validator = jsonschema.Draft4Validator(schema)
    log = json.loads(form(verdict(waivers=[WAIVED]), "sarif"))
    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(log)] == []
    assert len(log["runs"][0]["results"]) == 6
    log["runs"][0]["results"][0]["colour"] = "red"  # the schema would notice
    assert not validator.is_valid(log)


JUNIT = {
    "testsuite": {"name", "tests", "failures", "errors", "skipped"},
    "testcase": {"classname", "name"},
    "failure": {"message"},
    "error": {"message"},
    "skipped": {"message"},
    "system-out": set[str](),
}
"""Elements and attributes that every reader of JUnit's XML knows."""


def test_junit_holds_only_what_every_reader_of_it_knows() -> None:
    root = ElementTree.fromstring(form(verdict(), "junit"))
    assert root.tag == "testsuite"
    assert {element.tag: set(element.attrib) for element in root.iter()} == {
        tag: names for tag, names in JUNIT.items() if tag != "skipped"
    }
    cases = root.findall("testcase")
    assert int(root.attrib["tests"]) == len(cases)
    for tag, total in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(root.attrib[total]) == sum(case.find(tag) is not None for case in cases)


def test_a_waived_check_is_suppressed_in_sarif_and_others_are_not() -> None:
    (run,) = json.loads(form(verdict(waivers=[WAIVED]), "sarif"))["runs"]
    suppressed = {r["ruleId"] for r in run["results"] if r.get("suppressions")}
    assert suppressed == {"pii_rows"}
    (why,) = {s["justification"] for r in run["results"] for s in r.get("suppressions", ())}
    assert "ada" in why
    assert "press releases" in why


def test_a_check_that_could_not_be_judged_is_told_by_the_tool_itself() -> None:
    (run,) = json.loads(form(verdict(), "sarif"))["runs"]
    (invocation,) = run["invocations"]
    (told,) = invocation["toolExecutionNotifications"]
    assert told["level"] == "error"
    assert told["associatedRule"]["id"] == "disparities"
    assert run["tool"]["driver"]["rules"][told["associatedRule"]["index"]]["id"] == "disparities"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_names_every_check_and_place_and_runs_nothing() -> None:
    result = verdict(waivers=[WAIVED])
    page = form(result, "html")
    tags = _Tags()
    tags.feed(page)
    names = [name for name, _ in tags.seen]
    assert "script" not in names
    assert not any(key.startswith("on") or key == "src" for _, attributes in tags.seen for key in attributes)
    links = {a["href"] for name, a in tags.seen if name == "a"}
    assert links == {"#pii_rows", "#leaked_rows"}
    assert links <= {f"#{a['id']}" for _, a in tags.seen if "id" in a}
    for check in result.checks:
        assert check.title in page
    assert page.count("&lt;script&gt;") == 3


def test_a_limit_of_ones_own_moves_the_presets_warning_but_never_its_failure() -> None:
    limit = parse_policy({"checks": {"rows_per_class": {"fail": 50}}}).limits["rows_per_class"]
    assert (limit.warn, limit.fail) == (None, 50)
    with pytest.raises(ConfigError, match="must be at most"):
        parse_policy({"checks": {"duplicate_rate": {"warn": 0.5}}})


@pytest.mark.slow
def test_a_pull_request_that_spoils_the_data_is_red_and_green_once_curated(tmp_path: Path) -> None:
    script = ROOT / "examples" / "ci" / "pull_request.py"
    done = subprocess.run([sys.executable, script, tmp_path / "repo"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
