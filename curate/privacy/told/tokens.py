"""The words behind a word that speaks of a password or an account, and what joins each to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from curate.privacy.told import words as w
from curate.privacy.told.strength import MARK

_TOKENS = 8
"""Words behind the word that are read."""
UNSPACED = 0x0E00
"""From here on scripts write without blanks, or hang endings on their words."""


@dataclass(frozen=True)
class Value:
    """What a word tells."""

    start: int
    """Place in the text behind the word."""
    text: str
    score: float


_ESCAPES = re.compile(r"\\[nrt]|\\(?=[\"'])|&nbsp;|&quot;|\*\*|[\u200b\u200e\u200f\u2060\ufeff]")


def readable(rest: str) -> str:
    """What stands behind a word, sign for sign, with blanks for written-out escapes, entities, bold and invisible marks; a
    sign that the window cuts is left out."""
    blanks = _ESCAPES.sub(lambda m: "\n".rjust(len(m[0])) if m[0] == "\\n" else " " * len(m[0]), rest)
    return blanks.rstrip("\ufffd")


_ANSWER = re.compile(
    r"[^\n?:=]{0,40}[?？]\s{1,3}(?:\[?\d\d:\d\d(?::\d\d)?\]?\s)?[^\W\d_][\w ]{1,24}(?P<sign>:)\s{0,2}"
    r"(?:(?:yes|yeah|sure|ok(?:ay)?|ja|oui|sí|sim|sì|tak)[,.!]?\s)?(?:(?:it(?:['’]?s| is| says| was)|that['’]?s)\s)?(?=\S)",
    re.IGNORECASE,
)


def answered(rest: str) -> str:
    """What stands behind a word, sign for sign; a question that it ends, and who answers, read as the colon of a label:
    "your PIN? Customer: 7719"."""
    found = _ANSWER.match(rest) if "?" in rest[:44] or "？" in rest[:44] else None
    if found is None:
        return rest
    blanks = " " * found.end()
    return blanks[: found.start("sign")] + ":" + blanks[found.end("sign") :] + rest[found.end() :]


@dataclass(frozen=True)
class Token:
    """A word behind it."""

    start: int
    text: str
    joined: str
    """What joins it: "", "loose" (a word that stands everywhere), "told" ("is" and its like), "sign" (a colon)."""
    away: int
    """Words since what joins, or since the beginning."""
    quote: str
    """The quotation mark that opens it, or nothing."""

    @property
    def value(self) -> str:
        """Without the marks of the sentence around it."""
        value = self.text.split("'")[0] if self.quote == "'" else _NEXT_KEY.split(self.text)[0]
        value = value.rstrip("'’,.;:") if self.quote else value.rstrip("?").rstrip("'’,.;:\"")
        while value and (opening := _OPENED.get(value[-1])) and value.count(value[-1]) > value.count(opening):
            if value[-1] == "]" and "[" not in value and MARK.search(value[:-1]):
                break
            value = value[:-1].rstrip(".,;:")
        return value


_OPENED = {")": "(", "]": "[", "}": "{"}
_QUOTES = "\"'«„“‘`"
_TOKEN = re.compile(r"""[:=：]+>?|[-=]>|[("'«„“‘`]*(?P<word>[^\s"«»„“”`<>，。；、（）]+)""")
_END = re.compile(r"[.?!;…]$|^[|/]$")
_NEXT_KEY = re.compile(r"[|;,&](?=\w{2,20}[:=])")


def tokens(rest: str, word: str = "") -> Iterator[Token]:
    """Words behind a name (`word`), with what joins them to it; they end where the sentence does, or where none is told."""
    joined, away, line = "", 0, rest.find("\n")
    for n, match in enumerate(_TOKEN.finditer(rest)):
        if n == _TOKENS or (0 <= line < match.start() and joined != "sign"):
            return
        said = match["word"]
        if said is None:
            if match[0].count("=") > 1:
                return  # a comparison
            joined, away = "sign", 0
            continue
        low = said.lower().rstrip(",:;!?.")
        if low in w.DENIED or low in w.SPEAKS:
            return
        start = match.start("word")
        mark = rest[start - 1] if start > match.start() else ""
        yield Token(start, said, joined, away, mark if mark in _QUOTES else "")
        joins = low in w.JOINS or (low == "on" and word in w.SAYS_ON)
        if joins or low in w.LOOSE_JOINS:
            joined, away = ("told" if joins or joined == "told" else "loose"), 0
        elif low in w.BEHIND or low in w.BECOMES:
            continue
        elif said[-1] in ":=：":
            joined, away = "sign", 0
        elif _END.search(said):
            return
        else:
            away += 1


_CLOSES = re.compile(
    r"""\s*(?:$|[.,;!?)\]|/"'\n]|(?:and|und|et|y|e|i|og|och|en|or|oder|ou|but|aber|thanks|please|bitte)\b)"""
)
_AFTER_UNSPACED = re.compile(r"""(?P<join>(?:คือ|[はがも是为為는은이가：:=\s])*)["'“「『]?(?P<value>[!-&(-~]{4,})""")


def ends(rest: str, token: Token, value: str) -> bool:
    """Whether digits are told for themselves, not as so many of something."""
    return _CLOSES.match(rest[token.start + len(value) :]) is not None


def unspaced(word: str, rest: str) -> re.Match[str] | None:
    """The value right behind a word of a script without blanks."""
    ending = next((more for more in w.WHOLE[word] if rest.startswith(more)), None)
    return None if ending is None else _AFTER_UNSPACED.match(rest, len(ending))


def is_mine(before: str) -> bool:
    """Whether the word before says whose it is."""
    return bool(words := before.lower().split()) and words[-1] in w.MINE
