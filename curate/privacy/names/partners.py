"""Firms that are called after their partners: `Deckow-Crist`, `Hegmann, Schaden and Koch`.

The tagger takes them for people, which they were. They are a firm where a word right before them speaks of one ("at",
"joined", "Company:", "chez") or, three of them, where what they do is said of one ("is", "has"); no first name and no title
stands in front. Only where organisations are asked for: otherwise they stay people, and hidden. Cost: one look at the bytes
of each person, a few microseconds for those with a hyphen or a comma behind them.
"""

from __future__ import annotations

import re

import numpy as np

from curate.privacy.column import Block
from curate.privacy.names.listed import in_no_list
from curate.privacy.overlaps import Found
from curate.privacy.types import LOCATION, ORGANIZATION, PERSON

_SCORE = 0.6
_SURNAME = r"[^\W\d_a-z][^\W\d_]*[a-z][^\W\d_]*(?:['’][^\W\d_]+)?"
_PAIR = re.compile(rf"({_SURNAME})(?: ?- ?)({_SURNAME})")
_THREE = re.compile(rf"({_SURNAME}), ({_SURNAME}) (?:and|und|et|y|e|en|i|&) ({_SURNAME})(?![\w'’-])(?! [^\W\d_a-z])")
_OF_FIRMS = re.compile(
    r"(?:\b(?:at|@|bei|chez|presso|bij|hos|join(?:s|ed|ing)?|employed by|(?:step|role|position|job|career|team|shares"
    r"|invoice) (?:at|in|with|for|of|from)|(?:partnership|contract|partner|agreement|account|interview) (?:with|to)"
    r"|work(?:s|ed|ing)? for|CEO of|founder of|became|acquired by|owned by|merged with)"
    r"|\b(?:company|employer|firm|vendor|supplier|business|organi[sz]ation|client|customer|firma|société|empresa|azienda|ditta"
    r"|bedrijf|entreprise|unternehmen|arbeitgeber|employeur|lieferant|proveedor|fornitore|leverancier)(?: name)?:?)[ ]\Z",
    re.IGNORECASE,
)
_ONE_THING = re.compile(r" (?:is|was|has|offers|provides|announced|ist|war|hat|est|a été|es|fue|ha|è|heeft)\b")


def with_partners(text: Block, found: Found) -> Found:
    """The spans (sorted, without overlaps), people that are the name of a firm as one organisation."""
    at = found.at.copy()
    keep = np.ones(len(at), np.bool_)
    done = (-1, -1)
    for n in np.flatnonzero(np.isin(at[:, 3], (PERSON, LOCATION))).tolist():
        row, start, end, _ = at[n].tolist()
        if row == done[0] and start < done[1]:
            continue
        raw = text.raw(start, min(int(text.ends[row]), end + 2))
        if b"-" not in raw and b"," not in raw:
            continue
        behind = text.read(start, min(int(text.ends[row]), start + 120))
        one = _THREE.match(behind) or _PAIR.fullmatch(text.read(start, end))
        if one is None or any(map(in_no_list, (part.split("'")[0] for part in one.groups()[-2:]))):
            continue
        before = text.read(max(int(text.starts[row]), start - 40), start)
        three = one.re is _THREE
        if not _OF_FIRMS.search(before) and not (three and _ONE_THING.match(behind, one.end())):
            continue
        close = start + len(one[0].encode())
        stop = n + 1  # spans are sorted and apart: those inside follow one another
        while stop < len(at) and at[stop, 0] == row and at[stop, 1] < close:
            stop += 1
        kinds = at[n:stop, 3]
        named = np.isin(kinds, (PERSON, ORGANIZATION, LOCATION)).all() and PERSON in kinds
        if not named or (at[n:stop, 2] > close).any():
            continue
        keep[n + 1 : stop] = False
        at[n, 2:] = close, ORGANIZATION
        done = (row, close)
    return Found(at, found.score, found.quoted).take(keep)
