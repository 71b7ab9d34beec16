"""The arms of an ablation: the same findings, resolved in different ways, as training data.

    base            the base model without an adapter
    raw             the training rows as they came
    curated         the training rows as the plan leaves them
    random_control  raw rows, as many removed at random as curation removed, with the class mix of what it kept

Evaluation rows are chosen once, from the raw data, before any arm is made, and whole near-duplicate clusters stay on
one side. Larger training sets are thinned to the same rows for every arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.errors import Cancelled
from curate.house import require
from curate.ledger.apply import Curated
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
TrainListener = Callable[[Mapping[str, Any]], None]


def train_config(recipe: Recipe, rows: Examples) -> TrainConfig:
    """The recipe's `[train]` table, checked.

    Where it says nothing of length, texts are seen `PASSES` times at most: a small set of conversations is learnt by
    heart long before the default number of steps, while a classifier's new head needs all of them.
    """
    ours = {"seed": recipe.run.seed, "threads": thread_count(recipe)}
    config: TrainConfig = recipe.train_config().replace(**{k: v for k, v in ours.items() if k not in recipe.train})
    if rows.task == "classification" or {"steps", "epochs"} & set(recipe.train):
        return config
    return config.replace(steps=min(config.steps, max(FEWEST_STEPS, -(-PASSES * len(rows) // config.batch_rows))))


def prove(
    detected: Detected, curated: Curated, out: Path, listener: TrainListener, cancelled: Callable[[], bool]
) -> dict[str, Any]:
    """Train every arm with every seed into `out/train/` and compare them; returns what `ablation.json` holds."""
    ablation = require("train.ablation")
    recipe = detected.recipe
    held = ablation.heldout_split(
        detected.dataset, detected.clusters(), recipe.run.seed, recipe.ablation.heldout_fraction
    )
    raw, cured, evaluation, note = training_sides(detected, curated, held)
    config = train_config(recipe, raw)

    def control(seed: int) -> Examples:
        kept = np.flatnonzero(np.isin(raw.ids, cured.ids))
        rows = ablation.random_control_rows(raw.labels or None, kept, len(raw), seed)
        return raw.take(rows)

    def tell(event: Mapping[str, Any]) -> None:
        if cancelled():
            raise Cancelled("stopped on request; finished training runs are kept")
        listener(event)

    result = ablation.run_ablation(
        [
            ablation.Arm("base", ablation.base_title(raw.task), raw, method="base"),
            ablation.Arm("raw", "raw data", raw),
            ablation.Arm("curated", "curated data", cured),
            ablation.Arm("random_control", "random removal of the same size", control),
        ],
        evaluation,
        config,
        seeds=[recipe.run.seed + k for k in range(recipe.ablation.seeds)],
        out_dir=out,
        progress=tell,
        canonical=canonical_names(detected, curated.plan),
        delta=recipe.ablation.delta,
        evaluation_note=note,
    )
    outcome: dict[str, Any] = result.to_json()
    return outcome


def training_sides(detected: Detected, curated: Curated, held: Any) -> tuple[Examples, Examples, Examples, str]:
    """(raw, curated, evaluation) examples and a sentence on where the evaluation rows come from."""
    from_dataset = require("train.examples").from_dataset
    dataset, clusters = detected.dataset, detected.clusters()
    chosen, thinned = _thinned(held.train_rows, detected.recipe)
    kept = np.flatnonzero(np.isin(curated.rows, chosen))
    raw = from_dataset(dataset, rows=chosen, clusters=clusters)
    cured = from_dataset(curated.dataset(), rows=kept, ids=curated.rows, clusters=clusters[curated.rows])
    evaluation = from_dataset(dataset, rows=held.eval_rows, clusters=clusters)
    seen = LABELS_SEEN if "label_issues" in detected.outcomes and dataset.labels() is not None else ""
    return raw, cured, evaluation, f"{held.note}{thinned}{seen}"


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


def train_one(detected: Detected, curated: Curated, out: Path, listener: TrainListener, *, seed: int) -> Any:
    """One adapter on the curated rows, scored on held-out rows; returns the trainer's `TrainedRun`."""
    ablation = require("train.ablation")
    recipe = detected.recipe
    held = ablation.heldout_split(
        detected.dataset, detected.clusters(), recipe.run.seed, recipe.ablation.heldout_fraction
    )
    _, cured, evaluation, note = training_sides(detected, curated, held)
    listener({"kind": "notice", "words": note})
    names = canonical_names(detected, curated.plan)
    labels = sorted({*cured.labels, *(names.get(label, label) for label in evaluation.labels)}) or None

    def tell(event: Mapping[str, Any]) -> None:
        listener({"arm": "curated", "seed": seed, "run": 1, "runs": 1, **event})

    return require("train.lora").train_adapter(
        cured,
        train_config(recipe, cured).replace(seed=seed),
        out,
        labels=labels,
        evaluation=evaluation,
        canonical=names,
        progress=tell,
    )
