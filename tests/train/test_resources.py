"""Memory and disk: what does not fit is refused before training, and explained where the machine runs out after all."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from curate.errors import ConfigError, DataError
from train.config import TrainConfig
from train.resources import Needs, ResourceError, estimate_needs, explained

GIB = 2**30


def needs(**changes: Any) -> Needs:
    sizes = {"weights_bytes": 2 * GIB, "trainable_bytes": GIB, "activation_bytes": 4 * GIB, "disk_bytes": GIB}
    return Needs(**{**sizes, "memory_free_bytes": 100 * GIB, "disk_free_bytes": 100 * GIB, **changes})


def test_weights_that_cannot_fit_are_refused_before_training_with_what_would(tmp_path: Path, quick: TrainConfig) -> None:
    with pytest.raises(ResourceError, match=r"3\.0 GiB of memory, and 2\.0 GiB are free; take a smaller base"):
        needs(memory_free_bytes=2 * GIB).check(quick, tmp_path)


def test_memory_that_may_be_short_is_a_warning_with_remedies_that_keep_the_result(
    tmp_path: Path, quick: TrainConfig
) -> None:
    said = needs(memory_free_bytes=5 * GIB).check(quick, tmp_path)
    assert said.startswith("Memory may run out")
    assert "gradient_accumulation_batches" in said
    assert needs().check(quick, tmp_path) == ""
    assert needs(memory_free_bytes=None, disk_free_bytes=None).check(quick, tmp_path) == ""


def test_a_disk_too_small_for_adapter_and_checkpoints_is_refused_before_training(
    tmp_path: Path, quick: TrainConfig
) -> None:
    with pytest.raises(ResourceError, match="free some space or name another folder"):
        needs(disk_free_bytes=GIB // 2).check(quick, tmp_path)


def test_more_rows_at_once_and_longer_ones_need_more_and_parts_of_a_step_less(base: Path, quick: TrainConfig) -> None:
    def activations(longest: int, **changes: Any) -> int:
        return estimate_needs(base, quick.replace(**changes), base, logits=3, longest=longest).activation_bytes

    assert activations(64) > activations(32) > activations(32, gradient_accumulation_batches=2)
    assert activations(32, batch_rows=32) > activations(32)


def test_memory_that_runs_out_while_training_is_explained_and_other_errors_are_let_through(
    tmp_path: Path, quick: TrainConfig
) -> None:
    for error in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")):
        with pytest.raises(ResourceError, match=r"memory ran out with 16 rows.*from the last checkpoint"), explained(
            quick, tmp_path
        ):
            raise error
    with pytest.raises(DataError, match="disk is full"), explained(quick, tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(RuntimeError, match="shapes do not fit"), explained(quick, tmp_path):
        raise RuntimeError("shapes do not fit")
    with pytest.raises(ConfigError, match="as it was"), explained(quick, tmp_path):
        raise ConfigError("as it was")


def test_an_allocation_that_torch_itself_refuses_is_explained(tmp_path: Path, quick: TrainConfig) -> None:
    import torch

    with pytest.raises(ResourceError, match="memory ran out"), explained(quick, tmp_path):
        torch.empty(2**55)
