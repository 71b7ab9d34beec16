"""How much a value looks like a password that somebody chose."""

from __future__ import annotations

import re

from curate.privacy.placeholders import anybodys, says_what_it_is
from curate.privacy.told.words import NAMES_ITSELF, a_word_for_it

MARK = re.compile(r"[!@#$%^&*+=~?|\]\[{}()<>€£§]")
_NO_PASSWORD = re.compile(
    r"[\w.+-]+@[\w-]+\.\w|@[\w-]+\.|\w+://|[\w-]+=|www\.|[./~]*/|[A-Z]:\\"  # addresses and paths
    r"|.*(?:A-Z|0-9)|[\w.]*\(|[\w.]+\[|\[[A-Z_0-9]+\]"  # classes of signs, calls, places in lists, placeholders
    r"|[<{]|\$[({]|\$[A-Z_]+$|%\w+%|%\(|[*_•.-]{2}|#\d+$",
    re.IGNORECASE,
)
_MIXED = re.compile(r"[a-zà-ÿ].*[A-Z]|\d.*[A-Z].*[a-z]|\d[a-z]+.*[A-Z]")
_HASH_OR_CODE = re.compile(r"^[$@:?]|[\s\"]|\w\$.*\$|^\*?[0-9a-fA-F]{32,}$")
"""Hashes and pieces of programs, which stand under the names of columns of passwords as well."""
_WORD = re.compile(r"[^\W\d_]{3}|[^\W\d_].*\d|\d.*[^\W\d_]|\d{6}")
_RANDOM = re.compile(r"[0-9a-fA-F]{16,}|[A-Za-z0-9+/]{28,}={0,2}")
_OF_CODE = re.compile(
    r"(?i)base\d\d|sha-?\d|hmac|md\d|pbkdf|b?crypt|argon|utf-?\d|oauth|api|url|hash|password|token|http|json|xml|uuid|string|char"
    r"|(?-i:^(?:[gs]et|is|has|to|on|use|only)[A-Z]|V\d)"
)
"""Pieces of names of methods, of types and of rules: `Pbkdf2Sha256`, `setPassword2Hash`."""


def strength(value: str) -> int:
    """0 no password; 1 letters and digits; 2 a capital among them as well; 3 with a mark inside."""
    if len(value) < 6 or value.isalpha():  # most words; the others cost ten times as much
        return 0
    if _NO_PASSWORD.match(value) or NAMES_ITSELF.fullmatch(value.rstrip("!")) or anybodys("", value):
        return 0
    digit, letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    mark = MARK.search(value.rstrip("!?)")) is not None or (value[-1] == "!" and digit)
    if not letter or not (digit or mark) or not value.isprintable():
        return 0
    if mark and (digit or value not in (value.lower(), value.capitalize())):
        return 3
    return (2 if _MIXED.search(value) else 1) if digit else 0


def of_cell(value: str, least: int) -> bool:
    """Whether a value under the name of a column of passwords is one; `least`: how strong it must be where it stands, 0 for
    any word that is no placeholder, no hash and nothing out of a program."""
    if _HASH_OR_CODE.search(value):
        return False
    strong = strength(value)
    return strong == 3 or (least < 3 and (strong == 2 or (not least and _any_word(value))) and not _OF_CODE.search(value))


def _any_word(value: str) -> bool:
    if len(value) < 4 or not _WORD.search(value) or _RANDOM.fullmatch(value):
        return False
    named = _NO_PASSWORD.match(value) or NAMES_ITSELF.fullmatch(value) or anybodys("", value) or says_what_it_is(value)
    return not named and not a_word_for_it(value) and value.isprintable()


_LONG_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_TURN = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")


def drawn(value: str) -> bool:
    """Whether a key looks drawn at random: three groups of digits, and a long run in which capitals, small letters and
    digits take turns, or a very long one with letters and digits. `MyApplication2024Settings3Page4` is made of words."""
    if len(re.findall(r"\d+", value)) < 3:
        return False
    for run in _LONG_RUN.findall(value):
        mixed = run not in (run.lower(), run.upper()) and len(_TURN.findall(run)) > 0.4 * len(run)
        long = len(run) >= 32 and not run.isdigit() and not run.isalpha()
        if len(set(run)) >= 8 and sum(map(str.isdigit, run)) >= 2 and (mixed or long):
            return True
    return False
