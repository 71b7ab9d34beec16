"""Near-duplicates: rows that say nearly the same, each pair verified.

Engine: `curate.similarity.near_duplicate_edges` over distinct contents. Rules: `verified_jaccard` (drop: nearly the
same text in one split under one label), `across_splits` (drop: an evaluation split holds nearly the same text),
`conflicting_label` (flag), `conflicting_answer`, `conflicting_preference` and `other_facts` (flags: `answers`). Every row
with a partner gets a finding, exact copies of a near-duplicate included, so that any keep policy can choose among them.

A pair is a pair of copies when three numbers reach their thresholds: Jaccard similarity of the rows; the same with
templates discounted (so rows that fill one template differently stay); and, for tasks with prompts and answers and for
texts that a label judges together, the similarity of each part (so the same prompt with another answer stays). They must
have one setting, too (see `setting`).

Scores: edges `a < b`, `score` down to the floor, `weighted` (templates discounted) and `parts` (the least similar
part; 1 for tasks without parts). Exact copies are joined to the first of them by edges of 1; only that first row is
joined to others, because identical content has identical similarity. Contents about different things (see `setting`) are
joined by none. Hint `cluster`: first row of each row's cluster
at the thresholds, whatever the parts say, over all rows, for folds and held-out splits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.dataset import Dataset
from curate.dataset.aside import large_arrays_apart
from curate.errors import ConfigError, StageSkipped
from curate.execution import LOCAL
from curate.ledger.findings import concat_findings, make_findings
from curate.similarity.clusters import clusters
from curate.similarity.exact import exact_groups
from curate.similarity.near import Edges, NearConfig, near_duplicate_edges
from curate.similarity.partners import Ints, Partners
from curate.similarity.selfmeasure import measure
from curate.stages.answers import answer_classes, answer_findings, fact_findings, part_similarity
from curate.stages.base import Context, Detection, Stage
from curate.stages.known_texts import edges_of_known, keep_edges
from curate.stages.measured import measured
from curate.stages.paired import compared_parts
from curate.stages.row_numbers import codes_of, plainly, ranks_of, texts_of
from curate.stages.second_look import edges_again, remember_edges
from curate.stages.setting import setting_across, setting_of

NAME = "near_duplicates"
PART = "least_similar_part"
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
    weighted_threshold: float | None = None
    """Similarity that a pair must also reach with templates discounted; the same as the threshold when left out."""
    part_threshold: float = 0.7
    """Similarity that each must reach of prompt and answers, or of texts judged together; 0 compares rows alone."""
    template_share: float = 0.02
    """Word shingles that this share of the distinct rows hold in common are a template; 0 looks for none."""
    shingle_words: int = 3
    """Words (or characters, see `shingle_of`) in a shingle. Fewer of them find looser copies."""
    shingle_of: str = "word"
    """What a shingle is made of: "word", or "character" for texts whose words are long or written in many ways."""
    permutations: int = 64
    """Most MinHash values a row. More of them cost time and lower the number of needless comparisons."""
    recall: float = 0.99
    """Share of the pairs at the threshold that must be compared, which sets the band layout."""
    floor_recall: float = 0.88
    """Share of the pairs at the floor that must be compared. 0.98 finds nearly all of them, and takes longer."""
    measure: bool = True
    """Whether the run measures its own recall and precision on a sample of the data."""

    def engine(self, seed: int) -> NearConfig:
        """The engine's configuration; ConfigError where a value is out of range."""
        if not 0.0 <= self.part_threshold <= 1.0:
            raise ConfigError(f"[stages.{NAME}]: part_threshold must lie in 0..1")
        try:
            floor = min(self.floor, self.threshold, self.weighted_threshold or 1.0)
            return NearConfig(
                self.threshold, floor, self.shingle_words, self.permutations, self.recall,
                floor_recall=self.floor_recall, template_share=self.template_share,
                weighted_threshold=self.weighted_threshold, seed=seed, unit=self.shingle_of,  # type: ignore[arg-type]
            )
        except ValueError as error:
            raise ConfigError(f"[stages.{NAME}]: {error}") from error


def _progress(context: Context, done: int, total: int) -> None:
    context.check_cancelled()
    context.progress(done, total)


