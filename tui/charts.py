"""Training and its outcome as text: arms, a forest plot of the differences, loss curves told apart by letter."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text
from textual_plotext import PlotextPlot

from curate.safetext import safe_text
from tui.job import FINISHED, Run, Watch
from tui.metrics import Metrics
from tui.rail import NARROW

LETTERS = {"base": "b", "raw": "r", "curated": "c", "random_control": "x"}
TITLES = {"base": "base", "raw": "raw", "curated": "curated", "random_control": "random removal"}
SIGN = {"done": "✓", "resumed": "✓", "same": "=", "failed": "✗", "started": "▸", "training": "▸"}
FOREST = 31
BAR = 20
LEGEND = "● difference  ├ ┤ 95 % interval  │ no difference  ┊ ± what is too small to matter"


def title(arm: str) -> str:
    """What an arm is called."""
    return TITLES.get(arm, safe_text(arm).replace("_", " "))


def letter(arm: str) -> str:
    """The letter an arm is drawn with."""
    return LETTERS.get(arm, safe_text(arm)[:1] or "?")


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
    for arm in dict.fromkeys(run.arm for run in watch.runs):
        runs = [run for run in watch.runs if run.arm == arm]
        last = runs[-1]
        loss = f"{last.loss:.3f}" if last.loss is not None else ""
        table.add_row(letter(arm), title(arm), " ".join(SIGN.get(r.state, "?") for r in runs), _now(last), loss)
    return table


def _now(run: Run) -> str:
    at = f", step {run.step} of {run.steps}" if run.state == "training" else f", {run.state}"
    return f"seed {run.seed}{at}"


def arms(result: dict[str, Any]) -> Table:
    """What each arm reached."""
    table = _table("", "arm", "rows", "seeds", str(result["metric"]).replace("_", " "))
    for arm in result["arms"]:
        done = sum(r.get("metrics") is not None for r in arm["runs"])
        spread = f" ± {arm['spread']:.4f}" if arm["spread"] is not None else ""
        value = f"{arm['mean']:.4f}{spread}" if arm["mean"] is not None else "–"
        rows = "–" if arm["method"] == "base" else f"{arm['rows']:,}"
        table.add_row(letter(arm["name"]), safe_text(arm["title"]), rows, f"{done} of {len(arm['runs'])}", value)
    return table


def forest(result: dict[str, Any], width: int = 120) -> Table:
    """Each comparison as an interval around its difference; the bar stands at no difference."""
    compared = result["comparisons"]
    ends = [abs(c[k]) for c in compared for k in ("low", "high") if c.get(k) is not None]
    reach = max([*ends, float(result["delta"])], default=1.0) * 1.05 or 1.0
    axis = f"{-reach:+.3f}".ljust(FOREST - 6) + f"{reach:+.3f}"
    wide = width >= NARROW
    table = _table("comparison", "difference", *(["95 % interval"] if wide else []), axis, "")
    for c in compared:
        names = f"  {title(c['a'])} − {title(c['b'])}" if wide else ""
        cells = [f"{letter(c['a'])} − {letter(c['b'])}{names}", f"{c['delta']:+.4f}"]
        cells += [f"{c['low']:+.4f} … {c['high']:+.4f}"] if wide else []
        drawn = interval(c["low"], c["delta"], c["high"], reach, float(result["delta"]))
        table.add_row(*cells, drawn, str(c["verdict"]))
    return table


def interval(low: float, middle: float, high: float, reach: float, delta: float) -> str:
    """`├──●──┤` on an axis from -reach to +reach: │ at zero, ┊ at the differences that do not matter."""
    half = FOREST // 2

    def at(value: float) -> int:
        return half + round(max(-1.0, min(1.0, value / reach)) * half)

    line = [" "] * FOREST
    line[half] = "│"
    line[at(-delta)] = line[at(delta)] = "┊"
    for place in range(at(low), at(high) + 1):
        line[place] = "─" if line[place] == " " else {"│": "┼", "┊": "┼"}[line[place]]
    line[at(low)], line[at(high)] = "├", "┤"
    line[at(middle)] = "●"
    return "".join(line)


def draw_losses(plot: PlotextPlot, metrics: Metrics, name: str, at: int | None) -> None:
    """One run: training loss by step as a line, validation as v, the step that is looked at as a bar, alerts as !."""
    plt = plot.plt
    plt.clear_data()
    plt.clear_figure()
    plt.title(f"loss by step: {name}")
    steps = list(metrics.series.get("loss", {}))
    plt.xticks(sorted({steps[round(k * (len(steps) - 1) / 4)] for k in range(5)}) if steps else [])
    loss, checked = metrics.series.get("loss", {}), metrics.series.get("validation", {})
    plt.plot(list(loss), list(loss.values()), label="training", marker="braille")
    if checked:
        plt.scatter(list(checked), list(checked.values()), label="v validation", marker="v")
    spikes = [s for s in metrics.spikes() if s in loss]
    if spikes:
        plt.scatter(spikes, [loss[s] for s in spikes], label="! a watchdog spoke", marker="!")
    if at is not None and at in loss:
        plt.scatter([at], [loss[at]], label=f"step {at}", marker="●")
    plot.refresh()


def draw_curves(plot: PlotextPlot, watch: Watch) -> None:
    """Training loss by step, the mean over seeds, one letter an arm."""
    plot.plt.clear_data()
    plot.plt.clear_figure()
    plot.plt.title("training loss by step, mean over seeds")
    for arm, by_step in watch.curves.items():
        steps = sorted(by_step)
        means = [sum(by_step[s]) / len(by_step[s]) for s in steps]
        plot.plt.plot(steps, means, label=title(arm), marker=letter(arm))
    plot.refresh()


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        table.add_column(name, overflow="fold" if name in ("comparison", "arm") else "ellipsis", no_wrap=name != "arm")
    return table
