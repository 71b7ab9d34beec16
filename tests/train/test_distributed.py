"""Two processes train what one does: gradients, files, and the command line under `accelerate launch`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_base import make_tickets

from curate.errors import ConfigError
from train import distributed
from train.config import TrainConfig
from train.hand_over import write_launch
from train.lora import adapted_model, open_workbench, train_adapter
from train.objective import collate

ROOT = Path(__file__).parents[2]


def test_shares_of_a_step_add_up_to_its_gradient(quick: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    from train.examples import Examples
    from train.trainer import PlannedBatches

    config = quick.replace(head_start="random")
    rows: Examples = make_tickets(12, seed=1)
    bench = open_workbench(config)
    encoded = bench.encoder.encode(rows)
    classes = np.array([sorted(set(rows.labels)).index(label) for label in rows.labels])
    objective = adapted_model(config, bench, sorted(set(rows.labels)), rows.task)
    objective.model.eval()
    whole = PlannedBatches(encoded, np.arange(12)[None], classes, bench.tokenizer.pad_token_id)
    shares = [whole.share(rank, 3)[0] for rank in range(3)]
    assert sorted(int(row) for share in shares for row in share.rows) == list(range(12))
    losses = [objective.loss(share, config).item() for share in shares]
    assert sum(losses) == pytest.approx(objective.loss(collate(encoded, range(12), classes, 1), config).item(), abs=1e-4)


def test_what_several_processes_cannot_train_is_said(quick: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "2")
    assert (distributed.world_size(), distributed.is_main()) == (4, False)
    with distributed.own_folder(Path("results")) as folder:
        assert folder != Path("results")
    with pytest.raises(ConfigError, match="'ranking' trains in several"):
        distributed.check(quick.replace(objective="dpo"))
    with pytest.raises(ConfigError, match="too few for 4 processes"):
        distributed.check(quick.replace(batch_rows=16, gradient_accumulation_batches=8))
    distributed.check(quick)


def test_a_launch_configuration_is_what_accelerate_reads(tmp_path: Path) -> None:
    import yaml

    command = write_launch(tmp_path / "gpus.yaml", processes=4)
    read = yaml.safe_load((tmp_path / "gpus.yaml").read_text())
    from accelerate.commands.config.config_args import ClusterConfig

    config = ClusterConfig.from_yaml_file(yaml_file=str(tmp_path / "gpus.yaml"))
    assert (read["num_processes"], config.num_processes) == (4, 4)
    assert str(config.distributed_type).endswith("MULTI_GPU")
    assert command.startswith("accelerate launch --config_file")
    with pytest.raises(ConfigError, match="is there already"):
        write_launch(tmp_path / "gpus.yaml", processes=4)
    with pytest.raises(ConfigError, match="at least 2 processes"):
        write_launch(tmp_path / "one.yaml", processes=1)


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one(base: Path, tmp_path: Path) -> None:
    rows = make_tickets(150, seed=1)
    lines = [{"text": text, "label": label} for text, label in zip(rows.texts, rows.labels, strict=True)]
    (tmp_path / "tickets.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    write_launch(tmp_path / "two.yaml", processes=2, cpu=True)
    given = {"base": json.dumps(str(base)), "lora_rank": 4, "steps": 12, "batch_rows": 16, "threads": 1,
             "gradient_accumulation_batches": 2, "max_gradient_norm": 0.5}  # fmt: skip
    asked = ["train", "tickets.jsonl", "--role", "label=label"]
    asked += [part for key, value in given.items() for part in ("--set", f"{key}={value}")]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", "two.yaml"]

    def run(*command: str) -> dict[str, Any]:
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout[done.stdout.index("{") :])  # type: ignore[no-any-return]

    one = run(sys.executable, "-m", "curate", *asked, "--out", "one", "--json")
    two = run(*launch, "-m", "curate", *asked, "--out", "two", "--json")
    from safetensors.torch import load_file

    first, second = (load_file(tmp_path / name / "adapter" / "adapter_model.safetensors") for name in ("one", "two"))
    assert first.keys() == second.keys()
    assert max(float((first[key] - second[key]).abs().max()) for key in first) < 5e-3
    assert one["run_id"] == two["run_id"]
    assert (one.get("processes"), two["processes"]) == (None, 2)
    assert one["evaluation"]["loss"] == pytest.approx(two["evaluation"]["loss"], abs=5e-3)
    written = [(tmp_path / name / "metrics.jsonl").read_text().splitlines() for name in ("one", "two")]
    losses = [[line["loss"] for line in map(json.loads, lines) if "loss" in line] for lines in written]
    assert losses[0] == pytest.approx(losses[1], abs=2e-3)
    again = run(*launch, "-m", "curate", *asked, "--out", "two", "--json")  # found done by both
    assert again["seconds"] == two["seconds"]


def test_one_process_is_no_distribution(quick: TrainConfig, tmp_path: Path) -> None:
    assert distributed.world_size() == 1
    assert distributed.total(3.5) == 3.5
    assert train_adapter(make_tickets(60, seed=1), quick.replace(steps=2), tmp_path).directory == tmp_path
