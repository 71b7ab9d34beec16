"""Do the rates of a whole dataset hold the truth? Reviews of findings and rows by a scripted reviewer.

    python -m benchmarks.bench_missed RUN TRUTH [--reviews 500] [--decisions 60]

Findings, strata and near misses are the run's own; the truth is the sample data's. Each review draws the lots of findings
and rows anew, asks 60 questions as `curate review RUN` asks them (a finding, a row, in turn; every tenth a repeat), and
answers each wrongly at a fixed rate: a finding the other way round; a clean row with a kind drawn at random, a wrong one
with "clean". The plan is resolved again under the answers, so that what is left is what is left of that very review.
Printed: how often each 95 % interval holds the truth, and its mean width, the reviewer's error rate being known or told by
repeats alone; and, as the control, how often the plain share of the rows asked that were wrong, with Wilson's interval,
holds the share of rows on which something was missed (near misses are asked about more often than others).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from audit.review import lots
from curate.ledger.decisions import Decision, Journal, decide
from curate.ledger.plan import APPLIED, REJECTED
from curate.ledger.sightings import Sighting, row_decision
from curate.review.findings import Question, Review
from curate.review.rows import KINDS, RowReview
from curate.review.session import Session
from curate.statistics import wilson

KIND_OF = {
    "wrong_label": "label", "label_spelling": "label", "pii": "privacy", "exact_duplicate": "duplicate",
    "near_duplicate": "duplicate", "leak": "duplicate",
}  # fmt: skip
MOST_SEEN = ("label", "privacy", "duplicate")
DRAWS = 2_000
NAMES = ("wrong before", "left", *(f"recall of {kind}" for kind in MOST_SEEN))


@dataclass(frozen=True)
class Truth:
    """What is wrong with the rows of the sample data, by kind."""

    wrong: Mapping[str, np.ndarray]

    @property
    def any(self) -> np.ndarray:
        """bool[rows]: rows with an error."""
        return np.asarray(np.any(list(self.wrong.values()), axis=0))

    def kinds(self, row: int) -> list[str]:
        """Kinds of error of a row."""
        return [kind for kind, mask in self.wrong.items() if mask[row]]


@dataclass
class Held:
    """How often intervals held the truth, and how wide they were, by what they are about."""

    held: dict[str, float] = field(default_factory=dict)
    width: dict[str, float] = field(default_factory=dict)


def truth_of(rows: RowReview, path: Path) -> Truth:
    """The truth file's kinds of error by row; near-duplicates below the threshold are none."""
    out = {kind: np.zeros(rows.n, bool) for kind in rows.kinds}
    for line in map(json.loads, path.read_text().splitlines()):
        kind = KIND_OF.get(line["kind"])
        if kind is None or line.get("how") == "below":
            continue
        for name in ("row", "of", "train_row", "test_row"):
            if name in line and line[name] < rows.n:
                out[kind][line[name]] = True
    return Truth(out)


def missed_of(rows: RowReview, truth: Truth) -> np.ndarray:
    """bool[rows]: rows that hold an error of a kind that was not found there."""
    return np.asarray(np.any([truth.wrong[kind] & ~rows.found[kind] for kind in rows.kinds], axis=0))


def right_of(rows: RowReview, truth: Truth) -> np.ndarray:
    """bool of every finding: whether its row holds an error of its kind."""
    row, kind = rows.kinds_of
    out = np.zeros(len(row), bool)
    for code, name in enumerate(KINDS):
        mine = (kind == code) & (row >= 0)
        out[mine] = truth.wrong[name][row[mine]] if name in truth.wrong else False
    return out


class Scripted:
    """A reviewer who knows the truth and errs at a rate."""

    def __init__(self, review: Review, truth: Truth) -> None:
        self.review, self.rows, self.truth = review, review.rows, truth
        self.right = right_of(self.rows, truth)
        self.missed = missed_of(self.rows, truth)
        self._ids = review.session.findings["finding_id"].to_pylist()
        self._row_ids = self.rows.dataset.row_ids.to_pylist()
        self._made: dict[object, Decision] = {}
        self._nothing_said = review.session._resolved(Journal())

    def answers(self, seed: int, error: float, decisions: int) -> list[tuple[Question, Decision]]:
        """One review with lots of its own."""
        rng, salt = np.random.default_rng(seed), seed.to_bytes(4, "little")
        self.review.lots = lots([salt + i for i in self._ids])
        self.review.session.state = self._nothing_said
        self.rows.lots = lots([b"row" + salt + i for i in self._row_ids])
        queue = iter(self.review.questions(None, "mixed", "both", decisions))
        out: list[tuple[Question, Decision]] = []
        while len(out) < decisions:
            due = self.review.due([q for q, _ in out])
            fresh = next(queue, None)
            for question in (due, fresh):
                if question is not None and len(out) < decisions:
                    out.append((question, self._said(question, rng.random() < error, rng)))
            if fresh is None:
                break
        return out

    def _said(self, question: Question, slips: bool, rng: np.random.Generator) -> Decision:
        of, at = question
        wrong: tuple[str, ...] = ()
        if of == "row":
            wrong = tuple(k for k in self.truth.kinds(at) if not self.rows.found[k][at])
            if slips:
                others = [kind for kind in self.rows.kinds if not self.rows.found[kind][at]]
                wrong = () if wrong else (str(rng.choice(others)),)
        key = (of, at, wrong, bool(self.right[at]) != slips if of == "finding" else None)
        if key not in self._made:
            if of == "finding":
                verdict = "accept" if self.right[at] != slips else "reject"
                self._made[key] = decide(self.review.session.findings, [at], verdict, actor="scripted")  # type: ignore[arg-type]
            else:
                # Whatever is seen is mended: a row that was seen to be wrong goes.
                seen = [Sighting(kind, "drop") for kind in wrong if kind != "duplicate"] or [Sighting(k) for k in wrong]
                found = self.rows.found_in(at)
                answer = "wrong" if wrong else "clean"
                self._made[key] = row_decision(self.rows.row_id(at), answer, self.rows.kinds, found, seen, "scripted")  # type: ignore[arg-type]
        made = self._made[key]
        return Decision(**{**made.__dict__, "decision_id": f"{len(self._made)}-{rng.integers(2**62)}"})


