"""The forms of a verdict for machines and browsers: SARIF against its specification, the page, waivers, the CI story."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
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
from audit.gate.sarif import uri_of
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


def test_many_findings_share_what_a_host_reads_and_no_check_goes_missing() -> None:
    facts = {"pii_rows": Fact(1.0, 9000, np.arange(9000)), "secrets": Fact(7000.0, 9000, np.arange(7000)),
             "leaked_rows": Fact(1.0, 9000, np.array([5]))}  # fmt: skip
    asked = parse_policy({})
    asked = type(asked)({name: asked.limits[name] for name in facts}, (), "starter", "preset")
    (run,) = json.loads(form(judge(facts, asked, today=dt.date(2026, 1, 1)), "sarif"))["runs"]
    by_rule = Counter(r["ruleId"] for r in run["results"])
    assert sum(by_rule.values()) == 5000
    assert by_rule["leaked_rows"] == 2
    assert abs(by_rule["pii_rows"] - by_rule["secrets"]) <= 1
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "11,004 more findings" in note["message"]["text"]


def test_a_place_in_a_file_without_lines_is_a_record() -> None:
    place = Place("0" * 32, 3, 4, "pii", "pii.x", "It holds one.", 2, counted="record")
    assert place.words() == "record 4: It holds one. (record 2) [pii/pii.x]"
    page = render(verdict(), "html", lambda positions: [place for _ in positions], list)
    assert '<th class="n">Record</th>' in page
    assert "(record\u00a02)" not in page
    assert "record\u00a02" in page
    found = json.loads(render(verdict(), "json", lambda positions: [place for _ in positions], list))
    assert "counted" not in json.dumps(found)


def test_places_of_several_files_are_named_with_their_files() -> None:
    def spread(positions: Any) -> list[Place]:
        files = {"file": "d/0.jsonl", "witness_file": "d/1.jsonl"}, {"file": "d/1.jsonl", "witness_file": "d/1.jsonl"}
        return [Place(f"{p:032x}", p, p + 1, "pii", "pii.x", "why", p + 2, **files[p % 2]) for p in positions]

    result = verdict()
    several = {"path": "d/*.jsonl", "files": ["0", "1"], "first_file": "d/0.jsonl"}
    result = type(result)(result.verdict, result.checks, {**result.subject, **several})
    assert "::error file=d/0.jsonl,line=1," in render(result, "github", spread, list)
    assert "d/*.jsonl" not in render(result, "github", spread, list)
    (run,) = json.loads(render(result, "sarif", spread, list))["runs"]
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
    assert uris == {"d/0.jsonl", "d/1.jsonl"}, "no pattern: a host would look for a file of that name"
    assert "d/0.jsonl, line 1: why (d/1.jsonl, line 2) [pii/pii.x]" in render(result, "text", spread, list)
    assert "<td>d/1.jsonl</td>" in render(result, "html", spread, list)


@pytest.mark.parametrize(
    ("file", "uri"),
    [("my data.jsonl", "my%20data.jsonl"), ("/tmp/a:b#c.csv", "file:///tmp/a%3Ab%23c.csv"), ("a%2F?.csv", "a%252F%3F.csv"),
     ("s3://bucket/train set.jsonl", "s3://bucket/train%20set.jsonl"), ("ü\n.csv", "%C3%BC%0A.csv")],
)  # fmt: skip
def test_paths_are_uris_in_sarif(file: str, uri: str) -> None:
    assert uri_of(file) == uri


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("secrets", 1, "1 key, password or token stands"), ("secrets", 2, "2 keys, passwords or tokens stand"),
     ("leaked_rows", 1, "1 training row says"), ("pending_reviews", 1, "1 finding waits"), ("rows", 1, "1 row could")],
)  # fmt: skip
def test_one_is_not_said_as_many(name: str, value: float, said: str) -> None:
    asked = parse_policy({"checks": {name: {"fail": 0}}})
    asked = type(asked)({name: asked.limits[name]}, (), "starter", "preset")
    (check,) = judge({name: Fact(float(value), 100)}, asked, today=dt.date(2026, 1, 1)).checks
    assert check.sentence.startswith(said)


def test_a_note_of_the_policy_is_said_where_the_check_fails_only() -> None:
    limits = {"secrets": {"fail": 0, "note": "Ask the security desk."}}
    asked = parse_policy({"checks": limits})
    asked = type(asked)({"secrets": asked.limits["secrets"]}, (), "starter", "preset")
    for value in (0.0, 3.0):
        (check,) = judge({"secrets": Fact(value, 9, np.arange(int(value)))}, asked, today=dt.date(2026, 1, 1)).checks
        assert ("Ask the security desk." in check.sentence) == bool(value)


NUMBER, WORDS, TIME = r"[0-9]+", r".+", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
SUITE = {"name": WORDS, "tests": NUMBER, "failures": NUMBER, "errors": NUMBER}
OUTCOME = "(skipped |error |failure )?"
JUNIT = {
    "Ant (Windy Road, JUnit.xsd)": {
        "testsuite": ({**SUITE, "timestamp": TIME, "hostname": WORDS, "time": r"[0-9.]+"}, {"skipped": NUMBER},
                      "properties (testcase )*system-out system-err "),
        "properties": ({}, {}, "(property )*"),
        "property": ({"name": WORDS, "value": r".*"}, {}, ""),
        "testcase": ({"name": WORDS, "classname": WORDS, "time": r"[0-9.]+"}, {}, OUTCOME),
        "failure": ({"type": WORDS}, {"message": r".*"}, ""),
        "error": ({"type": WORDS}, {"message": r".*"}, ""),
        "skipped": ({}, {"type": r".*", "message": r".*"}, ""),
        "system-out": ({}, {}, ""),
        "system-err": ({}, {}, ""),
    },
    "Jenkins (xunit-plugin, junit-10.xsd)": {
        "testsuite": (SUITE, {"group": r".*", "time": r"[0-9]*(\.[0-9]*)?", "skipped": r".*", "timestamp": r".*",
                              "hostname": r".*", "id": r".*", "package": r".*", "file": r".*", "log": r".*", "url": r".*"},
                      "(testsuite |properties |testcase |system-out |system-err )*"),
        "properties": ({}, {}, "(property )*"),
        "property": ({"name": r".*", "value": r".*"}, {}, ""),
        "testcase": ({"name": r".*"}, {"time": r".*", "classname": r".*", "group": r".*"},
                     "(skipped |error |failure |system-out |system-err )*"),
        "failure": ({}, {"type": r".*", "message": r".*"}, ""),
        "error": ({}, {"type": r".*", "message": r".*"}, ""),
        "skipped": ({}, {"type": r".*", "message": r".*"}, ""),
        "system-out": ({}, {}, ""),
        "system-err": ({}, {}, ""),
    },
}  # fmt: skip
"""What the two published schemas say of each element: attributes that it must have, may have, and its children in order."""


def against_junit(schema: str, root: ElementTree.Element) -> list[str]:
    """What a schema forbids of a suite."""
    wrong = []
    for element in root.iter():
        if element.tag not in JUNIT[schema]:
            wrong.append(f"no element {element.tag}")
            continue
        must, may, children = JUNIT[schema][element.tag]
        wrong += [f"{element.tag} lacks {name}" for name in must if name not in element.attrib]
        for name, value in element.attrib.items():
            kind = must.get(name, may.get(name))
            if kind is None or not re.fullmatch(kind, value, re.DOTALL):
                wrong.append(f"{element.tag} may not have {name}={value!r}")
        if not re.fullmatch(children, "".join(f"{child.tag} " for child in element)):
            wrong.append(f"children of {element.tag}: {[child.tag for child in element]}")
    return wrong


@pytest.mark.parametrize("schema", JUNIT)
def test_junit_is_valid_by_both_published_schemas(schema: str) -> None:
    for result in (verdict(), verdict(waivers=[WAIVED]), GateResult("insufficient evidence", ())):
        root = ElementTree.fromstring(form(result, "junit"))
        assert root.tag == "testsuite"
        assert against_junit(schema, root) == []
    root[0].tag = "colour"  # the schema would notice, and another order as well
    assert against_junit(schema, root)
    root[0].tag = "properties"
    root.insert(0, ElementTree.Element("testcase", name="late"))
    assert bool(against_junit(schema, root)) == schema.startswith("Ant")


def test_junit_counts_what_it_holds_and_says_what_every_check_found() -> None:
    result = verdict()
    root = ElementTree.fromstring(form(result, "junit"))
    cases = root.findall("testcase")
    assert int(root.attrib["tests"]) == len(cases) == len(result.checks)
    for tag, total in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(root.attrib[total]) == sum(case.find(tag) is not None for case in cases)
    said = root.findtext("system-out") or ""
    assert all(check.sentence in said for check in result.checks)


def test_junit_can_be_made_again_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert form(verdict(), "junit") == form(verdict(), "junit")
    assert 'timestamp="2023-11-14T22:13:20"' in form(verdict(), "junit")


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


def own_script(page: str) -> bool:
    """Whether the page's only script is the one whose hash its policy names."""
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"script-src 'sha256-{digest}'" in page and page.count("<script") == 1


def test_the_page_names_every_check_and_place_and_runs_nothing_of_the_data() -> None:
    result = verdict(waivers=[WAIVED])
    page = form(result, "html")
    tags = _Tags()
    tags.feed(page)
    names = [name for name, _ in tags.seen]
    assert own_script(page)
    assert names.count("script") == 1
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
