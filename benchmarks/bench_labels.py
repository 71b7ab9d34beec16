"""Label noise: ranking, precision, calibration and time beside the plain recipe, and the time of many rows.

Run: make bench-labels, or python -m benchmarks.bench_labels [targets|human|calibration|own|findings|scale] [--seeds N]

`targets`: Banking77's training rows with a tenth of the labels flipped in three ways. `human`: a fifth, in ways that
imitate people, on five kinds of data (`benchmarks.labels`). Recipe: `benchmarks.recipe`, run beside ours on the same
labels; `nb` is the recipe with naive Bayes. AP and AUROC of the ranking; `less` is how much of 1 - AP the engine takes
away. ECE: ten bins of the suggestion's probability against whether the suggestion is the label before the flip, over
all rows, over `likely_wrong` rows (`flagged`, with what the probabilities say and how many are right) and over all
rows with a finding, each with a 95 % bootstrap interval; `posterior` is the flagged rows' ECE of the posterior, which does
not know how sure the model may be. Wrong labels that the data had before count as false alarms. Times are processor and
wall seconds of this process, one thread each, the recipe and ours one after the other. `calibration`: rows with a finding
over 40 cases of eight kinds of data. `own`: Banking77's flagged rows once more, without those that are flagged in the
untouched file, whose labels nobody knows to be right, and as a reader judged what the suggestions say
(`benchmarks/labels/banking77_suggestions.csv`). `findings`: what a reader said of the 50 likeliest findings in
Banking77 as it is (`benchmarks/labels/banking77_verdicts.csv`). `scale`: 100,000 rows x 20 classes.
"""

from __future__ import annotations

import csv
import math
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import recipe
from benchmarks.labels.data import SETS, banking_names
from benchmarks.labels.noise import flipped
from benchmarks.parts import command, with_parts
from curate.labels.noise import estimate_label_noise
from curate.statistics import wilson

VERDICTS = Path(__file__).parent / "labels" / "banking77_verdicts.csv"
SUGGESTIONS = VERDICTS.with_name("banking77_suggestions.csv")
_WORTH = {"right": 1.0, "arguable": 0.5, "wrong": 0.0}
LIKELY, SUGGESTED, AMBIGUOUS = 0.7, 0.5, 0.25
"""The thresholds of the stage `label_issues`."""
TARGETS = [("banking", kind, 0.1) for kind in ("uniform", "confusable", "annotator")]
COARSE = ("sections", "banking_coarse", "articles", "topics", "lone_topics")
HUMAN = [(name, kind, 0.2) for name in COARSE for kind in ("annotator", "crowd", "habit")]
SLIPS, HABITS = ("uniform", "confusable"), ("annotator", "crowd", "habit")
CALIBRATION = [
    *((*case, 1) for case in TARGETS), ("banking", "uniform", 0.05, 6), ("banking", "uniform", 0.2, 3),
    *((name, "uniform", 0.1, 1) for name in ("sections", "articles", "topics")), ("banking_coarse", "confusable", 0.1, 1),
    *((name, "confusable", 0.1, 7) for name in ("sections", "articles")),
    *(("banking", kind, 0.2, 1) for kind in ("crowd", "habit")), *(("topics", kind, 0.2, 1) for kind in HABITS[:2]),
    *((name, kind, 0.2, 1) for name in ("sections", "articles", "banking_coarse") for kind in HABITS),
    ("ten_sections", "uniform", 0.1, 5), *(("ten_sections", kind, 0.2, 5) for kind in HABITS),
    *(("banking_test", kind, 0.1, 5) for kind in (*SLIPS, "annotator")), ("banking_test", "crowd", 0.2, 5),
    *(("sentences", kind, 0.1, 7) for kind in (*SLIPS, "annotator")), *(("sentences", kind, 0.2, 7) for kind in HABITS[1:]),
    *(("few_sentences", kind, 0.1, 7) for kind in ("uniform", "annotator")), ("few_sentences", "crowd", 0.2, 7),
]  # fmt: skip
"""No number in the suggestion's probability was fitted to them; its formula was chosen among some twenty by them."""
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def calibration_error(p: Floats, truth: Bools | Floats) -> float:
    """Expected calibration error over ten equal bins."""
    if not len(p):
        return math.nan
    bins = np.minimum((p * 10).astype(int), 9)
    return float(sum(abs((p[bins == b] - truth[bins == b]).mean()) * (bins == b).mean() for b in np.unique(bins)))


