"""Pretraining of the bundled base model on a CPU: next-token prediction and neighbouring sentences, resumable.

Method: a Llama decoder (RMSNorm, SwiGLU, rotary positions, tied embeddings) minimises next-token cross-entropy on
windows of the token stream. At the same time it minimises InfoNCE (van den Oord et al. 2018) on pairs, with the other
pairs of the shard as negatives: neighbouring sentences of one paragraph, and two wordings of one everyday request.
The vector of a text is, in turn, the mean of its states and the state of the end token, because classification heads
pool in these two ways.

The learning rate warms up, stays, and falls linearly to zero over the last part (WSD), so that a run can be shortened
while it goes. Batches are a pure function of seed and step, every step is split into the same shards however many
threads there are, and the shards' gradients are added in a fixed order: a killed run resumes to the same bytes.

Shapes: token rows (rows, tokens) int64. Cost: see the card. It keeps no history and does no evaluation; `evaluate`
does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch.nn import functional as nnf
from transformers import LlamaConfig, LlamaForCausalLM

from curate.cores import available_cores
from train.bundled.optimiser import Optimiser


@dataclass(frozen=True)
class PretrainConfig:
    """Sizes and schedule of the pretraining run."""

    width: int = 256
    """Size of the hidden states."""
    feed_forward: int = 768
    """Size of the SwiGLU layer."""
    layers: int = 3
    """Number of decoder layers."""
    head_size: int = 64
    """Size of one attention head."""
    window_tokens: int = 128
    """Length of a language-model row in tokens."""
    window_rows: int = 56
    """Language-model rows a step from the articles."""
    extra_rows: int = 8
    """Language-model rows a step from dialogues and everyday requests."""
    sentence_pairs: int = 56
    """Pairs of neighbouring sentences a step."""
    request_pairs: int = 40
    """Pairs of wordings of one everyday request a step."""
    pair_tokens: int = 40
    """Longest text of a pair in tokens, the end token included."""
    shards: int = 2
    """Parts of a step that are computed side by side; part of the result, unlike the number of threads."""
    steps: int = 1300
    """Number of optimiser steps."""
    warmup_steps: int = 20
    """Steps over which the learning rate rises."""
    decay_fraction: float = 0.35
    """Last part of the steps over which the learning rate falls to zero."""
    matrix_rate: float = 0.02
    """Learning rate of Muon."""
    other_rate: float = 2e-3
    """Learning rate of AdamW (embeddings, norms)."""
    pair_weight: float = 0.5
    """Weight of the pair loss beside the next-token loss."""
    temperature: float = 0.05
    """Temperature of the pair loss."""
    checkpoint_steps: int = 25
    """Steps between two checkpoints."""
    seed: int = 20150901
    """Seed of initial weights and batches."""


@dataclass(frozen=True)
class TrainingData:
    """Everything that batches are drawn from."""

    articles: np.ndarray
    """Token stream of the articles."""
    extra: np.ndarray
    """Token stream of dialogues and everyday requests."""
    starts: np.ndarray
    """Offsets of sentences in `articles`."""
    pairs: np.ndarray
    """Indices into `starts` of sentences followed by a sentence of the same paragraph."""
    requests: np.ndarray
    """(pairs, 2, pair_tokens) token ids of wordings, padded."""
    eos_id: int
    pad_id: int


def build_model(config: PretrainConfig, vocab_size: int, eos_id: int, pad_id: int, max_length: int) -> LlamaForCausalLM:
    """A model with seeded random weights."""
    torch.manual_seed(config.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocab_size,
            hidden_size=config.width,
            intermediate_size=config.feed_forward,
            num_hidden_layers=config.layers,
            num_attention_heads=config.width // config.head_size,
            num_key_value_heads=config.width // config.head_size,
            max_position_embeddings=max_length,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=eos_id,
            pad_token_id=pad_id,
            initializer_range=0.02,
        )
    )
    model.config.use_cache = False
    return model


def learning_rate(config: PretrainConfig, step: int) -> float:
    """Factor of the learning rates at a step: warm-up, stable, linear decay."""
    decay_steps = max(1, round(config.steps * config.decay_fraction))
    return min(1.0, (step + 1) / max(1, config.warmup_steps), (config.steps - step) / decay_steps)


def _windows(stream: np.ndarray, count: int, length: int, rng: np.random.Generator) -> np.ndarray:
    first = rng.integers(0, len(stream) - length, size=count)
    rows: np.ndarray = stream[first[:, None] + np.arange(length)].astype(np.int64)
    return rows


def draw_batch(data: TrainingData, config: PretrainConfig, step: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Draws the batch of a step: language-model rows, and pair groups of shape (pairs, 2, tokens)."""
    rng = np.random.default_rng([config.seed, step])
    rows = [
        _windows(data.articles, config.window_rows, config.window_tokens, rng),
        _windows(data.extra, config.extra_rows, config.window_tokens, rng),
    ]
    chosen = rng.choice(data.pairs, size=config.sentence_pairs, replace=len(data.pairs) < config.sentence_pairs)
    groups = np.full((config.sentence_pairs, 2, config.pair_tokens), data.pad_id, dtype=np.int64)
    for slot, sentence in enumerate(chosen):
        for side in (0, 1):
            text = data.articles[data.starts[sentence + side] : data.starts[sentence + side + 1]]
            text = text[: config.pair_tokens - 1]
            groups[slot, side, : len(text)] = text
            groups[slot, side, len(text)] = data.eos_id
    first = int(rng.integers(0, len(data.requests) - config.request_pairs + 1))
    requests = data.requests[first : first + config.request_pairs].astype(np.int64)
    longest = int((requests != data.pad_id).sum(axis=2).max())
    return torch.from_numpy(np.concatenate(rows)), [
        torch.from_numpy(groups),
        torch.from_numpy(requests[:, :, :longest]),
    ]


