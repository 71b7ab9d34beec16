"""Checkpoints of a run that is not done: a killed run goes on from one and ends with the weights of an unbroken run.

One safetensors file a checkpoint holds all that the rest of the run depends on: the trainable weights, AdamW's moments
and step counts, the state of torch's random numbers (dropout), the best weights so far and how long early stopping has
waited; the step and the sums of losses stand in its header. The row order and the learning rate are functions of the
step. Nothing is pickled. A file appears whole or not at all; the last two are kept, so that a damaged one is no loss;
they go when the run is done. Each carries the run's identity: a checkpoint of another base, other data or other settings
is never gone on from. Cost: about four times the adapter's size on disk, a few milliseconds each. Needs torch.
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from curate.dataset.atomic import atomic_path, make_private_dir
from curate.errors import Cancelled, RunError
from train import distributed
from train.files import CHECKPOINTS, read_json

if TYPE_CHECKING:
    from train.trainer import PlannedTrainer

KEPT = 2
SECONDS_BETWEEN = 30.0
_COMPARED = {
    "base_hash": "another base model",
    "data_hash": "other training rows",
    "seed": "another seed",
    "template_hash": "another chat template",
    "encoding_version": "an earlier version of the encoding",
}


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk, its header read."""

    path: Path
    step: int
    header: Mapping[str, Any]


def find_checkpoint(directory: Path, run_id: str) -> Checkpoint | None:
    """The newest sound checkpoint of this run, or None."""
    return next((found for found in _all(directory) if found.header["run_id"] == run_id), None)


def refuse_foreign(directory: Path, identity: Mapping[str, Any]) -> None:
    """Raise `RunError` where the directory holds the work of another run, finished or not."""
    found = next(_all(directory), None)
    done = read_json(directory / "done.json")
    if found is not None and found.header["run_id"] != identity["run_id"]:
        told, what = found.header["identity"], "an unfinished run"
        where, goes = f", stopped at step {found.step}", "let it go"
    elif found is None and done is not None and done.get("run_id") != identity["run_id"]:
        told, what, where, goes = done, "a finished adapter", "", "replace it"
    else:
        return
    differs = [words for name, words in _COMPARED.items() if told.get(name) != identity.get(name)]
    raise RunError(
        f"{directory} holds {what} of {' and '.join(differs) or 'other settings'}{where}; "
        f"name another folder with --out, or {goes} with --restart"
    )


def drop_checkpoints(directory: Path) -> None:
    """Remove what a finished run needs no longer."""
    shutil.rmtree(directory / CHECKPOINTS, ignore_errors=True)


def rewind_metrics(path: Path, step: int) -> None:
    """Take out the lines of `metrics.jsonl` behind `step`, which will be written again, and a torn last one."""
    from curate.dataset.atomic import atomic_write_text

    kept = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError:
        return
    for line in lines:
        with contextlib.suppress(ValueError):
            at = json.loads(line).get("step")
            if line.endswith("\n") and (at is None or at <= step):
                kept.append(line)
    atomic_write_text(path, "".join(kept))