def detect(dataset: Dataset, config: NearDuplicatesConfig, context: Context) -> Detection:
    """Verified edges over all rows, and a finding for every row that a near-duplicate can stand in for."""
    large_arrays_apart()
    if dataset.is_table:
        raise StageSkipped("the data has no text; numbers that are nearly alike are not copies")
    engine = config.engine(context.seed)
    group = context.hints.get("exact_duplicates.group")
    alone = group is None  # no other stage speaks of identical copies, so this one must
    if group is None:
        group = exact_groups(dataset.content(), threads=context.threads)
    group = np.asarray(group)
    first, distinct = texts_of(group, dataset)
    split, label = ranks_of(dataset), codes_of(dataset, context.hints.get("label_names.canonical"))
    setting, about = setting_of(dataset, context.threads), setting_across(dataset, context.threads)
    answer = answer_classes(dataset, context) if compared_parts(dataset) else None
    found = _edges(dataset, engine, group, distinct, first, _partners(split, label, answer, distinct), context)
    edges = _over_all_rows(distinct[found.a], distinct[found.b], found, first, dataset)
    near = edges.at(config.threshold, config.weighted_threshold)
    cluster = near.clusters(0.0) if len(near) else dataset.numbers
    if about is not None:
        first, a, b, which = _apart(first, about, distinct[found.a], distinct[found.b])
        edges = _over_all_rows(a, b, found, first, dataset, which)
    alike, apart = part_similarity(dataset, edges, engine, context.threads)
    parts = np.where(apart, np.float32(0), alike)
    copies = _findings(dataset, edges, parts, first, split, label, setting, cluster, config, alone)
    which = np.flatnonzero(_strong(edges, alike, config) & apart)
    but = Edges(edges.n_rows, edges.a[which], edges.b[which], edges.score[which], weighted=edges.weighted[which])
    facts = fact_findings(NAME, dataset, but, first, copies, split)
    answers = answer_findings(NAME, dataset, engine, config.part_threshold or config.threshold, split, context)
    own = measured(measure(dataset.content(), engine, found, context.threads, distinct)) if config.measure else []
    return Detection(
        findings=concat_findings([copies, answers, facts]),
        scores=pa.table(
            {"a": edges.a, "b": edges.b, "score": edges.score, "weighted": edges.weighted, "parts": parts}
        ),
        hints={"cluster": cluster},
        summary={
            **found.stats,
            "edges": len(edges),
            "clusters": int((np.bincount(cluster, minlength=1) > 1).sum()),
            "rows_with_conflicting_answers": answers.num_rows,
            "measured": own,
        },
    )


def _partners(split: NDArray[np.int8], label: NDArray[np.int32], answer: Ints | None, rows: Ints) -> Ints | None:
    """One number for those `rows` of one split, label and answer, which may go for each other; evaluation splits first.
    None where all may."""
    labels = int(label.max(initial=0)) + 2
    if answer is None and _all_one(split) and _all_one(label):
        return None
    found: Ints = split[rows].astype(np.int64) * labels + label[rows] + 1
    return found if answer is None else found * (int(answer.max(initial=0)) + 1) + answer[rows]


def _all_one(values: NDArray[Any]) -> bool:
    return not len(values) or bool(values.min() == values.max())


def _edges(
    dataset: Dataset, engine: NearConfig, group: Ints, distinct: Ints, first: Ints, partners: Ints | None, context: Context
) -> Edges:
    """Edges between distinct contents."""

    def progress(done: int, total: int) -> None:
        _progress(context, done, total)

    again = edges_again(dataset, engine, distinct, progress, context.threads, partners)
    if again is None:
        again = edges_of_known(dataset.content(), engine, distinct, first, partners, context, progress=progress)
    if again is not None:
        return again
    content = dataset.content()
    if context.execution is LOCAL:  # reads the texts where they lie
        found = near_duplicate_edges(
            content, engine, progress, context.threads, distinct, partners, keep=context.known is not None
        )
    else:
        texts = content if len(distinct) == len(content) else content.take(pa.array(distinct))
        found = context.execution.near_duplicate_edges(texts, engine, progress, context.threads, group=partners)
    remember_edges(dataset, engine, found, group)
    keep_edges(found, engine, distinct, first, context)
    return replace(found, reading=None)


