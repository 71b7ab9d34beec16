"""What C4 deleted from pages of the web: lines, pages with few sentences left, pages with a word of a list.

Source: Raffel et al. 2020, section 2.2. A line goes where it does not end as a sentence, has fewer than five words, or
names scripts or policies; a page goes where fewer than three sentences are left, where it holds lorem ipsum or a curly
bracket, or a word of a list. Written from the description. Where this differs: any script's full stop and closing bracket
end a line, a character of a script without spaces counts as half a word, empty lines are no lines, and which words are bad
is for the caller to say: no list is shipped.
Shapes: places in code points. Complexity: O(characters), in Python. Cost: about 20 MB/s. Does not: remove repeated spans of
three sentences (the stages for duplicates do) nor citation marks.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from curate.quality.features import measure
from curate.quality.hits import Hits, Measured, hits
from curate.quality.phrases import matches

LEAST_WORDS, LEAST_SENTENCES = 5, 3
_PAGE = r"lorem ipsum|\{"
_LINE = re.compile(
    r"javascript|terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies", re.IGNORECASE
)
_ENDS = re.compile(r"[.!?。！？｡؟।॥።]['\"”’»」』)\]]*$|[\"”»」』]$")
_TRAILS = re.compile(r"(?:\.\.\.|…)['\"”’»)]*$")
_UNSPACED = re.compile(r"[\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF]")


def judge(m: Measured) -> list[Hits]:
    """The pages and lines that C4 would have deleted; lines only of pages of which something is left."""
    at, start, end, lines = [], [], [], []
    left: list[str] = []
    for i, text in enumerate(m.pieces.texts.to_pylist()):
        kept, runs = deleted_lines(text or "")
        left.append(kept)
        if kept.strip():
            for first, last, n in runs:
                at.append(i)
                start.append(first)
                end.append(last)
                lines.append(n)
    sentences = measure(pa.array(left, pa.large_string()))["sentences"]
    places = (np.array(start, np.int64), np.array(end, np.int64))
    return [
        hits("c4_sentences", sentences < LEAST_SENTENCES, 0.5, sentences=sentences),
        hits("c4_phrases", matches(m.pieces.texts, _PAGE), 0.5),
        Hits("c4_lines", np.array(at, np.int64), np.full(len(at), 0.5), {"lines": np.array(lines, np.int64)}, *places),
    ]


def deleted_lines(text: str) -> tuple[str, list[tuple[int, int, int]]]:
    """What is left of a text, and (start, end, lines) of each run of lines that goes, with one of its line ends."""
    kept: list[tuple[int, int]] = []
    gone: list[tuple[int, int]] = []
    place = 0
    for line in text.split("\n"):
        if line.strip():
            (kept if stays(line.strip()) else gone).append((place, place + len(line)))
        place += len(line) + 1
    if not gone:
        return text, []
    runs: list[list[int]] = []
    starts = [first for first, _ in kept]
    for first, last in gone:
        after = bisect.bisect_left(starts, last)  # which kept line comes next
        if runs and runs[-1][3] == after:
            runs[-1][1:3] = [last, runs[-1][2] + 1]
        else:
            runs.append([first, last, 1, after])
    out = []
    for first, last, n, _ in runs:
        if last < len(text) and text[last] == "\n":
            last += 1
        elif first > 0:  # the last lines take the line end before them
            first -= 1
        out.append((first, last, n))
    pieces, place = [], 0
    for first, last, _ in out:
        pieces.append(text[place:first])
        place = last
    return "".join([*pieces, text[place:]]), out


def stays(line: str) -> bool:
    """Whether a line without blanks around it ends as a sentence, is long enough and names no script or policy."""
    if not _ENDS.search(line) or _TRAILS.search(line) or _LINE.search(line):
        return False
    words = len(line.split())
    return words >= LEAST_WORDS or words + len(_UNSPACED.findall(line)) // 2 >= LEAST_WORDS


def bad_words(m: Measured, words: Iterable[str]) -> Hits:
    """Texts that hold a word of a list as a word of its own; in scripts without spaces, anywhere."""
    listed = sorted({unicodedata.normalize("NFC", word.strip()) for word in words if word.strip()})
    spaced = [re.escape(word) for word in listed if not _UNSPACED.search(word)]
    where = np.zeros(len(m.pieces), np.bool_)
    if spaced:
        edge = r"[^\p{L}\p{M}\p{N}_]"
        where |= matches(m.pieces.texts, rf"(?:^|{edge})(?:{'|'.join(spaced)})(?:{edge}|$)")
    inside = [re.escape(word) for word in listed if _UNSPACED.search(word)]
    if inside:
        where |= matches(m.pieces.texts, "|".join(inside))
    return hits("c4_bad_words", where, 0.5)
