"""What a terminal shows while work tells nothing of itself."""

from __future__ import annotations

import time

import pytest

from curate.cli import live
from curate.cli.live import LiveLine, end_all

START = "\r"
"""What is left of clearing a line where click writes to no terminal."""


@pytest.fixture
def line() -> LiveLine:
    shown = LiveLine()
    shown.on = True
    return shown


def test_a_line_that_stands_still_shows_its_age_until_it_ends(
    line: LiveLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(live, "SILENT_SECONDS", 0.1)
    line.show("label issues 0%")
    time.sleep(1.5)
    line.end()
    said = capsys.readouterr().err.split(START)
    assert said[1:3] == ["label issues 0%", "label issues 0%  1 s"]
    assert said[-1] == ""
    time.sleep(1.2)
    assert not capsys.readouterr().err


def test_a_long_line_gives_way_to_its_age(
    line: LiveLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(live, "SILENT_SECONDS", 0.1)
    line.show("x" * 300)
    time.sleep(1.5)
    line.end()
    said = capsys.readouterr().err.split(START)
    assert said[2].endswith("x  1 s")
    assert max(map(len, said)) == live.WIDTH


def test_last_words_stand_on_a_line_of_their_own(line: LiveLine, capsys: pytest.CaptureFixture[str]) -> None:
    line.show("near duplicates 50%")
    end_all()
    assert capsys.readouterr().err.endswith(f"near duplicates 50%{START}")


def test_nothing_is_written_over_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    line = LiveLine()
    line.show("near duplicates 50%")
    line.end()
    assert not capsys.readouterr().err
