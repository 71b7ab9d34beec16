"""Masked examples of what was missed or wrongly found.

Every gold span and every prediction in the shown text is replaced by its type in brackets, whatever its outcome; only the
span in question is shown by its *shape*: digits as 9, letters as a and A, signs as they are. What nobody marked and
the scanner does not find stays readable, as in every preview. With `raw` the text is shown as it is, on one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from audit.pii_eval.gold import Gold, GoldSpan
from audit.pii_eval.score import Matches, Prediction
from audit.pii_eval.typemap import TypeMap
from curate.safetext import safe_text

_AROUND = 40


@dataclass(frozen=True)
class Example:
    """One miss or one wrong finding."""

    row: int
    start: int
    end: int
    type: str
    """Gold type of a miss, our type of a wrong finding."""
    outcome: str
    """`missed`, `other type`, `cut` (found with other ends) or `wrong`."""
    shown: str
    """The surroundings, masked unless asked otherwise."""


def shape(text: str) -> str:
    """Digits as 9, letters as a and A; everything else as it is."""
    return re.sub(r"[^\W\d_]", lambda m: "A" if m[0].isupper() else "a", re.sub(r"\d", "9", text))


def examples(
    gold: Gold, found: Sequence[Prediction], types: TypeMap, limit: int, *, raw: bool = False
) -> tuple[list[Example], list[Example]]:
    """Up to `limit` misses and up to `limit` wrong findings, spread evenly over the set."""
    truth = [s for s in gold.spans if s.type in types.scored]
    kept = [s for s in found if types.line_of(s.type)]
    marks = Matches.of(truth, kept, types)
    by_row: dict[int, list[GoldSpan]] = {}
    for s in (*gold.spans, *found):
        by_row.setdefault(s.row, []).append(s)

    def show(s: GoldSpan, outcome: str) -> Example:
        return Example(s.row, s.start, s.end, s.type, outcome, _shown(gold.texts[s.row], s, by_row[s.row], raw))

    missed = []
    for n, s in enumerate(truth):
        if not marks.gold["strict"][n]:
            near = "cut" if marks.gold["overlap"][n] else "other type" if marks.gold["any_type"][n] else "missed"
            missed.append((s, near))
    wrong = [(s, "wrong") for n, s in enumerate(kept) if not marks.found["any_type"][n]]
    return [show(*e) for e in _spread(missed, limit)], [show(*e) for e in _spread(wrong, limit)]


def _spread(items: list[tuple[GoldSpan, str]], limit: int) -> list[tuple[GoldSpan, str]]:
    if len(items) <= limit:
        return items
    return [items[i * len(items) // limit] for i in range(limit)]


def _shown(text: str, span: GoldSpan, others: Sequence[GoldSpan], raw: bool) -> str:
    low, high = max(0, span.start - _AROUND), min(len(text), span.end + _AROUND)
    if raw:
        return safe_text(f"{text[low : span.start]}⟦{text[span.start : span.end]}⟧{text[span.end : high]}")
    before, after = _masked(text, low, span.start, others), _masked(text, span.end, high, others)
    return safe_text(f"{before}⟦{shape(text[span.start : span.end])}⟧{after}")


def _masked(text: str, low: int, high: int, spans: Sequence[GoldSpan]) -> str:
    """text[low:high] with what is marked in it replaced by its type."""
    out, at = "", low
    for s in sorted(spans, key=lambda s: (s.start, -s.end)):
        if s.end <= at or s.start >= high:
            continue
        out += text[at : max(at, s.start)] + f"[{s.type}]"
        at = min(high, s.end)
    return out + text[at:high]
