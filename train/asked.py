"""One answer of a conversation: what a model is asked, what it has to write there, and the proof that a text holds it.

Answers that are proved: the text begins with the generation prompt; behind it stand the answer's thought, its words and its
calls with their arguments, each in its turn and no thought twice; and it goes on as at the answer's own end.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from train.thoughts import BEHIND, EMPTY, ENDS, OPENS, THOUGHT, opened_by, parts_of, unthought
from train.turns import Conversation, Message, value_of

PREFIX = "the chat template does not render the turns one after the other"
REWRITES = "the chat template rewrites or drops an answer"
CALLS = "the chat template drops a tool call"
Span = tuple[int, int]


@dataclass(frozen=True)
class Asked:
    """An answer and how the template writes the conversation around it."""

    message: Message
    header: Callable[[], str]
    """The turns before the answer; rendered where they are asked for."""
    prompt: str
    """The same with the generation prompt."""
    alone: str
    """The conversation that ends with the answer."""
    bare: Callable[[], tuple[str, str]]
    """The turns before the answer, and those with it, without any thought; rendered where they are asked for."""
    closed: Callable[[str], int]
    """Where the empty thought begins that a prompt ends with; -1 where it ends with none."""

    def within(self, full: str, text: str, *, last: bool) -> tuple[str, Span]:
        """`text`, with a thought that it lacks put back where that can be proved, and the answer's span in it.

        `full` is the conversation as the template writes it, `text` the same with thoughts put back into earlier turns. An
        answer that is not the `last` and lacks nothing but thinking is read: its span is empty. `ValueError` for others.
        """
        more, reason = len(text) - len(full), ""
        ways = ((full, more), (text, 0)) if more else ((full, 0),)
        for written, shift in ways:
            try:
                start, end = self._span(written)
            except ValueError as error:
                reason = reason or str(error)
            else:
                return text, (start + shift, end + shift)
        for written, shift in ways:
            with contextlib.suppress(ValueError):
                (at, to), thought, (start, end) = self._put_back(written, last=last)
                return text[: at + shift] + thought + text[to + shift :], (start + shift, end + shift)
        if last or not self._lacks_only_thinking(full):
            raise ValueError(reason)
        return text, (0, 0)

    def alone_whole(self) -> bool:
        """Whether the answer is whole at its own end."""
        try:
            self._span(self.alone)
        except ValueError:
            return False
        return True

    def _span(self, text: str, alone: str = "") -> Span:
        """Where the answer stands in `text`, as at its own end (`alone`); `ValueError` says why not."""
        begin, end = len(self.prompt), common_length(text, alone or self.alone)
        if not text.startswith(self.prompt) or end < begin:
            raise ValueError(PREFIX)
        prove(self.message, text[begin:end], self.prompt)
        return begin, end

    def _put_back(self, full: str, *, last: bool) -> tuple[Span, str, Span]:
        """What the prompt writes otherwise than `full`: in whose place, what, and the answer's span behind it.

        Where the prompt opens a thought and finished answers have none, or do not close it (DeepSeek-R1, Nemotron Nano 2),
        the `last` answer's own one, or an empty one; where the prompt closes an empty one (Gemma 4), that. Where a call has
        an empty one at its own end and none once turns follow (Qwen3), that. Where only white space differs (Hermes 3,
        behind what a tool said), the prompt's. `ValueError` for none of them.
        """
        at, alone = opened_by(self.prompt), self.alone
        empty = EMPTY.search(alone, len(self.header())) if called(self.message) else None
        thinks = parts_of(self.message).thought
        closed = self.closed(self.prompt) if last and at < 0 and not thinks else -1
        if empty and empty.start() <= len(self.prompt):
            at, thought = empty.start(), empty.group()
            to = at
        else:
            if last and at >= 0 and alone.startswith(self.prompt[:at]):
                to = len(self.prompt) if alone.startswith(self.prompt) else at
                behind = BEHIND.rstrip() if alone[to : to + 1].isspace() else BEHIND
                ended = alone[to:].lstrip().startswith(ENDS)  # the end of a thought alone stays (GLM 4.7)
                thought = self.prompt[at:] + ("" if ended else thinks + behind)
            elif closed >= 0 and alone.startswith(self.prompt[:closed]):
                rest = alone[closed:].lstrip()
                to = len(alone) - len(rest) + len(ENDS) if rest.startswith(ENDS) else closed
                at, thought = closed, self.prompt[closed:]
            elif at < 0 <= (to := _behind_spaces(self.prompt, alone)):
                at = common_length(self.prompt, alone)
                thought = self.prompt[at:]
            else:
                raise ValueError(PREFIX)
            if to > at and not full.startswith(alone[:to]):
                raise ValueError(PREFIX)
            alone = alone[:at] + thought + alone[to:]
        shorter = EMPTY.match(full, at) if to == at else None  # an empty pair in a history that the prompt does not open
        to = shorter.end() if shorter else to
        return (at, to), thought, self._span(full[:at] + thought + full[to:], alone)

    def _lacks_only_thinking(self, full: str) -> bool:
        """Whether the answer stands in `full` as at its own end, but for thoughts in it and before it, of any marks."""
        words = parts_of(self.message).words
        whole, header, alone = (THOUGHT.sub("", text) for text in (full, *self.bare()))
        if not (words or called(self.message)) or not whole.startswith(header) or not alone.startswith(header):
            return False
        if called(self.message):
            with contextlib.suppress(ValueError):
                prove(unthought(self.message), whole[len(header) : common_length(whole, alone)])
                return self.alone_whole()  # else calls with a thought would never be learned
            return False
        (before, said, _), (own, same, _) = (text[len(header) :].partition(words) for text in (whole, alone))
        unclosed = own.rstrip().removesuffix(OPENS).rstrip()  # at its own end only (Nemotron Nano 2)
        return bool(said and same) and before.rstrip() in (own.rstrip(), unclosed)


def prove(message: Message, answer: str, prompt: str = "") -> None:
    """Raise `ValueError` where `answer`, written behind `prompt`, does not hold all of a message."""
    parts, at, beside = parts_of(message), 0, ""
    for piece in parts:
        found = answer.find(piece, at)
        if found < 0:
            raise ValueError(REWRITES)
        # Calls stand behind the thought and beside the words: what either says of them is no call.
        beside = beside + answer[at:found] if piece is parts.words else ""
        at = found + len(piece)
    beside += answer[at:]
    opened = opened_by(prompt)
    region = answer if opened < 0 else prompt[opened:] + answer
    unclosed = parts.words.startswith(OPENS)  # a thought that never ends takes the place of the one that may be added
    if opened >= 0 and not unclosed and region.count(ENDS) <= sum(piece.count(ENDS) for piece in parts):
        raise ValueError(REWRITES)  # the words would be learned as a thought
    if any(region.count(mark) > 1 - unclosed + sum(piece.count(mark) for piece in parts) for mark in (OPENS, ENDS)):
        raise ValueError(REWRITES)
    names = Counter(called(message))
    if any(beside.count(name) < times for name, times in names.items()):
        raise ValueError(CALLS)
    for leaf in _said_in(message.get("tool_calls")):
        as_json = (json.dumps(leaf, ensure_ascii=plain)[1:-1] for plain in (False, True))
        ways = (leaf, *as_json, repr(leaf)[1:-1], repr(f'"{leaf}')[2:-1])  # the last in single quotes whatever it holds
        if not any(way in beside for way in ways):
            raise ValueError(CALLS)


def called(message: Mapping[str, Any]) -> list[str]:
    """The names of the tools that a message calls."""
    calls = message.get("tool_calls")
    return [tool_name(call) for call in calls] if isinstance(calls, Sequence) and not isinstance(calls, str) else []


def tool_name(tool: Any) -> str:
    """The name of a tool or a tool call, empty where it has none."""
    if not isinstance(tool, Mapping):
        return ""
    inner = tool.get("function", tool)
    return str(inner.get("name", "")) if isinstance(inner, Mapping) else ""


def named_by_id(messages: Conversation) -> Conversation:
    """The turns with calls whose ids tell the tool, as Kimi K2 names them, whose template writes nothing else of a name."""
    known: dict[str, str] = {}
    turns, count = [], 0
    for message in messages:
        if called(message) and all(isinstance(call, Mapping) for call in message["tool_calls"]):
            calls = [
                {**call, "id": f"functions.{tool_name(call)}:{count + i}"} for i, call in enumerate(message["tool_calls"])
            ]
            known |= {str(old.get("id")): new["id"] for old, new in zip(message["tool_calls"], calls, strict=True)}
            count += len(calls)
            message = {**message, "tool_calls": calls}
        elif "tool_call_id" in message:
            told = str(message["tool_call_id"])
            message = {**message, "tool_call_id": known.get(told, told)}
        turns.append(message)
    return tuple(turns)


def _said_in(calls: Any) -> Iterator[str]:
    """The strings among the arguments of calls; numbers are written in too many ways to be looked for."""
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        return
    for call in calls:
        inner = call.get("function", call) if isinstance(call, Mapping) else None
        if isinstance(inner, Mapping):
            yield from _strings(value_of(inner.get("arguments")))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _strings(inner)


def _behind_spaces(prompt: str, text: str) -> int:
    """Where `text` goes on behind a prompt from which it differs in white space alone; -1 where it differs otherwise."""
    i = j = common_length(prompt, text)
    while i < len(prompt):
        if prompt[i].isspace():
            i += 1
        elif j < len(text) and (text[j].isspace() or text[j] == prompt[i]):
            i += text[j] == prompt[i]
            j += 1
        else:
            return -1
    behind = len(text[:j].rstrip())
    return behind + common_length(prompt[len(prompt.rstrip()) :], text[behind:])


def common_length(a: str, b: str) -> int:
    """Characters that two strings have in common at their beginning, by bisection."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle - 1)
    return low
