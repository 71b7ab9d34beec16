"""Training and its outcome as text: arms, a forest plot of the differences, loss curves told apart by line and letter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text
from textual_plotext import PlotextPlot

from curate.safetext import safe_text
from curate.words import points, signed
from tui.job import FINISHED, Run, Watch
from tui.metrics import Metrics
from tui.rail import NARROW

PATTERNS = (("solid line", 1, 0), ("dashes", 4, 3), ("dots", 1, 2), ("dashes and gaps", 8, 6), ("sparse dots", 1, 5))
"""Name of a line, points of it that are drawn, points that are left out."""
COLOURS = ((40, 120, 190), (190, 95, 20), (35, 130, 70), (165, 75, 165), (120, 120, 120))
"""Of lines and their letters: three times as bright or dark as the ground of the dark and of the light theme (WCAG 2.2,
1.4.11), and needed by nobody."""
SMOOTHED = 16
"""A curve over all arms is the mean of this part of its steps, else nothing can be read where arms lie close."""
FEWEST_SMOOTHED = 2 * SMOOTHED
LETTERS_ON_A_LINE = 10
LETTERS = {"base": "b", "raw": "r", "curated": "c", "random_control": "x"}
TITLES = {"base": "base", "raw": "raw", "curated": "curated", "random_control": "random removal"}
SIGN = {"done": "✓", "resumed": "✓", "same": "=", "failed": "✗", "started": "▸", "training": "▸"}
FOREST, LEAST_FOREST = 31, 15
"""Columns of an interval, and the fewest where there is little room."""
TAKEN = "by itself"
"""Head of what a comparison says: the verdict of curation, or of a stage, rests on two of them."""
ROOM_FOR_SPANS = 85
"""Columns from which on intervals stand beside the forest in numbers, too."""
SHARES = frozenset({"accuracy", "row_span_f1", "above_rejected"})
"""Metrics whose differences are told in points, as the verdict's words tell them."""
STATE = {"resumed": "done before", "same": "same rows as another"}
"""What a training run's state is called, where its own word does not say it."""
BAR = 20


def letters_of(watch: Watch, more: Iterable[str] = ()) -> dict[str, str]:
    """The same letters wherever this training is shown."""
    judged = [str(arm["name"]) for arm in (watch.result or {}).get("arms", ())]
    return letters([*judged, *(run.arm for run in watch.runs), *watch.curves, *more])


def title(arm: str) -> str:
    """What an arm is called."""
    return TITLES.get(arm, safe_text(arm).replace("_", " "))


def letters(arms: Iterable[str]) -> dict[str, str]:
    """The letter that each arm is drawn with, no two the same: a stage alone in small letters, all but it in capitals."""
    out: dict[str, str] = {}
    for arm in dict.fromkeys(arms):
        prefix, _, stage = arm.partition("_")
        wanted = [LETTERS[arm]] if arm in LETTERS else []
        named = [c for c in (stage if prefix in ("only", "without") else arm) if c.isascii() and c.isalpha()]
        every = [*named, *"adefghijklmnopqstuvwyz"]
        wanted += [c.upper() if prefix == "without" else c for c in every] + [c.upper() for c in every]
        free = (c for c in wanted if c not in out.values() and (c not in LETTERS.values() or arm in LETTERS))
        out[arm] = next(free, "?")
    return out


def overall(watch: Watch) -> Text:
    """How far the whole comparison is."""
    done = sum(run.state in FINISHED for run in watch.runs if run.counted)
    now = sum(run.step / run.steps for run in watch.runs if run.state == "training" and run.steps)
    if not watch.total:
        return Text("▸ getting ready")
    share = min(1.0, (done + now) / watch.total)
    full = round(BAR * share)
    return Text(f"▸ {'█' * full}{'░' * (BAR - full)} {share:4.0%}   {done} of {watch.total} training runs")


def progress(watch: Watch) -> Table:
    """One line an arm: its seeds by sign, the run at work, its loss."""
    table = _table("", "arm", "seeds", "now", "loss")
    letter = letters_of(watch)
    for arm in dict.fromkeys(run.arm for run in watch.runs):
        runs = [run for run in watch.runs if run.arm == arm]
        last = runs[-1]
        loss = f"{last.loss:.3f}" if last.loss is not None else ""
        cells = (letter[arm], title(arm), " ".join(SIGN.get(r.state, "?") for r in runs), _now(last), loss)
        table.add_row(*map(Text, cells))
    return table


