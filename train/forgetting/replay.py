"""General rows that are trained on among the user's own, so that the base keeps what it could.

From a file (Rolnick et al. 2019, arXiv:1811.11682), drawn by a hash of their position; or written by the base itself
before training (self-synthesised rehearsal, Huang et al. 2024, arXiv:2403.01244): general questions that come with the
package, answered by sampling at temperature 1, so no other data is needed and nothing is taught that the base does not
say anyway. What it wrote is kept in the training's folder and read again by a run that goes on. Cost of the latter: an
answer of up to `MOST_TOKENS` tokens a row.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.dataset.atomic import atomic_write_text, make_private_dir
from curate.errors import ConfigError, DataError
from train.examples import OF_TEXTS, SFT, Examples
from train.files import read_json
from train.forgetting.sound import SELF
from train.order import hash_rows

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.config import TrainConfig

PROMPTS = Path(__file__).parent / "prompts.txt"
WRITTEN = "self_replay.json"
MOST_TOKENS, FEWEST = 48, 8


def replay_rows(
    config: TrainConfig, bench: Workbench, examples: Examples, general: Examples | None, directory: Path
) -> Examples:
    """As many general rows as make up `replay_fraction` of all; `general` holds those of the file that is named."""
    number = max(FEWEST, round(config.replay_fraction / (1.0 - config.replay_fraction) * len(examples)))
    if config.replay == SELF:
        if examples.task in OF_TEXTS:
            raise ConfigError("replay = 'self' is for tasks with answers (sft, chat); for task text name a file of texts")
        return _written(config, bench, number, directory)
    if general is None:
        raise ConfigError(
            f"replay names {config.replay}, and no rows were read from there; use `curate train`, or replay = 'self'"
        )
    if (general.task in OF_TEXTS) != (examples.task in OF_TEXTS):
        raise DataError(
            f"the rows of replay are of task {general.task} and the training rows of task {examples.task}: both must be "
            "texts, or both hold answers"
        )
    order = np.argsort(hash_rows(np.arange(len(general)), config.seed, 3), kind="stable")
    return general.take(np.resize(order, number))  # a file with too few rows is read again from its start


def _written(config: TrainConfig, bench: Workbench, number: int, directory: Path) -> Examples:
    told = {"base": bench.fingerprint, "seed": config.seed, "number": number, "template": config.chat_template}
    kept = read_json(directory / WRITTEN)
    if kept is None or kept.get("told") != told:
        kept = {"told": told, "rows": _write(config, bench, number)}
        make_private_dir(directory)
        atomic_write_text(directory / WRITTEN, json.dumps({"schema_version": 1, **kept}, ensure_ascii=False) + "\n")
    messages = tuple(
        ({"role": "user", "content": asked}, {"role": "assistant", "content": said}) for asked, said in kept["rows"]
    )
    return Examples(SFT, np.arange(len(messages)), messages=messages)


def _write(config: TrainConfig, bench: Workbench, number: int) -> list[tuple[str, str]]:
    """Questions and the base's own answers; empty answers are left out."""
    import torch

    from train.adapt import objective_of
    from train.base import context_tokens, load_model
    from train.decode import prompt_tokens, write

    questions = [line.strip() for line in PROMPTS.read_text(encoding="utf-8").splitlines() if line.strip()]
    asked = [questions[i % len(questions)] for i in range(number)]
    model: Any = load_model(bench.source, bench.tokenizer, config, None).eval()
    objective = objective_of(model, config, None, extraction=False)
    chat = bench.encoder.chat
    prompts = [prompt_tokens(bench, chat.render(({"role": "user", "content": text},), prompt=True)) for text in asked]
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        said = write(objective, bench, prompts, MOST_TOKENS, context_tokens(bench.source), sample=True)
    rows = [(question, answer) for question, answer in zip(asked, said, strict=True) if answer]
    if len(rows) < FEWEST:
        raise DataError(
            f"the base wrote an answer to {len(rows)} of {number} general questions, too few to replay; name a file of "
            "general rows as replay"
        )
    return rows
