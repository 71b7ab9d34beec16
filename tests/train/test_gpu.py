"""On a GPU: a training run, and the comparison with transformers' Trainer and TRL. Skipped where there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_base import make_talks

from train.adapters import load_adapter
from train.config import TrainConfig
from train.lora import score_examples, train_adapter

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")]


@pytest.mark.parametrize("method", ["lora", "ia3", "layernorm", "full"])
def test_a_writer_trains_on_the_gpu_and_serves_on_a_cpu(method: str, quick: TrainConfig, tmp_path: Path) -> None:
    config = quick.replace(method=method, device="cuda", steps=40, learning_rate=1e-2 if method != "full" else 3e-3)
    held = make_talks(9, 100)
    run = train_adapter(make_talks(60), config, tmp_path, evaluation=held)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert losses[-1] < losses[0]
    assert any(line.get("cuda_bytes") for line in lines)
    loaded = load_adapter(tmp_path, device="cpu")
    again = score_examples(loaded.objective, held, loaded.bench, None, None)
    assert run.scores is not None
    assert np.allclose(again.score, run.scores.score, atol=0.1)  # half precision there, float32 here


def test_the_comparison_runs_there_with_equal_losses() -> None:
    pytest.importorskip("trl")
    if not (ROOT.parent / "shared" / "data" / "banking77").is_dir():
        pytest.skip("the data folder is absent")
    command = [sys.executable, "-m", "benchmarks.trainers.compare", "--device", "cuda", "--steps", "30", "--rounds", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "trl, tuned" in done.stdout
