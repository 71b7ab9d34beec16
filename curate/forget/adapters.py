"""Which adapters of a run were trained on given rows.

The ablation's split, arms and control are functions of the run's data, plan and seed, so they are worked out again
rather than stored. Under another plan than the one that was trained the curated arm may have differed, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.dataset.compression import file_hash
from curate.errors import CurateError
from curate.ledger.apply import apply
from curate.ledger.decisions import read_journal
from curate.pipeline import Detected
from curate.rundir import RunDir


@dataclass(frozen=True)
class Adapter:
    """One trained arm and the rows of a person that it saw."""

    arm: str
    seeds: tuple[int, ...]
    rows: tuple[int, ...]
    """Rows of the input it was trained on; of the curated arm, as curation left them."""
    note: str = ""


def adapters_of(detected: Detected, run: RunDir, rows: Sequence[int]) -> tuple[Adapter, ...]:
    """The arms under `train/` and which of `rows` each was trained on; nothing where nothing was trained."""
    folders: dict[str, list[int]] = {}
    for path in sorted((run.path / "train").glob("*/*")):
        if path.is_dir() and path.name.isdigit():
            folders.setdefault(path.parent.name, []).append(int(path.name))
    if not folders:
        return ()
    wanted = np.asarray(sorted(rows), np.int64)
    try:
        sides = _sides(detected, run, sorted({seed for seeds in folders.values() for seed in seeds}))
    except (CurateError, ImportError, ValueError) as error:
        note = f"its rows could not be worked out ({type(error).__name__}); take it that it saw these"
        return tuple(Adapter(arm, tuple(seeds), tuple(wanted.tolist()), note) for arm, seeds in folders.items())
    note = "" if sides["same_plan"] else "it was trained under an earlier plan, which may have kept other rows"
    out = []
    for arm, seeds in folders.items():
        seen = [sides.get((arm, seed), sides.get(arm)) for seed in seeds]
        if all(ids is None for ids in seen):
            said = "an arm of another kind: take it that it saw the rows"
            out.append(Adapter(arm, tuple(seeds), tuple(wanted.tolist()), said))
            continue
        mine = np.unique(np.concatenate([wanted[np.isin(wanted, ids)] for ids in seen if ids is not None]))
        out.append(Adapter(arm, tuple(seeds), tuple(mine.tolist()), note if arm == "curated" else ""))
    return tuple(out)


def _sides(detected: Detected, run: RunDir, seeds: Sequence[int]) -> dict[Any, Any]:
    """Rows by arm, the control's by arm and seed, and whether the plan is the one that was trained."""
    from curate import arms
    from curate.arms.evaluation import held_out, together
    from curate.workflow import load_ablation

    group = together(detected)
    held = held_out(detected, group)
    curated = apply(detected.dataset, detected.resolve(read_journal(run.decisions_path)))
    raw, cured, _, _ = arms.training_sides(detected, curated, held, group)
    out: dict[Any, Any] = {"base": np.zeros(0, np.int64), "raw": raw.ids, "curated": cured.ids}
    for seed in seeds:
        out["random_control", seed] = arms.control_rows(raw, cured.ids, seed).ids
    trained = load_ablation(run)
    plan = run.path / "plan.parquet"
    out["same_plan"] = trained is None or (plan.is_file() and trained.get("plan_hash") == file_hash(plan))
    return out
