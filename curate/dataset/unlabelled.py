"""Why a dataset has no label, for stages that need one: where several columns could be it, or one holds sets of labels,
nobody guesses which, or that a trainer could learn them.

Cost: the statistics of the columns without a role, as role detection takes them, and only where no label was found.
"""

from __future__ import annotations

import re
import shlex

import pyarrow as pa

from curate.dataset.column import Column
from curate.dataset.content import loaded
from curate.dataset.dataset import Dataset
from curate.dataset.names import plain
from curate.dataset.shapes import facts_of

_SHOWN = 4
_SAMPLE = 1000
_LONGEST = 20
"""Labels of a row at most, in the mean."""
_WORDS = 4
"""Words of a label at most."""
PLAIN = re.compile(r"\w[\w .-]{0,59}")
"""Names that can stand in a sentence of a terminal or a page as they are."""


def why_no_label(dataset: Dataset) -> str:
    """A plain sentence part; it names the columns that repeat few values, where texts have two or more of them."""
    reason = "no column has the label role"
    if dataset.task != "text" or not dataset.roles.text:
        return reason
    if sets := _sets(dataset):
        return f"{reason}; {sets[0]} holds lists of labels: they are judged with --role {shlex.quote(f'label={sets[0]}')}"
    could = _candidates(dataset)
    if len(could) < 2:
        return reason
    more = f" and {len(could) - _SHOWN} more" if len(could) > _SHOWN else ""
    named = ", ".join(could[:_SHOWN])
    return f"{reason}; {named}{more} repeat few values: choose one with --role {shlex.quote(f'label={could[0]}')}"


def _sets(dataset: Dataset) -> list[str]:
    """Columns of lists whose members come back in other rows as classes do; lists beside a text that is a list itself tell
    something of each part of it."""
    if any(dataset.is_json(name) for name in dataset.roles.text):
        return []
    free = [name for name in dataset.columns if name not in dataset.roles.columns() and PLAIN.fullmatch(name)]
    return [name for name in free if dataset.is_json(name) and _repeat(dataset, name)]


def _repeat(dataset: Dataset, name: str) -> bool:
    spread = range(0, dataset.n_rows, max(1, dataset.n_rows // _SAMPLE))
    cells = dataset.values(name).take(pa.array(spread)).drop_null().to_pylist()
    lists = [held for cell in cells if isinstance(held := loaded(cell), list)]
    members = [member for held in lists for member in held]
    kind = str | int if plain(name).endswith(("label", "labels", "class", "classes")) else str  # other numbers are measures
    if len(lists) < len(cells) or len(members) > _LONGEST * len(lists):
        return False
    told = all(isinstance(member, kind) and len(str(member).split()) <= _WORDS for member in members)
    return told and 1 < len(set(members)) <= len(members) / 5


def _candidates(dataset: Dataset) -> list[str]:
    taken = set(dataset.roles.columns())
    free = [name for name in dataset.columns if name not in taken]
    facts = [facts_of(name, Column(dataset.values(name), dataset.is_json(name))) for name in free]
    could = [fact.name for fact in facts if fact.labelish and fact.repeats and fact.kind in ("str", "bool")]
    return [name for name in could if PLAIN.fullmatch(name)]
