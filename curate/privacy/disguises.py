"""Values written so that machines do not read them: `jane at example dot com`, `five five ...`, `jane&#64;example.com`.

Method: one pass in numba packs each short word into 64 bits and looks for seven words of digits in a row, for `at`
followed by `dot`, and for character references; rows in which it sees one are searched with bounded regular expressions
that say which bytes stand for which sign. Those edits go to `normalise`, which keeps the map to the raw bytes.

Digits are spelled in English, Spanish, French, German, Portuguese, Italian and Dutch. `x at y dot com` without brackets
counts only where the name looks like one (a digit, a dot, an underscore), a word such as "mail" stands before it or the
signs alone are in capitals: people also work at places dot com. Cost: about 0.6 GB/s for the pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.letters import WORD

_SPELLED = {
    0: "zero oh cero null nul zéro", 1: "one uno un eins um een", 2: "two dos deux zwei dois due twee",
    3: "three tres trois drei tre drie três", 4: "four cuatro quatre vier quatro quattro",
    5: "five cinco cinq funf fünf cinque vijf", 6: "six seis sechs sei zes", 7: "seven siete sept sieben sete sette zeven",
    8: "eight ocho huit acht oito otto", 9: "nine nueve neuf neun nove negen",
}  # fmt: skip
_DIGIT_OF = {word: digit for digit, words in _SPELLED.items() for word in words.split()}
_RUN, _LONGEST_RUN = 7, 24


def _pack(word: str) -> int:
    value = 0
    for byte in word.encode():
        value = value << 8 | (byte | 32 if byte < 128 else byte)
    return value


def _table() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Packed words of digits (16 and the digit), `at` (2) and `dot` (3) in a table of 512 places, by multiplicative
    hash."""
    keys, values = np.zeros(512, np.uint64), np.zeros(512, np.int64)
    kinds = {word: 16 + digit for word, digit in _DIGIT_OF.items()}
    kinds |= {"at": 2, "arroba": 2, "dot": 3, "punkt": 3, "punto": 3, "ponto": 3}
    for word, kind in kinds.items():
        slot = _pack(word) * 0x9E3779B97F4A7C15 % 2**64 >> 55
        while keys[slot]:
            slot = (slot + 1) % 512
        keys[slot], values[slot] = _pack(word), kind
    return keys, values


_KEYS, _VALUES = _table()
SPELLED, AT_DOT, REFERENCE = 1, 2, 4
_LETTER = ((WORD == 1) | (WORD == 3)).astype(np.uint8)


