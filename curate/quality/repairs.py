"""Repairs of how a text is written: encodings, entities, invisible characters, white space; never of what it says.

Rules: `mojibake` (UTF-8 read as something else, by ftfy), `not_nfc` (letters and accents apart that Unicode's Annex 15
composes), `invisible` (control and zero-width characters; joiners stay, because Persian, Indic scripts and emoji need them,
and so do direction marks beside right-to-left letters), `html_entity` and `html_tag` (only in prose: not in code, and not
in a text that speaks of HTML), `white_space` (edges, line ends, runs of blanks; not in code, tables, verses or Markdown's
two-blank line ends).
Spans: the least that changes, in code points of the raw text, ascending within a rule, so that an edit beside them (a
masked name) takes nothing else with it. Spans of two rules never overlap: the rule that stands first keeps its place.
Complexity: O(bytes); RE2 finds the texts in question, Python looks at those alone. Cost: 100 MB/s where little is wrong.
A replacement is text of the row: who stores it decides what may be stored (the stage leaves out personal data).
Does not: fold compatibility characters (NFKC), straighten quotes, or transliterate.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.quality.phrases import CODE, MOJIBAKE, matches, python_pattern

Edit = tuple[int, int, str]
"""(start, end, replacement)."""

REASONS: Mapping[str, str] = {
    "mojibake": "characters were read in a wrong encoding",
    "not_nfc": "letters and their accents are written apart",
    "invisible": "control characters or characters without width stand in the text",
    "html_entity": "a character is written as an HTML entity",
    "html_tag": "tags of HTML were left in prose",
    "white_space": "blanks stand at the edges, at line ends or in runs",
}
SCORES: Mapping[str, float] = {
    "mojibake": 0.9, "not_nfc": 0.95, "invisible": 0.95, "html_entity": 0.8, "html_tag": 0.6, "white_space": 0.9,
}  # fmt: skip
_WORD = re.compile(r"[^ \t\r\n]+")
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f"
_INVISIBLE = re.compile(f"[{_CONTROL}\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8}\d{0,2});")
_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|em|strong|u|font|center|small|sup|sub|blockquote)(?:\s+[a-z-]+=[^<>]{0,300})?\s*/?>"
    r"|<a\s+href=[^<>]{1,300}>|</a>",
    re.IGNORECASE,
)
_BLOCKS = re.compile(
    r"<(?:html|head|body|h[1-6]|ul|ol|li|table|tr|td|img|form|input|nav|section|header|footer|style|script)\b",
    re.IGNORECASE,
)
_ABOUT_HTML = re.compile(r"html|xml|css|\btags?\b|markup|web ?page|entit(?:y|ies)|escap|<!--|class=|style=", re.IGNORECASE)
_SNIPPET = re.compile(r"\s*<(\w+)[^<>]*>.*</\1>\s*$", re.DOTALL)
_PARAGRAPH = 8
"""Words from which on one element of HTML is a paragraph of a page."""
_BREAKS = frozenset(("br", "p", "div"))
_BLANKS = " \t\r\n\u00a0"
_LINE_END = re.compile(r"\r\n?|(?<=\S)(?: |[ \t]{3,})(?=\r?\n)|\n(?:[ \t]*\n){3,}")
_RUN = re.compile(r"(?<=[\w,;:)\]])  (?=[\w(\[])|(?<=[.!?])[ ]{3,}(?=\w)")
_ALIGNED = re.compile(r"\|| {4}\S|\t|^ {2,4}\S", re.MULTILINE)


@dataclass(frozen=True)
class Repairs:
    """Edits of some texts, by rule, text and place."""

    rule: list[str]
    text: np.ndarray
    start: np.ndarray
    end: np.ndarray
    replacement: list[str]

    def __len__(self) -> int:
        return len(self.rule)

    def take(self, which: np.ndarray) -> Repairs:
        """The repairs at these positions."""
        rule, replacement = [self.rule[i] for i in which.tolist()], [self.replacement[i] for i in which.tolist()]
        return Repairs(rule, self.text[which], self.start[which], self.end[which], replacement)


def repairs(texts: pa.LargeStringArray, off: frozenset[str] = frozenset()) -> Repairs:
    """Every edit of every text, rules in the order of `REASONS`."""
    found: dict[int, list[tuple[str, Edit]]] = {}
    for rule, (wanted, edits) in _RULES.items():
        if rule in off:
            continue
        for i in np.flatnonzero(wanted(texts)).tolist():
            text = texts[i].as_py()
            taken = found.setdefault(i, [])
            starts = [other[0] for _, other in taken]  # ascending; edits of one rule never overlap one another
            fresh = []
            for edit in edits(text):
                at = bisect_right(starts, edit[0])
                before, after = taken[at - 1][1] if at else None, taken[at][1] if at < len(taken) else None
                if (before is None or before[1] <= edit[0]) and (after is None or edit[1] <= after[0]):
                    fresh.append((rule, edit))
            taken += fresh
            taken.sort(key=lambda item: item[1])
    flat = [(rule, i, *edit) for i, taken in found.items() for rule, edit in taken]
    order = list(REASONS)
    flat.sort(key=lambda item: (order.index(item[0]), item[1], item[2]))
    return Repairs(
        [item[0] for item in flat],
        np.array([item[1] for item in flat], np.int64),
        np.array([item[2] for item in flat], np.int64),
        np.array([item[3] for item in flat], np.int64),
        [item[4] for item in flat],
    )


def _trimmed(start: int, old: str, new: str) -> Edit:
    """The edit without what both have in common at either end."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return start + head, start + len(old) - tail, new[head : len(new) - tail]


