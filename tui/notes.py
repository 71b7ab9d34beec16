"""What a queue says of itself: the line above it, and the evidence pane when it is empty."""

from __future__ import annotations

from rich.text import Text

from curate.session import Session
from tui.queue import GROUP_SAYS, Queue
from tui.rail import added_up
from tui.words import MANY, SIGN, count, stage_title


def queue_note(session: Session, stages: list[str], queue: Queue, ranging: bool) -> Text:
    """How many, in which state, and how they are filtered, ordered and grouped."""
    wish = queue.wish
    if not stages:
        return Text("this panel has no stage in the recipe")
    by = added_up(session, stages)
    n = len(queue.members)
    if ranging:
        told = ["range: move to its end, then a, x or f; v ends it"]
    elif wish.narrowed:
        what = " that wait" if wish.waiting_only else ""
        told = [f"{n:,} of {count(queue.total, 'finding')}{what}"]
    else:
        told = [count(n, "finding"), *(f"{SIGN[s]} {by[s]:,} {MANY[s]}" for s in by if by[s])]
    told += [f"sorted by {wish.sort}"] if wish.sort != "state" else []
    told += [GROUP_SAYS[wish.group]] if wish.group else []
    name = stage_title(stages[0]) if len(stages) == 1 else ""
    return Text.assemble((f"{name}  " if name else "", "bold"), "   ".join(told), no_wrap=True, overflow="ellipsis")


def nothing_here(session: Session, stages: list[str], queue: Queue) -> Text:
    """Why the queue is empty, and where to go."""
    skipped = [s for s in stages if session.detected.outcomes[s].status == "skipped"]
    if not stages:
        return Text("No stage of this panel is in the recipe. Press ] for the next panel.")
    if queue.wish.choice.terms:
        return Text("No finding fits the filter. Escape clears it.")
    if queue.wish.waiting_only and queue.total:
        return Text("Nothing waits here any more. Press p to see every finding of this panel, or ] for the next one.")
    if skipped == stages:
        return Text("\n".join(f"{stage_title(s)} was skipped: {session.detected.outcomes[s].reason}." for s in skipped))
    return Text("Every row was looked at and nothing was found. Press ] for the next panel.")
