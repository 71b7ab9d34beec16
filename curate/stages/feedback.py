"""What people said of a model's answers in production, brought back to the rows that taught them.

A file of ratings (JSON lines with `prompt`, and `output`, `rating`, `correction` where there are any) is linked to rows by
what they ask: the same words, or a Jaccard similarity of their words from `similarity` on (engine:
`curate.similarity.near`). Each rating goes to one row, the most similar one.

Rules. `rated_badly` (drop): people rated badly an answer that this row gives (or did not say which answer), so accepting
takes the row out; its score is how bad the ratings are, drawn to the middle where they are few, and always under the
threshold at which something applies by itself. `rated_badly_elsewhere` (flag): the answer that was rated badly is not the
row's own, or is being corrected: the row may be right, and accepting only notes that. `corrected_label` (relabel): for
classification, the same text under the label that people gave. `corrected_answer`: where the row itself gives the answer
that was corrected, the correction in its place (replace), else a new row (add; see `corrections`). Everything waits for a
person by default. Corrections come from outside, so personal data in them is replaced by placeholders before they reach a
finding. Ratings that are like no row are counted, and named by their line in the summary; they change nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from curate.dataset import Dataset
from curate.dataset.compression import file_hash
from curate.dataset.pointer import escape
from curate.errors import ConfigError, DataError, StageSkipped
from curate.ledger.apply import reader
from curate.ledger.findings import concat_findings, make_findings
from curate.privacy import mask_column, scan
from curate.similarity.characters import IGNORED, SINGLE, WORD, normalise, token_class
from curate.similarity.exact import exact_groups
from curate.similarity.near import NearConfig, near_duplicate_edges
from curate.stages.against import questions
from curate.stages.base import Context, Detection, Stage
from curate.stages.corrections import answer_place, corrected_row, opening

NAME = "feedback"
REASONS = {
    "rated_badly": "people rated the answer that this row gives as bad; accepting takes the row out",
    "rated_badly_elsewhere": "people rated an answer to this prompt as bad, but not the one that this row gives",
    "rated_badly_cured": "people rated the answer that this row gives as bad; a correction is proposed beside this",
    "answer_replaced": "people corrected the answer that this row gives",
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
ALIKE = 0.6
"""Share of words (Jaccard) from which an answer in production is taken for the row's own."""
MOST_SURE = 0.89
"""A rating is about an answer, not about a row: it never takes a row out by itself under the default `auto`."""


@dataclass(frozen=True)
class FeedbackConfig:
    """Which ratings to bring back, and how near a row must be."""

    files: tuple[str, ...] = ()
    """JSON-lines files of ratings: `prompt`, and `output`, `rating` and `correction` where there are any."""
    similarity: float = 0.7
    """Jaccard similarity of words (0 to 1) from which a rated prompt is taken for that of a row."""
    good_from: float = 0.5
    """Smallest rating that counts as good, on the files' own scale; set it where ratings run from 1 to 5, say."""
    on_bad_row: Literal["fail", "skip"] = "fail"
    """What a line that is no rating does: end the run, or be left out, counted and named."""

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
    left_out: list[str] | None = [] if config.on_bad_row == "skip" else None
    ratings = [rating for path in config.files for rating in read_ratings(Path(path), config.good_from, left_out)]
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
    others = [i for i in corrected if not (relabels and score[i] >= SAME)]
    own = _own_answers(dataset, row, [r.output for r in ratings])
    instead = _one_a_row([i for i in others if own[i] and ratings[i].output and score[i] >= SAME], row, corrections)
    places = {i: place for i in instead if (place := _answer_place(dataset, int(row[i]))) is not None}
    cured = {int(row[i]) for i in [*same, *places]}
    tables = [
        _rated(dataset, ratings, row, score, own, cured),
        make_findings(
            NAME, dataset.row_ids, row=[int(row[i]) for i in same], rule="corrected_label", action="relabel", score=0.8,
            reason=REASONS["corrected_label"], field=dataset.roles.label[0] if dataset.roles.label else None,
            replacement=[corrections[i] for i in same],
        ),
        make_findings(
            NAME, dataset.row_ids, row=[int(row[i]) for i in places], rule="corrected_answer", action="replace", score=0.8,
            reason=REASONS["answer_replaced"], field=list(places.values()), replacement=[corrections[i] for i in places],
            evidence=[orjson.dumps({"from": ratings[i].where}).decode() for i in places],
        ),
        _added(dataset, [i for i in others if int(row[i]) not in cured], row, score, prompts, corrections, ratings),
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
            **({} if left_out is None else {"lines_left_out": len(left_out), "left_out_first": ", ".join(left_out[:20])}),
        },
    )


def read_ratings(path: Path, good_from: float, left_out: list[str] | None = None) -> list[Rating]:
    """The ratings of a file. DataError names the first line that is none, unless `left_out` is there to take its name."""
    out: list[Rating] = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{path}: ratings cannot be read: {(error.strerror or '').lower()}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            out.append(_rating(path, number, line, good_from))
        except DataError:
            if left_out is None:
                raise
            left_out.append(f"{path.name} line {number}")
    if not out:
        raise DataError(f"{path}: holds no ratings")
    return out


