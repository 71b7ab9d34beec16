"""Text quality: what is wrong with a text as a thing to learn from, told from its surface, with a name for each reason.

A text is read once by compiled code into some fifty counts (`measure`); rules look at the counts, at a few patterns and at
what is usual among the other texts of the same data, and one score from 0 to 1 sums a row up. Nothing here knows whether a
text is *true*. Apart from that, `normalise` proposes repairs of how a text is written: encodings, entities, white space.
"""

from __future__ import annotations

from pathlib import Path

from curate.freshness import drop_stale_code
from curate.quality.config import QualityConfig
from curate.quality.features import Features, measure
from curate.quality.hits import Hits, Pieces
from curate.quality.rules import RULES, judge, prepare

drop_stale_code(Path(__file__).parent)

__all__ = ["RULES", "Features", "Hits", "Pieces", "QualityConfig", "judge", "measure", "prepare"]
