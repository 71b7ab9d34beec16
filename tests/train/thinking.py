"""Small twins of the chat templates of models that think, and conversations with thoughts and calls for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from train.encoded import Encoded
from train.encoding import Encoder
from train.examples import Examples

# Small twins of templates that many models come with; each keeps what makes it hard and leaves out the rest.
R1 = (  # the prompt opens a thought, finished answers have none, calls are dropped
    "{% for m in messages %}{% if m['role'] == 'user' %}<|im_start|>user{{ m['content'] }}"
    "{% elif m['role'] == 'assistant' %}<|im_start|>assistant{{ m['content'].split('</think>')[-1] }}<|im_end|>"
    "{% else %}{{ m['content'] }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant<think>\n{% endif %}"
)
V3 = (  # the same with calls, whose arguments are joined as texts, and without their definitions
    "{% for m in messages %}{% if m['role'] == 'tool' %}<|im_start|>said{{ m['content'] }}<|im_end|>"
    "{% elif m['role'] == 'user' %}<|im_start|>user{{ m['content'] }}{% elif m['tool_calls'] %}"
    "<|im_start|>assistant{{ m['content'] }}{% for c in m['tool_calls'] %}"
    "{{ '<call>' + c['function']['name'] + ' ' + c['function']['arguments'] }}{% endfor %}<|im_end|>"
    "{% else %}<|im_start|>assistant{{ m['content'].split('</think>')[-1] }}<|im_end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant<think>\n{% endif %}"
)
QWEN3 = (  # an empty thought at the end only; earlier thoughts go once a user turn follows
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m['role'] == 'user' %}{% set ns.last = loop.index0 %}"
    "{% endif %}{% endfor %}{% for t in tools or [] %}<tool>{{ t['function']['name'] }}</tool>{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}"
    "{% set thought = m['reasoning_content'] or '' %}{% set words = m['content'] %}{% if '</think>' in words %}"
    "{% set thought = words.split('</think>')[0].split('<think>')[-1].strip() %}"
    "{% set words = words.split('</think>')[-1].strip() %}{% endif %}"
    "{% if loop.index0 > ns.last and (loop.last or thought) %}<think>\n{{ thought }}\n</think>\n\n{% endif %}{{ words }}"
    "{% for c in m['tool_calls'] or [] %}<call>{{ c['function']['name'] }} {{ c['function']['arguments'] | tojson }}</call>"
    "{% endfor %}{% else %}{{ m['content'] }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NEMOTRON = (  # the prompt opens a thought with a line break, an answer without one gets an empty pair, history keeps that
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m['role'] == 'user' %}{% set ns.last = loop.index0 %}"
    "{% endif %}{% endfor %}{% for t in tools or [] %}<tool>{{ t['function']['name'] }}</tool>{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}{% set c = m['content'] %}"
    "{% if '</think>' not in c %}{% set c = '<think></think>' + c %}{% endif %}"
    "{% if loop.index0 < ns.last %}{% set c = '<think></think>' + c.split('</think>')[-1].strip() %}{% endif %}"
    "{{ c.strip() }}{% for c in m['tool_calls'] or [] %}<call>{{ c['function']['name'] }}"
    "{{ c['function']['arguments']['kind'] }}</call>{% endfor %}{% else %}{{ m['content'] }}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
FIELD_ONLY = (  # reads thoughts from their field alone and writes an empty one before those that stand in the text
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}<think>\n"
    "{{ m['reasoning_content'] or '' }}\n</think>\n\n{% endif %}{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
KIMI = (  # calls are told by their ids alone
    "{{ tools | tojson }}{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['tool_call_id'] }}{{ m['content'] }}"
    "{% for c in m['tool_calls'] %}<call>{{ c['id'] }} {{ c['function']['arguments'] | tojson }}{% endfor %}<|im_end|>"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant {% endif %}"
)
CHANNELS = (  # a thought has marks of its own, and the words too; earlier thoughts go
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}"
    "{% if m['reasoning_content'] and loop.last %}"
    "<|im_start|>thinks {{ m['reasoning_content'] }}{% endif %}<|im_start|>final {{ m['content'] }}"
    "{% else %}{{ m['content'] }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
HARMONY = (  # a call's thought, or words in its place, stand in prompts until a final answer follows it (gpt-oss)
    "{% for t in tools or [] %}<tool>{{ t['function']['name'] }}</tool>{% endfor %}{% for m in messages %}"
    "{% set ns = namespace(final=false) %}{% for later in messages[loop.index:] %}"
    "{% if later['role'] == 'assistant' and not later['tool_calls'] %}{% set ns.final = true %}{% endif %}{% endfor %}"
    "{% set thinks = not ns.final if m['tool_calls'] else loop.last and not add_generation_prompt %}"
    "{% if m['tool_calls'] and m['thinking'] and m['content'] %}{{ raise_exception('one or the other') }}{% endif %}"
    "{% set thought = m['thinking'] or (m['content'] if m['tool_calls'] else '') %}<|im_start|>{{ m['role'] }}\n"
    "{% if thought and thinks %}thinks {{ thought }}<|im_start|>assistant\n{% endif %}"
    "{% for c in m['tool_calls'] or [] %}<call>{{ c['function']['name'] }} {{ c['function']['arguments'] | tojson }}</call>"
    "{% else %}{{ 'final ' if m['role'] == 'assistant' else '' }}{{ m['content'] }}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_TURNS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['role'] == 'assistant' %}ANSWER{% else %}"
    "{{ m['content'] }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\nPROMPT{% endif %}"
)
NANO = (  # the last answer stands within the thought that the prompt opens (Nemotron Nano 2)
    _TURNS.replace("ANSWER", "{{ '<think>\n' if loop.last else '' }}{{ m['content'].split('</think>')[-1] }}")
    .replace("PROMPT", "<think>\n")
)  # fmt: skip
GLM = _TURNS.replace("ANSWER", "</think>{{ m['content'] }}").replace("PROMPT", "<think>")  # ends what the prompt opens
QWQ = _TURNS.replace("ANSWER", "{{ m['content'].split('</think>')[-1] }}").replace("PROMPT", "<think>\n</think>")
V32 = _TURNS.replace("ANSWER", "</think>{{ m['content'] }}").replace("PROMPT", "<think></think>")
_GEMMA = (
    "{% if m['tool_calls'] and m['reasoning_content'] %}<|im_start|>hm\n{{ m['reasoning_content'] }}\n<|im_start|>ok"
    "{% endif %}{% for c in m['tool_calls'] or [] %}<call>{{ c['function']['name'] }}{% endfor %}{{ m['content'] }}"
)  # an empty thought in the prompt, between marks of its own that stand around the thoughts of calls (Gemma 4, 31B)
GEMMA = _TURNS.replace("ANSWER", _GEMMA).replace("PROMPT", "<|im_start|>hm\n<|im_start|>ok")
HERMES = (  # a line break behind what a tool said, once an answer follows (Hermes 3)
    "{% for t in tools or [] %}<tool>{{ t['function']['name'] }}</tool>{% endfor %}"
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}{% for c in m['tool_calls'] or [] %}"
    "<call>{{ c['function']['name'] }} {{ c['function']['arguments'] | tojson }}</call>{% endfor %}"
    "{{ '\n' if m['role'] == 'tool' and not loop.last else '' }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
FIRST_CALL_ONLY = QWEN3.replace("m['tool_calls'] or []", "(m['tool_calls'] or [])[:1]")

QWEN3_NOTHINK = QWEN3.replace("assistant\n{% endif %}", "assistant\n<think>\n\n</think>\n\n{% endif %}")

CALL = {"type": "function", "id": "call00001", "function": {"name": "find_card", "arguments": '{"kind": "visa", "n": 2}'}}
PARAMETERS = {"type": "object", "properties": {"kind": {"type": "string", "description": "which"}}, "required": ["kind"]}
TOOLS = ({"type": "function", "function": {"name": "find_card", "description": "finds", "parameters": PARAMETERS}},)
SAID = {"role": "tool", "content": "locked", "name": "find_card", "tool_call_id": "call00001"}


def user(words: str) -> dict[str, Any]:
    return {"role": "user", "content": words}


def answer(words: str, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": words, **more}


ASK, AGAIN = user("where is it"), user("and now")
PLAIN = (ASK, answer("here it is"), AGAIN, answer("over there"))
HERE, THERE = "<think>\nmaybe here\n</think>\n\nhere it is", "<think>\nor there\n</think>\n\nover there"
THINKS = (ASK, answer(HERE), AGAIN, answer(THERE))
CALLS = (ASK, answer("", tool_calls=[CALL]), SAID, answer("it is locked"))
CALL_WRITTEN = '<call>find_card {"kind": "visa", "n": 2}</call><|im_end|>'
TALKS = {
    "one": PLAIN[:2], "two": PLAIN, "thought": THINKS[:2], "thoughts": THINKS,
    "field": (ASK, answer("over there", reasoning_content="or there")),
    "call": CALLS, "call and words": (ASK, answer("let me look", tool_calls=[CALL]), *CALLS[2:]),
    "call and thought": (ASK, answer("<think>\nlook\n</think>\n\n", tool_calls=[CALL]), *CALLS[2:]),
    "calls at once": (ASK, answer("", tool_calls=[CALL, {**CALL, "id": "call00002"}]), SAID, CALLS[3]),
    "call, then more": (*CALLS, AGAIN, answer("over there")),
    "thoughts, then none": (*THINKS[:3], answer("over there")),
    "field, then none": (ASK, answer("here it is", reasoning_content="maybe here"), AGAIN, answer("over there")),
}  # fmt: skip


def encoded(tokenizer: Any, template: str, talk: tuple[dict[str, Any], ...], *, tools: bool = False) -> Encoded:
    tokenizer.chat_template = template
    shown = (TOOLS,) if tools else ()
    return Encoder(tokenizer, 4096).encode(Examples("chat", np.array([3]), messages=(talk,), tools=shown))


def learned(tokenizer: Any, found: Encoded) -> list[str]:
    """Each run of tokens that is learned, as text."""
    mask, tokens = found.supervised[0], found.tokens[0]
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(int)))
    return [tokenizer.decode(tokens[a:b]) for a, b in edges.reshape(-1, 2)]
