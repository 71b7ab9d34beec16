"""`curate vault`: keys, and data turned back."""

from __future__ import annotations

import click

from curate.cli.options import NamingGroup
from curate.words import plural


@click.group("vault", cls=NamingGroup, epilog="\b\nExamples:\n  curate vault key curate.key\n"
             "  curate vault restore runs/tickets --key curate.key --out restored.jsonl")  # fmt: skip
def vault_command() -> None:
    """Make key files, and put back what the operator `vault` took out."""


@vault_command.command("key", epilog="\b\nExample:\n  curate vault key curate.key")
@click.argument("file", type=click.Path())
def key(file: str) -> None:
    """Write a new key file that only you can read.

    A file that exists is not replaced. Keep the key apart from the data: who has both has the values. A lost key cannot be
    made again.
    """
    from curate.cli.options import shell_path
    from curate.privacy.keys import fingerprint, load_key, make_key

    made = make_key(file)
    named = fingerprint(load_key(made))
    click.echo(f"wrote {shell_path(made)} (fingerprint {named}); keep it apart from the data", err=True)


@vault_command.command("restore", epilog="\b\nExample:\n"
    "  curate vault restore runs/tickets --key curate.key --out restored.jsonl")  # fmt: skip
@click.argument("run", type=click.Path())
@click.option("--key", "key_file", required=True, type=click.Path(), help="The key file that the run was made with.")
@click.option("--out", type=click.Path(), help="Where to write (default: RUN.restored.<format>, beside the run).")
def restore(run: str, key_file: str, out: str | None) -> None:
    """Write RUN's curated data with every value of its vault put back.

    The file is readable by you only. Rows that the run dropped stay dropped.
    """
    from curate.cli.options import shell_path
    from curate.vaulting import restore as put_back

    done = put_back(run, key_file, out)
    same = "; it is the input to the byte" if done.identical else ""
    click.echo(f"wrote {shell_path(done.path)}: values put back in {plural(done.rows, 'row')}{same}", err=True)
