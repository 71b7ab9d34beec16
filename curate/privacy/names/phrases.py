"""Phrases and words of `phrases.toml`, read once a process."""

from __future__ import annotations

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
    """The same as alternatives."""
    return "|".join(parts(table, name))
