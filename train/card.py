"""The card of an adapter: what it is, made of what, how, how good, and what not to expect of it.

`README.md` in Markdown with the front matter that model hubs read. Every number is from `done.json`; names of classes
and groups are as reports show them, and no text of the data is in it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from train.config import OF_THIS_MACHINE, TrainConfig
from train.methods import ADAPTER, METHODS, PATCH, WHOLE

_DEFAULTS = TrainConfig().to_json()
_WHAT = {
    "classification": "classifies texts",
    "sft": "writes answers to prompts",
    "chat": "answers in conversations",
    "text": "continues texts",
    "extraction": "marks spans in texts",
}


def card(done: Mapping[str, Any], task: str, notes: Sequence[str] = ()) -> str:
    """The text of the card."""
    config: Mapping[str, Any] = done["config"]
    method = METHODS[str(config.get("method", "lora"))]
    library = "peft" if method.saved_as == ADAPTER else "transformers"
    head = ["---", f"base_model: {_plain(str(done['base']))}", f"library_name: {library}", "tags:"]
    head += [f"- {method.name}", f"- {task}", "---"]
    parts = [
        "\n".join(head),
        f"# {'Model' if method.saved_as == WHOLE else 'Adapter'} that {_WHAT[task]}",
        _table(
            {
                "base model": _plain(str(done["base"])),
                "hash of the base": done["base_hash"],
                "hash of the training rows": done["data_hash"],
                "training rows": f"{done['rows']:,}",
                "classes": len(done["labels"]) if done.get("labels") and task == "classification" else None,
                "tokens seen": f"{done['tokens_seen']:,}",
                "optimiser steps": done["steps"],
                "run": done["run_id"],
            }
        ),
        "## Recipe",
        "Settings other than the defaults, and what decides most:",
        _table({name: value for name, value in config.items() if _worth_telling(name, value)}),
        "Versions: " + ", ".join(f"{name} {version}" for name, version in done["versions"].items()) + ".",
        "## Measured",
        _measured(done),
        "## Limits",
        _limits(done, task, notes),
        "## Use",
        _use(config, task),
    ]
    return "\n\n".join(parts) + "\n"


def _worth_telling(name: str, value: Any) -> bool:
    always = ("method", "lora_rank", "lora_alpha", "learning_rate", "scheduler", "batch_rows", "max_length_tokens", "seed")
    return name not in ("base", *OF_THIS_MACHINE) and (name in always or value != _DEFAULTS.get(name))


def _measured(done: Mapping[str, Any]) -> str:
    evaluation = done.get("evaluation")
    if not evaluation:
        return "No evaluation rows were given: nothing is known of how good it is."
    numbers = {k.replace("_", " "): v for k, v in evaluation.items() if isinstance(v, int | float) and v is not None}
    said = f"On {evaluation['rows']:,} held-out rows (labels and answers as given, verified by nobody):\n\n" + _table(
        {name: f"{value:,}" if isinstance(value, int) else f"{value:.4g}" for name, value in numbers.items()}
    )
    per_class = evaluation.get("per_class") or {}
    worst = sorted((v["f1"], name) for name, v in per_class.items() if v["rows"])[:5]
    if len(per_class) > 2 and worst:
        said += "\n\nWeakest classes by F1: " + ", ".join(f"{_plain(name)} {f1:.2f}" for f1, name in worst) + "."
    return said


def _limits(done: Mapping[str, Any], task: str, notes: Sequence[str]) -> str:
    encoding = done.get("encoding") or {}
    told = [f"- Texts are read up to {encoding.get('max_length_tokens')} tokens; the rest is not seen."]
    if encoding.get("truncated_rows"):
        told.append(
            f"- {encoding['truncated_rows']:,} training rows were cut at the {encoding['truncated_side']} and lost "
            f"{encoding['truncated_tokens']:,} tokens."
        )
    if encoding.get("refused_rows"):
        told.append(f"- {encoding['refused_rows']:,} rows could not be trained on.")
    unknown = (done.get("evaluation") or {}).get("rows_with_unknown_label")
    if unknown:
        told.append(f"- {unknown} evaluation rows have a label that no training row has; the adapter cannot give it.")
    if task == "classification":
        told.append("- It always gives one of its classes, also to texts that belong to none of them.")
    told += [f"- {note}" for note in notes]
    told.append("- What the base model cannot do, and what it gets wrong about people, a small adapter does not mend.")
    return "\n".join(told)


def _use(config: Mapping[str, Any], task: str) -> str:
    saved_as = METHODS[str(config.get("method", "lora"))].saved_as
    said = '`curate generate FOLDER --prompt "…"`; ' + {
        ADAPTER: "or with peft, on the base model named above.",
        PATCH: "for other tools, `curate train … --merge` writes whole weights: only this toolkit reads a patch.",
        WHOLE: "or with transformers: these are whole weights.",
    }[saved_as]
    if task == "classification":
        said += (
            f" The vector that is classified is the {config['pooling']} of the token states, the end token included, "
            "whereas transformers' own classifiers of decoders take the last one."
        )
    return said


def _table(rows: Mapping[str, Any]) -> str:
    lines = [f"| {name} | {_cell(value)} |" for name, value in rows.items() if value is not None]
    return "\n".join(["| | |", "|---|---|", *lines])


def _cell(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else _plain(str(value))


def _plain(text: str) -> str:
    """One line without Markdown or HTML of its own."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return kept.replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
