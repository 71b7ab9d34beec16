"""Label issues: labels that are probably wrong, and texts whose label can be argued about.

Engine: `curate.labels.noise` over out-of-sample probabilities whose folds keep near-duplicates together (and the rows
of an author or a thread, where a role or `keep_together` names the column), with cleanlab's own judgement beside it. Sets
of labels and numbers are judged by `label_kinds`, columns of several annotators by `label_votes`. Rules of classes:
`likely_wrong` (relabel: probability of a wrong label at or above `likely_wrong_at`, the likelier label as replacement)
and `ambiguous` (flag: worth reading, never relabelled). A finding's score is the probability that the given label is
wrong. The scores table has for every judged row `score` (the same probability: high = suspicious), `ranking` (best
order for review) and `cleanlab_quality` (self-confidence: low = suspicious); the summary compares the two orders.

Where few labels seem wrong (`careful_below`), a reader found about as many arguable or right labels as wrong ones among the
surest findings (benchmarks/LOG.md): there the scores of findings stay below what applies by itself. So do they where the
model would give too few of the labels itself (`least_agreement`): what it suggests there is as often its own mistake.
And so do they where a label says how one text stands to another, or whether an answer is a good one: words do not tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.dataset import Dataset
from curate.dataset.unlabelled import why_no_label
from curate.errors import ConfigError, StageSkipped, nearest
from curate.labels.judged import JudgedRows, judged_rows
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection, Stage
from curate.stages.label_kinds import detect_numbers, detect_sets, target_kind
from curate.stages.label_votes import judge_votes, majority_labels, read_votes
from curate.stages.paired import is_paired
from curate.stages.together import rows_together
from curate.stages.vectors import contents_hash, is_file, read_vectors

if TYPE_CHECKING:
    from curate.labels.noise import LabelNoise

NAME = "label_issues"
REASONS = {
    "likely_wrong": "a model that never saw this row or its near-duplicates expects another label",
    "ambiguous": "the text fits more than one label about equally well",
}
_NEIGHBOURS_FOR = 2000
_SWAPS = 10
_BELOW_AUTO = 0.89
_FITTED, _WEIGHED, _ALL = 80, 90, 100
"""Progress when our models have judged every label, and when cleanlab has."""


@dataclass(frozen=True)
class LabelIssuesConfig:
    """When a label counts as wrong, and when as arguable."""

    likely_wrong_at: float = 0.7
    """Probability of a wrong label from which another label is suggested."""
    ambiguous_at: float = 0.25
    """Probability of a wrong label from which a row is worth reading."""
    min_class_rows: int = 5
    """Classes with fewer rows than this are neither judged nor suggested."""
    min_suggestion: float = 0.5
    """Probability that the suggested label must have by itself; below it the row is only flagged."""
    careful_below: float = 0.03
    """Estimated share of wrong labels below which no label is changed by itself: there, many findings are arguable."""
    least_agreement: float = 0.67
    """Share of the labels that the model must give too; where it gives fewer, no label is changed by itself."""
    pred_probs: str | None = None
    """A .npy, .parquet or .csv file with out-of-sample class probabilities of your own model; ours when left out."""
    vectors: str | None = None
    """A .npy or .parquet file with a vector for each row, or a column of the data: read beside the words of the text."""
    sample_rows: int = 0
    """Judge about this many rows, drawn from every class by its share; 0 judges all."""
    keep_together: str | None = None
    """One more column, beside the roles author and thread, whose rows of one value never judge one another."""
    votes: tuple[str, ...] = ()
    """Columns with the labels of several annotators, one a column; their consensus and quality are judged."""
    target: Literal["auto", "class", "set", "number"] = "auto"
    """What the label column holds: classes, sets of labels (lists) or numbers; read from the column by itself."""

    def __post_init__(self) -> None:
        if self.target not in ("auto", "class", "set", "number"):
            raise ConfigError(f"[stages.{NAME}] target must be auto, class, set or number, not {self.target!r}")
        for name in ("careful_below", "least_agreement"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ConfigError(f"[stages.{NAME}] {name} must lie in 0 to 1")
        for name in ("likely_wrong_at", "ambiguous_at", "min_suggestion"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ConfigError(f"[stages.{NAME}] {name} must be above 0 and at most 1")
        if self.min_class_rows < 1:
            raise ConfigError(f"[stages.{NAME}] min_class_rows must be at least 1")
        if self.sample_rows < 0:
            raise ConfigError(f"[stages.{NAME}] sample_rows must be 0 or more")
        if self.pred_probs and self.vectors:
            raise ConfigError(f"[stages.{NAME}] vectors are for our own model, not beside pred_probs; leave out one")


def depends_on(config: LabelIssuesConfig) -> Mapping[str, str]:
    """The hashes of files of probabilities and vectors."""
    files = [config.pred_probs, config.vectors if config.vectors and is_file(config.vectors) else None]
    return {name: contents_hash(name) for name in files if name}


def detect(dataset: Dataset, config: LabelIssuesConfig, context: Context) -> Detection:
    """Judge every label against the text of the row."""
    votes = read_votes(dataset, config.votes) if config.votes else None
    groups, apart = _groups(dataset, config, context)
    kind = target_kind(dataset, config.target)
    if dataset.roles.label and kind != "class":
        unread = [name for name in ("votes", "pred_probs", "vectors") if getattr(config, name)]
        if unread:
            raise ConfigError(
                f"[stages.{NAME}] {unread[0]} is for classes, but the label column holds a {kind}; leave it out, or set "
                'target = "class"'
            )
        return (detect_sets if kind == "set" else detect_numbers)(dataset, config, groups, context)
    labels = context.hints.get("label_names.canonical")
    labels = dataset.labels() if labels is None else labels
    if labels is None and votes is not None:
        labels = majority_labels(votes)
    if labels is None:
        raise StageSkipped(why_no_label(dataset))
    judged = judged_rows(
        labels, dataset.content(), groups, config.min_class_rows, config.sample_rows, context.seed
    )
    from curate.labels.confident import cleanlab_judgement
    from curate.labels.noise import estimate_label_noise, judge_predictions
    from curate.stages.pred_probs import read_pred_probs

    n, k = len(judged.rows), len(judged.names)
    texts = dataset.content().take(pa.array(judged.rows))

    def fitted(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(_FITTED * done // total, _ALL)

    fitted(0, 1)
    if config.pred_probs is None:
        vectors = None if config.vectors is None else read_vectors(dataset, config.vectors)[judged.rows]
        noise = estimate_label_noise(
            texts, judged.codes, judged.groups, k, context.seed, context.threads, vectors, progress=fitted
        )
    else:
        given = pa.array(labels.to_pylist(), pa.large_string())
        names = sorted({name for name in given.to_pylist() if name is not None})
        p = read_pred_probs(config.pred_probs, names, dataset.n_rows, judged.names)[judged.rows]
        noise = judge_predictions(p, judged.codes)
    fitted(1, 1)
    quality, issue = cleanlab_judgement(judged.codes, noise.probabilities)
    context.check_cancelled()
    context.progress(_WEIGHED, _ALL)
    wrong = np.round(noise.wrong, 4)
    likely = (wrong >= config.likely_wrong_at) & (noise.suggested_posterior >= config.min_suggestion)
    ambiguous = (wrong >= config.ambiguous_at) & ~likely
    agreement = 1.0 - float(noise.other.mean())
    unsure = agreement < config.least_agreement
    # Whoever brings probabilities may have read the texts as what they are to one another.
    relation = config.pred_probs is None and (is_paired(dataset) or dataset.task == "unpaired_preference")
    careful = unsure or relation or noise.noise_rate < config.careful_below
    shown_score = np.minimum(wrong, _BELOW_AUTO) if careful else wrong
    evidence = _evidence(judged, noise, np.flatnonzero(likely | ambiguous), issue, quality, texts, context)
    tables = []
    # Where the label is only what most annotators said, there is no column to write another one into.
    relabel = "relabel" if dataset.roles.label else "flag"
    for rule, action, mask in (("likely_wrong", relabel, likely), ("ambiguous", "flag", ambiguous)):
        at = np.flatnonzero(mask)
        tables.append(
            make_findings(
                NAME,
                dataset.row_ids,
                row=judged.rows[at],
                rule=rule,
                action=action,
                score=shown_score[at],
                reason=REASONS[rule],
                field=dataset.pointer_of(dataset.roles.label[0] if dataset.roles.label else config.votes[0]),
                replacement=[judged.names[c] for c in noise.suggested[at]] if action == "relabel" else None,
                evidence=[evidence[i] for i in at.tolist()],
            )
        )
    about_votes: dict[str, Any] = {}
    if votes is not None:
        table, about_votes = judge_votes(dataset, votes, judged, noise.probabilities, config.likely_wrong_at)
        tables.append(table)
    context.progress(_ALL, _ALL)
    return Detection(
        findings=concat_findings(tables),
        scores=pa.table(
            {"row": judged.rows, "score": wrong, "ranking": np.round(noise.ranking, 4), "cleanlab_quality": quality}
        ),
        hints={
            "wrong": _of_all_rows(wrong, judged.rows, dataset.n_rows),
            "likely_wrong": _of_all_rows(likely.astype(np.float64), judged.rows, dataset.n_rows),
        },
        summary={
            "rows_judged": n,
            "predictions": "ours" if config.pred_probs is None else "given",
            "target": "class",
            "classes": k,
            "rows_not_judged": judged.left_out,
            "estimated_noise_rate": round(noise.noise_rate, 4),
            "noise_rate_between": dict(zip(("least", "most"), (round(end, 4) for end in noise.noise_range))),
            "applied_by_themselves": not careful,
            "agreement": round(agreement, 4),
            "model_is_unsure": unsure,
            **({"label_of_a_relation": True} if relation else {}),
            "likely_wrong": int(likely.sum()),
            "ambiguous": int(ambiguous.sum()),
            "cleanlab_issues": int(issue.sum()),
            "likely_wrong_that_cleanlab_agrees_with": int((issue & likely).sum()),
            "swaps": _swaps(judged, noise, np.flatnonzero(likely)),
            "first_rows_in_both_orders": _shared(noise.ranking, -quality, max(1, int(likely.sum()))),
            **({"votes": about_votes} if votes is not None else {}),
            **({"notes": list(apart)} if apart else {}),
        },
    )


def _groups(
    dataset: Dataset, config: LabelIssuesConfig, context: Context
) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Rows that must not judge one another, and what could not be kept together."""
    column = config.keep_together
    if column is not None and column not in dataset.columns:
        hint = nearest(column, dataset.columns)
        raise ConfigError(f"[stages.{NAME}] keep_together: the data has no column {column!r}; {hint}")
    return rows_together(dataset, context.hints.get("near_duplicates.cluster"), (column,) if column else ())


