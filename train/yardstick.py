"""TF-IDF and logistic regression on the same rows: the cheap classic that any fine-tuned model should be held against.

Words and word pairs, sublinear term frequency, L2-normalised; multinomial logistic regression with C = 10. No tuning,
no seed. Cost: 3 to 6 s of processor time for 500 texts of 50 words and 12 classes, most of it the optimiser's own vectors,
which grow with distinct pairs of words times classes. Not for generation. Imports sklearn, never torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xxhash

from train.evaluate import ItemScores, score_classes
from train.examples import Examples
from train.files import read_json, write_json

DESCRIPTION = "TF-IDF (words and pairs) with logistic regression (C = 10)"


def kept_yardstick(examples: Examples, evaluation: Examples, canonical: Mapping[str, str], path: Path) -> float:
    """The metric of `tfidf_yardstick`; found again in `path`, where numbers are kept under a hash of all that they follow
    from, so that an ablation that goes on does not fit it again."""
    import scipy
    import sklearn

    names = map(repr, sorted(canonical.items()))
    versions = (sklearn.__version__, scipy.__version__, np.__version__)
    told = [DESCRIPTION, *versions, examples.fingerprint(), evaluation.fingerprint(), *names]
    key = xxhash.xxh3_128_hexdigest("\0".join(told).encode("utf-8", "surrogatepass"))
    kept = (read_json(path) or {}).get("metric")
    kept = kept if isinstance(kept, dict) else {}
    if not isinstance(kept.get(key), float):
        kept[key] = tfidf_yardstick(examples, evaluation, canonical).mean()
        if path.parent.is_dir():  # an ablation that never trains leaves nothing
            write_json(path, {"metric": kept})
    return float(kept[key])


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
