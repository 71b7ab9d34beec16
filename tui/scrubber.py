"""The threshold scrubber: move a threshold, see what it costs whom, keep it as one decision that can be undone."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static
from textual.worker import get_current_worker

from curate.house import require
from curate.words import difference, plural, signed
from tui.detail import word_diff
from tui.gate import SIGN as GATE_SIGN
from tui.gate import WORD as GATE_WORD
from tui.keymap import key
from tui.scrub import DUPLICATES, LABELS, Count, Judged, Scrub, open_scrub
from tui.shell import PanelScreen
from tui.words import NO_GROUPS, stage_title

EXACT_PAUSE_SECONDS = 0.15
"""Keys pressed one after another are worked out exactly once, at the end."""
GRID = 7
"""Thresholds whose gate is judged ahead."""
PREVIEW = 300
BARS = " ▁▂▃▄▅▆▇█"
AHEAD_ROWS = 200_000
"""Above this many rows the gate is judged where one stops, not ahead."""
ROOM_FOR_BARS = 85
"""Columns from which on each group has a bar, and its numbers their words in whole."""
FEWEST_ROWS = 30
"""Rows of a group below which its share says nothing, as in the fairness audit."""


class Slider(Static, can_focus=True):
    """Where the threshold stands; the screen has the keys."""


class ScrubberScreen(PanelScreen):
    """What if the threshold were another? Move it with ← and →: rows lost, groups and gate follow at once, then exactly.

    Nothing is decided until you press Enter: then the threshold is kept as one decision, which u takes back. ≈ marks a
    count that the exact one follows; ≥ one below the threshold of the detection, where only a sample of pairs is known."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,minus", "move(-0.01)", "Lower", id="threshold_down", key_display="←",
                tooltip="Threshold down by 0.01"),
        Binding("right,plus", "move(0.01)", "Higher", id="threshold_up", key_display="→",
                tooltip="Threshold up by 0.01"),
        Binding("shift+left,comma", "move(-0.05)", "", id="threshold_far_down", key_display="shift ←",
                show=False, tooltip="Threshold down by 0.05"),
        Binding("shift+right,full_stop", "move(0.05)", "", id="threshold_far_up", key_display="shift →",
                show=False, tooltip="Threshold up by 0.05"),
        Binding("0", "back_to_now", "In force", id="threshold_in_force", tooltip="Back to the threshold in force"),
        Binding("enter", "keep", "Keep", id="threshold_keep",
                tooltip="Keep this threshold, as one decision that u takes back"),
        Binding("escape", "app.pop_screen", "Back", id="back", tooltip="Back to the findings; nothing is kept"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.scrub: Scrub | None = None
        self.at = 0.0
        self.shown: Count | None = None
        self.base: Count | None = None
        """The exact count at the threshold in force."""
        self.told: Judged | None = None
        self.trouble = ""
        self._of: object = None

    def body(self) -> ComposeResult:
        with VerticalScroll(id="scrub-scroll", can_focus=False):
            yield Slider("", id="slider")
            yield Static("", id="scrub-numbers")
            yield Static("", id="scrub-groups")
            yield Static("", id="scrub-edge")

    def first_focus(self) -> str:
        """The slider."""
        return "#slider"

    @property
    def stage(self) -> str:
        """The stage whose threshold is moved."""
        return LABELS if self.mode == "labels" else DUPLICATES

    def refresh_body(self) -> None:
        """Decisions change what is counted: count again."""
        if self._of is not self.session.state:
            self._of = self.session.state
            self.prepare()

    def prepare(self) -> None:
        """Make the arrays that counting needs, show what they say, and then choose keepers at the threshold in force."""

        def made() -> tuple[Scrub | None, str]:
            try:
                if self.session.total(self.stage):
                    return open_scrub(self.session, self.stage), ""
                return None, f"{stage_title(self.stage)} found nothing in this run: there is no threshold to move."
            except Exception as error:
                return None, f"this cannot be counted: {type(error).__name__}"

        def put(found: tuple[Scrub | None, str]) -> None:
            fresh = self.scrub is None
            (self.scrub, self.trouble), self.base = found, None
            scrub = self.scrub
            if scrub is not None and fresh:
                self.at = scrub.now
            self.moved()
            if scrub is not None:
                trouble = "the threshold in force cannot be worked out"
                self.behind(lambda: scrub.exact(scrub.now)[0], self._based, trouble, group="base")
                if self.session.dataset.n_rows <= AHEAD_ROWS:
                    self.judge_ahead(scrub)

        self.behind(made, put, "this cannot be counted")

    def _based(self, base: Count) -> None:
        self.base = base
        self.draw()

    def action_move(self, by: float) -> None:
        """Another threshold."""
        if self.scrub is not None:
            self.at = round(min(1.0, max(self.scrub.low, self.at + by)), 2)
            self.moved()

    def action_back_to_now(self) -> None:
        """The threshold in force."""
        if self.scrub is not None:
            self.at = self.scrub.now
            self.moved()

    def moved(self) -> None:
        """Show what is known at once, and ask for the exact numbers."""
        if self.scrub is None:
            self.query_one("#slider", Static).update(Text(self.trouble or "counting …"))
            return
        self.shown = self.scrub.count(self.at)
        self.told = self.scrub.nearest(self.at)
        self.draw()
        self.work_out(self.scrub, self.at)

    @work(thread=True, exclusive=True, group="exact")
    def work_out(self, scrub: Scrub, threshold: float) -> None:
        """Choose keepers again, exactly; judge the gate on what comes of it; show what the threshold parts."""
        worker = get_current_worker()
        time.sleep(EXACT_PAUSE_SECONDS)
        if worker.is_cancelled:
            return
        try:
            exact, plan = scrub.exact(threshold)
            self._put(worker, lambda: self._exact(exact))
            edge = self._edge(scrub, threshold)
            self._put(worker, lambda: self.query_one("#scrub-edge", Static).update(edge))
            if not worker.is_cancelled:
                told = scrub.judge(threshold, plan)
                self._put(worker, lambda: self._judged(told))
        except Exception as error:
            failed = error
            self._put(worker, lambda: self.home.failed(failed, "the threshold cannot be worked out"))

    @work(thread=True, exclusive=True, group="ahead")
    def judge_ahead(self, scrub: Scrub) -> None:
        """The gate at a few thresholds, so that there is an answer at once when one comes near."""
        worker = get_current_worker()
        for threshold in sorted(np.linspace(scrub.low, 1.0, GRID), key=lambda t: abs(t - scrub.now)):
            if worker.is_cancelled or not self.is_mounted or not self.is_active:
                return
            try:
                scrub.judge(round(float(threshold), 2), scrub.exact(round(float(threshold), 2))[1])
            except Exception:  # judged where one stops, and told there
                return

    def _put(self, worker: object, step: object) -> None:
        def go() -> None:
            if not worker.is_cancelled and self.is_mounted:  # type: ignore[attr-defined]
                step()  # type: ignore[operator]

        self.app.call_from_thread(go)

    def _exact(self, exact: Count) -> None:
        self.shown = exact
        self.draw()

    def _judged(self, told: Judged) -> None:
        self.told = told
        self.draw()

    def draw(self) -> None:
        """Slider, numbers, groups."""
        scrub, shown = self.scrub, self.shown
        if scrub is None or shown is None:
            return
        slider = self.query_one("#slider", Static)
        slider.border_title = f"{stage_title(scrub.stage)}: threshold"
        slider.update(self._track(scrub))
        self.query_one("#scrub-numbers", Static).update(self._numbers(scrub, shown))
        self.query_one("#scrub-groups", Static).update(self._groups(scrub, shown))

    def _track(self, scrub: Scrub) -> RenderableType:
        """A curve of the counts, the threshold under it, and the ends."""
        width = max(20, self.query_one("#slider").size.width - 2)
        grid, counts = scrub.curve(width)
        most = max(1, int(counts.max(initial=0)))
        rows = [Text(no_wrap=True), Text(no_wrap=True)]
        for n in counts.tolist():
            filled = round(16 * n / most) if n else 0
            rows[0].append(BARS[max(0, filled - 8)])
            rows[1].append(BARS[min(8, filled)])
        marks = [" "] * width
        marks[self._place(grid, scrub.now)] = "┊"
        marks[self._place(grid, self.at)] = "▲"
        at = f"{self.at:.2f}"
        ends = f"{scrub.low:.2f}".ljust(width - 4) + "1.00"
        place = min(max(5, self._place(grid, self.at) - 1), width - 9)
        ends = ends[:place] + at + ends[place + len(at) :]
        return Group(*rows, Text("".join(marks), style="bold", no_wrap=True), Text(ends, no_wrap=True))

    @staticmethod
    def _place(grid: np.ndarray, threshold: float) -> int:
        return int(np.argmin(np.abs(grid - threshold)))

    def _numbers(self, scrub: Scrub, shown: Count) -> RenderableType:
        before, sign = self.base or scrub.count(scrub.now), "" if shown.exact else "≈ "
        sign = "≥ " if scrub.sampled(self.at) else sign
        rows_in = self.session.dataset.n_rows
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
        for name in ("", f"in force ({scrub.now:.2f})", f"at {self.at:.2f}", ""):
            table.add_column(name, no_wrap=True)
        # Like with like: a count beside a count, an exact number beside an exact one.
        change = shown.rows - (before if shown.exact else scrub.count(scrub.now)).rows
        now = self.session.rows()[1]
        out = now - change if scrub.stage == DUPLICATES else now
        table.add_row(scrub.unit, f"{before.rows:,}", f"{sign}{shown.rows:,}", signed(change, 0) if change else "the same")
        moved = signed(out - now, 0) if out != now else ""
        table.add_row("rows that stay", f"{now:,} of {rows_in:,}", f"{sign}{out:,}", moved)
        table.add_row("gate", _gate(scrub.nearest(scrub.now), scrub.now), _gate(self.told, self.at), "")
        red = self.told.red if self.told is not None else ()
        said = [f"not green for: {', '.join(red)}"] if red else []
        if scrub.sampled(self.at):
            said.append("Below the threshold of the detection only a sample of pairs is known: more would leave.")
        exact = "exact: which copy stays was worked out again" if scrub.stage == DUPLICATES else "exact: worked out again"
        said.append(exact if shown.exact else "≈ counted; the exact number follows")
        if abs(self.at - scrub.now) > 1e-6:
            said.append(f"nothing is decided yet: {key('threshold_keep')} keeps {self.at:.2f}, {key('back')} leaves it")
        return Group(table, *(Text(line, style="dim") for line in said))

    def _groups(self, scrub: Scrub, shown: Count) -> RenderableType:
        if not scrub.group_names:
            return Text(f"{NO_GROUPS[:1].upper()}{NO_GROUPS[1:]}.", style="dim")
        tight = self.query_one("#scrub-groups").size.width < ROOM_FOR_BARS
        table = Table(box=None, pad_edge=False, padding=(0, 2 if tight else 3, 0, 0), header_style="dim")
        head, most = self.reader.word(scrub.column), 16 if tight else 28
        table.add_column(head if tight else f"group by {head}", no_wrap=True, overflow="ellipsis", max_width=most)
        for name in ("rows", scrub.unit, "share", *(() if tight else ("",)), "less the others, 95%"):
            table.add_column(name, justify="right" if name else "left", no_wrap=True)
        newcombe = require("audit.fairness.outcome").newcombe
        every = self.session.dataset.n_rows
        for n, name in enumerate(scrub.group_names):
            rows, lost = int(scrub.group_rows[n]), int(shown.by_group[n])
            share = lost / max(1, rows)
            bar = "█" * round(min(1.0, share) * 20)
            beside, others = "insufficient evidence", every - rows
            if min(rows, others) >= FEWEST_ROWS:
                rest = (shown.rows - lost) / others
                low, high = newcombe(share, rows, rest, others)
                beside = f"{difference(100 * (share - rest), 100 * low, 100 * high)} {'pts' if tight else 'points'}"
            bars = () if tight else (bar,)
            table.add_row(self.reader.label(name), f"{rows:,}", f"{lost:,}", f"{share:.1%}", *bars, beside)
        return table

    def _edge(self, scrub: Scrub, threshold: float) -> RenderableType:
        """The pairs that the threshold parts, most alike first."""
        parts: list[RenderableType] = [Text("what lies on either side of it", style="bold")]
        below = False
        for a, b, alike in scrub.edge(threshold):
            if alike < threshold - 1e-6 and not below:
                below = True
                parts.append(Text(f"── below {threshold:.2f}: stays ──", style="dim"))
            rows = [a] if b < 0 else [a, b]
            safe = self.reader.previews(rows, PREVIEW)
            if b < 0:
                parts.append(Text.assemble((f"{alike:.2f}  row {a}  ", "dim"), safe[0]))
                continue
            one, two = word_diff(safe[0], safe[1])
            heads = f"{alike:.2f}  row {a}  ", f"      row {b}  "
            parts += [Text.assemble((head, "dim"), text) for head, text in zip(heads, (one, two), strict=True)]
        return Group(*parts) if len(parts) > 1 else Text("no pair is stored near this threshold", style="dim")

    @work(group="decide")
    async def action_keep(self) -> None:
        """Keep the threshold: one bulk decision."""
        scrub = self.scrub
        if scrub is None:
            return
        if abs(self.at - scrub.now) < 1e-6 and scrub.stage == DUPLICATES:
            self.notify("this is the threshold in force")
            return
        at = self.at
        chosen, verdict, rule = await asyncio.to_thread(scrub.to_decide, at)
        if not len(chosen):
            if scrub.sampled(at):
                where = f"[stages.{scrub.stage}] threshold = {at:.2f}"
                said = f"the detection did not look that low: write {where} into the recipe and run again"
            else:
                said = "no finding lies on the other side: nothing would change"
            self.notify(said)
            return
        words = f"{stage_title(scrub.stage)} {'from' if verdict == 'accept' else 'below'} {at:.2f}"
        saved = await self.desk.decide(
            chosen, "accept" if verdict == "accept" else "reject", why=f"threshold: {words}", filter=rule
        )
        if saved is not None:
            self.notify(f"{verdict}ed {plural(len(chosen), 'finding')}; {key('undo')} takes it back")


def _gate(told: Judged | None, at: float) -> str:
    if told is None:
        return "…"
    said = f"{GATE_SIGN.get(told.verdict, '?')} {GATE_WORD.get(told.verdict, told.verdict)}"
    return said if abs(told.threshold - at) < 1e-6 else f"{said} (as at {told.threshold:.2f})"
