"""What a model forgets while it learns, and what each remedy costs and saves.

    python -m benchmarks.bench_forgetting [--steps 60] [--rows 8] [--only NAME...] [--json FILE]

The bundled base learns gsm8k's worked problems; afterwards it is asked for the bundled probe of general language (forty
statements, forty questions), which it was never trained on. Each line is one training of the same number of steps, rows
a step and row order. Task and probe are nats a token on rows that nothing learned from; the probe's rise has a bootstrap
interval over items; seconds are processor time of the training, remedies included. Replay draws from alpaca's rows.

Distillation: the base cut to its first two of three layers is the student, and learns with and without the whole model,
trained on the same rows, as its teacher. Needs the `train` extra and the data folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from train.base import resolve_base
from train.config import TrainConfig
from train.examples import Examples
from train.extra import extra
from train.lora import train_adapter

DATA = Path(__file__).parents[2] / "shared" / "data"
TRAINED, HELD, GENERAL, TOKENS = 1500, 150, 1500, 160


def gsm8k(name: str, most: int) -> Examples:
    """The first problems with their worked answers."""
    path = next((DATA / "gsm8k").glob(f"{name}.jsonl*"))
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:  # type: ignore[operator]
        rows = [json.loads(line) for line in file][:most]
    return _sft([(row["question"], row["answer"]) for row in rows])


def alpaca(most: int) -> Examples:
    """General instructions and answers, as a user who replays might have."""
    path = next(p for p in sorted((DATA / "alpaca").iterdir()) if ".json" in p.name)
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:  # type: ignore[operator]
        text = file.read()
    rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines()]
    pairs = [("\n\n".join(filter(None, (r["instruction"], r.get("input")))), r["output"]) for r in rows if r["output"]]
    return _sft(pairs[:most])


def _sft(pairs: list[tuple[str, str]]) -> Examples:
    turns = tuple(({"role": "user", "content": q}, {"role": "assistant", "content": a}) for q, a in pairs)
    return Examples("sft", np.arange(len(turns)), messages=turns)


def cut_base(folder: Path, layers: int) -> Path:
    """The bundled base with its first layers only."""
    transformers = extra("transformers")
    source = resolve_base("bundled").location
    model = transformers.AutoModelForCausalLM.from_pretrained(source, local_files_only=True)
    model.model.layers = model.model.layers[:layers]
    model.config.num_hidden_layers = layers
    if getattr(model.config, "layer_types", None):
        model.config.layer_types = model.config.layer_types[:layers]
    model.float().save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(Path(source) / name, folder / name)
    return folder


def run(name: str, config: TrainConfig, rows: Examples, held: Examples, general: Examples, folder: Path) -> dict[str, Any]:
    """One training: its task, its probe, its price."""
    clock = time.process_time()
    done = train_adapter(
        rows, config, folder, evaluation=held, thorough=True, replay=general if config.replay not in ("", "self") else None
    ).done
    spent = time.process_time() - clock
    probe = done["forgetting"]
    low, high = probe["interval"]
    found = {
        "name": name,
        "task": done["evaluation"]["nats_per_token"],
        "base_task": done["base_evaluation"]["nats_per_token"],
        "before": probe["before"],
        "rise": probe["rise"],
        "low": low,
        "high": high,
        "statements": probe["statements"]["after"] - probe["statements"]["before"],
        "questions": probe["questions"]["after"] - probe["questions"]["before"],
        "processor_s": spent,
    }
    print(json.dumps(found), flush=True)
    return found


def table(found: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = ["| | task, nats a token | probe, rise in nats a token, 95 % | processor s |", "|---|---|---|---|"]
    lines += [
        f"| {r['name']} | {r['task']:.3f} | {r['rise']:+.3f} [{r['low']:+.3f}, {r['high']:+.3f}] | {r['processor_s']:.0f} |"
        for r in found
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="What is forgotten, and what keeps it.")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rows", type=int, default=8, help="rows in a step")
    parser.add_argument("--only", nargs="*", help="names of lines to run")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if not (DATA / "gsm8k").is_dir():
        print(f"no data at {DATA}")
        return 3
    rows, held, general = gsm8k("train", TRAINED), gsm8k("test", HELD), alpaca(GENERAL)
    plain = TrainConfig(
        steps=arguments.steps, batch_rows=arguments.rows, max_length_tokens=TOKENS, tensorboard=False, answer_rows=0
    )
    lines = {
        "LoRA, no remedy": plain,
        "lower rate (5e-4)": plain.replace(learning_rate=5e-4),
        "IA³": plain.replace(method="ia3", learning_rate=1e-2),
        "full fine-tuning (1e-3)": plain.replace(method="full", learning_rate=1e-3),
        "replay, 10 % of rows": plain.replace(replay="alpaca", replay_fraction=0.1),
        "replay, 30 % of rows": plain.replace(replay="alpaca", replay_fraction=0.3),
        "self-generated replay, 30 %": plain.replace(replay="self", replay_fraction=0.3),
        "base_kl = 0.1": plain.replace(base_kl=0.1),
        "base_kl = 0.5": plain.replace(base_kl=0.5),
        "base_kl = 0.1 and replay, 30 %": plain.replace(base_kl=0.1, replay="alpaca", replay_fraction=0.3),
    }
    unknown = set(arguments.only or ()) - {*lines, "distillation"}
    if unknown:
        parser.error(f"there is no line {unknown.pop()!r}; known: {', '.join(lines)}, distillation")
    found = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for i, (name, config) in enumerate(lines.items()):
            if not arguments.only or name in arguments.only:
                found.append(run(name, config, rows, held, general, folder / str(i)))
        if not arguments.only or "distillation" in arguments.only:
            student = plain.replace(base=str(cut_base(folder / "cut", 2)))
            teacher = train_adapter(rows, plain.replace(steps=2 * plain.steps), folder / "teacher", evaluation=held)
            print(f"teacher: {teacher.done['evaluation']['nats_per_token']:.3f}", flush=True)
            taught = student.replace(teacher=str(folder / "teacher"), distillation_weight=0.5, distillation_temperature=1.0)
            found.append(run("two of three layers, no teacher", student, rows, held, general, folder / "alone"))
            found.append(run("two of three layers, taught by all", taught, rows, held, general, folder / "taught"))
    print(table(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
