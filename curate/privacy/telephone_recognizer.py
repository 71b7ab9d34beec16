"""Telephone numbers in a run of digit groups: whether the words around speak of them, and what the signs around refuse.

The shapes and numbering plans are in `phones`. What the words say is decided once for all numbers behind the same words
(digits apart). Cost: 3-10 microseconds a candidate.
"""

from __future__ import annotations

import re
from functools import lru_cache

from curate.privacy import neighbourhood as k
from curate.privacy.candidates import Candidate, Span, View
from curate.privacy.context import CARD, COUNT, IDENTIFIER, MONEY, PAGE, PHONE, PHONE_AFTER, SSN, VERSION, word_classes
from curate.privacy.phones import bare_score, find_phones, is_dateish, question
from curate.privacy.types import CODE
from curate.privacy.words import LETTERS

_PHONE = CODE["PHONE_NUMBER"]

_OWN_NUMBER = re.compile(
    r"(?i)\b(?:my|his|her|our|your|their|new|me|mi|tu|su|mon|ton|son|notre|votre|meine?|ihre?|seine?|unsere?|mijn|zijn|haar|mio|tuo"
    r"|suo|meu|seu|min|mitt|mit|din|mój|moj|mera|mere|nuevo|nouveau|neue|nuovo|novo|nieuwe?)\s"
    r"(?:(?:new|cell|home|work|nuevo|nouveau|neue|nuovo|novo|nieuwe)\s)?(?:num(?:ber|ero|éro|er|mer|mern)?|número|номер)\b"
    r"[^\w\n]{0,3}(?:(?:is|es|est|ist|é|è|er|är|jest|to|hai|now|ahora|lautet|the|le|el)\b[^\w\n]{0,3}){0,2}\Z"
    r"|(?:(?:benim|yeni|bu)\snumaram?|(?:मेरा|मेरे|नया|हमारा|आपका|उनका)\sन(?:ं|म्)बर)[^\w\n]{0,3}\Z"
)
"""Somebody's number, of nothing else."""
_COUNTED = frozenset(("calls", "messages", "signals", "rings"))
_DIALLED = frozenset(("call", "dial", "ring", "text", "sms", "whatsapp"))
_WEAK = frozenset((
    *_DIALLED, "calling", "callback",
    "message", "signal", "reach", "answering", "handy", "cell", "contact", "contacto", "contato",
    "kontakt", "mobile", "portable", "pager", "telegram", "viber", "bel", "kom", "cel", "erreichen", "erreichbar", "zap",
    "hp", "wa",
))  # fmt: skip
_LINK = re.compile(
    r"(?:\W*(?:me|us|him|her|them|back|support|now|today)\b)?\W*"
    r"(?:[:=#\"'>]|\b(?:at|on|is|under|unter|al|au|op|via|no|nr|number|num|numero|número|nummer|phone|telefono|teléfono)\b)",
    re.IGNORECASE,
)
_NUMBER_OF = re.compile(r"(?i)([^\W\d_]{4,})\s(?:no|nr|nro|n|núm|num|nº|n°|n\.[ºo]|č|br|št|sz|№)[.:]{0,2}\s?\Z")
"""What a number is numbered as, right before it: `reklamace č.`, `Vorgang Nr.`."""
_SAYS_NOT_WHAT = re.compile(
    r"(?i)(?:under|unter|onder|sous|bajo|über|with|from|desde|vanaf|this|that|following|folgend\w*|your|mein\w?|mijn|sein\w?|ihre\w?"
    r"|same|neue\w?|nuevo|nouveau|nuovo|work|home|private?|privat\w*|office|büro|oficina|bureau|direct\w*|номеру?"
    r"|\w*(?:phone|tele|fon|mob|cell|fax|kontak|contac|call|ruf|ring|hotlin|whatsapp|extension|тел|моб)\w*)"
)
_LAST_WORDS = re.compile(r"(?:[^\W\d_]+[^\w]+){4}\Z")


def _spoken(view: View, c: Candidate, text: str) -> bool:
    """Whether the words before speak of telephones; for a short run without signs, those right before it."""
    if not c.near & PHONE:
        if not c.union & COUNT or c.near:
            return False
        return bool(_OWN_NUMBER.search(view.text(max(view.starts[c.row], c.start - 64), c.start)))
    if view.column(c.row):
        return True
    before = view.without_digits(max(view.starts[c.row], c.start - 64), c.start)
    if "/" in text and of_year(text):
        return False
    if (text.isdigit() or "/" in text) and _taken(before, sum(map(str.isdigit, text))):
        return False
    if not text.isdigit():
        return True
    said = _said(before, len(text) <= 8)
    return said == "yes" or (said == "unless round" and not round_number(text))


@question
def round_number(digits: str) -> bool:
    """Thousands of something."""
    return digits.endswith("000")


@question
def of_year(text: str) -> bool:
    """The number of a file in its year: `2021/36770`, and behind capitals `CVE-2021-36770`."""
    return bool(_OF_YEAR.fullmatch(text))


_NUMBER_BETWEEN = re.compile(r"(?<![\d.,/-])(?:\+|\(\+?)?\d[\d ./()-]{5,}\d(?!\d)|\[[A-Z_]{2,24}\]")
_OF_SOMETHING_ELSE = IDENTIFIER | CARD | MONEY | PAGE | SSN | VERSION
_OF_YEAR = re.compile(r"(?:19|20)\d\d[/-]\d+")
_CAPITALS = re.compile(r"[A-Z]{2}-\Z")


