"""What people said of a model's answers in production, brought back to the rows that taught them.

A file of ratings (JSON lines with `prompt`, and `output`, `rating`, `correction` where there are any) is linked to rows by
what they ask: the same words, or a Jaccard similarity of their words from `similarity` on (engine:
`curate.similarity.near`). Each rating goes to one row, the most similar one.

Rules. `rated_badly` (flag): a row whose answer's likes were rated bad, with the counts as evidence. `corrected_label`
(relabel): for classification, the same text under the label that people gave. `corrected_answer` (add): a new row with the
prompt as it was asked and the corrected answer, derived from the row it is linked to. Everything waits for a person by
default. Corrections come from outside, so personal data in them is replaced by placeholders before they reach a finding.
Ratings that are like no row are counted, and named by their line in the summary; they change nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from curate.dataset import Dataset
from curate.dataset.compression import file_hash
from curate.errors import ConfigError, DataError, StageSkipped
from curate.ledger.findings import concat_findings, make_findings
from curate.privacy import mask_column, scan
from curate.similarity.exact import exact_groups
from curate.similarity.near import NearConfig, near_duplicate_edges
from curate.stages.against import questions
from curate.stages.base import Context, Detection, Stage

NAME = "feedback"
REASONS = {
    "rated_badly": "people rated answers to this prompt as bad",
    "corrected_label": "people gave another label to this text",
    "corrected_answer": "people corrected the answer to a prompt like this one",
}
_NAMES = {
    "prompt": ("prompt", "input", "question", "text"),
    "output": ("output", "response", "completion", "answer"),
    "rating": ("rating", "score", "thumbs"),
    "correction": ("correction", "corrected", "expected"),
}
_BAD, _GOOD = {"down", "bad", "no", "false", "negative", "dislike"}, {"up", "good", "yes", "true", "positive", "like"}
_LINES_NAMED = 20
SAME = 1.0


@dataclass(frozen=True)
class FeedbackConfig:
    """Which ratings to bring back, and how near a row must be."""

    files: tuple[str, ...] = ()
    """JSON-lines files of ratings: `prompt`, and `output`, `rating` and `correction` where there are any."""
    similarity: float = 0.7
    """Jaccard similarity of words (0 to 1) from which a rated prompt is taken for that of a row."""
    good_from: float = 0.5
    """Smallest rating that counts as good, on the files' own scale; set it where ratings run from 1 to 5, say."""

    def __post_init__(self) -> None:
        if not 0.0 < self.similarity <= 1.0:
            raise ValueError("similarity must lie in 0..1, 0 left out")


@dataclass(frozen=True)
class Rating:
    """One line of a file."""

    where: str
    """File and line."""
    prompt: str
    output: str
    good: bool | None
    """None where the line has a correction only."""
    correction: str


def depends_on(config: FeedbackConfig) -> Mapping[str, str]:
    """The hash of each file."""
    try:
        return {path: file_hash(Path(path)) for path in config.files}
    except OSError as error:
        raise DataError(f"{error.filename}: ratings cannot be read: {(error.strerror or '').lower()}") from None


