"""Passwords as the arguments of calls: `server.login("ops", "...")`, `auth=("ops", "...")`, `HTTPBasicAuth("ops", "...")`.

No name stands before such a password, so the lexer does not propose it. A few fixed strings are looked for in the bytes, at
memory speed, and what follows each is matched once, anchored and bounded. Only a literal without blanks counts; what
documentation writes for anybody's does not (`login("user", "password")`).
"""

from __future__ import annotations

import re

import numpy as np

from curate.privacy.column import Block
from curate.privacy.overlaps import Found
from curate.privacy.placeholders import anybodys
from curate.privacy.types import CODE

_CALLS = (b"login(", b"auth=(", b"BasicAuth(")
_QUOTE = rb"(?:\\?[\"'])"
_ARGUMENTS = re.compile(
    rb"\s{0,40}(?:\w{1,20}\s?=\s?)?" + _QUOTE + rb"(?P<user>[^\s\"'\\]{1,80})" + _QUOTE
    + rb"\s{0,4},\s{0,40}(?:\w{1,20}\s?=\s?)?" + _QUOTE + rb"(?P<value>[^\s\"'\\]{4,128})" + _QUOTE + rb"\s{0,40}[,)]"
)  # fmt: skip
_NAMED = re.compile(rb"pass\w*\s?=\s?\\?[\"']")
_SERVER = re.compile(rb"(?i)(?:ftp|smtp|imap|pop3?|server|mail|conn|session|ssh|telnet|client)\w*\.login\(\Z")
_SECRET = CODE["SECRET"]
_WORD = 6
"""Letters of the shortest word that counts: `login("home", "index")` names a page."""


def call_secrets(text: Block) -> Found:
    """Spans (bytes) of such passwords."""
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    if len(text.starts):
        first = int(text.starts[0])
        data = text.raw(first, int(text.ends.max()))
        places = sorted(place + len(call) for call in _CALLS for place in _places(data, call) if _begins(data, place))
        for place in places:
            match = _ARGUMENTS.match(data, place, place + 400)
            row = int(np.searchsorted(text.starts, first + place, side="right")) - 1
            if match is None or first + match.end() > text.ends[row]:
                continue
            value = match["value"].decode("utf-8", "replace")
            plain = value.rstrip(".!?").isalpha()
            if anybodys(match["user"].decode("utf-8", "replace"), value) or (plain and _is_word(data, place, match)):
                continue
            at.append((row, first + match.start("value"), first + match.end("value"), _SECRET))
            scores.append(0.6 if plain or len(value) < _WORD else 0.8)
    return Found(np.array(at, np.int64).reshape(-1, 4), np.array(scores, np.float64), np.zeros(len(at), np.bool_))


def _begins(data: bytes, place: int) -> bool:
    """Whether a call's name begins here: `showlogin(` is another; `HTTPBasicAuth(` ends in one that is written large."""
    return data[place : place + 1] == b"B" or not data[place - 1 : place].isalnum()


def _is_word(data: bytes, place: int, match: re.Match[bytes]) -> bool:
    """Whether letters alone are no password here: a page or a button may be called so, unless one logs in to a server."""
    if _NAMED.search(data, place, match.start("value")):
        return False
    page = data[place - len(b"login(") : place] == b"login(" and not _SERVER.search(data[max(0, place - 48) : place])
    return page or len(match["value"]) < _WORD


def _places(data: bytes, call: bytes) -> list[int]:
    out, place = [], data.find(call)
    while place >= 0:
        out.append(place)
        place = data.find(call, place + len(call))
    return out
