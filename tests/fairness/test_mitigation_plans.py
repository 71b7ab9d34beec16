"""Mitigation through the ledger: proposals are worked out again for every plan, on text as the plan leaves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from audit.fairness.swaps import AXES as SWAPPED_AXES
from audit.stages.counterfactual_swaps import AXES
from curate.arms import training_sides
from curate.dataset import load
from curate.errors import ConfigError, StageSkipped
from curate.ledger.apply import Curated, apply
from curate.ledger.balance import Cells, reweighing
from curate.ledger.decisions import Journal, decide
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.keepers import RowFacts
from curate.ledger.resolve import Policy, StagePolicy, resolve
from curate.pipeline import Detected, detect
from curate.recipe import Recipe
from curate.stages.base import Context
from curate.stages.registry import get_stage
from train.ablation.split import heldout_split

WORDS = ["parcel", "refund", "invoice", "courier", "voucher", "printer", "kettle", "saddle", "lantern", "hammer", "cello"]


def rows_of(n: int, seed: int = 0, share: tuple[float, float] = (0.7, 0.3)) -> list[dict[str, Any]]:
    """Rows of two groups, `yes` so often in each, with texts that no other row has."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        group = "ab"[int(rng.random() < 0.4)]
        label = "yes" if rng.random() < share[group == "b"] else "no"
        words = " ".join(rng.choice(WORDS, 6))
        out.append({"text": f"{words} number {i}", "label": label, "group": group, "n": i})
    return out


def detected(folder: Path, rows: list[dict[str, Any]], stages: dict[str, Any], roles: Any = None) -> Detected:
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    known = {"text": "text", "label": "label", **({"group": "group"} if "group" in rows[0] else {}), **(roles or {})}
    recipe = Recipe.parse({
        "data": {"input": str(path), "task": "classification", "roles": known},
        "run": {"stages": list(stages), "threads": 1}, "stages": stages,
    })  # fmt: skip
    return detect(load(path, task="classification", roles=known), recipe)


def written(folder: Path, curated: Curated) -> list[dict[str, Any]]:
    curated.write(folder / "out.jsonl")
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


def by_cell(rows: list[dict[str, Any]]) -> np.ndarray:
    """`(2, 2)` weight of each group and label."""
    table = np.zeros((2, 2))
    for row in rows:
        table["ab".index(row["group"]), ["no", "yes"].index(row["label"])] += row.get("_weight", 1.0)
    return table


def test_the_weights_in_the_curated_file_make_group_and_label_independent(tmp_path: Path) -> None:
    found = detected(tmp_path, rows_of(300), {"mitigation": {"on_finding": "apply"}})
    table = by_cell(written(tmp_path, apply(found.dataset, found.resolve())))
    assert table * table.sum() == pytest.approx(np.outer(table.sum(1), table.sum(0)), rel=1e-4)


def test_weights_follow_from_the_rows_that_stay_and_the_labels_they_get(tmp_path: Path) -> None:
    rows = rows_of(200)
    found = detected(tmp_path, rows, {"mitigation": {"on_finding": "apply"}})
    ids, data = found.dataset.row_ids, found.dataset
    gone, renamed = list(range(0, 60, 2)), list(range(1, 60, 2))
    other = ["no" if rows[i]["label"] == "yes" else "yes" for i in renamed]
    more = [
        make_findings("quality", ids, row=gone, rule="r", action="drop", score=1.0, reason="because"),
        make_findings("labels", ids, row=renamed, rule="r", action="relabel", score=1.0, reason="because", field="label",
                      replacement=other),
    ]  # fmt: skip
    policy = Policy({name: StagePolicy("apply") for name in ("quality", "labels", "mitigation")})
    plan = resolve(concat_findings([*more, found.findings]), None, policy, facts=found.facts)
    out = written(tmp_path, apply(data, plan))
    table = by_cell(out)
    assert len(out) == 170
    assert table * table.sum() == pytest.approx(np.outer(table.sum(1), table.sum(0)), rel=1e-4)
    assert {row["_weight"] for row in out} != set(found.findings["value"].to_pylist())


def test_nothing_applies_by_itself(tmp_path: Path) -> None:
    found = detected(tmp_path, rows_of(300), {"mitigation": {"methods": ["reweighing", "resampling"]}})
    plan = found.resolve()
    assert plan.applied().num_rows == 0
    assert apply(found.dataset, plan).weights is None


