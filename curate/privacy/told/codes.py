"""Codes that open a door once: "your verification code is 482 913", "Ihre TAN lautet 883104", "482913 is your login code".

A code alone says nothing: errors, products, towns and discounts have one as well. So a word beside it must say what it is
for (to verify, to confirm, to log in, once), the word for it must say so itself (OTP, TAN, `Bestätigungscode`), or it must
be somebody's and nothing stand between ("your code is 482913"). The value has four to eight digits, in one piece or in
groups, and is told for itself, not as so many of something.
"""

from __future__ import annotations

import re
from functools import lru_cache

from curate.privacy.told import words as w
from curate.privacy.told.tokens import UNSPACED, Token, Value, ends, is_mine, tokens
from curate.privacy.words import LETTERS

_REACH = 120
"""Signs behind the word in which a code begins."""
_DIGITS = r"\d{4,8}|\d{2,4}(?P<gap>[ -])\d{2,4}|\d\d(?P<gaps>[ -])\d\d(?P=gaps)\d\d|\d(?:[ -]\d){3,7}"
_VALUE = re.compile(rf"(?:[A-Z]{{1,2}}-)?(?P<value>{_DIGITS})(?![\w%]|[-.,/:]\d| \d)", re.ASCII)
_PURPOSE = re.compile(
    r"(?i)v[eé]rif|ber[ei]fi|authent|autent|confirm|conferm|one[- ]?time|single[- ]use|einmal|tempor|secur|s[eé]curit|segur"
    r"|sicur|\bacc[eèé]s|\bacess|log[- ]?in|sign[- ]?in|connexion|connecter|conectar|acceder|\b2fa\b|\bmfa\b|\botp\b"
    r"|two[- ]factor|activat|deactivat|unlock|anmeld|zugang|freischalt|sicherheit|best[aä]tig|beveilig|bevestig|toegang"
    r"|inlog|eenmalig|weryfik|potwierdz|jednoraz|logowan|autoryzac|do[gğ]rula|onay|g[uü]venlik|giri[sş]|tek kullan"
    r"|подтвержд|провер|однораз|вход|підтвердж|перевір|потвърж|потврд"
    r"|bekr[aä]ft|bekræft|verifier|eng[aå]ng|sikkerhed|sikkerhet|s[aä]kerhet|tunnist|vahvist|varmist|kertak[aä]ytt|turva"
    r"|ov[eě][rř]|overov|potvr[zd]|bezpe[cč]nost|p[rř]ihla[sš]|jednor[aá]z|ellen[oő]rz|meger[oő]s[ií]t|egyszeri|biztons[aá]gi"
    r"|autentific|επαλ[ηή]θευ|επιβεβα[ιί]ωσ|ασφαλε[ιί]ας|verifikasi|konfirmasi|pengesahan|keamanan|akses"
    r"|x[aá]c (?:th[uự]c|minh|nh[aậ]n)|b[aả]o m[aậ]t|אימות|אבטחה|כניסה|חד[- ]פעמי|تحقق|تأكيد|تفعيل|دخول|أمان|تایید|ورود"
    r"|सत्यापन|पुष्टि|लॉगिन|যাচাই|potvrd|provjer|proveren|patvirtin|apstiprin|kinnitus"
)
"""What a code is for."""
_OF_SEVERAL = re.compile(
    r"(?i)\b(?:one[- ]time|single[- ]use|(?:log|sign)[- ]in|[2m]fa|two[- ]factor|tek kullan|x[aá]c (?:th[uự]c|minh|nh[aậ]n)"
    r"|b[aả]o m[aậ]t|חד[- ]פעמי)|सत्यापन|पुष्टि|लॉगिन|যাচাই"
)
_BEGINS_SEVERAL = re.compile(r"(?i)one|single|log|sign|fa|mfa|two|tek|x[aá]c|b[aả]o|חד|[\u0900-\u09ff]+")
"""The first word of what `_OF_SEVERAL` finds, digits left out; texts in Indic scripts are searched whenever they stand."""


@lru_cache(maxsize=1 << 14)
def _says(word: str) -> int:
    """2: what a code is for; 1: perhaps with the words behind; 0: nothing."""
    return 2 if _PURPOSE.search(word) else 1 if _BEGINS_SEVERAL.match(word) else 0


def _purpose(text: str) -> bool:
    """Whether a text says what a code is for; word by word, because few words are new."""
    said = max(map(_says, LETTERS.findall(text)), default=0)
    return said == 2 or (said == 1 and _OF_SEVERAL.search(text) is not None)


_ITSELF = re.compile(
    r"(?i)otp|[a-z]{0,4}tan|ओटीपी|.*(?:best[aä]tigung|sicherheit|verifizierung|zugang|anmelde|freischalt|einmal|login"
    r"|verificatie|bevestiging|beveiliging|toegang|inlog|verifiering|verifikation|bekr[aä]ft|bekræft|s[aä]kerhet|sikkerhe"
    r"|eng[aå]ng|tunnist|vahvist|varmen|kertak|turva)\S*"
)
"""Words that say it themselves."""
_OF_OTHERS = re.compile(
    r"(?i)(?:errors?|status|exit|return|reason|post(?:al)?|zip|country|area|dial|product|item|article|order|discount|promo|coupon"
    r"|voucher|gift|referral|booking|reservation|customer|client|branch|sort|tax|source|bar|qr|batch|colou?r|dress|building|hs|icd"
    r"|fehler|quell|erreur|erro|errore|fout|ошибк\w*|hata|błędu|felkod|chyb\w*|hiba)"
)
_UP_TO_WORD = re.compile(r".*\W", re.DOTALL)


