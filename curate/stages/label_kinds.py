"""Labels that are no classes: sets of labels, and numbers. Parts of the stage `label_issues`.

What a column holds is read from it: lists are sets; numbers with decimals that nearly all differ are measurements.
Whole numbers are classes unless the recipe says `target = "number"`, because a column of whole numbers may be codes or
ids. Rules, all flags, since neither a set nor a number has one likelier value that could take its place:
`missing_label` (the text fits a label that the row's set lacks), `extra_label` (the set holds a label that the text
does not fit), `unexpected_number`. One finding a row and rule; the evidence names the labels, likeliest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.content import loaded
from curate.errors import StageSkipped
from curate.labels.judged import FEWEST_ROWS, MAX_CELLS
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection

if TYPE_CHECKING:
    from curate.stages.label_issues import LabelIssuesConfig

NAME = "label_issues"
REASONS = {
    "missing_label": "a model that never saw this row expects a label that its set lacks",
    "extra_label": "a model that never saw this row does not expect a label that its set holds",
    "unexpected_number": "the number is far from what the text and the other rows lead one to expect",
}
_MANY_VALUES = 20
Ints = npt.NDArray[np.int64]


def target_kind(dataset: Dataset, target: str) -> str:
    """`class`, `set` or `number`: what the label column holds."""
    if target != "auto" or not dataset.roles.label:
        return "class" if target == "auto" else target
    column = dataset.values(dataset.roles.label[0])
    if dataset.is_json(dataset.roles.label[0]):
        cells = [cell for cell in column.slice(0, 1000).to_pylist() if cell is not None]
        return "set" if cells and sum(cell.startswith("[") for cell in cells) > len(cells) / 2 else "class"
    if pa.types.is_floating(column.type):
        known = pc.drop_null(column)
        whole = pc.sum(pc.equal(pc.floor(known), known)).as_py() or 0
        values = pc.count_distinct(known).as_py()
        if len(known) and whole < len(known) / 2 and values > max(_MANY_VALUES, len(known) / 2):
            return "number"
    return "class"


def detect_sets(dataset: Dataset, config: LabelIssuesConfig, groups: Ints, context: Context) -> Detection:
    """Flags for sets of labels."""
    from curate.labels.multilabel import MOST_CLASSES, judge_sets
    from curate.privacy.preview import shown_names

    unified = context.hints.get("label_names.canonical") if target_kind(dataset, "auto") == "set" else None
    sets = label_sets(dataset, unified)
    has = _with_text(dataset) & np.array([s is not None for s in sets], bool)
    rows = np.flatnonzero(has)
    _enough(rows, groups)
    names, codes = np.unique([name for row in rows for name in sets[row] or ()], return_inverse=True)
    count = np.bincount(codes, minlength=len(names))
    kept = np.flatnonzero((count >= config.min_class_rows) & (count <= len(rows) - config.min_class_rows))
    if not len(kept):
        raise StageSkipped(f"no label stands in {config.min_class_rows} rows and is missing from as many")
    if len(kept) > MOST_CLASSES or len(rows) * len(kept) > MAX_CELLS:
        raise StageSkipped(f"the sets hold {len(kept):,} labels; at most {MOST_CLASSES} are judged")
    place = {names[c]: i for i, c in enumerate(kept.tolist())}
    member = np.zeros((len(rows), len(kept)), bool)
    for i, row in enumerate(rows.tolist()):
        member[i, [place[name] for name in sets[row] or () if name in place]] = True
    noise = judge_sets(dataset.content().take(pa.array(rows)), member, groups[rows], context.seed, context.threads)
    by_name = shown_names([str(names[c]) for c in kept])
    shown = [by_name[str(names[c])] for c in kept]
    wrong = np.round(noise.wrong, 4)
    tables = []
    for rule, side in (("missing_label", ~member), ("extra_label", member)):
        found = np.where(side, wrong, 0.0)
        at = np.flatnonzero(found.max(axis=1) >= config.likely_wrong_at)
        evidence = []
        for i in at.tolist():
            order = np.argsort(-found[i], kind="stable")
            told = [c for c in order.tolist() if found[i, c] >= config.likely_wrong_at][:10]
            evidence.append(orjson.dumps({
                "labels": [[shown[c], float(found[i, c]), round(float(noise.probabilities[i, c]), 4)] for c in told],
                "cleanlab_quality": round(float(noise.cleanlab_quality[i]), 4),
            }).decode())  # fmt: skip
        tables.append(_flags(dataset, rows[at], rule, found.max(axis=1)[at], evidence))
    return Detection(
        findings=concat_findings(tables),
        scores=pa.table({"row": rows, "score": wrong.max(axis=1), "cleanlab_quality": noise.cleanlab_quality}),
        summary={
            "target": "set",
            "rows_judged": len(rows),
            "classes": len(kept),
            "classes_too_small": len(names) - len(kept),
            **{rule: table.num_rows for rule, table in zip(("missing_label", "extra_label"), tables, strict=True)},
        },
    )


def detect_numbers(dataset: Dataset, config: LabelIssuesConfig, groups: Ints, context: Context) -> Detection:
    """Flags for numbers."""
    from curate.labels.numeric import judge_numbers

    values = _numbers(dataset)
    rows = np.flatnonzero(_with_text(dataset) & np.isfinite(values))
    _enough(rows, groups)
    try:
        noise = judge_numbers(
            dataset.content().take(pa.array(rows)), values[rows], groups[rows], context.seed, context.threads
        )
    except ValueError as error:
        raise StageSkipped(str(error)) from None
    wrong = np.round(noise.wrong, 4)
    at = np.flatnonzero(wrong >= config.likely_wrong_at)
    evidence = [
        orjson.dumps({
            "given": float(values[rows[i]]),
            "expected": round(float(noise.expected[i]), 6),
            "spread": round(noise.spread, 6),
            "cleanlab_quality": round(float(noise.cleanlab_quality[i]), 4),
        }).decode()
        for i in at.tolist()
    ]  # fmt: skip
    return Detection(
        findings=_flags(dataset, rows[at], "unexpected_number", wrong[at], evidence),
        scores=pa.table({"row": rows, "score": wrong, "cleanlab_quality": noise.cleanlab_quality}),
        summary={
            "target": "number",
            "rows_judged": len(rows),
            "rows_without_a_number": dataset.n_rows - int(np.isfinite(values).sum()),
            "unexpected_number": len(at),
            "explained_by_the_text": round(noise.explained, 4),
        },
    )


def _flags(dataset: Dataset, rows: Ints, rule: str, score: Any, evidence: list[str]) -> pa.Table:
    return make_findings(
        NAME, dataset.row_ids, row=rows, rule=rule, action="flag", score=score, reason=REASONS[rule],
        field=dataset.pointer_of(dataset.roles.label[0]), evidence=evidence,
    )  # fmt: skip


def _enough(rows: Ints, groups: Ints) -> None:
    if len(rows) < FEWEST_ROWS or len(np.unique(groups[rows])) < FEWEST_ROWS:
        raise StageSkipped(f"rows with a label and a text: {len(rows)}; {FEWEST_ROWS} that are no copies are needed")


def _with_text(dataset: Dataset) -> npt.NDArray[np.bool_]:
    trimmed = pc.utf8_length(pc.utf8_trim_whitespace(dataset.content()))
    return np.asarray(pc.greater(trimmed, 0).to_numpy(zero_copy_only=False), bool)


def label_sets(dataset: Dataset, unified: Any = None) -> list[list[str] | None]:
    """The labels of each row; None where there is no list. An empty list says: none of them.

    `unified` holds the cells with the spellings of labels unified (`label_names`), where that is known.
    """
    out: list[list[str] | None] = []
    name = dataset.roles.label[0]
    if not dataset.is_json(name):
        raise StageSkipped(f"the column {name} holds no lists of labels")
    for cell in (dataset.values(name) if unified is None else unified).to_pylist():
        value = None if cell is None else loaded(cell)
        if not isinstance(value, list):
            out.append(None)
        else:
            out.append([x if isinstance(x, str) else orjson.dumps(x).decode() for x in value if x is not None])
    return out


def _numbers(dataset: Dataset) -> npt.NDArray[np.float64]:
    """The number of each row; nan where there is none."""
    labels = dataset.labels()
    assert labels is not None
    out = np.full(len(labels), np.nan)
    for i, cell in enumerate(labels.to_pylist()):
        try:
            out[i] = np.nan if cell is None else float(cell)
        except ValueError:
            continue
    return out
