"""The stage over real files, and what the gate and the report make of it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.fairness.predictions import read_predictions
from audit.gate import fairness as gate_facts
from audit.gate.judge import judge
from audit.gate.policy import parse_policy
from audit.stages.fairness import STAGE
from curate.dataset import Dataset, Roles, load
from curate.errors import ConfigError, DataError, StageSkipped
from curate.stages.base import Context, Detection


def _load(tmp_path: Path, rows: list[dict[str, Any]], **roles: Any) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    named = {"text": "text", "label": "label", **roles}
    columns = {k: v if isinstance(v, tuple) else (v,) for k, v in named.items() if v}
    return load(path, roles=Roles(**columns), task="classification")


def _rows(n: int = 1200, bias: float = 0.3) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    out = []
    for i in range(n):
        team, side = "ab"[int(i % 5 < 2)], "lr"[int(rng.integers(0, 2))]
        label = int(rng.random() < 0.5)
        guess = 0 if team == "b" and rng.random() < bias else label
        out.append({"text": f"note {i} about topic{label}", "label": "yn"[1 - label], "team": team, "side": side,
                    "guess": "yn"[1 - guess], "weight": 1.0})  # fmt: skip
    return out


def _run(dataset: Dataset, hints: dict[str, Any] | None = None, **settings: Any) -> Detection:
    config = STAGE.config(**{"bootstrap_draws": 200, **settings})
    return STAGE.detect(dataset, config, Context(hints=hints or {}))


def _told(detection: Detection) -> dict[tuple[str, str, str], str]:
    return {(c["column"], c["group"], c["metric"]): c["outcome"] for c in detection.summary["checks"]}


def test_predictions_in_a_column_are_audited_with_intersections_and_checked_against_fairlearn(tmp_path: Path) -> None:
    found = _run(_load(tmp_path, _rows(), group=("team", "side")), predictions="guess")
    told = _told(found)
    assert found.summary["predictions"] == "given"
    assert told["team", "b", "selection_rate"] == told["team", "b", "tpr"] == "disparity"
    assert ("team & side", "b & l", "tpr") in told
    assert found.summary["reference"]["largest_difference"] < 1e-9
    assert found.scores is not None
    assert found.scores.num_rows >= len(found.summary["groups"])
    json.dumps(found.summary, allow_nan=False)


def test_predictions_in_a_file_give_the_same_numbers_and_scores_give_calibration(tmp_path: Path) -> None:
    rows = _rows()
    dataset = _load(tmp_path, rows, group="team")
    path = tmp_path / "guess.parquet"
    score = [0.9 if r["guess"] == "y" else 0.2 for r in rows]
    pq.write_table(pa.table({"prediction": [r["guess"] for r in rows], "score": score}), path)
    by_column, by_file = _run(dataset, predictions="guess"), _run(dataset, predictions=str(path))
    assert ("team", "b", "calibration_gap") in _told(by_file)
    assert {k: v for k, v in _told(by_file).items() if k[2] != "calibration_gap"} == _told(by_column)
    assert STAGE.depends_on(STAGE.config(predictions=str(path)))


def test_predictions_that_do_not_fit_are_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("guess\ny\n")
    with pytest.raises(DataError, match="no column 'prediction'"):
        read_predictions(str(path), 1)
    path.write_text("prediction,score\ny,0.5\nn,2.0\n")
    with pytest.raises(DataError, match="one prediction a row"):
        read_predictions(str(path), 3)
    with pytest.raises(DataError, match=r"row 1 \(from 0\)"):
        read_predictions(str(path), 2)
    with pytest.raises(DataError, match="there is no such file"):
        read_predictions(str(tmp_path / "none.csv"), 2)
    with pytest.raises(ConfigError, match="no column of the data"):
        read_predictions("guesses", 2)
    path.write_text("prediction\n1\n\n")
    given, scores = read_predictions(str(path), 1)
    assert given.to_pylist() == ["1"]
    assert scores is None


def test_without_group_columns_the_groups_are_those_that_texts_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(900):
        named = i % 3 == 0
        toxic = rng.random() < (0.7 if named else 0.2)
        about = "my Muslim neighbours" if named else "my black coffee" if i % 3 == 1 else "a straight line"
        rows.append({"text": f"remark {i} on {about} and word{rng.integers(40)}", "label": "toxic" if toxic else "fine"})
    found = _run(_load(tmp_path, rows))
    assert found.summary["identity"]["texts"] == {"religion: muslim": 300}
    assert _told(found)["text names religion: muslim", "named", "base_rate"] == "disparity"
    pairs = {a["label"]: a for a in found.summary["identity"]["associations"]}
    assert pairs["toxic"]["outcome"] == "associated"
    assert pairs["toxic"]["low"] > 0
    assert "naming is not belonging" in " ".join(found.summary["notes"])
    with pytest.raises(StageSkipped, match="group role"):
        _run(_load(tmp_path, rows), identity_terms=False)
    few = [*rows[1:3] * 100, rows[0]]
    with pytest.raises(StageSkipped, match="fewer than 30 texts"):
        _run(_load(tmp_path, few))


def test_representation_quality_and_weights_are_told_and_data_that_differ_are_flagged(tmp_path: Path) -> None:
    rows = _rows()
    for r in rows:
        r["text"] += " more words" * (9 if r["team"] == "a" else 0)
        r["weight"] = 0.0 if r["team"] == "b" else 2.0
    dataset = _load(tmp_path, rows, group="team", weight="weight")
    quality = np.where([r["team"] == "a" for r in rows], 0.9, 0.2) + np.linspace(0, 0.1, len(rows))
    found = _run(
        dataset, {"text_quality.score": quality}, predictions="guess", reference={"team": {"a": 0.9, "b": 0.1}}
    )
    data = {(c["group"], c["metric"]): c["outcome"] for c in found.summary["data"]["checks"]}
    assert {data["b", m] for m in ("representation", "text_length", "text_quality")} == {"disparity"}
    assert {f["rule"] for f in found.findings.to_pylist()} == {"data_differs"}
    assert _told(found)["team", "b", "tpr"] == "not applicable"  # all its weights are zero
    assert any("weighted" in note for note in found.summary["notes"])


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"intersections": 0}, {"delta": 2.0}, {"reference": {"team": {"a": 0.0}}}):
        with pytest.raises(ConfigError):
            STAGE.config(**wrong)


def test_the_gate_judges_gaps_by_the_worse_end_and_says_what_it_does_not_know(tmp_path: Path) -> None:
    rows = _rows(bias=0.6)
    for r in rows[:4]:
        r["team"] = "tiny"
    summary = dict(_run(_load(tmp_path, rows, group="team"), predictions="guess").summary)
    facts = gate_facts.facts(summary, "", len(rows))
    gap = facts["tpr_gap"]
    assert gap.low < gap.value < gap.high
    assert gap.unjudged == 1
    limits = (("tpr_gap", 0.9), ("selection_rate_gap", 0.05), ("four_fifths", 0))
    asked = {name: {"fail": limit} for name, limit in limits}
    policy = parse_policy({"preset": "starter", "checks": asked})
    only = {name: policy.limits[name] for name in asked}
    result = judge(facts, policy.__class__(only), today=dt.date(2026, 1, 1))
    verdict = {c.name: c.verdict for c in result.checks}
    assert verdict == {"tpr_gap": "insufficient evidence", "selection_rate_gap": "fail", "four_fifths": "fail"}
    labels_only = gate_facts.facts({**summary, "audited": "labels"}, "", len(rows))
    assert {f.value for f in labels_only.values()} == {None}
    assert gate_facts.facts(None, "it was skipped", 5)["four_fifths"].why_missing == "it was skipped"
    nothing = gate_facts.facts({**summary, "audited": "data"}, "", len(rows))
    assert nothing["disparities"].value is None


def test_curation_that_falls_on_one_group_is_a_fact_of_the_gate_and_a_line_of_the_report(tmp_path: Path) -> None:
    from audit.report import build, render_html
    from curate.ledger.findings import make_findings
    from curate.ledger.keepers import RowFacts
    from curate.ledger.resolve import Policy, StagePolicy, resolve

    rows = _rows()
    dataset = _load(tmp_path, rows, group="team")
    gone = [i for i, r in enumerate(rows) if r["team"] == "b"][:150]
    findings = make_findings(
        "text_quality", dataset.row_ids, row=gone, rule="empty", action="drop", score=0.95, reason="there is no text"
    )
    n = dataset.n_rows
    facts = RowFacts(n, np.arange(n), np.zeros(n, np.int64), np.full(n, -1))
    plan = resolve(findings, None, Policy({"text_quality": StagePolicy("apply")}), facts=facts, relations={})
    assert int(plan.dropped.sum()) == 150
    fact = gate_facts.curation_fact(plan, dataset.groups(), {}, None, curated=True)["disproportionate_curation"]
    assert fact.value == 1
    assert gate_facts.curation_fact(plan, {}, {}, None, curated=True)["disproportionate_curation"].value is None
    assert not gate_facts.curation_fact(plan, {}, {}, None, curated=False)["disproportionate_curation"].applies
    summary = _run(dataset, predictions="guess").summary
    manifest = {
        "stages": {"fairness": {"status": "done", "summary": dict(summary)}, "text_quality": {"status": "done"}},
        "roles": {"group": ["team"]},
    }
    report = build(manifest=manifest, dataset=dataset, findings=findings, plan=plan, ablation=None)
    effects = {(s.stage, s.effect, s.group): s for s in report.groups[0].stages}
    assert effects["text quality", "removed", "b"].rate.value == pytest.approx(150 / 480)
    assert {p.name for p in report.fairness.parity} >= {"demographic parity (selection rate)"}
    assert {e.clause for e in report.fairness.evidence} >= {"AI Act 10(2)(f)", "NIST MEASURE 2.11"}
    page = render_html(report)
    for said in ("stage by stage", "four-fifths rule", "What the data hold", "not measured", "no statement that any duty"):
        assert said.lower() in page.lower()


def test_trained_models_are_compared_by_group_in_the_report(tmp_path: Path) -> None:
    from audit.report.fairness_trained import trained_of
    from audit.report.safe import Previews
    from curate.ledger.findings import empty_findings

    rows = _rows()
    dataset = _load(tmp_path, rows, group="team")
    held = np.arange(0, 1200, 2) + (np.arange(600) % 2)
    for arm, column in (("raw", "guess"), ("curated", "label")):
        said = [rows[i][column] for i in held]
        right = [float(rows[i]["label"] == g) for i, g in zip(held, said, strict=True)]
        folder = tmp_path / "train" / arm / "0"
        folder.mkdir(parents=True)
        # Rows of a scrubbed evaluation stand beyond the data, and speak of no other people.
        scored = {"row": [*held, 1 << 40], "prediction": [*said, "y"], "score": [*right, 1.0]}
        pq.write_table(pa.table(scored), folder / "eval.parquet")
    ablation: dict[str, Any] = {
        "arms": [{"name": "raw", "title": "Raw data"}, {"name": "curated", "title": "Curated data"}]
    }
    told = trained_of(
        dataset, ablation, tmp_path, dataset.labels(), None, {}, Previews(dataset, empty_findings())
    )
    tpr = next(t for t in told if t.metric == "tpr")
    assert [c.arm for c in tpr.cells] == ["Raw data", "Curated data"]
    assert tpr.cells[0].outcome == "disparity"
    assert tpr.cells[1].difference.value == 0.0
    assert trained_of(dataset, None, tmp_path, dataset.labels(), None, {}, Previews(dataset, empty_findings())) == ()

    # A seed that an earlier ablation left beside them is none of this one's.
    stale = tmp_path / "train" / "curated" / "7"
    stale.mkdir()
    stale.joinpath("eval.parquet").write_bytes((tmp_path / "train" / "raw" / "0" / "eval.parquet").read_bytes())
    for arm in ablation["arms"]:
        arm["runs"] = [{"seed": 0, "status": "done"}]
    again = trained_of(
        dataset, ablation, tmp_path, dataset.labels(), None, {}, Previews(dataset, empty_findings())
    )
    assert again == told


def test_the_slice_in_which_the_model_is_worst_is_named(tmp_path: Path) -> None:
    found = _run(_load(tmp_path, _rows(bias=0.6), group=("team", "side")), predictions="guess").summary
    assert found["slices"]["in_words"][0].startswith("where team = b and label = y: wrong in")
    assert any("the model is worst where team = b" in note for note in found["notes"])
