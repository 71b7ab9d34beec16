# mypy: disable-error-code="assignment"
"""Which tokens may belong to a name, and the hashed features of those (numba).

A token is *active* if it is written with a capital, is a listed name or a number near a street's words, or stands between
such tokens; the rest are outside without being looked at, which is what makes prose cheap. Texts without capitals inside
sentences are read in full. Each active token has `FEATURES` features: words, shapes, list bits and word clusters of its
neighbourhood, affixes, place in line and in its run of capitals, and what the column is called. A feature is a row of the
weight table, found by hashing (Weinberger et al. 2009), so no dictionary is shipped.

Arrays hold the tokens from index PAD on, with empty tokens on both sides. Cost: about 0.3 microseconds an active token.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.names.kin import entry, kin
from curate.privacy.names.labels import (
    ANCHOR,
    CALENDAR,
    COMMON_SHIFT,
    COUNTRY,
    FAMILY,
    GIVEN,
    ORG,
    PARTICLE,
    PLACE,
    STREET,
    TITLE,
    UNIT,
)
from curate.privacy.names.lexer import (
    ALNUM,
    BLANK,
    CAMEL,
    CAPITAL,
    CAPITAL1,
    CAPS,
    CAPS3,
    CODE,
    DIGITS2,
    DIGITS6,
    LINE,
    MIXED,
    SCRIPT,
    SIGN,
    SMALL,
    SMALL1,
    TAG,
    token_hash,
)

PAD = 3
FEATURES = 50
NORMAL, ALL_SMALL, ALL_CAPS, SOURCE_CODE = range(4)
ABROAD = 4
"""Added to NORMAL and ALL_SMALL where fewer than half of the small words are frequent in English."""
_I = token_hash("i")


@njit(cache=True, nogil=True)
def lookup(data, begin, at, words, shape, n, folded, keys, values, out):  # type: ignore[no-untyped-def]
    """The lexicon's entry of each token: list bits, cluster of the word with a capital, and of the small word; where it
    has none, the list bits of what the word is made of. `at` is relative to byte `begin`."""
    for i in range(PAD, n + PAD):
        value = entry(np.uint64(words[i]), keys, values)
        if value == 0 and SMALL <= shape[i] <= SCRIPT:
            value = kin(data, begin + at[i, 0], begin + at[i, 1], shape[i], folded, keys, values)
        out[i] = value


@njit(cache=True, nogil=True)
def is_capital(shape):  # type: ignore[no-untyped-def]
    return CAPITAL <= shape <= MIXED


@njit(cache=True, nogil=True)
def survey(word, shape, value, n, active, opens, run):  # type: ignore[no-untyped-def]
    """Mark active tokens, sentence starts and runs of capitals; returns how the text uses capitals.

    active, opens uint8; run int32[., 2]: first and last token of the run that a token is in, -1 outside runs.
    """
    words = inner = caps = small = spoken = english = marks = 0
    for i in range(PAD, n + PAD):
        s = shape[i]
        before = shape[i - 1]
        open_here = i == PAD or before in (LINE, BLANK)
        if s in (CODE, CAMEL):
            marks += 1
        elif s == SIGN:
            c = word[i]
            marks += c == 40 or c == 61 or c == 123 or c == 125 or c == 59 or c == 91 or c == 60 or c == 96 or c == 95
        if before == SIGN:
            c = word[i - 1]
            if c == 46 or c == 33 or c == 63 or c == 0x2026 or c == 0xBF or c == 0xA1:
                open_here = not (c == 46 and (shape[i - 2] == CAPITAL1 or value[i - 2] & TITLE))
            elif c == 58 or c == 34 or c == 0x201C or c == 0xAB or c == 42 or c == 45 or c == 0x2022 or c == 62 or c == 35:
                open_here = i == PAD + 1 or opens[i - 1] == 1
        opens[i] = open_here
        active[i] = 0
        run[i, 0] = run[i, 1] = -1
        if SMALL <= s <= CAMEL:
            words += 1
            if s in (SMALL, SMALL1):
                small += 1
                spoken += s == SMALL
                english += s == SMALL and (value[i] >> COMMON_SHIFT) & 3 >= 2
            elif is_capital(s):
                if s in (CAPS, CAPS3):
                    caps += 1
                if not open_here and not (s == CAPITAL1 and word[i] == _I):
                    inner += 1
    mode = NORMAL
    if marks * 10 > n and n > 12:
        mode = SOURCE_CODE
    elif words and inner == 0 and small > 0:
        mode = ALL_SMALL
    elif caps * 10 >= words * 6 and words >= 2:
        mode = ALL_CAPS
    for i in range(PAD, n + PAD):
        s, v = shape[i], value[i]
        level = (v >> COMMON_SHIFT) & 3
        on = False
        if mode == ALL_SMALL:
            on = s != LINE and s != BLANK and s != SIGN
        elif is_capital(s):
            on = True
        elif s in (CAMEL, TAG):
            on = (v & (GIVEN | FAMILY | PLACE | ORG)) != 0
        elif s == SMALL:
            if v & (GIVEN | FAMILY | PLACE):
                on = level == 0
            if v & (STREET | UNIT):
                for j in range(max(PAD, i - 4), min(n + PAD, i + 5)):
                    if DIGITS2 <= shape[j] <= ALNUM:
                        on = True
        elif s == SCRIPT:
            on = (v & (GIVEN | FAMILY | PLACE | ORG | STREET | TITLE)) != 0 or (value[i - 1] & (TITLE | ANCHOR)) != 0
            # What stands beside a listed name may be the rest of it.
            on |= shape[i - 1] == SCRIPT and (value[i - 1] & (GIVEN | FAMILY)) != 0
            on |= shape[i + 1] == SCRIPT and (value[i + 1] & (GIVEN | FAMILY | TITLE)) != 0
        elif DIGITS2 <= s <= ALNUM:
            on = is_capital(shape[i + 1]) or is_capital(shape[i - 1]) or (word[i - 1] == 44 and is_capital(shape[i - 2]))
            for j in range(max(PAD, i - 3), min(n + PAD, i + 4)):
                if value[j] & (STREET | UNIT):
                    on = True
        active[i] = on
    last = -10
    for i in range(PAD, n + PAD):
        if active[i]:
            if 1 < i - last <= 3:
                for j in range(last + 1, i):
                    active[j] = 1
            last = i
    # Runs: capitals, with one joining sign or particle between two of them.
    i = PAD
    while i < n + PAD:
        s = shape[i]
        if not (is_capital(s) or (mode == ALL_SMALL and value[i] & (GIVEN | FAMILY | PLACE | ORG))):
            i += 1
            continue
        j = i
        while j + 1 < n + PAD:
            k = j + 1
            if shape[k] == SIGN and (word[k] == 45 or word[k] == 39 or word[k] == 38 or word[k] == 46 or word[k] == 0x2019):
                k += 1
            elif value[k] & PARTICLE and not is_capital(shape[k]):
                k += 1
                if value[k] & PARTICLE and not is_capital(shape[k]):
                    k += 1
            if k < n + PAD and (
                is_capital(shape[k]) or (mode == ALL_SMALL and value[k] & (GIVEN | FAMILY | PLACE | ORG))
            ):
                if word[k - 1] == 46 and k - 1 > j and shape[j] != CAPITAL1 and not value[j] & TITLE:
                    break
                j = k
            else:
                break
        for k in range(i, j + 1):
            run[k, 0], run[k, 1] = i, j
        i = j + 1
    if 2 * english < spoken and mode <= ALL_SMALL:
        mode += ABROAD
    return mode


_K1 = np.uint64(0x9E3779B97F4A7C15)
_K2 = np.uint64(0xBF58476D1CE4E5B9)
_K3 = np.uint64(0x94D049BB133111EB)


@njit(cache=True, nogil=True)
def features(i, n, word, shape, spaced, head, tail, value, opens, run, mode, column, bits, out):  # type: ignore[no-untyped-def]
    """The rows of the weight table (of 2**bits rows) that speak about token `i`; `column`: class of the column's name."""
    one = np.uint64(1)
    w0, wp, wn = np.uint64(word[i]), np.uint64(word[i - 1]), np.uint64(word[i + 1])
    wpp, wnn = np.uint64(word[i - 2]), np.uint64(word[i + 2])
    s0, sp, sn = np.uint64(shape[i]), np.uint64(shape[i - 1]), np.uint64(shape[i + 1])
    spp, snn = np.uint64(shape[i - 2]), np.uint64(shape[i + 2])
    g0, gp, gn = np.uint64(value[i] & 0xFFFF), np.uint64(value[i - 1] & 0xFFFF), np.uint64(value[i + 1] & 0xFFFF)
    gpp, gnn = np.uint64(value[i - 2] & 0xFFFF), np.uint64(value[i + 2] & 0xFFFF)
    # The cluster of a token as it is written; a word in small letters without one takes the cluster of the capital.
    k0, kp, kn = cluster(value[i], shape[i]), cluster(value[i - 1], shape[i - 1]), cluster(value[i + 1], shape[i + 1])
    kpp = cluster(value[i - 2], shape[i - 2])
    t0, h0 = tail[i], head[i]
    glue = np.uint64(spaced[i]) | (np.uint64(spaced[i + 1]) << one)
    m, foreign = np.uint64(mode), np.uint64(mode >= ABROAD)
    c3, c5, c16, c32 = np.uint64(3), np.uint64(5), np.uint64(16), np.uint64(32)
    small_g = np.uint64(value[i] & (GIVEN | FAMILY | PLACE | COUNTRY | ORG | STREET))
    out[0] = w0
    out[1] = wp
    out[2] = wn
    out[3] = wpp
    out[4] = wnn
    out[5] = wp << c32 | w0
    out[6] = w0 << c32 | wn
    out[7] = wpp << c32 | wp
    out[8] = wn << c32 | wnn
    out[9] = ((t0 & np.uint64(0xFFFFFFFF)) << c5 | s0) << one | foreign
    out[10] = ((t0 & np.uint64(0xFFFFFFFFFFFF)) << c5 | s0) << one | foreign
    out[11] = t0
    out[12] = h0
    out[13] = (h0 >> c16 << c5 | s0) << one | foreign
    out[14] = s0 << np.uint64(2) | glue
    out[15] = sp << c5 | s0
    out[16] = s0 << c5 | sn
    out[17] = (sp << c5 | s0) << c5 | sn
    out[18] = (((spp << c5 | sp) << c5 | s0) << c5 | sn) << c5 | snn
    out[19] = g0 << c5 | s0
    out[20] = gp << c16 | g0
    out[21] = g0 << c16 | gn
    out[22] = (gp << c16 | g0) << c16 | gn
    out[23] = (gpp << c16 | gp) << c16 | g0
    out[24] = (g0 << c16 | gn) << c16 | gnn
    out[25] = k0
    out[26] = kp << c5 | s0
    out[27] = kn << c5 | s0
    out[28] = kp << c16 | k0
    out[29] = k0 << c16 | kn
    out[30] = (kp << c16 | kn) << c5 | s0
    out[31] = (kpp << c16 | kp) << c5 | s0
    out[32] = (wp << c16 | small_g) << c5 | s0
    out[33] = (wn << c16 | small_g) << c5 | s0
    out[34] = ((wpp * _K1) ^ wp) << c5 | s0
    out[35] = (g0 << c5 | s0) << c5 | m
    out[36] = ((np.uint64(column) << c16 | small_g) << c5 | s0) << np.uint64(2) | np.uint64(i == PAD)
    first = np.uint64(i == PAD) | np.uint64(sp == LINE) << one | np.uint64(sp == BLANK) << np.uint64(2)
    final = np.uint64(i == PAD + n - 1) | np.uint64(sn == LINE) << one | np.uint64(sn == BLANK) << np.uint64(2)
    out[37] = ((first << np.uint64(3) | final) << c5 | s0) << c16 | small_g
    out[38] = k0 << c16 | g0
    out[39] = ((g0 << c5 | s0) << one | np.uint64(opens[i])) << c3 | m
    # The run of capitals that the token stands in.
    a, b = run[i, 0], run[i, 1]
    bag, place, before, after, final_word = np.uint64(0), np.uint64(0), wp, wn, np.uint64(0)
    if a >= 0:
        for j in range(a, min(b + 1, a + 8)):
            bag |= np.uint64(value[j] & (GIVEN | FAMILY | PLACE | STREET | ORG | TITLE | CALENDAR | COUNTRY))
        before, after, final_word = np.uint64(word[a - 1]), np.uint64(word[b + 1]), np.uint64(word[b])
        place = np.uint64(1 + (i > a) + 2 * (i == b)) | np.uint64(min(b - a, 5)) << np.uint64(3)
    out[40] = (bag << c16 | place) << c3 | m
    out[41] = (before << c16 | place) << c3 | m
    out[42] = (after << c16 | place) << c3 | m
    out[43] = final_word << c16 | place
    out[44] = (bag << c16 | g0) << c5 | place & np.uint64(7)
    # Tokens to both ends of the line, up to six: signatures and form fields are short lines.
    left = right = 0
    while left < 6 and i - left - 1 >= PAD and shape[i - left - 1] != LINE and shape[i - left - 1] != BLANK:
        left += 1
    while right < 6 and i + right + 1 < n + PAD and shape[i + right + 1] != LINE and shape[i + right + 1] != BLANK:
        right += 1
    out[45] = (np.uint64(left) << c5 | np.uint64(right)) << c5 | s0
    out[46] = ((np.uint64(left) << c5 | np.uint64(right)) << c16 | bag) << c5 | s0
    # The nearest street and number words around.
    near = 0
    for j in range(max(PAD, i - 4), min(n + PAD, i + 5)):
        if value[j] & STREET:
            near |= 1 if j < i else (2 if j == i else 4)
        elif DIGITS2 <= shape[j] <= ALNUM:
            near |= 8 if j < i else (16 if j == i else 32)
        elif value[j] & UNIT:
            near |= 64
        elif shape[j] == DIGITS6:
            near |= 128
    out[47] = np.uint64(near) << c5 | s0
    out[48] = (np.uint64(near) << c16 | small_g) << c5 | s0
    out[49] = k0 << c16 | place
    for k in range(FEATURES):
        x = (out[k] + np.uint64(k + 1) * _K1) * _K2
        x = (x ^ (x >> np.uint64(29))) * _K3
        out[k] = x >> np.uint64(64 - bits)


@njit(cache=True, nogil=True)
def cluster(value, shape):  # type: ignore[no-untyped-def]
    """Cluster of a word as it is written: 1-255 as a word with a capital, 256-511 as a small word, 0 unknown."""
    capital, small = (value >> 16) & 255, (value >> 24) & 255
    if shape in (SMALL, SMALL1):
        return np.uint64(256 + small if small else capital)
    return np.uint64(capital if capital else (256 + small if small else 0))
