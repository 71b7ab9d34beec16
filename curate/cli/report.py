"""`curate report`: show a run's report again."""

from __future__ import annotations

from pathlib import Path

import click

from curate.cli.options import Choice

FORMATS = ("text", "json", "markdown", "html")


@click.command("report", epilog="\b\nExamples:\n  curate report runs/tickets\n"
               "  curate report runs/tickets --format markdown > REPORT.md\n"
               "  curate report adapters/tickets                 the folder of a training")
@click.argument("run", type=click.Path())
@click.option("--format", "format_", type=Choice(FORMATS), default="text", help="What to print (default: text).")
def report_command(run: str, format_: str) -> int:
    """Print the report of a run, or of the folder of a training, on stdout.

    The run directory holds it as report.html and report.json as well.
    """
    from curate import workflow
    from curate.cli.options import shell_path
    from curate.house import require
    from curate.rundir import RunDir

    if (trained := _training_folder(Path(run))) is not None:
        return _of_training(trained, format_)
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


def _training_folder(path: Path) -> Path | None:
    """The folder of a training that a path means: itself, or the newest below `train/final` where no run was made."""
    if (path / "manifest.json").is_file():
        return None
    if (path / "metrics.jsonl").is_file():
        return path
    found = sorted((path / "train" / "final").glob("*/metrics.jsonl"), key=lambda p: p.stat().st_mtime)
    return found[-1].parent if found else None


def _of_training(folder: Path, format_: str) -> int:
    from curate.errors import RunError
    from curate.house import require

    report = require("audit.report")
    if format_ == "json":
        done = folder / "done.json"
        if not done.is_file():
            raise RunError(f"the training in {folder} has not reached its end, so there is no done.json to show")
        click.echo(done.read_text(encoding="utf-8"), nl=False)
    elif format_ == "html":
        click.echo(report.render_adapter(folder))
    elif format_ == "markdown":
        click.echo(report.render_adapter_markdown(folder), nl=False)
    else:
        from rich.console import Console

        Console(highlight=False).print(report.render_adapter_terminal(folder))
    return 0
