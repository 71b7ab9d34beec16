"""What importing `train` loads, what it says when the extra is missing, and that nothing calls home."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_base import make_tickets

from curate.errors import ConfigError
from train.config import TrainConfig

ROOT = Path(__file__).parents[2]


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_train_and_the_ablation_loads_no_heavy_library() -> None:
    code = "import sys, train, train.ablation, train.lora, train.estimate, train.tune.config\n"
    code += "print([m for m in ('torch', 'transformers', 'peft', 'sklearn', 'polars') if m in sys.modules])"
    assert run(code).strip() == "[]"


def test_a_missing_extra_says_how_to_install_it() -> None:
    code = (
        "import sys\nsys.modules['peft'] = None\n"
        "from train.lora import open_workbench\nfrom train.config import TrainConfig\n"
        "from curate.errors import MissingExtraError\n"
        "try:\n    open_workbench(TrainConfig())\nexcept MissingExtraError as error:\n    print(error)"
    )
    assert "pip install 'curate-toolkit[train]'" in run(code)


def test_training_from_a_local_folder_opens_no_connection(base: Path, tmp_path: Path) -> None:
    code = (
        "import socket, sys\nsys.path.insert(0, 'tests/train')\n"
        "def refuse(*a, **k): raise SystemExit('a connection was opened')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from pathlib import Path\nfrom tiny_base import make_tickets\n"
        "from train.config import TrainConfig\nfrom train.lora import train_adapter\n"
        f"config = TrainConfig(base={str(base)!r}, steps=2, batch_rows=8, threads=1)\n"
        f"train_adapter(make_tickets(20, 0), config, Path({str(tmp_path)!r}))\nprint('done')"
    )
    assert run(code).strip() == "done"


@pytest.mark.parametrize(
    "change",
    [
        {"lora_rank": 0},
        {"lora_dropout": 1.0},
        {"steps": 0},
        {"scheduler": "cosin"},
        {"batch_rows": 10, "gradient_accumulation_batches": 3},
        {"validation_fraction": 0.0},
        {"decay_factor": 0.0},
        {"class_weights": "balance"},
        {"target_modules": ()},
        {"max_length_tokens": 1},
        {"learning_rate": float("nan")},
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(change)).split("_")[0]):
        TrainConfig(**change)  # type: ignore[arg-type]


def test_threads_do_not_change_what_a_run_is() -> None:
    assert TrainConfig(threads=1).fingerprint() == TrainConfig(threads=2).fingerprint()
    assert TrainConfig(seed=1).fingerprint() != TrainConfig(seed=2).fingerprint()


def test_the_fingerprint_of_examples_sees_ids_texts_and_labels() -> None:
    one = make_tickets(10, 0)
    assert one.fingerprint() == make_tickets(10, 0).fingerprint()
    assert one.fingerprint() != one.take(range(9)).fingerprint()
    assert one.fingerprint() != make_tickets(10, 0, first_id=1).fingerprint()