@lru_cache(maxsize=1 << 14)
def _other(word: str) -> bool:
    return _OF_OTHERS.fullmatch(word) is not None


def _of_others(before: str) -> bool:
    """Whether the last word of a text names another kind of code."""
    text = before[:-1] if before[-1:] in (" ", "-") else before
    ahead = _UP_TO_WORD.match(text)
    return _other(text[ahead.end() :] if ahead else text)
_FOR_YOU = re.compile(r"(?i)\b(?:your|dein|ihr|votre|ton|tu|su|il tuo|seu|uw|je|din|twój|ваш|твой|anda)\b")
_GOES_ON = re.compile(
    r"\s(?:to|for|in|on|at|as|if|um|zur|zum|ein|pour|afin|para|per|pe|voor|om|in|för|till|til|for|aby|do|w|pentru|чтобы|для|untuk|để"
    r"|is|has|expires|gültig|expire|caduca|scade|vence|verloopt|wygasa)\b"
)
"""What a sentence goes on with behind a code; a noun would be what is counted."""
_WHOSE = frozenset(("otp", "sms", "tan", "anda", "kamu", *w.BEHIND))
_IS = r"[ ](?:is|as|ist|als|lautet|est|es|[eéè]|como|come|comme|jest|to|är|er|on|adalah|sebagai|является|це|—|–|-|:)[ ]"
_SAID_BEFORE = re.compile(
    rf"(?<![\w.,/:#-])(?:[A-Z]{{1,2}}-)?(?P<value>{_DIGITS}){_IS}(?:[^\W\d_][^\s\d]{{0,15}}[ ]){{0,5}}\Z"
)
_MAY_BE_SAID = re.compile(rf".*\d{_IS}", re.DOTALL)


def code(word: str, before: str, rest: str) -> Value | None:
    """What is told behind such a word; a value of several groups of digits is one."""
    if ord(word[0]) >= UNSPACED and word in w.CODES_WHOLE:
        return unspaced_code(word, rest)
    if _VALUE.search(rest, 0, _REACH) is None:
        return None  # most words: the others cost ten times as much
    said = _ITSELF.fullmatch(word) is not None
    beside = before.rpartition("\n")[2][-32:]
    if _of_others(beside) or (rest[:1] == "=" and before[-1:] in ("(", ",", "_", ".")):
        return None  # another kind of code, an argument of a program
    if not said and not is_mine(before) and not _purpose(before) and not _purpose(rest[:180]):
        return None
    purpose = said or _purpose(re.split(r"[.;,:!?]", beside)[-1])
    for token in tokens(rest):
        behind = rest[: token.start]
        if not purpose and not token.joined and token.away > 3 and not _purpose(behind):
            return None
        found = _VALUE.match(rest, token.start)
        if found is None:
            if token.text[:1].isdigit() and len(token.text) > 3 and not said:
                return None
            continue
        close = found.end()
        known = purpose or _purpose(behind)
        if not known and not behind.strip():  # "enter the code 482913 to sign in"
            known = _purpose(re.split(r"[.;!?\n]", rest[close : close + 60])[0])
            known = known or _purpose(re.split(r"[.;!?\n]", before)[-1])
        mine = is_mine(before) and token.joined in ("told", "sign") and not re.search(r"\w\s+\w+\s+\w", behind.strip())
        between = token.joined == "" and not _WHOSE.issuperset(behind.lower().split())
        if not (known or mine) or (token.away and token.joined) or between:
            return None
        value = found["value"]
        return Value(found.start("value"), value, 0.6) if _drawn(value) and _alone(rest, found, value) else None
    return None


def told_before(word: str, before: str) -> tuple[int, int] | None:
    """Places in `before` of a code that is named behind it: "482913 is your verification code"."""
    found = _SAID_BEFORE.search(before) if _MAY_BE_SAID.match(before) else None
    if found is None or not _drawn(found["value"]):
        return None
    between = before[found.end("value") :]
    known = _ITSELF.fullmatch(word) or _purpose(between) or _FOR_YOU.search(between)
    return found.span("value") if known and not _of_others(between) else None


def unspaced_code(word: str, rest: str) -> Value | None:
    """Right behind a word of a script without blanks: `验证码是604417`, `認証コードは 482913`."""
    ending = next((more for more in w.CODES_WHOLE.get(word, ()) if rest.startswith(more)), None)
    found = None if ending is None else _UNSPACED.match(rest, len(ending))
    return Value(found.start("value"), found["value"], 0.6) if found and _drawn(found["value"]) else None


_UNSPACED = re.compile(
    rf"(?:ของคุณ)?(?:คือ|[はがも是为為は은는이가：:=\s【\[「])*(?P<value>{_DIGITS})(?!\d|[-.,/:]\d|[年元円원])", re.ASCII
)


def _alone(rest: str, found: re.Match[str], value: str) -> bool:
    """Whether the digits end the sentence, or what stands behind them is no unit."""
    behind = rest[found.end() :]
    if ends(rest, Token(found.start("value"), value, "", 0, ""), value) or behind[:1] in ("#", "।", "。"):
        return True
    return _GOES_ON.match(behind) is not None or re.match(r"\s(?:[-–—(]|है|\w+\s?$)", behind) is not None


def _drawn(value: str) -> bool:
    """Whether nobody would take it for a year or for a row of one digit."""
    digits = re.sub(r"\D", "", value)
    year = len(value) == 4 and value[:2] in ("19", "20")
    return 4 <= len(digits) <= 8 and len(set(digits)) > 1 and not year
