"""Several runs of an ablation as one job: their adapters stacked into batched matrices over one frozen base.

On a GPU a small step is launch overhead and idle arithmetic units; stacked runs pay the launches once and read the base's
weights once. Each run keeps its own rows in its own order, its own loss, gradient norm, clipping and AdamW moments, so a
run is what it would have been by itself, to rounding: A float32[K, rank, in], B float32[K, out, rank], head
float32[K, classes, hidden] stand beside the base, a batch is the K runs' batches one after the other, padded together, and
the sum of the runs' losses gives each its own gradient. A run whose loss stops being a number is left out of the result
and does not touch the others: no sum crosses runs.

Plain LoRA on decoders only (no dropout, no DoRA, likelihood); whoever asks trains the rest one after the other. On two CPU
cores it gains nothing, since they are busy already. Cost: memory grows with K, which is at most `MOST_AT_ONCE` and what
there is room for. Needs torch.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from train.adapters import save_adapter, write_card
from train.config import TrainConfig
from train.examples import CLASSIFICATION, EXTRACTION
from train.files import finished_now, write_json
from train.fit import classes_of, targets_of, weights_of
from train.headers import read_headers
from train.headstart import warm_head
from train.lora import Workbench, adapted_model, score_examples
from train.losses import weighted_sum
from train.objective import Batch, Objective, collate
from train.order import plan_steps
from train.processes import DONE, FAILED, Job
from train.record import clean_run, run_identity, save_scores
from train.resources import estimate_needs
from train.schedules import rate_factor
from train.stream import MetricsStream

MOST_AT_ONCE = 16
_BASES_HELD = 3
"""The base that the runs share, the one that each is put on to be judged, and the one whose first numbers are drawn."""
_KNOWN = frozenset((
    "base", "lora_rank", "lora_alpha", "rslora", "target_modules", "learning_rate", "head_learning_rate",
    "head_start", "pooling", "steps", "epochs", "batch_rows", "gradient_accumulation_batches", "max_length_tokens",
    "truncation_side", "chat_template", "warmup_fraction", "scheduler", "decay_factor", "weight_decay",
    "max_gradient_norm", "label_smoothing", "focal_gamma", "class_weights", "validation_fraction",
    "evaluate_every_steps", "early_stopping_patience_evaluations", "checkpoint_every_steps", "real_world",
    "answer_rows", "answer_tokens", "on_alert", "tensorboard", "seed", "device", "dtype", "threads",
))  # fmt: skip
"""Settings that a stack follows, or that change nothing in an ablation's runs."""
Tell = Callable[[Job, dict[str, Any]], None]
Numbers = dict[str, torch.Tensor]


def stackable(config: TrainConfig, task: str) -> bool:
    """Whether runs of this configuration may be stacked: what a stack does not know must be left at its default."""
    plain = TrainConfig()
    others = [f.name for f in dataclasses.fields(config) if f.name not in _KNOWN]
    return task != EXTRACTION and all(getattr(config, name) == getattr(plain, name) for name in others)


def train_stacked(jobs: Sequence[Job], bench: Workbench, tell: Tell) -> set[str]:
    """Train the jobs in stacks, each left as `train_adapter` leaves a run; the keys of those that finished."""
    by_shape: dict[tuple[int, int], list[Job]] = {}
    for job in jobs:
        by_shape.setdefault((job.config.steps, job.config.batch_rows), []).append(job)
    done: set[str] = set()
    for group in by_shape.values():
        most = _room(group[0], bench)
        for start in range(0, len(group) if most > 1 else 0, most):
            with contextlib.suppress(_OtherLayersError):
                done |= _Stack(group[start : start + most], bench, tell).train()
    return done


