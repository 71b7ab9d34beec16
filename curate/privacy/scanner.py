"""Scan a column of texts for personal data and secrets.

Method: (1) the lexer passes once over the UTF-8 bytes of the whole column and proposes candidates; (2) rows that need
it are read a second time in a plain form; (3) recognisers judge the candidates; (4) overlaps are resolved once; (5) in
rows that are JSON a span on a bare number grows to the whole number and asks for a quoted placeholder; (6) the masked
rows are scanned again until nothing is found, so that applying the result and scanning once more finds nothing.

Input: a (large) string array of any length; nulls hold nothing. Output: `Spans`, sorted by row and start, offsets in
code points of the raw text. Deterministic; independent of the number of threads.

Complexity: O(bytes + candidates). Ordinary prose is bound by the lexer, about 100 MB/s on one core; text dense with
numbers by the recognisers (`judging`), 1-15 microseconds a distinct candidate. Names, places, organisations and street
addresses are found by `names`, only where `types` lists them, at about 5 MB/s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curate.privacy import evidence
from curate.privacy import neighbourhood as k
from curate.privacy.amounts import of_money
from curate.privacy.book import Book, book
from curate.privacy.call_secrets import call_secrets
from curate.privacy.chance import weighed
from curate.privacy.column import Block, Bytes, block
from curate.privacy.config import ScanConfig
from curate.privacy.custom import find
from curate.privacy.disguises import byte_edits, find_disguises
from curate.privacy.filings import of_companies
from curate.privacy.jsonrows import is_json, widen_json_numbers
from curate.privacy.judging import Verdicts, recognise
from curate.privacy.kernel import lex, long_row_flags
from curate.privacy.names.find import beside, name_spans
from curate.privacy.names.grids import grid
from curate.privacy.names.things import things
from curate.privacy.ner import ner_spans
from curate.privacy.normalise import normalise
from curate.privacy.operators import mask_bytes
from curate.privacy.overlaps import Found, resolve_overlaps, union
from curate.privacy.passes import code_points
from curate.privacy.signs import BY_SIGNS, by_signs
from curate.privacy.spans import Spans
from curate.privacy.statements import statements
from curate.privacy.tokens_of_ours import without_ours
from curate.privacy.told import passwords, told, words_of
from curate.privacy.types import CODE, KINDS, NAMED
from curate.privacy.windows import LONG, believed, marks, pieces

Ints = npt.NDArray[np.int64]
_MAX_PASSES = 6
_EMAIL = CODE["EMAIL_ADDRESS"]
_CARD = CODE["CREDIT_CARD"]
_NAMED = frozenset(NAMED)
_TOLD = frozenset(("SECRET", "HANDLE", "MAC_ADDRESS", "DATE_OF_BIRTH"))


def _judge(text: Block, candidates: Ints, config: ScanConfig, known: Book, verdicts: Verdicts) -> Found:
    """Spans (bytes) of the candidates that the recognisers accept."""
    wanted = np.array([known.types[code].name in config.types for code in known.type_of])
    plain = candidates[:, 0] == k.EMAIL
    mails = candidates[plain]
    at = np.column_stack([mails[:, 1:4], np.full(len(mails), _EMAIL, np.int64)])
    found = Found(at, np.full(len(mails), 0.95), np.zeros(len(mails), np.bool_))
    rest = candidates[~plain]
    if len(rest):
        at, score = recognise(text, rest, config, verdicts)
        found = found.plus(Found(at, score, np.zeros(len(at), np.bool_)))
    return found.take(wanted[found.at[:, 3]] & (np.round(found.score, 4) >= config.min_score))


def _raw_spans(text: Block, config: ScanConfig, known: Book, verdicts: Verdicts, marked: Bytes | None = None) -> Found:
    """All accepted spans, overlaps included: the plain pass and the pass over normalised rows. `marked`: flags of the texts
    that the rows were cut from."""
    data, starts, ends = text.data, text.starts, text.ends
    national = config.default_region.upper() not in ("US", "CA")
    # A long text that has to be read in its plain form anyway is not read as it stands: its candidates would not count.
    early = long_row_flags(data, starts, ends, LONG)
    if marked is not None:
        early |= marked
    read = np.where(early != 0, starts, ends)
    proposed, count, flags = lex(data, starts, read, national, text.masks, text.name_of)
    flags |= early
    candidates = proposed[:count]
    disguised = find_disguises(data, starts, ends)
    again = np.flatnonzero(flags | disguised)
    if len(again):
        unescape = np.zeros(len(again), np.bool_)
        for n in np.flatnonzero(flags[again] & k.JSON_ESCAPES):
            row = again[n]
            unescape[n] = is_json(data[starts[row] : ends[row]].tobytes())
        edits = byte_edits(data, starts[again], ends[again], disguised[again])
        edited = np.searchsorted(edits[:, 0], ends[again]) > np.searchsorted(edits[:, 0], starts[again])
        useful = unescape | edited | ((flags[again] & (k.UNICODE_FORMS | k.BRACKET_AT)) != 0)
        again, unescape = again[useful], unescape[useful]
    if not len(again):
        return _judge(text, candidates, config, known, verdicts)
    first = ~np.isin(candidates[:, 1], again)
    found = _judge(text, candidates[first], config, known, verdicts)
    written_out = (flags[again] & k.BRACKET_AT) != 0
    plain, p_starts, p_ends, low, high = normalise(data, starts[again], ends[again], unescape, written_out, edits)
    reread = text.part(again).on(plain, p_starts, p_ends)
    proposed, count, _ = lex(plain, p_starts, p_ends, national, reread.masks, reread.name_of)
    second = _judge(reread, proposed[:count], config, known, verdicts)
    if len(second.at):
        at = second.at
        second.at = np.column_stack([again[at[:, 0]], low[at[:, 1]], high[at[:, 2] - 1], at[:, 3]])
        found = found.plus(second)
    return found


def _custom(text: Block, config: ScanConfig) -> Found:
    """Matches of the user's own recognisers, in the raw texts."""
    at: list[tuple[int, int, int, int]] = []
    scores: list[float] = []
    if config.recognizers:
        rows = [text.data[a:b].tobytes() for a, b in zip(text.starts.tolist(), text.ends.tolist())]
        column = pa.array(rows, pa.large_binary()).cast(pa.large_string())
        for number, recognizer in enumerate(config.recognizers):
            for row, spans in enumerate(find(recognizer, column)):
                base = int(text.starts[row])
                at += [(row, base + a, base + b, len(KINDS) + number) for a, b in spans]
                scores += [recognizer.score] * len(spans)
    keep = np.round(np.array(scores, np.float64), 4) >= config.min_score
    places = np.array(at, np.int64).reshape(-1, 4)
    return Found(places, np.array(scores, np.float64), np.zeros(len(at), np.bool_)).take(keep)


