"""Systematic search of a training's settings: trials judged by validation rows, the winner by rows that nothing chose.

The one idea: a *study* is a list of trials, each a training run with other settings on the same training rows, scored on
the same validation rows. The study decides which settings to try next and which trial to stop early. The test rows have
no part in it: they are scored once, at the end, by the winner and by the defaults, seed by seed.

    from train.tune import Dimension, TuneConfig, default_space, run_study, compare

Importing this is light: optuna, torch and transformers load only when a study runs.
"""

from __future__ import annotations

from train.tune.compare import compare
from train.tune.config import TuneConfig
from train.tune.search import StudyData, StudyResult, run_study
from train.tune.space import Dimension, default_space, read_space, with_values

__all__ = [
    "Dimension",
    "StudyData",
    "StudyResult",
    "TuneConfig",
    "compare",
    "default_space",
    "read_space",
    "run_study",
    "with_values",
]
