"""What a run says on stderr while it works: a live line on a terminal, a line every few percent elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from curate.pipeline import Event

STEP = 0.05
PATIENCE_SECONDS = 3.0


class Narrator:
    """Listens to stages and to training; `quiet` says nothing."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.live = sys.stderr.isatty() and not quiet
        self.said: dict[str, float] = {}
        self.since: dict[str, float] = {}

    def stage(self, event: Event) -> None:
        """One event of the pipeline."""
        name = event.stage.replace("_", " ")
        if event.stage == "rescan":
            left = f"{event.findings:,} findings are left" if event.findings else "nothing is left"
            said = "looking again at the curated data"
            (self._live(f"{said} …") if event.kind == "start" else self._line(f"✓ {said}: {left}"))
        elif event.kind == "start":
            self.since[event.stage] = time.monotonic()
            self._live(f"{name} …")
        elif event.kind == "progress" and event.total:
            share = event.done / event.total
            if self.live:
                self._live(f"{name} {share:4.0%}")
            elif self._slow(event.stage) and share - self.said.get(event.stage, 0.0) >= STEP and share < 1:
                self.said[event.stage] = share
                self._line(f"  {name} {share:.0%}")
        elif event.kind == "done":
            self._line(f"✓ {name}: {event.findings:,} findings in {event.seconds:.1f} s")
        elif event.kind == "cached":
            self._line(f"✓ {name}: {event.findings:,} findings, as computed before")
        elif event.kind == "skipped":
            self._line(f"– {name} skipped: {event.reason}")

    def training(self, event: Mapping[str, Any]) -> None:
        """One event of the trainer: a notice, a run that starts or ends, or a step of it."""
        if event["kind"] == "notice":
            self._line(str(event["words"]))
            return
        left = f", about {float(event['eta_s']):.0f} s left" if event.get("eta_s") is not None else ""
        what = f"train {event['arm']} seed {event['seed']} ({event['run']}/{event['runs']})"
        if event["kind"] == "run":
            if event["state"] == "started":
                self._live(f"{what} …")
            else:
                self._line(f"{'✗' if event['state'] == 'failed' else '✓'} {what}: {event['state']}{left}")
            return
        step, steps, loss = event["step"], event["steps"], event.get("loss")
        key, share = f"{event['arm']}/{event['seed']}", event["step"] / max(1, event["steps"])
        text = f"{what}: step {step}/{steps}" + (f", loss {loss:.3f}" if loss is not None else "") + left
        if self.live:
            self._live(text)
        elif share - self.said.get(key, 0.0) >= 0.25 and share < 1:
            self.said[key] = share
            self._line(f"  {text}")

    def _slow(self, stage: str) -> bool:
        """Short work needs no lines about how far it is."""
        return time.monotonic() - self.since.get(stage, time.monotonic()) > PATIENCE_SECONDS

    def _live(self, text: str) -> None:
        if self.live:
            click.echo(f"\r\x1b[2K{text[:100]}", nl=False, err=True)

    def _line(self, text: str) -> None:
        if self.quiet:
            return
        click.echo(("\r\x1b[2K" if self.live else "") + text, err=True)
