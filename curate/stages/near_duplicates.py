"""Near-duplicates: rows that say nearly the same, each pair verified.

Engine: `curate.similarity.near_duplicate_edges` over distinct contents. Rules: `verified_jaccard` (drop: nearly the
same text in one split under one label), `across_splits` (drop: an evaluation split holds nearly the same text),
`conflicting_label` (flag). Every row with a partner gets a finding, exact copies of a near-duplicate included, so
that any keep policy can choose among them.

Scores: edges `a < b`, `score` down to the floor, and `drop`: false where the two rows carry different labels in one
split. Exact copies are joined to the first of them by edges of score 1; only that first row is joined to others,
because identical content has identical similarity. Hint `cluster`: first row of each row's cluster at the
threshold, over all rows, for folds and held-out splits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.errors import ConfigError
from curate.ledger.findings import concat_findings, make_findings
from curate.similarity.clusters import clusters
from curate.similarity.exact import exact_groups
from curate.similarity.near import Edges, NearConfig, near_duplicate_edges
from curate.similarity.partners import Ints, Partners, label_codes, split_ranks
from curate.stages.base import Context, Detection, Stage

NAME = "near_duplicates"
REASONS = {
    "verified_jaccard": "another row of the same split with the same label says nearly the same",
    "across_splits": "an evaluation row says nearly the same",
    "conflicting_label": "another row of the same split says nearly the same under a different label",
}


@dataclass(frozen=True)
class NearDuplicatesConfig:
    """What counts as nearly the same text."""

    threshold: float = 0.8
    """Jaccard similarity of word shingles (0 to 1) from which two rows are near-duplicates."""
    floor: float = 0.6
    """Verified pairs below the threshold are stored down to this similarity, so that the threshold can be explored."""
    shingle_words: int = 3
    """Words in a shingle. Fewer words find looser copies."""
    permutations: int = 64
    """Most MinHash values a row. More of them cost time and lower the number of needless comparisons."""
    recall: float = 0.99
    """Share of the pairs at the threshold that must be compared, which sets the band layout."""

    def engine(self, seed: int) -> NearConfig:
        """The engine's configuration; ConfigError where a value is out of range."""
        try:
            floor = min(self.floor, self.threshold)
            return NearConfig(self.threshold, floor, self.shingle_words, self.permutations, self.recall, seed=seed)
        except ValueError as error:
            raise ConfigError(f"[stages.{NAME}]: {error}") from error


def _progress(context: Context, done: int, total: int) -> None:
    context.check_cancelled()
    context.progress(done, total)


def detect(dataset: Dataset, config: NearDuplicatesConfig, context: Context) -> Detection:
    """Verified edges over all rows, and a finding for every row that a near-duplicate can stand in for."""
    n = dataset.n_rows
    engine = config.engine(context.seed)
    content = dataset.content()
    group = context.hints.get("exact_duplicates.group")
    alone = group is None  # no other stage speaks of identical copies, so this one must
    if group is None:
        group = exact_groups(content, threads=context.threads)
    first = np.where(np.asarray(group) >= 0, np.asarray(group), np.arange(n)).astype(np.int64)
    distinct = np.flatnonzero(first == np.arange(n))
    texts = content if len(distinct) == n else content.take(pa.array(distinct))
    found = near_duplicate_edges(texts, engine, lambda done, total: _progress(context, done, total), context.threads)
    edges = _over_all_rows(found, distinct, first, _blank(texts))
    labels = context.hints.get("label_names.canonical")
    split = split_ranks(dataset.splits(), n)
    label = label_codes(dataset.labels() if labels is None else labels, n)
    a, b = edges.a, edges.b
    drop = (split[a] != split[b]) | (label[a] == label[b])
    cluster = edges.clusters(config.threshold)
    findings = _findings(dataset, edges, first, split, label, cluster, config.threshold, alone)
    return Detection(
        findings=findings,
        scores=pa.table({"a": a, "b": b, "score": edges.score, "drop": drop}),
        hints={"cluster": cluster},
        summary={**found.stats, "edges": len(edges), "clusters": int((np.bincount(cluster, minlength=1) > 1).sum())},
    )


def _blank(texts: pa.LargeStringArray) -> Any:
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.equal(pc.fill_null(pc.binary_length(trimmed), 0), 0).to_numpy(zero_copy_only=False)


def _over_all_rows(found: Edges, distinct: Ints, first: Ints, blank: Any) -> Edges:
    """Edges between distinct contents, and one of score 1 from each content's first row to each further copy of it."""
    n = len(first)
    blank_row = np.zeros(n, np.bool_)
    blank_row[distinct] = blank
    copies = np.flatnonzero((first != np.arange(n)) & ~blank_row[first])
    a = np.concatenate([distinct[found.a], first[copies]])
    b = np.concatenate([distinct[found.b], copies])
    score = np.concatenate([found.score, np.ones(len(copies), np.float32)])
    order = np.lexsort((b, a))
    return Edges(n, a[order], b[order], score[order])


