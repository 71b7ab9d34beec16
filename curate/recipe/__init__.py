"""The recipe: one TOML file that says what to run.

Pydantic checks what people write (unknown keys name the nearest known one); inside, everything is frozen dataclasses.
A recipe stands in `curate.toml` or under `[tool.curate]` in `pyproject.toml`. Every key has a default, so a recipe may
be empty, and the same object can be built in Python with `Recipe()`.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from curate.errors import ConfigError, nearest
from curate.house import require
from curate.ledger.resolve import OnFinding, Policy, StagePolicy
from curate.ledger.sightings import STAGE as PEOPLE
from curate.stages.registry import BUILT_IN, about, get_stage, known_stages

SCHEMA_VERSION = 1
POLICY_KEYS = ("enabled", "on_finding", "auto")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSection(_Section):
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


class RunSection(_Section):
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


class KeepSection(_Section):
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


class TrainSection(_Section):
    """[train]: settings of the LoRA trainer; see `curate config schema`."""

    model_config = ConfigDict(extra="allow", frozen=True)


class TuneSection(_Section):
    """[tune]: how `curate tune` searches the settings of [train]; see `curate config schema`."""

    model_config = ConfigDict(extra="allow", frozen=True)


class AblationSection(_Section):
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
    beyond_steps: int = Field(
        32, ge=10, description="Optimiser steps of those runs, where [train] does not ask for fewer."
    )
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


class _RecipeFile(_Section):
    schema_version: int = SCHEMA_VERSION
    data: DataSection = DataSection()
    run: RunSection = RunSection()
    keep: KeepSection = KeepSection()
    stages: dict[str, dict[str, Any]] = Field(default_factory=dict)
    train: TrainSection = TrainSection()
    tune: TuneSection = TuneSection()
    ablation: AblationSection = AblationSection()
    gate: dict[str, Any] = Field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class StageChoice:
    """One stage of a recipe: its own settings and what happens to its findings."""

    name: str
    config: Any
    policy: StagePolicy


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A checked recipe."""

    data: DataSection = dataclasses.field(default_factory=DataSection)
    run: RunSection = dataclasses.field(default_factory=RunSection)
    keep: KeepSection = dataclasses.field(default_factory=KeepSection)
    stage_settings: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    train: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    ablation: AblationSection = dataclasses.field(default_factory=AblationSection)
    gate: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """`[gate]` as written, checked by `audit.gate`."""
    path: Path | None = None
    tune: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def parse(cls, raw: Mapping[str, Any], path: Path | None = None) -> Recipe:
        """Check a mapping as read from TOML; ConfigError names every wrong key and what is allowed."""
        try:
            checked = _RecipeFile.model_validate(dict(raw))
        except ValidationError as error:
            raise ConfigError(_together(path, [*_explain(error), *_stage_problems(raw, path)])) from None
        if checked.schema_version != SCHEMA_VERSION:
            raise ConfigError(
                f"{path or 'recipe'}: schema_version {checked.schema_version} is not understood; this is version "
                f"{SCHEMA_VERSION}"
            )
        recipe = cls(
            checked.data,
            checked.run,
            checked.keep,
            checked.stages,
            dict(checked.train.model_extra or {}),
            checked.ablation,
            checked.gate,
            path,
            dict(checked.tune.model_extra or {}),
        )
        if problems := _stage_problems(raw, path):  # now, not in the middle of a run
            raise ConfigError(_together(path, problems))
        recipe.stages()
        recipe.train_config()
        if recipe.tune:  # the study's package is heavy, and its defaults need no check
            recipe.tune_config()
        if recipe.gate:
            require("audit.gate.policy").parse_policy(recipe.gate, f"{path or 'recipe'}: [gate]")
        return recipe

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read `curate.toml`, or the `[tool.curate]` table of a `pyproject.toml`."""
        path = Path(path)
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"there is no recipe at {path}; `curate init INPUT` writes one") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is not valid TOML: {error}") from None
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
        if path.name == "pyproject.toml":
            if "curate" not in raw.get("tool", {}):
                raise ConfigError(f"{path} has no [tool.curate] table; `curate init INPUT` writes a recipe")
            raw = raw["tool"]["curate"]
        return cls.parse(raw, path)

    def with_(
        self,
        *,
        input: str | None = None,  # noqa: A002
        stages: list[str] | None = None,
        engine: str | None = None,
        **data: Any,
    ) -> Recipe:
        """A copy with another input, stages, engine, or other `[data]` keys; a role given replaces only that role."""
        changes: dict[str, Any] = {k: v for k, v in data.items() if v}
        if "roles" in changes:
            changes["roles"] = {**self.data.roles, **changes["roles"]}
        if input is not None:
            changes["input"] = input
        given = {"stages": stages, "engine": engine}
        run = self.run.model_copy(update={key: value for key, value in given.items() if value is not None})
        out = dataclasses.replace(self, data=self.data.model_copy(update=changes), run=run)
        for name in out.stage_names():
            if name in self.stage_settings:  # defaults need no check, and a stage that never runs need not be loaded
                out.choice(name)
        return out

    def only_flagging(self, *names: str) -> Recipe:
        """A copy in which these stages run for their hints and change nothing."""
        settings = {k: dict(v) for k, v in self.stage_settings.items()}
        for name in names:
            settings.setdefault(name, {})["on_finding"] = "flag"
        return dataclasses.replace(self, stage_settings=settings)

    def with_settings(self, stage: str, **settings: Any) -> Recipe:
        """A copy in which some settings of one stage are others."""
        if not settings:
            return self
        changed = {**self.stage_settings, stage: {**self.stage_settings.get(stage, {}), **settings}}
        out = dataclasses.replace(self, stage_settings=changed)
        out.choice(stage)
        return out

    def stage_names(self) -> list[str]:
        """Enabled stages in order of precedence."""
        names = self.run.stages if self.run.stages is not None else list(BUILT_IN)
        extra = [] if self.run.stages is not None else [n for n in self.stage_settings if n not in names]
        for name in [*names, *self.stage_settings]:
            if name not in known_stages():
                raise ConfigError(f"{self._where()}there is no stage {name!r}; {nearest(name, known_stages())}")
        on = [*dict.fromkeys(names), *extra]
        return [n for n in on if self.stage_settings.get(n, {}).get("enabled", True)]

    def stages(self) -> list[StageChoice]:
        """Enabled stages with their checked settings."""
        return [self.choice(name) for name in self.stage_names()]

    def asked_for(self, name: str) -> bool:
        """Whether this stage was listed by name, rather than run because all are."""
        return name in (self.run.stages or ())

    def train_config(self) -> Any:
        """The `[train]` table as a `train.config.TrainConfig`, checked."""
        return checked_settings(require("train.config").TrainConfig, self.train, f"{self._where()}[train]")

    def tune_config(self, asked: Mapping[str, Any] | None = None) -> Any:
        """The `[tune]` table as a `train.tune.config.TuneConfig`, checked; `asked` goes before it."""
        config = require("train.tune.config").TuneConfig
        return checked_settings(config, {**self.tune, **(asked or {})}, f"{self._where()}[tune]")

    def policy(self) -> Policy:
        """What `resolve` needs to know of this recipe."""
        stages = {choice.name: choice.policy for choice in self.stages()}
        private = frozenset({*about("privacy", stages), PEOPLE})
        return Policy(stages, private, per_cluster=self.keep.per_cluster, target_rows=self.keep.target_rows)

    def to_dict(self) -> dict[str, Any]:
        """The recipe with every default written out, as the manifest records it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "data": self.data.model_dump(),
            "run": self.run.model_dump(),
            "keep": self.keep.model_dump(),
            "stages": {
                **{
                    c.name: {"on_finding": c.policy.on_finding, "auto": c.policy.auto, **dataclasses.asdict(c.config)}
                    for c in self.stages()
                },
                **{name: {"enabled": False} for name in self._left_out()},
            },
            "train": dict(self.train),
            **({"tune": dict(self.tune)} if self.tune else {}),
            "ablation": self.ablation.model_dump(),
            "gate": dict(self.gate),
        }

    def _left_out(self) -> list[str]:
        """Stages that would run by default and are switched off; a recipe read back must leave them out again."""
        on = self.stage_names()
        return [] if self.run.stages is not None else [name for name in BUILT_IN if name not in on]

    def choice(self, name: str) -> StageChoice:
        """One stage with its checked settings, whether it is enabled or not."""
        stage = get_stage(name)
        given = dict(self.stage_settings.get(name, {}))
        where = f"{self._where()}[stages.{name}]"
        common = {key: given.pop(key) for key in POLICY_KEYS if key in given}
        config = checked_settings(stage.config, given, where, also=POLICY_KEYS)
        if hasattr(config, "located"):  # paths among its settings are relative to the recipe
            config = config.located(self.path.parent if self.path else Path())
        shared = checked_settings(_StageKeys, common, where)
        on_finding = shared.on_finding or stage.on_finding
        thresholds = (getattr(config, key, None) for key in ("threshold", "weighted_threshold", "part_threshold"))
        return StageChoice(name, config, StagePolicy(on_finding, shared.auto, *thresholds))

    def _where(self) -> str:
        return f"{self.path}: " if self.path else ""


