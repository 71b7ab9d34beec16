"""Real processes and small real files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.ticket_rows import tickets


@pytest.fixture
def jsonl(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in tickets()))
    return path
