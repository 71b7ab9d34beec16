"""Do certified rates hold the truth? Simulated reviews of a run by a scripted reviewer of known reliability.

    python -m benchmarks.bench_review RUN TRUTH [--reviews 500] [--decisions 60]

Findings, scores and what waits are the run's own; the truth is the sample data's. Each review draws its lots anew, goes
through the mixed order, and answers 60 questions, every tenth of them a repeat, wrongly at a fixed rate. Printed: how often
the 95 % interval holds the truth, its mean width, and, as the control, how often the plain share of the decided findings
with Wilson's interval does. `known` tells the interval the reviewer's error rate, `told` leaves it to the repeats.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.review import arranged, certified_rate, guides, lots, reliability
from audit.review.rates import RIGHT, UNKNOWN, WRONG
from curate.ledger.decisions import Decision, Journal
from curate.review.findings import REPEAT_EVERY, Review
from curate.review.session import Session
from curate.statistics import wilson

STAGE = "label_issues"


@dataclass(frozen=True)
class Held:
    """What so many reviews came to."""

    error: float
    truth: float
    told: float
    """Share of reviews whose interval holds the truth, the error rate being told by repeats alone."""
    told_width: float
    known: float
    """The same, the error rate being known."""
    known_width: float
    naive: float


def truth_of(review: Review, path: Path) -> np.ndarray:
    """bool: of each finding of the stage, whether the truth file says that the label is wrong."""
    wrong = {t["row"] for t in map(json.loads, path.read_text().splitlines()) if t["kind"] == "wrong_label"}
    rows = review.session.findings["row"].to_numpy()[review.population(STAGE)]
    return np.isin(rows, sorted(wrong))


def simulated(review: Review, truth: np.ndarray, error: float, reviews: int = 500, decisions: int = 60) -> Held:
    """Reviews of the stage's findings, each with lots of its own."""
    mine = review.population(STAGE)
    ids = review.session.findings["finding_id"].take(mine).to_pylist()
    waiting, score, row, _, worth = (column[mine] for column in review.looks)
    orders = list(guides(waiting, score, row, worth).values())
    counts = {"told": 0, "known": 0, "naive": 0}
    widths: dict[str, list[float]] = {"told": [], "known": []}
    share, nobody = truth.mean(), np.zeros(len(mine), bool)
    for seed in range(reviews):
        rng = np.random.default_rng(seed)
        drawn = lots([seed.to_bytes(4, "little") + i for i in ids])
        queue = arranged("mixed", waiting, drawn, score, row, worth, nobody).tolist()
        asked = _answered(queue, truth, error, decisions, drawn, rng)
        said = np.full(len(mine), UNKNOWN, np.int8)
        for at, right in asked:  # the last word on a finding counts
            said[at] = RIGHT if right else WRONG
        span = reliability(_journal(asked)).error
        for name, known in (("told", span), ("known", (error, error))):
            rate = certified_rate(drawn, said, orders, known)
            counts[name] += rate.low - 1e-9 <= share <= rate.high + 1e-9
            widths[name].append(rate.width)
        low, high = wilson(int((said == RIGHT).sum()), int((said != UNKNOWN).sum()))
        counts["naive"] += low <= share <= high
    held = {name: n / reviews for name, n in counts.items()}
    wide = {name: float(np.mean(w)) for name, w in widths.items()}
    return Held(error, float(share), held["told"], wide["told"], held["known"], wide["known"], held["naive"])


def _answered(
    queue: list[int], truth: np.ndarray, error: float, decisions: int, drawn: np.ndarray, rng: np.random.Generator
) -> list[tuple[int, bool]]:
    """(finding, answer) in the order of a session: a repeat of an early question after every ten answers."""
    out: list[tuple[int, bool]] = []
    fresh = iter(queue)
    while len(out) < decisions:
        at: int | None = None
        if out and len(out) % REPEAT_EVERY == 0:
            times = [a for a, _ in out]
            again = [i for i in list(dict.fromkeys(times))[: -REPEAT_EVERY // 2] if times.count(i) == 1]
            at = min(again, key=lambda i: int(drawn[i])) if again else None
        if at is None:
            at = next(fresh, None)
            if at is None:
                break
        out.append((at, bool(truth[at] ^ (rng.random() < error))))
        if out and len(out) % REPEAT_EVERY == 1 and len(out) > 1:  # the repeat came; the fresh question follows it
            nxt = next(fresh, None)
            if nxt is not None and len(out) < decisions:
                out.append((nxt, bool(truth[nxt] ^ (rng.random() < error))))
    return out


def _journal(asked: list[tuple[int, bool]]) -> Journal:
    return Journal(tuple(
        Decision(f"{n}", "accept" if right else "reject", (f"{at:032x}",), ("",), actor="scripted")
        for n, (at, right) in enumerate(asked)
    ))  # fmt: skip


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("truth", type=Path)
    parser.add_argument("--reviews", type=int, default=500)
    parser.add_argument("--decisions", type=int, default=60)
    args = parser.parse_args()
    review = Review(Session.open(args.run))
    truth = truth_of(review, args.truth)
    print(f"{len(truth)} findings, {truth.mean():.1%} right; {args.reviews} reviews, {args.decisions} decisions each")
    print("reviewer errs  told holds  width  known holds  width  plain share holds")
    for error in (0.0, 0.05, 0.1, 0.2):
        held = simulated(review, truth, error, args.reviews, args.decisions)
        print(f"{error:>13.0%} {held.told:>11.1%} {held.told_width:>6.2f} {held.known:>12.1%} {held.known_width:>6.2f} "
              f"{held.naive:>18.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
