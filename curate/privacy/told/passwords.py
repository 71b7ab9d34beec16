"""Passwords that a sentence tells: how strong a value must be depends on what joins it to its word."""

from __future__ import annotations

import re

from curate.privacy.told import words as w
from curate.privacy.told.strength import strength
from curate.privacy.told.tokens import UNSPACED, Token, Value, ends, tokens, unspaced

_CELL = re.compile(r"[`* ]*\|[`* ]*([^\s|`]{4,60})[`* ]*\|")
_HEADING = re.compile(r"\A[^\n]*\n[ \t]*\|?[ \t]*:?--")
"""A row of labels: a line of strokes stands under it."""
_ON = re.compile(r"(?i)\bon\s+\Z")
_PROGRAM = re.compile(r"[|+:]|\w\.\w+\W?$")
_PAIR = re.compile(
    r"(?i)(?:user(?: ?names?)?|login|benutzer(?:name)?|usuario|usuário|utente|utilisateur|identifiant|логин|e-?mail)"
    r"\s?(?:/|&|\+|and|und|y|e|et|en|i|и)\s?$"
)
_ENDS_PAIR, _APART = frozenset("/&+dyetniи"), frozenset(",;/ \t")
"""Signs that `_PAIR` and `_USER_BESIDE` end in: asked first, because few words stand behind such."""
_SECOND = re.compile(r"\s?[:=]\s*[\w.@+-]{2,60}(?:\s*[/,;|:]\s*|\s+)(?P<value>[^\s\"'<>]+)")
_USER_BESIDE = re.compile(
    r"(?i)\b(?:user(?: ?name)?|login|benutzer(?:name)?|usuario|usuário|utente|utilisateur|identifiant|gebruiker)"
    r"(?:[ \t]?[:=][ \t]?|[ \t])[\w.@+-]{2,40}[,;/ \t]{1,3}\Z"
)
_NUMBERED = re.compile(r"[^\W\d_]+\d{1,3}")
"""A type or a place in a book: `char64`, `Seite23`."""


def password(word: str, before: str, rest: str) -> Value | None:
    if ord(word[0]) >= UNSPACED and word in w.WHOLE:
        match = unspaced(word, rest)
        value = match and Token(0, match["value"], "sign", 0, "").value
        return Value(match.start("value"), value, 0.8) if match and value and strength(value) >= _least(match) else None
    low = word.lower()
    if (low == "passe" and not before.lower().endswith(("de ", "palavra-"))) or (low == "pass" and word != low):
        return None
    pair = before.rstrip()[-1:] in _ENDS_PAIR and _PAIR.search(before)  # "user name and password: ..."
    if pair and (match := _SECOND.match(rest)):
        value = Token(0, match["value"], "sign", 0, "").value
        return Value(match.start("value"), value, 0.8) if strength(value) else None
    if before.rstrip(" *`").endswith("|") and (cell := _CELL.match(rest)):  # of a table, its label in the cell before
        strong = strength(cell[1])
        drawn = strong == 3 or (strong and len(re.findall(r"\d+", cell[1])) >= 3)
        return Value(cell.start(1), cell[1], 0.8) if drawn and not _HEADING.search(rest) else None
    whole = "password" if low in w.AMBIGUOUS and before.rstrip().endswith(w.PHRASE_OF_TWO) else ""
    beside = before[-1:] in _APART and _USER_BESIDE.search(before) is not None
    for token in tokens(rest, low):
        if low == "pass" and token.joined not in ("told", "sign"):
            continue  # of a mountain, of a train
        value = token.value
        if token.joined == "sign" and low in w.KEYS and _PROGRAM.search(value):
            return None
        device = token.joined == "loose" and not token.quote and _ON.search(rest[: token.start])  # "on Galaxy21!"
        strong = strength(value.rstrip("!") if device else value)
        drawn = sum(map(str.isdigit, value)) >= 2 and not _NUMBERED.fullmatch(value)
        if beside and strong and drawn and not token.joined and not token.away and ends(rest, token, value):
            return Value(token.start, value, 0.8)
        needed = 1 if beside and token.joined == "sign" and not token.away else _needed(token, whole or low)
        if strong >= needed and (token.joined != "loose" or any(map(str.isdigit, value))):
            return Value(token.start, value, 0.8)
        told_so = token.joined in ("told", "sign") and not token.away
        if value.isdigit() and 6 <= len(value) <= 12 and told_so and ends(rest, token, value):
            return Value(token.start, value, 0.6)
        if token.joined == "sign" and not token.away and value:
            return None
    return None


def _needed(token: Token, word: str) -> int:
    """How strong a value must be where it stands; 4 for never."""
    if word in w.AMBIGUOUS or (token.joined == "sign" and word in w.KEYS):
        least = 3
    elif token.quote and token.away <= 1:
        return 1
    else:
        least = {"": 2, "loose": 3, "told": 1, "sign": 1}[token.joined]
    if token.joined == "told" and token.away:
        least = max(least, 2)
    if token.away > 1:
        least = 3
    return 4 if token.away > 2 or (not token.joined and token.away) else least


def _least(match: re.Match[str]) -> int:
    return 1 if match["join"].strip() else 3
