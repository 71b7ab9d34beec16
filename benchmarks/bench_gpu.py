"""Everything that is to be measured on a GPU, piece by piece: each is kept when it is done, so a loan of minutes will do.

    make bench-gpu                                         what is left, until nothing is; run it again after a break
    python -m benchmarks.bench_gpu [--out DIR] [--minutes 9] [--data DIR] [--device cuda] [--arms 8] [--seeds 8] …

    tests              the tests marked `gpu`
    trainers FORMAT    supervised tokens a second beside stock Trainer and TRL tuned (`benchmarks.trainers.compare`), base
                       in float32 and in bfloat16; the loss curves must agree
    matrix             the ablation's arms × seeds by `run_ablation`: stacked adapters (`benchmarks.bench_ablation`)
    stock N            the same runs of seed N by stock peft and Trainer, one after the other
    one by one         the runs of the first seed by our trainer, one after the other

No piece is begun that might not end within `--minutes` (the longest so far of its kind says; a minute where none is
known), and the table of what is known is printed each time. Targets: curves that agree, and matrix / stock at most 0.2 of
the wall time. All runs of the ablation are in float32, so that nothing is won by shorter numbers. Libraries are imported
and the card is opened before any clock starts. A piece that fails is told and left. Exit code: 0 all done and targets met,
1 a target or a test missed, 3 pieces are left or there is no card.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_ablation import INTENTS, arms_of, matrix, one_by_one, stock
from benchmarks.bench_train import DATA, banking
from benchmarks.trainers.compare import TOLERANCE, raced
from curate.dataset.atomic import atomic_write_text
from train.config import TrainConfig
from train.extra import extra, versions
from train.resources import accelerator

ROOT = Path(__file__).parents[1]
TARGET = 0.2
USUAL_S = 60.0
Found = dict[str, Any]


def pieces(arguments: argparse.Namespace) -> dict[str, Callable[[], Found]]:
    """What is to be done, by name, in order; what is likeliest to fail first."""
    config = TrainConfig(
        steps=arguments.steps, device=arguments.device, dtype="float32", max_length_tokens=64, head_start="random"
    )

    def trainers(dtype: str) -> Found:
        race = TrainConfig(steps=arguments.race_steps, device=arguments.device, dtype=dtype)
        return raced(race, arguments.data, arguments.rounds)

    def runs(way: Callable[..., Any], seeds: range) -> Found:
        raw, held = (banking(arguments.data, name, INTENTS) for name in ("train.csv", "test.csv"))
        raw = raw.take(np.sort(np.random.default_rng(0).choice(len(raw), arguments.rows, replace=False)))
        held = held.take(np.sort(np.random.default_rng(1).choice(len(held), arguments.held, replace=False)))
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            accuracy = list(way(arms_of(raw, arguments.arms), held, config, seeds, Path(folder)))
            return {"wall_s": time.perf_counter() - began, "runs": len(accuracy), "accuracy": float(np.mean(accuracy))}

    made: dict[str, Callable[[], Found]] = {"tests": tests} if arguments.device == "cuda" else {}
    made |= {f"trainers {dtype}": lambda dtype=dtype: trainers(dtype) for dtype in TOLERANCE}  # type: ignore[misc]
    made["matrix"] = lambda: runs(matrix, range(arguments.seeds))
    for seed in range(arguments.seeds):
        made[f"stock {seed}"] = lambda seed=seed: runs(stock, range(seed, seed + 1))  # type: ignore[misc]
    made["one by one"] = lambda: runs(one_by_one, range(1))
    return made


def tests() -> Found:
    """The tests that need a GPU; the long ones are this benchmark's other pieces."""
    asked = [sys.executable, "-m", "pytest", "-m", "gpu and not slow", "tests/train", "-q"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True)
    return {"passed": done.returncode == 0, "said": done.stdout.strip().splitlines()[-30:]}


