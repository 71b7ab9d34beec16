"""How much of its general language a model keeps: nats a token on a bundled probe, before training and after.

Eighty items written for this purpose and for nothing else, in plain English: statements about the world, and questions
with their answers. They are in no corpus that this package trains on, so nothing is learned from them. What counts is the
rise from base to adapter, item by item, with a bootstrap interval; the level itself says little, and a base that knows no
English starts high. Cost: two forward passes over about 1,500 tokens.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from train.examples import SFT, TEXT, Examples
from train.metrics import Resampling
from train.watch import Probed

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.encoded import Encoded
    from train.objective import Objective

ITEMS = Path(__file__).parent / "probe.jsonl"
SHARE_THAT_MATTERS = 0.1
"""A rise of a tenth of the nats a token is worth a word: perplexity grows by half at 4 nats."""


@dataclass(frozen=True)
class Probe:
    """The probe, measured once while the model was its base."""

    objective: Objective
    pad: int
    parts: dict[str, Encoded]
    before: dict[str, tuple[np.ndarray, np.ndarray]]
    """Nats and tokens of each item, by part."""

    def told(self, step: int) -> tuple[dict[str, Any], Probed]:
        """What `done.json` says of the model as it is now, and what the watchdogs are shown."""
        now = _measure(self.objective, self.parts, self.pad)
        first, last, tokens = (
            np.concatenate([values[name][i] for name in self.parts]) for values, i in
            ((self.before, 0), (now, 0), (self.before, 1))
        )  # fmt: skip
        before, after = float(first.sum() / tokens.sum()), float(last.sum() / tokens.sum())
        span = Resampling(len(tokens)).of(lambda w: (w @ (last - first)) / (w @ tokens))
        out: dict[str, Any] = {"items": len(tokens), "before": before, "after": after, "rise": after - before}
        out["interval"] = span
        for name in self.parts:
            size = self.before[name][1].sum()
            out[name] = {"before": float(self.before[name][0].sum() / size), "after": float(now[name][0].sum() / size)}
        low = span[0] if span is not None else -math.inf
        return out, Probed(step, before, after, low, SHARE_THAT_MATTERS * before)


def open_probe(objective: Objective, bench: Workbench) -> Probe | None:
    """Measure the base; None where its tokenizer or its context takes none of the probe. Call it before training."""
    parts = {}
    for name, rows in items(with_texts=bench.encoder.decoder_start is None).items():
        parts[name] = bench.encoder.encode(rows)
    if not parts:
        return None
    pad = bench.tokenizer.pad_token_id
    return Probe(objective, pad, parts, _measure(objective, parts, pad))


def items(*, with_texts: bool = True) -> dict[str, Examples]:
    """Statements and questions; an encoder-decoder is asked the questions alone."""
    lines = [json.loads(line) for line in ITEMS.read_text(encoding="utf-8").splitlines()]
    texts = tuple(line["text"] for line in lines if "text" in line)
    asked = tuple(
        ({"role": "user", "content": line["question"]}, {"role": "assistant", "content": line["answer"]})
        for line in lines
        if "question" in line
    )
    out = {"statements": Examples(TEXT, np.arange(len(texts)), texts=texts)} if with_texts else {}
    return {**out, "questions": Examples(SFT, np.arange(len(asked)), messages=asked)}


def _measure(objective: Objective, parts: dict[str, Encoded], pad: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    from train.score import answer_nats

    return {name: answer_nats(objective, encoded, pad) for name, encoded in parts.items()}
