"""A task for lm-evaluation-harness (EleutherAI) from rows of one's own, and the command that runs it.

`rows.jsonl` holds prompts exactly as the model's chat template writes them, so the harness asks what training asked; two
task files ask for the written answer (`generate_until`, exact match) and for the likelihood of the right one
(`loglikelihood`, in bits a byte: the harness's own perplexity is that of a whole answer, and its error overflows on long
ones). For models that write: a classifier's head is nothing that the harness knows. Cost: encoding the rows.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.dataset.atomic import atomic_write_text, make_private_dir
from curate.errors import ConfigError
from train.adapters import load_adapter
from train.chat import way_on
from train.decode import end_tokens, last_answer
from train.examples import CLASSIFICATION, EXTRACTION, TEXT, Examples

ROWS, SCORES = "rows.jsonl", "scores"
MOST_NAMED = 5
FIELDS = ("prompt", "answer", "written")
FUNCTIONS = '''"""What the harness makes of an answer: the same words or not, and its likelihood in bits a byte."""


def same_words(doc, results):
    """A thought is no part of the words; one that a prompt opens begins with what is written."""
    said = results[0]
    head, ended, words = said.partition("</think>")
    opened = head.lstrip().startswith("<think>") or doc["prompt"].rstrip().endswith("<think>")
    if ended and (opened or "<think>" not in head and (not head or head.endswith("\\n"))):
        said = words
    return {"exact_match": float(said.strip() == doc["answer"])}


def per_byte(doc, results):
    log_likelihood, greedy = results[0]
    return {"bits_per_byte": (log_likelihood, max(1, len(doc["written"].encode("utf-8")))), "acc": float(greedy)}
'''
_FUNCTION = f"!function {SCORES}.{{}}"


@dataclass(frozen=True)
class LmEvalTask:
    """What was written."""

    folder: Path
    tasks: tuple[str, ...]
    rows: int
    command: str
    """To be run in `folder`."""


def write_lm_eval(
    adapter: str | Path, rows: Examples, out: str | Path, *, name: str = "", base: str | None = None, new_tokens: int = 128
) -> LmEvalTask:
    """Write a task folder for `rows` and the model at `adapter`; raises `ConfigError` for models that do not write."""
    folder = Path(out)
    if folder.exists() and any(folder.iterdir() if folder.is_dir() else [folder]):
        raise ConfigError(f"{folder} is there already; name a new folder")
    loaded = load_adapter(adapter, base=base, device="cpu")
    if loaded.task in (CLASSIFICATION, EXTRACTION) or rows.task in (CLASSIFICATION, EXTRACTION, TEXT):
        raise ConfigError(
            "lm-evaluation-harness judges what a model writes to a prompt: it needs an adapter for sft or chat and rows "
            "with answers; a classifier is judged by `curate train … --set real_world=FILE`"
        )
    plain = re.sub(r"[^a-z0-9]+", "_", (name or loaded.folder.resolve().parent.name).lower()).strip("_") or "rows"
    tools = rows.tools or ((),) * len(rows.messages)
    written = [_asked(loaded, *asked) for asked in zip(rows.messages, tools, strict=True)]
    if faults := Counter(row["fault"] for row in written if row["fault"]):
        at = [int(rows.ids[k]) for k, row in enumerate(written) if row["fault"]]
        named = ", ".join(map(str, at[:MOST_NAMED])) + (", …" if len(at) > MOST_NAMED else "")
        fault = faults.most_common(1)[0][0]
        way = way_on(fault)
        raise ConfigError(
            f"the last answer of {len(at)} of {len(written)} rows cannot be asked for (rows {named}): {fault}{way}"
            f"{', or' if way else ';'} leave them out"
        )
    make_private_dir(folder)
    lines = "".join(json.dumps({k: row[k] for k in FIELDS}, ensure_ascii=False) + "\n" for row in written)
    atomic_write_text(folder / ROWS, lines)
    ends = [loaded.bench.tokenizer.decode([token]) for token in end_tokens(loaded.bench)]
    shared: dict[str, Any] = {
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": ROWS}},
        "test_split": "test",
        "doc_to_text": "prompt",  # names of fields: in braces, an answer such as [1] would be read as a list
        "doc_to_target": "answer",
        "target_delimiter": "",
        "metadata": {"version": 1.0},
    }
    tasks: dict[str, dict[str, Any]] = {
        f"curate_{plain}": {
            "output_type": "generate_until",
            "generation_kwargs": {"until": ends, "max_gen_toks": new_tokens, "do_sample": False},
            "process_results": _FUNCTION.format("same_words"),
            "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        },
        f"curate_{plain}_likelihood": {
            "output_type": "loglikelihood",
            "doc_to_target": "written",
            "process_results": _FUNCTION.format("per_byte"),
            "metric_list": [
                {"metric": "bits_per_byte", "aggregation": "bits_per_byte", "higher_is_better": False},
                {"metric": "acc", "aggregation": "mean", "higher_is_better": True},
            ],
        },
    }
    for task, own in tasks.items():
        # JSON is YAML, and needs no other writer.
        body = json.dumps({"task": task, **shared, **own}, indent=2, ensure_ascii=False)
        body = re.sub(r'"(!function [^"]+)"', r"\1", body)
        atomic_write_text(folder / f"{task}.yaml", f"# For lm-evaluation-harness; README.md says how.\n{body}\n")
    atomic_write_text(folder / f"{SCORES}.py", FUNCTIONS)
    where = str(loaded.folder.resolve())
    model = f"pretrained={where}" if loaded.merged else f"pretrained={_place(loaded)},peft={where}"
    command = shlex.join(
        ["lm_eval", "--model", "hf", "--model_args", f"{model},dtype=float32", "--tasks", ",".join(tasks), "--include_path",
         ".", "--batch_size", "8", "--device", "cpu"]
    )  # fmt: skip
    atomic_write_text(
        folder / "README.md",
        f"# Task for lm-evaluation-harness\n\n{len(written)} rows with the right answers.\n\n"
        f"```\npip install lm-eval\n{command}\n```\n\nFor a GPU say `--device cuda`.\n",
    )
    return LmEvalTask(folder, tuple(tasks), len(written), command)


def _asked(loaded: Any, messages: Any, tools: Any) -> dict[str, str]:
    try:
        prompt, written, words = last_answer(loaded.bench, messages, tools)
    except ValueError as error:
        return {"fault": str(error)}
    return {"prompt": prompt, "answer": words, "written": written, "fault": "" if words else "it is empty"}


def _place(loaded: Any) -> str:
    source = loaded.bench.source
    return str(Path(source.location).resolve()) if source.local else str(source.location)
