"""Try an adapter: the label of a text with its probabilities, the spans in it, or an answer to a prompt.

Decoding is greedy and bounded (`train.decode`), so the same prompt gives the same answer; a prompt is rendered by the
chat template that training used, in one user turn behind an optional system turn. Needs the `train` extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.errors import ConfigError
from train.adapters import LoadedAdapter
from train.examples import CLASSIFICATION, EXTRACTION, TEXT, Examples, Span

MOST_NEW_TOKENS = 256


@dataclass(frozen=True)
class Tried:
    """What a model says to one prompt; which field is filled depends on the adapter's task."""

    answer: str = ""
    labels: tuple[tuple[str, float], ...] = ()
    """Labels and probabilities, the likeliest first."""
    spans: tuple[Span, ...] = ()
    """Start, end (code points) and label."""

    def to_json(self) -> dict[str, Any]:
        """The filled field."""
        if self.labels:
            return {"labels": [{"label": name, "probability": round(p, 6)} for name, p in self.labels]}
        if self.answer:
            return {"answer": self.answer}
        return {"spans": [{"start": s, "end": e, "label": name} for s, e, name in self.spans]}


def generate(
    loaded: LoadedAdapter,
    prompts: Sequence[str],
    *,
    system: str = "",
    new_tokens: int = 128,
    top: int = 5,
    with_base: bool = False,
) -> list[Tried]:
    """What the model says to each prompt; with `with_base`, what its base says without the adapter (writing only)."""
    if not 1 <= new_tokens <= MOST_NEW_TOKENS * 16:
        raise ConfigError(f"--max-tokens must lie in 1..{MOST_NEW_TOKENS * 16}, got {new_tokens}")
    if loaded.task == CLASSIFICATION:
        return _classes(loaded, prompts, top)
    if loaded.task == EXTRACTION:
        return _spans(loaded, prompts)
    if with_base and not loaded.merged:
        with loaded.objective.as_base():
            return _written(loaded, prompts, system, new_tokens)
    return _written(loaded, prompts, system, new_tokens)


def _classes(loaded: LoadedAdapter, prompts: Sequence[str], top: int) -> list[Tried]:
    from train.score import log_probabilities

    assert loaded.labels is not None
    rows = Examples(CLASSIFICATION, np.arange(len(prompts)), tuple(prompts), ("",) * len(prompts))
    encoded = loaded.bench.encoder.encode(rows)
    chance = np.exp(log_probabilities(loaded.objective, encoded, loaded.bench.tokenizer.pad_token_id))
    best = np.argsort(-chance, axis=1, kind="stable")[:, :top]
    return [
        Tried(labels=tuple((loaded.labels[i], float(chance[row, i])) for i in order)) for row, order in enumerate(best)
    ]


def _spans(loaded: LoadedAdapter, prompts: Sequence[str]) -> list[Tried]:
    from train.extraction import predicted_spans

    assert loaded.labels is not None
    found = predicted_spans(loaded.objective, loaded.bench, prompts, loaded.labels)
    return [Tried(spans=tuple(spans)) for spans in found]


def _written(loaded: LoadedAdapter, prompts: Sequence[str], system: str, new_tokens: int) -> list[Tried]:
    from train.base import context_tokens
    from train.decode import prompt_tokens, write

    encoder = loaded.bench.encoder
    texts = list(prompts)
    if loaded.task != TEXT:
        before = ({"role": "system", "content": system},) if system else ()
        texts = [encoder.chat.render((*before, {"role": "user", "content": text}), prompt=True) for text in prompts]
    rows = [prompt_tokens(loaded.bench, text) for text in texts]
    limit = context_tokens(loaded.bench.source)
    return [Tried(answer=answer) for answer in write(loaded.objective, loaded.bench, rows, new_tokens, limit)]
