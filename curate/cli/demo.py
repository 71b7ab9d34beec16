"""`curate demo`: the main job on the sample data, with a score card against what was planted."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from curate.cli.narrate import Narrator
from curate.cli.options import print_summary, quiet_option
from curate.words import duration

DEMO_TRAINING = {"steps": 200, "batch_rows": 16, "max_length_tokens": 64}
"""Shorter than the defaults, so that twelve runs fit into a few minutes on two cores."""
PLANTED = """
Against what was planted in the sample data, in rows (copies_removed: planted
pairs, rows that left; a copy or leak may be found by another stage than the one
that it was planted for):
"""


@click.command("demo", epilog="\b\nExample:\n  curate demo --out runs/demo")
@click.option("--out", type=click.Path(), default="runs/demo", help="Run directory (default: runs/demo).")
@click.option("--no-train", is_flag=True, help="Stop after curation.")
@quiet_option
def demo_command(out: str, no_train: bool, quiet: bool) -> int:
    """Curate the sample support tickets, train on raw and on curated data, compare, and score every stage.

    The tickets are invented. What is wrong with them was planted and is written down beside them; only the score card
    reads that.
    """
    from curate import workflow
    from curate.recipe import Recipe

    started = time.perf_counter()
    folder = sample_folder()
    source = folder / "support_tickets.jsonl"
    narrator = Narrator(quiet)
    recipe = Recipe.parse({"data": {"input": str(source)}, "train": DEMO_TRAINING})
    result = workflow.run(recipe, out=out, train=not no_train, listener=narrator.stage, training=narrator.training,
                          on_read=narrator.read)
    code = print_summary(result, as_json=False, quiet=quiet)
    card = _load(folder / "scorecard.py")
    scores: dict[str, Any] = card.score(result.run.path, folder / "support_tickets.truth.jsonl")
    result.run.write_json("scorecard.json", scores)
    click.echo(PLANTED)
    click.echo(card.as_table(scores))
    click.echo(f"\n{duration(time.perf_counter() - started)} in all; look around with: curate tui {out}", err=True)
    return code


def sample_folder() -> Path:
    """Where the sample data is: inside the installed package, or in the checkout."""
    from curate.errors import DataError
    from curate.house import HOME

    for folder in (HOME / "curate" / "_sample_data", HOME / "sample_data"):
        if (folder / "support_tickets.jsonl").is_file():
            return folder
    raise DataError("the sample data is not part of this installation; `python sample_data/generate.py` makes it")


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("curate_scorecard", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