def _swaps(judged: JudgedRows, noise: LabelNoise, at: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
    """The most frequent pairs of a given and a suggested label among rows `at`, labels with personal data masked."""
    from curate.privacy.preview import shown_names

    pairs, rows = np.unique(np.column_stack([judged.codes[at], noise.suggested[at]]), axis=0, return_counts=True)
    order: list[int] = np.lexsort((pairs[:, 1], pairs[:, 0], -rows))[:_SWAPS].tolist()
    shown = shown_names(judged.names)
    names = [shown[name] for name in judged.names]
    return [{"given": names[pairs[i, 0]], "suggested": names[pairs[i, 1]], "rows": int(rows[i])} for i in order]


def _shared(ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64], m: int) -> float:
    """Share of our first `m` rows that are among the first `m` of the other order."""
    first, other = (np.argsort(-x, kind="stable")[:m] for x in (ours, theirs))
    return round(len(np.intersect1d(first, other)) / m, 4)


def _of_all_rows(values: npt.NDArray[np.float64], rows: Any, n: int) -> npt.NDArray[np.float64]:
    """Values of some rows beside nan for the others."""
    out = np.full(n, np.nan)
    out[rows] = values
    return out


def _evidence(
    judged: JudgedRows,
    noise: LabelNoise,
    at: npt.NDArray[np.int64],
    issue: npt.NDArray[np.bool_],
    quality: npt.NDArray[np.float64],
    texts: pa.LargeStringArray,
    context: Context,
) -> dict[int, str]:
    """JSON by judged position: class probabilities, cleanlab's view, similar rows; labels with personal data masked."""
    import orjson

    from curate.labels.features import text_features
    from curate.labels.neighbours import nearest_rows
    from curate.privacy.preview import shown_names

    by_name = shown_names(judged.names)
    shown = [by_name[name] for name in judged.names]
    asked = np.sort(at[np.argsort(-noise.wrong[at], kind="stable")][:_NEIGHBOURS_FOR])
    near: dict[int, list[dict[str, Any]]] = {}
    if len(asked):
        words = text_features(texts, threads=context.threads).words
        found, similarity = nearest_rows(words, asked, threads=context.threads)
        for position, rows, values in zip(asked.tolist(), found.tolist(), similarity.tolist()):
            near[position] = [
                {"row": int(judged.rows[r]), "label": shown[judged.codes[r]], "similarity": round(v, 3)}
                for r, v in zip(rows, values)
                if r >= 0
            ]
    top = np.argsort(-noise.probabilities[at], axis=1, kind="stable")[:, :3]
    out: dict[int, str] = {}
    for position, best in zip(at.tolist(), top.tolist()):
        p = noise.probabilities[position]
        body = {
            "given": shown[judged.codes[position]],
            "given_probability": round(float(p[judged.codes[position]]), 4),
            "suggested": shown[noise.suggested[position]],
            "suggested_probability": round(float(noise.suggested_probability[position]), 4),
            "top": [[shown[c], round(float(p[c]), 4)] for c in best],
            "ranking": round(float(noise.ranking[position]), 4),
            "cleanlab_quality": round(float(quality[position]), 4),
            "cleanlab_issue": bool(issue[position]),
        }
        if position in near:
            body["neighbours"] = near[position]
        out[position] = orjson.dumps(body).decode()
    return out


STAGE = Stage(
    name=NAME,
    title="Label issues",
    version=11,
    config=LabelIssuesConfig,
    detect=detect,
    on_finding="review",
    uses=("near_duplicates", "label_names"),
    depends_on=depends_on,
    concern="label",
    suspects="high",
)
