"""One pass over the bytes of each text: the counts that rules look at.

Method: UTF-8 is decoded on the way, each character looked up once. Words are runs of letters, digits and marks, hashed in
lower case; the hashes of a text stand in a scratch array, in which `repetition` looks for what comes again.
Shapes: `out` int32 (text, `COLUMNS`). Complexity: O(bytes). Cost: about 150 MB/s a core.
Does not: parse code or Markdown; fences and brackets are counted.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.quality.columns import (
    ALPHA,
    BULLETS,
    CHARS,
    CODE,
    COMMON,
    CONTROLS,
    CURLY,
    DIGITS,
    DOTS,
    DOUBLE,
    ELLIPSES,
    FENCES,
    FIRST,
    FORMATS,
    GAPPED,
    HASHES,
    HEADINGS,
    LAST,
    LAST_BULLET,
    LAST_CLASS,
    LAST_WORDS,
    LETTERS,
    LINES,
    LONE_I,
    LONGEST,
    LOST,
    LOWER_STARTS,
    NAMES,
    OFF,
    PAIRS,
    PARAGRAPHS,
    PRIVATES,
    PUNCT,
    ROUND,
    RUN,
    SENTENCES,
    SHORT,
    SLIPS,
    SPACES,
    SQUARE,
    STOP_WORDS,
    STOPPED,
    STRAY,
    SYMBOLS,
    TRAILING,
    UPPERS,
    WORD_CHARS,
    WORDS,
)  # fmt: skip
from curate.quality.hashed import START, has, stir
from curate.quality.repetition import repetition, same_lines
from curate.similarity.utf8 import decode

_SPELLED = 24
"""Letters of the longest word whose spelling is looked at."""
_MOST_WORDS = 1 << 20
"""Words of one text that are looked at for repetition."""


@njit(cache=True, nogil=True)
def count(  # type: ignore[no-untyped-def]
    data, start, stop, lo, hi, classes, fold, common, known, frequent, shortened, stop_words, out, last_word
):
    """Count texts `lo..hi` into `out`, and the hash of each text's last word into `last_word`."""
    # Scratch for the longest text: arrays bound anew inside the loop would be counted at every turn of it.
    most = np.int64(0)
    for i in range(lo, hi):
        most = max(most, stop[i] - start[i])
    most = min(most // 2 + 4, np.int64(_MOST_WORDS))
    hashes = np.empty(most, np.uint64)
    keys, places = np.empty(64 + 4 * most, np.uint64), np.empty(64 + 4 * most, np.int32)
    lines_of, lines_chars = np.empty(most, np.uint64), np.empty(most, np.int32)
    limit, folded = classes.size, fold.size
    codes = np.empty(_SPELLED, np.int64)  # of the word at hand
    for i in range(lo, hi):
        row = out[i]
        n_words = n_lines = 0
        h = START
        word = word_letters = 0  # characters, letters of the word at hand
        closed = closed_letters = 0  # of the word before
        word_first, heads_line = np.int64(0), True
        at_start = True  # no word since the text began or a sentence ended
        line_start = True
        line_words = line_chars = 0
        line_hash = START
        line_bullet = False
        line_digits = 0  # digits that a line has begun with
        fresh_line = True  # nothing but spaces in the line so far
        blank_before = True
        last_code, last_class, last_but = np.int64(0), 0, np.int64(0)
        ticks = 0
        previous, previous_class = np.int64(10), 1
        run = 0
        round_, square, curly = 0, 0, 0
        stops = np.uint64(0)
        at, end = start[i], stop[i]
        while at <= end:
            if at < end:
                code, width = np.int64(data[at]), 1
                if code >= 0x80:
                    code, width = decode(data, at, end)
                kind = classes[code] if code < limit else 16
                at += width
                row[CHARS] += 1
            else:  # a line end after the last character closes what is open
                code, kind = np.int64(10), 1
                at += 1
            in_word = 2 <= kind <= 4 or kind == 6 or (kind == 7 and word > 0)
            joined = word > 0 and (code == 39 or code == 0x2019) and word_letters > 0  # don't, l'eau
            if word > 0 and ((not in_word and not joined) or kind == 5):
                closed, closed_letters = word, word_letters
                row[WORDS] += 1
                row[WORD_CHARS] += word
                if word > row[LONGEST]:
                    row[LONGEST] = word
                line_words += 1
                line_hash = stir(line_hash, h)
                if word_letters:  # numbers are no words to repeat
                    row[ALPHA] += 1
                    row[COMMON] += has(common, h)
                    for k in range(stop_words.size):
                        if stop_words[k] == h:
                            stops |= np.uint64(1) << np.uint64(k)
                    if n_words < most:
                        hashes[n_words] = h
                        n_words += 1
                    last_word[i] = h
                first_class = classes[word_first] if word_first < limit else 16
                if word_letters:
                    if first_class == 3 and not at_start:
                        row[NAMES] += 1
                    if first_class == 2 and frequent.size and 5 <= word <= _SPELLED and not has(known, h):
                        row[SLIPS] += _slip(codes, word, h, frequent, shortened)
                    if first_class == 2 and at_start and not heads_line:
                        row[LOWER_STARTS] += 1
                    if word == 1 and word_first == 105 and (kind == 0 or code == 39):
                        row[LONE_I] += 1
                at_start = False
                word = word_letters = 0
                h = START
            if joined:
                previous, previous_class = code, kind
                row[PUNCT] += 1
                continue
            if kind == 1:
                if not fresh_line:
                    row[LINES] += 1
                    row[TRAILING] += previous_class == 0
                    row[BULLETS] += line_bullet
                    row[SHORT] += line_chars + max(0, line_words - 1) < 30
                    if blank_before:
                        row[PARAGRAPHS] += 1
                    if last_code == 0x2026 or (last_code == 46 and last_but == 46):
                        row[ELLIPSES] += 1
                    if last_class == 8:
                        row[STOPPED] += 1
                    row[LAST_WORDS], row[LAST_BULLET] = line_words, line_bullet
                    if line_words >= 2 and n_lines < most:
                        lines_of[n_lines], lines_chars[n_lines] = line_hash | np.uint64(1), line_chars
                        n_lines += 1
                    at_start = True
                blank_before = fresh_line
                line_start = fresh_line = True
                line_words = line_chars = line_digits = ticks = 0
                line_hash = START
                line_bullet = False
                if at <= end:
                    row[SPACES] += 1
                previous, previous_class = code, kind
                run = 0
                continue
            if kind == 0:
                row[SPACES] += 1
                if previous_class == 0 and not fresh_line:
                    row[DOUBLE] += 1
                previous, previous_class = code, kind
                run = 0
                continue
            # Something that is seen.
            line_chars += 1
            if row[FIRST] == 0:
                row[FIRST] = code
            if fresh_line:
                ticks = 0
                fresh_line = False
                if code == 45 or code == 42 or code == 0x2022 or code == 0xB7 or code == 0x2023 or code == 43:
                    line_bullet = True
                if code == 35:
                    row[HEADINGS] += 1
                line_digits = 1 if kind == 6 else 0
            elif line_digits > 0:
                if kind == 6:
                    line_digits += 1
                else:
                    line_bullet = line_digits <= 3 and (code == 46 or code == 41 or code == 58)
                    line_digits = -1
            if (code == 96 or code == 126) and line_chars == ticks + 1:
                ticks += 1
                row[FENCES] += ticks == 3
            run = run + 1 if code == previous else 1
            if run > row[RUN] and (2 <= kind <= 5 or kind == 8):
                row[RUN] = run
            if in_word and kind != 5:
                if word == 0:
                    word_first, heads_line = code, line_start
                low = np.int64(fold[code]) if code < folded else code
                if word < _SPELLED:
                    codes[word] = low
                word += 1
                if kind != 6:
                    word_letters += 1
                h = stir(h, low)
                if kind == 3:
                    row[UPPERS] += 1
                if kind == 6:
                    row[DIGITS] += 1
                else:
                    row[LETTERS] += 1
                line_start = False
            elif kind == 5:
                single = stir(START, code)
                row[WORDS] += 1
                row[WORD_CHARS] += 1
                row[LETTERS] += 1
                row[ALPHA] += 1
                line_words += 1
                line_hash = stir(line_hash, single)
                row[COMMON] += has(common, single)
                if n_words < most:
                    hashes[n_words] = single
                    n_words += 1
                last_word[i] = single
                at_start = line_start = False
            elif kind == 8:
                row[PUNCT] += 1
                row[DOTS] += code == 0x2026 or (code == 46 and previous == 46 and last_but == 46)
                if previous_class == 0:
                    row[GAPPED] += 1
                if previous_class != 8:
                    followed = at >= end or data[at] <= 32 or data[at] == 34 or data[at] == 39 or data[at] == 41
                    counts = previous_class == 6 and closed <= 2 and closed_letters == 0  # 1. one 2. another
                    if (followed or code > 0x2FFF) and not counts:
                        row[SENTENCES] += 1
                        at_start = True
            elif 9 <= kind <= 12:
                row[PUNCT] += 1
                row[OFF] += _sets_off(code)
                if previous_class == 0 and (code == 44 or code == 59):
                    row[GAPPED] += 1
                if code == 40:
                    round_ += 1
                elif code == 91:
                    square += 1
                elif code == 123:
                    curly += 1
                elif code == 41:
                    if round_ > 0:
                        round_ -= 1
                        row[PAIRS] += 1
                    elif not (line_bullet and line_words <= 1):
                        row[STRAY] += 1
                elif code == 93:
                    square = max(0, square - 1)
                elif code == 125:
                    curly = max(0, curly - 1)
                if code == 35:
                    row[HASHES] += 1
                if code == 59 or code == 123 or code == 125 or code == 95 or code == 92:
                    row[CODE] += 1
            elif kind == 13:
                row[SYMBOLS] += 1
                if code == 60 or code == 61 or code == 62:
                    row[CODE] += 1
            elif kind == 14:
                row[CONTROLS] += 1
            elif kind == 15:
                row[FORMATS] += 1
            elif kind == 16:
                row[PRIVATES] += 1
            elif kind == 17:
                row[LOST] += 1
            # A closing quote or bracket after a full stop ends the sentence with it.
            if not ((kind == 11 or kind == 9 or code == 42) and last_class == 8):
                last_but, last_code, last_class = last_code, code, kind
            previous, previous_class = code, kind
        row[LAST], row[LAST_CLASS] = last_code, last_class
        row[ROUND], row[SQUARE], row[CURLY] = round_, square, curly
        while stops:
            row[STOP_WORDS] += 1
            stops &= stops - np.uint64(1)
        repetition(hashes, n_words, keys, places, row)
        same_lines(lines_of, lines_chars, n_lines, row)


@njit(cache=True, nogil=True, inline="always")
def _sets_off(code):  # type: ignore[no-untyped-def]
    """Colons, semicolons, quotes, dashes and opening brackets: marks that set one part of a sentence off from another."""
    if code < 128:
        return code == 58 or code == 59 or code == 40 or code == 34
    if code < 0x3000:
        return code == 0x2013 or code == 0x2014 or code == 0x201C or code == 0xAB
    return code == 0x300C or code == 0xFF1A or code == 0xFF1B or code == 0xFF08


@njit(cache=True, nogil=True)
def _slip(codes, n, h, frequent, shortened):  # type: ignore[no-untyped-def]
    """Whether an unknown word is a frequent one with an inner letter missing, doubled, added or swapped with the next."""
    if has(shortened, h):
        return True
    for k in range(1, n - 1):
        less = swapped = START
        for j in range(n):
            if j != k:
                less = stir(less, codes[j])
            swapped = stir(swapped, codes[j] if j != k and j != k + 1 else codes[2 * k + 1 - j])
        if has(frequent, less) or (k < n - 1 and codes[k] != codes[k + 1] and has(frequent, swapped)):
            return True
    return False
