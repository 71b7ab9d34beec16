"""The line above the queue: what gives way where it is short."""

from __future__ import annotations

import io
import re
from typing import cast

import pytest
from rich.console import Console

from tui.notes import Line


@pytest.mark.parametrize("width", range(30, 110))
def test_a_short_line_above_the_queue_drops_whole_parts_from_its_end(width: int) -> None:
    parts = ("485 findings", "✓ 411 apply", "✓ 22 noted", "· 52 superseded", "what waits first")
    console = Console(width=width, file=io.StringIO())
    console.print(Line("Personal data", parts, 3))
    said = cast(io.StringIO, console.file).getvalue().rstrip("\n")
    told = tuple(re.split(r" {2,}", said))
    assert told == ("Personal data", *parts)[: len(told)]
    assert len(told) > 1
    longer = "  ".join(("Personal data", *parts)[: len(told) + 1])
    assert len(told) == len(parts) + 1 or len(longer) > width >= len(said)
