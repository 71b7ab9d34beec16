"""`curate dedup | labels | pii | fairness`: one question, good defaults, the same run directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from curate.cli.narrate import Narrator
from curate.cli.options import (
    data_options,
    engine_option,
    json_option,
    overrides,
    print_summary,
    quiet_option,
    recipe_for,
)

if TYPE_CHECKING:
    from curate.dataset import Dataset

Command = Callable[..., Any]

STAGES = {
    "dedup": ["exact_duplicates", "near_duplicates", "contamination"],
    # Duplicates run beside the label stages for their clusters: copies must not vouch for each other's labels.
    "labels": ["near_duplicates", "label_issues", "label_names"],
    "pii": ["pii"],
    "fairness": ["near_duplicates", "label_names", "fairness"],
}
HELP = {
    "dedup": "Find exact and near duplicates, training rows that hold evaluation rows, and rows of other sets.",
    "labels": "Find wrong labels and inconsistent label names.",
    "pii": "Find and mask personal data in every string of every row.",
    "fairness": "Audit how the data, and a model of it, treat sensitive groups.",
}
ONLY_FLAGS = {"labels": ("near_duplicates",), "fairness": ("near_duplicates", "label_names")}
NEEDS = {"labels": ("label", "labels"), "fairness": ("group", "sensitive groups")}
"""The role without which a verb has no answer, and what it holds."""


EPILOG = "\b\nExample:\n  curate {verb} tickets.jsonl --out runs/{verb}"
EPILOGS = {
    "dedup": EPILOG + "\n  curate dedup train.jsonl --against gsm8k_test.jsonl --against humaneval.index"
    "\n  curate dedup new.jsonl --earlier last_month.index",
}


def _compared_with(verb: str) -> Callable[[Command], Command]:
    """The options of a verb that compares rows with other sets."""

    def options(command: Command) -> Command:
        if verb != "dedup":
            return command
        where: dict[str, Any] = {"multiple": True, "metavar": "FILE|INDEX", "type": click.Path()}
        command = click.option("--earlier", help="Data used before: rows that nearly repeat one of its rows go; "
                               "may be repeated.", **where)(command)
        return click.option("--against", help="An evaluation set: training rows that hold one of its items go; "
                            "may be repeated.", **where)(command)

    return options


def _where(verb: str) -> Callable[[Command], Command]:
    """The engine option of a verb that compares near-duplicates; the others have nothing to spread."""
    return engine_option if "near_duplicates" in STAGES[verb] else lambda command: command


def _answerable(verb: str, dataset: Dataset) -> None:
    """Say at once, not after the helping stages, that the data holds nothing of what the verb asks about."""
    from curate.errors import StageSkipped
    from curate.privacy.preview import safe_text

    role, what = NEEDS.get(verb, ("", ""))
    if not role or getattr(dataset.roles, role):
        return
    columns = ", ".join(dataset.columns[:20])
    raise StageSkipped(safe_text(
        f"not judged: {dataset.source.path} has no column of {what}, as far as can be told; name one with "
        f"--role {role}=COLUMN (columns: {columns})"
    ))


def _make(verb: str) -> click.Command:
    @click.command(verb, help=HELP[verb], epilog=EPILOGS.get(verb, EPILOG).format(verb=verb))
    @click.argument("input_", metavar="INPUT", type=click.Path())
    @click.option("--out", type=click.Path(), help=f"Run directory (default: runs/<name of the input>-{verb}).")
    @_compared_with(verb)
    @data_options
    @_where(verb)
    @quiet_option
    @json_option
    def command(
        input_: str, out: str | None, task: str | None, role: tuple[str, ...], on_bad_row: str | None,
        quiet: bool, as_json: bool, engine: str | None = None,
        against: tuple[str, ...] = (), earlier: tuple[str, ...] = (),
    ) -> int:
        from curate import workflow

        recipe = recipe_for(input_)
        recipe = recipe.with_(stages=STAGES[verb], engine=engine, **overrides(task, role, on_bad_row)).only_flagging(
            *ONLY_FLAGS.get(verb, ())
        )
        given = {"against": against, "earlier": earlier}
        recipe = recipe.with_settings("contamination", **{key: paths for key, paths in given.items() if paths})
        narrator = Narrator(quiet or as_json, helpers=ONLY_FLAGS.get(verb, ()))

        def on_read(dataset: Dataset) -> None:
            narrator.read(dataset)
            _answerable(verb, dataset)

        # A folder of its own: one stage's answer must not overwrite the whole run beside it.
        out = out or str(workflow.default_out(workflow.input_path(recipe))) + f"-{verb}"
        result = workflow.run(recipe, out=out, train=False, listener=narrator.stage, on_read=on_read)
        return print_summary(result, as_json=as_json, quiet=quiet, data=verb != "fairness")

    return command


dedup_command = _make("dedup")
labels_command = _make("labels")
pii_command = _make("pii")
fairness_command = _make("fairness")
