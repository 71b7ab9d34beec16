"""`curate feedback`: ratings and corrections from production, brought back to the rows that taught the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from curate.cli.narrate import Narrator
from curate.cli.options import data_options, json_option, overrides, print_summary, quiet_option, recipe_for


@click.command("feedback", epilog="\b\nExamples:\n"
    "  curate feedback ratings.jsonl answers.jsonl\n"
    "  curate feedback may.jsonl --also june.jsonl answers.jsonl --good-from 4 --out runs/feedback\n"
    "  curate review runs/answers-feedback        then decide; `curate apply` writes the data\n"
    "  curate feedback july.jsonl answers.jsonl --since runs/feedback --out runs/july   what has changed?\n\n"
    "\b\nA line of ratings: {\"prompt\": \"...\", \"output\": \"...\", \"rating\": \"down\", \"correction\": \"...\"}\n"
    "rating: true or false, up or down, or a number; output and correction may be missing.")  # fmt: skip
@click.argument("ratings", type=click.Path())
@click.argument("input_", metavar="INPUT", type=click.Path())
@click.option("--also", multiple=True, type=click.Path(), help="More files of ratings; may be repeated.")
@click.option("--good-from", type=float, help="Smallest rating that counts as good, on the ratings' own scale.")
@click.option("--similarity", type=click.FloatRange(0, 1, min_open=True), help="How like a row a prompt must be (0 to 1).")
@click.option("--out", type=click.Path(), help="Run directory (default: runs/<name of the input>-feedback).")
@click.option("--since", type=click.Path(), help="An earlier run over ratings to compare with (default: what --out held).")
@data_options
@quiet_option
@json_option
def feedback_command(
    ratings: str, input_: str, also: tuple[str, ...], good_from: float | None, similarity: float | None, out: str | None,
    since: str | None, task: str | None, role: tuple[str, ...], on_bad_row: str | None, quiet: bool, as_json: bool,
) -> int:
    """Link ratings to rows; rows that give badly rated answers, new labels, corrected answers: all waits for review."""
    from curate import workflow
    from curate.errors import DataError
    from curate.safetext import safe_text

    for path in (ratings, *also):
        if not Path(path).is_file():  # said before a run is begun
            raise DataError(f"{safe_text(path)}: no such file.")
    files = tuple(str(Path(path).resolve()) for path in (ratings, *also))
    given = {"files": files, "good_from": good_from, "similarity": similarity, "on_bad_row": on_bad_row}
    recipe = recipe_for(input_).narrowed("feedback").with_(**overrides(task, role, on_bad_row))
    recipe = recipe.with_settings("feedback", **{key: value for key, value in given.items() if value is not None})
    narrator = Narrator(quiet or as_json)
    out = out or str(workflow.default_out(workflow.input_path(recipe))) + "-feedback"
    before = _Run.of(since or out, asked_for=since is not None)
    result = workflow.run(recipe, out=out, train=False, listener=narrator.stage, on_read=narrator.read)
    detection = result.detected.outcomes["feedback"].detection
    summary = detection.summary
    for name, what in (("like_no_row", "like no row"), ("like_several_rows", "as like one row as another that answers "
                       "differently, and linked to none")):  # fmt: skip
        if summary.get(name) and not quiet:
            few = summary[name]
            click.echo(f"{few:,} {'rating is' if few == 1 else 'ratings are'} {what}: {summary[f'{name}_first']}", err=True)
    if not quiet:
        # The run's findings hold what people saw in its rows as well, which no rating says.
        for line in before.lines(_Run(summary, _ids(detection.findings))):
            click.echo(line, err=True)
    if not quiet and result.detected.findings.num_rows > 1:
        from curate.cli.affected import say_affected

        say_affected(result.detected, range(result.detected.findings.num_rows))
    if summary.get("lines_left_out"):
        few = summary["lines_left_out"]
        click.echo(f"{few:,} {'line is no rating' if few == 1 else 'lines are no ratings'}, and left out: "
                   f"{summary['left_out_first']}", err=True)  # fmt: skip
    return print_summary(result, as_json=as_json, quiet=quiet)


@dataclass(frozen=True)
class _Run:
    """What a run over ratings came to."""

    summary: Mapping[str, Any]
    findings: frozenset[bytes]
    known: bool = True

    @classmethod
    def of(cls, path: str, *, asked_for: bool) -> _Run:
        """The run that lies there; `known` is False where there is none, which is an error if it was asked for."""
        from curate.errors import ConfigError, RunError
        from curate.rundir import RunDir

        try:
            run = RunDir.open(path)
            summary = run.manifest().get("stages", {}).get("feedback", {}).get("summary", {})
            if summary:
                return cls(summary, _ids(run.read_table("findings/feedback.parquet")))
        except RunError:
            pass
        if asked_for:
            raise ConfigError(f"{path} holds no run over ratings; `curate feedback --out` writes one")
        return cls({}, frozenset(), known=False)

    def lines(self, now: _Run) -> list[str]:
        """What has changed since, and what the data has taken in."""
        out = []
        if self.known:
            then, rated = (", ".join(f"{r.summary.get(k, 0):,} {k}" for k in ("good", "bad")) for r in (self, now))
            new, gone = len(now.findings - self.findings), len(self.findings - now.findings)
            same = len(now.findings & self.findings)
            found = f"findings {new:,} new, {gone:,} gone, {same:,} as before"
            out.append(f"since the run before: ratings {rated} ({then} then); {found}")
        if taken := now.summary.get("taken_in"):
            out.append(f"{taken:,} correction{' is' if taken == 1 else 's are'} in the data by now: a row gives it")
        return out


def _ids(findings: Any) -> frozenset[bytes]:
    return frozenset(findings["finding_id"].to_pylist())