def _allowed(text: Block, found: Found, config: ScanConfig) -> Found:
    if not config.allow or not len(found.at):
        return found
    allow = {literal.casefold() for literal in config.allow}
    texts = (text.data[a:b].tobytes().decode("utf-8", "replace").casefold() for _, a, b, _ in found.at.tolist())
    return found.take(np.array([value not in allow for value in texts], dtype=np.bool_))


def _once(text: Block, config: ScanConfig, known: Book, verdicts: Verdicts, marked: Bytes | None = None) -> Found:
    found = _raw_spans(text, config, known, verdicts, marked)
    if "SECRET" in config.types:
        found = found.plus(call_secrets(text))
    words = words_of(text)
    if not _TOLD.isdisjoint(config.types):
        found = found.plus(told(text, config.types, found, words))
    if not BY_SIGNS.isdisjoint(config.types):
        found = found.plus(by_signs(text, config.types))
    cells = grid(text)
    if cells is not None:
        inner = _raw_spans(cells[0], config, known, verdicts)
        inner.at[:, 0] = cells[1][inner.at[:, 0]]
        found = found.plus(inner)
    inserted = statements(text, words)
    if inserted is not None:
        inner = _raw_spans(inserted[0], config, known, verdicts)
        inner.at[:, 0] = inserted[1][inner.at[:, 0]]
        found = found.plus(inner)
        if "SECRET" in config.types:
            found = found.plus(passwords(text, inserted[2]))
    if config.recognizers:
        found = found.plus(_custom(text, config))
    found = resolve_overlaps(without_ours(text, _allowed(text, found, config)), known.priority)
    if not _NAMED.isdisjoint(config.types):
        found = beside(found, _allowed(text, name_spans(text, config.types, config.min_score), config), text)
    if config.ner:
        found = beside(found, _allowed(text, ner_spans(text, config.ner, config.types, config.min_score), config))
    return widen_json_numbers(text.data, text.starts, text.ends, found, known.priority) if len(found.at) else found


