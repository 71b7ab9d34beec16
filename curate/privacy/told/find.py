"""Passwords, PINs and user names that a sentence tells: "my password is …", "Mot de passe : …", "mi contraseña «…»".

The lexer proposes what stands behind a key (`password=…`). People who write to a help desk put words between, in their own
language. Words that speak of a password are found in the bytes by a table (one compiled pass); behind each a few words are
read: words that join ("is", "lautet", "es") or a colon, then a value. What joins says how much the value must look like
one, because documentation speaks of passwords more often than it tells one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from curate.privacy.births import short_birth
from curate.privacy.column import Block, Ints
from curate.privacy.overlaps import Found
from curate.privacy.told import access
from curate.privacy.told import words as w
from curate.privacy.told.accounts import account, name_of_account, of_network
from curate.privacy.told.codes import code, told_before
from curate.privacy.told.keys import key
from curate.privacy.told.numbers import card_code, pin
from curate.privacy.told.passwords import password
from curate.privacy.told.places import REACH, words_of
from curate.privacy.told.strength import of_cell
from curate.privacy.told.tables import rows_below, under_heading
from curate.privacy.told.tokens import Value, answered, readable
from curate.privacy.types import CODE

_BEFORE, _LONGEST, _ARGUMENTS = 60, 1024, 300
"""Bytes before a word that are read, bytes of a value, of a command."""
_READ = {w.PASSWORD: password, w.USER: account, w.NAMED: name_of_account, w.PIN: pin, w.CARD_CODE: card_code,
         w.NETWORK: of_network, w.KEY: key}  # fmt: skip
_WAKES = (w.PASSWORD, w.USER, w.COMMAND, w.NOTE, w.HARDWARE, w.ONCE, w.BORN, w.FOLDER)
_GOES_ON = re.compile(rb"[^\s\"'<>\\]*")
_REMEMBERED = 4096
"""Windows whose reading is kept."""
_ACCOUNTS = [CODE[name] for name in ("SECRET", "HANDLE", "URL_CREDENTIALS", "PRIVATE_KEY")]
_OPENS_PLACEHOLDER = ("{", "$", "<", "%")


def told(text: Block, types: Collection[str], found: Found, places: Sequence[w.Word] | None = None) -> Found:
    """Spans (bytes) of secrets and user names that stand in sentences, as far as `types` asks for them and nothing that was
    `found` tells of the same place already. `places`: the `words_of` the text, if they are known."""
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    tables: dict[int, int] = {}  # up to where the tables of a row are read
    read: dict[tuple[int, int, bytes], tuple[Value | None, str]] = {}
    places = words_of(text) if places is None else places
    starts, ends = (text.starts.tolist(), text.ends.tolist()) if places else ([], [])
    for word in places:
        row, start, end, kind = word
        if kind not in _WAKES:
            continue
        spans = [*_written_down(text, word, max(starts[row], start - _BEFORE), ends[row])]
        if kind == w.PASSWORD and start >= tables.get(row, 0) and (below := under_heading(text, row, start, end)):
            cells, tables[row] = rows_below(text, row, below)
            spans += cells
        for begin, close, name, score in spans:
            if name in types:
                at.append((row, begin, close, CODE[name]))
                scores.append(score)
    for row, start, end, kind in places:
        if kind not in _READ:
            continue
        name = "HANDLE" if kind in (w.USER, w.NAMED, w.NETWORK) else "SECRET"
        if name not in types:
            continue
        low, row_end = max(starts[row], start - _BEFORE), ends[row]
        window = (kind, start - low, text.raw(low, min(row_end, end + REACH)))
        if window not in read:  # a table or a log says the same again and again
            if len(read) == _REMEMBERED:
                read.clear()
            read[window] = _value(text, kind, low, start, end, row_end)
        value, rest = read[window]
        if value is not None:
            begin = end + len(rest[: value.start].encode())
            close = begin + len(value.text.encode())
            if value.start + len(value.text) == len(rest.rstrip("\ufffd")):  # it may go on behind the window
                more = _GOES_ON.match(text.raw(close, min(row_end, close + _LONGEST)))
                close += more.end() if more else 0
            at.append((row, begin, close, CODE[name]))
            scores.append(value.score)
    every = np.array(at, np.int64).reshape(-1, 4)
    return Found(every, np.array(scores, np.float64), np.zeros(len(at), np.bool_)).take(_new(text, every, found.at))


def _written_down(text: Block, word: w.Word, low: int, row_end: int) -> Iterator[tuple[int, int, str, float]]:
    """What `access` reads behind a word; the row goes on to `row_end`, what is read before the word begins at `low`."""
    _, start, end, kind = word
    before = text.raw(low, start)
    if kind == w.PASSWORD and not before.endswith((b"Accepted ", b"Failed ")):
        return
    if kind == w.BORN:
        behind = text.read(start, min(row_end, end + REACH))
        if taken := _place_of_birth(before, behind):
            begin = start + len(behind[: taken[0]].encode())
            yield begin, begin + len(behind[taken[0] : taken[1]].encode()), "DATE_OF_BIRTH", taken[2]
        return
    if kind == w.ONCE:
        yield from _of_code(text, start, end, low, row_end)
        return
    rest = text.read(end, min(row_end, end + _ARGUMENTS))
    for one in access.read(kind, text.read(start, end), before.decode("utf-8", "replace"), rest):
        begin = end + len(rest[: one[0]].encode())
        yield begin, begin + len(rest[one[0] : one[1]].encode()), one[2], one[3]


def _of_code(text: Block, start: int, end: int, low: int, row_end: int) -> Iterator[tuple[int, int, str, float]]:
    """A code that opens a door once, behind its word or before it."""
    word = text.read(start, end)
    if word[-3:].lower() == "tan" and not word.endswith("TAN"):
        return  # a colour, a name
    written = text.read(end, min(row_end, end + REACH))
    before = text.read(low, start)
    if place := _place_of_code(word, before, written):
        behind, first, last = place
        begin = end + len(written[:first].encode()) if behind else start - len(before[first:].encode())
        yield begin, begin + last - first, "SECRET", 0.6


@lru_cache(maxsize=_REMEMBERED)
def _place_of_birth(before: bytes, behind: str) -> tuple[int, int, float] | None:
    return short_birth(before.decode("utf-8", "replace"), answered(behind))


@lru_cache(maxsize=_REMEMBERED)
def _place_of_code(word: str, before: str, written: str) -> tuple[bool, int, int] | None:
    """Whether a code stands behind its word, and its place in that text."""
    value = code(word, before, answered(readable(written)))
    if value is not None:
        return True, value.start, value.start + len(value.text)
    place = told_before(word, before)
    return (False, *place) if place else None


def passwords(text: Block, cells: Ints) -> Found:
    """Of cells (row, bytes) under the name of a column of passwords those that look like one."""
    some = [(row, a, b) for row, a, b in cells.tolist() if b - a <= 80 and of_cell(text.read(a, b), 0)]
    at = np.array([(*one, CODE["SECRET"]) for one in some], np.int64).reshape(-1, 4)
    return Found(at, np.full(len(some), 0.8), np.zeros(len(some), np.bool_))


def _value(text: Block, kind: int, low: int, start: int, end: int, row_end: int) -> tuple[Value | None, str]:
    """What the word [start, end) tells, and the text behind it; `low`: where what is read before it begins."""
    word = text.read(start, end)
    if kind != w.NETWORK and word not in (word.lower(), word.capitalize(), word.upper()):
        return None, ""  # `userName` is a name of a program's
    written, before = text.read(end, min(row_end, end + REACH)), text.read(low, start)
    if before[-1:] in _OPENS_PLACEHOLDER:
        return None, ""
    rest = answered(readable(written))
    value = _READ[kind](word, before, rest)
    return (code(word, before, rest) if value is None and kind == w.PASSWORD else value), written


def _new(text: Block, spans: Ints, found: Ints) -> npt.NDArray[np.bool_]:
    """Which spans touch none found of an account: a key in a program or an address says better where its value ends. Behind
    a colon and a blank a sentence says it, so there the longer span is taken."""
    known = found[np.isin(found[:, 3], _ACCOUNTS)]
    if len(known) and len(spans):
        begins = dict(zip(known[:, 1].tolist(), range(len(known))))
        shorter = [n for a, b in spans[:, 1:3].tolist() if (n := begins.get(a, -1)) >= 0 and known[n, 2] < b
                   and text.raw(max(a - 2, 0), a) == b": "]  # fmt: skip
        known = np.delete(known, shorter, axis=0)
    if not len(known):
        return np.ones(len(spans), np.bool_)
    known = known[np.argsort(known[:, 1])]
    reach = np.maximum.accumulate(known[:, 2])
    last = np.searchsorted(known[:, 1], spans[:, 2]) - 1
    fresh: npt.NDArray[np.bool_] = (last < 0) | (reach[last] <= spans[:, 1])
    return fresh
