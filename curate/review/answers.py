"""What a person says of a row, in words: `clean`, `label=billing`, `privacy, duplicate=17`, `quality=drop`.

One or more kinds of error, of which the first letters are enough, and for the last of them what to do about it: the right
label; the words that are personal data, as they stand in the row (their places are kept, never the words); the row that it
repeats; `drop` for a row that should go. Without that, a sighting counts in the rates, is kept as a flag, and changes
nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from curate.errors import ConfigError, nearest
from curate.ledger.sightings import PRIVATE, Sighting, text_hash

if TYPE_CHECKING:
    from curate.review.rows import RowReview

DROP = "drop"
MOST_PLACES = 200
"""Places that one answer may name."""


def parse_seen(rows: RowReview, row: int, said: str) -> list[Sighting]:
    """The sightings that words name; ConfigError says what does not fit, without repeating text of the row."""
    names, _, value = said.partition("=")
    kinds = [_kind(rows, name) for name in names.replace(",", " ").split()]
    if not kinds:
        raise ConfigError(f"say which kind of error: {', '.join(rows.kinds)}")
    plain = [Sighting(kind) for kind in dict.fromkeys(kinds)]
    value = value.strip()
    return plain if not value else [*(one for one in plain if one.kind != kinds[-1]), *_with(rows, row, kinds[-1], value)]


def _kind(rows: RowReview, name: str) -> str:
    fits = [kind for kind in rows.kinds if kind.startswith(name.lower())]
    if len(fits) != 1:
        raise ConfigError(f"there is no kind of error by that name; {nearest(name, rows.kinds)}")
    return fits[0]


def _with(rows: RowReview, row: int, kind: str, value: str) -> list[Sighting]:
    if kind == "label":
        return [_relabel(rows, row, value)]
    if kind == "privacy":
        found = [Sighting(kind, "replace", field, a, b, PRIVATE, text_hash=its)
                 for field, a, b, its in _places(rows, row, value)]  # fmt: skip
        if not found:
            raise ConfigError("these words do not stand in the row; give them letter by letter as they stand there")
        if len(found) > MOST_PLACES:
            raise ConfigError(
                f"these words stand in {len(found):,} places of the row, and one answer names {MOST_PLACES} at most: give "
                "more of the words around them, or say quality=drop, which leaves the row out"
            )
        return found
    if kind == "duplicate":
        other = int(value) if value.isascii() and value.isdecimal() else -1
        if not 0 <= other < rows.n or other == row:
            raise ConfigError(f"duplicate= takes the number of another row, 0 to {rows.n - 1:,}")
        labels = rows.dataset.labels()
        if labels is not None and labels[row] != labels[other]:
            raise ConfigError("that row has another label: the two contradict each other; one label is wrong, or both stay")
        return [Sighting(kind, "drop", witness=rows.row_id(other))]
    if value.lower() != DROP:
        raise ConfigError(f"{kind}= takes {DROP}, which leaves the row out, or nothing")
    return [Sighting(kind, "drop")]


def _relabel(rows: RowReview, row: int, value: str) -> Sighting:
    labels = rows.dataset.labels()
    known = [] if labels is None else [v for v in pc.unique(labels).to_pylist() if v is not None]
    if value not in known:
        raise ConfigError("no row has that label; the label of each row stands in brackets before it")
    if labels is not None and labels[row].as_py() == value:
        raise ConfigError("that is the label which the row has")
    return Sighting("label", "relabel", rows.dataset.pointer_of(rows.dataset.roles.label[0]), replacement=value)


def _places(rows: RowReview, row: int, words: str) -> Iterator[tuple[str, int, int, str]]:
    """(field, start, end, hash of the field's text) of every place in a row where these words stand. What a view shows as
    one space may be any white space there, and letters with marks may be composed or not."""
    forms = dict.fromkeys(unicodedata.normalize(form, words) for form in ("NFC", "NFD"))
    either = "|".join(r"\s+".join(map(re.escape, form.split())) for form in (words, *forms))
    pattern = re.compile(either)
    for batch in rows.dataset.select([row]).strings():
        for field, text in zip(batch.fields, batch.texts.to_pylist()):
            found = [match.span() for match in pattern.finditer(text or "")]
            its = text_hash(text) if found else ""
            for start, end in found:
                yield field, start, end, its