def table(done: dict[str, Found], arguments: argparse.Namespace) -> tuple[list[str], bool]:
    """What is known, in lines of Markdown, and whether all of it is as it should be."""
    lines, good = [], True
    if "tests" in done:
        good &= bool(done["tests"]["passed"])
        lines += ["Tests marked `gpu`:", "", *(f"    {line}" for line in done["tests"]["said"]), ""]
    for dtype, tolerance in TOLERANCE.items():
        if (race := done.get(f"trainers {dtype}")) is None:
            continue
        lines += [
            f"Trainers, base in {dtype}, {race['supervised']} supervised tokens in {race['steps']} steps:", "",
            f"| trainer | tokens/s wall | ours is | losses apart (at most {tolerance:g}) |", "|---|---:|---:|---:|",
        ]  # fmt: skip
        ours = race["trainers"]["ours"]["wall_s"]
        for name, one in race["trainers"].items():
            good &= one["agrees"]
            speed, times = race["supervised"] / one["wall_s"], one["wall_s"] / ours
            lines.append(f"| {name} | {speed:,.0f} | {times:.2f}x | {one['losses_apart']:.1e} |")
        lines.append("")
    of_stock = [one for name, one in done.items() if name.startswith("stock ")]
    ways = {"stock, one by one": of_stock, "ours, one by one": [done[n] for n in ("one by one",) if n in done]}
    ways["matrix"] = [done[n] for n in ("matrix",) if n in done]
    total, seconds = arguments.arms * arguments.seeds, {}
    if any(ways.values()):
        lines += [f"Ablation, {arguments.arms} arms x {arguments.seeds} seeds, {arguments.steps} steps, float32:", ""]
        lines += ["| way | wall s | of stock | runs timed | accuracy |", "|---|---:|---:|---:|---:|"]
    for name, parts in ways.items():
        if parts:
            timed = sum(p["runs"] for p in parts)
            seconds[name] = sum(p["wall_s"] for p in parts) * total / timed
            of = f"{seconds[name] / seconds['stock, one by one']:.2f}" if of_stock else ""
            right = np.average([p["accuracy"] for p in parts], weights=[p["runs"] for p in parts])
            lines.append(f"| {name} | {seconds[name]:.0f} | {of} | {timed} of {total} | {right:.3f} |")
    if "matrix" in seconds and of_stock:
        good &= seconds["matrix"] <= TARGET * seconds["stock, one by one"]
    return lines, good


def main() -> int:
    parser = argparse.ArgumentParser(description="All that is measured on a GPU, in pieces.")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench-gpu")
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--arms", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--held", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=TrainConfig().steps, help="of each run of the ablation")
    parser.add_argument("--race-steps", type=int, default=200, help="of each trainer beside the others")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    began = time.monotonic()
    if arguments.device == "cuda" and not extra("torch").cuda.is_available():
        print("torch sees no CUDA device here")
        return 3
    if not arguments.data.is_dir():
        print(f"no data at {arguments.data}")
        return 3
    asked = {k: str(v) for k, v in vars(arguments).items() if k not in ("out", "minutes", "data")}
    about = {"asked": asked, "accelerator": accelerator()["accelerator"], "versions": versions()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    kept = arguments.out / "found.json"
    held = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {**about, "pieces": {}}
    if any(held[name] != about[name] for name in about):
        print(f"{kept} was measured with other settings, another card or other versions; name another folder with --out")
        return 3
    done: dict[str, Found] = held["pieces"]
    left = {name: piece for name, piece in pieces(arguments).items() if name not in done}
    print(f"{about['accelerator']}; {len(left)} pieces left", flush=True)
    for library in ("torch", "transformers", "peft", "datasets"):  # so that no clock sees their import
        extra(library)
    extra("torch").zeros(1, device=arguments.device)
    for name, piece in list(left.items()):
        alike = [one["piece_s"] for other, one in done.items() if other.split()[0] == name.split()[0]]
        if time.monotonic() - began + max(alike, default=USUAL_S) > 60 * arguments.minutes:
            continue
        start = time.monotonic()
        try:
            done[name] = piece()
        except Exception:  # the others are worth the loan
            traceback.print_exc()
            continue
        done[name]["piece_s"] = time.monotonic() - start
        del left[name]
        atomic_write_text(kept, json.dumps(held, indent=1) + "\n")
        print(f"{name}: {done[name]['piece_s']:.0f} s", flush=True)
    lines, good = table(done, arguments)
    print("\n".join(["", f"{about['accelerator']}, {about['versions']}", "", *lines]))
    if left:
        print(f"\nLeft: {', '.join(left)}. The same command goes on.")
    return 3 if left else int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
