"""Which words of a prompt carry one prediction: a label, or an answer once it is written.

Two methods:

- `leave_one_out` (occlusion: Zeiler and Fergus 2014; Li et al. 2016, arXiv:1612.08220): by how many nats the log
  probability of the prediction falls when a word is taken out. It is what the model really does then, and says nothing
  of words that matter only together. One forward pass a word.
- `gradient` (gradient x input: Shrikumar et al. 2017, arXiv:1605.01713): the derivative of the logit, less the mean
  logit, from the mean embedding towards each token's, summed over the tokens that begin in a word. One forward and one
  backward pass, however long the prompt; a first-order view in units of logits, and much the weaker of the two. (The
  log probability itself is flat where a model is sure: its derivative would call every word of it unimportant.)

Words are runs of letters and digits, single signs, and single characters of scripts without spaces; a prompt of more
than `MOST_PIECES` words is taken in stretches of several. Positive values speak for the prediction, negative against.
Neither method says that the model is right, nor what it would do on another text. Needs torch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from curate.errors import ConfigError
from train.examples import CLASSIFICATION, SFT, Examples
from train.metrics.words import unspaced
from train.objective import collate

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.objective import Objective

LEAVE_ONE_OUT, GRADIENT = "leave_one_out", "gradient"
METHODS = (LEAVE_ONE_OUT, GRADIENT)
MOST_PIECES = 200
_RUNS = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A word of the prompt, or a stretch of words."""

    start: int
    end: int
    """Code points of the prompt."""
    weight: float
    """What it adds to the prediction: nats of log probability (leave one out), or logits (gradient)."""


