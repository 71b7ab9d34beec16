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
from curate.privacy.secret_recognizers import anybodys
from curate.privacy.types import CODE

_CALLS = (b"login(", b"auth=(", b"BasicAuth(")
_QUOTE = rb"(?:\\?[\"'])"
_ARGUMENTS = re.compile(
    rb"\s{0,40}(?:\w{1,20}\s?=\s?)?" + _QUOTE + rb"(?P<user>[^\s\"'\\]{1,80})" + _QUOTE
    + rb"\s{0,4},\s{0,40}(?:\w{1,20}\s?=\s?)?" + _QUOTE + rb"(?P<value>[^\s\"'\\]{4,128})" + _QUOTE + rb"\s{0,40}[,)]"
)  # fmt: skip
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
        places = sorted(place + len(call) for call in _CALLS for place in _places(data, call))
        for place in places:
            match = _ARGUMENTS.match(data, place, place + 400)
            row = int(np.searchsorted(text.starts, first + place, side="right")) - 1
            if match is None or first + match.end() > text.ends[row]:
                continue
            value = match["value"].decode("utf-8", "replace")
            if anybodys(match["user"].decode("utf-8", "replace"), value) or (value.isalpha() and len(value) < _WORD):
                continue
            at.append((row, first + match.start("value"), first + match.end("value"), _SECRET))
            scores.append(0.6 if value.isalpha() or len(value) < _WORD else 0.8)
    return Found(np.array(at, np.int64).reshape(-1, 4), np.array(scores, np.float64), np.zeros(len(at), np.bool_))


def _places(data: bytes, call: bytes) -> list[int]:
    out, place = [], data.find(call)
    while place >= 0:
        out.append(place)
        place = data.find(call, place + len(call))
    return out
