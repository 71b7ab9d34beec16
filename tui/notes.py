"""What a queue says of itself: the line above it, and the evidence pane when it is empty."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from curate.review.session import Session
from curate.words import plural
from tui.keymap import key
from tui.queue import GROUP_SAYS, SORT_SAYS, Queue
from tui.rail import added_up
from tui.words import stage_title, told_by_state


@dataclass(frozen=True)
class Line:
    """Parts on one line, the telling ones first: where it is short, gaps narrow, then whole parts give way from the end."""

    name: str
    parts: tuple[str, ...]
    gap: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The longest form that fits; the first part alone is cut where even that is too long."""
        forms = [self._form(self.parts, self.gap), *(self._form(self.parts[:n], 2) for n in range(len(self.parts), 0, -1))]
        yield next((form for form in forms if form.cell_len <= options.max_width), forms[-1])

    def _form(self, parts: tuple[str, ...], gap: int) -> Text:
        name = (f"{self.name}  " if self.name else "", "bold")
        return Text.assemble(name, (" " * gap).join(parts), no_wrap=True, overflow="ellipsis")


def queue_note(
    session: Session, stages: list[str], queue: Queue, ranging: bool, *, noted: int = 0, tight: bool = False
) -> Text | Line:
    """How many, in which state, and how they are filtered, ordered and grouped; `noted`: of those that apply, how many
    change no data; `tight`: on a short line."""
    wish = queue.wish
    if not stages:
        return Text("this panel has no stage in the recipe")
    by = added_up(session, stages)
    n = len(queue.members)
    if ranging:
        told = [f"range: move to its end, then {key('accept')}, {key('reject')} or {key('flag')}; {key('range')} ends it"]
    elif wish.narrowed:
        what = " that wait" if wish.waiting_only else ""
        told = [f"{n:,} of {plural(queue.total, 'finding')}{what}"]
    else:
        told = [plural(n, "finding"), *(f"{sign} {many:,} {word}" for sign, many, word in told_by_state(by, noted))]
    if not queue.total:
        return Text(skipped(session, stages) or "nothing found")
    # What a person chose comes before what the rail counts too: a short line drops the end.
    chosen = [GROUP_SAYS[wish.group]] if wish.group else []
    chosen += [SORT_SAYS[wish.sort]] if wish.sort != "state" else []
    told = [*chosen, *told] if chosen else [*told, SORT_SAYS["state"]]
    name = stage_title(stages[0]) if len(stages) == 1 and not tight else ""
    return Line(name, tuple(told), 2 if tight else 3)


def skipped(session: Session, stages: list[str]) -> str:
    """`skipped` where no stage of a panel could do anything with this data, else nothing."""
    return "– skipped" if all(session.detected.outcomes[s].status == "skipped" for s in stages) else ""


def other_roles() -> str:
    """How to come back to what each column was taken for."""
    return f"A column was taken for something else? {key('open')}, then choose the file again: the guide asks."


def _of_rows(session: Session, queue: Queue) -> list[str]:
    """What becomes of the one row that was asked for, and where else something of it stands; or how a row is asked for."""
    terms = queue.wish.choice.terms
    asked = next((t.value for t in terms if t.key == "row" and t.op in ("=", ":") and t.value.isdecimal()), None)
    if asked is None:
        number = next((t.value for t in terms if t.key == "text" and t.value.isdecimal()), None)
        return [] if number is None else [f"A row is asked for by row={number}."]
    row, n = int(asked), session.dataset.n_rows
    if row >= n:
        return [f"Rows are numbered 0 to {n - 1:,}."]
    found = session.findings.filter(pc.equal(session.findings["row"], row))["stage"].cast(pa.string())
    told = [f"{stage_title(one['values'])} {one['counts']:,}" for one in pc.value_counts(found).to_pylist()]
    return [f"Row {row:,} {'leaves' if session.plan.dropped[row] else 'stays'}.",
            f"Found about it: {', '.join(told) or 'nothing'}."]  # fmt: skip


def nothing_here(session: Session, stages: list[str], queue: Queue) -> Text:
    """Why the queue is empty, and where to go."""
    onward = f"Press {key('stage_after')} for the next panel"
    if not stages:
        return Text(f"No stage of this panel is in the recipe. {onward}.")
    if queue.wish.choice.terms:
        return Text(" ".join(["No finding fits the filter.", *_of_rows(session, queue), f"{key('back')} clears it."]))
    if queue.wish.waiting_only and queue.total:
        return Text(f"Nothing waits here any more. Press {key('waiting')} to see every finding of this panel. {onward}.")
    unasked = [s for s in stages if session.detected.outcomes[s].status == "skipped"]
    if unasked:
        said = [f"{stage_title(s)}: skipped, {session.detected.outcomes[s].reason}." for s in unasked]
        others = [stage_title(s) for s in stages if s not in unasked]
        found = f"{' and '.join(others)}: nothing was found. {onward}."
        return Text("\n".join([*said, "", found if others else other_roles()]))
    return Text(f"Every row was looked at and nothing was found. {onward}.")
