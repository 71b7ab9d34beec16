"""Operators that need no more than the value: mask, redact, hash."""

from __future__ import annotations

import base64
import hashlib
import hmac

from curate.privacy.canonical import canonical

SHOWN = 4
"""Characters that a mask leaves."""
_LONG_ENOUGH = 9
"""Letters and digits a value must have for any to be shown: four of a PIN would be all of it."""
_HIDDEN = frozenset({
    "SECRET", "PRIVATE_KEY", "URL_CREDENTIALS", "PERSON", "LOCATION", "ORGANIZATION", "STREET_ADDRESS", "DATE_OF_BIRTH",
    "COORDINATES",
})
"""Types of which a mask leaves nothing: the end of a name or a date says too much, that of a number tells two apart."""
HASH_CHARACTERS = 16
"""80 bits: two of a million values share a token once in a trillion data sets."""


def masked(type_name: str, value: str) -> str:
    """Stars for letters and digits but the last four; what stands between them stays. Secrets, names, places and dates
    show nothing."""
    count = sum(c.isalnum() for c in value)
    shown = SHOWN if count >= _LONG_ENOUGH and type_name not in _HIDDEN else 0
    hidden, out = count - shown, []
    for char in value:
        if char.isalnum():
            hidden -= 1
            out.append("*" if hidden >= 0 else char)
        else:
            out.append(char)
    return "".join(out)


def without_gap(text: str, start: int, end: int) -> tuple[int, int]:
    """The span to take out so that no double space, no space before a stop and no space at an end is left."""
    before = text[start - 1] if start else ""
    after = text[end] if end < len(text) else ""
    if before in (" ", "\t") and (after == "" or after in " \t\n\r,.;:!?)]}»”’"):
        return start - 1, end
    if after in (" ", "\t") and after and (before == "" or before in "\n\r([{«“‘"):
        return start, end + 1
    return start, end


def code(secret: bytes, what: str, characters: int) -> str:
    """A keyed hash as capitals and the digits 2 to 7 (RFC 4648 base 32), HMAC-SHA256 cut to that length."""
    digest = hmac.digest(secret, what.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.b32encode(digest).decode()[:characters]


def hashed(secret: bytes, label: str, type_name: str, value: str, region: str) -> str:
    """`[EMAIL_ADDRESS_2GH5…]`: the same value, the same token wherever the key is the same."""
    return f"[{label}_{code(secret, f'{type_name} {canonical(type_name, value, region)}', HASH_CHARACTERS)}]"
