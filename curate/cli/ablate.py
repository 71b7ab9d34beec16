"""`curate ablate`: the proof, on a run that has been detected already."""

from __future__ import annotations

import click

from curate.cli.narrate import Narrator
from curate.cli.options import Choice, complete_stages, json_option, print_summary, quiet_option

EXAMPLES = """\b
Examples:
  curate run tickets.jsonl --no-train
  curate ablate runs/tickets                                   does curation help at all?
  curate ablate runs/tickets --preset claim --sequential       enough seeds for a claim, and no more
  curate ablate runs/tickets --stages pii,near_duplicates      what each of these stages does
  curate ablate runs/tickets --stages all --shapley            how the effect divides among stages
  curate ablate runs/tickets --beyond all                      fairness, memory and privacy, decision by decision
"""


@click.command("ablate", epilog=EXAMPLES)
@click.argument("run", type=click.Path())
@click.option(
    "--preset", type=Choice(["quick", "claim"]), help="3 seeds, large effects only; or at least 8 (default: quick)."
)
@click.option("--seeds", type=click.IntRange(min=3), help="Training runs of each arm; the most when sequential.")
@click.option("--sequential", is_flag=True, default=None, help="Add seeds until there is a verdict.")
@click.option(
    "--stages", metavar="A,B", shell_complete=complete_stages,
    help="Measure these stages one by one, each beside a random control; `all` takes those that change data.",
)  # fmt: skip
@click.option("--shapley", is_flag=True, default=None, help="Divide the effect among the stages; trains more arms.")
@click.option(
    "--beyond", metavar="A,B",
    help="Measure more than accuracy: fairness, memory, receipts, frontiers, flips, forgetting, or `all`.",
)  # fmt: skip
@quiet_option
@json_option
def ablate_command(
    run: str,
    preset: str | None,
    seeds: int | None,
    sequential: bool | None,
    stages: str | None,
    shapley: bool | None,
    beyond: str | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Train on raw data, on curated data and on a random control of the same size, and say whether curation helped.

    What is not given is as the recipe's [ablation] table says. Runs that an earlier call finished are kept; the verdict
    names its interval, its seeds, what it could have shown, and its control.
    """
    narrator = Narrator(quiet or as_json)
    narrator.begin("training on raw data, on curated data and on a random removal of the same size, to compare them")
    from curate import workflow

    named, more = (
        None if given is None else tuple(s.strip() for s in given.split(",") if s.strip()) for given in (stages, beyond)
    )
    result = workflow.train_run(
        run,
        listener=narrator.stage,
        training=narrator.training,
        preset=preset,
        seeds=seeds,
        sequential=sequential,
        stages=named,
        shapley=shapley,
        beyond=more,
    )
    return print_summary(result, as_json=as_json, quiet=quiet)
