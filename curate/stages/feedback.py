"""What people said of a model's answers in production, brought back to the rows that taught them.

Ratings (`curate.stages.ratings`) are linked to rows by what they ask: the same words, or nearly (`feedback_links`). Each
goes to one row: of rows that ask the same, the one whose answer was rated; else the most similar one.

Rules. `rated_badly` (drop): people rated badly an answer that this row gives (or did not say which answer, and no row that
asks the same gives another), so accepting takes the row out; its score is how bad the ratings are, drawn to the middle
where they are few, and always under the threshold at which something applies by itself. `rated_badly_elsewhere` (flag): the
answer that was rated badly is not, or not surely, the row's own, or is being corrected: accepting only notes that.
`corrected_label` (relabel): for classification, the same text under the label that people gave. `corrected_answer`: where
the row itself gives the answer that was corrected, the correction in its place (replace), else a new row (add; see
`corrections`). Everything waits for a person by default. Corrections come from outside, so personal data in them is
replaced by placeholders before they reach a finding. Ratings that are like no row, or as like one as another that answers
differently, are counted, and named by their line in the summary; they change nothing. Nor does a correction that the data
has taken in: a row that asks the same gives it.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
import pyarrow as pa
import xxhash

from curate.dataset import Dataset
from curate.dataset.compression import file_hash
from curate.errors import DataError, StageSkipped
from curate.ledger.apply import reader
from curate.ledger.findings import concat_findings, make_findings
from curate.privacy import mask_column, scan
from curate.stages.against import questions
from curate.stages.base import Context, Detection, Stage
from curate.stages.corrections import answer_of, answer_place, corrected_row, opening
from curate.stages.feedback_links import MOST_TWINS, SAME, likeness, linked
from curate.stages.ratings import Rating, read_ratings

NAME = "feedback"
REASONS = {
    "rated_badly": "people rated the answer that this row gives as bad; accepting takes the row out",
    "rated_badly_elsewhere": "people rated an answer to this prompt as bad, but not surely the one that this row gives",
    "rated_badly_cured": "people rated the answer that this row gives as bad; a correction is proposed beside this",
    "answer_replaced": "people corrected the answer that this row gives",
    "corrected_label": "people gave another label to this text",
    "corrected_answer": "people corrected the answer to a prompt like this one",
}
_LINES_NAMED = 20
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
    """Jaccard similarity of runs of three words (0 to 1) from which a rated prompt is taken for that of a row. A prompt of
    up to eight words may also have one word more or less."""
    good_from: float = 0.5
    """Smallest rating that counts as good, on the files' own scale; set it where ratings run from 1 to 5, say."""
    on_bad_row: Literal["fail", "skip"] = "fail"
    """What a line that is no rating does: end the run, or be left out, counted and named."""

    def __post_init__(self) -> None:
        if not 0.0 < self.similarity <= 1.0:
            raise ValueError("similarity must lie in 0..1, 0 left out")


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
    answer = _answers(dataset)
    links = linked(
        questions(dataset), [r.prompt for r in ratings], [r.output for r in ratings], answer or (lambda row: ""),
        config.similarity, context.threads, context.check_cancelled,
    )  # fmt: skip
    row, score = links.row, links.score
    found = np.flatnonzero(row >= 0)
    told = [i for i in found.tolist() if ratings[i].correction]
    corrections, prompts = (
        _scrubbed_some([getattr(r, name) for r in ratings], told) for name in ("correction", "prompt")
    )
    relabels = dataset.task == "classification"
    labels = dataset.labels()
    given = labels.to_pylist() if labels is not None else [None] * dataset.n_rows
    classes = set(given) - {None}
    for i, rating in enumerate(ratings):  # the name of a class of this data is no personal data
        if relabels and rating.correction in classes:
            corrections[i] = rating.correction
    taken_in = {i for i in told if not relabels and _given_by(links.twins.get(i, []), corrections[i], answer)}
    corrected = [i for i in told if i not in taken_in]
    same = _one_a_row(
        [i for i in corrected if relabels and score[i] >= SAME and corrections[i] != given[row[i]]], row, corrections
    )
    others = [i for i in corrected if not (relabels and score[i] >= SAME)]
    own = [row[i] >= 0 and _own(r.output, int(row[i]), links.twins.get(i, []), answer) for i, r in enumerate(ratings)]
    instead = _one_a_row([i for i in others if own[i] and ratings[i].output and score[i] >= SAME], row, corrections)
    places = {i: place for i in instead if (place := _answer_place(dataset, int(row[i]))) is not None}
    cured = {int(row[i]) for i in [*same, *places]}
    tables = [
        _rated(dataset, [None if i in taken_in else r for i, r in enumerate(ratings)], row, score, own, cured),
        make_findings(
            NAME, dataset.row_ids, row=[int(row[i]) for i in same], rule="corrected_label", action="relabel", score=0.8,
            reason=REASONS["corrected_label"],
            field=dataset.pointer_of(dataset.roles.label[0]) if dataset.roles.label else None,
            replacement=[corrections[i] for i in same],
        ),
        make_findings(
            NAME, dataset.row_ids, row=[int(row[i]) for i in places], rule="corrected_answer", action="replace", score=0.8,
            reason=REASONS["answer_replaced"], field=list(places.values()), replacement=[corrections[i] for i in places],
            evidence=[orjson.dumps({"from": ratings[i].where}).decode() for i in places],
        ),
        _added(dataset, [i for i in others if int(row[i]) not in cured], row, score, prompts, corrections, ratings),
    ]  # fmt: skip
    unclear = set(links.unclear.tolist())
    stray = [r.where for i, r in enumerate(ratings) if row[i] < 0 and i not in unclear]
    return Detection(
        findings=concat_findings(tables),
        summary={
            "ratings": len(ratings),
            "good": sum(r.good is True for r in ratings),
            "bad": sum(r.good is False for r in ratings),
            "corrections": sum(bool(r.correction) for r in ratings),
            "linked": len(found),
            "taken_in": len(taken_in),
            "like_no_row": len(stray),
            "like_no_row_first": ", ".join(stray[:_LINES_NAMED]),
            "like_several_rows": len(unclear),
            "like_several_rows_first": ", ".join(ratings[i].where for i in sorted(unclear)[:_LINES_NAMED]),
            **({} if left_out is None else {"lines_left_out": len(left_out), "left_out_first": ", ".join(left_out[:20])}),
        },
    )


