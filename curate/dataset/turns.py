"""Who says what in a turn of a conversation: OpenAI's `role` and `content`, ShareGPT's `from` and `value`, Gemini's `role`
and `parts`, and a `role` beside a `text` or a `message`.

A file in which both shapes are mixed may hold all four keys in every turn (Parquet writes one set of fields for all
rows), with null or an empty text where a turn does not use them: the first key that holds something counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SPEAKER = ("role", "from")
SAID = ("content", "value", "parts", "text", "message")
CALLS = frozenset(("tool_calls", "function_call"))


def speaker(turn: Mapping[str, Any]) -> Any:
    """Who says it, as the turn writes it; None where it does not say."""
    key = _first(turn, SPEAKER)
    return None if key is None else turn[key]


def who(turn: Any) -> str:
    """The same in small letters, as tables of roles name it; empty where the value is no turn or does not say."""
    name = speaker(turn) if isinstance(turn, Mapping) else None
    return name.strip().lower() if isinstance(name, str) else ""


def plainly_said(turn: Mapping[str, Any]) -> str | None:
    """What a turn says that has a speaker and a text and nothing else, as nearly all have; None of any other."""
    if len(turn) == 2:
        text = turn["content"] if "role" in turn and "content" in turn else turn.get("value") if "from" in turn else None
        return text if type(text) is str else None
    return None


def said_key(turn: Mapping[str, Any]) -> str | None:
    """The key that holds what is said; None where nothing is."""
    return _first(turn, SAID)


def said(turn: Mapping[str, Any]) -> Any:
    """What is said: a text or a list of parts; None where nothing is."""
    key = said_key(turn)
    return None if key is None else turn[key]


def _first(turn: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    empty = None
    for key in keys:
        value = turn.get(key)
        if value:
            return key
        if value is not None and empty is None:
            empty = key
    return empty
