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

    if pruning != (older_than is not None):
        raise ConfigError("--prune and --older-than DAYS go together")
    lines = find_runs(folder)
    if older_than is not None:
        old = [line for line in lines if line.age_days >= older_than and not line.decisions]
        size = sum(line.size_bytes for line in old)
        if old and not yes:
            for line in old:
                click.echo(f"{line.path}  {line.age_days:.0f} days  {_size(line.size_bytes)}", err=True)
            click.confirm(f"Remove these {len(old)} runs ({_size(size)})?", abort=True, err=True)
        gone = prune(lines, older_than)
        click.echo(f"{len(gone)} runs removed, {_size(sum(line.size_bytes for line in gone))} freed", err=True)
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
        came, left = (f"{n:,}" if n is not None else "–" for n in (line.rows_in, line.rows_out))
        state = line.verdict or line.status
        cells = (line.path, state, f"{came} → {left}", f"{line.pending:,}", _age(line.age_days), _size(line.size_bytes))
        table.add_row(*map(Text, cells))
    Console(highlight=False).print(table if lines else Text(f"no runs under {folder}"))
    return 0


def _age(days: float) -> str:
    return f"{days:.0f} d" if days >= 1 else (f"{days * 24:.0f} h" if days * 24 >= 1 else f"{days * 1440:.0f} min")


def _size(n: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if n < 1024 or unit == "GiB":
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1024
    raise AssertionError
