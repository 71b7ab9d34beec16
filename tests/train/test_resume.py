"""A run that is killed, stopped, or runs out of disk goes on and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tiny_base import make_tickets

from curate.errors import Cancelled, RunError
from train.config import TrainConfig
from train.examples import Examples
from train.lora import train_adapter

ROOT = Path(__file__).parents[2]
SCRIPT = """
import resource, sys
sys.path.insert(0, "tests/train")
from pathlib import Path
from tiny_base import make_tickets
from train.config import TrainConfig
from curate.errors import CurateError
import torch
torch.set_num_threads(1)
from train.lora import train_adapter
base, folder, limit = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
config = TrainConfig(base=base, lora_rank=4, steps=30, batch_rows=16, max_length_tokens=64, lora_dropout=0.1,
                     checkpoint_every_steps=5, evaluate_every_steps=4, early_stopping_patience_evaluations=50)
try:
    run = train_adapter(make_tickets(120, seed=1), config, folder, validation=make_tickets(30, seed=5, first_id=900))
    print(run.done.get("resumed_from_step"))
except CurateError as error:
    print(error, file=sys.stderr)
    raise SystemExit(error.exit_code)
"""


def start(base: Path, folder: Path, limit: int = 0) -> subprocess.Popen[str]:
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(base), str(folder), str(limit)]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_step(folder: Path, step: int, process: subprocess.Popen[str]) -> None:
    path = folder / "metrics.jsonl"
    until = time.monotonic() + 600
    while not (path.is_file() and f'"step":{step},' in path.read_text().replace(" ", "")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.002)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "adapter" / "adapter_model.safetensors"))


def steps(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line]


def assert_same_end(one: Path, other: Path) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys()
    assert all((a[name] == b[name]).all() for name in a)
    assert [(line["step"], line["loss"]) for line in steps(one)] == [(line["step"], line["loss"]) for line in steps(other)]


@pytest.fixture(scope="module")
def unbroken(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    process = start(base, folder)
    out, said = process.communicate(timeout=600)
    assert (process.returncode, out.strip()) == (0, "None"), said
    assert not (folder / "checkpoints").exists()
    return folder


def test_a_killed_run_goes_on_from_its_last_checkpoint_and_ends_with_the_same_bits(
    base: Path, unbroken: Path, tmp_path: Path
) -> None:
    process = start(base, tmp_path)
    wait_for_step(tmp_path, 13, process)
    process.kill()
    process.communicate()
    assert not (tmp_path / "done.json").exists()
    checkpoints = sorted((tmp_path / "checkpoints").iterdir())
    assert {path.suffix for path in checkpoints} == {".safetensors"}
    checkpoints[-1].write_bytes(checkpoints[-1].read_bytes()[:1000])  # and the newest is damaged
    again = start(base, tmp_path)
    out, said = again.communicate(timeout=600)
    assert again.returncode == 0, said
    assert int(out) in (5, 10, 15)
    assert_same_end(tmp_path, unbroken)


def test_an_interrupt_stops_behind_a_checkpoint_with_exit_130_and_the_same_command_goes_on(
    base: Path, unbroken: Path, tmp_path: Path
) -> None:
    process = start(base, tmp_path)
    wait_for_step(tmp_path, 7, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=600)
    assert process.returncode == 130, said
    assert "goes on from there" in said
    again = start(base, tmp_path)
    out, said = again.communicate(timeout=600)
    assert again.returncode == 0, said
    assert int(out) >= 7
    assert_same_end(tmp_path, unbroken)


def test_a_full_disk_is_explained_and_what_was_saved_is_gone_on_from(
    base: Path, unbroken: Path, tmp_path: Path
) -> None:
    small = start(base, tmp_path, limit=20_000)  # a file may grow to 20 kB: no checkpoint fits
    _, said = small.communicate(timeout=600)
    assert small.returncode == 2, said
    assert "disk" in said or "too large" in said.lower(), said
    assert "Traceback" not in said
    again = start(base, tmp_path)
    _, said = again.communicate(timeout=600)
    assert again.returncode == 0, said
    assert_same_end(tmp_path, unbroken)


def test_a_checkpoint_of_another_base_or_other_data_is_never_gone_on_from(
    tmp_path: Path, quick: TrainConfig, tickets: Examples
) -> None:
    config = quick.replace(steps=6, checkpoint_every_steps=2)

    def stop(event: dict[str, Any]) -> None:
        if event.get("step") == 5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        train_adapter(tickets, config, tmp_path, progress=stop)
    assert list((tmp_path / "checkpoints").iterdir())
    other = make_tickets(50, seed=9)
    with pytest.raises(RunError, match=r"other training rows, stopped at step \d.*--restart"):
        train_adapter(other, config, tmp_path, keep_foreign=True)
    run = train_adapter(other, config, tmp_path)
    assert "resumed_from_step" not in run.done
    assert train_adapter(other, config, tmp_path).resumed
