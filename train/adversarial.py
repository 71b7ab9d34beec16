"""Adversarial debiasing as a baseline: a predictor whose answers an adversary cannot read the group from.

Method: Zhang et al. 2018 (arXiv:1801.07593), by fairlearn's `AdversarialFairnessClassifier` on torch: the predictor's
gradient is freed of what would help the adversary. It works on dense vectors of a frozen model or of latent semantic
analysis, not on the model itself: a baseline to compare data-side mitigations with, not part of the LoRA trainer.

Shapes: float `(n, d)` vectors, `(n,)` labels 0 and 1, n groups; int64 `(m,)` predictions out. Cost: `epochs` passes of two
small networks, seconds for 10,000 rows. Training can oscillate; a seed fixes it on one machine. Needs the `train` extra.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from train.extra import extra

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def adversarial(
    vectors: Floats,
    label: Ints,
    group: Sequence[str],
    test: Floats,
    *,
    constraint: str = "equalized_odds",
    strength: float = 1.0,
    epochs: int = 20,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> Ints:
    """Predictions on `test`. `strength` is the weight of the adversary; `constraint` as fairlearn names it."""
    torch = extra("torch")
    from fairlearn.adversarial import AdversarialFairnessClassifier

    torch.manual_seed(seed)
    model = AdversarialFairnessClassifier(
        backend="torch", predictor_model=[64, "leaky_relu"], adversary_model=[16, "leaky_relu"], constraints=constraint,
        alpha=strength, epochs=epochs, batch_size=128, learning_rate=learning_rate, shuffle=True, random_state=seed,
    )  # fmt: skip
    model.fit(np.asarray(vectors, np.float32), label, sensitive_features=np.asarray(group, object))
    return np.asarray(model.predict(np.asarray(test, np.float32)), np.int64).ravel()
