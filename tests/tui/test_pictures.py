"""Pictures of the screens in the smallest terminal, held against those that were looked at; no blinking, no time of day.

    pytest tests/tui/test_pictures.py --snapshot-update      after looking at what has changed
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.image import SVGImageSnapshotExtension

from tests.tui.conftest import CARD, SECRET, Drive

STEPS = {"duplicates": (), "pii": (), "labels": ("g", "g"), "bulk": ("A",), "help": ("question_mark",)}
HOME = {"bulk": "labels", "help": "duplicates"}


@pytest.mark.parametrize("size", [(80, 24)], ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("name", STEPS)
async def test_a_screen_looks_as_it_was_looked_at(
    name: str, size: tuple[int, int], run: Path, drive: Drive, snapshot: SnapshotAssertion
) -> None:
    async with drive(run, size=size) as d:
        await d.panel(HOME.get(name, name))
        await d.press(*STEPS[name])
        await d.until(lambda: d.app.desk.gate is not None, "the gate")
        await d.settle()
        picture = plain(d.app.export_screenshot(title="curate tui", simplify=True))
    assert SECRET not in picture
    assert CARD.replace(" ", "&#160;") not in picture
    assert picture == snapshot(extension_class=SVGImageSnapshotExtension)


def plain(svg: str) -> Any:
    """Without the web font that the exporter names: pictures fetch nothing."""
    return re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)
