"""The verdict: does curation help, by how much, and is it luck.

The one idea: evaluation is frozen first; then each *arm* (a variant of the training data) is trained with every seed,
all else equal, and two arms are compared by the difference on each evaluation row. An interval over near-duplicate
clusters and seeds decides between helped, harmed, equivalent within ±δ and inconclusive, against the raw data *and*
against a random removal of the same size.
"""

from __future__ import annotations

from train.ablation.arms import Arm, random_control_rows
from train.ablation.design import Design, Question, check_stages, seeds_of
from train.ablation.evaluation import Evaluation
from train.ablation.result import AblationResult
from train.ablation.runner import run_ablation
from train.ablation.split import HeldOut, heldout_split
from train.ablation.verdict import Comparison, compare
from train.baseline import base_title

__all__ = [
    "AblationResult",
    "Arm",
    "Comparison",
    "Design",
    "Evaluation",
    "HeldOut",
    "Question",
    "base_title",
    "check_stages",
    "compare",
    "heldout_split",
    "random_control_rows",
    "run_ablation",
    "seeds_of",
]
