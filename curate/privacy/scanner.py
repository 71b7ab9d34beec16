"""Scan a column of texts for personal data and secrets.

Method: (1) the lexer passes once over the UTF-8 bytes of the whole column and proposes candidates; (2) rows that need
it are read a second time in a plain form; (3) recognisers judge the candidates; (4) overlaps are resolved once; (5) in
rows that are JSON a span on a bare number grows to the whole number and asks for a quoted placeholder; (6) the masked
rows are scanned again until nothing is found, so that applying the result and scanning once more finds nothing.

Input: a (large) string array of any length; nulls hold nothing. Output: `Spans`, sorted by row and start, offsets in
code points of the raw text. Deterministic; independent of the number of threads.

Complexity: O(bytes + candidates). Ordinary prose is bound by the lexer, over 100 MB/s on one core; text dense with
numbers by the recognisers, a few microseconds a candidate. It does not find names, places or street addresses.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.privacy import neighbourhood as k
from curate.privacy.candidates import Candidate, View
from curate.privacy.config import ScanConfig
from curate.privacy.kernel import lex
from curate.privacy.normalise import normalise
from curate.privacy.operators import mask_bytes
from curate.privacy.passes import clusters, code_points, outside_strings
from curate.privacy.recognizers import RECOGNIZERS
from curate.privacy.types import CODE, NAMES, TYPES

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
_PRIORITY = [t.priority for t in TYPES]
_MAX_PASSES = 6
_EMAIL = CODE["EMAIL_ADDRESS"]
_CROWD = 50_000
"""Number of candidates in one block above which equal ones are judged once."""


@dataclass(frozen=True)
class Spans:
    """Personal data found in a column: arrays of equal length, sorted by row and start, without overlaps."""

    row: Ints
    """0-based position of the text in the column."""
    start: Ints
    """First code point of the span in the raw text."""
    end: Ints
    """Code point after the span."""
    code: Ints
    """Index into `TYPES`."""
    score: npt.NDArray[np.float32]
    """How sure, 0 to 1."""
    quoted: npt.NDArray[np.bool_]
    """The span is a bare number inside JSON: its placeholder needs quotes."""

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: Ints) -> Spans:
        """The spans at these positions."""
        return Spans(*(getattr(self, f.name)[index] for f in fields(self)))

    def _words(self, words: list[str]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(self.code.astype(np.int32)), pa.array(words, pa.string()))

    @property
    def type(self) -> pa.DictionaryArray:
        """Type names, e.g. `EMAIL_ADDRESS`."""
        return self._words(list(NAMES))

    @property
    def rule(self) -> pa.DictionaryArray:
        """Rule names, e.g. `pii.email_address`."""
        return self._words([t.rule for t in TYPES])

    @property
    def reason(self) -> pa.DictionaryArray:
        """Plain sentences without the value."""
        return self._words([t.reason for t in TYPES])

    def replacements(self) -> list[str]:
        """The typed placeholder of each span, quoted where it stands for a bare JSON number."""
        plain = [t.placeholder for t in TYPES]
        return [f'"{plain[c]}"' if q else plain[c] for c, q in zip(self.code.tolist(), self.quoted.tolist())]

    def evidence(self) -> list[str]:
        """JSON about each span: its type and the checksum it passed, never its value."""
        texts = [json.dumps({"type": t.name} | ({"checksum": t.checksum} if t.checksum else {})) for t in TYPES]
        return [texts[c] for c in self.code.tolist()]

    def counts(self) -> dict[str, int]:
        """Number of spans by type name, only types that occur."""
        found = np.bincount(self.code, minlength=len(TYPES))
        return {NAMES[i]: int(found[i]) for i in range(len(TYPES)) if found[i]}

    def table(self) -> pa.Table:
        """The spans as an Arrow table: row, start, end, type, score, rule, reason."""
        return pa.table(
            {
                "row": self.row, "start": self.start, "end": self.end, "type": self.type, "score": self.score,
                "rule": self.rule, "reason": self.reason,
            }
        )  # fmt: skip


@dataclass
class _Found:
    """Spans in bytes: int64[n, 4] of row, start, end, type code; scores; quoted flags."""

    at: Ints
    score: npt.NDArray[np.float64]
    quoted: npt.NDArray[np.bool_]

    def take(self, index: Any) -> _Found:
        return _Found(self.at[index], self.score[index], self.quoted[index])

    def plus(self, other: _Found) -> _Found:
        return _Found(
            np.concatenate([self.at, other.at]),
            np.concatenate([self.score, other.score]),
            np.concatenate([self.quoted, other.quoted]),
        )

    def sorted(self) -> _Found:
        row, start = self.at[:, 0], self.at[:, 1]
        if ((row[1:] > row[:-1]) | ((row[1:] == row[:-1]) & (start[1:] > start[:-1]))).all():
            return self
        return self.take(np.lexsort((self.at[:, 3], self.at[:, 2], self.at[:, 1], self.at[:, 0])))


def column_bytes(texts: pa.Array) -> tuple[Bytes, Ints, Ints]:
    """The value buffer of a string array and each row's byte range in it; nulls get an empty range."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
        if isinstance(texts, pa.ChunkedArray):
            texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], pa.large_string())
    if not pa.types.is_large_string(texts.type):
        texts = texts.cast(pa.large_string())
    if len(texts) == 0:
        return np.zeros(0, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, offsets, values = texts.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(values, dtype=np.uint8) if values is not None and values.size else np.zeros(0, np.uint8)
    starts, ends = bounds[:-1].copy(), bounds[1:].copy()
    if texts.null_count:
        missing = ~np.asarray(texts.is_valid())
        ends[missing] = starts[missing]
    return data, starts, ends


def _judge(data: Bytes, starts: Ints, ends: Ints, candidates: Ints, config: ScanConfig) -> _Found:
    """Spans (bytes) of the candidates that the recognisers accept."""
    wanted = np.array([name in config.types for name in NAMES])
    plain = candidates[:, 0] == k.EMAIL
    mails = candidates[plain]
    at = np.column_stack([mails[:, 1:4], np.full(len(mails), _EMAIL, np.int64)])
    found = _Found(at, np.full(len(mails), 0.95), np.zeros(len(mails), np.bool_))
    rest = candidates[~plain]
    if len(rest):
        found = found.plus(_recognise(data, starts, ends, rest, config))
    return found.take(wanted[found.at[:, 3]] & (np.round(found.score, 4) >= config.min_score))


def _recognise(data: Bytes, starts: Ints, ends: Ints, candidates: Ints, config: ScanConfig) -> _Found:
    """What the recognisers say; in a crowd of candidates each distinct one is asked once."""
    asked = candidates
    inverse: Ints | None = None
    if len(candidates) > _CROWD:
        _, first, inverse = np.unique(
            k.fingerprints(data, starts, ends, candidates), return_index=True, return_inverse=True
        )
        asked = candidates[first]
    view = View(data.data, starts.tolist(), ends.tolist(), config.default_region.upper())
    which: list[int] = []
    places: list[int] = []
    scores: list[float] = []
    make = Candidate._make
    for n, values in enumerate(asked.tolist()):
        candidate = make(values)
        for start, end, code, score in RECOGNIZERS[candidate.kind](view, candidate):
            which.append(n)
            places += (start - candidate.start, end - candidate.start, code)
            scores.append(score)
    who = np.array(which, dtype=np.int64)
    where = np.array(places, dtype=np.int64).reshape(-1, 3)
    score_of = np.array(scores, dtype=np.float64)
    owner = who
    if inverse is not None:
        # Repeat each distinct candidate's spans for all candidates equal to it.
        counts = np.bincount(who, minlength=len(asked))
        begin = np.concatenate([[0], np.cumsum(counts)])[:-1]
        size = counts[inverse]
        owner = np.repeat(np.arange(len(candidates)), size)
        inner = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size)
        pick = begin[inverse[owner]] + inner
        where, score_of = where[pick], score_of[pick]
    rows, base = candidates[owner, 1], candidates[owner, 2]
    at = np.column_stack([rows, base + where[:, 0], base + where[:, 1], where[:, 2]]).astype(np.int64)
    return _Found(at.reshape(-1, 4), score_of, np.zeros(len(at), np.bool_))


