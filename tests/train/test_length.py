"""How long a run trains where the recipe does not say."""

from __future__ import annotations

import numpy as np
import pytest

from curate.arms import FEWEST_STEPS, PASSES, train_config
from curate.recipe import Recipe
from train.config import TrainConfig
from train.examples import Examples

DEFAULT = TrainConfig()


def rows(n: int, task: str) -> Examples:
    talk = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    if task == "classification":
        return Examples(task, np.arange(n), ("t",) * n, ("x",) * n)
    return Examples(task, np.arange(n), messages=(tuple(talk),) * n)


@pytest.mark.parametrize(
    ("n", "task", "steps"),
    [
        (300, "sft", -(-PASSES * 300 // DEFAULT.batch_rows)),
        (10, "chat", FEWEST_STEPS),
        (100_000, "sft", DEFAULT.steps),
        (300, "classification", DEFAULT.steps),
    ],
)
def test_small_sets_of_texts_are_seen_three_times_and_classifiers_train_in_full(n: int, task: str, steps: int) -> None:
    assert train_config(Recipe(), rows(n, task)).steps == steps


def test_a_length_that_the_recipe_names_is_kept() -> None:
    assert train_config(Recipe.parse({"train": {"steps": 150}}), rows(30, "sft")).steps == 150
    assert train_config(Recipe.parse({"train": {"epochs": 4.0}}), rows(64, "sft")).step_count(64) == 8


def test_seed_and_threads_come_from_the_run_unless_training_has_its_own() -> None:
    recipe = Recipe.parse({"run": {"seed": 5, "threads": 1}, "train": {"threads": 2}})
    config = train_config(recipe, rows(64, "sft"))
    assert (config.seed, config.threads) == (5, 2)


def test_arms_train_at_the_rate_of_their_method_unless_the_recipe_names_one() -> None:
    assert train_config(Recipe(), rows(64, "sft")).learning_rate == 3e-3
    assert train_config(Recipe.parse({"train": {"method": "ia3"}}), rows(64, "sft")).learning_rate == 1e-2
    own = Recipe.parse({"train": {"method": "ia3", "learning_rate": 1e-4}})
    assert train_config(own, rows(64, "sft")).learning_rate == 1e-4
