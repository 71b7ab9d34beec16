"""What a role names inside a column is found, edited and written as if it were a column of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curate import apply, detect
from curate.dataset import Dataset, load
from curate.dataset.inner import in_columns
from curate.recipe import Recipe
from curate.stages.corrections import corrected_row
from curate.stages.setting import settings_of

Row = dict[str, Any]
FOOTER = "\n\nThis message came from the portal of our office, do not reply."


def said(i: int) -> str:
    who, to = ("He", "her") if i % 2 else ("She", "him")
    fault = " A caf\u00c3\u00a9  &amp; tea." if i % 5 == 0 else ""
    told = f"{who} sold house {i * 37} of the old street to {to} in {1700 + i * 3}, after {i % 7 + 2} years of rain."
    return told + fault + (FOOTER if i % 3 else "")


def asked(i: int) -> str:
    return f"Who sold house {i * 37}, and when did {('he', 'she')[i % 2]} leave the town of {chr(97 + i % 26)}?"


def turns(i: int) -> list[Row]:
    return [{"role": "user", "content": asked(i) + " " + said(i + 200)}, {"role": "assistant", "content": said(i)}]


TASKS: dict[str, tuple[Any, dict[str, str]]] = {
    "classification": (
        lambda i: {"body": said(i), "kind": ("Sold ", "lost")[i % 2] if i == 9 else ("sold", "lost")[i % 4 == 0],
                   "sex": ("female", "male")[i % 2], "part": ("train", "test")[i % 6 == 0]},
        {"text": "body", "label": "kind", "group": "sex", "split": "part"},
    ),
    "sft": (lambda i: {"q": asked(i), "a": said(i)}, {"prompt": "q", "completion": "a"}),
    "chat": (lambda i: {"talk": turns(i)}, {"messages": "talk"}),
    "preference": (lambda i: {"q": asked(i), "best": said(i), "worst": said(i + 300)},
                   {"prompt": "q", "chosen": "best", "rejected": "worst"}),
}  # fmt: skip
STAGES = ["exact_duplicates", "near_duplicates", "label_names", "text_quality", "boilerplate", "normalise", "mitigation",
          "augmentation"]  # fmt: skip


def of(path: Path, rows: list[Row], roles: dict[str, str], task: str) -> Dataset:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path, roles=roles, task=task, id_columns=["id"])


def outcome(dataset: Dataset, path: Path) -> tuple[list[Row], list[Row]]:
    """What every stage found, and the rows that are written, as if nothing lay inside a column."""
    stages: dict[str, Any] = {name: {"on_finding": "apply"} for name in STAGES}
    stages["mitigation"]["methods"] = ["counterfactual"]
    stages["augmentation"] |= {"minorities_only": False, "methods": ["swap"]}
    found = detect(dataset, Recipe.parse({"schema_version": 1, "run": {"stages": STAGES}, "stages": stages}))
    named = ("row", "stage", "rule", "action", "score", "field", "start", "end", "replacement", "witness_row")
    told = found.findings.filter(found.findings["row"].is_valid()).select(named).to_pylist()
    flat = [{**f, **{k: (f[k] or "").replace("in/", "") for k in ("field", "replacement")}} for f in told]
    apply(dataset, found.resolve()).write(path)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return sorted(flat, key=str), [{"id": row["id"], **row.get("in", row)} for row in rows]


@pytest.mark.parametrize("task", TASKS)
def test_stages_find_and_write_the_same_inside_a_column(tmp_path: Path, task: str) -> None:
    make, roles = TASKS[task]
    rows = [{"id": f"r{i}", **make(i)} for i in range(48)] + [{"id": "copy", **make(3)}]
    inside = [{"id": row.pop("id"), "in": row} for row in [dict(row) for row in rows]]
    plain = outcome(of(tmp_path / "flat.jsonl", rows, roles, task), tmp_path / "one.jsonl")
    places = {role: f"in/{name}" for role, name in roles.items()}
    nested = outcome(of(tmp_path / "nested.jsonl", inside, places, task), tmp_path / "two.jsonl")
    ran = {found["stage"] for found in plain[0]}
    assert ran >= {"exact_duplicates", "text_quality", "boilerplate", "normalise", "mitigation", "augmentation"} - (
        {"text_quality"} if task == "classification" else set())  # fmt: skip
    assert nested[0] == plain[0]
    assert nested[1] == plain[1]


def test_a_corrected_row_has_the_shape_of_the_data(tmp_path: Path) -> None:
    rows = [{"id": str(i), "in": {"q": asked(i), "a": said(i)}, "meta": {"part": "test", "n": i}} for i in range(12)]
    roles = {"prompt": "in/q", "completion": "in/a", "split": "meta/part"}
    dataset = of(tmp_path / "rows.jsonl", rows, roles, "sft")
    assert corrected_row(dataset, 3, "Who?", "Nobody.", same=False) == '{"in":{"q":"Who?","a":"Nobody."}}'
    made = corrected_row(dataset, 3, asked(3), "Nobody.", same=True)
    assert made == '{"_from_parent":{"edits":{},"values":{"in/a":"Nobody."}}}'
    assert in_columns({"meta/part": "test"}, dataset.columns, {"in": {"q": "Who?"}}) == {
        "in": {"q": "Who?"}, "meta": {"part": "test"},
    }  # fmt: skip
    assert dataset.value("meta/part", 3) == "test"
    assert dataset.value("meta/none", 3) is None


def test_what_a_role_reads_inside_tells_no_copies_apart(tmp_path: Path) -> None:
    rows = [{"id": str(i), "input": {"q": said(i // 2), "a": said(i // 2 + 90), "at": i}, "more": {"page": said(i // 4)}}
            for i in range(12)]  # fmt: skip
    roles = {"prompt": "input/q", "completion": "input/a"}
    assert settings_of(of(tmp_path / "rows.jsonl", rows, roles, "sft")) == []
    assert settings_of(of(tmp_path / "rows.jsonl", rows, roles | {"context": "more/page"}, "sft")) == ["more/page"]


def test_no_row_is_made_of_half_a_text_or_inside_a_list(tmp_path: Path) -> None:
    rows = [{"id": str(i), "a": said(i), "b": said(i + 50), "doc": [{"body": said(i + 90)}], "kind": "xy"[i % 2]}
            for i in range(12)]  # fmt: skip
    pair = of(tmp_path / "pair.jsonl", rows, {"text": ["a", "b"], "label": "kind"}, "classification")
    assert corrected_row(pair, 3, "Who?", "x", same=False) is None
    listed = of(tmp_path / "listed.jsonl", rows, {"text": "doc/0/body", "label": "kind"}, "classification")
    assert corrected_row(listed, 3, "Who?", "x", same=False) is None
    for held in ("x", ["x"], 4):
        assert in_columns({"info/part": "test"}, ["info"], {"info": held}) == {"info": held}