def _room(job: Job, bench: Workbench) -> int:
    """How many runs like one the device has memory for at once, by `train.resources`; 1 means that they are not stacked."""
    headers = read_headers(bench.source)
    if headers is None:
        return MOST_AT_ONCE
    encoded = bench.encoder.encode(job.examples)
    supervised = encoded.report.supervised_tokens / max(1, len(encoded))
    logits = len(job.labels) if job.labels else math.ceil(supervised * len(bench.tokenizer))
    whole = job.config.replace(gradient_accumulation_batches=1)  # a stack takes the rows of a step together
    longest = int(encoded.lengths.max())
    needs = estimate_needs(headers, whole, job.directory, logits=logits, longest=longest)
    if needs.memory_free_bytes is None:
        return MOST_AT_ONCE
    left = needs.memory_free_bytes - _BASES_HELD * needs.weights_bytes
    return max(1, min(MOST_AT_ONCE, left // (needs.activation_bytes + needs.trainable_bytes)))


class _OtherLayersError(Exception):
    """Adapters beside tensors that are no layer (experts): they are trained one run after the other."""


class _Run:
    """One run of a stack: its rows, its plan, its stream."""

    def __init__(self, job: Job, bench: Workbench, objective: Objective) -> None:
        self.job, self.labels = job, None if job.labels is None else list(job.labels)
        config = job.config
        self.identity = run_identity(config, bench, job.examples, self.labels, job.evaluation, None, job.canonical)
        clean_run(job.directory)
        self.encoded = bench.encoder.encode(job.examples)
        self.classes = classes_of(job.examples, self.encoded, self.labels)
        self.weights = weights_of(job.examples, self.encoded, self.classes, config, len(self.encoded))
        self.plan = plan_steps(
            self.encoded.ids, self.encoded.lengths, steps=config.steps, batch_rows=config.batch_rows, seed=config.seed
        )
        if config.head_start == "ridge" and job.examples.task == CLASSIFICATION:
            warm_head(objective, bench, job.examples, self.labels)
        self.start: Numbers = {n: p.detach().clone() for n, p in objective.model.named_parameters() if p.requires_grad}
        self.stream = MetricsStream(job.directory, rows_seen=config.steps * config.batch_rows)
        self.losses: list[float] = []
        self.alive = True

    def batch(self, step: int, pad: int) -> Batch:
        """The rows of one step."""
        return collate(self.encoded, self.plan[step], self.classes, pad, self.weights)


class _Stack:
    def __init__(self, jobs: Sequence[Job], bench: Workbench, tell: Tell) -> None:
        self.bench, self.tell, self.config = bench, tell, jobs[0].config
        self.pad: int = bench.tokenizer.pad_token_id
        self.began = time.perf_counter()
        labels = None if jobs[0].labels is None else list(jobs[0].labels)
        self.carrier = adapted_model(self.config, bench, labels)
        if any(type(module).__name__ == "ParamWrapper" for module in self.carrier.model.modules()):
            raise _OtherLayersError
        self.runs: list[_Run] = []
        for job in jobs:
            tell(job, {"kind": "begin"})
            self.runs.append(_Run(job, bench, adapted_model(job.config, bench, labels)))
        self.plain = adapted_model(self.config, bench, labels)
        self.device = next(self.carrier.model.parameters()).device
        self.numbers = {
            name: torch.nn.Parameter(torch.stack([run.start[name] for run in self.runs]))
            for name, p in self.carrier.model.named_parameters() if p.requires_grad
        }  # fmt: skip
        _stack_layers(self.carrier, self.numbers, len(self.runs))

    def train(self) -> set[str]:
        config, steps = self.config, self.config.steps
        heads = [p for n, p in self.numbers.items() if "lora_" not in n]
        groups = [
            {"params": [p for n, p in self.numbers.items() if "lora_" in n], "lr": config.learning_rate,
             "weight_decay": config.weight_decay},
            {"params": heads, "lr": config.head_learning_rate, "weight_decay": 0.0},
        ]  # fmt: skip
        optimiser = torch.optim.AdamW([g for g in groups if g["params"]], fused=True)
        factor = functools.partial(
            rate_factor, steps=steps, warmup=round(config.warmup_fraction * steps), kind=config.scheduler,
            decay_factor=config.decay_factor,
        )  # fmt: skip
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
        self.carrier.model.train()
        for step in range(steps):
            batches = [run.batch(step, self.pad) for run in self.runs]
            optimiser.zero_grad(set_to_none=True)
            losses = self._losses(batches)
            losses.sum().backward()  # type: ignore[no-untyped-call]
            norms = self._clip()
            rate = float(schedule.get_last_lr()[0])
            optimiser.step()
            schedule.step()
            self._note(step + 1, losses.detach().cpu().numpy(), norms.cpu().numpy(), rate, batches)
        return {run.job.key for k, run in enumerate(self.runs) if run.alive and self._finish(k, run)}

    def _losses(self, batches: Sequence[Batch]) -> torch.Tensor:
        """float32[K]: each run's mean loss over its own targets."""
        joined, targets_of = _joined(batches, self.pad)
        joined = joined.to(self.device)
        classes = self.carrier.classification
        logits = self.carrier.logits(joined) if classes else self.carrier.token_logits(joined)
        out = []
        for k, batch in enumerate(batches):
            part = slice(targets_of[k], targets_of[k + 1])
            heavy = None if joined.weights is None else joined.weights[part]
            out.append(weighted_sum(logits[part], joined.targets[part], heavy, self.config) / batch.weight())
        return torch.stack(out)

    def _clip(self) -> torch.Tensor:
        """float32[K]: each run's gradient norm; gradients scaled as `clip_grad_norm_` would for each by itself."""
        gradients = [p.grad for p in self.numbers.values() if p.grad is not None]
        norms: torch.Tensor = torch.stack([g.flatten(1).norm(dim=1) for g in gradients]).norm(dim=0)
        if self.config.max_gradient_norm:
            scale = (self.config.max_gradient_norm / (norms + 1e-6)).clamp(max=1.0)
            for g in gradients:
                g.mul_(scale.view(-1, *[1] * (g.dim() - 1)))
        return norms

    def _note(self, step: int, losses: np.ndarray, norms: np.ndarray, rate: float, batches: Sequence[Batch]) -> None:
        left = (time.perf_counter() - self.began) / step * (self.config.steps - step)
        for k, run in enumerate(self.runs):
            loss = float(losses[k])
            if not run.alive:
                continue
            run.losses.append(loss)
            run.stream.batch(int(batches[k].lengths.sum()), run.encoded.ids[batches[k].rows.numpy()].tolist())
            run.stream.step(step, loss, rate, float(norms[k]))
            if not np.isfinite(loss):
                run.alive = False
                self.tell(run.job, {"kind": "end", "state": FAILED, "reason": "the loss is not a number"})
                continue
            self.tell(run.job, {"kind": "step", "step": step, "steps": self.config.steps, "loss": loss, "eta_s": left})

    def _finish(self, k: int, run: _Run) -> bool:
        """Leave one run as a run by itself is left."""
        run.stream.close()
        job, plain = run.job, self.plain
        assert job.evaluation is not None
        for name, p in plain.model.named_parameters():
            if name in self.numbers:
                p.data.copy_(self.numbers[name].data[k])
        save_adapter(plain, self.bench, job.directory, run.identity, job.config, job.examples.task)
        scores = score_examples(plain, job.evaluation, self.bench, run.labels, job.canonical)
        seconds = (time.perf_counter() - self.began) / len(self.runs)
        done: dict[str, Any] = {
            **run.identity, "steps": job.config.steps, "rows": len(run.encoded),
            "tokens_seen": int(run.encoded.lengths[run.plan].sum()),
            "targets_seen": int(targets_of(run.encoded)[run.plan].sum()), "final_loss": float(np.mean(run.losses)),
            "train_seconds": seconds, "stacked": len(self.runs),
            "evaluation": save_scores(scores, job.evaluation, job.directory, job.canonical, run.labels),
            "seconds": seconds, "finished": finished_now(),
        }  # fmt: skip
        write_card(job.directory, done, job.examples)
        write_json(job.directory / "done.json", done)
        self.tell(job, {"kind": "end", "state": DONE})
        return True


def _joined(batches: Sequence[Batch], pad: int) -> tuple[Batch, list[int]]:
    """The batches as one, padded together, and where each one's targets begin."""
    width = max(batch.tokens.shape[1] for batch in batches)
    tokens = torch.cat([
        torch.nn.functional.pad(b.tokens, (0, width - b.tokens.shape[1]), value=pad) for b in batches
    ])  # fmt: skip
    positions, first = [], 0
    for batch in batches:
        if batch.positions is not None:
            old = batch.tokens.shape[1]
            positions.append((first + batch.positions // old) * width + batch.positions % old)
        first += len(batch.tokens)
    weighted = any(b.weights is not None for b in batches)
    weights = [torch.ones(len(b.targets)) if b.weights is None else b.weights for b in batches] if weighted else []
    whole = Batch(
        tokens,
        torch.cat([b.lengths for b in batches]),
        torch.cat([b.targets for b in batches]),
        torch.cat(positions) if positions else None,
        torch.cat([b.rows for b in batches]),
        torch.cat(weights) if weighted else None,
    )
    return whole, np.cumsum([0, *(len(b.targets) for b in batches)]).tolist()


def _stack_layers(objective: Objective, numbers: Mapping[str, torch.nn.Parameter], count: int) -> None:
    """Have every adapted layer and the head of a model use each run's own numbers on its own part of the batch."""
    for path, module in objective.model.named_modules():
        a, b = (numbers.get(f"{path}.lora_{side}.default.weight") for side in "AB")
        if a is not None and b is not None:
            module.forward = functools.partial(_adapted, module.base_layer, a, b, module.scaling["default"], count)
    for path, module in objective.model.named_modules():
        weight = numbers.get(f"{path}.modules_to_save.default.weight")
        if weight is not None:
            bias = numbers.get(f"{path}.modules_to_save.default.bias")
            module.forward = functools.partial(_headed, weight, bias, count)


def _adapted(
    base: Any, a: torch.Tensor, b: torch.Tensor, scale: float, count: int, x: torch.Tensor, *_: Any, **__: Any
) -> torch.Tensor:
    """W x + s B_k (A_k x) for the k-th part of the batch; x [K·rows, ..., in]."""
    plain: torch.Tensor = base(x)
    parts = x.to(a.dtype).reshape(count, -1, x.shape[-1])
    update = torch.bmm(torch.bmm(parts, a.transpose(1, 2)), b.transpose(1, 2)) * scale
    found: torch.Tensor = (plain + update.reshape(plain.shape)).to(plain.dtype)
    return found


def _headed(weight: torch.Tensor, bias: torch.Tensor | None, count: int, x: torch.Tensor) -> torch.Tensor:
    parts = x.reshape(count, -1, x.shape[-1])
    found = torch.bmm(parts, weight.transpose(1, 2))
    found = found if bias is None else found + bias[:, None, :]
    return found.reshape(*x.shape[:-1], weight.shape[1])
