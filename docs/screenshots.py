"""Pictures of the terminal interface for the documentation: `python docs/screenshots.py [RUN]`.

Without a run, the stages are run on the sample data first, in a temporary folder. The pictures of training need a run
that has been trained (`curate run sample_data/support_tickets.jsonl`); without one they are left as they are. The
pictures name no font to fetch and hold no personal data; the same run gives the same pictures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from curate import workflow
from tui.app import CurateApp
from tui.guide import GuideScreen
from tui.opening import OpenScreen

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample_data" / "support_tickets.jsonl"
IMAGES = ROOT / "docs" / "img"
SIZE = (120, 36)
PANELS = ("duplicates", "labels", "pii", "report")
PATIENCE_SECONDS = 300.0
SETTLE_SECONDS = 0.7


async def screen_of(pilot: Pilot[int], kind: type[Screen[None]]) -> None:
    """Wait until a screen is up and has drawn what it reads in threads."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not isinstance(pilot.app.screen, kind):
        if time.monotonic() > until:
            raise TimeoutError(f"{kind.__name__} never came up")
        await pilot.pause(0.1)
    await pilot.pause(SETTLE_SECONDS)


async def until(pilot: Pilot[int], done: Callable[[], bool]) -> None:
    """Wait for something to become true, and for what follows to be drawn."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > give_up:
            raise TimeoutError("a screen never came up")
        await pilot.pause(0.1)
    await pilot.pause(SETTLE_SECONDS)


async def save(pilot: Pilot[int], name: str) -> None:
    """Write what is on the screen, without the web font that the exporter names."""
    await until(pilot, lambda: any(screen.query("FooterKey") for screen in pilot.app.screen_stack))
    svg = pilot.app.export_screenshot(title="curate tui", simplify=True)
    svg = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)
    (IMAGES / f"tui-{name}.svg").write_text(svg)
    print(f"docs/img/tui-{name}.svg")


async def opening() -> None:
    """What is made of a file at first sight."""
    app = CurateApp()
    async with app.run_test(size=SIZE) as pilot:
        await screen_of(pilot, OpenScreen)
        app.screen.query_one(Input).cursor_blink = False
        await pilot.press(*"tickets.jsonl")
        await pilot.pause(SETTLE_SECONDS)
        await pilot.press("enter")
        await screen_of(pilot, GuideScreen)
        await until(pilot, lambda: bool(app.screen.query("#guide-go")))
        await save(pilot, "guide")


async def browsing(run: Path) -> None:
    """Every panel with its evidence, the previews and helps on top, and training where there is something to see."""
    app = CurateApp(str(run))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.has_desk and app.desk.gate is not None)
        for mode in PANELS:
            app.go(mode)
            await pilot.pause(2 * SETTLE_SECONDS)
            await save(pilot, mode)
        app.go("labels")
        await pilot.pause(SETTLE_SECONDS)
        for name, key in (("threshold", "t"), ("bulk", "A")):
            await pilot.press(key)
            await pilot.pause(2 * SETTLE_SECONDS)
            await save(pilot, name)
            await pilot.press("escape")
            await pilot.pause(SETTLE_SECONDS)
        if (run / "ablation.json").is_file():
            for mode, name in (("train", "training"), ("ablation", "ablation")):
                app.go(mode)
                await pilot.pause(3 * SETTLE_SECONDS)
                await save(pilot, name)


def main() -> None:
    """Make the run if need be, then the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path, help="a run of the sample data to show")
    given = parser.parse_args().run
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(SAMPLE, Path(folder) / "tickets.jsonl")
        run = Path(folder) / "runs" / "tickets"
        os.chdir(folder)
        asyncio.run(opening())
        if given is not None:
            shutil.copytree(ROOT / given, run)
            manifest = json.loads((run / "manifest.json").read_text())
            for place, key in ((manifest["input"], "path"), (manifest["recipe"]["data"], "input")):
                place[key] = "tickets.jsonl"  # the same rows, under a name that is nobody's
            (run / "manifest.json").write_text(json.dumps(manifest))
        if given is None:
            workflow.run("tickets.jsonl", train=False)
        asyncio.run(browsing(Path("runs") / "tickets"))
        os.chdir(ROOT)


if __name__ == "__main__":
    main()
