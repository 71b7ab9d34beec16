# mypy: disable-error-code="assignment"
"""What a column as a whole says about words that were taken for people: things have articles and small letters.

A word that stands behind an article or possessive of German, French, Spanish, Italian, Portuguese, Dutch or a Nordic
language (`der Handwerker`, `meines Freundes`) in a third of its places and at least three times, or that the column writes
small at least as often as with a capital, is a thing. Words that a list of names holds are never judged (`der Peter`), nor
articles behind a particle of names (`von der Leyen`, `de la Cruz`). English articles say nothing: names stand in front of
nouns there (`the Miller account`). A span of several words goes only if each of its words with a capital goes.

Taking names out of the texts weakens no such evidence. Complexity: O(bytes) where there are such words, some 200 MB a
second; else nothing. Deterministic.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.column import Block
from curate.privacy.letters import SEED, WORD, hash_table, lookup, mix
from curate.privacy.names.listed import in_no_list, listed_name
from curate.privacy.types import PERSON
from curate.privacy.words import LETTERS, word_list

Ints = npt.NDArray[np.int64]
_FEWEST, _SHARE = 3, 1 / 3
_ARTICLE, _PARTICLE = 1, 2
ARTICLES = word_list("""
    der die das den dem des ein eine einen einem einer eines mein meine meinen meinem meiner meines dein deine deinen
    deinem deiner sein seine seinen seinem seiner seines ihre ihren ihrem ihrer ihres unser unsere unseren unserem
    unserer euer eure kein keine keinen keinem keiner dieser diese dieses diesen diesem jeder jede jedes jeden jedem
    im zum zur beim vom ins ans
    le la les un une mon ma mes ta tes sa ses notre nos votre vos leur leurs ce cet cette ces au aux
    el los las una unos unas mi mis sus este esta ese esa estos estas
    il gli uno nel nella dal dalla sul sulla allo alla alle agli questa questo
    um uma meu minha seu sua pelo pela à het een mijn jouw onze dit deze ett det mitt""")
_PARTICLES = word_list("von van vom de di da do dos das del della du zu in")


@njit(cache=True)
def _joined(data, start, first, stop, end):  # type: ignore[no-untyped-def]
    """Whether a word is part of an address, a host, a path or a name of a program: it is small there whoever it names."""
    if first > start:
        c = data[first - 1]
        if c == 64 or c == 46 or c == 95 or c == 45 or c == 47 or c == 43:  # @ . _ - / +
            return True
    if stop >= end:
        return False
    c = data[stop]
    return c == 64 or c == 95 or c == 45 or c == 47 or c == 43 or (c == 46 and stop + 1 < end and WORD[data[stop + 1]] != 0)


@njit(cache=True, nogil=True)
def _count(data, starts, ends, keys, values, out):  # type: ignore[no-untyped-def]
    """Add to int64[n, 3], by word: places with a capital, small ones, those of the first behind an article. A word's key is
    the hash of its bytes; values: 1 article, 2 particle, 4 + 2n word n with a capital, 5 + 2n the same small."""
    for row in range(len(starts)):
        i, end = starts[row], ends[row]
        before = earlier = np.int64(0)
        edge = np.int64(-2)
        while i < end:
            if WORD[data[i]] != 1 and WORD[data[i]] != 3:
                i += 1
                continue
            first, h = i, SEED
            while i < end and (WORD[data[i]] == 1 or WORD[data[i]] == 3):
                h = mix(h, data[i])
                i += 1
            if first != edge + 1 or data[edge] != 32:
                before = earlier = np.int64(0)
            here = lookup(h, keys, values)
            if here >= 4:
                n = (here - 4) // 2
                if here & 1:
                    out[n, 1] += not _joined(data, starts[row], first, i, end)
                else:
                    out[n, 0] += 1
                    out[n, 2] += before == 1 and earlier != 2
            earlier, before, edge = before, (here if here < 4 else np.int64(0)), i


def _table(words: list[str]) -> tuple[npt.NDArray[np.uint64], Ints]:
    """The hash table that `_count` reads."""
    entries = {form.encode(): kind for kind, every in ((_PARTICLE, _PARTICLES), (_ARTICLE, ARTICLES))
               for word in every for form in (word, word.capitalize())}  # fmt: skip
    for n, word in enumerate(words):
        entries[(word[0].lower() + word[1:]).encode()] = 5 + 2 * n
        entries[word.encode()] = 4 + 2 * n
    return hash_table(entries)


def things(text: Block, at: Ints) -> npt.NDArray[np.bool_]:
    """Which spans (int64[n, 4]: row, start byte, end byte, type) are people only by a capital."""
    out = np.zeros(len(at), np.bool_)
    asked: dict[int, list[str]] = {}
    for n in np.flatnonzero(at[:, 3] == PERSON).tolist():
        words = [word for word in LETTERS.findall(text.read(int(at[n, 1]), int(at[n, 2]))) if word[0].isupper()]
        if words and not any(map(listed_name, words)):
            asked[n] = words
    words = sorted({word for some in asked.values() for word in some if word[0].lower() != word[0]})
    if not words:
        return out
    counts = np.zeros((len(words), 3), np.int64)
    _count(text.data, text.starts, text.ends, *_table(words), counts)
    capital, small, behind = counts.T
    told = (behind >= _FEWEST) & (behind >= _SHARE * capital)
    told |= (small >= _FEWEST) & (small >= capital) & np.array([in_no_list(word) for word in words])
    bare = {word for word, is_thing in zip(words, told.tolist()) if is_thing}
    for n, some in asked.items():
        out[n] = bare.issuperset(some)
    return out