def test_a_person_may_accept_one_weight_and_give_another(tmp_path: Path) -> None:
    found = detected(tmp_path, rows_of(300), {"mitigation": {}})
    weights = found.findings.filter(pc.equal(found.findings["action"].cast("string"), "reweight"))
    journal = Journal((
        decide(weights, [0], "accept", actor="ana"), decide(weights, [1], "override", value="0.25", actor="ana"),
    ))  # fmt: skip
    curated = apply(found.dataset, found.resolve(journal))
    assert curated.weights is not None
    assert curated.weights[weights["row"][1].as_py()] == 0.25
    assert curated.weights[weights["row"][0].as_py()] == pytest.approx(weights["value"][0].as_py(), abs=1e-6)
    assert np.count_nonzero(curated.weights != 1.0) == 2


def test_resampled_cells_have_the_size_that_independence_gives(tmp_path: Path) -> None:
    rows = rows_of(400)
    found = detected(tmp_path, rows, {"mitigation": {"methods": ["resampling"], "on_finding": "apply"}})
    table, before = by_cell(written(tmp_path, apply(found.dataset, found.resolve()))), by_cell(rows)
    assert table == pytest.approx(np.outer(before.sum(1), before.sum(0)) / before.sum(), abs=0.5001)


def test_a_surplus_that_other_stages_have_taken_away_is_not_taken_twice(tmp_path: Path) -> None:
    rows = rows_of(400)
    found = detected(tmp_path, rows, {"mitigation": {"methods": ["resampling"], "on_finding": "apply"}})
    fullest = [i for i, row in enumerate(rows) if (row["group"], row["label"]) == ("a", "yes")]
    drops = make_findings("quality", found.dataset.row_ids, row=fullest[:120], rule="r", action="drop", score=1, reason="x")
    policy = Policy({name: StagePolicy("apply") for name in ("quality", "mitigation")})
    plan = resolve(concat_findings([drops, found.findings]), None, policy, facts=found.facts)
    mine = plan.table.filter(pc.equal(plan.table["rule"].cast("string"), "surplus"))
    left = by_cell([row for i, row in enumerate(rows) if i not in set(fullest[:120])])
    table = by_cell(written(tmp_path, apply(found.dataset, plan)))
    assert "the group has no surplus of this label any more" in set(mine["why"].to_pylist())
    wanted = np.outer(left.sum(1), left.sum(0)) / left.sum()
    assert (table >= np.minimum(left, np.floor(wanted))).all()


def test_a_derived_row_holds_nothing_that_the_plan_took_out_of_its_parent(tmp_path: Path) -> None:
    rows = [
        {"text": "She wrote from anna.berg@example.com about her order.", "label": "yes"},
        {"text": "The parcel is late.", "label": "no"},
    ]
    stages = {"pii": {"on_finding": "apply"}, "mitigation": {"methods": ["counterfactual"], "on_finding": "apply"}}
    found = detected(tmp_path, rows, stages)
    out = written(tmp_path, apply(found.dataset, found.resolve()))
    assert len(out) == 3
    assert out[2] == {"text": "He wrote from [EMAIL] about his order.", "label": "yes"}


def test_a_derived_row_has_the_label_that_the_plan_gives_its_parent(tmp_path: Path) -> None:
    rows = [{"text": f"He sent number {i} back.", "label": "no"} for i in range(3)]
    found = detected(tmp_path, rows, {"mitigation": {"methods": ["counterfactual"], "on_finding": "apply"}})
    relabel = make_findings("labels", found.dataset.row_ids, row=[1], rule="r", action="relabel", score=1.0, reason="x",
                            field="label", replacement="yes")  # fmt: skip
    policy = Policy({name: StagePolicy("apply") for name in ("labels", "mitigation")})
    plan = resolve(concat_findings([relabel, found.findings]), None, policy, facts=found.facts)
    out = written(tmp_path, apply(found.dataset, plan))
    assert [row["label"] for row in out] == ["no", "yes", "no", "no", "yes", "no"]
    assert out[4]["text"] == "She sent number 1 back."