def _settled(text: Block, config: ScanConfig, known: Book) -> Found:
    """Scan, mask and scan again until the masked rows hold nothing more."""
    verdicts = Verdicts()
    found = _once(text, config, known, verdicts)
    new = found.at
    for _ in range(_MAX_PASSES):
        if not len(new):
            break
        # The texts where something was found last, numbered anew, and the spans in them.
        rows = np.unique(new[:, 0])
        whole = text.part(rows)
        here = np.flatnonzero(np.isin(found.at[:, 0], rows))
        local, kept, open_rows, owner = _in_pieces(whole, _of(rows, found.at[here]), _of(rows, new), config)
        quoted = found.quoted[here[kept]]
        masked, origin = mask_bytes(open_rows, local, quoted, config.stand_ins or known.placeholders, False)
        # A window is read in its plain form wherever its text would be.
        marked = marks(whole, open_rows, owner, masked) if open_rows is not whole else None
        more = _once(masked, config, known, verdicts, marked)
        if not len(more.at):
            break
        origin = mask_bytes(open_rows, local, quoted, config.stand_ins or known.placeholders, True)[1]
        at = more.at
        low, high = origin[at[:, 1], 0], origin[at[:, 2] - 1, 1]
        sure = believed(open_rows, at[:, 0], low, high, whole, owner)
        more.at = np.column_stack([rows[owner[at[:, 0]]], low, high, at[:, 3]])
        more = more.take(sure)
        found, new = union(found.plus(more), known.priority), more.at
    return found


def _of(rows: Ints, at: Ints) -> Ints:
    """Spans of some rows, which are numbered 0..len(rows)."""
    return np.column_stack([np.searchsorted(rows, at[:, 0]), at[:, 1:]])


def _in_pieces(text: Block, at: Ints, new: Ints, config: ScanConfig) -> tuple[Ints, Ints, Block, Ints]:
    """The parts of the texts that are read again because of `new` spans, the spans `at` that stand in them and which of all
    those are, and the text of each part. Names speak for a whole text, so where they are asked for it is read whole."""
    every = np.arange(len(at))
    if config.ner or not _NAMED.isdisjoint(config.types):
        return at, every, text, np.arange(len(text.starts))
    parts, owner = pieces(text, at, new)
    if parts is text:
        return at, every, parts, owner
    reach = 1 + int(text.ends.max())
    piece = np.searchsorted(owner * reach + parts.starts, at[:, 0] * reach + at[:, 1], side="right") - 1
    kept = every[(piece >= 0) & (owner[piece] == at[:, 0]) & (at[:, 1] < parts.ends[piece])]
    return np.column_stack([piece, at[:, 1:]])[kept], kept, parts, owner


