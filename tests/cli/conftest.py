"""Real processes and small real files."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Curate = Callable[..., "subprocess.CompletedProcess[str]"]

INTENTS = {
    "refund": ["money back for the broken lamp", "return my payment for the late order", "refund the second charge"],
    "delivery": ["where is my parcel today", "the courier never came with the box", "track the shipment to my flat"],
    "account": ["cannot log in with my password", "change the mail address on my profile", "close my account please"],
}
OPENINGS = ["hello", "good morning", "hi there", "please help", "urgent", "dear team", "quick question", "again"]
ENDINGS = ["thanks", "regards", "as soon as you can", "since monday", "it is the third time", "much appreciated"]


def tickets(n: int = 120, seed: int = 0) -> list[dict[str, object]]:
    """Labelled rows with a few exact copies and e-mail addresses."""
    rng = random.Random(seed)
    rows: list[dict[str, object]] = []
    for i in range(n):
        intent = rng.choice(list(INTENTS))
        words = [rng.choice(OPENINGS), rng.choice(INTENTS[intent]), f"order {rng.randrange(10**5)}", rng.choice(ENDINGS)]
        text = ", ".join(words)
        if i % 12 == 0:
            text += f" write to user{i}@example.org"
        rows.append({"ticket": i, "text": text, "intent": intent})
    rows += [dict(rows[k], ticket=n + k) for k in range(0, n, 20)]
    return rows


@pytest.fixture
def jsonl(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in tickets()))
    return path


@pytest.fixture
def curate(tmp_path: Path) -> Curate:
    """`curate ARGS…` as a process of its own, in a folder of its own."""

    def call(*args: str | Path, cwd: Path | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "curate", *map(str, args)],
            capture_output=True, text=True, cwd=cwd or tmp_path, timeout=timeout, stdin=subprocess.DEVNULL,
        )

    return call


@pytest.fixture
def inside(tmp_path: Path) -> Curate:
    """The same verbs inside this process, where a process of its own would prove nothing more."""
    from click.testing import CliRunner

    def call(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        from curate.cli import main

        def entry() -> None:
            main([str(a) for a in args])

        import click

        command = click.Command("curate", callback=entry)
        with contextlib.chdir(cwd or tmp_path):
            result = CliRunner().invoke(command, [], standalone_mode=True)
        return subprocess.CompletedProcess(list(map(str, args)), result.exit_code, result.stdout, result.stderr)

    return call
