"""Phrases and words of `phrases.toml`, read once a process."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def _tables() -> dict[str, dict[str, str | list[str]]]:
    return tomllib.loads(Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8"))


def words(table: str, name: str) -> frozenset[str]:
    """A list of words."""
    value = _tables()[table][name]
    return frozenset(value.split() if isinstance(value, str) else value)


def parts(table: str, name: str) -> list[str]:
    """Parts of a regular expression."""
    return list(_tables()[table][name])


def alternatives(table: str, name: str) -> str:
    """The same as alternatives, what begins alike told apart letter by letter: a search tries a few letters at each word
    rather than every phrase. What matches stays the same."""
    return _tree([piece for part in parts(table, name) for piece in _spread(part)])


_GROUP_FIRST = re.compile(r"\(\?:([^()\[\]\\]*)\)(|[^?*+{].*)")


def _spread(part: str) -> list[str]:
    """`(?:a|b)c` as `ac` and `bc`."""
    group = _GROUP_FIRST.fullmatch(part)
    return [piece + group[2] for piece in group[1].split("|")] if group else [part]


def _tree(parts: list[str]) -> str:
    groups: list[tuple[str, list[str]]] = []
    apart = 0
    for part in parts:
        letter = part[:1] if part[:1].isalpha() and part[1:2] not in tuple("?*+{") else ""
        before = next((group for first, group in groups[apart:] if letter and first == letter), None)
        if before is not None:
            before.append(part)
            continue
        groups.append((letter, [part]))
        if not letter:
            apart = len(groups)  # may match what others match, so nothing moves past it
    return "|".join(
        group[0] if len(group) == 1 else f"{letter}(?:{_tree([part[1:] for part in group])})" for letter, group in groups
    )
