"""Preference pairs that teach nothing, or the opposite.

Rules: `identical_pair` (both answers are the same but for case, punctuation and white space) and `swapped_pair` (the answer
that lost is better on its surface by more than a margin: the chosen one refuses, is empty, stops early or repeats itself).
Shapes: arrays of one value a pair. Does not: judge what two sound answers say.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.quality.features import hash_set
from curate.quality.hits import Hits, hits
from curate.quality.words import relate


def identical_pair(chosen: pa.LargeStringArray, rejected: pa.LargeStringArray, threads: int = 1) -> Hits:
    """Pairs whose answers are the same words, or the same characters where there are no words."""
    relation = relate(chosen, rejected, hash_set(()), threads)
    wordless = (relation.prompt_words == 0) & (relation.answer_words == 0)
    equal = np.zeros(len(chosen), np.bool_)
    for i in np.flatnonzero(wordless).tolist():
        one, other = chosen[i].as_py() or "", rejected[i].as_py() or ""
        equal[i] = "".join(one.split()) == "".join(other.split())
    return hits("identical_pair", relation.same | equal, np.where(equal | (relation.prompt_words < 4), 0.95, 1.0))


def swapped_pair(
    chosen: NDArray[Any], rejected: NDArray[Any], chosen_faults: NDArray[Any], rejected_faults: NDArray[Any], margin: float
) -> Hits:
    """Pairs in which the chosen answer alone has a grave fault, or scores lower by the margin."""
    gap = rejected - chosen
    fault = chosen_faults & ~rejected_faults & (gap > 0)
    score = np.clip(np.where(fault, 0.6, 0.3) + 0.4 * np.maximum(gap, 0.0), 0.0, 0.89)
    return hits("swapped_pair", fault | (gap >= margin), score, chosen=np.round(chosen, 3), rejected=np.round(rejected, 3))