class Checkpointing(transformers.TrainerCallback):
    """Saves checkpoints between steps, goes on from one, and stops behind one when asked to."""

    def __init__(
        self, trainer: PlannedTrainer, directory: Path, identity: Mapping[str, Any], start: Checkpoint | None
    ) -> None:
        self.trainer, self.folder, self.start = trainer, directory / CHECKPOINTS, start
        self.identity = {name: identity.get(name) for name in ("base", *_COMPARED)}
        self.run_id = str(identity["run_id"])
        self.every = trainer.settings.checkpoint_every_steps
        self.stop_asked = threading.Event()
        self._saved_at, self._saved_step = time.monotonic(), 0 if start is None else start.step
        self._random: torch.Tensor | None = None
        self._random_cuda: torch.Tensor | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Put everything back as it was at the checkpoint."""
        if self.start is None:
            return
        from safetensors.torch import load_file

        held, header, trainer = load_file(self.start.path), self.start.header, self.trainer
        optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
        with torch.no_grad():
            for name, parameter in trainer.trainable():
                parameter.copy_(held[f"model/{name}"])
                optimizer.state[parameter] = {
                    key: held[f"adam/{name}/{key}"].to(parameter.device)
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"adam/{name}/{key}" in held
                }
        if trainer.validation is not None and "waited" in header:
            watch = trainer.validation
            watch.best, watch.waited = header["best"] if header["best"] is not None else math.inf, header["waited"]
            device = next(p for _, p in trainer.trainable()).device
            watch.best_step = int(header.get("best_step", 0))
            watch.best_state = {n: held[f"best/{n}"].to(device) for n, _ in trainer.trainable() if f"best/{n}" in held}
            losses = held.get("best_losses")
            watch.best_losses = None if losses is None else losses.numpy()
        state.global_step = trainer._globalstep_last_logged = self.start.step
        trainer._total_loss_scalar = header["total_loss"]
        schedule = getattr(trainer.lr_scheduler, "scheduler", trainer.lr_scheduler)
        schedule.last_epoch = self.start.step
        rates = zip(optimizer.param_groups, schedule.base_lrs, schedule.lr_lambdas, strict=True)
        for group, rate, factor in rates:
            group["lr"] = rate * factor(self.start.step)
        schedule._last_lr = [group["lr"] for group in optimizer.param_groups]
        self._random, self._random_cuda = held["rng/cpu"], held.get("rng/cuda")

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Between two steps: everything of the last one is written, nothing of the next has begun."""
        if self._random is not None:
            torch.set_rng_state(self._random)
            if self._random_cuda is not None and self.trainer.args.device.type == "cuda":
                torch.cuda.set_rng_state(self._random_cuda)
            self._random = self._random_cuda = None
        step = state.global_step
        if distributed.any_of(self.stop_asked.is_set()):
            self.save()
            raise Cancelled(f"stopped after step {step}")
        if step <= self._saved_step:
            return
        due = step % self.every == 0 if self.every else time.monotonic() - self._saved_at >= SECONDS_BETWEEN
        if due:
            with self.trainer.metrics.pause():
                self.save()

    def save(self) -> Path | None:
        """Write a checkpoint of the state as it is between two steps; None where that is saved, or there is no step."""
        from safetensors.torch import save_file

        trainer, step = self.trainer, int(self.trainer.state.global_step)
        if step <= self._saved_step:
            return None
        optimizer = getattr(trainer.optimizer, "optimizer", trainer.optimizer)
        held: dict[str, torch.Tensor] = {"rng/cpu": torch.get_rng_state()}
        if trainer.args.device.type == "cuda":
            held["rng/cuda"] = torch.cuda.get_rng_state()
        for name, parameter in trainer.trainable():
            held[f"model/{name}"] = parameter.detach().contiguous()
            for key, value in optimizer.state.get(parameter, {}).items():
                held[f"adam/{name}/{key}"] = value.detach().clone().contiguous()
        header: dict[str, Any] = {"run_id": self.run_id, "identity": self.identity, "step": step}
        header["total_loss"] = trainer._total_loss_scalar + float(trainer._tr_loss)
        if trainer.validation is not None:
            watch = trainer.validation
            header |= {"best": watch.best if math.isfinite(watch.best) else None, "waited": watch.waited}
            header["best_step"] = watch.best_step
            held |= {f"best/{name}": value.contiguous() for name, value in watch.best_state.items()}
            if watch.best_losses is not None:
                held["best_losses"] = torch.from_numpy(watch.best_losses.copy())
        make_private_dir(self.folder)
        path = self.folder / f"step-{step:07d}.safetensors"
        with atomic_path(path) as temporary:
            save_file(held, temporary, metadata={"checkpoint": json.dumps(header)})
        self._saved_at, self._saved_step = time.monotonic(), step
        for old in sorted(self.folder.glob("step-*.safetensors"))[:-KEPT]:
            old.unlink(missing_ok=True)
        return path


@contextlib.contextmanager
def stopping_on_interrupt(checkpointing: Checkpointing) -> Iterator[None]:
    """Ctrl-C, or SIGTERM, once: stop behind a checkpoint. Twice: as usual, at once. Only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: Any) -> None:
        checkpointing.stop_asked.set()
        signal.signal(number, before[signal.Signals(number)] or signal.SIG_DFL)

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _all(directory: Path) -> Iterator[Checkpoint]:
    """Readable checkpoints, the newest first."""
    from safetensors import SafetensorError, safe_open

    for path in sorted((directory / CHECKPOINTS).glob("step-*.safetensors"), reverse=True):
        try:
            with safe_open(path, framework="pt") as file:
                header = json.loads((file.metadata() or {})["checkpoint"])
            yield Checkpoint(path, int(header["step"]), header)
        except (SafetensorError, OSError, KeyError, ValueError):
            continue