def _by_words(
    text: Block, at: Ints, score: npt.NDArray[np.float64], short: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Scores of bare cards in long texts, after what the numbers behind the same words say."""
    sizes = at[:, 2] - at[:, 1]
    cards = np.flatnonzero((at[:, 3] == _CARD) & ~short[at[:, 0]] & (sizes <= 19))
    if not len(cards):
        return score
    words = evidence.words_before(text.data, text.starts, at[cards, 0], at[cards, 1])
    runs = evidence.runs_behind_words(text.data, text.starts[~short], text.ends[~short])
    out = score.copy()
    out[cards] = evidence.behind_words(sizes[cards], words, score[cards], *runs)
    return out


def scan(
    texts: pa.Array,
    config: ScanConfig | None = None,
    progress: Callable[[int, int], None] | None = None,
    names: str | Sequence[str] = "",
) -> Spans:
    """Find personal data in a column of texts.

    `names`: the name of the column, or one name a row (the key that a nested string stands under); it speaks of short
    cells as words before them would. `progress(done, total)` is called in rows, at least at the end. Work goes in
    blocks of about 64 MB, so memory stays bounded and a caller may stop the scan by raising from `progress`.
    """
    config = config or ScanConfig()
    whole = block(texts, names)
    return concluded(whole, proposed(whole, config, progress), config)


@dataclass(frozen=True)
class Proposed:
    """Spans that texts hold each by itself, whatever the others hold, in order."""

    at: Ints
    """int64[n, 4]: text, start byte, end byte, kind. Bytes are places in a `Block`, or from the start of the text."""
    offsets: Ints
    """int64[n, 2]: start and end in code points of the text."""
    score: npt.NDArray[np.float64]
    quoted: npt.NDArray[np.bool_]

    def take(self, index: Ints) -> Proposed:
        """The spans at these positions."""
        return Proposed(self.at[index], self.offsets[index], self.score[index], self.quoted[index])

    def moved(self, text: Ints, by: Ints) -> Proposed:
        """The same in texts that are numbered otherwise, bytes counted from elsewhere."""
        at = np.column_stack([text, self.at[:, 1] + by, self.at[:, 2] + by, self.at[:, 3]])
        return Proposed(at, self.offsets, self.score, self.quoted)

    def plus(self, other: Proposed) -> Proposed:
        """Both, in order."""
        names = ("at", "offsets", "score", "quoted")
        both = Proposed(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))
        return both.take(np.lexsort((both.at[:, 1], both.at[:, 0])))


def scan_new(
    texts: pa.Array, config: ScanConfig, names: str | Sequence[str], new: Ints, before: Proposed
) -> tuple[Spans, Proposed]:
    """What `scan` finds in texts of which only `new` (places, ascending) were not looked at before, and all that each
    text proposes; `before` is what the others propose. Bytes count from the start of each text.
    """
    whole = block(texts, names)
    # A block of their own, because some passes go over all bytes from the first text to the last.
    some = block(texts.take(pa.array(new)), names if isinstance(names, str) else [names[i] for i in new.tolist()])
    fresh = proposed(some, config)
    text = fresh.at[:, 0]
    every = fresh.moved(new[text], -some.starts[text]).plus(before)
    place = whole.starts[every.at[:, 0]]
    return concluded(whole, every.moved(every.at[:, 0], place), config), every


def proposed(whole: Block, config: ScanConfig, progress: Callable[[int, int], None] | None = None) -> Proposed:
    """What each text proposes by itself."""
    known = book(config.recognizers)
    total, done = len(whole.starts), 0
    parts: list[tuple[Found, Ints]] = []
    while done < total:
        limit = int(np.searchsorted(whole.starts, whole.starts[done] + 64_000_000, side="left"))
        stop = min(total, max(limit, done + 1))
        part = whole.part(slice(done, stop))
        found = _settled(part, config, known)
        offsets = code_points(part.data, part.starts, found.at)
        found.at[:, 0] += done
        parts.append((found, offsets))
        done = stop
        if progress is not None:
            progress(done, total)
    at = np.concatenate([p.at for p, _ in parts]) if parts else np.zeros((0, 4), np.int64)
    offsets = np.concatenate([o for _, o in parts]) if parts else np.zeros((0, 2), np.int64)
    score = np.concatenate([p.score for p, _ in parts]) if parts else np.zeros(0)
    quoted = np.concatenate([p.quoted for p, _ in parts]) if parts else np.zeros(0, np.bool_)
    return Proposed(at, offsets, score, quoted)


def concluded(whole: Block, found: Proposed, config: ScanConfig) -> Spans:
    """The spans that stay once the column as a whole has spoken."""
    known = book(config.recognizers)
    at, offsets, score, quoted = found.at, found.offsets, found.score, found.quoted
    runs: Ints | None = None
    if np.count_nonzero(at[:, 3] == _CARD) > 1:
        # Most columns hold no card; the pass that counts runs of digits is for those that do.
        short = whole.ends - whole.starts <= k.SHORT_CELL
        runs = evidence.tally(whole.data, whole.starts[short], whole.ends[short])
        cards = (at[:, 3] == _CARD) & short[at[:, 0]]
        sizes = np.where(cards, at[:, 2] - at[:, 1], 0)
        score = evidence.adjusted(sizes, score, evidence.verdicts(runs))
        score = _by_words(whole, at, score, short)
    score = of_money(whole, at, of_companies(whole, at, weighed(whole, at, score)))
    keep = (np.round(score, 4) >= config.min_score) & ~things(whole, at)
    if not keep.all():
        at, offsets, score, quoted = at[keep], offsets[keep], score[keep], quoted[keep]
    return Spans(
        row=at[:, 0].copy(),
        start=offsets[:, 0].copy(),
        end=offsets[:, 1].copy(),
        code=known.type_of[at[:, 3]],
        kind=at[:, 3].copy(),
        score=score.astype(np.float32),
        quoted=quoted,
        book=known,
        digit_runs=runs,
    )


def count_left(texts: pa.Array, config: ScanConfig | None = None) -> dict[str, int]:
    """Number of spans by type that a column still holds: what `apply` reports about its own output."""
    return scan(texts, config).counts()
