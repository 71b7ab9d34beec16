"""Find what a person gave as theirs, however it is written: the search behind an erasure request.

A value is one of four kinds. An *e-mail address* is found whatever its case, with signs written out (`jane (at) x dot
org`), as character references or in full-width letters. A *number* (telephone, card, any run of digits) is found with any
separators, in the digits of eighteen scripts or spelled out, a telephone with and without its country code. A *code*
(letters and digits: IBAN, passport) with any separators and case. *Words* (a name, a street) whatever their case, accents
and spacing, two or three words of a name also with the last ones first. Invisible characters inside a value do not hide
it.

Method: one regular expression a value for RE2 (Arrow's engine, linear time) says which texts may hold it, a second for
Python, with boundaries, says where. What the scanner found is compared by its
canonical spelling (`canonical`), and by keyed hash where only a hash is known. Cost: about 100 MB/s a value and core.

It does not find paraphrases, misspellings, initials, a value cut in two by a field's end, or one inside base64. Values
are never part of a `repr`, an error or an exported field.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from curate.privacy.canonical import canonical, folded, mailbox, plain, telephone
from curate.privacy.checks import iban
from curate.privacy.column import column_bytes
from curate.privacy.disguises import SPELLED, edits_of, find_disguises
from curate.privacy.identifiers import IDENTIFIERS, compiled, passes
from curate.privacy.keys import derived
from curate.privacy.operators.simple import HASH_CHARACTERS, hashed

_INVISIBLE = "[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*"
_ZEROS = (
    0x30, 0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0xF20, 0x1040, 0x17E0,
    0xFF10,
)  # fmt: skip
_AT = r"\s{0,2}(?:[@＠﹫]|[\[({<]\s?at\s?[\])}>]|\s(?:at|arroba)\s|&#0{0,4}(?:64|x40);|&commat;|%40|\\u0040)\s{0,2}"
_DOT = (
    r"\s{0,2}(?:[.．。]|[\[({<]\s?(?:dot|\.)\s?[\])}>]|\s(?:dot|punkt|punto|ponto)\s|&#0{0,4}(?:46|x2e);|&period;|%2e)"
    r"\s{0,2}"
)
_BETWEEN_DIGITS = r"[\s\-‐-―−.()/·]{0,4}"
_BETWEEN_WORDS = r"[^\p{L}\p{N}]{1,4}"
_HASH = re.compile(rf"\[?(?P<label>[A-Z][A-Z0-9_]*_)?(?P<code>[A-Z2-7]{{{HASH_CHARACTERS}}})\]?")
_PARTS_OF_CODE = re.compile(r"\d+|[^\W\d_]+")
_FEWEST = 3
"""Letters and digits that a value must have: a shorter one stands everywhere."""


class Subject:
    """One value of a person, ready to be looked for."""

    __slots__ = ("_allowed", "_canonical", "_exact", "_fast", "_hash", "_region", "kind")

    def __init__(self, value: str, region: str = "US") -> None:
        """ValueError where the value is too short to be looked for; the message does not hold it."""
        text = plain(value).strip()
        self._region = region.upper()
        typed = "|" + re.escape(value.strip())  # signs that no spelling below expects are found as they were typed
        token = _HASH.fullmatch(text)
        self._hash = token["code"] if token else ""
        self._allowed: frozenset[str] | None = None
        if sum(map(str.isalnum, text)) < _FEWEST:
            raise ValueError(f"a value to look for needs {_FEWEST} letters or digits")
        digits = "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())
        letters = sum(c.isalpha() for c in text)
        if "@" in mailbox(text) and "." in mailbox(text).partition("@")[2]:
            self.kind = "email"
            body = _email(mailbox(text)) + typed
            self._exact = re.compile(rf"(?<!\w)(?<!\w[.+%-])(?i:{body})(?![\w-])(?!\.[a-z]{{2,24}}(?![a-z]))")
            wanted = {("EMAIL_ADDRESS", canonical("EMAIL_ADDRESS", text))}
        elif token and token["label"]:  # one by itself may be an Italian tax number, a card or a long word as well
            self.kind = "hash"
            body = re.escape(self._hash)
            self._exact = re.compile(body)
            wanted = set()
        elif digits and not letters:
            self.kind = "number"
            cores, self._allowed = _numbers(text, digits, self._region)
            body = "|".join(_digits(core) for core in cores) + typed
            self._exact = re.compile(body)
            wanted = {("", digits)}
            if 7 <= len(digits) <= 15:
                wanted.add(("PHONE_NUMBER", canonical("PHONE_NUMBER", text, self._region)))
        elif digits and _is_code(text):
            self.kind = "code"
            compact = "".join(c for c in text if c.isalnum())
            body = _BETWEEN_DIGITS.join(_INVISIBLE + _class(c) for c in compact) + typed
            self._exact = re.compile(rf"(?<![^\W_])(?:{body})(?![^\W_])")
            wanted = {("", compact.casefold())}
        else:
            self.kind = "words"
            words = re.findall(r"[^\W_]+", folded(text))
            turns = range(1, len(words)) if len(words) in (2, 3) and not digits else ()
            orders = [words, *(words[n:] + words[:n] for n in turns)]
            body = "|".join(_BETWEEN_WORDS.join(_word(word) for word in order) for order in orders) + typed
            exact = body.replace(_BETWEEN_WORDS, r"[\W_]{1,4}")
            self._exact = re.compile(rf"(?<![^\W_])(?:{exact})(?![^\W_])")
            wanted = {("PERSON", " ".join(words))}
        self._canonical = frozenset(wanted)
        self._fast = f"(?i:{body})"

    def __repr__(self) -> str:
        return f"Subject({self.kind})"

    def rows(self, texts: pa.Array) -> npt.NDArray[np.int64]:
        """Positions of the texts of a string column that hold the value."""
        may = pc.match_substring_regex(texts, self._fast).fill_null(False)
        if isinstance(may, pa.ChunkedArray):
            may = may.combine_chunks()
        at = np.flatnonzero(may.to_numpy(zero_copy_only=False))
        held = [bool(self.places(text)) for text in texts.take(pa.array(at)).to_pylist()]
        return at[np.array(held, np.bool_)] if len(at) else at

    def places(self, text: str) -> list[tuple[int, int]]:
        """Where the value stands in a text: ranges of code points."""
        spans = [m.span() for m in self._exact.finditer(text)]
        return spans if self._allowed is None else [(a, b) for a, b in spans if self._alone(text, a, b)]

    def same(self, type_name: str, value: str, key: bytes | None = None) -> bool:
        """Whether a value that the scanner found, of that type, means the same."""
        if self._hash and key is not None:
            token = hashed(derived(key, "hash"), type_name, type_name, value, self._region)
            if self._hash in token:
                return True
        spelled = canonical(type_name, _with_digits(value), self._region)
        if (type_name, spelled) in self._canonical:
            return True
        return type_name not in ("EMAIL_ADDRESS", "PHONE_NUMBER") and ("", _compact(spelled)) in self._canonical

    def _alone(self, text: str, start: int, end: int) -> bool:
        """Whether the digits around a number belong to it: its country code, or nothing."""
        assert self._allowed is not None
        if end < len(text) and (text[end].isdecimal() or (text[end] == "-" and text[end + 1 : end + 2].isdecimal())):
            return False
        first = start
        while first and (text[first - 1].isdecimal()):
            first -= 1
        ahead = "".join(str(unicodedata.decimal(c)) for c in text[first:start])
        if not ahead and start and text[start - 1] in ".," and start > 1 and text[start - 2].isdecimal():
            return False  # the decimals of a number
        return not ahead or ahead in self._allowed


def search(subjects: Sequence[Subject], texts: pa.Array) -> npt.NDArray[np.int64]:
    """Positions of the texts that hold any of the values, ascending."""
    hits = [subject.rows(texts) for subject in subjects]
    numbers = [subject for subject in subjects if subject.kind == "number"]
    if numbers:
        spelled, read = _spelled_out(texts)
        hits += [spelled[subject.rows(read)] for subject in numbers if len(spelled)]
    return np.unique(np.concatenate(hits)) if hits else np.zeros(0, np.int64)


def _spelled_out(texts: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Positions of the texts with digits written as words, and those texts with digits instead."""
    data, starts, ends = column_bytes(texts)
    at = np.flatnonzero(find_disguises(data, starts, ends) & SPELLED)
    read = [_with_digits(text) for text in texts.take(pa.array(at)).to_pylist()]
    return at, pa.array(read, pa.large_string())


