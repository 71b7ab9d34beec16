"""The label and fairness stages over real files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import curate
from audit.stages.fairness import STAGE as FAIRNESS
from curate.dataset import Dataset, Roles, load
from curate.errors import Cancelled, StageSkipped
from curate.recipe import Recipe
from curate.stages.base import Context, Detection, Stage
from curate.stages.label_issues import STAGE as LABEL_ISSUES
from curate.stages.label_names import STAGE as LABEL_NAMES

SAMPLE = Path(__file__).parents[2] / "sample_data"


def _load(tmp_path: Path, rows: list[dict[str, Any]], **roles: str) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    named = {"text": "text", "label": "label", **roles}
    return load(path, roles=Roles(**{k: (v,) for k, v in named.items() if v}), task="classification")


def _rows(n: int, k: int = 4, wrong: int = 0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    out = []
    for i in range(n):
        c = int(rng.integers(0, k))
        words = [f"topic{c}x{j}" for j in rng.integers(0, 10, 3)] + [f"w{j}" for j in rng.integers(0, 200, 6)]
        given = (c + 1 + int(rng.integers(0, k - 1))) % k if i < wrong else c
        out.append({"text": " ".join(words), "label": f"class {given}", "true": f"class {c}", "team": "ab"[i % 2]})
    return out


def _run(stage: Stage, dataset: Dataset, hints: dict[str, Any] | None = None, **config: Any) -> Detection:
    return stage.detect(dataset, stage.config(**config), Context(seed=0, threads=2, hints=hints or {}))


def test_planted_wrong_labels_get_relabel_findings_with_the_right_label(tmp_path: Path) -> None:
    rows = _rows(1500, wrong=100)
    detection = _run(LABEL_ISSUES, _load(tmp_path, rows))
    found = detection.findings.to_pylist()
    likely = [f for f in found if f["rule"] == "likely_wrong"]
    assert {f["action"] for f in likely} == {"relabel"}
    assert np.mean([f["row"] < 100 for f in likely]) >= 0.85
    assert len({f["row"] for f in likely if f["row"] < 100}) >= 50
    assert np.mean([f["replacement"] == rows[f["row"]]["true"] for f in likely if f["row"] < 100]) > 0.9
    assert all(f["replacement"] is None and f["action"] == "flag" for f in found if f["rule"] == "ambiguous")
    evidence = json.loads(likely[0]["evidence"])
    assert {"top", "suggested_probability", "neighbours", "cleanlab_quality"} <= set(evidence)
    assert detection.scores is not None
    assert detection.scores["row"].to_pylist() == list(range(1500))


def test_the_suggestion_is_a_spelling_of_the_hint_and_unlabelled_rows_are_left_alone(tmp_path: Path) -> None:
    rows = _rows(600, wrong=40)
    for row in rows[500:520]:
        row["label"] = row["label"].upper()
    for row in rows[520:530]:
        row["label"] = None
    dataset = _load(tmp_path, rows)
    canonical = _run(LABEL_NAMES, dataset).hints["canonical"]
    detection = _run(LABEL_ISSUES, dataset, {"label_names.canonical": canonical})
    suggested = set(detection.findings["replacement"].to_pylist()) - {None}
    assert suggested <= {f"class {i}" for i in range(4)}
    assert detection.summary["classes"] == 4
    assert detection.summary["rows_not_judged"]["without_label"] == 10
    assert not set(range(520, 530)) & set(detection.scores["row"].to_pylist())  # type: ignore[index]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([{"text": f"t {i}", "label": "one"} for i in range(50)], "same label"),
        ([{"text": f"t {i}", "label": f"id-{i}"} for i in range(50)], "reads like an id"),
        ([{"text": f"t {i}", "label": "ab"[i % 2]} for i in range(6)], "at least 20"),
        ([{"text": f"t {i}", "label": "b" if i == 0 else "a"} for i in range(50)], "two classes"),
        ([{"text": " ", "label": "ab"[i % 2]} for i in range(50)], "no text"),
        ([{"text": f"t {i}", "label": None} for i in range(50)], "rows with a label: 0"),
    ],
)
def test_labels_that_cannot_be_judged_are_skipped_with_a_plain_reason(
    tmp_path: Path, rows: list[dict[str, Any]], reason: str
) -> None:
    with pytest.raises(StageSkipped, match=reason):
        _run(LABEL_ISSUES, _load(tmp_path, rows))


def test_one_cluster_of_near_duplicates_is_skipped_not_judged_from_itself(tmp_path: Path) -> None:
    dataset = _load(tmp_path, _rows(60))
    with pytest.raises(StageSkipped, match="near-duplicates"):
        _run(LABEL_ISSUES, dataset, {"near_duplicates.cluster": np.zeros(60, np.int64)})


@pytest.mark.parametrize("kind", [int, float, bool])
def test_labels_that_are_not_strings_are_judged(tmp_path: Path, kind: type) -> None:
    rows = _rows(300, k=2, wrong=15)
    for row in rows:
        row["label"] = kind(int(row["label"][-1]))
    found = _run(LABEL_ISSUES, _load(tmp_path, rows)).findings
    spelled = set(_load(tmp_path, rows).labels().to_pylist())  # type: ignore[union-attr]
    assert set(found["replacement"].to_pylist()) - {None} <= spelled
    assert found.num_rows > 0


def test_the_same_input_gives_the_same_findings_at_any_number_of_threads(tmp_path: Path) -> None:
    dataset = _load(tmp_path, _rows(500, wrong=30))
    one, two = (
        LABEL_ISSUES.detect(dataset, LABEL_ISSUES.config(), Context(seed=0, threads=threads)) for threads in (1, 2)
    )
    assert one.findings.equals(two.findings)
    assert one.scores.equals(two.scores)  # type: ignore[union-attr]


def test_judging_labels_tells_of_every_fold_of_the_models(tmp_path: Path) -> None:
    told: list[float] = []
    context = Context(seed=0, threads=2, progress=lambda done, total: told.append(done / total))
    LABEL_ISSUES.detect(_load(tmp_path, _rows(300)), LABEL_ISSUES.config(), context)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert max(np.diff(told)) <= 0.2 + 1e-9


@pytest.mark.parametrize("step", [1, 10, 30])
def test_judging_labels_stops_where_it_is_told_to(tmp_path: Path, step: int) -> None:
    told: list[int] = []
    context = Context(
        seed=0, threads=2, progress=lambda done, _: told.append(done), cancelled=lambda: len(told) == step
    )
    with pytest.raises(Cancelled):
        LABEL_ISSUES.detect(_load(tmp_path, _rows(300)), LABEL_ISSUES.config(), context)
    assert len(told) == step


def test_spellings_become_relabel_findings_and_a_hint_for_every_row(tmp_path: Path) -> None:
    rows = [{"text": "x", "label": "refund_request"} for _ in range(100)]
    rows += [{"text": "x", "label": v} for v in ("Refund Request", "refnd_request", "card_1", "card_2")]
    rows += [{"text": "x", "label": None}]
    detection = _run(LABEL_NAMES, _load(tmp_path, rows))
    found = {f["row"]: f for f in detection.findings.to_pylist()}
    assert set(found) == {100, 101}
    assert (found[100]["rule"], found[100]["score"], found[100]["replacement"]) == ("fingerprint", 1.0, "refund_request")
    assert found[101]["rule"] == "edit_distance"
    assert found[101]["score"] < 0.9
    hint = detection.hints["canonical"].to_pylist()
    assert hint[100:] == ["refund_request", "refnd_request", "card_1", "card_2", None]


def test_fairness_flags_the_group_that_a_model_fails_and_the_group_too_small_to_judge(tmp_path: Path) -> None:
    rows = _rows(2000)
    rng = np.random.default_rng(1)
    for i, row in enumerate(rows):
        if row["team"] == "b" and rng.random() < 0.4:
            row["label"] = f"class {rng.integers(0, 4)}"
        if i < 3:
            row["team"] = "tiny"
    detection = _run(FAIRNESS, _load(tmp_path, rows, group="team"), bootstrap_draws=200)
    found = detection.findings.to_pylist()
    assert len({f["finding_id"] for f in found}) == len(found)
    assert all(f["row"] is None and f["action"] == "flag" for f in found)
    assert any(f["rule"] == "disparity" and f["field"] == "team/b/accuracy" for f in found)
    tiny = [f for f in found if f["field"] == "team/tiny/all"]
    assert [f["rule"] for f in tiny] == ["insufficient_evidence"]
    assert json.loads(tiny[0]["evidence"])["rows_needed"] > 3
    json.dumps(detection.summary, allow_nan=False)


def test_labels_with_personal_data_stand_in_the_replacement_only(tmp_path: Path) -> None:
    rows = _rows(600, wrong=40)
    for row in rows:
        row["label"] = row["label"].replace("class 3", "bob@example.com").replace("class 2", "ann@example.com")
    dataset = _load(tmp_path, rows)
    detection = _run(LABEL_ISSUES, dataset)
    told = detection.findings.drop_columns(["replacement"]).to_pylist()
    evidence = "".join(f["evidence"] for f in told)
    assert "[EMAIL] (2)" in evidence
    assert '"class 1"' in evidence
    assert "@example" not in str(told) + str(detection.summary)
    assert "bob@example.com" in detection.findings["replacement"].to_pylist()
    for row in rows[:5]:
        row["label"] = "BOB@example.com"
    names = _run(LABEL_NAMES, _load(tmp_path, rows))
    assert {"bob@example.com"} <= set(names.findings["replacement"].to_pylist())
    assert names.summary["merged"]
    assert "@" not in json.dumps(names.summary).replace("[EMAIL]", "")


def test_fairness_shows_no_group_or_label_with_personal_data_and_its_numbers_stay(tmp_path: Path) -> None:
    plain = _rows(600, k=2)
    hidden = [
        {**r, "label": {"class 0": "class 0", "class 1": "a@example.com"}[r["label"]], "team": f"{r['team']}@example.com"}
        for r in plain
    ]
    before = _run(FAIRNESS, _load(tmp_path, plain, group="team"), bootstrap_draws=200, positive="class 1")
    after = _run(FAIRNESS, _load(tmp_path, hidden, group="team"), bootstrap_draws=200, positive="a@example.com")
    assert "@" not in json.dumps(after.summary) + str(after.findings.to_pylist())
    assert {c["group"] for c in after.summary["checks"]} <= {"[EMAIL]", "[EMAIL] (2)"}
    assert [g["value"] for g in after.summary["groups"]] == [g["value"] for g in before.summary["groups"]]
    assert len(set(after.findings["finding_id"].to_pylist())) == after.findings.num_rows
    two = _run(FAIRNESS, _load(tmp_path, hidden, group="team"), bootstrap_draws=200)
    assert two.summary["positive"] == "class 0"  # the later of the labels as they are, not as they are shown


def test_fairness_without_text_audits_the_labels_only(tmp_path: Path) -> None:
    rows = [{"label": str(int(i % 3 == 0 or i % 2)), "team": "ab"[i % 2]} for i in range(600)]
    detection = _run(FAIRNESS, _load(tmp_path, rows, text="", group="team"), bootstrap_draws=200)
    assert {c["metric"] for c in detection.summary["checks"]} == {"base_rate"}
    assert detection.summary["checks"][0]["outcome"] == "disparity"
    assert "only the labels" in detection.summary["notes"][0]


def test_fairness_is_skipped_without_a_group_and_looks_at_the_data_alone_without_a_label(tmp_path: Path) -> None:
    with pytest.raises(StageSkipped, match="group role"):
        _run(FAIRNESS, _load(tmp_path, _rows(50)))
    rows = [{"text": f"some words {i} about nothing", "team": "ab"[i % 2]} for i in range(50)]
    unlabelled = _run(FAIRNESS, _load(tmp_path, rows, label="", group="team")).summary
    assert unlabelled["audited"] == "data"
    assert unlabelled["checks"] == []
    assert "label role" in unlabelled["notes"][0]


def test_importing_the_stages_imports_none_of_the_heavy_libraries() -> None:
    code = (
        "import sys, curate.stages.label_issues, curate.stages.label_names, audit.stages.fairness\n"
        "print([m for m in ('sklearn', 'cleanlab', 'fairlearn', 'pandas', 'numba', 'scipy') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert out.stdout.strip() == "[]"


@pytest.mark.skipif(not (SAMPLE / "support_tickets.truth.jsonl").exists(), reason="needs the sample data")
def test_likely_wrong_is_precise_on_the_sample_tickets() -> None:
    dataset = load(SAMPLE / "support_tickets.jsonl")
    truth = [json.loads(line) for line in (SAMPLE / "support_tickets.truth.jsonl").open()]
    wrong = {t["row"] for t in truth if t["kind"] == "wrong_label"}
    canonical = _run(LABEL_NAMES, dataset).hints["canonical"]
    found = _run(LABEL_ISSUES, dataset, {"label_names.canonical": canonical}).findings.to_pylist()
    likely = {f["row"] for f in found if f["rule"] == "likely_wrong"}
    assert len(likely & wrong) / len(likely) >= 0.85
    assert len(likely & wrong) / len(wrong) >= 0.5


def test_a_label_column_with_a_slash_in_its_name_is_corrected_where_it_stands(tmp_path: Path) -> None:
    labels = ["Spam" if i == 3 else ("spam", "ham")[i % 2] for i in range(40)]
    rows = [{"text": f"message number {i} about the {i % 7}th thing", "spam/ham": label, "spam": {"ham": "kept"}}
            for i, label in enumerate(labels)]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    data = curate.load(str(path), roles={"text": "text", "label": "spam/ham"})
    found = curate.detect(data, Recipe().with_(stages=["label_names"]))
    curate.apply(data, found.resolve()).write(tmp_path / "out.jsonl")
    out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["spam/ham"] for row in out] == [label.lower() for label in labels]
    assert all(row["spam"] == {"ham": "kept"} for row in out)


def test_fairness_that_is_judged_again_beside_kept_duplicates_is_what_it_was(tmp_path: Path) -> None:
    path, run = tmp_path / "rows.jsonl", tmp_path / "run"
    rng = np.random.default_rng(1)
    rows = [
        {"text": f"The {who} asked for w{rng.integers(900)} w{rng.integers(900)} w{i}.", "label": f"class {i % 2}"}
        for i, who in enumerate(["woman", "man", "clerk"] * 60)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows + rows[:3]))
    recipe = Recipe().with_(input=str(path), stages=["near_duplicates", "fairness"])
    curate.run(recipe, train=False, out=run)
    kept = run / "findings" / "fairness.parquet"
    before = kept.read_bytes()
    kept.unlink()
    curate.run(recipe, train=False, out=run)
    assert kept.read_bytes() == before
