"""Spans that a tagging model finds, and how many of them are right.

A text's tags are the likeliest ones, token by token, read as BIO; spans count as right where start, end and label are all
those of a gold span (the CoNLL measure). Precision, recall and F1 are over all spans of all rows (micro) and by label.
Needs torch for predictions. Cost: one forward pass a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from train.examples import EXTRACTION, Examples, Span
from train.spans import spans_of_tags

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.objective import Objective


def predicted_spans(
    objective: Objective, bench: Workbench, texts: Sequence[str], tags: Sequence[str]
) -> list[list[Span]]:
    """The spans that the model finds in each text, up to the maximal length."""
    from train.score import token_choices

    rows = Examples(EXTRACTION, np.arange(len(texts)), tuple(texts), spans=((),) * len(texts))
    encoded = bench.encoder.encode(rows)
    chosen = token_choices(objective, encoded, bench.tokenizer.pad_token_id)
    found: list[list[Span]] = [[] for _ in texts]
    for position, choice in zip(encoded.kept.tolist(), chosen, strict=True):
        _, offsets, special = bench.encoder.tokens_of(texts[position])
        offsets, special = offsets[: bench.encoder.max_length_tokens], special[: bench.encoder.max_length_tokens]
        places = [(int(s), int(e)) for s, e in offsets[~special]]
        named = spans_of_tags([tags[i] for i in choice], places)
        found[position] = [_trimmed(texts[position], span) for span in named]
    return found


def span_metrics(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> dict[str, Any]:
    """`span_precision`, `span_recall`, `span_f1`, and the same by label under `by_label`."""
    right, said, there = Counter[str](), Counter[str](), Counter[str]()
    for truth, guess in zip(gold, found, strict=True):
        there.update(label for _, _, label in truth)
        said.update(label for _, _, label in guess)
        right.update(label for _, _, label in set(truth) & set(guess))
    whole = _scores(sum(right.values()), sum(said.values()), sum(there.values()))
    return {
        **{f"span_{name}": value for name, value in whole.items() if name != "spans"},
        "spans": whole["spans"],
        "by_label": {name: _scores(right[name], said[name], there[name]) for name in sorted({*there, *said})},
    }


def _scores(right: int, said: int, there: int) -> dict[str, float]:
    return {
        "precision": right / said if said else 0.0,
        "recall": right / there if there else 0.0,
        "f1": 2 * right / (said + there) if said + there else 0.0,
        "spans": there,
    }


def _trimmed(text: str, span: Span) -> Span:
    """Without the blanks at its ends, which byte-level tokens carry in front."""
    start, end, label = span
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip()), label
