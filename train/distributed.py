"""Training in several processes, as `accelerate launch` starts them: one for each GPU, or on CPUs.

Every process holds the whole model and meets every batch of the plan, of which it takes each n-th row. Losses are divided
by what the whole step weighs, gradients are averaged once a step, so the result is that of one process to rounding. What
is trained is small for adapters, so gradients go in one message after the last part of a step instead of overlapping
with the backward pass; for full fine-tuning of large models a sharding trainer is the better tool.

The first process writes; the others keep their files in a folder that goes when they end. `WORLD_SIZE` in the environment,
which launchers set, is what tells. Imports torch only where there is more than one process.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from curate.errors import ConfigError


def world_size() -> int:
    """How many processes train together."""
    return max(1, int(os.environ.get("WORLD_SIZE", "1") or 1))


def rank() -> int:
    """The number of this process among them."""
    return int(os.environ.get("RANK", "0") or 0) if world_size() > 1 else 0


def is_main() -> bool:
    """Whether this process is the one that writes and speaks."""
    return rank() == 0


def join(device: str) -> None:
    """Meet the other processes; `device` as in the configuration. Nothing where there are none."""
    if world_size() == 1:
        return
    from train.extra import extra

    torch, accelerate = extra("torch"), extra("accelerate")
    cuda = torch.cuda.is_available() and device != "cpu"
    if cuda:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    accelerate.PartialState(cpu=not cuda)


def wait() -> None:
    """Go on when all processes have come here."""
    if world_size() > 1:
        import torch

        torch.distributed.barrier()


def total(value: float) -> float:
    """The sum over all processes."""
    if world_size() == 1:
        return value
    import torch

    one = torch.tensor([value], dtype=torch.float64, device=_device())
    torch.distributed.all_reduce(one)
    return float(one.item())


def any_of(flag: bool) -> bool:
    """Whether it is so in any process."""
    return flag if world_size() == 1 else total(float(flag)) > 0


def average_gradients(parameters: Iterable[Any]) -> None:
    """Replace each gradient by its mean over the processes, in one message."""
    if world_size() == 1:
        return
    import torch

    with_gradient = [p for p in parameters if p.requires_grad]
    for parameter in with_gradient:
        if parameter.grad is None:  # no row of this process met it
            parameter.grad = torch.zeros_like(parameter)
    flat = torch.cat([p.grad.reshape(-1) for p in with_gradient])
    torch.distributed.all_reduce(flat)
    flat /= world_size()
    start = 0
    for parameter in with_gradient:
        size = parameter.numel()
        parameter.grad.copy_(flat[start : start + size].view_as(parameter))
        start += size


@contextlib.contextmanager
def own_folder(directory: Path) -> Iterator[Path]:
    """Where this process writes: the first into `directory`, the others where nobody looks."""
    if is_main():
        yield directory
        return
    with tempfile.TemporaryDirectory(prefix="curate-rank-") as scratch:
        yield Path(scratch)


def check(config: Any) -> None:
    """Raise `ConfigError` where a configuration cannot be trained by several processes."""
    number = world_size()
    if number == 1:
        return
    if config.objective in ("dpo", "kto"):
        raise ConfigError(
            f"objective {config.objective!r} trains in one process; 'ranking' trains in several, and `curate export RUN "
            "--for trl` writes what TRL's own launcher needs"
        )
    if config.method == "qlora":
        raise ConfigError("method 'qlora' trains in one process; 'lora' trains in several")
    rows = config.batch_rows // config.gradient_accumulation_batches
    if rows < number:
        raise ConfigError(f"{rows} rows in a part of a step are too few for {number} processes; raise batch_rows")


def _device() -> Any:
    import torch

    on_gpu = torch.distributed.get_backend() == "nccl"
    return torch.device("cuda", torch.cuda.current_device()) if on_gpu else torch.device("cpu")
