"""Leakage and contamination: training rows that hold what a model is going to be tested on.

Engines: `curate.similarity.containment` (an item inside a longer row), `curate.similarity.index` (items of other files,
near-duplicates of them). Two sources of items: the dataset's own evaluation splits, and the sets named in `against` and
`earlier` (data files or indexes). Only rows of the training side are judged: those of a later split than the item's, and
for other files all that are neither test nor validation.

Rules. `leaks_split` (drop): the row asks the same as an evaluation row, or holds its question. `matches_benchmark`
(drop): the same for an item of `against`, or nearly the whole item. `matches_earlier` (drop): the row nearly repeats an
item of `earlier`. `shares_passage` (flag): the row holds a question of few or of common words, most of a long one, a
long run of it, an evaluation row's question with other figures or about another context, or one of two texts that are
judged together (the premise, beside another hypothesis); too weak to remove a row.
Rows that are exact copies of an evaluation row are left to the exact-duplicates stage where that runs, but counted here.

Each finding names what it matched: the evaluation row as witness, or the set's file name, the item's number there (from
0, as rows are counted) and its row id. Texts of other files reach no finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from curate.dataset import Dataset
from curate.errors import ConfigError, StageSkipped
from curate.ledger.findings import concat_findings, empty_findings, make_findings
from curate.similarity.containment import ContainmentConfig, equal_texts, find_contained
from curate.similarity.facts import holds_other_figures
from curate.similarity.index import find_near
from curate.similarity.pairs import similarity_of_pairs
from curate.similarity.partners import OTHER_SPLIT, Ints, split_ranks
from curate.similarity.passages import Passages, passages_of, whole_texts
from curate.stages.against import ItemSet, contents_hash, questions, read_sets
from curate.stages.asked_apart import LIMIT, alike_in_the_rest, short
from curate.stages.base import Context, Detection, Stage
from curate.stages.hits import DROP, FLAG, Hits, best_hits, hits_of
from curate.stages.near_duplicates import NearDuplicatesConfig
from curate.stages.paired import paired_texts
from curate.stages.setting import setting_across

NAME = "contamination"
_ODD = np.uint64(0x9E3779B97F4A7C15)
REASONS = {
    "leaks_split": "the row holds what an evaluation row asks",
    "matches_benchmark": "the row holds an item of a set that it must not be trained on",
    "matches_earlier": "the row nearly repeats an item of earlier data",
    "shares_passage": "the row shares a passage with an evaluation item, but does not plainly hold it",
}


@dataclass(frozen=True)
class ContaminationConfig:
    """What training rows must not hold, and when a row holds it."""

    against: tuple[str, ...] = ()
    """Evaluation sets, as data files or indexes; training rows that hold one of their items are removed."""
    earlier: tuple[str, ...] = ()
    """Data used before, as data files or indexes; rows that nearly repeat one of its rows are removed."""
    coverage: float = 0.8
    """Share of an item's words (0 to 1) that a row must hold in runs; short items must stand there whole."""
    run_words: int = 8
    """Words in a row that count as held. Items of fewer words inside longer rows are flagged, not removed."""
    similarity: float = 0.8
    """Jaccard similarity from which a row nearly repeats an item of another file."""

    def located(self, folder: Path) -> ContaminationConfig:
        """The same with absolute paths; relative ones that do not exist here are taken from `folder`."""
        against, earlier = (tuple(_absolute(path, folder) for path in paths) for paths in (self.against, self.earlier))
        return replace(self, against=against, earlier=earlier)

    def engine(self) -> ContainmentConfig:
        """The engine's configuration; ConfigError where a value is out of range."""
        try:
            floor = min(ContainmentConfig.floor, self.coverage)
            longest = max(ContainmentConfig.long_run_words, self.run_words)
            if not 0.0 < self.similarity <= 1.0:
                raise ValueError("similarity must lie above 0 and at most at 1")
            return ContainmentConfig(
                coverage=self.coverage, floor=floor, run_words=self.run_words, long_run_words=longest
            )
        except ValueError as error:
            raise ConfigError(f"[stages.{NAME}]: {error}") from error


def _absolute(path: str, folder: Path) -> str:
    given = Path(path).expanduser()
    if not given.is_absolute() and not given.exists() and (folder / given).exists():
        given = folder / given
    return str(given.resolve())


def depends_on(config: ContaminationConfig) -> dict[str, str]:
    """A hash of the contents of every set that the settings name."""
    return {path: contents_hash(path) for path in (*config.against, *config.earlier)}


