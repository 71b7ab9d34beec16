"""`curate config`: show, check and document recipes."""

from __future__ import annotations

import click


@click.group("config")
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
    """Check a recipe: unknown keys, wrong types, unknown stages; exit code 2 when something is wrong."""
    from curate.cli.options import recipe_for

    checked = recipe_for(recipe)
    click.echo(f"{checked.path or 'recipe'} is valid: stages {', '.join(checked.stage_names())}", err=True)


@config_command.command("schema", epilog="\b\nExample:\n  curate config schema --format text")
@click.option("--format", "format_", type=click.Choice(["json", "text"]), default="json", help="Default: json.")
def schema(format_: str) -> None:
    """Print every section and setting of a recipe with type, default and explanation."""
    import orjson

    from curate.config_schema import as_json_schema, as_text

    if format_ == "text":
        click.echo(as_text())
    else:
        click.echo(orjson.dumps(as_json_schema(), option=orjson.OPT_INDENT_2).decode())
