"""Text quality: rows that are bad to learn from, told by the surface of their texts, and one score for every row.

Engine: `curate.quality`. Each rule has a name, a reason and a score (docs/text-quality.md has an example of what each
catches, what it wrongly catches, and how often). Actions: `drop` where a row is of no use as it is, `replace` where a part
of a prompt only says that there is none, `flag` for everything that may well be right. The stage reviews; only what is
certain (no text at all, a preference pair whose answers are the same) scores high enough to apply by itself.
Scores: `row`, `score` for every row, 0 to 1, higher is better, before anything is changed. `[keep] policy =
"highest_quality"` with `quality_column = "text_quality"` keeps the copy that scores best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.errors import ConfigError, DataError, StageSkipped, nearest
from curate.ledger.findings import concat_findings, make_findings
from curate.quality import RULES, Hits, QualityConfig, judge, prepare
from curate.quality import overall as quality_of
from curate.quality.c4 import bad_words
from curate.quality.config import LANGUAGE_WORDS
from curate.quality.hits import Pieces
from curate.quality.pairs import identical_pair, swapped_pair
from curate.quality.rules import GRAVE
from curate.quality.turns import last_turn, role_order
from curate.stages.base import Context, Detection, Stage
from curate.stages.pieces import Look, look, spans_hold
from curate.stages.vectors import contents_hash

NAME = "text_quality"
DROPS = frozenset({
    "empty", "placeholder", "cut_off", "broken_json", "repetition_loop", "refusal", "as_an_ai", "runs_on", "prompt_echoed",
    "wrong_language", "garbled", "role_order", "last_turn", "identical_pair",
})  # fmt: skip
"""Rules that propose to drop the row; the others flag."""

CUTS = frozenset({"c4_lines"})
"""Rules that propose to take the place that they name out of the text."""


def depends_on(config: QualityConfig) -> Mapping[str, str]:
    """The hash of the list of words that is named."""
    return {config.bad_words: contents_hash(config.bad_words)} if config.bad_words else {}


def detect(dataset: Dataset, config: QualityConfig, context: Context) -> Detection:
    """Judge every answer or text, and score every row."""
    _check(config)
    seen = look(dataset)
    if seen is None:
        raise StageSkipped("no column has the role of a text")
    context.check_cancelled()
    context.progress(0, 4)
    measured, _ = prepare(seen.pieces, context.threads)
    context.check_cancelled()
    context.progress(1, 4)
    of_pieces = judge(measured, config, context.threads)
    if config.bad_words and "c4_bad_words" not in config.off:
        of_pieces.append(bad_words(measured, _listed(config.bad_words)))
    context.check_cancelled()
    context.progress(2, 4)
    quality = quality_of.with_faults(quality_of.answers(measured), of_pieces, measured.features["words"])
    of_rows = _rows(seen, quality, of_pieces, config, context)
    context.progress(3, 4)
    score = quality_of.of_rows(quality, seen.pieces.row, measured.features["words"], dataset.n_rows)
    score = np.round(quality_of.with_faults(score, of_rows), 6)
    spans = spans_hold(dataset, dataset.task)
    tables = [_findings(dataset, seen, one, spans) for one in of_pieces]
    tables += [_findings_of_rows(dataset, one) for one in of_rows]
    findings = concat_findings([t for t in tables if len(t)])
    context.progress(4, 4)
    counted = Counter(findings["rule"].to_pylist())
    return Detection(
        findings=findings,
        scores=pa.table({"row": np.arange(dataset.n_rows), "score": score}),
        hints={"score": score},
        summary={
            "texts": len(seen.pieces),
            "rows_marked": len(pc.unique(findings["row"])),
            "by_rule": {rule: counted[rule] for rule in RULES if counted[rule]},
            "quality": {f"p{p}": round(float(np.quantile(score, p / 100)), 3) for p in (5, 25, 50, 75, 95)},
        },
    )


def _check(config: QualityConfig) -> None:
    """ConfigError for a rule or a language that is not known."""
    for name in config.off:
        if name not in RULES:
            raise ConfigError(f"[stages.{NAME}] off: there is no rule {name!r}; {nearest(name, tuple(RULES))}")
    if config.language not in LANGUAGE_WORDS:
        from curate.quality.language import languages

        known = (*LANGUAGE_WORDS, *languages())
        if config.language not in known:
            near = nearest(config.language, known)
            raise ConfigError(f"[stages.{NAME}] language: {config.language!r} is not known; {near}")


def _listed(path: str) -> list[str]:
    """The words of a file, one a line; what follows a # is a remark."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"[stages.{NAME}] bad_words: {path} is not UTF-8; save it as such") from None
    except OSError as error:
        raise DataError(f"[stages.{NAME}] bad_words: {path} cannot be read: {error.strerror}") from None
    words = [word for word in (line.split("#", 1)[0].strip() for line in lines) if word]
    if not words:
        raise DataError(f"[stages.{NAME}] bad_words: {path} holds no word; write one a line")
    return words


