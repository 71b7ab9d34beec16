"""Attribution: the words that decide are found, by two methods, and the numbers are what they claim to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_base import WORDS, make_talks, make_tickets

from curate.errors import ConfigError
from train.adapters import load_adapter
from train.attribution import METHODS, attribute, stretches
from train.config import TrainConfig
from train.examples import Examples
from train.lora import train_adapter
from train.score import log_probabilities

LEAST = {"leave_one_out": 7, "gradient": 0}
"""Words of ten that have to come first. Chance finds 2.5, leaving out 10. Gradients find 4 to 6 by seed, which says nothing
that would hold on another processor; that they are what they claim is another test's."""


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory, quick: TrainConfig) -> Any:
    folder = tmp_path_factory.mktemp("classifier")
    config = quick.replace(steps=80, tensorboard=False, threads=1)
    train_adapter(make_tickets(240, 1), config, folder, evaluation=make_tickets(20, 2, 900))
    return load_adapter(folder)


@pytest.mark.parametrize("method", METHODS)
def test_the_words_of_a_class_carry_it_and_filler_does_not(classifier: Any, method: str) -> None:
    right = 0
    for label in ("card", "refund"):  # a text without a word of a class is a login, so no word carries that one
        for word in WORDS[label]:
            prompt = f"please {word} today again"
            asked = (classifier.objective, classifier.bench, prompt, label)
            found = attribute(*asked, labels=classifier.labels, method=method)
            assert [prompt[p.start : p.end] for p in found.pieces] == ["please", word, "today", "again"]
            right += int(np.argmax([p.weight for p in found.pieces])) == 1
    assert right >= LEAST[method]


def test_leave_one_out_is_the_fall_of_the_log_probability(classifier: Any) -> None:
    prompt = "refund the money"
    found = attribute(classifier.objective, classifier.bench, prompt, "refund", labels=classifier.labels)
    texts = (prompt, " the money", "refund  money", "refund the ")
    rows = Examples("classification", np.arange(4), texts, ("refund",) * 4)
    encoded = classifier.bench.encoder.encode(rows)
    logs = log_probabilities(classifier.objective, encoded, classifier.bench.tokenizer.pad_token_id)
    column = logs[:, classifier.labels.index("refund")]
    assert found.log_probability == pytest.approx(column[0])
    assert [p.weight for p in found.pieces] == pytest.approx(list(column[0] - column[1:]))


def test_gradient_times_input_is_the_slope_along_the_embeddings(classifier: Any) -> None:
    """Moving every embedding by e of its way from the mean changes the centred logit by e times the sum of weights."""
    objective, bench = classifier.objective, classifier.bench
    prompt = "card pin swipe"
    found = attribute(objective, bench, prompt, "card", labels=classifier.labels, method="gradient")
    rows = Examples("classification", np.arange(1), (prompt,), ("card",))
    encoded = bench.encoder.encode(rows)

    def logit(factor: float) -> float:
        words = torch.zeros(len(encoded.tokens[0]), 1)
        words[:-1] = factor - 1  # the end token belongs to no word
        table = objective.model.get_input_embeddings()
        mean = table.weight.detach().mean(0)
        hook = table.register_forward_hook(lambda m, i, o: o + (o - mean) * words)
        try:
            logs = log_probabilities(objective, encoded, bench.tokenizer.pad_token_id)
        finally:
            hook.remove()
        return float(logs[0, classifier.labels.index("card")] - logs[0].mean())  # the normalisation cancels

    slope = (logit(1.01) - logit(0.99)) / 0.02
    assert sum(p.weight for p in found.pieces) == pytest.approx(slope, rel=0.02, abs=1e-3)


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory, quick: TrainConfig) -> Any:
    folder = tmp_path_factory.mktemp("writer")
    # All weights learn: an adapter of rank 4 on so small a random base reads the number with some seeds only.
    config = quick.replace(method="full", steps=80, learning_rate=5e-3, tensorboard=False, threads=1)
    train_adapter(make_talks(90), config, folder, evaluation=make_talks(3, 900))
    return load_adapter(folder)


@pytest.mark.parametrize("method", METHODS)
def test_an_answer_is_carried_by_the_number_that_decides_it(writer: Any, method: str) -> None:
    found = attribute(writer.objective, writer.bench, "say please 1", "refund #### 1", method=method)
    assert [(p.start, p.end) for p in found.pieces] == [(0, 3), (4, 10), (11, 12)]
    if method == "leave_one_out":
        assert int(np.argmax([p.weight for p in found.pieces])) == 2
    other = attribute(writer.objective, writer.bench, "say please 2", "refund #### 1", method=method)
    assert found.log_probability > other.log_probability


@given(st.text(max_size=300), st.integers(1, 20))
def test_stretches_cover_every_word_in_order_and_are_no_more_than_asked(text: str, most: int) -> None:
    found = stretches(text, most)
    assert len(found) <= most
    assert all(a < b for a, b in found)
    assert all(before[1] <= after[0] for before, after in zip(found, found[1:], strict=False))
    covered = {i for a, b in found for i in range(a, b)}
    assert all(i in covered for i, c in enumerate(text) if not c.isspace())


def test_scripts_without_spaces_are_taken_character_by_character() -> None:
    assert stretches("我的 card") == [(0, 1), (1, 2), (3, 7)]


def test_unknown_methods_and_labels_are_refused(classifier: Any) -> None:
    with pytest.raises(ConfigError, match="known: leave_one_out, gradient"):
        attribute(classifier.objective, classifier.bench, "x", "card", labels=classifier.labels, method="magic")
    with pytest.raises(ConfigError, match="none of the adapter's labels"):
        attribute(classifier.objective, classifier.bench, "x", "zebra", labels=classifier.labels)
