"""What `resolve` promises, as properties over generated ledgers."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ledger.decisions import Decision, Journal, decide, undo
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.keepers import Relation, RowFacts
from curate.ledger.plan import STATUSES
from curate.ledger.resolve import Policy, StagePolicy, resolve
from tests.conftest import examples

ROWS = 8
IDS = pa.array([bytes([i]) * 16 for i in range(ROWS)], pa.binary(16))
POLICY = Policy(
    {
        "exact_duplicates": StagePolicy("apply"),
        "near_duplicates": StagePolicy("apply", threshold=0.5),
        "text_quality": StagePolicy("review"),
        "pii": StagePolicy("apply"),
        "normalise": StagePolicy("apply"),
        "label_issues": StagePolicy("review"),
        "label_names": StagePolicy("apply"),
        "fairness": StagePolicy("flag"),
    }
)

scores = st.floats(0, 1).map(lambda x: round(x, 2))
rows = st.integers(0, ROWS - 1)
edges = st.lists(
    st.tuples(rows, rows, st.sampled_from([0.4, 0.6, 0.8, 1.0])).filter(lambda e: e[0] < e[1]),
    unique_by=lambda e: e[:2],
    max_size=10,
)
spans = st.lists(
    st.tuples(rows, st.sampled_from(["pii", "normalise"]), st.integers(0, 20), st.integers(1, 8)),
    unique_by=lambda s: s,
    max_size=12,
)


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[pa.Table, dict[str, Relation], RowFacts]:
    facts = RowFacts(
        ROWS,
        np.array(draw(st.permutations(range(ROWS)))),
        np.array(draw(st.lists(st.sampled_from([0, 3]), min_size=ROWS, max_size=ROWS)), np.int8),
        np.array(draw(st.lists(st.integers(0, 1), min_size=ROWS, max_size=ROWS)), np.int32),
    )
    links = draw(edges)
    tables = []
    partners: dict[int, int] = {}
    for a, b, score in links:
        if score >= 0.5:
            partners.setdefault(a, b)
            partners.setdefault(b, a)
    if partners:
        tables.append(
            make_findings(
                "near_duplicates", IDS, row=list(partners), rule="verified_jaccard", action="drop", score=0.8,
                reason="near copy", witness_row=list(partners.values()),
            )
        )
    for row, score in draw(st.lists(st.tuples(rows, scores), unique_by=lambda t: t[0], max_size=4)):
        tables.append(
            make_findings("text_quality", IDS, row=[row], rule="empty", action="drop", score=score, reason="empty")
        )
    for row, stage, start, length in draw(spans):
        tables.append(
            make_findings(
                stage, IDS, row=[row], rule=f"{stage}.x", action="replace", score=0.95, reason="edit", field="text",
                start=start, end=start + length, replacement=f"[{stage}]",
            )
        )
    for row, stage in draw(
        st.lists(st.tuples(rows, st.sampled_from(["label_issues", "label_names"])), unique=True, max_size=6)
    ):
        tables.append(
            make_findings(
                stage, IDS, row=[row], rule="r", action="relabel", score=0.95, reason="label", field="label",
                replacement=stage,
            )
        )
    tables.append(make_findings("fairness", IDS, row=None, rule="gap", action="flag", score=0.5, reason="gap"))
    a, b, score = (np.array([e[k] for e in links]) for k in range(3)) if links else (np.empty(0, np.int64),) * 3
    relation = Relation.from_edges(ROWS, a.astype(np.int64), b.astype(np.int64), score.astype(np.float32))
    return concat_findings(tables), {"near_duplicates": relation}, facts


@st.composite
def journals(draw: st.DrawFn, findings: pa.Table) -> Journal:
    out: list[Decision] = []
    for _ in range(draw(st.integers(0, 6))):
        if out and draw(st.booleans()):
            out.append(undo(draw(st.sampled_from(out))))
        else:
            which = draw(st.integers(0, findings.num_rows - 1))
            verdict = draw(st.sampled_from(["accept", "reject", "override"]))
            out.append(decide(findings, [which], verdict, value="by hand" if verdict == "override" else None))
    return Journal(tuple(out))


def similarity(relation: Relation, a: int, b: int) -> float:
    ca, cb = relation.classes[a], relation.classes[b]
    if ca == cb:
        return 1.0
    hit = ((relation.a == ca) & (relation.b == cb)) | ((relation.a == cb) & (relation.b == ca))
    return float(relation.score[hit].max()) if hit.any() else 0.0


@settings(max_examples=examples(300), deadline=None)
@given(data=st.data())
def test_resolve_is_total_deterministic_and_justifies_every_duplicate(data: st.DataObject) -> None:
    findings, relations, facts = data.draw(ledgers())
    journal = data.draw(journals(findings))
    plan = resolve(findings, journal, POLICY, facts=facts, relations=relations)
    again = resolve(findings, journal, POLICY, facts=facts, relations=relations)

    assert plan.table.num_rows == findings.num_rows
    assert plan.table["finding_id"].equals(findings["finding_id"])
    assert set(plan.table["status"].to_pylist()) <= set(STATUSES)
    assert all(plan.table["why"].to_pylist())
    assert plan.table.equals(again.table)

    for f in plan.table.to_pylist():
        if f["stage"] == "near_duplicates" and f["status"] == "applied":
            witness = f["witness_row"]
            assert plan.dropped[f["row"]]
            assert not plan.dropped[witness]
            assert similarity(relations["near_duplicates"], f["row"], witness) >= 0.5
            same_split = facts.split_rank[witness] == facts.split_rank[f["row"]]
            assert facts.split_rank[witness] <= facts.split_rank[f["row"]]
            assert not same_split or facts.label_code[witness] == facts.label_code[f["row"]]
        if f["status"] == "rejected" and f["stage"] == "near_duplicates":
            drops = [g for g in plan.table.to_pylist() if g["row"] == f["row"] and g["action"] == "drop"]
            assert not any(g["stage"] == "near_duplicates" and g["status"] == "applied" for g in drops)


@settings(max_examples=examples(200), deadline=None)
@given(data=st.data())
def test_no_two_survivors_of_one_split_and_label_match_directly_unless_someone_said_so(data: st.DataObject) -> None:
    findings, relations, facts = data.draw(ledgers())
    plan = resolve(findings, None, POLICY, facts=facts, relations=relations)
    kept = plan.kept_rows
    for i, a in enumerate(kept):
        for b in kept[i + 1 :]:
            if similarity(relations["near_duplicates"], a, b) >= 0.5:
                same = facts.split_rank[a] == facts.split_rank[b]
                assert same
                assert facts.label_code[a] != facts.label_code[b]


@settings(max_examples=examples(200), deadline=None)
@given(data=st.data())
def test_applied_edits_never_overlap_and_privacy_wins_where_they_did(data: st.DataObject) -> None:
    findings, relations, facts = data.draw(ledgers())
    chosen = data.draw(st.lists(st.integers(0, findings.num_rows - 1), unique=True, max_size=5))
    chosen = [i for i in chosen if findings["action"][i].as_py() != "drop"]  # rows may go; edits stay to be looked at
    journal = Journal((decide(findings, chosen, "accept"),))
    plan = resolve(findings, journal, POLICY, facts=facts, relations=relations)
    raw = findings.to_pylist()
    for row in range(ROWS):
        mine = [f for f in plan.table.to_pylist() if f["row"] == row and f["action"] == "replace"]
        applied = sorted((f["start"], f["end"], f["replacement"]) for f in mine if f["status"] == "applied")
        assert all(x[1] <= y[0] for x, y in zip(applied, applied[1:]))
        if plan.dropped[row]:
            assert not applied
            continue
        for f in raw:
            if f["row"] == row and f["stage"] == "pii":
                inside = [s for s in applied if s[0] <= f["start"] and f["end"] <= s[1]]
                assert len(inside) == 1
                assert inside[0][2] == "[pii]"


@settings(max_examples=examples(200), deadline=None)
@given(data=st.data())
def test_undo_restores_the_plan_and_redo_brings_it_back(data: st.DataObject) -> None:
    findings, relations, facts = data.draw(ledgers())
    journal = data.draw(journals(findings))
    before = resolve(findings, journal, POLICY, facts=facts, relations=relations)
    which = data.draw(st.integers(0, findings.num_rows - 1))
    decision = decide(findings, [which], data.draw(st.sampled_from(["accept", "reject"])))
    taken = Journal((*journal.decisions, decision))
    after = resolve(findings, taken, POLICY, facts=facts, relations=relations)
    undone = Journal((*taken.decisions, undo(decision)))
    assert resolve(findings, undone, POLICY, facts=facts, relations=relations).table.equals(before.table)
    redo_of = undone.next_redo()
    assert redo_of is not None
    redone = Journal((*undone.decisions, undo(redo_of)))
    assert resolve(findings, redone, POLICY, facts=facts, relations=relations).table.equals(after.table)


@settings(max_examples=examples(200), deadline=None)
@given(data=st.data())
def test_the_order_of_decisions_on_different_findings_does_not_matter(data: st.DataObject) -> None:
    findings, relations, facts = data.draw(ledgers())
    which = data.draw(st.lists(st.integers(0, findings.num_rows - 1), unique=True, max_size=5))
    verdicts = [data.draw(st.sampled_from(["accept", "reject"])) for _ in which]
    made = [decide(findings, [i], v) for i, v in zip(which, verdicts)]
    shuffled = data.draw(st.permutations(made))
    one = resolve(findings, Journal(tuple(made)), POLICY, facts=facts, relations=relations)
    two = resolve(findings, Journal(tuple(shuffled)), POLICY, facts=facts, relations=relations)
    assert one.table.equals(two.table)


def _near(pairs: list[tuple[int, int, float]], n: int = ROWS) -> tuple[pa.Table, dict[str, Relation]]:
    partner = {a: b for a, b, _ in pairs} | {b: a for a, b, _ in pairs}
    findings = make_findings(
        "near_duplicates", IDS, row=list(partner), rule="verified_jaccard", action="drop", score=0.9, reason="copy",
        witness_row=list(partner.values()),
    )
    a, b, s = (np.array(x) for x in zip(*pairs))
    return findings, {"near_duplicates": Relation.from_edges(n, a, b, s.astype(np.float32))}


def test_a_chain_of_resemblance_does_not_delete_what_no_survivor_matches() -> None:
    findings, relations = _near([(0, 1, 0.9), (1, 2, 0.9)])
    plan = resolve(findings, None, POLICY, facts=RowFacts.plain(ROWS), relations=relations)
    assert plan.dropped.tolist() == [False, True] + [False] * 6


def test_a_rejected_drop_keeps_its_row_beside_the_survivor() -> None:
    findings, relations = _near([(0, 1, 0.9), (1, 2, 0.9)])
    at = findings["row"].to_pylist().index(1)
    journal = Journal((decide(findings, [at], "reject"),))
    plan = resolve(findings, journal, POLICY, facts=RowFacts.plain(ROWS), relations=relations)
    assert not plan.dropped.any()


def test_a_rejected_row_without_a_survivor_is_the_keeper_itself() -> None:
    findings, relations = _near([(0, 1, 0.9), (1, 2, 0.9)])
    rows = findings["row"].to_pylist()
    journal = Journal((decide(findings, [rows.index(0)], "accept"), decide(findings, [rows.index(1)], "reject")))
    plan = resolve(findings, journal, POLICY, facts=RowFacts.plain(ROWS), relations=relations)
    assert plan.dropped.tolist()[:3] == [True, False, True]


@given(
    pairs=st.lists(
        st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)).filter(lambda p: p[0] < p[1]),
        min_size=1,
        unique=True,
    ),
    rejected=st.sets(st.integers(0, ROWS - 1)),
    on_finding=st.sampled_from(["apply", "review"]),
)
def test_a_rejection_never_removes_a_row(
    pairs: list[tuple[int, int]], rejected: set[int], on_finding: Literal["apply", "review"]
) -> None:
    findings, relations = _near([(a, b, 0.7 + 0.04 * ((a + b) % 8)) for a, b in pairs])
    policy = Policy({"near_duplicates": StagePolicy(on_finding, auto=0.85)})
    at = [k for k, row in enumerate(findings["row"].to_pylist()) if row in rejected]
    journal = Journal((decide(findings, at, "reject"),)) if at else None
    before = resolve(findings, None, policy, facts=RowFacts.plain(ROWS), relations=relations)
    after = resolve(findings, journal, policy, facts=RowFacts.plain(ROWS), relations=relations)
    assert not (after.dropped & ~before.dropped).any()
    assert not after.dropped[sorted(rejected & set(findings["row"].to_pylist()))].any()


def test_an_accepted_drop_goes_before_the_keep_policy() -> None:
    findings, relations = _near([(0, 1, 0.9)])
    at = findings["row"].to_pylist().index(0)
    journal = Journal((decide(findings, [at], "accept"),))
    plan = resolve(findings, journal, POLICY, facts=RowFacts.plain(ROWS), relations=relations)
    assert plan.dropped.tolist()[:2] == [True, False]


def test_a_raised_threshold_releases_rows_without_new_findings() -> None:
    findings, relations = _near([(0, 1, 0.9), (2, 3, 0.6)])
    strict = Policy({"near_duplicates": StagePolicy("apply", threshold=0.8)})
    plan = resolve(findings, None, strict, facts=RowFacts.plain(ROWS), relations=relations)
    assert np.flatnonzero(plan.dropped).tolist() == [1]
    assert plan.counts()["near_duplicates"]["superseded"] == 3


def test_a_training_row_goes_rather_than_the_test_row_it_repeats_whatever_its_label_or_order() -> None:
    findings, relations = _near([(0, 1, 1.0)])
    facts = RowFacts(ROWS, np.arange(ROWS), np.array([3, 0, *[3] * 6], np.int8), np.arange(ROWS, dtype=np.int32))
    plan = resolve(findings, None, POLICY, facts=facts, relations=relations)
    assert plan.dropped.tolist()[:2] == [True, False]


def test_when_the_keeper_is_dropped_for_its_quality_the_copy_survives() -> None:
    findings, relations = _near([(0, 1, 0.9)])
    bad = make_findings("text_quality", IDS, row=[0], rule="empty", action="drop", score=0.99, reason="empty")
    both = concat_findings([findings, bad])
    plan = resolve(both, None, POLICY, facts=RowFacts.plain(ROWS), relations=relations)
    assert plan.dropped.tolist()[:2] == [True, False]


def test_an_acceptance_of_something_else_goes_stale_while_a_rejection_still_binds() -> None:
    def proposal(text: str) -> pa.Table:
        return make_findings(
            "label_issues", IDS, row=[0], rule="r", action="relabel", score=0.2, reason="x", field="label",
            replacement=text,
        )

    for verdict, status in (("accept", "stale"), ("reject", "rejected")):
        journal = Journal((decide(proposal("a"), [0], verdict),))  # type: ignore[arg-type]
        plan = resolve(proposal("b"), journal, POLICY, facts=RowFacts.plain(ROWS))
        assert plan.table["status"].to_pylist() == [status]


def test_an_override_puts_its_own_value_there() -> None:
    finding = make_findings(
        "label_issues", IDS, row=[0], rule="r", action="relabel", score=0.2, reason="x", field="label", replacement="a"
    )
    journal = Journal((decide(finding, [0], "override", value="mine"),))
    plan = resolve(finding, journal, POLICY, facts=RowFacts.plain(ROWS))
    assert plan.table.select(["status", "replacement"]).to_pylist() == [{"status": "applied", "replacement": "mine"}]


def test_decisions_on_findings_that_this_run_lacks_are_listed() -> None:
    findings, relations = _near([(0, 1, 0.9)])
    journal = Journal((decide(findings, [0, 1], "reject"),))
    plan = resolve(findings.slice(0, 1), journal, POLICY, facts=RowFacts.plain(ROWS), relations=relations)
    assert plan.orphans == (findings["finding_id"][1].as_py().hex(),)


def test_auto_is_compared_after_rounding_so_that_a_score_written_as_point_nine_applies() -> None:
    finding = make_findings(
        "label_issues", IDS, row=[0], rule="r", action="relabel", score=0.1 + 0.8, reason="x", replacement="a"
    )
    assert resolve(finding, None, POLICY, facts=RowFacts.plain(ROWS)).counts()["label_issues"]["applied"] == 1


def test_a_finding_beyond_the_dataset_is_refused() -> None:
    findings, _ = _near([(0, 7, 0.9)])
    with pytest.raises(ValueError, match="beyond the dataset"):
        resolve(findings, None, POLICY, facts=RowFacts.plain(3))


def test_the_most_alike_survivor_justifies_a_drop_and_the_plan_says_how_alike() -> None:
    findings, relations = _near([(0, 2, 0.8), (1, 2, 0.86), (0, 1, 0.4)])
    policy = Policy({"near_duplicates": StagePolicy("apply", threshold=0.5)})
    plan = resolve(findings, None, policy, facts=RowFacts.plain(ROWS), relations=relations)
    (drop,) = [f for f in plan.table.to_pylist() if f["status"] == "applied"]
    assert (drop["row"], drop["witness_row"], round(drop["score"], 2)) == (2, 1, 0.86)


def test_under_review_a_pair_less_alike_than_auto_does_not_apply_by_itself() -> None:
    findings, relations = _near([(0, 1, 0.81)])
    policy = Policy({"near_duplicates": StagePolicy("review", auto=0.9, threshold=0.5)})
    plan = resolve(findings, None, policy, facts=RowFacts.plain(ROWS), relations=relations)
    assert not plan.dropped.any()
    accepted = Journal((decide(findings, [findings["row"].to_pylist().index(1)], "accept"),))
    assert resolve(findings, accepted, policy, facts=RowFacts.plain(ROWS), relations=relations).dropped[1]


def test_a_label_that_holds_personal_data_is_masked_rather_than_renamed() -> None:
    both = concat_findings(
        [
            make_findings("pii", IDS, row=[0], rule="pii.email_address", action="replace", score=0.9, reason="e-mail",
                          field="label", start=4, end=20, replacement="[EMAIL]"),
            make_findings("label_names", IDS, row=[0], rule="fingerprint", action="relabel", score=1.0, reason="spelling",
                          field="label", replacement="Ask jo@example.org"),
        ]
    )
    plan = resolve(both, None, POLICY, facts=RowFacts.plain(ROWS))
    assert dict(zip(plan.table["stage"].to_pylist(), plan.table["status"].to_pylist())) == {
        "pii": "applied", "label_names": "superseded",
    }


def test_five_million_edited_places_do_not_run_into_each_other() -> None:
    n = 5_000_000
    table = make_findings("pii", pa.array([b"\0" * 16] * 2, pa.binary(16)), row=[0, 1], rule="r", action="replace",
                          score=0.9, reason="x", field="text", start=0, end=9, replacement="[X]")
    many = table.take(pa.array(np.zeros(n, np.int64))).set_column(2, "row", pa.array(np.arange(n)))
    plan = resolve(many, None, POLICY, facts=RowFacts.plain(n))
    assert plan.counts()["pii"]["applied"] == n


def test_an_overridden_weight_is_the_weight_in_the_plan() -> None:
    finding = make_findings("balance", IDS, row=[0], rule="r", action="reweight", score=0.2, reason="x", value=2.0)
    journal = Journal((decide(finding, [0], "override", value="0.5"),))
    assert resolve(finding, journal, POLICY, facts=RowFacts.plain(ROWS)).table["value"].to_pylist() == [0.5]
