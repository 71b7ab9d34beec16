"""A head that starts as a linear probe, and the states behind it, which the runs of an ablation share."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from tiny_base import make_tickets

from train import headstart
from train.ablation.arms import Arm
from train.ablation.evaluation import Evaluation
from train.ablation.matrix import Matrix
from train.config import TrainConfig
from train.encoded import Encoded
from train.lora import adapted_model, open_workbench, states_of
from train.objective import Objective


def weights_with(known: dict[bytes, np.ndarray] | None, quick: TrainConfig) -> np.ndarray:
    rows = make_tickets(60, seed=3)
    bench = open_workbench(quick)
    space = sorted(set(rows.labels))
    objective = adapted_model(quick, bench, space, rows.task)
    encoded = bench.encoder.encode(rows)
    classes = np.array([space.index(rows.labels[i]) for i in encoded.kept])
    assert headstart.ridge_head(objective, encoded, classes, len(space), bench.tokenizer.pad_token_id, known)
    (head,) = [p for n, p in objective.model.named_parameters() if p.requires_grad and objective.is_head(n)]
    return head.detach().numpy().copy()


def test_a_head_is_the_same_whether_its_rows_are_read_again_or_known(
    quick: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = weights_with(None, quick)
    more = make_tickets(90, seed=4, first_id=500)
    known = states_of([more, make_tickets(60, seed=3)], quick, open_workbench(quick), None)
    few = dict(list(known.items())[:5])
    np.testing.assert_allclose(weights_with(few, quick), own, rtol=1e-6, err_msg="too few are as good as none")
    monkeypatch.setattr(headstart, "features", None)
    np.testing.assert_allclose(weights_with(known, quick), own, rtol=1e-3, atol=1e-4)


def test_the_arms_of_an_ablation_read_each_row_once_and_a_run_that_is_taken_up_again_ends_in_the_same_bytes(
    tmp_path: Path, quick: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, held = make_tickets(60, seed=3), make_tickets(30, seed=5, first_id=900)
    parts = {"raw": rows, "some": rows.take(np.arange(9, 50))}
    arms = [Arm(name, name, part) for name, part in parts.items()]
    read: list[list[bytes]] = []
    features = headstart.features

    def counted(objective: Objective, encoded: Encoded, pad: int) -> np.ndarray:
        read.append([tokens.tobytes() for tokens in encoded.tokens])
        return features(objective, encoded, pad)

    monkeypatch.setattr(headstart, "features", counted)

    def train() -> Matrix:
        matrix = Matrix(arms, Evaluation.plain(held), quick.replace(steps=2, threads=1), (0,), tmp_path)
        matrix.train((0,))
        return matrix

    first = train()
    texts = {tokens.tobytes() for tokens in first.open_bench().encoder.encode(rows).tokens}
    assert sorted(itertools.chain(*read)) == sorted(texts), "each once"
    adapter = tmp_path / "train" / "some" / "0" / "adapter" / "adapter_model.safetensors"
    as_it_was, all_read = adapter.read_bytes(), read.copy()
    read.clear()
    train()
    assert not read, "nothing is read for runs that are there"
    shutil.rmtree(adapter.parents[1])
    train()
    assert read == all_read, "the rows of all arms in the same batches, whichever run is left"
    assert adapter.read_bytes() == as_it_was


@pytest.mark.parametrize("n", [30, 300])
def test_a_head_of_rows_without_an_error_is_no_surer_than_so_few_rows_allow(n: int) -> None:
    """Copies of three rows: every larger scale is likelier, and at the largest loss and gradients are nothing."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, n)
    states = rng.normal(0, 1, (3, 16))[classes] + rng.normal(0, 0.01, (n, 16))

    def doubt(states: np.ndarray, classes: np.ndarray) -> float:
        logits = states @ headstart.ridge_weights(states, classes, 3).T.astype(np.float64)
        chance = np.exp(logits - logits.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        return float(1 - chance[np.arange(len(classes)), classes].mean())

    assert 0.1 / n < doubt(states, classes) < 3 / n


def test_a_head_of_rows_that_cannot_all_be_told_apart_is_as_likely_as_can_be() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(0, 0.5, (200, 3))
    classes = rng.integers(0, 3, 200)
    scores[np.arange(200), classes] += 0.7

    def loss(factor: float) -> float:
        logits = scores * factor
        return float((np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(200), classes]).mean())

    least, factor = headstart._calibrated(scores, classes)
    assert (least, factor) == (pytest.approx(min(map(loss, headstart._SCALES))), min(headstart._SCALES, key=loss))
