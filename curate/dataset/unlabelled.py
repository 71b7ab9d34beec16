"""Why a dataset has no label, for stages that need one: where several columns could be it, nobody guesses which.

Cost: the statistics of the columns without a role, as role detection takes them, and only where no label was found.
"""

from __future__ import annotations

import re
import shlex

from curate.dataset.column import Column
from curate.dataset.dataset import Dataset
from curate.dataset.shapes import facts_of

_SHOWN = 4
PLAIN = re.compile(r"\w[\w .-]{0,59}")
"""Names that can stand in a sentence of a terminal or a page as they are."""


def why_no_label(dataset: Dataset) -> str:
    """A plain sentence part; it names the columns that repeat few values, where texts have two or more of them."""
    reason = "no column has the label role"
    could = _candidates(dataset) if dataset.task == "text" and dataset.roles.text else []
    if len(could) < 2:
        return reason
    more = f" and {len(could) - _SHOWN} more" if len(could) > _SHOWN else ""
    named = ", ".join(could[:_SHOWN])
    return f"{reason}; {named}{more} repeat few values: choose one with --role {shlex.quote(f'label={could[0]}')}"


def _candidates(dataset: Dataset) -> list[str]:
    taken = set(dataset.roles.columns())
    free = [name for name in dataset.columns if name not in taken]
    facts = [facts_of(name, Column(dataset.values(name), dataset.is_json(name))) for name in free]
    could = [fact.name for fact in facts if fact.labelish and fact.repeats and fact.kind in ("str", "bool")]
    return [name for name in could if PLAIN.fullmatch(name)]