def interval(p: Floats, truth: Bools | Floats) -> tuple[float, float]:
    """95 % bootstrap interval of the calibration error over rows."""
    rng = np.random.default_rng(0)
    draws = [calibration_error(p[at], truth[at]) for at in (rng.integers(0, len(p), len(p)) for _ in range(200))]
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)


def told(p: Floats, truth: Bools | Floats) -> str:
    """Calibration error with its interval."""
    low, high = interval(p, truth) if len(p) else (math.nan, math.nan)
    return f"{calibration_error(p, truth):.3f} [{low:.3f}, {high:.3f}]"


def timed(work: Callable[..., Any], *given: Any) -> tuple[Any, float, float]:
    """What `work` gives, and its processor and wall seconds."""
    wall, start = time.perf_counter(), time.process_time()
    found = work(*given)
    return found, time.process_time() - start, time.perf_counter() - wall


def noise(cases: list[tuple[str, str, float]], seeds: int) -> None:
    """One line a case and seed."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    estimate_label_noise(["a b", "c d"] * 20, np.arange(40) % 2, np.arange(40), 2)  # load the compiled code
    print(
        f"{'data':15}{'noise':11}seed | recipe AP AUROC   nb AP | ours AP AUROC  less | likely_wrong: rows prec recall | "
        f"ECE all rows          | flagged: says right ECE                 posterior | with a finding      | "
        "cpu s: recipe ours ratio | wall s: recipe ours ratio"
    )
    for name, kind, rate in cases:
        texts, labels = SETS[name]()
        n, k = len(labels), int(labels.max()) + 1
        for seed in range(1, seeds + 1):
            given = flipped(kind, texts, labels, rate, seed)
            wrong = given != labels
            plain, slow, slow_wall = timed(recipe.judge, texts, given)
            bayes = recipe.probabilities(texts, given, "nb")[np.arange(n), given]
            ours, fast, fast_wall = timed(estimate_label_noise, texts, given, np.arange(n), k, 0, 1)
            before, after = average_precision_score(wrong, plain.suspicion), average_precision_score(wrong, ours.ranking)
            likely = (ours.wrong >= LIKELY) & (ours.suggested_posterior >= SUGGESTED)
            p, right, told_of = ours.suggested_probability, ours.suggested == labels, ours.wrong >= AMBIGUOUS
            print(
                f"{name:15}{kind:11}{seed:4} | {before:9.3f} {roc_auc_score(wrong, plain.suspicion):5.3f} "
                f"{average_precision_score(wrong, -bayes):7.3f} | {after:7.3f} {roc_auc_score(wrong, ours.ranking):5.3f} "
                f"{(after - before) / (1 - before):+5.0%} | {likely.sum():18} {wrong[likely].mean():4.2f} "
                f"{likely[wrong].mean():6.2f} | {told(p, right)} | {p[likely].mean():13.2f} {right[likely].mean():5.2f} "
                f"{told(p[likely], right[likely])} "
                f"{calibration_error(ours.suggested_posterior[likely], right[likely]):9.3f} | "
                f"{told(p[told_of], right[told_of])} | {slow:12.1f} {fast:5.1f} {fast / slow:5.2f} | "
                f"{slow_wall:13.1f} {fast_wall:5.1f} {fast_wall / slow_wall:5.2f}",
                flush=True,
            )


def calibration() -> None:
    """Of rows with a finding: what the suggestion's probability says and how many are right; without the recipe."""
    print("data, noise, rate | likely_wrong: rows, says, right, ECE, posterior's | with a finding: both | all rows: both")
    errors = []
    for name, kind, rate, seed in CALIBRATION:
        texts, labels = SETS[name]()
        given = flipped(kind, texts, labels, rate, seed)
        ours = estimate_label_noise(texts, given, np.arange(len(labels)), int(labels.max()) + 1, 0, 1)
        p, held, right = ours.suggested_probability, ours.suggested_posterior, ours.suggested == labels
        likely, any_ = (ours.wrong >= LIKELY) & (held >= SUGGESTED), ours.wrong >= AMBIGUOUS
        everything = np.ones(len(labels), np.bool_)
        found = [calibration_error(x[rows], right[rows]) for rows in (likely, any_, everything) for x in (p, held)]
        errors.append(("slips" if kind in SLIPS else "people", "sentences" in name, *found))
        print(
            f"{name:15}{kind:11}{rate:5} | {likely.sum():5} {p[likely].mean():5.2f} {right[likely].mean():5.2f} "
            f"{found[0]:6.3f} {found[1]:6.3f} | {found[2]:6.3f} {found[3]:6.3f} | {found[4]:6.3f} {found[5]:6.3f}",
            flush=True,
        )
    parts = {
        "slips": [each for kind, _, *each in errors if kind == "slips"],
        "people": [each for kind, _, *each in errors if kind == "people"],
        "texts that tell their class": [each for _, vague, *each in errors if not vague],
    }
    for what, cases in parts.items():
        print(what, len(cases), "cases, mean of the errors:", *(f"{x:.3f}" for x in np.mean(cases, axis=0)))


