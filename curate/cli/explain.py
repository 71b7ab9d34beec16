"""`curate explain`: why is row 4,711 gone?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from curate.words import plural

SHOWN = 20
SHOWN_DIGITS = 16
"""Of the id of a finding: `curate decide` takes as many."""


@click.command("explain", epilog="\b\nExamples:\n  curate explain runs/tickets 85\n"
               "  curate explain runs/tickets tickets.jsonl:86         the same row, by its line\n"
               "  curate explain runs/tickets ticket_id=T-101107       by a column of yours\n"
               "  curate explain runs/tickets 9f86d081884c7d659a2feaa0c55ad015 --json\n"
               "  curate explain runs/tickets --stage near_duplicates --limit 50")
@click.argument("run", type=click.Path())
@click.argument("row", required=False)
@click.option("--stage", help="Without ROW: only rows that this stage removed.")
@click.option("--limit", type=click.IntRange(0), default=SHOWN, metavar="N",
              help=f"How many removed rows are listed, or findings of one rule about ROW told; 0: all (default: {SHOWN}).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def explain_command(run: str, row: str | None, stage: str | None, limit: int, as_json: bool) -> int:
    """Say what happened to a row and why: findings, decisions, witness.

    ROW is its number (from 0), its row id, FILE:LINE, COLUMN=VALUE, or a value that no other row holds beside its content
    (an id of your own). Without ROW, list the rows that were removed.
    """
    import orjson

    from curate.errors import ConfigError
    from curate.explain import explain, removed

    if row is None:
        rows = removed(run, stage)
        shown = rows[: limit or None]
        if as_json:
            click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
        else:
            _list(rows, shown, run)
        return 0
    if stage is not None:
        raise ConfigError("--stage lists removed rows; it cannot stand beside a ROW")
    story = explain(run, row)
    if as_json:
        click.echo(orjson.dumps(story, option=orjson.OPT_INDENT_2).decode())
        return 0
    _print(story, limit)
    return 0


def _list(rows: list[dict[str, Any]], shown: list[dict[str, Any]], run: str) -> None:
    from collections import Counter

    from curate.cli.options import shell_path
    from curate.safetext import safe_text

    if not rows:
        click.echo("no row was removed")
        return
    by_stage = ", ".join(f"{name} {n:,}" for name, n in Counter(row["stage"] for row in rows).most_common())
    listed = "" if len(shown) == len(rows) else f"; the first {len(shown):,} are listed, --limit 0 lists all"
    click.echo(safe_text(f"{plural(len(rows), 'row')} removed ({by_stage}){listed}"))
    for row in shown:
        because = "" if row["witness_row"] is None else f", kept: row {row['witness_row']}"
        click.echo(safe_text(f"row {row['row']}: {row['stage']} / {row['rule']}{because}"))
        click.echo(f"  {safe_text(row['preview'] or '')}")
    click.echo(f"why: curate explain {shell_path(Path(run))} {shown[0]['row'] if shown else 'ROW'}", err=True)


def _print(story: dict[str, Any], limit: int) -> None:
    """`story` is masked already; nothing that a terminal obeys gets past this either. Of one rule's findings with one
    outcome `limit` are told, 0: all."""
    from collections import Counter

    from curate.safetext import safe_text

    def say(line: str) -> None:
        click.echo(f"{'  ' if line.startswith(' ') else ''}{safe_text(line).strip()}")

    counted = story["counted"]
    say(f"row {story['row']} ({counted} {story['line']} of {story['file']}, id {story['row_id']}): {story['outcome']}")
    say(f"  {story['preview'] or '(no text)'}")
    for name, value in story["given"].items():
        say(f"  {name}: {value}")
    if others := story["stands_for"]:
        named = ", ".join(map(str, others[:SHOWN])) + (", …" if len(others) > SHOWN else "")
        say(f"  stays in the place of {plural(len(others), 'removed row')}: {named}")
    elif not story["findings"]:
        say("  no stage found anything about it")
    told: Counter[tuple[str, ...]] = Counter()
    for f in story["findings"]:
        told[alike := (f["stage"], f["rule"], f["action"], f["status"])] += 1
        if limit and told[alike] > limit:
            continue
        place = f" in {f['field']}" if f["field"] else ""
        span = f" characters {f['start']}-{f['end']}" if f["start"] is not None else ""
        click.echo()
        say(f"{f['stage']} / {f['rule']}: {f['action']}{place}{span}, score {f['score']:.2f}")
        say(f"  {f['reason']}")
        noted = f["why"].startswith("noted: ")
        say(f"  {f['why']}" if noted else f"  {f['status']}: {f['why']}")
        if f["about"]:
            say(f"  about: {f['about']}")
        if f["was"] is not None and f["replacement"] is not None:
            say(f"  puts {f['replacement']!r} in place of {f['was']!r}")
        elif f["replacement"] is not None:
            say(f"  puts {f['replacement']!r} there" if f["replacement"] else "  takes that text out")
        if f["witness_row"] is not None:
            elsewhere = "" if f["witness_file"] == story["file"] else f" of {f['witness_file']}"
            say(f"  justified by row {f['witness_row']} ({counted} {f['witness_line']}{elsewhere}): {f['witness_preview']}")
        matched = f["evidence"] or {}
        if "set" in matched and "item" in matched:
            inside = f" of the index {matched['index']}" if "index" in matched else ""
            say(f"  matches item {matched['item']} of {matched['set']}{inside} (counted from 0)")
        for d in f["decisions"]:
            who = d["actor"] or "someone"
            say(f"  {d['at']} {who}: {d['verdict']}{' - ' + d['why'] if d['why'] else ''}")
        for key, value in (f["evidence"] or {}).items():
            say(f"  {key.replace('_', ' ')}: {said_of(value)}")
        say(f"  finding {f['finding_id'][:SHOWN_DIGITS]}")
    more = {alike: n - limit for alike, n in told.items() if limit and n > limit}
    for (stage, rule, action, status), n in more.items():
        click.echo()
        say(f"{stage} / {rule}: {action}, {status}: {n:,} more like these; --limit 0 tells all")


def said_of(value: Any) -> str:
    """A JSON value as words: pairs and objects as `name number`, rows by their number."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        rest = ", ".join(f"{key.replace('_', ' ')} {said_of(item)}" for key, item in value.items() if key != "row")
        return f"row {value['row']} ({rest})" if "row" in value else rest
    if isinstance(value, list):
        pair = len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int | float)
        return (" " if pair else ", ").join(map(said_of, value)) or "none"
    return str(value)
