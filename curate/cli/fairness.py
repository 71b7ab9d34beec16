"""`curate fairness`: what the data, a model of it, and curation do to groups of people; of a file, or of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli.narrate import Narrator
from curate.cli.one_stage import answerable
from curate.cli.options import (
    data_options,
    engine_option,
    json_option,
    overrides,
    print_summary,
    quiet_option,
    recipe_for,
    shell_path,
)
from curate.errors import EXIT_NOT_JUDGED, EXIT_OK, ConfigError

if TYPE_CHECKING:
    from curate.dataset import Dataset
    from curate.rundir import RunDir

STAGES = ("near_duplicates", "label_names", "label_issues", "pii", "fairness")
HELPERS = ("near_duplicates", "label_names", "label_issues", "pii")
SWAPS = "counterfactual_swaps"


@click.command("fairness", epilog="\b\nExamples:\n"
    "  curate fairness tickets.jsonl --role group=customer_group\n"
    "  curate fairness tickets.jsonl --role group=region --role group=gender   and their intersections\n"
    "  curate fairness loans.csv --predictions answers.csv --positive approve\n"
    "  curate fairness comments.jsonl --swaps       and the same texts about other people\n"
    "  curate fairness runs/tickets                 of a finished run: who was removed, and all of the above")  # fmt: skip
@click.argument("what", metavar="INPUT|RUN", type=click.Path())
@click.option("--out", type=click.Path(), help="Run directory (default: runs/<name of the input>-fairness).")
@click.option("--positive", metavar="LABEL", help="Favourable label (default: the later one of two, else each in turn).")
@click.option("--predictions", metavar="FILE|COLUMN", help="Predictions of your own model, in place of a quick one's.")
@click.option("--swaps", is_flag=True, help="Also ask a model the same texts about other people (counterfactual swaps).")
@data_options
@engine_option
@quiet_option
@json_option
def fairness_command(
    what: str, out: str | None, positive: str | None, predictions: str | None, swaps: bool,
    task: str | None, role: tuple[str, ...], on_bad_row: str | None, engine: str | None, quiet: bool, as_json: bool,
) -> int:  # fmt: skip
    """Audit how the data, a model of it, and curation treat sensitive groups."""
    from curate import workflow

    directory = _run_at(what)
    if directory is not None:
        asked = [out, positive, predictions, swaps, task, role, on_bad_row, engine]
        if any(asked):
            raise ConfigError(
                f"{what} is a finished run, and is shown as it is; to audit its data in another way give the data file"
            )
        return _show(directory, as_json=as_json)
    given = {"positive": positive, "predictions": _path(predictions)}
    recipe = recipe_for(what)
    recipe = recipe.with_(
        stages=[*STAGES, *([SWAPS] if swaps else [])], engine=engine, **overrides(task, role, on_bad_row)
    ).only_flagging(*HELPERS)
    recipe = recipe.with_settings("fairness", **{key: value for key, value in given.items() if value})
    if swaps and positive:
        recipe = recipe.with_settings(SWAPS, positive=positive)
    narrator = Narrator(quiet or as_json, helpers=HELPERS)

    def on_read(dataset: Dataset) -> None:
        narrator.read(dataset)
        answerable("fairness", dataset)

    # A folder of its own: one stage's answer must not overwrite the whole run beside it.
    out = out or str(workflow.default_out(workflow.input_path(recipe))) + "-fairness"
    result = workflow.run(recipe, out=out, train=False, listener=narrator.stage, on_read=on_read)
    return print_summary(result, as_json=as_json, quiet=quiet, data=False, people=True, helpers=HELPERS)


def _path(predictions: str | None) -> str | None:
    """A file's whole path; a column's name as it is."""
    return str(Path(predictions).resolve()) if predictions and Path(predictions).is_file() else predictions


def _run_at(what: str) -> RunDir | None:
    from curate.rundir import RunDir, refuse_nothing

    refuse_nothing(what)
    path = Path(what)
    return RunDir.open(path) if path.is_dir() and (path / "manifest.json").is_file() else None


def _show(directory: RunDir, *, as_json: bool) -> int:
    """What a run says of groups: whom curation fell on, comparisons, swaps, slices."""
    from curate import workflow
    from curate.house import require

    report: Any = workflow.build_report(directory)
    if as_json:
        import orjson

        click.echo(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        from rich.console import Console

        Console(highlight=False).print(require("audit.report").render_terminal_groups(report))
        page = directory.path / "report.html"
        if page.is_file():
            click.echo(f"report: {shell_path(page)}", err=True)
    return EXIT_OK if report.fairness.status == "done" else EXIT_NOT_JUDGED
