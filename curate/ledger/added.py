"""Rows that an `add` finding makes: a whole row as JSON, or changes to its parent as the plan leaves it.

    {"text": "…", "label": "x"}                                    a row of its own
    {"_from_parent": {"edits": {"text": [[0, 2, "She"]]},           the parent, some spans replaced
                      "values": {"gender": "female"}}}              and some values set

Spans count code points of the parent's *raw* text, as all spans in the ledger do. The parent's own edits and labels apply
as well, so a derived row never holds what the plan took out of its parent; a derived row whose spans meet an edit of its
parent is superseded by `resolve` before it comes here. The derived row is a copy in everything else, its split included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

FROM_PARENT = "_from_parent"
Span = tuple[int, int, str]


def from_parent(edits: Mapping[str, Sequence[Span]], values: Mapping[str, Any] | None = None) -> str:
    """The `replacement` of an `add` finding that derives its row."""
    body: dict[str, Any] = {"edits": {field: [list(span) for span in spans] for field, spans in edits.items()}}
    if values:
        body["values"] = dict(values)
    return orjson.dumps({FROM_PARENT: body}).decode()


def derivation(replacement: str | None) -> dict[str, Any] | None:
    """What `from_parent` wrote, or None for a whole row."""
    if not replacement or not replacement.startswith('{"' + FROM_PARENT):
        return None
    body: dict[str, Any] = orjson.loads(replacement)[FROM_PARENT]
    return body


def changed_spans(replacement: str | None) -> Iterator[tuple[str, int, int]]:
    """(field, start, end) of everything that a derived row changes in its parent's text."""
    for field, spans in ((derivation(replacement) or {}).get("edits") or {}).items():
        for start, end, _ in spans:
            yield field, start, end


def replaced(text: str, spans: Sequence[Span]) -> str:
    """`text` with spans that do not overlap replaced, from the right, so that offsets stay true."""
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text
