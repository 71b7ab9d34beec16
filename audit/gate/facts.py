"""What a gate knows: one number a check, with the findings and the rows that it rests on.

Two subjects can be judged. *Data as given*: every finding that nobody rejected speaks against it, whether it would be
applied or waits. *Data as curated*: findings that were applied are cured; those that wait, and flags, remain.
A stage that did not run leaves its facts without a value and with the reason, for the judge to say so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.gate.evidence import Evidence as Evidence
from audit.gate.evidence import Fact as Fact
from curate.ledger.sightings import MISSED_PRIVACY
from curate.ledger.sightings import STAGE as PEOPLE
from curate.privacy.preview import shown_names
from curate.safetext import safe_text
from curate.statistics import Z, wilson
from curate.words import plural

COPIES = ("exact_duplicates", "near_duplicates")
LEAKS = ("leaks_split", "matches_benchmark")
"""Rules of the contamination stage; it has nothing to say where there is nothing to compare with, and is not missed."""
SECRET_RULES = ("pii.secret", "pii.private_key", "pii.url_credentials")
NAME_RULES = ("pii.person", "pii.street_address")
NAME_WIDTH = 40
"""Characters of a class or a group that are shown."""
_CLASSES_NAMED = 5
NO_SPLIT = "the data names no evaluation split"
NO_LABELS = "the data has no labels"
UNTOLD = "words do not tell what the labels say: how texts stand to one another, or whether an answer is a good one"
NO_ANSWERS = "the data holds no prompts with answers"


def gather(e: Evidence, known: frozenset[bytes] = frozenset()) -> dict[str, Fact]:
    """Every fact by check name; findings whose ids are `known` (a baseline's) are left out of the counts."""
    stage, rule, action, status = (
        np.asarray(e.plan[name].cast(pa.string()).to_pylist(), dtype=object)
        for name in ("stage", "rule", "action", "status")
    )
    row = e.plan["row"].fill_null(-1).to_numpy()
    open_ = np.isin(status, ("pending", "stale") if e.curated else ("applied", "pending", "stale"))
    open_ |= (action == "flag") & (status != "rejected")
    kept = ~e.dropped if e.curated else np.ones(e.n_rows, np.bool_)
    if len(row):
        open_ &= (row < 0) | kept[row]
        if known:
            value_set = pa.array(list(known), pa.binary(16))
            open_ &= ~pc.is_in(e.findings["finding_id"].combine_chunks().cast(pa.binary(16)), value_set).to_numpy(
                zero_copy_only=False
            )
    n = int(kept.sum())
    drops = np.isin(stage, COPIES) & (action == "drop") & open_
    leaks = (drops & (rule == "across_splits")) | (np.isin(rule, LEAKS) & (action == "drop") & open_)
    secret = np.isin(rule, SECRET_RULES)
    private = (stage == "pii") & ~secret
    private |= (stage == PEOPLE) & (rule == MISSED_PRIVACY)  # what a person saw is there, whatever the scanner says
    noted_name = np.isin(rule, NAME_RULES) & (action == "flag")  # public prose is about people: noted, never a leak

    def missing(*stages: str) -> str:
        return "; ".join(f"{s.replace('_', ' ')} did not run: {e.ran[s]}" for s in stages if e.ran.get(s))

    def rows(mask: Any, *stages: str, share: bool) -> Fact:
        """Distinct rows with such a finding, as a count or a share of the rows."""
        at = np.flatnonzero(mask)
        why = missing(*stages)
        if why:  # what people saw is no share of the rows: nobody looked at the others
            seen = len(np.unique(row[at][stage[at] == PEOPLE]))
            beside = f", and in {plural(seen, 'row')} a person saw it" if seen else ""
            return Fact(None, why_missing=why + beside)
        count = len(np.unique(row[at]))
        return Fact(count / n if share and n else float(count), n, at, row=row[at])

    facts = {
        "rows": Fact(float(n), n, short=lambda bound: f"{plural(math.ceil(bound - n), 'more row')} would do."),
        "bad_rows": _bad_rows(e.rejected_rows, e.n_rows, e.rejected_at),
        "duplicate_rate": _and_left(e, rows(drops & ~leaks, *COPIES, share=True), COPIES),
        "leaked_rows": Fact(None, why_missing=NO_SPLIT, applies=False)
        if e.train_row.all() and not leaks.any()
        else rows(leaks, *COPIES, share=False),
        "pii_rows": _and_left(e, rows(private & open_ & ~noted_name, "pii", share=True), ("pii",)),
        "secrets": _count((stage == "pii") & open_ & secret, n, missing("pii")),
        "pending_reviews": _count(np.isin(status, ("pending", "stale")) & open_, n, ""),
        "disparities": replace(
            _count((stage == "fairness") & (rule == "disparity") & open_, n, missing("fairness")),
            unjudged=int(((stage == "fairness") & (rule == "insufficient_evidence") & open_).sum()),
        ),
    }
    labelled: dict[str, Callable[[], Fact]] = {
        "conflicting_labels": lambda: _conflicts(
            e, rows(_still(e, (rule == "conflicting_label") & open_, kept), *COPIES, share=True), _labels_told
        ),
        "label_error_rate": lambda: (
            Fact(None, why_missing=UNTOLD, applies=False)
            if e.labels_untold
            else _label_errors(e, stage, row, status, kept, open_, missing("label_issues"))
        ),
        "rows_per_class": lambda: _smallest_class(e, kept),
    }
    for name, make in labelled.items():
        facts[name] = make() if e.labels is not None else Fact(None, why_missing=NO_LABELS, applies=False)
    asked = np.isin(rule, ("conflicting_answer", "conflicting_preference")) & open_
    facts["conflicting_answers"] = (
        _conflicts(e, rows(asked, "near_duplicates", share=True), _answers_told)
        if e.answers
        else Fact(None, why_missing=NO_ANSWERS, applies=False)
    )
    facts["pii_residual_per_1000_rows"] = _residual(e.residual, missing("pii"))
    left = Fact(float(sum(e.left.values())), n) if e.left else Fact(None, why_missing="no second look was taken")
    only_curated = "only a finished run has been curated and trained on"
    facts["left_after_curation"] = left if e.curated else Fact(None, why_missing=only_curated, applies=False)
    facts["beats_random"] = _beats_random(e.against_random, e.curated, only_curated)
    facts["canary_exposure"] = _measured(e, only_curated, "memory", "highest")
    facts["trained_gap"] = _measured(e, only_curated, "fairness", "largest")
    if e.days_since_training is None:
        why = "this run holds no training that says when it ended" if e.curated else only_curated
        facts["days_since_training"] = Fact(None, why_missing=why, applies=e.curated)
    else:
        facts["days_since_training"] = Fact(e.days_since_training, n)
    return facts


def _count(mask: Any, n: int, why: str) -> Fact:
    if why:
        return Fact(None, why_missing=why)
    at = np.flatnonzero(mask)
    return Fact(float(len(at)), n, at)


def _bad_rows(bad: int, good: int, at: Sequence[str] = ()) -> Fact:
    n = bad + good
    named = f" ({', '.join(at)}{', …' if len(at) < bad else ''})" if at else ""

    def short(bound: float) -> str:
        """Lines that are mended become rows."""
        least = next(k for k in range(max(0, math.ceil(bad - bound * n) - 1), bad + 1) if (bad - k) / n <= bound)
        all_ = "the one line" if bad == 1 else f"all {bad:,} lines"
        some = all_ if least == bad else f"{least:,} of {bad:,} lines"
        return f"Mending {some} that cannot be read{named} brings it within the limit."

    return Fact(bad / max(1, n), n, short=short)


def _and_left(e: Evidence, fact: Fact, stages: Sequence[str]) -> Fact:
    """A share of the rows with what a second look at the curated data found: copies that editing made, for one."""
    left = sum(e.left.get(stage, 0) for stage in stages)
    if fact.value is None or not left or not fact.n:
        return fact
    told = f"{left:,} of them came about by editing, or were seen only then"
    way = "Curating the curated data once more finds them."
    return replace(fact, value=min(1.0, fact.value + left / fact.n), detail=told, short=lambda bound: way)


def _still(e: Evidence, flagged: Any, kept: NDArray[np.bool_]) -> Any:
    """Of findings on rows that say what a row with another label says, those whose labels differ in the curated data."""
    if not e.curated or not flagged.any():
        return flagged
    from audit.gate.conflicts import at_odds

    row, witness = (e.findings[c].fill_null(-1).to_numpy() for c in ("row", "witness_row"))
    flagged = flagged.copy()
    flagged[flagged] = at_odds(row[flagged], np.where(witness < 0, row, witness)[flagged], _labels_told(e), kept)
    return flagged


def _conflicts(e: Evidence, fact: Fact, told: Callable[[Evidence], NDArray[np.int64]]) -> Fact:
    """The fact with the fewest rows whose cure makes conflicts go; `told`: a number for what each row says."""

    def least(cured: int) -> NDArray[np.int64]:
        from audit.gate.conflicts import fewest

        row, witness = (e.findings[c].fill_null(-1).to_numpy()[fact.findings] for c in ("row", "witness_row"))
        witness = np.where(witness < 0, row, witness)
        said = told(e)
        return fewest(row, witness, said[row], said[witness], cured)

    return replace(fact, fewest=least) if len(fact.findings) else fact


def _labels_told(e: Evidence) -> NDArray[np.int64]:
    return _label_codes(e)[0]


def _answers_told(e: Evidence) -> NDArray[np.int64]:
    """Rows that are copies of each other, prompt and answer, say the same; all others differ."""
    from curate.similarity.clusters import clusters

    rules = e.findings["rule"].cast(pa.string())
    same = pc.is_in(rules, pa.array(["identical", "across_splits", "verified_jaccard"]))
    copies = e.findings.filter(pc.and_(same, pc.is_valid(e.findings["witness_row"])))
    return clusters(e.n_rows, copies["row"].to_numpy(), copies["witness_row"].to_numpy())


def _beats_random(found: Mapping[str, Any] | None, curated: bool, only_curated: str) -> Fact:
    """The gain over a random removal of the same size, with the interval that the ablation gave it."""
    if not curated:
        return Fact(None, why_missing=only_curated, applies=False)
    if found is None:
        return Fact(None, why_missing="no ablation was made under this plan; `curate ablate RUN` makes it")
    from audit.report.training import title_of

    seeds = f"{title_of(found['metric'])}, {plural(found['seeds'], 'seed')}"
    if found["verdict"] == "insufficient evidence":
        return Fact(None, why_missing=f"the ablation has too little evidence ({seeds})")
    level = found.get("level", 0.95)
    return Fact(found["delta"], found["n_clusters"], low=found["low"], high=found["high"], level=level, detail=seeds)


def _measured(e: Evidence, only_curated: str, part: str, number: str) -> Fact:
    """A number of the ablation beyond accuracy, with the interval that it gave it."""
    if not e.curated:
        return Fact(None, why_missing=only_curated, applies=False)
    found = (e.beyond or {}).get(part)
    if not found:
        return Fact(None, why_missing=f"{part} was not measured under this plan; `curate ablate RUN --beyond {part}` does")
    span = found.get(number)
    if part == "fairness" and found.get("metric") != "accuracy":
        return Fact(None, why_missing="the task has no accuracy to compare groups by", applies=False)
    if not span:
        return Fact(None, why_missing="the ablation had too little evidence for it")
    if part == "memory":
        rows = sum(found.get("types", {}).values())
        return Fact(span["value"], rows, low=span["low"], high=span["high"], detail=f"{rows} planted secrets")
    judged = [g for g in found["gaps"] if g["whole"]["verdict"] != "insufficient evidence"]
    rows = min((min(g["rows"], g["others"]) for g in judged), default=0)
    seeds = plural(len((e.beyond or {}).get('seeds', ())), 'seed')
    return Fact(span["value"], 2 * rows, low=span["low"], high=span["high"], detail=seeds)


def _residual(found: Mapping[str, Any] | None, why: str) -> Fact:
    """Missed spans with their interval; without a review only a bound from above."""
    if why or found is None:
        return Fact(None, why_missing=why or "what the scanner missed was not estimated")
    total, rows = found["total"], found["sampled_rows"]
    if total["high"] is None:
        return Fact(None, rows, why_missing=total["why_missing"])
    if total["value"] is None:
        return Fact(total["high"], rows, bound=True)
    return Fact(total["value"], rows, low=total["low"], high=total["high"])


def _label_errors(
    e: Evidence, stage: Any, row: Any, status: Any, kept: Any, open_: Any, why: str
) -> Fact:
    """Mean probability that a label is wrong, with a normal interval of the mean; its upper end is never below what that
    many rows without a single wrong label would show (Wilson), however sure a model is of labels that it mended itself.

    A person's word counts more than a model's: labels that somebody found right count as right, and in curated data
    those that were mended count as right as well. Where a sample of each class was judged, classes count as large as they
    are (stratified mean; Cochran, 1977, section 5.4).
    """
    if why or e.label_scores is None:
        return Fact(None, why_missing=why or "no row was judged")
    wrong = e.label_scores.copy()
    settled = (stage == "label_issues") & np.isin(status, ("rejected", "applied") if e.curated else ("rejected",))
    wrong[row[settled & (row >= 0)]] = 0.0
    judged = kept & ~np.isnan(wrong)
    used = wrong[judged]
    if len(used) < 2:
        return Fact(None, why_missing="no row was judged")
    at = np.flatnonzero((stage == "label_issues") & open_)
    at = at[np.argsort(-e.findings["score"].to_numpy()[at], kind="stable")]
    mended = int(kept[np.unique(row[settled & (status == "applied") & (row >= 0)])].sum())
    said = [f"{plural(mended, 'label')} that {'was' if mended == 1 else 'were'} mended count as right"] if mended else []
    least = wilson(0, len(used))[1]
    if e.labels_sampled:
        mean, half, of = _stratified(e, wrong, judged, kept)
        said.insert(0, f"a sample of {len(used):,} of {of:,} rows was judged, drawn from every class")
        high, falls = min(1.0, max(mean + half, least)), np.empty(0)
    else:
        mean, half = float(used.mean()), Z * float(used.std(ddof=1)) / len(used) ** 0.5
        falls = np.maximum(_falls(used, wrong, row[at], judged), least)
        high = float(falls[0])
    return Fact(mean, len(used), at, max(0.0, mean - half), high, falls=falls, detail="; ".join(said))


def _falls(used: Any, wrong: Any, rows: Any, judged: Any) -> NDArray[np.float64]:
    """The upper end after the labels of the first 0, 1, 2, … `rows` are mended."""
    n = len(used)
    _, first = np.unique(rows, return_index=True)
    new = np.zeros(len(rows), np.bool_)
    new[first] = True
    cured = np.where((rows >= 0) & judged[rows] & new, wrong[rows], 0.0)
    total = used.sum() - np.concatenate([[0.0], np.cumsum(cured)])
    squares = (used**2).sum() - np.concatenate([[0.0], np.cumsum(cured**2)])
    variance = np.maximum(squares - total**2 / n, 0.0) / (n - 1)
    upper: NDArray[np.float64] = np.minimum(1.0, total / n + Z * np.sqrt(variance / n))
    return upper


def _stratified(e: Evidence, wrong: Any, judged: Any, kept: Any) -> tuple[float, float, int]:
    """(mean over classes as large as they are, half its interval, rows of the classes that were judged)."""
    code, names = _label_codes(e)
    judged = judged & (code >= 0)
    drawn = np.bincount(code[judged], minlength=len(names))
    size = np.bincount(code[kept & (code >= 0)], minlength=len(names)) * (drawn > 0)
    total = np.bincount(code[judged], wrong[judged], len(names))
    squares = np.bincount(code[judged], wrong[judged] ** 2, len(names))
    n = np.maximum(drawn, 1)
    mean = total / n
    whole = float(np.var(wrong[judged], ddof=1))
    spread = np.where(drawn > 1, np.maximum(squares - n * mean**2, 0.0) / np.maximum(n - 1, 1), whole)
    weight = size / size.sum()
    half = Z * float(np.sqrt((weight**2 * spread / n).sum()))
    return float((weight * mean).sum()), half, int(size.sum())


def _smallest_class(e: Evidence, kept: Any) -> Fact:
    code, classes = _label_codes(e)
    used = kept & e.train_row & (code >= 0)
    counts = np.bincount(code[used], minlength=len(classes))
    there = np.flatnonzero(counts)
    if not len(there):
        return Fact(None, why_missing="no training row has a label")

    def short(bound: float) -> str:
        """Every class below the bound, the smallest first."""
        below = sorted((int(counts[i]), classes[i]) for i in there if counts[i] < bound)
        named = [name for _, name in below[:_CLASSES_NAMED]]
        masked = shown_names(named)
        needs = [math.ceil(bound - count) for count, _ in below]
        names = [safe_text(masked[name])[:NAME_WIDTH] for name in named]
        told = [f"{name} needs {need:,} more" for name, need in zip(names, needs, strict=False)]
        rest = needs[_CLASSES_NAMED:]
        told += [f"and {plural(len(rest), 'more class', 'more classes')} {sum(rest):,} in all"] if rest else []
        return f"The class {', '.join(told)}."

    return Fact(float(counts[there].min()), int(used.sum()), short=short)


def _label_codes(e: Evidence) -> tuple[NDArray[np.int64], list[str]]:
    """(number of each row's label, -1 where it has none; the labels)."""
    encoded = pa.array([name or None for name in e.labels or ()], pa.large_string()).dictionary_encode()
    codes: NDArray[np.int64] = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist()
