"""The matrix against the same runs by stock tools: arms × seeds on Banking77 with the bundled base.

    python -m benchmarks.bench_ablation [--arms 8] [--seeds 8] [--rows 2000] [--steps 200] [--json FILE]

Three ways to the same runs (base, LoRA on every linear layer, rank 16, batch, steps, longest row, evaluation rows):
*stock*: peft and transformers' `Trainer` as their manuals show them, one run after the other in one process, rows
tokenised for each run, batches in random order padded to their longest row. *one by one*: our trainer, one run after the
other with every core. *matrix*: `run_ablation`. Wall and processor seconds (children counted); the targets are ratios
of wall time on an otherwise idle machine: matrix / stock at most 0.6 on two CPU cores, 0.2 on a GPU, and never above
one by one. A busy machine changes wall time but hardly the ratio of processor time. Reduced runs say so in their head;
`--sample N` times N of the runs one after the other, which are all alike, and scales them to all (and says so), while the
matrix always runs whole.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_train import DATA, banking
from train.ablation import Arm, run_ablation
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra, versions
from train.lora import open_workbench, train_adapter

INTENTS = 77


def arms_of(raw: Examples, count: int) -> list[Arm]:
    """Raw data, and arms that lost a twentieth of it each."""
    out = [Arm("raw", "raw data", raw)]
    for i in range(1, count):
        gone = np.random.default_rng(i).choice(len(raw), len(raw) // 20, replace=False)
        out.append(Arm(f"arm_{i}", f"arm {i}", raw.take(np.setdiff1d(np.arange(len(raw)), gone))))
    return out


def stock(
    arms: list[Arm], held: Examples, config: TrainConfig, seeds: range, folder: Path, most: int | None = None
) -> list[float]:
    """Every run, or the first `most` of them, by transformers' own Trainer."""
    torch, transformers, peft, datasets = (extra(name) for name in ("torch", "transformers", "peft", "datasets"))
    from train.base import BUNDLED_PATH

    accuracy = []
    names = sorted({*held.labels, *(label for arm in arms for label in arm.draw(0).labels)})
    column = {name: i for i, name in enumerate(names)}
    for seed in seeds:
        for arm in arms:
            if len(accuracy) == most:
                return accuracy
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
                report_to="none", save_strategy="no", disable_tqdm=True, use_cpu=not torch.cuda.is_available(),
            )  # fmt: skip
            trainer = transformers.Trainer(
                model=model, args=arguments, train_dataset=rows(arm.draw(seed)),
                data_collator=transformers.DataCollatorWithPadding(tokenizer),
            )  # fmt: skip
            trainer.train()
            said = trainer.predict(rows(held)).predictions.argmax(axis=-1)
            accuracy.append(float(np.mean(said == [column[label] for label in held.labels])))
    return accuracy


def one_by_one(
    arms: list[Arm], held: Examples, config: TrainConfig, seeds: range, folder: Path, most: int | None = None
) -> list[float]:
    """Every run, or the first `most` of them, by our trainer in this process, with every core."""
    bench = open_workbench(config)
    names = sorted({label for arm in arms for label in arm.draw(0).labels})
    accuracy = []
    for seed in seeds:
        for arm in arms:
            if len(accuracy) == most:
                return accuracy
            run = train_adapter(
                arm.draw(seed), config.replace(seed=seed), folder / arm.name / str(seed), labels=names, evaluation=held,
                workbench=bench,
            )  # fmt: skip
            accuracy.append(float(run.done["evaluation"]["accuracy"]))
    return accuracy


def matrix(arms: list[Arm], held: Examples, config: TrainConfig, seeds: range, folder: Path) -> list[float]:
    """Every run by `run_ablation`."""
    found = run_ablation(
        arms, held, config, seeds, folder, comparisons=(), yardstick=False, even_if_insufficient=True
    )
    by_run = {(arm.name, run["seed"]): run["metrics"]["accuracy"] for arm in found.arms for run in arm.runs}
    return [by_run[arm.name, seed] for seed in seeds for arm in arms]


def timed(work: Callable[..., list[float]], runs: int, *given: Any, **more: Any) -> dict[str, Any]:
    """Wall and processor seconds of one way; where it made fewer than `runs` runs, scaled from those that it made."""
    with tempfile.TemporaryDirectory() as folder:
        before, began = _processor(), time.perf_counter()
        accuracy = work(*given, Path(folder), **more)
        times = runs / len(accuracy)
        spent = {"wall_s": times * (time.perf_counter() - began), "processor_s": times * (_processor() - before)}
    return {**spent, "accuracy": float(np.mean(accuracy)), "runs_timed": len(accuracy), "by_run": accuracy}


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def measured(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Each way's seconds and accuracy, told while they come."""
    raw, held = (banking(DATA, name, INTENTS) for name in ("train.csv", "test.csv"))
    raw = raw.take(np.sort(np.random.default_rng(0).choice(len(raw), arguments.rows, replace=False)))
    held = held.take(np.sort(np.random.default_rng(1).choice(len(held), arguments.held, replace=False)))
    config = TrainConfig(steps=arguments.steps, max_length_tokens=64, head_start="random")
    arms, seeds = arms_of(raw, arguments.arms), range(arguments.seeds)
    ways = {"stock": stock, "one by one": one_by_one, "matrix": matrix}
    print(
        f"{arguments.arms} arms x {arguments.seeds} seeds, {len(raw)} rows, {len(held)} held out, {config.steps} steps of "
        f"{config.batch_rows} rows; {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}"
    )
    found: dict[str, dict[str, Any]] = {}
    for name in arguments.ways:
        runs = arguments.arms * arguments.seeds
        more = {"most": arguments.sample} if arguments.sample and name != "matrix" else {}
        found[name] = timed(ways[name], runs, arms, held, config, seeds, **more)
        told = ", ".join(f"{key} {found[name][key]:.3g}" for key in ("wall_s", "processor_s", "accuracy"))
        timed_runs = found[name]["runs_timed"]
        scaled = "" if timed_runs == runs else f" (scaled from {timed_runs} of {runs} runs)"
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
        "--sample", type=int, help="time so many runs of stock and of one by one (all alike) and scale them up"
    )
    parser.add_argument("--ways", nargs="+", default=["stock", "one by one", "matrix"])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not DATA.is_dir():
        print(f"no data at {DATA}")
        return 3
    found = measured(arguments)
    if {"stock", "matrix"} <= set(found):
        for other in [name for name in found if name != "matrix"]:
            ratio = [found["matrix"][key] / found[other][key] for key in ("wall_s", "processor_s")]
            print(f"matrix / {other}: {ratio[0]:.2f} of the wall time, {ratio[1]:.2f} of the processor time")
    if arguments.json:
        body = {"versions": versions(), "arguments": {k: str(v) for k, v in vars(arguments).items()}, "ways": found}
        arguments.json.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
