"""Preference rows as tokens: chosen and rejected answers behind the same turns, or single answers with a mark.

Only the last answer of a row counts; turns before it are what it answers. Rows of which one side cannot be encoded are
left out. Linear cost.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.errors import ConfigError, DataError
from train.chat import DAY
from train.encoded import joined
from train.examples import EXTRACTION, OF_TEXTS, Examples

if TYPE_CHECKING:
    from train.config import TrainConfig
    from train.encoded import Encoded

LIKELIHOOD, DPO, KTO, RANKING = "likelihood", "dpo", "kto", "ranking"
BY_TRL = (DPO, KTO)


@dataclass(frozen=True)
class Pairs:
    """Chosen and rejected answers of the same rows, both encoded."""

    chosen: Encoded
    rejected: Encoded

    def __len__(self) -> int:
        return len(self.chosen)

    def lengths(self) -> np.ndarray:
        """int64[n]: tokens of both sides, which is what a pair costs."""
        return np.asarray(self.chosen.lengths + self.rejected.lengths)

    def both(self) -> Encoded:
        """All chosen rows, then all rejected ones."""
        return joined(self.chosen, self.rejected)


def check_objective(config: TrainConfig, examples: Examples) -> None:
    """Raise where the rows do not hold what the objective learns from, saying what would work."""
    if config.objective == LIKELIHOOD:
        return
    if examples.task in OF_TEXTS or examples.task == EXTRACTION:
        raise ConfigError(
            f"objective {config.objective!r} learns from answers, and these rows are of task {examples.task}; "
            "it needs preference rows (prompt, chosen, rejected) or, for 'kto', answers marked as wanted or not"
        )
    if config.objective == KTO:
        if not examples.wanted:
            other = "; 'dpo' and 'ranking' learn from chosen and rejected answers" if examples.rejected else ""
            raise ConfigError(f"objective 'kto' needs answers marked as wanted or not (task unpaired_preference){other}")
        if len(set(examples.wanted)) < 2:
            raise DataError("objective 'kto' needs answers of both kinds, wanted and unwanted; these rows have one kind")
        return
    if not any(examples.rejected):
        other = "; 'kto' learns from answers marked as wanted or not" if examples.wanted else ""
        raise ConfigError(f"objective {config.objective!r} needs rows with a chosen and a rejected answer{other}")


def paired(examples: Examples, encoder: Any) -> Pairs:
    """Both answers of every row that has two, encoded; raises `DataError` where no row has."""
    at = [i for i, rejected in enumerate(examples.rejected) if rejected]
    if not at:
        raise DataError("no row has both a chosen and a rejected answer")
    rows = examples.take(at)
    good, bad = encoder.encode_pairs(rows)
    kept = np.intersect1d(good.kept, bad.kept)
    if not len(kept):
        raise DataError("no row has both its chosen and its rejected answer within max_length_tokens")
    sides = [side.take(np.flatnonzero(np.isin(side.kept, kept))) for side in (good, bad)]
    back = np.asarray(at, dtype=np.int64)
    return Pairs(*(dataclasses.replace(side, kept=back[side.kept]) for side in sides))


def before_training(examples: Examples, objective: str, encoder: Any) -> tuple[Encoded, list[str]]:
    """The rows that are learned (the better answers of pairs), and what a person should know of all before training."""
    dated = examples.task not in OF_TEXTS and "strftime_now" in str(encoder.chat.learned_with())
    more = [f"The chat template writes a date: {DAY:%d %b %Y} in all rows, whatever day it is."] if dated else []
    if objective not in (DPO, RANKING):
        encoded = encoder.encode(examples, last=objective == KTO)
        return encoded, encoded.report.words() + more
    good, bad = encoder.encode_pairs(examples.take([i for i, rejected in enumerate(examples.rejected) if rejected]))
    sides = {"Better": good.report.words(), "Worse": bad.report.words()}
    both = [words for words in sides["Better"] if words in sides["Worse"]]
    return good, [f"{side} answers: {words}" for side in sides for words in sides[side] if words not in both] + both + more


def with_marks(examples: Examples, encoder: Any) -> tuple[Encoded, np.ndarray]:
    """Encoded answers, and bool[n] whether each is wanted."""
    encoded = encoder.encode(examples, last=True)
    return encoded, np.array([examples.wanted[i] for i in encoded.kept.tolist()], dtype=bool)