def window_loss(model: LlamaForCausalLM, rows: torch.Tensor, targets_in_step: int, chunk: int = 512) -> float:
    """Adds the gradient of the next-token loss and returns its share of the step's mean, in nats.

    The head runs on chunks of positions, so that the logits of only one chunk exist at a time.
    """
    states = model.model(rows).last_hidden_state[:, :-1].reshape(-1, model.config.hidden_size)
    targets = rows[:, 1:].reshape(-1)
    leaf = states.detach().requires_grad_(True)
    total = 0.0
    for first in range(0, len(targets), chunk):
        logits = model.lm_head(leaf[first : first + chunk]).float()
        loss = nnf.cross_entropy(logits, targets[first : first + chunk], reduction="sum") / targets_in_step
        torch.autograd.backward(loss)
        total += float(loss.detach())
    torch.autograd.backward(states, leaf.grad)
    return total


def pair_loss(model: LlamaForCausalLM, group: torch.Tensor, pad_id: int, temperature: float) -> torch.Tensor:
    """InfoNCE of (pairs, 2, tokens), averaged over both directions and both kinds of pooling."""
    rows = torch.cat((group[:, 0], group[:, 1]))
    # Padding stands at the end, where causal attention shows it to no other token, so no mask is needed.
    states = model.model(rows).last_hidden_state.float()
    present = (rows != pad_id).unsqueeze(-1)
    lengths = present.sum(dim=1)
    mean = (states * present).sum(dim=1) / lengths
    last = states[torch.arange(len(rows)), lengths[:, 0] - 1]
    loss = states.new_zeros(())
    for pooled in (mean, last):
        unit = nnf.normalize(pooled, dim=-1)
        scores = unit[: len(group)] @ unit[len(group) :].T / temperature
        truth = torch.arange(len(group))
        loss = loss + (nnf.cross_entropy(scores, truth) + nnf.cross_entropy(scores.T, truth)) / 4
    total: torch.Tensor = loss
    return total


def _shard_gradients(
    model: LlamaForCausalLM,
    rows: torch.Tensor,
    groups: list[torch.Tensor],
    config: PretrainConfig,
    pad_id: int,
    total: int,
) -> tuple[float, float]:
    torch.set_num_threads(1)  # a property of the calling thread; shards are what runs side by side
    paired = 0.0
    with torch.autocast("cpu", torch.bfloat16):
        nats = window_loss(model, rows, total)
        for group in groups:
            if config.pair_weight > 0 and len(group) > 1:
                share = len(group) * config.shards / (config.sentence_pairs + config.request_pairs)
                loss = pair_loss(model, group, pad_id, config.temperature) * (share / config.shards)
                torch.autograd.backward(config.pair_weight * loss)
                paired += float(loss.detach())
    return nats, paired


