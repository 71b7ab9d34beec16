"""Keys and tokens that a sentence tells: "my API key is 7f3K…", "Der Schlüssel für … lautet …", "la clé … : …".

Providers whose keys have a shape of their own are known by it (`key_shapes`); many have none. People and programs speak of
keys all the time, so what stands there must look drawn at random, and something must say that it is the key: what joins
them, and behind a colon, which programs write as well, a word of access. Numbers of hexadecimal digits are hashes as
often, so they ask for that word everywhere.
"""

from __future__ import annotations

import re

from curate.privacy.told.strength import drawn
from curate.privacy.told.tokens import Value, is_mine, tokens

_ACCESS = re.compile(
    r"(?i)(?:\bapi|\bapp|access|secret|auth\w*|private|licen[cs]e|admin|service|bearer|refresh|zugriffs?|zugangs?|geheim\w*|lizenz"
    r"|acc[eèé]s\w*|acess\w*|secr[eè]t\w*|segret\w*|priv[eéa]\w*|секретн\w*|доступа|лицензи\w*)[ _-]?\Z"
)
_OTHERS = re.compile(
    r"(?i)(?:public|pub|publi\w+|públic\w+|pubblic\w+|öffentlich\w*|primary|foreign|cache|host|sort|partition|object|hash|row|map"
    r"|открыт\w*|ключев\w*)[ _-]?\Z"
)
"""Keys of data, and those that everybody may have."""
_OF_API = re.compile(r"(?i)\s?(?:d['’e]\s?|di |del? |da )?\(?api\b")
_OF_PROGRAMS = ("key", "keys", "token", "tokens")
_IN_CODE = tuple("\"'`_.([{$<%")
_HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-f-]+|(?:0x)?[0-9A-F-]+")
_VALUE = re.compile(r"[A-Za-z0-9][\w.~+/-]{18,250}={0,2}", re.ASCII)


def key(word: str, before: str, rest: str) -> Value | None:
    """The key or token behind its word."""
    if before.endswith(_IN_CODE) or _OTHERS.search(before):
        return None
    access = _ACCESS.search(before) is not None or _OF_API.match(rest) is not None
    for token in tokens(rest):
        value = token.value
        if _VALUE.fullmatch(value) and drawn(value):
            told_so = token.joined == "told" or (token.joined == "sign" and (access or word.lower() not in _OF_PROGRAMS))
            told_so = told_so or (not token.joined and not token.away and (access or is_mine(before)))
            known = told_so and token.away <= 1 and (access or not _HEXADECIMAL.fullmatch(value))
            return Value(token.start, value, 0.8) if known else None
    return None
