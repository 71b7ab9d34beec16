"""The second look reads rows that the plan added as well as those that it kept."""

from __future__ import annotations

import json
from pathlib import Path

from curate.dataset import load
from curate.ledger.apply import apply
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.resolve import Policy, StagePolicy, resolve
from curate.outputs import rescan
from curate.pipeline import detect
from curate.recipe import Recipe

ROWS = [
    {"text": "She wrote from anna.berg@acme.org about her order, and called from (212) 736-5000.", "label": "yes"},
    {"text": "The parcel is late.", "label": "no"},
]
ROLES = {"text": "text", "label": "label"}


def left(folder: Path, *new: dict[str, str]) -> int:
    """What a second look counts where she becomes he in a derived row, and whole rows are added."""
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    stages = {
        "pii": {"on_finding": "apply", "operators": {"default": "surrogate"}},
        "mitigation": {"methods": ["counterfactual"], "on_finding": "apply"},
    }
    recipe = Recipe.parse({"data": {"input": str(path), "task": "classification", "roles": ROLES},
                           "run": {"stages": list(stages), "threads": 1}, "stages": stages})  # fmt: skip
    found = detect(load(path, task="classification", roles=ROLES), recipe)
    own = [make_findings("augmentation", found.dataset.row_ids, row=[1], rule=f"r{i}", action="add", score=1.0, reason="x",
                         replacement=json.dumps(row)) for i, row in enumerate(new)]  # fmt: skip
    policy = Policy({name: StagePolicy("apply") for name in ("pii", "mitigation", "augmentation")})
    plan = resolve(concat_findings([found.findings, *own]), None, policy, facts=found.facts)
    curated = apply(found.dataset, plan)
    assert len(curated.additions) == 1 + len(new)
    assert not any("anna.berg" in row["text"] for row in curated.added)
    return int(rescan(curated, recipe, lambda event: None)["pii"]["left"])


def test_what_a_derived_row_took_over_from_its_parent_is_not_left_over(tmp_path: Path) -> None:
    assert left(tmp_path) == 0


def test_personal_data_in_a_row_that_was_written_anew_is_left_over(tmp_path: Path) -> None:
    told = {"text": "Ask bob@corp.org or (917) 555-1234, today.", "label": "no"}
    assert left(tmp_path, told, {"text": "Nothing here.", "label": "no"}) == 2
