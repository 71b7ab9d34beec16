"""Every training method and option beside plain LoRA, on one real task that is not easy, over seeds.

    nice -n 10 env OMP_NUM_THREADS=1 python -m benchmarks.bench_methods_compared [--only NAME...] [--out FOLDER]

Banking77, all 77 intents, 1,500 of the training rows (drawn by hash) and every second of the official test rows, the
bundled base; each variant at its default rate, the same rows, steps and head, three seeds (adapter and row order). What
is told beside accuracy is the difference from LoRA, paired by row and by seed, with its 95 % interval over both; the
control is the frozen base under the head that every variant begins with. BitFit needs biases, which the bundled base
lacks: it trains on that base with biases of zero added, which is the same function. QLoRA is measured where bitsandbytes is
installed. Activation checkpointing is measured where it can pay, on a writer with long rows (gsm8k): peak memory, time,
and how far the losses lie apart.

Each variant runs in a process of its own; seconds are processor time of training and scoring, the median over seeds, and
memory the peak of that process. With `--out`, variants that are there are not run again. Needs the `train` extra and the
data folder. Cost: about eight minutes of processor time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bench_forgetting import gsm8k
from benchmarks.bench_train import DATA, banking
from train.ablation.verdict import compare
from train.base import resolve_base
from train.config import TrainConfig
from train.evaluate import ItemScores
from train.examples import Examples
from train.extra import extra
from train.lora import adapted_model, open_workbench, score_examples, train_adapter
from train.methods import METHODS

ROWS, EVERY = 1500, 2
FROZEN, LORA = "frozen base", "lora"
LONG: dict[str, Any] = {"steps": 6, "batch_rows": 16, "max_length_tokens": 512, "tensorboard": False, "answer_rows": 0}
KEPT, AGAIN = "activations kept", "activation_checkpointing"
VARIANTS: dict[str, dict[str, Any]] = {
    FROZEN: {},
    LORA: {},
    "lora, rslora": {"rslora": True},
    "lora, dora": {"dora": True},
    "lora, layers = [-1]": {"layers": (-1,)},
    "lora, target_modules = [q_proj, v_proj]": {"target_modules": ("q_proj", "v_proj")},
    **{name: {"method": name} for name in ("lora_plus", "qlora", "ia3", "bitfit", "layernorm", "full")},
}


def rows_of_task() -> tuple[Examples, Examples]:
    """Training and test rows."""
    known, held = (banking(DATA, name, 77) for name in ("train.csv", "test.csv"))
    order = sorted(range(len(known)), key=lambda i: hashlib.sha256(repr(known.texts[i]).encode()).hexdigest())
    return known.take(sorted(order[:ROWS])), held.take(range(0, len(held), EVERY))


def with_biases(folder: Path) -> str:
    """The bundled base with a bias of zero in every layer."""
    transformers, torch = extra("transformers"), extra("torch")
    source = Path(resolve_base("bundled").location)
    shutil.copytree(source, folder)
    config = json.loads((source / "config.json").read_text(encoding="utf-8")) | {"attention_bias": True, "mlp_bias": True}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(".bias"):
                parameter.zero_()
    model.save_pretrained(folder)
    return str(folder)


def measured(name: str, steps: int, seeds: int) -> dict[str, Any]:
    """One variant, in the process that this is called in."""
    changes = VARIANTS[name]
    known, held = rows_of_task()
    labels = sorted(set(known.labels))
    with tempfile.TemporaryDirectory() as place:
        base = with_biases(Path(place) / "base") if changes.get("method") == "bitfit" else "bundled"
        rate = METHODS[changes.get("method", LORA)].learning_rate
        config = TrainConfig(base=base, steps=steps, tensorboard=False, learning_rate=rate).replace(**changes)
        bench = open_workbench(config)
        objective = adapted_model(config, bench, labels)
        learned = ((n, p) for n, p in objective.model.named_parameters() if p.requires_grad and not objective.is_head(n))
        numbers = 0 if name == FROZEN else sum(parameter.numel() for _, parameter in learned)
        right, seconds = [], []
        for seed in range(seeds if name != FROZEN else 1):
            began = time.process_time()
            if name == FROZEN:
                scores = frozen(config, known, held, labels)
            else:
                folder = Path(place) / str(seed)
                run = train_adapter(
                    known, config.replace(seed=seed), folder, evaluation=held, workbench=bench, watch=False
                )
                assert run.scores is not None
                scores = run.scores
            seconds.append(time.process_time() - began)
            right.append([int(score) for score in scores.score])
    return {"name": name, "numbers": numbers, "rate": rate, "right": right, "seconds": float(np.median(seconds)),
            "peak_mib": peak_mib()}  # fmt: skip


def frozen(config: TrainConfig, known: Examples, held: Examples, labels: list[str]) -> ItemScores:
    """The head that every variant begins with, fitted in closed form to the frozen base's states."""
    from train.headstart import ridge_head

    bench = open_workbench(config)
    objective = adapted_model(config, bench, labels)
    encoded = bench.encoder.encode(known)
    classes = np.array([labels.index(known.labels[i]) for i in encoded.kept.tolist()])
    ridge_head(objective, encoded, classes, len(labels), bench.tokenizer.pad_token_id)
    return score_examples(objective, held, bench, labels, None)