def detect(dataset: Dataset, config: FeedbackConfig, context: Context) -> Detection:
    """Findings on the rows that ratings are about."""
    if not config.files:
        raise StageSkipped("no ratings are named; set files under [stages.feedback], or use `curate feedback`")
    if dataset.is_table:
        raise StageSkipped("the data holds no text that a rating could be about")
    ratings = [rating for path in config.files for rating in read_ratings(Path(path), config.good_from)]
    row, score = _linked(questions(dataset), [r.prompt for r in ratings], config, context)
    linked = np.flatnonzero(row >= 0)
    corrections = _scrubbed([r.correction for r in ratings])
    prompts = _scrubbed([r.prompt for r in ratings])
    corrected = [i for i in linked.tolist() if corrections[i]]
    relabels = dataset.task == "classification"
    labels = dataset.labels()
    given = labels.to_pylist() if labels is not None else [None] * dataset.n_rows
    classes = set(given) - {None}
    for i, rating in enumerate(ratings):  # the name of a class of this data is no personal data
        if relabels and rating.correction in classes:
            corrections[i] = rating.correction
    same = _one_a_row(
        [i for i in corrected if relabels and score[i] >= SAME and corrections[i] != given[row[i]]], row, corrections
    )
    tables = [
        _rated(dataset, ratings, row, score),
        make_findings(
            NAME, dataset.row_ids, row=[int(row[i]) for i in same], rule="corrected_label", action="relabel", score=0.8,
            reason=REASONS["corrected_label"], field=dataset.roles.label[0] if dataset.roles.label else None,
            replacement=[corrections[i] for i in same],
        ),
        _added(dataset, [i for i in corrected if not (relabels and score[i] >= SAME)], row, score, prompts, corrections,
               ratings),
    ]  # fmt: skip
    stray = [r.where for r, at in zip(ratings, row.tolist(), strict=True) if at < 0]
    return Detection(
        findings=concat_findings(tables),
        summary={
            "ratings": len(ratings),
            "good": sum(r.good is True for r in ratings),
            "bad": sum(r.good is False for r in ratings),
            "corrections": sum(bool(r.correction) for r in ratings),
            "linked": len(linked),
            "like_no_row": len(stray),
            "like_no_row_first": ", ".join(stray[:_LINES_NAMED]),
        },
    )


def read_ratings(path: Path, good_from: float) -> list[Rating]:
    """The ratings of a file; DataError names the first line that is none."""
    out: list[Rating] = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{path}: ratings cannot be read: {(error.strerror or '').lower()}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path.name} line {number}"
        try:
            raw = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise DataError(f"{path}: line {number} is not JSON") from None
        if not isinstance(raw, dict):
            raise DataError(f"{path}: line {number} is not a JSON object")
        found = {key: next((raw[n] for n in names if raw.get(n) is not None), None) for key, names in _NAMES.items()}
        prompt, correction = _text(found["prompt"]), _text(found["correction"])
        good = _good(found["rating"], good_from, f"{path}: line {number}")
        if not prompt or (good is None and not correction):
            raise DataError(f"{path}: line {number} needs a prompt, and a rating or a correction")
        out.append(Rating(where, prompt, _text(found["output"]), good, correction))
    if not out:
        raise DataError(f"{path}: holds no ratings")
    return out


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()


