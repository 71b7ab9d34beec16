"""Each fine-tuning mistake, made in a real training run, is caught by the trainer and written where people look."""

from __future__ import annotations

import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_base import WORDS, make_tickets

from train.config import TrainConfig
from train.examples import Examples
from train.lora import TrainedRun, train_adapter
from train.trainer import DivergedError


def relabelled(rows: Examples, labels: tuple[str, ...]) -> Examples:
    return Examples("classification", rows.ids, rows.texts, labels)


def shuffled(rows: Examples, seed: int) -> Examples:
    """Labels that have nothing to do with the texts."""
    drawn = np.random.default_rng(seed).permutation(len(rows))
    return relabelled(rows, tuple(rows.labels[int(i)] for i in drawn))


def alerts(run: TrainedRun) -> list[str]:
    return [alert["kind"] for alert in run.done["alerts"]]


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture
def config(quick: TrainConfig) -> TrainConfig:
    return quick.replace(steps=60, tensorboard=False, early_stopping_patience_evaluations=0)


def test_sound_training_with_validation_and_evaluation_raises_no_alarm(
    tmp_path: Path, config: TrainConfig, tickets: Examples
) -> None:
    validation, held = make_tickets(60, seed=11, first_id=500), make_tickets(60, seed=12, first_id=600)
    run = train_adapter(
        tickets, config.replace(evaluate_every_steps=10, steps=40), tmp_path, validation=validation, evaluation=held
    )
    assert [a for a in run.done["alerts"] if a["severity"] != "note"] == []


def test_too_few_rows_of_a_class_and_imbalance_are_caught_before_training(
    tmp_path: Path, config: TrainConfig, tickets: Examples
) -> None:
    keep = [i for i, label in enumerate(tickets.labels) if label != "login"]
    keep += [i for i, label in enumerate(tickets.labels) if label == "login"][:1]
    run = train_adapter(tickets.take(sorted(keep)), config.replace(steps=3), tmp_path, evaluation=tickets)
    (found,) = [a for a in run.done["alerts"] if a["kind"] == "few_rows_per_class"]
    assert found["names"] == ["login"]
    assert found["numbers"]["fewest"] == 1
    assert "imbalance" in alerts(run)
    assert "Collect more rows" in found["recommendation"]


def test_overfitting_is_caught_while_it_happens(tmp_path: Path, config: TrainConfig) -> None:
    few = shuffled(make_tickets(48, seed=21), 1)  # labels that can only be learnt by heart
    validation = shuffled(make_tickets(200, seed=22, first_id=500), 2)
    settings = config.replace(steps=120, learning_rate=2e-2, evaluate_every_steps=10, lora_rank=16)
    events: list[dict[str, Any]] = []
    run = train_adapter(few, settings, tmp_path, validation=validation, evaluation=validation, progress=events.append)
    assert "overfitting" in alerts(run)
    step = next(e["alert"]["step"] for e in events if e["kind"] == "alert" and e["alert"]["kind"] == "overfitting")
    assert step < 120
    assert {"step": step, "alert": next(a for a in run.done["alerts"] if a["kind"] == "overfitting")} in lines(tmp_path)


def test_rows_learned_by_heart_are_told_of_where_too_few_are_watched(tmp_path: Path, config: TrainConfig) -> None:
    few, watched = (shuffled(make_tickets(n, seed=s, first_id=s), s) for n, s in ((48, 21), (8, 322)))
    settings = config.replace(steps=120, learning_rate=2e-2, evaluate_every_steps=10, lora_rank=16)
    run = train_adapter(few, settings, tmp_path, validation=watched, evaluation=watched)
    told = [a for a in run.done["alerts"] if a["kind"] in ("overfitting", "generalisation_gap")]
    assert "warning" in {alert["severity"] for alert in told}


