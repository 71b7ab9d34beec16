"""An ablation of what ranks pairs is judged by how it ranks them, and counts the rows that are really scored."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from test_preference import talks

from audit.report.training import told, training_of
from train.ablation import Arm, random_control_rows, run_ablation
from train.ablation.evaluation import LEAKED, PRIMARY, Evaluation
from train.ablation.schema import json_schema
from train.ablation.significance import mcnemar
from train.ablation.verdict import compare, conclude
from train.config import TrainConfig
from train.evaluate import ABOVE_REJECTED, ItemScores, metric_of, read_scores, summarise
from train.examples import Examples
from train.tune.compare import comparison_of


def with_turned(rows: Examples, turned: np.ndarray) -> Examples:
    """Pairs of which some name the worse answer as the chosen one."""
    both = list(zip(rows.messages, rows.rejected, turned.tolist(), strict=True))
    return dataclasses.replace(
        rows,
        messages=tuple(bad if swap else good for good, bad, swap in both),
        rejected=tuple(good if swap else bad for good, bad, swap in both),
    )


def cut_short(rows: Examples, at: list[int]) -> Examples:
    """Some rows lose their rejected answer."""
    return dataclasses.replace(rows, rejected=tuple(() if i in at else turns for i, turns in enumerate(rows.rejected)))


def test_arms_that_learn_to_rank_are_compared_by_rank_and_loss_stands_beside(tmp_path: Path, quick: TrainConfig) -> None:
    pytest.importorskip("trl")
    turned = np.arange(60) % 2 == 0
    raw, kept = with_turned(talks(60), turned), np.flatnonzero(~turned)
    arms = [
        Arm("base", "base model", raw, method="base"),
        Arm("raw", "raw data", raw),
        Arm("curated", "curated data", raw.take(kept)),
        Arm("random_control", "random removal", lambda seed: raw.take(random_control_rows(None, kept, 60, seed))),
    ]
    held = cut_short(talks(47, 500), [4, 9])
    config = quick.replace(objective="dpo", steps=30, batch_rows=8, learning_rate=5e-3, threads=1)
    result = run_ablation(arms, held, config, (0, 1, 2), tmp_path)
    assert (result.metric, result.delta, result.verdict) == (ABOVE_REJECTED, 0.01, "helped")
    assert "Preference accuracy with curated data is" in result.words
    assert "points higher than with raw data" in result.words
    assert result.evaluation["rows"] == result.evaluation["clusters"] == 45
    assert any("Of 47 evaluation rows 2 cannot be scored: they have no rejected answer" in note for note in result.notes)
    assert any("Loss is that of the chosen answers" in note for note in result.notes)
    base = result.arm("base")
    for name in ("raw", "curated", "random_control"):
        arm = result.arm(name)
        assert arm is not None
        assert base is not None
        folders = [tmp_path / "train" / name / str(seed) for seed in range(3)]
        done = [json.loads((folder / "done.json").read_text()) for folder in folders]
        assert arm.mean == pytest.approx(np.mean([one["preference"]["above_rejected"] for one in done]))
        assert base.mean == pytest.approx(done[0]["preference"]["base_above_rejected"])
        assert [run["metrics"]["pairs"] for run in arm.runs] == [45] * 3
        assert all({"nats_per_token", "margin"} <= run["metrics"].keys() for run in arm.runs)
        scores = read_scores(folders[0] / "eval.parquet")
        assert len(scores.rows) == 47  # the loss is of all of them
        assert np.isnan(scores.above_rejected).tolist() == [i in (4, 9) for i in range(47)]
    against = result.comparison("curated", "raw")
    assert against is not None
    files = [tmp_path / "train" / arm / "1" / "eval.parquet" for arm in ("curated", "raw")]
    ours, theirs = (read_scores(file).by(ABOVE_REJECTED) for file in files)
    assert len(against.mcnemar) == 3
    assert against.mcnemar[1].a_only == int(((ours.score == 1) & (theirs.score == 0)).sum())
    assert not any("base" in (one.a, one.b) for one in result.comparisons), "its accuracy is that of another measure"
    assert any("the base has none" in note for note in result.notes)
    saved = json.loads(json.dumps(result.to_json()))
    jsonschema.validate(saved, json_schema())
    shown = training_of(saved, _Plain())  # type: ignore[arg-type]
    assert shown is not None
    assert (shown.metric_title, shown.higher_is_better) == ("preference accuracy", True)
    assert told(shown, shown.comparisons[0].delta).startswith(f"+{100 * against.delta:.1f}")
    again = run_ablation(arms, held, config, (0, 1, 2), tmp_path)
    assert [c.delta for c in again.comparisons] == [c.delta for c in result.comparisons]


class _Plain:
    def short(self, text: str, width: int = 0) -> str:
        return text


def ranked(rng: np.random.Generator, share: float, nats: float) -> ItemScores:
    """120 pairs of which a share is in order, at so many nats a token."""
    order = (rng.random(120) < share).astype(float)
    loss = rng.normal(nats, 0.2, 120)
    return ItemScores(np.arange(120), loss, np.full(120, 9.0), 9 * loss, (None,) * 120, above_rejected=order, margin=order)


def test_a_model_that_ranks_better_wins_whatever_its_loss_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = talks(120)
    better = [ranked(rng, 0.9, nats=4.0) for _ in range(3)]
    likelier = [ranked(rng, 0.6, nats=1.0) for _ in range(3)]
    by = metric_of(rows, "dpo")
    assert (by, metric_of(rows, "likelihood"), metric_of(cut_short(rows, list(range(120))), "dpo")) == (
        ABOVE_REJECTED, "nats_per_token", "nats_per_token",
    )  # fmt: skip
    found = comparison_of({"tuned": better, "default": likelier}, rows, (0, 1, 2), "dpo")
    assert (found["metric"], found["verdict"]) == (ABOVE_REJECTED, "helped")
    assert "points" in found["words"]
    assert comparison_of({"tuned": better, "default": likelier}, rows, (0, 1, 2))["verdict"] == "harmed"
    told = summarise(better[0], rows, {})
    assert told["above_rejected"] == pytest.approx(better[0].above_rejected.mean())  # type: ignore[union-attr]
    assert told["nats_per_token"] == pytest.approx(better[0].score.mean())
    assert told["intervals"]["above_rejected"][0] < told["above_rejected"] < told["intervals"]["above_rejected"][1]
    better[0].write(tmp_path / "eval.parquet")
    assert np.array_equal(read_scores(tmp_path / "eval.parquet").by(by).score, better[0].above_rejected)


def test_rows_of_which_none_stands_in_a_pair_have_a_loss_and_no_preference_accuracy() -> None:
    unpaired = np.full(120, np.nan)
    scores = dataclasses.replace(ranked(np.random.default_rng(3), 0.9, nats=4.0), above_rejected=unpaired, margin=unpaired)
    told = summarise(scores, talks(120), {})
    assert told["nats_per_token"] == pytest.approx(scores.score.mean())
    assert not {"above_rejected", "margin", "pairs"} & told.keys()


def test_ties_count_half_and_are_neither_right_nor_wrong() -> None:
    a, b = np.full((3, 90), 1.0), np.full((3, 90), 0.5)
    b[:, :30], b[:, 30:40] = 1.0, 0.0
    found = compare(a, b, names=("curated", "raw"), metric=ABOVE_REJECTED, higher_is_better=True)
    assert found.delta == pytest.approx((10 + 50 / 2) / 90)
    assert [(one.a_only, one.b_only) for one in found.mcnemar] == [(10, 0)] * 3
    assert "38.9 points higher" in conclude(found, found)[1]
    nothing_learned = mcnemar(np.full(90, 0.5), b[0])
    assert (nothing_learned.a_only, nothing_learned.b_only, nothing_learned.p) == (0, 0, 1.0)


def test_what_ranks_by_nats_a_token_is_compared_with_the_base(tmp_path: Path, quick: TrainConfig) -> None:
    arms = [Arm("base", "base model", talks(30), method="base"), Arm("raw", "raw data", talks(30))]
    config = quick.replace(objective="ranking", steps=2, threads=1)
    result = run_ablation(arms, talks(30, 500), config, (0, 1, 2), tmp_path)
    assert [(one.a, one.b) for one in result.comparisons] == [("raw", "base")]


def test_pairs_that_only_leaked_rows_stand_in_are_no_evidence(tmp_path: Path, quick: TrainConfig) -> None:
    rows = cut_short(talks(40, 100), list(range(35)))
    kind = np.where(np.arange(40) < 35, PRIMARY, LEAKED).astype(np.int8)
    arms = [Arm("raw", "raw data", talks(30)), Arm("curated", "curated data", talks(20))]
    config = quick.replace(objective="ranking", steps=2, threads=1)
    exam = Evaluation(rows, kind, rows.ids)
    result = run_ablation(arms, exam, config, (0, 1, 2), tmp_path, even_if_insufficient=True)
    assert (result.verdict, result.comparisons) == ("insufficient evidence", ())
    for arm in result.arms:
        assert arm.mean is None
        assert {run["status"] for run in arm.runs} == {"done"}
        assert all("above_rejected" not in run["metrics"] and run["metrics"]["rows"] == 35 for run in arm.runs)


@pytest.mark.parametrize("objective", ["likelihood", "dpo"])
def test_rows_that_no_model_can_take_are_no_evidence(objective: str, tmp_path: Path, quick: TrainConfig) -> None:
    rows = talks(40, 100)
    long = ({"role": "user", "content": "say " * 200}, {"role": "assistant", "content": "card"})
    held = dataclasses.replace(
        rows,
        messages=tuple(long if i < 15 and objective == "likelihood" else turns for i, turns in enumerate(rows.messages)),
        rejected=tuple(long if i < 15 else turns for i, turns in enumerate(rows.rejected)) if objective == "dpo" else (),
    )
    events: list[dict[str, Any]] = []
    arms = [Arm("raw", "raw data", talks(30)), Arm("curated", "curated data", talks(20))]
    result = run_ablation(arms, held, quick.replace(objective=objective), (0, 1, 2), tmp_path, events.append)
    assert result.verdict == "insufficient evidence"
    assert "25 independent evaluation rows are too few" in result.words
    assert result.evaluation["rows"] == 25
    assert any("Of 40 evaluation rows 15 cannot be scored" in note for note in result.notes)
    assert [event["kind"] for event in events] == ["notice"]
    assert not list(tmp_path.iterdir())


def test_training_rows_are_those_that_are_trained_on(tmp_path: Path, quick: TrainConfig) -> None:
    good = talks(40)
    long = ({"role": "user", "content": "say " * 200}, {"role": "assistant", "content": "card"})
    rows = Examples("sft", good.ids, messages=tuple(long if i < 10 else turns for i, turns in enumerate(good.messages)))
    arms = [Arm("raw", "raw data", rows), Arm("curated", "curated data", rows.take(np.arange(10, 40)))]
    held = dataclasses.replace(talks(40, 100), rejected=())
    result = run_ablation(arms, held, quick.replace(steps=2, threads=1), (0, 1, 2), tmp_path)
    assert [arm.rows for arm in result.arms] == [30, 30]
    assert any("Of 40 training rows of raw data 10 cannot be trained on" in note for note in result.notes)
