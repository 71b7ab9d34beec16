"""The matrix against the same runs by stock tools: arms × seeds on Banking77 with the bundled base.

    python -m benchmarks.bench_ablation [--arms 8] [--seeds 8] [--rows 2000] [--steps 200] [--json FILE]

Three ways to the same runs (base, LoRA on every linear layer, rank 16, batch, steps, longest row, evaluation rows):
*stock*: peft and transformers' `Trainer` as their manuals show them, one run after the other in one process, rows
tokenised for each run, batches in random order padded to their longest row. *one by one*: our trainer, one run after the
other with every core. *matrix*: `run_ablation`. Wall and processor seconds (children counted); the targets are ratios
of wall time on an otherwise idle machine: matrix / stock at most 0.6 on two CPU cores, 0.2 on a GPU, and never above
one by one. A busy machine changes wall time but hardly the ratio of processor time. Reduced runs say so in their head;
`--sample N` times N of the runs one after the other, which are all alike, and scales them to all (and says so): the first,
which opens what the others share, counts once, and so do torch and transformers, which are imported before any clock
starts. Stock's and ours then take turns, half of them before the matrix and half behind it, so that a machine that grows
busy is unfair to none. The matrix always runs whole, with the start of its processes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_train import DATA, banking
from curate.house import claim_process
from train.ablation import Arm, run_ablation
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra, versions
from train.garbage import freeze_imports
from train.lora import open_workbench, train_adapter

INTENTS = 77


def arms_of(raw: Examples, count: int) -> list[Arm]:
    """Raw data, and arms that lost a twentieth of it each."""
    out = [Arm("raw", "raw data", raw)]
    for i in range(1, count):
        gone = np.random.default_rng(i).choice(len(raw), len(raw) // 20, replace=False)
        out.append(Arm(f"arm_{i}", f"arm {i}", raw.take(np.setdiff1d(np.arange(len(raw)), gone))))
    return out


def stock(arms: list[Arm], held: Examples, config: TrainConfig, seeds: range, folder: Path) -> Iterator[float]:
    """Every run by transformers' own Trainer; yields its accuracy."""
    torch, transformers, peft, datasets = (extra(name) for name in ("torch", "transformers", "peft", "datasets"))
    from train.base import BUNDLED_PATH

    names = sorted({*held.labels, *(label for arm in arms for label in arm.draw(0).labels)})
    column = {name: i for i, name in enumerate(names)}
    for seed in seeds:
        for arm in arms:
            transformers.set_seed(seed)
            tokenizer = transformers.AutoTokenizer.from_pretrained(BUNDLED_PATH)
            tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token

            def rows(examples: Examples, tokenizer: Any = tokenizer) -> Any:
                given = {"text": list(examples.texts), "label": [column[label] for label in examples.labels]}

                def tokens(batch: dict[str, Any]) -> Any:
                    return tokenizer(batch["text"], truncation=True, max_length=config.max_length_tokens)

                return datasets.Dataset.from_dict(given).map(tokens, batched=True, remove_columns=["text"])

            # The checkpoint is in half precision, which a CPU computes many times slower and in which AdamW diverges.
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                BUNDLED_PATH, num_labels=len(names), dtype=torch.float32
            )
            model.config.pad_token_id = tokenizer.pad_token_id
            lora = peft.LoraConfig(
                r=config.lora_rank, lora_alpha=config.lora_alpha, target_modules="all-linear", task_type="SEQ_CLS"
            )
            model = peft.get_peft_model(model, lora)
            arguments = transformers.TrainingArguments(
                output_dir=str(folder / f"{arm.name}-{seed}"), max_steps=config.steps, seed=seed,
                per_device_train_batch_size=config.batch_rows, per_device_eval_batch_size=config.batch_rows,
                learning_rate=config.learning_rate, warmup_steps=round(config.warmup_fraction * config.steps),
                report_to="none", save_strategy="no", disable_tqdm=True,
                use_cpu=config.device == "cpu" or not torch.cuda.is_available(),
            )  # fmt: skip
            trainer = transformers.Trainer(
                model=model, args=arguments, train_dataset=rows(arm.draw(seed)),
                data_collator=transformers.DataCollatorWithPadding(tokenizer),
            )  # fmt: skip
            trainer.train()
            said = trainer.predict(rows(held)).predictions.argmax(axis=-1)
            yield float(np.mean(said == [column[label] for label in held.labels]))


def one_by_one(arms: list[Arm], held: Examples, config: TrainConfig, seeds: range, folder: Path) -> Iterator[float]:
    """Every run by our trainer in this process, with every core; yields its accuracy."""
    bench = open_workbench(config)
    names = sorted({label for arm in arms for label in arm.draw(0).labels})
    for seed in seeds:
        for arm in arms:
            run = train_adapter(
                arm.draw(seed), config.replace(seed=seed), folder / arm.name / str(seed), labels=names, evaluation=held,
                workbench=bench,
            )  # fmt: skip
            yield float(run.done["evaluation"]["accuracy"])