@dataclass(frozen=True)
class _Rows:
    """The rows under judgement."""

    dataset: Dataset
    rank: Any
    """int8: 0 test, 1 validation, 2 other, 3 train."""
    asks: pa.LargeStringArray
    whole: Any
    """uint64: one hash of what each row asks."""
    about: Any = None
    """One number a row for what its question is about, see `setting_across`."""


def detect(dataset: Dataset, config: ContaminationConfig, context: Context) -> Detection:
    """Findings for training rows that hold an evaluation item, and how many items of each set were found."""
    engine = config.engine()
    rank = split_ranks(dataset.splits(), dataset.n_rows)
    own = np.flatnonzero(rank < rank.max())
    own = own[np.lexsort((own, rank[own]))]
    if not len(own) and not config.against and not config.earlier:
        raise StageSkipped("the data names no evaluation split, and no other set to compare with was given")
    asks = questions(dataset)
    rows = _Rows(dataset, rank, asks, whole_texts(asks, context.threads))
    tables: list[pa.Table] = []
    summary: dict[str, Any] = {}
    parts = bool(len(own)) + bool(config.against) + bool(config.earlier)
    if len(own):
        found, numbers = _own_splits(rows, own, engine, _step(context, 0, parts))
        tables.append(found)
        summary |= numbers
    for rule, paths in (("matches_benchmark", config.against), ("matches_earlier", config.earlier)):
        if paths:
            sets = read_sets(paths, config.similarity, context.threads)
            step = _step(context, parts - 1 - bool(config.earlier and paths is config.against), parts)
            found, numbers = _other_files(rows, sets, rule, config.similarity, engine, step)
            tables.append(found)
            summary = _merged(summary, numbers)
    context.progress(parts * dataset.n_rows, parts * dataset.n_rows)
    return Detection(findings=concat_findings(tables) if tables else empty_findings(), summary=summary)


def _step(context: Context, part: int, parts: int) -> Context:
    """A context whose progress is one part of several, and that can be cancelled at each step."""

    def progress(done: int, total: int) -> None:
        context.check_cancelled()
        context.progress(part * total + done, parts * total)

    return replace(context, progress=progress)


def _own_splits(rows: _Rows, own: Ints, engine: ContainmentConfig, context: Context) -> tuple[pa.Table, dict[str, Any]]:
    dataset, rank = rows.dataset, rows.rank
    about = setting_across(dataset, context.threads)
    if about is not None:
        mixed = rows.whole ^ (about.astype(np.uint64) * _ODD)
        rows = replace(rows, whole=np.where(rows.whole == 0, rows.whole, mixed), about=about)
    items = passages_of(rows.asks.take(pa.array(own)), context.threads)
    found = find_contained(
        dataset.content(), items, engine,
        text_rank=rank, item_rank=rank[own], threads=context.threads, progress=context.progress,
    )  # fmt: skip
    equal = equal_texts(rows.whole, rows.whole[own])
    equal = np.where((equal >= 0) & (rank[own[np.maximum(equal, 0)]] < rank), equal, -1)
    hits = hits_of(found.matches, items, equal, _common(rows.whole), engine.run_words)
    others = _other_figures(hits, rows, own) | ((hits.kind == DROP) & _elsewhere(hits, rows, own))
    others |= _other_texts(hits, rows, own, context.threads) | _other_questions(hits, rows, own)
    hits = replace(hits, kind=np.where(others, FLAG, hits.kind).astype(np.int8))
    best = best_hits(hits)
    group = context.hints.get("exact_duplicates.group")
    told = np.zeros(len(best), np.bool_)
    if group is not None:
        group = np.asarray(group)
        told = (group[best.row] >= 0) & (group[best.row] == group[own[best.item]]) & ~_elsewhere(best, rows, own)
    shown = best.take(~told)
    names = (dataset.splits() or pa.nulls(dataset.n_rows, pa.large_string())).take(pa.array(own))
    names = np.array([name or "train" for name in names.to_pylist()], object)
    extra = [{"split": name} for name in names[shown.item].tolist()]
    leak, reach = hits.take(hits.kind >= DROP), np.full(len(items), -1, np.int64)
    np.maximum.at(reach, leak.item, rank[leak.row].astype(np.int64))
    first = _first_of_questions(rows.whole[own])
    np.maximum.at(reach, first, reach)
    leaking = rank[own] < reach[first]
    rows_of = best.take(best.kind >= DROP)
    numbers = {
        "training_rows_that_leak": len(np.unique(leak.row)),
        "leakage": _leakage("evaluation split", names, leaking, rows_of.item, found.too_short | found.too_common),
    }
    return _findings(dataset, shown, "leaks_split", extra, own[shown.item]), numbers


