"""A model that forgets: the probe of general language costs it clearly more than it cost its base.

Spoken where even the lower end of the interval of the rise is above what matters (a tenth of the base's nats a token), so
a noisy or a small rise is silent.
"""

from __future__ import annotations

from collections.abc import Sequence

from train.watch.alert import Alert, Event, Probed


class Forgetting:
    """The probe, once, at the end."""

    def see(self, event: Event) -> Sequence[Alert]:
        if not isinstance(event, Probed) or not event.low > event.matters:
            return ()
        numbers = {"before_nats": event.before, "after_nats": event.after, "rise_at_least": event.low}
        return [Alert("forgetting", event.step, numbers)]
