"""`curate explain`: why is row 4,711 gone?"""

from __future__ import annotations

from typing import Any

import click


@click.command("explain", epilog="\b\nExamples:\n  curate explain runs/tickets 4711\n"
               "  curate explain runs/tickets 9f86d081884c7d659a2feaa0c55ad015 --json")
@click.argument("run", type=click.Path())
@click.argument("row")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def explain_command(run: str, row: str, as_json: bool) -> int:
    """Say what happened to a row (0-based number, or row id in hex) and why: findings, decisions, witness."""
    import orjson

    from curate.explain import explain

    story = explain(run, row)
    if as_json:
        click.echo(orjson.dumps(story, option=orjson.OPT_INDENT_2).decode())
        return 0
    _print(story)
    return 0


def _print(story: dict[str, Any]) -> None:
    """`story` is masked already; nothing that a terminal obeys gets past this either."""
    from curate.privacy.preview import safe_text

    def say(line: str) -> None:
        click.echo(f"{'  ' if line.startswith(' ') else ''}{safe_text(line).strip()}")

    say(f"row {story['row']} (id {story['row_id']}): {story['outcome']}")
    say(f"  {story['preview']}")
    if not story["findings"]:
        say("  no stage found anything about it")
    for f in story["findings"]:
        place = f" in {f['field']}" if f["field"] else ""
        span = f" characters {f['start']}-{f['end']}" if f["start"] is not None else ""
        click.echo()
        say(f"{f['stage']} / {f['rule']}: {f['action']}{place}{span}, score {f['score']:.2f}")
        say(f"  {f['reason']}")
        say(f"  {f['status']}: {f['why']}")
        if f["replacement"] is not None:
            say(f"  puts {f['replacement']!r} there")
        if f["witness_row"] is not None:
            say(f"  justified by row {f['witness_row']}: {f['witness_preview']}")
        for d in f["decisions"]:
            who = d["actor"] or "someone"
            say(f"  {d['at']} {who}: {d['verdict']}{' - ' + d['why'] if d['why'] else ''}")
        for key, value in (f["evidence"] or {}).items():
            say(f"  {key}: {value}")
