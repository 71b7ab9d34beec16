"""The arms of an ablation: the same findings, resolved in different ways, as training data.

    base            the base model without an adapter
    raw             the training rows as they came
    curated         the training rows as the plan leaves them
    random_control  raw rows, as many removed at random as curation removed, of the same labels and lengths
    only_X          the raw rows as stage X alone leaves them; only_X+Y two stages, and so on
    without_X       the raw rows as every stage but X leaves them
    control_X       the raw rows after a random control of stage X (see `plans`)

Evaluation rows are chosen once, from the raw data, before any arm is made (see `evaluation`). Larger training sets
are thinned to the same rows for every arm.
"""

from __future__ import annotations

from curate.arms.ablate import (
    FEWEST_STEPS,
    PASSES,
    Asked,
    TrainListener,
    canonical_names,
    control_rows,
    known_stages,
    learns_from_unwanted,
    prove,
    real_world,
    replayed,
    rules_by_row,
    train_config,
    training_sides,
)

__all__ = [
    "FEWEST_STEPS",
    "PASSES",
    "Asked",
    "TrainListener",
    "canonical_names",
    "control_rows",
    "known_stages",
    "learns_from_unwanted",
    "prove",
    "real_world",
    "replayed",
    "rules_by_row",
    "train_config",
    "training_sides",
]
