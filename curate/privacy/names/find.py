"""Names in a column: the tagger's spans with their scores, as `Found` or `Spans`.

Score: the least marginal probability of the type over the span's tokens, calibrated on held-out tweets and templates, with
a miss counted as two false alarms. Rows are read on all cores; the result does not depend on their number.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.cores import available_cores
from curate.privacy.book import book
from curate.privacy.column import Block, block
from curate.privacy.names.addresses import pieces, reshaped
from curate.privacy.names.anchors import SCORE, announced
from curate.privacy.names.bare_addresses import supported
from curate.privacy.names.bodies import with_bodies
from curate.privacy.names.characters import tables
from curate.privacy.names.columns import NOTHING, OF_BODY, OF_PERSON, OF_PLACE, chosen, column_class, of_things, plain_class
from curate.privacy.names.cues import cues
from curate.privacy.names.east_asian import written_forms
from curate.privacy.names.edges import mended
from curate.privacy.names.elsewhere import english_around, one_of_many, unsure_elsewhere
from curate.privacy.names.grids import grid
from curate.privacy.names.joined import JOINS, joined
from curate.privacy.names.labelled_addresses import with_labelled
from curate.privacy.names.labels import TYPES
from curate.privacy.names.listed import listed_first, listed_name, listed_otherwise
from curate.privacy.names.model import Model, load
from curate.privacy.names.partners import with_partners
from curate.privacy.names.phrases import words
from curate.privacy.names.plausible import left_of_address, plausible
from curate.privacy.names.tagger import WINDOW, tag
from curate.privacy.names.things import things
from curate.privacy.overlaps import Found, resolve_overlaps
from curate.privacy.passes import code_points
from curate.privacy.spans import Spans
from curate.privacy.types import CODE, LOCATION, NAMED, ORGANIZATION, PERSON, STREET_ADDRESS
from curate.privacy.types import TYPES as KINDS_OF_TYPES
from curate.privacy.words import LETTERS

_CODES = np.array([CODE[name] for name in TYPES], np.int64)
_OF_CELL = np.full(8, -1, np.int64)
_OF_CELL[[OF_PERSON, OF_PLACE, OF_BODY]] = PERSON, LOCATION, ORGANIZATION
"""Type of a cell by the class of its column."""
_PIECE = 1_000_000
"""Bytes that one thread reads at a time."""
_SPANS = 1 << 14
_BARE = 0.97
"""Least score of a cell of one word whose column does not speak of names: most such cells are categories."""
_USUAL = 0.5
"""Score from which on names are asked for unless somebody asks for less sure ones."""
_CASELESS, _SMALL, _SMALL_WORD = 0.65, 0.75, 0.8
"""Scores that a name needs in a script without capitals, and several words, and one word, without a capital. Scores are
calibrated on texts full of names; where names are rare, nearly all of the less sure ones are words."""
_SMALL_LISTED = (0.65, 0.5)
"""What one word, or several, need that are listed first names (with `and` between them); several in English, too."""
_GOODS_CELL = 64
"""Bytes of a cell of a column of goods; a longer one describes them and may speak of anybody."""
_TOLD, _SHORT_NAME = 0.7, 40
"""Score of a cell that only its column tells, and its bytes at most."""
_MISS = float(np.log(2.0))
"""A missed name counts as much as two words wrongly taken for one: added to the calibrated log-odds."""


def marks(text: Block, known: Model) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """All spans of the tagger: int64[n, 4] of row, start byte, end byte, index in `labels.TYPES`; and uncalibrated
    scores."""
    kinds, folded = tables()
    classes = np.array([column_class(name) for name in text.names], np.int64)
    columns = classes[text.name_of]
    starts, ends = text.starts, text.ends
    # Pieces of rows by bytes, whatever the number of threads: rows do not depend on each other.
    cuts = np.flatnonzero(np.diff(np.cumsum(ends - starts) // _PIECE)) + 1
    bounds = [0, *cuts.tolist(), len(starts)]

    def piece(first: int, stop: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        out = np.empty((_SPANS + 2 * WINDOW, 4), np.int64)
        score = np.empty(len(out), np.float64)
        parts, scores = [], []
        row, place = 0, int(starts[first])
        while row < stop - first:
            n, row, place = tag(
                text.data, starts[first:stop], ends[first:stop], columns[first:stop], kinds, folded, known.keys,
                known.values, known.eight, known.ninth, known.bits, known.scale, known.step, row, place, out, score,
            )  # fmt: skip
            parts.append(out[:n].copy())
            scores.append(score[:n].copy())
        at = np.concatenate(parts)
        at[:, 0] += first
        return at, np.concatenate(scores)

    pairs = list(itertools.pairwise(bounds))
    if len(pairs) == 1:
        results = [piece(*pairs[0])]
    else:
        with ThreadPoolExecutor(min(len(pairs), available_cores(), 8)) as pool:
            results = list(pool.map(lambda pair: piece(*pair), pairs))
    return np.concatenate([a for a, _ in results]), np.concatenate([s for _, s in results])


def _bare(text: Block, at: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Spans that are a whole cell of one word under a column that speaks of no names, `Low`, `green`, `en`; and those of
    them without a capital, in a script that has them, under choices or tags: `robin` and `basil` are nobody there."""
    rows = at[:, 0]
    out: npt.NDArray[np.bool_] = (at[:, 1] == text.starts[rows]) & (at[:, 2] == text.ends[rows])
    silent = np.array([column_class(name) == NOTHING for name in text.names])
    out &= silent[text.name_of[rows]]
    small = out & np.array([chosen(name) for name in text.names])[text.name_of[rows]]
    for n in np.flatnonzero(out).tolist():
        out[n] = not (text.data[at[n, 1] : at[n, 2]] <= 32).any()
        small[n] &= out[n] and text.read(at[n, 1], at[n, 2]).islower()
    return out, small


