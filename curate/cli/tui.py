"""`curate tui`: the terminal interface, in a terminal or in a browser on this machine."""

from __future__ import annotations

import click


@click.command("tui", epilog="\b\nExamples:\n  curate tui tickets.jsonl\n  curate tui runs/tickets\n"
    "  curate tui runs/tickets --serve              in a browser; it prints the address")  # fmt: skip
@click.argument("what", required=False, metavar="[FILE|RUN]", type=click.Path())
@click.option("--out", type=click.Path(), help="Run directory (default: runs/<name of the input>).")
@click.option("--serve", is_flag=True, help="In a browser on this machine: 127.0.0.1 only, behind a random token.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port for --serve (default: a free one).")
@click.option("--sessions", type=click.IntRange(1, 32), default=4, show_default=True, help="Browsers at once with --serve.")
def tui_command(what: str | None, out: str | None, serve: bool, port: int | None, sessions: int) -> int:
    """Open a file or a run: run the stages, browse findings, accept, reject, undo, train, see the verdict."""
    from curate.house import need, require

    need("tui", "textual", "textual_plotext", "textual_fastdatatable")
    if serve:
        need("tui", "textual_serve", "aiohttp")
        return int(require("tui.serve").serve(what, out, port or 0, sessions))
    return int(require("tui").main(what, out))