def _rows(seen: Look, quality: Any, found: list[Hits], config: QualityConfig, context: Context) -> list[Hits]:
    """What is said of rows rather than of their texts."""
    out: list[Hits] = []
    if seen.orders:
        out += [role_order(seen.orders), last_turn(seen.orders)]
    if seen.rejected is not None:
        chosen, rejected = seen.pieces, Pieces(seen.rejected, seen.pieces.row, seen.pieces.prompts)
        other, _ = prepare(rejected, context.threads)
        # What belongs to a prompt is learned from the answers that were chosen.
        faults = judge(other, replace(config, unrelated_below=0.0), context.threads)
        lost = quality_of.with_faults(quality_of.answers(other), faults, other.features["words"])
        out.append(identical_pair(chosen.texts, seen.rejected, context.threads))
        same = np.zeros(len(chosen), np.bool_)
        same[out[-1].at] = True
        n = len(chosen)
        swapped = swapped_pair(quality, lost, _grave(found, n), _grave(faults, n), config.swap_margin)
        keep = ~same[swapped.at]
        numbers = {name: values[keep] for name, values in swapped.numbers.items()}
        out.append(Hits(swapped.rule, swapped.at[keep], swapped.score[keep], numbers))
    return [one for one in out if one.rule not in config.off and len(one)]


def _grave(found: list[Hits], n: int) -> Any:
    mask = np.zeros(n, np.bool_)
    for one in found:
        if one.rule in GRAVE:
            mask[one.at[one.score >= 0.6]] = True
    return mask


def _findings(dataset: Dataset, seen: Look, one: Hits, spans: bool) -> pa.Table:
    at, which = one.at, np.arange(len(one))
    rows = seen.pieces.row[at]
    if seen.judged is not None:
        which = which[seen.judged[rows]]
        at, rows = at[which], rows[which]
    told: dict[str, Any] = {"field": [seen.fields[i] for i in at.tolist()]}
    action = "drop" if one.rule in DROPS else "flag"
    if one.source is not None:
        action = "replace"
        size = pc.utf8_length(seen.pieces.sources[one.source].take(pa.array(at))).to_numpy()
        field = dataset.pointer_of(seen.sources[one.source])
        told = {"field": field, "start": np.zeros(len(at), np.int64), "end": size, "replacement": ""}
    elif one.start is not None and one.end is not None and spans:
        named = np.ones(len(at), np.bool_) if seen.strings is None else seen.strings[at]
        told |= {"start": _where(one.start[which], named), "end": _where(one.end[which], named)}
        if one.rule in CUTS and bool(named.all()):
            action, told["replacement"] = "replace", ""
    return make_findings(
        NAME, dataset.row_ids, row=rows, rule=one.rule, action=action, score=one.score[which], reason=RULES[one.rule],
        evidence=_evidence(one, which), **told,
    )  # fmt: skip


def _where(place: Any, named: Any) -> list[int | None]:
    """Offsets, and none where a piece was put together from parts: its field names no string."""
    return [n if keep else None for n, keep in zip(place.tolist(), named.tolist(), strict=True)]


def _findings_of_rows(dataset: Dataset, one: Hits) -> pa.Table:
    roles = dataset.roles
    field = (roles.chosen if one.rule.endswith("pair") else roles.messages)[0]
    return make_findings(
        NAME, dataset.row_ids, row=one.at, rule=one.rule, action="drop" if one.rule in DROPS else "flag", score=one.score,
        reason=RULES[one.rule], field=dataset.pointer_of(field), evidence=_evidence(one, np.arange(len(one))),
    )  # fmt: skip


def _evidence(one: Hits, which: Any) -> list[str] | None:
    """The numbers of each hit as JSON; no text stands in them."""
    if not one.numbers:
        return None
    names = list(one.numbers)
    columns = [np.asarray(one.numbers[name])[which].tolist() for name in names]
    return [orjson.dumps(dict(zip(names, values))).decode() for values in zip(*columns)]


STAGE = Stage(
    name=NAME,
    title="Text quality",
    version=15,
    config=QualityConfig,
    detect=detect,
    on_finding="review",
    depends_on=depends_on,
    concern="quality",
    suspects="low",
)
