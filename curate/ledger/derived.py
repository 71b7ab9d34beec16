"""The last steps of `resolve`: what is worked out anew in every plan, from the rows that stay and the labels they have.

Rows that a cell of group and label has too many of, copies that it lacks, weights (`curate.ledger.balance`), and rows
derived from a parent (`curate.ledger.added`). Each step changes the arrays of a `Work` in place. Cost O(rows + findings).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from curate.ledger import balance
from curate.ledger import decisions as dec
from curate.ledger.added import changed_spans
from curate.ledger.findings import ACTIONS
from curate.ledger.plan import APPLIED, SUPERSEDED, codes

if TYPE_CHECKING:
    from curate.ledger.resolve import Work

Array = np.ndarray[Any, Any]

DROP, REPLACE, RELABEL, REWEIGHT, ADD, FLAG = range(len(ACTIONS))
_EVERYTHING = (0, sys.maxsize)


def drop_surplus(work: Work) -> None:
    """Rows that a cell has too many of, counted without those that have left already."""
    which = np.flatnonzero(_live(work, DROP) & work.is_rule(balance.SURPLUS))
    which = which[~work.dropped[work.row[which]]]
    if not len(which):
        return
    cells = work.facts.cells
    if cells is not None:
        over = balance.within_surplus(cells.group, labels(work, cells), ~work.dropped, work.row[which])
        _supersede(work, which[~over], "the group has no surplus of this label any more")
        which = which[over]
    work.dropped[work.row[which]] = True
    work.dropped_by[work.row[which]] = work.stage[which]


def add_what_fits(work: Work) -> None:
    """Copies that a cell still lacks; changed copies whose changes no other edit of the parent touches."""
    which = np.flatnonzero(_live(work, ADD))
    if not len(which):
        return
    cells = work.facts.cells
    copies = which[work.is_rule(balance.COPY)[which]]
    if cells is not None and len(copies):
        before = ~work.dropped  # sizes are those before the surplus went
        before[work.row[_live(work, DROP) & work.is_rule(balance.SURPLUS)]] = True
        lacks = balance.within_shortfall(cells.group, labels(work, cells), before, work.row[copies])
        _supersede(work, copies[~lacks], "the group does not lack this label any more")
    edits = np.flatnonzero(_live(work, REPLACE))
    edits = edits[np.isin(work.row[edits], work.row[which])]
    if not len(edits):
        return
    fields, field = codes(work.table, "field")
    taken: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for i in edits.tolist():
        span = _EVERYTHING if work.start[i] < 0 else (int(work.start[i]), int(work.end[i]))
        taken.setdefault((int(work.row[i]), fields[field[i]]), []).append(span)

    def meets_an_edit(i: int, replacement: str | None) -> bool:
        return any(
            start < stop and first < end
            for name, start, end in changed_spans(replacement)
            for first, stop in taken.get((int(work.row[i]), name), ())
        )

    texts = work.table["replacement"].take(pa.array(which)).to_pylist()
    touched = [i for i, text in zip(which.tolist(), texts) if meets_an_edit(i, text)]
    _supersede(work, np.array(touched, np.int64), "another edit changes the same words of its parent")


def weigh(work: Work) -> None:
    """Weights that depend on who stays."""
    cells = work.facts.cells
    wanted = [r for r in (balance.REWEIGHING, balance.EQUAL_GROUPS) if r in work.rules]
    if cells is None or not wanted:
        return
    label = labels(work, cells)
    stays = np.where(work.dropped | (label < 0), -1, cells.group)
    for name in wanted:
        try:
            if name == balance.REWEIGHING:
                weights = balance.reweighing(stays, label, cells.weight, cells.most)
            else:
                weights = balance.equal_groups(stays, cells.weight, cells.most)
        except ValueError:  # nothing that stays has a weight: what was proposed stands
            continue
        mine = np.flatnonzero(work.is_rule(name) & (work.action == REWEIGHT) & (work.row >= 0))
        mine = mine[~work.dropped[work.row[mine]]]
        work.value[mine] = np.round(weights[work.row[mine]], 6)


def labels(work: Work, cells: balance.Cells) -> Array:
    """The label that each row has under this plan, as a code of `cells`."""
    which = np.flatnonzero(_live(work, RELABEL))
    names, field = codes(work.table, "field")
    which = which[field[which] == (names.index(cells.field) if cells.field in names else -2)]
    # Backwards, so that the one that goes first has the last word.
    which = which[np.lexsort((which, -work.score[which], work.precedence[which]))[::-1]]
    new = work.table["replacement"].take(pa.array(which)).to_pylist()
    for k, i in enumerate(which.tolist()):
        if work.effect.verdict[i] == dec.OVERRIDE:
            new[k] = work.effect.value.get(i, new[k])
    return cells.relabelled(work.row[which].tolist(), [str(name) for name in new])


def _live(work: Work, action: int) -> Array:
    mine: Array = (work.action == action) & (work.status == APPLIED) & (work.row >= 0)
    return mine


def _supersede(work: Work, which: Array, why: str) -> None:
    mask = np.zeros(len(work.row), bool)
    mask[which] = True
    work.set(mask, SUPERSEDED, why)