def _rating(path: Path, number: int, line: bytes, good_from: float) -> Rating:
    where = f"{path}: line {number}"
    try:
        raw = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise DataError(f"{where} is not JSON") from None
    if not isinstance(raw, dict):
        raise DataError(f"{where} is not a JSON object")
    found = {key: next((raw[n] for n in names if raw.get(n) is not None), None) for key, names in _NAMES.items()}
    prompt, correction = _text(found["prompt"]), _text(found["correction"])
    good = _good(found["rating"], good_from, where)
    if not prompt or (good is None and not correction):
        raise DataError(f"{where} needs a prompt, and a rating or a correction")
    return Rating(f"{path.name} line {number}", prompt, _text(found["output"]), good, correction)


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


def _own_answers(dataset: Dataset, row: np.ndarray, outputs: list[str]) -> list[bool]:
    """Of each rating: whether the answer that was rated is the one that its row gives, or is not told."""
    labels = dataset.labels()
    answers = labels if labels is not None and dataset.task == "classification" else dataset.response()
    own = []
    for i, output in enumerate(outputs):
        if not output or row[i] < 0 or answers is None:
            own.append(row[i] >= 0)
            continue
        said = str(answers[int(row[i])].as_py() or "")
        a, b = _words(said), _words(output)
        own.append(bool(a) and len(a & b) / len(a | b) >= ALIKE)
    return own


def _words(text: str) -> set[str]:
    """The words of an answer; of scripts written without spaces, the characters."""
    whole = {WORD: "{}", SINGLE: " {} ", IGNORED: ""}
    return set("".join(whole.get(token_class(char), " ").format(char) for char in normalise(text)).split())


def _answer_place(dataset: Dataset, row: int) -> str | None:
    """Where a row's answer stands; None where that holds personal data, whose replacement a correction must not meet."""
    if dataset.task == "sft":
        place = escape(dataset.roles.completion[0])
    elif dataset.task == "chat" and (at := answer_place(dataset, row)) is not None:
        place = at
    else:
        return None
    said = reader(dataset, place)(row)
    if not isinstance(said, str) or not said or _scrubbed([said]) != [said]:
        return None
    return place


def _rated(
    dataset: Dataset, ratings: list[Rating], row: np.ndarray, score: np.ndarray, own: list[bool], cured: set[int]
) -> pa.Table:  # fmt: skip
    """A finding for each row that was rated badly at least once, with how often it was rated well."""
    good: dict[int, int] = defaultdict(int)
    bad: dict[int, list[int]] = defaultdict(list)
    for i, rating in enumerate(ratings):
        if row[i] >= 0 and rating.good is not None:
            if rating.good:
                good[int(row[i])] += 1
            else:
                bad[int(row[i])].append(i)
    rows = sorted(bad)
    leaves = [r not in cured and any(own[i] for i in bad[r]) for r in rows]
    rules = ["rated_badly" if leave else "rated_badly_elsewhere" for leave in leaves]
    shares = [len(bad[r]) / (len(bad[r]) + good[r] + 1) for r in rows]
    return make_findings(
        NAME, dataset.row_ids, row=rows, rule=rules, action=["drop" if leave else "flag" for leave in leaves],
        score=[min(MOST_SURE, share) for share in shares],
        reason=[REASONS["rated_badly_cured" if r in cured else rule] for r, rule in zip(rows, rules, strict=True)],
        evidence=[orjson.dumps({"bad": len(bad[r]), "good": good[r], "first": ratings[bad[r][0]].where,
                                "similarity": round(float(score[bad[r]].max()), 4)}).decode() for r in rows],
    )  # fmt: skip


def _added(
    dataset: Dataset, which: list[int], row: np.ndarray, score: np.ndarray, prompts: list[str], corrections: list[str],
    ratings: list[Rating],
) -> pa.Table:  # fmt: skip
    told: dict[tuple[int, str], int] = {}  # the same correction of the same row once
    openings = [opening(dataset, int(row[i])) if dataset.task == "chat" else "" for i in which]
    systems = dict(zip(which, _scrubbed(openings), strict=True))
    outputs = dict(zip(which, _scrubbed([ratings[i].output for i in which]), strict=True))
    for i in which:
        shaped = corrected_row(
            dataset, int(row[i]), prompts[i], corrections[i], same=bool(score[i] >= SAME), output=outputs[i],
            system=systems[i],
        )  # fmt: skip
        if shaped is not None:
            told.setdefault((int(row[i]), shaped), i)
    made = [(i, shaped) for (_, shaped), i in told.items()]
    evidence = [{"from": ratings[i].where, "similarity": round(float(score[i]), 4)} for i, _ in made]
    return make_findings(  # the field tells one correction of a row from the next
        NAME, dataset.row_ids, row=[int(row[i]) for i, _ in made], rule="corrected_answer", action="add", score=0.8,
        reason=REASONS["corrected_answer"], replacement=[shaped for _, shaped in made],
        field=[f"correction {xxhash.xxh3_64_hexdigest(shaped.encode())}" for _, shaped in made],
        evidence=[orjson.dumps(e).decode() for e in evidence],
    )  # fmt: skip


STAGE = Stage(
    name=NAME,
    title="Feedback from production",
    version=2,
    config=FeedbackConfig,
    detect=detect,
    on_finding="review",
    depends_on=depends_on,
)
