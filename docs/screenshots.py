"""Pictures of the terminal interface for the documentation: `python docs/screenshots.py [RUN] [--no-train]`.

Without a run, the sample data is curated and trained on first, as `curate demo` does it, in a temporary folder (four
minutes on two quiet cores). A run that is given must be of this version and its verdict of the plan in force, else nothing
is drawn: pictures of a verdict that says it is out of date help nobody. `--no-train` leaves the pictures of training as
they are. The pictures name no font to fetch and hold no personal data; the same run gives the same pictures.
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
from textual.widgets import Input, OptionList

from curate import workflow
from curate.cli.demo import DEMO_TRAINING
from curate.recipe import Recipe
from tui.app import CurateApp
from tui.batch import BatchScreen
from tui.guide import GuideScreen
from tui.opening import OpenScreen

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample_data" / "support_tickets.jsonl"
IMAGES = ROOT / "docs" / "img"
SIZE = (120, 36)
PANELS = ("duplicates", "labels", "pii", "report")
PATIENCE_SECONDS = 1200.0
SETTLE_SECONDS = 0.7
ENDLESS = ("watch", "_loader")
"""Groups of workers that do not end: one follows the files of training, one those of a folder."""


async def settled(pilot: Pilot[int]) -> None:
    """Wait until nothing is worked out in threads any more, on a busy machine too, and it is drawn."""
    quiet, give_up = 0, time.monotonic() + PATIENCE_SECONDS
    while quiet < 3:
        if time.monotonic() > give_up:
            raise TimeoutError("a screen never came to rest")
        await pilot.pause(SETTLE_SECONDS / 3)
        busy = [w for w in pilot.app.workers if w.group not in ENDLESS and not w.is_finished]
        quiet = 0 if busy else quiet + 1


async def screen_of(pilot: Pilot[int], kind: type[Screen[None]]) -> None:
    """Wait until a screen is up and has drawn what it reads in threads."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not isinstance(pilot.app.screen, kind):
        if time.monotonic() > until:
            raise TimeoutError(f"{kind.__name__} never came up")
        await pilot.pause(0.1)
    await settled(pilot)


async def until(pilot: Pilot[int], done: Callable[[], bool]) -> None:
    """Wait for something to become true, and for what follows to be drawn."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > give_up:
            raise TimeoutError("a screen never came up")
        await pilot.pause(0.1)
    await settled(pilot)


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
        await settled(pilot)
        await pilot.press("enter")
        await screen_of(pilot, GuideScreen)
        await until(pilot, lambda: bool(app.screen.query("#guide-go")))
        await save(pilot, "guide")


async def browsing(run: Path) -> None:
    """Every panel with its evidence, the previews and helps on top, and training where there is something to see."""
    app = CurateApp(str(run))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.has_desk and app.desk.gate is not None)
        verdict = run / "ablation.json"
        if verdict.is_file() and json.loads(verdict.read_bytes()).get("plan_hash") != app.desk.session.plan_hash():
            raise SystemExit("the verdict of this run is of another plan: `curate ablate RUN` first, or leave RUN out")
        for mode in PANELS:
            app.go(mode)
            await settled(pilot)
            await save(pilot, mode)
        app.go("labels")
        await settled(pilot)
        for name, key in (("threshold", "t"), ("bulk", "A"), ("review", "r")):
            await pilot.press(key)
            await settled(pilot)
            await save(pilot, name)
            await pilot.press("escape")
            await settled(pilot)
        if verdict.is_file():
            for mode, name in (("train", "training"), ("ablation", "ablation")):
                app.go(mode)
                await until(pilot, lambda: app.screen.watched is not None and app.screen.watched.result is not None)
                await save(pilot, name)
            await pilot.press("d")
            await screen_of(pilot, BatchScreen)
            await until(pilot, lambda: app.screen.query_one("#batch-rows", OptionList).option_count > 0)
            await save(pilot, "rows")


def main() -> None:
    """Make the run if need be, then the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path, help="a run of the sample data to show")
    parser.add_argument("--no-train", action="store_true", help="leave the pictures of training as they are")
    asked = parser.parse_args()
    given = asked.run
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
            recipe = Recipe.parse({"data": {"input": "tickets.jsonl"}, "train": DEMO_TRAINING})
            workflow.run(recipe, out=run, train=not asked.no_train)
        asyncio.run(browsing(Path("runs") / "tickets"))
        os.chdir(ROOT)


if __name__ == "__main__":
    main()
