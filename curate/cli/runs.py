"""`curate runs`: what lies under `runs/`, and what may go."""

from __future__ import annotations

import click


@click.command("runs", epilog="\b\nExamples:\n  curate runs\n  curate runs runs/tickets-gate --json\n"
    "  curate runs --prune --older-than 30")  # fmt: skip
@click.argument("folder", default="runs", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.option("--prune", "pruning", is_flag=True, help="Remove old runs; those with decisions in them stay.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="With --prune: age from which runs go.")
@click.option("--yes", is_flag=True, help="With --prune: do not ask.")
def runs_command(folder: str, as_json: bool, pruning: bool, older_than: float | None, yes: bool) -> int:
    """List the runs under a folder (default: runs), newest first."""
    import orjson

    from curate.errors import ConfigError
    from curate.runs import find_runs, prune
    from curate.words import count, plural, rough_duration, size

    if pruning != (older_than is not None):
        raise ConfigError("--prune and --older-than DAYS go together")
    lines = find_runs(folder)
    if older_than is not None:
        old = [line for line in lines if line.age_days >= older_than and not line.decisions]
        if old and not yes:
            for line in old:
                click.echo(f"{line.path}  {rough_duration(86400 * line.age_days)}  {size(line.size_bytes)}", err=True)
            freed = size(sum(line.size_bytes for line in old))
            if not click.confirm(f"Remove {plural(len(old), 'run')} ({freed})?", err=True):
                click.echo("nothing was removed", err=True)
                return 0
        gone = prune(lines, older_than)
        click.echo(f"{plural(len(gone), 'run')} removed, {size(sum(line.size_bytes for line in gone))} freed", err=True)
        lines = [line for line in lines if line not in gone]
    if as_json:
        click.echo(orjson.dumps([line.to_json() for line in lines], option=orjson.OPT_INDENT_2).decode())
        return 0
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, right in (("Run", 0), ("State", 0), ("Rows", 1), ("Waiting", 1), ("Age", 1), ("Size", 1)):
        table.add_column(name, justify="right" if right else "left", no_wrap=bool(right), overflow="fold")
    for line in lines:
        came, left = count(line.rows_in), count(line.rows_out)
        state = line.verdict or line.status
        age = rough_duration(86400 * line.age_days)
        cells = (line.path, state, f"{came} → {left}", f"{line.pending:,}", age, size(line.size_bytes))
        table.add_row(*map(Text, cells))
    Console(highlight=False).print(table if lines else Text(f"no runs under {folder}"))
    return 0
