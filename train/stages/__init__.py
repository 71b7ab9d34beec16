"""Stages that ask a model: loaded by name from `curate.stages.registry`, torch only when one runs."""
