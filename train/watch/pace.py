"""A run that slows down.

The median tokens a second of the last `RECENT` steps against that of the first `REFERENCE` steps, the first two left
out because they pay for memory and threads. One window of the row order is `RECENT` steps, so rows of every length are
in both medians. One alert for each fall: the speed must come back above the threshold first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import median

from train.watch.alert import Alert, Event, Step

RECENT, REFERENCE, LEFT_OUT = 8, 24, 2
SHARE = 0.4


class Throughput:
    """Tokens a second that fall to a fraction."""

    def __init__(self) -> None:
        self.seen = 0
        self.first: list[float] = []
        self.recent: deque[float] = deque(maxlen=RECENT)
        self.slow = False

    def see(self, event: Event) -> Sequence[Alert]:
        if not isinstance(event, Step) or event.tokens_per_s is None:
            return ()
        self.seen += 1
        if self.seen <= LEFT_OUT:
            return ()
        if len(self.first) < REFERENCE:
            self.first.append(event.tokens_per_s)
            return ()
        self.recent.append(event.tokens_per_s)
        if len(self.recent) < RECENT:
            return ()
        usual, now = median(self.first), median(self.recent)
        was, self.slow = self.slow, now < SHARE * usual
        if not self.slow or was:
            return ()
        return [Alert("throughput_collapse", event.step, {"tokens_per_s": now, "usual_tokens_per_s": usual})]