def _is_json(raw: bytes) -> bool:
    """Whether the text is a JSON object or array; too deep a nesting counts as no."""
    if raw.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        return isinstance(json.loads(raw), dict | list)
    except (ValueError, RecursionError):
        return False


def _raw_spans(data: Bytes, starts: Ints, ends: Ints, config: ScanConfig) -> _Found:
    """All accepted spans, overlaps included: the plain pass and the pass over normalised rows."""
    national = config.default_region.upper() not in ("US", "CA")
    proposed, count, flags = lex(data, starts, ends, national)
    candidates = proposed[:count]
    again = np.flatnonzero(flags)
    if len(again):
        unescape = np.zeros(len(again), np.bool_)
        for n in np.flatnonzero(flags[again] & k.JSON_ESCAPES):
            row = again[n]
            unescape[n] = _is_json(data[starts[row] : ends[row]].tobytes())
        useful = unescape | ((flags[again] & (k.UNICODE_FORMS | k.BRACKET_AT)) != 0)
        again, unescape = again[useful], unescape[useful]
    if not len(again):
        return _judge(data, starts, ends, candidates, config)
    first = ~np.isin(candidates[:, 1], again)
    found = _judge(data, starts, ends, candidates[first], config)
    written_out = (flags[again] & k.BRACKET_AT) != 0
    plain, p_starts, p_ends, low, high = normalise(data, starts[again], ends[again], unescape, written_out)
    proposed, count, _ = lex(plain, p_starts, p_ends, national)
    second = _judge(plain, p_starts, p_ends, proposed[:count], config)
    if len(second.at):
        at = second.at
        second.at = np.column_stack([again[at[:, 0]], low[at[:, 1]], high[at[:, 2] - 1], at[:, 3]])
        found = found.plus(second)
    return found