@lru_cache(maxsize=8192)
def _taken(before: str, digits: int) -> bool:
    """Whether the last word that speaks of telephones has its number already, and behind that one stands a label of
    something else (`tel. 0744 481 207, order 7204481207`) or, where this number has fewer digits, any word but short small
    ones (`or`, `und`)."""
    numbers = list(_NUMBER_BETWEEN.finditer(before))
    if not numbers:
        return False
    behind = LETTERS.findall(before[numbers[-1].end() :])
    between = 0
    for word in behind:
        between |= word_classes(word)
    if between & (PHONE | PHONE_AFTER):
        return False
    shorter = digits < numbers[-1][0].count("0") and any(len(word) > 4 or not word.islower() for word in behind)
    if not shorter and not between & _OF_SOMETHING_ELSE:
        return False
    return any(word_classes(word) & PHONE for word in LETTERS.findall(before[: numbers[-1].start()])[-2:])


@lru_cache(maxsize=8192)
def _said(before: str, short: bool) -> str:
    """Whether the text before a bare number, digits apart, speaks of telephones: `yes`, `no` or `unless round`."""
    far = _LAST_WORDS.search(before) if short else None  # "(id, phone) VALUES (1234567"
    near = before[far.start() :] if far else before
    spoken = [m for m in LETTERS.finditer(near) if word_classes(m[0]) & PHONE]
    if not spoken:
        return "yes" if not near.isascii() or (not far and not re.search(r"[^\W\d_]", near)) else "no"
    named = _NUMBER_OF.search(near)
    if named and not word_classes(named[1]) & (PHONE | PHONE_AFTER) and not _SAYS_NOT_WHAT.fullmatch(named[1]):
        return "no"
    word, link = spoken[-1][0].lower(), near[spoken[-1].end() :]
    if (short and re.search(r"[()\[\]{};]", link)) or word in _COUNTED:
        return "no"
    # "signal 12345678 dB", "reach 1000000 users": such words speak of a bare number only where it is linked to them.
    if word not in _WEAK or _LINK.match(link):
        return "yes"
    return "unless round" if word in _DIALLED and not link.strip() else "no"


_CODE_IN_BRACKETS = re.compile(r"\+\d{1,3}\)[ -]?[^()]*\Z")
_AFTER_BARE = frozenset(b"\"',;\n\\}]|<")
"""Bytes behind a number of digits alone that no extension begins with and no letter is."""


def telephones(view: View, text: str, start: int, c: Candidate) -> list[Span]:
    """Telephone numbers in `text`, which begins at byte `start` and is the candidate or a part of it."""
    field = bool(c.near & PHONE and c.flags & k.PREV_SLASH) and view.data[c.start - 1] == 61  # `phone=3015550117`
    if (c.flags & k.PREV_MONEY or (c.flags & k.PREV_SLASH and not field)) and not text.startswith("+"):
        return []
    if c.flags & k.PREV_SIGN and not c.near & PHONE:
        return []
    if "-" in text and _CAPITALS.search(view.text(max(view.starts[c.row], start - 3), start)) and of_year(text):
        return []
    if c.flags & k.NEXT_DECIMAL:
        colon = view.data[c.end] if c.end < len(view.data) else 0
        if colon != 58:  # "1 234 567,89" and "1.234.567,89" are amounts
            if not c.near & PHONE:
                return []
        else:  # "2024-01-05 10:30": the last group belongs to the time
            text = re.sub(r"[-./ ()]*\d+$", "", text)
            if sum(ch.isdigit() for ch in text) < 7:
                return []
    if text.startswith("(") and ")" not in text:
        text, start = text[1:], start + 1
    bracket = start > view.starts[c.row] and view.data[start - 1] == 40  # "(+57)3217951617", read from its plus on
    wrapped = bracket and _CODE_IN_BRACKETS.match(text) is not None
    if wrapped:
        text = text.replace(")", " ", 1)
    spoken = _spoken(view, c, text)
    behind = view.data[c.end] if c.end < view.ends[c.row] else 10
    if behind in _AFTER_BARE and text.isdigit() and start + len(text) == c.end:
        if not spoken and is_dateish(text):
            return []
        blocked = bool(c.near & (IDENTIFIER | VERSION | MONEY | PAGE | CARD | SSN)) and not c.near & PHONE
        helped = spoken or (bool(c.flags & k.AFTER_PHONE) and not blocked)
        score = bare_score(text, context=helped, region=view.region) - 0.4 * blocked
        return [(start, c.end, _PHONE, score)] if score >= 0.5 else []
    if is_dateish(text, spoken):
        return []
    tail_end = min(c.end + 16, view.ends[c.row])
    tail = view.text(c.end, tail_end) if start + len(text) == c.end else ""
    blocked = bool(c.near & (IDENTIFIER | VERSION | MONEY | PAGE | CARD | SSN)) and not c.near & PHONE
    found = find_phones(
        text, tail, context=spoken, context_after=bool(c.flags & k.AFTER_PHONE), blocked=blocked,
        region=view.region,
    )  # fmt: skip
    out = []
    for a, b, score in found:
        if b == len(text) and c.flags & k.NEXT_LETTER and score < 0.95:
            score = min(score, 0.3)  # "12345678abc"; an extension moved the end past the text
        opened = start + a > view.starts[c.row] and view.data[start + a - 1] == 40
        if opened and text[a:b].count(")") > text[a:b].count("("):
            a -= 1  # "(+30) 2898 658242"
        out.append((start + a - (wrapped and a == 0), start + b, _PHONE, score))
    return out
