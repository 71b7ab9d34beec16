"""Configurations of other trainers for exported data: TRL's command line, Axolotl, LLaMA-Factory.

Each is a file that the trainer reads as it is, once the base model's name is in it; the LoRA settings are the recipe's.
YAML is written as JSON scalars, which every YAML reader understands. What a trainer cannot do with a task has no file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from train.config import ALL_LINEAR, BUNDLED, TrainConfig
from train.export.rows import TRAIN, Exported

TRAINERS = ("trl", "axolotl", "llamafactory")
NO_BASE = "NAME-OF-A-BASE-MODEL"
_VALIDATION = ("validation", "valid", "val", "dev")
_VERB = {"sft": "sft", "chat": "sft", "text": "sft", "preference": "dpo", "unpaired_preference": "kto"}


def configurations(exported: Exported, config: TrainConfig, trainers: tuple[str, ...] = TRAINERS) -> dict[str, str]:
    """Path below the exported folder to the text of each file; empty for classification, which none of them trains."""
    if exported.task not in _VERB or TRAIN not in exported.splits:
        return {}
    make = {"trl": _trl, "axolotl": _axolotl, "llamafactory": _llamafactory}
    return {path: text for name in trainers for path, text in make[name](exported, config).items()}


def split_file(split: str) -> str:
    """Where a split's rows lie below the exported folder."""
    return f"data/{split}.jsonl"


def _base(config: TrainConfig) -> str:
    return NO_BASE if config.base == BUNDLED else config.base


def _length(exported: Exported, config: TrainConfig) -> dict[str, Any]:
    """Passes or steps, as the recipe says it."""
    rows = len(exported.splits[TRAIN])
    if config.epochs:
        return {"num_train_epochs": config.epochs}
    return {"max_steps": config.step_count(rows)}


def _validation(exported: Exported) -> str | None:
    return next((name for name in _VALIDATION if name in exported.splits), None)


def _trl(exported: Exported, config: TrainConfig) -> dict[str, str]:
    verb = _VERB[exported.task]
    values: dict[str, Any] = {
        "model_name_or_path": _base(config),
        "dataset_name": ".",
        "dataset_train_split": TRAIN,
        "output_dir": f"out/trl-{verb}",
        "use_peft": True,
        "lora_r": config.lora_rank,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "lora_target_modules": list(config.target_modules),
        "learning_rate": config.learning_rate,
        "per_device_train_batch_size": config.batch_rows // config.gradient_accumulation_batches,
        "gradient_accumulation_steps": config.gradient_accumulation_batches,
        "max_length": config.max_length_tokens,
        "seed": config.seed,
        "report_to": "none",
        **_length(exported, config),
    }
    if exported.task == "chat":
        values["assistant_only_loss"] = True
    validation = _validation(exported)
    if validation:
        values |= {"dataset_test_split": validation, "eval_strategy": "epoch"}
    return {"trl.yaml": _yaml(values, f"In this folder: trl {verb} --config trl.yaml")}


def _axolotl(exported: Exported, config: TrainConfig) -> dict[str, str]:
    fields: dict[str, Any] = {
        "sft": {
            "type": {"field_instruction": "prompt", "field_output": "completion", "format": "{instruction}",
                     "no_input_format": "{instruction}"},
        },
        "chat": {"type": "chat_template", "field_messages": "messages", "roles_to_train": ["assistant"]},
        "text": {"type": "completion", "field": "text"},
        "preference": {"type": {"field_prompt": "prompt", "field_chosen": "chosen", "field_rejected": "rejected",
                                "prompt_format": "{prompt}", "chosen_format": "{chosen}",
                                "rejected_format": "{rejected}"}},
        "unpaired_preference": {"type": {"field_prompt": "prompt", "field_completion": "completion",
                                         "field_label": "label", "prompt_format": "{prompt}",
                                         "completion_format": "{completion}"}},
    }  # fmt: skip
    if exported.turns:  # its formats of preferences take texts, not turns
        return {}
    validation = _validation(exported)
    values: dict[str, Any] = {
        "base_model": _base(config),
        "datasets": [{"path": split_file(TRAIN), "ds_type": "json", "split": "train", **fields[exported.task]}],
        **({"test_datasets": [{"path": split_file(validation), "ds_type": "json", "split": "train",
                               **fields[exported.task]}]} if validation else {"val_set_size": 0.0}),
        **({"rl": _VERB[exported.task]} if _VERB[exported.task] != "sft" else {"train_on_inputs": False}),
        "adapter": "lora",
        "lora_r": config.lora_rank,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "lora_target_linear": True,
        "sequence_len": config.max_length_tokens,
        "micro_batch_size": config.batch_rows // config.gradient_accumulation_batches,
        "gradient_accumulation_steps": config.gradient_accumulation_batches,
        "learning_rate": config.learning_rate,
        "optimizer": "adamw_torch",
        "lr_scheduler": "cosine",
        "seed": config.seed,
        "output_dir": "out/axolotl",
        **{{"num_train_epochs": "num_epochs"}.get(k, k): v for k, v in _length(exported, config).items()},
    }  # fmt: skip
    return {"axolotl.yaml": _yaml(values, "In this folder: axolotl train axolotl.yaml")}


def _llamafactory(exported: Exported, config: TrainConfig) -> dict[str, str]:
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
            "system_tag": "system", "observation_tag": "tool"}  # fmt: skip
    described: dict[str, dict[str, Any]] = {
        "sft": {"columns": {"prompt": "prompt", "response": "completion"}},
        "chat": {"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags},
        "text": {"columns": {"prompt": "text"}},
        "preference": {"ranking": True, "columns": {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}},
        "unpaired_preference": {"columns": {"prompt": "prompt", "response": "completion", "kto_tag": "label"}},
    }
    if exported.turns or exported.tools:  # lists of answers and structured tool calls are shapes that it does not read
        return {}
    stage = {"text": "pt", "preference": "dpo", "unpaired_preference": "kto"}.get(exported.task, "sft")
    info = {
        f"curated_{split}": {"file_name": f"../{split_file(split)}", **described[exported.task]}
        for split in exported.splits
    }
    validation = _validation(exported)
    values: dict[str, Any] = {
        "model_name_or_path": _base(config),
        "stage": stage,
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": config.lora_rank,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "lora_target": "all" if config.target_modules == (ALL_LINEAR,) else ",".join(config.target_modules),
        "dataset_dir": "llamafactory",
        "dataset": f"curated_{TRAIN}",
        **({"eval_dataset": f"curated_{validation}", "eval_strategy": "epoch"} if validation else {}),
        "template": "default",
        "cutoff_len": config.max_length_tokens,
        "per_device_train_batch_size": config.batch_rows // config.gradient_accumulation_batches,
        "gradient_accumulation_steps": config.gradient_accumulation_batches,
        "learning_rate": config.learning_rate,
        "seed": config.seed,
        "output_dir": "out/llamafactory",
        **_length(exported, config),
    }
    note = "In this folder: llamafactory-cli train llamafactory/train.yaml. Set `template` to the base model's own."
    return {
        "llamafactory/dataset_info.json": json.dumps(info, indent=2) + "\n",
        "llamafactory/train.yaml": _yaml(values, note),
    }


def _yaml(values: Mapping[str, Any], note: str) -> str:
    lines = [f"# {note}", "# Learning rate and length were chosen for the base model of the recipe: check both for yours."]
    lines += [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
