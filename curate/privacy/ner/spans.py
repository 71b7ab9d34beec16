"""A tagger's entities as spans of a column."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from curate.privacy.book import book
from curate.privacy.column import Block, block
from curate.privacy.jsonrows import is_json
from curate.privacy.ner.load import load_ner
from curate.privacy.overlaps import Found
from curate.privacy.passes import code_points
from curate.privacy.spans import Spans
from curate.privacy.types import CODE, NAMED

_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9_]*\]")
_STRUCTURE = frozenset('"{}[]\\:\n')


def ner_spans(text: Block, spec: str, types: Sequence[str], min_score: float = 0.5) -> Found:
    """Spans (bytes) that the model of `spec` finds in a block, sorted by row and start, without overlaps.

    What touches a placeholder is left out, and in rows that are JSON what goes beyond one string.
    """
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    raw = [text.data[a:b].tobytes() for a, b in zip(text.starts.tolist(), text.ends.tolist())]
    rows = [row for row, value in enumerate(raw) if value.strip()]
    texts = [raw[row].decode("utf-8", "replace") for row in rows]
    found = load_ner(spec).entities(texts, tuple(types)) if texts else []
    for row, value, entities in zip(rows, texts, found, strict=True):
        held = [m.span() for m in _PLACEHOLDER.finditer(value)] if "[" in value else []
        json_row = bool(entities) and is_json(raw[row])
        base, place, byte = int(text.starts[row]), 0, 0
        for entity in entities:
            score = round(float(entity.score), 4)
            inside = value[entity.start : entity.end]
            if score < min_score or entity.type not in types or not inside.strip():
                continue
            if any(a < entity.end and entity.start < b for a, b in held) or (json_row and _STRUCTURE & set(inside)):
                continue
            byte += len(value[place : entity.start].encode())
            size = len(inside.encode())
            at.append((row, base + byte, base + byte + size, CODE[entity.type]))
            scores.append(score)
            place, byte = entity.end, byte + size
    return Found(np.array(at, np.int64).reshape(-1, 4), np.array(scores, np.float64), np.zeros(len(at), np.bool_))


def find_ner(
    texts: pa.Array, spec: str, types: Sequence[str] = NAMED, *, min_score: float = 0.5, allow: Sequence[str] = ()
) -> Spans:
    """What the model of `spec` finds in a column of texts, as `names.find_names` gives it."""
    whole = block(texts)
    found = ner_spans(whole, spec, types, min_score)
    if allow and len(found.at):
        barred = {literal.casefold() for literal in allow}
        values = (whole.data[a:b].tobytes().decode("utf-8", "replace").casefold() for _, a, b, _ in found.at.tolist())
        found = found.take(np.array([value not in barred for value in values], np.bool_))
    offsets = code_points(whole.data, whole.starts, found.at)
    known = book()
    return Spans(
        row=found.at[:, 0].copy(), start=offsets[:, 0].copy(), end=offsets[:, 1].copy(), code=known.type_of[found.at[:, 3]],
        kind=found.at[:, 3].copy(), score=found.score.astype(np.float32), quoted=found.quoted, book=known,
    )  # fmt: skip
