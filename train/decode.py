"""Written answers: greedy, bounded, in batches padded on the left, ended by the model's own end of turn.

transformers' `generate` does the work, with a fresh configuration: what a base's `generation_config.json` asks for
(sampling, penalties, lengths) is left out, so that the same model writes the same answers. Prompts that leave no room
for an answer lose tokens at their start. Needs torch and transformers. Cost: a forward pass over the prompts, and one a
written token and batch; the bundled base writes about 1,000 tokens a second on two CPU cores.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from train.adapt import Workbench
from train.examples import Conversation, Examples, Tools
from train.extra import extra
from train.objective import Objective
from train.thoughts import words_of

_ANY_ANSWER = {"role": "assistant", "content": "<think>\nSo.\n</think>\n\nYes."}
_BATCH_TOKENS_CPU, _BATCH_TOKENS_CUDA = 8192, 131072


def write_answers(
    objective: Objective, bench: Workbench, examples: Examples, new_tokens: int, context_tokens: int | None = None
) -> tuple[list[str], list[str]]:
    """(answers, references) for the last answer of each conversation, in the order of `examples`.

    Thoughts are no part of either. An answer that calls a tool is compared with the call as the model's template writes it:
    that is what a model writes.
    """
    prompts, references = [], []
    for i, messages in enumerate(examples.messages):
        text, reference = last_answer(bench, messages, examples.tools[i] if examples.tools else ())
        prompts.append(prompt_tokens(bench, text))
        references.append(words_of(reference))
    return [words_of(said) for said in write(objective, bench, prompts, new_tokens, context_tokens)], references


def last_answer(
    bench: Workbench, messages: Conversation, tools: Tools = (), *, special_tokens: bool = False
) -> tuple[str, str]:
    """(what the model is asked, its right answer) of the last answer of a conversation, as its template writes them.

    `special_tokens`: whether a call of a tool keeps those that the template writes into it; those that end a turn go."""
    last = max(k for k, message in enumerate(messages) if message["role"] == "assistant")
    text = _prompt(bench, messages[:last], tools)
    if messages[last].get("tool_calls"):
        whole = bench.encoder.chat.render(messages[: last + 1], tools)
        if whole.startswith(text):
            written = prompt_tokens(bench, whole[len(text) :]).tolist()
            ends = set(end_tokens(bench))
            while written and (written[-1] in ends or not bench.tokenizer.decode([written[-1]]).strip()):
                written.pop()
            return text, str(bench.tokenizer.decode(written, skip_special_tokens=not special_tokens)).strip()
    return text, str(messages[last]["content"])


def _prompt(bench: Workbench, messages: Conversation, tools: Tools) -> str:
    """What a model is asked behind some turns, earlier thoughts as they stand where it learned; whatever the right answer
    is, or a prompt would tell something of it."""
    with contextlib.suppress(ValueError):
        whole, spans = bench.encoder.chat.answer_spans((*messages, _ANY_ANSWER), tools)
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
    model, tokenizer = objective.model, bench.tokenizer
    device = next(model.parameters()).device
    two_sided = bench.encoder.decoder_start is not None  # an encoder-decoder's two sides have a context each
    room = None if context_tokens is None else context_tokens - (0 if two_sided else new_tokens)
    cut = [prompt if room is None else prompt[-max(1, room) :] for prompt in prompts]
    lengths = np.array([len(prompt) for prompt in cut], dtype=np.int64)
    limit = _BATCH_TOKENS_CPU if device.type == "cpu" else _BATCH_TOKENS_CUDA
    config = extra("transformers").GenerationConfig(
        max_new_tokens=new_tokens,
        do_sample=sample,
        **({"top_k": 0} if sample else {}),
        eos_token_id=end_tokens(bench),
        pad_token_id=tokenizer.pad_token_id,
        use_cache=True,
        decoder_start_token_id=bench.encoder.decoder_start,
    )
    answers = [""] * len(cut)
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
                written = found if two_sided else found[:, width:]
                for row, text in zip(rows, tokenizer.batch_decode(written, skip_special_tokens=True), strict=True):
                    answers[int(row)] = text.strip()
                start = stop
    finally:
        model.train(training)
    return answers


def end_tokens(bench: Workbench) -> list[int]:
    """The tokens that end an answer: the end token, and whatever special token the chat template closes a turn with."""
    tokenizer = bench.tokenizer
    special = {*tokenizer.all_special_ids, tokenizer.eos_token_id}
    ends = {int(tokenizer.eos_token_id)}
    turns: list[dict[str, Any]] = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    try:
        text, spans = bench.encoder.chat.answer_spans(tuple(turns))
        tokens, supervised = bench.encoder.masked(text, spans)
    except ValueError:
        return sorted(ends)
    last = [int(token) for token, learned in zip(tokens, supervised, strict=True) if learned]
    return sorted(ends | ({last[-1]} & special if last else set()))