@dataclass(frozen=True)
class Attribution:
    """One prediction and what carries it."""

    prediction: str
    """The label, or the answer."""
    log_probability: float
    """In nats; of an answer, the sum over its tokens."""
    method: str
    pieces: tuple[Piece, ...]
    """In the order of the prompt."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        pieces = [{"start": p.start, "end": p.end, "weight": round(p.weight, 6)} for p in self.pieces]
        return {"method": self.method, "log_probability": round(self.log_probability, 6), "pieces": pieces}


def attribute(
    objective: Objective,
    bench: Workbench,
    prompt: str,
    prediction: str,
    *,
    labels: Sequence[str] | None = None,
    system: str = "",
    method: str = LEAVE_ONE_OUT,
) -> Attribution:
    """What in `prompt` speaks for `prediction`: one of `labels`, or an answer where `labels` is None.

    Raises `ConfigError` for an unknown method or label.
    """
    if method not in METHODS:
        raise ConfigError(f"{method!r} is no method of attribution; known: {', '.join(METHODS)}")
    if labels is not None and prediction not in labels:
        raise ConfigError("the prediction to explain is none of the adapter's labels")
    asked = _Asked(objective, bench, prediction, labels, system)
    spans = stretches(prompt)
    training = objective.model.training
    objective.model.eval()
    try:
        if method == GRADIENT:
            whole, weights = asked.gradient(prompt, spans)
        else:
            without = [prompt[:a] + prompt[b:] for a, b in spans]
            found = asked.log_probabilities([prompt, *without])
            whole, weights = float(found[0]), found[0] - found[1:]
    finally:
        objective.model.train(training)
    pieces = tuple(Piece(a, b, float(weight)) for (a, b), weight in zip(spans, weights, strict=True))
    return Attribution(prediction, whole, method, pieces)


def stretches(text: str, most: int = MOST_PIECES) -> list[tuple[int, int]]:
    """Spans of the words of a text, several together where there are more than `most`."""
    found: list[tuple[int, int]] = []
    for match in _RUNS.finditer(text):
        start = match.start()
        for i in range(match.start(), match.end()):
            if unspaced(text[i]):
                found += [(start, i)] if i > start else []
                found.append((i, i + 1))
                start = i + 1
        found += [(start, match.end())] if match.end() > start else []
    size = -(-len(found) // most) if found else 1
    return [(found[i][0], found[min(i + size, len(found)) - 1][1]) for i in range(0, len(found), size)]


class _Asked:
    """The log probability of one prediction as a function of the prompt."""

    def __init__(
        self, objective: Objective, bench: Workbench, prediction: str, labels: Sequence[str] | None, system: str
    ) -> None:
        self.objective, self.bench, self.prediction = objective, bench, prediction
        self.labels, self.system = labels, system

    def examples(self, prompts: Sequence[str]) -> Examples:
        ids = np.arange(len(prompts))
        if self.labels is not None:
            return Examples(CLASSIFICATION, ids, tuple(prompts), (self.prediction,) * len(prompts))
        before = ({"role": "system", "content": self.system},) if self.system else ()
        answer = {"role": "assistant", "content": self.prediction}
        return Examples(SFT, ids, messages=tuple((*before, {"role": "user", "content": p}, answer) for p in prompts))

    def log_probabilities(self, prompts: Sequence[str]) -> np.ndarray:
        from train.score import answer_nats, log_probabilities

        encoded = self.bench.encoder.encode(self.examples(prompts))
        pad = self.bench.tokenizer.pad_token_id
        if self.labels is not None:
            found = log_probabilities(self.objective, encoded, pad)[:, list(self.labels).index(self.prediction)]
        else:
            found = -answer_nats(self.objective, encoded, pad)[0]
        out = np.full(len(prompts), np.nan)
        out[encoded.kept] = found
        return out

    def gradient(self, prompt: str, spans: Sequence[tuple[int, int]]) -> tuple[float, np.ndarray]:
        examples = self.examples([prompt])
        encoded = self.bench.encoder.encode(examples)
        classes = None if self.labels is None else np.array([list(self.labels).index(self.prediction)])
        model = self.objective.model
        batch = collate(encoded, [0], classes, self.bench.tokenizer.pad_token_id).to(next(model.parameters()).device)
        held: list[torch.Tensor] = []

        def hold(module: Any, given: Any, made: torch.Tensor) -> torch.Tensor:
            leaf = made.detach().requires_grad_(True)
            held[:] = [leaf]
            return leaf

        if self.labels is None:
            self.objective.token_logits(batch)  # finds out once how its logits are made, which runs the model more often
        embeddings = model.get_input_embeddings()
        if self.bench.encoder.decoder_start is not None:  # the prompt is what the encoder reads
            embeddings = self.objective.inner.get_encoder().get_input_embeddings()
        hook = embeddings.register_forward_hook(hold)
        try:
            with torch.enable_grad():
                logits = self.objective.logits(batch) if classes is not None else self.objective.token_logits(batch)
                chosen = batch.targets[:, None]
                (slope,) = torch.autograd.grad((logits.gather(1, chosen)[:, 0] - logits.mean(-1)).sum(), held)
                value = torch.log_softmax(logits.detach(), -1).gather(1, chosen).sum()
        finally:
            hook.remove()
        # From the mean embedding, not from zero: a base that normalises its embeddings first does not feel their length.
        away = held[0] - embeddings.weight.detach().mean(0)
        by_token = (slope * away).sum(-1)[0].double().detach().cpu().numpy()
        return float(value), self._by_span(prompt, examples, encoded.sources, by_token, spans)

    def _by_span(
        self, prompt: str, examples: Examples, sources: Any, by_token: np.ndarray, spans: Sequence[tuple[int, int]]
    ) -> np.ndarray:
        """Sum over the tokens that begin in each span of the prompt."""
        tokenizer = self.bench.tokenizer
        text, shift, special = prompt, 0, True
        if self.labels is None:
            text = self.bench.encoder.chat.render(examples.messages[0])
            shift, special = max(0, text.rfind(prompt, 0, text.rfind(self.prediction))), sources is not None
        found = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True, verbose=False)
        offsets = np.array(found["offset_mapping"]).reshape(-1, 2) - shift
        out = np.zeros(len(spans))
        for (start, end), value in zip(offsets, by_token, strict=False):
            if end > start:  # a token may hold the space before its word
                first = start + (len(prompt[max(0, start) : end]) - len(prompt[max(0, start) : end].lstrip()))
                at = next((i for i, (a, b) in enumerate(spans) if a <= first < b), None)
                if at is not None:
                    out[at] += value
        return out
