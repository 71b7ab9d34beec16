"""Recognisers of credentials: addresses with a password, keys with a provider's shape, named secrets, key blocks.

Provider shapes follow the providers' own documentation. A value under a name such as `password` counts only when it
looks like one: placeholders, variables, calls and plain words are refused. All matching is anchored and bounded.
"""

from __future__ import annotations

import re

from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.key_shapes import match_key
from curate.privacy.placeholders import ANY_PASSWORD, ANY_USER, MINE, NOT_VALUES, PLACEHOLDER, says_what_it_is
from curate.privacy.told.words import a_word_for_it
from curate.privacy.types import CODE

_URL = CODE["URL_CREDENTIALS"]
_SECRET = CODE["SECRET"]
_PRIVATE_KEY = CODE["PRIVATE_KEY"]


def userinfo(view: View, c: Candidate) -> list[Span]:
    """`user:password` in an address; only that part is covered, so the address stays readable."""
    text = view.text(c.start, c.end)
    user, _, password = text.partition(":")
    if not password or PLACEHOLDER.fullmatch(password) or password[0] in "<{$%" or password.strip("*xX.") == "":
        return []
    if user.startswith(("<", "{", "$")) or (user.lower() in ANY_USER and password.lower() in ANY_PASSWORD):
        return []
    return [(c.start, c.end, _URL, 0.95)]


_VALUE = re.compile(
    r"""(?P<sep>[=:]{1,2}>?)(?P<gap>[ ]?)(?P<quote>(?:\\?["'`])?)(?:(?:Bearer|Basic|Token|bearer|basic)[ ])?"""
    r"""(?P<value>(?:&amp;|[^\s"'`<>,;)\]}\\]){4,256})"""
)
_TO_QUOTE = {quote: re.compile(r"[^\s\\" + quote + r"]{4,256}(?=\\?" + quote + ")") for quote in "\"'`"}
_KEY = re.compile(r"([A-Za-z_-]+)[\s\"'\\]*$")
_CHOSEN = re.compile(r"(?i)pass(?:word|wd|phrase|code|wort)?$|pwd$|kennwort$")
_SIGNED = re.compile(r"(?i)sig(?:nature)?$|session_?id$")
_RANDOM = re.compile(r"[A-Fa-f0-9]{32,}|[A-Za-z0-9_+/=.-]{20,}")


def key_value(view: View, c: Candidate) -> list[Span]:
    """Values of keys named `password`, `api_key`, `token` ...: in assignments, headers, JSON and query strings.

    People choose passwords, so a quoted word counts there; tokens and keys are random, so a word does not.
    """
    text = view.text(c.start, c.end)
    match = _VALUE.match(text)
    if match is None:
        return []
    value, quoted = match["value"], bool(match["quote"])
    if value[0] in "[{$<%(*&|=/#" or "(" in value or "{" in value or PLACEHOLDER.search(value):
        return []
    if not quoted and "[" in value:
        return []  # `token = tokens[0]`
    value = value if quoted else value.rstrip(".!?:")
    if value.lower() in NOT_VALUES or len(value) < 4 or len(set(value)) < 3:
        return []
    key = _KEY.search(view.text(max(view.starts[c.row], c.start - 40), c.start))
    name = key[1] if key else ""
    chosen = bool(_CHOSEN.search(name))
    digit, alpha = any(ch.isdigit() for ch in value), any(ch.isalpha() for ch in value)
    if _SIGNED.search(name) and not (digit and alpha and _RANDOM.fullmatch(value)):
        return []
    special = any(not ch.isalnum() and ch not in "._-" for ch in value)
    assigned = match["sep"].startswith("=") and not match["gap"]
    if (digit and alpha and len(value) >= 6) or (special and alpha and len(value) >= 6):
        score = 0.8
    elif digit and len(value) >= 6:
        score = 0.6
    elif quoted and len(value) >= 6:
        score = 0.6 if chosen and value != name else 0.4
    elif assigned and len(value) >= 8 and "." not in value:
        score = 0.55 if chosen and value.lower() != name.lower() else 0.4
    elif assigned and chosen and "." not in value and _of_config(view, c, match.start("value"), value):
        score = 0.55
    else:
        return []
    if not quoted and not digit and ("." in value or "_" in value or not assigned):
        return []  # `password = settings.password`, "Password: the-usual"
    if value.lower().startswith(("your", "my_", "my-", "os.", "self.", "process.env", "config")) or MINE.fullmatch(value):
        return []
    start = c.start + len(text[: match.start("value")].encode())
    if quoted:  # all of it, to the closing quote: a mask that stops at an `&` would leave the rest to be read
        whole = _TO_QUOTE[match["quote"][-1]].match(view.text(start, min(view.ends[c.row], start + 260)))
        value = max(value, whole[0] if whole else "", key=len)
    return [(start, start + len(value.encode()), _SECRET, score)]


_SETS = re.compile(r"[ \t]*(?:export[ \t]+)?[\w.-]*=[^\s(),;]*\s*")
_KEY_ALONE = re.compile(r"[ \t]*(?:export[ \t]+)?[\w.-]+")


def _of_config(view: View, c: Candidate, at: int, value: str) -> bool:
    """Whether a word (`at` that sign behind the key) fills the rest of a line of a configuration, and a line beside it is
    one as well: programs write commas, calls and blanks around what is equal."""
    if says_what_it_is(value) or a_word_for_it(value):
        return False
    low = max(view.starts[c.row], c.start - 96)
    before = view.text(low, c.start).split("\n")
    behind = view.text(c.start, min(view.ends[c.row], c.end + 28))[at + len(value) :].split("\n")
    whole = len(before) > 1 or low == view.starts[c.row]
    if not whole or not _KEY_ALONE.fullmatch(before[-1]) or behind[0].strip():
        return False
    return any(map(_SETS.fullmatch, (*before[-2:-1], *behind[1:2])))


_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}")


def token(view: View, c: Candidate) -> list[Span]:
    """Keys and tokens with a provider's own shape, and JSON web tokens (RFC 7519)."""
    text = view.text(c.start, c.end)
    if text.startswith("eyJ"):
        match = _JWT.match(text)
        size = match.end() if match else 0
    else:
        size = match_key(_with_base64(view, c, text))
    if not size:
        return []
    key = view.text(c.start, c.start + size)
    drawn = any(ch.isdigit() for ch in key) or len(_TURN.findall(key[-24:])) >= 6
    if not drawn or len(set(key)) < 7 or len(set(key[-12:])) < 4:
        return []  # a hyphenated phrase, a row of x
    return [(c.start, c.start + size, _SECRET, 0.95)]


_TURN = re.compile(r"[a-z](?=[A-Z])|[A-Z](?=[a-z])")
"""Letters drawn at random change their case about every second time; words do at their beginnings."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/=_-]*")


def _with_base64(view: View, c: Candidate, text: str) -> str:
    """The token, with what base64 adds to letters and digits."""
    if c.end < view.ends[c.row] and view.data[c.end] in b"+/=":
        more = _BASE64.match(view.data, c.end, min(view.ends[c.row], c.end + 400))
        return text + (more[0].decode() if more else "")
    return text


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
    return [(c.start, stop, _PRIVATE_KEY, 0.95)]
