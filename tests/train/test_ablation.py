"""Arms, the held-out split, and whole ablations on a tiny base."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_base import make_tickets

from curate.errors import ConfigError, DataError
from train.ablation import Arm, heldout_split, random_control_rows, run_ablation
from train.config import TrainConfig
from train.examples import Examples

load: Callable[..., Any] = pytest.importorskip("curate.dataset").load


def dataset(tmp_path: Path, rows: list[dict[str, Any]]) -> Any:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load(path)


def rows_of(tickets: Examples, split: Callable[[int], str] | None = None) -> list[dict[str, Any]]:
    made = [{"text": text, "label": label} for text, label in zip(tickets.texts, tickets.labels, strict=True)]
    return made if split is None else [{**row, "split": split(i)} for i, row in enumerate(made)]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60), st.data())
def test_the_control_has_the_size_and_class_mix_of_the_curated_rows(labels: list[str], data: st.DataObject) -> None:
    kept = sorted(data.draw(st.sets(st.integers(0, len(labels) - 1))))
    control = random_control_rows(labels, kept, len(labels), seed=3)
    assert Counter(labels[i] for i in control) == Counter(labels[i] for i in kept)
    assert np.array_equal(control, random_control_rows(labels, kept, len(labels), seed=3))


def test_the_control_is_drawn_anew_for_each_seed_and_from_all_rows() -> None:
    kept = np.arange(50, 1000)
    draws = [np.setdiff1d(np.arange(1000), random_control_rows(None, kept, 1000, seed)) for seed in range(40)]
    gone = np.concatenate(draws)
    assert {len(draw) for draw in draws} == {50}
    assert 0.02 < np.mean(gone < 50) < 0.09  # one in twenty, as chance has it


def test_without_a_split_whole_clusters_are_held_out_stratified_by_label(tmp_path: Path) -> None:
    tickets = make_tickets(400, seed=5)
    clusters = np.arange(400) // 2
    held = heldout_split(dataset(tmp_path, rows_of(tickets)), clusters, seed=1, fraction=0.25)
    assert not set(clusters[held.eval_rows]) & set(clusters[held.train_rows])
    assert len(held.eval_rows) + len(held.train_rows) == 400
    assert 80 <= len(held.eval_rows) <= 110
    shares = Counter(tickets.labels[i] for i in held.eval_rows)
    assert set(shares) == set(tickets.labels)
    again = heldout_split(dataset(tmp_path, rows_of(tickets)), clusters + 7, seed=1, fraction=0.25)
    assert np.array_equal(held.eval_rows, again.eval_rows)
    _train, evaluated, note = held
    assert str(len(evaluated)) in str(note)


def test_with_a_split_leaked_rows_are_set_aside_and_reported(tmp_path: Path) -> None:
    tickets = make_tickets(100, seed=6)
    data = dataset(tmp_path, rows_of(tickets, lambda i: "test" if i >= 80 else "train"))
    clusters = np.arange(100)
    clusters[90] = clusters[3]
    held = heldout_split(data, clusters)
    assert list(held.leaked_rows) == [90]
    assert 90 not in held.eval_rows
    assert len(held.eval_rows) == 19
    assert "1 more" in held.note


def test_a_split_that_leaks_altogether_is_refused(tmp_path: Path) -> None:
    tickets = make_tickets(20, seed=6)
    data = dataset(tmp_path, rows_of(tickets, lambda i: "test" if i % 2 else "train"))
    with pytest.raises(DataError, match="near-duplicate"):
        heldout_split(data, np.arange(20) // 2)


def arms_of(raw: Examples, wrong: set[int]) -> list[Arm]:
    kept = np.array([i for i in range(len(raw)) if i not in wrong])
    return [
        Arm("base", "Base model", raw, method="base"),
        Arm("raw", "Raw data", raw),
        Arm("curated", "Curated data", raw.take(kept)),
        Arm(
            "random_control",
            "Random removal",
            lambda seed: raw.take(random_control_rows(raw.labels, kept, len(raw), seed)),
        ),
        Arm("twin", "Raw data again", raw),
    ]


def noisy(n: int, every: int) -> tuple[Examples, set[int]]:
    """Tickets of which every so-manieth has the next class's label."""
    clean = make_tickets(n, seed=7)
    names = sorted(set(clean.labels))
    wrong = set(range(0, n, every))
    labels = tuple(
        names[(names.index(label) + 1) % len(names)] if i in wrong else label for i, label in enumerate(clean.labels)
    )
    return Examples("classification", clean.ids, clean.texts, labels, groups=clean.groups), wrong


