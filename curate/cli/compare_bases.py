"""`curate compare-bases`: which base model to train, on one's own data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curate.cli.options import data_options, json_option, quiet_option
from curate.words import difference, plural, signed, size

if TYPE_CHECKING:
    from train.bases import BaseResult

EPILOG = """\b
Examples:
  curate compare-bases bundled ./smollm-135m --on tickets.jsonl
  curate compare-bases ./a ./b ./c --on runs/tickets --set steps=100 --price-per-hour 1.2
"""


@click.command("compare-bases", epilog=EPILOG)
@click.argument("bases", metavar="BASE BASE...", nargs=-1, required=True)
@click.option("--on", "data", metavar="RUN|FILE", type=click.Path(), required=True, help="The data to compare on.")
@click.option("--seed", type=int, help="Seed of every training (default: the run's seed).")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="A setting of [train]; may be repeated.")
@click.option("--price-per-hour", type=click.FloatRange(0), metavar="PRICE",
              help="What an hour of this machine costs, to tell what a training does.")
@data_options
@quiet_option
@json_option
def compare_bases_command(
    bases: tuple[str, ...], data: str, seed: int | None, changes: tuple[str, ...], price_per_hour: float | None,
    task: str | None, role: tuple[str, ...], on_bad_row: str | None, quiet: bool, as_json: bool,
) -> int:
    """Train the same on each base model and set quality, size, latency, memory and cost side by side.

    A BASE is `bundled`, a model's folder or a hub id. All see the same rows and are judged by the same held-out rows; each
    trains in a process of its own. Without a setting of length, steps are chosen as by `curate train`.
    """
    from curate.cli.narrate import Narrator

    narrator = Narrator(quiet or as_json)
    narrator.begin(f"training the same rows on {plural(len(bases), 'base model')}, to compare them")
    import orjson

    from curate import finetune, workflow
    from curate.cli.train import opened, setting
    from curate.errors import EXIT_NOT_JUDGED, EXIT_OK
    from curate.house import require

    workflow.trainer_present()
    detected, curated, _ = opened(data, narrator, task, role, on_bad_row)
    given = dict(map(setting, changes))
    seed = detected.recipe.run.seed if seed is None else seed
    rows, _, evaluation, note = finetune.sides(
        detected, curated, lambda found: finetune.settings(detected, found, seed, given)
    )
    config = finetune.settings(detected, rows, seed, given)
    names = require("curate.arms").canonical_names(detected, curated.plan)
    labels = sorted({*rows.labels, *(names.get(label, label) for label in evaluation.labels)}) or None
    bases_of = require("train.bases")

    def say(words: str) -> None:
        if not quiet:
            click.echo(words, err=True)

    say(note)
    results = bases_of.compare_bases(
        bases, rows, evaluation, config, labels=labels, price_per_hour=price_per_hour,
        progress=lambda base: say(f"training on {base}: {config.step_count(len(rows))} steps"),
        config_of=lambda base: finetune.settings(detected, rows, seed, {**given, "base": base}),
    )  # fmt: skip
    if as_json:
        told = {"bases": [result.to_json() for result in results], "verdict": bases_of.verdict(results)}
        click.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(results, bases_of.verdict(results))
    return EXIT_OK if any(not result.error for result in results) else EXIT_NOT_JUDGED


def _show(results: list[BaseResult], verdict: str) -> None:
    """Two tables that fit 80 columns, what each base is worth and what it costs; then what could not be measured."""
    from curate.safetext import safe_text

    known = [r for r in results if not r.error]
    if known:
        quality = known[0].metric.replace("_", " ") + ", 95%"
        _print(("base", quality, "less the first"), [(r.base, _spread(r), _apart(r)) for r in known])
        paid = any(r.cost is not None for r in known)
        heads = ("base", "weights", "disk", "memory", "ms a row", "CPU s", *(("cost",) if paid else ()))
        _print(heads, [(*_price(r), *((f"{r.cost or 0.0:.2f}",) if paid else ())) for r in known])
    for r in results:
        if r.error:
            click.echo(f"not measured: {safe_text(r.base)}: {r.error}", err=True)
    click.echo(verdict)


def _print(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from curate.safetext import safe_text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in heads:
        first = name == "base"
        table.add_column(name, justify="left" if first else "right", overflow="fold", no_wrap=not first)
    for base, *numbers in rows:
        table.add_row(Text(safe_text(base)), *numbers)
    Console(highlight=False).print(table)
    click.echo()


def _spread(r: BaseResult) -> str:
    return f"{r.quality:.3f}" + ("" if r.low is None else f" [{r.low:.3f}, {r.high:.3f}]")


def _apart(r: BaseResult) -> str:
    if r.difference is None:
        return ""
    if r.difference_low is None or r.difference_high is None:
        return signed(r.difference)
    return difference(r.difference, r.difference_low, r.difference_high, 3)


def _price(r: BaseResult) -> tuple[str, ...]:
    numbers = f"{r.parameters / 1e9:.1f} B" if r.parameters >= 1e9 else f"{r.parameters / 1e6:.1f} M"
    latency = "–" if r.latency_ms is None else f"{r.latency_ms:.1f}"
    disk = size(r.disk_bytes) if r.disk_bytes else "–"
    return r.base, numbers, disk, size(r.memory_bytes), latency, f"{r.train_processor_s:.0f}"
