"""`curate gate`: may this data be trained on? A verdict and an exit code for CI."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from curate.cli.narrate import Narrator
from curate.cli.options import Choice, data_options, kept, overrides, quiet_option, recipe_for
from curate.errors import EXIT_OK, ConfigError

if TYPE_CHECKING:
    from audit.gate import Policy
    from curate.dataset import Source
    from curate.recipe import Recipe

FORMATS = ("text", "json", "github", "sarif", "markdown", "junit", "html")
PRESETS = ("starter", "strict", "regulated")
READ = ("task", "role", "on_bad_row", "decisions")
JUDGED = ("policy", "preset", "baseline", "reference", "decisions", "fail_on")
"""Options that say how data is read, and by what it is judged."""


@click.command("gate", epilog="\b\nExamples:\n"
    "  curate gate tickets.jsonl\n"
    "  curate gate tickets.jsonl --preset strict --format github\n"
    "  curate gate 'shards/*.jsonl' --format sarif --output gate.sarif\n"
    "  curate gate main.jsonl --format json --output main.json --exit-zero\n"
    "  curate gate branch.jsonl --baseline main.json --tighten\n"
    "  curate gate runs/tickets --format markdown --output gate.md\n"
    "  curate gate tickets.jsonl --format html --output gate.html\n"
    "  curate gate trusted.jsonl --suggest --output gate.toml\n\n"
    "\b\nExit codes: 0 passed (warnings included), 1 failed, 2 unreadable input or policy,\n"
    "3 could not be judged, 4 internal error.")  # fmt: skip
@click.argument("what", metavar="[INPUT|RECIPE|RUN]", required=False, type=click.Path())
@click.option("--policy", type=click.Path(), help="TOML file with checks; default: [gate] of the recipe, else a preset.")
@click.option("--preset", type=Choice(PRESETS), help="Checks and limits to use where no policy is given.")
@click.option("--baseline", type=click.Path(), help="JSON of an earlier gate: only findings that it does not know count.")
@click.option("--reference", type=click.Path(), help="Data to be like: also asks about its columns, labels and texts.")
@click.option("--tighten", is_flag=True, help="Where the gate passes, take what is mended out of the baseline file.")
@click.option("--index", type=click.Path(), help="Folder of known rows: what it knows is not looked at again. Without "
              "--baseline it is made, or brought up to date. Only for data whose writers you trust not to attack the "
              "check: rows are told by xxh3-128, which chance does not fool and a forger might.")
@click.option("--decisions", type=click.Path(), help="Decision file to read the findings under.")
@click.option("--format", "form", type=Choice(FORMATS), default="text", show_default=True, help="How to say it.")
@click.option("--output", type=click.Path(), help="Write the verdict to a file instead of stdout.")
@click.option("--suggest", is_flag=True, help="Write a policy whose limits fit this (trusted) data, instead of a verdict.")
@click.option("--fail-on", type=Choice(["fail", "warn"]), default="fail", show_default=True, help="What exits 1.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever the verdict; errors still show.")
@click.option("--out", type=click.Path(), help="Run directory (default: runs/<name>-gate/<hash of the input>).")
@data_options
@quiet_option
def gate_command(
    what: str | None, policy: str | None, preset: str | None, baseline: str | None, reference: str | None, tighten: bool,
    index: str | None, decisions: str | None, form: str, output: str | None, suggest: bool,
    fail_on: Literal["fail", "warn"], exit_zero: bool, out: str | None, task: str | None, role: tuple[str, ...],
    on_bad_row: str | None, quiet: bool,
) -> int:
    """Judge data as it stands (a file, a folder, a pattern, a URL), or a finished run by its curated data."""
    from curate.house import arrow_without_pandas, numba_alone

    arrow_without_pandas()
    numba_alone()
    from curate import gating
    from curate.dataset import atomic_write_bytes, atomic_write_text
    from curate.house import require
    from curate.rundir import RunDir, refuse_nothing
    from curate.safetext import safe_text

    gates = require("audit.gate")
    target: Any = what
    if what is not None:
        refuse_nothing(what)
    if what is None or not (Path(what) / "manifest.json").is_file():
        target = recipe_for(what).with_(**overrides(task, role, on_bad_row))
        recipe_gate: Any = target.gate
    else:
        recipe_gate = RunDir(what).manifest().get("recipe", {}).get("gate", {})
    if tighten and baseline is None:
        raise ConfigError("--tighten mends a baseline: name it with --baseline")
    if policy is not None and preset is not None:
        raise ConfigError("give --policy or --preset, not both: a policy file names its own preset")
    if policy is not None:
        asked = gates.load_policy(Path(policy))
    elif preset is not None:
        asked = gates.parse_policy({"preset": preset}, f"preset {preset}")
    else:
        asked = gates.parse_policy(recipe_gate, "[gate]" if recipe_gate else "preset starter")
    if reference is not None:
        asked = gates.beside(asked, kept(reference) or reference)
    known = gates.read_baseline(Path(baseline)) if baseline else None
    found = gating.gate(
        target, asked, out=out, baseline=known, decisions=Path(decisions) if decisions else None,
        index=Path(index) if index else None, listener=Narrator(quiet).stage,
    )
    if found.scratch is not None and not quiet:
        click.echo("runs/ cannot be written here: nothing is kept for the next gate (--out FOLDER says where)", err=True)
    for note in () if quiet else found.detected.dataset.notes:
        click.echo(safe_text(note), err=True)
    if found.unknown and not quiet:
        click.echo(f"index: {index}: everything was looked at: {found.unknown}", err=True)
    if tighten and baseline and found.result.exit_code(fail_on) == EXIT_OK:
        tighter, gone = gates.tightened(Path(baseline), found.still_known, found.result)
        if tighter != Path(baseline).read_bytes():
            atomic_write_bytes(baseline, tighter)
        click.echo(f"baseline: {gone:,} known findings are gone, {len(found.still_known):,} stay ({baseline})", err=True)
    colour = output is None and sys.stdout.isatty()
    text = gates.suggest(found.result, reference) if suggest else found.render(form, color=colour)
    if output is None:
        click.echo(text, nl=False)
        if form == "text" and not quiet and not suggest and found.result.verdict == "fail" and target is not what:
            click.echo(_cure(what, target, found.detected.dataset.source, asked), err=True)
    else:
        atomic_write_text(output, text)
        said = "policy written, to be read before it is used" if suggest else found.result.verdict
        click.echo(f"gate: {said} ({output})", err=True)
    return EXIT_OK if exit_zero or suggest else found.result.exit_code(fail_on)


def _cure(what: str | None, recipe: Recipe, read: Source, policy: Policy) -> str:
    """What mends data that fails as it stands, read in the same way, and what judges it again, by the same rules."""
    from curate.dataset.atomic import can_be_made
    from curate.safetext import safe_text
    from curate.workflow.inputs import default_out, home_for

    given = [] if what is None else [read.path if what == "-" or "://" in what else what]
    out, where = [], recipe.run.out or str(default_out(read.path))
    if not can_be_made(where):
        where = "FOLDER"
        out = ["--out", where]
    elif (free := str(home_for(where, read.input_hash))) != where:  # where that is, something else lies
        where, out = free, ["--out", free]
    run = ["curate", "run", *given, "--no-train", *out, *_repeated(*READ)]
    gate = ["curate", "gate", where, *_repeated(*JUDGED, reference=policy.reference)]
    cures, judges = (safe_text(shlex.join(words)) for words in (run, gate))
    return f"next: `{cures}` cures what it can, `{judges}` judges what that leaves"


def _repeated(*names: str, **kept: str | None) -> list[str]:
    """Those of these options that were given, as they were; `kept`: what to name where that can be read only once."""
    context = click.get_current_context()
    words: list[str] = []
    for option in context.command.params:
        name = str(option.name)
        if name in names and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            value = kept.get(name) or context.params[name]
            words += [word for one in (value if option.multiple else [value]) for word in (option.opts[0], str(one))]
    return words
