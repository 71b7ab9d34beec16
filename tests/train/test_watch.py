"""Watchdogs on numbers alone: each mistake is said once, healthy training is not."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import ConfigError
from train.watch import KINDS, Alert, AlertCommand, Facts, Finished, Step, Validated, Watch
from train.watch.alert import robust_z
from train.watch.before import Before
from train.watch.fit import Fit
from train.watch.pace import Throughput
from train.watch.spikes import Gradients, LossSpike, NotFinite


def facts(**changes: object) -> Facts:
    healthy = {
        "task": "classification",
        "rows": 400,
        "steps": 200,
        "batch_rows": 16,
        "class_rows": {"a": 200, "b": 200},
        "chance_nats": math.log(2),
        "validation_rows": 40,
        "evaluation_rows": 40,
    }
    return Facts(**(healthy | changes))  # type: ignore[arg-type]


def kinds(alerts: object) -> list[str]:
    return [alert.kind for alert in alerts]  # type: ignore[attr-defined]


def falling(n: int, seed: int, noise: float, start: float = 4.0, end: float = 0.5) -> np.ndarray:
    """A healthy loss: exponential decay with right-skewed noise, as small batches have."""
    rng = np.random.default_rng(seed)
    mean = end + (start - end) * np.exp(-np.arange(n) / (n / 4))
    return np.asarray(mean * rng.gamma(1 / noise**2, noise**2, n))


def test_the_robust_z_score_is_that_of_scipy() -> None:
    from scipy.stats import median_abs_deviation

    rng = np.random.default_rng(0)
    before = rng.normal(2, 0.3, 50)
    expected = (3.0 - np.median(before)) / median_abs_deviation(before, scale="normal")
    assert robust_z(3.0, before.tolist(), 0.0) == pytest.approx(expected, rel=1e-4)
    assert robust_z(3.0, [2.0] * 20, 0.0) == 0.0
    assert robust_z(3.0, [2.0] * 20, 0.1) == pytest.approx(10.0)


def healthy(seed: int, noise: float, n: int) -> list[str]:
    """What the watchdogs say of a training in which nothing is wrong but noise."""
    rng = np.random.default_rng(seed)
    watch = Watch()
    said = watch.see(facts(steps=n, chance_nats=4.0))
    best = math.inf
    for i, loss in enumerate(falling(n, seed, noise), 1):
        norm, speed = float(np.exp(rng.normal(0, 0.4))), float(np.exp(rng.normal(8, 0.3)))
        said += watch.see(Step(i, float(loss), norm, speed, (i,)))
        if i % max(1, n // 10) == 0:
            now = float(loss) * 1.1
            said += watch.see(Validated(i, now, None if best == math.inf else now - best, 0.2 * now))
            best = min(best, now)
    return kinds(said + watch.see(Finished(n)))


def test_healthy_training_raises_an_alarm_in_fewer_than_one_run_of_fifty() -> None:
    runs = [(seed, noise, n) for seed in range(60) for noise in (0.05, 0.1, 0.15) for n in (60, 200)]
    alarmed = [(run, said) for run in runs if (said := healthy(*run))]
    assert len(alarmed) < len(runs) / 50, alarmed


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 190), st.floats(4.0, 50.0))
def test_a_jump_of_the_loss_is_found_where_it_happens_and_names_its_rows(seed: int, at: int, times: float) -> None:
    losses = falling(200, seed, 0.08, end=1.0)
    losses[at] = 4.0 * times
    dog, found = LossSpike(), []
    for i, loss in enumerate(losses):
        found += dog.see(Step(i + 1, float(loss), rows=(i, 1000 + i)))
    assert [(a.step, a.rows) for a in found] == [(at + 1, (at, 1000 + at))]
    assert found[0].numbers["robust_z"] >= 8


def test_a_run_that_stays_high_after_a_jump_is_told_again_only_while_it_is_news() -> None:
    dog = LossSpike()
    said = [a.step for i in range(1, 200) for a in dog.see(Step(i, 1.0 if i < 100 else 5.0))]
    assert said[0] == 100
    assert 1 <= len(said) <= 3  # until the window has learnt the new level


def test_values_that_are_no_numbers_are_fatal_and_said_once() -> None:
    for step in (Step(7, math.nan, 1.0, rows=(4,)), Step(7, 1.0, math.inf, rows=(4,)), Step(7, math.inf)):
        dog = NotFinite()
        assert not dog.see(Step(6, 1.0, 1.0))
        (alert,) = dog.see(step)
        assert alert.severity == "fatal"
        assert not dog.see(step)
        assert json.loads(json.dumps(alert.to_json(), allow_nan=False))["kind"] == "not_finite"


def test_an_exploding_gradient_is_found_and_a_factor_of_five_is_not() -> None:
    rng = np.random.default_rng(3)
    for times, expected in ((5.0, []), (100.0, [41])):
        dog = Gradients()
        norms = np.exp(rng.normal(0, 0.3, 60))
        norms[40] = times
        assert [a.step for i, g in enumerate(norms) for a in dog.see(Step(i + 1, 1.0, float(g)))] == expected


def test_a_vanished_gradient_is_trouble_only_while_the_loss_is_high() -> None:
    for end, expected in ((3.9, ["vanishing_gradients"]), (0.01, [])):
        dog = Gradients()
        said = [a for i in range(40) for a in dog.see(Step(i + 1, 4.0 if i < 20 else end, 1.0 if i < 20 else 1e-6))]
        assert kinds(said) == expected
    frozen = Gradients()  # nothing ever reached the adapter
    assert kinds(a for i in range(30) for a in frozen.see(Step(i + 1, 4.0, 0.0))) == ["vanishing_gradients"]


def overfit(rise: float, error: float, train_end: float) -> list[Alert]:
    dog, said = Fit(), []
    for e in range(8):
        for i in range(10):
            said += dog.see(Step(10 * e + i + 1, 2.0 - (2.0 - train_end) * e / 7))
        turned = max(0, e - 3)
        said += dog.see(Validated(10 * e + 10, 1.0 + rise * turned, rise * turned if turned else None, error))
    return list(said)


def test_overfitting_is_a_rise_beyond_its_error_while_training_goes_on_falling() -> None:
    assert kinds(overfit(0.1, 0.01, 0.2)) == ["overfitting"]
    assert overfit(0.1, 0.01, 0.2)[0].step == 60  # the second evaluation above the best
    assert "overfitting" not in kinds(overfit(0.1, 0.5, 0.2))  # too few validation rows to tell
    assert "overfitting" not in kinds(overfit(0.1, 0.01, 2.0))  # the training loss does not fall
    assert "overfitting" not in kinds(overfit(0.002, 0.0001, 0.2))  # sure, and of no matter


def test_a_wide_gap_is_a_note_until_the_validation_loss_leaves_its_best() -> None:
    for losses, severities in (
        ((1.5, 1.5, 1.5, 1.5), ["note"]),
        ((1.5, 1.5, 1.6, 1.7), ["note", "warning"]),
        ((1.5, 1.6, 1.7, 1.5), ["warning"]),
        ((1.5, 0.9, 0.9, 0.9), []),
    ):
        dog, said = Fit(), []
        dog.see(facts(chance_nats=2.0))
        for e, loss in enumerate(losses):
            dog.see(Step(e + 1, 0.1))
            said += dog.see(Validated(e + 1, loss, 0.1 if e else None, 0.2))  # too few rows to prove a rise
        assert set(kinds(said)) <= {"generalisation_gap"}
        assert [alert.severity for alert in said] == severities


def test_underfitting_is_a_loss_that_ends_where_it_began() -> None:
    for chance, losses, validation, expected in (
        (math.log(3), [1.1] * 50, 1.1, ["underfitting"]),
        (math.log(3), [1.1] * 50, None, ["underfitting"]),
        (math.log(3), list(np.linspace(1.1, 0.3, 50)), 0.4, []),
        (math.log(3), [0.4] * 50, 0.4, []),  # a head that starts fitted
        (None, [3.0] * 50, 3.0, ["underfitting"]),  # generation: no better than the base
        (None, list(np.linspace(3.0, 2.0, 50)), 2.1, []),
        (math.log(3), [1.1] * 5, 1.1, []),  # too few steps to say
    ):
        dog = Fit()
        dog.see(facts(chance_nats=chance))
        said = [a for i, loss in enumerate(losses) for a in dog.see(Step(i + 1, float(loss)))]
        said += dog.see(Validated(50, validation)) if validation is not None else []
        assert kinds([*said, *dog.see(Finished(50))]) == expected


def test_a_collapse_of_speed_is_said_once_for_each_fall() -> None:
    dog = Throughput()
    speeds = [10.0, 20.0, *[1000.0] * 60, *[100.0] * 20, *[1000.0] * 20, *[100.0] * 20]
    said = [a.step for i, v in enumerate(speeds) for a in dog.see(Step(i + 1, 1.0, tokens_per_s=v))]
    assert len(said) == 2
    assert 63 < said[0] <= 70


def test_single_slow_steps_are_no_collapse() -> None:
    dog = Throughput()
    speeds = [1000.0 if i % 3 else 50.0 for i in range(200)]
    assert not [a for i, v in enumerate(speeds) for a in dog.see(Step(i + 1, 1.0, tokens_per_s=v))]


def test_what_is_known_before_training() -> None:
    def said(**changes: object) -> list[str]:
        return sorted(kinds(Before().see(facts(**changes))))

    assert said() == []
    assert said(class_rows={"a": 100, "b": 9}) == ["few_rows_per_class"]
    assert said(class_rows={"a": 1000, "b": 12}) == ["imbalance"]
    assert said(rows=20, class_rows={}) == ["few_rows"]
    assert said(validation_rows=0) == ["no_validation"]
    assert said(validation_rows=0, evaluation_rows=0) == ["no_evaluation", "no_validation"]
    assert said(unseen_classes=("c",)) == ["classes_unseen"]
    assert said(repeated_rows=(3, 4)) == ["evaluation_seen"]
    (alert,) = Before().see(facts(class_rows={"a": 30, "rare": 2}))
    assert alert.names == ("rare",)


def test_every_kind_says_what_to_do_and_holds_no_number() -> None:
    assert {"few_rows", "imbalance", "no_validation"} <= set(KINDS)
    for kind, (words, recommendation) in KINDS.items():
        assert words.endswith("."), kind
        assert recommendation.endswith("."), kind
        assert not any(c.isdigit() for c in words), kind
        assert Alert(kind, 1).to_json()["recommendation"] == recommendation


def test_alerts_name_the_rules_that_found_something_and_rows_hardest_first() -> None:
    findings = {5: ["pii.email_address", "pii.email_address", "likely_wrong"]}
    watch = Watch([LossSpike()], findings=findings, rank=lambda alert: [7, 5])
    said = [a for i in range(1, 31) for a in watch.see(Step(i, 9.0 if i == 30 else 1.0, rows=(5, 7)))]
    assert said[0].rows == (7, 5)
    assert said[0].to_json()["findings"] == {"5": ["pii.email_address", "likely_wrong"]}


def test_a_flood_of_alerts_is_cut_and_counted_and_a_broken_watchdog_is_left_out() -> None:
    class Loud:
        def see(self, event: object) -> list[Alert]:
            return [Alert("loss_spike", 1)]

    class Broken:
        def see(self, event: object) -> list[Alert]:
            raise ZeroDivisionError

    watch = Watch([Loud(), Broken()])
    for i in range(25):
        watch.see(Step(i, 1.0))
    told = watch.to_json()
    assert len(told["alerts"]) == 10
    assert told["alerts_left_out"] == {"loss_spike": 15}
    assert told["watchdogs_broken"] == ["Broken (ZeroDivisionError)"]


def command(*words: str) -> str:
    import shlex

    return shlex.join([sys.executable, "-c", *words])


def test_a_users_command_gets_the_alert_as_json_and_no_shell(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    runner = AlertCommand(command("import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())", str(out)))
    alert = Alert("loss_spike", 3, {"loss": 9.0}, (1, 2), names=("$(touch pwned); `id`",))
    runner.tell(alert)
    assert runner.close() == [{"kind": "loss_spike", "step": 3, "exit_code": 0}]
    assert json.loads(out.read_text()) == alert.to_json()


def test_a_command_that_fails_or_hangs_or_will_not_read_harms_nothing() -> None:
    failing = AlertCommand(command("raise SystemExit(3)"))
    failing.tell(Alert("loss_spike", 1, rows=tuple(range(60_000))))  # more than a pipe holds
    assert failing.close()[0]["exit_code"] == 3
    hanging = AlertCommand(command("import time; time.sleep(60)"), timeout_seconds=0.5)
    began = time.monotonic()
    hanging.tell(Alert("loss_spike", 1))
    assert time.monotonic() - began < 0.4  # training waits for nobody
    assert "not finished" in hanging.close()[0]["failed"]


@pytest.mark.skipif(os.name == "nt", reason="process groups")
def test_the_children_of_a_command_end_with_it(tmp_path: Path) -> None:
    child = f"import time; time.sleep(1.5); open({str(tmp_path / 'late')!r}, 'w')"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    runner = AlertCommand(command(parent), timeout_seconds=1.0)
    runner.tell(Alert("loss_spike", 1))
    runner.close()
    time.sleep(1.5)
    assert not (tmp_path / "late").exists()


def test_commands_that_cannot_run_are_refused_before_training() -> None:
    with pytest.raises(ConfigError, match="not on PATH"):
        AlertCommand("no-such-program-here --now")
    with pytest.raises(ConfigError, match="close every quote"):
        AlertCommand("notify 'open")
    assert AlertCommand("").close() == []


def test_notes_run_no_command(tmp_path: Path) -> None:
    runner = AlertCommand(command("open('x')"))
    runner.tell(Alert("imbalance", 0))
    assert runner.close() == []


def test_a_machine_that_stood_still_is_not_held_against_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock jumps by a minute while the command starts, as after a pause of the machine."""
    clock, asked = subprocess._time, iter([0.0])  # type: ignore[attr-defined]
    monkeypatch.setattr(subprocess, "_time", lambda: clock() + next(asked, 60.0))
    runner = AlertCommand(command("import time; time.sleep(0.6); raise SystemExit(9)"))
    runner.tell(Alert("loss_spike", 3))
    assert runner.close() == [{"kind": "loss_spike", "step": 3, "exit_code": 9}]


def test_alerts_whose_command_was_not_run_in_time_are_named() -> None:
    runner = AlertCommand(command("import time; time.sleep(60)"), timeout_seconds=0.5)
    for step in range(6):
        runner.tell(Alert("loss_spike", step))
    found = runner.close()
    assert [outcome["step"] for outcome in found] == list(range(6))
    assert any("not run before" in outcome["failed"] for outcome in found)
    assert all("failed" in outcome for outcome in found)
