"""Memory and disk that training needs: estimated before, explained after.

Estimate of memory, bytes: weights (counted from the safetensors headers, `train.headers`, in the format they run in), 16 a
trainable parameter (value, gradient, two moments), and activations kept for the backward pass, a batch at its longest:
tokens × layers × (`PER_TOKEN` hidden + 3 intermediate) numbers, and four times the logits that are computed. A crude
count, meant to be within a factor of two; measured against it in `benchmarks/LOG.md`. Disk: an adapter and two
checkpoints of four times its size. Nothing here allocates what it counts.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import CurateError, DataError
from curate.words import size
from train.config import ALL_LINEAR, TrainConfig
from train.headers import Headers, download_folder, folder_headers
from train.methods import METHODS
from train.methods.method import layer_of

PER_TOKEN = 18
RUNTIME_BYTES = 700 * 2**20
"""What Python with torch and transformers holds before a model is there."""
_REMEDY = (
    "Raise gradient_accumulation_batches or set activation_checkpointing (the result is the same), or lower "
    "max_length_tokens, batch_rows or lora_rank."
)


class ResourceError(CurateError):
    """Not enough memory or disk; what was saved is kept."""

    exit_code = 2


@dataclass(frozen=True)
class Needs:
    """What a run needs, in bytes, and what there is."""

    weights_bytes: int
    trainable_bytes: int
    activation_bytes: int
    disk_bytes: int
    memory_free_bytes: int | None
    disk_free_bytes: int | None
    download_bytes: int = 0
    """What a hub model that is not in the cache weighs there."""
    download_free_bytes: int | None = None

    @property
    def memory_bytes(self) -> int:
        """All memory together."""
        return self.weights_bytes + self.trainable_bytes + self.activation_bytes + RUNTIME_BYTES

    def words(self) -> str:
        """One sentence for people."""
        free = "" if self.memory_free_bytes is None else f" of {size(self.memory_free_bytes)} free"
        more = f", {size(self.download_bytes)} to download" if self.download_bytes else ""
        return f"About {size(self.memory_bytes)} of memory{free}, {size(self.disk_bytes)} of disk{more}."

    def check(self, config: TrainConfig, directory: Path) -> str:
        """A warning where memory is likely short, else empty; raises `ResourceError` where it cannot suffice."""
        if self.disk_free_bytes is not None and self.disk_bytes > self.disk_free_bytes:
            raise ResourceError(
                f"training needs about {size(self.disk_bytes)} in {directory} for the adapter and its checkpoints, and "
                f"{size(self.disk_free_bytes)} are free; free some space or name another folder with --out"
            )
        room = self.download_free_bytes
        if room is not None and self.download_bytes > room:
            raise ResourceError(
                f"base model {config.base} weighs {size(self.download_bytes)} and {size(room)} are free where models are "
                "kept; free some space, or name another folder with HF_HOME"
            )
        free = self.memory_free_bytes
        if free is None:
            return ""
        if self.weights_bytes + self.trainable_bytes > free:
            raise ResourceError(
                f"the weights and the optimiser alone need about {size(self.weights_bytes + self.trainable_bytes)} of "
                f"memory, and {size(free)} are free; take a smaller base model than {config.base}, a lower lora_rank, or "
                "close other programs"
            )
        if self.memory_bytes > free:
            return f"Memory may run out: {self.words()} {_REMEDY}"
        return ""


def estimate_needs(
    base: Path | Headers, config: TrainConfig, directory: Path, *, logits: int, longest: int
) -> Needs:
    """Count what training in `directory` needs for a base: its folder, or what is known of one that is not here.

    `logits` is how many logits one row has (classes; or supervised tokens × vocabulary), `longest` its longest tokens.
    """
    known = base if isinstance(base, Headers) else folder_headers(base)
    numbers, linear = known.numbers(), known.matrices()
    layers, hidden, inner = shape_of(known.config)
    number = number_bytes(config)
    matrices = [(rows, columns) for name, rows, columns in linear if _adapted(name, config)]
    vectors = numbers - sum(rows * columns for _, rows, columns in linear)
    adapted = METHODS[config.method].trained_numbers(matrices, vectors, numbers, config)
    rows = config.batch_rows // config.gradient_accumulation_batches
    tokens = rows * longest
    kept = tokens * layers * (PER_TOKEN * hidden + 3 * inner) * number
    if config.activation_checkpointing:  # what enters each layer, and all of one
        kept = kept // max(1, layers) + tokens * layers * hidden * number
    return Needs(
        weights_bytes=numbers * number if config.method != "qlora" else numbers * 5 // 8,
        trainable_bytes=16 * adapted,
        activation_bytes=kept + 4 * rows * logits * 4,
        disk_bytes=9 * 4 * adapted + 2**20,
        memory_free_bytes=free_memory(config),
        disk_free_bytes=free_disk(directory),
        download_bytes=known.download_bytes,
        download_free_bytes=free_disk(download_folder()) if known.download_bytes else None,
    )


def on_gpu(config: TrainConfig) -> bool:
    """Whether runs of this configuration are on a GPU."""
    from train.extra import extra

    return config.device != "cpu" and bool(extra("torch").cuda.is_available())


def number_bytes(config: TrainConfig) -> int:
    """Bytes of one number of the base, as `train.base.device_and_dtype` decides on its format."""
    if config.dtype != "auto":
        return 2 if config.dtype == "bfloat16" else 4
    if not on_gpu(config):
        return 4
    from train.base import device_and_dtype

    return int(device_and_dtype(config)[1].itemsize)


def free_on_gpu() -> int:
    """Bytes free on the current GPU, with those that torch keeps there for its next tensors."""
    from train.extra import extra

    cuda = extra("torch").cuda
    return int(cuda.mem_get_info()[0]) + int(cuda.memory_reserved()) - int(cuda.memory_allocated())


def free_memory(config: TrainConfig) -> int | None:
    """Bytes that can be had on the device now; None where the system does not say."""
    if on_gpu(config):
        return free_on_gpu()
    found = []
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found.append(int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024)
    with contextlib.suppress(OSError, ValueError):  # a container's own limit
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
        if limit != "max":
            found.append(max(0, int(limit) - int(used)))
    return min(found) if found else None


def free_disk(directory: Path) -> int | None:
    """Bytes free where `directory` is or will be."""
    for folder in (directory, *directory.absolute().parents):
        if folder.is_dir():
            with contextlib.suppress(OSError):
                return shutil.disk_usage(folder).free
    return None


def accelerator() -> dict[str, Any]:
    """The GPU, or None, and torch's threads."""
    from train.extra import extra

    torch = extra("torch")
    name = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {"accelerator": name, "threads": torch.get_num_threads()}


