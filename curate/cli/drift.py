"""`curate drift`: how new data differs from old, and whether to train again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from curate.cli.options import data_options, kept, overrides, recipe_for
from curate.errors import EXIT_NOT_JUDGED, EXIT_OK

if TYPE_CHECKING:
    from audit.drift import Drift

KINDS = {"new": "a new kind of text", "gone": "a kind of text that is gone", "more": "more of a kind of text",
         "less": "less of a kind of text"}  # fmt: skip


@click.command("drift", epilog="\b\nExamples:\n  curate drift may.jsonl june.jsonl\n"
    "  curate drift runs/may/curated.jsonl june.jsonl --json\n\n"
    "\b\nExit codes: 0 compared, 2 unreadable input, 3 too few rows to compare.")  # fmt: skip
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of samples and draws.")
@data_options
def drift_command(
    old: str, new: str, as_json: bool, seed: int, task: str | None, role: tuple[str, ...], on_bad_row: str | None
) -> int:
    """Labels, groups, lengths, words and near copies of two versions of a dataset, and whether a model tells them apart.

    Roles and task are detected in OLD and used for both.
    """
    import orjson

    from curate.house import require
    from curate.pipeline import thread_count
    from curate.workflow import read_input

    recipe = recipe_for(old).with_(**overrides(task, role, on_bad_row))
    before = read_input(recipe)
    roles = {k: list(v) for k, v in before.roles.items() if v and k != "context"}
    after = read_input(recipe.with_(input=kept(new), roles=roles, task=before.task))
    found = require("audit.drift").measure(before, after, seed, thread_count(recipe))
    if as_json:
        click.echo(orjson.dumps(found.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        for line in _lines(found):
            click.echo(line)
    return EXIT_NOT_JUDGED if found.apart is None and found.recommendation == "insufficient evidence" else EXIT_OK


def _lines(d: Drift) -> list[str]:
    from audit.drift import NOTHING_NEW

    lines = [
        f"rows: {d.old_rows:,} before, {d.new_rows:,} after; {d.repeated:.1%} of the new rows repeat an old one, "
        f"{d.nearly:.1%} nearly",
        f"length: median {d.lengths['median_before']:,.0f} before, {d.lengths['median_after']:,.0f} after "
        f"(Kolmogorov-Smirnov {d.lengths['ks']:.3f}, p = {d.lengths['p']:.2g})",
    ]
    for s in d.shares:
        lines.append(f"{s.role} {s.column}: moved by {s.distance:.3f} [{s.low:.3f}, {s.high:.3f}] of 1")
        lines += [f"  {name}: {before:.1%} -> {after:.1%}" for name, before, after in s.moved[:5] if before != after]
        lines += [f"  new: {_some(s.new)}"] if s.new else []
        lines += [f"  gone: {_some(s.gone)}"] if s.gone else []
    if d.apart is None:
        unsure = "nothing to compare" if d.why_missing == NOTHING_NEW else "insufficient evidence"
        lines.append(f"texts: {unsure} ({d.why_missing})")
    else:
        a = d.apart
        lines.append(
            f"texts: a model tells new from old with area {a.auc:.3f} [{a.low:.3f}, {a.high:.3f}] "
            f"(0.5 is chance), p = {a.p:.3g}, {a.rows:,} rows"
        )
    if d.shift is not None:
        lines.append(f"  as a whole they moved by {d.shift.distance:.3f} of 2, p = {d.shift.p:.3g}")
    for kind in d.slices:
        about = f": {', '.join(kind.words)}" if kind.words else ""
        lines.append(f"  {KINDS[kind.kind]}, {kind.before:.1%} -> {kind.after:.1%}, p = {kind.p:.3g}{about}")
    lines += [f"  more often now: {', '.join(d.words_new)}"] if d.words_new else []
    lines += [f"  less often now: {', '.join(d.words_gone)}"] if d.words_gone else []
    return [*lines, f"train again? {d.recommendation}: {'; '.join(d.reasons)}"]


def _some(names: tuple[Any, ...]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
