"""Supervised tokens a second beside stock `transformers.Trainer` and TRL's `SFTTrainer`, on the same batches.

    .venv-peers-train/bin/python -m benchmarks.trainers.compare [--steps 40] [--rounds 2] [--threads 2] [--device cuda]
        [--dtype bfloat16] [--json FILE]

Banking77 queries with the intent's name as the answer (prompt and answer in the bundled base's template, loss on the
answer). All see the same rows in the same order (`train.order`: grouped by length, which helps the peers too), the same
masks, the same LoRA (rank 16, every linear layer but the head, one draw of first weights), AdamW, schedule and clipping.

    ours            this project
    stock           Trainer with its default collator, which cannot pad labels: rows padded to the longest of all
    stock, tuned    Trainer padding each batch to its longest row (DataCollatorForSeq2Seq), fused AdamW
    trl, tuned      SFTTrainer on ready token ids: no gradient checkpointing, fused AdamW, metrics every ten steps

Losses are compared by tens of steps: all must agree within `TOLERANCE` (in half precision every base is held in bfloat16
and every adapter in float32). Times are of the steps after the first few, wall and processor, each round running all of
them one after the other; a GPU is waited for before the clock is read. Packing without padding needs FlashAttention in
both libraries, so it is no option on a CPU. Needs `make peers-train` and the data folder.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.utils.data import SequentialSampler

from benchmarks.bench_train import DATA, banking
from train.config import TrainConfig
from train.encoded import Encoded
from train.examples import Examples
from train.extra import extra
from train.lora import adapted_model, open_workbench
from train.order import plan_steps
from train.trainer import PlannedBatches, PlannedTrainer

TOLERANCE = {"float32": 2e-3, "bfloat16": 3e-2}
WARM = 5
LOGGED = 10


class Clock(transformers.TrainerCallback):
    """Wall and processor time of the steps after the first few."""

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step not in (WARM, state.max_steps):
            return
        if args.device.type == "cuda":
            torch.cuda.synchronize()  # its kernels are only queued
        now = (time.perf_counter(), time.process_time())
        if state.global_step == WARM:
            self.started = now
        self.ended = now

    def spent(self) -> tuple[float, float]:
        return self.ended[0] - self.started[0], self.ended[1] - self.started[1]


class InOrder:
    """Rows in the order they are given."""

    def _get_train_sampler(self, dataset: Any = None) -> Any:
        return SequentialSampler(dataset if dataset is not None else self.train_dataset)  # type: ignore[attr-defined]


class StockTrainer(InOrder, transformers.Trainer):
    """transformers' own."""


def sft_rows(known: Examples) -> Examples:
    """Queries as prompts, names of intents as answers."""
    made = tuple(
        ({"role": "user", "content": text}, {"role": "assistant", "content": label.replace("_", " ")})
        for text, label in zip(known.texts, known.labels, strict=True)
    )
    return Examples("sft", known.ids, messages=made)


class Race:
    """One set of batches for every trainer."""

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self.config = config
        self.bench = open_workbench(config)
        self.encoded: Encoded = self.bench.encoder.encode(sft_rows(banking(folder, "train.csv", 77)))
        self.plan = plan_steps(
            self.encoded.ids, self.encoded.lengths, steps=config.steps, batch_rows=config.batch_rows, seed=0
        )
        rows = self.plan.reshape(-1)
        self.supervised = int(sum(self.encoded.supervised[i].sum() for i in self.plan[WARM:].reshape(-1)))
        self.rows = [(self.encoded.tokens[i].tolist(), self.encoded.supervised[i].tolist()) for i in rows]
        self.longest = max(len(tokens) for tokens, _ in self.rows)
        self.pad = self.bench.tokenizer.pad_token_id
        objective = adapted_model(config, self.bench, None)
        self.first = {n: p.detach().clone() for n, p in objective.model.named_parameters() if p.requires_grad}

    def _model(self, *, fused: bool) -> Any:
        objective = adapted_model(self.config, self.bench, None)
        if not fused:
            for layer in [m for m in objective.model.modules() if "forward" in vars(m)]:
                del layer.forward
        with torch.no_grad():
            for name, parameter in objective.model.named_parameters():
                if parameter.requires_grad:
                    parameter.copy_(self.first[name])
        return objective if fused else objective.model

    def _arguments(self, folder: str, cls: Any = transformers.TrainingArguments, **more: Any) -> Any:
        config = self.config
        return cls(
            output_dir=folder,
            max_steps=config.steps,
            per_device_train_batch_size=config.batch_rows,
            learning_rate=config.learning_rate,
            lr_scheduler_type=config.scheduler,
            warmup_steps=round(config.warmup_fraction * config.steps),
            max_grad_norm=config.max_gradient_norm,
            use_cpu=config.device == "cpu",
            logging_steps=LOGGED,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            **more,
        )

    def ours(self, folder: str) -> tuple[Clock, list[float]]:
        clock = Clock()
        trainer = PlannedTrainer(
            self._model(fused=True),
            PlannedBatches(self.encoded, self.plan, None, self.pad),
            self.config,
            steps=self.config.steps,
            directory=Path(folder),
        )
        trainer.add_callback(clock)
        trainer.train()
        lines = [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]
        losses = {line["step"]: line["loss"] for line in lines if "loss" in line}  # a line a step, or one for ten on a GPU
        ends = range(LOGGED, self.config.steps + 1, LOGGED)
        return clock, [float(np.mean([losses[i] for i in losses if end - LOGGED < i <= end])) for end in ends]

    def stock(self, folder: str) -> tuple[Clock, list[float]]:
        rows = [_padded(tokens, mask, self.longest, self.pad) for tokens, mask in self.rows]
        return self._stock(folder, rows, None)

    def stock_tuned(self, folder: str) -> tuple[Clock, list[float]]:
        rows = [_labelled(tokens, mask) for tokens, mask in self.rows]
        return self._stock(folder, rows, transformers.DataCollatorForSeq2Seq(self.bench.tokenizer, padding=True))

    def _stock(self, folder: str, rows: list[Any], collator: Any) -> tuple[Clock, list[float]]:
        clock = Clock()
        trainer = StockTrainer(
            model=self._model(fused=False),
            args=self._arguments(folder, optim="adamw_torch_fused"),
            train_dataset=rows,
            data_collator=collator,
            callbacks=[clock],
        )
        trainer.train()
        return clock, [float(line["loss"]) for line in trainer.state.log_history if "loss" in line]

    def trl_tuned(self, folder: str) -> tuple[Clock, list[float]]:
        trl = extra("trl")
        datasets = extra("datasets")

        class Sft(InOrder, trl.SFTTrainer):  # type: ignore[misc, name-defined]
            """TRL's, in our order."""

        rows = {"input_ids": [t for t, _ in self.rows], "completion_mask": [[int(m) for m in s] for _, s in self.rows]}
        settings = self._arguments(
            folder,
            trl.SFTConfig,
            optim="adamw_torch_fused",
            gradient_checkpointing=False,
            completion_only_loss=True,
            max_length=None,
            bf16=False,  # as the others, whose base is in the format that was asked for; TRL's default casts on the way
        )
        model = self._model(fused=False)
        first = {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}
        base = model.unload()
        clock = Clock()
        peft = extra("peft")
        trainer = Sft(
            model=base,
            args=settings,
            train_dataset=datasets.Dataset.from_dict(rows),
            processing_class=self.bench.tokenizer,
            callbacks=[clock],
            peft_config=peft.LoraConfig(
                r=self.config.lora_rank,
                lora_alpha=self.config.lora_alpha,
                target_modules="all-linear",
                task_type="CAUSAL_LM",
            ),
        )
        with torch.no_grad():
            for name, parameter in trainer.model.named_parameters():
                if parameter.requires_grad:
                    parameter.copy_(first[name])
        trainer.train()
        return clock, [float(line["loss"]) for line in trainer.state.log_history if "loss" in line]


