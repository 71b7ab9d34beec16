"""Options and endings that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.errors import EXIT_NOT_JUDGED, EXIT_OK, ConfigError

if TYPE_CHECKING:
    from curate.recipe import Recipe
    from curate.workflow import RunResult

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How to read the input."""
    options = (
        click.option("--task", help="classification, sft, chat, preference, unpaired_preference or text."),
        click.option("--role", multiple=True, metavar="ROLE=COLUMN", help="Name a role's column; may be repeated."),
        click.option(
            "--on-bad-row", type=click.Choice(["fail", "skip"]), help="What a row that cannot be read does."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


quiet_option: Decorator = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")


def overrides(task: str | None, role: tuple[str, ...], on_bad_row: str | None) -> dict[str, Any]:
    """`[data]` keys from the command line."""
    roles: dict[str, list[str]] = {}
    for item in role:
        name, found, column = item.partition("=")
        if not found or not column:
            raise ConfigError(f"--role {item!r}: write ROLE=COLUMN, as in --role label=intent")
        roles.setdefault(name, []).append(column)
    return {"task": task, "roles": roles, "on_bad_row": on_bad_row}


def recipe_for(what: str | None, input_: str | None = None) -> Recipe:
    """The recipe that an argument (or this folder) means."""
    from curate.recipe import Recipe
    from curate.workflow import as_recipe

    if what is not None:
        recipe = as_recipe(what)
    elif Path("curate.toml").is_file():
        recipe = Recipe.load("curate.toml")
    elif Path("pyproject.toml").is_file() and "[tool.curate" in Path("pyproject.toml").read_text(encoding="utf-8"):
        recipe = Recipe.load("pyproject.toml")
    elif input_ is not None:
        recipe = Recipe()
    else:
        raise ConfigError("there is no curate.toml here; give a file (`curate run data.jsonl`) or write a recipe with "
                          "`curate init data.jsonl`")
    return recipe.with_(input=str(Path(input_).resolve())) if input_ else recipe


def print_summary(result: RunResult, *, as_json: bool, quiet: bool, proof: bool = True) -> int:
    """The end of a run on the terminal, and its exit code; `proof` says whether an ablation was part of the question."""
    if as_json:
        click.echo((result.run.path / "report.json").read_text(encoding="utf-8"), nl=False)
    elif not quiet:
        from rich.console import Console

        from curate.house import require

        Console(highlight=False).print(require("audit.report").render_terminal(result.report))
        click.echo(f"report: {result.run.path / 'report.html'}", err=True)
    for name, reason in result.skipped.items():
        click.echo(f"not judged: {name}: {reason}", err=True)
    ablation = (result.ablation or {}) if proof else {}
    unproven = ablation.get("verdict") == "insufficient evidence"
    if unproven:
        click.echo(f"not judged: whether curation helped: {ablation.get('words', '')}", err=True)
    return EXIT_NOT_JUDGED if result.skipped or unproven else EXIT_OK
