"""An ablation: the arms that a recipe asks for, their training rows, and the verdict over them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.arms.evaluation import evaluation_of, held_out, together
from curate.arms.plans import ArmPlans
from curate.arms.spans import spans_column, with_spans
from curate.dataset import load
from curate.errors import Cancelled, ConfigError, DataError, nearest
from curate.house import require
from curate.ledger.apply import Curated
from curate.ledger.decisions import read_journal
from curate.ledger.plan import Plan
from curate.pipeline import Detected, thread_count
from curate.recipe import Recipe

if TYPE_CHECKING:
    from train.config import TrainConfig
    from train.examples import Examples

LABELS_SEEN = (
    " The models that judged the training labels had seen held-out labels (never the row itself), which may favour"
    " curation slightly."
)
PASSES, FEWEST_STEPS = 3, 20
OTHERS = "other_stages"
"""Stages that change data and were not asked about, as one player."""
TrainListener = Callable[[Mapping[str, Any]], None]


def train_config(recipe: Recipe, rows: Examples) -> TrainConfig:
    """The recipe's `[train]` table, checked.

    Where it says nothing of length, texts are seen `PASSES` times at most: a small set of conversations is learnt by
    heart long before the default number of steps, while a new head (of classes, of tags) needs all of them.
    """
    ours = {"seed": recipe.run.seed, "threads": thread_count(recipe)}
    config: TrainConfig = recipe.train_config().replace(**{k: v for k, v in ours.items() if k not in recipe.train})
    config = require("train.methods.rates").with_rates(config, recipe.train)
    if rows.task in ("classification", "extraction") or {"steps", "epochs"} & set(recipe.train):
        return config
    return config.replace(steps=min(config.steps, max(FEWEST_STEPS, -(-PASSES * len(rows) // config.batch_rows))))


@dataclass(frozen=True)
class Asked:
    """What an ablation is asked beyond whether curation helps; the recipe's `[ablation]` unless given."""

    preset: str
    seeds: int | None
    sequential: bool
    stages: tuple[str, ...]
    shapley: bool
    beyond: tuple[str, ...] = ()

    @classmethod
    def of(cls, recipe: Recipe, **given: Any) -> Asked:
        """The recipe's wishes, those `given` (not None) going first."""
        section = recipe.ablation
        wish: dict[str, Any] = {
            "preset": section.preset, "seeds": section.seeds, "sequential": section.sequential,
            "stages": tuple(section.stages), "shapley": section.shapley, "beyond": tuple(section.beyond),
        }  # fmt: skip
        return cls(**{**wish, **{name: value for name, value in given.items() if value is not None}})


def prove(
    detected: Detected,
    curated: Curated,
    out: Path,
    listener: TrainListener,
    cancelled: Callable[[], bool],
    asked: Asked | None = None,
) -> dict[str, Any]:
    """Train every arm with every seed into `out/train/` and compare them; returns what `ablation.json` holds."""
    ablation = require("train.ablation")
    recipe = detected.recipe
    require("train.trackers").check(recipe.train_config())
    asked = asked or Asked.of(recipe)
    parts = require("train.ablation.beyond.wish").checked_parts(asked.beyond)
    group = together(detected)
    held = held_out(detected, group)
    raw, cured, _, note = training_sides(detected, curated, held, group)
    journal = read_journal(out / "decisions.jsonl")
    evaluation = evaluation_of(detected, journal, held, group, note)
    plans = ArmPlans(detected, journal, np.sort(raw.ids))
    arms, design = stage_arms(asked, plans, lambda c: _side_or_empty(c, held, group, recipe, raw.task))
    first = ablation.seeds_of(asked.preset, recipe.run.seed, asked.seeds, sequential=asked.sequential)
    design = dataclasses.replace(
        design, match=recipe.ablation.match, seeds=first.seeds, looks=first.looks, preset=first.preset
    )

    def tell(event: Mapping[str, Any]) -> None:
        if cancelled():
            raise Cancelled("stopped between two steps of training")
        listener(event)

    result = ablation.run_ablation(
        [
            ablation.Arm("base", ablation.base_title(raw.task), raw, method="base"),
            ablation.Arm("raw", "raw data", raw),
            ablation.Arm("curated", "curated data", cured),
            ablation.Arm("random_control", "random removal of the same size", partial(control_rows, raw, cured.ids)),
            *arms,
        ],
        evaluation,
        train_config(recipe, raw),
        out_dir=out,
        design=design,
        progress=tell,
        canonical=canonical_names(detected, curated.plan),
        delta=recipe.ablation.delta,
    )
    if parts:
        from curate.arms.beyond import beyond

        exam = evaluation.primary
        found = beyond(detected, curated, journal, held, group, exam, out, tell, parts, first.seeds[: first.looks[0]])
        result = dataclasses.replace(result, beyond=found)
    outcome: dict[str, Any] = result.to_json()
    outcome |= _tracked(recipe.train_config(), outcome, evaluation.examples.fingerprint(), out)
    return outcome


