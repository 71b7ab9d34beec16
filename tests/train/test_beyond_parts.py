"""Gaps by stage, receipts, frontiers, flips, forgetting: each against what is known, and all of them in one go."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_base import FILLER, WORDS, make_tickets

from train.ablation.analysis import Analysis
from train.ablation.arms import Arm
from train.ablation.beyond.contrast import answer, contrast, corrected
from train.ablation.beyond.fairness import fairness_of
from train.ablation.beyond.influence import influences
from train.ablation.beyond.receipts import chance_of, changed_rows, rank_correlation
from train.ablation.beyond.result import BeyondResult
from train.ablation.beyond.run import _lend, measure_beyond
from train.ablation.beyond.wish import DecisionClass, Wish, checked_parts
from train.ablation.design import Design
from train.ablation.evaluation import Evaluation
from train.ablation.matrix import Matrix
from train.ablation.schema import json_schema
from train.ablation.shapley import coalitions_of, orders_of
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra
from train.lora import adapted_model, open_workbench
from train.processes import Pool
from train.processes import pool as processes


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(12, 40))
def test_a_contrast_is_the_weighted_sum_of_the_means(seed: int, seeds: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    scores, weight = rng.normal(size=(seeds, n)), rng.uniform(0.5, 2, n)
    mask = np.arange(n) % 3 == 0
    found = contrast(scores, [(mask, 1.0), (~mask, -2.0)], np.arange(n) // 2, weight)
    assert found is not None
    first, second = (np.average(scores.mean(0)[m], weights=weight[m]) for m in (mask, ~mask))
    wanted = first - 2 * second
    assert found.mean == pytest.approx(wanted)
    assert found.low <= found.mean <= found.high
    assert contrast(scores, [(np.zeros(n, bool), 1.0)], np.arange(n)) is None


def test_the_interval_of_a_gap_holds_the_true_gap_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    group = np.arange(240) < 80
    hits = 0
    for _ in range(60):
        row = rng.normal(0, 0.4, 240)
        scores = row + rng.normal(0, 0.3, (3, 240)) + np.where(group, -0.1, 0.0)
        found = contrast(scores, [(group, 1.0), (~group, -1.0)], np.arange(240))
        assert found is not None
        hits += found.low <= -0.1 <= found.high
    assert hits >= 51, "95% of 60 is 57; 51 is three and a half standard deviations below"


def test_answers_are_corrected_for_the_questions_of_their_part() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0.045, 0.1, (3, 60))
    one = contrast(scores, [(np.ones(60, bool), 1.0)], np.arange(60))
    assert one is not None
    alone = corrected([answer("a", one, 0.001, rows=60, clusters=60, seeds=3)])[0]
    assert alone.verdict == "helped"
    assert alone.p_holm is None
    noise = contrast(rng.normal(0, 1, (3, 60)), [(np.ones(60, bool), 1.0)], np.arange(60))
    many = corrected([answer(str(i), one if i == 0 else noise, 0.001, rows=60, clusters=60, seeds=3) for i in range(200)])
    assert many[0].p_holm == pytest.approx(min(1.0, 200 * alone.p), rel=1e-6)
    few = answer("few", one, 0.001, rows=9, clusters=9, seeds=3)
    assert few.verdict == "insufficient evidence"


def regions(n: int, seed: int, first_id: int = 0) -> Examples:
    """Tickets of two regions, of which the south has words of its own for everything."""
    rng = np.random.default_rng(seed)
    names = list(WORDS)
    texts, labels, region = [], [], []
    for i in range(n):
        label = names[int(rng.integers(0, 3))]
        south = i % 2 == 0
        words = [*rng.choice(WORDS[label], 2), *rng.choice(FILLER, 4)]
        texts.append(" ".join(str(w)[::-1] if south else str(w) for w in words))
        labels.append(label)
        region.append("south" if south else "north")
    ids = np.arange(first_id, first_id + n)
    return Examples("classification", ids, tuple(texts), tuple(labels), groups={"region": tuple(region)})


def test_a_stage_that_erases_a_group_is_named(tmp_path: Path, quick: TrainConfig) -> None:
    rows, held = regions(240, 1), regions(300, 2, first_id=1000)
    south = np.array([r == "south" for r in rows.groups["region"]])
    rng = np.random.default_rng(0)

    def left(erasing: bool, thinning: bool) -> Examples:
        keep = np.ones(len(rows), bool)
        if erasing:
            keep &= ~south
        if thinning:
            keep[rng.choice(len(rows), 12, replace=False)] = False
        return rows.take(np.flatnonzero(keep))

    players = ("erases", "thins")
    orders = orders_of(players)
    made = {
        frozenset[str](): ("raw", rows),
        frozenset(("erases",)): ("only_erases", left(True, False)),
        frozenset(("thins",)): ("only_thins", left(False, True)),
        frozenset(players): ("curated", left(True, True)),
    }
    design = Design(seeds=(0, 1, 2), orders=tuple(orders), coalitions={c: made[c][0] for c in coalitions_of(orders)})
    arms = [Arm(name, name, examples) for name, examples in made.values()]
    matrix = Matrix(arms, Evaluation.plain(held), quick.replace(threads=1, steps=40, batch_rows=24), design.seeds, tmp_path)
    matrix.train(design.seeds)
    analysis = Analysis(matrix, design.seeds, "accuracy", 0.01)
    found = fairness_of(analysis, design, [arm.name for arm in arms], 0.01)
    assert found is not None
    (gap,) = found.gaps  # of two groups one gap is that of the other
    by_stage = {s.stage: s.answer for s in gap.stages}
    assert by_stage["erases"].verdict == "harmed"
    assert by_stage["thins"].verdict != "harmed"
    assert by_stage["erases"].value + by_stage["thins"].value == pytest.approx(gap.whole.value)
    assert "the stage erases widened" in found.words
    assert found.largest is not None
    assert found.largest.value > 0.2
    assert set(gap.by_arm) == {"accuracy", "macro_tpr"}


def test_influence_is_the_dot_product_of_gradients(quick: TrainConfig) -> None:
    torch = extra("torch")
    rows, held = make_tickets(12, seed=1), make_tickets(10, seed=2)
    labels = sorted(set(rows.labels) | set(held.labels))
    bench = open_workbench(quick)
    objective = adapted_model(quick, bench, labels)
    torch.manual_seed(0)
    for name, p in objective.model.named_parameters():
        if "lora_B" in name:
            p.data.normal_(0, 0.02)
    found = influences(objective, bench, rows, held, labels)

    from torch.nn import functional

    from train.objective import collate

    numbers = [p for p in objective.model.parameters() if p.requires_grad]

    def gradient(one: Examples) -> Any:
        encoded = bench.encoder.encode(one)
        classes = np.array([labels.index(one.labels[i]) for i in encoded.kept])
        batch = collate(encoded, range(len(encoded)), classes, bench.tokenizer.pad_token_id)
        loss = functional.cross_entropy(objective.logits(batch), batch.targets)
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, numbers)])

    objective.model.eval()
    towards = gradient(held)
    wanted = [float(gradient(rows.take([i])) @ towards) for i in range(len(rows))]
    np.testing.assert_allclose(found, wanted, rtol=2e-2, atol=2e-2 * np.abs(wanted).max())


def test_changed_rows_are_those_that_stand_on_one_side_alone() -> None:
    rows = make_tickets(8, seed=1)
    relabelled = dataclasses.replace(rows, labels=("card", *rows.labels[1:])) if rows.labels[0] != "card" else rows
    new, old = changed_rows(relabelled.take([0, 1, 2, 3]), rows)
    assert old.tolist() == ([0] if relabelled is not rows else []) + [4, 5, 6, 7]
    assert new.tolist() == ([0] if relabelled is not rows else [])
    twice = rows.take([0, 0, 1])
    new, old = changed_rows(rows.take([0, 1]), twice)
    assert (new.tolist(), old.tolist()) == ([], [0])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=5, max_size=7, unique=True), st.integers(0, 1000))
def test_the_permutation_test_counts_every_order(x: list[int], seed: int) -> None:
    from scipy import stats

    y = np.random.default_rng(seed).permutation(len(x))
    a, b = stats.rankdata(x), stats.rankdata(y)
    sums = [float((a * np.array(order)).sum()) for order in itertools.permutations(b)]
    assert chance_of(np.array(x), y) == pytest.approx(np.mean(np.array(sums) >= (a * b).sum() - 1e-9))
    rho = rank_correlation(np.array(x, float), y.astype(float))
    assert rho is not None
    assert rho.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)
    assert -1 <= rho.low <= rho.value <= rho.high <= 1


def test_unknown_parts_are_refused_with_the_nearest_name() -> None:
    from curate.errors import ConfigError

    assert checked_parts(["all"]) == checked_parts(["forgetting", "flips", "frontiers", "receipts", "memory", "fairness"])
    with pytest.raises(ConfigError, match="fairness"):
        checked_parts(["fairnes"])


def test_short_sets_of_runs_share_processes_where_they_are_long_together(tmp_path: Path, quick: TrainConfig) -> None:
    rows = regions(30, 1)
    config = quick.replace(threads=2, steps=20, device="cpu")
    sets = [Matrix([Arm("raw", "raw", rows)], Evaluation.plain(rows), config, (0,), tmp_path) for _ in range(2)]
    for one in sets:
        one.open_bench()
    with Pool(2) as pool:
        _lend(pool, [(one, 29) for one in sets])
        assert [one.at_once(6) for one in sets] == [1, 1], "too little for processes that take seconds to start"
        _lend(pool, [(one, 30) for one in sets])
        assert [one.at_once(6) for one in sets] == [2, 2]
        assert sets[0].at_once(1) == 1


@pytest.mark.slow
def test_everything_at_once_is_valid_resumes_and_answers_with_the_same_grammar(
    tmp_path: Path, quick: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    start = processes._start

    def counted() -> Any:
        started.append(start())
        return started[-1]

    monkeypatch.setattr(processes, "_start", counted)
    monkeypatch.setattr("train.ablation.beyond.run.WORTH_SIDE_BY_SIDE", 0)
    raw, held = regions(120, 1), regions(90, 2, first_id=1000)
    texts = tuple(f"{t} she said" if i % 2 else t for i, t in enumerate(held.texts))
    held = dataclasses.replace(held, texts=texts)
    names = sorted(set(raw.labels))
    wrong = tuple(names[(names.index(v) + 1) % 3] if i < 40 else v for i, v in enumerate(raw.labels))
    noisy = dataclasses.replace(raw, labels=wrong)
    wish = Wish(
        ("fairness", "receipts", "frontiers", "flips", "forgetting"), noisy, raw,
        arms=(Arm("less_0", "less", noisy), Arm("size_0.5", "half", raw.take(np.arange(60)), times=0.5),
              Arm("pii_none", "kept", raw), Arm("pii_redact", "redacted", raw.take(np.arange(110)))),
        design=Design(seeds=(0, 1, 2), orders=(("label_issues",),),
                      coalitions={frozenset[str](): "raw", frozenset(("label_issues",)): "curated"}),
        classes=(DecisionClass("label_issues", "likely_wrong", "relabel", 40, "less_0"),),
        sizes=((0.5, "size_0.5"),), operators={"none": "pii_none", "redact": "pii_redact"},
    )  # fmt: skip
    config = quick.replace(threads=2, steps=12)
    said: list[dict[str, Any]] = []
    found = measure_beyond(wish, Evaluation.plain(held), config, tmp_path, said.append)
    assert len(started) == 2, "the same two processes for all sets of runs"
    assert all(one.poll() is not None for one in started), "none outlives the measurement"
    assert said[0]["words"].startswith("Beyond accuracy (fairness, receipts"), "an estimate comes first"
    body = json.loads(json.dumps(dataclasses.asdict(found)).replace("NaN", "null"))
    schema = json_schema()
    jsonschema.validate(body, {**schema["$defs"]["BeyondResult"], "$defs": schema["$defs"]})
    assert isinstance(found, BeyondResult)
    assert found.receipts is not None
    (receipt,) = found.receipts.receipts
    assert receipt.measured.value > 0.02, "right labels are worth something"
    assert found.receipts.groups == 7
    assert found.receipts.agrees == (receipt.estimate is not None)
    assert found.receipts.rank_correlation is not None
    assert f"{found.receipts.rank_correlation.value:+.2f}" in found.receipts.words
    assert found.frontiers is not None
    assert [p.name for p in found.frontiers.sizes] == ["0.5", "1"]
    assert [p.name for p in found.frontiers.operators] == ["none", "redact"]
    assert found.flips is not None
    assert found.flips.axes[0].axis == "gender"
    assert found.forgetting is not None
    assert {f.arm for f in found.forgetting.arms} == {"raw", "curated"}
    assert not math.isnan(found.forgetting.base_nats)
    assert found.fairness is not None
    assert found.fairness.gaps[0].column == "region"
    done: list[str] = []
    again = measure_beyond(wish, Evaluation.plain(held), config, tmp_path, lambda e: done.append(str(e.get("state"))))
    assert "done" not in done, "nothing is trained twice"
    assert dataclasses.replace(again, seconds=0.0) == dataclasses.replace(found, seconds=0.0)


@pytest.mark.parametrize(
    ("first", "last", "sign"),
    [(0.1, 0.05, 1), (-0.1, -0.2, -1), (0.0, -0.1, -1), (0.1, -0.1, 0), (0.3, -0.1, 0.5), (0, 0, 0)],
)
def test_what_a_gap_loses_in_size_is_its_change_times_its_mean_sign(first: float, last: float, sign: float) -> None:
    from train.ablation.beyond.fairness import mean_sign

    assert mean_sign(first, last) == pytest.approx(sign)
    assert mean_sign(first, last) * (last - first) == pytest.approx(abs(last) - abs(first))
