"""Jumps of the loss and of the gradient, and values that are no numbers.

A jump is judged by the robust z-score over the `WINDOW` steps before it. Losses of small batches are skewed to the
right, so their scale is the larger of the deviations of all and of those above the median ("double MAD", Rosenmai 2013).
Two more conditions keep healthy noise silent: a loss must also lie a tenth of an untrained model's loss (or of the
first losses, if those are higher) above the median, since a loss near zero makes any scale tiny, and a gradient is
compared on a logarithmic scale and must be `TIMES` its median. Perplexity is exp(loss), so one watchdog serves both. The
steps of warm-up count like others. After an alert `REST` steps pass without another.

With Z = 6 and a plain deviation, a healthy run of 1,161 steps on 77 classes gave eight alerts; as it is, none.

Cost: medians of 50 numbers, about 30 µs a step.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from statistics import median

from train.watch.alert import Alert, Event, Facts, Step, robust_z

WINDOW, FEWEST, REST = 50, 12, 10
Z_LOSS, Z_GRADIENT = 8.0, 6.0
SHARE_OF_FIRST = 0.1
TIMES = 20.0
VANISHED_SHARE, VANISHED_STEPS, STILL_HIGH = 1e-4, 10, 0.5


class LossSpike:
    """A loss far above its recent level."""

    def __init__(self) -> None:
        self.losses: deque[float] = deque(maxlen=WINDOW)
        self.first: list[float] = []
        self.rest_until = 0
        self.untrained = 0.0

    def see(self, event: Event) -> Sequence[Alert]:
        if isinstance(event, Facts):
            self.untrained = event.chance_nats or 0.0
        if not isinstance(event, Step) or not math.isfinite(event.loss):
            return ()
        if len(self.first) < FEWEST:
            self.first.append(event.loss)
        found: list[Alert] = []
        if len(self.losses) >= FEWEST:
            floor = SHARE_OF_FIRST * max(abs(median(self.first)), self.untrained)
            middle = median(self.losses)
            above = [loss - middle for loss in self.losses if loss > middle]
            upper = 1.4826 * median(above) if above else 0.0
            z = robust_z(event.loss, self.losses, max(upper, floor / Z_LOSS))
            if z >= Z_LOSS and event.step >= self.rest_until:
                self.rest_until = event.step + REST
                numbers = {"loss": event.loss, "median": middle, "robust_z": z}
                numbers["perplexity"] = math.exp(min(event.loss, 700.0))
                found.append(Alert("loss_spike", event.step, numbers, event.rows))
        self.losses.append(event.loss)
        return found


class NotFinite:
    """A loss or a gradient that is infinite or no number."""

    def __init__(self) -> None:
        self.said = False

    def see(self, event: Event) -> Sequence[Alert]:
        if not isinstance(event, Step) or self.said:
            return ()
        bad = not math.isfinite(event.loss) or (event.grad_norm is not None and not math.isfinite(event.grad_norm))
        if not bad:
            return ()
        self.said = True
        return [Alert("not_finite", event.step, {"loss": event.loss, "grad_norm": event.grad_norm}, event.rows)]


class Gradients:
    """Gradients that explode or vanish."""

    def __init__(self) -> None:
        self.logs: deque[float] = deque(maxlen=WINDOW)
        self.first_norms: list[float] = []
        self.first_loss: float | None = None
        self.rest_until = self.small = 0
        self.said_small = False

    def see(self, event: Event) -> Sequence[Alert]:
        if not isinstance(event, Step) or event.grad_norm is None:
            return ()
        if not (math.isfinite(event.grad_norm) and math.isfinite(event.loss)):
            return ()
        if self.first_loss is None:
            self.first_loss = event.loss
        found = [*self._exploded(event), *self._vanished(event)]
        if event.grad_norm > 0:
            self.logs.append(math.log(event.grad_norm))
        if len(self.first_norms) < FEWEST:
            self.first_norms.append(event.grad_norm)
        return found

    def _exploded(self, event: Step) -> Sequence[Alert]:
        norm = event.grad_norm or 0.0
        if len(self.logs) < FEWEST or norm <= 0 or event.step < self.rest_until:
            return ()
        times = norm / math.exp(median(self.logs))
        z = robust_z(math.log(norm), self.logs, math.log(TIMES) / Z_GRADIENT)
        if z < Z_GRADIENT:
            return ()
        self.rest_until = event.step + REST
        numbers = {"grad_norm": norm, "times_its_median": times, "robust_z": z}
        return [Alert("exploding_gradients", event.step, numbers, event.rows)]

    def _vanished(self, event: Step) -> Sequence[Alert]:
        assert event.grad_norm is not None
        usual = median(self.first_norms) if len(self.first_norms) >= FEWEST else math.inf
        tiny = event.grad_norm < 1e-8 or (math.isfinite(usual) and event.grad_norm < VANISHED_SHARE * usual)
        high = self.first_loss is not None and event.loss > STILL_HIGH * abs(self.first_loss)
        self.small = self.small + 1 if tiny and high else 0
        if self.small < VANISHED_STEPS or self.said_small:
            return ()
        self.said_small = True
        return [Alert("vanishing_gradients", event.step, {"grad_norm": event.grad_norm, "loss": event.loss})]
