"""What the tests of reviews share: the verb in this process and over a pipe, and a run opened for review."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from click.testing import CliRunner

from curate.cli.review import review_command
from curate.errors import CurateError
from curate.review.findings import Question, Review
from curate.review.session import Session

ROOT = Path(__file__).parents[2]
TICKETS = ROOT / "sample_data" / "support_tickets.jsonl"
TRUTH = ROOT / "sample_data" / "support_tickets.truth.jsonl"


def review_of(run: Path) -> Review:
    return Review(Session.open(run))


def findings(queue: Iterable[int]) -> list[Question]:
    """Findings as questions."""
    return [("finding", int(index)) for index in queue]


def curate(run: Path, *args: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """The verb in this process; code, stdout and stderr as of a process of its own."""
    done = CliRunner().invoke(review_command, [str(run), *args], input=said, standalone_mode=False)
    if isinstance(done.exception, CurateError):
        return subprocess.CompletedProcess(args, done.exception.exit_code, done.stdout, str(done.exception))
    if done.exception is not None:
        raise done.exception
    return subprocess.CompletedProcess(args, int(done.return_value or 0), done.stdout, done.stderr)


def over_a_pipe(run: Path, *args: str, said: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "curate", "review", str(run), *args]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=False, cwd=run.parent)
