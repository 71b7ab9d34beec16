"""What a report takes from the rows themselves: examples, profile, and the safe previews that its other parts share.

It needs the findings and the plan, and nothing that is known only when all files of a run are written, so a run draws it
while they are. It is also what takes longest of a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from audit.report.effects import Effects, effects_of
from audit.report.examples import examples_of
from audit.report.model import Profile
from audit.report.model_stage import Example
from audit.report.profile import profile_of
from audit.report.safe import Previews
from curate.dataset import Dataset
from curate.ledger.plan import Plan
from curate.privacy.config import preview_config
from curate.stages.registry import concern_of


@dataclass(frozen=True)
class Drawn:
    """What was taken from the rows of one dataset under one plan."""

    effects: Effects
    previews: Previews
    examples: Mapping[str, tuple[Example, ...]]
    """By stage; of a stage that forgets people there are none."""
    profile: Profile


def draw(dataset: Dataset, findings: pa.Table, plan: Plan, pii: Mapping[str, Any] | None = None) -> Drawn:
    """Take it. `pii`: the recipe's settings of that stage, which say what previews mask beyond the built-in types.

    Raises ValueError where the findings, the plan and the dataset do not fit together.
    """
    if findings.num_rows != plan.table.num_rows:
        raise ValueError(f"{findings.num_rows} findings, but the plan speaks of {plan.table.num_rows}")
    if plan.n_rows != dataset.n_rows:
        raise ValueError(f"the plan is for {plan.n_rows} rows, the dataset has {dataset.n_rows}")
    previews = Previews(dataset, findings, preview_config(pii))
    effects = effects_of(plan)
    examples = {
        name: examples_of(name, findings, plan, effects, previews)
        for name in effects.stages
        if concern_of(name) != "erasure"
    }
    return Drawn(effects, previews, examples, profile_of(dataset, plan, effects, previews))
