"""`curate forget`: where a person's data stands, and what to do about each place."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.errors import EXIT_OK, EXIT_USAGE, ConfigError
from curate.words import plural

if TYPE_CHECKING:
    from curate.forget.places import Forgotten, RunPlaces
    from curate.privacy.subjects import Subject

_ROWS = 20


@click.command("forget", epilog="\b\nExamples:\n"
    "  curate forget jane.doe@example.org runs/tickets runs/tickets-2\n"
    "  curate forget - runs/* < identifiers.txt              nothing in the shell's history\n"
    "  curate forget --from identifiers.txt runs/tickets bench.index --json\n"
    "  curate forget --from identifiers.txt runs/tickets --drop-list forget.txt\n\n"
    "\b\nThen, so that no later run uses these rows:\n"
    "  [stages.erasure]\n"
    "  rows = \"forget.txt\"\n\n"
    "\b\nExit codes: 0 looked everywhere, whether or not anything was found; 2 something could not be read\n"
    "  (the input, a damaged file, a vault without its key), so the answer is not complete.")  # fmt: skip
@click.argument("args", metavar="[SUBJECT] RUN...", nargs=-1)
@click.option("--value", "values", multiple=True, help="A value of the person; may be given several times.")
@click.option("--from", "file", type=click.Path(), help="A file with one value a line; - reads standard input.")
@click.option("--region", default="US", show_default=True, help="Two-letter country of telephone numbers without a code.")
@click.option("--key", "key_file", type=click.Path(), help="Key file: opens vaults, and makes keyed hashes searchable.")
@click.option("--drop-list", type=click.Path(), help="Write the ids of the rows found, for [stages.erasure] of a recipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON on stdout.")
def forget_command(
    args: tuple[str, ...], values: tuple[str, ...], file: str | None, region: str, key_file: str | None,
    drop_list: str | None, as_json: bool,
) -> int:
    """Say where a person's data stands in runs and indexes, and what to do about each place.

    SUBJECT is a value of the person (an e-mail address, a telephone or account number, a name, a keyed hash), or - for
    one value a line on standard input; with --value or --from all arguments are runs or indexes. Values are looked for
    in any spelling, and never shown, kept or written.
    """
    from curate.dataset import atomic_write_text
    from curate.forget import forget
    from curate.privacy.keys import load_key

    subjects, paths = _asked(args, values, file, region)
    key = load_key(key_file) if key_file else None
    if any(subject.kind == "hash" for subject in subjects) and key is None:
        click.echo("a keyed hash alone is found where it stands; with --key also the values behind it", err=True)
    done = forget(subjects, paths, key=key, drop_list=drop_list, progress=lambda what: click.echo(what, err=True))
    if drop_list is not None:
        _write_list(Path(drop_list), done, atomic_write_text)
    if as_json:
        import orjson

        click.echo(orjson.dumps(done.to_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(done)
    if done.unreadable:
        click.echo("not everything could be looked into, so this answer is not complete", err=True)
    return EXIT_USAGE if done.unreadable else EXIT_OK


def _asked(
    args: tuple[str, ...], values: tuple[str, ...], file: str | None, region: str
) -> tuple[list[Subject], list[str]]:
    """The subjects and the paths. No message holds a value."""
    from curate.privacy.subjects import subjects_of

    if len(region) != 2 or not region.isalpha():
        raise ConfigError("--region: must be a two-letter country code such as US or DE")
    given, paths = list(values), list(args)
    if file is not None:
        given += _lines(file)
    elif not given:
        if not paths:
            raise ConfigError("say who and where: curate forget SUBJECT RUN")
        first = paths.pop(0)
        if (Path(first) / "manifest.json").is_file():
            raise ConfigError("the first argument is a run; give the SUBJECT before it, or --value or --from")
        given += _lines("-") if first == "-" else [first]
    if not paths:
        raise ConfigError("give at least one run or index to look into")
    try:
        subjects = subjects_of(given, region)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if not subjects:
        raise ConfigError("there is no value to look for")
    return subjects, paths


def _lines(file: str) -> list[str]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {(error.strerror or type(error).__name__).lower()}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8 text") from None
    return [line for line in text.splitlines() if line.strip()]


def _write_list(path: Path, done: Forgotten, write: object) -> None:
    """Add the rows found to a list; ids that stand there stay."""
    from curate.stages.erasure import read_list

    known = {row_id.hex() for row_id in read_list(path)} if path.exists() else set()
    ids = sorted(known | set(done.row_ids()))
    assert callable(write)
    write(path, "# Rows to forget, by id: rows = \"this file\" under [stages.erasure].\n" + "".join(f"{i}\n" for i in ids))
    click.echo(f"{path}: {plural(len(ids), 'row')}, {len(ids) - len(known):,} of them new", err=True)


def _print(done: Forgotten) -> None:
    from curate.safetext import safe_text

    for run in done.runs:
        rest = ", but not all of it could be read" if run.unreadable else ""
        click.echo(safe_text(f"{run.path}: {'found' if run.found else 'nothing found'}{rest}"))
        _print_run(run, lambda line: click.echo(f"  {safe_text(line)}"))
    click.echo("What to do")
    for line in done.todo:
        click.echo(f"  · {safe_text(line)}")
    click.echo("What this cannot see")
    for line in done.cannot_see:
        click.echo(f"  · {line}")


def _print_run(run: RunPlaces, say: object) -> None:
    assert callable(say)
    if run.problem:
        say(f"not compared: {run.problem}")
    if run.rows:
        say(f"input {run.input}: {plural(len(run.rows), 'row')}")
    for column in run.columns:
        say(f"input {run.input}: the name of {column}")
    for place in run.left_out[:_ROWS]:
        what = "a row that was left out" if place.row else "beside the rows"
        say(f"input {place.file}: line {place.line}, {what}")
    if len(run.left_out) > _ROWS:
        say(f"  and {len(run.left_out) - _ROWS:,} more; --json lists all")
    for hit in run.rows[:_ROWS]:
        found = "all of it found by the scan" if hit.found else "not all of it found by the scan"
        say(f"  row {hit.row} (line {hit.line}, id {hit.row_id}): {', '.join(hit.fields)}; {hit.outcome}; {found}")
    if len(run.rows) > _ROWS:
        say(f"  and {len(run.rows) - _ROWS:,} more; --json lists all")
    for file in run.files:
        say(f"file {file.file}: {file.hits:,} ({', '.join(file.where)})")
    for index in run.indexes:
        say(f"index {index.path}: {plural(index.items, 'item')}")
    for adapter in run.adapters:
        seeds = ", ".join(map(str, adapter.seeds))
        note = f"; {adapter.note}" if adapter.note else ""
        say(f"adapters train/{adapter.arm} (seeds {seeds}): {len(adapter.rows):,} of these rows trained them{note}")
    for unread in run.unread:
        say(f"{'could not be read' if unread.failed else 'not looked into'}: {unread.file}: {unread.why}")
