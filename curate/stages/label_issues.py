"""Label issues: labels that are probably wrong, and texts whose label can be argued about.

Engine: `curate.labels.noise` over out-of-sample probabilities whose folds keep near-duplicates together, with cleanlab's
own judgement beside it. Rules: `likely_wrong` (relabel: probability of a wrong label at or above `likely_wrong_at`, the
likelier label as replacement) and `ambiguous` (flag: worth reading, never relabelled). A finding's score is the probability
that the given label is wrong. The scores table has for every judged row `score` (the same probability: high = suspicious),
`ranking` (best order for review) and `cleanlab_quality` (self-confidence: low = suspicious).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.dataset import Dataset
from curate.errors import StageSkipped
from curate.labels.judged import JudgedRows, judged_rows
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection, Stage
from curate.stages.vectors import contents_hash

if TYPE_CHECKING:
    from curate.labels.noise import LabelNoise

NAME = "label_issues"
REASONS = {
    "likely_wrong": "a model that never saw this row or its near-duplicates expects another label",
    "ambiguous": "the text fits more than one label about equally well",
}
_NEIGHBOURS_FOR = 2000


@dataclass(frozen=True)
class LabelIssuesConfig:
    """When a label counts as wrong, and when as arguable."""

    likely_wrong_at: float = 0.6
    """Probability of a wrong label from which another label is suggested."""
    ambiguous_at: float = 0.25
    """Probability of a wrong label from which a row is worth reading."""
    min_class_rows: int = 5
    """Classes with fewer rows than this are neither judged nor suggested."""
    min_suggestion: float = 0.5
    """Probability that the suggested label must have by itself; below it the row is only flagged."""
    pred_probs: str | None = None
    """A .npy, .parquet or .csv file with out-of-sample class probabilities of your own model; ours when left out."""


def depends_on(config: LabelIssuesConfig) -> Mapping[str, str]:
    """The hash of a file of probabilities."""
    return {config.pred_probs: contents_hash(config.pred_probs)} if config.pred_probs else {}


def detect(dataset: Dataset, config: LabelIssuesConfig, context: Context) -> Detection:
    """Judge every label against the text of the row."""
    labels = context.hints.get("label_names.canonical")
    labels = dataset.labels() if labels is None else labels
    if labels is None:
        raise StageSkipped("no column has the label role")
    judged = judged_rows(
        labels, dataset.content(), context.hints.get("near_duplicates.cluster"), config.min_class_rows
    )
    from curate.labels.confident import cleanlab_judgement
    from curate.labels.noise import estimate_label_noise, judge_predictions
    from curate.stages.pred_probs import read_pred_probs

    n, k = len(judged.rows), len(judged.names)
    texts = dataset.content().take(pa.array(judged.rows))
    context.check_cancelled()
    context.progress(0, 3)
    if config.pred_probs is None:
        noise = estimate_label_noise(texts, judged.codes, judged.groups, k, context.seed, context.threads)
    else:
        given = pa.array(labels.to_pylist(), pa.large_string())
        names = sorted({name for name in given.to_pylist() if name is not None})
        p = read_pred_probs(config.pred_probs, names, dataset.n_rows, judged.names)[judged.rows]
        noise = judge_predictions(p, judged.codes)
    context.check_cancelled()
    context.progress(1, 3)
    quality, issue = cleanlab_judgement(judged.codes, noise.probabilities)
    context.check_cancelled()
    context.progress(2, 3)
    wrong = np.round(noise.wrong, 4)
    likely = (wrong >= config.likely_wrong_at) & (noise.suggested_probability >= config.min_suggestion)
    ambiguous = (wrong >= config.ambiguous_at) & ~likely
    evidence = _evidence(judged, noise, np.flatnonzero(likely | ambiguous), issue, quality, texts, context)
    tables = []
    for rule, action, mask in (("likely_wrong", "relabel", likely), ("ambiguous", "flag", ambiguous)):
        at = np.flatnonzero(mask)
        tables.append(
            make_findings(
                NAME,
                dataset.row_ids,
                row=judged.rows[at],
                rule=rule,
                action=action,
                score=wrong[at],
                reason=REASONS[rule],
                field=dataset.roles.label[0],
                replacement=[judged.names[c] for c in noise.suggested[at]] if action == "relabel" else None,
                evidence=[evidence[i] for i in at.tolist()],
            )
        )
    context.progress(3, 3)
    return Detection(
        findings=concat_findings(tables),
        scores=pa.table(
            {"row": judged.rows, "score": wrong, "ranking": np.round(noise.ranking, 4), "cleanlab_quality": quality}
        ),
        summary={
            "rows_judged": n,
            "predictions": "ours" if config.pred_probs is None else "given",
            "classes": k,
            "rows_not_judged": judged.left_out,
            "estimated_noise_rate": round(noise.noise_rate, 4),
            "likely_wrong": int(likely.sum()),
            "ambiguous": int(ambiguous.sum()),
            "cleanlab_issues": int(issue.sum()),
            "likely_wrong_that_cleanlab_agrees_with": int((issue & likely).sum()),
        },
    )


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
        found, similarity = nearest_rows(text_features(texts, threads=context.threads), asked)
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
    version=3,
    config=LabelIssuesConfig,
    detect=detect,
    on_finding="review",
    uses=("near_duplicates", "label_names"),
    depends_on=depends_on,
)
