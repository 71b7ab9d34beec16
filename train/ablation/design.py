"""What an ablation asks: which arms answer which question, with how many seeds, looked at when.

Presets say what a design may claim. *quick* (3 seeds) shows large effects; *claim* (at least 8 seeds, at most six
stages) is for a number that others will read. With `sequential`, both may add seeds up to their most, looking after
each group of them (see `sequential` for the price of looking). Pure Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from curate.errors import ConfigError
from train.ablation.shapley import Coalition, Order

QUICK, CLAIM = "quick", "claim"
MOST_STAGES = 6
MATCHES = ("steps", "epochs")


@dataclass(frozen=True)
class Preset:
    """Seeds of a preset, and what it cannot show."""

    seeds: int
    """Seeds where nothing else is said, and the fewest looked at."""
    most: int
    """Seeds that a sequential ablation may add up to."""
    every: int
    """Seeds between two looks."""
    words: str


PRESETS: dict[str, Preset] = {
    QUICK: Preset(
        3, 8, 1,
        "The quick preset (3 seeds) shows large effects only: it cannot show a gain of one point, its sign-flip test "
        "cannot fall below p = 0.25, and it is no basis for a claim; `curate ablate RUN --preset claim` is.",
    ),
    CLAIM: Preset(8, 16, 2, ""),
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What one stage does."""

    stage: str
    alone: str
    """Name of the arm with this stage and no other."""
    without: str
    """Name of the arm with every stage but this."""
    control: str
    """Name of the arm with a random control of this stage."""


@dataclass(frozen=True)
class Design:
    """The seeds, the looks and the questions of an ablation."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """All seeds that may be trained."""
    looks: tuple[int, ...] = ()
    """Numbers of seeds after which is looked, the last all of them; empty for one look at the end."""
    preset: str = ""
    match: str = "steps"
    """What arms have in common: optimiser `steps` and the targets learned in them, or `epochs` (passes over own rows)."""
    questions: tuple[Question, ...] = ()
    orders: tuple[Order, ...] = ()
    """Orders of stages that Shapley values are averaged over; empty for none."""
    coalitions: Mapping[Coalition, str] = field(default_factory=dict)
    """Name of the arm of each set of stages that the orders pass through."""
    notes: tuple[str, ...] = ()
    """What was asked and cannot be answered, in sentences."""

    def __post_init__(self) -> None:
        looks = self.looks or (len(self.seeds),)
        if list(looks) != sorted(set(looks)) or looks[-1] != len(self.seeds) or looks[0] < 1:
            raise ConfigError(f"looks must ascend to the number of seeds, got {looks} for {len(self.seeds)} seeds")
        if self.match not in MATCHES:
            raise ConfigError(f"match is {self.match!r}; it may be {' or '.join(MATCHES)}")
        object.__setattr__(self, "looks", looks)

    @property
    def sequential(self) -> bool:
        """Whether seeds are added until there is a verdict."""
        return len(self.looks) > 1


def seeds_of(preset: str, first: int, seeds: int | None = None, *, sequential: bool = False) -> Design:
    """The seeds and looks of a preset, counted from seed `first`; `seeds` asks for another number (the most, where
    `sequential`)."""
    if preset not in PRESETS:
        raise ConfigError(f"there is no preset {preset!r}; presets are {', '.join(PRESETS)}")
    rule = PRESETS[preset]
    fewest = rule.seeds
    if seeds is not None and seeds < fewest:
        raise ConfigError(f"the {preset} preset needs at least {fewest} seeds, got {seeds}")
    most = (seeds or rule.most) if sequential else (seeds or fewest)
    looks = (*range(fewest, most, rule.every), most) if sequential else (most,)
    return Design(tuple(range(first, first + most)), looks, preset)


def check_stages(preset: str, stages: Sequence[str]) -> None:
    """Raise ConfigError where a claim asks about more stages than its seeds can carry."""
    if preset == CLAIM and len(stages) > MOST_STAGES:
        raise ConfigError(
            f"the claim preset asks about at most {MOST_STAGES} stages, got {len(stages)} ({', '.join(stages)}); "
            "name some with --stages, or use the quick preset"
        )
