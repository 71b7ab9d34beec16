"""Instruction-following difficulty: how much each prompt helps a base model to write its answer.

Engine: `train.difficulty`. Rules, both flags: `misleading_prompt` (the answer is no likelier after its prompt than without
one: it may belong to another, or say nothing of what was asked) and `hardest` (the largest ratios below that). A row of
several turns is judged by all its answers together. Scores: `row`, `score` (the ratio), `nats_with_prompt`, `nats_alone` a
token, for every row with an answer. It runs only where a recipe asks for it, and needs the `train` extra.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from curate.dataset import Dataset
from curate.errors import ConfigError, StageSkipped
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection, Stage
from curate.stages.pieces import look

NAME = "instruction_difficulty"
REASONS = {
    "misleading_prompt": "a base model finds the answer no likelier with its prompt than without it",
    "hardest": "the prompt helps a base model less with its answer than nearly all others",
}


@dataclass(frozen=True)
class DifficultyConfig:
    """Which base model is asked, and which rows are flagged."""

    base: str = "bundled"
    """The model that reads the answers: bundled, a folder, or a hub id; a decoder. Larger ones tell more."""
    misleading_at: float = 1.0
    """Ratio of the losses with and without the prompt from which a prompt does not help."""
    hardest_share: float = 0.01
    """Share of the rows, those with the largest ratios below that, that are worth reading."""
    min_answer_tokens: int = 12
    """Answers with fewer tokens than this are scored and not flagged: their ratio is mostly chance."""
    max_length_tokens: int = 512
    """Tokens of a prompt and its answer together that are read."""
    device: str = "auto"
    """auto, cpu or cuda."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.hardest_share < 1.0 or self.misleading_at <= 0.0:
            raise ConfigError(f"[stages.{NAME}]: hardest_share must lie in 0..1, misleading_at above 0")
        if self.min_answer_tokens < 1 or self.max_length_tokens < 16:
            raise ConfigError(f"[stages.{NAME}]: min_answer_tokens must be at least 1, max_length_tokens at least 16")
        if self.device not in ("auto", "cpu", "cuda"):
            raise ConfigError(f"[stages.{NAME}]: device must be auto, cpu or cuda")


def depends_on(config: DifficultyConfig) -> Mapping[str, str]:
    """The hash of the base model."""
    from train.base import resolve_base

    return {config.base: resolve_base(config.base).fingerprint()}


def detect(dataset: Dataset, config: DifficultyConfig, context: Context) -> Detection:
    """The ratio of every row, and flags for the largest."""
    seen = look(dataset)
    if seen is None or seen.pieces.prompts is None:
        raise StageSkipped("the rows have no prompts with answers")
    from train.difficulty import answer_losses

    def progress(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(done, total)

    pieces = seen.pieces
    found = answer_losses(
        [text or "" for text in seen.pieces.prompts.to_pylist()], [text or "" for text in pieces.texts.to_pylist()],
        config.base, max_length_tokens=config.max_length_tokens, device=config.device, progress=progress,
    )  # fmt: skip
    n = dataset.n_rows
    given = np.bincount(pieces.row, found.with_prompt, n)
    alone = np.bincount(pieces.row, found.alone, n)
    tokens = np.bincount(pieces.row, found.tokens, n).astype(np.int64)
    rows = np.flatnonzero(alone > 0)
    ratio = np.round(given[rows] / alone[rows], 4)
    able = tokens[rows] >= config.min_answer_tokens
    misleading = able & (ratio >= config.misleading_at)
    rest = np.flatnonzero(able & ~misleading)
    most = rest[np.lexsort((rows[rest], -ratio[rest]))][: int(config.hardest_share * len(rows))]
    tables = []
    for rule, at in (("misleading_prompt", np.flatnonzero(misleading)), ("hardest", np.sort(most))):
        evidence = [
            orjson.dumps({"ratio": r, "answer_tokens": t}).decode()
            for r, t in zip(ratio[at].tolist(), tokens[rows[at]].tolist(), strict=True)
        ]
        score = np.clip(0.5 * ratio[at], 0.05, 0.8) if rule == "misleading_prompt" else np.full(len(at), 0.3)
        tables.append(
            make_findings(
                NAME, dataset.row_ids, row=rows[at], rule=rule, action="flag", score=score, reason=REASONS[rule],
                evidence=evidence,
            )
        )
    per = np.maximum(tokens[rows], 1)
    scores = {
        "row": rows, "score": ratio, "nats_with_prompt": np.round(given[rows] / per, 4),
        "nats_alone": np.round(alone[rows] / per, 4),
    }  # fmt: skip
    summary: dict[str, Any] = {
        "rows_scored": len(rows),
        "misleading_prompt": int(misleading.sum()),
        "hardest": len(most),
        "ratio": {f"p{p}": round(float(np.quantile(ratio, p / 100)), 3) for p in (5, 50, 95)} if len(rows) else {},
    }
    return Detection(concat_findings(tables), pa.table(scores), summary=summary)


STAGE = Stage(
    name=NAME,
    title="Instruction difficulty",
    version=2,
    config=DifficultyConfig,
    detect=detect,
    on_finding="flag",
    depends_on=depends_on,
    optional=True,
)