def _elsewhere(hits: Hits, rows: _Rows, own: Ints) -> Any:
    """bool: pairs of which the row and the item are about something else."""
    return np.zeros(len(hits), np.bool_) if rows.about is None else rows.about[hits.row] != rows.about[own[hits.item]]


def _other_texts(hits: Hits, rows: _Rows, own: Ints, threads: int) -> Any:
    """bool: pairs of which the item is several texts that are judged together, and the row holds some of them, not all: a
    premise has many hypotheses. The other way round (`sentence2` first) they are the same."""
    n, texts, others = rows.dataset.n_rows, list(paired_texts(rows.dataset).values()), np.zeros(len(hits), np.bool_)
    which = np.flatnonzero((hits.kind == DROP) & bool(texts))
    if len(which):
        every, row, item = pa.concat_arrays(texts), hits.row[which], own[hits.item[which]]
        ways: list[list[Any]] = [
            [_holds(every, row + n * i, item + n * j, threads) for i, j in enumerate(order)]
            for order in (range(len(texts)), range(len(texts) - 1, -1, -1))
        ]
        others[which] = ~np.any([np.all(parts, axis=0) for parts in ways], axis=0)
    return others


def _holds(texts: pa.LargeStringArray, row: Ints, item: Ints, threads: int) -> Any:
    """bool: texts that nearly repeat another one or hold it whole."""
    held = similarity_of_pairs(texts, row, item, threads=threads) >= np.float32(NearDuplicatesConfig.part_threshold)
    rest = np.flatnonzero(~held)
    used, place = np.unique(np.concatenate([row[rest], item[rest]]), return_inverse=True)  # pairs are more than texts
    flat = [" ".join(text.casefold().split()) for text in texts.take(pa.array(used)).to_pylist()]
    one, other = (places.tolist() for places in np.split(place.reshape(-1), 2))
    held[rest] = [flat[b] in flat[a] for a, b in zip(one, other, strict=True)]
    return held


def _other_figures(hits: Hits, rows: _Rows, own: Ints) -> Any:
    """bool: pairs of which the row holds the item's question with other figures: another question, of another answer."""
    answered = rows.dataset.task not in ("classification", "text")  # there a figure may just number a clause
    which = np.flatnonzero((hits.kind == DROP) & answered)
    asked = rows.asks.take(pa.array(own[hits.item[which]])).to_pylist()
    held = rows.dataset.content().take(pa.array(hits.row[which])).to_pylist()
    others = np.zeros(len(hits), np.bool_)
    others[which] = [holds_other_figures(a or "", h or "") for a, h in zip(asked, held, strict=True)]
    return others


def _other_questions(hits: Hits, rows: _Rows, own: Ints) -> Any:
    """bool: pairs of which the row shares a passage with the item and asks something else about it."""
    others, answers = np.zeros(len(hits), np.bool_), rows.dataset.parts().get("response")
    which = np.flatnonzero((hits.kind == DROP) & (answers is not None))
    if answers is not None and len(which):
        row, item = hits.row[which], own[hits.item[which]]
        told = short(answers, row, item) | (alike_in_the_rest(answers, row, item) < LIMIT)
        which = which[told]  # one long answer is one question
        row, item, place = hits.row[which], own[hits.item[which]], np.arange(len(which))
        both = [rows.dataset.content().take(pa.array(row)), rows.asks.take(pa.array(item))]  # an answer may hold the item
        others[which] = alike_in_the_rest(pa.concat_arrays(both), place, place + len(which)) < LIMIT
    return others


