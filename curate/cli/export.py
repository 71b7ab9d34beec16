"""`curate export`: curated data ready to publish or to train on elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from curate.cli.options import Choice

TRAINERS = ("trl", "axolotl", "llamafactory")


@click.command("export", epilog="\b\nExamples:\n"
    "  curate export runs/answers --out answers-v2\n"
    "  curate export runs/answers --out answers-v2 --for axolotl --base meta-llama/Llama-3.2-1B\n\n"
    "\b\nWrites:\n"
    "  data/<split>.jsonl   the curated rows, one plain shape a task\n"
    "  README.md            a dataset card for the Hugging Face hub, with a data sheet\n"
    "  croissant.json       Croissant metadata\n"
    "  trl.yaml, axolotl.yaml, llamafactory/   configurations that read data/")  # fmt: skip
@click.argument("run", type=click.Path())
@click.option("--out", type=click.Path(), required=True, help="Folder to write; it must be new or empty.")
@click.option("--for", "trainers", type=Choice(TRAINERS), multiple=True,
              help="Trainer to write a configuration for; may be repeated (default: all that train the task).")  # fmt: skip
@click.option("--base", help="Base model that the configurations name (default: the recipe's own).")
@click.option("--name", help="Name of the dataset (default: that of the folder).")
def export_command(run: str, out: str, trainers: tuple[str, ...], base: str | None, name: str | None) -> int:
    """Write a run's curated data as a folder to publish, with a card and configurations for other trainers."""
    from curate import exporting
    from curate.rundir import RunDir

    written = exporting.export(
        RunDir.open(run), Path(out), trainers=trainers or TRAINERS, base=base, name=name or Path(out).resolve().name
    )
    for path, what in written.files.items():
        click.echo(f"{path:<34} {what}")
    for note in written.notes:
        click.echo(note, err=True)
    return 0
