"""Label noise: ranking, precision, calibration and time beside the plain recipe; and the fairness bootstrap's time.

Run: python -m benchmarks.bench_labels

Data: Banking77's training rows with a tenth of the labels flipped in three ways. `uniform`: any row, any other class.
`confusable`: any row, to the class that an out-of-fold model confuses its class with most. `annotator`: rows drawn from the
three tenths where a weak model (single words, a fifth of the rows) is least sure, to the class it prefers. Banking77 has
wrong labels of its own, which count here as false alarms. Recipe: TF-IDF of one and two words, logistic regression (C = 1),
five stratified folds, self-confidence. AP: average precision of the ranking. ECE: ten bins of the probability.
"""

from __future__ import annotations

import csv
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold

from audit.fairness import audit_groups
from curate.labels.noise import estimate_label_noise

DATA = Path(__file__).parents[2] / "shared" / "data" / "banking77" / "train.csv"
Ints = npt.NDArray[np.int64]


def banking() -> tuple[list[str], Ints, int]:
    """Texts, label codes, number of classes."""
    with DATA.open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    names, codes = np.unique([r[1] for r in rows], return_inverse=True)
    return [r[0] for r in rows], codes.astype(np.int64), len(names)


def recipe(
    texts: list[str], labels: Ints, c: float = 1.0, words: int = 2, share: float = 1.0
) -> npt.NDArray[np.float64]:
    """Out-of-fold probabilities of TF-IDF and logistic regression, fitted on a `share` of the training rows."""
    features = TfidfVectorizer(ngram_range=(1, words)).fit_transform(texts)
    out = np.zeros((len(labels), int(labels.max()) + 1))
    rng = np.random.default_rng(0)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(features, labels):
        chosen = rng.permutation(train)[: int(len(train) * share)]
        model = LogisticRegression(C=c, max_iter=300).fit(features[chosen], labels[chosen])
        out[np.ix_(test, model.classes_)] = model.predict_proba(features[test])
    return out


def flipped(kind: str, texts: list[str], labels: Ints, k: int, rate: float = 0.1, seed: int = 1) -> Ints:
    """Labels with a share of `rate` flipped."""
    rng = np.random.default_rng(seed)
    n, at, out = len(labels), np.arange(len(labels)), labels.copy()
    m = int(rate * n)
    rows = rng.choice(n, m, replace=False)
    if kind == "uniform":
        out[rows] = (labels[rows] + rng.integers(1, k, m)) % k
    elif kind == "confusable":
        confusion = np.zeros((k, k))
        np.add.at(confusion, labels, recipe(texts, labels, c=10.0))
        np.fill_diagonal(confusion, 0)
        out[rows] = confusion.argmax(axis=1)[labels[rows]]
    else:
        p = recipe(texts, labels, words=1, share=0.2)
        own = p[at, labels].copy()
        p[at, labels] = -1
        rows = rng.choice(np.argsort(own - p.max(axis=1), kind="stable")[: 3 * m], m, replace=False)
        out[rows] = p.argmax(axis=1)[rows]
    return out


def calibration_error(p: npt.NDArray[np.float64], truth: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over ten equal bins."""
    bins = np.minimum((p * 10).astype(int), 9)
    return float(sum(abs((p[bins == b] - truth[bins == b]).mean()) * (bins == b).mean() for b in np.unique(bins)))


def _noise() -> None:
    texts, labels, k = banking()
    print("noise        recipe AP (s)   ours AP (s)    likely_wrong: rows  precision  recall   >= 0.9: precision   ECE")
    for kind in ("uniform", "confusable", "annotator"):
        given = flipped(kind, texts, labels, k)
        wrong = given != labels
        start = time.perf_counter()
        plain = recipe(texts, given)[np.arange(len(given)), given]
        middle = time.perf_counter()
        noise = estimate_label_noise(texts, given, np.arange(len(given)), k, 0, 2)
        end = time.perf_counter()
        likely, sure = noise.wrong >= 0.6, noise.wrong >= 0.9
        print(
            f"{kind:12} {average_precision_score(wrong, -plain):.3f} ({middle - start:4.1f})    "
            f"{average_precision_score(wrong, noise.ranking):.3f} ({end - middle:4.1f})    {likely.sum():18}  "
            f"{wrong[likely].mean():9.3f}  {likely[wrong].mean():6.2f}   {wrong[sure].mean():17.3f}   "
            f"{calibration_error(noise.wrong, wrong):.3f}"
        )


def _scale() -> None:
    rng = np.random.default_rng(0)
    for n, k in ((4_000, 12), (100_000, 20)):
        labels = rng.integers(0, k, n)
        texts = [
            " ".join(f"w{j}x{j * 7 % 97}" for j in (*rng.integers(0, 5000, 18), *(c * 40 + rng.integers(0, 200, 8))))
            for c in labels
        ]
        start = time.perf_counter()
        estimate_label_noise(texts, labels, np.arange(n), k, 0, 2)
        print(f"{n} rows x {k} classes, {len(texts[0])} characters: {time.perf_counter() - start:.1f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


def _fairness() -> None:
    rng = np.random.default_rng(0)
    n = 1_000_000
    columns: dict[str, Any] = {name: rng.choice(list("abcdef"), n) for name in ("one", "two", "three")}
    labels, guess = rng.choice(["0", "1"], n), rng.choice(["0", "1"], n)
    start = time.perf_counter()
    audit_groups(labels, guess, columns, n_boot=1000)
    print(f"fairness, {n} rows x 3 columns x 1,000 draws: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    _noise()
    _scale()
    _fairness()
