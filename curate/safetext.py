"""Text that a terminal obeys in nothing: one line, without control, escape, zero-width or direction characters.

It knows `re` alone, so that a screen can be drawn before any engine is imported. It hides nothing: personal data is masked
by `curate.privacy.preview`.
"""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)?|[@-Z\\^_])")
_BREAK_CHARACTERS = "\t\n\v\f\r\x85\u2028\u2029"
_BREAKS = re.compile(f"[{_BREAK_CHARACTERS} ]+")
UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Letters, as in a class of `re`, of scripts without blanks between words: where words are marked, each is one."""


def safe_text(text: str) -> str:
    """`text` on one line, without ANSI sequences, control, zero-width or direction characters."""
    if not text.isprintable():
        plain = text
        for char in _BREAK_CHARACTERS:
            plain = plain.replace(char, " ")
        if not plain.isprintable():
            return UNSAFE.sub("", _BREAKS.sub(" ", _ANSI.sub("", text)))
        text = plain  # printable but for its breaks: nothing is taken out, and no escape takes out more
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def showing(whole: str, part: str, width: int) -> str:
    """`whole` in `width` code points, so that a `part` of it is seen, its end included: how the whole begins, and the part.

    Both are safe and masked already. A part that is not found in the whole (masked in another way) is told all the same.
    """
    at = whole.find(part)
    if len(whole) <= width or not part or 0 <= at <= width - len(part):
        return whole if len(whole) <= width else f"{whole[: width - 1]}…"
    head = whole[: min(width // 3, len(whole) if at < 0 else at)].rstrip()
    room = width - len(head) - 3
    if len(part) > room:
        part = f"{part[: room // 2].rstrip()} … {part[len(part) - room // 2 :].lstrip()}"
    return f"{head} … {part}" if head else part