def _scrubbed(texts: list[str]) -> list[str]:
    """The texts with personal data replaced by placeholders."""
    column = pa.array(texts, pa.large_string())
    masked: list[str] = mask_column(column, scan(column)).to_pylist()
    return masked


def _scrubbed_some(texts: list[str], which: list[int]) -> list[str]:
    """The same of some of the texts; the others are left empty, and said nowhere."""
    out = [""] * len(texts)
    for i, text in zip(which, _scrubbed([texts[i] for i in which]), strict=True):
        out[i] = text
    return out


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


def _answers(dataset: Dataset) -> Callable[[int], str] | None:
    """What a row answers: its label, its completion, the answer in its conversation; None for data without answers."""
    if dataset.task == "chat":
        return functools.cache(lambda row: answer_of(dataset, row))
    labels = dataset.labels()
    answers = labels if labels is not None and dataset.task == "classification" else dataset.response()
    return None if answers is None else functools.cache(lambda row: str(answers[row].as_py() or ""))


def _given_by(rows: list[int], correction: str, answer: Callable[[int], str] | None) -> bool:
    """Whether one of these rows, which all ask what was rated, gives the corrected answer already."""
    said = " ".join(correction.split())
    return answer is not None and any(" ".join(answer(row).split()) == said for row in rows[:MOST_TWINS])


def _own(output: str, row: int, twins: list[int], answer: Callable[[int], str] | None) -> bool:
    """Whether the answer that was rated is the row's; where none was named, whether it can be no other row's."""
    if answer is None:
        return True
    if output:
        return likeness(answer(row), output) >= ALIKE
    return len({" ".join(answer(twin).split()) for twin in twins[:MOST_TWINS]}) <= 1


def _answer_place(dataset: Dataset, row: int) -> str | None:
    """Where a row's answer stands; None where that holds personal data, whose replacement a correction must not meet."""
    if dataset.task == "sft":
        place = dataset.pointer_of(dataset.roles.completion[0])
    elif dataset.task == "chat" and (at := answer_place(dataset, row)) is not None:
        place = at
    else:
        return None
    said = reader(dataset, place)(row)
    if not isinstance(said, str) or not said or _scrubbed([said]) != [said]:
        return None
    return place


def _rated(
    dataset: Dataset, ratings: list[Rating | None], row: np.ndarray, score: np.ndarray, own: list[bool], cured: set[int]
) -> pa.Table:  # fmt: skip
    """A finding for each row that was rated badly at least once, with how often it was rated well; None are ratings whose
    correction the data has taken in."""
    good: dict[int, int] = defaultdict(int)
    bad: dict[int, list[int]] = defaultdict(list)
    for i, rating in enumerate(ratings):
        if rating is not None and row[i] >= 0 and rating.good is not None:
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
        evidence=[orjson.dumps({"bad": len(bad[r]), "good": good[r], "first": getattr(ratings[bad[r][0]], "where", ""),
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
    version=5,
    config=FeedbackConfig,
    detect=detect,
    on_finding="review",
    depends_on=depends_on,
)