def _blank(dataset: Dataset, rows: Ints) -> Any:
    if not len(rows):
        return np.zeros(0, np.bool_)
    trimmed = pc.utf8_trim_whitespace(dataset.content().take(pa.array(rows)))
    return pc.equal(pc.fill_null(pc.binary_length(trimmed), 0), 0).to_numpy(zero_copy_only=False)


def _apart(first: Ints, about: Ints, a: Ints, b: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Rows that say the same about the same: (the first of them for each row; the pairs of these that stand for pairs of
    contents, as two arrays; which pair each stands for)."""
    n, a, b = len(first), a.astype(np.int64), b.astype(np.int64)
    known, heads, node = np.unique(first.astype(np.int64) * n + about, return_index=True, return_inverse=True)
    start, stop = np.searchsorted(known, a * n), np.searchsorted(known, a * n + n)
    which = np.repeat(np.arange(len(a)), stop - start)
    one = np.arange(len(which)) - np.repeat(np.cumsum(stop - start) - (stop - start), stop - start) + start[which]
    wanted = b[which] * n + known[one] % n
    other = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    met = known[other] == wanted
    left, right = heads[one[met]], heads[other[met]]
    return heads[node.reshape(-1)], np.minimum(left, right), np.maximum(left, right), which[met]


def _over_all_rows(
    a: Ints, b: Ints, found: Edges, first: Ints, dataset: Dataset, pairs: Ints | slice = slice(None)
) -> Edges:
    """Edges between distinct contents, and one of score 1 from each content's first row to each further copy of it."""
    n = len(first)
    copies = np.flatnonzero(first != dataset.numbers)
    heads, which = np.unique(first[copies], return_inverse=True)
    copies = copies[~_blank(dataset, heads)[which]]
    a = np.concatenate([a, first[copies]]).astype(np.int64)
    b = np.concatenate([b, copies])  # int64: copies are
    ones = np.ones(len(copies), np.float32)
    score, weighted = (np.concatenate([values[pairs], ones]) for values in (found.score, found.weighted))
    order = np.lexsort((b, a))
    return Edges(n, a[order], b[order], score[order], weighted=weighted[order])


def _strong(edges: Edges, parts: Any, config: NearDuplicatesConfig) -> Any:
    tight = config.threshold if config.weighted_threshold is None else config.weighted_threshold
    alike = (edges.score >= np.float32(config.threshold)) & (edges.weighted >= np.float32(tight))
    return alike & (parts >= np.float32(config.part_threshold))


def _findings(
    dataset: Dataset,
    edges: Edges,
    parts: Any,
    first: Ints,
    split: Any,
    label: Any,
    setting: Ints | None,
    cluster: Ints,
    config: NearDuplicatesConfig,
    alone: bool,
) -> pa.Table:
    has_parts = bool(compared_parts(dataset))
    strong = _strong(edges, parts, config)
    if not strong.any():
        return concat_findings([])
    # Rows without such an edge are nobody's copy: from here on, rows are places among those that have one.
    seen, place = np.unique(np.concatenate([edges.a[strong], edges.b[strong]]), return_inverse=True)
    a, b = np.split(place, 2)
    n, split, label, parts = len(seen), split[seen], label[seen], parts[strong]
    setting = None if setting is None else setting[seen]
    size = np.bincount(cluster, minlength=len(cluster))[cluster[seen]]
    edges = Edges(n, a, b, edges.score[strong], weighted=edges.weighted[strong])
    same = (edges.score >= 1.0) & (edges.weighted >= 1.0) & (parts >= 1.0)
    classes = clusters(n, edges.a[same], edges.b[same])
    pairs = np.flatnonzero(~same)
    partners = Partners(classes, split, label, setting)
    # Rows of one class, split, setting and label have the same partners outside their class: ask once for each such node.
    _, node_row, node = np.unique(partners.key, return_index=True, return_inverse=True)
    nodes_of = np.argsort(classes[node_row], kind="stable")
    starts = np.searchsorted(classes[node_row][nodes_of], np.arange(n + 1))
    ends = np.concatenate([classes[edges.a[pairs]], classes[edges.b[pairs]]])
    other = np.concatenate([classes[edges.b[pairs]], classes[edges.a[pairs]]])
    pair = np.concatenate([pairs, pairs])
    many = starts[ends + 1] - starts[ends]
    which = np.repeat(np.arange(len(ends)), many)
    inside = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many)
    asking = nodes_of[starts[ends[which]] + inside]
    drop, conflict = _best(partners, node_row[asking], other[which], edges.score[pair[which]], asking, len(node_row))
    # The last edge of these arrays stands for "identical": inside a class of several contents every row may also go
    # for a row of identical shingles.
    score, weighted = np.append(edges.score, np.float32(1)), np.append(edges.weighted, np.float32(1))
    part = np.append(parts, np.float32(1))
    edge_of = np.append(pair[which], len(edges))
    row_drop, drop_edge = drop[0][node], edge_of[drop[1]][node]
    row_conflict, conflict_edge = conflict[0][node], edge_of[conflict[1]][node]
    contents = np.zeros(n, np.int64)
    np.add.at(contents, classes if alone else classes[first[seen] == seen], 1)
    mixed = np.flatnonzero(contents[classes] > 1)
    ones = np.ones(len(mixed), np.float32)
    inner, inner_conflict = _best(partners, mixed, classes[mixed], ones, np.arange(len(mixed)), len(mixed))
    better = (inner[0] >= 0) & ((row_drop[mixed] < 0) | (split[inner[0]] <= split[row_drop[mixed]]))
    row_drop[mixed[better]], drop_edge[mixed[better]] = inner[0][better], len(edges)
    better = inner_conflict[0] >= 0
    row_conflict[mixed[better]], conflict_edge[mixed[better]] = inner_conflict[0][better], len(edges)

    across = (row_drop >= 0) & (split[row_drop] < split)
    tables = []
    for rule, action, mask, witness, how in (
        ("across_splits", "drop", across, row_drop, drop_edge),
        ("verified_jaccard", "drop", (row_drop >= 0) & ~across, row_drop, drop_edge),
        ("conflicting_label", "flag", row_conflict >= 0, row_conflict, conflict_edge),
    ):
        rows = np.flatnonzero(mask)
        if not len(rows):
            continue  # row ids are not free
        edge = how[rows]
        told = {"jaccard": score[edge], "weighted_jaccard": weighted[edge], **({PART: part[edge]} if has_parts else {})}
        tables.append(
            make_findings(
                NAME,
                dataset.row_ids,
                row=seen[rows],
                rule=rule,
                action=action,
                score=score[edge],
                reason=plainly(REASONS[rule], dataset),
                witness_row=seen[witness[rows]],
                evidence=_evidence(told, size[rows], config.threshold),
            )
        )
    return concat_findings(tables)


