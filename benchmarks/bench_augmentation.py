"""Augmentation: what new rows of small classes are worth, measured as an ablation measures any stage.

    python -m benchmarks.bench_augmentation [--data FOLDER] [--intents 12] [--large 4] [--few 10] [--steps 80]

Banking77, imbalanced on purpose: of `--intents` intents `--large` keep all training rows and the others `--few` each (drawn
by hash); the official test rows of these intents stay as they are. One run with the stage `augmentation` applied, then
`curate ablate --stages augmentation`: raw, with new rows, and a control that adds as many plain copies of the same labels.
Prints accuracy and macro F1 of each arm, and the verdict. Needs the `train` extra and the data folder.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

DATA = Path(__file__).parents[2] / "shared" / "data" / "banking77"


def write_file(folder: Path, intents: int, large: int, few: int, to: Path) -> Counter[str]:
    """The imbalanced file; the training rows of each intent."""
    counts: Counter[str] = Counter()
    names: list[str] = []
    with to.open("w", encoding="utf-8") as out:
        for split in ("train", "test"):
            with (folder / f"{split}.csv").open(encoding="utf-8") as file:
                rows = [(row["text"], row["category"]) for row in csv.DictReader(file)]
            rows.sort(key=lambda row: hashlib.sha256(repr(row).encode()).hexdigest())
            known = sorted({label for _, label in rows})
            names = names or known[:: len(known) // intents][:intents]
            for text, label in rows:
                if label not in names:
                    continue
                if split == "train":
                    if names.index(label) >= large and counts[label] >= few:
                        continue
                    counts[label] += 1
                out.write(json.dumps({"text": text, "label": label, "split": split}) + "\n")
    return counts


def main() -> None:
    """One run and its ablation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--intents", type=int, default=12)
    parser.add_argument("--large", type=int, default=4)
    parser.add_argument("--few", type=int, default=10)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--methods", nargs="+", default=["synonyms", "insertion", "swap", "deletion"])
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-augmentation-") as scratch:
        home = given.out or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        counts = write_file(given.data, given.intents, given.large, given.few, home / "rows.jsonl")
        (home / "curate.toml").write_text(
            'schema_version = 1\n[data]\ninput = "rows.jsonl"\n[run]\nstages = ["augmentation"]\n'
            f"[stages.augmentation]\non_finding = \"apply\"\nmethods = {json.dumps(given.methods)}\n"
            f"[train]\nsteps = {given.steps}\n[ablation]\nstages = [\"augmentation\"]\n",
            encoding="utf-8",
        )
        run = home / "run"
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        begin = ["run", str(home / "curate.toml"), "--out", str(run), "--no-train", "-q"]
        for command in (begin, ["ablate", str(run), "-q"]):
            subprocess.run([sys.executable, "-P", "-m", "curate", *command], env=environment, check=False)
        told = json.loads((run / "manifest.json").read_text())["stages"]["augmentation"]["summary"]
        found = json.loads((run / "ablation.json").read_text())
        sizes = sorted(counts.values(), reverse=True)
        print(f"training rows by intent: {sizes}; {told['proposed']} added, {told['by_method']}")
        for arm in found["arms"]:
            scored = [one["metrics"] for one in arm["runs"] if "metrics" in one]
            if scored:
                mean = {name: sum(m[name] for m in scored) / len(scored) for name in ("accuracy", "macro_f1", "loss")}
                print(f"{arm['name']:<24} {arm['rows']:>5} rows  " + "  ".join(f"{k} {v:.4f}" for k, v in mean.items()))
        for stage in found["stages"]:
            print(stage["words"])
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{spent.ru_utime + spent.ru_stime:.0f} s of processor time")


if __name__ == "__main__":
    main()