@contextlib.contextmanager
def explained(config: TrainConfig, directory: Path) -> Iterator[None]:
    """Turn what a machine says when memory or disk runs out into what a person can do about it."""
    try:
        yield
    except CurateError:
        raise
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError) or is_memory(error):
            raise ResourceError(
                f"memory ran out with {config.batch_rows} rows in {config.gradient_accumulation_batches} part(s) of up to "
                f"{config.max_length_tokens} tokens. {_REMEDY} The same command goes on from the last checkpoint where "
                "the settings are the same"
            ) from error
        raise
    except Exception as error:
        if _is_disk(error):
            raise DataError(
                f"the disk is full or a quota is used up while writing {directory}; free some space and run the same "
                "command again: it goes on from the last checkpoint"
            ) from error
        raise


def is_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a GPU or off it."""
    said = str(error).lower()
    # CUDA's own libraries have a word of theirs for it: CUBLAS_STATUS_ALLOC_FAILED and the like.
    return any(word in said for word in ("out of memory", "can't allocate memory", "not enough memory", "_alloc_failed"))


def _is_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return any(os.strerror(number) in str(error) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


def _adapted(name: str, config: TrainConfig) -> bool:
    part = name.removesuffix(".weight").rpartition(".")[2]
    if "embed" in name or part in ("lm_head", "score", "wte", "wpe", "shared"):
        return False
    if config.layers and layer_of(name) is not None and min(config.layers) >= 0 and layer_of(name) not in config.layers:
        return False
    return config.target_modules == (ALL_LINEAR,) or part in config.target_modules


def shape_of(config: Mapping[str, Any]) -> tuple[int, int, int]:
    """Layers, hidden and intermediate width of a base, as far as its configuration says."""

    def first(*names: str, default: int) -> int:
        return next((int(config[name]) for name in names if isinstance(config.get(name), int)), default)

    hidden = first("hidden_size", "d_model", "n_embd", default=768)
    layers = first("num_hidden_layers", "num_layers", "n_layer", default=12) + int(config.get("num_decoder_layers") or 0)
    return layers, hidden, first("intermediate_size", "d_ff", "n_inner", default=4 * hidden)
