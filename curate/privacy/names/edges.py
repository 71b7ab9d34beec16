"""Mend the edges of what the tagger found: what its tokens cut off belongs to the span.

- `Aceros del Norte S.A` takes its last full stop; `Edilnova S` and `A` of `S.p.A.` are one.
- `Rua das Flores 120`, `4050-` and `262 Porto` are one address, and so are `Carrera 7 # 45`, `-12, ` and `Bogotá`:
  an address runs on over signs to its next piece, and over numbers to a place.
- `Pat. Kessler, Irmgard` is one person, and so is `MRS. EMMA LETTER`.
- `김영희는` and `서울에서` lose the particle that Korean writes behind a word.

Complexity: O(spans), in numpy but for the few that are close to one another.
"""

from __future__ import annotations

import re

import numpy as np

from curate.privacy.column import Block
from curate.privacy.names.columns import OF_PERSON, column_class
from curate.privacy.names.listed import listed_first, listed_title
from curate.privacy.overlaps import Found
from curate.privacy.types import LOCATION, ORGANIZATION, PERSON, STREET_ADDRESS

_WIDEST = 24
"""Bytes between two pieces of one address at most."""
_BETWEEN = {
    ORGANIZATION: re.compile(rb"\.[A-Za-z]{0,2}\.?"),
    STREET_ADDRESS: re.compile(
        "(?:[-/#.,]| ?[-/#]|,? ?[0-9ºª°]+[-/ ,]+|, )[0-9 ,./#-]*"
        "|,? ?[0-9]{1,3}\\.?(?:º|ª|°)? ?(?:[Ee]sq|[Dd]to|[Dd]ta|[Ii]zq|[Ff]te|[Dd]r|[Pp]iso)[a-z]{0,6}\\.?,? ?[0-9 -]{0,10}"
        "|\\. ?(?:Sok|Cad|Sk|Cd|Bulv|Blv)\\.?(?: ?No)?\\.?:? ?"
        "|, ?(?:д|дом|к|корп|стр|кв|оф)\\.? ?[0-9 ]{0,5},? ?".encode()
    ),
}


def mended(text: Block, found: Found) -> Found:
    """The spans of names, sorted by row and start, with their edges mended."""
    at = found.at
    if not len(at):
        return found
    near = (at[1:, 0] == at[:-1, 0]) & (at[1:, 1] - at[:-1, 2] <= _WIDEST)
    first, second = at[:-1, 3], at[1:, 3]
    near &= ((first == second) & (first == ORGANIZATION)) | (
        (first == STREET_ADDRESS) & ((second == STREET_ADDRESS) | (second == LOCATION))
    )
    keep = np.ones(len(at), np.bool_)
    for n in np.flatnonzero(near).tolist():
        m = n
        while not keep[m]:  # the piece before has been taken into one before it
            m -= 1
        kind = int(at[m, 3])
        between = text.data[at[m, 2] : at[n + 1, 1]].tobytes()
        place = at[n + 1, 3] == LOCATION and not re.search(rb"[0-9]", between)  # a town behind a comma is a place
        if kind in _BETWEEN and not place and _BETWEEN[kind].fullmatch(between):
            at[m, 2] = at[n + 1, 2]
            found.score[m] = min(found.score[m], found.score[n + 1])
            keep[n + 1] = False
    _surname_first(text, at, keep, found)
    _last_word(text, at)
    _last_full_stop(text, at)
    _post_code(text, at)
    _particles(text, at)
    return found.take(keep) if not keep.all() else found


_HEAD = re.compile(
    r"(?:\A|[\n|;\t:]|\b(?:[Pp]at|[Pp]atient(?:in|e)?|[Nn]ame|[Kk]und(?:e|in)|[Pp]a[cz]i?ente|[Pp]acjent(?:ka)?|[Pp]asient|"
    r"[Mm]andant(?:in)?|[Vv]ersicherter?|[Hh]err|[Ff]rau))[.:]? ?\Z"
)
_TAIL = re.compile(r"\s*(?:\Z|[,;|()*\n\t.-](?! ?[^\W\d_]+ (?:und|and|y|et|e|i|og|och|en)\b))")


def _surname_first(text: Block, at: np.ndarray, keep: np.ndarray, found: Found) -> None:
    """`Pat. Kessler, Irmgard`, or two such words alone in their line, are one name with the surname in front."""
    people = np.flatnonzero((at[:-1, 3] == PERSON) & (at[1:, 3] == PERSON) & (at[:-1, 0] == at[1:, 0]))
    for n in people[at[people + 1, 1] - at[people, 2] == 2].tolist():
        start, end = int(at[n, 1]), int(at[n + 1, 2])
        if not (keep[n] and keep[n + 1]) or text.data[at[n, 2] : at[n + 1, 1]].tobytes() != b", ":
            continue
        third = n + 2 < len(at) and at[n + 2, 0] == at[n, 0] and at[n + 2, 3] == PERSON and at[n + 2, 1] - end <= 6
        words = text.data[start:end].tobytes()
        before = text.data[max(int(text.starts[at[n, 0]]), start - 24) : start].tobytes().decode("utf-8", "replace")
        after = text.data[end : min(int(text.ends[at[n, 0]]), end + 24)].tobytes().decode("utf-8", "replace")
        if words.count(b" ") == 1 and not third and _HEAD.search(before) and _TAIL.match(after):
            at[n, 2] = end
            found.score[n] = min(found.score[n], found.score[n + 1])
            keep[n + 1] = False


