"""DPO, KTO and ranking beside plain training on the good answers: who puts a right answer above a wrong one?

    nice -n 10 env OMP_NUM_THREADS=1 python -m benchmarks.bench_preference [--only NAME...] [--steps 60] [--seeds 3]

Banking77 as preference rows: the query, its intent in words as the chosen answer, another intent, drawn by a seed, as the
rejected one; for KTO every row shows one of the two, marked. 1,500 training rows and 500 of the official test rows, all 77
intents, the bundled base, LoRA (rate 3e-3, for DPO, KTO and ranking 1e-3), the same steps and rows a step, three seeds
(adapter and row order). All are judged on the same pairs: the share whose chosen answer has the higher score, which
is the gain over the base for DPO and KTO and nats a token for the others. Intervals are 95 %, over test rows and seeds. The
control is the base as it is, and plain training on the chosen answers. Also told: nats a token of the right answer, which
preference objectives may let rise. Seconds are processor time of one training with its measurements.
Needs the `train` and `dpo` extras and the data folder. Cost: a few minutes of processor time.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_train import DATA, banking
from train.ablation.interval import estimate
from train.ablation.verdict import by_cluster
from train.adapters import load_adapter
from train.config import TrainConfig
from train.examples import Examples
from train.lora import adapted_model, open_workbench, score_examples, train_adapter
from train.preference import Preferences
from train.preference.rows import KTO, LIKELIHOOD

RATES = {LIKELIHOOD: 3e-3, "dpo": 1e-3, KTO: 1e-3, "ranking": 1e-3}


def pairs(name: str, most: int, seed: int) -> Examples:
    """Queries with their intent and another one."""
    rows = banking(DATA, name, 77)
    order = sorted(range(len(rows)), key=lambda i: hashlib.sha256(repr(rows.texts[i]).encode()).hexdigest())
    rows = rows.take(sorted(order[:most]))
    labels = sorted(set(rows.labels))
    rng = np.random.default_rng(seed)
    others = [labels[(labels.index(label) + int(rng.integers(1, len(labels)))) % len(labels)] for label in rows.labels]

    def turns(answers: Any) -> Any:
        return tuple(
            ({"role": "user", "content": text}, {"role": "assistant", "content": answer.replace("_", " ")})
            for text, answer in zip(rows.texts, answers, strict=True)
        )

    return Examples("sft", rows.ids, messages=turns(rows.labels), rejected=turns(others))


def marked(rows: Examples, seed: int) -> Examples:
    """Of every pair one answer, with its mark."""
    wanted = np.random.default_rng(seed).random(len(rows)) < 0.5
    shown = tuple(g if w else b for g, b, w in zip(rows.messages, rows.rejected, wanted, strict=True))
    return dataclasses.replace(rows, messages=shown, rejected=(), wanted=tuple(map(bool, wanted)))


def one(objective: str, seed: int, steps: int, known: Examples, held: Examples) -> dict[str, Any]:
    """One training, and its pairs in order."""
    config = TrainConfig(
        objective=objective, steps=steps, batch_rows=16, learning_rate=RATES[objective], seed=seed, tensorboard=False
    )
    bench = open_workbench(config)
    began = time.process_time()
    preferences = Preferences(adapted_model(config, bench, None), bench, held, config)
    rows = marked(known, 1) if objective == KTO else known
    with tempfile.TemporaryDirectory() as place:
        run = train_adapter(rows, config, Path(place), workbench=bench, watch=False)
        preferences.objective = load_adapter(run.directory).objective
        good = dataclasses.replace(held, rejected=())
        nats = score_examples(preferences.objective, good, bench, None, None).mean()
        base, right = preferences.in_order()
    return {"right": right, "base": base, "nats": nats, "seconds": time.process_time() - began}


def spread(right: np.ndarray, sign: str = "") -> str:
    """Mean of [seeds, rows] with its interval over both."""
    sums, sizes = by_cluster(right, None, None)
    found = estimate(sums, sizes, seed=0)
    return f"{found.mean:{sign}.3f} [{found.low:{sign}.3f}, {min(1.0, found.high):{sign}.3f}]"


def main() -> int:
    parser = argparse.ArgumentParser(description="Preference objectives on Banking77.")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=sorted(RATES), help="objectives to run")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not DATA.is_dir():
        print(f"no data at {DATA}")
        return 3
    known, held = pairs("train.csv", 1500, 0), pairs("test.csv", 500, 1)
    lines, told = [], []
    for objective in given.only or RATES:
        runs = [one(objective, seed, given.steps, known, held) for seed in range(given.seeds)]
        right, base = (np.stack([run[name] for run in runs]) for name in ("right", "base"))
        nats, seconds = float(np.mean([run["nats"] for run in runs])), float(np.median([run["seconds"] for run in runs]))
        cells = (f"`{objective}`", f"{RATES[objective]:g}", spread(right), spread(right - base, "+"),
                 f"{nats:.2f}", f"{seconds:.0f}")  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
        told.append({"objective": objective, "mean": right.mean(axis=1).tolist(), "base": float(base.mean()), "nats": nats})
        print(json.dumps(told[-1]), flush=True)
    heads = ("objective", "rate", "right above wrong, 95 %", "less the base", "right answer, nats a token", "processor s")
    print("\n".join([f"| {' | '.join(heads)} |", "|---|---|---|---|---|---|", *lines]))
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