@dataclasses.dataclass(frozen=True)
class _StageKeys:
    enabled: bool = True
    on_finding: OnFinding | None = None
    auto: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.auto <= 1:
            raise ValueError("auto must lie in 0..1")


def checked_settings(cls: type[Any], given: Mapping[str, Any], where: str, also: Sequence[str] = ()) -> Any:
    """A dataclass from given values, types checked, with a message a person can act on.

    `also`: keys that may stand in the same table and are read elsewhere; a wrong key may have meant one of them.
    """
    known = [f.name for f in dataclasses.fields(cls)]
    wrong = [key for key in given if key not in known]
    if wrong:
        allowed = [*known, *also]
        raise ConfigError("; ".join(f"{where} has no key {key!r}; {nearest(key, allowed)}" for key in wrong))
    try:
        return _adapter(cls).validate_python(dict(given))
    except ValidationError as error:
        told = ((".".join(str(part) for part in item["loc"]), _plain(item["msg"])) for item in error.errors())
        raise ConfigError(f"{where} " + "; ".join(f"{key}: {said}" for key, said in told)) from None


def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    """Making one takes milliseconds, and a policy is asked for with every decision."""
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _plain(message: str) -> str:
    """What pydantic says, as a person would."""
    said = message.removeprefix("Value error, ")
    for start in ("Input should be ", "Input should "):
        if said.startswith(start):
            return f"must {'be ' if start.endswith('be ') else ''}{said.removeprefix(start)}"
    return said


