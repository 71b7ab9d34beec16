"""Losses, weights of classes and rows, and learning rates, each against an independent reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight
from tiny_base import make_tickets

from train.config import SCHEDULERS, TrainConfig
from train.examples import Examples
from train.lora import train_adapter
from train.losses import class_weights, weighted_sum
from train.schedules import rate_factor


def case(n: int = 40, classes: int = 5) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(n, classes) * 3, torch.randint(0, classes, (n,)), torch.rand(n) + 0.1


def test_the_weighted_smoothed_loss_is_the_sum_over_rows_of_its_definition() -> None:
    logits, targets, weights = case()
    config = TrainConfig(label_smoothing=0.2, focal_gamma=1.5)
    log = logits.double().log_softmax(-1)
    expected = 0.0
    for i, target in enumerate(targets.tolist()):
        wanted = torch.full((5,), 0.2 / 5, dtype=torch.float64)
        wanted[target] += 0.8
        expected += float(weights[i]) * (1 - float(log[i, target].exp())) ** 1.5 * float(-(wanted * log[i]).sum())
    assert weighted_sum(logits, targets, weights, config).item() == pytest.approx(expected, rel=1e-5)


def test_without_weights_and_focusing_it_is_torchs_own_cross_entropy() -> None:
    logits, targets, _ = case()
    stock = torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
    assert weighted_sum(logits, targets, None, TrainConfig()).item() == stock.item()
    ones = torch.ones(len(targets))
    assert weighted_sum(logits, targets, ones, TrainConfig()).item() == pytest.approx(stock.item(), rel=1e-6)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=200))
def test_balanced_weights_are_sklearns_and_every_kind_has_mean_one(classes: list[int]) -> None:
    seen = np.array(classes)
    present = np.unique(seen)
    balanced = class_weights(seen, 7, "balanced")
    assert np.allclose(balanced[present], compute_class_weight("balanced", classes=present, y=seen))
    for kind in ("none", "balanced", "effective_number"):
        found = class_weights(seen, 7, kind)
        assert found[seen].mean() == pytest.approx(1.0)
        counts = np.bincount(seen, minlength=7)[present]
        assert (np.diff(found[present][np.argsort(counts)]) <= 1e-12).all()  # rarer never weighs less


def test_weights_of_rows_act_as_repetition(tmp_path: Path, quick: TrainConfig, tickets: Examples) -> None:
    """A batch in which one row has weight 2 has the loss and gradient of one that holds the row twice."""
    from train.lora import adapted_model, open_workbench
    from train.objective import collate

    bench = open_workbench(quick)
    encoded = bench.encoder.encode(tickets)
    classes = np.arange(len(tickets)) % 3
    weights = np.ones(len(tickets))
    weights[4] = 2.0
    pad = bench.tokenizer.pad_token_id
    objective = adapted_model(quick, bench, ["a", "b", "c"])
    found = []
    for batch in (collate(encoded, [3, 4, 5], classes, pad, weights), collate(encoded, [3, 4, 4, 5], classes, pad)):
        objective.model.zero_grad()
        loss = objective.loss(batch, quick) / batch.weight()
        loss.backward()
        head = next(p.grad.clone() for n, p in objective.model.named_parameters() if "score" in n and p.grad is not None)
        found.append((loss.item(), head))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert torch.allclose(found[0][1], found[1][1], atol=1e-6)


def test_class_weights_help_the_rare_class(tmp_path: Path, quick: TrainConfig) -> None:
    rows = make_tickets(200, seed=1)
    rare = [i for i, label in enumerate(rows.labels) if label == "login"][:5]
    rest = [i for i, label in enumerate(rows.labels) if label != "login"]
    held = make_tickets(90, seed=2, first_id=900)
    config = quick.replace(steps=12, head_start="random", learning_rate=2e-3, head_learning_rate=2e-3)
    recall = {}
    for kind in ("none", "balanced"):
        run = train_adapter(
            rows.take(rare + rest), config.replace(class_weights=kind), tmp_path / kind, evaluation=held, watch=False
        )
        recall[kind] = run.done["evaluation"]["per_class"]["login"]["recall"]
    assert recall["balanced"] > recall["none"]


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_schedules_rise_to_their_peak_and_never_rise_again(kind: str) -> None:
    rates = [rate_factor(s, steps=100, warmup=10, kind=kind, decay_factor=0.1) for s in range(100)]
    assert rates[0] == 0.0
    assert rates[10] == 1.0
    assert all(b >= a for a, b in zip(rates[:10], rates[1:11], strict=True))
    assert all(b <= a for a, b in zip(rates[10:], rates[11:], strict=False))
    if kind == "step":
        assert rates[49], rates[50] == (1.0, pytest.approx(0.1))
        assert rates[80] == pytest.approx(0.01)
    if kind == "exponential":
        assert rate_factor(100, steps=100, warmup=10, kind=kind, decay_factor=0.1) == pytest.approx(0.1)


@pytest.mark.parametrize("kind", ["linear", "cosine"])
def test_linear_and_cosine_are_those_of_transformers(kind: str) -> None:
    import transformers

    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    stock = transformers.get_scheduler(kind, optimizer, num_warmup_steps=7, num_training_steps=50)
    for step in range(50):
        assert rate_factor(step, steps=50, warmup=7, kind=kind, decay_factor=0.1) == pytest.approx(stock.get_last_lr()[0])
        optimizer.step()
        stock.step()
