"""A name of the data on a terminal: it breaks where people would break it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions
    from rich.measure import Measurement

_PIECES = re.compile(r"[^_\-/.: ]*[_\-/.: ]*")


class Name:
    """A name of the data, which breaks behind a joint (`beta_|pilot`) before it breaks inside a word."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.measure import Measurement

        longest = max(map(len, _PIECES.findall(self.name)), default=0)
        return Measurement(min(longest, options.max_width), min(len(self.name), options.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Any]:
        from rich.text import Text

        lines = [""]
        for piece in _PIECES.findall(self.name):
            if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > options.max_width:
                lines.append("")
            lines[-1] += piece
        yield Text("\n".join(lines), overflow="fold")
