"""`curate vectors`: a vector for each row, by an encoder on disk, for the stage `semantic_duplicates`."""

from __future__ import annotations

import click

from curate.cli.options import data_options, overrides, recipe_for


@click.command("vectors", epilog="\b\nExample:\n  curate vectors tickets.jsonl --model models/e5 --out vectors.parquet")
@click.argument("input_", metavar="INPUT", type=click.Path())
@click.option("--model", required=True, help="Folder of a transformers model; `bundled` is the small one of this package.")
@click.option("--out", required=True, type=click.Path(), help="The Parquet file to write.")
@data_options
def vectors_command(
    input_: str, model: str, out: str, task: str | None, role: tuple[str, ...], on_bad_row: str | None
) -> None:
    """Write a vector for each row of a file, made by an encoder that lies on this machine.

    Name the file under [stages.semantic_duplicates] vectors = "..." to find rows of nearly the same meaning.
    """
    from curate import workflow
    from curate.errors import ConfigError
    from curate.house import require
    from curate.stages.vectors import write_vectors

    if not out.endswith(".parquet"):
        raise ConfigError(f"--out {out}: the name must end in .parquet")
    workflow.trainer_present()
    dataset = workflow.read_input(recipe_for(input_).with_(**overrides(task, role, on_bad_row)))
    found = require("train.vectors").encode(dataset.content().to_pylist(), model)
    write_vectors(out, dataset, found)
    click.echo(f"{len(found):,} vectors of {found.shape[1]} numbers: {out}", err=True)
