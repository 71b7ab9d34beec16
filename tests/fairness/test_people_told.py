"""What people are told of groups: before a bulk change, on the terminal, on the page; seeds, swaps, slices."""

from __future__ import annotations

import dataclasses
import json
import random
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from scipy.stats import t

from audit.fairness import Comparison, who_is_affected
from audit.fairness.outcome import Z
from audit.fairness.preview import preview_of_change, preview_of_findings
from audit.fairness.swaps import swap_effects
from audit.fairness.swaps.engine import Swapped
from audit.report import render_html, render_markdown, render_terminal, render_terminal_groups
from audit.report.fairness import disparity_lines
from audit.report.fairness_trained import over_seeds
from audit.report.interval import Interval
from curate import workflow
from curate.cli.apply import apply_command
from curate.cli.diff import diff_command
from curate.cli.fairness import fairness_command
from curate.cli.review import review_command
from curate.errors import ConfigError
from curate.ledger.decisions import append_decisions, decide
from curate.ledger.findings import make_findings
from curate.recipe import Recipe
from curate.review.findings import Review
from curate.review.session import Session
from curate.rundir import RunDir

WORDS = ("kettle", "parcel", "invoice", "blanket", "window", "letter", "button", "candle", "pencil", "sandwich")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 rows of three groups, one of 4; rows of `south` are short more often, and a model fails there more often."""
    draw = random.Random(1)
    rows = []
    for i in range(600):
        region = "pilot" if i < 4 else "south" if i % 3 == 0 else "north"
        label = draw.choice(("yes", "no"))
        guess = label if draw.random() > (0.45 if region == "south" else 0.05) else "no"
        text = "" if region == "south" and draw.random() < 0.4 else f"{i} " + " ".join(draw.choices(WORDS, k=14))
        rows.append({"text": text, "label": label, "guess": guess, "region": region})
    folder = tmp_path_factory.mktemp("people")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = Recipe.parse({
        "data": {"input": str(folder / "rows.jsonl"), "task": "classification",
                 "roles": {"text": "text", "label": "label", "group": "region"}},
        "run": {"stages": ["text_quality", "fairness"]},
        "stages": {"fairness": {"predictions": "guess", "bootstrap_draws": 200}},
    })  # fmt: skip
    workflow.run(recipe, out=folder / "run", train=False)
    return folder / "run"


def verb(command: Any, *args: object) -> Result:
    done = CliRunner().invoke(command, [str(arg) for arg in args], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done


def test_what_findings_would_do_is_said_by_what_they_do_and_to_whom(run: Path) -> None:
    dataset = Session.open(run).dataset
    south = [i for i, region in enumerate(dataset.groups()["region"].to_pylist()) if region == "south"]
    named = {"rule": "r", "score": 0.5, "reason": "because"}
    drops = make_findings("x", dataset.row_ids, row=south[:120], action="drop", **named)
    flags = make_findings("x", dataset.row_ids, row=[i for i in range(600) if i not in south], action="flag", **named)
    (told,) = preview_of_findings(dataset, drops, range(120))
    same = who_is_affected(south[:120], dataset.groups(), 600)
    assert told.lines == same.lines
    assert told.alarming
    assert "region south" in told.lines[1]
    assert "pilot (4 rows)" in str(told)
    assert preview_of_findings(dataset, flags, range(flags.num_rows)) == ()
    assert preview_of_findings(dataset, drops, []) == ()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0, 1))
def test_a_change_of_plans_touches_those_alone_whose_fate_changes(run: Path, seed: int, p: float, q: float) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.random(600) < p, rng.random(600) < q
    dataset = _dataset(run)
    counts = [int((after & ~before).sum()), int((before & ~after).sum())]
    said = [statement.lines[0].split(" of ")[0] for statement in preview_of_change(dataset, before, after)]
    assert said == [str(n) for n in counts if n]


_OPEN: dict[Path, Any] = {}


def _dataset(run: Path) -> Any:
    if run not in _OPEN:
        _OPEN[run] = Session.open(run).dataset
    return _OPEN[run]


def test_a_dry_run_of_apply_says_whom_decisions_fall_on_and_writes_nothing(run: Path, tmp_path: Path) -> None:
    session = Session.open(run)
    chosen = session.queue("text_quality")
    assert session.is_written
    table = session.findings
    empty = [i for i in chosen.tolist() if table["rule"][i].as_py() == "empty"]
    assert len(empty) > 40
    old = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    append_decisions(run / "decisions.jsonl", [decide(table, empty, "reject")])
    try:
        done = verb(apply_command, run, "--dry-run")
        assert "nothing was written" in done.stderr
        assert "74 brought back" in done.stdout
        assert "74 of 600 rows (12.3%) would be brought back" in done.stderr
        assert "region south:" in done.stderr
        now = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "decisions.jsonl"}
        assert now == {path: data for path, data in old.items() if path.name != "decisions.jsonl"}
    finally:
        (run / "decisions.jsonl").unlink()


def test_rules_that_decisions_suggest_say_whom_they_fall_on_before_they_are_applied(run: Path) -> None:
    review = Review(Session.open(run))
    table = review.session.findings
    empty = [i for i in review.population("text_quality").tolist() if table["rule"][i].as_py() == "empty"]
    try:
        for index in empty[:7]:
            review.decide(index, "accept", actor="ada")
        for args in (("--rules",), ("--apply-rule", "1")):
            done = verb(review_command, run, *args)
            assert f"{len(empty) - 7} of 600 rows" in done.stderr
            assert "would be removed" in done.stderr
            assert "region south:" in done.stderr
    finally:
        (run / "decisions.jsonl").unlink()


def test_a_diff_says_whom_rows_that_are_now_removed_belong_to(run: Path, tmp_path: Path) -> None:
    recipe = Recipe.parse(RunDir.open(run).manifest()["recipe"])
    lenient = recipe.with_settings("text_quality", on_finding="flag")
    workflow.run(lenient, out=tmp_path / "lenient", train=False)
    said = verb(diff_command, tmp_path / "lenient", run).stdout
    assert "would be removed" in said
    assert "region south:" in said
    found = json.loads(verb(diff_command, tmp_path / "lenient", run, "--json").stdout)
    assert any("region south:" in line for line in found["affected"])
    assert json.loads(verb(diff_command, run, run, "--json").stdout)["affected"] == []


def test_a_finished_run_is_told_with_numbers_and_what_is_not_known_is_loud(run: Path) -> None:
    done = verb(fairness_command, run)
    assert done.return_value == 0
    said = " ".join(done.stdout.split())
    assert "Insufficient evidence for region pilot (4 rows): about" in said
    assert "That is not a pass" in said
    assert "region south, 198 rows, against all others" in said
    line = next(line for line in done.stdout.splitlines() if line.startswith("accuracy") and "[" in line and "−" in line)
    checks = RunDir.open(run).manifest()["stages"]["fairness"]["summary"]["checks"]
    south = next(c for c in checks if (c["group"], c["metric"]) == ("south", "accuracy"))
    assert f"{100 * south['group_value']:.1f} [" in line  # the head of the column says per cent
    assert f"{100 * south['group_low']:.1f}" in line
    assert "disparity" in line
    with pytest.raises(ConfigError, match="finished run"):
        verb(fairness_command, run, "--positive", "yes")
    assert json.loads(verb(fairness_command, run, "--json").stdout)["fairness"]["status"] == "done"


def test_disparities_stand_before_the_tables_in_every_rendering(run: Path) -> None:
    report = workflow.build_report(RunDir.open(run))
    told = {}
    for name, rendered in (("whole", render_terminal(report)), ("groups", render_terminal_groups(report))):
        console = Console(file=StringIO(), width=80, highlight=False)
        console.print(rendered)
        told[name] = " ".join(console.file.getvalue().split())
    told["markdown"], told["html"] = render_markdown(report), render_html(report)
    said = "region south against the others, in points: "
    tables = {"whole": "What the stages found", "groups": "Metric", "markdown": "| Outcome |", "html": "<th>Outcome</th>"}
    for name, table in tables.items():
        assert said in told[name], name
        assert told[name].index(said) < told[name].index(table), name


def test_of_each_group_measures_of_the_whole_model_are_named_before_those_of_single_classes(run: Path) -> None:
    fairness = workflow.build_report(RunDir.open(run)).fairness
    one = next(r for r in fairness.rows if r.outcome == "disparity")
    found = {"f1 [yes]": 0.4, "accuracy": -0.1, "macro f1": 0.2, "tpr [no]": -0.3}
    rows = tuple(dataclasses.replace(one, metric=name, estimate=Interval(value)) for name, value in found.items())
    (said,) = disparity_lines(dataclasses.replace(fairness, rows=rows))
    assert said.endswith("in points: macro f1 +20.0, accuracy −10.0, f1 [yes] +40.0, and 1 more.")


def test_a_run_that_was_not_asked_about_groups_is_not_judged(tmp_path: Path, run: Path) -> None:
    recipe = Recipe.parse(RunDir.open(run).manifest()["recipe"]).with_(stages=["text_quality"])
    workflow.run(recipe, out=tmp_path / "other", train=False)
    done = verb(fairness_command, tmp_path / "other")
    assert done.return_value == 3
    assert "not part of this recipe" in done.stdout


def test_swaps_and_slices_have_sections_with_figures_in_every_rendering(run: Path) -> None:
    report = workflow.build_report(RunDir.open(run))
    assert [table.title for table in report.slices] == ["Where a model is wrong most often"]
    assert "region = south" in report.slices[0].rows[0].words
    effect = {"axis": "gender", "before": "(all)", "after": "(all)", "pairs": 90, "rows": 80, "outcome": "shown",
              "flip_rate": 0.3, "flip_low": 0.2, "flip_high": 0.4, "shift": 0.1, "shift_low": 0.05, "shift_high": 0.15,
              "mean_change": 0.12, "p": 0.001}  # fmt: skip
    manifest = RunDir.open(run).manifest()
    manifest["stages"]["counterfactual_swaps"] = {"status": "done", "summary": {
        "rows": 600, "pairs": 90, "delta": 0.05, "axes": ["gender", "age"], "effects": [effect]}}  # fmt: skip
    from audit.report.safe import Previews
    from audit.report.swaps import swaps_of
    from curate.ledger.findings import empty_findings

    previews = Previews(_dataset(run), empty_findings())
    whole = dataclasses.replace(report, swaps=swaps_of(manifest["stages"]["counterfactual_swaps"], previews))
    page, markdown = render_html(whole), render_markdown(whole)
    console = Console(file=StringIO(), width=80, highlight=False)
    console.print(render_terminal_groups(whole))
    terminal = " ".join(console.file.getvalue().split())  # type: ignore[attr-defined]
    for said in (page, markdown, terminal):
        assert "Counterfactual swaps" in said
        assert "wrong most often" in said
        assert "No text speaks of age" in said
    assert 'id="swaps"' in page
    assert 'id="slices"' in page
    assert "How often answers flip" in page


def _seed(value: float, half: float = 0.04, p: float = 0.01) -> Comparison:
    return Comparison("g", "a", "accuracy", 200, "equivalent", "", value=value, low=value - half, high=value + half, p=p,
                      error=half / Z)  # fmt: skip


def test_over_seeds_the_mean_stands_with_the_error_of_rows_and_of_seeds() -> None:
    values = [-0.12, -0.06, -0.09]
    (told,) = over_seeds([[_seed(v)] for v in values], 0.05, 0.05)
    half = np.hypot(0.04, t.ppf(0.975, 2) * np.std(values, ddof=1) / np.sqrt(3))
    assert told.value == pytest.approx(-0.09)
    assert told.low == pytest.approx(-0.09 - half)
    assert told.high == pytest.approx(-0.09 + half)
    (alone,) = over_seeds([[_seed(-0.12)]], 0.05, 0.05)
    assert alone.low == pytest.approx(-0.16)
    assert alone.outcome == "disparity"
    far = over_seeds([[_seed(v)] for v in (-0.4, 0.2, -0.1)], 0.05, 0.05)[0]
    assert far.outcome == "insufficient evidence"
    unknown = dataclasses.replace(_seed(0.0), value=None, low=None, high=None, p=None, outcome="insufficient evidence")
    assert over_seeds([[_seed(-0.12)], [unknown]], 0.05, 0.05)[0].value is None


def test_an_axis_that_is_shown_alone_is_open_among_nine() -> None:
    rng = np.random.default_rng(4)
    n = 120
    given_p = np.tile([0.4, 0.6], (n, 1))
    flips = np.arange(n) < 13  # 10.8%: above 5% by itself, not after a correction for nine axes
    other = np.where(rng.permutation(flips)[:, None], [0.6, 0.4], [0.4, 0.6])

    def pairs(axis: str) -> list[Swapped]:
        return [Swapped(i, axis, "a", "b", ()) for i in range(n)]

    alone = swap_effects(pairs("gender"), given_p, other)[0]
    assert alone.outcome == "shown"
    axes = ["gender", *(f"axis{i}" for i in range(8))]
    many = swap_effects(
        [p for axis in axes for p in pairs(axis)], given_p, np.concatenate([other, *[np.tile([0.4, 0.6], (n, 1))] * 8])
    )
    told = {e.axis: e for e in many if e.before == "(all)"}
    assert told["gender"].outcome == "insufficient evidence"
    assert (told["gender"].flip_low, told["gender"].flip_rate) == (alone.flip_low, alone.flip_rate)
    assert told["gender"].p == pytest.approx(min(1.0, 9 * (alone.p or 0.0)))
    assert told["axis0"].outcome == "within"


def test_wrong_labels_and_personal_data_are_counted_by_group_and_nothing_is_changed(tmp_path: Path) -> None:
    """A third of the labels of `south` are wrong, two fifths of the texts of `north` hold an address."""
    draw = random.Random(3)
    rows = []
    for i in range(600):
        region = "south" if i % 2 else "north"
        label = draw.choice(("yes", "no"))
        text = " ".join([*draw.choices(WORDS[:5] if label == "yes" else WORDS[5:], k=9), str(i)])
        if region == "north" and i % 5 < 2:
            text += f" write to person{i}@post.example.net"
        wrong = region == "south" and i % 3 == 0
        rows.append({"text": text, "label": ("no" if label == "yes" else "yes") if wrong else label, "region": region})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = verb(fairness_command, tmp_path / "rows.jsonl", "--role", "group=region", "--out", tmp_path / "run", "--quiet")
    told = Console(file=StringIO(), width=80)
    report = workflow.build_report(RunDir.open(tmp_path / "run"))
    told.print(render_terminal_groups(report))
    shown = told.file.getvalue()  # type: ignore[attr-defined]
    assert done.return_value == 0
    held = {g.group: g.numbers for c in report.fairness.data for g in c.groups}
    north, south = (sum(r["region"] == g and "@" in r["text"] for r in rows) / 300 for g in ("north", "south"))
    assert held["north"]["personal data"].value == pytest.approx(north, abs=0.01)
    assert held["south"]["personal data"].value == pytest.approx(south, abs=0.01)
    assert held["south"]["probably wrong label"].value == pytest.approx(1 / 3, abs=0.05)
    assert held["north"]["probably wrong label"].value < 0.05
    differs = {g.group: set(g.differs) for c in report.fairness.data for g in c.groups}
    assert {"probably wrong label", "personal data"} <= differs["south"]
    assert "south differs in " in shown
    assert report.flow.edited_rows == report.flow.dropped_rows == report.flow.relabelled_rows == 0
    assert render_html(report).count("Probably wrong label") == 1
