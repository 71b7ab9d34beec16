"""Passwords, PINs and user names that a sentence tells: "my password is …", "Mot de passe : …", "mi contraseña «…»".

The lexer proposes what stands behind a key (`password=…`). People who write to a help desk put words between, in their own
language. Words that speak of a password are found in the bytes by a table (one compiled pass); behind each a few words are
read: words that join ("is", "lautet", "es") or a colon, then a value. What joins says how much the value must look like
one, because documentation speaks of passwords more often than it tells one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy import told_words as w
from curate.privacy.column import Block, Ints
from curate.privacy.letters import WORD, fnv, is_escape, lookup
from curate.privacy.overlaps import Found
from curate.privacy.secret_recognizers import anybodys
from curate.privacy.types import CODE

_REACH = 200
"""Bytes behind the word in which a value may begin and end."""
_TOKENS = 8
"""Words behind the word that are read."""
_ACCOUNTS = [CODE[name] for name in ("SECRET", "HANDLE", "URL_CREDENTIALS", "PRIVATE_KEY")]
_OPENS_PLACEHOLDER = ("{", "$", "<", "%")
_UNSPACED = 0x0E00
"""From here on scripts write without blanks, or hang endings on their words."""


@dataclass(frozen=True)
class _Value:
    start: int
    """Place in the text behind the word."""
    text: str
    score: float


def told(text: Block, types: Collection[str], found: Found) -> Found:
    """Spans (bytes) of secrets and user names that stand in sentences, as far as `types` asks for them and nothing that was
    `found` tells of the same place already."""
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    places = _places(text.data, text.starts, text.ends, w.PAIRS, w.PREFIXES, w.TOLD_KEYS, w.TOLD_VALUES, w.SIGNS)
    for row, start, end, kind in places:
        name = "HANDLE" if kind in (w.USER, w.NAMED) else "SECRET"
        word = text.read(start, end)
        if name not in types or word not in (word.lower(), word.capitalize(), word.upper()):
            continue  # `userName` is a name of a program's
        rest = text.read(end, min(int(text.ends[row]), end + _REACH))
        before = text.read(max(int(text.starts[row]), start - 24), start)
        value = None if before[-1:] in _OPENS_PLACEHOLDER else _READ[kind](word, before, rest)
        if value is not None:
            begin = end + len(rest[: value.start].encode())
            at.append((row, begin, begin + len(value.text.encode()), CODE[name]))
            scores.append(value.score)
    spans = np.array(at, np.int64).reshape(-1, 4)
    return Found(spans, np.array(scores, np.float64), np.zeros(len(at), np.bool_)).take(_new(spans, found.at))


def _new(spans: Ints, found: Ints) -> npt.NDArray[np.bool_]:
    """Which spans touch none found of an account: a key in a program or an address says better where its value ends."""
    known = found[np.isin(found[:, 3], _ACCOUNTS)]
    if not len(known):
        return np.ones(len(spans), np.bool_)
    known = known[np.argsort(known[:, 1])]
    reach = np.maximum.accumulate(known[:, 2])
    last = np.searchsorted(known[:, 1], spans[:, 2]) - 1
    fresh: npt.NDArray[np.bool_] = (last < 0) | (reach[last] <= spans[:, 1])
    return fresh


# ---- words, and how they are joined to a value


@dataclass(frozen=True)
class _Token:
    start: int
    text: str
    joined: str
    """What joins it: "", "loose" (a word that stands everywhere), "told" ("is" and its like), "sign" (a colon)."""
    away: int
    """Words since what joins, or since the beginning."""
    quote: str
    """The quotation mark that opens it, or nothing."""

    @property
    def value(self) -> str:
        """Without the marks of the sentence around it."""
        value = self.text.split("'")[0] if self.quote == "'" else self.text
        value = value.rstrip("'’,.;:") if self.quote else value.rstrip("?").rstrip("'’,.;:\"")
        while value and (opening := _OPENED.get(value[-1])) and value.count(value[-1]) > value.count(opening):
            if value[-1] == "]" and "[" not in value and _MARK.search(value[:-1]):
                break
            value = value[:-1].rstrip(".,;:")
        return value


_OPENED = {")": "(", "]": "[", "}": "{"}
_QUOTES = "\"'«„“‘`"
_TOKEN = re.compile(r"""[:=：]+>?|[-=]>|[("'«„“‘`]*(?P<word>[^\s"«»„“”`<>，。；、（）]+)""")
_END = re.compile(r"[.?;…]$|^[|/]$")


def _tokens(rest: str) -> Iterator[_Token]:
    """Words behind a name, with what joins them to it; they end where the sentence does, or where no value is told."""
    joined, away, line = "", 0, rest.find("\n")
    for n, match in enumerate(_TOKEN.finditer(rest)):
        if n == _TOKENS or (0 <= line < match.start() and joined != "sign"):
            return
        word = match["word"]
        if word is None:
            if match[0].count("=") > 1:
                return  # a comparison
            joined, away = "sign", 0
            continue
        low = word.lower().rstrip(",")
        if low in w.DENIED or low in w.SPEAKS:
            return
        start = match.start("word")
        mark = rest[start - 1] if start > match.start() else ""
        yield _Token(start, word, joined, away, mark if mark in _QUOTES else "")
        if low in w.JOINS or low in w.LOOSE_JOINS:
            joined, away = ("told" if low in w.JOINS or joined == "told" else "loose"), 0
        elif word[-1] in ":=：":
            joined, away = "sign", 0
        elif _END.search(word):
            return
        else:
            away += 1


# ---- passwords


_MARK = re.compile(r"[!@#$%^&*+=~?|\]\[{}()<>€£§]")
_NO_PASSWORD = re.compile(
    r"[\w.+-]+@[\w-]+\.\w|@[\w-]+\.|\w+://|[\w-]+=|www\.|[./~]*/|[A-Z]:\\"  # addresses and paths
    r"|.*(?:A-Z|0-9)|[\w.]*\(|\[[A-Z_0-9]+\]|[<{$%*_-]|#\d+$",  # classes of signs, calls, placeholders
    re.IGNORECASE,
)
_MIXED = re.compile(r"[a-zà-ÿ].*[A-Z]|\d.*[A-Z].*[a-z]|\d[a-z]+.*[A-Z]")
_AFTER_UNSPACED = re.compile(r"""[^\x00-\x7f]{0,10}?\s?[:：=]?\s?["'“「『]?(?P<value>[!-&(-~]{4,64})""")


def _strength(value: str) -> int:
    """0 no password; 1 letters and digits; 2 a capital among them as well; 3 with a mark inside."""
    if len(value) < 6 or _NO_PASSWORD.match(value) or w.NAMES_ITSELF.fullmatch(value.rstrip("!")) or anybodys("", value):
        return 0
    digit, letter = any(c.isdigit() for c in value), any(c.isalpha() for c in value)
    mark = _MARK.search(value.rstrip("!?)")) is not None or (value[-1] == "!" and digit)
    if not letter or not (digit or mark) or not value.isprintable():
        return 0
    if mark and (digit or value not in (value.lower(), value.capitalize())):
        return 3
    return (2 if _MIXED.search(value) else 1) if digit else 0


def _needed(token: _Token, word: str) -> int:
    """How strong a value must be where it stands; 4 for never."""
    if word in w.AMBIGUOUS:
        least = 3
    elif token.quote and token.away <= 1:
        return 1
    else:
        least = {"": 2, "loose": 3, "told": 1, "sign": 1}[token.joined]
    if token.joined == "told" and token.away:
        least = max(least, 2)
    if token.away > 1 or (not token.joined and token.away):
        least = 3
    return 4 if token.away > 2 else least


def _password(word: str, before: str, rest: str) -> _Value | None:
    if ord(word[0]) >= _UNSPACED and (match := _AFTER_UNSPACED.match(rest)):
        value = _Token(0, match["value"], "sign", 0, "").value
        return _Value(match.start("value"), value, 0.8) if _strength(value) else None
    low = word.lower()
    if low == "passe" and not before.lower().endswith(("de ", "palavra-")):
        return None
    for token in _tokens(rest):
        if low == "pass" and token.joined not in ("told", "sign"):
            continue  # of a mountain, of a train
        value = token.value
        if _strength(value) >= _needed(token, low):
            return _Value(token.start, value, 0.8)
        if value.isdigit() and 6 <= len(value) <= 12 and token.joined in ("told", "sign") and not token.away:
            return _Value(token.start, value, 0.6)
        if token.joined == "sign" and not token.away:
            return None
    return None


# ---- user names


_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{3,29}", re.IGNORECASE)
_MADE_UP = re.compile(r"[a-z][a-z._-]{3,}\d{2,6}")
_SIGNED = re.compile(r"(?=.*\d).*\w[._]\w")
_SITE = re.compile(r"\.(?:com|org|net|io|de|fr|uk|html?|php|py|js|txt|json)$", re.IGNORECASE)
_PROGRAMS = ("your", "my_", "my.", "user_", "event.", "self.", "this.")
_CLOSED = re.compile(r"""["'»”)]*(?:\s*(?:[,;|/)\]]|$)|\.?\s*\n|\.?\s*$|[.,]?\s+(?:\w+\s?){1,3}[:=])""")
_NAME_OF = re.compile(r"(?i)\b(?:no(?:me|m|mbre)(?: d[eo] | d['’]| )|nama )$")
_NAME = re.compile(r"(?i)[ -]?(?:name|id|navn|namn|naam)\b")


def _account_like(value: str) -> bool:
    letters, digits = sum(c.isalpha() for c in value), sum(c.isdigit() for c in value)
    if not _ACCOUNT.fullmatch(value) or letters < 2 or _SITE.search(value) or w.NAMES_ITSELF.fullmatch(value):
        return False
    if value.lower().startswith(_PROGRAMS):
        return False
    return 0 < digits <= 8 or sum(value[1:-1].count(sign) for sign in "._") == 1


def _account(word: str, before: str, rest: str) -> _Value | None:
    """Of words that speak of persons as well: in small letters behind a colon, with nothing behind it in the sentence."""
    if _is_mine(before) or _NAME_OF.search(before) or _NAME.match(rest):
        return _name_of_account(word, before, rest)
    token = next((t for t in _tokens(rest)), None)
    if token is None or token.away or (token.quote and token.text.isidentifier()):
        return None
    value = token.value
    direct = word.lower() in w.LOGIN and not token.joined and _SIGNED.match(value)
    if not (token.joined == "sign" or direct) or value != value.lower() or not _account_like(value):
        return None
    return _Value(token.start, value, 0.6) if _CLOSED.match(rest[token.start + len(value) :]) else None


def _name_of_account(word: str, before: str, rest: str) -> _Value | None:
    if ord(word[0]) >= _UNSPACED and (match := _AFTER_UNSPACED.match(rest)):
        found = _ACCOUNT.match(match["value"])
        return _Value(match.start("value"), found[0], 0.6) if found and _account_like(found[0]) else None
    for token in _tokens(rest):
        value = token.value
        joined = token.joined in ("told", "sign") or _MADE_UP.fullmatch(value)
        if joined and not token.away and _account_like(value):
            return _Value(token.start, value, 0.6)
        if token.joined or token.away > 1:
            return None
    return None


def _is_mine(before: str) -> bool:
    return bool(words := before.lower().split()) and words[-1] in w.MINE


# ---- numbers of cards


_UNIT = re.compile(r"[VΩA]\b|[mkµ][VAm]\b|(?:volts?|ohms?|EUR|USD|euros?|dollars?)\b|\d|[/x×%€$]")


def _pin(word: str, before: str, rest: str) -> _Value | None:
    """Four digits behind PIN: told ("is 4711"), or somebody's ("my PIN 4711"). A postal code in India has six."""
    return _digits(rest, (4,), must_be_told=not _is_mine(before)) if word == "PIN" else None


def _card_code(word: str, before: str, rest: str) -> _Value | None:
    return _digits(rest, (3, 4), must_be_told=False) if word.isupper() else None


def _digits(rest: str, sizes: tuple[int, ...], must_be_told: bool) -> _Value | None:
    for token in _tokens(rest):
        value = token.text.rstrip(".,;!?)")
        told_so = token.joined in ("told", "sign")
        if value.isascii() and value.isdigit() and len(value) in sizes and (told_so or not must_be_told):
            measure = value == token.text and _UNIT.match(rest[token.start + len(value) :].lstrip())
            return None if measure or token.away > 1 else _Value(token.start, value, 0.6)
        if told_so and token.away:
            return None
    return None


_READ = {w.PASSWORD: _password, w.USER: _account, w.NAMED: _name_of_account, w.PIN: _pin, w.CARD_CODE: _card_code}


# ---- where the words stand


@njit(cache=True, nogil=True)
def _may(data, start, end, signs):  # type: ignore[no-untyped-def]
    for i in range(start, end):  # noqa: SIM110 - compiled
        if signs[data[i]]:
            return True
    return False


@njit(cache=True, nogil=True)
def _places(data, starts, ends, pairs, prefixes, keys, values, signs):  # type: ignore[no-untyped-def]
    """Row, first byte, byte behind and kind of every word of the table, in order."""
    out = [(np.int64(0), np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    for row in range(len(starts)):
        start, end = starts[row], ends[row]
        inside = False
        for i in range(start, end - 3):
            c = data[i]
            # Words begin behind what is no letter; scripts of three bytes a sign may write without blanks.
            begins = not inside or c >= 0xE0
            inside = WORD[c] != 0
            if inside and i > start and data[i - 1] == 92 and is_escape(data, start, i):
                inside = False
            if not begins or pairs[(np.int64(c) << 8) | np.int64(data[i + 1])] == 0:
                continue
            window = np.int64(0)
            for k in range(i, i + 4):
                b = data[k]
                window = (window << 8) | np.int64(b + 32 if 65 <= b <= 90 else b)
            if prefixes[((window * 0x9E3779B1) >> 16) & 0xFFFF] == 0:
                continue
            if c >= 0xE0 and i + 6 <= end:
                kind = lookup(fnv(data, i, i + 6), keys, values)
                if kind and _may(data, i + 6, min(end, i + 6 + _REACH), signs[kind]):
                    out.append((np.int64(row), np.int64(i), np.int64(i + 6), kind))
                    continue
            j = i
            while j < end and (WORD[data[j]] == 1 or WORD[data[j]] == 3):
                j += 1
            if j < end and WORD[data[j]] == 2:
                j += 1  # CVV2
            if j < end and (WORD[data[j]] == 2 or WORD[data[j]] == 4):
                continue
            kind = lookup(fnv(data, i, j), keys, values)
            if kind and _may(data, j, min(end, j + _REACH), signs[kind]):
                out.append((np.int64(row), np.int64(i), np.int64(j), kind))
    return out
