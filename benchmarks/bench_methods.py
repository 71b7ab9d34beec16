"""Which learning rate each training method wants by default, and what the methods are worth beside each other.

    nice -n 10 env OMP_NUM_THREADS=1 python -m benchmarks.bench_methods [--steps 90] [--only NAME...] [--json FILE]

Twelve intents of Banking77 and the bundled base; the same rows, row order, head and steps for all. Every method is trained
at its default rate, at a third and at three times of it. Rates are chosen on a validation part of the training rows alone
(accuracy, ties by nats); the test rows are scored once a method, by the adapter that was chosen. Intervals are 95 %, over
test rows, so they leave out what another seed would change. The control is the frozen base under the same closed-form head.
Seconds are processor time of one training without loading and scoring, the median over rates. Numbers trained leave out
the head, which is the same for all. A method that the base lacks (biases, bitsandbytes) is told of, and its rate is not
judged. Needs the `train` extra and the data folder. Cost: about five minutes of processor time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_train import DATA, banking
from curate.errors import ConfigError
from train.ablation.split import drawn_split
from train.adapt import Workbench, adapted_model, open_workbench
from train.adapters import load_adapter
from train.baseline import evaluate_base
from train.config import TrainConfig
from train.evaluate import ItemScores
from train.examples import Examples
from train.lora import score_examples, train_adapter
from train.methods import METHODS
from train.metrics import Resampling

FACTORS = (1 / 3, 1.0, 3.0)
VALIDATION = 0.25


def accuracy(scores: ItemScores) -> dict[str, float]:
    """Share of rows that are right, with its interval."""
    low, high = Resampling(len(scores.score)).of_mean(scores.score) or (float("nan"), float("nan"))
    return {"accuracy": scores.mean(), "low": low, "high": high}


def method_line(name: str, parts: dict[str, Examples], steps: int, bench: Workbench, folder: Path) -> dict[str, Any]:
    """One method at its rates; the chosen one on the test rows."""
    labels = sorted(set(parts["training"].labels))
    default = METHODS[name].learning_rate
    rates, runs = [], []
    for factor in FACTORS:
        rate = float(f"{default * factor:.1g}")
        config = TrainConfig(method=name, steps=steps, learning_rate=rate, tensorboard=False)
        objective = adapted_model(config, bench, labels)
        learned = ((n, p) for n, p in objective.model.named_parameters() if p.requires_grad and not objective.is_head(n))
        trained = sum(parameter.numel() for _, parameter in learned)
        ends: list[float] = []
        began = time.process_time()
        run = train_adapter(
            parts["training"], config, folder / f"{rate}", evaluation=parts["validation"], workbench=bench, watch=False,
            progress=lambda event, ends=ends: ends.append(time.process_time()),  # type: ignore[misc]
        )  # fmt: skip
        assert run.scores is not None
        seconds, nats = ends[-1] - began, float(run.scores.nll.mean())
        rates.append({"rate": rate, **accuracy(run.scores), "nats": nats, "seconds": seconds})
        runs.append(run)
    best = max(range(len(rates)), key=lambda i: (rates[i]["accuracy"], -rates[i]["nats"]))
    loaded = load_adapter(runs[best].directory)
    tested = score_examples(loaded.objective, parts["test"], loaded.bench, labels, None)
    found = {"method": name, "default": default, "trained": trained, "rates": rates, "chosen": rates[best]["rate"],
             "seconds": float(np.median([r["seconds"] for r in rates])), "test": accuracy(tested)}  # fmt: skip
    print(json.dumps(found), flush=True)
    return found


def table(control: dict[str, float], found: list[dict[str, Any]]) -> str:
    """Markdown."""
    tried = "rate: validation accuracy (nats)"
    names = ("method", "numbers trained", tried, "rate chosen", "test accuracy, 95 %", "processor s")
    lines = [f"| {' | '.join(names)} |", "|---|---|---|---|---|---|", f"| frozen base | 0 | | | {_span(control)} | |"]
    for line in found:
        tried = ", ".join(f"{r['rate']:g}: {r['accuracy']:.3f} ({r['nats']:.3f})" for r in line["rates"])
        chosen = f"{line['chosen']:g}" + (" (default)" if line["chosen"] == line["default"] else "")
        cells = (line["method"], f"{line['trained']:,}", tried, chosen, _span(line["test"]), f"{line['seconds']:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _span(found: dict[str, float]) -> str:
    return f"{found['accuracy']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def main() -> int:
    parser = argparse.ArgumentParser(description="Methods and their rates on Banking77.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--intents", type=int, default=12)
    parser.add_argument("--steps", type=int, default=90)
    parser.add_argument("--only", nargs="*", choices=sorted(METHODS), help="methods to run")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"no data at {arguments.data}")
        return 3
    known, held = (banking(arguments.data, name, arguments.intents) for name in ("train.csv", "test.csv"))
    drawn = drawn_split(np.arange(len(known)), list(known.labels), 0, VALIDATION)
    parts = {"training": known.take(drawn.train_rows), "validation": known.take(drawn.eval_rows), "test": held}
    print(", ".join(f"{len(rows)} {name} rows" for name, rows in parts.items()))
    bench = open_workbench(TrainConfig())
    found, missing = [], []
    with tempfile.TemporaryDirectory() as place:
        base = evaluate_base(
            parts["training"], held, TrainConfig(), Path(place) / "base", labels=sorted(set(known.labels)), workbench=bench
        )
        assert base.scores is not None
        for name in arguments.only or METHODS:
            try:
                found.append(method_line(name, parts, arguments.steps, bench, Path(place) / name))
            except ConfigError as error:
                missing.append(f"not measured: {name}: {error}")
    print(table(accuracy(base.scores), found))
    print("\n".join(missing))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