def _labelled(tokens: list[int], mask: list[bool]) -> dict[str, list[int]]:
    labels = [t if m else -100 for t, m in zip(tokens, mask, strict=True)]
    return {"input_ids": tokens, "attention_mask": [1] * len(tokens), "labels": labels}


def _padded(tokens: list[int], mask: list[bool], width: int, pad: int) -> dict[str, list[int]]:
    row, missing = _labelled(tokens, mask), width - len(tokens)
    return {
        "input_ids": row["input_ids"] + [pad] * missing,
        "attention_mask": row["attention_mask"] + [0] * missing,
        "labels": row["labels"] + [-100] * missing,
    }


def raced(config: TrainConfig, folder: Path, rounds: int) -> dict[str, Any]:
    """Best wall and processor seconds of each trainer, its speed beside ours, and how far its losses are from ours."""
    race = Race(config, folder)
    runners = {"ours": race.ours, "stock": race.stock, "stock, tuned": race.stock_tuned, "trl, tuned": race.trl_tuned}
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in runners}
    curves: dict[str, list[float]] = {}
    for number in range(rounds):
        for name in list(runners) if number % 2 == 0 else list(reversed(runners)):
            with tempfile.TemporaryDirectory() as place:
                clock, curves[name] = runners[name](place)
            spent[name].append(clock.spent())
    found: dict[str, Any] = {"supervised": race.supervised, "steps": config.steps - WARM, "trainers": {}}
    for name, times in spent.items():
        wall, processor = (min(column) for column in zip(*times, strict=True))
        apart = float(np.max(np.abs(np.array(curves[name]) - np.array(curves["ours"]))))
        one = {"wall_s": wall, "processor_s": processor, "losses_apart": apart, "curve": curves[name], "times": times}
        found["trainers"][name] = {**one, "agrees": apart <= TOLERANCE[str(config.dtype)]}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="The trainer beside stock Trainer and TRL.")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--dtype", choices=list(TOLERANCE), default="float32")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.steps < 10:
        parser.error("--steps must be 10 or more: losses are compared by tens of steps")
    if not arguments.data.is_dir():
        print(f"no data at {arguments.data}")
        return 3
    torch.set_num_threads(arguments.threads)
    config = TrainConfig(steps=arguments.steps, device=arguments.device, dtype=arguments.dtype)
    found = raced(config, arguments.data, arguments.rounds)
    ours, supervised = found["trainers"]["ours"], found["supervised"]
    print(f"{supervised} supervised tokens in {found['steps']} steps, {arguments.threads} threads")
    for name, one in found["trainers"].items():
        wall, processor = one["wall_s"], one["processor_s"]
        print(
            f"{name:<14} {supervised / wall:8.0f} tokens/s wall, {supervised / processor:8.0f} a processor second; ours is "
            f"{wall / ours['wall_s']:.2f}x (processor {processor / ours['processor_s']:.2f}x); losses apart "
            f"{one['losses_apart']:.1e}"
        )
        if not one["agrees"]:
            print(f"the losses of {name} are not ours: {one['curve']} beside {ours['curve']}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(not all(one["agrees"] for one in found["trainers"].values()))


if __name__ == "__main__":
    raise SystemExit(main())