def _other_files(
    rows: _Rows, sets: list[ItemSet], rule: str, similarity: float, engine: ContainmentConfig, context: Context
) -> tuple[pa.Table, dict[str, Any]]:
    dataset = rows.dataset
    train_side = np.flatnonzero(rows.rank >= OTHER_SPLIT)
    content = dataset.content().take(pa.array(train_side))
    passages = Passages.joined([s.items.passages for s in sets])
    bounds = np.concatenate([[0], np.cumsum([len(s.items) for s in sets])])
    parts: list[Hits] = []
    unseen = np.zeros(len(passages), np.bool_)
    if rule == "matches_benchmark":
        found = find_contained(content, passages, engine, threads=context.threads, progress=context.progress)
        equal = equal_texts(rows.whole[train_side], np.concatenate([s.items.whole for s in sets]))
        parts.append(hits_of(found.matches, passages, equal, _common(rows.whole)[train_side], engine.run_words))
        unseen = found.too_short | found.too_common
    left_out, share = 0, NearDuplicatesConfig.template_share
    for part, base in zip(sets, bounds, strict=False):
        near = find_near(content, part.items, similarity, template_share=share, threads=context.threads)
        left_out += near.left_out
        parts.append(Hits.near(near.item, near.score, int(base)))
    hits = Hits.joined(parts)
    hits = replace(hits, row=train_side[hits.row])
    best = best_hits(hits)
    which = np.searchsorted(bounds, best.item, "right") - 1
    extra = [_named(sets[s], int(i - bounds[s])) for s, i in zip(which.tolist(), best.item.tolist(), strict=True)]
    dropping = hits.take(hits.kind >= DROP)
    every = np.concatenate([s.items.whole for s in sets])
    seen = np.zeros(len(passages), np.bool_)
    seen[dropping.item] = True
    first = _first_of_questions(every)
    np.logical_or.at(seen, first, seen.copy())
    seen |= seen[first]
    names = np.array([label for part in sets for label in part.labels()], object)
    kind = "named set" if rule == "matches_benchmark" else "earlier data"
    numbers: dict[str, Any] = {
        f"rows_that_match_{'a_named_set' if rule == 'matches_benchmark' else 'earlier_data'}": len(np.unique(dropping.row)),
        "leakage": _leakage(kind, names, seen, best.item[best.kind >= DROP], unseen),
    }
    if left_out:
        numbers["pairs_left_out_of_crowded_buckets"] = left_out
    return _findings(dataset, best, rule, extra, None), numbers


def _named(part: ItemSet, item: int) -> dict[str, Any]:
    source, number, row_id = part.items.name(item)
    named = {"set": source if part.is_index else part.name, "item": number, "item_id": row_id}
    return {"index": part.name, **named} if part.is_index else named


def _findings(
    dataset: Dataset, hits: Hits, rule: str, extra: list[dict[str, Any]], witness: Ints | None
) -> pa.Table:
    tables = []
    for kind, name, action in ((DROP, rule, "drop"), (FLAG, "shares_passage", "flag")):
        mine = np.flatnonzero((hits.kind >= DROP) == (kind == DROP))
        evidence = hits.take(mine).evidence([extra[i] for i in mine.tolist()])
        tables.append(
            make_findings(
                NAME,
                dataset.row_ids,
                row=hits.row[mine],
                rule=name,
                action=action,
                score=hits.score[mine],
                reason=REASONS[name],
                witness_row=None if witness is None else witness[mine],
                evidence=evidence,
            )
        )
    return concat_findings(tables)


def _common(whole: Any) -> Any:
    """bool: rows whose question so many rows ask that it tells nothing (more than a hundredth of them, and eight)."""
    _, inverse, count = np.unique(whole, return_inverse=True, return_counts=True)
    common = count - 1 > max(8, ContainmentConfig.common_share * len(whole))
    return common[inverse]


def _first_of_questions(whole: Any) -> Ints:
    """The first item that asks the same as each; blank ones stay alone."""
    _, at, inverse = np.unique(whole, return_index=True, return_inverse=True)
    return np.where(whole != 0, at[inverse], np.arange(len(whole)))


def _leakage(kind: str, names: Any, found: Any, matched: Ints, unseen: Any) -> list[dict[str, Any]]:
    """One record a set: its items, how many training rows hold them, and which of them could only be found whole."""
    return [
        {
            "kind": kind,
            "set": name,
            "items": int((names == name).sum()),
            "found": int(found[names == name].sum()),
            "rows": int((names[matched] == name).sum()),
            "only_whole": int(unseen[names == name].sum()),
        }
        for name in dict.fromkeys(names.tolist())
    ]


def _merged(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    """Two summaries; numbers and lists under the same name are added."""
    return {**one, **{key: one[key] + value if key in one else value for key, value in two.items()}}


STAGE = Stage(
    name=NAME,
    title="Leakage and contamination",
    version=9,
    config=ContaminationConfig,
    detect=detect,
    on_finding="apply",
    uses=("exact_duplicates",),
    depends_on=depends_on,
    optional=True,
    concern="duplicate",
    looks_again=True,
)
