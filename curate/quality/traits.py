"""The traits of a text that its score is made of, each from 0 to 1, higher better, none unbounded.

Sources: what reviewers of instruction data are asked to look at (comprehensive, relevant, readable, correct in form), as
far as the surface shows it. Shapes: one float64 a piece. Complexity: O(1) a piece over counts that are there, and the
patterns of `asked`. Does not: know whether anything is true.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.quality import asks
from curate.quality import characters as c
from curate.quality.asked import form_met
from curate.quality.features import Features
from curate.quality.hits import Bools, Measured

Floats = NDArray[Any]
SHRUNK = 25
"""Words at which fluency is drawn half way to the usual."""
TAKEN = 0.34
"""Share of a prompt's content that an answer takes up from which on no more is seen: repeating all of it is no better."""
FEW = 12
"""Words of an answer to a prompt for a name, a figure or a title from which on more is padding."""
SHORT_PROMPT = 30
"""Words of a prompt up to which it asks for one thing."""
MUCH = 600
"""Distinct words from which on no more substance is seen."""


def traits(m: Measured) -> dict[str, Floats]:
    """Every trait by name; those of answers only where the pieces answer prompts."""
    f = m.features
    said = f["words"] > 0
    brief = said & _asked_briefly(m)
    out = {
        "substance": np.where(brief, 1.0 / np.maximum(f["words"] / FEW, 1.0) ** 0.2, substance(f)),
        "sentences": _most(f["sentences"] + 0.7 * f["bullets"], 5.0),
        "paragraphs": _most(np.maximum(f["paragraphs"] - 1, 0) + f["headings"], 2.0),
        "points": _most(f["bullets"], 3.0),
        "begins": said * np.where(_small(f) & ~m.code, 0.0, 1.0),
        "ends": said * np.where(m.code, 0.8, _ends(f)),
        "clean": said * np.where(m.code, 0.8, _clean(f)),
        "tidy": said * np.where(m.code, 0.8, _tidy(f)),
        "case": said * _case(f),
        "variety": variety(f),
        "fluency": said * fluent(m.fluency, f["words"]),
    }
    if m.relation is None or m.prompt_features is None:
        return out
    r = m.relation
    told = np.where(r.grams > 0, 1.0 - r.covered / np.maximum(r.grams, 1), 1.0)
    told = np.where((r.prefix == r.prompt_words) & (r.prompt_words >= 4), 0.0, told)
    assert m.pieces.prompts is not None
    return out | {
        "own_words": said * told,
        "taken_up": np.where(brief, 1.0, np.minimum(1.0, r.taken_up.astype(np.float64) / TAKEN)),
        "lines": _most(np.maximum(f["lines"] - 1, 0), 4.0),
        "set_off": np.where(m.code, 0.5, _most(f["setting_off"] / np.maximum(f["words"], 5), 0.06)),
        "figures": np.where(m.code, 0.5, _most(f["digits"] / np.maximum(f["words"], 5), 0.1)),
        "form": form_met(m.pieces.prompts, m.pieces.texts, f),
        "asking": asking(m.prompt_features),
    }


def _most(count: NDArray[np.float64] | NDArray[np.int32], half: float) -> Floats:
    """A count with diminishing returns; `half` of them are worth half."""
    found: Floats = count / (count + half)
    return found


def _asked_briefly(m: Measured) -> Bools:
    if m.prompt_features is None:
        return np.zeros(len(m.features), np.bool_)
    brief = m.asks(asks.BRIEF, m.prompt_features["words"] <= SHORT_PROMPT)
    return brief & ~m.asks(rf"{asks.REASONS}|{asks.LONG}", brief)


def substance(f: Features) -> Floats:
    """How much is said: distinct words on a logarithmic scale; names and figures say more, slips of spelling nothing."""
    told = f["distinct"] - f["slips"] + 0.5 * np.minimum(f["names"] + f["digits"] / 2.0, 0.3 * f["distinct"])
    found: Floats = np.minimum(1.0, np.log1p(np.maximum(told, 0.0)) / np.log1p(MUCH))
    return found


def _small(f: Features) -> Bools:
    first = f["first"]
    found: Bools = (first >= ord("a")) & (first <= ord("z"))
    return found


def _ends(f: Features) -> Floats:
    kind = f["last_class"]
    ended = np.isin(kind, (c.STOP, c.CLOSE, c.QUOTE)) | (f["last_line_bullet"] > 0)
    return np.where(ended, 1.0, np.where((kind == c.DIGIT) | (kind == c.SYMBOL) | (f["words"] < 4), 0.6, 0.2))


def _clean(f: Features) -> Floats:
    """Few slips on the way: small letters after a full stop, gaps before marks, a lone i, letters swapped."""
    slips = f["lower_starts"] + f["space_before_stop"] + f["lone_i"] + f["stray_close"] + f["slips"]
    found: Floats = 1.0 / (1.0 + 25.0 * slips / np.maximum(f["words"], 12))
    return found


def _tidy(f: Features) -> Floats:
    """No double blanks and no blanks before line ends."""
    found: Floats = 1.0 / (1.0 + (2.0 * f["double_spaces"] + f["trailing_blanks"]) / np.maximum(f["lines"], 3))
    return found


def _case(f: Features) -> Floats:
    """Not written in capitals."""
    share = f["upper"] / np.maximum(f["letters"], 1)
    return np.where(f["letters"] >= 20, 1.0 - np.clip((share - 0.25) / 0.5, 0.0, 1.0), 1.0)


def variety(f: Features) -> Floats:
    """Says new things: the share of five words in a row that did not stand before, and of distinct words for the length."""
    again = f.share("repeated", "alpha_words")
    n = np.maximum(f["alpha_words"], 1)
    # Heaps' law: of n words of running text about n**0.87 are distinct in texts of these lengths.
    rich = np.minimum(1.0, f["distinct"] / np.power(n, 0.87))
    found: Floats = np.where(f["alpha_words"] == 0, 0.0, rich * (1.0 - np.minimum(again, 1.0)))
    return found


def fluent(bits: Floats, words: NDArray[np.int32]) -> Floats:
    """Fluency against the usual of the data: nearly 1 for whatever is usual, low for the odd end only; 0.5 unknown."""
    known = np.flatnonzero(~np.isnan(bits) & (words >= 12))
    if len(known) < 50:
        return np.full(len(bits), 0.5)
    middle, low = np.quantile(bits[known], (0.5, 0.1))
    z = (bits - middle) / max(middle - low, 1e-6) * words / (words + SHRUNK)  # few words tell little
    return np.where(np.isnan(z), 0.5, 1.0 / (1.0 + np.exp(np.clip(-2.5 * (z + 0.7), -50, 50))))


def asking(f: Features) -> Floats:
    """A prompt that says what it wants: some length, a capital to begin with, a mark at the end, few slips."""
    words = f["words"]
    ended = np.isin(f["last_class"], (c.STOP, c.CLOSE, c.QUOTE)) | (f["last"] == ord(":"))
    slips = f["lower_starts"] + f["space_before_stop"] + f["lone_i"] + f["slips"]
    found: Floats = (
        0.5 * words / (words + 15.0) + 0.2 * ~_small(f) + 0.2 * ended + 0.1 / (1.0 + 20.0 * slips / np.maximum(words, 10))
    )
    return np.where(words == 0, 0.0, found)