def _good(value: Any, good_from: float, where: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _BAD | _GOOD:
        return value.strip().lower() in _GOOD
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DataError(f"{where}: a rating is true or false, up or down, or a number") from None
    if number > 1 and good_from <= 1:
        raise ConfigError(f"{where}: ratings run beyond 1; say from which number on they are good (good_from)")
    return number >= good_from


def _linked(
    asked: pa.LargeStringArray, prompts: list[str], config: FeedbackConfig, context: Context
) -> tuple[np.ndarray, np.ndarray]:
    """int64 and float32: for each rating the row it is about (-1 for none), and how similar they are."""
    n = len(asked)
    texts = pa.concat_arrays([asked, pa.array(prompts, pa.large_string())])
    row, score = np.full(len(prompts), -1, np.int64), np.zeros(len(prompts), np.float32)
    near = NearConfig(threshold=config.similarity, floor=min(config.similarity, NearConfig().floor))
    edges = near_duplicate_edges(texts, near, threads=context.threads).at(config.similarity)
    context.check_cancelled()
    first = exact_groups(texts, threads=context.threads)
    for k in range(len(prompts)):  # the same words: the first row that says them
        if 0 <= first[n + k] < n:
            row[k], score[k] = first[n + k], SAME
    across = (edges.a < n) & (edges.b >= n)
    for a, b, s in zip(edges.a[across].tolist(), edges.b[across].tolist(), edges.score[across].tolist(), strict=True):
        k = b - n
        if min(s, 0.9999) > score[k]:  # alike in every word is not yet the same text
            row[k], score[k] = a, min(s, 0.9999)
    # Of ratings with the same words only the first has an edge to a row.
    twins = (edges.a >= n) & (edges.score >= np.float32(1.0))
    for a, b in zip((edges.a[twins] - n).tolist(), (edges.b[twins] - n).tolist(), strict=True):
        if row[b] < 0 <= row[a]:
            row[b], score[b] = row[a], min(score[a], 0.9999)
    return row, score


def _scrubbed(texts: list[str]) -> list[str]:
    """The texts with personal data replaced by placeholders."""
    column = pa.array(texts, pa.large_string())
    masked: list[str] = mask_column(column, scan(column)).to_pylist()
    return masked


def _one_a_row(which: list[int], row: np.ndarray, corrections: list[str]) -> list[int]:
    """Of ratings that give a row another label, the first with the label that most people gave it."""
    said: dict[int, Counter[str]] = defaultdict(Counter)
    for i in which:
        said[int(row[i])][corrections[i]] += 1
    first: dict[int, int] = {}
    for i in which:
        if corrections[i] == said[int(row[i])].most_common(1)[0][0]:
            first.setdefault(int(row[i]), i)
    return list(first.values())


def _rated(dataset: Dataset, ratings: list[Rating], row: np.ndarray, score: np.ndarray) -> pa.Table:
    """A flag for each row that was rated badly at least once, with how often it was rated well."""
    good: dict[int, int] = defaultdict(int)
    bad: dict[int, list[int]] = defaultdict(list)
    for i, rating in enumerate(ratings):
        if row[i] >= 0 and rating.good is not None:
            if rating.good:
                good[int(row[i])] += 1
            else:
                bad[int(row[i])].append(i)
    rows = sorted(bad)
    return make_findings(
        NAME, dataset.row_ids, row=rows, rule="rated_badly", action="flag",
        score=[len(bad[r]) / (len(bad[r]) + good[r]) for r in rows], reason=REASONS["rated_badly"],
        evidence=[orjson.dumps({"bad": len(bad[r]), "good": good[r], "first": ratings[bad[r][0]].where,
                                "similarity": round(float(score[bad[r]].max()), 4)}).decode() for r in rows],
    )  # fmt: skip


def _added(
    dataset: Dataset, which: list[int], row: np.ndarray, score: np.ndarray, prompts: list[str], corrections: list[str],
    ratings: list[Rating],
) -> pa.Table:  # fmt: skip
    told: dict[tuple[int, str], int] = {}  # the same correction of the same row once
    for i in which:
        if (shaped := _row(dataset, prompts[i], corrections[i])) is not None:
            told.setdefault((int(row[i]), orjson.dumps(shaped).decode()), i)
    made = [(i, shaped) for (_, shaped), i in told.items()]
    evidence = [{"from": ratings[i].where, "similarity": round(float(score[i]), 4)} for i, _ in made]
    return make_findings(  # the field tells one correction of a row from the next
        NAME, dataset.row_ids, row=[int(row[i]) for i, _ in made], rule="corrected_answer", action="add", score=0.8,
        reason=REASONS["corrected_answer"], replacement=[shaped for _, shaped in made],
        field=[f"correction {xxhash.xxh3_64_hexdigest(shaped.encode())}" for _, shaped in made],
        evidence=[orjson.dumps(e).decode() for e in evidence],
    )  # fmt: skip


def _row(dataset: Dataset, prompt: str, correction: str) -> dict[str, Any] | None:
    """A row of the dataset's own shape; None where the shape has no place for a correction."""
    roles = dataset.roles
    if dataset.task == "classification":
        return {roles.text[0]: prompt, roles.label[0]: correction} if roles.text and roles.label else None
    if dataset.task == "sft":
        return {roles.prompt[0]: prompt, **dict.fromkeys(roles.prompt[1:], ""), roles.completion[0]: correction}
    if dataset.task == "chat":
        who, what = ("from", "value") if '"from"' in str(dataset.values(roles.messages[0])[0]) else ("role", "content")
        user, assistant = ("human", "gpt") if who == "from" else ("user", "assistant")
        return {roles.messages[0]: [{who: user, what: prompt}, {who: assistant, what: correction}]}
    return None


STAGE = Stage(
    name=NAME,
    title="Feedback from production",
    version=1,
    config=FeedbackConfig,
    detect=detect,
    on_finding="review",
    depends_on=depends_on,
)
