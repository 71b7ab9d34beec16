"""What changed between two versions of a dataset.

Methods. *Labels and groups*: total variation distance, half the sum of the differences of shares, less what chance
alone would make (the mean over permutations of old and new rows, taken away in squares as independent noise adds),
with an interval from bootstrap draws of clusters of near-duplicates; values that are new or gone. *Lengths*: the two-
sample statistic of Kolmogorov and Smirnov, and the medians. *Can a model tell them apart* (classifier two-sample
test; Lopez-Paz and Oquab, 2017): a quick text model is fitted to half of the clusters and scores the other half; area
under the ROC curve with a percentile interval over clusters, and a p-value from permuting old and new among the
clusters it did not see. *Kinds of text* that came, grew or went, and the shift of the mean vector: see `slices`. *Words
that separate*: see `words`. *Kept rows*: new rows that repeat an old one, word for word or nearly; the comparison of texts
leaves them out, for they say nothing of what is new.

The recommendation is a rule, stated with its reasons: train again where a label is new, where labels moved by at least
`MOVED` for sure, where a kind of text is new that makes up at least `MOVED` of the rows, or where the texts are told apart
for sure (p below 0.01 and the area's lower end at least `APART`); not needed where both upper ends lie below these, or
where labels' does and every new row repeats an old one; otherwise the evidence does not tell.

Shapes: two datasets with the same roles; at most `MOST_ROWS` rows of either are compared by the model and in words.
Deterministic for a seed. It does not know which change matters: a new topic and a new spelling of thanks are both drift.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from audit.drift.slices import Shift, Slice, placed
from audit.drift.words import Words
from curate.dataset import Dataset
from curate.errors import DataError
from curate.labels.names import spelling_key
from curate.labels.probabilities import ensemble_probabilities, one_hot
from curate.similarity.exact import exact_groups
from curate.similarity.near import NearConfig, near_duplicate_edges
from curate.words import percent, plural

MOST_ROWS = 10_000
FEWEST_A_SIDE = 100
MOVED, APART = 0.05, 0.6
DRAWS = 500
WORDS_A_SLICE = 5
NOTHING_NEW = "every new row repeats an old one, or nearly"

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """How the values of one role moved."""

    role: str
    column: str
    distance: float
    """Total variation distance, 0 to 1, less what chance alone makes."""
    low: float
    high: float
    new: tuple[str, ...]
    """Values that only the new data has, most frequent first."""
    gone: tuple[str, ...]
    moved: tuple[tuple[str, float, float], ...]
    """(value, share before, share after), largest change first."""
    rows: int = 0
    """Rows with a value on the smaller side."""


@dataclass(frozen=True)
class Apart:
    """Whether a model tells old rows from new ones."""

    auc: float
    low: float
    high: float
    p: float
    rows: int
    """Rows that it was tested on."""


@dataclass(frozen=True)
class Drift:
    """The whole answer; strings are safe to show."""

    old_rows: int
    new_rows: int
    repeated: float
    """Share of the new rows that say what an old row says, word for word."""
    nearly: float
    """Share of the new rows that nearly repeat an old one, or repeat it."""
    shares: tuple[Shares, ...]
    lengths: dict[str, float]
    """Medians of characters before and after, the Kolmogorov-Smirnov statistic and its p-value."""
    apart: Apart | None
    why_missing: str
    words_new: tuple[str, ...]
    words_gone: tuple[str, ...]
    recommendation: str
    reasons: tuple[str, ...] = field(default=())
    shift: Shift | None = None
    """How far the mean vector of the texts moved; None with too few rows."""
    slices: tuple[Slice, ...] = ()
    """Kinds of text whose share changed for sure, largest change first."""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def measure(old: Dataset, new: Dataset, seed: int = 0, threads: int = 1) -> Drift:
    """Compare two datasets; DataError where their tasks differ, or neither has text."""
    if old.task != new.task:
        raise DataError(f"{old.source.path} is read as {old.task}, {new.source.path} as {new.task}; name --task")
    if old.is_table or new.is_table:
        raise DataError("drift is measured on texts, and the data holds none")
    a, b = old.content(), new.content()
    texts = pa.concat_arrays([a, b])
    side = np.r_[np.zeros(len(a), np.int64), np.ones(len(b), np.int64)]
    exact = exact_groups(texts, threads=threads)
    first = np.where(exact >= 0, exact, np.arange(len(texts)))
    cluster = near_duplicate_edges(texts, NearConfig(template_share=0.02), threads=threads).clusters(0.8)
    known = np.zeros(len(texts), bool)
    known[first[side == 0]] = True
    near = np.zeros(len(texts), bool)
    near[cluster[side == 0]] = True
    lengths = _lengths(a, b)
    shares = tuple(_shares(old, new, cluster, seed))
    repeats = near[cluster] | known[first]  # a text of no words has no near duplicates, only copies
    fresh = np.flatnonzero(~repeats | (side == 0))  # rows that were carried over say nothing of what is new
    apart, why = _apart(texts, side, cluster, fresh, seed, threads)
    chosen = _sampled(side, fresh, seed)
    some, some_side = texts.take(pa.array(chosen)), side[chosen]
    words = Words.of(some)
    words_new, words_gone = words.separate(some_side == 1)
    shift, slices = _kinds(some, some_side, cluster[chosen], words, seed, threads)
    recommendation, reasons = _advice(shares, apart, why, slices)
    return Drift(
        old_rows=len(a),
        new_rows=len(b),
        repeated=round(float(known[first[side == 1]].mean()), 4),
        nearly=round(float(repeats[side == 1].mean()), 4),
        shares=shares,
        lengths=lengths,
        apart=apart,
        why_missing=why,
        words_new=words_new,
        words_gone=words_gone,
        recommendation=recommendation,
        reasons=reasons,
        shift=shift,
        slices=slices,
    )


def _lengths(a: pa.Array, b: pa.Array) -> dict[str, float]:
    import pyarrow.compute as pc
    from scipy.stats import ks_2samp

    one, two = (pc.utf8_length(x).to_numpy(zero_copy_only=False) for x in (a, b))
    found = ks_2samp(one, two)
    return {
        "median_before": float(np.median(one)), "median_after": float(np.median(two)),
        "ks": round(float(found.statistic), 4), "p": round(float(found.pvalue), 6),
    }  # fmt: skip


def _shares(old: Dataset, new: Dataset, cluster: Ints, seed: int) -> list[Shares]:
    """Labels and sensitive groups that both versions have."""
    from curate.privacy.preview import shown_names

    columns: list[tuple[str, str, Any, Any]] = []
    if old.labels() is not None and new.labels() is not None:
        columns.append(("label", old.roles.label[0], old.labels(), new.labels()))
    there = new.groups()
    columns += [("group", name, values, there[name]) for name, values in old.groups().items() if name in there]
    out = []
    for role, name, before, after in columns:
        values = [*before.to_pylist(), *after.to_pylist()]
        spelled = _spelled(values) if role == "label" else {v: v for v in values if v is not None}
        names = sorted(set(spelled.values()))
        place = {name: i for i, name in enumerate(names)}
        shown, code = shown_names(names), {v: place[name] for v, name in spelled.items()}
        codes = np.array([code.get(v, -1) for v in values], np.int64)
        side = np.r_[np.zeros(len(before), np.int64), np.ones(len(after), np.int64)]
        column = shown_names([name])[name]
        out.append(_moved(role, column, codes, side, cluster, [shown[v] for v in names], seed))
    return out


def _spelled(values: Sequence[str | None]) -> dict[str, str]:
    """For each label the commonest spelling of it: `Refund Request` is no new label beside `refund_request`."""
    counts = Counter(v for v in values if v is not None)
    keys = {value: spelling_key(value) or value for value in counts}
    commonest: dict[str | tuple[str, str], str] = {}
    for value in sorted(counts, key=lambda v: (-counts[v], v)):
        commonest.setdefault(keys[value], value)
    return {value: commonest[keys[value]] for value in counts}


def _moved(role: str, column: str, codes: Ints, side: Ints, cluster: Ints, names: list[str], seed: int) -> Shares:
    has = codes >= 0
    codes, side = codes[has], side[has]
    _, group = np.unique(cluster[has], return_inverse=True)
    k, rng = len(names), np.random.default_rng(seed)

    def distance(times: Floats, which: Ints) -> float:
        counts = np.stack([np.bincount(codes[which == s], times[which == s], minlength=k) for s in (0, 1)])
        total = counts.sum(axis=1, keepdims=True)
        return float(np.abs(np.diff(counts / np.maximum(total, 1), axis=0)).sum() / 2)

    ones = np.ones(len(codes))
    # Of two samples of one source the distance is never zero: what chance makes is taken away.
    by_chance = float(np.mean([distance(ones, rng.permutation(side)) for _ in range(100)]))
    n_groups = int(group.max()) + 1 if len(group) else 0
    draws = []
    for _ in range(DRAWS):
        times = np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups).astype(np.float64)[group]
        draws.append(distance(times, side))
    raw = distance(ones, side)
    spread = np.asarray(draws) - np.mean(draws)  # a bootstrap draw is farther apart than the data; its spread is right
    ends = np.clip(np.percentile(raw + spread, (2.5, 97.5)), 0.0, 1.0)
    counts = np.stack([np.bincount(codes[side == s], minlength=k) for s in (0, 1)]).astype(np.float64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    order = np.argsort(-np.abs(share[1] - share[0]), kind="stable")
    only = [np.flatnonzero((counts[s] > 0) & (counts[1 - s] == 0)) for s in (0, 1)]
    gone, new = (tuple(names[i] for i in at[np.argsort(-counts[s, at], kind="stable")]) for s, at in enumerate(only))
    moved = tuple((names[i], round(float(share[0, i]), 4), round(float(share[1, i]), 4)) for i in order[:10].tolist())
    middle, low, high = (
        round(float(np.sqrt(max(0.0, x * x - by_chance * by_chance))), 4) for x in (raw, ends[0], ends[1])
    )
    return Shares(role, column, middle, min(low, middle), max(high, middle), new, gone, moved, int(min(counts.sum(axis=1))))


def _apart(
    texts: pa.Array, side: Ints, cluster: Ints, fresh: Ints, seed: int, threads: int
) -> tuple[Apart | None, str]:
    """The classifier two-sample test on as many old rows as new ones."""
    from curate.labels.features import text_features

    rng = np.random.default_rng(seed)
    sides = [rng.permutation(fresh[side[fresh] == s]) for s in (0, 1)]
    m = min(MOST_ROWS, *map(len, sides))
    if not len(sides[1]):
        return None, NOTHING_NEW
    if m < FEWEST_A_SIDE:
        fewer_new = len(sides[1]) < len(sides[0])
        few = f"{plural(m, 'new row')} that no old row repeats" if fewer_new else plural(m, "old row")
        return None, f"{few}; at least {FEWEST_A_SIDE} are needed"
    rows = np.sort(np.concatenate([s[:m] for s in sides]))
    _, group = np.unique(cluster[rows], return_inverse=True)
    half = rng.permutation(np.arange(int(group.max()) + 1) % 2)
    test = half[group] == 1
    features = text_features(texts.take(pa.array(rows)), threads=threads, max_columns=200_000).weighted
    target = one_hot(side[rows], 2)
    # Two folds, the halves: each half is scored by a model of the other, and only one of them is the test.
    scores = ensemble_probabilities(features, target, test.astype(np.int8), seed=seed, threads=threads)[:, 1]
    s, y, g = scores[test].astype(np.float64), side[rows][test], group[test]
    auc = _auc(s, y)
    _, g = np.unique(g, return_inverse=True)
    n = int(g.max()) + 1
    draws = []
    for _ in range(DRAWS):
        times = np.bincount(rng.integers(0, n, n), minlength=n)[g]
        draws.append(_auc(np.repeat(s, times), np.repeat(y, times)))
    low, high = np.percentile(draws, (2.5, 97.5))
    # A cluster of fresh rows is all old or all new: by clusters the labels may be exchanged where nothing drifted.
    by_cluster = np.bincount(g, s) / np.bincount(g)
    new = np.bincount(g, y) / np.bincount(g) > 0.5
    seen = _auc(by_cluster, new)
    as_far = sum(_auc(by_cluster, rng.permutation(new)) >= seen for _ in range(DRAWS))
    p = (1 + as_far) / (1 + DRAWS)
    return Apart(round(auc, 4), round(float(low), 4), round(float(high), 4), round(p, 4), len(y)), ""


def _auc(score: Floats, positive: npt.NDArray[Any]) -> float:
    """Area under the ROC curve; ties count half."""
    from scipy.stats import rankdata

    n = int(positive.sum())
    m = len(positive) - n
    if not n or not m:
        return 0.5
    return float((rankdata(score)[positive == 1].sum() - n * (n + 1) / 2) / (n * m))


def _sampled(side: Ints, fresh: Ints, seed: int) -> Ints:
    """At most `MOST_ROWS` fresh rows of either side."""
    rng = np.random.default_rng(seed)
    return np.sort(np.concatenate([rng.permutation(fresh[side[fresh] == s])[:MOST_ROWS] for s in (0, 1)]))


def _kinds(
    texts: pa.Array, side: Ints, cluster: Ints, words: Words, seed: int, threads: int
) -> tuple[Shift | None, tuple[Slice, ...]]:
    """How far the texts moved as a whole, and the kinds of text whose share changed, in words."""
    if min(np.bincount(side, minlength=2)) < FEWEST_A_SIDE:
        return None, ()
    shift, found, slice_of = placed(texts, side, cluster, seed, threads)
    return shift, tuple(replace(s, words=words.separate(slice_of == j)[0][:WORDS_A_SLICE]) for j, s in enumerate(found))


def _advice(
    shares: tuple[Shares, ...], apart: Apart | None, why: str, slices: tuple[Slice, ...]
) -> tuple[str, tuple[str, ...]]:
    """The stated rule."""
    reasons = []
    labels = [s for s in shares if s.role == "label"]
    for s in labels:
        if s.new:
            reasons.append(f"{plural(len(s.new), 'new label')}: {', '.join(s.new[:5])}")
        if s.low >= MOVED and s.rows >= FEWEST_A_SIDE:
            reasons.append(f"labels moved by {s.distance:.3f} [{s.low:.3f}, {s.high:.3f}], at least {MOVED:g} for sure")
    if apart is not None and apart.p < 0.01 and apart.low >= APART:
        reasons.append(
            f"a model tells new rows from old ones: area {apart.auc:.3f} [{apart.low:.3f}, {apart.high:.3f}], "
            f"p = {apart.p:.3g}"
        )
    for kind in slices:
        if kind.kind == "new" and kind.after >= MOVED:
            about = f" ({', '.join(kind.words[:3])})" if kind.words else ""
            now = f"{percent(kind.before)} of the rows before, {percent(kind.after)} now"
            reasons.append(f"a kind of text{about} is new: {now}, p = {kind.p:.3g}")
    if reasons:
        return "train again", tuple(reasons)
    if why == NOTHING_NEW and all(s.high < MOVED for s in labels):
        return "not needed", (f"{why}{', and the labels have not moved' if labels else ''}",)
    if apart is None:
        return "insufficient evidence", (f"the texts could not be compared: {why}",)
    if apart.high < APART and all(s.high < MOVED and s.rows >= FEWEST_A_SIDE for s in labels):
        return "not needed", ("neither labels nor texts moved by as much as the rule asks for",)
    return "insufficient evidence", ("the intervals hold both enough and too little change",)
