"""`curate diff`: what changed between two runs."""

from __future__ import annotations

from typing import Any

import click


@click.command("diff", epilog="\b\nExamples:\n  curate diff runs/may runs/june\n  curate diff runs/may runs/june --json")
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def diff_command(old: str, new: str, as_json: bool) -> int:
    """Rows, findings, decisions and settings that differ between two runs; rows are matched by id, not by place."""
    import orjson

    from curate.diff import diff

    found = diff(old, new)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    else:
        for line in _lines(found):
            click.echo(line)
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    from curate.cli.explain import said_of
    from curate.words import plural

    rows, outcome, decisions = found["rows"], found["outcome"], found["decisions"]
    lines = [
        f"rows: {rows['shared']:,} shared, {_listed(rows['gone'], 'gone')}, {_listed(rows['added'], 'added')}",
        f"of the shared rows: {_listed(outcome['now_removed'], 'now removed')}, {_listed(outcome['now_kept'], 'now kept')}",
    ]
    lines += found["affected"]
    for stage, n in found["findings"].items():
        lines.append(f"{stage}: {plural(n['shared'], 'finding')} shared, {n['gone']:,} gone, {n['new']:,} new")
    lines += [f"{plural(n, 'shared finding')} went {change}" for change, n in found["status"].items()]
    lines.append(f"decisions: {decisions['gone']:,} gone, {decisions['new']:,} new, {decisions['changed']:,} changed")
    lines += [f"setting {name}: {said_of(old)} -> {said_of(new)}" for name, (old, new) in found["settings"].items()]
    return lines


def _listed(some: dict[str, Any], word: str) -> str:
    """`3 gone (rows 4, 7, 9)`."""
    if not some["count"]:
        return f"none {word}"
    shown = ", ".join(map(str, some["rows"][:5])) + (", …" if some["count"] > 5 else "")
    return f"{some['count']:,} {word} (row{'s' if some['count'] > 1 else ''} {shown})"
