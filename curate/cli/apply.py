"""`curate apply`: the same findings, the decisions taken since, a new curated file."""

from __future__ import annotations

import click

from curate.cli.narrate import Narrator
from curate.cli.options import json_option, print_summary, quiet_option


@click.command("apply", epilog="\b\nExample:\n  curate apply runs/tickets")
@click.argument("run", type=click.Path())
@quiet_option
@json_option
def apply_command(run: str, quiet: bool, as_json: bool) -> int:
    """Resolve and apply a run again with the decisions in its decisions.jsonl; nothing is detected anew."""
    from curate import workflow

    narrator = Narrator(quiet or as_json)
    result = workflow.reapply(run, listener=narrator.stage)
    return print_summary(result, as_json=as_json, quiet=quiet, proof=False)
