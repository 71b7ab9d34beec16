"""Conversations in whatever shape they come, as messages with `role` and `content`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.dataset.turns import said, speaker

Message = dict[str, Any]
Conversation = tuple[Message, ...]
_ROLES = {
    **dict.fromkeys(("user", "human", "prompter", "customer"), "user"), "system": "system",
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model"), "assistant"),
    **dict.fromkeys(("tool", "observation", "tool_response", "tool_result", "function_response"), "tool"),
    **dict.fromkeys(("function_call", "tool_call"), "function_call"),
}  # fmt: skip


_WRITTEN = re.compile(r"(?:\A|\n\n)(Human|Assistant):[ \n]?")


def transcript(text: str) -> Conversation:
    """Turns out of a dialogue written as one text, as HH-RLHF has them; empty where it is none."""
    parts = _WRITTEN.split(f"\n\n{text.strip()}")
    roles = ["user" if name == "Human" else "assistant" for name in parts[1::2]]
    if parts[0] or roles[:2] != ["user", "assistant"]:
        return ()
    turns = [{"role": role, "content": said.strip()} for role, said in zip(roles, parts[2::2], strict=True)]
    return tuple(turns if turns[-1]["content"] else turns[:-1])  # a prompt ends where the answer begins


def conversation(value: object) -> Conversation:
    """Messages out of a JSON string or Python value, with `role` and `content`; empty where it holds none.

    ShareGPT's `from`/`value` and its role names become `role`/`content`; calls in turns of their own (`function_call`,
    `tool_call`) become calls of an answer, several at once those of one.
    """
    if isinstance(value, (str, bytes)):
        if value.lstrip()[:1] not in ("[", "{", b"[", b"{"):
            return ()
        try:
            value = json.loads(value)
        except ValueError:
            return ()
    if isinstance(value, Mapping):
        value = value.get("messages", value.get("conversations", [value]))
    if not isinstance(value, list):
        return ()
    turns: list[Message] = []
    for message in _messages(value):
        if turns and all(isinstance(t.get("tool_calls"), list) and not t["content"] for t in (turns[-1], message)):
            turns[-1] = {**turns[-1], "tool_calls": [*turns[-1]["tool_calls"], *message["tool_calls"]]}
        else:
            turns.append(message)
    return tuple(turns)


def _messages(items: Sequence[Any]) -> Iterator[Message]:
    for item in items:
        if not isinstance(item, Mapping):
            continue
        role = str(speaker(item) or "")
        role = _ROLES.get(role.strip().lower(), role)
        content = said(item)
        # Parquet gives every turn the keys of all turns; templates ask whether there is one, not what it is.
        rest = {k: v for k, v in item.items() if k not in ("role", "from", "content", "value") and v is not None}
        if isinstance(content, list):  # OpenAI's content parts
            texts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
            content = "".join(text for text in texts if isinstance(text, str))
        if content is None and rest.get("tool_calls"):
            content = ""
        if role == "function_call":  # the way of ShareGPT and others to write one or more tool calls
            called = loaded(content)
            calls = called if isinstance(called, list) else [called]
            rest["tool_calls"] = [{"type": "function", "function": c} for c in calls if isinstance(c, Mapping)]
            role, content = ("assistant", "") if rest["tool_calls"] else ("assistant", content)
        if role:
            yield {**rest, "role": role, "content": "" if content is None else str(content)}


def loaded(value: object) -> object:
    """A value, or what the JSON in a text means; None where that is none."""
    if not isinstance(value, (str, bytes)):
        return value
    try:
        loaded: object = json.loads(value)
    except ValueError:
        return None
    return loaded
