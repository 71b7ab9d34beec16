"""`curate tune`: a study of the trainer's settings, and whether it was worth it."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from curate.cli.narrate import Narrator
from curate.cli.options import Choice, data_options, json_option, quiet_option, shell_path
from curate.errors import EXIT_NOT_JUDGED, EXIT_OK

EPILOG = """\b
Examples:
  curate tune tickets.jsonl                          20 trials, then tuned beside default on the test rows
  curate tune runs/tickets --trials 40               on the curated rows of a run
  curate tune tickets.jsonl --sampler random --max-minutes 30
  curate train runs/tickets-tune/recipe.toml         train with what was found
  curate train runs/tickets --recipe runs/tickets/tune/recipe.toml
"""


@click.command("tune", epilog=EPILOG)
@click.argument("data", metavar="RUN|FILE", type=click.Path())
@click.option("--out", type=click.Path(), help="Folder of the study (default: RUN/tune, or runs/<name>-tune).")
@click.option("--trials", type=click.IntRange(1), help="Trials of the whole study (default: the recipe's, 20).")
@click.option("--sampler", type=Choice(["tpe", "random", "grid"]), help="What proposes settings (default: tpe).")
@click.option("--max-minutes", type=click.FloatRange(0, min_open=True), help="Begin no trial after so many minutes.")
@click.option("--at-once", type=click.IntRange(1), help="Trials side by side (default: by cores and memory).")
@click.option("--seeds", type=click.IntRange(0),
              help="Trainings of the winner and the defaults for the test rows (default 3); 0 compares nothing.")
@click.option("--seed", type=int, help="Seed of the study (default: the run's seed).")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE",
              help="A setting of the recipe's [train] table that the study starts from; may be repeated.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever study the folder holds.")
@data_options
@quiet_option
@json_option
def tune_command(
    data: str, out: str | None, trials: int | None, sampler: str | None, max_minutes: float | None, at_once: int | None,
    seeds: int | None, seed: int | None, changes: tuple[str, ...], restart: bool, task: str | None,
    role: tuple[str, ...], on_bad_row: str | None, quiet: bool, as_json: bool,
) -> int:
    """Search the settings of the trainer, and compare what is found with the defaults on rows that chose nothing.

    Trials train on training rows and are judged by validation rows; the test rows are scored once, at the end. What is
    searched, and how, is the recipe's [tune] table. The study is kept in one SQLite file: Ctrl-C stops after the running
    trial, and the same command goes on from there, also after a crash. The winner is written as a recipe.
    """
    narrator = Narrator(quiet or as_json)
    narrator.begin("searching the trainer's settings on training and validation rows; test rows are scored once, last")
    import orjson

    from curate import tuning, workflow
    from curate.cli.train import opened, setting
    from curate.cli.tuned import told

    workflow.trainer_present()
    detected, curated, home = opened(data, narrator, task, role, on_bad_row)
    is_run = (home / "manifest.json").is_file()
    folder = Path(out) if out else home / "tune" if is_run else home.with_name(home.name.removesuffix("-train") + "-tune")
    given = {"trials": trials, "sampler": sampler, "max_minutes": max_minutes, "at_once": at_once, "seeds": seeds}
    with stopping(narrator.training) as asked_to_stop:
        found = tuning.tune(
            detected, curated, folder, narrator.training,
            seed=detected.recipe.run.seed if seed is None else seed,
            changes=dict(setting(change) for change in changes),
            asked={name: value for name, value in given.items() if value is not None},
            restart=restart, stop=asked_to_stop,
        )  # fmt: skip
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
    elif not quiet:
        for line in told(found):
            click.echo(line)
        click.echo(f"report: {folder / 'report.html'}", err=True)
        if found["best"] is not None:
            click.echo(f"recipe: {folder / tuning.RECIPE}", err=True)
            recipe = shell_path(folder / tuning.RECIPE)
            how = f"{shell_path(home)} --recipe {recipe}" if is_run else recipe
            click.echo(f"train with it: curate train {how}", err=True)
    unjudged = (found["comparison"] or {}).get("verdict") == "insufficient evidence"
    return EXIT_NOT_JUDGED if unjudged or found["best"] is None else EXIT_OK


@contextlib.contextmanager
def stopping(say: Callable[[dict[str, Any]], None]) -> Iterator[Callable[[], bool]]:
    """Ctrl-C or SIGTERM once: whether to stop when the running trial is done. Twice: at once, as usual."""
    asked = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: Any) -> None:
        asked.set()
        signal.signal(number, before[signal.Signals(number)] or signal.SIG_DFL)
        say({"kind": "notice", "words": "Stopping when the running trial is done; once more stops now, at a checkpoint."})

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
