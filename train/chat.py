"""Conversations as a model's own template writes them, and where the answers in them stand.

The answer of turn i is what the template writes between rendering turns 0..i-1 *with* the generation prompt and
rendering turns 0..i: exactly what a model has to produce there when it is used. That is checked, not assumed
(`train.asked`): the whole conversation must begin with both renderings, the span must hold the answer's thought and words
and its tool calls with their arguments, and what the other turns and the tools say must stand in the text. An answer that
is not whole is tried in other forms (`train.thoughts`): its thought in a field or in the text, or an empty one where the
prompt opens a thought. A thought that finished answers have lost is put back where a model writes it (in the last answer,
DeepSeek-R1; an empty one in an earlier call, Qwen3), or reads it (in the prompt: behind calls, gpt-oss; an empty one before
the last answer, Gemma 4), and white space that only prompts have (Hermes 3) is the prompts'. An earlier answer that lacks
nothing else is read and not learned: its span is empty. `ValueError` gives the reason in a plain sentence, and `way_on`
what to do about it.
Cost: two renderings an answer, about 0.4 ms a conversation; 0.5 to 6 ms under templates that take thoughts away
(DeepSeek-R1, Nemotron 3).
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from train.asked import CALLS, PREFIX, REWRITES, Asked, Span, called, common_length, named_by_id, tool_name
from train.beside import MARK, SPARE
from train.examples import Conversation, Tools
from train.thoughts import ENDS, FIELDS, OPENS, Places, closed_by, forms, holds_nothing, opened_by, parts_of, unthought
from train.turns import Message, last_learned, value_of

PLAIN_TEMPLATE = (
    "{% if tools %}tools:\n{{ tools | tojson }}\n{% endif %}"
    "{% for message in messages %}{{ message['role'] }}:\n{{ message['content'] }}"
    "{% if message['tool_calls'] %}{{ message['tool_calls'] | tojson }}{% endif %}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\n' }}{% endfor %}"  # jinja drops a bare one here
    "{% if add_generation_prompt %}assistant:\n{% endif %}"
)
ORDER = "the chat template rejects the order or the roles of the turns"
TOOLS = "the chat template does not show the tools"
ASKS = "the chat template writes a prompt behind answers, too"
UNASKED = "no turn stands before the answer"
DROPS = {
    "system": "the chat template drops the system turn",
    "user": "the chat template drops or rewrites a user turn",
    "tool": "the chat template drops or rewrites what a tool said",
}
TEMPLATE_FAULTS = (ORDER, PREFIX, ASKS, REWRITES, CALLS, TOOLS, *DROPS.values())
PLAIN_BEFORE = PLAIN_TEMPLATE.replace("{{ '\n' }}", "")
"""What it was before version 6 of the encoding: turns ended without a line break. Adapters learned it."""
FALLBACK = "set chat_template = 'plain' to write conversations without the model's template"
DAY = datetime.date(2024, 7, 26)
"""What templates that write today's date (Llama 3.2) are told, so that rows are the same tomorrow: the day that they write
themselves where they can ask for none."""
_WAYS_ON = {
    TOOLS: "write the tools into the system turn and leave the column of tools out, or ",
    CALLS: "write calls as text of their answers, or ",
    PREFIX: "end each conversation with the answer that is to be learned, or ",
}


def way_on(reason: str) -> str:
    """What to do about a template that fails for `reason`, behind a semicolon; empty for other reasons."""
    return f"; {_WAYS_ON.get(reason, '')}{FALLBACK}" if reason in TEMPLATE_FAULTS else ""


def special_tokens(tokenizer: Any) -> frozenset[int]:
    """Ids of tokens that are no text: those that a tokenizer names, or only marks as special (Gemma 3's end of turn)."""
    marked = (number for number, token in tokenizer.added_tokens_decoder.items() if token.special)
    return frozenset((*tokenizer.all_special_ids, tokenizer.eos_token_id, *marked))


class ChatTemplate:
    """Renders conversations for one tokenizer, with its own template or the plain one."""

    def __init__(self, tokenizer: Any, *, plain: bool = False) -> None:
        self.tokenizer = tokenizer
        self.template = PLAIN_TEMPLATE if plain or not tokenizer.chat_template else None
        """None for the tokenizer's own."""
        self._takes_system: bool | None = None
        self._places: Places | None = None
        self._idle: str | None = None
        self._asks: bool | None = None

    def learned_with(self) -> Any:
        """The template that conversations are written with, as a tokenizer holds it."""
        return self.template or self.tokenizer.chat_template

    def take(self, template: Any) -> None:
        """Write conversations with another template from now on, which the tokenizer holds and saves."""
        self.tokenizer.chat_template, self.template, self._takes_system = template, None, None
        self._places = self._idle = self._asks = None

    def fitted(self, messages: Conversation) -> Conversation:
        """The turns, with a system turn that a column gave put before the first question where the template takes none.

        A system turn of the data's own conversations stays: a template that drops it is an error.
        """
        if len(messages) < 2 or not messages[0].get(MARK) or messages[0]["role"] != "system" or self._has_system():
            return messages
        system, *turns = messages
        at = next((k for k, turn in enumerate(turns) if turn["role"] == "user"), 0)  # a greeting may come first
        turns[at] = {**turns[at], "content": f"{system['content']}\n\n{turns[at]['content']}"}
        return tuple(turns)

    def _has_system(self) -> bool:
        if self._takes_system is None:
            probe = [{"role": "system", "content": "Say it."}, {"role": "user", "content": "What?"}]
            try:
                self._takes_system = "Say it." in self.render(tuple(probe), prompt=True)
            except Exception:  # jinja2 raises what the template's author chose
                self._takes_system = False
        return self._takes_system

    def places(self) -> Places:
        """Where the template writes a thought that has a field of its own."""
        if self._places is None:
            words, thought, befores = "Yes.", "So it is.", []
            for fields in ({}, dict.fromkeys(FIELDS, thought)):
                with contextlib.suppress(ValueError):
                    turns = ({"role": "user", "content": "What?"}, {"role": "assistant", "content": words, **fields})
                    text, spans = self._spans(turns, ())
                    befores.append((bool(fields), text[spans[-1][0] : text.rindex(words)]))
            reads = any(thought in before for with_field, before in befores if with_field)
            own = reads and not any(OPENS in before or ENDS in before for _, before in befores)
            leads = [before.rpartition(thought)[2].strip() for _, before in befores] if own else []
            self._places = Places(reads, own, tuple(lead for lead in leads if lead))
        return self._places

    def _always_asks(self) -> bool:
        """Whether the template writes a prompt behind every conversation: it would be learned as the end of an answer."""
        if self._asks is None:
            self._asks = False
            turns = [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "Yes."}] * 2
            with contextlib.suppress(Exception):  # jinja2 raises what the template's author chose
                asked, said, more = (self.render(tuple(turns[:n])) for n in (1, 2, 3))
                tail = said[common_length(said, more) :].strip()
                same = asked == self.render(tuple(turns[:1]), prompt=True)
                self._asks = bool(tail) and same and asked.rstrip().endswith(tail)
        return self._asks

    def _empty(self) -> str:
        """The empty thought that prompts end with, between marks that the template writes around thoughts; else empty."""
        if self._idle is None:
            words, thought, asked = "Yes.", "So it is.", {"role": "user", "content": "What?"}
            call = {"type": "function", "id": "call00001", "function": {"name": "find", "arguments": {"a": "b"}}}
            self._idle = ""
            for said in ({"content": words}, {"content": "", "tool_calls": [call]}):
                with contextlib.suppress(Exception):  # jinja2 raises what the template's author chose
                    prompt, plain, thinks = (
                        self.render((asked, *({"role": "assistant", **turn} for turn in turns)), prompt=not turns)
                        for turns in ((), ({"content": words},), ({**said, **dict.fromkeys(FIELDS, thought)},))
                    )
                    at = common_length(prompt, plain)
                    if prompt.rfind("<", 0, at) > prompt.rfind(">", 0, at):
                        at = prompt.rfind("<", 0, at)  # two marks that begin alike
                    begins, thinking, behind = thinks[at:].partition(thought)
                    marks = ("".join(text.split()) for text in (prompt[at:], begins, behind))
                    if thinking and thinks[:at] == prompt[:at] and holds_nothing(*marks):
                        self._idle = prompt[at:]
        return self._idle

    def render(self, messages: Conversation, tools: Tools = (), *, prompt: bool = False) -> str:
        """The conversation as the template writes it, with the generation prompt if `prompt`."""
        if not messages:
            return self._opening(tools) if prompt else ""
        fitted = self.fitted(messages)
        try:
            return self._applied(fitted, tools, prompt=prompt, written=False)
        except TypeError:  # a template that joins arguments to other texts (DeepSeek-V3)
            return self._applied(fitted, tools, prompt=prompt, written=True)

    def _opening(self, tools: Tools) -> str:
        """What a first answer stands behind: no template is asked for a prompt behind no turn at all."""
        asked = ({"role": "user", "content": "What?"},)
        prompt = self.render(asked, tools, prompt=True)
        begins = prompt[common_length(prompt, self.render(asked, tools)) :]
        opened = opened_by(begins)
        mark = begins[:opened].rstrip() if opened >= 0 else begins
        alone = self.render(({"role": "assistant", "content": "Yes."},), tools)
        at = alone.find(mark)
        if not mark or at < 0:
            raise ValueError(ORDER)
        return alone[:at] + begins

    def _applied(self, messages: Conversation, tools: Tools, *, prompt: bool, written: bool) -> str:
        return str(
            self.tokenizer.apply_chat_template(
                [_with_arguments(message, written=written) for message in messages],
                tools=list(tools) or None,
                chat_template=self.template,
                tokenize=False,
                add_generation_prompt=prompt,
                strftime_now=DAY.strftime,
            )
        )

    def answer_spans(self, messages: Conversation, tools: Tools = ()) -> tuple[str, list[Span]]:
        """The rendered conversation and the character spans of its answers; `ValueError` says what is wrong."""
        messages = self._thoughts_apart(_to_last_answer(self.fitted(messages)))
        if [message["role"] for message in messages] == ["assistant"]:
            raise ValueError(UNASKED)
        if self._always_asks():
            raise ValueError(ASKS)
        answers = [message for message in messages if message["role"] == "assistant"]
        found = self._first_whole(messages, tools)
        read = [said for said, (start, end) in zip(answers, found[1], strict=True) if start == end]
        if any(parts_of(said).thought or called(said) for said in read):
            with contextlib.suppress(ValueError):  # a thought in another form may be written, and its answer learned
                other = self._in_other_forms(messages, tools)
                again = found if other == messages else self._spans(other, tools)
                found = max(found, again, key=lambda spans: sum(end > start for start, end in spans[1]))
        return found

    def _first_whole(self, messages: Conversation, tools: Tools) -> tuple[str, list[Span]]:
        """The first way of handing the template the turns that it writes whole."""
        reason: ValueError | None = None
        ways: list[Callable[[], Conversation]] = [
            lambda: messages, lambda: self._in_other_forms(messages, tools), lambda: named_by_id(messages),
            lambda: self._in_other_forms(named_by_id(messages), tools),
        ]  # fmt: skip
        tried: list[Conversation] = []
        for way in ways if any(map(called, messages)) else ways[:2]:
            try:
                turns = way()
                if turns not in tried:
                    tried.append(turns)
                    return self._spans(turns, tools)
            except ValueError as error:
                reason = error if reason is None or str(error) == TOOLS else reason
        raise reason or ValueError(ORDER)

    def _thoughts_apart(self, messages: Conversation) -> Conversation:
        """The turns with thoughts taken out of the text where the template has marks of its own for them."""
        thinks = [message["role"] == "assistant" and ENDS in str(message["content"]) for message in messages]
        if not any(thinks) or not self.places().own:
            return messages
        thought = [thinking and bool(parts_of(message).thought) for thinking, message in zip(thinks, messages, strict=True)]
        return tuple(next(forms(m, opened=False)) if moved else m for moved, m in zip(thought, messages, strict=True))

    def _spans(self, messages: Conversation, tools: Tools) -> tuple[str, list[Span]]:
        last = max((turn for turn, message in enumerate(messages) if message["role"] == "assistant"), default=-1)
        ending = None if last < 0 else self._asked(messages, last, tools)
        full = self._rendered(messages, tools) if ending is None else ending.alone
        text, spans = full, []
        for turn, message in enumerate(messages):
            if message["role"] != "assistant":
                content = str(message["content"]).strip()
                as_json = json.dumps(content, ensure_ascii=False)[1:-1] if message["role"] == "tool" else content
                if content not in full and as_json not in full:
                    raise ValueError(DROPS.get(message["role"], DROPS["user"]))
                continue
            asked = ending if ending is not None and turn == last else self._asked(messages, turn, tools)
            text, span = asked.within(full, text, last=turn == last)
            spans.append(span)
        if tools and not self._shows(tools, messages, full):
            raise ValueError(TOOLS)
        return text, spans

    def _shows(self, tools: Tools, messages: Conversation, full: str) -> bool:
        """Whether the conversation tells each tool, and not only by its calls."""
        try:
            without = self.render(messages)
        except Exception:  # a template that takes no calls without tools
            without = ""
        return all(full.count(name) > without.count(name) for name in map(tool_name, tools) if name)

    def _in_other_forms(self, messages: Conversation, tools: Tools) -> Conversation:
        """The turns, each answer in the first form of it that the template writes whole at the answer's own end."""
        turns: list[Message] = []
        for message in messages:
            turns.append(message)
            if message["role"] != "assistant":
                continue
            at = len(turns) - 1
            # An earlier answer that is only read stays as a model will find it there.
            learned = bool(called(message)) or all(later["role"] != "assistant" for later in messages[at + 1 :])
            opened = learned and opened_by(self._rendered(tuple(turns[:at]), tools, prompt=True)) >= 0
            for turns[at] in (message, *forms(message, opened=opened, marked=not self.places().own)):
                with contextlib.suppress(ValueError):
                    if self._asked(tuple(turns), at, tools).alone_whole():
                        break
            else:
                turns[at] = message
        return tuple(turns)

    def _asked(self, messages: Conversation, turn: int, tools: Tools) -> Asked:
        before = messages[:turn]
        prompt = self._rendered(before, tools, prompt=True)
        return Asked(
            messages[turn],
            functools.partial(self._rendered, before, tools),
            prompt,
            self._behind(prompt, messages[: turn + 1], tools),
            functools.partial(self._without_thoughts, messages[: turn + 1], tools),
            lambda prompt: closed_by(prompt, self._empty()),
        )

    def _behind(self, prompt: str, messages: Conversation, tools: Tools) -> str:
        """A conversation that ends with an answer, as a model that is asked with `prompt` goes on.

        Some templates (gpt-oss) write the thoughts of calls, or the words beside them, into the prompt of the answer behind
        them, and leave them out once that answer stands there. If the turns without these give the same conversation, and
        it begins with their own prompt, the answer is what stands behind that.
        """
        whole, before = self._rendered(messages, tools), messages[:-1]
        if whole.startswith(prompt):
            return whole
        for less in (_unthought, _silent):
            bare = tuple(map(less, before))
            with contextlib.suppress(ValueError):
                asked = self._rendered(bare, tools, prompt=True)
                if bare != before and whole.startswith(asked) and self._rendered((*bare, messages[-1]), tools) == whole:
                    return prompt + whole[len(asked) :]
        return whole

    def _without_thoughts(self, messages: Conversation, tools: Tools) -> tuple[str, str]:
        bare = tuple(map(_unthought, messages))
        return self._rendered(bare[:-1], tools), self._rendered(bare, tools)

    def _rendered(self, messages: Conversation, tools: Tools, *, prompt: bool = False) -> str:
        try:
            return self.render(messages, tools, prompt=prompt)
        except Exception as error:  # jinja2 raises what the template's author chose
            raise ValueError(ORDER) from error


