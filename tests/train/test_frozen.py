"""States of frozen lower layers, kept: the same training as without, and no use where it would not be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tiny_base import make_base, make_talks, make_tickets

from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra
from train.lora import adapted_model, open_workbench, train_adapter
from train.objective import Objective


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    base = make_base(tmp_path_factory.mktemp("deep"), layers=3)
    return TrainConfig(
        base=str(base), tensorboard=False, lora_rank=4, steps=12, batch_rows=8, max_length_tokens=64, layers=(2,)
    )


@pytest.mark.parametrize("task", ["classification", "sft"])
def test_kept_states_train_the_same_adapter(
    tmp_path: Path, deep: TrainConfig, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: Examples = make_tickets(40, seed=2) if task == "classification" else make_talks(40)
    bench = open_workbench(deep)
    kept = train_adapter(rows, deep, tmp_path / "kept", evaluation=rows, workbench=bench)
    (states,) = bench.lower.values()
    assert len(states) >= len(set(rows.keys())) - 1, "every distinct row was kept"
    monkeypatch.setattr(Objective, "states", Objective._all_states)
    whole = train_adapter(rows, deep, tmp_path / "whole", evaluation=rows, workbench=open_workbench(deep))
    assert kept.scores is not None
    assert whole.scores is not None
    np.testing.assert_allclose(kept.scores.nll, whole.scores.nll, atol=1e-4)
    ours, theirs = (load_file(tmp_path / n / "adapter" / "adapter_model.safetensors") for n in ("kept", "whole"))
    assert set(ours) == set(theirs)
    assert all("layers.2" in name or "score" in name for name in ours), "only the uppermost layer is adapted"
    for name, value in ours.items():
        np.testing.assert_allclose(value, theirs[name], atol=1e-4)


def test_a_model_that_would_compute_otherwise_takes_the_long_way(deep: TrainConfig) -> None:
    torch = extra("torch")
    bench = open_workbench(deep)
    rows = make_tickets(8, seed=1)
    objective = adapted_model(deep, bench, sorted(set(rows.labels)))
    trunk = objective.inner.model
    plain = type(trunk).forward

    def shifted(*args: object, inputs_embeds: object = None, **more: object) -> object:
        given = None if inputs_embeds is None else inputs_embeds + 1.0  # type: ignore[operator]
        return plain(trunk, *args, inputs_embeds=given, **more)

    trunk.forward = shifted
    from train.objective import collate

    encoded = bench.encoder.encode(rows)
    batch = collate(encoded, range(8), np.zeros(8, np.int64), bench.tokenizer.pad_token_id)
    with torch.no_grad():
        found = objective.states(batch)
        assert objective.lower is not None
        assert objective.lower.usable is False
        np.testing.assert_allclose(found.numpy(), objective._all_states(batch).numpy(), atol=1e-6)


def test_the_first_rows_of_a_batch_may_be_shorter_than_the_others(deep: TrainConfig) -> None:
    torch = extra("torch")
    bench = open_workbench(deep)
    rows = make_talks(40)
    objective = adapted_model(deep, bench, None)
    from train.objective import collate

    encoded = bench.encoder.encode(rows)
    order = np.argsort([len(tokens) for tokens in encoded.tokens])
    picked = [*order[:2].tolist(), *order[-2:].tolist()]
    batch = collate(encoded, picked, None, bench.tokenizer.pad_token_id)
    assert batch.lengths[:2].max() < batch.tokens.shape[1]
    with torch.no_grad():
        found = objective.token_logits(batch)
        assert objective.lower is not None
        assert objective.lower.usable
        np.testing.assert_allclose(found.numpy(), objective._logits_full(batch).float().numpy(), atol=1e-3)


def test_nothing_is_kept_where_every_layer_learns(deep: TrainConfig) -> None:
    assert adapted_model(replace(deep, layers=()), open_workbench(deep), ["a", "b"]).lower is None
