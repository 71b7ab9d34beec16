"""Rows as questions: what did the detectors miss? Strata, the order to ask in, answers, and what they certify.

Rows without a finding, and rows with one, are put before a person, who says which kinds of error they hold beside those
that were found. Which rows nearly had a finding comes from what the stages left: the scores of every row, edges below their
threshold, and places in a sample that only a weak detector of personal data marked. Nobody is told which row is which.
Answers are decisions (`curate.ledger.sightings`), so a review can be left, merged, undone and taken up again anywhere.

Cost: opening hashes every row's id once (0.4 s a million rows); the estimates are a few sorts of the rows a kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.house import require
from curate.ledger.decisions import ACCEPT, OVERRIDE, REJECT, Journal, effect
from curate.ledger.plan import APPLIED, PENDING
from curate.ledger.sightings import RowAnswer, Sighting, last_answers, places, row_decision
from curate.stages.base import Concern
from curate.stages.registry import about, get_stage
from curate.words import ends, plural, share

if TYPE_CHECKING:
    from curate.ledger.decisions import Decision
    from curate.ledger.sightings import Answer
    from curate.review.findings import Review

    RowSaid = tuple[int, Answer, Sequence[Sighting], str]
    """Row, answer, what was seen there, and why."""

KINDS: tuple[Concern, ...] = ("label", "privacy", "duplicate", "quality")
"""Kinds of error that stages look for."""
OTHER = "other"
"""What no stage looks for."""
FEWEST_NEAR = 20
SALT = b"curate row lots 1"
VALUE_EVERY = 6
"""In mixed order, one row in so many is the nearest miss; the others certify."""
ALIKE, WORDS = 0.25, 2
LOOKED_THROUGH, LONGEST, WORK = 100_000_000, 1 << 16, 10**10
WIDTH = 0.05
"""Width of the interval of what is left at which it counts as settled."""


class RowReview:
    """The rows of one run, as questions."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.session = review.session
        self.dataset = self.session.dataset
        self.n = self.dataset.n_rows
        self._engine = require("audit.review.dataset")
        self._answers: tuple[object, dict[int, RowAnswer], int] = (None, {}, 0)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds that a person is asked about."""
        return tuple(kind for kind in (*KINDS, OTHER) if kind != "label" or self.dataset.roles.label)

    @property
    def _codes(self) -> tuple[int, int]:
        return self._engine.REST, self._engine.NEAR

    # -- who is asked about ---------------------------------------------------------------------------------------------

    @cached_property
    def found(self) -> dict[str, np.ndarray]:
        """bool[rows] by kind: where a stage found something of it, or named the row as a copy's partner."""
        rows, kind = self.kinds_of
        out = {name: np.zeros(self.n, bool) for name in self.kinds}
        for code, name in enumerate(KINDS):
            if name in out:
                mine = (kind == code) & (rows >= 0)
                out[name][rows[mine]] = True
                if name == "duplicate":  # a finding about one copy has found the other
                    partners = self.session.findings["witness_row"].fill_null(-1).to_numpy()[mine]
                    out[name][partners[partners >= 0]] = True
        return out

    @cached_property
    def kinds_of(self) -> tuple[np.ndarray, np.ndarray]:
        """int64 and int8 of every finding: its row, and which of `KINDS` it is about; -1 for none."""
        table = self.session.findings
        stages = table["stage"].cast(pa.string())
        kind = np.full(table.num_rows, -1, np.int8)
        for code, concern in enumerate(KINDS):
            names = about(concern, pc.unique(stages).to_pylist())
            kind[np.asarray(pc.is_in(stages, value_set=pa.array(names, pa.string())))] = code
        return table["row"].fill_null(-1).to_numpy(), kind

    @cached_property
    def stratum(self) -> np.ndarray:
        """int8[rows]: the rest, or near. Findings decide it, and no answer does."""
        out = np.full(self.n, self._engine.REST, np.int8)
        out[self.near] = self._engine.NEAR
        return out

    @cached_property
    def _with_finding(self) -> np.ndarray:
        return np.asarray(np.any(list(self.found.values()), axis=0))

    @cached_property
    def near(self) -> np.ndarray:
        """int64: rows without a finding that nearly had one, the nearest first, kinds in turn."""
        free = ~self._with_finding
        room = int(free.sum()) // 10
        lists = []
        for rows, badness, found in self._misses():
            keep = free[rows]
            rows, badness = rows[keep], badness[keep]
            most = min(room, max(FEWEST_NEAR, found // 2))
            lists.append(rows[np.lexsort((rows, -badness))][:most].tolist())
        longest = max(map(len, lists), default=0)
        turn = [one[n] for n in range(longest) for one in lists if n < len(one)]
        return np.array(list(dict.fromkeys(turn)), np.int64)

    def _misses(self) -> Iterable[tuple[np.ndarray, np.ndarray, int]]:
        """(rows, how nearly each had a finding, rows with a finding of the stage) by stage."""
        for name, outcome in self.session.detected.outcomes.items():
            scores = outcome.detection.scores
            found = len(np.unique(outcome.detection.findings["row"].drop_null().to_numpy()))
            if scores is None or not scores.num_rows:
                continue
            suspects = get_stage(name).suspects
            if suspects and {"row", "score"} <= set(scores.column_names):
                score = scores["score"].to_numpy().astype(np.float64)
                sure = np.isfinite(score)
                yield scores["row"].to_numpy()[sure], (score if suspects == "high" else -score)[sure], found
            elif {"a", "b", "score"} <= set(scores.column_names):
                ends = np.concatenate([scores["a"].to_numpy(), scores["b"].to_numpy()])
                best = np.full(self.n, -1.0)
                np.maximum.at(best, ends, np.tile(scores["score"].to_numpy(), 2))
                yield np.flatnonzero(best >= 0), best[best >= 0], found
        marked = self._weakly_marked
        if len(marked):
            yield marked, np.ones(len(marked)), int(self.found["privacy"].sum())

    @cached_property
    def _weakly_marked(self) -> np.ndarray:
        from curate.review.residual import sample_of

        sample = sample_of(self.session.detected)
        if sample is None:
            return np.empty(0, np.int64)
        marked = {sample.texts[u.text].row for u in sample.units if not u.main}
        return np.array([int(sample.rows[row]) for row in sorted(marked) if row < len(sample.rows)], np.int64)

    @cached_property
    def lots(self) -> np.ndarray:
        """uint64[rows]: the lot of each row; it knows nothing of findings, nor of their lots."""
        import xxhash

        ids = self.dataset.row_ids.to_pylist()
        return np.fromiter((xxhash.xxh3_64_intdigest(SALT + i) for i in ids), np.uint64, self.n)

    def nearest(self, rows: Sequence[int]) -> dict[int, tuple[int, float]]:
        """The row most like each of these, and the Jaccard similarity of their pairs of words, from `ALIKE` on: nobody can
        see from a row alone that it repeats another. Exact; in data beyond `LOOKED_THROUGH` bytes, among the first rows."""
        from curate.similarity.samplejoin import join_sample
        from curate.similarity.sets import build_sets
        from curate.similarity.texts import as_large_strings, for_shingles

        texts = as_large_strings(self.dataset.content())
        size = np.cumsum(pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False))
        among = np.arange(max(1, int(np.searchsorted(size, LOOKED_THROUGH, "right"))) if len(size) else 0)
        asked = np.array([row for row in rows if 0 < size[row] - (size[row - 1] if row else 0) <= LONGEST], np.int64)
        if not len(asked):
            return {}
        chosen = np.union1d(among, asked)
        read = for_shingles(texts.take(pa.array(chosen)))
        queries = np.searchsorted(chosen, asked)
        room = np.maximum(1, read.stop - read.start)
        sets = build_sets(read, queries, room, WORDS)
        joined = join_sample(read, sets, np.arange(len(chosen)), WORDS, ALIKE, WORK)
        out: dict[int, tuple[int, float]] = {}
        for a, b, score in zip(chosen[joined.query].tolist(), chosen[joined.other].tolist(), joined.score.tolist()):
            if a != b and (score, -b) > (out[a][1], -out[a][0]) if a in out else a != b:
                out[a] = b, score
        return out

    # -- answers --------------------------------------------------------------------------------------------------------

    @property
    def answers(self) -> dict[int, RowAnswer]:
        """The answer that holds for each row, by its position."""
        return self._read()[1]

    @property
    def strangers(self) -> int:
        """Rows that were answered about and are not in this data: kept, and of no effect."""
        return self._read()[2]

    def _read(self) -> tuple[object, dict[int, RowAnswer], int]:
        state = self.session.state
        if self._answers[0] is not state:
            said = last_answers(state.journal)
            at = places(self.dataset.row_ids, said) if said else {}
            self._answers = state, {at[i]: one for i, one in said.items() if i in at}, len(said) - len(at)
        return self._answers

    def verdict(self, kind: str | None) -> np.ndarray:
        """int8[rows]: whether an error of a kind (of any) was missed there, as far as people said."""
        made = require("audit.review.missed")
        out = np.full(self.n, made.UNKNOWN, np.int8)
        for row, said in self.answers.items():
            asked = (self.kinds if kind is None else (kind,)) if said.answer != "unsure" else ()
            here = [k for k in asked if not self.found[k][row]]
            silent = said.answer == "unsure" or any(k not in said.wrong and (k in said.found or k not in said.kinds)
                                                    for k in here)  # fmt: skip
            wrong = any(k in said.wrong for k in here)
            out[row] = made.ERROR if wrong else made.UNSURE if silent else made.CLEAN
        return out

    def queue(self, by: str, limit: int) -> list[int]:
        """Rows in the order to be asked about: by lots and strata in turn; in `mixed` order now and then, and in others
        always, the nearest miss."""
        done = np.zeros(self.n, bool)
        done[list(self.answers)] = True
        nearest = [row for row in self.near.tolist() if not done[row]]
        if by not in ("mixed", "random"):
            return nearest[:limit]
        members = [np.flatnonzero(self.stratum == code) for code in self._codes]
        asked = [int(done[rows].sum()) for rows in members]
        waiting = [iter(rows[np.argsort(self.lots[rows], kind="stable")].tolist()) for rows in members]
        made = require("audit.review.missed")
        turns = made.turns([len(m) for m in members], asked, self._engine.SPREAD, limit, self._engine.NEAR)
        by_lot = [next((row for row in waiting[code] if not done[row]), None) for code in turns]
        out: dict[int, None] = {}
        for number, row in enumerate(by_lot, 1):
            if row is not None:
                out[row] = None
            if by == "mixed" and number % (VALUE_EVERY - 1) == 0:
                out |= dict.fromkeys([row for row in nearest if row not in out][:1])
        return list(out)[:limit]

    def say(self, row: int, answer: Answer, seen: Sequence[Sighting] = (), actor: str = "") -> str:
        """Save an answer about a row; the id of the decision that it is."""
        return self.review.decide_all([], actor, [(row, answer, seen, "")])[0].decision_id

    def decision(self, row: int, answer: Answer, seen: Sequence[Sighting], why: str, actor: str = "") -> Decision:
        """The decision that an answer about a row is; not saved."""
        return row_decision(self.row_id(row), answer, self.kinds, self.found_in(row), seen, actor, why)

    def row_id(self, row: int) -> str:
        """The id of a row, in hex."""
        return str(self.dataset.row_ids[row].as_py().hex())

    def found_in(self, row: int) -> list[str]:
        """Kinds that were found in a row."""
        return [kind for kind in self.kinds if self.found[kind][row]]

    # -- what it certifies ----------------------------------------------------------------------------------------------

    def rates(self, width: float | None = WIDTH, error: float | None = None, draws: int = 8_000) -> Any:
        """`audit.review.dataset.DatasetRates` of the answers so far; None where nobody has answered about a row. `error`
        is how often the reviewer errs, where that is known; otherwise repeats and several people's answers tell it."""
        if not self.answers:
            return None
        told = self.review.reliability().error[1] if error is None else error
        alpha = require("audit.review.rates").ALPHA / (2 if error is None and told > 0 else 1)
        return self._engine.dataset_rates(self.seen(min(told, 0.49)), width, alpha, draws)

    def seen(self, error: float = 0.0) -> Any:
        """`audit.review.dataset.Seen`: every answer, by stratum."""
        engine, strata_of = self._engine, require("audit.review.missed").strata_of
        place = np.full(self.n, -1, np.int64)
        place[self.near] = np.arange(len(self.near))

        def rows_of(kind: str | None, code: int, among: np.ndarray) -> Any:
            rows = np.flatnonzero((self.stratum == code) & among)
            guides = [np.argsort(place[rows], kind="stable")] if code == engine.NEAR else []
            return strata_of(self.lots[rows], verdicts[kind][rows], guides, error)

        verdicts = {kind: self.verdict(kind) for kind in (None, *self.kinds)}
        everywhere = np.ones(self.n, bool)
        leads, stays = self._leads(), ~self._dropped_alone
        kinds = {}
        for kind in self.kinds:
            missed = tuple(s for code in self._codes for s in rows_of(kind, code, ~self.found[kind]))
            mine = leads[self.kinds_of[1][leads] == KINDS.index(kind)] if kind in KINDS else leads[:0]
            kinds[kind] = engine.KindSeen(len(mine), self._findings(mine, error), missed)
        waiting = self.waiting()
        mended, perhaps = self._mended(waiting, stays)
        return engine.Seen(
            rows=self.n,
            kept=self.n - int(self.session.plan.dropped.sum()),
            strata=tuple(rows_of(None, code, everywhere) for code in self._codes),
            free=tuple(s for code in self._codes for s in rows_of(None, code, ~self._with_finding)),
            staying=tuple(rows_of(None, code, stays) for code in self._codes),
            right=self._findings(self._first_of_each(leads), error),
            waiting=self._findings(waiting, error),
            mended=mended,
            perhaps=perhaps,
            kinds=kinds,
        )

    def _findings(self, part: np.ndarray, error: float) -> Any:
        """Strata of findings, by whether people said that they are right."""
        strata_of = require("audit.review.missed").strata_of
        review = self.review
        return strata_of(review.lots[part], review.verdicts()[part], review.guides_of(part), error)

    def _leads(self) -> np.ndarray:
        """int64: the surest finding of each kind in each row, those that change data first."""
        rows, kind = self.kinds_of
        mine = np.flatnonzero((kind >= 0) & (rows >= 0))
        _, score, _, changes, _ = self.review.looks
        mine = mine[np.lexsort((mine, -score[mine], ~changes[mine]))]
        _, first = np.unique(rows[mine] * len(KINDS) + kind[mine], return_index=True)
        return np.asarray(mine[np.sort(first)])

    def _first_of_each(self, leads: np.ndarray) -> np.ndarray:
        """The first of `leads` in each row."""
        _, first = np.unique(self.kinds_of[0][leads], return_index=True)
        return np.asarray(leads[np.sort(first)])

    def waiting(self) -> np.ndarray:
        """int64: of each row that stays when nobody decides, the surest finding that waits there or only notes."""
        rows, kind = self.kinds_of
        waits, score, _, changes, _ = self.review.looks
        open_ = waits | (~changes & (self.review.alone == APPLIED))
        mine = np.flatnonzero((kind >= 0) & (rows >= 0) & open_)
        mine = mine[~self._dropped_alone[rows[mine]]]
        return self._first_of_each(mine[np.lexsort((mine, -score[mine], ~changes[mine]))])

    @cached_property
    def _dropped_alone(self) -> np.ndarray:
        """bool[rows]: rows that leave when nobody decides."""
        return np.asarray(self.review.plan_alone.dropped)

    def _mended(self, waiting: np.ndarray, stays: np.ndarray) -> tuple[tuple[int, int, int], int]:
        """Rows that answers have mended: without a finding, with one, and those that waited; and by rules alone."""
        sighted = np.array([row for row, said in self.answers.items() if said.answer == "wrong" and said.seen
                            and all(one.action != "flag" for one in said.seen)], np.int64)  # fmt: skip
        with_finding = self._with_finding[sighted]
        state = self.session.state
        by_hand = effect(Journal(tuple(d for d in state.journal.live() if d.filter is None)), self.session.findings).verdict
        by_any = effect(state.journal, self.session.findings).verdict
        rows, kind = self.kinds_of
        waits, _, _, changes, _ = self.review.looks
        unsettled = np.zeros(self.n, bool)  # some finding there still waits
        unsettled[rows[(kind >= 0) & (rows >= 0) & waits & ~np.isin(by_any, (ACCEPT, OVERRIDE, REJECT))]] = True
        unsettled[rows[(kind >= 0) & (rows >= 0) & ~changes & np.isin(by_any, (ACCEPT, OVERRIDE))]] = True
        done = changes[waiting] & ~unsettled[rows[waiting]] & (state.status[waiting] != PENDING)
        hand, any_ = (np.isin(v[waiting], (ACCEPT, OVERRIDE)) & done for v in (by_hand, by_any))
        gone = self.session.plan.dropped[rows[waiting]]
        perhaps = int(((any_ | gone) & ~hand).sum())
        counts = int((~with_finding).sum()), int((with_finding & stays[sighted]).sum()), int(hand.sum())
        return counts, perhaps


def sentences(found: Any, width: float = WIDTH) -> list[str]:
    """What the answers about rows certify, a line each; `found` is a `DatasetRates`."""
    from audit.review.dataset import RECALL_WIDTH

    out = [f"rows: {found.asked:,} answered about in an order that counts"]
    enough = "settled"
    if found.more:
        enough = f"about {plural(found.more, 'more row')} for a width of {width:.0%}"
    out.append(f"  wrong before: {_share(found.wrong)} of {found.rows:,} rows")
    out.append(f"  wrong still, of {found.kept:,} rows that stay: {_share(found.left)}; {enough}")
    for kind in found.kinds:
        missed = f"{kind.missed.low:,.0f} to {kind.missed.high:,.0f} rows"
        if kind.found:
            looked = f"found in {plural(kind.found, 'row')}, missed in {missed}"
            least = ""
            if kind.least and kind.recall.width > RECALL_WIDTH:
                least = f"; at least {plural(kind.least, 'more row')} for a width of {RECALL_WIDTH:.0%}"
            out.append(f"  {kind.kind}: recall {_share(kind.recall)}; {looked}{least}")
        elif kind.missed.value:
            out.append(f"  {kind.kind}: nothing found, in {missed} to be seen")
    return out


def _share(span: Any) -> str:
    """`4% [1%, 9%]`, and only the interval where there is no value to name."""
    from audit.report.interval import WIDEST

    few = span.value is None or span.width > WIDEST
    return f"{'too little evidence' if few else share(span.value)} {ends(span.low, span.high)}"
