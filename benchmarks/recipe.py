"""The plain recipe for finding wrong labels, pinned: what the label engine is measured against.

TF-IDF of one and two words (`ngram_range=(1, 2)`, sublinear counts), logistic regression (C = 10, at most 1,000 steps of
L-BFGS), out-of-sample probabilities by five stratified folds, ranked by cleanlab's self-confidence (lower is more
suspicious); cleanlab's `find_label_issues` says which rows it would report. C = 10 because it is better than scikit-learn's
default on every kind of noise here (uniform 0.98 against 0.96). `learner="nb"` puts multinomial naive Bayes (alpha 0.1)
over the same features in its place. Shapes: n texts and int64 codes in, `(n, k)` float64 probabilities out.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NGRAMS = (1, 2)
C = 10.0
FOLDS = 5


@dataclass(frozen=True)
class Judged:
    """What the recipe says of n labels."""

    probabilities: Floats
    """`(n, k)`, out of sample."""
    suspicion: Floats
    """`(n,)` 1 - self-confidence: higher is more suspicious."""
    issues: npt.NDArray[np.bool_]
    """`(n,)` what `find_label_issues` reports."""


def probabilities(texts: Sequence[str], labels: Ints, learner: str = "lr", seed: int = 0) -> Floats:
    """Out-of-sample probabilities of the recipe's learner."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.naive_bayes import MultinomialNB

    features = TfidfVectorizer(ngram_range=NGRAMS, sublinear_tf=True).fit_transform(texts)
    model: Any = LogisticRegression(C=C, max_iter=1000) if learner == "lr" else MultinomialNB(alpha=0.1)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes with fewer rows than folds
        found: Floats = cross_val_predict(model, features, labels, cv=folds, method="predict_proba")
    return found


def judge(texts: Sequence[str], labels: Ints, learner: str = "lr", seed: int = 0) -> Judged:
    """Probabilities, then cleanlab."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    p = probabilities(texts, labels, learner, seed)
    quality = get_label_quality_scores(labels, p, method="self_confidence")
    return Judged(p, 1.0 - np.asarray(quality), np.asarray(find_label_issues(labels, p, n_jobs=1), np.bool_))
