"""Nulls that a table format put into calls and definitions of tools: Parquet gives every row the keys of all rows.

`{"x": 1}` and `{"y": 2}` come back as `{"x": 1, "y": null}` and `{"x": null, "y": 2}`, and a model would learn to write all
arguments of all tools. Nulls are taken out of calls where every call has the same keys and not all have a value for the
same ones; a JSON file in which that is so by itself means the same without them. Linear cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from train.turns import Conversation


def unfilled(talks: Sequence[Conversation]) -> tuple[list[Conversation], int]:
    """The conversations with such nulls taken out of their calls, and out of how many calls."""
    keys, valued = set(), set()
    for arguments in (found for talk in talks for found in _arguments(talk)):
        keys.add(frozenset(arguments))
        valued.add(frozenset(key for key, value in arguments.items() if value is not None))
    if len(keys) != 1 or len(valued) < 2:
        return list(talks), 0
    count = sum(None in found.values() for talk in talks for found in _arguments(talk))
    return [tuple(map(_without, talk)) for talk in talks], count


def without_nulls(value: Any) -> Any:
    """A value without keys that have none: in the definition of a tool they mean nothing."""
    if isinstance(value, Mapping):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _calls(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    calls = message.get("tool_calls")
    return [call for call in calls if isinstance(call, Mapping)] if isinstance(calls, list) else []


def _arguments(talk: Conversation) -> Iterator[Mapping[str, Any]]:
    for call in (call for message in talk for call in _calls(message)):
        inner = call.get("function", call)
        arguments = inner.get("arguments") if isinstance(inner, Mapping) else None
        if isinstance(arguments, Mapping):
            yield arguments


def _without(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "tool_calls": without_nulls(message["tool_calls"])} if _calls(message) else message
