"""`curate init`: a commented recipe from a file."""

from __future__ import annotations

from pathlib import Path

import click

from curate.cli.options import data_options, overrides


@click.command("init", epilog="\b\nExamples:\n  curate init tickets.jsonl\n"
               "  curate init tickets.jsonl --short              a few lines, no comments\n"
               "  curate init tickets.jsonl --role label=intent --output recipes/tickets.toml")
@click.argument("input_", metavar="INPUT", type=click.Path())
@click.option("--output", "--out", type=click.Path(), default="curate.toml",
              help="Where to write it (default: curate.toml).")
@click.option("--short", is_flag=True, help="Write only what the data is; every setting keeps its default.")
@click.option("--force", is_flag=True, help="Replace a recipe that is already there.")
@data_options
def init_command(
    input_: str, output: str, short: bool, force: bool, task: str | None, role: tuple[str, ...], on_bad_row: str | None
) -> int:
    """Look at a file, say what its columns seem to be and why, and write a recipe with every setting explained."""
    from curate import workflow
    from curate.cli.narrate import private_names
    from curate.dataset.atomic import atomic_write_text
    from curate.dataset.within import prose_in_lists, prose_within, told_in_lists, told_sets, told_within
    from curate.errors import ConfigError
    from curate.recipe import Recipe
    from curate.recipe.toml import write_data, write_recipe
    from curate.safetext import safe_text

    target = Path(output)
    if target.exists() and not force:
        raise ConfigError(f"{target} is already there; --force replaces it, --output writes elsewhere")
    recipe = Recipe().with_(input=input_, **overrides(task, role, on_bad_row))
    dataset = workflow.read_input(recipe)
    private = private_names(dataset.columns)
    for guess in dataset.detected.guesses:
        columns, reason = ", ".join(private.get(name, name) for name in guess.value), guess.reason
        for name, shown in private.items():
            reason = reason.replace(name, shown)
        click.echo(f"{guess.what:<12} {safe_text(columns) or '-':<24} {safe_text(reason)}", err=True)
    for note in dataset.notes:
        click.echo(safe_text(note), err=True)
    within = prose_within(dataset)
    if within:
        click.echo(safe_text(told_within(dataset, within)), err=True)
    listed = prose_in_lists(dataset)
    if listed:
        click.echo(safe_text(told_in_lists(dataset, listed)), err=True)
    if sets := told_sets(dataset):
        click.echo(safe_text(sets), err=True)
    atomic_write_text(target, (write_data if short else write_recipe)(dataset, recipe, relative_to=target.parent))
    more = "; what else can be set: curate config schema --format text" if short else ""
    click.echo(f"wrote {target}; next: curate run {target}{more}", err=True)
    return 0
