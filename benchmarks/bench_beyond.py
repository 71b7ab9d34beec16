"""Everything that is measured beyond accuracy, on the sample tickets: how long, and what it says.

    python -m benchmarks.bench_beyond [--parts all] [--rows N] [--steps N] [--out runs/bench-beyond] [--base bundled]

Curates the sample data, trains the verdict's arms with the demonstration's settings (not counted, and kept for the next
time), then measures. The target is 15 minutes on two cores for all parts; processor seconds, children counted, stand beside
wall time, since other programs change only the latter.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

from benchmarks.ablation_scenarios import processor_seconds
from curate import workflow
from curate.cli.demo import DEMO_TRAINING, sample_folder
from curate.cli.narrate import Narrator
from curate.recipe import Recipe
from curate.recipe.sections import AblationSection


def main() -> int:
    parser = argparse.ArgumentParser(description="Time and outcome of what is measured beyond accuracy.")
    parser.add_argument("--parts", default="all", help="parts, with commas")
    parser.add_argument("--rows", type=int, default=AblationSection().beyond_rows)
    parser.add_argument("--steps", type=int, default=AblationSection().beyond_steps)
    parser.add_argument("--out", type=Path, default=Path("runs/bench-beyond"))
    parser.add_argument("--base", default="bundled")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    training = {**DEMO_TRAINING, "base": asked.base}
    ablation = {"beyond_rows": asked.rows, "beyond_steps": asked.steps}
    source = str(sample_folder() / "support_tickets.jsonl")
    recipe = Recipe.parse({"data": {"input": source}, "train": training, "ablation": ablation})
    narrator = Narrator()
    workflow.run(recipe, out=asked.out, train=False, listener=narrator.stage)
    workflow.train_run(asked.out, training=narrator.training)
    before, began = processor_seconds(), time.perf_counter()
    result = workflow.train_run(asked.out, training=narrator.training, beyond=tuple(asked.parts.split(",")))
    wall, used = time.perf_counter() - began, processor_seconds() - before
    assert result.ablation is not None
    found = result.ablation["beyond"]
    print(f"load {os.getloadavg()[0]:.0f}: {wall:.0f} s wall, {used:.0f} processor seconds")
    print(f"{found['seconds']:.0f} s of the wall time are the measurement's own")
    for part in ("fairness", "memory", "receipts", "frontiers", "flips", "forgetting"):
        if found.get(part):
            print(f"{part}: {found[part]['words']}")
    print(*found["notes"], sep="\n")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
