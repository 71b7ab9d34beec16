"""The sections of a recipe file and their keys, as people write them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 1


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSection(Section):
    """[data]: what to read and how to understand it."""

    input: str | None = Field(None, description="The file to curate, relative to this recipe.")
    task: str | None = Field(
        None,
        description="classification, sft, chat, preference, unpaired_preference or text; detected when left out.",
    )
    roles: dict[str, str | list[str]] = Field(
        default_factory=dict, description="Column (or columns) of each role; detected where left out."
    )
    id_columns: list[str] = Field(default_factory=list, description="Columns that identify a row, instead of its roles.")
    on_bad_row: Literal["fail", "skip"] = Field(
        "fail", description="What a row that cannot be read does: fail the run, or be skipped and kept in rejected.jsonl."
    )


class RunSection(Section):
    """[run]: how to run."""

    out: str | None = Field(None, description="The run directory; runs/<name of the input> when left out.")
    stages: list[str] | None = Field(
        None, description="Stages to run, in order of precedence; all built-in stages when left out."
    )
    seed: int = Field(0, ge=0, description="Seed of everything that draws at random.")
    threads: int = Field(0, ge=0, description="Threads of the engines; 0 means every core. Results do not depend on it.")
    engine: Literal["local", "ray"] = Field(
        "local",
        description="Where near-duplicates are compared: this process, or a Ray cluster. Results do not depend on it.",
    )


class KeepSection(Section):
    """[keep]: which copy of a duplicate survives, among rows of one split."""

    policy: Literal["first", "last", "longest", "newest", "best_source", "highest_quality"] = Field(
        "first",
        description="first, last, longest (by content), newest (by the time role), best_source (by `sources`) or "
        "highest_quality (by `quality_column`).",
    )
    sources: list[str] = Field(
        default_factory=list, description="For best_source: values of the source role, the best first; others come last."
    )
    quality_column: str | None = Field(
        None,
        description="For highest_quality: a column of numbers, the higher the better (rows without one come last), or "
        '"text_quality" for the scores of that stage.',
    )
    per_cluster: int = Field(1, ge=1, description="Rows of each cluster of duplicates that stay, in one split.")
    target_rows: int | None = Field(
        None,
        ge=1,
        description="Duplicates go, the most redundant first, until so many rows are left; all of them when left out.",
    )

    @model_validator(mode="after")
    def _settings_fit(self) -> KeepSection:
        for policy, key, value in (
            ("best_source", "sources", self.sources),
            ("highest_quality", "quality_column", self.quality_column),
        ):
            if self.policy == policy and not value:
                raise ValueError(f'policy = "{policy}" needs `{key}`')
            if self.policy != policy and value:
                raise ValueError(f'`{key}` is read only with policy = "{policy}"')
        return self


class TrainSection(Section):
    """[train]: settings of the LoRA trainer; see `curate config schema`."""

    model_config = ConfigDict(extra="allow", frozen=True)


class TuneSection(Section):
    """[tune]: how `curate tune` searches the settings of [train]; see `curate config schema`."""

    model_config = ConfigDict(extra="allow", frozen=True)


class AblationSection(Section):
    """[ablation]: how the proof is made."""

    enabled: bool = Field(True, description="Whether `curate run` trains and compares.")
    preset: Literal["quick", "claim"] = Field(
        "quick",
        description="quick: 3 seeds, shows large effects only; claim: at least 8 seeds, at most six stages.",
    )
    seeds: int | None = Field(
        None, ge=3, description="Training runs of each arm, the most of them when sequential; the preset's when left out."
    )
    sequential: bool = Field(
        False, description="Whether seeds are added, up to the preset's most, until there is a verdict."
    )
    stages: list[str] = Field(
        default_factory=list,
        description='Stages whose own effect is measured, each beside a random control; ["all"]: those that change data.',
    )
    shapley: bool = Field(
        False, description="Whether the effect is divided among the stages (Shapley values); trains more arms."
    )
    beyond: list[str] = Field(
        default_factory=list,
        description="What is measured beyond accuracy: fairness, memory, receipts, frontiers, flips, forgetting, or "
        '["all"]; trains more arms, under a shorter configuration of its own.',
    )
    beyond_rows: int = Field(
        512, ge=100, description="Training rows of what is measured beyond accuracy, whole near-duplicate clusters of them."
    )
    beyond_steps: int = Field(32, ge=10, description="Optimiser steps of those runs, where [train] does not ask for fewer.")
    beyond_candidates: int = Field(
        128, ge=64, le=1_000_000, description="Values that each planted secret is ranked among; all of them are scored."
    )
    match: Literal["steps", "epochs"] = Field(
        "steps", description="What arms have in common: optimiser steps, or passes over their own rows."
    )
    clean_label: str | None = Field(
        None, description="Column of verified labels by which held-out rows are scored; it is never trained on."
    )
    keep_together: list[str] = Field(
        default_factory=list,
        description="Columns such as author or thread: rows that share a value are never both trained and evaluated on.",
    )
    delta: float | None = Field(
        None,
        gt=0,
        description="Differences inside ±delta count as none; 0.01 (one accuracy point, or 0.01 nats) when left out.",
    )
    heldout_fraction: float = Field(
        0.2, gt=0, lt=1, description="Share of rows set aside for evaluation where the data has no evaluation split."
    )
    max_train_rows: int = Field(
        20000, ge=50, description="Larger training sets are thinned to this many rows, the same ones for every arm."
    )


class RecipeFile(Section):
    schema_version: int = SCHEMA_VERSION
    data: DataSection = DataSection()
    run: RunSection = RunSection()
    keep: KeepSection = KeepSection()
    stages: dict[str, dict[str, Any]] = Field(default_factory=dict)
    train: TrainSection = TrainSection()
    tune: TuneSection = TuneSection()
    ablation: AblationSection = AblationSection()
    gate: dict[str, Any] = Field(default_factory=dict)
