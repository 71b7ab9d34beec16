"""Which findings a report shows, and how.

A reader judges a stage by its doubtful cases as much as by its best ones, so examples are spread over the rules of a
stage and, within a rule, evenly over its scores. What takes effect comes before what waits, and copies that were kept
come last. The choice is a function of the findings alone: the same run shows the same examples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from audit.report.effects import Array, Effects, codes
from audit.report.model_stage import Change, Example, Measure, Text
from audit.report.safe import SHOWN, Previews
from curate.ledger.plan import STATUSES, Plan
from curate.stages.registry import concern_of

PER_STAGE = 8
NEIGHBOURS = 3
NEIGHBOUR_WIDTH = 160
SHOWN_ELSEWHERE = ("given", "suggested")
"""Words of an evidence that the example shows as its change."""
_RANK = {"applied": 0, "pending": 1, "stale": 1, "rejected": 1, "superseded": 2}


def examples_of(stage: str, findings: pa.Table, plan: Plan, effects: Effects, previews: Previews) -> tuple[Example, ...]:
    """Up to `PER_STAGE` examples of a stage."""
    chosen = _choose(np.flatnonzero(effects.of_stage(stage)), plan, effects)
    if not len(chosen):
        return ()
    take = pa.array(chosen)
    found = findings.take(take).to_pylist()
    planned = plan.table.take(take).to_pylist()
    return tuple(example(f, p, previews) for f, p in zip(found, planned, strict=True))


def _choose(mine: Array, plan: Plan, effects: Effects) -> Array:
    if not len(mine):
        return mine
    rules, rule = codes(plan.table["rule"])
    score = plan.table["score"].to_numpy()
    witness = plan.table["witness_row"].combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
    rank = np.array([_RANK[s] for s in STATUSES])[effects.status]
    queues: list[list[int]] = []
    for code in range(-1, len(rules)):
        of_rule = mine[rule[mine] == code]
        ranks = sorted(set(rank[of_rule].tolist()))
        for level in [r for r in ranks if r < 2] or ranks:
            best = of_rule[rank[of_rule] == level]
            ordered = best[np.lexsort((best, -score[best]))]
            queues.append(ordered[_spread(len(ordered), 3 * PER_STAGE)].tolist())
    queues.sort(key=lambda q: (rank[q[0]], q[0]))
    out: list[int] = []
    seen: set[int] = set()
    again: list[int] = []
    while any(queues) and len(out) < PER_STAGE:
        for queue in queues:
            while queue:
                i = queue.pop(0)
                # One row, or one witness, shown once says as much as shown twice.
                marks = {int(v) for v in (effects.row[i], witness[i]) if v >= 0}
                if marks & seen:
                    again.append(i)
                    continue
                seen |= marks
                out.append(i)
                break
    out = (out + again)[:PER_STAGE]
    return np.array(sorted(out, key=lambda i: (rank[i], rule[i], -score[i], i)), np.int64)


def _spread(n: int, most: int) -> Array:
    """At most `most` positions in 0..n, evenly spread, visited from both ends inwards by halving."""
    places = np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))
    order: list[int] = []
    low, high = [0], [len(places) - 1]
    gaps = [(0, len(places) - 1)]
    order += low + [h for h in high if h not in low]
    while gaps:
        a, b = gaps.pop(0)
        middle = (a + b) // 2
        if middle in (a, b):
            continue
        order.append(middle)
        gaps += [(a, middle), (middle, b)]
    spread: Array = places[np.array(order)]
    return spread


_SPAN = ("start", "end", "replacement", "rule")


def example(found: dict[str, Any], planned: dict[str, Any], previews: Previews) -> Example:
    """One finding, with its line of the plan, as it is shown."""
    row, action, field = found["row"], found["action"], found["field"]
    witness_row = planned["witness_row"] if planned["witness_row"] is not None else found["witness_row"]
    evidence = _evidence(found["evidence"])
    text: Text | None = None
    witness: Text | None = None
    change: Change | None = None
    kind: Any = "row"
    if row is None:
        kind = "dataset"
    elif action == "relabel":
        kind, text = "label", previews.text(row)
        before = previews.label(row) or ""
        after = planned["replacement"] if planned["replacement"] is not None else found["replacement"]
        change = Change(before, previews.short(after))
    elif action == "replace" and field is not None:
        kind, text = "span", previews.span(row, field, *(found[k] for k in _SPAN))
    elif witness_row is not None:
        kind = "duplicate"
        text, witness = previews.pair(row, witness_row)
    elif field is not None and concern_of(found["stage"]) == "quality":
        text = previews.about(row, field)
    else:
        text = previews.text(row)
    return Example(
        kind=kind,
        rule=previews.short(found["rule"]),
        action=action,
        status=planned["status"],
        why=previews.short(planned["why"], SHOWN),
        score=round(float(found["score"]), 4),
        reason=previews.sentence(found["reason"]),
        field=previews.short(field) if field else None,
        text=text,
        witness=witness,
        change=change,
        neighbours=_neighbours(evidence, previews),
        evidence=_measures(evidence, previews),
    )


def _evidence(raw: str | None) -> dict[str, Any]:
    if not raw:
        return {}
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _measures(evidence: dict[str, Any], previews: Previews) -> tuple[Measure, ...]:
    """The plain numbers and words of an evidence object."""
    out = []
    for key, value in evidence.items():
        if key in SHOWN_ELSEWHERE:
            continue
        if isinstance(value, bool | int | float):
            out.append(Measure(previews.short(key.replace("_", " ")), value))
        elif isinstance(value, str):
            out.append(Measure(previews.short(key.replace("_", " ")), previews.short(value)))
    return tuple(out[:10])


def _neighbours(evidence: dict[str, Any], previews: Previews) -> tuple[Text, ...]:
    """Rows named under `neighbours`, as numbers or as objects with a `row`."""
    named = evidence.get("neighbours", evidence.get("neighbors", ()))
    rows = [n.get("row") if isinstance(n, dict) else n for n in named] if isinstance(named, list) else []
    inside = [r for r in rows if isinstance(r, int) and not isinstance(r, bool) and 0 <= r < previews.dataset.n_rows]
    return tuple(previews.text(r, NEIGHBOUR_WIDTH) for r in inside[:NEIGHBOURS])
