"""Label noise of known kinds; the models that make it see words, and the true labels, but are none of the engine's.

`uniform`: any row, any other class. `confusable`: any row, to a class drawn as a weak model confuses its class (single
words, fitted on one half of the rows, confusions counted on the other). `annotator`: rows drawn the more often the less
sure a weak model is (fitted on a fifth of the rows), to its favourite among the other classes. `crowd`: twenty people
who each know a third of the words, share wrong ideas of some of them, and read the truth through that; two of the
twenty do not look. `habit`: kinds of texts (clusters of a latent semantic space) that are systematically filed under
another class, more often than not, and slips elsewhere. Rates are met exactly or nearly; every function is
deterministic for a seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
KINDS = ("uniform", "confusable", "annotator", "crowd", "habit")


def flipped(kind: str, texts: list[str], labels: Ints, rate: float, seed: int) -> Ints:
    """`labels` with a share of `rate` replaced by another class."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    make = {"uniform": _uniform, "confusable": _confusable, "annotator": _annotator, "crowd": _crowd, "habit": _habit}[kind]
    return make(texts, labels, rate, rng)


def _uniform(texts: list[str], labels: Ints, rate: float, rng: np.random.Generator) -> Ints:
    k, out = int(labels.max()) + 1, labels.copy()
    rows = rng.choice(len(labels), round(rate * len(labels)), replace=False)
    out[rows] = (labels[rows] + rng.integers(1, k, len(rows))) % k
    return out


def _words(texts: list[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(min_df=2).fit_transform(texts)


def _weak(features: Any, labels: Ints, rows: Ints, k: int) -> Floats:
    """Probabilities of all rows by logistic regression on the true labels of `rows`."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1.0, max_iter=300).fit(features[rows], labels[rows])
    out = np.zeros((len(labels), k))
    out[:, model.classes_] = model.predict_proba(features)
    return out


def _confusable(texts: list[str], labels: Ints, rate: float, rng: np.random.Generator) -> Ints:
    n, k, out = len(labels), int(labels.max()) + 1, labels.copy()
    order = rng.permutation(n)
    p = _weak(_words(texts), labels, order[: n // 2], k)[order[n // 2 :]]
    confusion = np.zeros((k, k))
    np.add.at(confusion, (labels[order[n // 2 :]], p.argmax(axis=1)), 1.0)
    np.fill_diagonal(confusion, 0.0)
    confusion += 1e-3
    np.fill_diagonal(confusion, 0.0)
    confusion /= confusion.sum(axis=1, keepdims=True)
    for row in rng.choice(n, round(rate * n), replace=False).tolist():
        out[row] = rng.choice(k, p=confusion[labels[row]])
    return out


def _annotator(texts: list[str], labels: Ints, rate: float, rng: np.random.Generator) -> Ints:
    n, k, out = len(labels), int(labels.max()) + 1, labels.copy()
    order = rng.permutation(n)
    p = _weak(_words(texts), labels, order[: n // 5], k)
    own = p[np.arange(n), labels].copy()
    p[np.arange(n), labels] = -1.0
    unsure = np.exp(-4.0 * np.argsort(np.argsort(own - p.max(axis=1))) / n)  # by rank: the scale of the model says nothing
    rows = rng.choice(n, round(rate * n), replace=False, p=unsure / unsure.sum())
    out[rows] = p.argmax(axis=1)[rows]
    return out


def _crowd(texts: list[str], labels: Ints, rate: float, rng: np.random.Generator) -> Ints:
    features = _words(texts)
    n, k, d = len(labels), int(labels.max()) + 1, features.shape[1]
    counts = np.stack([np.asarray(features[labels == c].sum(axis=0)).ravel() for c in range(k)]) + 0.3
    idea = np.log(counts / counts.sum(axis=1, keepdims=True))
    idea -= idea.mean(axis=0)
    idea += rng.normal(0.0, 0.7, idea.shape)  # what all of them get wrong
    person = rng.integers(0, 20, n)
    seen = np.zeros((n, k))
    for one in range(20):
        rows = np.flatnonzero(person == one)
        knows = rng.random(d) < 0.33
        seen[rows] = features[rows][:, knows] @ (idea[:, knows] + rng.normal(0.0, 0.3, (k, int(knows.sum())))).T
    seen += rng.gumbel(0.0, 0.3, seen.shape)
    careless = person < 2
    low, high = 0.0, 50.0
    said = labels
    for _ in range(40):  # how plainly the truth shows, so that the rate is met
        plain = (low + high) / 2
        scores = seen.copy()
        scores[np.arange(n), labels] += plain
        said = scores.argmax(axis=1)
        low, high = (plain, high) if (said != labels).mean() > rate * 0.85 else (low, plain)
    guess = careless & (rng.random(n) < 1.5 * rate)
    return np.where(guess, rng.integers(0, k, n), said).astype(np.int64)


def _habit(texts: list[str], labels: Ints, rate: float, rng: np.random.Generator) -> Ints:
    from sklearn.cluster import KMeans
    from sklearn.decomposition import TruncatedSVD

    features = _words(texts)
    n, k, out = len(labels), int(labels.max()) + 1, labels.copy()
    space = TruncatedSVD(60, random_state=int(rng.integers(1 << 30))).fit_transform(features)
    space /= np.linalg.norm(space, axis=1, keepdims=True) + 1e-9
    cluster = KMeans(max(40, 4 * k), n_init=1, random_state=int(rng.integers(1 << 30))).fit_predict(space)
    order = rng.permutation(n)
    p = _weak(features, labels, order[: n // 5], k)
    p[np.arange(n), labels] = -1.0
    # Pairs of cluster and class of mean unsureness first; three fifths of their rows go to what the pair looks like most.
    own: dict[tuple[int, int], list[int]] = {}
    for row, pair in enumerate(zip(cluster.tolist(), labels.tolist(), strict=True)):
        own.setdefault(pair, []).append(row)
    pairs = sorted(own)
    weight = np.array([p[own[pair]].max(axis=1).mean() for pair in pairs]) ** 2
    changed = 0
    for at in rng.choice(len(pairs), len(pairs), replace=False, p=weight / weight.sum()).tolist():
        rows = np.array(own[pairs[at]])
        if changed >= 0.7 * rate * n:
            break
        if len(rows) < 5:
            continue
        rows = rows[rng.random(len(rows)) < 0.45]
        out[rows] = p[own[pairs[at]]].mean(axis=0).argmax()
        changed += int((out[rows] != labels[rows]).sum())
    left = np.flatnonzero(out == labels)
    unsure = p[left].max(axis=1)
    rows = rng.choice(left, max(0, round(rate * n) - changed), replace=False, p=unsure / unsure.sum())
    out[rows] = p[rows].argmax(axis=1)
    return out
