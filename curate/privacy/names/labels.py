"""Labels of the sequence model, and what the bits of a word's entry in the lexicon say."""

from __future__ import annotations

TYPES = ("PERSON", "LOCATION", "ORGANIZATION", "STREET_ADDRESS")
LABELS = 1 + 2 * len(TYPES)
"""0 outside; 1 + 2t begins a span of type t, 2 + 2t goes on with it."""

(GIVEN, FAMILY, PLACE, STREET, ORG, TITLE, ANCHOR, CALENDAR, COMMON1, COMMON2, PARTICLE, COUNTRY, UNIT, PART, PROPER,
 WIDESPREAD) = (1 << i for i in range(16))  # fmt: skip
"""Given name; family name; town, region or country; word of a street; of an organisation; title; word before a name;
month, weekday, people or language; how common as an ordinary word (two bits); particle of names; country; word of a unit
(`apt`); part of a place's name; hardly ever small in prose; given name in three locales or more."""
COMMON_SHIFT = 8
