"""The parts of the findings screen that count: the bar on top, the stages at the side, the line above the queue."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.widgets import Footer, ListItem, Static

from curate.session import Session
from tui.words import MANY, SIGN, count, short_path, stage_title

NARROW = 100


class Keys(Footer):
    """The footer: the keys of the screen, closer together where there is little room."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)

    def on_resize(self, event: events.Resize) -> None:
        """Fit the keys."""
        self.compact = event.size.width < NARROW


class StageItem(ListItem):
    """One stage: its title, and how many of its findings apply and wait."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage

    def compose(self) -> ComposeResult:
        yield Static(Text(stage_title(self.stage), no_wrap=True, overflow="ellipsis"), classes="stage-title")
        yield Static("", classes="stage-counts")

    def show(self, session: Session) -> None:
        """Count again."""
        self.query_one(".stage-counts", Static).update(stage_counts(session, self.stage))


def stage_counts(session: Session, stage: str) -> Text:
    """`? 112 wait  ✓ 156`, or why there is nothing to count."""
    outcome = session.detected.outcomes[stage]
    if outcome.status == "skipped":
        return Text("– skipped", style="dim", no_wrap=True)
    by = session.counts(stage)
    waits = by["pending"] + by["stale"]
    parts: list[tuple[str, str]] = [(f"{SIGN['pending']} {waits:,} wait", "bold")] if waits else []
    parts += [(f"{SIGN[s]} {by[s]:,}", "") for s in ("applied", "rejected") if by[s]]
    out = Text(no_wrap=True, overflow="ellipsis")
    for n, (words, style) in enumerate(parts):
        out.append("  " if n else "").append(words, style)
    if parts:
        return out
    return Text(f"{SIGN['superseded']} {by['superseded']:,}" if by["superseded"] else "nothing found", style="dim")


def header(session: Session) -> Table:
    """Where am I, what becomes of the rows, what waits, and whether the files follow."""
    rows_in, rows_out = session.rows()
    table = Table.grid(expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    name = Text.assemble((short_path(session.run.path), "bold"), f"  {session.dataset.task}")
    waiting = session.state.waiting
    said = [
        f"rows {rows_in:,} → {rows_out:,}",
        f"{SIGN['pending']} {waiting:,} wait" if waiting else f"{SIGN['applied']} nothing waits",
        f"{SIGN['applied']} written" if session.is_written else "! not written (w)",
    ]
    table.add_row(name, Text("   ".join(said)))
    return table


def queue_note(session: Session, stage: str, shown: int, waiting_only: bool) -> Text:
    """What the queue holds."""
    place = f"{session.stages.index(stage) + 1}/{len(session.stages)} " if stage in session.stages else ""
    by = session.counts(stage)
    if session.detected.outcomes[stage].status == "skipped":
        told = ["skipped"]
    elif waiting_only:
        told = [f"{shown:,} of {count(session.total(stage), 'finding')} wait; p shows all"]
    else:
        told = [count(shown, "finding"), *(f"{SIGN[s]} {by[s]:,} {MANY[s]}" for s in by if by[s])]
    return Text.assemble(f"{place}", (stage_title(stage), "bold"), "   ", "   ".join(told))


def nothing_here(session: Session, stage: str, waiting_only: bool) -> Text:
    """The evidence pane of an empty queue: why it is empty and where to go."""
    outcome = session.detected.outcomes[stage]
    if outcome.status == "skipped":
        said = f"This stage was skipped: {outcome.reason}."
    elif waiting_only and session.total(stage):
        said = "Nothing waits here any more. Press p to see every finding of this stage, or ] for the next stage."
    else:
        said = "This stage looked at every row and found nothing. Press ] for the next stage."
    return Text(said)