def _tracked(config: TrainConfig, outcome: Mapping[str, Any], evaluation_hash: str, out: Path) -> dict[str, Any]:
    """The verdict as a run of the tracker, in the group of the arms' runs; nothing without a tracker."""
    if not config.tracker:
        return {}
    trackers = require("train.trackers")
    base_hash = require("train.base").resolve_base(config.base).fingerprint()
    told = {"verdict": outcome["verdict"], "words": outcome["words"]}
    told |= {f"arm/{arm['name']}": arm["mean"] for arm in outcome["arms"] if arm["mean"] is not None}
    for one in outcome["comparisons"]:
        told |= {f"{one['a']} against {one['b']}/{name}": one[name] for name in ("delta", "low", "high")}
    found: dict[str, Any] = trackers.track_outcome(
        config, "verdict", trackers.group_of(base_hash, evaluation_hash), told, out / "train" / "verdict",
        base_hash=base_hash, evaluation_hash=evaluation_hash,
    )  # fmt: skip
    return found


def control_rows(raw: Examples, kept_ids: np.ndarray, seed: int) -> Examples:
    """Raw rows less as many at random as are not among `kept_ids`, of the same labels (for extraction: with spans
    of the same labels) and about the same lengths."""
    kept = np.flatnonzero(np.isin(raw.ids, kept_ids))
    lengths = np.array(list(map(len, raw.keys())))
    draw = require("train.ablation").random_control_rows
    kinds = raw.labels or tuple(" ".join(sorted({label for *_, label in row})) for row in raw.spans)
    return raw.take(draw(kinds or None, kept, len(raw), seed, lengths))


def known_stages(wanted: Iterable[str], known: Iterable[str]) -> None:
    """ConfigError for the first stage that the run does not have."""
    known = list(known)
    if unknown := next((name for name in wanted if name not in known), None):
        raise ConfigError(f"this run has no stage {unknown!r}; {nearest(unknown, known)}")


