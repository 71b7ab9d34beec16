# mypy: disable-error-code="assignment"
"""`[at]`, `( dot )`, `{arroba}`: an at sign or a dot written out in brackets, in the words of a dozen languages.

The words are what people call the sign where they spell an address. Brackets around such a word and a host behind it are
evidence enough in any of these languages, so none is asked for. Cost: a look at four bytes for each bracket.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.privacy.letters import WORD

_AT = "at ät arroba arobase chiocciola apenstaartje małpa malpa zavináč zavinac kukac snabela snabel-a собака"
_DOT = "dot punkt punto ponto point punt kropka tečka tecka bodka pont piste nokta точка"
_WORDS = [word.encode() for word in f"{_AT} {_DOT}".split()]
_SPELLED = np.zeros((len(_WORDS), max(map(len, _WORDS))), np.uint8)
for _row, _word in enumerate(_WORDS):
    _SPELLED[_row, : len(_word)] = np.frombuffer(_word, np.uint8)
_SIZES = np.array([len(word) for word in _WORDS], np.int64)
_SIGNS = np.array([64] * len(_AT.split()) + [46] * len(_DOT.split()), np.int64)
_FIRST = np.zeros(256, np.uint8)
for _word in _WORDS:
    _FIRST[_word[0]] = _FIRST[_word.upper()[0]] = 1


@njit(cache=True)
def _word_at(data, j, end):  # type: ignore[no-untyped-def]
    """The sign (64, 46 or 0) that the word at `j` calls by name, and the place behind the word and a bracket."""
    for row in range(len(_SIZES)):
        size = _SIZES[row]
        if j + size >= end:
            continue
        same = True
        for k in range(size):
            c = data[j + k]
            same &= (c | 32 if c < 128 else c) == _SPELLED[row, k]
        if same:
            after = j + size
            if data[after] == 32:
                after += 1
            if after < end and (data[after] == 93 or data[after] == 41 or data[after] == 125):
                return _SIGNS[row], after + 1
    return np.int64(0), j


@njit(cache=True)
def bracketed(data, j, end):  # type: ignore[no-untyped-def]
    """The sign that stands behind the bracket before `j`, 0 for none, and the place behind the closing bracket."""
    if j < end and data[j] == 32:
        j += 1
    if j >= end or _FIRST[data[j]] == 0:
        return np.int64(0), j
    return _word_at(data, j, end)


def _packed(begin: str) -> np.uint32:
    raw = begin.encode()
    return np.uint32(int.from_bytes(bytes(byte | 32 for byte in raw), "big"))


_AT_2, _AT_3 = _packed("at"), _packed("ät")
_A, _B, _C, _D, _E = _packed("arro"), _packed("arob"), _packed("chio"), _packed("apen"), _packed("mał")
_F, _G, _H, _I, _J = _packed("malp"), _packed("zavi"), _packed("kuka"), _packed("snab"), _packed("со")


@njit(cache=True)
def is_at(data, j, end):  # type: ignore[no-untyped-def]
    """Whether the bracket before `j` may open a written-out at sign: its first four bytes. `lex` asks it of every bracket,
    and grows slow as a whole with anything longer in it."""
    if j < end and data[j] == 32:
        j += 1
    if j + 4 >= end:
        return False
    w = np.uint32(data[j]) << np.uint32(24) | np.uint32(data[j + 1]) << np.uint32(16)
    w |= np.uint32(data[j + 2]) << np.uint32(8) | np.uint32(data[j + 3]) | np.uint32(0x20202020)
    if w >> np.uint32(16) == _AT_2:
        return WORD[data[j + 2]] == 0
    if w >> np.uint32(8) == _AT_3:
        return WORD[data[j + 3]] == 0
    return w in (_A, _B, _C, _D, _E) or w in (_F, _G, _H, _I, _J)
