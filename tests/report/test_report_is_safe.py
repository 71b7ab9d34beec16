"""Nothing raw and nothing live of the data gets through to any rendering of the report."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from audit.report import Report, render_html, render_markdown
from curate.dataset import Dataset
from curate.ledger.decisions import Decision, Journal
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.keepers import RowFacts
from curate.ledger.resolve import resolve
from tests.report.conftest import (
    POLICY,
    SECRETS,
    Run,
    ablation_of,
    make_run,
    renderings,
    terminal,
    tickets,
)

ESCAPE = "\x1b"
BIDI = "\u202e\u2066"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "</style></title><svg onload=alert(3)>",
    "[bold red]markup[/bold red] [link=http://evil.example]x[/link]",
    f"{ESCAPE}[31mred{ESCAPE}[0m {ESCAPE}]0;title\x07",
    f"abc{BIDI}def\u200b\ufeff",
    "nul\x00byte\x07bell",
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }} {% raw %}",
    "![x](http://evil.example/p.png) [a](javascript:alert(1)) `code` | cell | @everyone",
    "' onmouseover='alert(4)' \" onfocus=\"alert(5)",
)


class Page(HTMLParser):
    """What a browser would see: the tags, their attributes and the text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def hostile_run(folder: Path) -> Run:
    """Hostile text in every place that a dataset controls: texts, labels, groups, reasons, evidence, names, paths."""
    rows = tickets(60)
    for i, row in enumerate(rows):
        text = HOSTILE[i % len(HOSTILE)]
        row["text"] = f"{text} {row['text']}" if i >= 20 else row["text"]
        row["label"] = HOSTILE[i % 3][:60]
        row["region"] = HOSTILE[i % len(HOSTILE)]
        row["<b>column</b>"] = text

    def finder(dataset: Dataset) -> Any:
        labels = make_findings(
            "label_issues", dataset.row_ids, row=list(range(20, 40)), rule="<i>rule</i>", action="relabel", score=0.95,
            field="label", replacement=[HOSTILE[r % len(HOSTILE)] for r in range(20, 40)], reason=HOSTILE[0],
            evidence=[json.dumps({HOSTILE[0]: HOSTILE[1], "neighbours": [1, 2, 10**9, -4, "x"]}) for _ in range(20)],
        )  # fmt: skip
        copies = make_findings(
            "near_duplicates", dataset.row_ids, row=[40, 41], rule="r", action="drop", score=0.9, reason=HOSTILE[4],
            witness_row=[41, 40], evidence=["not json", None],
        )  # fmt: skip
        return concat_findings([labels, copies])

    run = make_run(folder, rows, finder)
    ablation = ablation_of()
    for arm in ablation["arms"]:
        arm["title"] = HOSTILE[0]
    ablation["words"] = HOSTILE[5]
    ablation["notes"] = list(HOSTILE)
    manifest = {**run.manifest, "input": {**run.manifest["input"], "path": HOSTILE[0]}}
    manifest["stages"]["label_issues"]["summary"] = {HOSTILE[1]: HOSTILE[2]}
    manifest["stages"]["fairness"] = {"status": "skipped", "reason": HOSTILE[3], "seconds": 0.0}
    manifest["versions"] = {HOSTILE[0]: HOSTILE[3]}
    manifest["recipe"]["stages"]["label_issues"] = {"on_finding": HOSTILE[0]}
    return run.without(ablation=ablation, manifest=manifest)


def test_raw_personal_data_appears_in_no_rendering(report: Report) -> None:
    for name, text in renderings(report).items():
        for secret in SECRETS:
            assert secret not in text, f"{name} shows {secret}"
        assert "[EMAIL]" in text or name == "terminal"


def test_a_value_that_only_a_finding_knows_is_masked_wherever_its_row_repeats_it(tmp_path: Path) -> None:
    rows = tickets(60)
    rows[30]["text"] = "Zebulon Quartermain wrote. Signed: Zebulon Quartermain"
    rows[31]["text"] = rows[30]["text"] + " again"

    def finder(dataset: Dataset) -> Any:
        names = make_findings(
            "pii", dataset.row_ids, row=[30, 31], rule="pii.name", action="replace", score=0.9, field="text", start=0,
            end=19, replacement="[NAME]", reason="a name",
        )  # fmt: skip
        return concat_findings(
            [names, make_findings("near_duplicates", dataset.row_ids, row=[30, 31], rule="j", action="drop", score=0.9,
                                  reason="r", witness_row=[31, 30])]
        )  # fmt: skip

    report = make_run(tmp_path, rows, finder).report()
    assert all("Zebulon" not in text for text in renderings(report).values())
    assert "[NAME]" in render_html(report)


