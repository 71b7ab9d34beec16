"""Conversations as a model's own template writes them, and where the answers in them stand.

The answer of turn i is what the template writes between rendering turns 0..i-1 *with* the generation prompt and
rendering turns 0..i: exactly what a model has to produce there when it is used. That is checked, not assumed: the whole
conversation must begin with both renderings, the span must hold the answer's content and the names of its tool calls,
and what the other turns and the tools say must stand in the text. An earlier answer that the template writes without its
thinking once turns follow it, and else as at its own end, is read and not learned: its span is empty. `ValueError`
gives the reason in a plain sentence. `FALLBACK` says what to do about a template that fails. Cost: two renderings an
answer, about 0.3 ms a conversation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from train.beside import MARK, SPARE
from train.examples import Conversation, Tools

PLAIN_TEMPLATE = (
    "{% if tools %}tools:\n{{ tools | tojson }}\n{% endif %}"
    "{% for message in messages %}{{ message['role'] }}:\n{{ message['content'] }}"
    "{% if message['tool_calls'] %}{{ message['tool_calls'] | tojson }}{% endif %}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\n' }}{% endfor %}"  # jinja drops a bare one here
    "{% if add_generation_prompt %}assistant:\n{% endif %}"
)
END_OF_THOUGHT = "</think>"
ORDER = "the chat template rejects the order or the roles of the turns"
PREFIX = "the chat template does not render the turns one after the other"
REWRITES = "the chat template rewrites or drops an answer"
CALLS = "the chat template drops a tool call"
TOOLS = "the chat template does not show the tools"
DROPS = {
    "system": "the chat template drops the system turn",
    "user": "the chat template drops or rewrites a user turn",
    "tool": "the chat template drops or rewrites what a tool said",
}
TEMPLATE_FAULTS = (ORDER, PREFIX, REWRITES, CALLS, TOOLS, *DROPS.values())
FALLBACK = "set chat_template = 'plain' to write conversations without the model's template"


class ChatTemplate:
    """Renders conversations for one tokenizer, with its own template or the plain one."""

    def __init__(self, tokenizer: Any, *, plain: bool = False) -> None:
        self.tokenizer = tokenizer
        self.template = PLAIN_TEMPLATE if plain or not tokenizer.chat_template else None
        """None for the tokenizer's own."""
        self._takes_system: bool | None = None

    def fitted(self, messages: Conversation) -> Conversation:
        """The turns, with a system turn that a column gave put before the next turn where the template takes none.

        A system turn of the data's own conversations stays: a template that drops it is an error.
        """
        if len(messages) < 2 or not messages[0].get(MARK) or messages[0]["role"] != "system" or self._has_system():
            return messages
        system, first, *rest = messages
        return ({**first, "content": f"{system['content']}\n\n{first['content']}"}, *rest)

    def _has_system(self) -> bool:
        if self._takes_system is None:
            probe = [{"role": "system", "content": "Say it."}, {"role": "user", "content": "What?"}]
            try:
                self._takes_system = "Say it." in self.render(tuple(probe), prompt=True)
            except Exception:  # jinja2 raises what the template's author chose
                self._takes_system = False
        return self._takes_system

    def render(self, messages: Conversation, tools: Tools = (), *, prompt: bool = False) -> str:
        """The conversation as the template writes it, with the generation prompt if `prompt`."""
        if not messages and not prompt:
            return ""
        turns = [_with_read_arguments(message) for message in self.fitted(messages)]
        return str(
            self.tokenizer.apply_chat_template(
                turns,
                tools=list(tools) or None,
                chat_template=self.template,
                tokenize=False,
                add_generation_prompt=prompt,
            )
        )

    def answer_spans(self, messages: Conversation, tools: Tools = ()) -> tuple[str, list[tuple[int, int]]]:
        """The rendered conversation and the character spans of its answers; `ValueError` says what is wrong."""
        messages = self.fitted(messages)
        full = self._rendered(messages, tools)
        spans = []
        for turn, message in enumerate(messages):
            if message["role"] != "assistant":
                content = str(message["content"]).strip()
                as_json = json.dumps(content, ensure_ascii=False)[1:-1] if message["role"] == "tool" else content
                if content not in full and as_json not in full:
                    raise ValueError(DROPS.get(message["role"], DROPS["user"]))
                continue
            try:
                spans.append(self._span(full, messages, turn, tools))
            except ValueError:
                last = all(later["role"] != "assistant" for later in messages[turn + 1 :])
                if last or _called(message) or not self._without_thinking(full, messages, turn, tools):
                    raise
                spans.append((0, 0))
        if any(name not in full for name in map(_name, tools)):
            raise ValueError(TOOLS)
        return full, spans

    def _span(self, full: str, messages: Conversation, turn: int, tools: Tools) -> tuple[int, int]:
        """Where a turn's answer stands in the whole conversation, as at the end of its own; `ValueError` says why not."""
        message = messages[turn]
        before = self._rendered(messages[:turn], tools, prompt=True)
        end = common_length(full, self._rendered(messages[: turn + 1], tools))
        if not full.startswith(before) or end < len(before):
            raise ValueError(PREFIX)
        answer = full[len(before) : end]
        if message["content"].strip() not in answer:
            raise ValueError(REWRITES)
        if any(name not in answer for name in _called(message)):
            raise ValueError(CALLS)
        return len(before), end

    def _without_thinking(self, full: str, messages: Conversation, turn: int, tools: Tools) -> bool:
        """Whether all that a turn's answer lacks in the whole conversation is the thinking that it has at its own end."""
        before, alone = (self._rendered(messages[:end], tools) for end in (turn, turn + 1))
        if not full.startswith(before) or not alone.startswith(before):
            return False
        thought, ended, said = alone[len(before) :].rpartition(END_OF_THOUGHT)
        words = messages[turn]["content"].rpartition(END_OF_THOUGHT)[2].strip()
        if not ended or not words or words not in said:
            return False
        opening, found, _ = full[len(before) :].partition(said.strip())
        return bool(found) and thought.startswith(opening.rstrip())

    def _rendered(self, messages: Conversation, tools: Tools, *, prompt: bool = False) -> str:
        try:
            return self.render(messages, tools, prompt=prompt)
        except Exception as error:  # jinja2 raises what the template's author chose
            raise ValueError(ORDER) from error


def _with_read_arguments(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message with the arguments of its tool calls as values: templates write them as JSON themselves."""
    message = {key: value for key, value in message.items() if key not in (MARK, SPARE)}
    calls = message.get("tool_calls")
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        return dict(message)
    return {**message, "tool_calls": [_read(call) for call in calls]}


def _read(call: Any) -> Any:
    if not isinstance(call, Mapping):
        return call
    inner = call.get("function")
    if isinstance(inner, Mapping):
        return {**call, "function": _read(inner)}
    arguments = call.get("arguments")
    if isinstance(arguments, str):
        try:
            return {**call, "arguments": json.loads(arguments)}
        except ValueError:
            return call
    return call


def _called(message: Mapping[str, Any]) -> list[str]:
    calls = message.get("tool_calls")
    return [_name(call) for call in calls] if isinstance(calls, Sequence) and not isinstance(calls, str) else []


def _name(tool: Any) -> str:
    """The name of a tool or a tool call, empty where it has none."""
    if not isinstance(tool, Mapping):
        return ""
    inner = tool.get("function", tool)
    return str(inner.get("name", "")) if isinstance(inner, Mapping) else ""


def common_length(a: str, b: str) -> int:
    """Characters that two strings have in common at their beginning, by bisection."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle - 1)
    return low
