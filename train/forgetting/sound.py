"""Whether remedies against forgetting fit a task; each refusal says what would work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from curate.errors import ConfigError
from train.examples import CLASSIFICATION, EXTRACTION, Examples
from train.preference.rows import LIKELIHOOD

if TYPE_CHECKING:
    from train.config import TrainConfig

SELF = "self"


def writes(labels: Sequence[str] | None) -> bool:
    """Whether a model of this label space writes."""
    return labels is None


def check_remedies(config: TrainConfig, examples: Examples) -> None:
    """Raise `ConfigError` where a remedy means nothing for these rows or this objective."""
    asked = [name for name in ("replay", "base_kl", "teacher") if getattr(config, name)]
    if not asked:
        return
    if config.objective != LIKELIHOOD:
        held = "is held near its base by preference_beta" if config.objective in ("dpo", "kto") else "takes pairs alone"
        raise ConfigError(f"{asked[0]} is for objective 'likelihood'; objective {config.objective!r} {held}")
    if examples.task in (CLASSIFICATION, EXTRACTION):
        if "replay" in asked or "base_kl" in asked:
            raise ConfigError(
                f"{asked[0]} keeps what a base can write, and a model for {examples.task} writes nothing; to change the "
                "base less, use fewer layers, method = 'ia3' or a lower learning_rate"
            )
        if examples.task == EXTRACTION:
            raise ConfigError("teacher is for classification and for tasks that write, not for extraction")