def stage_arms(asked: Asked, plans: ArmPlans, side: Callable[[Curated], Examples]) -> tuple[list[Any], Any]:
    """Arms of single stages, and the design that asks about them.

    Stages that change no training row get no arm. Those that change rows and were not asked about are one player
    together, so that Shapley values always add up to the whole effect.
    """
    ablation = require("train.ablation")
    if not asked.stages and not asked.shapley:
        return [], ablation.Design()
    effective = plans.effective()
    known = plans.detected.recipe.policy().stages
    wanted = effective if not asked.stages or "all" in asked.stages else asked.stages
    known_stages(wanted, known)
    idle = [name.replace("_", " ") for name in wanted if name not in effective]
    notes = tuple(f"The stage {name} changes no training row, so there is nothing to compare." for name in idle)
    named = tuple(name for name in effective if name in wanted)
    ablation.check_stages(asked.preset, named)
    names: dict[frozenset[str], str] = {frozenset(): "raw", frozenset(effective): "curated"}
    arms: list[Any] = []

    def arm_of(stages: frozenset[str], name: str, title: str) -> str:
        """The arm of a set of stages, made once."""
        if stages not in names:
            names[stages] = name
            arms.append(ablation.Arm(name, title, side(plans.of(stages))))
        return names[stages]

    questions = []
    for name in named if asked.stages else ():
        said = name.replace("_", " ")
        alone = arm_of(frozenset((name,)), f"only_{name}", f"only {said}")
        without = arm_of(frozenset(effective) - {name}, f"without_{name}", f"every stage but {said}")
        draw = partial(_control, plans, side, name)
        arms.append(ablation.Arm(f"control_{name}", f"random control of {said}", draw))
        questions.append(ablation.Question(name, alone, without, f"control_{name}"))
    if not asked.shapley or not named:
        return arms, ablation.Design(questions=tuple(questions), notes=notes)
    orders, coalitions = divided(effective, named, arm_of, plans.detected.recipe.run.seed)
    return arms, ablation.Design(questions=tuple(questions), orders=orders, coalitions=coalitions, notes=notes)


def divided(
    effective: Sequence[str], named: Sequence[str], arm_of: Callable[[frozenset[str], str, str], str], seed: int
) -> tuple[tuple[Any, ...], dict[frozenset[str], str]]:
    """The orders behind Shapley values of `named` stages, all others being one player, and the arm of each set."""
    shapley = require("train.ablation.shapley")
    others = tuple(name for name in effective if name not in named)
    orders = shapley.orders_of((*named, *((OTHERS,) if others else ())), seed=seed)
    coalitions = {}
    for players_in in shapley.coalitions_of(orders):
        stages = frozenset(s for player in players_in for s in (others if player == OTHERS else (player,)))
        kept = [s for s in effective if s in stages]
        title = "only " + ", ".join(s.replace("_", " ") for s in kept)
        coalitions[players_in] = arm_of(stages, "only_" + "+".join(kept), title)
    return tuple(orders), coalitions


def _control(plans: ArmPlans, side: Callable[[Curated], Examples], stage: str, seed: int) -> Examples:
    return side(plans.control(stage, seed))


def _side_or_empty(curated: Curated, held: Any, group: np.ndarray, recipe: Recipe, task: str) -> Examples:
    """Training rows, or none where an arm ends without a usable one: that arm fails, and the others do not."""
    try:
        return side_of(curated, held, group, recipe)
    except DataError:
        empty: Examples = require("train.examples").Examples(task, np.zeros(0, np.int64))
        return empty


def training_sides(
    detected: Detected, curated: Curated, held: Any, group: np.ndarray | None = None
) -> tuple[Examples, Examples, Examples, str]:
    """(raw, curated, evaluation) examples and sentences on where the evaluation rows come from and what was left out."""
    from_dataset = require("train.examples").from_dataset
    dataset = detected.dataset
    group = together(detected) if group is None else group
    chosen, thinned = _thinned(held.train_rows, detected.recipe)
    unwanted = learns_from_unwanted(detected.recipe)
    spans = spans_column(detected.recipe)
    raw = from_dataset(
        dataset, rows=chosen, clusters=group, weights=dataset.weights(), spans_column=spans, unwanted=unwanted
    )
    cured = _side_or_empty(curated, held, group, detected.recipe, raw.task)
    evaluation = from_dataset(dataset, rows=held.eval_rows, clusters=group, spans_column=spans, unwanted=unwanted)
    seen = LABELS_SEEN if "label_issues" in detected.outcomes and dataset.labels() is not None else ""
    lost = "".join(f" {words}" for words in cured.notes if words not in raw.notes) if spans else ""
    return raw, cured, evaluation, f"{held.note}{thinned}{seen}{lost}"


