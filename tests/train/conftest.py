"""Fixtures of the trainer's tests; what makes the data is in `tiny_base`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from tiny_base import make_base, make_tickets

from curate.house import claim_process
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra

claim_process()  # so that hundreds of short trainings need not walk through torch each time


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def quick(base: Path) -> TrainConfig:
    """A configuration that trains the tiny base in about a second."""
    sizes = {"lora_rank": 4, "steps": 25, "batch_rows": 16, "max_length_tokens": 64}
    return TrainConfig(base=str(base), tensorboard=False, **sizes)


@pytest.fixture(scope="session")
def tickets() -> Examples:
    return make_tickets(120, seed=1)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    torch = extra("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # more only get in the way of each other on matrices this small
    yield
    torch.set_num_threads(before)
