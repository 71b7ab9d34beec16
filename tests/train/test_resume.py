"""A run that is killed, stopped, or runs out of disk goes on and ends as if nothing had happened."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import resource
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tiny_base import make_tickets

from curate.errors import Cancelled, CurateError, RunError
from train.config import TrainConfig
from train.examples import Examples
from train.lora import train_adapter

# Children are forked off one process that has the libraries loaded, which costs more than these short trainings.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["train.lora", "train.adapters", "train.resume", "train.trainer", "peft", "accelerate"])
CONFIG = TrainConfig(
    lora_rank=4, steps=30, batch_rows=16, max_length_tokens=64, lora_dropout=0.1, checkpoint_every_steps=5,
    evaluate_every_steps=4, early_stopping_patience_evaluations=50, tensorboard=False,
)  # fmt: skip


def train_here(base: Path, folder: Path, said: Path, limit: int, sent: int, at: int) -> None:
    """In a child: train, with what is printed in a file, and the exit code of the command line; the signal `sent` comes
    at the step `at`, however fast the machine is."""
    import torch

    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(out, stream)
    torch.set_num_threads(1)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    rows, watching = make_tickets(120, seed=1), make_tickets(30, seed=5, first_id=900)
    pending = [sent] if sent else []

    def progress(event: Mapping[str, Any]) -> None:
        if pending and event.get("kind") == "step" and event["step"] >= at:
            os.kill(os.getpid(), pending.pop())

    try:
        run = train_adapter(rows, CONFIG.replace(base=str(base)), folder, validation=watching, progress=progress)
        print(run.done.get("resumed_from_step"), flush=True)
    except CurateError as error:
        print(error, flush=True)
        raise SystemExit(error.exit_code) from None


class Child:
    """A training in a process of its own."""

    def __init__(self, base: Path, folder: Path, limit: int = 0, sent: int = 0, at: int = 0) -> None:
        self.file = folder.with_name(f"{folder.name}.said")
        self.process = SERVER.Process(target=train_here, args=(base, folder, self.file, limit, int(sent), at))
        self.process.start()

    def ended(self) -> tuple[int | None, str]:
        """Exit code, and what it said."""
        self.process.join(600)
        return self.process.exitcode, self.file.read_text() if self.file.is_file() else ""


def train_to_the_end(base: Path, folder: Path) -> str:
    """The step that it went on from, as the child says it."""
    code, said = Child(base, folder).ended()
    assert code == 0, said
    return said.split()[-1]


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
    kept = [json.loads((folder / "done.json").read_text())["kept_step"] for folder in (one, other)]
    assert kept[0] == kept[1] > 0


@pytest.fixture(scope="module")
def unbroken(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken")
    assert train_to_the_end(base, folder) == "None"
    assert not (folder / "checkpoints").exists()
    return folder


def test_a_killed_run_goes_on_from_its_last_checkpoint_and_ends_with_the_same_bits(
    base: Path, unbroken: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    assert Child(base, folder, sent=signal.SIGKILL, at=13).ended()[0] == -signal.SIGKILL
    assert not (folder / "done.json").exists()
    checkpoints = sorted((folder / "checkpoints").iterdir())
    assert {path.suffix for path in checkpoints} == {".safetensors"}
    checkpoints[-1].write_bytes(checkpoints[-1].read_bytes()[:1000])  # and the newest is damaged
    assert int(train_to_the_end(base, folder)) == 5
    assert_same_end(folder, unbroken)


def test_an_interrupt_stops_behind_a_checkpoint_with_exit_130_and_the_same_command_goes_on(
    base: Path, unbroken: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    code, said = Child(base, folder, sent=signal.SIGINT, at=7).ended()
    assert code == 130, said
    assert re.fullmatch(r"stopped after step \d+\n", said), said
    assert int(train_to_the_end(base, folder)) >= 7
    assert_same_end(folder, unbroken)


def test_a_full_disk_is_explained_and_what_was_saved_is_gone_on_from(
    base: Path, unbroken: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    code, said = Child(base, folder, limit=20_000).ended()  # a file may grow to 20 kB: no checkpoint fits
    assert code == 2, said
    assert "disk" in said or "too large" in said.lower(), said
    assert "Traceback" not in said
    train_to_the_end(base, folder)
    assert_same_end(folder, unbroken)


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