def _now(run: Run) -> str:
    at = f", step {run.step} of {run.steps}" if run.state == "training" else f", {STATE.get(run.state, run.state)}"
    return f"seed {run.seed}{at}"


def level_of(result: dict[str, Any]) -> str:
    """Of the intervals of the comparisons: above 95% where seeds were added until there was a verdict."""
    return f"{100 * max((float(c.get('level') or 0.95) for c in result['comparisons']), default=0.95):.4g}%"


def legend(result: dict[str, Any]) -> str:
    """What the signs of a forest mean."""
    return f"● difference, right of │ the first is better  ├ ┤ {level_of(result)} interval  ┊ ± too small to matter"


def forest(result: dict[str, Any], width: int = 120) -> Table:
    """Each comparison as an interval around its difference, which is above zero where the first arm is better; the bar
    stands at no difference."""
    compared = result["comparisons"]
    delta, metric = float(result["delta"]), str(result["metric"])
    span = reach((c[k] for c in compared for k in ("low", "high") if c.get(k) is not None), delta)
    wide, spans = width >= NARROW, width >= ROOM_FOR_SPANS
    unit = "points" if metric in SHARES else "gain"
    letter = letters([str(arm["name"]) for arm in result["arms"]] + [str(c[end]) for c in compared for end in "ab"])
    lines = []
    for c in compared:
        names = f"  {title(c['a'])} − {title(c['b'])}" if wide else ""
        told, *ends = (difference(c[k], metric) for k in ("delta", "low", "high"))
        first = [f"{letter[str(c['a'])]} − {letter[str(c['b'])]}{names}", told]
        lines.append(([*first, *([f"{ends[0]} to {ends[1]}"] if spans else [])], safe_text(str(c["verdict"]))))
    heads = ["comparison", unit, *([f"{level_of(result)} interval"] if spans else [])]
    taken = sum(max(len(head), *(len(cells[at]) for cells, _ in lines)) + 2 for at, head in enumerate(heads))
    room = width - taken - 2 - max([len(TAKEN), *(len(verdict) for _, verdict in lines)])
    room = max(LEAST_FOREST, min(FOREST, room))
    table = _table(*heads, axis_of(span, lambda edge: difference(edge, metric), room), TAKEN)
    for c, (cells, verdict) in zip(compared, lines, strict=True):
        drawn = interval(c["low"], c["delta"], c["high"], span, delta, room)
        table.add_row(*map(Text, (*cells, drawn, verdict)))
    return table


def difference(value: float, metric: str) -> str:
    """`+6.0` points of a share, `−0.0123` of anything else: in the unit that the verdict's words are in."""
    return points(value) if metric in SHARES else signed(value, 4)


def reach(ends: Iterable[float], delta: float) -> tuple[float, float]:
    """Where an axis begins and ends that holds all of these, zero, and the differences that do not matter on both sides:
    no wider on one side than what is there."""
    every = [*ends, -delta, delta]
    return (1.05 * min(every), 1.05 * max(every)) if any(every) else (-1.0, 1.0)


def axis_of(span: tuple[float, float], told: Callable[[float], str], room: int = FOREST) -> str:
    """The head of a column of intervals: both ends, and the zero where there is room for it."""
    start, end = map(told, span)
    line = list(start.ljust(room - len(end)) + end)
    zero = _place(0.0, span, room)
    if all(c == " " for c in line[max(0, zero - 1) : zero + 2]):
        line[zero] = "0"
    return "".join(line)


def _place(value: float, span: tuple[float, float], room: int) -> int:
    start, end = span
    return round(max(0.0, min(1.0, (value - start) / (end - start))) * (room - 1))


def interval(
    low: float, middle: float, high: float, span: tuple[float, float], delta: float, room: int = FOREST
) -> str:
    """`├──●──┤` on an axis from `span[0]` to `span[1]`: │ at zero, ┊ at the differences that do not matter."""

    def at(value: float) -> int:
        return _place(value, span, room)

    line = [" "] * room
    line[at(-delta)] = line[at(delta)] = "┊"
    line[at(0.0)] = "│"
    for place in range(at(low), at(high) + 1):
        line[place] = "─" if line[place] == " " else {"│": "┼", "┊": "┼"}[line[place]]
    line[at(low)], line[at(high)] = "├", "┤"
    line[at(middle)] = "●"
    return "".join(line)


