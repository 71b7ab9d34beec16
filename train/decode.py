"""Written answers: greedy, bounded, in batches padded on the left, ended by the model's own end of turn.

transformers' `generate` does the work, with a fresh configuration: what a base's `generation_config.json` asks for
(sampling, penalties, lengths) is left out, so that the same model writes the same answers. Prompts that leave no room
for an answer lose tokens at their start. Needs torch and transformers. Cost: a forward pass over the prompts, and one a
written token and batch; the bundled base writes about 1,000 tokens a second on two CPU cores.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from train.adapt import Workbench
from train.asked import Span
from train.examples import Conversation, Examples, Tools
from train.extra import extra
from train.objective import Objective
from train.room import tokens_at_once
from train.thoughts import ENDS, OPENS, parts_of, words_of
from train.turns import last_learned

_PARAMETERS = {"type": "object", "properties": {"a": {"type": "string", "description": "what"}}, "required": ["a"]}
_ANY_ANSWERS = tuple({"role": "assistant", "content": said} for said in ("<think>\nSo.\n</think>\n\nYes.", "Yes."))
_BATCH_TOKENS_CPU, _BATCH_TOKENS_CUDA = 8192, 131072


class LastAnswer(NamedTuple):
    """The last answer of a conversation as its template writes it."""

    prompt: str
    """What the model is asked: the same whatever the right answer is, or it would tell something of it."""
    written: str
    """The right answer: what training learns of it, its thought and its special tokens too, without the end token."""
    words: str
    """What a written answer is compared with: the same without thought and special tokens."""


def write_answers(
    objective: Objective, bench: Workbench, examples: Examples, new_tokens: int, context_tokens: int | None = None
) -> tuple[list[str], list[str], int]:
    """Answers and references for the last answer of each conversation, in the order of `examples`; how many did not end.

    Thoughts are no part of either. A call of a tool is compared as the model's template writes it: that is what a model
    writes. An answer that the template does not write whole, from which nothing can be learned, is compared by its words.
    """
    prompts, references = [], []
    for i, messages in enumerate(examples.messages):
        before, tools = _before_last(messages), examples.tools[i] if examples.tools else ()
        try:
            prompt, _, words = last_answer(bench, messages, tools)
        except ValueError:
            prompt, words = _prompt(bench, before, tools), parts_of(messages[len(before)]).words
        prompts.append(prompt)
        references.append(words)
    asked = [prompt_tokens(bench, prompt) for prompt in prompts]
    leads = bench.encoder.chat.places().leads
    tokens = _generated(objective, bench, asked, new_tokens, context_tokens, False)
    ends = set(end_tokens(bench))
    found = [words_of(_plain(bench, said, leads), prompt) for said, prompt in zip(tokens, prompts, strict=True)]
    return found, references, sum(ends.isdisjoint(said) for said in tokens)


def last_answer(bench: Workbench, messages: Conversation, tools: Tools = ()) -> LastAnswer:
    """The last answer of a conversation; `ValueError` says why the template does not write it whole.

    The prompt is written as for an answer of any kind. A template might write earlier turns otherwise for this one; the two
    would differ there, and never in how the answer begins.
    """
    before = _before_last(messages)
    whole, spans = bench.encoder.chat.answer_spans(messages[: len(before) + 1], tools)
    written = _without_end(bench, whole, spans)
    prompt, said = _prompt(bench, before, tools), messages[len(before)]
    if not said.get("tool_calls"):
        return LastAnswer(prompt, written, parts_of(said).words)
    return LastAnswer(prompt, written, words_of(_plain(bench, prompt_tokens(bench, written)), prompt))


def _before_last(messages: Conversation) -> Conversation:
    return messages[: last_learned(messages)]


def _without_end(bench: Workbench, text: str, spans: Sequence[Span]) -> str:
    """The last span's text up to the token that training ends it with."""
    tokens, learned = bench.encoder.masked(text, spans)
    written = text[slice(*spans[-1])]
    end = {int(token) for token in tokens[learned][-1:]} & bench.encoder.special
    return written.rstrip().removesuffix(str(bench.tokenizer.decode(list(end)))) if end else written


def _plain(bench: Workbench, tokens: Iterable[int], leads: Sequence[str] = ()) -> str:
    """Tokens as text without special ones, the marks of a thought aside: tokenizers have them as either kind.

    `leads` are what the template writes before words, where a thought before them has marks of its own.
    """
    tokenizer, held = bench.tokenizer, [int(token) for token in tokens]
    if leads:
        whole = str(tokenizer.decode(held))
        at = max(whole.rfind(lead) + len(lead) if lead in whole else 0 for lead in leads)
        held = prompt_tokens(bench, whole[at:]).tolist()
    marks = {tokenizer.convert_tokens_to_ids(mark) for mark in (OPENS, ENDS)} - {tokenizer.unk_token_id}
    silent = bench.encoder.special - marks
    return str(tokenizer.decode([token for token in held if token not in silent])).strip()


