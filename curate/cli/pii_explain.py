"""`curate pii-explain`: why one text holds personal data, or why not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli.narrate import Narrator
from curate.cli.options import json_option
from curate.words import plural

if TYPE_CHECKING:
    from curate.privacy.explain import Story


@click.command("pii-explain", epilog="\b\nExamples:\n  curate pii-explain 'call me at 212-555-0134'\n"
               "  curate pii-explain --file ticket.txt --json\n  pbpaste | curate pii-explain -\n"
               "  curate pii-explain --column ssn 219099999\n  curate pii-explain --names 'Yours, Jane Miller'\n"
               "  curate pii-explain --region DE --show-raw 'Tel. 030 1234567'")
@click.argument("text", required=False)
@click.option("--file", type=click.Path(), help="Read the text from a file.")
@click.option("--column", default="", metavar="NAME", help="The column or key that the text stands under.")
@click.option("--region", default="US", metavar="CC", help="Country whose telephone formats need no more evidence.")
@click.option("--names", is_flag=True, help="Look for names, places, organisations and street addresses as well.")
@click.option("--show-raw", "--reveal", is_flag=True, help="Show the text as it is; by default it is masked, for logs.")
@json_option
def pii_explain_command(
    text: str | None, file: str | None, column: str, region: str, names: bool, show_raw: bool, as_json: bool
) -> int:
    """Every candidate in TEXT (or - for standard input): what proposed it, checks, words nearby, scores, overlaps.

    The text is shown masked and values by their shape (999-99-9999), because a terminal's output may land in a log;
    --show-raw shows them.
    """
    import orjson

    from curate.errors import ConfigError
    from curate.house import arrow_without_pandas, numba_alone

    arrow_without_pandas()
    numba_alone()
    from curate.privacy import ScanConfig, installed_recognizers
    from curate.privacy.explain import explain_text
    from curate.privacy.types import ALL, NAMES

    if (text is None) == (file is None):
        raise ConfigError("give a TEXT, - for standard input, or --file PATH")
    given = _read(text, file)
    with Narrator().working("scanner"):
        types = ALL if names else NAMES
        config = ScanConfig(default_region=region, types=types, recognizers=installed_recognizers())
        story = explain_text(given, config, column)
    if as_json:
        click.echo(orjson.dumps(_plain(story, given if show_raw else None), option=orjson.OPT_INDENT_2).decode())
        return 0
    _print(story, given if show_raw else None)
    if not names:
        _say_names(story.flagged)
    return 0


def _read(text: str | None, file: str | None) -> str:
    """The text; lone surrogates, which no file can hold, become U+FFFD one for one."""
    import re

    from curate.errors import DataError

    try:
        if file is not None:
            given = Path(file).read_text(encoding="utf-8")
        elif text == "-":
            given = sys.stdin.buffer.read().decode("utf-8")
        else:
            given = text or ""
    except UnicodeDecodeError as error:
        raise DataError(f"{file or 'standard input'}: not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {type(error).__name__}") from error
    return re.sub("[\ud800-\udfff]", "\ufffd", given)


def _say_names(flagged: list[dict[str, Any]]) -> None:
    """Names are another question: what a run would flag although nothing is told of it here."""
    click.echo("\nnames, places, organisations and street addresses are not looked for without --names")
    for one in flagged:
        click.echo(f"  {one['start']}-{one['end']}  {one['type']}, score {one['score']:.2f}: "
                   "a run flags it (names = \"flag\"); --names tells why")  # fmt: skip


def _plain(story: Story, raw: str | None) -> dict[str, Any]:
    from dataclasses import asdict

    out: dict[str, Any] = {"schema_version": 1, **asdict(story)}
    if raw is not None:
        out["text"] = raw
        for told in out["candidates"]:
            told["value"] = raw[told["start"] : told["end"]]
    return out


def _print(story: Story, raw: str | None) -> None:
    from curate.safetext import safe_text

    def say(line: str, depth: int = 0) -> None:
        click.echo("  " * depth + safe_text(line))

    say(f"text: {story.masked}{' …' if story.unread or story.unnamed else ''}" if raw is None else f"text: {raw}")
    say(f"{plural(len(story.candidates), 'candidate')}, {len(story.found)} found")
    for told in story.candidates:
        click.echo()
        value = told.shape if raw is None else raw[told.start : told.end]
        say(f"{told.start}-{told.end}  {value}")
        say(f"proposed by: {told.rule}", 1)
        for word in told.words:
            say(f"word nearby: {word['word']} at {word['start']}-{word['end']} speaks of {', '.join(word['of'])}", 1)  # type: ignore[arg-type]
        for note in told.notes:
            say(f"seen: {note}", 1)
        if not told.verdicts:
            say("no recogniser accepts it", 1)
        for v in told.verdicts:
            which = v.type if v.kind == v.type.lower() else f"{v.type} ({v.kind})"
            checks = f", passes {', '.join(v.checks)}" if v.checks else ""
            around = round(v.score - v.alone, 2) + 0.0  # never minus nothing
            say(f"{which} at {v.start}-{v.end}: score {v.score:.2f} "
                f"({v.alone:.2f} by itself, {around:+.2f} from what stands around it){checks}", 1)  # fmt: skip
            say(v.outcome, 2)
    if story.left_out:
        click.echo(f"\n{plural(story.left_out, 'candidate')} behind these left out")
    if story.unread:
        click.echo(f"\n{plural(story.unread, 'character')} behind these not read: explain a part of the text")
    if story.unnamed:
        click.echo(f"\npeople and addresses are not looked for in the last {plural(story.unnamed, 'character')}")