def _evidence(similarity: dict[str, NDArray[np.float32]], size: Ints, threshold: float) -> pa.Array:
    """The numbers of each finding as JSON, four decimals; by columns, because copies may be many."""
    parts = []
    for name, values in similarity.items():
        # A product of 24 and 14 bits is exact, so this rounds as formatting does.
        steps, which = np.unique(np.rint(values.astype(np.float64) * 10_000).astype(np.int64), return_inverse=True)
        parts += [f'"{name}":', pa.array([f"{step / 10_000:.4f}" for step in steps.tolist()]).take(pa.array(which)), ","]
    sizes = pa.array(size).cast(pa.string())
    pieces = ["{", *parts, '"cluster_size":', sizes, f',"threshold":{threshold:g}}}']
    return pc.binary_join_element_wise(*(pa.scalar(x) if isinstance(x, str) else x for x in pieces), "")


def _best(
    partners: Partners, rows: Ints, classes: Ints, score: Any, asking: Ints, n: int
) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
    """For each of n askers, the best partner to go for and the best one in conflict (-1: none), each with its place
    among the questions.

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
        row, place = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
        row[asking[chosen]], place[asking[chosen]] = witness[chosen], chosen
        answers.append((row, place))
    return answers[0], answers[1]


STAGE = Stage(
    name=NAME,
    title="Near duplicates",
    version=16,
    config=NearDuplicatesConfig,
    detect=detect,
    on_finding="apply",
    uses=("exact_duplicates", "label_names"),
    keeps_rows=True,
    concern="duplicate",
    looks_again=True,
)