def _to_last_answer(messages: Conversation) -> Conversation:
    """The turns up to the last answer: behind it nothing is learned, and for turns there templates write it otherwise."""
    return messages[: last_learned(messages) + 1]


def _unthought(message: Message) -> Message:
    return unthought(message) if message["role"] == "assistant" else message


def _silent(message: Message) -> Message:
    """A call without what is said beside it; other turns without their thoughts."""
    return {**_unthought(message), "content": ""} if called(message) else _unthought(message)


def _with_arguments(message: Mapping[str, Any], *, written: bool) -> dict[str, Any]:
    """The message with the arguments of its tool calls as values, which templates write as JSON, or `written` as JSON."""
    message = {key: value for key, value in message.items() if key not in (MARK, SPARE)}
    calls = message.get("tool_calls")
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        return dict(message)
    return {**message, "tool_calls": [_read(call, written) for call in calls]}


def _read(call: Any, written: bool) -> Any:
    if not isinstance(call, Mapping):
        return call
    inner = call.get("function")
    if isinstance(inner, Mapping):
        return {**call, "function": _read(inner, written)}
    if "arguments" not in call:
        return call
    arguments = value_of(call["arguments"])
    as_text = written and not isinstance(arguments, str)
    return {**call, "arguments": json.dumps(arguments, ensure_ascii=False) if as_text else arguments}
