"""`curate index`: evaluation sets and earlier data, kept to compare with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from curate.cli.options import NamingGroup
from curate.cores import available_cores
from curate.words import plural, size

if TYPE_CHECKING:
    from curate.similarity.index import IndexInfo

json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")


@click.group("index", cls=NamingGroup, epilog="\b\nExamples:\n"
             "  curate index build bench.index gsm8k_test.jsonl humaneval.jsonl\n"
             "  curate dedup train.jsonl --against bench.index")
def index_command() -> None:
    """Keep evaluation sets or earlier data to compare with: hashes only, no text."""


@index_command.command("build", epilog="\b\nExample:\n  curate index build bench.index gsm8k_test.jsonl humaneval.jsonl")
@click.argument("index", type=click.Path())
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--similarity", type=click.FloatRange(0, 1, min_open=True), default=0.8, show_default=True,
              help="Jaccard similarity from which lookups must find near-duplicates.")
@json_option
def build(index: str, files: tuple[str, ...], similarity: float, as_json: bool) -> None:
    """Make a new index of data files."""
    from curate.similarity.index import Index, IndexConfig
    from curate.stages.against import read_items

    config = IndexConfig(similarity=similarity)
    made = [read_items(file, config, available_cores()) for file in files]  # all are read before anything is written
    target = Index.create(index, config)
    for file, items in zip(files, made, strict=True):
        _say_added(file, len(items), target.add(items), as_json)
    _show(target.info(), as_json)


@index_command.command("add", epilog="\b\nExample:\n  curate index add bench.index mbpp.jsonl")
@click.argument("index", type=click.Path())
@click.argument("files", nargs=-1, required=True, type=click.Path())
@json_option
def add(index: str, files: tuple[str, ...], as_json: bool) -> None:
    """Add files to an index; one that is in it already changes nothing."""
    from curate.similarity.index import Index
    from curate.stages.against import read_items

    target = Index(index)
    for file in files:
        items = read_items(file, target.config, available_cores())
        _say_added(file, len(items), target.add(items), as_json)
    _show(target.info(), as_json)


@index_command.command("merge", epilog="\b\nExample:\n  curate index merge all.index january.index february.index")
@click.argument("index", type=click.Path())
@click.argument("others", nargs=-1, required=True, type=click.Path())
@json_option
def merge(index: str, others: tuple[str, ...], as_json: bool) -> None:
    """Add OTHERS to an index, which is made where there is none.

    The order does not matter.
    """
    from curate.similarity.index import Index, is_index

    sources = [Index(other) for other in others]
    target = Index(index) if is_index(index) else Index.create(index, sources[0].config)
    new = target.merge(sources)
    if not as_json:
        click.echo(f"{new} of {sum(len(s.info().segments) for s in sources)} segments were new", err=True)
    _show(target.info(), as_json)


@index_command.command("info", epilog="\b\nExample:\n  curate index info bench.index")
@click.argument("index", type=click.Path())
@click.option("--check", is_flag=True, help="Read every segment and check that it is what was written.")
@json_option
def info(index: str, check: bool, as_json: bool) -> None:
    """Say what an index holds."""
    from curate.similarity.index import Index

    opened = Index(index)
    if check:
        opened.items()
        click.echo("every segment is what was written", err=True)
    _show(opened.info(), as_json)


def _say_added(file: str, items: int, new: bool, as_json: bool) -> None:
    if not as_json:
        from curate.safetext import safe_text

        said = f"{items:,} items" if new else "nothing new, it is in the index already"
        click.echo(f"{safe_text(file)}: {said}", err=True)


def _show(about: IndexInfo, as_json: bool) -> None:
    from dataclasses import asdict

    import orjson

    from curate.safetext import safe_text

    numbers: dict[str, Any] = {
        "items": about.items,
        "size_bytes": about.size_bytes,
        "segments": len(about.segments),
        "digest": about.digest,
        **asdict(about.config),
        "sources": about.sources,
    }
    if as_json:
        click.echo(orjson.dumps(numbers, option=orjson.OPT_INDENT_2).decode())
        return
    for name, items in about.sources.items():
        click.echo(f"{items:>12,}  {safe_text(name)}")
    click.echo(f"{about.items:>12,}  items in {plural(len(about.segments), 'segment')}, {size(about.size_bytes)}; "
               f"near-duplicates from {about.config.similarity:g}")
