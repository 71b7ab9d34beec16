"""`curate train`: one adapter on the curated rows of a run, or on a file as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli.narrate import Narrator
from curate.cli.options import data_options, json_option, quiet_option, shell_path
from curate.cli.trained import told

if TYPE_CHECKING:
    from curate.ledger.apply import Curated
    from curate.pipeline import Detected

EPILOG = """\b
Examples:
  curate run tickets.jsonl --no-train
  curate train runs/tickets --out adapters/tickets
  curate train tickets.jsonl --set lora_rank=32 --set scheduler=cosine
  curate train tickets.jsonl --inspect 17        what is row 17 to the model?
  curate train runs/tickets --merge tickets-model
"""


@click.command("train", epilog=EPILOG)
@click.argument("run", metavar="RUN|FILE", type=click.Path())
@click.option("--out", type=click.Path(), help="Folder of the adapter (default: RUN/train/final/<seed>).")
@click.option("--seed", type=int, help="Seed of the adapter and of the row order (default: the run's seed).")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE",
              help="A setting of the recipe's [train] table, for this training; may be repeated.")
@click.option("--recipe", "recipe_file", type=click.Path(exists=True, dir_okay=False), metavar="TOML",
              help="Take the [train] table of this recipe, such as `curate tune` writes; --set goes before it.")
@click.option("--inspect", "inspect_row", type=click.IntRange(0), metavar="ROW",
              help="Train nothing: show every token of a row (0-based number), learned from or not.")
@click.option("--reveal", "--show-raw", is_flag=True, help="With --inspect: show personal data.")
@click.option("--merge", "merged", type=click.Path(), metavar="FOLDER",
              help="Also fold the adapter into full weights there, after checking that they say the same.")
@click.option("--price-per-hour", type=click.FloatRange(0), metavar="PRICE",
              help="What an hour of this machine costs: the training's cost is then told before and while it runs.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever training the folder holds, finished or not.")
@data_options
@quiet_option
@json_option
def train_command(
    run: str, out: str | None, seed: int | None, changes: tuple[str, ...], recipe_file: str | None,
    inspect_row: int | None, reveal: bool, merged: str | None, price_per_hour: float | None, restart: bool,
    task: str | None, role: tuple[str, ...], on_bad_row: str | None, quiet: bool, as_json: bool,
) -> int:
    """Train one LoRA adapter on a run's curated training rows and score it on held-out rows.

    The settings are the recipe's [train] table. The folder gets the adapter (safetensors) with its card, metrics by
    step and the score of every evaluation row. Ctrl-C stops behind a checkpoint; the same command goes on from there,
    also after a crash, and finds finished work done. A FILE is trained on as it is; `curate run` curates it first.
    """
    import orjson

    from curate.errors import ConfigError
    from curate.house import require

    if reveal and inspect_row is None:
        raise ConfigError("--reveal belongs to --inspect ROW")
    processes = require("train.distributed")
    narrator = Narrator(quiet or as_json or not processes.is_main())
    narrator.begin(_intent(run, inspect_row))
    from curate import finetune, workflow

    workflow.trainer_present()
    detected, curated, home = opened(run, narrator, task, role, on_bad_row)
    from curate.recipe import Recipe

    tuned = dict(Recipe.load(recipe_file).train) if recipe_file else {}
    given = {**tuned, **dict(setting(change) for change in changes)}
    seed = detected.recipe.run.seed if seed is None else seed
    if inspect_row is not None:
        return _inspect(detected, curated, inspect_row, seed, given, reveal, as_json)
    folder = Path(out) if out else home / "train" / "final" / str(seed)
    trained = finetune.fine_tune(
        detected, curated, folder, narrator.training, seed=seed, changes=given, restart=restart,
        price_per_hour=price_per_hour,
    )
    if not processes.is_main():  # one of several that `accelerate launch` started: the first one speaks
        return 0
    done = dict(trained.done)
    workflow.refresh_report(home, folder)
    if merged:
        found = require("train.merge").merge_adapter(trained.directory, merged)
        done["merged"] = {"folder": str(found.folder), "largest_difference": found.largest_difference}
    if as_json:
        click.echo(orjson.dumps(done, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
    elif not quiet:
        for line in told(done):
            click.echo(line)
        click.echo(f"adapter: {trained.directory / 'adapter'}", err=True)
        click.echo(f"report: {trained.directory / 'report.html'}", err=True)
        click.echo(f"try it: curate generate {shell_path(trained.directory)} --prompt '...'", err=True)
        if merged:
            rounding = f"logits differ by {done['merged']['largest_difference']:.1e} at most"
            click.echo(f"full weights: {merged} ({rounding})", err=True)
    return 0


def _intent(what: str, inspect_row: int | None) -> str:
    """What was asked for, in a line."""
    from curate.safetext import safe_text

    if inspect_row is not None:
        return f"reading row {inspect_row} of {safe_text(what)} as the model would"
    rows = "the curated rows of" if (Path(what) / "manifest.json").is_file() else "the rows, as they are, of"
    return f"training one adapter on {rows} {safe_text(what)}"


def opened(
    what: str, narrator: Narrator, task: str | None, role: tuple[str, ...], on_bad_row: str | None
) -> tuple[Detected, Curated, Path]:
    """The findings and the curated rows of a run, or a file with its near-duplicates known and nothing changed."""
    from curate import workflow
    from curate.cli.options import overrides, recipe_for
    from curate.errors import ConfigError
    from curate.ledger.apply import apply
    from curate.ledger.decisions import read_journal
    from curate.pipeline import detect
    from curate.rundir import RunDir, refuse_nothing

    given = overrides(task, role, on_bad_row)
    path = Path(what)
    elsewhere = what == "-" or "://" in what  # standard input and URLs are kept in a file by `recipe_for`
    if not elsewhere and not path.exists():
        refuse_nothing(what)
        raise ConfigError(f"there is no run and no file at {what}; name one, or - for standard input")
    if not elsewhere and path.is_dir() and not (path / "curate.toml").is_file() and not _holds_data(path):
        if any(value for value in given.values()):
            raise ConfigError("--task, --role and --on-bad-row belong to a FILE; a run has read its data already")
        directory = RunDir.open(what)
        detected = workflow.reopen(directory)
        curated = apply(detected.dataset, detected.resolve(read_journal(directory.decisions_path)))
        return detected, curated, directory.path
    recipe = recipe_for(what).narrowed().with_(**given)
    dataset = workflow.read_input(recipe)
    narrator.read(dataset)
    detected = detect(dataset, recipe)
    home = workflow.default_out(dataset.source.path)
    return detected, apply(dataset, detected.resolve()), home.with_name(home.name + "-train")


def _holds_data(folder: Path) -> bool:
    """Whether a folder that is no run directory holds files of data: it is trained on as it is, like one file."""
    from curate.dataset.listing import listing
    from curate.errors import DataError

    if (folder / "manifest.json").is_file():
        return False
    try:
        return bool(listing(folder).files())
    except DataError:
        if any(folder.glob("*/manifest.json")):
            raise  # which names one of the runs
        return False


def setting(change: str) -> tuple[str, Any]:
    """KEY=VALUE with the value read as TOML, or as a bare word."""
    import tomllib

    from curate.errors import ConfigError

    key, found, value = change.partition("=")
    if not found or not key.strip():
        raise ConfigError(f"--set {change!r}: write KEY=VALUE, as in --set lora_rank=32")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def _inspect(
    detected: Detected, curated: Curated, row: int, seed: int, given: dict[str, Any], reveal: bool, as_json: bool
) -> int:
    import numpy as np
    import orjson

    from curate import finetune
    from curate.errors import ConfigError
    from curate.house import require

    if row >= detected.dataset.n_rows:
        raise ConfigError(f"there is no row {row}; the data has rows 0 to {detected.dataset.n_rows - 1}")
    kept = np.flatnonzero(curated.rows == row)
    if not len(kept):
        raise ConfigError(f"row {row} is not trained on: curation removed it; `curate explain RUN {row}` says why")
    config = finetune.settings(detected, None, seed, given)
    from_dataset = require("train.examples").from_dataset
    if config.spans_column:
        from curate.arms.spans import with_spans

        examples = with_spans(curated, config.spans_column, np.array([row]), np.arange(detected.dataset.n_rows))
    else:
        examples = from_dataset(curated.dataset(), rows=kept, ids=curated.rows)
    bench = require("train.adapt").open_workbench(config)
    if config.spans_column:
        bench.encoder.tag_names = require("train.spans").tag_names(examples.spans)
    seen = require("train.microscope").look(examples, 0, bench, reveal=reveal, objective=config.objective)
    if as_json:
        click.echo(orjson.dumps(seen.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        from rich.console import Console

        from curate.cli.microscope import show

        show(seen, Console(highlight=False))
    return 0
