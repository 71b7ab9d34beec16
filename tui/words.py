"""Words and signs that every screen uses: a state is told by its sign and its word, never by colour alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from curate.safetext import safe_text

SIGN = {"applied": "✓", "pending": "?", "rejected": "✗", "superseded": "·", "stale": "~"}
WORD = {"applied": "applies", "pending": "waits", "rejected": "rejected", "superseded": "superseded", "stale": "stale"}
MANY = {**WORD, "applied": "apply", "pending": "wait"}
MEANING = {
    "applied": "takes effect when the curated data is written",
    "pending": "waits for you: nothing happens until you accept it",
    "rejected": "you said no: it changes nothing",
    "superseded": "another finding makes it needless",
    "stale": "was accepted, but the proposal has changed since: decide again",
}
READING = "reading the rows …"
"""Where the text of a row is to come: it waits for the scanner that masks it, and on a first run for its compiler."""
NOTED = "noted"
"""In place of `applies`, for what only notes something."""
NOTES = {
    "applied": "something to know: it changes no data",
    "pending": "waits for you: apply where it is right, reject where it is not; neither changes data",
}
"""What a state means for what only notes something, where that is another thing."""
NO_GROUPS = "no column holds a sensitive group, so it is unknown whom this falls on"
CAPITALS = frozenset(["api", "aws", "bic", "eu", "gcp", "iban", "id", "imei", "ip", "jwt", "mac", "nhs", "otp", "pin",
                      "sql", "ssh", "ssn", "uk", "url", "us", "vat"])  # fmt: skip
"""Words in the names of recognisers that are written in capitals."""
FLAG = " ⚑"
"""Behind a state: somebody asked for another look."""
WAITS = "bold dark_orange3"
"""An orange to be read on dark and on light: yellow is not."""
STYLE = {"applied": "green", "pending": WAITS, "rejected": "red", "superseded": "dim", "stale": WAITS}
if os.environ.get("NO_COLOR"):  # a colour made grey is dimmer than the words around it, which what waits must not be
    STYLE = {**dict.fromkeys(STYLE, ""), "pending": "bold", "superseded": "dim", "stale": "bold"}


def said_of(status: str, notes: bool) -> str:
    """`✓ applies`; `notes`: whether the finding changes no data, whatever is decided."""
    return f"{SIGN[status]} {NOTED if notes and status == 'applied' else WORD[status]}"


def told_by_state(by: Mapping[str, int], noted: int) -> list[tuple[str, int, str]]:
    """(sign, how many, word) of each state that findings are in; `noted`: of those that apply, how many change no data."""
    said = [(SIGN[status], n - noted * (status == "applied"), MANY[status]) for status, n in by.items()]
    said.insert(1, (SIGN["applied"], noted, NOTED))
    return [each for each in said if each[1]]


def stage_title(name: str) -> str:
    """What a stage is called on screen."""
    from curate.stages.registry import title_of

    return title_of(name)


def short_path(path: str | Path) -> str:
    """A path as a person would type it here, with nothing in it that a terminal would obey."""
    full = Path(path).absolute()
    try:
        return safe_text(str(full.relative_to(Path.cwd()))) or "."
    except ValueError:
        return safe_text(str(full))


def in_capitals(words: str) -> str:
    """`us ssn` as it is written: US SSN."""
    return " ".join(word.upper() if word in CAPITALS else word for word in words.split(" "))