def _with_digits(text: str) -> str:
    """A text with runs of digits written as words written as digits."""
    out, place = [], 0
    for start, end, sign in edits_of(text, SPELLED):
        out += [text[place:start], chr(sign) if sign else ""]
        place = end
    return "".join([*out, text[place:]])


@cache
def _variants() -> dict[str, str]:
    """Each letter a-z with all letters that fold to it."""
    out = {chr(c): {chr(c), chr(c).upper(), chr(c - 97 + 0xFF41), chr(c - 97 + 0xFF21)} for c in range(97, 123)}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = folded(chr(code))
        if base in out:
            out[base].add(chr(code))
    return {letter: "".join(sorted(all_)) for letter, all_ in out.items()}


def _class(char: str) -> str:
    """A character in the ways that it may be written."""
    if char.isdecimal():
        value = int(unicodedata.decimal(char))
        return "[" + "".join(chr(zero + value) for zero in _ZEROS) + "]"
    known = _variants().get(char.casefold())
    if known is not None:
        return f"[{known}]"
    both = {char, char.lower(), char.upper()}
    return "(?:" + "|".join(sorted(re.escape(c) for c in both)) + ")"


def _word(word: str) -> str:
    """A folded word: accents may stand on it as marks of their own, and ß for ss."""
    marks = "[\u0300-\u036f]{0,3}"
    out = "".join(_INVISIBLE + _class(c) + (marks if c.isalpha() else "") for c in word)
    double = (_INVISIBLE + _class("s") + marks) * 2
    return out.replace(double, f"(?:{double}|[ßẞ])")


