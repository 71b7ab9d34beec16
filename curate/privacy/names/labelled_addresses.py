"""Street addresses behind a word that says so: `Alamat: Jl. Merpati No. 14 RT 03/RW 05, Tebet`, `पता: मकान नं. 14, ...`.

The tagger knows streets by their words, in the languages of its training. In others a label and a colon say the same, and
where the address ends: at the end of the line, of the sentence, or before the next label. What stands there counts only if
it has two numbers, a comma (in letters with capitals) and words of some weight, is no address of a machine, a mailbox or a
wallet, holds no date, does not run on in prose, and nobody of a listed first name was found in it. Labels that say other
things too (`dirección` of a film, `عنوان` of a book) are none, nor is the English one: English addresses are the tagger's.

Complexity: O(labels), some microseconds each; every pattern is bounded.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from curate.privacy.column import Block
from curate.privacy.names.cues import ADDRESSED, in_bytes, surroundings
from curate.privacy.names.listed import listed_first
from curate.privacy.names.phrases import words
from curate.privacy.overlaps import Found
from curate.privacy.types import PERSON, STREET_ADDRESS

_SCORE = 0.75
_REACH = 260
"""Bytes behind a label that are read."""
_LABELS, _SCRIPTS = words("addresses", "labels"), words("addresses", "labels_of_scripts")
_SHORT = words("addresses", "abbreviations")
_LABEL = re.compile(rf"(?i)(?<![\w.@-])(?:{'|'.join(sorted(_LABELS, key=len, reverse=True))})[\"']? ?: ?[\"']?(?=\w)")
_SCRIPT_LABEL = re.compile(rf"(?:{'|'.join(sorted(_SCRIPTS, key=len, reverse=True))})[\"']?\s?[:：]\s?[\"']?(?=[\w〒])")
_OF_MACHINE = re.compile(
    r"(?i)(?:e-?mail|mail|ip|mac|web|wallet|server|host|memory|http|url|site|bitcoin|btc|eth|crypto|return|base|start|end"
    r"|contract|network|subnet|router|electr[oó]nic[oa]|correo|posta|elektronisch\w*|электронн\w*|surel|почт\w*)"
    r"[ _-]?(?:de )?\Z"
)
_LONGEST = 160
_LINE = re.compile(rf"[^\n\r|;\"\t<>{{}}\u200b]{{6,{_LONGEST}}}")
_STOP = re.compile(
    r"(?<![^\W\d_])(?P<word>[^\W\d_]{3,40}|\d{1,6})\.(?=\s|\Z)|[。।؟?!](?=\s|\Z|[^\W\d_])|\.\Z"
    r"|[,،、,\s]\s?(?=(?P<next>[^\W\d_]{2,20})\.?\s?(?:[:：]|(?!\d{5}-\d{3,4}\b)\+?\(?\d(?:[ )-]{0,2}\d){6}))"
)
"""The end of a sentence, or another label with its sign or its number."""
_OTHER = re.compile(
    r"@|://|www\.|\b(?:\d{1,3}\.){3}\d|0x[0-9a-f]{4}|(?:[0-9a-f]{2}:){3}|\w{24}|\d{9}|[A-Z]\d{6}|[=(\[\]*#]{2}|\[[A-Z]"
    r"|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d", re.IGNORECASE
)
_PROSE = re.compile(r"(?:(?<![^\W\d_])(?=[a-zß-ÿа-яё])[^\W\d_]{2,} ){3}")
"""Small words in a row: addresses have names of streets between them."""
_WEIGHT = re.compile(r"\b(?![a-zß-ÿа-я])[^\W\d_]{3}")
_NUMBER = re.compile(r"\d+")


def labelled(line: str, first: int = 0, pattern: re.Pattern[str] = _LABEL) -> set[tuple[int, int]]:
    """Begin and end of the addresses whose labels begin at `first` or behind it."""
    out: set[tuple[int, int]] = set()
    for label in pattern.finditer(line, first):
        value = _LINE.match(line, label.end())
        if value is None or _OF_MACHINE.search(line, max(0, label.start() - 24), label.start()):
            continue
        end = value.end()
        for stop in _STOP.finditer(line, label.end(), end):
            if (stop["next"] or stop["word"] or "").lower() not in _SHORT:
                end = stop.end("word") if stop["word"] else stop.start()
                break
        else:
            if end - value.start() == _LONGEST:
                continue  # nobody knows where it ends
        said = line[label.end() : end].rstrip(" ,.'،、")
        if len(said) < 6 or _OTHER.search(said) or _PROSE.search(said + " "):
            continue
        if len(_NUMBER.findall(said)) > 1 and _WEIGHT.search(said) and (pattern is _SCRIPT_LABEL or ", " in said):
            out.add((label.end(), label.end() + len(said)))
    return out


def _in_scripts(line: str, first: int = 0) -> set[tuple[int, int]]:
    return labelled(line, first, _SCRIPT_LABEL)


def _somebody(text: Block, span: list[int]) -> bool:
    """Whether a span is somebody rather than a part of the address: districts are taken for people, but not
    where they are first names or written without capitals."""
    _, start, end, kind = span
    if kind != PERSON:
        return kind != STREET_ADDRESS
    name = text.read(start, end)
    return not name[:1].isupper() or any(map(listed_first, name.split()))


def with_labelled(text: Block, found: Found, words_at: npt.NDArray[np.int64], silent: npt.NDArray[np.int64]) -> Found:
    """The spans (sorted by row and start), and the addresses that labels tell instead of their parts."""
    at: list[tuple[int, int, int]] = []
    for row, begin, end, _ in surroundings(text, words_at[words_at[:, 2] & ADDRESSED != 0], _REACH):
        at += in_bytes(text, row, begin, end, labelled)
    for row, begin, end in silent.tolist():
        at += in_bytes(text, row, begin, end, _in_scripts)
    if not at:
        return found
    old, keep, new, edge = found.at, np.ones(len(found.at), np.bool_), [], (-1, -1)
    reach = 1 + int(max(old[:, 2].max(initial=0), max(end for *_, end in at)))
    starts, ends = old[:, 0] * reach + old[:, 1], old[:, 0] * reach + old[:, 2]
    for row, begin, end in sorted(at):
        low = int(np.searchsorted(ends, row * reach + begin, side="right"))
        high = int(np.searchsorted(starts, row * reach + end, side="left"))
        begin, end = min([begin, *old[low:high, 1].tolist()]), max([end, *old[low:high, 2].tolist()])
        if (row, begin) >= edge and not any(_somebody(text, one) for one in old[low:high].tolist()):
            keep[low:high] = False
            new.append((row, begin, end, STREET_ADDRESS))
            edge = (row, end)
    made = Found(np.array(new, np.int64).reshape(-1, 4), np.full(len(new), _SCORE), np.zeros(len(new), np.bool_))
    return found.take(keep).plus(made).sorted()
