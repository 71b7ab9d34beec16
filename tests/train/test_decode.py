"""What a model is asked, what it should write there, and what of that is compared: the same that training learns."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from thinking import (
    ASK,
    CALLS,
    FIELD_ONLY,
    HARMONY,
    NEMOTRON,
    QWEN3,
    QWEN3_NOTHINK,
    R1,
    TALKS,
    THINKS,
    TOOLS,
    V3,
    answer,
    encoded,
    learned,
)
from tiny_base import CHATML

from curate.errors import DataError
from train.adapt import Workbench
from train.config import TrainConfig
from train.decode import end_tokens, last_answer, prompt_tokens, write_answers
from train.encoding import Encoder
from train.examples import Examples
from train.lora import open_workbench
from train.thoughts import words_of


@pytest.fixture
def bench(quick: TrainConfig) -> Workbench:
    return open_workbench(quick.replace(max_length_tokens=512))


def test_written_answers_are_compared_without_their_thoughts(bench: Workbench) -> None:
    """And asked behind the prompt that was trained on: earlier thoughts stand where the template looks for them."""
    bench.encoder.chat.take(FIELD_ONLY)
    rows = Examples("chat", np.array([3]), messages=(THINKS,))
    prompt, reference, words = last_answer(bench, THINKS)
    found = bench.encoder.encode(rows)
    before = found.tokens[0][: int(np.flatnonzero(np.diff(found.supervised[0].astype(int)) == 1)[-1]) + 1]
    assert prompt_tokens(bench, prompt).tolist() == before.tolist()
    assert (reference, words) == ("or there\n</think>\n\nover there", "over there")
    for other in ({"content": "<think>\nhm\n</think>\n\nNo."}, {"content": "No.", "reasoning_content": "hm"}):
        assert last_answer(bench, (*THINKS[:-1], {"role": "assistant", **other})).prompt == prompt  # it tells nothing of it
    written = ["<think>\nno\n</think>\n\nover there", "over there", "<think>\nnever ends"]
    assert [words_of(text) for text in written] == ["over there", "over there", written[2]]
    assert [words_of(text, prompt) for text in (reference, "no</think>over there")] == ["over there"] * 2


@pytest.mark.parametrize("template", [R1, V3, QWEN3, NEMOTRON, FIELD_ONLY, QWEN3_NOTHINK, HARMONY])
def test_what_is_compared_is_what_is_learned_behind_the_same_prompt(bench: Workbench, template: str) -> None:
    bench.encoder.chat.take(template)
    asked: dict[str, str] = {}
    for name, talk in TALKS.items():
        tools = TOOLS if "call" in name and template is not V3 else ()
        try:
            found = encoded(bench.tokenizer, template, talk, tools=bool(tools))
        except DataError:
            with pytest.raises(ValueError, match="chat template"):
                last_answer(bench, talk, tools)
            continue
        prompt, written, words = last_answer(bench, talk, tools)
        assert bench.tokenizer.decode(found.tokens[0]) == f"{prompt}{written}<|im_end|>"
        assert learned(bench.tokenizer, found)[-1] == f"{written}<|im_end|>"
        assert "</think>" not in words
        assert words in written
        assert asked.setdefault(repr((talk[:-1], tools)), prompt) == prompt  # whatever the right answer is
    assert asked


def test_a_template_that_writes_earlier_turns_by_the_last_answer_is_not_asked(bench: Workbench) -> None:
    """Its prompt would tell the answer. Made up: none is known."""
    bench.encoder.chat.take("{{ 'Short.' if messages[-1]['content'] == 'here' }}" + CHATML)
    with pytest.raises(ValueError, match="one after the other"):
        last_answer(bench, (ASK, answer("here")))


def test_the_reference_of_an_answer_that_calls_is_the_call_behind_an_opened_thought(bench: Workbench) -> None:
    for template, written in (
        (NEMOTRON, "\n</think><call>find_cardvisa</call>"),
        (QWEN3, '<think>\n\n</think>\n\n<call>find_card {"kind": "visa", "n": 2}</call>'),
    ):
        bench.encoder.chat.take(template)
        found = last_answer(bench, CALLS[:2], TOOLS)
        assert (found.written, found.words) == (written, written.partition("</think>")[2].strip())


def test_calls_end_with_their_own_token_and_the_marks_of_thoughts_may_be_special(
    quick: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gpt-oss closes words with one token and calls with another; some tokenizers hold `<think>` as a special token."""
    bench = open_workbench(quick)
    bench.tokenizer.add_special_tokens({"additional_special_tokens": ["<|call|>", "<think>", "</think>"]})
    bench = dataclasses.replace(bench, encoder=Encoder(bench.tokenizer, 64))
    bench.encoder.chat.take(QWEN3.replace("<|im_end|>\n", "{{ '<|call|>' if m['tool_calls'] else '<|im_end|>' }}\n"))
    named = bench.tokenizer.convert_ids_to_tokens(end_tokens(bench))
    assert set(named) == {"<|end|>", "<|im_end|>", "<|call|>"}
    asks = Examples("chat", np.arange(1), messages=((ASK, answer("here")),))

    said = bench.tokenizer("<think>\nhm\n</think>\n\nhere<|im_end|>")["input_ids"]
    monkeypatch.setattr("train.decode._generated", lambda *_: [said])
    assert write_answers(None, bench, asks, 9) == (["here"], ["here"], 0)  # type: ignore[arg-type]
    said = said[:-1]  # an answer that its limit ends
    assert write_answers(None, bench, asks, 9)[2] == 1  # type: ignore[arg-type]
