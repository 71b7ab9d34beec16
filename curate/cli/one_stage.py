"""`curate dedup | labels | quality | pii`: one question, good defaults, the same run directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli.narrate import Narrator
from curate.cli.options import (
    Choice,
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
    "labels": ["near_duplicates", "label_issues", "label_names", "sufficiency"],
    "quality": ["text_quality"],
    "pii": ["pii"],
}
HELP = {
    "dedup": "Find exact and near duplicates, training rows that hold evaluation rows, and rows of other sets.",
    "labels": "Find wrong labels and inconsistent label names, and say whether there are enough rows.",
    "quality": "Find texts that are bad to learn from (empty, cut off, looping, refusals, leftovers), and score every row.",
    "pii": "Find and mask personal data in every string of every row.",
}
ONLY_FLAGS = {"labels": ("near_duplicates",)}
NEEDS = {"labels": ("label", "labels"), "fairness": ("group", "sensitive groups")}
"""The role without which a verb has no answer, and what it holds."""


EPILOG = "\b\nExamples:\n  curate {verb} tickets.jsonl --out runs/{verb}"
EPILOGS = {
    "dedup": EPILOG + "\n  curate dedup train.jsonl --against gsm8k_test.jsonl --against humaneval.index"
    "\n  curate dedup new.jsonl --earlier last_month.index",
    "labels": EPILOG + "\n  curate labels tickets.jsonl --votes ann --votes bo --keep-together author"
    "\n  curate labels tickets.jsonl --vectors vectors.parquet",
    "quality": EPILOG + "\n  curate quality answers.jsonl --normalise",
    "pii": EPILOG + "\n  curate pii letters.jsonl --names replace --operator surrogate --operator SECRET=redact",
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


def _about_names(verb: str) -> Callable[[Command], Command]:
    """The options of `pii`: what happens to names, and what takes the place of values."""
    if verb != "pii":
        return lambda command: command

    def options(command: Command) -> Command:
        command = click.option(
            "--key", "key_file", type=click.Path(),
            help="Key file of hash, vault and surrogate; `curate vault key` makes one.",
        )(command)
        command = click.option(
            "--operator", "operators", multiple=True, metavar="[TYPE=]OPERATOR",
            help="What takes the place of values: placeholder (default), numbered, numbered_row, mask, redact, hash, "
            "surrogate or vault; may be repeated for types.",
        )(command)
        return click.option(
            "--names", type=Choice(["replace", "flag", "off"]),
            help="Names of people and street addresses: replace them, flag them and leave them (default), or do not look.",
        )(command)

    return options


def _about_writing(verb: str) -> Callable[[Command], Command]:
    """The option of `quality` that also proposes repairs."""
    if verb != "quality":
        return lambda command: command
    return click.option(
        "--normalise", is_flag=True,
        help="Also repair how texts are written: wrong encodings, HTML entities, invisible characters, white space.",
    )


def _about_labels(verb: str) -> Callable[[Command], Command]:
    """The options of `labels`: what else there is to judge by."""
    if verb != "labels":
        return lambda command: command

    def options(command: Command) -> Command:
        command = click.option(
            "--keep-together", metavar="COLUMN",
            help="A column, such as an author or a thread, whose rows never judge one another.",
        )(command)
        command = click.option(
            "--votes", multiple=True, metavar="COLUMN",
            help="A column with the labels of one annotator; give it once for each.",
        )(command)
        command = click.option(
            "--vectors", metavar="FILE|COLUMN",
            help="Vectors of the rows (`curate vectors` writes them), read beside the words.",
        )(command)
        return click.option(
            "--pred-probs", type=click.Path(), metavar="FILE",
            help="Out-of-sample class probabilities of a model of your own (.npy, .parquet, .csv), in place of ours.",
        )(command)

    return options


def _told_labels(result: Any) -> None:
    """What the stages of `labels` found, in words."""
    from curate.cli.labels_told import conflicting_rows, told_labels
    from curate.safetext import safe_text

    outcomes = result.detected.outcomes
    if "label_issues" not in outcomes or outcomes["label_issues"].status == "skipped":
        return
    near = outcomes.get("near_duplicates")
    conflicts = conflicting_rows(near.detection.findings) if near is not None and near.status != "skipped" else 0
    for line in told_labels(outcomes["label_issues"].detection.summary, conflicts):
        click.echo(safe_text(line), err=True)


def _where(verb: str) -> Callable[[Command], Command]:
    """The engine option of a verb that compares near-duplicates; the others have nothing to spread."""
    return engine_option if "near_duplicates" in STAGES[verb] else lambda command: command


def _names_groups(dataset: Dataset) -> bool:
    """Whether some text names a group of people, so that there is something to audit without a column of groups."""
    from curate.house import require

    return not dataset.is_table and bool(require("audit.fairness.identity").groups_named(dataset.content()))


def answerable(verb: str, dataset: Dataset) -> None:
    """Say at once, not after the helping stages, that the data holds nothing of what the verb asks about."""
    from curate.errors import StageSkipped
    from curate.safetext import safe_text

    role, what = NEEDS.get(verb, ("", ""))
    if not role or getattr(dataset.roles, role) or (verb == "fairness" and _names_groups(dataset)):
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
    @_about_names(verb)
    @_about_writing(verb)
    @_about_labels(verb)
    @data_options
    @_where(verb)
    @quiet_option
    @json_option
    def command(
        input_: str, out: str | None, task: str | None, role: tuple[str, ...], on_bad_row: str | None,
        quiet: bool, as_json: bool, engine: str | None = None,
        against: tuple[str, ...] = (), earlier: tuple[str, ...] = (), names: str | None = None,
        operators: tuple[str, ...] = (), key_file: str | None = None,
        normalise: bool = False,
        pred_probs: str | None = None, vectors: str | None = None, votes: tuple[str, ...] = (),
        keep_together: str | None = None,
    ) -> int:
        from curate.dataset.ahead import read_ahead

        read_ahead(input_)
        from curate.house import arrow_without_pandas, numba_alone

        arrow_without_pandas()
        numba_alone()
        from curate import workflow

        recipe = recipe_for(input_)
        stages = [*STAGES[verb], *(["normalise"] if normalise else [])]
        if verb != "dedup":
            recipe = recipe.narrowed(*stages)
        recipe = recipe.with_(stages=stages, engine=engine, **overrides(task, role, on_bad_row)).only_flagging(
            *ONLY_FLAGS.get(verb, ())
        )
        given = {"against": against, "earlier": earlier}
        recipe = recipe.with_settings("contamination", **{key: paths for key, paths in given.items() if paths})
        asked: dict[str, Any] = {"names": names, "key_file": key_file and str(Path(key_file).resolve())}
        if operators:
            pairs = (operator.rpartition("=") for operator in operators)
            asked["operators"] = {kind or "default": name for kind, _, name in pairs}
        recipe = recipe.with_settings("pii", **{key: value for key, value in asked.items() if value})
        judged_by = {"pred_probs": pred_probs, "vectors": vectors, "votes": votes, "keep_together": keep_together}
        recipe = recipe.with_settings("label_issues", **{key: value for key, value in judged_by.items() if value})
        narrator = Narrator(quiet or as_json, helpers=ONLY_FLAGS.get(verb, ()))

        def on_read(dataset: Dataset) -> None:
            narrator.read(dataset)
            if verb != "labels" or not recipe.choice("label_issues").config.votes:
                answerable(verb, dataset)

        # A folder of its own: one stage's answer must not overwrite the whole run beside it.
        out = out or str(workflow.default_out(workflow.input_path(recipe))) + f"-{verb}"
        narrator.reading()
        result = workflow.run(recipe, out=out, train=False, listener=narrator.stage, on_read=on_read)
        if verb == "labels" and not quiet and not as_json:
            _told_labels(result)
        helpers = ONLY_FLAGS.get(verb, ())
        if verb == "labels" and not result.detected.dataset.roles.label:  # judged by votes: no column has names to unify
            helpers = (*helpers, "label_names")
        return print_summary(result, as_json=as_json, quiet=quiet, helpers=helpers)

    return command


dedup_command = _make("dedup")
labels_command = _make("labels")
quality_command = _make("quality")
pii_command = _make("pii")
