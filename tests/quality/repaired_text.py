"""A text with its repairs made, as applying the findings makes them."""

from __future__ import annotations

import pyarrow as pa

from curate.quality.repairs import repairs


def repaired(text: str, off: frozenset[str] = frozenset()) -> str:
    """One text with every repair made."""
    found = repairs(pa.array([text], pa.large_string()), off)
    edits = sorted(zip(found.start.tolist(), found.end.tolist(), found.replacement))
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text