def test_a_rejected_privacy_finding_is_still_masked_in_the_report(run: Run) -> None:
    ids = [f.hex() for f, s in zip(*(run.findings[c].to_pylist() for c in ("finding_id", "stage"))) if s == "pii"]
    journal = Journal((Decision("d1", "reject", tuple(ids), tuple("" for _ in ids)),))
    plan = resolve(run.findings, journal, POLICY, facts=RowFacts.plain(run.dataset.n_rows))
    report = run.without(plan=plan).report()
    stage = next(s for s in report.stages if s.name == "pii")
    assert stage.counts.rejected == len(ids)
    assert not any(secret in text for text in renderings(report).values() for secret in SECRETS)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return hostile_run(tmp_path_factory.mktemp("hostile")).report()


def test_hostile_text_makes_no_tag_and_no_attribute_in_html(hostile: Report, report: Report) -> None:
    page, plain = Page(render_html(hostile)), Page(render_html(report))
    assert page.tags <= plain.tags
    assert {(t, a) for t, a, _ in page.attributes} <= {(t, a) for t, a, _ in plain.attributes}
    assert not any(a.startswith("on") or a in ("src", "srcdoc", "action", "formaction") for _, a, _ in page.attributes)
    assert any("<script>alert(1)</script>" in t for t in page.text), "the text itself is shown, escaped"


def test_the_page_has_one_script_of_ours_and_refers_to_nothing_outside(hostile: Report, report: Report) -> None:
    for made in (hostile, report):
        page = Page(render_html(made))
        assert render_html(made).count("<script") == 1
        assert not page.tags & {"link", "iframe", "img", "object", "embed", "base", "form", "image", "use"}
        for _, attribute, value in page.attributes:
            if attribute in ("href", "src", "xlink:href"):
                assert value.startswith("#")
            assert attribute == "content" or "url(" not in value
        style = render_html(made).split("<style>")[1].split("</style>")[0]
        assert "http" not in style
        assert "@import" not in style
        assert set(re.findall(r"url\((.)", style)) <= {"#"}


def test_the_content_security_policy_forbids_everything_but_inline_style_and_our_script(report: Report) -> None:
    html = render_html(report)
    policy = next(v for t, a, v in Page(html).attributes if a == "content" and "default-src" in v)
    assert "default-src 'none'" in policy
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (scripts,) = [part.strip() for part in policy.split(";") if "script-src" in part]
    assert scripts == f"script-src 'sha256-{digest}'"
    assert "unsafe-eval" not in policy


def test_ids_of_the_page_are_unique_and_labels_point_at_them(report: Report) -> None:
    page = Page(render_html(report))
    assert len(page.ids) == len(set(page.ids))
    named = [i for _, a, v in page.attributes if a in ("aria-labelledby",) for i in v.split()]
    named += [v[1:] for _, a, v in page.attributes if a == "href"]
    assert set(named) <= set(page.ids)


def test_no_rendering_holds_control_or_direction_characters(hostile: Report) -> None:
    for name, text in renderings(hostile).items():
        bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\r"}
        assert not bad, f"{name} holds {[hex(ord(c)) for c in bad]}"


def test_markup_of_the_data_is_shown_as_text_in_the_terminal(hostile: Report) -> None:
    assert "<script>alert(1)</script>" in terminal(hostile, 200)


def test_hostile_text_makes_no_link_image_or_tag_in_markdown(hostile: Report) -> None:
    text = render_markdown(hostile)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text.replace("<!-- -->", ""))
    assert "<" not in outside.replace("\\<", "")
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert "://" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")


def test_every_row_of_a_markdown_table_has_as_many_cells_as_its_head(hostile: Report) -> None:
    for block in re.findall(r"(?:^\|.*\n)+", render_markdown(hostile), re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(cells) == 1


def test_the_terminal_summary_fits_eighty_columns(report: Report, hostile: Report) -> None:
    for made in (report, hostile):
        assert max(len(line.rstrip()) for line in terminal(made).splitlines()) <= 80
