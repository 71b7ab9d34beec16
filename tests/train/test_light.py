"""What importing `train` loads, what it says when the extra is missing, and that nothing calls home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_base import make_tickets

from curate.errors import ConfigError
from train.config import TrainConfig

ROOT = Path(__file__).parents[2]


def run(code: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
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


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process of its own tells that loads transformers and trains with every connection refused."""
    code = (
        "import json, socket, sys\nsys.path.insert(0, 'tests/train')\n"
        "from train.extra import extra\nextra('transformers').Trainer\n"  # imports comet_ml wherever it is installed
        "comet = None\n"
        "if 'comet_ml' in sys.modules:\n"
        "    import sentry_sdk\n    from comet_ml.error_tracking import api\n"
        "    comet = [api.enabled_in_config(), sentry_sdk.get_client().transport]\n"
        "asked = []\n"
        "def refuse(*a, **k):\n    asked.append(repr(a))\n    raise OSError('there is no network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from pathlib import Path\nfrom tiny_base import make_tickets\n"
        "from train.config import TrainConfig\nfrom train.lora import train_adapter\n"
        f"config = TrainConfig(base={str(base)!r}, steps=2, batch_rows=8, threads=1)\n"
        f"run = train_adapter(make_tickets(20, 0), config, Path({str(tmp_path_factory.mktemp('trained'))!r}))\n"
        "print(json.dumps({'comet': comet, 'asked': asked, 'steps': run.done['steps']}))"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("COMET_")}
    return dict(json.loads(run(code, env)))


def test_training_from_a_local_folder_opens_no_connection(trained: dict[str, Any]) -> None:
    assert (trained["asked"], trained["steps"]) == ([], 2)


def test_a_library_that_is_merely_installed_reports_nothing_about_itself(trained: dict[str, Any]) -> None:
    pytest.importorskip("comet_ml")
    assert trained["comet"] == [False, None]


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