def in_theme(plot: PlotextPlot) -> None:
    """The colours of the terminal where those are asked for: the plot's own would be black on black there."""
    plot.theme = "clear" if plot.is_attached and plot.app.native_ansi_color else "auto"


def draw_losses(plot: PlotextPlot, metrics: Metrics, name: str, at: int | None) -> None:
    """One run: training loss of each step as a dot and smoothed as a line, validation as v, alerts as !, the step that is
    looked at as ●."""
    in_theme(plot)
    plt = plot.plt
    plt.clear_data()
    plt.clear_figure()
    plt.title(f"loss by step: {name}")
    steps = list(metrics.series.get("loss", {}))
    plt.xticks(sorted({steps[round(k * (len(steps) - 1) / 4)] for k in range(5)}) if steps else [])
    loss, checked = metrics.series.get("loss", {}), metrics.series.get("validation", {})
    dot = "braille" if len(loss) > FEWEST_SMOOTHED else "dot"  # few points of a braille cell are lost on the eye
    plt.scatter(list(loss), list(loss.values()), label="training, each step", marker=dot, color=COLOURS[0])
    if len(loss) > FEWEST_SMOOTHED:
        mean = smoothed({step: [value] for step, value in loss.items()})
        plt.plot(mean[0].tolist(), mean[1].tolist(), label="training, smoothed", marker="-", color=COLOURS[1])
    if checked:
        plt.scatter(list(checked), list(checked.values()), label="v validation", marker="v", color=COLOURS[2])
    spikes = [s for s in metrics.spikes() if s in loss]
    if spikes:
        plt.scatter(spikes, [loss[s] for s in spikes], label="! a watchdog spoke", marker="!", color=COLOURS[3])
    if at is not None and at in loss:
        plt.scatter([at], [loss[at]], label=f"step {at}", marker="●", color=COLOURS[4])
    plot.refresh()


def draw_curves(plot: PlotextPlot, watch: Watch) -> None:
    """Training loss by step, the mean over seeds: each arm a line of its own pattern with its letter on it, the letters by
    turns, so that no arm hides another where they lie upon each other."""
    in_theme(plot)
    plt = plot.plt
    plt.clear_data()
    plt.clear_figure()
    plt.title("training loss by step, mean over seeds, smoothed")
    letter, n = letters_of(watch), len(watch.curves)
    last = max((max(by_step) for by_step in watch.curves.values()), default=1)
    plt.xticks(sorted({max(1, round(k * last / 4)) for k in range(5)}))
    # Arms that every comparison has come first, so that each keeps its pattern whichever was begun first.
    smooth = {arm: smoothed(watch.curves[arm]) for arm in dict.fromkeys([*LETTERS, *letter]) if arm in watch.curves}
    points = 2 * max(20, plot.size.width - 8)
    for k, (steps, losses) in enumerate(smooth.values()):
        _, on, off = PATTERNS[k % len(PATTERNS)]
        fine = np.linspace(steps[0], steps[-1], points)
        fine = fine[np.arange(points) % (on + off) < on] if off else fine
        colour = COLOURS[k % len(COLOURS)]
        plt.scatter(fine.tolist(), np.interp(fine, steps, losses).tolist(), marker="braille", color=colour)
    for k, (arm, (steps, losses)) in enumerate(smooth.items()):
        some = np.linspace(steps[0], steps[-1], LETTERS_ON_A_LINE * n + 1)[k::n]
        name = f"{title(arm)}, {PATTERNS[k % len(PATTERNS)][0]}"
        at, colour = np.interp(some, steps, losses).tolist(), COLOURS[k % len(COLOURS)]
        plt.scatter(some.tolist(), at, marker=letter[arm], label=name, color=colour)
    plot.refresh()


def smoothed(by_step: dict[int, list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Steps in order, and at each the mean over seeds and over its neighbours."""
    steps = np.array(sorted(by_step))
    means = np.array([np.mean(by_step[int(s)]) for s in steps])
    half = len(steps) // SMOOTHED // 2
    added = np.concatenate([[0.0], np.cumsum(means)])
    at = np.arange(len(steps))
    low, high = np.maximum(0, at - half), np.minimum(len(steps), at + half + 1)
    return steps, (added[high] - added[low]) / (high - low)


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold" if name in ("comparison", "arm") else "ellipsis", no_wrap=name != "arm")
    return table