def _mojibake(text: str) -> Iterator[Edit]:
    import ftfy

    for word in _WORD.finditer(text):
        if not word[0].isascii():
            fixed = ftfy.fix_encoding(word[0])
            if fixed != word[0]:
                yield _trimmed(word.start(), word[0], fixed)


def _not_nfc(text: str) -> Iterator[Edit]:
    for word in _WORD.finditer(text):
        if not unicodedata.is_normalized("NFC", word[0]):
            edit = _trimmed(word.start(), word[0], unicodedata.normalize("NFC", word[0]))
            # Cutting at common ends must not part a letter from its accent.
            made = word[0][: edit[0] - word.start()] + edit[2] + word[0][edit[1] - word.start() :]
            sound = unicodedata.is_normalized("NFC", made)
            yield edit if sound else (word.start(), word.end(), unicodedata.normalize("NFC", word[0]))


def _invisible(text: str) -> Iterator[Edit]:
    turned = bool(_RIGHT_TO_LEFT.search(text.replace("\ufeff", "")))
    for run in _INVISIBLE.finditer(text):
        if not (turned and _DIRECTION.issuperset(run[0])):
            yield run.start(), run.end(), ""


def _html_entity(text: str) -> Iterator[Edit]:
    if _in_prose(text):
        for entity in _ENTITY.finditer(text):
            plain = html.unescape(entity[0])
            if plain != entity[0] and plain.isprintable() | (plain == "\u00a0"):
                yield entity.start(), entity.end(), " " if plain == "\u00a0" else plain


def _html_tag(text: str) -> Iterator[Edit]:
    bare = _TAG.sub("", text)
    if _SNIPPET.match(text) and len(bare.split()) < _PARAGRAPH:
        return  # an example of HTML
    if _in_prose(text) and not _BLOCKS.search(text) and "=" not in bare and bare.strip():
        for tag in _TAG.finditer(text):
            name = tag[0].strip("</> ").partition(" ")[0].lower()
            breaks = name in _BREAKS and not tag[0].startswith("</") and tag.start() > 0
            touching = breaks and text[tag.start() - 1] not in "\n" and text[tag.end() : tag.end() + 1] != "\n"
            yield tag.start(), tag.end(), "\n" if touching and tag.end() < len(text) else ""


def _in_prose(text: str) -> bool:
    return not (_ABOUT_HTML.search(text) or "```" in text or "`" in text or _PYTHON_CODE.search(text))


# A paragraph of a page begins as a line of HTML code does; what is more than prose says so otherwise.
_PYTHON_CODE = python_pattern(CODE.replace("(?m:^", "(?:(?<![^\\n])").replace("|div|p|", "|"), ignore_case=False)


def _white_space(text: str) -> Iterator[Edit]:
    if not text.strip(_BLANKS):
        return
    low, high = len(text) - len(text.lstrip(_BLANKS)), len(text.rstrip(_BLANKS))
    # Indentation of a first line may belong to code.
    indented = bool(text[:low].rpartition("\n")[2]) and "\n" in text.strip() and bool(_ALIGNED.search(text))
    if low and not indented:
        yield 0, low, ""
    if high < len(text):
        yield high, len(text), ""
    low = 0 if indented else low
    prose = not (_ALIGNED.search(text.strip()) or "```" in text or _PYTHON_CODE.search(text))
    for rule in (_LINE_END, _RUN) if prose else (re.compile(r"\r\n?"),):
        for found in rule.finditer(text):
            if found.start() >= low and found.end() <= high:
                line_end = not found[0].strip(" \t") and text[found.end() : found.end() + 1] in "\r\n"
                yield found.start(), found.end(), _instead(found[0], line_end)


def _instead(run: str, at_line_end: bool) -> str:
    if at_line_end:
        return ""
    if run in ("\r\n", "\r"):
        return "\n"
    if "\n" in run:
        return "\n\n"
    return " "


def _asks(pattern: str) -> Callable[[pa.LargeStringArray], np.ndarray]:
    return lambda texts: matches(texts, pattern, ignore_case=False)


def _not_composed(texts: pa.LargeStringArray) -> np.ndarray:
    """Texts that are not in NFC; ASCII ones are."""
    out = np.zeros(len(texts), np.bool_)
    plain = pc.string_is_ascii(texts).fill_null(True).to_numpy(zero_copy_only=False)
    for i in np.flatnonzero(~plain).tolist():
        out[i] = not unicodedata.is_normalized("NFC", texts[i].as_py())
    return out


_RULES: dict[str, tuple[Callable[[pa.LargeStringArray], np.ndarray], Callable[[str], Iterator[Edit]]]] = {
    "mojibake": (_asks(MOJIBAKE), _mojibake),
    "not_nfc": (_not_composed, _not_nfc),
    "invisible": (
        _asks(
            r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{84}\x{86}-\x{9f}\x{ad}\x{200b}\x{2060}\x{feff}\x{200e}\x{200f}"
            r"\x{202a}-\x{202e}\x{2066}-\x{2069}]"
        ),
        _invisible,
    ),
    "html_entity": (_asks(r"&(?:#\d|#[xX]|[A-Za-z]{2,8}\d{0,2};)"), _html_entity),
    "html_tag": (_asks(r"</?[A-Za-z][^<>]{0,300}>"), _html_tag),
    "white_space": (
        _asks(r"^[ \t\r\n\x{a0}]|[ \t\r\n\x{a0}]$|\r|[^ \n] \n|[ \t]{3,}\n|  |\n[ \t]*\n[ \t]*\n[ \t]*\n"),
        _white_space,
    ),
}
