"""Rules about an answer beside its prompt: given back, the same under many prompts, about something else.

Method: the words that both share (`curate.quality.words`), what the prompt asks for, what is usual in the data. Complexity:
O(bytes). Does not: understand.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.quality import asks, phrases
from curate.quality import characters as c
from curate.quality.belonging import belonging
from curate.quality.config import QualityConfig
from curate.quality.hits import Bools, Hits, Measured, hits
from curate.quality.words import rarity, relate, repeats

TAKEN_UP = 0.2
"""Words of its prompt in an answer, by words of the answer, from which on it is about the prompt."""
ALIKE = 0.6
"""Share of the rare words of one prompt in another from which on both ask the same; short ones name the same figures."""
TOLD_APART = 0.95
"""How often pairs as they stand must look more like pairs than random ones do: below it sound ones are very strange too."""
COURTESY = 12
"""Words that a turn which only thanks or agrees has at most."""
_FIGURE = re.compile(r"\d+")
TITLED = 5
"""Times the words of a prompt from which on an answer that begins with it has it for a title."""


def prompt_echoed(m: Measured, config: QualityConfig) -> Hits:
    """The prompt, or a part of it, given back."""
    r = m.relation
    assert r is not None
    edits = m.asks(phrases.REWRITES)
    whole = _repeated(m, m.pieces.prompts, edits, 3)
    same = whole.copy()
    for part in m.pieces.sources:
        again = _repeated(m, part, edits, 4)
        same |= again & ~m.asks(asks.IN_PLACE, again)
    begins = (r.prefix == r.prompt_words) & (r.prompt_words >= 8) & (r.answer_words > r.prompt_words)
    begins &= r.answer_words < TITLED * r.prompt_words
    share = r.covered / np.maximum(r.grams, 1)
    copied = (share >= config.echo_share) & (r.grams >= 12)
    score = np.where(same, np.where(edits & ~whole, 0.5, 0.85), np.where(begins, 0.6, 0.4))
    score = np.where(m.code & ~same, 0.2, score)
    return hits("prompt_echoed", same | (begins & ~edits) | (copied & ~edits), score, share=np.round(share, 3))


def _repeated(m: Measured, given: Any, edits: Bools, least: int) -> Bools:
    """Answers that say what was given; to the letter where an edit was asked for, which may be of a comma."""
    out = np.zeros(len(m.pieces), np.bool_)
    size, own = pc.binary_length(given).fill_null(0).to_numpy(), pc.binary_length(m.pieces.texts).fill_null(0).to_numpy()
    at = np.flatnonzero((size > 0.6 * own) & (size < 1.6 * own + 4))
    one, other = given.take(pa.array(at)), m.pieces.texts.take(pa.array(at))
    found = relate(one, other, np.zeros(0, np.uint64))
    equal = pc.equal(pc.utf8_trim_whitespace(one), pc.utf8_trim_whitespace(other)).to_numpy(zero_copy_only=False)
    out[at] = found.same & (found.prompt_words >= least) & (equal | ~edits[at])
    return out


def stock_answer(m: Measured, config: QualityConfig) -> Hits:
    """One answer under prompts that ask for different things."""
    r = m.relation
    assert r is not None
    often = np.zeros(len(m.features), np.int64)
    at = np.flatnonzero(m.features["words"] >= 5)
    often[at] = repeats(r.hashes[0, at], r.hashes[1, at])
    # One question asked in many words has one answer; a stock answer takes up nothing of what was asked. A call of a tool
    # is the same whoever makes it.
    prose = ~m.code & (m.features["last_class"] != c.SYMBOL)
    where = prose & (often >= config.stock_prompts) & ((r.shared < 2) | (r.shared < TAKEN_UP * r.answer_words))
    where &= _kinds_of_prompts(m, np.flatnonzero(where)) >= config.stock_prompts
    # Later in a conversation a few words that ask nothing ("Great, thanks!") are rightly met with the same courtesy.
    later = np.r_[False, np.diff(m.pieces.row) == 0]
    assert m.prompt_features is not None
    p = m.prompt_features
    unspaced = p["words"] >= 0.8 * p["letters"]  # each sign is a word
    brief = p["words"] <= np.where(unspaced, 2 * COURTESY, COURTESY)
    courteous = where & later & brief
    courteous &= ~m.asks(r"[?？؟]", courteous)
    return hits("stock_answer", where & ~courteous, 0.5, prompts=often)


def _kinds_of_prompts(m: Measured, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each piece, how many prompts that ask something else its answer stands under; 0 where it is not among `at`.

    Of the prompts of one answer each is compared with the one before it: one question in many words is one kind.
    """
    out = np.zeros(len(m.pieces), np.int64)
    r, prompts = m.relation, m.pieces.prompts
    if r is None or prompts is None or m.prompt_features is None or not len(at):
        return out
    answers, asked = r.hashes[1, at], r.hashes[0, at]
    order = np.lexsort((at, asked, answers))
    first = np.r_[True, (answers[order][1:] != answers[order][:-1]) | (asked[order][1:] != asked[order][:-1])]
    one = order[first]  # one piece a prompt and answer
    one = one[np.lexsort((at[one], answers[one]))]
    new = np.r_[True, answers[one][1:] != answers[one][:-1]]
    before = np.flatnonzero(~new) - 1
    here, there = prompts.take(pa.array(at[one[before + 1]])), prompts.take(pa.array(at[one[before]]))
    weights = rarity(prompts)
    found = [relate(a, b, m.common, weights=weights).taken_up for a, b in ((here, there), (there, here))]
    other = np.ones(len(one), np.int64)
    short = m.prompt_features["words"][at[one[before + 1]]] <= COURTESY
    named = [[_FIGURE.findall(text or "") for text in side.to_pylist()] for side in (here, there)]
    figures = np.array([a != b for a, b in zip(*named, strict=True)], np.bool_)
    other[before + 1] = (np.maximum(*found) < ALIKE) | (short & figures)
    kinds = np.add.reduceat(other, np.flatnonzero(new))
    out[at] = kinds[np.searchsorted(answers[one][new], answers)]
    return out


