"""`curate report`: show a run's report again."""

from __future__ import annotations

import click

FORMATS = ("text", "json", "markdown", "html")


@click.command("report", epilog="\b\nExamples:\n  curate report runs/tickets\n"
               "  curate report runs/tickets --format markdown > REPORT.md")
@click.argument("run", type=click.Path())
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="What to print (default: text).")
def report_command(run: str, format_: str) -> int:
    """Print the report of a run on stdout. The run directory holds it as report.html and report.json as well."""
    from curate import workflow
    from curate.cli.options import shell_path
    from curate.house import require
    from curate.rundir import RunDir

    directory = RunDir.open(run)
    report = require("audit.report")
    if format_ in ("json", "html"):
        click.echo((directory.path / f"report.{format_}").read_text(encoding="utf-8"), nl=False)
        return 0
    built = workflow.build_report(directory)
    if format_ == "markdown":
        click.echo(report.render_markdown(built))
        return 0
    from rich.console import Console

    console = Console(highlight=False)
    console.print(report.render_terminal(built, run=shell_path(directory.path)))
    return 0
