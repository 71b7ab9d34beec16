"""A matrix with looks, user metrics, unequal arms; what is said when arms end empty or lose a class."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_base import make_tickets

from train.ablation import AblationResult, Arm, Design, random_control_rows, run_ablation
from train.ablation.evaluation import Evaluation
from train.ablation.matrix import Matrix
from train.ablation.result import ArmResult
from train.ablation.runner import COMPARING, _said_after
from train.config import TrainConfig
from train.examples import Examples


def arms_of(raw: Examples, kept: np.ndarray) -> list[Arm]:
    def control(seed: int) -> Examples:
        return raw.take(random_control_rows(raw.labels, kept, len(raw), seed))

    return [Arm("raw", "Raw", raw), Arm("curated", "Curated", raw.take(kept)), Arm("random_control", "Random", control)]


def noisy(n: int, every: int) -> tuple[Examples, np.ndarray]:
    """Tickets of which every so-manieth has the next class's label, and the positions of the right ones."""
    clean = make_tickets(n, seed=7)
    names = sorted(set(clean.labels))
    wrong = set(range(0, n, every))
    labels = tuple(names[(names.index(x) + 1) % 3] if i in wrong else x for i, x in enumerate(clean.labels))
    return Examples("classification", clean.ids, clean.texts, labels), np.array([i for i in range(n) if i not in wrong])


def test_seeds_are_added_until_there_is_a_verdict_and_no_further(tmp_path: Path, quick: TrainConfig) -> None:
    raw, kept = noisy(90, every=2)
    events: list[dict[str, Any]] = []
    design = Design(tuple(range(5)), (3, 4, 5))

    result = run_ablation(
        arms_of(raw, kept), make_tickets(80, seed=8, first_id=900), quick.replace(steps=8, threads=1), (), tmp_path,
        events.append, design=design,
    )  # fmt: skip
    assert len(result.looks) == len(result.seeds) - 2
    assert result.looks[-1].seeds == len(result.seeds)
    decided = result.verdict != "inconclusive"
    assert decided or len(result.seeds) == 5
    assert result.looks[-1].runs_left == 0 if decided else True
    assert all(look.level > 0.95 for look in result.looks)
    notices = [e["words"] for e in events if e["kind"] == "notice" and e["words"].startswith("After ")]
    assert len(notices) == len(result.looks) - 1
    assert events[-1] == {"kind": "notice", "words": COMPARING}, "what follows the training takes a while"
    assert all("seeds" in words for words in notices)
    main = result.comparison("curated", "raw")
    assert main is not None
    assert main.level == result.looks[-1].level
    assert f"{100 * main.level:.4g}% interval" in result.words
    state = json.loads((tmp_path / "train" / "state.json").read_text())
    assert (state["status"], state["verdict"], len(state["looks"])) == ("done", result.verdict, len(result.looks))


def test_no_seed_is_added_where_more_of_them_could_not_help(tmp_path: Path, quick: TrainConfig) -> None:
    raw, kept = noisy(90, every=2)
    curated = raw.take(kept)
    arms = [Arm("raw", "raw", raw), Arm("curated", "curated", curated), Arm("random_control", "the same rows", curated)]
    events: list[dict[str, Any]] = []
    design = Design(tuple(range(6)), (3, 4, 6))
    held = make_tickets(90, seed=8, first_id=900)
    result = run_ablation(arms, held, quick.replace(steps=20, threads=1), (), tmp_path, events.append, design=design)
    pair = [result.comparison("curated", other) for other in ("raw", "random_control")]
    assert [c.verdict for c in pair if c is not None] == ["helped", "identical"]
    assert result.verdict == "inconclusive"
    assert "not shown to beat a random removal" in result.words
    assert result.looks[-1].runs_left == 0
    assert len(result.seeds) < 6


def test_the_noise_floor_is_that_of_arms_whose_rows_are_the_same_for_every_seed(tmp_path: Path, quick: TrainConfig) -> None:
    raw, kept = noisy(60, every=2)

    def drawn(seed: int) -> Examples:
        return raw.take(kept if seed % 2 else np.arange(12))

    arms = [Arm("raw", "raw", raw), Arm("curated", "curated", raw.take(kept)), Arm("random_control", "drawn", drawn)]
    held = make_tickets(40, seed=8, first_id=900)
    result = run_ablation(arms, held, quick.replace(steps=6, threads=1), (0, 1, 2), tmp_path)
    spreads = [arm.spread for arm in result.arms]
    assert spreads[0] is not None
    assert spreads[1] is not None
    assert result.noise_floor == pytest.approx(1.96 * np.sqrt(spreads[0] ** 2 + spreads[1] ** 2))


def test_a_lost_class_and_an_empty_arm_are_said_and_harm_nobody_else(tmp_path: Path, quick: TrainConfig) -> None:
    raw = make_tickets(80, seed=2)
    kept = np.array([i for i, label in enumerate(raw.labels) if label != "login"])
    nothing = Examples("classification", np.arange(0))
    arms = [*arms_of(raw, kept), Arm("emptied", "Nothing left", nothing), Arm("emptied_too", "Nor here", nothing)]
    evaluation = make_tickets(60, seed=9, first_id=500)
    result = run_ablation(arms, evaluation, quick.replace(steps=8, threads=1), (0, 1, 2), tmp_path)
    assert result.verdict == "harmed"
    assert result.words.startswith("Curation harmed.")
    assert "Arm curated has no row of 1 class: login." in result.notes
    assert "Arm emptied ends without a training row." in result.notes
    for arm in ("emptied", "emptied_too"):
        assert f"Arm {arm} failed with seeds 0, 1, 2: it has no training row." in result.notes
    against = result.comparison("curated", "random_control")
    assert against is not None
    assert against.verdict == "identical", "the control lost the same class"