def test_underfitting_is_caught_at_the_end(tmp_path: Path, config: TrainConfig, tickets: Examples) -> None:
    validation = make_tickets(60, seed=31, first_id=500)
    timid = config.replace(learning_rate=1e-7, head_learning_rate=1e-7, evaluate_every_steps=20, head_start="random")
    run = train_adapter(tickets, timid, tmp_path, validation=validation, evaluation=validation)
    assert "underfitting" in alerts(run)
    assert "Raise learning_rate" in next(a for a in run.done["alerts"] if a["kind"] == "underfitting")["recommendation"]


def test_a_base_that_learns_nothing_from_answers_is_underfitting_too(tmp_path: Path, config: TrainConfig) -> None:
    words = list(WORDS)
    made = tuple(
        ({"role": "user", "content": f"say {i % 3}"}, {"role": "assistant", "content": words[i % 3]}) for i in range(60)
    )
    rows = Examples("sft", np.arange(60), messages=made)
    run = train_adapter(rows, config.replace(learning_rate=1e-8, steps=30), tmp_path, evaluation=rows.take(range(5)))
    assert {"underfitting", "evaluation_seen"} <= set(alerts(run))
    learned = train_adapter(rows, config.replace(learning_rate=1e-2, steps=30), tmp_path, evaluation=rows.take(range(5)))
    assert "underfitting" not in alerts(learned)


def test_training_without_any_evaluation_is_caught(tmp_path: Path, config: TrainConfig, tickets: Examples) -> None:
    run = train_adapter(tickets, config.replace(steps=2), tmp_path)
    assert {"no_evaluation", "no_validation"} <= set(alerts(run))
    assert all(a["severity"] == "warning" for a in run.done["alerts"])


def test_an_evaluation_that_repeats_training_rows_is_no_evaluation(
    tmp_path: Path, config: TrainConfig, tickets: Examples
) -> None:
    held = make_tickets(40, seed=41, first_id=900)
    texts, labels = (*held.texts, *tickets.texts[:2]), (*held.labels, *tickets.labels[:2])
    mixed = Examples("classification", np.arange(900, 942), texts, labels)
    run = train_adapter(tickets, config.replace(steps=2), tmp_path, evaluation=mixed)
    found = next(a for a in run.done["alerts"] if a["kind"] == "evaluation_seen")
    assert {940, 941} <= set(found["row_ids"])


def test_classes_that_only_the_evaluation_knows_are_named(tmp_path: Path, config: TrainConfig, tickets: Examples) -> None:
    known = tickets.take([i for i, label in enumerate(tickets.labels) if label != "card"])
    run = train_adapter(known, config.replace(steps=2), tmp_path, labels=sorted(WORDS), evaluation=tickets)
    assert next(a for a in run.done["alerts"] if a["kind"] == "classes_unseen")["names"] == ["card"]


def test_classes_that_only_real_cases_know_are_named_masked(tmp_path: Path, config: TrainConfig, tickets: Examples) -> None:
    real = Examples("classification", np.arange(2), ("x", "y"), ("parking", "ann.lee@example.com"))
    run = train_adapter(tickets, config.replace(steps=2), tmp_path, evaluation=tickets, real_world=real, thorough=True)
    names = next(a for a in run.done["alerts"] if a["kind"] == "classes_unseen")["names"]
    assert "parking" in names
    assert len(names) == 2
    assert "ann.lee@example.com" not in json.dumps(run.done["alerts"])


