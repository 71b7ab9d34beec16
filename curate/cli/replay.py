"""`curate replay`: does the same input still give the same bytes?"""

from __future__ import annotations

import click

from curate.cli.narrate import Narrator
from curate.cli.options import quiet_option
from curate.errors import EXIT_GATE_FAILED, EXIT_OK


@click.command("replay", epilog="\b\nExample:\n  curate replay runs/tickets\n\n"
    "\b\nExit codes: 0 every file has the same bytes, 1 some differ, 2 run, input or key cannot be read.")  # fmt: skip
@click.argument("run", type=click.Path())
@click.option("--key", "key_file", type=click.Path(), help="Where the key file that the run was made with lies now.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
@quiet_option
def replay_command(run: str, key_file: str | None, as_json: bool, quiet: bool) -> int:
    """Run a run again from its manifest and decisions, without training, and compare every file to the byte."""
    import orjson

    from curate.replay import replay
    from curate.words import plural

    found = replay(run, Narrator(quiet or as_json).stage, key_file=key_file)
    if as_json:
        body = {
            "run": str(found.run), "same": found.same, "identical": found.identical, "different": found.different,
            "changed_versions": found.changed_versions, "decided_since": found.decided_since,
        }  # fmt: skip
        click.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    else:
        for name in found.different:
            click.echo(f"differs: {name}")
        for name, (then, now) in found.changed_versions.items():
            click.echo(f"version: {name} was {then or 'absent'}, is {now or 'absent'}")
        many = len(found.identical)
        same = f"{many} files have the same bytes as when {found.run} was made"
        click.echo(same if found.same else f"{len(found.different)} files differ, {many} are the same")
        if found.decided_since:
            since = plural(found.decided_since, "decision")
            click.echo(f"{since} taken since then and left out: `curate apply RUN` writes the data under all of them")
    return EXIT_OK if found.same else EXIT_GATE_FAILED
