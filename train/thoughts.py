"""Thinking in an answer: where a row keeps it, and how it is put where a chat template looks for it.

Rows keep it in the answer (`<think>...</think>` before the words, or only its end) or in a field of its own
(`reasoning_content`, `thinking`, `reasoning`); templates read one or the other, drop it, or open one in the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from train.turns import Conversation, Message

OPENS, ENDS = "<think>", "</think>"
FIELDS = ("reasoning_content", "thinking", "reasoning")
BEHIND = f"\n{ENDS}\n\n"
"""What stands between a thought and the words, as the models write it that think so."""
THOUGHT = re.compile(rf"{OPENS}.*?{ENDS}\s*", re.DOTALL)
EMPTY = re.compile(rf"{OPENS}\s*{ENDS}\s*")


class Places(NamedTuple):
    """Where a template writes a thought that has a field of its own."""

    reads: bool
    """Whether it writes one at all."""
    own: bool
    """Whether it writes one between marks of its own, and not those above (gpt-oss, Gemma 4)."""
    leads: tuple[str, ...]
    """Special tokens that then stand right before the words, with a thought and without one."""


class Parts(NamedTuple):
    """An answer's thought and its words, without the marks around the thought."""

    thought: str
    words: str


def parts_of(message: Message) -> Parts:
    """The thought and the words of an answer.

    A thought ends at its first end; one that nothing opens ends at the beginning of a line, as words speak of marks.
    """
    content = str(message["content"])
    head, ended, words = content.partition(ENDS)
    opened = head.lstrip().startswith(OPENS)
    if ended and (opened or (OPENS not in head and (not head or head.endswith("\n")))):
        thought = head.lstrip().removeprefix(OPENS).strip()
        return Parts(thought or _field(message), words.strip())
    return Parts(_field(message), content.strip())


def unthought(message: Message) -> Message:
    """The same answer without its thought."""
    thought, words = parts_of(message)
    return {**{k: v for k, v in message.items() if k not in FIELDS}, "content": words} if thought else message


def forms(message: Message, *, opened: bool, marked: bool = True) -> Iterator[Message]:
    """Other ways to hand a template the same answer; with an empty thought if it has none and the prompt `opened` one.

    Where it is not to be `marked`, none has the thought in its text: templates with marks of their own take ours for words.
    """
    thought, words = parts_of(message)
    bare = {name: value for name, value in message.items() if name not in FIELDS}
    if thought:
        yield {**bare, "content": words, "reasoning_content": thought, "thinking": thought}
    elif words != str(message["content"]).strip():
        yield {**bare, "content": words}
    if marked and (thought or opened):
        yield {**bare, "content": f"{OPENS}\n{thought}{BEHIND}{words}"}


def in_field(message: Message) -> bool:
    """Whether an answer keeps its thought in a field, and none in its text."""
    return bool(_field(message)) and not parts_of({"content": message["content"]}).thought


def says_nothing(message: Message) -> bool:
    """Whether a turn is an answer without a word, a thought or a call."""
    return message["role"] == "assistant" and not any(parts_of(message)) and not message.get("tool_calls")


def thinks(messages: Conversation) -> bool:
    """Whether the last answer has a thought."""
    return any(parts_of(turn).thought for turn in [turn for turn in messages if turn["role"] == "assistant"][-1:])


def opened_by(prompt: str) -> int:
    """Where the thought begins that a generation prompt ends with; -1 where it opens none."""
    at = prompt.rfind(OPENS)
    return at if at >= 0 and not prompt[at + len(OPENS) :].strip() else -1


def closed_by(prompt: str, own: str) -> int:
    """Where the empty thought begins that a generation prompt ends with, in our marks or a template's `own`; else -1."""
    found = re.search(rf"{OPENS}\s*{ENDS}\s*\Z", prompt)
    return found.start() if found else len(prompt) - len(own) if own and prompt.endswith(own) else -1


def holds_nothing(written: str, begins: str, behind: str) -> bool:
    """Whether `written` is what stands before a thought and the beginning of what stands behind it."""
    return bool(begins) and written.startswith(begins) and written != begins and behind.startswith(written[len(begins) :])


def words_of(answer: str, prompt: str = "") -> str:
    """An answer without its thought, which the `prompt` that it is written behind may have opened."""
    opened = opened_by(prompt) if ENDS in answer else -1  # one that never ends leaves no words
    return parts_of({"content": answer if opened < 0 else prompt[opened:] + answer}).words


def has_empty(answer: str) -> bool:
    """Whether what is learned of an answer begins with the end of a thought that has no words."""
    return answer.lstrip().removeprefix(OPENS).lstrip().startswith(ENDS)


def _field(message: Message) -> str:
    values = (message.get(name) for name in FIELDS)
    found = (value.strip().removeprefix(OPENS).removesuffix(ENDS).strip() for value in values if isinstance(value, str))
    return next(filter(None, found), "")
