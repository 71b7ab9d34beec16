"""How often a model puts the better answer above the worse one, on rows it has not seen, beside its base.

For pairs: the share of rows whose chosen answer has the higher score, ties half, with a bootstrap interval; for marked
answers: the chance that a wanted one scores above an unwanted one (area under the ROC curve). The score is the one that
the objective moves: the gain over the base (`dpo`, `kto`), or nats a token (`ranking`, and the base itself, whose gain is
nothing). Cost: two forward passes a row before training, and two after; needs torch.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from train.metrics import Resampling
from train.preference.rows import KTO, LIKELIHOOD, RANKING, paired, with_marks

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.config import TrainConfig
    from train.evaluate import ItemScores
    from train.examples import Examples
    from train.objective import Objective

SHARPNESS = 20.0
"""`ranking` works on nats a token, some twentieth of an answer's: its beta is that much larger."""


class Preferences:
    """Scores of one model on one set of preference rows; made before the first step, when the model is the base."""

    def __init__(self, objective: Objective, bench: Workbench, rows: Examples, config: TrainConfig) -> None:
        self.objective, self.pad, self.config = objective, bench.tokenizer.pad_token_id, config
        self.marks: np.ndarray | None = None
        self.clusters: np.ndarray | None = None
        if any(rows.rejected):
            pairs = paired(rows, bench.encoder)
            self.encoded, self.n = pairs.both(), len(pairs)
            kept = pairs.chosen.kept
        else:
            self.encoded, self.marks = with_marks(rows, bench.encoder)
            self.n, kept = len(self.marks), self.encoded.kept
        self.clusters = None if rows.clusters is None else rows.clusters[kept]
        self.ids = rows.ids[kept]
        self.before, self.tokens = self._sums()

    def _sums(self) -> tuple[np.ndarray, np.ndarray]:
        from train.score import answer_nats

        return answer_nats(self.objective, self.encoded, self.pad)

    def losses(self) -> np.ndarray:
        """float64[n]: the objective's loss of each row (of each pair), as the model is now."""
        now, _ = self._sums()
        beta = self.config.preference_beta
        if self.marks is not None:
            gain = self.before - now
            middle = max(0.0, float(gain.mean()))
            signed = np.where(self.marks, gain - middle, middle - gain)
            return np.asarray(1.0 - 1.0 / (1.0 + np.exp(-np.clip(beta * signed, -60, 60))))
        if self.config.objective == RANKING:
            each = now / self.tokens
            margin = SHARPNESS * (each[self.n :] - each[: self.n])
        else:
            gain = self.before - now
            margin = gain[: self.n] - gain[self.n :]
        return np.asarray(np.logaddexp(0.0, -beta * margin))

    @property
    def _by_gain(self) -> bool:
        return self.config.objective not in (RANKING, LIKELIHOOD)

    def ranked(self) -> tuple[np.ndarray, np.ndarray]:
        """What every answer is ranked by, chosen (or all marked) ones first: for the base, for the model as it is now."""
        now, _ = self._sums()
        return self._by_base(), self.before - now if self._by_gain else -now / self.tokens

    def in_order(self) -> tuple[np.ndarray, np.ndarray]:
        """How far each pair (or wanted answer) is in order, by the base and by the model as it is now."""
        base, ours = self.ranked()
        return self._right(base), self._right(ours)

    def _by_base(self) -> np.ndarray:
        return np.asarray(-self.before / self.tokens)

    def beside(self, scores: ItemScores, ranks: np.ndarray | None = None) -> ItemScores:
        """Item scores of the same rows with how their pairs are ranked: by `ranks`, or by the base where there are none.

        As they are where rows are marked and stand in no pairs.
        """
        if self.marks is not None:
            return scores
        by = self._by_base() if ranks is None else ranks
        at = {int(row): i for i, row in enumerate(self.ids)}
        found = np.array([at.get(int(row), -1) for row in scores.rows], dtype=np.int64)
        pairs = (self._right(by), by[: self.n] - by[self.n :])
        above, margin = (np.where(found >= 0, values[found], np.nan) for values in pairs)
        return dataclasses.replace(scores, above_rejected=above, margin=margin)

    def told(self, ranks: tuple[np.ndarray, np.ndarray] | None = None) -> dict[str, Any]:
        """For `done.json`: base and adapter, with intervals; `ranks` are those of `ranked`, where they are known."""
        base, adapter = map(self._right, self.ranked() if ranks is None else ranks)
        draws = Resampling(len(adapter), None if self.marks is not None else self.clusters)
        name = "above_unwanted" if self.marks is not None else "above_rejected"
        return {
            "rows": self.n,
            "score": "gain over the base" if self._by_gain else "nats a token",
            name: float(adapter.mean()),
            f"base_{name}": float(base.mean()),
            "intervals": {name: draws.of_mean(adapter), f"base_{name}": draws.of_mean(base)},
        }

    def _right(self, score: np.ndarray) -> np.ndarray:
        """How far each pair is in order: 1, 0, or a half; for marked answers, of each wanted one the share it beats."""
        if self.marks is None:
            good, bad = score[: self.n], score[self.n :]
            return np.asarray((good > bad) + 0.5 * (good == bad), dtype=np.float64)
        good, bad = score[self.marks], np.sort(score[~self.marks])
        if not len(good) or not len(bad):
            return np.full(max(1, len(good)), np.nan)
        below = np.searchsorted(bad, good, side="left") + np.searchsorted(bad, good, side="right")
        return np.asarray(below / (2.0 * len(bad)))


def is_measured(rows: Examples | None, config: TrainConfig) -> bool:
    """Whether rows tell better answers from worse ones."""
    if rows is None:
        return False
    return any(rows.rejected) or (config.objective == KTO and len(set(rows.wanted)) == 2)