def _goods(text: Block, at: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """People in short cells of a column of goods or brands."""
    rows = at[:, 0]
    of = np.array([of_things(name) for name in text.names])
    short = text.ends[rows] - text.starts[rows] <= _GOODS_CELL
    return np.asarray(of[text.name_of[rows]] & short & (at[:, 3] == TYPES.index("PERSON")))


def _small_and_unsure(
    text: Block, at: npt.NDArray[np.int64], sure: npt.NDArray[np.float64], asked: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """People without a capital, or in a script that has none, of whom the tagger is not very sure: most of them are words.
    What announces a name still finds them."""
    out: npt.NDArray[np.bool_] = asked & (at[:, 3] == TYPES.index("PERSON")) & (sure < _SMALL_WORD)
    for n in np.flatnonzero(out).tolist():
        value = text.read(at[n, 1], at[n, 2])
        if value != value.lower():
            out[n] = False
            continue
        several = " " in value
        bar = _CASELESS if not value.islower() else _SMALL if several else _SMALL_WORD
        out[n] = sure[n] < bar
        if out[n] and value.islower() and sure[n] >= _SMALL_LISTED[several]:
            row, start, end, _ = at[n].tolist()
            known = all(word in JOINS or listed_first(word) for word in LETTERS.findall(value))
            out[n] = not known and not (several and english_around(text, row, start, end))
    return out


def name_spans(
    text: Block, types: Sequence[str], min_score: float = 0.5, model: Model | None = None, *, inside: bool = True
) -> Found:
    """Spans (bytes) of the named types in a block, sorted by row and start, without overlaps. `inside`: tables in the texts
    are read cell by cell as well."""
    wanted = np.array([name in types for name in TYPES])
    if not wanted.any() or not len(text.starts):
        return Found(np.zeros((0, 4), np.int64), np.zeros(0), np.zeros(0, np.bool_))
    known = model or load()
    at, sure = marks(text, known)
    odds = np.log(np.clip(sure, 1e-6, 1 - 1e-6) / (1 - np.clip(sure, 1e-6, 1 - 1e-6)))
    fit = known.calibration[at[:, 3]]
    sure = np.round(1 / (1 + np.exp(-(fit[:, 0] * odds + fit[:, 1] + _MISS))), 4)
    bare, small = _bare(text, at)
    sure = np.where(small | (bare & (sure < _BARE)) | _goods(text, at), 0.0, sure)
    keep = wanted[at[:, 3]] & (sure >= min_score)
    if min_score >= _USUAL:
        keep &= ~_small_and_unsure(text, at, sure, keep)
    hints = at[(at[:, 3] == TYPES.index("PERSON")) & ~keep, :3]
    people = at[(at[:, 3] == TYPES.index("PERSON")) & (sure >= min(min_score, _USUAL)), :3]
    at[:, 3] = _CODES[at[:, 3]]
    found = plausible(text, Found(at[keep], sure[keep], np.zeros(int(keep.sum()), np.bool_)))
    found = reshaped(text, mended(text, found), "LOCATION" in types)
    found = found.take(supported(text, found, people))
    found = _told(text, found, types)
    words_at, silent = cues(text)
    if "PERSON" in types or "ORGANIZATION" in types:
        if "ORGANIZATION" in types:
            found = with_bodies(text, found, words_at, silent)
        if "PERSON" in types:
            told = announced(text, words_at, silent)
            found = found.take(~one_of_many(text, found))
            if min_score >= _USUAL:
                found = found.take(~unsure_elsewhere(text, found, told[0]))
            found = joined(text, found)
            found = _introduced(found, _weighed(text, told, hints))
            if "ORGANIZATION" in types:
                found = with_partners(text, found)
    if "STREET_ADDRESS" in types:
        found = with_labelled(text, found, words_at, silent)
    forms, score = written_forms(text, [name for name in TYPES if name in types], silent)
    if len(forms):
        found = _with(found, Found(forms, score, np.zeros(len(forms), np.bool_)))
    cells = grid(text) if inside else None
    if cells is not None:
        inner = name_spans(cells[0], types, min_score, known, inside=False)
        inner.at[:, 0] = cells[1][inner.at[:, 0]]
        for row, start, end in cells[2].tolist():  # headings name no one
            found = found.take((found.at[:, 0] != row) | (found.at[:, 2] <= start) | (found.at[:, 1] >= end))
        found = _with(found, inner)
    return found


_CELL = re.compile(r"[^\W\d_][^\W\d_.'’-]*(?:[ .'’-]{1,2}[^\W\d_]+){0,3}\.?")
_NO_NAME = words("cells", "no_names")


def _told(text: Block, found: Found, types: Sequence[str]) -> Found:
    """The spans, and whole cells that a column for names, towns or firms holds and the tagger does not know as such."""
    kinds = np.array([plain_class(name) for name in text.names])
    if not kinds.any():
        return found
    kind = kinds[text.name_of]
    sizes = text.ends - text.starts
    rows = np.flatnonzero((kind != NOTHING) & (sizes >= 2) & (sizes <= _SHORT_NAME))
    found = found.take(~_says_nothing(text, found, kind))
    same = found.at[:, 3] == _OF_CELL[kind[found.at[:, 0]]]
    rows = rows[~np.isin(rows, found.at[same | _people_of_bodies(text, found, kind), 0])]
    new = []
    for row in rows.tolist():
        value = text.data[text.starts[row] : text.ends[row]].tobytes().decode("utf-8", "replace")
        code = int(_OF_CELL[kind[row]])
        asked = KINDS_OF_TYPES[code].name in types and not value[0].islower()
        if asked and _CELL.fullmatch(value) and _NO_NAME.isdisjoint(value.lower().replace("-", " ").split()):
            new.append((row, int(text.starts[row]), int(text.ends[row]), code))
    told = Found(np.array(new, np.int64).reshape(-1, 4), np.full(len(new), _TOLD), np.zeros(len(new), np.bool_))
    return found.take(~np.isin(found.at[:, 0], told.at[:, 0])).plus(told).sorted() if new else found


def _says_nothing(text: Block, found: Found, kind: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Spans that are a whole cell of one word that says there is no name, in a column for names: `Admin`."""
    rows, start, end = found.at[:, 0], found.at[:, 1], found.at[:, 2]
    out: npt.NDArray[np.bool_] = (kind[rows] != NOTHING) & (start == text.starts[rows]) & (end == text.ends[rows])
    for n in np.flatnonzero(out).tolist():
        word = text.data[start[n] : end[n]].tobytes().decode("utf-8", "replace")
        out[n] = word.lower() in _NO_NAME and not listed_name(word)
    return out


def _people_of_bodies(text: Block, found: Found, kind: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """People whom the tagger sees in a whole cell of a column for firms and whose first word is a listed name: somebody may
    be their own firm or stand in the wrong column, and a person is never hidden by what a column is called."""
    rows, start, end = found.at[:, 0], found.at[:, 1], found.at[:, 2]
    out: npt.NDArray[np.bool_] = (kind[rows] == OF_BODY) & (found.at[:, 3] == PERSON)
    out &= (start == text.starts[rows]) & (end == text.ends[rows])
    for n in np.flatnonzero(out).tolist():
        out[n] = listed_name(text.data[start[n] : end[n]].tobytes().decode("utf-8", "replace").split()[0])
    return out


def _weighed(
    text: Block, told: tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]], hints: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Places of the people whom a phrase announces, without ordinary words (`Hr. Manager`); a greeting is said to teams and
    things as well (`Hello Kubernetes!`), so there the tagger (`hints`: people of whom it is unsure) or a list must speak
    for the word."""
    places, greeted = told
    keep = np.ones(len(places), np.bool_)
    for n, (row, start, end) in enumerate(places.tolist()):
        word = text.data[start:end].tobytes().decode("utf-8", "replace")
        if greeted[n] and not listed_name(word):
            low, high = np.searchsorted(hints[:, 0], (row, row + 1)).tolist()
            keep[n] = bool(((hints[low:high, 1] <= start) & (hints[low:high, 2] >= end)).any())
        elif " " not in word:
            keep[n] = not listed_otherwise(word)
    return places[keep]


def _introduced(found: Found, places: npt.NDArray[np.int64]) -> Found:
    """The spans, and the people whom a phrase announces where nothing was found; where less of a name was found, it takes
    the whole."""
    if not len(places):
        return found
    at = found.at
    reach = 1 + int(max(at[:, 2].max(initial=0), places[:, 2].max()))
    first = np.searchsorted(at[:, 0] * reach + at[:, 2], places[:, 0] * reach + places[:, 1], side="right")
    last = np.searchsorted(at[:, 0] * reach + at[:, 1], places[:, 0] * reach + places[:, 2], side="left")
    keep = np.ones(len(at), np.bool_)
    new = np.zeros(len(places), np.bool_)
    done = -1
    for n, (low, high) in enumerate(zip(first.tolist(), last.tolist())):
        place = places[n, 0] * reach + places[n, 1]
        _, begin, end = places[n].tolist()
        inside = all(at[m, 3] == PERSON and begin <= at[m, 1] and at[m, 2] <= end for m in range(low, high))
        new[n] = place >= done and inside and not (high - low == 1 and (at[low, 1:3] == places[n, 1:3]).all())
        if new[n]:
            keep[low:high] = False
            done = places[n, 0] * reach + places[n, 2]
    made = np.column_stack([places[new], np.full(int(new.sum()), PERSON, np.int64)])
    return found.take(keep).plus(Found(made, np.full(len(made), SCORE), np.zeros(len(made), np.bool_))).sorted()


def _with(found: Found, surer: Found) -> Found:
    """Both, without what overlaps the surer ones; those give way to one another by priority."""
    surer = resolve_overlaps(surer, [kind.priority for kind in KINDS_OF_TYPES])
    if not len(surer.at):
        return found
    reach = 1 + int(max(found.at[:, 2].max(initial=0), surer.at[:, 2].max()))
    start, end = (surer.at[:, 0] * reach + surer.at[:, i] for i in (1, 2))
    a, b = (found.at[:, 0] * reach + found.at[:, i] for i in (1, 2))
    free = np.searchsorted(end, a, side="right") == np.searchsorted(start, b, side="left")
    return found.take(free).plus(surer).sorted()


def beside(found: Found, names: Found, text: Block | None = None) -> Found:
    """Both, sorted. A name gives way to what is already found: it keeps its longest piece outside, if that holds three
    bytes or more, so that a number inside an address does not lose the address. Where the texts are given, what is left of
    an address must still read like one."""
    at = names.at.copy()
    keep = np.ones(len(at), np.bool_)
    row, start, end = found.at[:, 0], found.at[:, 1], found.at[:, 2]
    for n in np.flatnonzero(np.isin(at[:, 0], row)).tolist():
        r, a, b, _ = at[n].tolist()
        low = int(np.searchsorted(row, r))
        high = int(np.searchsorted(row, r, side="right"))
        edges = [a]
        for m in range(low + int(np.searchsorted(end[low:high], a, side="right")), high):
            if start[m] >= b:
                break
            edges += [int(start[m]), int(end[m])]
        edges.append(b)
        free = [(edges[i + 1] - edges[i], edges[i]) for i in range(0, len(edges), 2)]
        size, begin = max(free)
        keep[n] = size >= 3 or len(free) == 1
        if text is not None and len(free) > 1 and at[n, 3] == STREET_ADDRESS:
            left = pieces(text, begin, begin + size, begin, int(text.ends[r]), False)
            keep[n] = bool(left) and left_of_address(text.data[left[0][0] : left[0][1]].tobytes())
            begin, size = (left[0][0], left[0][1] - left[0][0]) if left else (begin, size)
        at[n, 1], at[n, 2] = begin, begin + size
    return found.plus(Found(at[keep], names.score[keep], names.quoted[keep])).sorted()


def find_names(
    texts: pa.Array,
    types: tuple[str, ...] = NAMED,
    names: str | list[str] | None = None,
    *,
    min_score: float = 0.5,
    allow: Sequence[str] = (),
) -> Spans:
    """Names of the given types in a column of texts.

    `names`: the name of the column, or one name a row, as for `scan`. `allow`: literal values that are not reported,
    compared without regard to case. Offsets are code points of the raw text; scores are calibrated probabilities. Nulls
    hold nothing. Names are looked for by themselves here; `scan` resolves overlaps with other types.
    """
    text = block(texts, names or "")
    found = name_spans(text, types, min_score)
    found = found.take(~things(text, found.at))
    if allow and len(found.at):
        barred = {literal.casefold() for literal in allow}
        values = (text.data[a:b].tobytes().decode("utf-8", "replace").casefold() for _, a, b, _ in found.at.tolist())
        found = found.take(np.array([value not in barred for value in values], np.bool_))
    offsets = code_points(text.data, text.starts, found.at)
    known = book()
    return Spans(
        row=found.at[:, 0].copy(), start=offsets[:, 0].copy(), end=offsets[:, 1].copy(), code=known.type_of[found.at[:, 3]],
        kind=found.at[:, 3].copy(), score=found.score.astype(np.float32), quoted=found.quoted, book=known,
    )  # fmt: skip


def apart(names: Spans, found: Spans) -> Spans:
    """The names that overlap nothing that was found in the same texts; both as scans of one column give them."""
    if not len(names) or not len(found):
        return names
    width = 1 + int(max(names.end.max(), found.end.max()))
    starts, ends = found.row * width + found.start, found.row * width + found.end
    before = np.searchsorted(starts, names.row * width + names.end, side="left")
    reach = np.maximum.accumulate(ends)
    free = (before == 0) | (reach[np.maximum(before, 1) - 1] <= names.row * width + names.start)
    return names.take(np.flatnonzero(free))
