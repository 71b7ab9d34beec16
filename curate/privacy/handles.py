"""Handles and user names: `@jane_doe` where people are spoken of, values of keys such as `username` and `login`.

An `@` also opens decorators, annotations, style rules, variables and package scopes, so a bare `@name` counts only inside a
line of prose and only where it looks made up by a person (digits at its end, capitals inside), right behind a word such as
"follow" or the name of a network, or where somebody is spoken to or of: "thanks to @name", "RT @name", "@name wrote".
Sources: the networks' own rules (letters, digits, `_`, `.`; 3 to 30).
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
_ADDRESSED = re.compile(
    r"(?i)(?:^|[\s\"“'(>.,!?:–—-])(?:(?:hey+|hi|hello|hallo|hola|salut|coucou|ciao|oi|olá|ola|merhaba|selam|cześć|hej|moin|hoi"
    r"|привет|yo|thanks?(?: you| so much| a lot| again)?(?: to)?|thx|ty|danke(?: an)?|merci(?: à)?"
    r"|gracias(?: a)?|grazie(?: a)?|obrigad[oa](?: a)?"
    r"|dzięki|tack|takk|tak|bedankt|teşekkürler|спасибо|cc|rt|via|h/t|ping|ask|lol|lmao|omg|congrats"
    r"|congratulations(?: to)?|kudos to|cheers|welcome|happy birthday|shout-?out to|credits? to|todo"
    r"|(?:photo|pic|video|art|posted|written|sent|reported|suggested|found"
    r"|requested|contributed|fixed|made|taken|shared) by|love you|miss you|sorry|bravo|glückwunsch)"
    r"[,:!.]? |(?<![\w.])@[\w.]{3,30}(?:,|:| and| und| et| y| e| &)? ?){1,4}\Z"
)
"""What is said right before the name of somebody who is spoken to, thanked or quoted, and further names before it."""
_SPEAKS = re.compile(
    r"(?i)[,:]? (?:i|i['’]m|u|you|your?e?|are|r|did|do|does|can|could|would|will|what|whats|how|why|when|where|who"
    r"|please|pls|plz|thanks?|thx|hope|happy|haha+|lol|omg|ok|okay|yes|yeah|yep|no|nope|sure|said|says|wrote|writes|asked|asks"
    r"|posted|tweeted|replied|thinks|suggested|mentioned|commented|told|just|that['’]?s|it['’]?s|so|good|great|nice|congrats|same"
    r"|hey|hi|we|my|me|schreibt|meint|sagt|hat|bist|kannst|danke|tu|t['’]es|as-tu|merci|a dit|dice|eres|gracias|puedes"
    r"|sei|puoi|grazie|é|você)\b"
)
_SAYS = re.compile(
    r"(?i) (?:said|says|wrote|writes|asked|posted|tweeted|replied|thinks|suggested|mentioned|commented|told|schreibt"
    r"|schrieb|meint|sagt|a dit|dice|ha detto|disse|napisał\w?|skrev|schreef|написал\w?)\b"
)
"""What is said behind it. A decorator or a variable speaks to nobody."""
_NO_PROSE = re.compile(r"[{};=<>|\\\[\]]|\(\)|(?<!:)//|::|->")
_NOT_NAMES = frozenset(word_list("""
    param params return returns throws see since deprecated author override property media import charset everyone here
    channel todo link code type types typedef example version ignore internal api brief file private public staticmethod
    classmethod component injectable entity table column autowired test before after suppresswarnings keyframes font layer
    supports page apply include mixin extend if else for each while end team all admin admins staff moderators mods
    override test tests everybody group users members help
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
    if name.count(".") > 1 or name.endswith("."):
        name = name.rstrip(".")
        end = c.start + 1 + len(name)
    if name.count(".") > 1:
        return []  # a member of a module
    if "." in name and name.rpartition(".")[2].lower() in ("com", "org", "net", "io", "de"):
        return []
    if _SPOKEN.search(line):
        score = 0.8
    elif _spoken_to(view, line, name, end, c.row) and not name.isupper():
        score = 0.6
    elif after in "\r\n" and not before:
        return []
    elif before[-1:] in ("", " ", "(") and re.search(r"[A-Za-z]\d{2,}$|^[A-Z][a-z]+(?:[A-Z][a-z]+){1,2}\d*$", name):
        score = 0.55
    else:
        score = 0.4
    return [(c.start, end, _HANDLE, score)]


def _spoken_to(view: View, line: str, name: str, end: int, row: int) -> bool:
    """Whether somebody is addressed or quoted by the name that ends at `end`, in a line of prose."""
    behind = view.text(end, min(view.ends[row], end + 40)).partition("\n")[0]
    if _NO_PROSE.search(line) or _NO_PROSE.search(behind) or name.isupper():
        return False
    if behind[:1] == "-" and behind[1:2].isalpha():
        return False  # `@backend-team`
    if _ADDRESSED.search(line):
        return True
    if not line.strip():
        return _SPEAKS.match(behind) is not None
    return _SAYS.match(behind) is not None and line[-1:] in " (\"“" and line.strip()[-1:].isalpha()


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
