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