def test_a_spike_names_the_rows_that_caused_it_and_what_the_stages_found_in_them(
    tmp_path: Path, config: TrainConfig
) -> None:
    """One step's rows all carry a wrong label, once the model has learned the right ones."""
    good = make_tickets(800, seed=51)
    settings = config.replace(steps=50, learning_rate=5e-3, lora_rank=8, scheduler="constant")
    from train.encoding import Encoder  # the order of rows is planned, so the rows of a late step are known
    from train.lora import open_workbench
    from train.order import plan_steps

    bench = open_workbench(settings)
    assert isinstance(bench.encoder, Encoder)
    encoded = bench.encoder.encode(good)
    plan = plan_steps(encoded.ids, encoded.lengths, steps=50, batch_rows=16, seed=0)
    bad = set(encoded.ids[plan[45]].tolist())
    wrong = {"card": "refund", "refund": "login", "login": "card"}
    rows = relabelled(good, tuple(wrong[x] if i in bad else x for i, x in enumerate(good.labels)))
    findings = {row: ["likely_wrong"] for row in sorted(bad)[:4]}
    run = train_adapter(rows, settings, tmp_path, evaluation=make_tickets(40, 52, 900), findings=findings, workbench=bench)
    (spike,) = [a for a in run.done["alerts"] if a["kind"] == "loss_spike"]
    assert spike["step"] == 46
    assert "underfitting" not in alerts(run)  # one bad step at the end is not a run that learned nothing
    assert set(spike["row_ids"]) == bad
    assert spike["findings"] == {str(row): ["likely_wrong"] for row in findings}
    assert not any(text in (tmp_path / "metrics.jsonl").read_text() for text in good.texts)


def test_a_loss_that_is_no_number_is_written_told_and_handed_to_the_users_command(
    tmp_path: Path, config: TrainConfig, tickets: Examples
) -> None:
    out = tmp_path / "alert.json"
    hook = shlex.join(
        [sys.executable, "-c", "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read() + b'\\n')", str(out)]
    )
    wild = config.replace(learning_rate=1e30, head_learning_rate=1e30, scheduler="constant", on_alert=hook)
    events: list[dict[str, Any]] = []
    with pytest.raises(DivergedError) as raised:
        train_adapter(tickets, wild, tmp_path / "run", evaluation=tickets, progress=events.append)
    written = [line["alert"]["kind"] for line in lines(tmp_path / "run") if "alert" in line]
    told = [e["alert"]["kind"] for e in events if e["kind"] == "alert"]
    handed = [json.loads(line)["kind"] for line in out.read_text().splitlines()]
    assert raised.value.exit_code == 2  # settings or rows, no error of ours
    assert "not_finite" in written
    assert "not_finite" in told
    assert "not_finite" in handed


def test_a_command_that_fails_does_not_end_training(tmp_path: Path, config: TrainConfig, tickets: Examples) -> None:
    hook = shlex.join([sys.executable, "-c", "raise SystemExit(9)"])
    run = train_adapter(tickets, config.replace(steps=2, on_alert=hook), tmp_path)
    assert {outcome["exit_code"] for outcome in run.done["alert_commands"]} == {9}
    assert run.done["steps"] == 2


def test_a_base_that_lets_no_gradient_through_is_caught(tmp_path: Path, config: TrainConfig) -> None:
    """The scale of the last normalisation was lost: every state, and so every gradient of an adapter, is zero."""
    from safetensors.torch import load_file, save_file
    from tiny_base import make_base

    base = make_base(tmp_path / "base")
    weights = load_file(base / "model.safetensors")
    weights["model.norm.weight"].zero_()
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    turns = ({"role": "user", "content": "say"}, {"role": "assistant", "content": "card"})
    rows = Examples("sft", np.arange(60), messages=(turns,) * 60)
    run = train_adapter(rows, config.replace(base=str(base), steps=30), tmp_path / "run")
    assert {"vanishing_gradients", "underfitting"} <= set(alerts(run))


