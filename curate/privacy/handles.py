"""Handles and user names: `@jane_doe` where people are spoken of, values of keys such as `username` and `login`.

An `@` also opens decorators, annotations, style rules and package scopes, so a bare `@name` counts only inside a line of
prose and only where it looks made up by a person (digits at its end, capitals inside), or right behind a word such as
"follow" or the name of a network. Sources: the networks' own rules (letters, digits, `_`, `.`; 3 to 30).
"""

from __future__ import annotations

import re

from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.told.words import NAMES_ITSELF
from curate.privacy.types import CODE
from curate.privacy.words import word_list

_HANDLE = CODE["HANDLE"]
_NAME = re.compile(r"@([A-Za-z_][A-Za-z0-9_.]{2,29})")
_SPOKEN = re.compile(
    r"\b(?:twitter|insta(?:gram)?|ig|tiktok|telegram|discord|github|gitlab|snap(?:chat)?|mastodon|bluesky|threads|linkedin|"
    r"twitch|youtube|reddit|skype|weibo|handles?|user ?names?|follow(?:ing|ed|s)?|followers?|dm|tag|usuari[oa]|"
    r"benutzername|utente|pseudo|nick(?:name)?|ник|gebruikersnaam|sigueme|s[ií]gueme|seguir|agrega|adiciona|aggiungi|folge|folgt|suivez|seguimi|segui)\b[^\w\n@]{1,4}"
    r"(?:(?:is|me|us|at|on|as|handle|account|user|name|id|es|c['’]est|sur|jest|ist|est|è|é|en|em|mir|uns)\b[^\w\n@]{1,3}){0,3}$",
    re.IGNORECASE,
)
_NOT_NAMES = frozenset(word_list("""
    param params return returns throws see since deprecated author override property media import charset everyone here
    channel todo link code type types typedef example version ignore internal api brief file private public staticmethod
    classmethod component injectable entity table column autowired test before after suppresswarnings keyframes font layer
    supports page apply include mixin extend if else for each while end
"""))


def at_name(view: View, c: Candidate) -> list[Span]:
    """`@name` in prose."""
    text = view.text(c.start, c.end)
    match = _NAME.match(text)
    if match is None or match[1].lower() in _NOT_NAMES or match[1].lower().startswith("your"):
        return []
    end = c.start + match.end()
    after = chr(view.data[end]) if end < view.ends[c.row] else " "
    if after in "/(@={[<":
        return []
    name = match[1]
    before = view.text(max(view.starts[c.row], c.start - 48), c.start)
    line = before.rpartition("\n")[2]
    if (not line.strip() and before) or before[-1:] in ("`", "#", "*"):
        return []  # at the start of a line: a decorator
    if "." in name and name.rpartition(".")[2].lower() in ("com", "org", "net", "io", "de"):
        return []
    if _SPOKEN.search(line):
        score = 0.8
    elif after in "\r\n" and not before:
        return []
    elif before[-1:] in ("", " ", "(") and re.search(r"[A-Za-z]\d{2,}$|^[A-Z][a-z]+(?:[A-Z][a-z]+){1,2}\d*$", name):
        score = 0.55
    else:
        score = 0.4
    return [(c.start, end, _HANDLE, score)]


_VALUE = re.compile(
    r"""[=:]{1,2}>?(?P<gap>[ ]?)\\?(?P<quote>["']?)(?P<value>@?[A-Za-z0-9][A-Za-z0-9._-]{2,29})(?![A-Za-z0-9(\[{@])"""
)
_NOT_VALUES = frozenset(word_list("""
    none null true false string str int user admin root username login self example utf8 sha256
"""))


def user_name(view: View, c: Candidate) -> list[Span]:
    """The value of `username`, `login`, `twitter` ...: with a digit, or quoted and with a sign inside."""
    text = view.text(c.start, c.end)
    match = _VALUE.match(text)
    if match is None:
        return []
    value = match["value"].rstrip(".-")
    digits = sum(ch.isdigit() for ch in value)
    letters = sum(ch.isalpha() for ch in value)
    lower = value.lower()
    if lower in _NOT_VALUES or len(value) < 4 or letters < 2 or lower.startswith(("your", "my", "self", "os.")):
        return []
    if NAMES_ITSELF.fullmatch(value):
        return []
    signs = any(ch in "._-" for ch in value)
    if value[0] == "@" or (digits and digits <= 6) or (signs and match["quote"]):
        start = c.start + match.start("value")
        return [(start, start + len(value), _HANDLE, 0.6 if value[0] != "@" else 0.8)]
    return []
