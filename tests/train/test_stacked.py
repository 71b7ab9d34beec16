"""Stacked adapters: each run is what it would have been by itself, and one that diverges takes nobody with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_base import make_talks, make_tickets

from train.ablation.stacked import stackable, train_stacked
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra
from train.lora import open_workbench, train_adapter
from train.processes import Job


def jobs_of(rows: Examples, held: Examples, config: TrainConfig, folder: Path) -> list[Job]:
    """Three runs: two data sets with one seed, and one of them with another."""
    labels = tuple(sorted(set(rows.labels))) or None
    half = rows.take(np.arange(0, len(rows), 2))
    made = [(rows, 0), (half, 0), (rows, 1)]
    return [
        Job(f"{i}", data, held, config.replace(seed=seed), folder / str(i), labels, {})
        for i, (data, seed) in enumerate(made)
    ]


@pytest.mark.parametrize("task", ["classification", "sft"])
def test_a_stacked_run_is_the_run_by_itself(tmp_path: Path, quick: TrainConfig, task: str) -> None:
    rows = make_tickets(60, seed=1) if task == "classification" else make_talks(60)
    held = make_tickets(40, seed=2, first_id=500) if task == "classification" else make_talks(40, first_id=500)
    config = quick.replace(steps=10)
    bench = open_workbench(config)
    jobs = jobs_of(rows, held, config, tmp_path / "stacked")
    said: list[str] = []
    assert train_stacked(jobs, bench, lambda job, event: said.append(event["kind"])) == {"0", "1", "2"}
    assert said.count("begin") == said.count("end") == 3
    for job in jobs:
        labels = None if job.labels is None else list(job.labels)
        alone = train_adapter(
            job.examples, job.config, tmp_path / "alone" / job.key, labels=labels, evaluation=held, canonical={},
            workbench=bench,
        )  # fmt: skip
        ours, theirs = (
            load_file(d / "adapter" / "adapter_model.safetensors") for d in (job.directory, tmp_path / "alone" / job.key)
        )
        assert set(ours) == set(theirs)
        for name, value in ours.items():
            np.testing.assert_allclose(value, theirs[name], atol=2e-4, err_msg=name)
        curves = [
            [line["loss"] for line in map(json.loads, (d / "metrics.jsonl").read_text().splitlines()) if "loss" in line]
            for d in (job.directory, tmp_path / "alone" / job.key)
        ]
        np.testing.assert_allclose(curves[0], curves[1], atol=1e-4)
        again = train_adapter(
            job.examples, job.config, job.directory, labels=labels, evaluation=held, canonical={}, workbench=bench
        )
        assert again.resumed, "a stacked run is found finished by whoever looks for it"
        assert alone.scores is not None
        assert again.scores is not None
        np.testing.assert_allclose(again.scores.nll, alone.scores.nll, atol=1e-3)


def test_a_run_that_diverges_harms_no_other(tmp_path: Path, quick: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    from train.ablation import stacked

    torch = extra("torch")
    rows, held = make_tickets(60, seed=1), make_tickets(40, seed=2, first_id=500)
    config = quick.replace(steps=6)
    bench = open_workbench(config)
    plain = stacked._Stack._losses

    def spoilt(self: object, batches: object) -> object:
        losses = plain(self, batches)  # type: ignore[arg-type]
        return losses * torch.tensor([1.0, float("nan"), 1.0])

    monkeypatch.setattr(stacked._Stack, "_losses", spoilt)
    jobs = jobs_of(rows, held, config, tmp_path / "stacked")
    assert train_stacked(jobs, bench, lambda job, event: None) == {"0", "2"}
    assert not (jobs[1].directory / "done.json").exists()
    monkeypatch.setattr(stacked._Stack, "_losses", plain)
    again = jobs_of(rows, held, config, tmp_path / "sound")
    train_stacked(again, bench, lambda job, event: None)
    for i in (0, 2):
        ours, theirs = (load_file(j[i].directory / "adapter" / "adapter_model.safetensors") for j in (jobs, again))
        for name, value in ours.items():
            np.testing.assert_allclose(value, theirs[name], atol=1e-6)


def test_only_plain_lora_is_stacked(quick: TrainConfig) -> None:
    assert stackable(quick, "classification")
    for other in (quick.replace(dora=True), quick.replace(lora_dropout=0.1), quick.replace(method="ia3")):
        assert not stackable(other, "classification")
    assert not stackable(quick, "extraction")


@pytest.mark.gpu
@pytest.mark.slow
def test_on_a_gpu_the_matrix_takes_a_fifth_of_stock_time() -> None:
    if not extra("torch").cuda.is_available():
        pytest.skip("no CUDA device")
    import argparse

    from benchmarks.bench_ablation import measured

    asked = {"arms": 8, "seeds": 2, "rows": 2000, "held": 1000, "steps": 60, "sample": 2, "ways": ["stock", "matrix"]}
    found = measured(argparse.Namespace(**asked))
    assert found["matrix"]["wall_s"] <= 0.2 * found["stock"]["wall_s"]
