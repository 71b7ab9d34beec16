"""Training: what the bundled base is worth, and what a run costs.

    python benchmarks/bench_train.py [--data FOLDER] [--base bundled] [--intents 12 77] [--seeds 3] [--json FILE]

For each number of Banking77 intents: LoRA on the base, LoRA on the same architecture with random weights, a linear probe
on the frozen base, and TF-IDF + logistic regression, all on the same rows, scored on the original test rows. Seconds are
wall time and processor time of one run (training alone, without scoring). Needs the `train` extra and the data folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from train.baseline import evaluate_base
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra, versions
from train.lora import open_workbench, train_adapter
from train.yardstick import tfidf_yardstick

DATA = Path(__file__).parents[2] / "shared" / "data" / "banking77"


def banking(folder: Path, name: str, intents: int) -> Examples:
    """Rows of the first `intents` intents, spread over the alphabet."""
    with (folder / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["category"] for row in rows})
    chosen = set(names if intents >= len(names) else names[:: len(names) // intents][:intents])
    kept = [(i, row) for i, row in enumerate(rows) if row["category"] in chosen]
    texts, labels = tuple(row["text"] for _, row in kept), tuple(row["category"] for _, row in kept)
    return Examples("classification", np.array([i for i, _ in kept]), texts, labels)


def random_twin(config: TrainConfig, folder: Path) -> TrainConfig:
    """The same architecture and tokenizer with random weights."""
    bench = open_workbench(config)
    transformers, torch = extra("transformers"), extra("torch")
    torch.manual_seed(0)
    shape = transformers.AutoConfig.from_pretrained(bench.source.location, local_files_only=True)
    transformers.AutoModelForCausalLM.from_config(shape).save_pretrained(folder)
    bench.tokenizer.save_pretrained(folder)
    return config.replace(base=str(folder))


def measure(known: Examples, held: Examples, config: TrainConfig, seeds: int, label: str) -> dict[str, Any]:
    """Mean and spread of accuracy over seeds, and the cost of a run."""
    bench = open_workbench(config)
    bench.encoder.encode(known)
    accuracy, wall, processor = [], [], []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            clock = time.process_time()
            scored = []
            run = train_adapter(
                known,
                config.replace(seed=seed),
                Path(folder),
                evaluation=held,
                workbench=bench,
                progress=lambda event, scored=scored: scored.append(time.process_time()),  # type: ignore[misc]
            )
        accuracy.append(float(run.done["evaluation"]["accuracy"]))
        wall.append(float(run.done["train_seconds"]))
        processor.append(scored[-1] - clock)
    found = {"accuracy": round(float(np.mean(accuracy)), 4), "spread": round(float(np.std(accuracy)), 4)}
    cost = {"wall_s": round(float(np.median(wall)), 1), "processor_s": round(float(np.median(processor)), 1)}
    print(f"{label:<42} accuracy {found['accuracy']:.3f} ± {found['spread']:.3f}   {cost}")
    return {**found, **cost}


def main() -> int:
    parser = argparse.ArgumentParser(description="Benchmark of the trainer on Banking77.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--base", default="bundled")
    parser.add_argument("--intents", type=int, nargs="+", default=[12, 77])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=TrainConfig().steps)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"no data at {arguments.data}")
        return 3
    config = TrainConfig(base=arguments.base, steps=arguments.steps)
    results: dict[str, Any] = {"config": config.to_json(), "versions": versions()}
    with tempfile.TemporaryDirectory() as folder:
        twin = random_twin(config, Path(folder))
        for intents in arguments.intents:
            known, held = (banking(arguments.data, name, intents) for name in ("train.csv", "test.csv"))
            print(f"\nBanking77, {intents} intents, {len(known)} training rows, {len(held)} test rows")
            results[str(intents)] = {
                "lora": measure(known, held, config, arguments.seeds, "LoRA on the base"),
                "random": measure(known, held, twin, arguments.seeds, "LoRA on random weights"),
                "probe": _probe(known, held, config),
                "tfidf": _tfidf(known, held),
            }
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def _probe(known: Examples, held: Examples, config: TrainConfig) -> float:
    with tempfile.TemporaryDirectory() as folder:
        run = evaluate_base(known, held, config, Path(folder), labels=sorted(set(known.labels)))
    found = float(run.done["evaluation"]["accuracy"])
    print(f"{'frozen base, linear probe':<42} accuracy {found:.3f}")
    return found


def _tfidf(known: Examples, held: Examples) -> float:
    found = tfidf_yardstick(known, held).mean()
    print(f"{'TF-IDF + logistic regression':<42} accuracy {found:.3f}")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
