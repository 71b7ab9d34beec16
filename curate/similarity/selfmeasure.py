"""Self-measurement: what recall and precision a near-duplicates run had on this data, each with an interval.

Three measurements, none of which uses what it measures:

`pairs`: up to `QUERY_ROWS` rows drawn by the seed are joined exactly (`samplejoin`, no sketches) with all rows, or in
larger data with `SCANNED_BYTES` of them. Of the pairs at the threshold or above, how many did the run find? Rows of
larger data are drawn by a hash of their first or last bytes, or two of a million would hardly be partners: pairs that
differ at both ends are missing there. A row with several partners counts once, by the partner drawn first, so that one
large cluster does not speak for all; pairs of one cluster still lean on each other. Counted as found: an edge of the
pair, identical shingles, or edges of both to one common row, for which both can go (see `buckets`).
`edits`: copies of drawn rows, edited word by word until their similarity to the original lands at the threshold, 0.1
above it, and so on; original and copy pass the same sketch, templates and bands as the run. How many share a band?
`precision`: drawn edges at the threshold, recomputed with Python sets of word tuples (`reference`). How many hold?
It is 1 by construction, because every edge was verified; this looks whether the verification itself is right.

A pair counts only where plain and weighted Jaccard both reach their thresholds, as in the run. Rows of more than
`LONGEST_ROW` bytes are left out everywhere, and of the edits and edges those beyond `LONGEST_TEXT`.
Intervals: 95 %, Wilson (1927). Nothing to count gives no number: `Share.value` is None.
Cost: bounded by the constants below: about 0.25 s of one core, 0.1 s more for each 400 MB to draw rows from, and where
the data has templates the time of finding them again. The result depends on data, configuration and seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.similarity import reference
from curate.similarity.minhash import Layout, sketch
from curate.similarity.near import Edges, NearConfig
from curate.similarity.samplejoin import Joined, chosen_by_ends, join_sample
from curate.similarity.sets import SetTable, build_sets, score_pairs
from curate.similarity.templates import NO_TEMPLATES, Templates, find_templates, weighted_keys, weighted_pairs
from curate.similarity.texts import Texts, as_large_strings, for_shingles
from curate.statistics import wilson

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

QUERY_ROWS = 1500
QUERY_BYTES = 3 << 19
SCANNED_BYTES = 8 << 20
SCAN_WORK = 100_000_000
LONGEST_ROW = 1 << 16
LONGEST_TEXT = 4096
EDITED_ROWS = 100
CHECKED_EDGES = 200
CHECKED_BYTES = 1 << 18
SHORT_WORDS, SHORT_TRIES = 40, 4
"""In short texts few places land where wanted, so more of them are tried."""
STEP, WIDTH = 0.1, 0.05


@dataclass(frozen=True)
class Share:
    """`hits` of `of`, and the share that this estimates."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """The share; None where there was nothing to count."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval; None where there was nothing to count."""
        return wilson(self.hits, self.of) if self.of else None


@dataclass(frozen=True)
class SelfMeasurement:
    """What one run came to on its own data."""

    threshold: float
    pairs: Share
    """Of the pairs of a sample at the threshold or above, those found."""
    close_pairs: Share
    """The same from `STEP` above the threshold."""
    edits: tuple[tuple[float, Share], ...]
    """By lowest similarity: of the edited copies at it or up to `WIDTH` above, those that would be compared."""
    precision: Share
    """Of the edges at the threshold, those that hold when recomputed."""
    rows_asked: int
    """Rows whose partners were looked for."""
    rows_read: int
    """Rows among which they were looked for."""


def measure(
    texts: pa.Array | pa.ChunkedArray, config: NearConfig, edges: Edges, threads: int = 1, rows: Ints | None = None
) -> SelfMeasurement:
    """Measure a finished run: `edges` must be what `near_duplicate_edges` gave for `texts`, or for these `rows` of it."""
    strings = as_large_strings(texts)
    corpus = _Corpus(strings, np.arange(len(strings)) if rows is None else rows, threads)
    rng = np.random.Generator(np.random.PCG64([config.seed, 0x5E1F]))
    drawn = _drawn(corpus, rng)
    templates = NO_TEMPLATES
    if edges.stats.get("template_shingles"):
        templates = find_templates(
            strings, config.words, share=config.template_share, seed=config.seed, unit=config.unit, threads=threads,
            rows=rows,
        )
    due, asked = _due_pairs(corpus, drawn, config, templates)
    found = _found(edges, due.query, due.other, config)
    strong = due.score >= np.float32(min(1.0, round(config.threshold + STEP, 9)))
    return SelfMeasurement(
        threshold=config.threshold,
        pairs=_one_a_query(due, found, np.ones(len(found), np.bool_)),
        close_pairs=_one_a_query(due, found, strong),
        edits=_edits(corpus, drawn, config, templates, rng),
        precision=_precision(corpus, edges, config, rng),
        rows_asked=asked,
        rows_read=due.rows_read,
    )


