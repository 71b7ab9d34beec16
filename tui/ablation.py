"""The outcome of the training: verdict, arms and metrics, differences with intervals, curves, and the rows that differ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static
from textual.worker import get_current_worker
from textual_plotext import PlotextPlot

from audit.report.training import title_of
from curate.safetext import safe_text
from tui import charts
from tui.batch import MOST_ROWS, BatchScreen, Note
from tui.differing import answers, heading, line, rows_that_differ
from tui.job import Watch
from tui.keymap import key
from tui.outcome import ABOVE, preferred
from tui.training import Watching

LEFT_OUT = ("rows", "pairs", "rows_with_unknown_label", "supervised_tokens")
SHARES = ("accuracy", "f1", "precision", "recall", "above_rejected")
"""How names of metrics end that are shares, so 0 to 1."""
MOST_METRICS = 5
SECTION_PADDING = 2
"""Columns at each side of a section (`.section` in `app.tcss`)."""
SCROLLBAR = 1
CELL = 26
"""Columns of text for a mean, its interval and a gap."""


class AblationScreen(Watching):
    """Does curation help, by how much, and which stage? Each arm of the data, scored on rows that none was trained on.

    The verdict stands in words on top; below, every arm by every metric, differences with their intervals, the stages, and
    the curves of all arms, told apart by letter. d shows the rows on which raw and curated part; D chooses other arms."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "differ", "Rows", id="differ", tooltip="Rows that raw and curated get right and wrong differently"),
        Binding("D", "pair", "Arms", id="pair", show=False, key_display="D", tooltip="Another pair of arms for d"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.state: dict[str, Any] = {}
        self.pair = 0
        self._drawn: object = None
        self._preferred: tuple[object, str, dict[str, list[float]]] = (None, "", {})

    def can(self, action: str) -> bool:
        """Rows that differ where arms were compared."""
        return bool(self._pairs()) if action in ("differ", "pair") else super().can(action)

    def body(self) -> ComposeResult:
        with VerticalScroll(id="ablation-scroll"):
            yield Static("", id="verdict")
            yield Static("", id="ablation-note")
            yield Static("", id="arms", classes="section")
            yield Static("", id="forest", classes="section")
            yield Static("", id="stages", classes="section")
            yield PlotextPlot(id="ablation-plot")
            yield Static("", id="ablation-small", classes="section")

    def first_focus(self) -> str:
        """The page."""
        return "#ablation-scroll"

    def on_mount(self) -> None:
        """The question on the frame."""
        super().on_mount()
        self.query_one("#verdict").border_title = "Does curation help?"

    def read_more(self, watch: Watch) -> None:
        """What an ablation at work says of its looks, and how a finished one tells better answers from worse."""
        if watch.result is not None and watch.result is not self._preferred[0]:
            self._preferred = watch.result, *preferred(self.session.run.path, watch.result)
        try:
            self.state = orjson.loads((self.session.run.path / "train" / "state.json").read_bytes())
        except (OSError, ValueError):
            self.state = {}

    def show(self, watch: Watch) -> None:
        """All of it, where it differs from what stands there."""
        width = self.query_one("#ablation-scroll").size.width
        now = (watch, width, self.app.theme, self.refused, self.stopping, str(self.state.get("looks")))
        if now == self._drawn:
            return
        self._drawn = now
        result = watch.result
        self.query_one("#verdict", Static).update(self._verdict(watch))
        self._put("#ablation-note", self._note(watch))
        self._put("#ablation-small", self._small_print(watch))
        arms: RenderableType = charts.progress(watch)
        if result:
            arms = Group(arms_by_metrics(result, width), *above(result, *self._preferred[1:]))
        self._put("#arms", arms if result or watch.runs else None)
        compared = result["comparisons"] if result else None
        inner = width - 2 * SECTION_PADDING - SCROLLBAR
        drawn = Group(charts.forest(result, inner), Text(charts.legend(result), "dim")) if result and compared else None
        self._put("#forest", drawn)
        self._put("#stages", stages(result, width) if result and result.get("stages") else None)
        plot = self.query_one("#ablation-plot", PlotextPlot)
        plot.display = bool(watch.curves)
        if watch.curves:
            charts.draw_curves(plot, watch)

    def _put(self, where: str, what: RenderableType | None) -> None:
        box = self.query_one(where, Static)
        box.display = what is not None
        if what is not None:
            box.update(what)

    def _verdict(self, watch: Watch) -> RenderableType:
        result = watch.result
        if result is None:
            return Text("No verdict yet." if watch.running else "Not tested yet.", style="bold")
        said = [Text(safe_text(str(result["verdict"])).upper(), style="bold"), Text(safe_text(str(result["words"])))]
        if left := runs_left(result, self.state, running=False, command=self.session.command("ablate")):
            said.append(Text(left))
        if watch.outdated:
            again = f"{key('start')} trains again"
            said.append(Text(f"! This verdict is of an earlier plan: decisions were taken since. {again}."))
        return Group(*said)

    def _note(self, watch: Watch) -> RenderableType | None:
        if watch.running or watch.result is None or self.refused or watch.ended_early:
            note = self.note(watch)
            left = runs_left({}, self.state, running=True) if watch.running else ""
            return Group(note, Text(left)) if left else note
        return None

    def _small_print(self, watch: Watch) -> RenderableType | None:
        notes = [str(n) for n in (watch.result or {}).get("notes", ())]
        return Group(*(Text(f"· {safe_text(n)}", style="dim") for n in notes)) if notes else None

    def action_pair(self) -> None:
        """Another pair of arms."""
        pairs = self._pairs()
        if pairs:
            self.pair = (self.pair + 1) % len(pairs)
            a, b = pairs[self.pair]
            self.notify(f"{key('differ')} shows where {charts.title(a)} and {charts.title(b)} part")

    def _pairs(self) -> list[tuple[str, str]]:
        result = self.watched.result if self.watched is not None else None
        found = [(str(c["a"]), str(c["b"])) for c in (result or {}).get("comparisons", ())]
        return sorted(found, key=lambda p: p != ("curated", "raw"))

    def action_differ(self) -> None:
        """The rows that differ between two arms."""
        pairs = self._pairs()
        if not pairs:
            self.notify("there is no comparison yet")
            return
        result = (self.watched and self.watched.result) or {}
        self.differ(*pairs[min(self.pair, len(pairs) - 1)], str(result.get("metric", "")))

    @work(thread=True, exclusive=True, group="evidence")
    def differ(self, a: str, b: str, metric: str) -> None:
        """Read what each arm said of each row."""
        worker = get_current_worker()
        names = charts.title(a), charts.title(b)
        try:
            found = rows_that_differ(self.session.run.path / "train", a, b, self.session.dataset.n_rows, metric)
            labels, shown = self.session.dataset.labels(), self.reader.label
            said = heading(found, names, metric)
            notes = {}
            for one in found[:MOST_ROWS]:
                own = None if labels is None else shown(labels[one.row].as_py())
                notes[one.row] = Note(line(one, own, shown), answers(one, names, shown))
        except Exception as error:
            failed = error
            self.app.call_from_thread(lambda: self.home.failed(failed, "the rows cannot be compared"))
            return

        def put() -> None:
            if worker.is_cancelled or not self.is_mounted:
                return
            if not found:
                self.notify(f"{names[0]} and {names[1]} do the same on every row, or left no rows")
                return
            screen = BatchScreen([one.row for one in found], f"{names[0]} against {names[1]}", said, notes)
            screen.mode = self.mode
            self.app.push_screen(screen)

        self.app.call_from_thread(put)


def runs_left(
    result: Mapping[str, Any], state: Mapping[str, Any], *, running: bool, command: str = "curate ablate RUN"
) -> str:
    """How many training runs are left to a verdict, where a look has told; `command`: what trains this run."""
    looks: Sequence[Mapping[str, Any]] = (state if running else result).get("looks") or ()
    if not looks:
        verdict = str(result.get("verdict") or "")
        more = f"no look was taken: {command} --sequential adds seeds until there is a verdict"
        return f"Runs left to a verdict: {more}" if verdict == "inconclusive" else ""
    last = looks[-1]
    left = last.get("runs_left")
    told = "more seeds will not do" if left is None else "none" if left == 0 else f"about {left:,}"
    said = safe_text(str(last.get("verdict")))
    return f"Runs left to a verdict: {told} (look {len(looks)}, {last.get('seeds')} seeds: {said})"


def arms_by_metrics(result: Mapping[str, Any], width: int) -> RenderableType:
    """Each arm by each metric: the mean over seeds and its 95% interval over seeds."""
    main = str(result["metric"])
    every = [run.get("metrics") or {} for arm in result["arms"] for run in arm["runs"]]
    others = {n for m in every for n, v in m.items() if n not in LEFT_OUT and n != main and isinstance(v, int | float)}
    names = [main, *sorted(others)][: min(MOST_METRICS, max(1, (width - 54) // CELL))]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    # The names of the arms in whole where the metrics leave room for them.
    longest = max(len(str(arm["title"])) for arm in result["arms"])
    most = max(24, min(longest, width - 24 - CELL * len(names))) if width >= charts.ROOM_FOR_SPANS else 24
    widths = {"": (1, 1), "arm": (8, most), "rows": (5, 8), "seeds": (6, 7)}
    for head in (*widths, *map(title_of, names)):
        least, most = widths.get(head, (CELL - 2, CELL - 2))
        folds = head == "arm"
        table.add_column(head, no_wrap=not folds, overflow="fold" if folds else "ellipsis", min_width=least, max_width=most)
    letter = charts.letters(str(arm["name"]) for arm in result["arms"])
    for arm in result["arms"]:
        runs = [run["metrics"] for run in arm["runs"] if run.get("metrics") is not None]
        cells = [mean_of([float(m[n]) for m in runs if isinstance(m.get(n), int | float)], arm if n == main else {},
                         share=n.endswith(SHARES)) for n in names]  # fmt: skip
        rows = "–" if arm["method"] == "base" else f"{arm['rows']:,}"
        first = (letter[str(arm["name"])], safe_text(arm["title"]), rows, f"{len(runs)} of {len(arm['runs'])}")
        table.add_row(*map(Text, (*first, *cells)))
    said = "means, 95% intervals over seeds alone; those of the differences are over rows, too"
    return Group(table, Text(said, style="dim"))


def above(result: Mapping[str, Any], said: str, shares: Mapping[str, Sequence[float]]) -> list[RenderableType]:
    """How often each arm puts the better answer above the worse one, where it learned from both."""
    if not shares or result["metric"] in ABOVE:  # then it stands in the table of arms
        return []
    letter = charts.letters(str(arm["name"]) for arm in result["arms"])
    means = {arm: mean_of(values, {}, share=True) for arm, values in shares.items()}
    told = [Text(f"{letter.get(arm, '?')}  {mean}", no_wrap=True) for arm, mean in means.items()]
    return [Text(f"\n{said}:"), Columns(told, padding=(0, 3))]


T_95 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}


def mean_of(values: Sequence[float], arm: Mapping[str, Any], *, share: bool = False) -> str:
    """`0.8649 [0.8491, 0.8799]`; without an interval where a single seed, or seeds all alike, tell none. That of a share
    lies between 0 and 1."""
    if not values:
        return f"{arm['mean']:.4f}" if arm.get("mean") is not None else "–"
    mean = math.fsum(values) / len(values)
    if len(set(values)) < 2:
        return f"{mean:.4f}"
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
    half = T_95.get(len(values), 1.96) * spread / math.sqrt(len(values))
    low, high = (max(0.0, mean - half), min(1.0, mean + half)) if share else (mean - half, mean + half)
    return f"{mean:.4f} [{low:.4f}, {high:.4f}]"


def stages(result: Mapping[str, Any], width: int) -> RenderableType:
    """What each stage does by itself, and whether it beats its control."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    alone = "alone vs raw, points" if result["metric"] in charts.SHARES else "alone vs raw"
    heads = ("stage", "verdict", alone, "vs its control", *(("all vs all but it",) if width >= 100 else ()))
    for head in heads:
        table.add_column(head, no_wrap=True, overflow="ellipsis")
    for stage in result["stages"]:
        kinds = ("alone", "against_control", "left_out")[: len(heads) - 2]
        name = safe_text(str(stage["stage"])).replace("_", " ")
        told = (_difference(stage.get(kind), str(result["metric"])) for kind in kinds)
        table.add_row(*map(Text, (name, safe_text(str(stage["verdict"])), *told)))
    return table


def _difference(compared: Mapping[str, Any] | None, metric: str) -> str:
    if not compared or compared.get("delta") is None:
        return "–"
    told, *ends = (charts.difference(v, metric) for k in ("delta", "low", "high") if (v := compared.get(k)) is not None)
    return f"{told} [{', '.join(ends)}]" if ends else told
