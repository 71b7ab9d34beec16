"""Where somebody lives in degrees, minutes and seconds: `my house: 46°12'33.4"N 121°29'58.1"W`.

The lexer reads degrees with a point. Most pairs in minutes are towns and mountains, so seconds or parts of minutes are
asked for, and words around must tell of somebody's place: a label of a device's position (`GPS`, `Standort`), or a word
for living or for what is one's own. Angles have no letters of the compass, which both halves need.
"""

from __future__ import annotations

import re

_NUMBER = r"\d{1,3}(?:[.,]\d{1,6})?"
_NORTH = r"(?:[NS]\b|с\.? ?ш\b\.?|ю\.? ?ш\b\.?|пн\.? ?ш\b\.?|пд\.? ?ш\b\.?)"
_EAST = r"(?:[EWO]\b|в\.? ?д\b\.?|з\.? ?д\b\.?|сх\.? ?д\b\.?)"
_ANGLE = rf"{_NUMBER} ?° ?(?:{_NUMBER} ?['′’ʹ´](?!['′’]) ?)?(?:{_NUMBER} ?(?:\"|″|”|''|′′|’’) ?)?"
_PAIR = re.compile(
    rf"{_ANGLE}{_NORTH}[ ,;/]{{0,3}}{_ANGLE}{_EAST}|[NS] ?{_ANGLE}[ ,;/]{{0,3}}[EWO] ?{_ANGLE}(?<! )"
    rf"|(?:北[纬緯]|南[纬緯]){_ANGLE}[ ,，、]{{0,2}}(?:[东東西][经經経]){_ANGLE}(?<! )"
)
_PRECISE = re.compile(r"['′’ʹ´] ?\d{1,2}(?:[.,]\d+)? ?(?:[\"″”]|''|′′|’’)|\d[.,]\d+ ?['′’ʹ´]")
"""Seconds, or parts of minutes: whole minutes are nearly two kilometres."""
_SOMEBODYS = re.compile(
    r"(?i)\b(?:gps|location(?=\W{0,2}:)|standort|localisation|ubicaci[oó]n|locatie|konum\w*"
    r"|my|our|his|her|their|home|lives?|lived|living|parcel|deliver\w*|mein\w*|bei mir|zuhause|zu hause|wohn\w*|treffpunkt"
    r"|ma|chez|habit\w*|maison|vivo|vive|viven|casa|moro|mora|ch[aá]cara|abit\w*|thuis|woon\w*|mieszka\w*|m[oó]j|dom"
    r"|bor|bydl\w*|lak\w*|ev(?:im|imiz)\w*|дома?|дач\w*|жив[уёе]\w*|мешка\w*|мо[йяєё])\b"
    r"|自宅|我家|住|집|우리|בית|منزل|بيت"
)


def of_degrees(before: str, behind: str) -> tuple[int, int] | None:
    """Begin and end of a pair, counted from the first sign of degrees, which `behind` begins with."""
    low = len(before) - 10
    whole = before + behind
    found = next(
        (m for m in _PAIR.finditer(whole, max(low, 0), len(before) + 64) if m.start() <= len(before) < m.end()), None
    )
    if found is None or not _PRECISE.search(found[0]):
        return None
    around = before[: found.start()].rpartition("\n")[2] + " " + whole[found.end() : found.end() + 32].partition("\n")[0]
    if not _SOMEBODYS.search(around):
        return None
    return found.start() - len(before), found.end() - len(before)
