"""How hard an instruction is to follow for a base model: how much its prompt helps to write its answer.

Method: instruction-following difficulty (Li et al. 2023, arXiv:2308.12032): the mean loss of the answer's tokens after the
prompt, over their mean loss with nothing before them. Well below 1 the prompt tells most of the answer; near 1 it helps
little, which is hard or badly answered; above 1 it misleads, as where an answer belongs to another prompt. Prompts go
through the tokenizer's own chat template where it has one, for a plain base as text and an empty line. Sums run in
float32.
Shapes: one value a pair, nats a token. Complexity: two forward passes a pair, sorted by length so that little is padded.
Cost: the bundled base ten pairs a second and core. Does not: compare bases; a small base finds most things hard.
Needs the `train` extra. Deterministic up to the last digits of sums on different numbers of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from curate.errors import ConfigError
from train.base import ENCODER_DECODER, architecture, context_tokens, load_model, load_tokenizer, resolve_base
from train.config import TrainConfig
from train.room import tokens_at_once

_BATCH_TOKENS_CPU = 4096
_BATCH_TOKENS_CUDA = 65_536


@dataclass(frozen=True)
class AnswerLosses:
    """Parallel arrays over pairs."""

    with_prompt: np.ndarray
    """float64: summed nats of the answer's tokens after the prompt."""
    alone: np.ndarray
    """float64: the same with nothing before them."""
    tokens: np.ndarray
    """int64: tokens of the answer that were read; 0 for an empty answer."""

    @property
    def ratio(self) -> np.ndarray:
        """float64: instruction-following difficulty; nan where there is no answer."""
        out = np.full(len(self.alone), np.nan)
        np.divide(self.with_prompt, self.alone, out=out, where=self.alone > 0)
        return out


def answer_losses(
    prompts: Sequence[str],
    answers: Sequence[str],
    base: str,
    *,
    max_length_tokens: int = 512,
    device: str = "auto",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AnswerLosses:
    """Nats of every answer with its prompt and without; ConfigError where the base cannot write answers.

    An answer is cut to half of `max_length_tokens` at its end, a prompt to what is left at its beginning.
    """
    source = resolve_base(base)
    if architecture(source) == ENCODER_DECODER:
        raise ConfigError(f"base model {base} is an encoder-decoder: difficulty is measured with decoders only")
    tokenizer = load_tokenizer(source)
    model = load_model(source, tokenizer, TrainConfig(base=base, device=device), None).eval()
    longest = min(max_length_tokens, context_tokens(source) or max_length_tokens)
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    written = [tokenizer(text, add_special_tokens=False)["input_ids"][: longest // 2] for text in answers]
    heads = [_head(tokenizer, text, start, longest - len(ids)) for text, ids in zip(prompts, written, strict=True)]
    n = len(written)
    nats = np.zeros((2, n))
    work = [(k, i) for i in range(n) if written[i] for k in (0, 1)]
    lines = {(k, i): ([start] if k else heads[i], written[i]) for k, i in work}
    work.sort(key=lambda one: (len(lines[one][0]) + len(lines[one][1]), one[1], one[0]))
    place = next(model.parameters()).device
    limit = tokens_at_once(model, _BATCH_TOKENS_CPU, _BATCH_TOKENS_CUDA, logits=True)
    done = 0
    with torch.inference_mode():
        while done < len(work):
            size = 1
            while done + size < len(work) and (size + 1) * _length(lines[work[done + size]]) <= limit:
                size += 1
            batch = work[done : done + size]
            for (k, i), value in zip(batch, _nats(model, [lines[one] for one in batch], place), strict=True):
                nats[k, i] = value
            done += size
            progress(done, len(work))
    return AnswerLosses(nats[0], nats[1], np.array([len(ids) for ids in written], np.int64))


def _length(line: tuple[list[int], list[int]]) -> int:
    return len(line[0]) + len(line[1])


def _head(tokenizer: Any, prompt: str, start: int, room: int) -> list[int]:
    """The tokens before an answer, at most `room` of them, the last ones."""
    if tokenizer.chat_template:
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    else:
        ids = [start, *tokenizer(f"{prompt.strip()}\n\n", add_special_tokens=False)["input_ids"]]
    return list(ids[-max(room, 1) :]) or [start]


def _nats(model: Any, lines: list[tuple[list[int], list[int]]], place: torch.device) -> list[float]:
    """Summed loss of the second part of each line, given the first."""
    longest = max(map(_length, lines))
    tokens = torch.zeros((len(lines), longest), dtype=torch.long)
    mask = torch.zeros_like(tokens)
    wanted = torch.zeros((len(lines), longest), dtype=torch.bool)
    for row, (head, body) in enumerate(lines):
        n = len(head) + len(body)
        tokens[row, :n] = torch.tensor(head + body)
        mask[row, :n] = 1
        wanted[row, len(head) : n] = True
    logits = model(input_ids=tokens.to(place), attention_mask=mask.to(place)).logits[:, :-1].float()
    targets = tokens[:, 1:].to(place)
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    total: list[float] = (losses * wanted[:, 1:].to(place)).sum(1).double().cpu().tolist()
    return total
