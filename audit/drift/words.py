"""Words that some texts hold more often than others.

Method: log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn, 2008). A word counts once a text; it must
stand in `FEWEST_ROWS` texts and reach z = 3. Values that the privacy scanner finds are taken out first, names of people
too; groups of four digits or more are no words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

FEWEST_ROWS = 5
MOST_WORDS = 12
_Z = 3.0
_PLACEHOLDER = re.compile(r"\[[A-Z_]+\]")


@dataclass(frozen=True)
class Words:
    """Which words stand in which texts."""

    held: Any
    """Sparse, text by word, 0 or 1; None where no word stands in enough texts."""
    names: npt.NDArray[Any]

    @classmethod
    def of(cls, texts: pa.Array) -> Words:
        """The words of some texts, without personal data."""
        from sklearn.feature_extraction.text import CountVectorizer

        from curate.privacy import ScanConfig, scan
        from curate.privacy.operators import mask_column
        from curate.privacy.types import NAMES

        if not len(texts):
            return cls(None, np.zeros(0, dtype=object))
        # A fragment of an address or a number looks like nothing by itself: values are taken out where they stand.
        spans = scan(texts, ScanConfig(types=(*NAMES, "PERSON", "STREET_ADDRESS")))
        plain = [_PLACEHOLDER.sub(" ", text) for text in mask_column(texts, spans).to_pylist()]
        counter = CountVectorizer(
            binary=True, min_df=FEWEST_ROWS, max_features=50_000, token_pattern=r"(?u)\b(?!\w*\d{4})\w\w+\b"
        )
        try:
            held = counter.fit_transform(plain)
        except ValueError:  # no word stands in enough rows
            return cls(None, np.zeros(0, dtype=object))
        return cls(held.astype(np.int64), counter.get_feature_names_out())

    def separate(self, chosen: npt.NDArray[np.bool_]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(words that the chosen texts hold more often, words that the others do), surest first."""
        from curate.privacy.preview import shown_names

        if self.held is None or chosen.all() or not chosen.any():
            return (), ()
        counts = [np.asarray(self.held[mask].sum(axis=0)).ravel().astype(np.float64) for mask in (~chosen, chosen)]
        prior = (counts[0] + counts[1]) / (counts[0] + counts[1]).sum() * 500
        odds = [np.log((c + prior) / (c.sum() + 500 - c - prior)) for c in counts]
        z = (odds[1] - odds[0]) / np.sqrt(1 / (counts[0] + prior) + 1 / (counts[1] + prior))
        out = []
        for sign in (1, -1):
            best = [self.names[i] for i in np.argsort(-sign * z, kind="stable")[: 4 * MOST_WORDS] if sign * z[i] >= _Z]
            shown = shown_names(best)
            out.append(tuple(str(w) for w in best if shown[w] == w)[:MOST_WORDS])
        return out[0], out[1]