def resolve_overlaps(found: _Found) -> _Found:
    """One span for each place: higher priority, then higher length, then the earlier start, then the lower type
    code."""
    found = found.sorted()
    at = found.at
    n = len(at)
    if n < 2:
        return found
    keep = np.ones(n, np.bool_)
    # Clusters of spans that touch through others; nearly all hold one span.
    cluster = clusters(at)
    sizes = np.bincount(cluster)
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    for c in np.flatnonzero(sizes > 1).tolist():
        members = range(int(bounds[c]), int(bounds[c + 1]))
        order = sorted(
            members, key=lambda m: (-_PRIORITY[at[m, 3]], -(at[m, 2] - at[m, 1]), at[m, 1], at[m, 3], -found.score[m])
        )
        begins: list[int] = []
        ends: list[int] = []
        for m in order:
            start, end = int(at[m, 1]), int(at[m, 2])
            place = bisect_right(begins, start)
            if (place and ends[place - 1] > start) or (place < len(begins) and begins[place] < end):
                keep[m] = False
            else:
                begins.insert(place, start)
                ends.insert(place, end)
    return found.take(keep)


_NUMBER_BYTES = frozenset(b"+-.0123456789eE")


def _widen_json_numbers(data: Bytes, starts: Ints, ends: Ints, found: _Found) -> _Found:
    """In rows that are JSON, a span on a bare number covers the whole number and is marked `quoted`."""
    at = found.at
    rows, firsts, sizes = np.unique(at[:, 0], return_index=True, return_counts=True)
    changed = False
    for row, first, size in zip(rows.tolist(), firsts.tolist(), sizes.tolist()):
        begin, end = int(starts[row]), int(ends[row])
        head = begin
        while head < end and data[head] in (32, 9, 10, 13):
            head += 1
        if head == end or data[head] not in (123, 91) or not _is_json(data[begin:end].tobytes()):
            continue
        outside = outside_strings(data, begin, at[first : first + size, 1])
        for n in np.flatnonzero(outside) + first:
            a, b = int(at[n, 1]), int(at[n, 2])
            while a > begin and int(data[a - 1]) in _NUMBER_BYTES:
                a -= 1
            while b < end and int(data[b]) in _NUMBER_BYTES:
                b += 1
            at[n, 1], at[n, 2] = a, b
            found.quoted[n] = changed = True
    return resolve_overlaps(found) if changed else found


