# mypy: disable-error-code="assignment"
"""The whole way from bytes to spans for a block of rows (numba, without the GIL).

For each row: tokens, lexicon, active tokens, features, scores, Viterbi, and marginal probabilities where something was
found. Then names that the row confirmed are looked for in the rest of it ("Maria Lopez ... Lopez"), and single words that
the row writes small elsewhere lose most of their score. A row's result depends on nothing but the row and its column's
name. Rows longer than WINDOW tokens are read in windows of that many, each by itself. Memory: 3 MB of scratch a thread.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.names.chain import best, marginals
from curate.privacy.names.features import ABROAD, FEATURES, PAD, SOURCE_CODE, features, is_capital, lookup, survey
from curate.privacy.names.labels import ANCHOR, COMMON_SHIFT, FAMILY, GIVEN, LABELS, ORG, PARTICLE, PLACE, TITLE
from curate.privacy.names.lexer import CAPITAL, CAPITAL1, LINE, MIXED, SIGN, SMALL, SMALL1, lex
from curate.privacy.names.model import BIAS

WINDOW = 8192
_CONFIRMED = 64
_SURE = 0.7
_SMALL_MASK = (1 << 15) - 1
_LANES = np.uint64(0x00FF00FF00FF00FF)
"""Every other weight of eight, which leaves sixteen bits for a sum of FEATURES of them."""
_LISTED = 0.75
"""The probability of a first name beside another listed name in a text that is not English. Of fourteen in 3.5 MB of
messages of programs seven are none."""
_SMALL_TOO = 0.3
"""What is left of the probability of a single word that the text writes small as well: a word of the trade, not a name."""


@njit(cache=True, nogil=True)
def weigh(rows, eight, ninth, scale, scores, k):  # type: ignore[no-untyped-def]
    """Write the sums of the weights in `rows` (FEATURES of them), times `scale`, into scores[k, LABELS]; `eight`, `ninth`:
    see `Model`."""
    even, odd, last = np.uint64(0), np.uint64(0), np.int64(0)
    for f in range(FEATURES):
        some = eight[rows[f]]
        even += some & _LANES
        odd += (some >> np.uint64(8)) & _LANES
        last += ninth[rows[f]]
    for y in range(LABELS - 1):
        lane = (odd if y % 2 else even) >> np.uint64(16 * (y // 2)) & np.uint64(0xFFFF)
        scores[k, y] = (np.int64(lane) - FEATURES * BIAS) * scale
    scores[k, LABELS - 1] = last * scale


@njit(cache=True, nogil=True)
def _listed(shape, value):  # type: ignore[no-untyped-def]
    """Whether a token with a capital is a listed name, nothing else, and hardly met as an ordinary word."""
    named = value & (GIVEN | FAMILY) and not value & (TITLE | PARTICLE | PLACE | ORG)
    return shape == CAPITAL and named and (value >> COMMON_SHIFT) & 3 < 2


@njit(cache=True, nogil=True)
def tag(  # type: ignore[no-untyped-def]
    data, starts, ends, columns, kinds, folded, keys, values, eight, ninth, bits, scale, step, first, byte, out, score,
):  # fmt: skip
    """Spans from `byte` of row `first` on. out int64[cap, 4]: row, start byte, end byte, type; score
    float64[cap]: the least probability of the type over the span's tokens. Returns the number of spans, and the row
    and byte to go on with."""
    size = WINDOW + 2 * PAD
    at = np.zeros((size, 2), np.int32)
    word = np.zeros(size, np.uint32)
    shape = np.zeros(size, np.uint8)
    spaced = np.zeros(size, np.uint8)
    head = np.zeros(size, np.uint64)
    tail = np.zeros(size, np.uint64)
    value = np.zeros(size, np.uint32)
    active = np.zeros(size, np.uint8)
    opens = np.zeros(size, np.uint8)
    run = np.full((size, 2), -1, np.int32)
    rows = np.zeros(FEATURES, np.uint64)
    label = np.zeros(size, np.int64)
    sure = np.zeros(size, np.float64)
    scores = np.zeros((WINDOW, LABELS), np.float64)
    table = np.zeros((WINDOW, LABELS), np.float64)
    back = np.zeros((WINDOW, LABELS), np.int64)
    path = np.zeros(WINDOW, np.int64)
    forward = np.zeros((WINDOW, LABELS), np.float64)
    backward = np.zeros((WINDOW, LABELS), np.float64)
    scaling = np.zeros(WINDOW, np.float64)
    every = np.full(WINDOW, (1 << LABELS) - 1, np.int64)
    small = np.zeros(_SMALL_MASK + 1, np.uint8)
    known = np.zeros(_CONFIRMED, np.uint32)
    known_sure = np.zeros(_CONFIRMED, np.float64)
    leap = np.exp(step)
    count = 0
    for row in range(first, len(starts)):
        begin = byte if row == first else starts[row]
        while begin < ends[row]:
            if count + WINDOW > len(out):
                return count, row, begin
            n, stop = lex(data, begin, ends[row], kinds, folded, at[PAD:], word[PAD:], shape[PAD:], head[PAD:],
                          tail[PAD:], spaced[PAD:], WINDOW)  # fmt: skip
            for i in range(n + PAD, n + 2 * PAD):
                word[i], shape[i], spaced[i], head[i], tail[i], value[i], opens[i] = 0, 0, 1, 0, 0, 0, 0
                run[i, 0] = run[i, 1] = -1
                active[i] = 0
            lookup(data, begin, at, word, shape, n, folded, keys, values, value)
            mode = survey(word, shape, value, n, active, opens, run)
            confirmed = 0
            i = PAD
            while i < n + PAD:
                label[i] = 0
                if not active[i]:
                    i += 1
                    continue
                a = i
                while i < n + PAD and active[i]:
                    i += 1
                length = i - a
                for k in range(length):
                    features(a + k, n, word, shape, spaced, head, tail, value, opens, run, mode, columns[row],
                             bits, rows)  # fmt: skip
                    weigh(rows, eight, ninth, scale, scores, k)
                best(scores, length, step, path, table, back)
                something = False
                for k in range(length):
                    label[a + k] = path[k]
                    something |= path[k] != 0
                if not something:
                    continue
                marginals(scores, length, leap, every, forward, backward, scaling)
                for k in range(length):
                    y = path[k]
                    if y:
                        b = y - (y + 1) % 2
                        sure[a + k] = forward[k, b] * backward[k, b] + forward[k, b + 1] * backward[k, b + 1]
                k = 0
                while k < length:
                    if path[k] != 1:
                        k += 1
                        continue
                    stop_at, least, words_in = k + 1, sure[a + k], 1
                    while stop_at < length and path[stop_at] == 2:
                        least = min(least, sure[a + stop_at])
                        words_in += CAPITAL <= shape[a + stop_at] <= MIXED and shape[a + stop_at] != CAPITAL1
                        stop_at += 1
                    for j in range(a + k, a + stop_at):
                        v = value[j]
                        if confirmed == _CONFIRMED or v & (PARTICLE | TITLE) or (v >> COMMON_SHIFT) & 3 >= 2:
                            continue
                        if not CAPITAL <= shape[j] <= MIXED or shape[j] == CAPITAL1:
                            continue
                        if least > (_SURE if words_in > 1 else 0.95) and (words_in > 1 or v & (GIVEN | FAMILY)):
                            known[confirmed], known_sure[confirmed] = word[j], least
                            confirmed += 1
                    k = stop_at
            label[n + PAD] = 0
            if mode >= ABROAD:  # a first name beside another listed name, which the words around them hide
                for i in range(PAD, n + PAD - 1):
                    free = label[i] == 0 and label[i + 1] == 0 and label[i + 2] == 0
                    unsure = label[i] == 1 and label[i + 1] == 2 and label[i + 2] != 2
                    two = (free or unsure) and spaced[i + 1] and (value[i] | value[i + 1]) & GIVEN != 0
                    if two and _listed(shape[i], value[i]) and _listed(shape[i + 1], value[i + 1]):
                        if free:
                            label[i], label[i + 1], sure[i], sure[i + 1] = 1, 2, 0.0, 0.0
                        sure[i], sure[i + 1] = max(sure[i], _LISTED), max(sure[i + 1], _LISTED)
            # Names that the row has confirmed.
            for i in range(PAD, n + PAD):
                if confirmed == 0 or not is_capital(shape[i]) or (mode == SOURCE_CODE and not spaced[i]):
                    continue
                # A word by itself that reads like a place or a firm gives way to the surer name.
                alone = label[i] >= 3 and label[i] % 2 == 1 and label[i + 1] != label[i] + 1
                if label[i] == 0 or alone:
                    for k in range(confirmed):
                        if known[k] == word[i] and (label[i] == 0 or sure[i] < known_sure[k]):
                            label[i] = 2 if i > PAD and 1 <= label[i - 1] <= 2 else 1
                            sure[i] = known_sure[k]
                            break
            noted = False
            i = PAD
            while i < n + PAD:
                if label[i] == 0:
                    i += 1
                    continue
                a, kind = i, (label[i] - 1) // 2
                least = sure[i]
                i += 1
                while i < n + PAD and label[i] == 2 * kind + 2:
                    least = min(least, sure[i])
                    i += 1
                b = i
                while b - 1 > a and (shape[b - 1] == LINE or (shape[b - 1] == SIGN and word[b - 1] != 46)):
                    b -= 1
                while a < b - 1 and (shape[a] == SIGN or shape[a] == LINE):
                    a += 1
                if shape[a] == SIGN or (b - a == 1 and shape[a] == SMALL1):
                    continue
                if b - a == 1 and is_capital(shape[a]) and not value[a - 1] & (TITLE | ANCHOR):
                    if not noted:
                        noted = True
                        small[:] = 0
                        for j in range(PAD, n + PAD):
                            if shape[j] == SMALL:
                                small[word[j] & _SMALL_MASK] = 1
                    if small[word[a] & _SMALL_MASK]:
                        least *= _SMALL_TOO
                out[count, 0] = row
                out[count, 1] = begin + at[a, 0]
                out[count, 2] = begin + at[b - 1, 1]
                out[count, 3] = kind
                score[count] = least
                count += 1
            begin = stop
    return count, len(starts), np.int64(0)
