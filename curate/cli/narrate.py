"""What a run says on stderr while it works: a live line on a terminal, a line every few percent elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, Any

import click

from curate.cli.live import LiveLine
from curate.compiling import WORDS
from curate.words import duration, plural, rough_duration

if TYPE_CHECKING:
    from curate.dataset import Dataset
    from curate.pipeline import Event

STEP = 0.05
MOST_ROWS = 8
"""Rows that an alert of the trainer names on the screen; all of them are in `metrics.jsonl`."""
COMPILING = f"  {{stage}}: {WORDS}; the next run starts without"
_HARMLESS = re.compile(r"(?!.*\d\W*\d\W*\d\W*\d)[\w -]{1,60}")
"""A name of a column that no scanner needs to look at: words, and no number of four digits."""
PATIENCE_SECONDS = 30.0
"""Between two lines about how far a stage is, where lines cannot be rewritten."""


def private_names(columns: Sequence[str]) -> dict[str, str]:
    """How columns are shown whose names hold personal data: the first row of a table without names is read as them."""
    others = [name for name in columns if not _HARMLESS.fullmatch(name)]
    if not others:
        return {}
    from curate.privacy.preview import shown_names

    return {name: shown for name, shown in shown_names(others).items() if shown != name}


class Narrator:
    """Listens to stages and to training; `quiet` says nothing.

    `helpers` are stages that run only for what other stages take from them.
    """

    def __init__(self, quiet: bool = False, helpers: Sequence[str] = ()) -> None:
        self.quiet = quiet
        self.helpers = tuple(helpers)
        self.said: dict[str, float] = {}
        self.since: dict[str, float] = {}
        self._shown = LiveLine(quiet)
        self._stage = ExitStack()
        """What lasts as long as the stage that works."""

    def begin(self, words: str) -> None:
        """What is about to be done, before what it needs is loaded: that may take ten seconds."""
        self._line(words)

    def reading(self) -> None:
        """That the data is being read, on a terminal, until `read` is called."""
        self._live("reading the data …")

    def read(self, dataset: Dataset) -> None:
        """How the input was understood, before anything is done with it."""
        from curate.dataset.pointer import parse_pointer
        from curate.dataset.unlabelled import PLAIN
        from curate.dataset.unread import told
        from curate.dataset.within import prose_in_lists, prose_within, told_in_lists, told_places, told_sets, told_within
        from curate.safetext import safe_text
        from curate.stages.setting import settings_of, unread, untrained

        called = private_names(dataset.columns)
        roles = ", ".join(f"{r} = {' + '.join(called.get(c, c) for c in columns)}" for r, columns in dataset.roles.items())
        self._line(safe_text(f"read as: {dataset.task}; {roles or 'no column has a role'}"))
        beside = [] if self.quiet else [name for name in untrained(dataset) if name not in called]
        if beside:
            ways = " ".join(f"--role context={name}" for name in (*dataset.roles.context, *beside) if name not in called)
            each = "tells rows apart and is" if len(beside) == 1 else "tell rows apart and are"
            self._line(safe_text(f"{', '.join(beside)} {each} not trained with, unless you say {ways}"))
        other = [] if self.quiet else [name for name in unread(dataset) if PLAIN.fullmatch(name)]
        if other:
            self._line(safe_text(told(dataset, other)))
        within = [] if self.quiet else prose_within(dataset)
        if within:
            self._line(safe_text(told_within(dataset, within)))
        listed = [] if self.quiet else prose_in_lists(dataset)
        apart = settings_of(dataset) if listed else []
        listed = [place for place in listed if parse_pointer(place)[0] not in apart]
        if listed:
            self._line(safe_text(told_in_lists(dataset, listed)))
        if not self.quiet and (sets := told_sets(dataset)):
            self._line(safe_text(sets))
        if not self.quiet and (places := told_places(dataset)):
            self._line(safe_text(places))
        if called:
            self._line(f"personal data in names of columns stays in what is written: rename {', '.join(called.values())}")
        for note in dataset.notes:
            self._line(safe_text(note))
        if dataset.rejected:
            self._line(f"{plural(len(dataset.rejected), 'row')} could not be read: rejected.jsonl names them")

    def stage(self, event: Event) -> None:
        """One event of the pipeline."""
        name = event.stage.replace("_", " ")
        if event.kind == "start":
            self._listen("looking again" if event.stage == "rescan" else name)
        elif event.kind != "progress":
            self._stage.close()
        if event.stage == "rescan":
            left = "nothing is left"
            if event.findings:
                left = f"{plural(event.findings, 'finding')} {'is' if event.findings == 1 else 'are'} left"
            said = "looking again at the curated data"
            (self._live(f"{said} …") if event.kind == "start" else self._line(f"✓ {said}: {left}"))
        elif event.kind == "start":
            self.since[event.stage] = time.monotonic()
            self._live(f"{name} …")
        elif event.kind == "progress" and event.total:
            share = event.done / event.total
            if self._shown.on:
                self._live(f"{name} {share:4.0%}")
            elif self._slow(event.stage) and share - self.said.get(event.stage, 0.0) >= STEP and share < 1:
                self.said[event.stage] = share
                self.since[event.stage] = time.monotonic()
                self._line(f"  {name} {share:.0%}")
        elif event.kind in ("done", "cached"):
            found = "for the stages that follow," if event.stage in self.helpers else plural(event.findings, "finding")
            how = "as computed before" if event.kind == "cached" else f"in {duration(event.seconds)}"
            comma = "," if event.kind == "cached" and not found.endswith(",") else ""
            self._line(f"✓ {name}: {found}{comma} {how}")
        elif event.kind == "skipped":
            self._line(f"– {name} skipped: {event.reason}")

    def training(self, event: Mapping[str, Any]) -> None:
        """One event of the trainer: a notice, a run that starts or ends, or a step of it."""
        if event["kind"] == "notice":
            self._line(str(event["words"]))
            return
        if event["kind"] == "alert":
            self._alert(event)
            return
        left = f", about {rough_duration(float(event['eta_s']))} left" if event.get("eta_s") is not None else ""
        left += f", {event['cost']:.2g} in all" if event.get("cost") is not None else ""
        counted = f" ({event['run']}/{event['runs']})" if event.get("run") else ""
        what = f"{'evaluate' if event['arm'] == 'base' else 'train'} {event['arm']} seed {event['seed']}{counted}"
        if event["kind"] == "run":
            if event["state"] == "same":
                if event["arm"] != "base":  # which is scored once, for every seed
                    self._line(f"✓ {what}: the same rows as a run before, not trained again")
            elif event["state"] == "started":
                self._live(f"{what} …")
            else:
                self._line(f"{'✗' if event['state'] == 'failed' else '✓'} {what}: {event['state']}{left}")
            return
        step, steps, loss = event["step"], event["steps"], event.get("loss")
        key, share = f"{event['arm']}/{event['seed']}", event["step"] / max(1, event["steps"])
        text = f"{what}: step {step}/{steps}" + (f", loss {loss:.3f}" if loss is not None else "") + left
        if self._shown.on:
            self._live(text)
        elif share - self.said.get(key, 0.0) >= 0.25 and share < 1:
            self.said[key] = share
            self._line(f"  {text}")

    def _alert(self, event: Mapping[str, Any]) -> None:
        """What a watchdog of the trainer says; notes are for the report."""
        from curate.safetext import safe_text

        alert = event["alert"]
        if alert["severity"] == "note" or (not alert["step"] and alert["kind"] in self.said):
            return
        if not alert["step"]:  # known before training, so the same for every arm and seed
            self.said[alert["kind"]] = 1.0
        where = f" at step {alert['step']}" if alert["step"] else ""
        arm = f"{event['arm']} seed {event['seed']}{where}: " if "arm" in event else ""
        rows = ", ".join(str(row) for row in alert.get("row_ids", ())[:MOST_ROWS])
        rules = sorted({rule for found in alert.get("findings", {}).values() for rule in found})
        classes = ", ".join(safe_text(str(name)) for name in alert.get("names", ())[:MOST_ROWS])
        parts = {"rows": rows, "findings": ", ".join(rules), "classes": classes}
        named = [f"{what} {which}" for what, which in parts.items() if which]
        self._line(f"! {arm}{alert['words']} {alert['recommendation']}" + (f" ({'; '.join(named)})" if named else ""))

    def _listen(self, stage: str) -> None:
        """Say once a stage that kernels are compiled, which a first run waits for without a sign of life."""
        if not self.quiet:
            self._stage.enter_context(self.working(stage))

    def working(self, what: str) -> AbstractContextManager[None]:
        """The same of work that is no stage."""
        from curate.compiling import told_when_compiling

        words = COMPILING.format(stage=what)
        return told_when_compiling(lambda now: self._once(words) if now else None)

    def _once(self, words: str) -> None:
        """A line, unless it has been said, and behind it again what is rewritten."""
        if words not in self.said:
            self.said[words] = 1.0
            before = self._shown.text
            self._line(words)
            self._live(before)

    def _slow(self, stage: str) -> bool:
        """Short work needs no lines about how far it is."""
        return time.monotonic() - self.since.get(stage, time.monotonic()) > PATIENCE_SECONDS

    def _live(self, text: str) -> None:
        self._shown.show(text)

    def _line(self, text: str) -> None:
        if self.quiet:
            return
        self._shown.end()
        click.echo(text, err=True)