def test_models_that_learned_nothing_are_no_evidence_that_curation_makes_no_difference(
    tmp_path: Path, quick: TrainConfig
) -> None:
    raw, kept = noisy(60, every=3)
    held = make_tickets(60, seed=9, first_id=500)
    ruined = quick.replace(steps=8, threads=1, learning_rate=1e4)
    result = run_ablation(arms_of(raw, kept), held, ruined, (0, 1, 2), tmp_path)
    assert result.verdict == "inconclusive"
    assert result.words.startswith("The effect of curation could not show: every model answers all held-out rows with one")
    assert "Arm raw answers every held-out row with one class, with seeds 0, 1, 2: it learned nothing." in result.notes


def test_a_spelling_that_curation_unified_is_no_lost_class(tmp_path: Path, quick: TrainConfig) -> None:
    tidy = make_tickets(60, seed=2)
    raw = replace(tidy, labels=(tidy.labels[0].upper(), *tidy.labels[1:]))
    arms = [Arm("raw", "raw", raw), Arm("curated", "curated", tidy), Arm("random_control", "drawn", raw)]
    held = make_tickets(40, seed=8, first_id=900)
    canonical = {raw.labels[0]: tidy.labels[0]}
    result = run_ablation(arms, held, quick.replace(steps=4, threads=1), (0, 1, 2), tmp_path, canonical=canonical)
    assert [arm.lost_classes for arm in result.arms] == [(), (), ()]
    assert not any("has no row of" in note for note in result.notes)


@pytest.mark.parametrize(("source", "said"), [("raw", True), ("curated", False), (None, False)])
def test_a_control_that_is_raw_data_itself_is_told_of(source: str | None, said: bool) -> None:
    def arm(name: str, same_as: str | None = None) -> ArmResult:
        runs = tuple({"seed": s, "same_as": f"{same_as}/{s}" if same_as else None} for s in range(3))
        return ArmResult(name, name, "lora", 10, 100, runs, 0.5, 0.01)

    told = _said_after([arm("raw"), arm("curated"), arm("random_control", source)], Design())
    assert any("a random removal of the same size is raw data itself" in words for words in told) == said


def test_arms_matched_in_epochs_train_in_proportion_to_their_rows(tmp_path: Path, quick: TrainConfig) -> None:
    raw = make_tickets(80, seed=2)
    exam = Evaluation.plain(make_tickets(40, seed=9, first_id=500))
    arms = [Arm("raw", "Raw", raw), Arm("half", "Half", raw.take(np.arange(40)))]

    def by(match: str) -> list[int]:
        matrix = Matrix(arms, exam, quick.replace(steps=20, threads=1), (0,), tmp_path, match=match)
        return [matrix.settings(arm.name, 0).steps for arm in arms]

    assert by("steps") == [20, 20]
    assert by("epochs") == [20, 10]


def test_arms_that_write_meet_in_steps_and_in_targets(tmp_path: Path, quick: TrainConfig) -> None:
    def talks(n: int, words: int, first: int = 0) -> Examples:
        made = tuple(
            ({"role": "user", "content": f"case {i}"}, {"role": "assistant", "content": " ".join(["pin"] * words)})
            for i in range(n)
        )
        return Examples("sft", np.arange(first, first + n), messages=made)

    short, long = talks(48, 3), talks(48, 9)
    arms = [Arm("raw", "Raw", short), Arm("curated", "Curated", long)]
    config = quick.replace(steps=4, batch_rows=24, threads=1)
    matrix = Matrix(arms, Evaluation.plain(talks(40, 6, 500)), config, (0,), tmp_path)
    matrix.train((0,))
    done = {arm.name: matrix.runs[arm.name, 0].done for arm in arms}
    assert {d["steps"] for d in done.values()} == {4}
    assert done["curated"]["config"]["batch_rows"] < done["raw"]["config"]["batch_rows"] == 24
    assert done["curated"]["targets_seen"] == pytest.approx(done["raw"]["targets_seen"], rel=0.06)
    by_epochs = Matrix(arms, Evaluation.plain(talks(40, 6, 500)), config, (0,), tmp_path, match="epochs")
    assert by_epochs.settings("curated", 0).batch_rows == 24


def says_what_it_could_have_shown(result: AblationResult) -> None:
    assert "would be shown four times in five" in result.words
    assert "19 times in 20" in result.words
    assert result.noise_floor is not None
    assert result.preset == "quick"
    assert any("no basis for a claim" in note for note in result.notes)
    if result.verdict != "helped":
        assert "helped." not in result.words.split(".")[0]


def test_a_killed_matrix_goes_on_run_by_run_and_tells_what_it_could_have_shown(
    tmp_path: Path, quick: TrainConfig
) -> None:
    raw, kept = noisy(60, every=3)
    exam = make_tickets(40, seed=8, first_id=900)
    config = quick.replace(steps=5, threads=1)

    class KilledError(Exception):
        pass

    def stop(event: dict[str, Any]) -> None:
        if event["kind"] == "run" and event["state"] == "done":
            raise KilledError

    with pytest.raises(KilledError):
        run_ablation(arms_of(raw, kept), exam, config, (0, 1, 2), tmp_path, stop)
    finished = {path: path.stat().st_mtime_ns for path in tmp_path.glob("train/*/*/done.json")}
    assert 0 < len(finished) < 9
    assert json.loads((tmp_path / "train" / "state.json").read_text())["status"] == "training"
    result = run_ablation(arms_of(raw, kept), exam, config, (), tmp_path, design=Design((0, 1, 2), preset="quick"))
    assert all(path.stat().st_mtime_ns == at for path, at in finished.items())
    assert all(run["status"] == "done" for arm in result.arms for run in arm.runs)
    says_what_it_could_have_shown(result)
