"""What `apply` writes, to the letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curate.dataset import load
from curate.ledger.apply import apply
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.keepers import RowFacts
from curate.ledger.resolve import Policy, StagePolicy, resolve

POLICY = Policy({name: StagePolicy("apply") for name in ("pii", "label_issues", "balance", "augment", "quality")})


def curated(tmp_path: Path, rows: list[dict[str, Any]], *findings: dict[str, Any]) -> list[dict[str, Any]]:
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps(r) + "\n" for r in rows))
    data = load(source, task="classification", roles={"text": "text", "label": "label"})
    tables = [make_findings(row_ids=data.row_ids, score=1.0, reason="because", **f) for f in findings]
    plan = resolve(concat_findings(tables), None, POLICY, facts=RowFacts.plain(len(rows)))
    apply(data, plan).write(tmp_path / "out.jsonl")
    return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]


def test_several_spans_of_one_text_are_replaced_by_their_raw_offsets(tmp_path: Path) -> None:
    text = "😀 a@b.example and then c@d.example"
    spans = [(text.index("a@"), text.index(" and")), (text.index("c@"), len(text))]
    edit = {"stage": "pii", "rule": "r", "action": "replace", "field": "text", "replacement": "[EMAIL]"}
    out = curated(tmp_path, [{"text": text, "label": "x"}], *({**edit, "row": [0], "start": s, "end": e} for s, e in spans))
    assert out == [{"text": "😀 [EMAIL] and then [EMAIL]", "label": "x"}]


def test_a_span_inside_nested_values_is_replaced_at_its_pointer(tmp_path: Path) -> None:
    row = {"text": "t", "label": "x", "meta": {"a/b": ["zero", "call 555 now"]}, "n": 1.0}
    out = curated(tmp_path, [row], {"stage": "pii", "rule": "r", "action": "replace", "row": [0], "field": "meta/a~1b/1",
                                    "start": 5, "end": 8, "replacement": "[PHONE]"})
    assert out == [{**row, "meta": {"a/b": ["zero", "call [PHONE] now"]}}]


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [("a", "b", "b"), (1, "2", 2), (1.0, "2", 2.0), (1, "1_0", "1_0"), (True, "false", False), (3, "007", "007"),
     (["a"], '["b"]', ["b"])],
)
def test_a_new_label_has_the_type_of_the_old_one(tmp_path: Path, old: Any, new: str, written: Any) -> None:
    out = curated(tmp_path, [{"text": "t", "label": old}], {"stage": "label_issues", "rule": "r", "action": "relabel",
                                                            "row": [0], "field": "label", "replacement": new})
    assert repr(out[0]["label"]) == repr(written)


def test_weights_and_added_rows_come_last_and_follow_their_parent(tmp_path: Path) -> None:
    rows = [{"text": f"t{i}", "label": "x"} for i in range(3)]
    out = curated(
        tmp_path, rows,
        {"stage": "quality", "rule": "r", "action": "drop", "row": [1]},
        {"stage": "balance", "rule": "r", "action": "reweight", "row": [2], "value": 2.0},
        {"stage": "augment", "rule": "r", "action": "add", "row": [0], "replacement": '{"text": "new", "label": "x"}'},
        {"stage": "augment", "rule": "r", "action": "add", "row": [1], "replacement": '{"text": "orphan", "label": "x"}'},
    )
    assert [r["text"] for r in out] == ["t0", "t2", "new"]
    assert [r["_weight"] for r in out] == [1.0, 2.0, 1.0]


def test_a_plan_of_other_data_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "a", "label": "x"}\n')
    data = load(source)
    plan = resolve(concat_findings([]), None, POLICY, facts=RowFacts.plain(2))
    with pytest.raises(ValueError, match="the plan is for 2 rows"):
        apply(data, plan)
