"""Options and endings that several verbs share."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.errors import EXIT_NOT_JUDGED, EXIT_OK, ConfigError, nearest

if TYPE_CHECKING:
    from curate.recipe import Recipe
    from curate.workflow import RunResult

    _Words = click.Choice[str]
else:
    _Words = click.Choice  # which older versions of click cannot subscript

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
TASKS = ("classification", "sft", "chat", "preference", "unpaired_preference", "text")
"""As in `curate.dataset`, which is too heavy to import for a help text."""


class Choice(_Words):
    """One of a few words; whoever slips on the keys is told the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            self.fail(f"there is no {value!r}; {nearest(str(value), self.choices)}", param, ctx)
        return str(value)


class NamingGroup(click.Group):
    """Verbs; whoever slips on the keys is told the nearest, or all of them."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            ctx.fail(f"there is no verb {args[0]!r}; {nearest(args[0], known)}")
        return super().resolve_command(ctx, args)


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How to read the input."""
    options = (
        click.option("--task", type=Choice(TASKS), help="What the rows are for (default: detected)."),
        click.option("--role", multiple=True, metavar="ROLE=COLUMN",
                     help="Say which column is the text, label, prompt, group, ...; may be repeated."),
        click.option("--on-bad-row", type=Choice(["fail", "skip"]),
                     help="Stop at a row that cannot be read (default), or leave it out and say so."),
    )
    for option in reversed(options):
        command = option(command)
    return command


engine_option: Decorator = click.option(
    "--engine", type=Choice(["local", "ray"]), help="Compare near-duplicates here, or on a Ray cluster."
)
quiet_option: Decorator = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")


def complete_stages(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of stages for the shell, behind those that a comma-separated list holds already."""
    from curate.stages.registry import known_stages

    before, comma, last = incomplete.rpartition(",")
    taken = before.split(",")
    return [f"{before}{comma}{name}" for name in known_stages() if name.startswith(last) and name not in taken]


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

    what, input_ = kept(what), kept(input_)
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


def kept(path: str | None) -> str | None:
    """A path; for `-` and for a URL the file that the data is kept in."""
    if path == "-":
        from curate.dataset.standardinput import keep_standard_input

        return _told(keep_standard_input(sys.stdin.buffer, Path("runs")))
    if path is not None and "://" in path:
        from curate.dataset.remote import fetch

        return _told(fetch(path, Path("runs")))
    return path


def _told(kept: Path) -> str:
    """Say where raw data now lies: whoever piped it may not want it there for long."""
    click.echo(f"the data is kept, as it came, in {kept} (readable by you alone); delete it when you are done", err=True)
    return str(kept)


def shell_path(path: Path) -> str:
    """A path as it can be pasted behind a command."""
    from curate.safetext import safe_text

    return safe_text(shlex.quote(str(path)))


def _note(result: RunResult) -> str:
    """What the privacy stage wants to be known about the curated data."""
    summary = result.manifest.get("stages", {}).get("pii", {}).get("summary", {})
    return str(summary.get("note", ""))


def print_summary(
    result: RunResult, *, as_json: bool, quiet: bool, proof: bool = True, data: bool = True, people: bool = False,
    helpers: Sequence[str] = (),
) -> int:  # fmt: skip
    """The end of a run on the terminal, and its exit code.

    `proof` says whether an ablation was part of the question, `data` whether curated data was, `people` whether it was
    about groups of people alone. `helpers` only serve other stages: one that had nothing to look at leaves no question
    open.
    """
    if as_json:
        click.echo((result.run.path / "report.json").read_text(encoding="utf-8"), nl=False)
    elif not quiet:
        from rich.console import Console

        from curate.house import require
        from curate.outputs import curated_name

        shown = require("audit.report")
        rendered = (
            shown.render_terminal_groups(result.report)
            if people
            else shown.render_terminal(result.report, run=shell_path(result.run.path))
        )
        Console(highlight=False).print(rendered)
        if data:
            click.echo(f"data: {result.run.path / curated_name(result.detected.dataset)}", err=True)
        click.echo(f"report: {result.run.path / 'report.html'}", err=True)
    if not quiet and (noted := _note(result)):
        click.echo(f"note: {noted}", err=True)
    skipped = {name: reason for name, reason in result.skipped.items() if name not in helpers}
    for name, reason in skipped.items():
        click.echo(f"not judged: {name}: {reason}", err=True)
    ablation = (result.ablation or {}) if proof else {}
    unproven = ablation.get("verdict") == "insufficient evidence"
    if unproven:
        click.echo(f"not judged: whether curation helped: {ablation.get('words', '')}", err=True)
    return EXIT_NOT_JUDGED if skipped or unproven else EXIT_OK
