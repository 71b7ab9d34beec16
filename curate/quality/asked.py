"""Whether an answer has the form that its prompt asks for: a number of items, of sentences, of words.

Method: patterns for RE2 over the prompts (English, with German, French and Spanish words), then the counts of the answer. A
number of items is met where any way of counting gives it: points, lines, paragraphs, parts between commas, sentences.
After the instructions that can be verified without understanding (IFEval, Zhou et al. 2023).
Shapes: one value a pair; 1 met, 0 not met, 0.5 where nothing of the kind was asked. Complexity: O(bytes of the prompts),
and Python over the pairs that ask (one in ten). Does not: understand; "the two main causes" asks for two items, "a two-page
essay" for nothing.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.quality.features import Features
from curate.quality.phrases import matches

NUMBERS = {
    "one": 1, "single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "ein": 1, "einem": 1, "zwei": 2, "drei": 3, "vier": 4,
    "fünf": 5, "zehn": 10, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "dix": 10, "una": 1, "dos": 2,
    "tres": 3, "cuatro": 4, "cinco": 5, "diez": 10,
}  # fmt: skip
_WORDS_OF = "|".join(sorted(NUMBERS, key=len, reverse=True))
_MANY = "|".join(sorted((word for word, n in NUMBERS.items() if n > 1), key=len, reverse=True))
_VERBS = (
    "list|name|give|provide|suggest|identify|generate|find|come up with|think of|brainstorm|propose|recommend|create|write|"
    "nenne|gib|citez?|donnez?|proposez?|enumera|nombra|escribe"
)
ITEMS = (
    rf"\b(?:{_VERBS})(?: me| us| out| down| up| at least| exactly| the| a list of)* ({_MANY}|[2-9]|[1-4]\d) "
    r"(?:[\w'-]+ ){0,3}?[\w'-]+s\b"
)
SENTENCES = (
    rf"\b({_WORDS_OF}|\d)[ -](?:complete |short |simple )?(?:sentences?\b|sätzen?\b|phrases?\b|frases?\b|oraciones\b)"
)
WORDS = (
    r"\b(under |within |less than |fewer than |(?:no|not) more than |at most |up to |maximum of )?(\d{2,4})[ -]"
    r"(?:words?|wörtern?|mots|palabras)\b"
)
_SPLIT = re.compile(r",\s+(?:and |or |und |et |y )?|;\s+|\s+(?:and|or|und|et|y)\s+")
_NUMBERED = re.compile(r"(?:^|\s)\(?\d{1,2}[.)]\s")
SLACK, LEAST = 1.15, 0.6
"""An answer may have so many times the words that were asked for, and must have so many where they were no limit."""


def form_met(prompts: pa.LargeStringArray, answers: pa.LargeStringArray, f: Features) -> NDArray[np.float64]:
    """1 where the answer has the number of items, sentences and words that was asked for, 0 where not, 0.5 else."""
    out = np.full(len(f), 0.5)
    for kind, pattern in (("items", ITEMS), ("sentences", SENTENCES), ("words", WORDS)):
        at = np.flatnonzero(matches(prompts, pattern) & (f["words"] > 0))
        search = re.compile(pattern, re.IGNORECASE).search
        found = [search(prompt) for prompt in prompts.take(pa.array(at)).to_pylist()]
        at = at[[match is not None for match in found]]
        told = [match for match in found if match is not None]
        if kind == "words":
            n = np.array([int(match[2]) for match in told], np.int64)
            least = np.array([0.0 if match[1] else LEAST for match in told])
            met = (f["words"][at] >= least * n) & (f["words"][at] <= SLACK * n)
        else:
            n = np.array([NUMBERS.get(match[1].lower()) or int(match[1]) for match in told], np.int64)
            met = f["sentences"][at] <= n if kind == "sentences" else _has_items(answers, f, at, n)
        out[at] = np.where(out[at] == 0.5, met, np.minimum(out[at], met))
    return out


def _has_items(answers: pa.LargeStringArray, f: Features, at: NDArray[np.int64], n: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether texts hold so many items, by any way of counting; a line before a list may introduce it."""
    met: NDArray[np.bool_] = f["bullets"][at] == n
    for name in ("lines", "paragraphs", "sentences"):
        met |= (f[name][at] == n) | (f[name][at] - 1 == n)
    left = np.flatnonzero(~met & (f["lines"][at] <= 2))
    for k, text in zip(left.tolist(), answers.take(pa.array(at[left])).to_pylist(), strict=True):
        parts = [part for part in _SPLIT.split(text.split(":", 1)[-1]) if part and not part.isspace()]
        met[k] = n[k] in (len(parts), len(_NUMBERED.findall(text)))
    return met
