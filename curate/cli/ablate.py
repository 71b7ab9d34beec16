"""`curate ablate`: the proof, on a run that has been detected already."""

from __future__ import annotations

import click

from curate.cli.narrate import Narrator
from curate.cli.options import json_option, print_summary, quiet_option


@click.command("ablate", epilog="\b\nExample:\n  curate run tickets.jsonl --no-train\n  curate ablate runs/tickets")
@click.argument("run", type=click.Path())
@quiet_option
@json_option
def ablate_command(run: str, quiet: bool, as_json: bool) -> int:
    """Train on raw data, on curated data and on a random control of the same size, and say whether curation helped.

    Runs that an earlier call finished are kept; the verdict names its interval, its seeds and its control.
    """
    from curate import workflow

    narrator = Narrator(quiet or as_json)
    result = workflow.train_run(run, listener=narrator.stage, training=narrator.training)
    return print_summary(result, as_json=as_json, quiet=quiet)
