"""The command line of a benchmark that is made of named parts: which to run, and what `--help` says."""

from __future__ import annotations

import argparse
from collections.abc import Iterable


def command(doc: str | None) -> argparse.ArgumentParser:
    """A parser that shows a script's docstring as it stands."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def with_parts(parser: argparse.ArgumentParser, names: Iterable[str]) -> argparse.Namespace:
    """What was asked for; `parts` is all of `names` where none is given, and another name ends the command."""
    known = list(names)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(known)}; all unless given")
    arguments = parser.parse_args()
    for part in arguments.parts:
        if part not in known:
            parser.error(f"there is no part {part!r}; known: {', '.join(known)}")
    arguments.parts = arguments.parts or known
    return arguments
