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
    **dict.fromkeys(("user", "human", "prompter", "customer"), "user"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model"), "assistant"),
    **dict.fromkeys(("tool", "observation", "tool_response", "tool_result", "function_response", "function"), "tool"),
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
    `tool_call`) or in OpenAI's older field (`function_call`) become calls of an answer, several at once those of one.
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
        calls = _calls(rest.pop("tool_calls", None)) or _calls(rest.pop("function_call", None))
        if role == "function_call":  # the way of ShareGPT and others to write one or more tool calls
            role, calls = "assistant", calls or _calls(content)
            content = "" if calls else content
        rest |= {"tool_calls": calls} if calls else {}
        if role:
            yield {**rest, "role": role, "content": "" if content is None else str(content)}


def _calls(value: object) -> list[Message]:
    """Calls in the one shape that templates read, out of OpenAI's of any year, their JSON, or bare names and arguments."""
    read = loaded(value)
    calls = []
    for call in read if isinstance(read, list) else [read]:
        if not isinstance(call, Mapping):
            continue
        inner = call.get("function", call)
        if isinstance(inner, str):
            inner = {"name": inner, **{k: v for k, v in call.items() if k != "function"}}
        if isinstance(inner, Mapping) and inner.get("name"):
            around = call if inner is call.get("function") else {"type": "function"}
            given = inner.get("arguments")
            calls.append({**around, "function": {**inner, "arguments": {} if given is None else given}})
        elif any(value for value in (inner.values() if isinstance(inner, Mapping) else [inner])):
            calls.append(dict(call))  # Parquet gives calls of nulls to turns without any; what is none of them stays seen
    return calls


def is_learned(turn: Mapping[str, Any]) -> bool:
    """Whether a turn is an answer, and does not say that it is only read (OpenAI's `weight` of 0, axolotl's `train`)."""
    return turn["role"] == "assistant" and turn.get("weight") not in (0, "0") and turn.get("train") is not False


def last_learned(messages: Conversation) -> int:
    """Where the last answer stands that is to be learned, else the last of all; behind all turns where none answers."""
    answers = [k for k, turn in enumerate(messages) if turn["role"] == "assistant"]
    return max((k for k in answers if is_learned(messages[k])), default=max(answers, default=len(messages)))


def loaded(value: object) -> object:
    """A value, or what the JSON in a text means; None where that is none."""
    if not isinstance(value, (str, bytes)):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def value_of(value: Any) -> Any:
    """A value, or what the JSON in a text means; the text where that is none."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
