"""`curate run --dry-run`: what would be read and run."""

from __future__ import annotations

from pathlib import Path

import click

from curate import workflow
from curate.recipe import Recipe
from curate.safetext import safe_text
from curate.stages.registry import get_stage, in_running_order


def show_dry_run(recipe: Recipe, out: str | None, *, train: bool) -> int:
    """Read the input, print the resolved recipe, and write nothing."""
    dataset = workflow.read_input(recipe)
    where = Path(out or recipe.run.out or workflow.default_out(dataset.source.path))
    click.echo(f"input   {safe_text(str(dataset.source.path))}: {dataset.n_rows:,} rows, {dataset.source.format}")
    for guess in dataset.detected.guesses:
        kind = "task   " if guess.what == "task" else f"role    {guess.what} ="
        click.echo(f"{kind} {safe_text(', '.join(guess.value)) or '-'}   ({safe_text(guess.reason)})")
    choices = {c.name: c for c in recipe.stages()}
    for name in in_running_order(choices):
        policy = choices[name].policy
        auto = f" at {policy.auto:g} and above" if policy.on_finding == "review" else ""
        click.echo(f"stage   {name} ({get_stage(name).title}): findings {policy.on_finding}{auto}")
    click.echo(f"train   {'yes' if train and recipe.ablation.enabled else 'no'}")
    click.echo(f"out     {where}{' (exists: goes on from there)' if where.exists() else ''}")
    click.echo("nothing was written")
    return 0