def _together(path: Path | None, problems: list[str]) -> str:
    """One problem on the line of the recipe's name, several on a line each."""
    where = f"{path or 'recipe'}: "
    told = [problem.removeprefix(where) for problem in problems]
    return where + (told[0] if len(told) == 1 else "".join(["several things are wrong", *(f"\n  {line}" for line in told)]))


def _stage_problems(raw: Mapping[str, Any], path: Path | None) -> list[str]:
    """What is wrong with the settings of each stage, all of it, as far as they can be read."""
    given = raw.get("stages")
    if not isinstance(given, Mapping):
        return []
    settings = {str(name): dict(keys) for name, keys in given.items() if isinstance(keys, Mapping)}
    recipe = Recipe(stage_settings=settings, path=path)
    out = []
    for name, keys in settings.items():
        if name not in known_stages():
            out.append(f"{path or 'recipe'}: there is no stage {name!r}; {nearest(name, known_stages())}")
        elif keys.get("enabled", True):
            try:
                recipe.choice(name)
            except ConfigError as error:
                out.append(str(error))
    return out


def _explain(error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors():
        loc = [str(part) for part in item["loc"]]
        if item["type"] == "extra_forbidden":
            known = _known_keys(loc[:-1])
            lines.append(f"unknown key {'.'.join(loc)!r}; {nearest(loc[-1], known)}")
        else:
            lines.append(f"{'.'.join(loc)}: {_plain(item['msg'])}")
    return lines


def _known_keys(section: list[str]) -> list[str]:
    model: Any = _RecipeFile
    for part in section:
        kind = model.model_fields[part].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
        model = kind
    return list(model.model_fields)
