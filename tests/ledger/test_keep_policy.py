"""Keep policies: who survives, how many, and that no limit ever costs a row its direct surviving witness."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.dataset import Dataset, load
from curate.errors import ConfigError
from curate.ledger import keepers
from curate.ledger.decisions import Journal, decide
from curate.ledger.findings import make_findings
from curate.ledger.keep_order import keep_rank
from curate.ledger.keepers import Relation, RowFacts
from curate.ledger.plan import Plan
from curate.ledger.resolve import Policy, StagePolicy, resolve
from curate.pipeline import detect
from curate.recipe import Recipe
from tests.conftest import examples

ROWS = 9
IDS = pa.array([bytes([i]) * 16 for i in range(ROWS)], pa.binary(16))
STAGE = StagePolicy("apply", threshold=0.8, weighted_threshold=0.7, part_threshold=0.6)
levels = st.sampled_from([0.5, 0.65, 0.75, 0.85, 1.0])
links = st.lists(
    st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1), levels, levels, levels).filter(lambda e: e[0] < e[1]),
    unique_by=lambda e: e[:2],
    max_size=16,
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[pa.Table, Relation, RowFacts]:
    """Every row with a drop finding; edges with three similarities; any order, two splits, two labels."""
    drawn = draw(links)
    a, b = (np.array([e[k] for e in drawn], np.int64) for k in (0, 1))
    score, weighted, parts = (np.array([e[k] for e in drawn], np.float32) for k in (2, 3, 4))
    facts = RowFacts(
        ROWS,
        np.array(draw(st.permutations(range(ROWS)))),
        np.array(draw(st.lists(st.sampled_from([0, 3, 3]), min_size=ROWS, max_size=ROWS)), np.int8),
        np.array(draw(st.lists(st.sampled_from([0, 0, 1]), min_size=ROWS, max_size=ROWS)), np.int32),
    )
    findings = make_findings(
        "near_duplicates", IDS, row=list(range(ROWS)), rule="verified_jaccard", action="drop", score=0.9, reason="copy",
        witness_row=[0] * ROWS,
    )
    return findings, Relation.from_edges(ROWS, a, b, score, weighted, parts), facts


def planned(case: tuple[pa.Table, Relation, RowFacts], journal: Journal | None = None, **keep: Any) -> Plan:
    findings, relation, facts = case
    policy = Policy({"near_duplicates": STAGE}, **keep)
    return resolve(findings, journal, policy, facts=facts, relations={"near_duplicates": relation})


@settings(max_examples=60, deadline=None)
@given(case=cases(), per_cluster=st.sampled_from([1, 2]))
def test_loops_as_they_are_written_and_compiled_keep_the_same_rows(case: tuple[Any, ...], per_cluster: int) -> None:
    findings, relation, facts = case
    found = []
    for which in (0, 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keepers, "_quickest", lambda plain, compiled, steps, which=which: (plain, compiled)[which])
            again = Relation.from_edges(ROWS, relation.a, relation.b, relation.score, relation.weighted, relation.parts)
            plan = planned((findings, again, facts), per_cluster=per_cluster)
            found.append((again.classes.tolist(), plan.table))
    assert found[0][0] == found[1][0]
    assert found[0][1].equals(found[1][1])


def matches(relation: Relation, one: int, two: int) -> bool:
    """Whether two rows match directly: identical, or joined by an edge that passes all three thresholds."""
    a, b = relation.classes[one], relation.classes[two]
    edge = ((relation.a == a) & (relation.b == b)) | ((relation.a == b) & (relation.b == a))
    strong = (relation.score >= np.float32(0.8)) & (relation.weighted >= np.float32(0.7))
    return bool(a == b or (edge & strong & (relation.parts >= np.float32(0.6))).any())


def may_justify(facts: RowFacts, witness: int, row: int) -> bool:
    earlier = facts.split_rank[witness] < facts.split_rank[row]
    same = facts.split_rank[witness] == facts.split_rank[row] and facts.label_code[witness] == facts.label_code[row]
    return bool(earlier or same)


def clusters(relation: Relation, facts: RowFacts) -> list[set[int]]:
    """Connected rows of one split and label."""
    group = list(range(ROWS))
    for i in range(ROWS):
        for j in range(ROWS):
            if matches(relation, i, j):
                old, new = group[j], group[i]
                group = [new if g == old else g for g in group]
    keys = {(group[i], int(facts.split_rank[i]), int(facts.label_code[i])) for i in range(ROWS)}
    return [
        {i for i in range(ROWS) if (group[i], int(facts.split_rank[i]), int(facts.label_code[i])) == k} for k in keys
    ]


def witnesses(plan: Plan) -> dict[int, int]:
    return {f["row"]: f["witness_row"] for f in plan.table.to_pylist() if f["status"] == "applied"}


keeps = st.fixed_dictionaries(
    {"per_cluster": st.integers(1, 3), "target_rows": st.none() | st.integers(1, ROWS)},
)


@settings(max_examples=examples(400), deadline=None)
@given(cases(), keeps, st.data())
def test_every_dropped_row_names_a_survivor_that_passes_all_thresholds(
    case: tuple[pa.Table, Relation, RowFacts], keep: dict[str, Any], data: st.DataObject
) -> None:
    findings, relation, facts = case
    rejected = data.draw(st.lists(st.integers(0, ROWS - 1), unique=True, max_size=3))
    journal = Journal((decide(findings, rejected, "reject"),)) if rejected else Journal()
    plan = planned(case, journal, **keep)
    dropped = witnesses(plan)
    assert set(dropped) == set(np.flatnonzero(plan.dropped).tolist())
    assert not set(dropped) & set(rejected)
    for row, witness in dropped.items():
        assert not plan.dropped[witness]
        assert matches(relation, row, witness)
        assert may_justify(facts, witness, row)


@settings(max_examples=examples(300), deadline=None)
@given(cases(), st.integers(1, 4))
def test_so_many_rows_of_each_cluster_stay_unless_an_evaluation_row_matches(
    case: tuple[pa.Table, Relation, RowFacts], k: int
) -> None:
    _, relation, facts = case
    plan = planned(case, per_cluster=k)
    for cluster in clusters(relation, facts):
        leaks = {r for r, w in witnesses(plan).items() if facts.split_rank[w] < facts.split_rank[r]}
        kept = {r for r in cluster if not plan.dropped[r]}
        assert len(kept) >= min(k, len(cluster - leaks))


@settings(max_examples=examples(300), deadline=None)
@given(cases(), st.integers(1, ROWS))
def test_a_target_is_never_undershot_and_reached_wherever_copies_allow(
    case: tuple[pa.Table, Relation, RowFacts], target: int
) -> None:
    _, _, facts = case
    free, plan = planned(case), planned(case, target_rows=target)
    leaks = sum(facts.split_rank[w] < facts.split_rank[r] for r, w in witnesses(free).items())
    left = ROWS - int(plan.dropped.sum())
    assert left == max(ROWS - int(free.dropped.sum()), min(target, ROWS - leaks))
    assert not (plan.dropped & ~free.dropped).any()
    scores = {f["row"]: f["score"] for f in free.table.to_pylist() if f["status"] == "applied"}
    spared = [r for r in scores if not plan.dropped[r]]
    gone = [r for r, w in witnesses(plan).items() if facts.split_rank[w] == facts.split_rank[r]]
    assert all(scores[s] <= scores[g] for s in spared for g in gone)


@settings(max_examples=examples(200), deadline=None)
@given(cases(), st.integers(1, 3))
def test_the_preferred_row_of_a_pair_of_copies_stays(case: tuple[pa.Table, Relation, RowFacts], k: int) -> None:
    _, _, facts = case
    for row, witness in witnesses(planned(case, per_cluster=k)).items():
        if facts.split_rank[row] == facts.split_rank[witness]:
            assert facts.keep_rank[witness] < facts.keep_rank[row]


def test_what_a_limit_leaves_in_says_so() -> None:
    findings = make_findings(
        "near_duplicates", IDS, row=[0, 1, 2], rule="verified_jaccard", action="drop", score=0.9, reason="copy",
        witness_row=[1, 0, 0],
    )
    relation = Relation.from_edges(ROWS, np.array([0, 0, 1]), np.array([1, 2, 2]), np.full(3, 0.9, np.float32))
    plan = planned((findings, relation, RowFacts.plain(ROWS)), per_cluster=2)
    assert plan.table["why"].to_pylist()[:2] == ["kept as the surviving copy", "a copy that the keep policy leaves in"]
    assert np.flatnonzero(plan.dropped).tolist() == [2]


def test_a_person_who_accepts_a_drop_is_not_held_back_by_a_limit() -> None:
    findings = make_findings(
        "near_duplicates", IDS, row=[0, 1], rule="verified_jaccard", action="drop", score=0.9, reason="copy",
        witness_row=[1, 0],
    )
    relation = Relation.from_edges(ROWS, np.array([0]), np.array([1]), np.full(1, 0.9, np.float32))
    accepted = Journal((decide(findings, [1], "accept"),))
    for keep in ({"per_cluster": 2}, {"target_rows": ROWS}):
        assert not planned((findings, relation, RowFacts.plain(ROWS)), **keep).dropped.any()
        assert planned((findings, relation, RowFacts.plain(ROWS)), accepted, **keep).dropped[1]


def dataset(tmp_path: Path, rows: list[dict[str, Any]]) -> Dataset:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return load(path, task="text", roles={"text": "text", "source": "origin", "time": "made"})


TEXT = "the same words stand in every row of this small set"
COPIES = [
    {"text": TEXT, "origin": "web", "made": 3, "stars": 2.0},
    {"text": TEXT + "   ", "origin": "book", "made": 1, "stars": None},
    {"text": TEXT, "origin": None, "made": 9, "stars": 4.5},
    {"text": TEXT, "origin": "forum", "made": 4, "stars": 4.5},
]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ({}, 0),
        ({"policy": "last"}, 3),
        ({"policy": "longest"}, 1),
        ({"policy": "newest"}, 2),
        ({"policy": "best_source", "sources": ["forum", "web"]}, 3),
        ({"policy": "best_source", "sources": ["book", "forum"]}, 1),
        ({"policy": "highest_quality", "quality_column": "stars"}, 2),
    ],
)
def test_each_policy_keeps_its_row(tmp_path: Path, keep: dict[str, Any], kept: int) -> None:
    recipe = Recipe.parse({"run": {"stages": ["exact_duplicates", "near_duplicates"]}, "keep": keep})
    found = detect(dataset(tmp_path, COPIES), recipe)
    assert found.resolve().kept_rows.tolist() == [kept]
    two = Recipe.parse({"run": {"stages": ["exact_duplicates"]}, "keep": {**keep, "per_cluster": 2}})
    survivors = detect(dataset(tmp_path, COPIES), two).resolve().kept_rows.tolist()
    assert len(survivors) == 2
    assert kept in survivors
    three = Recipe.parse({"run": {"stages": ["exact_duplicates"]}, "keep": {**keep, "target_rows": 3}})
    assert len(detect(dataset(tmp_path, COPIES), three).resolve().kept_rows) == 3


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        ({"policy": "best_source"}, "needs `sources`"),
        ({"policy": "highest_quality"}, "needs `quality_column`"),
        ({"sources": ["a"]}, "read only with"),
        ({"quality_column": "stars"}, "read only with"),
        ({"per_cluster": 0}, "per_cluster"),
        ({"target_rows": 0}, "target_rows"),
        ({"policy": "shortest"}, "policy"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_their_name(keep: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Recipe.parse({"keep": keep})


def test_a_policy_whose_column_the_data_lacks_is_refused(tmp_path: Path) -> None:
    data = dataset(tmp_path, COPIES)
    with pytest.raises(ConfigError, match="none of them is in the data"):
        keep_rank(data, "best_source", ["webb"])
    with pytest.raises(ConfigError, match="holds no numbers"):
        keep_rank(data, "highest_quality", quality_column="origin")
    with pytest.raises(ConfigError, match="no such column"):
        keep_rank(data, "highest_quality", quality_column="star")
    path = tmp_path / "bare.jsonl"
    path.write_text(json.dumps({"text": TEXT}) + "\n")
    bare = load(path, task="text", roles={"text": "text"})
    for policy in ("newest", "best_source"):
        with pytest.raises(ConfigError, match="role"):
            keep_rank(bare, policy, ["web"])


def test_the_three_thresholds_of_a_relation_are_one_where_two_are_left_out() -> None:
    three = [np.array(x, np.float32) for x in ([0.9, 0.9, 0.9], [0.9, 0.7, 0.9], [0.9, 0.9, 0.7])]
    relation = Relation.from_edges(ROWS, np.array([0, 2, 4]), np.array([1, 3, 5]), *three)
    assert relation.at(0.8).a.tolist() == [0]
    assert relation.at(0.8, 0.7).a.tolist() == [0, 2]
    assert relation.at(0.8, 0.7, 0.6).a.tolist() == [0, 2, 4]
    old = Relation.from_edges(ROWS, np.array([0]), np.array([1]), np.array([0.9], np.float32))
    assert old.at(0.85).a.tolist() == [0]
    differ = Relation.from_edges(ROWS, np.array([0]), np.array([1]), *(np.array([x], np.float32) for x in (1.0, 1.0, 0.2)))
    assert differ.classes.tolist() == list(range(ROWS))