def _email(address: str) -> str:
    signs = {"@": _AT, ".": _DOT}
    return "".join(signs.get(c) or _INVISIBLE + _class(c) for c in address)


def _digits(number: str) -> str:
    return _BETWEEN_DIGITS.join(_INVISIBLE + _class(c) for c in number)


def _numbers(text: str, digits: str, region: str) -> tuple[list[str], frozenset[str]]:
    """The digits to look for, and which digits may stand right before them without being of another number."""
    cores, ahead = {digits}, set()
    if 7 <= len(digits) <= 15:
        country, national = telephone(text, region)
        number = phonenumbers.PhoneNumber(country_code=country, national_number=int(national)) if country else None
        if number is not None and len(national) >= 7 and phonenumbers.is_possible_number(number):
            cores = {national}
            ahead = {str(country), f"00{country}", f"011{country}", "0", f"{country}0", f"00{country}0", "1", "8"}
            if digits not in (national, f"{country}{national}", f"0{national}", f"00{country}{national}"):
                cores.add(digits)
    return sorted(cores), frozenset(ahead)


def _is_code(text: str) -> bool:
    """Whether letters and digits make up one thing rather than words beside a number: no word is in it, digits and letters
    change places in one piece, or it passes the check of an identifier (`RSSMRA 85T10 A562S`, `GB82 WEST ...`)."""
    if not re.search(r"[^\W\d_]{4,}", text):
        return True
    compact = _compact(text)
    if compact == text.casefold() and len(compact) >= 8 and len(_PARTS_OF_CODE.findall(compact)) > 2:
        return True
    if " " not in text and sum(map(str.isdecimal, text)) * 2 >= len(text):
        return True
    written = compact.upper()
    checked = (one for one in IDENTIFIERS if one.check and compiled(one).fullmatch(written))
    return iban(written) or any(passes(one.check, written) for one in checked)


def _compact(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def subjects_of(values: Iterable[str], region: str = "US") -> list[Subject]:
    """Subjects of distinct values. ValueError says which, by its number, cannot be looked for."""
    out = []
    for number, value in enumerate(dict.fromkeys(v.strip() for v in values if v.strip()), 1):
        try:
            out.append(Subject(value, region))
        except ValueError as error:
            raise ValueError(f"value {number}: {error}") from None
    return out
