"""Three stories that the ablation must tell rightly, with real training of the bundled base on Banking77.

    python -m benchmarks.ablation_scenarios noise|harmful|placebo|all [--rows 800] [--steps 60] [--seeds 3] [--tiny]

*noise*: a fifth of the training labels are wrong as annotators get them wrong, a tenth of the rows stand twice, and a
third of the test rows leak into training. Held-out rows are scored by the labels they came with. The label stage must
come out with the right sign, the duplicates stage with none that is claimed, the leak with its inflation.
*harmful*: a plug-in stage drops every row of one class; the verdict must be "harmed". *placebo*: a stage that drops 2 %
of the rows at random, twenty times over, each beside raw runs of its own; false claims must be as rare as
`simulate_ablation` says. `--layers -1` trains the last layer of the base alone, with what lies below kept: twenty placebos
are 180 runs. *all*: the three one after the other with the sizes of `SIZES`, about a quarter of an hour on two cores. Runs
resume.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.labels.noise import flipped

DATA = Path(__file__).parents[2] / "shared" / "data" / "banking77"
INTENTS = 12
TRAINING = {"batch_rows": 16, "max_length_tokens": 48}
NOISE, TWICE, LEAKED, DROPPED = 0.2, 0.1, 1 / 3, 0.02
SIZES: dict[str, dict[str, Any]] = {
    "noise": {"rows": 600, "steps": 40, "layers": []},
    "harmful": {"rows": 300, "steps": 25, "layers": []},
    "placebo": {"rows": 400, "steps": 30, "layers": [-1]},
}
"""What `all` runs each story with."""
PLUG_IN = '''
from dataclasses import dataclass
import numpy as np
from curate.ledger.findings import make_findings
from curate.stages.base import Detection, Stage

@dataclass(frozen=True)
class Config:
    label: str = ""
    """Label whose rows go."""

def detect(dataset, config, context):
    rows = np.flatnonzero([label == config.label for label in dataset.labels().to_pylist()])
    return Detection(make_findings("drops_a_class", dataset.row_ids, row=rows, rule="class", action="drop", score=1.0,
                                   reason="its label is the one to be dropped."))

STAGE = Stage("drops_a_class", "Drops a class", 1, Config, detect, "apply")
'''


def banking(rows: int, held: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Train and test rows of some intents, spread over the alphabet."""
    sides = []
    for name, count in (("train.csv", rows), ("test.csv", held)):
        with (DATA / name).open(encoding="utf-8") as file:
            found = [(row["text"], row["category"]) for row in csv.DictReader(file)]
        intents = sorted({label for _, label in found})
        chosen = set(intents[:: len(intents) // INTENTS][:INTENTS])
        found = [row for row in found if row[1] in chosen]
        order = np.random.default_rng(0).permutation(len(found))[:count]
        sides.append([found[i] for i in sorted(order)])
    return sides[0], sides[1]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Rows as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def noisy_rows(train: list[tuple[str, str]], test: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Training rows with wrong labels and copies, test rows as they are, and their leaks."""
    names = sorted({label for _, label in train})
    truth = np.array([names.index(label) for _, label in train])
    wrong = flipped("annotator", [text for text, _ in train], truth, NOISE, 1)
    rows = [
        {"text": text, "label": names[int(given)], "clean": label, "split": "train"}
        for (text, label), given in zip(train, wrong, strict=True)
    ]
    rng = np.random.default_rng(2)
    rows += [rows[i] for i in rng.choice(len(train), round(TWICE * len(train)), replace=False)]
    leaked = set(rng.choice(len(test), round(LEAKED * len(test)), replace=False).tolist())
    tests = [{"text": text, "label": label, "clean": label, "split": "test"} for text, label in test]
    return [*rows, *({**tests[i], "split": "train"} for i in sorted(leaked)), *tests]


def run(folder: Path, rows: list[dict[str, Any]], recipe: dict[str, Any], **asked: Any) -> dict[str, Any]:
    """Curate and ablate; the content of `ablation.json`."""
    from curate import workflow
    from curate.cli.narrate import Narrator
    from curate.recipe import Recipe

    path = write(folder / "rows.jsonl", rows)
    roles = {"text": "text", "label": "label", "split": "split"}
    made = Recipe.parse({"data": {"input": str(path), "roles": roles, "task": "classification"}, **recipe})
    narrator = Narrator()
    workflow.run(made, out=folder / "run", train=False, listener=narrator.stage)
    result = workflow.train_run(folder / "run", training=narrator.training, **asked)
    assert result.ablation is not None
    return result.ablation


def noise(out: Path, arguments: argparse.Namespace) -> None:
    """Wrong labels, copies and a leak."""
    train, test = banking(arguments.rows, arguments.rows // 2)
    recipe = {
        "run": {"stages": ["exact_duplicates", "near_duplicates", "contamination", "label_names", "label_issues"]},
        "stages": {"label_issues": {"on_finding": "review", "auto": 0.6}},
        "train": {**TRAINING, "steps": arguments.steps, "base": arguments.base, "layers": arguments.layers},
        "ablation": {"clean_label": "clean", "seeds": arguments.seeds},
    }
    found = run(out, noisy_rows(train, test), recipe, stages=tuple(arguments.stages), shapley=arguments.shapley)
    print(found["words"])
    for stage in found["stages"]:
        print(f"{stage['stage']}: {stage['verdict']}. {stage['words']}")
    for worth in found["shapley"]:
        print(f"Shapley {worth['stage']}: {worth['gain']}")
    print(found["leak"]["words"] if found["leak"] else "no leak")


def harmful(out: Path, arguments: argparse.Namespace) -> None:
    """A plug-in stage that drops one class."""
    folder = out / "plug_in"
    info = folder / "drops_a_class-1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (folder / "drops_a_class.py").write_text(PLUG_IN, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: drops-a-class\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[curate.stages]\ndrops_a_class = drops_a_class:STAGE\n", encoding="utf-8")
    sys.path.insert(0, str(folder))
    train, test = banking(arguments.rows, arguments.rows // 2)
    rows = [{"text": text, "label": label, "split": "train"} for text, label in train]
    rows += [{"text": text, "label": label, "split": "test"} for text, label in test]
    commonest = Counter(label for _, label in test).most_common(1)[0][0]
    recipe = {
        "run": {"stages": ["drops_a_class"]},
        "stages": {"drops_a_class": {"label": commonest}},
        "train": {**TRAINING, "steps": arguments.steps, "base": arguments.base, "layers": arguments.layers},
        "ablation": {"seeds": arguments.seeds},
    }
    found = run(out, rows, recipe)
    print(found["words"], *found["notes"], sep="\n")


def placebo(out: Path, arguments: argparse.Namespace) -> None:
    """A stage that drops rows at random, many times over, against raw data and against its control."""
    from train.ablation import Arm, run_ablation
    from train.ablation.arms import CONTROL, CURATED, RAW
    from train.config import TrainConfig
    from train.examples import Examples

    train, test = banking(arguments.rows, arguments.rows // 2)

    def examples(rows: list[tuple[str, str]], first: int) -> Examples:
        texts, labels = zip(*rows, strict=True)
        return Examples("classification", np.arange(first, first + len(rows)), texts, labels)

    raw, held = examples(train, 0), examples(test, len(train))
    going = round(DROPPED * len(raw))

    def without(salt: int, seed: int) -> Examples:
        gone = np.random.default_rng([salt, seed]).choice(len(raw), going, replace=False)
        return raw.take(np.setdiff1d(np.arange(len(raw)), gone))

    config = TrainConfig(
        steps=arguments.steps, base=arguments.base, layers=tuple(arguments.layers), tensorboard=False, **TRAINING
    )  # type: ignore[arg-type]
    single: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    deltas, floors = [], []
    for i in range(arguments.first, arguments.first + arguments.repetitions):
        arms = [
            Arm(RAW, "raw data", raw),
            Arm(CURATED, "placebo", without(i, 10_000)),
            Arm(CONTROL, "random removal", partial(without, 1_000 + i)),
        ]
        seeds = range(i * arguments.seeds, (i + 1) * arguments.seeds)  # its own raw runs: one lucky set would fool them all
        found = run_ablation(arms, held, config, seeds, out / str(i), yardstick=False)
        pairs = [c for c in found.comparisons if c.a == CURATED]
        single.update(c.verdict for c in pairs)
        whole[found.verdict] += 1
        deltas += [c.delta for c in pairs]
        floors.append(found.noise_floor or 0.0)
        told = ", ".join(f"{c.delta:+.4f} [{c.low:+.4f}, {c.high:+.4f}]" for c in pairs)
        print(f"{i}: {found.verdict}; {told}", flush=True)
    said = f"{going} of {len(raw)} rows dropped, {arguments.seeds} seeds, {len(held)} held-out rows"
    print(f"{arguments.repetitions} placebos: {said}")
    print(f"comparisons: {dict(single)}; conclusions: {dict(whole)}")
    floor = np.sqrt(np.mean(np.square(floors)))
    print(f"mean difference {np.mean(deltas):+.4f}, largest {np.abs(deltas).max():.4f}, noise floor {floor:.4f}")


def processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> int:
    stories = {"noise": noise, "harmful": harmful, "placebo": placebo}
    parser = argparse.ArgumentParser(description="Real ablations whose answer is known.")
    parser.add_argument("story", choices=[*stories, "all"])
    parser.add_argument("--out", type=Path, default=Path("runs/scenarios"))
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first placebo: others drop other rows")
    parser.add_argument("--stages", nargs="+", default=["label_issues"], help="of the noise story")
    parser.add_argument("--shapley", action="store_true", help="of the noise story")
    parser.add_argument("--base", default="bundled")
    parser.add_argument("--layers", nargs="+", type=int, default=[], help="layers of the base that learn; all unless given")
    parser.add_argument("--tiny", action="store_true", help="a small random base instead, for a machine that has no time")
    arguments = parser.parse_args()
    if arguments.seeds < 3:
        parser.error("--seeds must be 3 or more: an ablation concludes nothing from fewer")
    if arguments.tiny:
        sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "train"))
        from tiny_base import make_base

        arguments.base = str(make_base(arguments.out / "tiny", corpus=[text for text, _ in banking(800, 10)[0]]))
    if not DATA.is_dir():
        print(f"no data at {DATA}")
        return 3
    for story in stories if arguments.story == "all" else [arguments.story]:
        began, used = time.perf_counter(), processor_seconds()
        sizes = SIZES[story] if arguments.story == "all" else {}
        print(f"-- {story}")
        stories[story](arguments.out / story, argparse.Namespace(**{**vars(arguments), **sizes}))
        print(f"{time.perf_counter() - began:.0f} s wall, {processor_seconds() - used:.0f} processor seconds", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