def _prompt(bench: Workbench, messages: Conversation, tools: Tools) -> str:
    """What a model is asked behind some turns, earlier thoughts as they stand where it learned."""
    for answer in _ANY_ANSWERS:
        with contextlib.suppress(ValueError):
            whole, spans = bench.encoder.chat.answer_spans((*messages, answer), tools)
            return whole[: spans[-1][0]]
    return bench.encoder.chat.render(messages, tools, prompt=True)


def prompt_tokens(bench: Workbench, text: str) -> np.ndarray:
    """int32[T]: a rendered prompt as the model reads it."""
    reads_whole = bench.encoder.decoder_start is not None
    clean = text.encode("utf-8", "replace").decode("utf-8")
    found = bench.tokenizer(clean, add_special_tokens=reads_whole, verbose=False)["input_ids"]
    return np.array(found, dtype=np.int32)


def write(
    objective: Objective,
    bench: Workbench,
    prompts: Sequence[np.ndarray],
    new_tokens: int,
    context_tokens: int | None = None,
    *,
    sample: bool = False,
) -> list[str]:
    """What the model writes after each prompt, without special tokens and outer spaces; at most `new_tokens` of it.

    Greedy, or with `sample` drawn at temperature 1 by torch's current seed.
    """
    generated = _generated(objective, bench, prompts, new_tokens, context_tokens, sample)
    return [_plain(bench, tokens) for tokens in generated]


def _generated(
    objective: Objective,
    bench: Workbench,
    prompts: Sequence[np.ndarray],
    new_tokens: int,
    context_tokens: int | None,
    sample: bool,
) -> list[list[int]]:
    """The tokens behind each prompt, those that end it and padding too."""
    model, tokenizer = objective.model, bench.tokenizer
    device = next(model.parameters()).device
    two_sided = bench.encoder.decoder_start is not None  # an encoder-decoder's two sides have a context each
    room = None if context_tokens is None else context_tokens - (0 if two_sided else new_tokens)
    cut = [prompt if room is None else prompt[-max(1, room) :] for prompt in prompts]
    lengths = np.array([len(prompt) for prompt in cut], dtype=np.int64)
    limit = tokens_at_once(objective.inner, _BATCH_TOKENS_CPU, _BATCH_TOKENS_CUDA, writes=True)
    config = extra("transformers").GenerationConfig(
        max_new_tokens=new_tokens,
        do_sample=sample,
        **({"top_k": 0} if sample else {}),
        eos_token_id=end_tokens(bench),
        pad_token_id=tokenizer.pad_token_id,
        use_cache=True,
        decoder_start_token_id=bench.encoder.decoder_start,
    )
    answers: list[list[int]] = [[]] * len(cut)
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            order, start = np.argsort(lengths, kind="stable"), 0
            while start < len(order):
                stop = start + 1
                while stop < len(order) and (stop + 1 - start) * (lengths[order[stop]] + new_tokens) <= limit:
                    stop += 1
                rows = order[start:stop]
                width = int(lengths[rows].max())
                tokens = np.full((len(rows), width), tokenizer.pad_token_id, dtype=np.int64)
                mask = np.zeros((len(rows), width), dtype=np.int64)
                for i, row in enumerate(rows):
                    tokens[i, width - lengths[row] :] = cut[row]
                    mask[i, width - lengths[row] :] = 1
                found = model.generate(
                    input_ids=torch.from_numpy(tokens).to(device),
                    attention_mask=torch.from_numpy(mask).to(device),
                    generation_config=config,
                )
                written = found[:, 1:] if two_sided else found[:, width:]  # a start of an answer may be an end, too (BART)
                for row, ids in zip(rows, written.tolist(), strict=True):
                    answers[int(row)] = ids
                start = stop
    finally:
        model.train(training)
    return answers


def end_tokens(bench: Workbench) -> list[int]:
    """The tokens that end an answer: the end token, and the special ones that the template closes words or calls with."""
    ends = {int(bench.tokenizer.eos_token_id)}
    call = {"type": "function", "id": "call00001", "function": {"name": "find", "arguments": {"a": "b"}}}
    tool = {"type": "function", "function": {"name": "find", "description": "finds", "parameters": _PARAMETERS}}
    answers: list[tuple[dict[str, Any], Tools]] = [({"content": "b"}, ()), ({"content": "", "tool_calls": [call]}, (tool,))]
    for answer, tools in answers:
        with contextlib.suppress(ValueError):
            text, spans = bench.encoder.chat.answer_spans(
                ({"role": "user", "content": "a"}, {"role": "assistant", **answer}), tools
            )
            tokens, supervised = bench.encoder.masked(text, spans)
            ends.update({int(token) for token in tokens[supervised][-1:]} & bench.encoder.special)
    return sorted(ends)