def unrelated(m: Measured, config: QualityConfig, threads: int = 1) -> Hits:
    """The answer is none to its prompt, by what the pairs themselves teach; where they teach too little, by words alone."""
    learned = belonging(m, threads) if config.unrelated_below else None
    if learned is None or learned.told_apart < TOLD_APART:
        return _nothing_taken_up(m, config)
    rank = learned.rank()
    # The lower the rank, the fewer sound pairs are beside an exchanged one (docs/text-quality.md).
    return hits("unrelated", rank < config.unrelated_below, 0.8 - rank, random_pairs_stranger=np.round(rank, 3))


def _nothing_taken_up(m: Measured, config: QualityConfig) -> Hits:
    """No word of the prompt taken up, where answers of the kind nearly always do."""
    r, f = m.relation, m.features
    assert r is not None
    able = (r.stems >= 4) & (r.answer_words >= 25) & ~m.code & (f["last_class"] != c.SYMBOL)
    where = np.zeros(len(f), np.bool_)
    rate = np.ones(len(f))
    # Peers: as many stems to take up, as many words to do it with.
    cell = np.minimum(r.stems, 12) * 8 + np.minimum(np.log2(np.maximum(r.answer_words, 1)).astype(np.int64), 7)
    for one in np.unique(cell[able]).tolist():
        peers = able & (cell == one)
        nothing = peers & (r.shared == 0)
        share = (nothing.sum() + 1.0) / (peers.sum() + 2.0)
        if peers.sum() >= 50 and share <= config.unrelated_rate:
            where |= nothing
            rate[peers] = share
    # One answer in a hundred belongs elsewhere, say, and nine in ten of those share no word with their prompt.
    score = np.minimum(0.6, 0.009 / (0.009 + rate))
    return hits("unrelated", where, score, usual=np.round(rate, 4), words_in_prompt=r.stems)
