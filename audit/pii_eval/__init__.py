"""How well does the scanner do on texts in which people marked the personal data?

A *gold set* is a list of texts with typed spans. A predicted span is right strictly where a gold span of an accepted
type has the same two ends, and right by overlap where the two share a character. Precision and recall come with Wilson
intervals, F1 with a bootstrap over documents; a type without gold or without predictions has no number rather than 0.

- `audit.pii_eval.read.read_gold`: Presidio-style JSON, this project's JSONL, brat, CoNLL;
- `audit.pii_eval.typemap.map_types`: gold type names to ours, and what each accepts;
- `audit.pii_eval.score.score`: the table; `audit.pii_eval.errors`: masked examples of what went wrong.
"""

from __future__ import annotations

from audit.pii_eval.gold import Gold, GoldSpan
from audit.pii_eval.read import read_gold
from audit.pii_eval.score import Evaluation, score
from audit.pii_eval.typemap import TypeMap, map_types

__all__ = ["Evaluation", "Gold", "GoldSpan", "TypeMap", "map_types", "read_gold", "score"]
