"""Recognisers of credentials: addresses with a password, keys with a provider's shape, named secrets, key blocks.

Provider shapes follow the providers' own documentation. A value under a name such as `password` counts only when it
looks like one: placeholders, variables, calls and plain words are refused. All matching is anchored and bounded.
"""

from __future__ import annotations

import re

from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.types import CODE

_URL = CODE["URL_CREDENTIALS"]
_SECRET = CODE["SECRET"]
_KEY = CODE["PRIVATE_KEY"]

_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_0-9]*\]")


def userinfo(view: View, c: Candidate) -> list[Span]:
    """`user:password` in an address; only that part is covered, so the address stays readable."""
    text = view.text(c.start, c.end)
    user, _, password = text.partition(":")
    if not password or _PLACEHOLDER.fullmatch(password) or password[0] in "<{$%" or password.strip("*xX.") == "":
        return []
    if user.startswith(("<", "{", "$")):
        return []
    return [(c.start, c.end, _URL, 0.95)]


_VALUE = re.compile(
    r"""(?P<sep>[=:]{1,2}>?)(?P<gap>[ ]?)(?P<quote>\\?["'`]?)(?P<value>[^\s"'`&<>,;)\]}\\]{4,256})"""
)  # fmt: skip
_NOT_VALUES = frozenset(
    [
        "none",
        "null",
        "nil",
        "true",
        "false",
        "required",
        "optional",
        "string",
        "str",
        "bytes",
        "undefined",
        "empty",
        "missing",
        "invalid",
        "expired",
        "unknown",
        "hidden",
        "redacted",
        "secret",
        "password",
        "token",
        "changed",
        "wrong",
        "correct",
        "example",
        "yourpassword",
        "your_password",
        "yourtoken",
        "your_token",
        "self",
    ]
)


def key_value(view: View, c: Candidate) -> list[Span]:
    """Values of keys named `password`, `api_key`, `token` ...: in assignments, headers, JSON and query strings."""
    text = view.text(c.start, c.end)
    match = _VALUE.match(text)
    if match is None:
        return []
    value, quoted = match["value"], bool(match["quote"])
    head = value[0]
    if head in "[{$<%(*&|=/" or "(" in value or "{" in value or _PLACEHOLDER.search(value):
        return []
    value = value if quoted else value.rstrip(".!?:")
    if value.lower() in _NOT_VALUES or len(value) < 4 or len(set(value)) < 3:
        return []
    digit, alpha = any(ch.isdigit() for ch in value), any(ch.isalpha() for ch in value)
    special = any(not ch.isalnum() and ch not in "._-" for ch in value)
    assigned = match["sep"].startswith("=") and not match["gap"]
    if (digit and alpha and len(value) >= 6) or (special and alpha and len(value) >= 6):
        score = 0.8
    elif (quoted and len(value) >= 6) or (digit and len(value) >= 6):
        score = 0.6
    elif assigned and len(value) >= 8 and "." not in value:
        score = 0.55
    else:
        return []
    if not quoted and not digit and ("." in value or "_" in value or not assigned):
        return []  # `password = settings.password`, "Password: the-usual"
    if value.lower().startswith(("your", "my_", "os.", "self.", "process.env", "config")):
        return []
    start = c.start + len(text[: match.start("value")].encode())
    return [(start, start + len(value.encode()), _SECRET, score)]


_TOKENS = re.compile(
    r"(?:(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,250}"
    r"|AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,128}|sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,200}"
    r"|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}"
    r"|eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000})"
)


def token(view: View, c: Candidate) -> list[Span]:
    """Keys and tokens with a provider's own shape."""
    text = view.text(c.start, c.end)
    match = _TOKENS.match(text)
    if match is None:
        return []
    if text.startswith("sk-") and not any(ch.isdigit() for ch in match[0]):
        return []  # a hyphenated phrase
    return [(c.start, c.start + match.end(), _SECRET, 0.95)]


_BLOCK = re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_BLOCK_BODY = re.compile(rb"(?:[A-Za-z0-9+/=\s\\:,.]++|-(?!-))*+")
_BLOCK_END = re.compile(rb"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")


def key_block(view: View, c: Candidate) -> list[Span]:
    """PEM and PGP private key blocks, to their end mark or, where that is cut off, to the end of the base64 text."""
    match = _BLOCK.match(view.data, c.start, min(c.end, c.start + 96))
    if match is None:
        return []
    inner = _BLOCK_BODY.match(view.data, match.end(), c.end)
    stop = inner.end() if inner else match.end()
    closing = _BLOCK_END.match(view.data, stop, c.end)
    if closing:
        stop = closing.end()
    else:
        while stop > match.end() and view.data[stop - 1] in b" \t\r\n":
            stop -= 1
    if stop - match.end() < 16:
        return []
    return [(c.start, stop, _KEY, 0.95)]