def side_of(
    curated: Curated, held: Any, group: np.ndarray, recipe: Recipe, chosen: np.ndarray | None = None
) -> Examples:
    """The training rows of curated data; `chosen` are the raw rows that they may come from."""
    chosen = _thinned(held.train_rows, recipe)[0] if chosen is None else chosen
    if spans := spans_column(recipe):
        return with_spans(curated, spans, chosen, group, curated.training_weights())
    parents = np.concatenate([curated.rows, curated.parents])  # an added row stays on the side of the row it was made from
    kept = np.flatnonzero(np.isin(parents, chosen))
    ids = np.concatenate([curated.rows, curated.raw.n_rows + np.arange(len(curated.parents))])
    examples: Examples = require("train.examples").from_dataset(
        curated.with_added(), rows=kept, ids=ids, clusters=group[parents], weights=curated.training_weights(),
        unwanted=learns_from_unwanted(recipe),
    )
    return examples


def learns_from_unwanted(recipe: Recipe) -> bool:
    """Whether answers that are marked as unwanted are something to learn from."""
    return recipe.train.get("objective") == "kto"


def canonical_names(detected: Detected, plan: Plan) -> dict[str, str]:
    """Each label spelling and the name that the plan gives it, so that truth and predictions are compared by name.

    Taken from the spelling changes that apply, not from what was proposed: a merge that a person rejected stays two
    classes, and one that a person accepted is one class for every arm.
    """
    labels = detected.dataset.labels()
    if labels is None:
        return {}
    applied = plan.applied("relabel")
    spelling = applied.filter(pc.equal(applied["stage"].cast(pa.string()), "label_names"))
    given = labels.take(spelling["row"].combine_chunks()).to_pylist()
    return {g: n for g, n in zip(given, spelling["replacement"].to_pylist()) if g is not None and n}


def _thinned(rows: np.ndarray, recipe: Recipe) -> tuple[np.ndarray, str]:
    limit = recipe.ablation.max_train_rows
    if len(rows) <= limit:
        return rows, ""
    key = [xxhash.xxh3_64_intdigest(int(r).to_bytes(8, "little"), seed=recipe.run.seed) for r in rows]
    chosen = np.sort(rows[np.argsort(np.array(key, np.uint64), kind="stable")[:limit]])
    return chosen, f" Of {len(rows):,} training rows, {limit:,} drawn by hash are used, the same for every arm."


def rules_by_row(detected: Detected) -> dict[int, list[str]]:
    """The names of the rules that found something in a row, by row number: what an alert of the trainer names."""
    found: dict[int, list[str]] = {}
    table = detected.findings
    for row, rule in zip(table["row"].to_pylist(), table["rule"].cast(pa.string()).to_pylist(), strict=True):
        if row is not None:
            found.setdefault(row, []).append(str(rule))
    return found


def real_world(detected: Detected) -> Examples | None:
    """The rows of `[train] real_world`, read as the data is; None where the recipe names none."""
    recipe = detected.recipe
    named = str(recipe.train.get("real_world") or "")
    if not named:
        return None
    path = Path(named)
    if not path.is_absolute() and recipe.path is not None and not path.exists():
        path = recipe.path.parent / path
    given = recipe.data.roles  # what stands beside a prompt may be missing from another file
    kept = {role: list(columns) for role, columns in detected.dataset.roles.items() if role != "context" or role in given}
    dataset = load(path, roles=kept, task=detected.dataset.task, on_bad_row=recipe.data.on_bad_row)
    rows: Examples = require("train.examples").from_dataset(dataset)
    return rows


def replayed(detected: Detected) -> Examples | None:
    """The rows of the file that `[train] replay` names, in whatever shape they are; None where it names none."""
    recipe = detected.recipe
    named = str(recipe.train.get("replay") or "")
    if not named or named == "self":
        return None
    path = Path(named)
    if not path.is_absolute() and recipe.path is not None and not path.exists():
        path = recipe.path.parent / path
    rows: Examples = require("train.examples").from_dataset(load(path, on_bad_row=recipe.data.on_bad_row))
    return rows
