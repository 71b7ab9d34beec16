"""The trainer on a device that only says it is CUDA: no operation takes tensors of both sides, no loss goes unseen.

In a process of its own (`test_pretended_cuda.py`): libraries remember whether there is a card.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pretend_cuda import OnCuda, pretended_cuda
from safetensors.numpy import load_file
from tiny_base import make_talks, make_tickets

from curate.errors import Cancelled
from train.ablation.stacked import MOST_AT_ONCE, _room, train_stacked
from train.adapters import load_adapter
from train.base import device_and_dtype
from train.config import TrainConfig
from train.examples import Examples
from train.lora import open_workbench, train_adapter
from train.processes import Job
from train.resources import estimate_needs
from train.room import LEAST_TOKENS, tokens_at_once
from train.trainer import DivergedError, PlannedTrainer


@pytest.fixture(scope="session")
def known(quick: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """Losses of a run on the CPU, which also imports what libraries import late: that must not be while torch pretends."""
    config = quick.replace(steps=3, batch_rows=4, device="cpu")
    folder = tmp_path_factory.mktemp("cpu")
    train_adapter(make_talks(12), config, folder, validation=make_talks(4))
    return losses(folder)


@pytest.fixture
def cuda(known: list[float]) -> Iterator[None]:
    with pretended_cuda():
        yield


@pytest.fixture
def short(quick: TrainConfig) -> TrainConfig:
    small = {"steps": 2, "batch_rows": 4, "answer_rows": 2, "answer_tokens": 4, "forgetting_probe": False}
    return quick.replace(device="cuda", dtype="float32", **small)


def losses(folder: Path) -> list[float]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def pairs(n: int) -> Examples:
    talks = make_talks(n)
    worse = tuple((messages[0], {"role": "assistant", "content": "no #### 9"}) for messages in talks.messages)
    return Examples("sft", talks.ids, messages=talks.messages, rejected=worse)


@pytest.mark.usefixtures("cuda")
def test_the_pretended_device_refuses_what_cuda_refuses() -> None:
    there = torch.ones(3, device="cuda:0")
    here = torch.arange(3)
    refused: list[Callable[[], Any]] = [
        lambda: there + here, lambda: here[there > 0], lambda: here.index_add(0, there.long(), here), there.numpy,
        lambda: np.asarray(there), lambda: torch.rand(2, device="cuda:0", generator=torch.Generator()),
        lambda: here.add_(there.long()), lambda: torch.cat([there, here.float()]),
        lambda: torch.nn.functional.linear(there[None], torch.ones(2, 3)),
    ]  # fmt: skip
    for wrong in refused:
        with pytest.raises((RuntimeError, TypeError)):
            wrong()
    taken = [there + torch.tensor(1.0), there[here], there[here > 0], there.to("cuda"), there.half(), -there]
    assert all(isinstance(one, OnCuda) and one.device.type == "cuda" for one in taken)
    assert (there.cpu().numpy() == 1).all()
    assert there.sum().item() == 3


@pytest.mark.usefixtures("cuda")
def test_losses_are_those_of_the_cpu(tmp_path: Path, short: TrainConfig, known: list[float]) -> None:
    train_adapter(make_talks(12), short.replace(steps=3), tmp_path, validation=make_talks(4))
    np.testing.assert_allclose(losses(tmp_path), known, atol=1e-4)


@pytest.mark.usefixtures("cuda")
@pytest.mark.parametrize(
    ("task", "changes"),
    [
        ("classification", {"head_start": "ridge", "class_weights": "balanced", "dtype": "bfloat16"}),
        ("classification", {"method": "full", "label_smoothing": 0.1, "focal_gamma": 1.0}),
        ("sft", {"base_kl": 0.1, "layers": (-1,), "dtype": "bfloat16"}),
        ("sft", {"method": "ia3", "gradient_accumulation_batches": 2, "activation_checkpointing": True}),
        ("preference", {"objective": "ranking"}),
    ],
)
def test_no_operation_takes_tensors_of_both_sides(
    tmp_path: Path, short: TrainConfig, task: str, changes: dict[str, Any]
) -> None:
    make = {"classification": lambda n: make_tickets(n, seed=1), "sft": make_talks, "preference": pairs}[task]
    rows, config = make(12), short.replace(**changes)
    run = train_adapter(rows, config, tmp_path, evaluation=make(6), validation=make(4), thorough=True)
    assert run.scores is not None
    assert np.isfinite(run.scores.nll).all()
    loaded = load_adapter(tmp_path, device="cpu")
    assert next(loaded.objective.model.parameters()).device.type == "cpu"


@pytest.mark.usefixtures("cuda")
def test_stacked_runs_end_as_runs_by_themselves(tmp_path: Path, short: TrainConfig) -> None:
    rows, held = make_talks(12), make_talks(6, first_id=500)
    bench = open_workbench(short)
    jobs = [Job(str(s), rows, held, short.replace(seed=s), tmp_path / "stack" / str(s), None, {}) for s in (0, 1)]
    assert train_stacked(jobs, bench, lambda job, event: None) == {"0", "1"}
    for job in jobs:
        train_adapter(rows, job.config, tmp_path / job.key, evaluation=held, workbench=bench)
        ours, alone = (load_file(d / "adapter" / "adapter_model.safetensors") for d in (job.directory, tmp_path / job.key))
        for name, value in ours.items():
            np.testing.assert_allclose(value, alone[name], atol=2e-4, err_msg=name)


@pytest.mark.usefixtures("cuda")
def test_a_run_that_goes_on_draws_what_the_card_would_have_drawn(tmp_path: Path, short: TrainConfig) -> None:
    config, rows = short.replace(steps=6, lora_dropout=0.3, checkpoint_every_steps=1), make_talks(12)

    def stop(event: dict[str, Any]) -> None:
        if event.get("step") == 3:
            raise Cancelled("enough")

    train_adapter(rows, config, tmp_path / "whole")
    with pytest.raises(Cancelled):
        train_adapter(rows, config, tmp_path / "cut", progress=stop)
    torch.manual_seed(99)
    assert train_adapter(rows, config, tmp_path / "cut").done["resumed_from_step"] == 3
    whole, cut = (load_file(tmp_path / d / "adapter" / "adapter_model.safetensors") for d in ("whole", "cut"))
    assert all((whole[name] == cut[name]).all() for name in whole)


@pytest.mark.usefixtures("cuda")
def test_evaluations_and_the_last_step_have_a_line_where_ten_steps_share_one(tmp_path: Path, short: TrainConfig) -> None:
    config, told = short.replace(steps=23, evaluate_every_steps=7), []
    train_adapter(make_talks(12), config, tmp_path, validation=make_talks(4), progress=told.append)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [7, 10, 14, 20, 21, 23]
    assert [event["step"] for event in told if event["kind"] == "step"] == [7, 10, 14, 20, 21, 23]


@pytest.mark.usefixtures("cuda")
def test_a_loss_that_ends_as_no_number_is_seen(tmp_path: Path, short: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = PlannedTrainer.compute_loss

    def spoilt(self: PlannedTrainer, *given: Any, **named: Any) -> torch.Tensor:
        loss = plain(self, *given, **named)
        return loss * float("nan") if self.state.global_step == 22 else loss

    monkeypatch.setattr(PlannedTrainer, "compute_loss", spoilt)
    with pytest.raises(DivergedError, match="step 23"):
        train_adapter(make_talks(12), short.replace(steps=23), tmp_path)


@pytest.mark.usefixtures("cuda")
def test_memory_is_counted_in_the_format_that_the_card_gets(tmp_path: Path, short: TrainConfig, base: Path) -> None:
    auto = short.replace(dtype="auto")
    assert device_and_dtype(auto)[1] == torch.bfloat16
    needs = [estimate_needs(base, config, tmp_path, logits=3, longest=9).weights_bytes for config in (auto, short)]
    assert needs[1] == 2 * needs[0]


@pytest.mark.usefixtures("cuda")
def test_small_cards_get_small_batches_and_small_stacks(
    tmp_path: Path, short: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = open_workbench(short)
    loaded = train_adapter(make_talks(8), short, tmp_path / "run", workbench=bench)
    model = load_adapter(loaded.directory, device="cuda").objective.inner
    job = Job("0", make_talks(8), make_talks(4), short, tmp_path / "job", None, {})
    found = []
    for free in (80 << 30, 900 << 20, 1 << 20):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda free=free: (free, free))
        found.append((tokens_at_once(model, 100, 65536, logits=True), _room(job, bench)))
    assert found[0] == (65536, MOST_AT_ONCE)
    assert LEAST_TOKENS < found[1][0] < 65536
    assert found[2] == (LEAST_TOKENS, 1)
