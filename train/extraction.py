"""Spans that a tagging model finds, and how many of them are right.

A text's tags are the likeliest ones, token by token, read as BIO; spans count as right where start, end and label are all
those of a gold span (the CoNLL measure). Precision, recall and F1 are over all spans of all rows (micro) and by label.
A row by itself scores 2 · right / (found + gold), and 1 where there is nothing to find and nothing was found: what the
paired statistics of an ablation stand on. Needs torch for predictions. Cost: one forward pass a row; a score takes two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from train.evaluate import ItemScores
from train.examples import EXTRACTION, Examples, Span
from train.order import hash_rows
from train.spans import spans_of_tags

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.encoded import Encoded
    from train.objective import Objective

MOST_PROBED_TOKENS = 20_000
_MOST_NATS = 20.0


def predicted_spans(
    objective: Objective, bench: Workbench, texts: Sequence[str], tags: Sequence[str]
) -> list[list[Span]]:
    """The spans that the model finds in each text, up to the maximal length."""
    from train.score import token_choices

    rows = Examples(EXTRACTION, np.arange(len(texts)), tuple(texts), spans=((),) * len(texts))
    encoded = bench.encoder.encode(rows)
    chosen = token_choices(objective, encoded, bench.tokenizer.pad_token_id)
    return _named(bench, texts, encoded, chosen, tags)


def score_spans(objective: Objective, bench: Workbench, rows: Examples, tags: Sequence[str]) -> ItemScores:
    """Item scores of the rows that can be encoded, in their order."""
    from train.score import answer_nats, token_choices

    encoded = bench.encoder.encode(rows)
    pad = bench.tokenizer.pad_token_id
    nats, _ = answer_nats(objective, encoded, pad)
    return _scored(bench, rows, encoded, token_choices(objective, encoded, pad), nats, tags)


def probe_spans(
    objective: Objective, bench: Workbench, examples: Examples, rows: Examples, tags: Sequence[str]
) -> ItemScores:
    """Item scores of a linear probe of the base's token states, fitted on at most `MOST_PROBED_TOKENS` of `examples`."""
    from train.baseline import fit_probe
    from train.score import token_states

    pad = bench.tokenizer.pad_token_id
    known = bench.encoder.encode(examples)
    order = np.argsort(hash_rows(known.ids, 0, 0), kind="stable")
    enough = int(np.searchsorted(np.cumsum(known.lengths[order]), MOST_PROBED_TOKENS, side="right"))
    known = known.take(np.sort(order[: max(1, enough)]))
    asked = bench.encoder.encode(rows)
    truth = np.concatenate(_true_tags(known))
    names, logs = fit_probe(np.concatenate(token_states(objective, known, pad)), [tags[i] for i in truth])(
        np.concatenate(token_states(objective, asked, pad))
    )
    column = {tag: i for i, tag in enumerate(tags)}
    whole = np.full((len(logs), len(tags)), -_MOST_NATS)
    whole[:, [column[name] for name in names]] = np.maximum(logs, -_MOST_NATS)
    ends = np.cumsum([len(row) for row in _true_tags(asked)])[:-1]
    parts = np.split(whole, ends)
    nats = np.array([-part[np.arange(len(part)), row].sum() for part, row in zip(parts, _true_tags(asked), strict=True)])
    return _scored(bench, rows, asked, [part.argmax(axis=1) for part in parts], nats, tags)


def _scored(
    bench: Workbench, rows: Examples, encoded: Encoded, chosen: Sequence[np.ndarray], nats: np.ndarray, tags: Sequence[str]
) -> ItemScores:
    found = _named(bench, rows.texts, encoded, chosen, tags)
    kept = encoded.kept.tolist()
    counts = np.array([
        (len(set(rows.spans[i]) & set(found[i])), len(found[i]), len(rows.spans[i])) for i in kept
    ], dtype=np.float64).reshape(-1, 3)  # fmt: skip
    right, said, there = counts.T
    score = np.where(said + there > 0, 2 * right / np.maximum(said + there, 1), 1.0)
    return ItemScores(
        encoded.ids, score, np.ones(len(kept)), nats, (None,) * len(kept),
        spans_right=right, spans_found=said, spans_gold=there,
    )  # fmt: skip


def _true_tags(encoded: Encoded) -> list[np.ndarray]:
    assert encoded.tags is not None
    return [tags[mask] for tags, mask in zip(encoded.tags, encoded.supervised, strict=True)]


def _named(
    bench: Workbench, texts: Sequence[str], encoded: Encoded, chosen: Sequence[np.ndarray], tags: Sequence[str]
) -> list[list[Span]]:
    """The spans that tags of tokens mean, for each text."""
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
