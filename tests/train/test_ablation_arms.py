"""Arms as plans: subsets of stages, random controls that match, the frozen evaluation, and a whole ablation by stage."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from tiny_base import make_tickets

from curate import workflow
from curate.arms.ablate import Asked, control_rows, stage_arms, training_sides
from curate.arms.evaluation import VARIANT_IDS, evaluation_of, held_out, together
from curate.arms.plans import ArmPlans
from curate.dataset import load
from curate.errors import ConfigError
from curate.ledger.decisions import Journal, decide
from curate.pipeline import Detected, detect
from curate.recipe import Recipe
from curate.rundir import RunDir
from train.ablation.arms import random_control_rows, strata
from train.ablation.evaluation import LEAKED, PRIMARY, VARIANT
from train.ablation.schema import json_schema
from train.config import TrainConfig

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "ablation.schema.json"
STAGES = ["exact_duplicates", "near_duplicates", "pii", "label_issues"]


def rows() -> list[dict[str, Any]]:
    """Tickets of which a quarter are labelled wrong; copies, e-mail addresses, and test rows that leak into training."""
    tickets = make_tickets(240, seed=3)
    names = sorted(set(tickets.labels))
    out = []
    for i, (text, label) in enumerate(zip(tickets.texts, tickets.labels, strict=True)):
        split = "test" if i >= 160 else "train"
        wrong = split == "train" and i % 4 == 0
        given = names[(names.index(label) + 1) % 3] if wrong else label
        text = f"{text} ref {i}" + (f" mail anna{i}@example.org" if i % 8 == 0 else "")
        out.append({"text": text, "label": given, "clean": label, "split": split, "author": f"a{i % 60}"})
    copies = [{**out[i], "author": "copier"} for i in range(1, 13)]
    leaks = [{**out[160 + i], "split": "train", "author": "copier"} for i in range(10)]
    return [*out, *copies, *leaks]


def found(tmp_path: Path, given: list[dict[str, Any]] | None = None, **ablation: Any) -> Detected:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in given or rows()))
    roles = {"text": "text", "label": "label", "split": "split"}
    recipe = Recipe.parse(
        {
            "data": {"input": str(path), "roles": roles, "task": "classification"},
            "run": {"stages": STAGES},
            "stages": {"label_issues": {"on_finding": "apply"}},
            "ablation": ablation,
        }
    )
    return detect(load(path, roles=recipe.data.roles, task="classification"), recipe)


@pytest.fixture(scope="module")
def detected(tmp_path_factory: pytest.TempPathFactory) -> Detected:
    return found(tmp_path_factory.mktemp("arms"))


@pytest.fixture(scope="module")
def plans(detected: Detected) -> ArmPlans:
    held = held_out(detected, together(detected))
    return ArmPlans(detected, Journal(), held.train_rows)


def test_a_subset_is_resolve_with_the_findings_of_its_stages(detected: Detected, plans: ArmPlans) -> None:
    whole = plans.of(STAGES)
    assert whole.rows.tolist() == detected.resolve().kept_rows.tolist()
    nothing = plans.of(())
    assert len(nothing.rows) == detected.dataset.n_rows
    assert not nothing.edits
    only = plans.of(("pii",))
    assert len(only.rows) == detected.dataset.n_rows
    assert set(only.plan.table["stage"].unique().to_pylist()) == {"pii"}
    without = plans.of([s for s in STAGES if s != "pii"])
    assert "pii" not in without.plan.table["stage"].unique().to_pylist()


def test_stages_that_change_no_training_row_are_no_arm(plans: ArmPlans) -> None:
    assert plans.effective() == ("exact_duplicates", "pii", "label_issues")


def test_the_control_of_a_dropping_stage_matches_it_in_count_class_and_length(plans: ArmPlans, detected: Detected) -> None:
    stage = plans.of(("exact_duplicates",)).plan
    control = plans.control("exact_duplicates", seed=1).plan
    labels = detected.dataset.labels().to_pylist()
    lengths = [len(text or "") for text in detected.dataset.content().to_pylist()]
    gone, drawn = (np.flatnonzero(plan.dropped) for plan in (stage, control))
    train = set(plans.rows.tolist())
    assert set(drawn.tolist()) <= train, "evaluation rows are never touched"
    gone = [row for row in gone.tolist() if row in train]
    assert len(drawn) == len(gone) > 0
    assert Counter(labels[row] for row in drawn) == Counter(labels[row] for row in gone)
    assert abs(sum(lengths[row] for row in drawn) / sum(lengths[row] for row in gone) - 1) < 0.15
    again, other = plans.control("exact_duplicates", seed=1).plan, plans.control("exact_duplicates", seed=2).plan
    assert np.array_equal(again.dropped, control.dropped)
    assert not np.array_equal(other.dropped, control.dropped)


def test_the_control_of_an_editing_stage_replaces_as_many_spans_as_long_elsewhere(plans: ArmPlans) -> None:
    def spans(plan: Any) -> tuple[Counter[tuple[int, str]], set[tuple[int, int]]]:
        table = plan.applied("replace").to_pylist()
        table = [f for f in table if f["row"] in set(plans.rows.tolist())]
        shape = Counter((f["end"] - f["start"], f["replacement"]) for f in table)
        return shape, {(f["row"], f["start"]) for f in table}

    stage, where = spans(plans.of(("pii",)).plan)
    control, elsewhere = spans(plans.control("pii", seed=0).plan)
    assert stage == control
    assert sum(stage.values()) > 5
    assert len(where & elsewhere) <= 1


def test_the_control_of_a_relabelling_stage_makes_the_same_changes_on_other_rows(
    plans: ArmPlans, detected: Detected
) -> None:
    labels = detected.dataset.labels().to_pylist()

    def changes(plan: Any) -> tuple[Counter[tuple[str, str]], set[int]]:
        table = [f for f in plan.applied("relabel").to_pylist() if f["row"] in set(plans.rows.tolist())]
        return Counter((labels[f["row"]], f["replacement"]) for f in table), {f["row"] for f in table}

    stage, where = changes(plans.of(("label_issues",)).plan)
    control, elsewhere = changes(plans.control("label_issues", seed=0).plan)
    assert stage == control
    assert sum(stage.values()) > 5
    assert where != elsewhere


def test_rows_of_one_stratum_share_a_label_and_lie_together_in_length() -> None:
    labels = ["a"] * 100 + ["b"] * 10
    lengths = np.concatenate([np.arange(100), np.arange(10)])
    of = strata(labels, lengths)
    assert len(set(of[:100])) == 5
    assert len(set(of[100:])) == 1
    assert all(np.ptp(np.flatnonzero(of == s)) == (of == s).sum() - 1 for s in set(of.tolist()))
    kept = np.setdiff1d(np.arange(110), np.arange(80, 100))
    gone = np.setdiff1d(np.arange(110), random_control_rows(labels, kept, 110, 0, lengths))
    assert set(gone.tolist()) == set(range(80, 100)), "the longest rows of a label leave only the longest"


def test_arms_are_named_by_their_stages_and_made_once(plans: ArmPlans) -> None:
    asked = Asked("quick", None, False, ("all",), True)
    arms, design = stage_arms(asked, plans, lambda curated: len(curated.rows))  # type: ignore[arg-type, return-value]
    names = [arm.name for arm in arms]
    assert len(names) == len(set(names))
    assert design.coalitions[frozenset()] == "raw"
    assert design.coalitions[frozenset(plans.effective())] == "curated"
    assert len(design.coalitions) == 8
    assert {"only_pii", "without_pii", "control_pii"} <= set(names)
    assert [q.stage for q in design.questions] == list(plans.effective())


def test_stages_not_asked_about_are_one_player_so_that_values_add_up(plans: ArmPlans) -> None:
    arms, design = stage_arms(Asked("quick", None, False, ("pii",), True), plans, lambda c: len(c.rows))  # type: ignore[arg-type, return-value]
    assert {p for order in design.orders for p in order} == {"pii", "other_stages"}
    assert {arm.name for arm in arms} == {"only_pii", "without_pii", "control_pii"}
    with pytest.raises(ConfigError, match="no stage 'pee'"):
        stage_arms(Asked("quick", None, False, ("pee",), False), plans, lambda c: len(c.rows))  # type: ignore[arg-type, return-value]
    _, idle = stage_arms(Asked("quick", None, False, ("near_duplicates",), False), plans, lambda c: len(c.rows))  # type: ignore[arg-type, return-value]
    assert not idle.questions
    assert "near duplicates changes no training row" in idle.notes[0]


def test_authors_that_the_recipe_names_are_never_on_both_sides(tmp_path: Path) -> None:
    given = [{k: v for k, v in row.items() if k != "split"} for row in rows()[:240]]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in given))
    data = {"input": str(path), "roles": {"text": "text", "label": "label"}, "task": "classification"}
    for column, apart in (("author", True), (None, False)):
        made = {"data": data, "run": {"stages": ["exact_duplicates"]}}
        recipe = Recipe.parse(made | ({"ablation": {"keep_together": [column]}} if column else {}))
        side = detect(load(path, roles=recipe.data.roles, task="classification"), recipe)
        held = held_out(side, together(side))
        authors = [{given[row]["author"] for row in rows.tolist()} for rows in (held.train_rows, held.eval_rows)]
        assert authors[0].isdisjoint(authors[1]) == apart
    named = {**data, "roles": {**data["roles"], "author": "author"}}  # type: ignore[dict-item]
    by_role = Recipe.parse({"data": named, "run": {"stages": ["exact_duplicates"]}})
    side = detect(load(path, roles=by_role.data.roles, task="classification"), by_role)
    held = held_out(side, together(side))
    authors = [{given[row]["author"] for row in rows.tolist()} for rows in (held.train_rows, held.eval_rows)]
    assert authors[0].isdisjoint(authors[1])
    made = {"data": data, "run": {"stages": ["exact_duplicates"]}, "ablation": {"keep_together": ["autor"]}}
    wrong = detect(load(path, roles=recipe.data.roles, task="classification"), Recipe.parse(made))
    with pytest.raises(ConfigError, match="keep_together names column 'autor'"):
        together(wrong)


def test_leaks_are_set_aside_and_scored_and_personal_data_is_read_twice(detected: Detected) -> None:
    group = together(detected)
    held = held_out(detected, group)
    exam = evaluation_of(detected, Journal(), held, group, "note")
    kinds = Counter(exam.kind.tolist())
    assert kinds[PRIMARY] == 70
    assert kinds[LEAKED] == 10
    assert kinds[VARIANT] > 5
    assert exam.views() == ["given_split", "scrubbed"]
    for i in np.flatnonzero(exam.kind == VARIANT):
        assert exam.twin[i] == exam.examples.ids[i] - VARIANT_IDS
        assert "example.org" not in exam.examples.texts[i]
    assert len(exam.primary) == 70
    assert exam.labels == "as given"


def test_preference_rows_keep_both_answers_where_leaks_and_scrubbed_rows_join_them(tmp_path: Path) -> None:
    words = [f"{a}{b}" for a in ("north", "south", "east", "west") for b in range(40)]

    def row(i: int, split: str, mail: bool) -> dict[str, str]:
        asked = f"Tell me all about {words[i]} and {words[-i - 1]}, which {i} people have asked before me today."
        more = f" Write to {words[i]}@example.org." if mail else ""
        answers = {"chosen": f"Of {words[i]} we know {i}.{more}", "rejected": f"No idea{more} {i}"}
        return {"prompt": asked, **answers, "split": split}

    made = [row(i, "test" if i < 60 else "train", mail=i % 5 == 0) for i in range(160)]
    made += [row(i, "train", mail=False) for i in range(1, 5)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in made))
    recipe = Recipe.parse({"data": {"input": str(path)}, "run": {"stages": ["exact_duplicates", "near_duplicates", "pii"]}})
    found = detect(load(path), recipe)
    group = together(found)
    exam = evaluation_of(found, Journal(), held_out(found, group), group, "note")
    assert Counter(exam.kind.tolist()) == {PRIMARY: 56, LEAKED: 4, VARIANT: 12}
    rejected = [turns[-1]["content"] for turns in exam.examples.rejected]
    for i, kind in enumerate(exam.kind):
        asked = exam.examples.ids[i] - (VARIANT_IDS if kind == VARIANT else 0)
        assert rejected[i].startswith("No idea")
        assert rejected[i].endswith(f" {asked}")
        assert ("@example.org" in rejected[i]) == (kind != VARIANT and asked % 5 == 0)


def test_labels_are_verified_by_a_column_or_by_people_and_by_nothing_else(tmp_path: Path) -> None:
    given = rows()
    for i in range(170, 240, 7):
        given[i]["label"] = "card" if given[i]["clean"] != "card" else "login"
    side = found(tmp_path, given, clean_label="clean")
    group = together(side)
    held = held_out(side, group)
    exam = evaluation_of(side, Journal(), held, group, "")
    assert exam.labels == "column clean"
    assert exam.views()[-1] == "as_given"
    primary = exam.primary
    assert [given[int(row)]["clean"] for row in primary.ids] == list(primary.labels)
    as_given = exam.truths["as_given"][: len(primary)]
    assert [given[int(row)]["label"] for row in primary.ids] == list(as_given)

    (tmp_path / "people").mkdir()
    side = found(tmp_path / "people", given)
    table = side.findings.to_pylist()
    on_eval = [i for i, f in enumerate(table) if f["action"] == "relabel" and f["row"] in set(held.eval_rows.tolist())]
    if not on_eval:
        pytest.skip("the label stage proposes nothing on these held-out rows")
    journal = Journal((decide(side.findings, on_eval[:1], "accept", actor="ada"),))
    exam = evaluation_of(side, journal, held, group, "")
    assert exam.views()[-1] == "verified"
    assert sum(t is not None for t in exam.truths["verified"]) == 1


def test_the_overall_control_loses_as_many_rows_of_each_label(detected: Detected) -> None:
    group = together(detected)
    curated = ArmPlans(detected, Journal(), np.arange(5)).of(STAGES)
    raw, cured, _, _ = training_sides(detected, curated, held_out(detected, group))
    control = control_rows(raw, cured.ids, 4)
    assert len(control) == len(cured) < len(raw)
    kept = Counter(label for row, label in zip(raw.ids, raw.labels) if row in set(cured.ids.tolist()))
    assert Counter(control.labels) == kept


def test_an_ablation_by_stage_tells_labels_from_copies_and_names_the_leak(tmp_path: Path, quick: TrainConfig) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    roles = {"text": "text", "label": "label", "split": "split"}
    training = {
        "base": quick.base, "steps": 20, "batch_rows": 16, "max_length_tokens": 64, "lora_rank": 4, "threads": 1,
    }  # fmt: skip
    recipe = Recipe.parse(
        {
            "data": {"input": str(path), "roles": roles, "task": "classification"},
            "run": {"stages": STAGES},
            "stages": {"label_issues": {"on_finding": "apply"}},
            "train": training,
        }
    )
    out = tmp_path / "run"
    workflow.run(recipe, out=out, train=False)
    events: list[dict[str, Any]] = []
    result = workflow.train_run(out, training=lambda e: events.append(dict(e)), stages=("label_issues",), shapley=True)
    ablation = json.loads((out / "ablation.json").read_text())
    jsonschema.validate(ablation, json_schema())
    assert [s["stage"] for s in ablation["stages"]] == ["label_issues"]
    stage = ablation["stages"][0]
    assert stage["alone"]["delta"] > 0
    assert stage["against_control"]["delta"] > 0
    worth = {s["stage"]: s["gain"]["value"] for s in ablation["shapley"]}
    whole = next(c for c in ablation["comparisons"] if (c["a"], c["b"]) == ("curated", "raw"))
    assert set(worth) == {"label_issues", "other_stages"}
    assert sum(worth.values()) == pytest.approx(whole["delta"], abs=1e-9)
    assert ablation["leak"]["rows"] == 10
    assert [v["view"] for v in ablation["views"]] == ["given_split", "scrubbed"]
    assert ablation["noise_floor"] > 0
    assert len(whole["mcnemar"]) == 3
    assert any("quick preset" in note for note in ablation["notes"])
    state = json.loads((out / "train" / "state.json").read_text())
    assert state["status"] == "done"
    assert state["arms"]["only_label_issues"]["runs"]["2"]["state"] in ("done", "same")
    html = (out / "report.html").read_text()
    assert "What each stage does" in html
    assert "shapley-w" in html
    assert result.report.proof.stages[0].title

    before = {p: p.stat().st_mtime_ns for p in (out / "train").glob("*/*/done.json")}
    (out / "train" / "curated" / "1" / "done.json").unlink()
    workflow.train_run(out, stages=("label_issues",), shapley=True)
    after = {p: p.stat().st_mtime_ns for p in (out / "train").glob("*/*/done.json")}
    assert [p for p in before if before[p] != after[p]] == [out / "train" / "curated" / "1" / "done.json"]
    again = json.loads((out / "ablation.json").read_text())
    assert [c["delta"] for c in again["comparisons"]] == pytest.approx([c["delta"] for c in ablation["comparisons"]])
    assert RunDir.open(out).manifest()["status"] == "done"


def test_the_published_schema_is_the_one_in_the_code() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()


@pytest.mark.parametrize(
    ("asked", "told"), [({"stages": ["piii"]}, "did you mean 'pii'"), ({"beyond": ["fairnes"]}, "mean 'fairness'")]
)
def test_a_name_that_is_none_is_refused_before_the_data_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], told: str
) -> None:
    source = tmp_path / "tickets.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    workflow.run(str(source), out=tmp_path / "run", train=False)
    monkeypatch.setattr("curate.workflow.running.reopen", lambda *_, **__: pytest.fail("read again"))
    with pytest.raises(ConfigError, match=told):
        workflow.train_run(tmp_path / "run", **asked)