def matrix(arms: list[Arm], held: Examples, config: TrainConfig, seeds: range, folder: Path) -> list[float]:
    """Every run by `run_ablation`."""
    found = run_ablation(arms, held, config, seeds, folder, comparisons=(), yardstick=False, even_if_insufficient=True)
    by_run = {(arm.name, run["seed"]): run["metrics"]["accuracy"] for arm in found.arms for run in arm.runs}
    return [by_run[arm.name, seed] for seed in seeds for arm in arms]


class Clock:
    """Wall and processor seconds of the runs of one way, children counted."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.processor: list[float] = []
        self.accuracy: list[float] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        began, before = time.perf_counter(), _processor()
        yield
        self.wall.append(time.perf_counter() - began)
        self.processor.append(_processor() - before)

    def found(self, runs: int) -> dict[str, Any]:
        """Seconds of all runs: the first, and as many times the mean of the others as there are others."""

        def whole(seconds: list[float]) -> float:
            return sum(seconds) if len(seconds) in (1, runs) else seconds[0] + float(np.mean(seconds[1:])) * (runs - 1)

        return {
            "wall_s": whole(self.wall), "processor_s": whole(self.processor), "accuracy": float(np.mean(self.accuracy)),
            "runs_timed": len(self.accuracy), "by_run": self.accuracy, "wall_by_run": self.wall,
        }  # fmt: skip


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def measured(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Each way's seconds and accuracy, told when all are known."""
    raw, held = (banking(DATA, name, INTENTS) for name in ("train.csv", "test.csv"))
    raw = raw.take(np.sort(np.random.default_rng(0).choice(len(raw), arguments.rows, replace=False)))
    held = held.take(np.sort(np.random.default_rng(1).choice(len(held), arguments.held, replace=False)))
    config = TrainConfig(steps=arguments.steps, max_length_tokens=64, head_start="random")
    arms, seeds = arms_of(raw, arguments.arms), range(arguments.seeds)
    runs = arguments.arms * arguments.seeds
    sample = min(arguments.sample or runs, runs)
    print(
        f"{arguments.arms} arms x {arguments.seeds} seeds, {len(raw)} rows, {len(held)} held out, {config.steps} steps of "
        f"{config.batch_rows} rows; {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}",
        flush=True,
    )
    for name in ("torch", "transformers", "peft", "datasets"):
        extra(name)
    claim_process()
    freeze_imports()  # as under `curate ablate`
    clocks = {name: Clock() for name in arguments.ways}
    with tempfile.TemporaryDirectory() as folder:
        given = (arms, held, config, seeds)
        single = {
            name: way(*given, Path(folder) / name)
            for name, way in (("stock", stock), ("one by one", one_by_one))
            if name in arguments.ways
        }

        def in_turns(times: int) -> None:
            for _ in range(times):
                for name, way in single.items():
                    with clocks[name].running():
                        clocks[name].accuracy.append(next(way))

        in_turns(sample - sample // 2)
        if "matrix" in arguments.ways:
            with clocks["matrix"].running():
                clocks["matrix"].accuracy = matrix(*given, Path(folder) / "matrix")
        in_turns(sample // 2)
    found = {name: clock.found(runs) for name, clock in clocks.items()}
    for name, one in found.items():
        told = ", ".join(f"{key} {one[key]:.3g}" for key in ("wall_s", "processor_s", "accuracy"))
        scaled = "" if one["runs_timed"] == runs else f" (scaled from {one['runs_timed']} of {runs} runs)"
        print(f"{name:<12} {told}{scaled}", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Benchmark of an ablation's matrix against stock tools.")
    parser.add_argument("--arms", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--held", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=TrainConfig().steps)
    parser.add_argument(
        "--sample", type=int, help="time so many runs (at least 2) of stock and of one by one, all alike, and scale them up"
    )
    ways = ["stock", "one by one", "matrix"]
    parser.add_argument("--ways", nargs="+", default=ways, choices=ways)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not DATA.is_dir():
        print(f"no data at {DATA}")
        return 3
    found = measured(arguments)
    if "matrix" in found:
        for other in [name for name in found if name != "matrix"]:
            ratio = [found["matrix"][key] / found[other][key] for key in ("wall_s", "processor_s")]
            print(f"matrix / {other}: {ratio[0]:.2f} of the wall time, {ratio[1]:.2f} of the processor time")
    if arguments.json:
        body = {"versions": versions(), "arguments": {k: str(v) for k, v in vars(arguments).items()}, "ways": found}
        arguments.json.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
