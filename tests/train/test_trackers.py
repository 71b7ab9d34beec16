"""Trackers, each on the real library in a mode that needs no service: what a run is told, found again, and never told."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_base import make_tickets

from curate.errors import ConfigError, MissingExtraError
from train.config import TrainConfig
from train.lora import train_adapter
from train.trackers import NAMES, RunFacts, Tracked, check, open_tracker, outcome_of, track_outcome
from train.trackers.runs import MODULES

FACTS = RunFacts(
    project="shop", id="0123456789abcdef0123456789abcdef", name="raw/0", group="g1",
    settings={"learning_rate": 0.003, "data_hash": "abc", "base": "bundled"}, tags=("arm:raw", "seed:0"),
)  # fmt: skip
SECRET = "zanzibar-label"


@pytest.fixture(autouse=True)
def _nobody_is_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith(("WANDB_", "COMET_", "MLFLOW_", "TRACKIO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before):
        if name.startswith(("WANDB_", "COMET_", "MLFLOW_", "DO_NOT")):
            del os.environ[name]


def needs(name: str) -> None:
    for package in MODULES[name][1]:
        pytest.importorskip(package)


def config_of(name: str, **more: object) -> TrainConfig:
    return TrainConfig(tracker=name, tracker_project="shop", **more)  # type: ignore[arg-type]


def test_without_a_tracker_nothing_is_imported_and_nothing_is_said(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from train.config import TrainConfig; from train.trackers import *;"
        "check(TrainConfig()); t = open_tracker(TrainConfig(), None, Path('x'));"
        "t.log({'a': 1.0}, 1); assert t.finish({}) == {};"
        "print([n for n in ('wandb', 'comet_ml', 'mlflow', 'trackio', 'torch') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"
    assert not list(tmp_path.glob("x*"))


def test_an_unknown_tracker_is_refused_by_its_nearest_name() -> None:
    with pytest.raises(ConfigError, match="did you mean 'wandb'"):
        TrainConfig(tracker="wandbs")
    assert set(NAMES) == {"tensorboard", "wandb", "comet", "mlflow", "trackio"}


@pytest.mark.parametrize("name", ["wandb", "comet"])
def test_a_tracker_without_credentials_is_refused_with_what_would_work(name: str) -> None:
    needs(name)
    with pytest.raises(ConfigError, match="no credentials here") as refused:
        check(config_of(name))
    offline = {"wandb": "WANDB_MODE=offline", "comet": "COMET_START_ONLINE=0"}[name]
    assert offline in str(refused.value)
    assert f"{name.upper()}_API_KEY" in str(refused.value)


def test_a_store_that_cannot_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("mlflow")
    (tmp_path / "store.db").write_bytes(b"no database" * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store.db")
    with pytest.raises(ConfigError, match="cannot use its store"):
        check(config_of("mlflow"))


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODULES, "trackio", ("train.trackers.track_io", ("no_such_package",)))
    with pytest.raises(MissingExtraError, match=r"curate-toolkit\[trackio\]"):
        check(config_of("trackio"))


def followed(name: str, folder: Path) -> Tracked:
    check(config_of(name))
    run = open_tracker(config_of(name), FACTS, folder)
    assert not run.failed
    for step in range(3):
        run.log({"train/loss": 1.0 / (step + 1), "train/nan": float("nan"), "words": "no"}, step)
    told = run.finish({"evaluation/accuracy": 0.75, "state": "done"})
    assert told["tracker"]["run"] == FACTS.id
    assert "failed" not in told["tracker"]
    return run


def test_tensorboard_holds_settings_curves_and_outcome(tmp_path: Path) -> None:
    needs("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    followed("tensorboard", tmp_path / "run")
    seen = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    seen.Reload()
    assert [point.value for point in seen.Scalars("train/loss")] == pytest.approx([1.0, 0.5, 1 / 3])
    assert seen.Scalars("outcome/evaluation/accuracy")[0].value == pytest.approx(0.75)
    told = json.loads(seen.Tensors("run/text_summary")[0].tensor_proto.string_val[0])
    assert told["data_hash"] == "abc"
    assert told["group"] == "g1"


def test_wandb_writes_an_offline_run_that_can_be_sent_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    run = followed("wandb", tmp_path / "run")
    (record,) = (tmp_path / "run" / "wandb").glob("offline-run-*/run-*.wandb")
    assert FACTS.id in record.name
    wanted = (b"shop", b"raw/0", b"learning_rate", b"data_hash", b"train/loss", b"evaluation/accuracy")
    until = time.monotonic() + 60  # the library's own process writes, and may still do so when the run is finished
    while not all(told in record.read_bytes() for told in wanted) and time.monotonic() < until:
        time.sleep(0.1)
    raw = record.read_bytes()
    for told in wanted:
        assert told in raw, told
    host = os.uname().nodename.encode()  # two letters of a short one stand in any checksum: looked for as a whole value
    assert bytes([len(host)]) + host not in raw
    assert b'"' + host + b'"' not in raw
    assert b"pytest" not in raw  # the command line
    assert str(tmp_path / "run") in run.where


def test_comet_writes_an_offline_archive_that_can_be_sent_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("comet")
    monkeypatch.setenv("COMET_START_ONLINE", "0")
    followed("comet", tmp_path / "run")
    (archive,) = (tmp_path / "run" / "comet").glob("*.zip")
    with zipfile.ZipFile(archive) as opened:
        raw = b"".join(opened.read(name) for name in opened.namelist())
    for told in ("shop", "raw/0", "learning_rate", "data_hash", "train/loss", "evaluation/accuracy", FACTS.id):
        assert told.encode() in raw, told


def test_mlflow_keeps_runs_in_a_local_sqlite_store_and_goes_on_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store.db")
    followed("mlflow", tmp_path / "run")
    followed("mlflow", tmp_path / "run")  # the same run again: gone on with, not a second one
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    (found,) = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    assert found.info.run_name == "raw/0"
    assert found.info.status == "FINISHED"
    assert found.data.params["data_hash"] == "abc"
    assert found.data.tags["curate.run_id"] == FACTS.id
    assert found.data.metrics["outcome/evaluation/accuracy"] == 0.75
    history = client.get_metric_history(found.info.run_id, "train/loss")
    assert sorted({(m.step, round(m.value, 3)) for m in history}) == [(0, 1.0), (1, 0.5), (2, 0.333)]
    assert (tmp_path / "store.db").is_file()
    assert not list(tmp_path.glob("mlruns*/**/*"))  # nothing but the store


def test_trackio_keeps_runs_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("trackio")
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from pathlib import Path; from test_trackers import followed\n"
        "followed('trackio', Path('run'))\n"
    )
    places = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    # The library reads its folder when it is imported, so in a process of its own.
    subprocess.run([sys.executable, "-c", code, *places], check=True, capture_output=True, timeout=120)
    (store,) = [p for p in (tmp_path / "trackio").glob("*.db") if "shop" in p.name]
    with sqlite3.connect(store) as opened:
        tables = [name for (name,) in opened.execute("select name from sqlite_master where type = 'table'")]
        raw = " ".join(str(row) for table in tables for row in opened.execute(f'select * from "{table}"'))
    for told in ("raw/0", "data_hash", "train/loss", "evaluation/accuracy"):
        assert told in raw, told


def test_a_training_is_followed_and_found_again_and_class_names_stay_here(
    quick: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store.db")
    rows = make_tickets(60, seed=3)
    named = tuple(SECRET if label == "card" else label for label in rows.labels)
    import dataclasses

    rows = dataclasses.replace(rows, labels=named)
    config = quick.replace(tracker="mlflow", tracker_project="shop", steps=6, evaluate_every_steps=3)
    check(config)
    run = train_adapter(
        rows.take(range(40)), config, tmp_path / "train" / "raw" / "0", evaluation=rows.take(range(40, 60)),
        validation=rows.take(range(40, 60)),
    )  # fmt: skip
    assert run.done["tracker"]["run"] == run.done["run_id"]
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    (found,) = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    assert found.info.run_name == "raw/0"
    assert found.data.tags["curate.run_id"] == run.done["run_id"]
    assert found.data.params["data_hash"] == run.done["data_hash"]
    assert found.data.metrics["outcome/evaluation/accuracy"] == run.done["evaluation"]["accuracy"]
    assert len(client.get_metric_history(found.info.run_id, "train/loss")) == 6
    assert len(client.get_metric_history(found.info.run_id, "validation/accuracy")) == 2
    raw = (tmp_path / "store.db").read_bytes()
    assert SECRET.encode() not in raw
    assert rows.texts[0].encode() not in raw
    assert str(tmp_path).encode() not in raw.replace(f"{tmp_path}/mlruns".encode(), b"").replace(
        str(tmp_path / "store.db").encode(), b""
    )


def test_a_tracker_that_breaks_while_training_does_not_break_the_training(
    quick: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("mlflow")
    store = tmp_path / "store.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    config = quick.replace(tracker="mlflow", steps=6)
    check(config)

    def spoil(event: dict[str, object]) -> None:
        if event["kind"] == "step" and event["step"] == 2:
            store.write_bytes(b"no database any more" * 500)

    run = train_adapter(make_tickets(60, seed=3), config, tmp_path / "run", progress=spoil)
    assert run.done["steps"] == 6
    assert run.done["tracker"]["failed"]


def test_an_outcome_is_a_run_of_its_own_in_the_group(tmp_path: Path) -> None:
    needs("tensorboard")
    told = track_outcome(config_of("tensorboard"), "verdict", "g1", {"verdict": "helped", "arm/raw": 0.5}, tmp_path)
    assert told["tracker"]["name"] == "tensorboard"
    assert find_spec("tensorboard")
    assert outcome_of({"steps": 3, "evaluation": {"accuracy": 0.5, "per_class": {SECRET: 1}}}) == {
        "state": "done", "steps": 3, "alerts": 0, "evaluation/accuracy": 0.5,
    }  # fmt: skip


@pytest.mark.slow
def test_an_ablation_leaves_each_arm_and_seed_and_the_verdict_in_one_group(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("mlflow")
    from curate import workflow
    from curate.recipe import Recipe

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/store.db")
    rows = make_tickets(240, seed=4)
    lines = [{"text": text, "label": label, "split": "test" if i % 3 == 0 else "train"}
             for i, (text, label) in enumerate(zip(rows.texts, rows.labels, strict=True))]  # fmt: skip
    lines += [line for line in lines if line["split"] == "train"][:30]  # copies, so that curation changes something
    path = tmp_path / "tickets.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    recipe = Recipe.parse(
        {
            "data": {"input": str(path)}, "run": {"stages": ["exact_duplicates"]},
            "train": {"tracker": "mlflow", "tracker_project": "shop", "base": str(base), "steps": 6, "lora_rank": 2,
                      "tensorboard": False},
        }
    )  # fmt: skip
    outcome = workflow.run(recipe, out=tmp_path / "run").ablation
    assert outcome is not None
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    found = client.search_runs([client.get_experiment_by_name("shop").experiment_id])
    named = {run.info.run_name for run in found}
    assert {f"{arm}/{seed}" for arm in ("raw", "curated") for seed in range(3)} | {"verdict"} <= named
    assert len({run.data.tags["curate.group"] for run in found}) == 1
    (verdict,) = [run for run in found if run.info.run_name == "verdict"]
    assert verdict.data.tags["curate.verdict"] == outcome["verdict"]
    assert f"outcome/arm/{outcome['arms'][1]['name']}" in verdict.data.metrics
    hashes = {run.info.run_name: run.data.params.get("data_hash") for run in found}
    assert hashes["raw/0"] != hashes["curated/0"]
    assert hashes["raw/0"] == hashes["raw/1"]
