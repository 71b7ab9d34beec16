"""Studies: what is searched, that a study is the same however it was interrupted, and that test rows have no part in it."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_base import make_tickets

pytest.importorskip("optuna")

from curate import tuning
from curate.cli import main
from curate.errors import GOES_ON, ConfigError, CurateError, RunError
from curate.house import claim_process
from curate.ledger.apply import apply
from curate.pipeline import detect
from curate.recipe import Recipe
from curate.workflow import read_input
from train.config import TrainConfig
from train.evaluate import ItemScores
from train.garbage import _freeze, freeze_imports
from train.lora import open_workbench
from train.processes import Pool
from train.processes.worker import shared_settings
from train.tune import Dimension, StudyData, StudyResult, TuneConfig, default_space, read_space, run_study, with_values
from train.tune.compare import comparison_of
from train.tune.importance import importances
from train.tune.search import _fixed
from train.tune.space import grid, values_of

Captured = pytest.CaptureFixture[str]
BASE = TrainConfig(epochs=5.0)
SPACE = (
    Dimension("learning_rate", 1e-4, 3e-2, log=True),
    Dimension("lora_rank", choices=(2, 4)),
    Dimension("label_smoothing", 0.0, 0.2),
)
ASKED = TuneConfig(trials=4, startup_trials=2, pruning_after_trials=2, rungs=4)


def same(result: StudyResult) -> str:
    """A study less what a clock says."""
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in result.trials]
    return json.dumps([rows, result.best["values"] if result.best else None], sort_keys=True)


@pytest.fixture(scope="module")
def data(quick: TrainConfig) -> StudyData:
    rows = make_tickets(140, seed=5)
    bench = open_workbench(quick)
    return StudyData(rows.take(range(100)), rows.take(range(100, 140)), tuple(sorted(set(rows.labels))), bench.fingerprint)


@pytest.fixture(scope="module")
def tuned(quick: TrainConfig) -> TrainConfig:
    return quick.replace(epochs=2.0, threads=1, seed=3)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as one:
        yield one


@pytest.fixture(scope="module")
def whole(data: StudyData, tuned: TrainConfig, pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> StudyResult:
    return run_study(data, tuned, SPACE, ASKED, tmp_path_factory.mktemp("whole"), pool=pool)


def test_a_study_tries_the_defaults_first_and_names_the_best(whole: StudyResult, tuned: TrainConfig) -> None:
    assert len(whole.trials) == ASKED.trials
    assert whole.default is not None
    assert whole.default["number"] == 0
    assert whole.default["values"] == {"learning_rate": 3e-3, "lora_rank": 4, "label_smoothing": 0.0}
    done = [row for row in whole.trials if row["state"] == "complete"]
    assert whole.best is not None
    assert whole.best["value"] == max(row["value"] for row in done)
    assert whole.tuned.learning_rate == whole.best["values"]["learning_rate"]
    assert all(row["rungs"] for row in whole.trials)
    for row in whole.trials:
        if row["state"] == "pruned":
            assert len(row["rungs"]) < ASKED.rungs


def test_a_study_that_is_stopped_and_taken_up_is_the_study_that_ran_through(
    data: StudyData, tuned: TrainConfig, whole: StudyResult, pool: Pool, tmp_path: Path
) -> None:
    asked_times: list[int] = []

    def after_two() -> bool:
        asked_times.append(1)
        return len(asked_times) > 2

    first = run_study(data, tuned, SPACE, ASKED, tmp_path, stop=after_two, pool=pool)
    assert first.stopped == "asked"
    assert len(first.trials) == 2
    assert same(run_study(data, tuned, SPACE, ASKED, tmp_path, pool=pool)) == same(whole)
    with pytest.raises(RunError, match="other training rows"):
        run_study(dataclasses.replace(data, training=data.training.take(range(90))), tuned, SPACE, ASKED, tmp_path)
    with pytest.raises(RunError, match="another search space"):
        run_study(data, tuned, SPACE[:2], ASKED, tmp_path)
    with pytest.raises(RunError, match=r"other settings in \[train\]"):
        run_study(data, tuned.replace(warmup_fraction=0.3), SPACE, ASKED, tmp_path)
    (tmp_path / "study.db").write_bytes(b"no database" * 99)
    with pytest.raises(RunError, match="cannot be read as a study"):
        run_study(data, tuned, SPACE, ASKED, tmp_path)


@pytest.mark.slow
def test_defaults_that_cannot_be_trained_end_a_study_at_once(data: StudyData, tuned: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(CurateError, match="cannot be trained themselves: target_modules names nowhere"):
        run_study(data, tuned.replace(target_modules=("nowhere",)), SPACE, ASKED, tmp_path)


@pytest.mark.slow
def test_a_study_that_is_killed_goes_on_and_is_the_same(
    data: StudyData, tuned: TrainConfig, whole: StudyResult, tmp_path: Path
) -> None:
    script = tmp_path / "study.py"
    script.write_text(
        "import pickle, sys; from pathlib import Path\n"
        "from train.tune import run_study\n"
        "data, config, space, asked, folder = pickle.loads(Path(sys.argv[1]).read_bytes())\n"
        "run_study(data, config, space, asked, folder)\n"
    )
    import pickle

    (tmp_path / "job").write_bytes(pickle.dumps((data, tuned, SPACE, ASKED, tmp_path / "study")))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for seen in ("0000", "0002"):
        child = subprocess.Popen([sys.executable, str(script), str(tmp_path / "job")], env=environment)
        metrics = tmp_path / "study" / "trials" / seen / "metrics.jsonl"
        until = time.monotonic() + 300
        while not metrics.is_file() and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert same(run_study(data, tuned, SPACE, ASKED, tmp_path / "study")) == same(whole)


@pytest.mark.slow
def test_trials_side_by_side_make_the_same_study_every_time(data: StudyData, tuned: TrainConfig, tmp_path: Path) -> None:
    asked = dataclasses.replace(ASKED, trials=6)
    one, two = (run_study(data, tuned, SPACE, asked, tmp_path / name, at_once=2) for name in "ab")
    assert same(one) == same(two)


def rows_with_test(n: int, poison: str) -> list[dict[str, Any]]:
    """Tickets of which every fourth is a test row; `poison` spoils the test rows."""
    rows = make_tickets(n, seed=9)
    out: list[dict[str, Any]] = []
    for i, (text, label) in enumerate(zip(rows.texts, rows.labels, strict=True)):
        row = {"text": text, "label": label, "split": "test" if i % 4 == 3 else "train"}
        if row["split"] == "test" and poison == "labels":
            row |= {"label": sorted(set(rows.labels))[i % 2], "text": f"poison {i} {text[::-1]}"}
        elif row["split"] == "test" and poison == "classes":
            row |= {"label": f"unheard of {i % 5}", "text": f"quite other words {i * 7919}"}
        elif row["split"] == "test" and poison == "copies":  # the test row repeats the training row before it
            row["text"] = out[-1]["text"] + " please"
        out.append(row)
    return out


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def study_of(path: Path) -> StudyData:
    recipe = Recipe().with_(input=str(path), stages=[])
    dataset = read_input(recipe)
    detected = detect(dataset, recipe)
    parts = tuning.sides(detected, apply(dataset, detected.resolve()), TuneConfig(), seed=0)
    labels = tuple(sorted({*parts.training.labels, *parts.validation.labels}))
    assert not set(parts.training.ids) & set(parts.validation.ids)
    return StudyData(parts.training, parts.validation, labels, "base")


@pytest.mark.parametrize("poison", ["labels", "classes", "copies"])
def test_what_a_study_sees_does_not_depend_on_the_test_rows(poison: str, tmp_path: Path) -> None:
    sound = study_of(write(tmp_path / "sound.jsonl", rows_with_test(160, "")))
    spoilt = study_of(write(tmp_path / "spoilt.jsonl", rows_with_test(160, poison)))
    assert spoilt.identity() == sound.identity()
    assert len(sound.training) + len(sound.validation) == 120


def curate(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.mark.slow
def test_poisoned_test_rows_change_the_comparison_and_not_one_byte_of_the_study(
    base: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = []
    for poison in ("", "labels"):
        path = write(tmp_path / f"tickets{poison}.jsonl", rows_with_test(160, poison))
        given = ["--trials", 4, "--at-once", 1, "--json", "--set", f"base={json.dumps(str(base))}", "--set", "lora_rank=4"]
        assert curate("tune", path, *given, "--set", "steps=20", "--set", "threads=1", "--role", "label=label") in (0, 3)
        found.append(json.loads(capsys.readouterr().out))
    for one in found:
        for row in one["trials"]:
            del row["seconds"]
    assert json.dumps(found[0]["trials"]) == json.dumps(found[1]["trials"])
    assert found[0]["best"] == found[1]["best"]
    assert found[0]["comparison"] != found[1]["comparison"]
    assert found[0]["data"]["evaluation_rows"] == 40
    folder = tmp_path / "runs" / "tickets-tune"
    page = (folder / "report.html").read_text()
    assert found[0]["comparison"]["words"].split(":")[0] in page
    written = tomllib.loads((folder / "recipe.toml").read_text())
    assert {name: written["train"][name] for name in found[0]["best"]} == found[0]["best"]
    # The recipe trains as it is, and the study is found finished.
    assert curate("train", folder / "recipe.toml", "-q") == 0
    done = json.loads((tmp_path / "runs" / "tickets-train" / "train" / "final" / "0" / "done.json").read_text())
    assert done["config"]["learning_rate"] == found[0]["best"]["learning_rate"]
    given = ["--trials", 4, "--at-once", 1, "--set", f"base={json.dumps(str(base))}", "--set", "lora_rank=4"]
    again = [*given, "--set", "steps=20", "--set", "threads=1", "--role", "label=label"]
    assert curate("tune", tmp_path / "tickets.jsonl", *again) in (0, 3)
    said = capsys.readouterr()
    assert "The study goes on: 4 of 4 trials are there." in said.err
    assert "trials" in said.out
    assert curate("train", tmp_path / "tickets.jsonl", "--recipe", folder / "recipe.toml", "--inspect", 1, "--json") == 0
    other = write(tmp_path / "other.jsonl", rows_with_test(120, ""))
    assert curate("tune", other, *again, "--out", folder) == 2
    assert "holds a study of other training rows" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_ends_the_study_after_the_running_trial_and_the_same_command_goes_on(base: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "tickets.jsonl", rows_with_test(160, ""))
    command = [sys.executable, "-m", "curate", "tune", str(path), "--trials", "3", "--at-once", "1", "--seeds", "0"]
    for setting in (f"base={json.dumps(str(base))}", "lora_rank=4", "steps=20", "threads=1"):
        command += ["--set", setting]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    first = tmp_path / "runs" / "tickets-tune" / "trials" / "0000" / "metrics.jsonl"
    while not first.is_file() and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=600)[1]
    assert child.returncode == 130
    assert "Trial 1 of 3" in said
    assert "Trial 2 of 3" not in said
    assert f"interrupted: stopped with 1 of 3 trials; {GOES_ON}" in said
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0
    assert "The study goes on: 1 of 3 trials are there." in done.stderr
    assert "Trial 3 of 3" in done.stderr
    assert "were not compared on test rows" in done.stdout


def test_jobs_that_encode_alike_share_a_workbench() -> None:
    own = BASE.replace(seed=7, steps=9, batch_rows=BASE.batch_rows * 2)
    assert shared_settings(own) == shared_settings(BASE)
    assert shared_settings(BASE.replace(max_length_tokens=8)) != shared_settings(BASE)


def test_the_garbage_collector_is_left_alone_in_a_process_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curate.house._process", {"ours": False})
    _freeze.cache_clear()
    gc.unfreeze()
    freeze_imports()
    assert gc.get_freeze_count() == 0
    claim_process()
    freeze_imports()
    assert gc.get_freeze_count() > 1000


def test_the_default_space_stands_around_the_settings_that_are_tuned() -> None:
    slow = BASE.replace(learning_rate=1e-5, lora_rank=6)
    space = {d.name: d for d in default_space(slow, "sft")}
    assert space["learning_rate"].holds(1e-5)
    assert not space["learning_rate"].holds(3e-3)
    assert 6 in space["lora_rank"].choices
    assert "head_learning_rate" not in space
    assert values_of(slow, tuple(space.values())) == {name: getattr(slow, name) for name in space}


def test_rank_keeps_its_scale_unless_that_is_searched_too() -> None:
    assert with_values(BASE, {"lora_rank": 64}, SPACE).lora_alpha == 128
    assert with_values(BASE, {"lora_rank": 64, "lora_alpha": 16}, SPACE).lora_alpha == 16


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"learning_rates": [1, 2]}, "did you mean 'learning_rate'"),
        ({"steps": [100, 200]}, "search `epochs` instead"),
        ({"seed": [1, 2]}, "is no setting that can be searched"),
        ({"lora_dropout": {"low": 0.5, "high": 1.5}}, "lora_dropout must be at least 0 and below 1"),
        ({"learning_rate": {"low": 0.0, "high": 1.0, "log": True}}, "must begin above 0"),
        ({"learning_rate": {"low": 2.0, "high": 1.0}}, "low must be below high"),
        ({"learning_rate": {"low": 2.0}}, "needs numbers low and high"),
        ({"learning_rate": {"from": 2.0}}, "'from' is not understood"),
        ({"learning_rate": 3}, "give a list of values"),
        ({"scheduler": ["cosine", "cosinus"]}, "scheduler is 'cosinus'"),
        ({d.name: False for d in default_space(BASE, "sft")}, "leaves nothing to search"),
    ],
)
def test_a_space_that_cannot_be_meant_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_space(given, default_space(BASE, "sft"))


def test_a_recipe_adds_to_the_space_and_leaves_out() -> None:
    given = {"scheduler": ["cosine", "linear"], "weight_decay": False, "warmup_fraction": {"low": 0.0, "high": 0.2}}
    space = {d.name: d for d in read_space(given, default_space(BASE, "sft"))}
    assert space["scheduler"].choices == ("cosine", "linear")
    assert "weight_decay" not in space
    assert "lora_rank" in space
    with pytest.raises(ConfigError, match=r"\[tune\].*did you mean 'sampler'"):
        Recipe.parse({"tune": {"samplr": "tpe"}})
    with pytest.raises(ConfigError, match="did you mean 'grid'"):
        Recipe.parse({"tune": {"sampler": "gird"}})


def test_a_grid_has_every_combination_once_and_knows_its_size() -> None:
    points = grid(SPACE, 3, seed=1)
    assert len(points) == 18
    assert len({json.dumps(point) for point in points}) == 18
    assert sorted({point["learning_rate"] for point in points})[1] == pytest.approx((1e-4 * 3e-2) ** 0.5, rel=1e-5)
    with pytest.raises(ConfigError, match="name fewer values"):
        grid(default_space(BASE, "classification"), 5, seed=1)


@given(low=st.floats(1e-6, 1.0), times=st.floats(1.1, 1e3), log=st.booleans(), count=st.integers(2, 7))
def test_points_of_a_range_lie_in_it_and_keep_its_ends(low: float, times: float, log: bool, count: int) -> None:
    d = Dimension("learning_rate", low, low * times, log=log)
    points = [float(p) for p in d.points(count)]
    assert points == sorted(points)
    assert points[0] == pytest.approx(d.low, rel=1e-4)
    assert points[-1] == pytest.approx(d.high, rel=1e-4)


def test_what_is_searched_is_no_part_of_what_is_fixed() -> None:
    assert _fixed(BASE, SPACE) == _fixed(BASE.replace(learning_rate=0.1, lora_rank=2, label_smoothing=0.1), SPACE)
    assert _fixed(BASE, SPACE) != _fixed(BASE.replace(scheduler="cosine"), SPACE)


def test_importance_finds_the_setting_that_decides_and_says_when_it_cannot() -> None:
    rng = np.random.default_rng(0)
    rows = []
    for i in range(40):
        values = {"learning_rate": float(10 ** rng.uniform(-4, -1.6)), "lora_rank": int(rng.choice([2, 4])),
                  "label_smoothing": float(rng.uniform(0, 0.2))}  # fmt: skip
        value = -((np.log10(values["learning_rate"]) + 2.5) ** 2) + 0.01 * rng.standard_normal()
        rows.append({"number": i, "state": "complete", "values": values, "value": float(value)})
    found = importances(rows, SPACE)
    assert found is not None
    assert found[0]["name"] == "learning_rate"
    assert found[0]["low"] > 0.5
    assert all(item["low"] <= item["share"] <= item["high"] for item in found)
    assert importances(rows[:9], SPACE) is None


def scores(right: np.ndarray) -> ItemScores:
    n = len(right)
    return ItemScores(np.arange(n), right.astype(float), np.ones(n), np.zeros(n), ("x",) * n)


def test_the_comparison_says_plainly_whether_tuning_helped() -> None:
    rows = make_tickets(400, seed=2)
    rng = np.random.default_rng(1)
    base = rng.random((3, 400)) < 0.6
    better = base | (rng.random((3, 400)) < 0.3)
    for first, second, verdict, words in (
        (better, base, "helped", "Tuning helped"),
        (base, better, "harmed", "Keep the defaults"),
        (base, base, "identical", "Tuning did not help"),
    ):
        made = {"tuned": [scores(r) for r in first], "default": [scores(r) for r in second]}
        found = comparison_of(made, rows, (0, 1, 2))
        assert found["verdict"] == verdict
        assert words in found["words"]
        assert found["low"] <= found["delta"] <= found["high"]
    noise = {"tuned": [scores(r) for r in base], "default": [scores(rng.permutation(r)) for r in base]}
    assert "is not shown" in comparison_of(noise, rows, (0, 1, 2))["words"]
    one = {"tuned": [scores(better[0])], "default": [scores(base[0])]}
    assert comparison_of(one, rows, (0,))["verdict"] == "insufficient evidence"
