"""A small run, made once by the real pipeline, and an app that is driven by keys alone."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("textual")

import textual._wait
from textual.pilot import Pilot
from textual.screen import Screen
from textual.worker import WorkerCancelled

from curate import workflow
from curate.recipe import Recipe
from tui import keymap
from tui.app import CurateApp
from tui.panels import PANELS

STAGES = ["exact_duplicates", "near_duplicates", "pii", "label_issues", "label_names"]
INTENTS = {
    "refund": ["money back for the broken lamp", "return my payment for the late order", "refund the second charge"],
    "delivery": ["where is my parcel today", "the courier never came with the box", "track the shipment to my flat"],
    "account": ["cannot log in with my password", "change the name on my profile", "close my account please"],
}
OPENINGS = ["hello", "good morning", "hi there", "please help", "urgent", "dear team", "quick question", "again"]
ENDINGS = ["thanks", "regards", "as soon as you can", "since monday", "it is the third time", "much appreciated"]
SECRET = "olga.petrova@mail.example.org"
HOSTILE = "[bold red]boo[/] [/nope] \x1b[31mred\x1b[0m \x1b]0;title\x07 \u202eevil\u202c nul\x00 [link=x]y" + " wide" * 60
CARD = "4111 1111 1111 1111"
textual._wait.SLEEP_GRANULARITY = 0.005  # a pilot looks that often whether the app is idle: at 20 ms tests mostly slept
textual._wait.SLEEP_IDLE = textual._wait.SLEEP_GRANULARITY / 20  # the library's own share
ENDING = ("decide", "evidence", "write", "start", "queue", "gate")
"""Groups of workers that end by themselves."""


def rows(n: int = 150, seed: int = 3) -> list[dict[str, Any]]:
    """Tickets with exact copies, near copies, personal data, wrong labels, and texts made to harm a terminal."""
    rng = random.Random(seed)
    out: list[dict[str, Any]] = []
    for i in range(n):
        intent = rng.choice(list(INTENTS))
        text = f"{rng.choice(OPENINGS)}, {rng.choice(INTENTS[intent])}, order {rng.randrange(10**5)}, {rng.choice(ENDINGS)}"
        if i % 15 == 0:
            text += f" write to {SECRET}"
        given = rng.choice([k for k in INTENTS if k != intent]) if i % 9 == 4 else intent
        out.append({"text": text, "intent": given})
    out[7]["intent"] = "Refund "
    out.append({"text": f"{HOSTILE} card {CARD}", "intent": "refund"})
    out.append({"text": f"{HOSTILE} card {CARD}", "intent": "refund"})
    return [*out, *(dict(out[k]) for k in range(1, n, 25)), {"text": out[2]["text"].upper(), "intent": out[2]["intent"]}]


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    """Records as JSON Lines."""
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    return path


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's settings but the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("tui.behind.GATE_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("tui.behind.READY_PAUSE_SECONDS", 3600.0)  # panels are made when they are gone to
    keymap.use({})


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tickets.jsonl`, a recipe and the run they give."""
    folder = tmp_path_factory.mktemp("made")
    write(folder / "tickets.jsonl", rows())
    recipe = folder / "five.toml"
    recipe.write_text(
        f"[data]\ninput = '{folder}/tickets.jsonl'\n[run]\nthreads = 1\n"
        f"stages = {json.dumps(STAGES)}\n[stages.label_issues]\non_finding = 'flag'\n"
    )
    workflow.run(Recipe.load(recipe), out=folder / "runs" / "tickets", train=False)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that run, in a working directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("USER", "ada")
    shutil.copytree(made / "runs" / "tickets", tmp_path / "runs" / "tickets")
    return tmp_path / "runs" / "tickets"


class Driver:
    """Keys in, words on the screen out."""

    def __init__(self, app: CurateApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    async def until(self, done: Callable[[], object], what: str, seconds: float = 240.0) -> None:
        """Wait for something to become true."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if done():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"never happened: {what}; on screen:\n{self.words()}")

    async def on(self, kind: type[Screen[Any]]) -> Any:
        """Wait for a screen."""
        await self.until(lambda: isinstance(self.app.screen, kind) and self.app.screen.is_mounted, kind.__name__)
        await self.settle()
        return self.app.screen

    async def press(self, *keys: str) -> None:
        """Press keys and let what they start come to its end."""
        await self.pilot.press(*keys)
        await self.settle()

    async def panel(self, mode: str) -> Any:
        """Along the rail to a panel, by keys."""
        await self.until(lambda: self.app.has_desk and self.app.screen.is_mounted, "an open run")
        for _ in PANELS:
            if self.app.current_mode == mode:
                break
            await self.pilot.press("right_square_bracket")
            await self.pilot.pause()
        assert self.app.current_mode == mode
        await self.settle()
        return self.app.screen

    async def settle(self) -> None:
        """Workers done, messages handled."""
        for quiet in range(20):
            await self.pilot.pause()
            busy = [w for w in self.app.workers if w.group in ENDING]
            if busy:  # an empty list would mean every worker
                with contextlib.suppress(WorkerCancelled):  # another has taken its place
                    await self.app.workers.wait_for_complete(busy)
            elif quiet >= 2:
                break
        await self.pilot.pause()

    async def sees(self, *texts: str) -> None:
        """Wait for words on the screen."""
        for text in texts:
            await self.until(lambda text=text: text in self.words(), f"the words {text!r}")  # type: ignore[misc]

    def words(self) -> str:
        """The whole screen as plain text, as a terminal would show it."""
        height = self.app.size.height
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in lines[:height])


Drive = Callable[..., Any]


@pytest.fixture
def drive() -> Drive:
    """`async with drive(what, size=...) as d` runs the app."""

    @asynccontextmanager
    async def go(what: Path | str | None = None, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Driver]:
        app = CurateApp(None if what is None else str(what))
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot)
            yield driver
            if not app._exit:  # a screen that is still being made when the app is taken away looks for its widgets in vain
                await driver.settle()

    return go