def long_rows(name: str, steps: int, seeds: int) -> dict[str, Any]:
    """A writer on long rows, activations kept or computed again."""
    rows = gsm8k("train", 200)
    config = TrainConfig(**LONG, activation_checkpointing=name == AGAIN)
    with tempfile.TemporaryDirectory() as place:
        bench = open_workbench(config)
        began = time.process_time()
        train_adapter(rows, config, Path(place), workbench=bench, watch=False)
        seconds = time.process_time() - began
        lines = [json.loads(line) for line in (Path(place) / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    return {"name": name, "losses": losses, "seconds": seconds, "peak_mib": peak_mib()}


def peak_mib() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _child(task: Any, name: str, steps: int, seeds: int, to: Path) -> None:
    to.write_text(json.dumps(task(name, steps, seeds)), encoding="utf-8")


def run(task: Any, name: str, given: argparse.Namespace, folder: Path) -> dict[str, Any] | None:
    """A variant in a process of its own, or what an earlier call found; None where it failed."""
    to = folder / (hashlib.sha256(f"{name} {given.steps} {given.seeds}".encode()).hexdigest()[:16] + ".json")
    if not to.is_file():
        child = multiprocessing.get_context("spawn").Process(target=_child, args=(task, name, given.steps, given.seeds, to))
        child.start()
        child.join()
    found: dict[str, Any] | None = json.loads(to.read_text(encoding="utf-8")) if to.is_file() else None
    told = {k: v for k, v in (found or {"name": name, "failed": True}).items() if k not in ("right", "losses")}
    print(json.dumps(told), flush=True)
    return found


def table(found: list[dict[str, Any]]) -> str:
    """Markdown."""
    names = ("method", "numbers trained", "rate", "test accuracy", "less LoRA, points, 95 %", "processor s", "peak MiB")
    lines = [f"| {' | '.join(names)} |", "|---|---|---|---|---|---|---|"]
    lora = next((line for line in found if line["name"] == LORA), None)
    for line in found:
        right = np.array(line["right"], dtype=float)
        apart = ""
        if lora is not None and line["name"] not in (LORA, FROZEN):
            c = compare(right, np.array(lora["right"], dtype=float), names=(line["name"], LORA), metric="accuracy",
                        higher_is_better=True)  # fmt: skip
            apart = f"{100 * c.delta:+.1f} [{100 * c.low:+.1f}, {100 * c.high:+.1f}]"
        rate = "" if line["name"] == FROZEN else f"{line['rate']:g}"
        cells = (line["name"], f"{line['numbers']:,}", rate, f"{right.mean():.3f}", apart, f"{line['seconds']:.0f}",
                 f"{line['peak_mib']:,.0f}")  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Methods and options beside plain LoRA on Banking77.")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=[*VARIANTS, KEPT, AGAIN], help="variants to run")
    parser.add_argument("--out", type=Path, help="folder that keeps what was found")
    given = parser.parse_args()
    if not DATA.is_dir():
        print(f"no data at {DATA}")
        return 3
    with tempfile.TemporaryDirectory() as place:
        folder = given.out or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        wanted = given.only or [*VARIANTS, KEPT, AGAIN]
        found = [one for name in VARIANTS if name in wanted and (one := run(measured, name, given, folder))]
        memory = [one for name in (KEPT, AGAIN) if name in wanted and (one := run(long_rows, name, given, folder))]
    print(table(found))
    if len(memory) == 2:
        kept, again = memory
        apart = max(abs(a - b) for a, b in zip(kept["losses"], again["losses"], strict=True))
        print(f"long rows: peak {kept['peak_mib']:,.0f} and {again['peak_mib']:,.0f} MiB, {kept['seconds']:.0f} and "
              f"{again['seconds']:.0f} s of processor time, losses at most {apart:.1e} nats apart")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
