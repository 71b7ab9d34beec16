"""Learning rates where the recipe names none: those of the method, and lower ones for wider bases.

The rates of the methods hold for the bundled base, 256 numbers wide. Under Adam the step that a matrix can take without
changing what leaves it by more than before falls with its width (Yang et al. 2022, arXiv:2203.03466), so methods that
train matrices, and heads, learn at 256 / width of the rate from there on: 1e-3 for a BERT of 768, 1.9e-4 for a decoder of
4,096, where the papers of LoRA and QLoRA used 4e-4 to 5e-4 and 2e-4. Factors, biases and normalisations are vectors,
whose rate does not depend on it. Nothing is known of a base whose configuration cannot be read: it gets the
method's own rate. Cost: one small file read; of a hub model, fetched.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from train.headers import base_width
from train.methods import METHODS

if TYPE_CHECKING:
    from train.config import TrainConfig

TUNED_WIDTH = 256
OF_VECTORS = ("ia3", "bitfit", "layernorm")


def with_rates(config: TrainConfig, named: Collection[str]) -> TrainConfig:
    """The configuration with the rates of its method and base, but for settings that somebody `named`."""
    wanted = {"learning_rate", "head_learning_rate"} - set(named)
    if not wanted:
        return config
    width = base_width(config.base) or TUNED_WIDTH
    slower = min(1.0, TUNED_WIDTH / width)
    rates = {
        "learning_rate": METHODS[config.method].learning_rate * (1.0 if config.method in OF_VECTORS else slower),
        "head_learning_rate": type(config).head_learning_rate * slower,
    }
    return config.replace(**{name: float(f"{rates[name]:.3g}") for name in wanted})
