"""Whether an answer has the form that its prompt asks for: a number of items, of sentences, of words.

Method: patterns for RE2 over the prompts (English, with German, French and Spanish words), then the counts of the answer. A
number of items is met where any way of counting gives it: points, lines, paragraphs, sentences, the parts of any one
sentence between commas. "At least five", "up to five" and "three to five" are ranges; where two numbers of things are asked
for ("three pros and three cons") nothing is said. `wrong_count` is the rule for what leaves no doubt: a list whose points
are not as many as asked, a text far beyond a limit of words.
After the instructions that can be verified without understanding (IFEval, Zhou et al. 2023).
Shapes: one value a pair; 1 met, 0 not met, 0.5 where nothing of the kind was asked. Complexity: O(bytes of the prompts),
and Python over the pairs that ask (one in ten). Does not: understand; "the two main causes" asks for two items, "a two-page
essay" for nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.quality.features import Features
from curate.quality.hits import Hits, Measured, hits
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
_LEAST = r"at least|minimum of|or more|mindestens|au moins|al menos|por lo menos"
_MOST = r"at most|up to|maximum of|no more than|not more than|fewer than|less than|höchstens|bis zu|au plus|como máximo"
_ABOUT = r"about|around|roughly|approximately|some|etwa|environ|unos"
ITEMS = (
    rf"\b(?:{_VERBS})(?: (?:me|us|out|down|exactly|the|top|a list of|a set of|{_LEAST}|{_MOST}|{_ABOUT}|up|a))* "
    rf"({_MANY}|[2-9]|[1-4]\d)(?:(?: ?- ?| to | or | bis | à | a )({_MANY}|[2-9]|[1-4]\d))? (?:[\w'-]+ ){{0,3}}?[\w'-]+s\b"
)
SENTENCES = (
    rf"\b({_WORDS_OF}|\d)(?:(?: ?- ?| to | or | bis )({_WORDS_OF}|\d))?[ -](?:complete |short |simple )?"
    r"(?:sentences?\b|sätzen?\b|phrases?\b|frases?\b|oraciones\b)"
)
WORDS = (
    r"\b(under |within |less than |fewer than |(?:no|not) more than |at most |up to |maximum of )?(\d{2,4})[ -]"
    r"(?:words?|wörtern?|mots|palabras)\b( or (?:less|fewer)| (?:maximum|limit)\b)?"
)
_SECOND = rf"\b(?:and|und|et|y|plus|each|per) (?:the |their )?(?:{_WORDS_OF}|[2-9]|[1-4]\d|of them) "
"""More than one number of things is asked for."""
_PAIRED = r"^\S* ?(?:[\w'-]+ ){0,3}?[\w'-]+s (?:and|und|et|y|&) [\w'-]+s\b"
"""So many pros and cons: of each, or of both."""
_EACH = rf"(?:{_MANY}|\d+) (?:[\w'-]+ ){{0,2}}$"
_TASK = 60
"""Words of a prompt from which on a number in it may be about anything."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_AND = re.compile(r"\s(?:and|or|und|oder|et|ou|y|o)\s")
_NUMBERED = re.compile(r"(?:^|\s)\(?\d{1,2}[.):]\s")
SLACK, LEAST = 1.15, 0.6
"""An answer may have so many times the words that were asked for, and must have so many where they were no limit."""
FAR, SHORT_OF = 1.6, 0.4
"""The same where there is no doubt."""


@dataclass(frozen=True)
class Wanted:
    """What some prompts ask for: positions of the pairs, the least and the most."""

    at: NDArray[np.int64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]


def form_met(prompts: pa.LargeStringArray, answers: pa.LargeStringArray, f: Features) -> NDArray[np.float64]:
    """1 where the answer has the number of items, sentences and words that was asked for, 0 where not, 0.5 else."""
    out = np.full(len(f), 0.5)
    said = f["words"] > 0
    items, sentences, words = (wanted(prompts, said, kind) for kind in ("items", "sentences", "words"))
    have = f["sentences"][sentences.at]
    n = f["words"][words.at]
    for asked, met in (
        (items, _has_items(answers, f, items)),
        (sentences, have <= sentences.most),
        (words, (n >= LEAST * words.least) & (n <= SLACK * words.most)),
    ):
        out[asked.at] = np.where(out[asked.at] == 0.5, met, np.minimum(out[asked.at], met))
    return out