def test_a_swap_whose_words_another_edit_changes_is_superseded(tmp_path: Path) -> None:
    found = detected(tmp_path, [{"text": "He is late.", "label": "x"}, {"text": "Nothing here.", "label": "y"}],
                     {"mitigation": {"methods": ["counterfactual"], "on_finding": "apply"}})  # fmt: skip
    edit = make_findings("pii", found.dataset.row_ids, row=[0], rule="r", action="replace", score=1.0, reason="x",
                         field="text", start=0, end=5, replacement="[X]")  # fmt: skip
    policy = Policy({name: StagePolicy("apply") for name in ("pii", "mitigation")})
    plan = resolve(concat_findings([edit, found.findings]), None, policy, facts=found.facts)
    assert [row["text"] for row in written(tmp_path, apply(found.dataset, plan))] == ["[X] late.", "Nothing here."]
    assert "another edit changes the same words of its parent" in plan.table["why"].to_pylist()


def test_conversations_are_swapped_in_every_turn(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    asked, said = "My sister lost her keys.", "Where did she last see them?"
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    path.write_text(json.dumps({"messages": turns, "id": 1}) + "\n" + json.dumps({"messages": turns[:1], "id": 2}) + "\n")
    recipe = Recipe.parse({"data": {"input": str(path)}, "run": {"stages": ["mitigation"]},
                           "stages": {"mitigation": {"methods": ["counterfactual"], "on_finding": "apply"}}})  # fmt: skip
    found = detect(load(path), recipe)
    curated = apply(found.dataset, found.resolve())
    new = written(tmp_path, curated)[2]["messages"]
    assert [turn["content"] for turn in new] == ["My brother lost his keys.", "Where did he last see them?"]
    assert curated.with_added().content().to_pylist()[2] == "My brother lost his keys.\nWhere did he last see them?"


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_added_rows_and_weights_are_written_in_every_format(tmp_path: Path, suffix: str) -> None:
    rows = [{**row, "text": f"She said {row['text']}"} for row in rows_of(120)]
    path, out = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    frame = pl.DataFrame(rows)
    path.write_text(json.dumps(rows)) if suffix == "json" else getattr(frame, f"write_{suffix}")(path)
    roles = {"text": "text", "label": "label", "group": "group"}
    methods = {"methods": ["reweighing", "counterfactual"], "on_finding": "apply"}
    recipe = Recipe.parse({"data": {"input": str(path), "roles": roles}, "run": {"stages": ["mitigation"]},
                           "stages": {"mitigation": methods}})  # fmt: skip
    found = detect(load(path, roles=roles), recipe)
    curated = apply(found.dataset, found.resolve())
    curated.write(out)
    again = load(out, roles={**roles, "weight": "_weight"})
    assert again.n_rows == 240
    assert again.content().to_pylist()[120:] == [row["text"].replace("She", "He", 1) for row in rows]
    weights = again.weights()
    assert weights is not None
    assert weights == pytest.approx(curated.training_weights())
    assert (weights[120:] == 1).all()


def test_training_sees_weights_and_added_rows_and_they_stay_on_their_parents_side(tmp_path: Path) -> None:
    rows = [{**row, "text": f"She said {row['text']}"} for row in rows_of(200)]
    found = detected(tmp_path, rows, {"mitigation": {"methods": ["reweighing", "counterfactual"], "on_finding": "apply"}})
    curated = apply(found.dataset, found.resolve())
    held = heldout_split(found.dataset, found.clusters(), 0, 0.2)
    raw, cured, evaluation, _ = training_sides(found, curated, held)
    assert raw.weights is None
    assert len(cured) == 2 * len(raw)
    assert cured.weights is not None
    assert len(set(cured.weights[: len(raw)].round(6))) == 4
    assert not {t.replace("He", "She", 1) for t in cured.texts if t.startswith("He")} & set(evaluation.texts)


def test_weights_that_come_with_the_data_are_counted_and_trained_on(tmp_path: Path) -> None:
    rows = [{**row, "w": 1.0 + i % 3} for i, row in enumerate(rows_of(200))]
    found = detected(tmp_path, rows, {"mitigation": {"on_finding": "apply"}}, {"weight": "w"})
    curated = apply(found.dataset, found.resolve())
    known = (("group", "b"), ("label", "yes"))
    group, label = (np.array([row[key] == one for row in rows], np.int64) for key, one in known)
    assert curated.weights == pytest.approx(reweighing(group, label, np.array([row["w"] for row in rows])), abs=1e-6)
    raw, _, _, _ = training_sides(found, curated, heldout_split(found.dataset, found.clusters(), 0, 0.2))
    assert set(raw.weights) == {1.0, 2.0, 3.0}


def test_bad_weights_groups_and_settings_have_a_stated_outcome(tmp_path: Path) -> None:
    def skipped(rows: list[dict[str, Any]], roles: dict[str, str] | None = None, **settings: Any) -> str:
        found = detected(tmp_path, rows, {"mitigation": settings}, roles)
        return found.outcomes["mitigation"].reason

    rows = rows_of(100)
    assert "sum to zero" in skipped([{**row, "w": 0} for row in rows], {"weight": "w"})
    assert "fewer than two groups" in skipped([{**row, "group": "a"} for row in rows])
    assert "does not have the group role" in skipped(rows, columns=["n"])
    assert "more than a thousand values" in skipped([{**row, "group": f"g{i}"} for i, row in enumerate(rows_of(1001))])
    assert "group role" in skipped([{"text": row["text"], "label": row["label"]} for row in rows])
    with pytest.raises(ConfigError, match="no method 'weighing'"):
        detected(tmp_path, rows, {"mitigation": {"methods": ["weighing"]}})
    with pytest.raises(ConfigError, match="no axis 'hair'"):
        detected(tmp_path, rows, {"mitigation": {"axes": ["hair"]}})


def test_a_group_that_is_too_small_keeps_its_weight_and_is_said_to_be(tmp_path: Path) -> None:
    rows = [*rows_of(200), *({"text": f"tiny {i}", "label": "yes", "group": "c", "n": i} for i in range(4))]
    found = detected(tmp_path, rows, {"mitigation": {"on_finding": "apply"}})
    curated = apply(found.dataset, found.resolve())
    flags = found.findings.filter(pc.equal(found.findings["rule"].cast("string"), "collect_group"))
    assert curated.weights is not None
    assert (curated.weights[200:] == 1).all()
    assert json.loads(flags["evidence"][0].as_py())["more_rows"] == 26


def test_evaluation_rows_are_neither_weighed_nor_copied(tmp_path: Path) -> None:
    rows = [{**row, "text": f"he {row['text']}"} for row in rows_of(300)]
    rows = [{**row, "split": "test" if i % 4 == 0 else "train"} for i, row in enumerate(rows)]
    methods = ["reweighing", "resampling", "counterfactual"]
    found = detected(tmp_path, rows, {"mitigation": {"methods": methods}}, {"split": "split"})
    touched = {row for row in found.findings["row"].to_pylist() if row is not None}
    assert touched
    assert all(rows[row]["split"] == "train" for row in touched)


def test_axes_of_the_recipe_are_those_of_the_engine() -> None:
    assert AXES == SWAPPED_AXES


def test_a_plan_whose_remaining_weights_are_zero_keeps_what_was_proposed() -> None:
    own = np.array([1.0, 1.0, 0.0, 0.0])
    cells = Cells(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), ("n", "y"), "label", weight=own)
    facts = RowFacts(4, np.arange(4), np.full(4, 3, np.int8), np.zeros(4, np.int32), cells)
    ids = pa.array([bytes([i]) * 16 for i in range(4)], pa.binary(16))
    found = concat_findings([
        make_findings("mitigation", ids, row=[2, 3], rule="reweighing", action="reweight", score=0, reason="x",
                      value=[0.5, 2.0]),
        make_findings("quality", ids, row=[0, 1], rule="r", action="drop", score=1, reason="x"),
    ])  # fmt: skip
    plan = resolve(found, None, Policy({n: StagePolicy("apply") for n in ("mitigation", "quality")}), facts=facts)
    assert plan.applied("reweight")["value"].to_pylist() == [0.5, 2.0]


def test_without_text_there_is_nothing_to_swap(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(30)))
    stage = get_stage("mitigation")
    with pytest.raises(StageSkipped, match="no column holds text"):
        stage.detect(load(path, roles={"label": "y"}), stage.config(methods=("counterfactual",)), Context())