def save_checkpoint(path: Path, model: LlamaForCausalLM, optimiser: Optimiser, step: int) -> None:
    """Writes parameters, optimiser state and the number of finished steps, atomically."""
    tensors = {f"model.{name}": value.detach().contiguous() for name, value in model.named_parameters()}
    tensors.update({f"optimiser.{name}": value.contiguous() for name, value in optimiser.state.items()})
    temporary = path.with_suffix(".partial")
    save_file(tensors, str(temporary), metadata={"step": str(step)})
    temporary.replace(path)


def load_checkpoint(path: Path, model: LlamaForCausalLM, optimiser: Optimiser | None) -> int:
    """Reads a checkpoint into the model (and optimiser) and returns the number of finished steps."""
    with safe_open(str(path), framework="pt") as file, torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(file.get_tensor(f"model.{name}"))
        if optimiser is not None:
            for name, tensor in optimiser.state.items():
                tensor.copy_(file.get_tensor(f"optimiser.{name}"))
        return int(file.metadata()["step"])


def pretrain(
    model: LlamaForCausalLM,
    data: TrainingData,
    config: PretrainConfig,
    checkpoint: Path,
    report: Callable[[str], None],
    stop_after: int | None = None,
) -> int:
    """Trains the model in place, resuming from `checkpoint` where it exists.

    Returns the number of finished steps. With `stop_after` it leaves after so many in all, as a kill would (for tests and
    for shortening a run).
    """
    matrices = {n: p for n, p in model.named_parameters() if p.ndim == 2 and "embed_tokens" not in n}
    others = {n: p for n, p in model.named_parameters() if n not in matrices}
    optimiser = Optimiser(matrices, others)
    done = load_checkpoint(checkpoint, model, optimiser) if checkpoint.exists() else 0
    replicas = [model]
    for _ in range(config.shards - 1):
        twin = LlamaForCausalLM(model.config)
        for mine, theirs in zip(twin.parameters(), model.parameters(), strict=True):
            mine.data = theirs.data  # one set of weights, a gradient for each shard
        replicas.append(twin)
    clock, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(min(config.shards, available_cores())) as pool:
        for step in range(done, config.steps if stop_after is None else min(stop_after, config.steps)):
            rows, groups = draw_batch(data, config, step)
            targets = rows.shape[0] * (rows.shape[1] - 1)
            futures = [
                pool.submit(
                    _shard_gradients,
                    replica,
                    rows[shard :: config.shards],
                    [group[shard :: config.shards] for group in groups],
                    config,
                    data.pad_id,
                    targets,
                )
                for shard, replica in enumerate(replicas)
            ]
            losses = [future.result() for future in futures]
            for twin in replicas[1:]:
                for mine, theirs in zip(model.parameters(), twin.parameters(), strict=True):
                    if mine.grad is not None and theirs.grad is not None:
                        mine.grad.add_(theirs.grad)
            factor = learning_rate(config, step)
            jobs = optimiser.jobs(step, config.matrix_rate * factor, config.other_rate * factor)
            for future in [pool.submit(job) for job in jobs]:
                future.result()
            for replica in replicas:
                replica.zero_grad(set_to_none=True)
            nats, paired = (sum(part) for part in zip(*losses, strict=True))
            if not math.isfinite(nats):
                raise FloatingPointError(f"the loss is not finite at step {step}")
            done = step + 1
            if done % 10 == 0 or done == config.steps:
                seconds, used = time.perf_counter() - clock, time.process_time() - cpu
                losses_now = f"next-token {nats:.3f} pair {paired:.3f}"
                report(f"step {done}/{config.steps} {losses_now} {seconds:.0f} s {used:.0f} core-s")
            if done % config.checkpoint_steps == 0 or done in (config.steps, stop_after):
                save_checkpoint(checkpoint, model, optimiser, done)
    return done
