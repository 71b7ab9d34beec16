"""Label names: one label, several spellings.

Engine: `curate.labels.names.canonical_names`. Rules: `fingerprint` (the spellings differ in case, separators, white space,
punctuation or Unicode form only; score 1, so it applies by itself) and `edit_distance` (a rare spelling one slip away
from a frequent one), `ngram_fingerprint` (the same pairs of letters) and `co_occurrence` (both stand on copies of the same
texts and look alike), which score below the threshold, so a person looks. The hint `canonical` is the label of every row
with the spellings of the first rule unified, null where a row has none. Names with personal data are masked in the
summary; the exact text stands in `replacement` only.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.unlabelled import why_no_label
from curate.errors import StageSkipped
from curate.ledger.findings import make_findings
from curate.stages.base import Context, Detection, Stage

NAME = "label_names"
_MOST_TOGETHER = 20
"""Labels of one cluster of copies that are looked at; templates in very many rows say nothing of names."""
REASONS = {
    "fingerprint": "the label is another spelling of a more frequent one",
    "edit_distance": "the label looks like a slip of the pen for a much more frequent one",
    "ngram_fingerprint": "the label has the same pairs of letters as a much more frequent one",
    "co_occurrence": "copies of the same texts have this label and another that looks like it",
}


@dataclass(frozen=True)
class LabelNamesConfig:
    """Which spellings are taken for one label."""

    edit_distance: bool = True
    """Whether a rare spelling one typing error away from a frequent one is proposed for review."""
    ngram_fingerprint: bool = True
    """Whether a rare spelling with the pairs of letters of a frequent one is proposed for review."""
    co_occurrence: bool = True
    """Whether spellings that look alike and stand on copies of the same texts are proposed for review."""


def detect(dataset: Dataset, config: LabelNamesConfig, context: Context) -> Detection:
    """Propose the most frequent spelling for every row that uses another."""
    labels = dataset.labels()
    if labels is None:
        raise StageSkipped(why_no_label(dataset))
    from curate.labels.names import canonical_names
    from curate.privacy.preview import shown_names

    encoded = labels.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    if not names:
        raise StageSkipped("no row has a label")
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    rows_of = np.bincount(codes[codes >= 0], minlength=len(names))
    together = _together(codes, names, dataset, context.threads) if config.co_occurrence else None
    rules = [rule for rule in REASONS if getattr(config, rule, False)]
    spellings = canonical_names(dict(zip(names, rows_of.tolist())), together, rules)
    sure = [spellings[n].canonical if n in spellings and spellings[n].rule == "fingerprint" else n for n in names]
    hint = pa.array(sure, pa.large_string()).take(pa.array(codes, mask=codes < 0))
    changed = np.asarray([name in spellings for name in names])
    rows = np.flatnonzero((codes >= 0) & changed[codes])
    found = [spellings[names[code]] for code in codes[rows]]
    count = dict(zip(names, rows_of.tolist()))
    merged = sorted(spellings.items())[:200]
    shown = shown_names(name for n, s in merged for name in (n, s.canonical))
    evidence = [
        f'{{"rows_with_this_spelling":{count[names[code]]},"rows_with_the_other":{count[s.canonical]}}}'
        for code, s in zip(codes[rows].tolist(), found)
    ]
    findings = make_findings(
        NAME,
        dataset.row_ids,
        row=rows,
        rule=[s.rule for s in found],
        action="relabel",
        score=[s.score for s in found],
        reason=[REASONS[s.rule] for s in found],
        field=dataset.pointer_of(dataset.roles.label[0]),
        replacement=[s.canonical for s in found],
        evidence=evidence,
    )
    return Detection(
        findings=findings,
        hints={"canonical": hint},
        summary={
            "spellings": len(names),
            "labels": len(set(sure)),
            "rows_with_another_spelling": len(rows),
            "merged": [
                {
                    "spelling": shown[n],
                    "rows": count[n],
                    "canonical": shown[s.canonical],
                    "rule": s.rule,
                    "score": s.score,
                }
                for n, s in merged
            ],
        },
    )


def _together(codes: Any, names: list[str], dataset: Dataset, threads: int) -> dict[tuple[str, str], int]:
    """For two spellings, the texts of which some copies have the one and some the other."""
    from curate.similarity.exact import exact_groups

    text = exact_groups(dataset.content(), threads=threads)
    pairs = np.unique(np.column_stack([text, codes])[(codes >= 0) & (text >= 0)], axis=0)
    _, start, size = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    out: Counter[tuple[str, str]] = Counter()
    for at, n in zip(start[size > 1].tolist(), size[size > 1].tolist(), strict=True):
        held = sorted(names[code] for code in pairs[at : at + n, 1].tolist()[:_MOST_TOGETHER])
        out.update(itertools.combinations(held, 2))
    return dict(out)


STAGE = Stage(
    name=NAME,
    title="Label spellings",
    version=4,
    config=LabelNamesConfig,
    detect=detect,
    on_finding="review",
    concern="label",
)