_LAST = re.compile(r" ([A-Z][\w'’-]+)(?=[ \t]*(?:\Z|[\n,;|)]))")
_PRESENTED = re.compile(r"(?:\b([^\W\d_]{2,})\. |\b([^\W\d_]{2,24}) ?: ?)\Z")


def _last_word(text: Block, at: np.ndarray) -> None:
    """Behind a title with its full stop, or a label for people, one listed first name takes the last word of the line:
    `MRS. EMMA LETTER`."""
    end, last = at[:, 2], len(text.data) - 1
    ahead = np.minimum(end + 1, last)
    some = (at[:, 3] == PERSON) & (end + 1 < text.ends[at[:, 0]]) & (text.data[np.minimum(end, last)] == 32)
    for n in np.flatnonzero(some & (text.data[ahead] >= 65) & (text.data[ahead] <= 90)).tolist():
        row, start, stop, _ = at[n].tolist()
        value = text.read(start, stop)
        word = _LAST.match(text.read(stop, min(int(text.ends[row]), stop + 32)))
        before = _PRESENTED.search(text.read(max(int(text.starts[row]), start - 28), start))
        if word is None or before is None or word[1].isupper() != value.isupper() or not listed_first(value):
            continue
        titled = listed_title(before[1]) if before[1] else column_class(before[2]) == OF_PERSON
        taken = stop + len(word[0].encode())
        if titled and not (n + 1 < len(at) and at[n + 1, 0] == row and at[n + 1, 1] < taken):
            at[n, 2] = taken


def _last_full_stop(text: Block, at: np.ndarray) -> None:
    """An abbreviation such as `S.A.` ends in its full stop."""
    some = np.flatnonzero((at[:, 3] == ORGANIZATION) & (at[:, 2] - at[:, 1] > 2) & (at[:, 2] < text.ends[at[:, 0]]))
    end = at[some, 2]
    letter = (text.data[end - 1] | 32) - 97 < 26
    some = some[(text.data[end] == 46) & (text.data[end - 2] == 46) & letter]
    at[some, 2] += 1


def _post_code(text: Block, at: np.ndarray) -> None:
    """The second half of a British post code belongs to the address: `BD22 8DP`."""
    for n in np.flatnonzero((at[:, 3] == STREET_ADDRESS) & (at[:, 2] + 4 <= text.ends[at[:, 0]])).tolist():
        end = int(at[n, 2])
        if _OUTWARD.search(text.data[max(int(at[n, 1]), end - 5) : end].tobytes()) and _INWARD.match(
            text.data[end : min(end + 5, int(text.ends[at[n, 0]]))].tobytes()
        ):
            at[n, 2] += 4


_OUTWARD = re.compile(rb"(?<![A-Za-z0-9])[A-Z]{1,2}[0-9][0-9A-Z]?\Z")
_INWARD = re.compile(rb" [0-9][A-Z]{2}(?![A-Za-z0-9])")


def _particles(text: Block, at: np.ndarray) -> None:
    """Korean particles and titles are no part of a name. Three syllables are left of a person's name, since many end in
    one that may be a particle too; two where what follows is no ending of names."""
    lead = text.data[np.maximum(at[:, 2] - 3, 0)]
    some = np.flatnonzero((at[:, 2] - at[:, 1] >= 9) & (lead >= 0xEA) & (lead <= 0xED))
    for n in some.tolist():
        word = _HANGUL.search(text.data[at[n, 1] : at[n, 2]].tobytes().decode("utf-8", "replace"))
        if word is None:
            continue
        match = _PARTICLE.search(word[0])
        if match is None:
            continue
        left = match.start()
        if left >= 3 or (left == 2 and (at[n, 3] != PERSON or len(match[0]) >= 2)):
            at[n, 2] -= 3 * len(match[0])


_HANGUL = re.compile("[\uac00-\ud7a3]+\\Z")
_PARTICLE = re.compile(
    "(?:(?:씨|님|군|양|선생님|고객님|교수님|과장님|부장님)?(?:이라고|라고|이랑|랑|께서는|께서|에게서|에게|한테|에서는|에서|으로|로|부터|까지|처럼|보다|입니다|이에요|예요|이고|이며|"
    "은|는|이|가|을|를|의|에|께|도|만|와|과|야|아)|씨|님|선생님|고객님|교수님|과장님|부장님)\\Z"
)
