"""Semantic near-duplicates: rows that mean nearly the same in other words, as far as vectors can tell.

Engine: `curate.similarity.semantic` over vectors of any encoder (`vectors`: a file that `curate vectors` or your own
script wrote, or a column of the data), or over TF-IDF/SVD vectors fitted on the data where none are named. Those know
words, not meanings: they find rows about the same thing, paraphrases among them, and much that is merely alike in topic.

Of near-duplicates that another stage found, one stands for all, so pairs that differ by a few words are not told twice.
Rules, all flags, so that nothing is ever changed by them: `similar_across_splits` (an evaluation row says nearly the
same), `similar_other_label` (a row of the same split under another label), `similar_meaning`. The witness is the nearest
row. Scores: `row`, `score` (cosine to the nearest other row), `witness`, for every row that has a vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from curate.dataset import Dataset
from curate.ledger.findings import concat_findings, make_findings
from curate.similarity.exact import exact_groups
from curate.similarity.partners import label_codes, split_ranks
from curate.similarity.semantic import fitted_vectors, nearest_rows
from curate.stages.base import Context, Detection, Stage
from curate.stages.vectors import contents_hash, is_file, read_vectors

NAME = "semantic_duplicates"
REASONS = {
    "similar_across_splits": "an evaluation row seems to mean nearly the same",
    "similar_other_label": "a row of the same split seems to mean nearly the same under a different label",
    "similar_meaning": "another row seems to mean nearly the same",
}


@dataclass(frozen=True)
class SemanticDuplicatesConfig:
    """Which rows seem to mean the same, and by which vectors."""

    vectors: str | None = None
    """A .npy or .parquet file with a vector for each row, or a column of the data; fitted on the data when left out."""
    threshold: float = 0.95
    """Cosine similarity (0 to 1) of two vectors from which their rows are marked."""
    dimensions: int = 128
    """Dimensions of the vectors that are fitted on the data."""
    recall: float = 0.99
    """Share of the pairs at the threshold that must be compared, where there are too many rows to compare all."""

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold <= 1.0 or not 0.0 < self.recall < 1.0:
            raise ValueError("threshold must lie in 0..1, recall between 0 and 1")
        if self.dimensions < 1:
            raise ValueError("dimensions must be at least 1")


def depends_on(config: SemanticDuplicatesConfig) -> Mapping[str, str]:
    """The hash of a file of vectors."""
    return {config.vectors: contents_hash(config.vectors)} if config.vectors and is_file(config.vectors) else {}


def detect(dataset: Dataset, config: SemanticDuplicatesConfig, context: Context) -> Detection:
    """A flag for each row whose nearest row, of another cluster of near-duplicates, is close enough."""
    n = dataset.n_rows
    context.check_cancelled()
    first = context.hints.get("near_duplicates.cluster")
    if first is None:
        group = exact_groups(dataset.content(), threads=context.threads)
        first = np.where(group >= 0, group, np.arange(n))
    first = np.asarray(first)
    standing = np.flatnonzero(first == np.arange(n))
    if config.vectors is None:
        vectors = fitted_vectors(
            dataset.content().take(pa.array(standing)), config.dimensions, context.seed, context.threads
        )
    else:
        vectors = read_vectors(dataset, config.vectors)[standing]

    def progress(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(done, total)

    near = nearest_rows(
        vectors, config.threshold, recall=config.recall, seed=context.seed, threads=context.threads, progress=progress
    )
    row = np.full(n, -1, np.int64)
    row[standing] = np.where(near.row >= 0, standing[near.row], -1)
    similarity = np.zeros(n, np.float32)
    similarity[standing] = near.similarity
    labels = context.hints.get("label_names.canonical")
    split = split_ranks(dataset.splits(), n)
    label = label_codes(dataset.labels() if labels is None else labels, n)
    marked = np.flatnonzero((row >= 0) & (similarity >= np.float32(config.threshold)))
    witness = row[marked]
    across = split[witness] < split[marked]
    labelled = (label[marked] >= 0) & (label[witness] >= 0)
    other = (split[witness] == split[marked]) & (label[witness] != label[marked]) & labelled
    tables = [
        make_findings(
            NAME,
            dataset.row_ids,
            row=marked[mask],
            rule=rule,
            action="flag",
            score=np.clip(similarity[marked[mask]], 0.0, 1.0),
            reason=REASONS[rule],
            witness_row=witness[mask],
            evidence=[f'{{"cosine":{s:.4f}}}' for s in similarity[marked[mask]].tolist()],
        )
        for rule, mask in (
            ("similar_across_splits", across),
            ("similar_other_label", other & ~across),
            ("similar_meaning", ~other & ~across),
        )
    ]
    have = np.flatnonzero(row >= 0)
    return Detection(
        findings=concat_findings(tables),
        scores=pa.table({"row": have, "score": similarity[have], "witness": row[have]}),
        summary={
            "vectors": "fitted on the data" if config.vectors is None else "given",
            "rows_compared": len(have),
            "rows_without_a_vector": len(standing) - len(have),
            "near_duplicates_left_out": n - len(standing),
            "rows_with_a_neighbour": len(marked),
            "recall_at_threshold": round(near.recall_at_threshold, 4),
            "hash_tables": near.tables,
            "meetings_cut_short": near.crowded_rows,
        },
    )


STAGE = Stage(
    name=NAME,
    title="Semantic duplicates",
    version=2,
    config=SemanticDuplicatesConfig,
    detect=detect,
    on_finding="flag",
    uses=("near_duplicates", "label_names"),
    depends_on=depends_on,
    concern="duplicate",
)
