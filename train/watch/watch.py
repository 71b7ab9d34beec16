"""All watchdogs of one run behind one door.

`Watch.see` shows an event to each of them, adds the findings of the rows that an alert names, and keeps what was said.
At most `MOST_OF_A_KIND` alerts of one kind are told; more are counted, so that a run that jumps at every step fills no
file. A watchdog that raises is a bug of ours and not of the run: it is left out from then on, and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from train.watch.alert import Alert, Event, Step, Validated, Watchdog
from train.watch.before import Before
from train.watch.fit import Fit
from train.watch.general import Forgetting
from train.watch.pace import Throughput
from train.watch.spikes import Gradients, LossSpike, NotFinite

MOST_OF_A_KIND, MOST_ROWS = 10, 64


def watchdogs() -> list[Watchdog]:
    """A fresh one of each."""
    return [Before(), NotFinite(), LossSpike(), Gradients(), Fit(), Throughput(), Forgetting()]


class Watch:
    """The watchdogs of one run, and what they said."""

    def __init__(
        self,
        dogs: Sequence[Watchdog] | None = None,
        findings: Mapping[int, Sequence[str]] | None = None,
        rank: Callable[[Alert], Sequence[int]] | None = None,
    ) -> None:
        """`findings` names the rules that found something in a row; `rank` puts an alert's rows hardest first."""
        self.dogs = list(watchdogs() if dogs is None else dogs)
        self.findings = findings or {}
        self.rank = rank
        self.told: list[Mapping[str, Any]] = []
        """What was said, as JSON: by a run that this one goes on from, and since."""
        self.broken: list[str] = []
        self.counts: Counter[str] = Counter()

    def see(self, event: Event) -> list[Alert]:
        """What is new to say about an event."""
        said: list[Alert] = []
        for dog in list(self.dogs):
            try:
                said += dog.see(event)
            except Exception as error:  # watching must not end what is watched
                self.dogs.remove(dog)
                self.broken.append(f"{type(dog).__name__} ({type(error).__name__})")
        fresh = []
        for alert in said:
            self.counts[alert.kind] += 1
            if self.counts[alert.kind] <= MOST_OF_A_KIND and not self._said_before(alert):
                fresh.append(self._with_rows(alert))
        self.told += [alert.to_json() for alert in fresh]
        return fresh

    def remember(self, event: Step | Validated) -> None:
        """Show an event of the run that this one goes on from; what it made the watchdogs say is in `told` already."""
        for dog in self.dogs:
            for alert in dog.see(event):
                self.counts[alert.kind] += 1

    def _said_before(self, alert: Alert) -> bool:
        """Whether a run that goes on finds the same as before its first step."""
        return not alert.step and any(told["kind"] == alert.kind and not told["step"] for told in self.told)

    def _with_rows(self, alert: Alert) -> Alert:
        rows = alert.rows
        if self.rank is not None and alert.step and rows:
            rows = tuple(self.rank(alert))
        rows = rows[:MOST_ROWS]
        known = {row: tuple(dict.fromkeys(self.findings[row])) for row in rows if self.findings.get(row)}
        return replace(alert, rows=rows, findings=known)

    def to_json(self) -> dict[str, Any]:
        """`alerts` and, where there were more than are told, `alerts_left_out`; for `done.json`."""
        more = {kind: n - MOST_OF_A_KIND for kind, n in self.counts.items() if n > MOST_OF_A_KIND}
        out: dict[str, Any] = {"alerts": list(self.told)}
        if more:
            out["alerts_left_out"] = more
        if self.broken:
            out["watchdogs_broken"] = self.broken
        return out
