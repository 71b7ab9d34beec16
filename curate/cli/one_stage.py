"""`curate dedup | labels | pii | fairness`: one question, good defaults, the same run directory."""

from __future__ import annotations

import click

from curate.cli.narrate import Narrator
from curate.cli.options import data_options, json_option, overrides, print_summary, quiet_option, recipe_for

STAGES = {
    "dedup": ["exact_duplicates", "near_duplicates"],
    # Duplicates run beside the label stages for their clusters: copies must not vouch for each other's labels.
    "labels": ["near_duplicates", "label_issues", "label_names"],
    "pii": ["pii"],
    "fairness": ["near_duplicates", "label_names", "fairness"],
}
HELP = {
    "dedup": "Find exact and near duplicates, and rows that leak from one split into another.",
    "labels": "Find wrong labels and inconsistent label names.",
    "pii": "Find and mask personal data in every string of every row.",
    "fairness": "Audit how the data, and a model of it, treat sensitive groups.",
}
ONLY_FLAGS = {"labels": ("near_duplicates",), "fairness": ("near_duplicates", "label_names")}


def _make(verb: str) -> click.Command:
    @click.command(verb, help=HELP[verb], epilog=f"\b\nExample:\n  curate {verb} tickets.jsonl --out runs/{verb}")
    @click.argument("input_", metavar="INPUT", type=click.Path())
    @click.option("--out", type=click.Path(), help=f"Run directory (default: runs/<name of the input>-{verb}).")
    @data_options
    @quiet_option
    @json_option
    def command(
        input_: str, out: str | None, task: str | None, role: tuple[str, ...], on_bad_row: str | None,
        quiet: bool, as_json: bool,
    ) -> int:
        from curate import workflow

        recipe = recipe_for(input_)
        recipe = recipe.with_(stages=STAGES[verb], **overrides(task, role, on_bad_row)).only_flagging(
            *ONLY_FLAGS.get(verb, ())
        )
        narrator = Narrator(quiet or as_json)
        # A folder of its own: one stage's answer must not overwrite the whole run beside it.
        out = out or str(workflow.default_out(workflow.input_path(recipe))) + f"-{verb}"
        result = workflow.run(recipe, out=out, train=False, listener=narrator.stage)
        return print_summary(result, as_json=as_json, quiet=quiet)

    return command


dedup_command = _make("dedup")
labels_command = _make("labels")
pii_command = _make("pii")
fairness_command = _make("fairness")
