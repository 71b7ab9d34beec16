"""`curate apply`: the same findings, the decisions taken since, a new curated file."""

from __future__ import annotations

import click

from curate.cli.narrate import Narrator
from curate.cli.options import json_option, print_summary, quiet_option


@click.command("apply", epilog="\b\nExamples:\n  curate apply runs/tickets --dry-run   says whom it would fall on"
               "\n  curate apply runs/tickets")
@click.argument("run", type=click.Path())
@click.option("--dry-run", is_flag=True, help="Say what would change and whom it would fall on; write nothing.")
@quiet_option
@json_option
def apply_command(run: str, dry_run: bool, quiet: bool, as_json: bool) -> int:
    """Resolve and apply a run again with the decisions in its decisions.jsonl; nothing is detected anew."""
    from curate import workflow

    if dry_run:
        return _show(run)
    narrator = Narrator(quiet or as_json)
    result = workflow.reapply(run, listener=narrator.stage)
    return print_summary(result, as_json=as_json, quiet=quiet, proof=False)


def _show(run: str) -> int:
    """What the decisions taken since the data was written would do to rows, and to whom."""
    import numpy as np

    from curate.cli.affected import say_change
    from curate.review.session import Session

    session = Session.open(run)
    after = session.plan.dropped
    before = np.zeros_like(after)
    written = session.run.path / "removed.parquet"
    if written.is_file():
        before[session.run.read_table("removed.parquet")["row"].to_numpy()] = True
    said = "as it stands on disk" if session.is_written else "not as it stands on disk"
    gone, back = int((after & ~before).sum()), int((before & ~after).sum())
    click.echo(f"{len(after):,} rows in, {int((~after).sum()):,} would stay: {gone:,} would be removed that are not, "
               f"{back:,} brought back; the plan is {said}")  # fmt: skip
    say_change(session.detected, before, after)
    click.echo("nothing was written", err=True)
    return 0
