"""Learning by heart, and learning nothing.

Overfitting: the rows' validation losses have risen since the best evaluation, compared row by row, by more than twice
the standard error of that rise and by `LEAST_RISE` of the best loss, in two evaluations running, while the training
loss went on falling. The paired comparison makes the threshold follow the number of validation rows: fifty rows must
rise more than five thousand. A gap is validation above training by more than half of what an untrained model loses, at two
evaluations running. Alone it is no proof (training rows may be easier), so it is a note; with a validation loss that stands
`LEAST_RISE` above its best, which few rows cannot prove to be more than chance, it is told at once.

Underfitting: after the last step the median training loss of the last tenth of the steps, and the last validation loss
where there is one, are above `HIGH` of the loss of a model that has learned nothing. For classes that is the entropy of
the training labels, what always answering with their frequencies loses: a fitted head may start far below it. For
generation it is the mean of the first losses, since an adapter starts as the identity and the base writes them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from train.watch.alert import Alert, Event, Facts, Finished, Step, Validated

LEAST_RISE, STANDARD_ERRORS, IN_A_ROW = 0.02, 2.0, 2
GAP_SHARE = 0.5
WIDE, WIDE_AND_RISEN = "wide", "wide and risen"
HIGH, FEWEST_STEPS, FIRST = 0.9, 20, 5


class Fit:
    """Overfitting, a wide gap, underfitting."""

    def __init__(self) -> None:
        self.chance: float | None = None
        self.losses: list[float] = []
        self.since: list[float] = []
        self.best, self.train_at_best = math.inf, math.inf
        self.last: float | None = None
        self.rising = self.wide = 0
        self.said: set[str] = set()

    def see(self, event: Event) -> Sequence[Alert]:
        if isinstance(event, Facts):
            self.chance = event.chance_nats or None
        elif isinstance(event, Step) and math.isfinite(event.loss):
            self.since.append(event.loss)
            self.losses.append(event.loss)
        elif isinstance(event, Validated):
            return self._validated(event)
        elif isinstance(event, Finished):
            return self._finished(event)
        return ()

    def _untrained(self) -> float | None:
        if self.chance is not None:
            return self.chance
        return float(np.mean(self.losses[:FIRST])) if len(self.losses) >= FIRST else None

    def _validated(self, event: Validated) -> Sequence[Alert]:
        train = float(np.mean(self.since)) if self.since else math.inf
        self.since, self.last = [], event.loss
        if event.loss < self.best:
            self.best, self.train_at_best, self.rising = event.loss, train, 0
        found = []
        rise, error = event.rise, event.rise_se
        risen = rise is not None and error is not None and rise > max(LEAST_RISE * self.best, STANDARD_ERRORS * error)
        self.rising = self.rising + 1 if risen and train < self.train_at_best else 0
        numbers = {"validation_loss": event.loss, "best_validation_loss": self.best, "training_loss": train}
        if self.rising >= IN_A_ROW and self._new("overfitting"):
            found.append(Alert("overfitting", event.step, {**numbers, "rise": rise, "rise_standard_error": error}))
        untrained = self._untrained()
        gap = event.loss - train
        self.wide = self.wide + 1 if untrained is not None and gap > GAP_SHARE * untrained else 0
        quiet = event.loss <= (1 + LEAST_RISE) * self.best
        told = not self.said.isdisjoint({"overfitting", WIDE_AND_RISEN})
        if self.wide >= IN_A_ROW and not told and self._new(WIDE if quiet else WIDE_AND_RISEN):
            found.append(Alert("generalisation_gap", event.step, {**numbers, "untrained_loss": untrained}, quiet=quiet))
        return found

    def _finished(self, event: Finished) -> Sequence[Alert]:
        untrained = self._untrained()
        if untrained is None or len(self.losses) < FEWEST_STEPS:
            return ()
        final = float(np.median(self.losses[-max(FIRST, len(self.losses) // 10) :]))  # a late spike is no underfitting
        high = final > HIGH * untrained and (self.last is None or self.last > HIGH * untrained)
        numbers = {"training_loss": final, "validation_loss": self.last, "untrained_loss": untrained}
        return [Alert("underfitting", event.step, numbers)] if high else ()

    def _new(self, kind: str) -> bool:
        fresh = kind not in self.said
        self.said.add(kind)
        return fresh
