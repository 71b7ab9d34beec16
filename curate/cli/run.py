"""`curate run`: a whole recipe."""

from __future__ import annotations

import click

from curate.cli.narrate import Narrator
from curate.cli.options import (
    complete_stages,
    data_options,
    engine_option,
    json_option,
    overrides,
    print_summary,
    quiet_option,
    recipe_for,
)
from curate.words import plural


@click.command("run", epilog="\b\nExamples:\n  curate run\n  curate run tickets.jsonl --no-train\n"
               "  curate run curate.toml --input new.jsonl --out runs/new --stages pii,label_issues\n"
               "  curate run june.jsonl --decisions runs/may")
@click.argument("recipe_or_input", required=False, metavar="[RECIPE|INPUT]", type=click.Path())
@click.option("--input", "input_", type=click.Path(), help="Curate this file instead of the recipe's.")
@click.option("--out", type=click.Path(), help="Run directory (default: runs/<name of the input>).")
@click.option("--decisions", type=click.Path(),
              help="An earlier run, or its decisions.jsonl: what was decided there holds here too, row by row.")
@click.option("--stages", shell_complete=complete_stages,
              help="Only these stages, comma-separated, in order of precedence.")
@click.option("--no-train", is_flag=True, help="Stop after curation: no training, no ablation.")
@click.option("--dry-run", is_flag=True, help="Say what would be read and run; write nothing.")
@data_options
@engine_option
@quiet_option
@json_option
def run_command(
    recipe_or_input: str | None, input_: str | None, out: str | None, decisions: str | None, stages: str | None,
    no_train: bool, dry_run: bool, task: str | None, role: tuple[str, ...], on_bad_row: str | None, engine: str | None,
    quiet: bool, as_json: bool,
) -> int:
    """Run a recipe, or a file with the default recipe, into a run directory.

    Without an argument, the recipe is curate.toml (or [tool.curate] in pyproject.toml) of this folder. What an earlier
    run in the same directory has computed is not computed again.
    """
    from curate.dataset.ahead import read_ahead

    read_ahead(input_ or recipe_or_input)
    from curate.house import arrow_without_pandas, numba_alone

    arrow_without_pandas()
    numba_alone()
    from curate import workflow
    from curate.safetext import safe_text

    recipe = recipe_for(recipe_or_input, input_)
    recipe = recipe.with_(stages=_listed(stages), engine=engine, **overrides(task, role, on_bad_row))
    if dry_run:
        from curate.cli.preview import show_dry_run

        return show_dry_run(recipe, out, train=not no_train)
    narrator = Narrator(quiet or as_json)
    narrator.reading()
    result = workflow.run(recipe, out=out, train=not no_train, listener=narrator.stage, training=narrator.training,
                          on_read=narrator.read, decisions=decisions)
    if decisions is not None and not (quiet or as_json):
        taken, gave_way = result.taken_in
        left = f"; {gave_way:,} left out, since this run has its own on the same" if gave_way else ""
        click.echo(f"{plural(taken, 'decision')} taken in from {safe_text(decisions)}{left}", err=True)
    return print_summary(result, as_json=as_json, quiet=quiet)


def _listed(stages: str | None) -> list[str] | None:
    """The names of a comma-separated list; None when it holds none."""
    return [name.strip() for name in (stages or "").split(",") if name.strip()] or None