def wrong_count(m: Measured) -> Hits:
    """Lists whose points are not as many as were asked for, and texts far beyond or short of the words asked for."""
    f, prompts = m.features, m.pieces.prompts
    where, found, asked = np.zeros(len(f), np.bool_), np.zeros(len(f), np.int64), np.zeros(len(f), np.int64)
    if prompts is None:
        return hits("wrong_count", where, 0.6)
    listed = (f["bullets"] >= 2) & (f["lines"] - f["bullets"] <= 2) & (f["headings"] == 0) & ~m.code
    assert m.prompt_features is not None
    brief = m.prompt_features["words"] <= _TASK
    items = wanted(prompts, listed & brief, "items")
    wrong = ~_has_items(m.pieces.texts, f, items)
    words = wanted(prompts, (f["words"] >= 10) & brief & ~m.code, "words")
    n = f["words"][words.at]
    for one, far, count in (
        (items, wrong, f["bullets"]),
        (words, (n > FAR * words.most) | (n < SHORT_OF * words.least), f["words"]),
    ):
        at = one.at[far]
        where[at], found[at] = True, count[at]
        asked[at] = np.where(count[at] > one.most[far], one.most[far], one.least[far]).astype(np.int64)
    return hits("wrong_count", where, 0.6, asked_for=asked, found=found)


def wanted(prompts: pa.LargeStringArray, where: NDArray[np.bool_], kind: str) -> Wanted:
    """The numbers of items, sentences or words that the prompts of pairs in `where` ask for."""
    pattern = {"items": ITEMS, "sentences": SENTENCES, "words": WORDS}[kind]
    at = np.flatnonzero(where & matches(prompts, pattern))
    search = re.compile(pattern, re.IGNORECASE).search
    kept, least, most = [], [], []
    for i, prompt in zip(at.tolist(), prompts.take(pa.array(at)).to_pylist(), strict=True):
        match = search(prompt)
        if match is None or _of_several(prompt, match, kind):
            continue
        if kind == "words":
            n = float(match[2])
            least_told = re.search(rf"(?:{_LEAST}) $", prompt[: match.start()], re.IGNORECASE)
            low, high = (0.0 if match[1] or match[3] else n), np.inf if least_told else n
        else:
            low = float(NUMBERS.get(match[1].lower()) or match[1])
            high = float(NUMBERS.get(match[2].lower()) or match[2]) if match[2] else low
            around = prompt[max(0, match.start() - 20) : match.end() + 15]
            if re.search(rf"\b(?:{_LEAST}|{_ABOUT})\b", around, re.IGNORECASE):
                high = np.inf
            if re.search(rf"\b(?:{_MOST}|{_ABOUT})\b", around, re.IGNORECASE):
                low = 1.0
        kept.append(i)
        least.append(low)
        most.append(high)
    return Wanted(np.array(kept, np.int64), np.array(least), np.array(most))


def _of_several(prompt: str, match: re.Match[str], kind: str) -> bool:
    """Whether a number is one of several, or of each of several things."""
    if kind == "words":
        return re.search(_EACH, prompt[: match.start()], re.IGNORECASE) is not None
    after = prompt[match.end(1) :]
    second = kind == "items" and re.search(_SECOND, after, re.IGNORECASE) is not None
    return second or (kind == "items" and re.search(_PAIRED, after, re.IGNORECASE) is not None)


def _has_items(answers: pa.LargeStringArray, f: Features, asked: Wanted) -> NDArray[np.bool_]:
    """Whether texts hold so many items, by any way of counting; a line before or after a list may go with it."""
    at, least, most = asked.at, asked.least, asked.most

    def fits(n: NDArray[np.int32]) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (n >= least) & (n <= most)
        return found

    met = fits(f["bullets"][at])
    for name in ("lines", "paragraphs", "sentences"):
        met |= fits(f[name][at]) | fits(f[name][at] - 1)
    # One paragraph is no answer to "up to three" where five points stand in it.
    met = np.where((least != most) & (f["bullets"][at] >= 2), fits(f["bullets"][at]), met)
    left = np.flatnonzero(~met & (f["bullets"][at] < 2))
    for k, text in zip(left.tolist(), answers.take(pa.array(at[left])).to_pylist(), strict=True):
        counts = {len(_NUMBERED.findall(text))}
        for sentence in _SENTENCE.split(text):
            commas, semicolons = sentence.count(", ") + sentence.count("、"), sentence.count("; ")
            counts |= {commas + 1, commas + 2, semicolons + 1, 1 + len(_AND.findall(sentence))}
        met[k] = any(least[k] <= n <= most[k] for n in counts)
    return met
