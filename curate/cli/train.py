"""`curate train`: one adapter on the curated rows of a run."""

from __future__ import annotations

from pathlib import Path

import click

from curate.cli.narrate import Narrator
from curate.cli.options import json_option, quiet_option


@click.command("train", epilog="\b\nExample:\n  curate run tickets.jsonl --no-train\n"
               "  curate train runs/tickets --out adapters/tickets")
@click.argument("run", type=click.Path())
@click.option("--out", type=click.Path(), help="Folder of the adapter (default: RUN/train/final/<seed>).")
@click.option("--seed", type=int, help="Seed of the adapter and of the row order (default: the run's seed).")
@quiet_option
@json_option
def train_command(run: str, out: str | None, seed: int | None, quiet: bool, as_json: bool) -> int:
    """Train one LoRA adapter on a run's curated training rows and score it on held-out rows.

    The settings are the recipe's [train] table. The folder gets the adapter (safetensors), metrics by step and the
    score of every evaluation row; the same command on the same data finds it done.
    """
    import orjson

    from curate import workflow
    from curate.arms import train_one
    from curate.ledger.apply import apply
    from curate.ledger.decisions import read_journal
    from curate.rundir import RunDir

    workflow.trainer_present()
    directory = RunDir.open(run)
    narrator = Narrator(quiet or as_json)
    detected = workflow.reopen(directory)
    curated = apply(detected.dataset, detected.resolve(read_journal(directory.decisions_path)))
    seed = detected.recipe.run.seed if seed is None else seed
    folder = Path(out) if out else directory.path / "train" / "final" / str(seed)
    trained = train_one(detected, curated, folder, narrator.training, seed=seed)
    if as_json:
        click.echo(orjson.dumps(trained.done, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
    elif not quiet:
        for name, value in trained.done.get("evaluation", {}).items():
            if isinstance(value, int | float):
                click.echo(f"{name:<24} {value:.4g}")
        click.echo(f"adapter: {trained.directory / 'adapter'}", err=True)
    return 0
