"""The planted biased group of the sample data: found, mitigated, and measured again on answers that nobody touched."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audit.fairness import audit_groups
from curate.dataset import load
from curate.labels.features import text_features
from curate.labels.folds import grouped_stratified_folds
from curate.labels.learners import softmax_scores
from curate.labels.probabilities import one_hot
from curate.ledger.apply import Curated, apply
from curate.pipeline import Detected, detect
from curate.recipe import Recipe
from curate.workflow import run

SAMPLE = Path(__file__).parents[2] / "sample_data"
PLANTED = "marketplace_seller"
SETTINGS = {"near_duplicates": {"measure": False}, "label_issues": {"auto": 0.6}}


@pytest.fixture(scope="module")
def found() -> Detected:
    path = str(SAMPLE / "support_tickets.jsonl")
    stages = ["near_duplicates", "label_names", "label_issues"]
    recipe = Recipe.parse({"data": {"input": path}, "run": {"stages": stages}, "stages": SETTINGS})
    return detect(load(path), recipe)


def _truth(found: Detected) -> np.ndarray:
    """The label that each row was written for, whatever was planted since."""
    labels = np.array(found.canonical_labels().to_pylist(), object)  # type: ignore[union-attr]
    for line in (SAMPLE / "support_tickets.truth.jsonl").read_text().splitlines():
        item = json.loads(line)
        if item["kind"] == "wrong_label":
            labels[item["row"]] = item["true"]
    return labels


def _wrong_by_group(found: Detected, curated: Curated) -> dict[str, float]:
    """Share of wrong labels among the training rows of each group."""
    data = curated.dataset()
    truth = _truth(found)[curated.rows]
    labels = np.array(data.labels().to_pylist(), object)  # type: ignore[union-attr]
    train = np.array(data.splits().to_pylist(), object) == "train"  # type: ignore[union-attr]
    group = np.array(data.groups()["customer_group"].to_pylist(), object)
    return {g: float((labels != truth)[train & (group == g)].mean()) for g in set(group) - {"beta_pilot"}}


def _spelled(found: Detected) -> Curated:
    """The raw rows with label spellings unified and nothing else done."""
    only = found.recipe.policy()
    policy = type(only)({"label_names": only.stages["label_names"]})
    return apply(found.dataset, found.resolve(policy=policy))


def _held_out_accuracy(found: Detected, curated: Curated) -> dict[str, float]:
    """Accuracy on the right labels of the test rows, by group, of a model of the curated training rows."""
    raw, data = found.dataset, curated.dataset()
    truth, names = _truth(found), sorted(set(_truth(found)) - {None})
    test = np.flatnonzero(np.array(raw.splits().to_pylist(), object) == "test")  # type: ignore[union-attr]
    train = np.flatnonzero(np.array(data.splits().to_pylist(), object) == "train")  # type: ignore[union-attr]
    texts = [*data.content().take(pa.array(train)).to_pylist(), *raw.content().take(pa.array(test)).to_pylist()]
    labels = [*np.array(data.labels().to_pylist(), object)[train], *truth[test]]  # type: ignore[union-attr]
    codes = np.array([names.index(label) for label in labels])
    side = np.where(np.arange(len(texts)) < len(train), -1, 0).astype(np.int8)  # rows of fold 0 are judged, not trained on
    guess = softmax_scores(text_features(texts).weighted, one_hot(codes, len(names)), side, seed=0).argmax(axis=1)
    hit = (guess == codes)[len(train) :]
    group = np.array(raw.groups()["customer_group"].to_pylist(), object)[test]
    return {g: float(hit[group == g].mean()) for g in set(group)} | {"all": float(hit.mean())}


def test_the_planted_group_is_found_by_a_model_that_did_not_see_the_rows(found: Detected) -> None:
    raw = found.dataset
    canonical = found.canonical_labels()
    assert canonical is not None
    codes = canonical.dictionary_encode().indices.to_numpy().astype(np.int64)
    names = canonical.dictionary_encode().dictionary
    folds = grouped_stratified_folds(codes, np.asarray(found.clusters()), 5, 0)
    scores = softmax_scores(text_features(raw.content()).weighted, one_hot(codes, len(names)), folds, seed=0)
    audit = audit_groups(canonical, names.take(pa.array(scores.argmax(axis=1))), raw.groups(), n_boot=300)
    (check,) = [c for c in audit.to_json()["checks"] if (c["group"], c["metric"]) == (PLANTED, "accuracy")]
    assert check["outcome"] == "disparity"
    assert check["value"] < -0.05


def test_mitigated_and_measured_again_the_group_is_close_to_the_others(found: Detected) -> None:
    before, after = _wrong_by_group(found, _spelled(found)), _wrong_by_group(found, apply(found.dataset, found.resolve()))
    others = [g for g in before if g != PLANTED]
    gap = {k: w[PLANTED] - np.mean([w[g] for g in others]) for k, w in (("before", before), ("after", after))}
    assert before[PLANTED] > 0.15
    assert gap["after"] < 0.4 * gap["before"]
    assert all(after[g] < before[g] for g in before)


def test_what_was_done_for_the_group_helps_it_on_rows_that_nobody_touched(found: Detected) -> None:
    arms = (_spelled(found), apply(found.dataset, found.resolve()))
    raw, cured = (_held_out_accuracy(found, arm) for arm in arms)
    assert cured[PLANTED] > raw[PLANTED]
    assert cured["all"] > raw["all"]
    assert cured["personal"] - cured[PLANTED] < raw["personal"] - raw[PLANTED]


def _sentences(n: int = 300) -> list[dict[str, Any]]:
    """Complaints whose label depends on who complains."""
    rng = np.random.default_rng(0)
    things = ["kettle", "saddle", "lantern", "cushion", "hammer", "ribbon", "cello", "printer", "bicycle", "wardrobe"]
    rows = []
    for i in range(n):
        woman = bool(rng.random() < 0.5)
        who = ("She", "her") if woman else ("He", "his")
        label = "refuse" if rng.random() < (0.9 if woman else 0.1) else "refund"
        thing, other = rng.choice(things, 2, replace=False)
        rows.append({"text": f"{who[0]} returned {who[1]} {thing} and the {other}, case {i}", "label": label, "id": i})
    return rows


def test_a_model_of_labels_that_depend_on_gender_is_caught_and_the_pairs_are_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in _sentences()))
    recipe = Recipe.parse({
        "data": {"input": str(path), "task": "classification", "roles": {"text": "text", "label": "label"}},
        "run": {"stages": ["counterfactual_swaps"]},
    })  # fmt: skip
    result = run(recipe, out=tmp_path / "run", train=False)
    flags = result.detected.findings.filter(pc.equal(result.detected.findings["rule"].cast("string"), "answers_change"))
    assert flags["field"].cast("string").to_pylist() == ["gender"]
    assert json.loads(flags["evidence"][0].as_py())["flip_low"] > 0.3
    effects = result.detected.outcomes["counterfactual_swaps"].detection.summary["effects"]
    shift = {e["before"]: e["shift"] for e in effects if e["axis"] == "gender"}
    assert shift["female"] < -0.1 < 0.1 < shift["male"]
    pairs = [json.loads(line) for line in (tmp_path / "run" / "swaps.jsonl").read_text().splitlines()]
    assert pairs[0]["flipped"]
    assert {pairs[0]["given"].split()[0], pairs[0]["swapped"].split()[0]} == {"She", "He"}
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert not any(row["text"] in (tmp_path / "run" / "report.html").read_text() for row in _sentences()[:20])
    again = run(recipe, out=tmp_path / "again", train=False)
    assert (again.run.path / "swaps.jsonl").read_bytes() == (tmp_path / "run" / "swaps.jsonl").read_bytes()


def test_counterfactual_rows_take_the_dependence_on_gender_away(tmp_path: Path) -> None:
    def flips(rows: list[dict[str, Any]]) -> float:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        roles = {"text": "text", "label": "label"}
        data = {"input": str(path), "task": "classification", "roles": roles}
        recipe = Recipe.parse({"data": data, "run": {"stages": ["counterfactual_swaps"]}})
        swapped = detect(load(path, task="classification", roles=roles), recipe).outcomes["counterfactual_swaps"]
        return float(swapped.detection.summary["effects"][0]["flip_rate"])

    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in _sentences()))
    roles = {"text": "text", "label": "label"}
    recipe = Recipe.parse({
        "data": {"input": str(path), "task": "classification", "roles": roles}, "run": {"stages": ["mitigation"]},
        "stages": {"mitigation": {"methods": ["counterfactual"], "on_finding": "apply"}},
    })  # fmt: skip
    detected = detect(load(path, task="classification", roles=roles), recipe)
    curated = apply(detected.dataset, detected.resolve())
    rows = [{"text": t, "label": y, "id": i} for i, (t, y) in enumerate(
        zip(curated.with_added().content().to_pylist(), curated.with_added().labels().to_pylist())  # type: ignore[union-attr]
    )]  # fmt: skip
    assert len(rows) == 600
    assert flips(rows) < 0.5 * flips(_sentences())


def test_data_that_speaks_of_nobody_skips_the_stage_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = [{"text": f"the parcel number {i} is late again", "label": "ab"[i % 2]} for i in range(60)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = Recipe.parse({"data": {"input": str(path)}, "run": {"stages": ["counterfactual_swaps"]}})
    outcome = detect(load(path), recipe).outcomes["counterfactual_swaps"]
    assert (outcome.status, outcome.reason) == ("skipped", "no text names anything that can be swapped")