def simulated(
    review: Review, truth: Truth, error: float, reviews: int = 500, decisions: int = 60
) -> dict[str, Held]:
    """Coverage and width, with the error rate `known` and `told` by repeats; and the `control`."""
    who, rows, session = Scripted(review, truth), review.rows, review.session
    counts: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    widths: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    facts = {"wrong before": float(truth.any.mean())}
    for kind in MOST_SEEN:
        facts[f"recall of {kind}"] = _recall(rows, truth, kind)
    for seed in range(reviews):
        said = who.answers(seed, error, decisions)
        session.state = session._resolved(Journal(tuple(decision for _, decision in said)))
        facts["left"] = _left(who, said)
        for name, known in (("told", None), ("known", error)):
            found = rows.rates(None, known, DRAWS)
            spans = {"wrong before": found.wrong, "left": found.left} | {
                f"recall of {kind.kind}": kind.recall for kind in found.kinds
            }
            for what in NAMES:
                span = spans[what]
                counts[name][what].append(span.low - 1e-9 <= facts[what] <= span.high + 1e-9)
                widths[name][what].append(span.width)
        asked = rows.verdict(None)
        low, high = wilson(int((asked == 1).sum()), int((asked >= 0).sum()))
        counts["control"]["missed"].append(low <= who.missed.mean() <= high)
        widths["control"]["missed"].append(high - low)
    session.state = session._resolved(Journal())
    return {
        name: Held({w: float(np.mean(h)) for w, h in by.items()}, {w: float(np.mean(x)) for w, x in widths[name].items()})
        for name, by in counts.items()
    }


def _recall(rows: RowReview, truth: Truth, kind: str) -> float:
    at, of = rows.kinds_of
    mine = np.unique(at[(of == KINDS.index(kind)) & (at >= 0)])
    found = int(truth.wrong[kind][mine].sum())
    missed = int((truth.wrong[kind] & ~rows.found[kind]).sum())
    return found / max(1, found + missed)


def _left(who: Scripted, said: list[tuple[Question, Decision]]) -> float:
    """Share of the rows that stay which still hold an error under the very answers: missed and not mended since, or found,
    right, and nothing but noted, waiting, or rejected by mistake."""
    rows, session = who.rows, who.review.session
    stays = ~session.plan.dropped
    wrong = who.missed.copy()
    place = {rows.row_id(at): at for (of, at), _ in said if of == "row"}
    for row_id, seen in {d.row["row_id"]: d.row["seen"] for _, d in said if d.row is not None}.items():
        if seen and all(one["action"] != "flag" for one in seen):
            wrong[place[row_id]] = False
    right = who.right & (session.state.status == REJECTED)  # what applied by itself until somebody erred
    wrong[rows.kinds_of[0][right & (rows.kinds_of[0] >= 0)]] = True
    leads = rows.waiting()
    changes = np.asarray(pc.not_equal(session.findings["action"].cast(pa.string()), "flag"))[leads]
    open_ = who.right[leads] & ~((session.state.status[leads] == APPLIED) & changes)
    wrong[rows.kinds_of[0][leads[open_]]] = True
    return float((wrong & stays).sum() / stays.sum())


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("truth", type=Path)
    parser.add_argument("--reviews", type=int, default=500)
    parser.add_argument("--decisions", type=int, default=60)
    parser.add_argument("--errors", type=float, nargs="*", default=[0.0, 0.05, 0.1])
    args = parser.parse_args()
    review = Review(Session.open(args.run))
    truth = truth_of(review.rows, args.truth)
    missed = missed_of(review.rows, truth)
    print(f"{review.rows.n:,} rows, {truth.any.mean():.1%} of them wrong, {int(missed.sum())} with an error that was "
          f"missed; {args.reviews} reviews of {args.decisions} questions")  # fmt: skip
    for error in args.errors:
        found = simulated(review, truth, error, args.reviews, args.decisions)
        print(f"\nreviewer errs {error:.0%}; plain share of the rows asked (control) holds "
              f"{found['control'].held['missed']:.1%}, width {found['control'].width['missed']:.3f}")  # fmt: skip
        print(f"{'':<22}{'told holds':>11}{'width':>8}{'known holds':>13}{'width':>8}")
        for what in NAMES:
            told, known = found["told"], found["known"]
            print(f"{what:<22}{told.held[what]:>11.1%}{told.width[what]:>8.3f}{known.held[what]:>13.1%}"
                  f"{known.width[what]:>8.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