@dataclass(frozen=True)
class _Corpus:
    """The rows of the run: row i is `strings[rows[i]]`."""

    strings: pa.LargeStringArray
    rows: Ints
    threads: int

    def take(self, rows: Ints) -> pa.LargeStringArray:
        """The texts of some rows of the run."""
        return self.strings.take(pa.array(self.rows[rows]))

    def sizes(self) -> Ints:
        """Bytes of each row of the run."""
        size: Ints = pc.fill_null(pc.binary_length(self.strings), 0).to_numpy(zero_copy_only=False)[self.rows]
        return size


def _drawn(corpus: _Corpus, rng: np.random.Generator) -> Ints:
    """Rows that are neither blank nor too long, up to about `SCANNED_BYTES`, in random order."""
    size = corpus.sizes()
    usable = (size > 0) & (size <= LONGEST_ROW)
    total = int(size[usable].sum())
    if total > SCANNED_BYTES:
        share, seed = 1.25 * SCANNED_BYTES / total, int(rng.integers(2**62))
        chosen = usable & chosen_by_ends(corpus.strings, share, seed, corpus.threads)[corpus.rows]
        usable = chosen if size[chosen].sum() > SCANNED_BYTES / 4 else usable
    rows: Ints = rng.permutation(np.flatnonzero(usable))
    return rows[: np.searchsorted(np.cumsum(size[rows]), SCANNED_BYTES, "right")]


def _due_pairs(corpus: _Corpus, drawn: Ints, config: NearConfig, templates: Templates) -> tuple[Joined, int]:
    """The pairs of the sample that the run should have found, and how many rows were asked."""
    threads, taken = corpus.threads, corpus.take(drawn)
    size = pc.binary_length(taken).to_numpy(zero_copy_only=False)
    asked = min(QUERY_ROWS, int(np.searchsorted(np.cumsum(size), QUERY_BYTES, "right")))
    read = for_shingles(taken, threads, config.unit)
    count = np.maximum(1, read.stop - read.start)  # room enough: no row has more shingles than bytes
    queries = build_sets(read, np.arange(asked), count, config.words, threads)
    joined = join_sample(read, queries, np.arange(len(drawn)), config.words, config.threshold, SCAN_WORK, threads)
    if templates and len(joined.query):
        both = np.unique(np.concatenate([joined.query, joined.other]))
        sets = build_sets(read, both, count, config.words, threads)
        due = _alike(sets, templates, joined.query, joined.other, config, threads)
        joined = Joined(joined.query[due], joined.other[due], joined.score[due], joined.rows_read)
    return Joined(drawn[joined.query], drawn[joined.other], joined.score, joined.rows_read), asked


def _alike(
    sets: SetTable, templates: Templates, left: Ints, right: Ints, config: NearConfig, threads: int
) -> NDArray[np.bool_]:
    """Which pairs at the threshold are copies with templates discounted, too."""
    weighed = templates.weighed(sets, threads)
    least = np.float32(config.threshold if config.weighted_threshold is None else config.weighted_threshold)
    alike = weighted_pairs(sets, weighed.weight, left, right, threads) >= least
    alike[alike] = score_pairs(weighed, left[alike], right[alike], config.floor, threads) >= 0
    return alike


def _found(edges: Edges, left: Ints, right: Ints, config: NearConfig) -> NDArray[np.bool_]:
    """Which pairs the run holds: identical shingles, an edge, or edges of both to one common row."""
    if len(left) == 0:
        return np.zeros(0, np.bool_)
    strong = edges.at(config.threshold, config.weighted_threshold)
    first = np.arange(edges.n_rows)
    same = strong.score >= 1.0
    first[strong.b[same]] = strong.a[same]
    left, right = first[left], first[right]
    wanted = np.zeros(edges.n_rows, np.bool_)
    wanted[left] = wanted[right] = True
    near: dict[int, set[int]] = {}
    touched = np.flatnonzero(wanted[strong.a] | wanted[strong.b])
    for a, b in zip(strong.a[touched].tolist(), strong.b[touched].tolist()):
        near.setdefault(a, {a}).add(b)
        near.setdefault(b, {b}).add(a)
    none: set[int] = set()
    return np.array(
        [a == b or not near.get(a, none).isdisjoint(near.get(b, none)) for a, b in zip(left.tolist(), right.tolist())]
    )


def _one_a_query(due: Joined, found: NDArray[np.bool_], counted: NDArray[np.bool_]) -> Share:
    """One pair for each row that was asked and has any, the first that the random order brought; each pair once."""
    which = np.flatnonzero(counted)
    _, at = np.unique(due.query[which], return_index=True)
    chosen = which[at]
    low, high = np.minimum(due.query, due.other)[chosen], np.maximum(due.query, due.other)[chosen]
    _, at = np.unique(np.stack([low, high], axis=1), axis=0, return_index=True)
    return Share(int(found[chosen[at]].sum()), len(at))


