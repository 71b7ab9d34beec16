"""`curate tui`: the terminal interface."""

from __future__ import annotations

import click


@click.command("tui", epilog="\b\nExamples:\n  curate tui tickets.jsonl\n  curate tui runs/tickets")
@click.argument("what", required=False, metavar="[FILE|RUN]", type=click.Path())
@click.option("--out", type=click.Path(), help="Run directory (default: runs/<name of the input>).")
def tui_command(what: str | None, out: str | None) -> int:
    """Open a file or a run: run the stages, browse findings, accept, reject, undo, train, see the verdict."""
    from curate.house import need, require

    need("tui", "textual", "textual_plotext", "textual_fastdatatable")
    return int(require("tui").main(what, out))
