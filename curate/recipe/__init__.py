"""The recipe: one TOML file that says what to run.

Pydantic checks what people write (unknown keys name the nearest known one); inside, everything is frozen dataclasses.
A recipe stands in `curate.toml` or under `[tool.curate]` in `pyproject.toml`. Every key has a default, so a recipe may
be empty, and the same object can be built in Python with `Recipe()`.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from curate.errors import ConfigError, nearest
from curate.house import require
from curate.ledger.keep_order import SCORED
from curate.ledger.resolve import OnFinding, Policy, StagePolicy
from curate.ledger.sightings import STAGE as PEOPLE
from curate.recipe.checking import checked_settings, explained
from curate.recipe.sections import SCHEMA_VERSION, AblationSection, DataSection, KeepSection, RecipeFile, RunSection
from curate.stages.registry import BUILT_IN, about, get_stage, known_stages

POLICY_KEYS = ("enabled", "on_finding", "auto")


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
            checked = RecipeFile.model_validate(dict(raw))
        except ValidationError as error:
            raise ConfigError(_together(path, [*explained(error, RecipeFile), *_stage_problems(raw, path)])) from None
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

    def narrowed(self, *stages: str) -> Recipe:
        """A copy that runs these stages alone, for a question beside the run. A keep policy that rests on the scores of a
        stage left out gives way to the first copy: which of them stays is not what is asked."""
        keep = self.keep
        if keep.quality_column == SCORED and SCORED not in stages:
            keep = keep.model_copy(update={"policy": "first", "quality_column": None})
        return dataclasses.replace(self, run=self.run.model_copy(update={"stages": list(stages)}), keep=keep)

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