def _edits(
    corpus: _Corpus, drawn: Ints, config: NearConfig, templates: Templates, rng: np.random.Generator
) -> tuple[tuple[float, Share], ...]:
    levels = [round(level, 9) for level in np.arange(config.threshold, 0.999, STEP).tolist()]
    usable = drawn[corpus.sizes()[drawn] <= LONGEST_TEXT][: EDITED_ROWS * len(levels)]
    originals, copies, level_of = [], [], []
    for i, text in enumerate(corpus.take(usable).to_pylist()):
        copy = _edited(text, levels[i % len(levels)], config, rng)
        if copy is not None:
            originals.append(text)
            copies.append(copy)
            level_of.append(i % len(levels))
    together = _share_a_band(originals, copies, config, templates, corpus.threads)
    level = np.array(level_of, np.int64)
    due = together >= 0
    return tuple(
        (levels[k], Share(int((together[level == k] > 0).sum()), int((due & (level == k)).sum())))
        for k in range(len(levels))
    )


def _edited(text: str, level: float, config: NearConfig, rng: np.random.Generator) -> str | None:
    """A copy whose similarity lies in `level..level + WIDTH`, by replacing words; None if none was hit."""
    words, unit = config.words, config.unit
    tokens, original = reference.tokens(text, unit), reference.shingles(text, words, unit)
    for _ in range(1 if len(tokens) > SHORT_WORDS else SHORT_TRIES):
        changed, best = list(tokens), None
        for places in _places(len(tokens), len(original), level, words, rng):
            for place in places:
                drawn = int(rng.integers(20_000))
                changed[place] = f"z{drawn:x}q" if unit == "word" else chr(0x4E00 + drawn)
            similarity = reference.jaccard(original, reference.shingles_of(changed, words))
            if similarity < level:
                break
            if similarity < level + WIDTH:
                best = " ".join(changed)
        if best is not None:
            return best
    return None


def _places(n: int, shingles: int, level: float, words: int, rng: np.random.Generator) -> Iterator[list[int]]:
    """Words to replace, in random order: most of what the level needs at once, the rest one by one."""
    order = rng.permutation(n).tolist()
    changed = shingles * (1.0 - level) / (1.0 + level)  # shingles that may go, if as many new ones come
    at_once = max(1, int(changed / words) - 1)
    yield order[:at_once]
    for place in order[at_once:]:
        yield [place]


def _share_a_band(
    originals: list[str], copies: list[str], config: NearConfig, templates: Templates, threads: int
) -> NDArray[np.int8]:
    """1 where original and copy would be compared, 0 where not, -1 where the copy is no duplicate at all."""
    n = len(originals)
    texts: Texts = for_shingles(pa.array([*originals, *copies], pa.large_string()), threads, config.unit)
    layout: Layout = config.layout
    made = sketch(texts, layout, config.words, config.seed, threads)
    left, right, keys = np.arange(n), n + np.arange(n), made.keys
    rows = np.flatnonzero(made.count > 0)
    sets = build_sets(texts, np.arange(2 * n), made.count, config.words, threads)
    due = score_pairs(sets, left, right, config.threshold, threads) >= np.float32(config.threshold)
    if templates:
        keys = weighted_keys(texts, rows, made.count, layout, config.words, templates, config.seed, threads)
        due &= _alike(sets, templates, left, right, config, threads)
    return np.where(due, (keys[:, left] == keys[:, right]).any(axis=0), -1).astype(np.int8)


def _precision(corpus: _Corpus, edges: Edges, config: NearConfig, rng: np.random.Generator) -> Share:
    least = np.float32(config.threshold if config.weighted_threshold is None else config.weighted_threshold)
    strong = np.flatnonzero((edges.score >= np.float32(config.threshold)) & (edges.weighted >= least))
    drawn = strong[rng.permutation(len(strong))[: 4 * CHECKED_EDGES]]
    hits = of = 0
    budget = CHECKED_BYTES
    for edge in drawn.tolist():
        one, two = (corpus.strings[int(corpus.rows[side[edge]])] for side in (edges.a, edges.b))
        size = one.as_buffer().size + two.as_buffer().size
        if of == CHECKED_EDGES or size > 2 * LONGEST_TEXT:
            continue
        if size > budget:
            break
        budget -= size
        similarity = reference.jaccard(
            *(reference.shingles(side.as_py(), config.words, config.unit) for side in (one, two))
        )
        of += 1
        reaches = np.float32(similarity) >= np.float32(config.threshold)
        hits += bool(reaches and abs(similarity - float(edges.score[edge])) < 1e-6)
    return Share(hits, of)
