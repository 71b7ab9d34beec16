"""Answers whose prompt holds more than the finished conversation does, or other white space: learned behind the prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from thinking import (
    AGAIN,
    CALL_WRITTEN,
    CALLS,
    GEMMA,
    GLM,
    HERMES,
    NANO,
    PLAIN,
    QWQ,
    THINKS,
    V32,
    answer,
    encoded,
    learned,
)
from tiny_base import CHATML

from curate.errors import DataError
from train.base import load_tokenizer, resolve_base

FIELD = answer("over there", reasoning_content="or there")


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    return load_tokenizer(resolve_base(str(base)))


def test_words_are_never_learned_within_a_thought_that_the_prompt_opens(tokenizer: Any) -> None:
    """Nemotron Nano 2: the last answer is written right behind `<think>`, so all of it was learned as a thought."""
    for talk, thought in ((PLAIN, ""), (THINKS, "or there"), ((*PLAIN[:3], FIELD), "or there")):
        found = encoded(tokenizer, NANO, talk)
        assert learned(tokenizer, found) == [f"{thought}\n</think>\n\nover there<|im_end|>"]
        assert found.report.only_read_answers == 1
        assert tokenizer.decode(found.tokens[0]).count("<think>") == 1


@pytest.mark.parametrize("template", [GLM, QWQ, V32, GEMMA])
def test_the_last_answer_is_learned_behind_what_its_prompt_holds_of_a_thought(tokenizer: Any, template: str) -> None:
    """Nobody thinks in these rows, but prompts hold an empty thought, or one that the answer has to end."""
    end = "</think>" if template is GLM else ""
    for talk in (PLAIN[:2], PLAIN):
        found = encoded(tokenizer, template, talk)
        words = str(talk[-1]["content"])
        prompt = tokenizer.apply_chat_template(list(talk[:-1]), tokenize=False, add_generation_prompt=True)
        assert learned(tokenizer, found)[-1] == f"{end}{words}<|im_end|>"
        assert tokenizer.decode(found.tokens[0]) == f"{prompt}{end}{words}<|im_end|>"
        assert found.report.only_read_answers == len(talk) // 2 - 1
    if template in (QWQ, V32):  # behind an empty thought there is no place for one
        with pytest.raises(DataError, match=r"one after the other|rewrites or drops an answer"):
            encoded(tokenizer, template, THINKS[:2])


def test_a_line_break_that_a_template_adds_behind_a_tool_refuses_no_answer(tokenizer: Any) -> None:
    for talk in (CALLS, (*CALLS, AGAIN, answer("over there"))):
        found = encoded(tokenizer, HERMES, talk, tools=True)
        later = ["over there<|im_end|>"] if len(talk) > len(CALLS) else []
        assert learned(tokenizer, found) == [CALL_WRITTEN, "it is locked<|im_end|>", *later]
        assert "locked<|im_end|>\n<|im_start|>assistant" in tokenizer.decode(found.tokens[0])  # as it is asked
    with pytest.raises(DataError, match="one after the other"):  # words are no white space
        encoded(tokenizer, HERMES.replace("{{ '\n' if m", "{{ 'so' if m"), CALLS, tools=True)


def test_a_prompt_that_a_template_always_writes_is_not_learned_behind_the_answer(tokenizer: Any) -> None:
    """Command R7B: the mark of the next answer was learned behind each last one, and whatever it opens."""
    ready = CHATML.replace("{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}", "<|im_start|>assistant\n")
    with pytest.raises(DataError, match=r"writes a prompt behind answers, too.*chat_template = 'plain'"):
        encoded(tokenizer, ready, PLAIN)
    never = CHATML.replace("{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}", "")
    assert learned(tokenizer, encoded(tokenizer, never, PLAIN))[-1] == "<|im_start|>assistant\nover there<|im_end|>"


def test_an_end_that_is_written_only_where_turns_follow_is_learned_in_every_answer(tokenizer: Any) -> None:
    """Apertus closes an answer with its end token when the next turn begins: two ends of three were not learned."""
    lazy = (
        "{% for m in messages %}{% if m['role'] == 'assistant' %}{{ m['content'] }}{{ '' if loop.last else eos_token }}"
        "{% else %}<|im_start|>{{ m['content'] }}<|im_start|>{% endif %}{% endfor %}"
    )
    found = encoded(tokenizer, lazy, PLAIN)
    assert learned(tokenizer, found) == ["here it is<|end|>", "over there<|end|>"]
    silent = encoded(tokenizer, lazy, (*PLAIN[:3], answer("")))
    assert learned(tokenizer, silent) == ["here it is<|end|>"]  # and not a second end for the answer that says nothing
    assert any("Empty answers: 1" in words for words in silent.report.words())
