"""Keys by id: which there are on which screen, what a person made of them, and what a key is called in a sentence.

An id means one thing, and every screen that offers it follows: `accept` is Apply in a queue, Right in a review, and Apply
over a preview. Arrows, Tab and typing inside Textual's own lists, boxes and inputs are theirs.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from textual.binding import Binding
from textual.keys import key_to_character

from tui.panels import PANELS, QUEUE, Panel

Place = Mapping[str, Collection[str]]
"""Keys that hold at the same time, by id."""
USUAL = {
    "accept": "a", "reject": "x", "flag": "f", "undo": "u", "redo": "ctrl+y", "write": "w", "help": "?", "confirm": "y",
    "cancel": "Escape", "back": "Escape", "waiting": "p", "stage_after": "]", "start": "s", "stop": "k", "differ": "d",
    "show_rule": "A", "take_rule": "Y", "open": "o", "next_alert": "n", "edit": "e", "order": "n", "go": "ctrl+s",
    "threshold": "t", "threshold_keep": "Enter", "groups": "b", "judge": "j", "review": "r", "reveal": "m", "votes": "v",
    "write_answers": "s", "range": "v", "report": "r", "close": "Escape", "outcome": "n",
    "leave_out": "x",
}  # fmt: skip
"""Keys that sentences on the screen name, as they are without settings."""
ELSEWHERE = (
    "tui.bulk:BulkScreen", "tui.edit:EditScreen", "tui.help:HelpScreen", "tui.jump:JumpScreen", "tui.log:LogScreen",
    "tui.opening:OpenScreen", "tui.guide:GuideScreen", "tui.progress:ProgressScreen", "tui.batch:BatchScreen",
    "tui.microscope:MicroscopeScreen",
)  # fmt: skip
"""Screens that are no panel and no view of one."""
_given: dict[str, str] = {}


def use(keys: Mapping[str, str]) -> None:
    """From now on sentences name these keys."""
    _given.clear()
    _given.update(keys)


def key(name: str) -> str:
    """What the key of this id is called in a sentence."""
    if name not in _given:
        return USUAL[name]
    return spelled(_given[name].split(",")[0])


def spelled(one: str) -> str:
    """A key as a person calls it: `question_mark` is ?, `escape` is Escape."""
    character = key_to_character(one) or ""
    return character if character.isprintable() and character.strip() else one.capitalize() if one.isalpha() else one


def remapped() -> bool:
    """Whether a person has keys of their own."""
    return bool(_given)


def places() -> list[Place]:
    """Every screen with the keys that hold on it: its own, those of its list, its panel's views, and the app's."""
    app = _load("tui.app:CurateApp")
    out: list[Place] = []
    for where, panel in {(p.screen, p) for p in PANELS} | {(v.screen, p) for p in PANELS for v in p.views}:
        kinds = [_load(where), *([_load("tui.table:QueueTable")] if where == QUEUE else []), app]
        out.append(_keys(kinds, panel, where))
    out += [_keys([_load(where), *([] if _modal(where) else [app])]) for where in ELSEWHERE]
    return out


def bindings_of(kind: type[Any]) -> list[Binding]:
    """The keys that a class of ours declares, those of its bases included."""
    ours = [k for k in kind.__mro__ if k.__module__.startswith("tui.")]
    return [b for k in ours for b in k.__dict__.get("BINDINGS", ()) if isinstance(b, Binding)]


def clashes(at: Sequence[Place], wished: Mapping[str, str]) -> dict[str, str]:
    """Wishes that would take away another key on some screen: id -> what is wrong with it."""
    wrong: dict[str, str] = {}
    for place in at:
        held: dict[str, str] = {}
        # A wish is weighed against what stays as it is, then against the wishes before it.
        for name in sorted(place, key=lambda n: (n in wished, list(wished).index(n) if n in wished else 0)):
            if name in wrong:
                continue
            for one in wished[name].split(",") if name in wished else place[name]:
                other = held.setdefault(_plain(one), name)
                if other == name or name not in wished:
                    continue
                wrong[name] = (
                    f"[keys] {other} and {name} both ask for {one}" if other in wished
                    else f"[keys] {name} asks for {one}, which is the key of {other}; give {other} another one, too"
                )  # fmt: skip
    return wrong


def _plain(one: str) -> str:
    return key_to_character(one) or one


def _keys(kinds: Sequence[type[Any]], panel: Panel | None = None, screen: str = "") -> Place:
    found: dict[str, set[str]] = {}
    for kind in kinds:
        for binding in bindings_of(kind):
            if binding.id:
                found.setdefault(binding.id, set()).update(k.strip() for k in binding.key.split(","))
    for view in panel.views if panel is not None else ():
        if view.screen != screen:
            found.setdefault(view.id, set()).add(view.key)
    return found


def _load(where: str) -> type[Any]:
    module, _, name = where.partition(":")
    kind: type[Any] = getattr(importlib.import_module(module), name)
    return kind


def _modal(where: str) -> bool:
    from textual.screen import ModalScreen

    return issubclass(_load(where), ModalScreen)