def own(seeds: int) -> None:
    """Calibration of Banking77's `likely_wrong` rows as the file is labelled, without those that are suspect in the
    untouched file, and as a reader judged every suggestion that is not the label before the flip (four seeds; arguable ones
    count half); at last of all draws of a noise together, with what a number that is right at every height would show."""
    texts, labels, names = *SETS["banking"](), banking_names()
    n, k = len(labels), len(names)
    with SUGGESTIONS.open(encoding="utf-8") as file:
        read = {(int(r["row"]), r["suggested"]): _WORTH[r["suggestion_is"]] for r in csv.DictReader(file)}
    plain = estimate_label_noise(texts, labels, np.arange(n), k, 0, 1)
    suspect = (plain.wrong >= LIKELY) & (plain.suggested_posterior >= SUGGESTED)
    print(f"{suspect.sum()} rows are likely wrong in the untouched file")
    print("noise, seed | as labelled: rows, says, right, ECE | without those rows | as read")
    for _, kind, rate in TARGETS:
        draws = []
        for seed in range(1, seeds + 1):
            given = flipped(kind, texts, labels, rate, seed)
            ours = estimate_label_noise(texts, given, np.arange(n), k, 0, 1)
            likely = (ours.wrong >= LIKELY) & (ours.suggested_posterior >= SUGGESTED)
            p, right = ours.suggested_probability, (ours.suggested == labels).astype(np.float64)
            judged = right.copy()
            others = np.flatnonzero(likely & (right == 0)).tolist()
            keys = [(row, names[ours.suggested[row]]) for row in others]
            judged[others] = [read.get(key, 0.0) for key in keys]
            draws.append((p[likely], judged[likely]))
            cases = ((likely, right), (likely & ~suspect, right), (likely, judged))
            print(
                f"{kind:11}{seed:3}",
                *(f"| {of.sum():5} {p[of].mean():5.2f} {t[of].mean():5.2f} {told(p[of], t[of])}" for of, t in cases),
                f"({sum(key not in read for key in keys)} not read)",
                flush=True,
            )
        p, judged = (np.concatenate(part) for part in zip(*draws, strict=True))
        rng = np.random.default_rng(0)
        chance = np.mean([calibration_error(p, rng.random(len(p)) < p) for _ in range(200)])
        print(f"{kind:11}all {len(p):5} rows {told(p, judged)}, by chance {chance:.3f}", flush=True)


def findings() -> None:
    """Verdicts of a reader on the findings of the data as it is."""
    with VERDICTS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for verdict, count in Counter(row["verdict"] for row in rows).most_common():
        low, high = wilson(count, len(rows))
        print(f"{verdict:10} {count:3} of {len(rows)}: {count / len(rows):.2f} [{low:.2f}, {high:.2f}]")


def scale() -> None:
    """100,000 rows x 20 classes, two threads."""
    rng = np.random.default_rng(0)
    n, k = 100_000, 20
    labels = rng.integers(0, k, n)
    texts = [
        " ".join(f"w{j}x{j * 7 % 97}" for j in (*rng.integers(0, 5000, 18), *(c * 40 + rng.integers(0, 200, 8))))
        for c in labels
    ]
    _, cpu, wall = timed(estimate_label_noise, texts, labels, np.arange(n), k, 0, 2)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{n} rows x {k} classes, {len(texts[0])} characters: {wall:.1f} s wall, "
        f"{cpu:.1f} s of processor, peak {memory:.1f} GB"
    )


def main() -> None:
    """The parts asked for, or all."""
    parser = command(__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="of targets and own")
    asked = with_parts(parser, ("targets", "human", "calibration", "own", "findings", "scale"))
    for part in asked.parts:
        if part == "own":
            own(asked.seeds)
        elif part in ("targets", "human"):
            noise(TARGETS if part == "targets" else HUMAN, asked.seeds if part == "targets" else 1)
        else:
            {"findings": findings, "scale": scale, "calibration": calibration}[part]()


if __name__ == "__main__":
    main()