@njit(cache=True)
def _kind(packed):  # type: ignore[no-untyped-def]
    slot = (packed * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(55)
    while _KEYS[slot] != 0:
        if _KEYS[slot] == packed:
            return _VALUES[slot]
        slot = (slot + np.uint64(1)) & np.uint64(511)
    return np.int64(0)


@njit(cache=True, nogil=True)
def find_disguises(data, starts, ends):  # type: ignore[no-untyped-def]
    """uint8[rows]: SPELLED, AT_DOT, REFERENCE where a row may hold such a disguise."""
    flags = np.zeros(len(starts), dtype=np.uint8)
    for row in range(len(starts)):
        i, end = starts[row], ends[row]
        run, at = 0, -4
        words = 0
        while i < end:
            c = data[i]
            if _LETTER[c] == 0:
                if c == 38 or c == 37:
                    n = data[i + 1] if i + 3 < end else np.uint8(0)
                    if (c == 38 and (n == 35 or n == 99 or n == 112)) or (n == 52 and data[i + 2] == 48):
                        flags[row] |= REFERENCE
                elif not (c == 32 or c == 45 or c == 44):
                    run = 0
                i += 1
                continue
            packed, first = np.uint64(0), i
            while i < end and _LETTER[data[i]]:
                c = data[i]
                packed = packed << np.uint64(8) | np.uint64(c | 32 if c < 128 else c)
                i += 1
            words += 1
            size = i - first
            if size > 7 or size < 2:
                run = 0
                continue
            kind = _kind(packed)
            if kind >= 16:
                run += 1
                if run >= 7:
                    flags[row] |= SPELLED
                continue
            run = 0
            if kind == 2:
                at = words
            elif kind == 3 and words - at <= 6:
                flags[row] |= AT_DOT
    return flags


_NUMBER_WORD = "|".join(sorted(_DIGIT_OF, key=len, reverse=True))
_SPELLED_RUN = re.compile(
    rf"(?i)(?<![^\W_])(?:{_NUMBER_WORD})(?:[ ,-]{{1,3}}(?:{_NUMBER_WORD})){{{_RUN - 1},}}+(?![^\W_])"
)
_ONE_WORD = re.compile(rf"(?i){_NUMBER_WORD}")
_AT, _DOT = r"[ ]{1,2}(?:at|arroba)[ ]{1,2}", r"[ ]{1,2}(?:dot|punkt|punto|ponto)[ ]{1,2}"
_LABEL = r"[A-Za-z0-9][A-Za-z0-9_%+-]{0,30}"
_MAIL = re.compile(
    rf"(?i)(?<![A-Za-z0-9])(?P<local>{_LABEL}(?:(?:\.|{_DOT}){_LABEL}){{0,3}}){_AT}"
    rf"{_LABEL}(?:(?:\.|{_DOT}){_LABEL}){{0,3}}?(?P<last>{_DOT}[a-z]{{2,10}}(?:{_DOT}[a-z]{{2}})?)(?![a-z0-9])"
    rf"(?!{_AT}{_LABEL}{_DOT})"
)
_BEFORE_HOST = re.compile(
    rf"(?i)[ ](?:at|arroba)(?=[ ]{{1,2}}{_LABEL}(?:(?:\.|{_DOT}){_LABEL}){{0,3}}?{_DOT}[a-z]{{2,10}}(?![a-z0-9]))"
)
"""An `at` with a host behind it: few have one, and only the names before those are worth a try of `_MAIL`."""
_BEGIN = re.compile(r"(?i)(?<![A-Za-z0-9])[A-Za-z0-9]")
_LONGEST_LOCAL = 160
"""More than the signs of four labels and three joins."""
_TELLING = re.compile(rf"(?i)[0-9._]|{_DOT}")
"""What makes a name look like one of a mail address."""
_LOUD = re.compile(r"[ ](?:AT|ARROBA)[ ].*[ ](?:DOT|PUNKT|PUNTO|PONTO)[ ]")
_SIGNS = re.compile(rf"(?i)(?P<at>{_AT})|(?P<dot>{_DOT})")
_MAIL_WORDS = re.compile(
    r"(?i)\b(?:e-?mails?|mail|mailto|reach|contact|address|write|correo|correio|courriel|adresse|posta)\b"
)


@njit(cache=True, nogil=True)
def _same(data, i, word):  # type: ignore[no-untyped-def]
    same = True
    for k in range(len(word)):
        same &= data[i + k] | 32 == word[k]
    return same


_COMMAT, _PERIOD = np.frombuffer(b"commat;", np.uint8).copy(), np.frombuffer(b"period;", np.uint8).copy()


@njit(cache=True, nogil=True)
def references(data, start, end):  # type: ignore[no-untyped-def]
    """int64[n, 3] of start byte, end byte and code point of the character references to an at sign, a full stop or a
    digit: `&#64;`, `&#x40;`, `&commat;`, `%40` before a letter or digit, `&#46;`, `&#x2e;`, `&period;`, `&#48;`."""
    out = np.empty((64, 3), dtype=np.int64)
    n = 0
    # Neither sign stands inside a reference, so each begins one or nothing. A search of its own is ten times as fast.
    last = max(start, end - 2)
    for at in np.flatnonzero((data[start:last] == 37) | (data[start:last] == 38)):
        i = start + at
        c, sign, stop = data[i], 0, i + 1
        if c == 37:
            if data[i + 1] == 52 and data[i + 2] == 48 and i + 3 < end and 1 <= WORD[data[i + 3]] <= 2:
                sign, stop = 64, i + 3
        elif c == 38 and data[i + 1] == 35:
            j, noughts = i + 2, 0
            while j < end and data[j] == 48 and noughts < 4:
                j, noughts = j + 1, noughts + 1
            if j < end and data[j] | 32 == 120:
                if j + 3 < end and data[j + 3] == 59:
                    if data[j + 1] == 52 and data[j + 2] == 48:
                        sign, stop = 64, j + 4
                    elif data[j + 1] == 50 and data[j + 2] | 32 == 101:
                        sign, stop = 46, j + 4
            elif j + 2 < end and data[j + 2] == 59 and 48 <= data[j] <= 57 and 48 <= data[j + 1] <= 57:
                value = (data[j] - 48) * 10 + data[j + 1] - 48
                if value == 64 or value == 46 or 48 <= value <= 57:
                    sign, stop = value, j + 3
        elif c == 38 and i + 8 <= end:
            if _same(data, i + 1, _COMMAT):
                sign, stop = 64, i + 8
            elif _same(data, i + 1, _PERIOD):
                sign, stop = 46, i + 8
        if sign:
            if n == len(out):
                bigger = np.empty((2 * n, 3), dtype=np.int64)
                bigger[:n] = out
                out = bigger
            out[n, 0], out[n, 1], out[n, 2] = i, stop, sign
            n += 1
    return out[:n]


@njit(cache=True)
def _word_of(data, a, b, whole):  # type: ignore[no-untyped-def]
    """The digit that the ASCII letters and digits [a, b) spell, or -1; not `whole`: that they begin with."""
    packed = np.uint64(0)
    for p in range(a, min(b, a + 7)):
        packed = packed << np.uint64(8) | np.uint64(data[p] | 32)
        if p + 1 == b or (not whole and p > a):
            kind = _kind(packed)
            if kind >= 16:
                return kind - 16
    return -1


@njit(cache=True, nogil=True)
def spelled(data, start, end):  # type: ignore[no-untyped-def]
    """What `edits_of` gives for spelled-out digits of an ASCII text, without a pattern: int64[n, 3] of start byte, end byte
    and sign."""
    out = np.empty((64, 3), dtype=np.int64)
    words = np.empty((_LONGEST_RUN, 3), dtype=np.int64)
    n, count, first, last, i = 0, 0, start, start, start
    while i < end or count:
        j, joins = i, True
        while j < end and not 1 <= WORD[data[j]] <= 2:
            joins &= data[j] == 32 or data[j] == 44 or data[j] == 45
            j += 1
        k = j
        while k < end and 1 <= WORD[data[k]] <= 2:
            k += 1
        digit = _word_of(data, j, k, True)
        joins &= count > 0 and 1 <= j - i <= 3 and k > j
        if count and not (joins and digit >= 0):
            # A word that only begins like a digit takes the whole run with it: "... seven eighteen".
            cut = joins and _word_of(data, j, k, False) >= 0
            if _RUN <= count <= _LONGEST_RUN and last - first <= _LONGEST_RUN * 9 and not cut:
                while n + 2 * count > len(out):
                    bigger = np.empty((2 * len(out), 3), dtype=np.int64)
                    bigger[: len(out)] = out
                    out = bigger
                for w in range(count):
                    out[n, 0], out[n, 1], out[n, 2] = words[w, 0], words[w, 1], 48 + words[w, 2]
                    n += 1
                    if w + 1 < count:
                        at = w + 1
                        hyphen = (
                            (count == 10 and (at == 3 or at == 6)) or (count == 11 and (at == 1 or at == 4 or at == 7))
                            or (count == 16 and at % 4 == 0)
                        )  # fmt: skip
                        out[n, 0], out[n, 1], out[n, 2] = words[w, 1], words[at, 0], 45 if hyphen else 0
                        n += 1
            count = 0
        if digit >= 0:
            if count == 0:
                first = j
            if count < _LONGEST_RUN:
                words[count, 0], words[count, 1], words[count, 2] = j, k, digit
            count += 1
            last = k
        i = k
    return out[:n]


@lru_cache(maxsize=4096)
def _speaks_of_mail(before: str) -> bool:
    return bool(_MAIL_WORDS.search(before))


def _mails(text: str) -> Iterator[re.Match[str]]:
    """What `_MAIL.finditer` finds, every begin of a name tried once at most."""
    tried = 0
    for host in _BEFORE_HOST.finditer(text):
        if host.start() < tried:
            continue
        low = max(tried, host.start() - _LONGEST_LOCAL)
        tried = host.start()
        for begin in _BEGIN.finditer(text, low, host.start()):
            found = _MAIL.match(text, begin.start())
            if found is not None:
                yield found
                tried = found.end()
                break


def edits_of(text: str, flags: int) -> list[tuple[int, int, int]]:
    """(start, end, code point it stands for) in code points of the text, sorted and disjoint; without references."""
    out: list[tuple[int, int, int]] = []
    if flags & AT_DOT:
        for m in _mails(text):
            loud = _LOUD.search(m[0]) and not m[0].isupper()
            if not (loud or _TELLING.search(m["local"]) or _speaks_of_mail(text[max(0, m.start() - 48) : m.start()])):
                continue
            out += [(m.start() + s.start(), m.start() + s.end(), 64 if s["at"] else 46) for s in _SIGNS.finditer(m[0])]
    if flags & SPELLED:
        for m in _SPELLED_RUN.finditer(text):
            if m.end() - m.start() > _LONGEST_RUN * 9:
                continue  # no number is that long
            words = [(m.start() + w.start(), m.start() + w.end(), w[0].lower()) for w in _ONE_WORD.finditer(m[0])]
            if len(words) > _LONGEST_RUN:
                continue
            groups = {10: (3, 6), 11: (1, 4, 7), 16: (4, 8, 12)}.get(len(words), ())
            for n, (a, b, word) in enumerate(words):
                out.append((a, b, 48 + _DIGIT_OF[word]))
                if n + 1 < len(words):  # what stands between two digits: nothing, or a hyphen as telephones have it
                    out.append((b, words[n + 1][0], 45 if n + 1 in groups else 0))
    out.sort()
    return [edit for n, edit in enumerate(out) if n == 0 or edit[0] >= out[n - 1][1]]


def byte_edits(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], flags: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int64]:
    """int64[n, 3] of start byte, end byte and code point, for the rows given, in their order."""
    out: list[npt.NDArray[np.int64]] = []
    none = np.zeros((0, 3), np.int64)
    for start, end, flag in zip(starts.tolist(), ends.tolist(), flags.tolist()):
        if not flag:
            continue
        found = references(data, start, end) if flag & REFERENCE else none
        ascii_only = flag & SPELLED and int(data[start:end].max()) < 128
        digits = spelled(data, start, end) if ascii_only else none
        left = flag & ~SPELLED if ascii_only else flag
        if left & (AT_DOT | SPELLED):
            more = _in_bytes(data[start:end].tobytes().decode("utf-8", "replace"), start, left)
            digits = _disjoint(digits, np.array(more, np.int64).reshape(-1, 3))
        out.append(_disjoint(found, digits))
    return np.concatenate(out) if out else none


def _disjoint(some: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Both, in order, without those that begin inside the one before."""
    if not len(some) or not len(others):
        return others if len(others) else some
    both = np.concatenate([some, others])
    both = both[np.lexsort((both[:, 2], both[:, 1], both[:, 0]))]
    return np.asarray(both[np.concatenate([[True], both[1:, 0] >= both[:-1, 1]])])


def _in_bytes(text: str, start: int, flags: int) -> list[tuple[int, int, int]]:
    """`edits_of` with places in bytes, of a text that begins at byte `start`."""
    if text.isascii():
        return [(start + a, start + b, sign) for a, b, sign in edits_of(text, flags)]
    out, place, byte = [], 0, start
    for a, b, sign in edits_of(text, flags):
        low = byte + len(text[place:a].encode())
        high = low + len(text[a:b].encode())
        out.append((low, high, sign))
        place, byte = b, high
    return out
