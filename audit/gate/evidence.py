"""What the gate's checks rest on: what is read of a dataset or a run, and a value with what makes it up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True)
class Fact:
    """A value, or the reason why there is none."""

    value: float | None
    n: int = 0
    """Rows it rests on."""
    findings: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Positions of the findings that make it up."""
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    """Confidence level of the interval."""
    why_missing: str = ""
    applies: bool = True
    """False where the question has no meaning for this data."""
    bound: bool = False
    """Whether the value is only a bound that the truth lies below: beyond a limit it fails nothing."""
    unjudged: int = 0
    """Parts of the question that had too little evidence: with any, nothing better than insufficient evidence is said."""
    detail: str = ""
    """What makes it up where no findings do; safe to show."""
    falls: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """What is judged after the first 0, 1, 2, … findings are cured, where that is not plain counting."""
    row: NDArray[np.int64] | None = None
    """The row of each finding, where rows are counted: one with two findings counts once, and is cured by both."""
    fewest: Callable[[int], NDArray[np.int64]] | None = None
    """Given how many rows must go, the fewest whose cure makes so many go; None where each goes by its own cure."""
    short: Callable[[float], str] | None = None
    """What the least is that brings it within a limit, as a sentence that is safe to show, where findings do not say."""


@dataclass(frozen=True)
class Evidence:
    """What `gather` reads; arrays line up with the findings or with the rows."""

    n_rows: int
    rejected_rows: int
    findings: pa.Table
    plan: pa.Table
    dropped: NDArray[np.bool_]
    ran: Mapping[str, str]
    """Stage to the reason why it did not run, "" where it did."""
    labels: Sequence[str | None] | None
    """Canonical label of each row; of curated data as the plan leaves it."""
    train_row: NDArray[np.bool_]
    """Whether each row is trained on."""
    answers: bool
    """Whether rows hold prompts and answers."""
    label_scores: NDArray[np.float64] | None
    """Probability that each row's label is wrong; NaN where it was not judged."""
    labels_sampled: bool = False
    """Whether only a sample of each class was judged."""
    labels_untold: bool = False
    """Whether the labels say what no words tell, so that a model of words is no judge of them."""
    rejected_at: Sequence[str] = ()
    """Where the first rows stand that could not be read."""
    curated: bool = False
    left: Mapping[str, int] = field(default_factory=dict)
    """What a second look at the curated data found, by stage."""
    days_since_training: float | None = None
    against_random: Mapping[str, Any] | None = None
    """The last ablation's comparison of curated data with a random removal of the same size, under the plan in force."""
    beyond: Mapping[str, Any] | None = None
    """What the last ablation measured beyond accuracy, under the plan in force, and its `metric`."""
    residual: Mapping[str, Any] | None = None
    """What the scanner missed, per 1,000 rows (`curate.review.residual`)."""
