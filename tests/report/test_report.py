"""The report: its numbers are the plan's, every shape of run renders."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from audit.report import Report, build, json_schema, render_html, render_markdown, render_terminal
from audit.report.headline import headline_of
from audit.report.safe import compare
from curate.dataset import Dataset
from curate.ledger.apply import apply
from curate.ledger.decisions import Decision, Journal
from curate.ledger.findings import concat_findings, empty_findings, make_findings
from curate.ledger.keepers import RowFacts
from curate.ledger.plan import STATUSES
from curate.ledger.resolve import resolve
from curate.similarity.selfmeasure import SelfMeasurement, Share
from curate.stages.measured import measured
from tests.report.conftest import (
    POLICY,
    Run,
    ablation_of,
    find,
    make_run,
    manifest_of,
    renderings,
    terminal,
    tickets,
)
from tui.detail import word_diff

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "report.schema.json"


def test_the_published_schema_is_the_one_in_the_code() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_is_itself_valid_and_describes_every_property() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["properties"]["schema_version"] == {"const": 1}


def test_the_json_of_a_run_is_valid_under_the_schema(report: Report) -> None:
    jsonschema.validate(json.loads(json.dumps(report.to_json(), allow_nan=False)), json_schema())


def test_the_schema_refuses_unknown_and_missing_properties(report: Report) -> None:
    for change in ({"surprise": 1}, {"schema_version": 2}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**report.to_json(), **change}, json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({k: v for k, v in report.to_json().items() if k != "flow"}, json_schema())


def test_the_same_run_gives_the_same_bytes(run: Run) -> None:
    assert renderings(run.report()) == renderings(run.report())


def test_the_headline_names_rows_edits_and_what_training_showed(report: Report) -> None:
    sentence = report.headline.sentence
    assert "240 rows in, 220 out" in sentence
    assert "20 removed, 3 edited, 3 relabelled" in sentence
    assert "+7.1 points (95% interval +3.2 to +11.0): curation helped" in sentence


def test_the_overall_verdict_outranks_the_comparison_with_raw(run: Run) -> None:
    ablation = {**ablation_of(), "verdict": "inconclusive"}
    report = run.without(ablation=ablation).report()
    assert report.headline.outcome == "inconclusive"
    assert "curation helped" not in report.headline.sentence


def test_without_training_the_report_says_so(run: Run) -> None:
    report = run.without(ablation=None).report()
    assert report.training is None
    assert report.headline.outcome == "not trained"
    assert "not tested" in report.headline.sentence
    for text in renderings(report).values():
        assert "not trained" in text.lower()


def test_curves_are_read_from_the_files_that_the_ablation_names(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "train" / "raw" / "0" / "metrics.jsonl"
    path.parent.mkdir(parents=True)
    lines = [{"step": s, "loss": 2.0 - s / 200} for s in range(1, 151)] + [{"step": 150, "validation": {"loss": 9}}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 151, "lo', encoding="utf-8")
    ablation = ablation_of()
    for arm in ablation["arms"]:
        for seed in arm["runs"]:
            seed["curve"] = f"{arm['name']}/{seed['seed']}/metrics.jsonl"
    made = build(
        manifest=run.manifest, dataset=run.dataset, findings=run.findings, plan=run.plan, ablation=ablation, folder=tmp_path
    )
    assert made.training is not None
    curves = {a.name: [len(s.curve) for s in a.seeds] for a in made.training.arms}
    assert curves["raw"] == [50, 0, 0]
    points = made.training.arms[1].seeds[0].curve
    assert points[-1].step == 150
    assert points[0].loss == pytest.approx(2.0 - 2 / 200)


def test_insufficient_evidence_is_said_aloud(report: Report) -> None:
    assert any("insufficient evidence" in c and "not a pass" in c for c in report.headline.cautions)
    assert "1 of 3 comparisons has insufficient evidence" in render_html(report)
    for text in renderings(report).values():
        assert "insufficient evidence" in text


def test_rows_that_could_not_be_read_are_told_in_every_rendering(run: Run) -> None:
    manifest = copy.deepcopy(run.manifest)
    manifest["input"] = {**manifest.get("input", {}), "rejected": 4}
    for text in renderings(run.without(manifest=manifest).report()).values():
        assert "4 rows could not be read and were left out" in " ".join(text.split())
    assert not any("could not be read" in text for text in renderings(run.report()).values())


def test_a_stage_that_found_few_of_the_pairs_in_its_sample_is_named_with_what_helps(run: Run) -> None:
    def cautions(hits: int) -> str:
        manifest = copy.deepcopy(run.manifest)
        few, none = Share(hits, 49), Share(0, 0)
        found = SelfMeasurement(0.8, few, none, ((0.8, Share(1, 40)),), Share(1, 40), rows_asked=240, rows_read=240)
        manifest["stages"]["near_duplicates"].setdefault("summary", {})["measured"] = measured(found)
        return " ".join(run.without(manifest=manifest).report().headline.cautions)

    assert "of pairs at 0.80 or more in a sample 7 of 49 were found" in cautions(7)
    assert "template_share" in cautions(7)
    assert "in a sample" not in cautions(48)  # copies and precision in their place are none of its pairs


def test_a_stage_that_removed_most_of_the_rows_is_named_with_what_to_look_at(run: Run) -> None:
    made = run.report()
    half = made.flow.rows_in // 2
    most = [replace(s, dropped_rows=half + 1 if s.name == "exact_duplicates" else 0) for s in made.stages]
    told = headline_of(made.flow, None, most, made.fairness, (), made.pending).cautions
    assert any("Exact duplicates removed" in c and "--role text=COLUMN" in c for c in told)
    few = [replace(s, dropped_rows=half) for s in made.stages]
    told = headline_of(made.flow, None, few, made.fairness, (), made.pending).cautions
    assert not any("--role text=COLUMN" in c for c in told)


def test_a_skipped_stage_is_named_with_its_reason(report: Report) -> None:
    assert any(c == "Label spellings did not run: Every label has one spelling." for c in report.headline.cautions)
    stage = next(s for s in report.stages if s.name == "label_names")
    assert (stage.status, stage.reason) == ("skipped", "Every label has one spelling.")


def test_findings_and_plan_that_do_not_line_up_are_refused(run: Run) -> None:
    with pytest.raises(ValueError, match="findings"):
        run.without(findings=run.findings.slice(1)).report()


def test_near_duplicates_are_shown_side_by_side_with_what_differs(report: Report) -> None:
    stage = next(s for s in report.stages if s.name == "near_duplicates")
    example = stage.examples[0]
    assert example.text is not None
    assert example.witness is not None
    assert example.text.row ^ 1 == example.witness.row
    assert [p.text for p in example.text.pieces if p.kind == "changed"] == ["Ticket number"]
    assert [p.text for p in example.witness.pieces if p.kind == "changed"] == ["Case"]


def test_of_a_sentence_without_blanks_only_the_letters_that_differ_are_marked() -> None:
    left, right = compare("口座の残高を確認してください。", "口座の明細を確認してください。")
    assert [p.text for side in (left, right) for p in side if p.kind == "changed"] == ["残高", "明細"]
    texts = word_diff("口座の残高を確認してください。 Thanks a lot", "口座の明細を確認してください。 Thanks  a bit")
    assert [[text.plain[s.start : s.end] for s in text.spans if "underline" in s.style] for text in texts] == [
        ["残高", "lot"], ["明細", "bit"],
    ]  # fmt: skip
    assert texts[1].plain.rstrip() == "口座の明細を確認してください。 Thanks a bit"


def test_label_examples_show_both_labels_and_their_neighbours(report: Report, run: Run) -> None:
    stage = next(s for s in report.stages if s.name == "label_issues")
    labels = run.dataset.values("label").to_pylist()
    assert stage.examples
    for example in stage.examples:
        assert example.text is not None
        assert example.change is not None
        assert example.change.before == labels[example.text.row] != example.change.after
        assert [n.row for n in example.neighbours] == [example.text.row + 60, example.text.row + 64]
        assert {m.name for m in example.evidence} == {"probability given", "probability suggested"}


def test_there_are_at_most_eight_examples_a_stage_and_doubtful_ones_are_among_them(report: Report, run: Run) -> None:
    stage = next(s for s in report.stages if s.name == "label_issues")
    assert len(stage.examples) == 8
    assert {e.status for e in stage.examples} == {"applied", "pending"}
    assert all(len(s.examples) <= 8 for s in report.stages)


def test_label_counts_before_and_after_are_those_of_the_curated_data(report: Report, run: Run) -> None:
    curated = apply(run.dataset, run.plan).dataset()
    labels = curated.labels()
    assert labels is not None
    after = labels.to_pylist()
    assert {c.label: c.after for c in report.profile.labels} == {name: after.count(name) for name in set(after)}
    assert sum(c.before for c in report.profile.labels) == run.dataset.n_rows


def test_lengths_count_every_row_once(report: Report) -> None:
    lengths = report.profile.lengths
    assert lengths is not None
    assert sum(lengths.before) == report.flow.rows_in
    assert sum(lengths.after) == report.flow.rows_out
    assert all(a <= b for a, b in zip(lengths.after, lengths.before, strict=True))


def test_group_counts_add_up_to_the_whole(report: Report, run: Run) -> None:
    (column,) = report.groups
    assert sum(g.rows for g in column.groups) == run.dataset.n_rows
    dropped = sum(round((g.dropped.value or 0) * g.rows) for g in column.groups)
    assert dropped == report.flow.dropped_rows


def test_a_group_of_few_rows_is_insufficient_evidence(tmp_path: Path) -> None:
    rows = tickets(80)
    for row in rows[:5]:
        row["region"] = "tiny"
    report = make_run(tmp_path, rows).report()
    outcomes = {g.group: g.outcome for g in report.groups[0].groups}
    assert outcomes["tiny"] == "insufficient evidence"
    assert any("tiny" in c and "not a pass" in c for c in report.headline.cautions)
    assert "Insufficient evidence</b> for" in render_html(report)


SHAPES = ("no findings", "no labels", "no groups", "one class", "one row", "everything goes", "bare")


@pytest.mark.parametrize("shape", SHAPES)
def test_unusual_runs_render_everywhere(shape: str, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = tickets(60)
    finder: Callable[[Dataset], Any] = find
    if shape == "no labels":
        rows = [{"text": r["text"], "region": r["region"]} for r in rows]
    elif shape == "no groups":
        rows = [{"text": r["text"], "label": r["label"]} for r in rows]
    elif shape == "one class":
        rows = [{**r, "label": "only"} for r in rows]
    elif shape == "one row":
        rows = rows[:1]
    if shape != "no groups":
        finder = lambda dataset: empty_findings()  # noqa: E731
    if shape == "everything goes":
        finder = lambda dataset: make_findings(  # noqa: E731
            "quality", dataset.row_ids, row=list(range(60)), rule="r", action="drop", score=1.0, reason="r"
        )
    run = make_run(tmp_path, rows, finder)
    if shape == "everything goes":
        facts = RowFacts.plain(60)
        ids = tuple(i.hex() for i in run.findings["finding_id"].to_pylist())
        journal = Journal((Decision("d", "accept", ids, ("",) * 60),))
        run = run.without(plan=resolve(run.findings, journal, POLICY, facts=facts))
    if shape == "bare":
        run = run.without(manifest={}, ablation=None)
    report = run.report()
    jsonschema.validate(json.loads(json.dumps(report.to_json(), allow_nan=False)), json_schema())
    assert all(renderings(report).values())


def test_an_empty_or_partial_ablation_renders(run: Run) -> None:
    for ablation in (
        {},
        {"arms": []},
        {"arms": [{"name": "raw"}], "metric": "nats_per_token"},
        {"arms": [{"name": "raw", "runs": [{"seed": 0}]}], "comparisons": [{"a": "curated", "b": "raw"}]},
    ):
        report = run.without(ablation=ablation).report()
        jsonschema.validate(report.to_json(), json_schema())
        assert all(renderings(report).values())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_numbers_are_the_plans_whatever_people_decide(run: Run, data: st.DataObject) -> None:
    ids = [i.hex() for i in run.findings["finding_id"].to_pylist()]
    verdicts = data.draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(["accept", "reject"])), max_size=30))
    journal = Journal(tuple(Decision(f"d{k}", v, (i,), ("",)) for k, (i, v) in enumerate(verdicts)))  # type: ignore[arg-type]
    plan = resolve(run.findings, journal, POLICY, facts=RowFacts.plain(run.dataset.n_rows))
    report = run.without(plan=plan).report()
    counts = plan.counts()
    for stage in report.stages:
        assert {s: getattr(stage.counts, s) for s in STATUSES} == counts.get(stage.name, dict.fromkeys(STATUSES, 0))
        assert stage.findings == stage.counts.total == sum(rule.counts.total for rule in stage.rules)
    assert sum(s.findings for s in report.stages) == plan.table.num_rows
    curated = apply(run.dataset, plan)
    assert report.flow.rows_out == len(curated) == report.flow.rows_in - report.flow.dropped_rows
    edited = {row for row, fields in curated.edits.items() if "text" in fields}
    relabelled = {row for row, fields in curated.edits.items() if "label" in fields}
    assert (report.flow.edited_rows, report.flow.relabelled_rows) == (len(edited), len(relabelled))
    assert report.pending.total == sum(c["pending"] + c["stale"] for c in counts.values())
    html = render_html(report)
    assert f"{report.flow.rows_in:,} rows in, {report.flow.rows_out:,} out" in html


def test_manifests_may_give_rescan_counts_bare_or_under_left(run: Run) -> None:
    manifest = {**manifest_of(run.dataset, run.findings), "rescan": {"pii": 4, "near_duplicates": {"left": 2}}}
    left = {s.name: s.left for s in run.without(manifest=manifest).report().stages}
    assert (left["pii"], left["near_duplicates"], left["label_issues"]) == (4, 2, None)


def test_the_recipe_is_written_a_setting_a_line(report: Report) -> None:
    lines = report.reproducibility.recipe.splitlines()
    assert json.loads("\n".join(lines))
    assert len(lines) > 3
    assert max(map(len, lines)) < 200


def test_fairness_rows_say_how_many_rows_would_settle_them(report: Report) -> None:
    weak = [r for r in report.fairness.rows if r.outcome == "insufficient evidence"]
    assert [(r.group, r.rows, r.rows_needed) for r in weak] == [("south", 80, 700)]
    assert report.fairness.counts == {"disparity": 1, "insufficient evidence": 1, "equivalent": 1}
    assert [r.outcome for r in report.fairness.rows] == ["disparity", "insufficient evidence", "equivalent"]


def flagged(dataset: Dataset) -> Any:
    """The usual findings, and a flag on two rows."""
    flags = make_findings(
        "exact_duplicates", dataset.row_ids, row=[60, 61], rule="conflicting_label", action="flag", score=1.0,
        reason="the same text stands elsewhere under another label", witness_row=[61, 60],
    )  # fmt: skip
    return concat_findings([find(dataset), flags])


def test_flags_are_shown_as_noted_and_their_statuses_stay_in_the_json(tmp_path: Path) -> None:
    report = make_run(tmp_path, finder=flagged).report()
    stage = next(s for s in report.stages if s.name == "exact_duplicates")
    assert stage.counts.applied - stage.counts.shown["applied"] == stage.counts.applied_notes == 2
    assert stage.counts.shown["noted"] == 2
    assert sum(stage.counts.shown.values()) == stage.counts.total
    as_json = next(s for s in report.to_json()["stages"] if s["name"] == "exact_duplicates")
    assert as_json["counts"]["applied"] == stage.counts.applied
    assert as_json["counts"]["applied_notes"] == 2
    page = render_html(report)
    assert ">Noted</th>" in page
    assert '<span class="tag noted">noted</span>' in page
    assert "stay <i>pending</i>" not in page
    assert "| Noted |" in render_markdown(report)
    assert "Noted" in terminal(report)


def test_the_terminal_says_what_limits_the_proof_and_names_this_run_and_the_page_sets_commands_apart(run: Run) -> None:
    notes = ["Evaluation labels are as given: nobody has verified them.", "`curate ablate RUN --preset claim` is a basis."]
    report = run.without(ablation={**ablation_of(), "notes": notes}).report()
    out = StringIO()
    Console(file=out, width=200).print(render_terminal(report, run="runs/t"))
    assert notes[0] in out.getvalue().partition("Read with care")[2]
    page = render_html(report)
    assert "<code>curate ablate RUN --preset claim</code> is a basis." in page
    assert "· 2026-01-05</p>" in page
    assert "curate tui runs/t" in out.getvalue()
    assert "RUN" not in out.getvalue()


def test_a_second_look_that_finds_nothing_says_so_and_names_the_way_out_where_masking_made_copies(run: Run) -> None:
    nothing = {name: {"left": 0} for name in ("exact_duplicates", "near_duplicates", "pii")}
    clean = run.without(manifest={**run.manifest, "rescan": nothing}).report()
    assert "finds nothing more" in terminal(clean)
    assert "A second look" not in " ".join(clean.headline.cautions)
    made = {**nothing, "exact_duplicates": {"left": 3, "alike_once_edited": 1}, "near_duplicates": {"left": 2}}
    left = run.without(manifest={**run.manifest, "rescan": made}).report()
    said = next(c for c in left.headline.cautions if "became" in c)
    assert said.startswith("1 row became identical once personal data was masked")
    assert "`curate dedup RUN/curated.jsonl` removes it." in said
    assert "still finds: exact duplicates 2, near duplicates 2." in said
    assert "<code>curate dedup RUN/curated.jsonl</code>" in render_html(left)
    assert "`curate dedup RUN/curated.jsonl`" in render_markdown(left)


def test_a_question_about_some_stages_is_not_answered_with_what_nobody_asked(run: Run) -> None:
    recipe = {**run.manifest["recipe"], "run": {"seed": 0, "stages": ["near_duplicates", "label_issues"]}}
    settings = {"near_duplicates": {"on_finding": "flag"}, "label_issues": {"on_finding": "review"}}
    stages = {name: run.manifest["stages"][name] for name in settings}
    manifest = {**run.manifest, "recipe": {**recipe, "stages": settings}, "stages": stages, "rescan": {}}
    report = run.without(manifest=manifest, ablation=None).report()
    assert report.narrow
    assert [s.name for s in report.stages if s.helper] == ["near_duplicates"]
    assert "not tested" not in report.headline.sentence
    said = terminal(report)
    for noise in ("Verdict", "not tested", "Fairness was not judged", "Near duplicates"):
        assert noise not in said, noise
    assert "Label issues" in said


def test_names_break_at_their_joints_before_they_break_inside_a_word(tmp_path: Path) -> None:
    rows = [{**row, "region": "marketplace_seller" if i % 3 else "south"} for i, row in enumerate(tickets())]
    said = terminal(make_run(tmp_path, rows).report(), 80)
    table = said.partition("Rows removed by")[2].partition("Fairness")[0]
    first = [line.split()[0] for line in table.splitlines() if line.split()]
    assert "marketplace_" in first or "marketplace_seller" in first
    assert "south" in first
    assert not [word for word in first if word.startswith("marketplace_s") and word != "marketplace_seller"]


def test_the_page_names_the_file_in_its_head_and_the_whole_path_where_the_run_is_repeated(run: Run) -> None:
    path = "/home/maria/work/data/tickets.jsonl"
    page = render_html(run.without(manifest={**run.manifest, "input": {**run.manifest["input"], "path": path}}).report())
    head, _, again = page.partition("How to get this again")
    assert "Curation report · tickets.jsonl" in head
    assert path not in head
    assert path in again


def test_a_long_figure_label_takes_two_lines_and_loses_no_word() -> None:
    from audit.report.svg import two_lines

    assert two_lines("curated data vs random removal of the same size (control)", 322) == [
        "curated data vs random removal", "of the same size (control)",
    ]  # fmt: skip
    assert two_lines("short", 322) == ["short"]


def test_the_name_of_an_arm_stands_whole_on_a_narrow_page_and_other_lines_keep_their_distance() -> None:
    from audit.report.html import NARROW
    from audit.report.plots import Bar, intervals

    def drawn(label: str) -> tuple[list[str], list[float]]:
        bars = [Bar(label, 0.1, 0.0, 0.2, "+10.0 [0.0, +20.0]"), Bar("raw data", 0.0, -0.1, 0.1, "0.0 [−10.0, +10.0]")]
        page = intervals(bars, width=NARROW, name="f", title="t", description="d", x_label="points")
        texts = re.findall(r'<text class="(?:label|told soft)"[^>]* y="([\d.]+)"[^>]*>([^<]*)<', page)
        return [text for _, text in texts], [float(y) for y, _ in texts]

    words, heights = drawn("curated data vs random removal of the same size (control)")
    assert words[:3] == ["of the same size (control)", "curated data vs random removal", "+10.0 [0.0, +20.0]"]
    assert heights[1] < heights[0] < heights[2] < heights[3] < heights[4]
    assert drawn("curated data")[0][0] == "curated data"
