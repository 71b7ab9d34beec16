"""Label names: one label, several spellings.

Engine: `curate.labels.names.canonical_names`. Rules: `fingerprint` (the spellings differ in case, separators, white space,
punctuation or Unicode form only; score 1, so it applies by itself) and `edit_distance` (a rare spelling one slip away
from a frequent one), `ngram_fingerprint` (the same pairs of letters) and `co_occurrence` (both stand on copies of the same
texts and look alike), which score below the threshold, so a person looks. The hint `canonical` is the label of every row
with the spellings of the first rule unified, null where a row has none. Names with personal data are masked in the
summary; the exact text stands in `replacement` only.

In a column of lists the labels of the sets are unified, one finding a row, as sure as its least sure change; there the
hint holds each set in order, so that two rows agree where their sets do. Where nearly every label is another one nothing
is unified and the summary says so: `AB-1` and `ab1` are two ids.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.dataset.unlabelled import why_no_label
from curate.errors import StageSkipped
from curate.labels.judged import is_like_an_id
from curate.ledger.findings import make_findings
from curate.stages.base import Context, Detection, Stage
from curate.stages.label_kinds import target_kind

if TYPE_CHECKING:
    from curate.labels.names import Spelling

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
    if labels.null_count == len(labels):
        raise StageSkipped("no row has a label")
    rules = [rule for rule in REASONS if getattr(config, rule, False)]
    if target_kind(dataset, "auto") == "set":
        return _of_sets(dataset, labels, rules)
    if is_like_an_id(labels):
        summary = {**_summary(dict.fromkeys(pc.unique(labels).drop_null().to_pylist(), 1), {}), "reads_like_an_id": True}
        return Detection(findings=_findings(dataset, [], {}, {}), hints={"canonical": labels}, summary=summary)
    return _of_classes(dataset, labels, rules, config.co_occurrence, context.threads)


Change = tuple[int, str, str]
"""A row, the spelling that is the least sure of those changed in it, and what the whole cell becomes."""


def _of_classes(dataset: Dataset, labels: Any, rules: list[str], on_copies: bool, threads: int) -> Detection:
    from curate.labels.names import canonical_names

    encoded = labels.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    count = dict(zip(names, np.bincount(codes[codes >= 0], minlength=len(names)).tolist()))
    together = _together(codes, names, dataset, threads) if on_copies else None
    # Between plain labels a list or an object is no other spelling of a name.
    nested = dataset.is_json(dataset.roles.label[0])
    plain = {name: n for name, n in count.items() if not (nested and name.startswith(("[", "{")))}
    spellings = canonical_names(plain, together, rules)
    sure = [_sure(spellings, name) for name in names]
    changed = np.asarray([name in spellings for name in names])
    at = np.flatnonzero((codes >= 0) & changed[codes])
    which = [names[c] for c in codes[at].tolist()]
    changes = [(row, name, spellings[name].canonical) for row, name in zip(at.tolist(), which, strict=True)]
    hint = pa.array(sure, pa.large_string()).take(pa.array(codes, mask=codes < 0))
    return Detection(
        findings=_findings(dataset, changes, spellings, count),
        hints={"canonical": hint},
        summary=_summary(count, spellings, len(changes)),
    )


def _of_sets(dataset: Dataset, labels: Any, rules: list[str]) -> Detection:
    """Labels inside lists; what is no string, and cells that are no list, stay as they are."""
    from curate.dataset.content import loaded
    from curate.labels.names import canonical_names

    cells = dataset.values(dataset.roles.label[0]).to_pylist()
    sets = [None if cell is None else loaded(cell) for cell in cells]
    sets = [one if isinstance(one, list) else None for one in sets]
    count = Counter(name for one in sets for name in {name for name in one or () if isinstance(name, str)})
    spellings = canonical_names(count, None, rules)
    changes: list[Change] = []
    canonical = labels.to_pylist()
    for row, one in enumerate(sets):
        if one is None:
            continue
        unified = {_json(_sure(spellings, name) if isinstance(name, str) else name) for name in one}
        canonical[row] = f"[{','.join(sorted(unified))}]"  # rows that name the same labels in another order say the same
        found = [name for name in one if isinstance(name, str) and name in spellings]
        if found:
            new = [spellings[name].canonical if isinstance(name, str) and name in spellings else name for name in one]
            once = list({_json(name): name for name in new}.values())
            changes.append((row, min(found, key=lambda name: spellings[name].score), _json(once)))
    return Detection(
        findings=_findings(dataset, changes, spellings, count),
        hints={"canonical": pa.array(canonical, pa.large_string())},
        summary=_summary(count, spellings, len(changes)),
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _sure(spellings: Mapping[str, Spelling], name: str) -> str:
    found = spellings.get(name)
    return name if found is None or found.rule != "fingerprint" else found.canonical


def _findings(
    dataset: Dataset, changes: list[Change], spellings: Mapping[str, Spelling], count: Mapping[str, int]
) -> pa.Table:
    why = [spellings[name] for _, name, _ in changes]
    return make_findings(
        NAME,
        dataset.row_ids,
        row=np.array([row for row, _, _ in changes], np.int64),
        rule=[s.rule for s in why],
        action="relabel",
        score=[s.score for s in why],
        reason=[REASONS[s.rule] for s in why],
        field=dataset.pointer_of(dataset.roles.label[0]),
        replacement=[new for _, _, new in changes],
        evidence=[
            f'{{"rows_with_this_spelling":{count[name]},"rows_with_the_other":{count[s.canonical]}}}'
            for (_, name, _), s in zip(changes, why, strict=True)
        ],
    )


def _summary(count: Mapping[str, int], spellings: Mapping[str, Spelling], rows: int = 0) -> dict[str, Any]:
    from curate.privacy.preview import shown_names

    merged = sorted(spellings.items())[:200]
    shown = shown_names(name for n, s in merged for name in (n, s.canonical))
    return {
        "spellings": len(count),
        "labels": len({_sure(spellings, name) for name in count}),
        "rows_with_another_spelling": rows,
        "merged": [
            {"spelling": shown[n], "rows": count[n], "canonical": shown[s.canonical], "rule": s.rule, "score": s.score}
            for n, s in merged
        ],
    }


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
    version=5,
    config=LabelNamesConfig,
    detect=detect,
    on_finding="review",
    concern="label",
)
