"""Metrics: what a prediction is worth against a reference, each with its interval and the name of its method.

Everything here is numbers and strings: no torch, no model, no files. `classes` judges labels (precision, recall, F1,
calibration, confusions), `answers` judges written answers (exact match, token F1, BLEU, chrF, ROUGE, METEOR, numbers),
`user` runs metrics that others install under the entry point `curate.metrics`. Intervals are 95% percentiles over
draws of whole near-duplicate clusters (`interval`), the seed fixed, so that the same scores give the same interval.
"""

from __future__ import annotations

from train.metrics.answers import answer_metrics
from train.metrics.classes import calibration, class_metrics, confusions
from train.metrics.interval import Resampling
from train.metrics.user import user_metrics

__all__ = ["Resampling", "answer_metrics", "calibration", "class_metrics", "confusions", "user_metrics"]
