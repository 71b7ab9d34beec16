"""TF-IDF and logistic regression on the same rows: the cheap classic that any fine-tuned model should be held against.

Words and word pairs, sublinear term frequency, L2-normalised; multinomial logistic regression with C = 10. No tuning,
no seed. Cost: about a second for 10,000 short texts. Not for generation. Imports sklearn, never torch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from train.evaluate import ItemScores, score_classes
from train.examples import Examples

DESCRIPTION = "TF-IDF (words and pairs) with logistic regression (C = 10)"


def tfidf_yardstick(examples: Examples, evaluation: Examples, canonical: Mapping[str, str] | None = None) -> ItemScores:
    """Fit on `examples`, score `evaluation`; both classification. Labels compare on their canonical names."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    model = make_pipeline(words, LogisticRegression(C=10.0, max_iter=300))
    try:
        model.fit(examples.texts, examples.labels)
    except ValueError:  # one class only, or not one word in the texts: say the commonest label
        commonest = max(sorted(set(examples.labels)), key=examples.labels.count)
        return score_classes(np.zeros((len(evaluation), 1)), [commonest], evaluation, canonical or {})
    logs = np.asarray(model.predict_log_proba(evaluation.texts))
    return score_classes(logs, [str(name) for name in model.classes_], evaluation, canonical or {})