def test_an_ablation_tells_wrong_rows_from_random_ones_and_resumes(
    tmp_path: Path, quick: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.ablation.together.WORTH_SIDE_BY_SIDE", 0)  # in processes of their own, however short
    raw, wrong = noisy(120, every=2)
    evaluation = make_tickets(90, seed=8, first_id=1000)
    events: list[dict[str, Any]] = []
    config = quick.replace(steps=20)
    result = run_ablation(arms_of(raw, wrong), evaluation, config, (0, 1, 2), tmp_path, events.append)
    assert result.verdict == "helped"
    against = result.comparison("curated", "random_control")
    assert against is not None
    assert against.delta > 0.1
    assert "Accuracy with curated data is" in result.words
    assert "higher than with a random removal of the same size (95% interval +" in result.words
    assert "random_control" not in result.words
    assert result.words.count("3 seeds") == 1
    twin, base = result.arm("twin"), result.arm("base")
    assert twin is not None
    assert base is not None
    assert [run["same_as"] for run in twin.runs] == ["raw/0", "raw/1", "raw/2"]
    assert "linear probe" in base.description
    assert not (tmp_path / "train" / "twin").exists()
    assert (tmp_path / "train" / "curated" / "2" / "adapter" / "adapter_model.safetensors").exists()
    assert not (tmp_path / "ablation.json").exists()
    saved = json.loads(json.dumps(result.to_json()))
    assert saved["schema_version"] == 1
    assert saved["arms"][1]["runs"][0]["curve"] == "train/raw/0/metrics.jsonl"
    assert set(saved["yardstick"]["by_arm"]) == {"raw", "curated", "random_control", "twin"}
    steps = [event for event in events if event["kind"] == "step"]
    assert {"arm", "seed", "step", "steps", "loss", "eta_s", "run", "runs"} <= set(steps[0])
    assert len(steps) == 9 * 20
    assert {(e["run"], e["runs"]) for e in steps} == {(number, 9) for number in range(1, 10)}
    started = [e for e in events if e["kind"] == "run"]
    assert [e["arm"] for e in started[:2]] == ["base", "base"]
    assert {e["run"] for e in started if e["arm"] == "base" or e["state"] == "same"} == {0}

    (tmp_path / "train" / "raw" / "1" / "done.json").unlink()
    events.clear()
    monkeypatch.undo()  # one run in this process, to the same numbers
    again = run_ablation(arms_of(raw, wrong), evaluation, config, (0, 1, 2), tmp_path, events.append)
    trained = {(event["arm"], event["seed"]) for event in events if event["kind"] == "step"}
    assert trained == {("raw", 1)}
    assert [c.delta for c in again.comparisons] == pytest.approx([c.delta for c in result.comparisons], abs=1e-9)


def test_too_small_an_evaluation_is_said_before_training(tmp_path: Path, quick: TrainConfig) -> None:
    raw, wrong = noisy(60, every=3)
    events: list[dict[str, Any]] = []
    result = run_ablation(arms_of(raw, wrong), make_tickets(12, seed=9), quick, (0, 1, 2), tmp_path, events.append)
    assert result.verdict == "insufficient evidence"
    assert [event["kind"] for event in events] == ["notice"]
    assert not (tmp_path / "train").exists()
    assert not list(tmp_path.iterdir())


def test_too_few_rows_are_too_few_without_a_model(tmp_path: Path, quick: TrainConfig) -> None:
    raw, wrong = noisy(60, every=3)
    nowhere = quick.replace(base=str(tmp_path / "no-base"))
    result = run_ablation(arms_of(raw, wrong), make_tickets(5, seed=9), nowhere, (0, 1, 2), tmp_path)
    assert result.verdict == "insufficient evidence"
    assert "5 independent evaluation rows are too few" in result.words
    assert (result.evaluation["rows"], result.evaluation["clusters"]) == (5, 5)
    with pytest.raises(ConfigError):
        run_ablation(arms_of(raw, wrong), make_tickets(40, seed=9), nowhere, (0, 1, 2), tmp_path)


def test_one_arm_that_diverges_does_not_harm_the_others(tmp_path: Path, quick: TrainConfig) -> None:
    raw, wrong = noisy(60, every=3)
    heavy = dataclasses.replace(raw, weights=np.full(len(raw), np.inf))
    arms = [*arms_of(raw, wrong)[1:3], Arm("diverging", "Weights without end", heavy)]
    evaluation = make_tickets(40, seed=9, first_id=500)
    result = run_ablation(arms, evaluation, quick.replace(steps=3, threads=1), (0, 1, 2), tmp_path)
    diverging = result.arm("diverging")
    assert diverging is not None
    assert {run["status"] for run in diverging.runs} == {"failed"}
    assert any("diverging" in note and "not a number" in note for note in result.notes)
    for arm in ("raw", "curated"):
        told = result.arm(arm)
        assert told is not None
        assert {run["status"] for run in told.runs} == {"done"}
    assert result.comparison("curated", "raw") is not None


def test_generation_arms_are_compared_in_nats(tmp_path: Path, quick: TrainConfig) -> None:
    def talk(n: int, answer: Callable[[int], str], first: int = 0) -> Examples:
        made = tuple(
            ({"role": "user", "content": f"case {i} {i % 3}"}, {"role": "assistant", "content": answer(i)})
            for i in range(first, first + n)
        )
        return Examples("sft", np.arange(first, first + n), messages=made)

    def good(i: int) -> str:
        return ["card pin", "money back", "login"][i % 3]

    raw = talk(40, lambda i: good(i) if i % 2 else "zzz qq xx")
    kept = np.arange(1, 40, 2)
    arms = [
        Arm("base", "Base", raw, method="base"),
        Arm("raw", "Raw", raw),
        Arm("curated", "Curated", raw.take(kept)),
        Arm("random_control", "Random", lambda seed: raw.take(random_control_rows(None, kept, 40, seed))),
    ]
    evaluation = talk(40, good, first=500)
    result = run_ablation(arms, evaluation, quick.replace(steps=30, learning_rate=1e-2, threads=1), (0, 1, 2), tmp_path)
    assert result.metric == "nats_per_token"
    against = result.comparison("curated", "raw")
    assert against is not None
    assert against.verdict == "helped"
    assert result.yardstick == {}


def test_arms_need_names_of_their_own(tmp_path: Path, quick: TrainConfig) -> None:
    raw, _ = noisy(60, every=3)
    with pytest.raises(ConfigError, match="different names"):
        run_ablation([Arm("raw", "a", raw), Arm("raw", "b", raw)], raw, quick, (0, 1, 2), tmp_path)
