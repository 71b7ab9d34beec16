"""Made-up keys and secrets: the provider's prefix and the length stay, and a mark says that it opens nothing.

A secret keeps the prefix of a known key shape (`key_shapes`) and nothing else; a mark (EXAMPLE, where there is room) stands
behind it and the rest is drawn. A private key keeps its first and last line. A wallet keeps the signs that tell its kind
and fails its checksum; an Ethereum address has none, and begins with `dead`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from curate.privacy.identifiers import IDENTIFIERS
from curate.privacy.identifiers.model import passes
from curate.privacy.key_shapes import SHAPES
from curate.privacy.surrogates.draw import DIGITS, LOWER, UPPER, Draw

_MARKS = ("EXAMPLE", "FAKE")
_BLOCK_LINE = re.compile(r"-----[A-Z0-9 ]+-----")
_WALLET = re.compile(r"(?:0x|bc1|tb1|ltc1|addr1|cosmos1|t[13]|[13LMDXrT])?", re.IGNORECASE)
_ATTEMPTS = 40


@lru_cache(maxsize=1)
def _prefixes() -> tuple[str, ...]:
    return tuple(sorted({shape.prefix for shape in SHAPES if shape.prefix}, key=lambda p: (-len(p), p)))


def secret(value: str, draw: Draw) -> str:
    """A secret of the same length and signs, marked."""
    prefix = next((p for p in _prefixes() if value.startswith(p) and len(value) > len(p) + 3), "")
    if value.startswith("eyJ"):
        prefix = "eyJ"
    return prefix + marked(value[len(prefix) :], draw)


def marked(text: str, draw: Draw) -> str:
    """Another text of the same form with a mark in its first long stretch of letters and digits."""
    new = draw.like(text)
    for mark in _MARKS:
        place = re.search(rf"[A-Za-z0-9]{{{len(mark) + 1},}}", new)
        if place:
            spelled = mark if any(c.isupper() for c in text) else mark.lower()
            at = place.start()
            return new[:at] + spelled + new[at + len(mark) :]
    return new


def private_key(value: str, draw: Draw) -> str:
    """A key block of the same lines: first and last as they are, the others drawn and marked."""
    out, edge = [], 0
    for line in _BLOCK_LINE.finditer(value):
        out += [marked(value[edge : line.start()], draw), line[0]]
        edge = line.end()
    return "".join([*out, marked(value[edge:], draw)])


def credentials(user: str, password: str, draw: Draw) -> str:
    """The password of an address; the user name is made elsewhere."""
    return f"{user}:{marked(password, draw)}"


def wallet(value: str, kind: str, draw: Draw) -> str:
    """An address of the same kind that fails its check."""
    found = _WALLET.match(value)
    prefix = found[0] if found else ""
    body = value[len(prefix) :]
    if prefix == "0x":
        hexes = "0123456789abcdef"
        return f"0xdead{draw.text(hexes, max(0, len(body) - 4))}"
    alphabet = LOWER if body.islower() else UPPER if body.isupper() else LOWER + UPPER
    usual = [c for c in alphabet + DIGITS if c not in "0OIl1bio"]
    check = next((i.check for i in IDENTIFIERS if i.name == kind), "")
    new = value
    for _ in range(_ATTEMPTS):
        new = prefix + "".join(draw.choice(usual) for _ in body)
        if not check or not passes(check, new):
            break
    return new
