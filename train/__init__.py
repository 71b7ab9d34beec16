"""The proof: train a LoRA on raw and on curated data, and say with numbers whether curation helped.

The one idea: an *arm* is a set of training `Examples`; every arm is trained by the same `TrainConfig` for the same
optimiser steps from the same base model, scored on one frozen evaluation set, and compared row by row.

    from train.config import TrainConfig
    from train.examples import from_dataset
    from train.lora import train_adapter
    from train.ablation import Arm, heldout_split, run_ablation

Importing `train`, its configuration, its examples and its statistics is light: torch, transformers and peft load only
when a model does. Nothing touches the network unless `TrainConfig.base` names a Hugging Face hub id.
"""

from __future__ import annotations

from train.config import TrainConfig
from train.examples import Examples, from_dataset

__all__ = ["Examples", "TrainConfig", "from_dataset"]