def test_a_training_that_is_held_up_is_caught(tmp_path: Path, config: TrainConfig, tickets: Examples) -> None:
    """From step 27 on every step waits four times as long as steps took before, as behind a disk or a hungry neighbour."""
    ends: list[float] = []

    def hold_up(event: dict[str, Any]) -> None:
        ends.append(time.perf_counter())
        if event["kind"] == "step" and event["step"] >= 27:
            time.sleep(4 * float(np.median(np.diff(ends[:26]))))

    free = train_adapter(tickets, config.replace(steps=34), tmp_path / "free", evaluation=tickets.take(range(3)))
    run = train_adapter(
        tickets, config.replace(steps=36), tmp_path / "held", evaluation=tickets.take(range(3)), progress=hold_up
    )
    assert "throughput_collapse" not in alerts(free)
    found = next(a for a in run.done["alerts"] if a["kind"] == "throughput_collapse")
    assert 30 <= found["step"] <= 36
    assert found["numbers"]["tokens_per_s"] < 0.4 * found["numbers"]["usual_tokens_per_s"]


def test_rows_that_explode_the_gradients_of_a_settled_model_are_caught_and_named(
    tmp_path: Path, config: TrainConfig
) -> None:
    """All rows have one answer, learned to next to nothing; the rows of one late step have another of the same length."""
    from train.lora import open_workbench
    from train.order import plan_steps

    def saying(word: str) -> tuple[dict[str, str], dict[str, str]]:
        return {"role": "user", "content": "say"}, {"role": "assistant", "content": word}

    settings = config.replace(method="full", learning_rate=5e-3, scheduler="constant", steps=115)
    bench = open_workbench(settings)
    both = bench.encoder.encode(Examples("sft", np.arange(2), messages=(saying("card"), saying("back"))))
    assert both.lengths[0] == both.lengths[1]  # so the order of rows is the same with either
    rows = Examples("sft", np.arange(1840), messages=(saying("card"),) * 1840)
    encoded = bench.encoder.encode(rows)
    plan = plan_steps(encoded.ids, encoded.lengths, steps=115, batch_rows=16, seed=0)
    bad = set(encoded.ids[plan[109]].tolist())
    rows = Examples("sft", rows.ids, messages=tuple(saying("back" if i in bad else "card") for i in range(1840)))
    run = train_adapter(rows, settings, tmp_path, evaluation=rows.take(range(3)), workbench=bench)
    found = next(a for a in run.done["alerts"] if a["kind"] == "exploding_gradients")
    assert found["step"] == 110
    assert set(found["row_ids"]) == bad
    assert found["numbers"]["times_its_median"] > 20
    assert "learning_rate" in found["recommendation"]


def test_every_step_streams_its_numbers_and_its_rows(tmp_path: Path, config: TrainConfig, tickets: Examples) -> None:
    train_adapter(tickets, config.replace(steps=4, gradient_accumulation_batches=2), tmp_path, evaluation=tickets)
    steps = [line for line in lines(tmp_path) if "loss" in line]
    assert [line["step"] for line in steps] == [1, 2, 3, 4]
    for line in steps:
        assert line["rows"] == len(line["row_ids"]) == 16
        assert set(line["row_ids"]) <= set(tickets.ids.tolist())
        assert line["memory_bytes"] > 50_000_000
        assert line["tokens_per_s"] > 0


def test_tensorboard_files_hold_the_curves(tmp_path: Path, config: TrainConfig, tickets: Examples) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    settings = config.replace(steps=6, evaluate_every_steps=3, tensorboard=True)
    train_adapter(tickets, settings, tmp_path, validation=make_tickets(20, 61, 900), evaluation=tickets)
    board = EventAccumulator(str(tmp_path / "tensorboard"))
    board.Reload()
    steps = [line for line in lines(tmp_path) if "loss" in line]
    for name in ("loss", "learning_rate", "grad_norm", "tokens_per_s"):
        curve = board.Scalars(f"train/{name}")
        assert [point.step for point in curve] == [1, 2, 3, 4, 5, 6]
        assert [point.value for point in curve] == pytest.approx([line[name] for line in steps], rel=1e-5)
    assert [point.step for point in board.Scalars("validation/loss")] == [3, 6]
    assert any("alerts" in tag for tag in board.Tags()["tensors"])
