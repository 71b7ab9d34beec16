"""`curate config`: show, check and document recipes."""

from __future__ import annotations

import click

from curate.cli.options import Choice, NamingGroup


@click.group("config", cls=NamingGroup, epilog="\b\nExamples:\n  curate config schema gate --format text\n"
             "  curate config validate curate.toml")  # fmt: skip
def config_command() -> None:
    """Show, check or document recipes."""


@config_command.command("show", epilog="\b\nExample:\n  curate config show curate.toml")
@click.argument("recipe", required=False, type=click.Path())
def show(recipe: str | None) -> None:
    """Print a recipe with every default written out, as JSON."""
    import orjson

    from curate.cli.options import recipe_for

    click.echo(orjson.dumps(recipe_for(recipe).to_dict(), option=orjson.OPT_INDENT_2).decode())


@config_command.command("validate", epilog="\b\nExample:\n  curate config validate curate.toml")
@click.argument("recipe", required=False, type=click.Path())
def validate(recipe: str | None) -> None:
    """Check a recipe: unknown keys, wrong types, unknown stages.

    Exit code 2 when something is wrong.
    """
    from curate.cli.options import recipe_for

    checked = recipe_for(recipe)
    click.echo(f"{checked.path or 'recipe'} is valid: stages {', '.join(checked.stage_names())}", err=True)


@config_command.command("schema", epilog="\b\nExamples:\n  curate config schema gate             what a gate may ask for\n"
                        "  curate config schema pii --format text\n  curate config schema > recipe.schema.json")
@click.argument("section", default="")
@click.option("--format", "format_", type=Choice(["json", "text"]),
              help="Default: text on a terminal, JSON elsewhere.")
def schema(section: str, format_: str | None) -> None:
    """Print every setting of a recipe with type, default and meaning.

    SECTION (data, gate, stages.pii or pii, ...) prints one of them alone.
    """
    import shutil
    import sys

    import orjson

    from curate.recipe.schema import as_json_schema, as_text

    if format_ == "text" or (format_ is None and sys.stdout.isatty()):
        click.echo(as_text(section, min(100, shutil.get_terminal_size().columns)))
    else:
        click.echo(orjson.dumps(as_json_schema(section), option=orjson.OPT_INDENT_2).decode())