def _allowed(data: Bytes, found: _Found, config: ScanConfig) -> _Found:
    if not config.allow or not len(found.at):
        return found
    allow = {literal.casefold() for literal in config.allow}
    texts = (data[a:b].tobytes().decode("utf-8", "replace").casefold() for _, a, b, _ in found.at.tolist())
    return found.take(np.array([text not in allow for text in texts], dtype=np.bool_))


def _once(data: Bytes, starts: Ints, ends: Ints, config: ScanConfig) -> _Found:
    found = resolve_overlaps(_allowed(data, _raw_spans(data, starts, ends, config), config))
    return _widen_json_numbers(data, starts, ends, found) if len(found.at) else found


def _settled(data: Bytes, starts: Ints, ends: Ints, config: ScanConfig) -> _Found:
    """Scan, mask and scan again until the masked rows hold nothing more."""
    found = _once(data, starts, ends, config)
    rows = np.unique(found.at[:, 0])
    for _ in range(_MAX_PASSES):
        if not len(rows):
            break
        # Spans of the rows still open, renumbered to 0..len(rows).
        here = np.isin(found.at[:, 0], rows)
        local = found.at[here].copy()
        local[:, 0] = np.searchsorted(rows, local[:, 0])
        quoted = found.quoted[here]
        masked, m_starts, m_ends, _ = mask_bytes(data, starts[rows], ends[rows], local, quoted, False)
        more = _once(masked, m_starts, m_ends, config)
        if not len(more.at):
            break
        origin = mask_bytes(data, starts[rows], ends[rows], local, quoted, True)[3]
        at = more.at
        low, high = origin[at[:, 1], 0], origin[at[:, 2] - 1, 1]
        more.at = np.column_stack([rows[at[:, 0]], low, high, at[:, 3]])
        found = _union(found.plus(more))
        rows = np.unique(more.at[:, 0])
    return found


def _union(found: _Found) -> _Found:
    """Merge overlapping spans into one that takes the type of highest priority (only a second pass needs it)."""
    found = found.sorted()
    cluster = clusters(found.at)
    sizes = np.bincount(cluster)
    if (sizes == 1).all():
        return found
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    keep = []
    for c in range(len(sizes)):
        members = range(int(bounds[c]), int(bounds[c + 1]))
        best = max(members, key=lambda m: (_PRIORITY[found.at[m, 3]], -m))
        found.at[best, 1] = min(found.at[m, 1] for m in members)
        found.at[best, 2] = max(found.at[m, 2] for m in members)
        found.quoted[best] = any(found.quoted[m] for m in members)
        keep.append(best)
    return found.take(np.array(keep))


def scan(texts: pa.Array, config: ScanConfig | None = None, progress: Callable[[int, int], None] | None = None) -> Spans:
    """Find personal data in a column of texts.

    `progress(done, total)` is called in rows, at least at the end. Work goes in blocks of about 64 MB, so memory stays
    bounded and a caller may stop the scan by raising from `progress`.
    """
    config = config or ScanConfig()
    data, starts, ends = column_bytes(texts)
    total, done = len(starts), 0
    parts: list[tuple[_Found, Ints]] = []
    while done < total:
        limit = int(np.searchsorted(starts, starts[done] + 64_000_000, side="left"))
        stop = min(total, max(limit, done + 1))
        found = _settled(data, starts[done:stop], ends[done:stop], config)
        offsets = code_points(data, starts[done:stop], found.at)
        found.at[:, 0] += done
        parts.append((found, offsets))
        done = stop
        if progress is not None:
            progress(done, total)
    at = np.concatenate([p.at for p, _ in parts]) if parts else np.zeros((0, 4), np.int64)
    offsets = np.concatenate([o for _, o in parts]) if parts else np.zeros((0, 2), np.int64)
    return Spans(
        row=at[:, 0].copy(),
        start=offsets[:, 0].copy(),
        end=offsets[:, 1].copy(),
        code=at[:, 3].copy(),
        score=np.concatenate([p.score for p, _ in parts]).astype(np.float32) if parts else np.zeros(0, np.float32),
        quoted=np.concatenate([p.quoted for p, _ in parts]) if parts else np.zeros(0, np.bool_),
    )


def count_left(texts: pa.Array, config: ScanConfig | None = None) -> dict[str, int]:
    """Number of spans by type that a column still holds: what `apply` reports about its own output."""
    return scan(texts, config).counts()