def _findings(
    dataset: Dataset, edges: Edges, first: Ints, split: Any, label: Any, cluster: Ints, threshold: float, alone: bool
) -> pa.Table:
    n = edges.n_rows
    strong = edges.at(threshold)
    same = strong.score >= 1.0
    classes = clusters(n, strong.a[same], strong.b[same])
    partners = Partners(classes, split, label)
    # Rows of one class, split and label have the same partners outside their class: ask once for each such node.
    _, node_row, node = np.unique(partners.key, return_index=True, return_inverse=True)
    nodes_of = np.argsort(classes[node_row], kind="stable")
    starts = np.searchsorted(classes[node_row][nodes_of], np.arange(n + 1))
    ends = np.concatenate([classes[strong.a[~same]], classes[strong.b[~same]]])
    other = np.concatenate([classes[strong.b[~same]], classes[strong.a[~same]]])
    score = np.concatenate([strong.score[~same]] * 2)
    many = starts[ends + 1] - starts[ends]
    which = np.repeat(np.arange(len(ends)), many)
    inside = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
    asking = nodes_of[starts[ends[which]] + inside]
    drop, conflict = _best(partners, node_row[asking], other[which], score[which], asking, len(node_row))
    row_drop, row_conflict = drop[0][node], conflict[0][node]
    row_score, conflict_score = drop[1][node], conflict[1][node]
    # Inside a class of several contents every row may also go for a row of identical shingles.
    contents = np.zeros(n, np.int64)
    np.add.at(contents, classes if alone else classes[np.flatnonzero(first == np.arange(n))], 1)
    mixed = np.flatnonzero(contents[classes] > 1)
    ones = np.ones(len(mixed), np.float32)
    inner, inner_conflict = _best(partners, mixed, classes[mixed], ones, np.arange(len(mixed)), len(mixed))
    better = (inner[0] >= 0) & ((row_drop[mixed] < 0) | (split[inner[0]] <= split[row_drop[mixed]]))
    row_drop[mixed[better]], row_score[mixed[better]] = inner[0][better], 1.0
    better = inner_conflict[0] >= 0
    row_conflict[mixed[better]], conflict_score[mixed[better]] = inner_conflict[0][better], 1.0

    size = np.bincount(cluster, minlength=n)
    across = (row_drop >= 0) & (split[row_drop] < split)
    tables = []
    for rule, action, mask, witness, how in (
        ("across_splits", "drop", across, row_drop, row_score),
        ("verified_jaccard", "drop", (row_drop >= 0) & ~across, row_drop, row_score),
        ("conflicting_label", "flag", row_conflict >= 0, row_conflict, conflict_score),
    ):
        rows = np.flatnonzero(mask)
        numbers = zip(how[rows].tolist(), size[cluster[rows]].tolist(), strict=True)
        tables.append(
            make_findings(
                NAME,
                dataset.row_ids,
                row=rows,
                rule=rule,
                action=action,
                score=how[rows],
                reason=REASONS[rule],
                witness_row=witness[rows],
                evidence=[f'{{"jaccard":{j:.4f},"cluster_size":{k},"threshold":{threshold:g}}}' for j, k in numbers],
            )
        )
    return concat_findings(tables)


def _best(
    partners: Partners, rows: Ints, classes: Ints, score: Any, asking: Ints, n: int
) -> tuple[tuple[Ints, Any], tuple[Ints, Any]]:
    """For each of n askers, the best partner to go for and the best one in conflict, with their scores (row -1: none).

    Best is: earliest split, then most alike, then first row.
    """
    across = partners.evaluation(rows, classes)
    drop = np.where(across >= 0, across, partners.same_label(rows, classes))
    answers = []
    for witness in (drop, partners.conflict(rows, classes)):
        has = np.flatnonzero(witness >= 0)
        order = has[np.lexsort((witness[has], -score[has], partners.split[witness[has]], asking[has]))]
        _, at = np.unique(asking[order], return_index=True)
        chosen = order[at]
        row, how = np.full(n, -1, np.int64), np.zeros(n, np.float32)
        row[asking[chosen]], how[asking[chosen]] = witness[chosen], score[chosen]
        answers.append((row, how))
    return answers[0], answers[1]


STAGE = Stage(
    name=NAME,
    title="Near duplicates",
    version=1,
    config=NearDuplicatesConfig,
    detect=detect,
    on_finding="apply",
    uses=("exact_duplicates", "label_names"),
)
