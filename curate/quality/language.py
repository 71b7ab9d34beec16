"""Which language each text is in, as far as one other than the usual one is concerned.

Method: langid's naive Bayes over byte n-grams (Lui and Baldwin 2012), through py3langid, which ships its model (97
languages, 4.6 MB, BSD licence, no pickle) and needs no network. A sample names the majority language. The words that most
of that sample hold are then counted in every text by the kernel, and only texts with few of them are shown to the detector,
their first characters only: it reads 3 MB/s, the kernel fifty.
Shapes: codes of ISO 639-1, one a text asked about. Probabilities are those of the detector with its own temperature.
Does not: tell languages in texts of a few words (fewer than `least` letters are not asked about), or mixed texts; close
relatives (Danish and Norwegian, Indonesian and Malay, Croatian and Serbian) count as one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SAMPLED = 400
RELATIVES = (
    {"da", "nb", "no", "nn", "sv"}, {"hr", "sr", "bs", "sl"}, {"id", "ms", "jv"}, {"cs", "sk"}, {"pt", "gl", "es"},
    {"ru", "uk", "be", "bg", "mk"}, {"hi", "mr", "ne"}, {"nl", "af"}, {"ur", "fa", "ps"}, {"zu", "xh"}, {"az", "tr"},
    {"de", "lb"}, {"fr", "wa", "oc"}, {"it", "co"}, {"es", "an", "ca"},
)  # fmt: skip
"""Languages that the detector confuses in short texts; they are not told apart."""


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import LanguageIdentifier

    return LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)


def languages() -> tuple[str, ...]:
    """Codes of the languages that can be told."""
    return tuple(_identifier().labels)


def detect(texts: pa.LargeStringArray, characters: int) -> tuple[list[str], NDArray[np.float64]]:
    """(code, probability) of each text, from its first characters."""
    identifier = _identifier()
    heads = pc.utf8_slice_codeunits(texts, 0, characters).to_pylist()
    found = [identifier.classify(head) for head in heads]
    return [code for code, _ in found], np.array([p for _, p in found], np.float64)


def majority(texts: pa.LargeStringArray, characters: int, least: float = 0.8) -> tuple[str | None, float]:
    """(the language of most texts, its share), from texts drawn evenly; None where no language has the share `least`."""
    n = len(texts)
    if n == 0:
        return None, 0.0
    rows = np.unique(np.linspace(0, n - 1, min(n, SAMPLED)).astype(np.int64))
    codes, sure = detect(texts.take(pa.array(rows)), characters)
    clear = [code for code, p in zip(codes, sure) if p >= 0.5]
    if not clear:
        return None, 0.0
    best = max(sorted(set(clear)), key=clear.count)
    share = sum(alike(code, best) for code in clear) / len(clear)
    return (best if share >= least else None), share


def alike(one: str, other: str) -> bool:
    """The same language, or relatives that the detector confuses."""
    return one == other or any(one in group and other in group for group in RELATIVES)
