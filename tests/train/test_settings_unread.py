"""Settings that a run makes nothing of are told, and not searched."""

from __future__ import annotations

import pytest

from train.config import METHODS, OBJECTIVES, TrainConfig
from train.tune import default_space
from train.unread import reads, unread_settings


def test_what_the_method_does_not_read_is_told_and_not_searched() -> None:
    settings = TrainConfig(method="full", epochs=1.0, lora_dropout=0.1, dora=True, target_modules=("q_proj",))
    assert unread_settings(settings, "classification") == [
        "Not read: lora_dropout, dora, which are for methods lora, lora_plus and qlora.",
        "Not read: target_modules, which is for methods lora, lora_plus, qlora and ia3.",
    ]
    names = {dimension.name for dimension in default_space(settings, "classification")}
    assert not names & {"lora_rank", "lora_dropout"}
    assert {"learning_rate", "label_smoothing", "epochs"} <= names
    assert "label_smoothing" not in {d.name for d in default_space(settings.replace(objective="dpo"), "sft")}
    assert {"lora_rank", "lora_dropout"} <= {d.name for d in default_space(settings.replace(method="qlora"), "sft")}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_defaults_are_never_told(method: str, objective: str) -> None:
    for task in ("classification", "sft", "chat", "text", "extraction"):
        assert unread_settings(TrainConfig(method=method, objective=objective), task) == []


def test_what_another_setting_or_the_task_makes_use_of_is_read() -> None:
    settings = TrainConfig(replay_fraction=0.3, pooling="last", scheduler="step", decay_factor=0.5, preference_beta=0.2)
    assert unread_settings(settings, "classification") == [
        "Not read: preference_beta, which is for objectives dpo, kto and ranking.",
        "Not read: replay_fraction, which is for replay.",
    ]
    assert unread_settings(settings.replace(replay="self", objective="dpo"), "sft") == [
        "Not read: pooling, which is for classification."
    ]
    assert reads(settings, "sft", "learning_rate")
