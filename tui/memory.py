"""Where a person was in a run, kept in `tui.json` of the run directory so that the next session begins there.

It holds no text of the data: a finding by its id, the order, the grouping, and a filter only where it holds no personal
data that the scanner knows. A file that cannot be read is as good as none; one that cannot be written stops nothing.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from curate.dataset.atomic import atomic_write_bytes
from curate.errors import ConfigError
from curate.review.filter import Choice, parse
from curate.review.session import Session
from tui.panels import PANELS
from tui.queue import GROUPS, SORTS, Wish
from tui.reader import Reader

SCHEMA_VERSION = 1
FILE = "tui.json"


@dataclass(frozen=True)
class Place:
    """One panel as it was left."""

    finding: str = ""
    filter: str = ""
    sort: str = "state"
    group: str = ""
    waiting_only: bool = False

    def wish(self) -> Wish:
        """The queue that was looked at; a filter that is no longer understood is dropped."""
        try:
            choice = parse(self.filter)
        except ConfigError:
            choice = Choice("")
        return Wish(choice, self.sort, self.group, self.waiting_only)

    def index(self, session: Session) -> int | None:
        """The finding that the cursor was on, where the run still has it."""
        if not self.finding:
            return None
        found = session.indices([self.finding])
        return int(found[0]) if len(found) else None


def place_of(wish: Wish, index: int | None, session: Session, reader: Reader) -> Place:
    """What to keep of a panel."""
    finding = "" if index is None else session.findings["finding_id"][index].as_py().hex()
    text = wish.choice.text
    return Place(finding, text if reader.word(text, 400) == text else "", wish.sort, wish.group, wish.waiting_only)


def read(folder: Path) -> tuple[str, dict[str, Place]]:
    """The panel one was on, and how each was left; empty where there is nothing to go by."""
    try:
        raw = orjson.loads((folder / FILE).read_bytes())
        assert raw["schema_version"] == SCHEMA_VERSION
        places = {mode: _place(raw["places"][mode]) for mode in (p.mode for p in PANELS) if mode in raw["places"]}
        mode = raw["mode"] if raw["mode"] in {p.mode for p in PANELS} else ""
    except (OSError, ValueError, KeyError, TypeError, AssertionError):
        return "", {}
    return mode, places


def write(folder: Path, mode: str, places: dict[str, Place]) -> None:
    """Keep it."""
    body: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "mode": mode, "places": places}
    with contextlib.suppress(OSError):
        atomic_write_bytes(folder / FILE, orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")


def _place(raw: dict[str, Any]) -> Place:
    place = Place(str(raw["finding"]), str(raw["filter"]), str(raw["sort"]), str(raw["group"]), bool(raw["waiting_only"]))
    if place.sort not in SORTS or place.group not in GROUPS or (place.finding and len(bytes.fromhex(place.finding)) != 16):
        raise ValueError("not a place")
    return place
