"""Tokens left out while a classifier learns: which, how many, and always the same ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_base import make_tickets

from curate.errors import ConfigError
from train.config import TrainConfig
from train.lora import adapted_model, open_workbench, score_examples, train_adapter
from train.objective import collate
from train.order import visits
from train.token_dropout import TokenDropout

END = 0


def drop(rate: float, seed: int = 0) -> TokenDropout:
    return TokenDropout(rate, seed, np.zeros((1, 1), dtype=np.int64), {END})


@given(st.lists(st.integers(0, 9), max_size=40))
def test_visits_count_how_often_a_row_was_met_before(rows: list[int]) -> None:
    plan = np.array(rows, dtype=np.int64).reshape(1, -1)
    assert visits(plan)[0].tolist() == [rows[:i].count(row) for i, row in enumerate(rows)]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(0, 9), st.floats(0.01, 0.99))
def test_what_is_left_keeps_its_order_its_special_tokens_and_one_word(words: list[int], visit: int, rate: float) -> None:
    tokens = np.array([*words, END])
    left = drop(rate).left(tokens, 7, visit).tolist()
    assert left[-1] == END
    assert len(left) >= 2
    rest = iter(tokens.tolist())
    assert all(token in rest for token in left), "no token was added or moved"


def test_a_share_of_the_tokens_goes_and_others_at_each_visit_row_and_seed() -> None:
    tokens = np.append(np.arange(1, 4001), END)
    kinds = {(0, 3, 0), (0, 3, 1), (0, 4, 0), (1, 3, 0)}
    left = {kind: drop(0.25, kind[0]).left(tokens, *kind[1:]) for kind in kinds}
    assert all(abs(len(one) / 4001 - 0.75) < 0.03 for one in left.values())
    assert len({one.tobytes() for one in left.values()}) == 4
    assert np.array_equal(left[0, 3, 1], drop(0.25).left(tokens, 3, 1)), "the same visit loses the same tokens"


def test_a_step_in_parts_learns_what_a_whole_one_does_and_evaluation_reads_whole_texts(
    tmp_path: Path, quick: TrainConfig
) -> None:
    rows, held = make_tickets(64, seed=1), make_tickets(20, seed=2, first_id=900)
    config = quick.replace(token_dropout=0.3, steps=6, learning_rate=1e-3, head_learning_rate=1e-3)
    parts = config.gradient_accumulation_batches * 2
    one = train_adapter(rows, config, tmp_path / "one", evaluation=held)
    two = train_adapter(rows, config.replace(gradient_accumulation_batches=parts), tmp_path / "two", evaluation=held)
    plain = train_adapter(rows, config.replace(token_dropout=0.0), tmp_path / "plain", evaluation=held)
    assert one.scores is not None
    assert two.scores is not None
    assert plain.scores is not None
    np.testing.assert_allclose(one.scores.nll, two.scores.nll, atol=1e-3)
    assert not np.allclose(one.scores.nll, plain.scores.nll, atol=1e-3)


def test_the_largest_of_each_number_is_taken_over_the_tokens_of_a_text_alone(quick: TrainConfig) -> None:
    rows = make_tickets(8, seed=1)
    config = quick.replace(pooling="max")
    bench = open_workbench(config)
    objective = adapted_model(config, bench, sorted(set(rows.labels)), rows.task)
    encoded = bench.encoder.encode(rows)
    batch = collate(encoded, range(8), np.zeros(8, dtype=np.int64), bench.tokenizer.pad_token_id)
    states, pooled = objective.states(batch).detach().numpy(), objective.pooled(batch).detach().numpy()
    for i, length in enumerate(batch.lengths.tolist()):
        np.testing.assert_array_equal(pooled[i], states[i, :length].max(axis=0))
    assert np.isfinite(score_examples(objective, rows, bench, sorted(set(rows.labels)), None).nll).all()


def test_a_share_of_all_tokens_is_refused() -> None:
    with pytest.raises(ConfigError, match="token_dropout"):
        TrainConfig(token_dropout=1.0)
