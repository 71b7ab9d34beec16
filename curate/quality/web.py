"""Heuristics for pages of the web, as three published filters describe them; for `text` data, on request.

Sources: Gopher (Rae et al. 2021, appendix A.1.1 and table A1), C4 (Raffel et al. 2020, section 2.2), FineWeb (Penedo et al.
2024, section 3.6); each threshold stands in `SOURCES` beside the rule. Written from the descriptions. They drop pages; here
each is a rule with a name, and a page says which of them it fails. Where this differs: Gopher's shares of characters in
runs of words are counted over words. C4's rules, its deletion of lines and its list of bad words: `curate.quality.c4`.
Shapes: one value a text. Cost: about 15 MB/s a core for the runs of words of Gopher, little for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from curate.parallel import over_blocks
from curate.quality import c4
from curate.quality.characters import tables
from curate.quality.features import TEXTS_A_BLOCK, is_ascii
from curate.quality.hits import Hits, hits
from curate.quality.words import room, words_of
from curate.similarity.texts import buffers

if TYPE_CHECKING:
    from curate.quality.hits import Measured

PRESETS = ("off", "gopher", "c4", "fineweb", "all")
RULES: Mapping[str, str] = {
    "gopher_words": "the page has too few or too many words",
    "gopher_word_length": "the words of the page are too short or too long on average",
    "gopher_symbols": "the page has too many hashes or ellipses for its words",
    "gopher_bullets": "nearly all lines of the page are bullet points",
    "gopher_ellipses": "too many lines of the page end in an ellipsis",
    "gopher_letters": "too many words of the page hold no letter",
    "gopher_stop_words": "the page holds hardly any of the commonest English words",
    "gopher_lines": "too many lines of the page stand in it twice",
    "gopher_runs": "too much of the page is one run of words, or runs that come again",
    "c4_sentences": "the page has too few sentences",
    "c4_phrases": "the page holds placeholder text or a curly bracket",
    "c4_lines": "lines of the page end in no sentence, are too short, or are notices about scripts and policies",
    "fineweb_line_ends": "hardly any line of the page ends as a sentence does",
    "fineweb_repeated_lines": "too many characters of the page stand in repeated lines",
    "fineweb_short_lines": "most lines of the page are short",
}
SOURCES: Mapping[str, str] = {
    "gopher_words": "Gopher A.1.1: 50 to 100,000 words",
    "gopher_word_length": "Gopher A.1.1: mean word length of 3 to 10 characters",
    "gopher_symbols": "Gopher A.1.1: hashes or ellipses at most 0.1 a word",
    "gopher_bullets": "Gopher A.1.1: at most 90 % of lines begin with a bullet",
    "gopher_ellipses": "Gopher A.1.1: at most 30 % of lines end in an ellipsis",
    "gopher_letters": "Gopher A.1.1: 80 % of words hold a letter",
    "gopher_stop_words": "Gopher A.1.1: two of the, be, to, of, and, that, have, with",
    "gopher_lines": "Gopher table A1: repeated lines 0.30, repeated paragraphs 0.30, characters in them 0.20 each",
    "gopher_runs": "Gopher table A1: most frequent run of 2 to 4 words 0.20 to 0.16, repeated ones of 5 to 10 0.15 to 0.10",
    "c4_sentences": "C4 2.2: at least three sentences, in the lines that are left",
    "c4_phrases": "C4 2.2: no lorem ipsum, no curly bracket",
    "c4_lines": "C4 2.2: lines end with a terminal punctuation mark, hold five words, name neither JavaScript nor policies",
    "fineweb_line_ends": "FineWeb 3.6: more than 0.12 of lines end with punctuation",
    "fineweb_repeated_lines": "FineWeb 3.6: less than 0.1 of characters in repeated lines",
    "fineweb_short_lines": "FineWeb 3.6: less than 0.67 of lines are shorter than 30 characters",
}
"""Where each rule and its threshold come from."""
_PARAGRAPHS = re.compile(r"\n\s*\n")
_TOP = {2: 0.20, 3: 0.18, 4: 0.16}
_AGAIN = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def judge(m: Measured, preset: str, threads: int = 1) -> list[Hits]:
    """The pages that fail each rule of a preset."""
    found: list[Hits] = []
    if preset in ("gopher", "all"):
        found += _gopher(m, threads)
    if preset in ("c4", "all"):
        found += c4.judge(m)
    if preset in ("fineweb", "all"):
        found += _fineweb(m)
    return found


def _gopher(m: Measured, threads: int) -> list[Hits]:
    f = m.features
    words, lines = np.maximum(f["words"], 1), np.maximum(f["lines"], 1)
    mean = f["word_chars"] / words
    symbols = np.maximum(f["hashes"], f["dots"]) / words
    top, again = word_runs(m.pieces.texts, threads)
    over = np.zeros(len(f), np.bool_)
    for n, most in _TOP.items():
        over |= top[:, n - 2] > most
    for n, most in _AGAIN.items():
        over |= again[:, n - 5] > most
    return [
        hits("gopher_words", (f["words"] < 50) | (f["words"] > 100_000), 0.5, words=f["words"]),
        hits("gopher_word_length", (mean < 3) | (mean > 10), 0.5, mean=np.round(mean, 2)),
        hits("gopher_symbols", symbols > 0.1, 0.5, ratio=np.round(symbols, 3)),
        hits("gopher_bullets", f["bullets"] / lines > 0.9, 0.5, share=np.round(f["bullets"] / lines, 3)),
        hits("gopher_ellipses", f["ellipses"] / lines > 0.3, 0.5, share=np.round(f["ellipses"] / lines, 3)),
        hits("gopher_letters", f["alpha_words"] / words < 0.8, 0.5, share=np.round(f["alpha_words"] / words, 3)),
        hits("gopher_stop_words", f["stop_words"] < 2, 0.5, kinds=f["stop_words"]),
        hits("gopher_lines", _repeats(m), 0.5, share=np.round(f["repeated_lines"] / lines, 3)),
        hits("gopher_runs", over, 0.5, most_frequent_pair=np.round(top[:, 0], 3), repeated_fives=np.round(again[:, 0], 3)),
    ]


def _repeats(m: Measured) -> NDArray[np.bool_]:
    """Lines or paragraphs that stood before: too many of them, or too many characters in them."""
    f = m.features
    visible = np.maximum(f["chars"] - f["spaces"], 1)
    over: NDArray[np.bool_] = f["repeated_lines"] / np.maximum(f["lines"], 1) > 0.3
    over |= f["repeated_line_chars"] / visible > 0.2
    # A paragraph stands twice only where lines do, and its characters are theirs; what is left to count are paragraphs.
    at = np.flatnonzero(~over & (f["repeated_lines"] > 0) & (f["paragraphs"] > 1))
    for i, text in zip(at.tolist(), m.pieces.texts.take(pa.array(at)).to_pylist(), strict=True):
        parts = [part.strip() for part in _PARAGRAPHS.split(text) if part.strip()]
        over[i] = len(parts) - len(set(parts)) > 0.3 * len(parts)
    return over


def _fineweb(m: Measured) -> list[Hits]:
    f = m.features
    lines, visible = np.maximum(f["lines"], 1), np.maximum(f["chars"] - f["spaces"], 1)
    ends, short = f["stopped_lines"] / lines, f["short_lines"] / lines
    twice = f["repeated_line_chars"] / visible
    return [
        hits("fineweb_line_ends", ends <= 0.12, 0.5, share=np.round(ends, 3)),
        hits("fineweb_repeated_lines", twice >= 0.1, 0.5, share=np.round(twice, 3)),
        hits("fineweb_short_lines", short >= 0.67, 0.5, share=np.round(short, 3)),
    ]


def word_runs(texts: pa.LargeStringArray, threads: int = 1) -> tuple[Any, Any]:
    """(share of the words in the most frequent run of 2, 3, 4 words; share in runs of 5 to 10 words that stood before)."""
    data, start, stop = buffers(texts)
    classes, fold = tables(is_ascii(data, start, stop))
    top, again = np.zeros((len(start), 3)), np.zeros((len(start), 6))

    def work(lo: int, hi: int) -> None:
        _runs(data, start, stop, lo, hi, classes, fold, top, again)

    over_blocks(len(start), TEXTS_A_BLOCK, threads, work)
    return top, again


@njit(cache=True, nogil=True)
def _runs(data, start, stop, lo, hi, classes, fold, top, again):  # type: ignore[no-untyped-def]
    longest = room(start, stop, lo, hi)
    h, s, l = np.empty(longest, np.uint64), np.empty(longest, np.uint64), np.empty(longest, np.int32)  # noqa: E741
    for i in range(lo, hi):
        n = words_of(data, start[i], stop[i], classes, fold, h, s, l)
        size = 16
        while size < 2 * n:
            size *= 2
        mask = np.uint64(size - 1)
        keys, counts = np.zeros(size, np.uint64), np.zeros(size, np.int32)
        for words in range(2, 11):
            if n < words:
                break
            keys[:] = 0
            counts[:] = 0
            most, covered, until = 0, 0, 0
            for k in range(n - words + 1):
                g = np.uint64(words)
                for j in range(words):
                    g = (g ^ h[k + j]) * np.uint64(0x9E3779B97F4A7C15)
                    g ^= g >> np.uint64(29)
                g |= np.uint64(1)
                at = (g >> np.uint64(7)) & mask
                while keys[at] != 0 and keys[at] != g:
                    at = (at + np.uint64(1)) & mask
                if keys[at] == g and words >= 5:
                    covered += k + words - max(k, until)
                    until = k + words
                keys[at] = g
                counts[at] += 1
                most = max(most, counts[at])
            if words <= 4:
                top[i, words - 2] = words * most / n if most > 1 else 0.0
            else:
                again[i, words - 5] = covered / n
