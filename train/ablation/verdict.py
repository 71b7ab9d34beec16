"""From item scores to a verdict in plain words: paired differences, their interval, and what may be said of them.

Sign: differences are normalised so that above 0 means that the first arm is better. Shapes: scores float[seeds, items].
A comparison's own verdict is its interval's: helped, harmed, equivalent within ±δ, inconclusive. Curation, or a stage,
*helped* only where it beat the raw data **and** a random control of the same size: both must be shown, so neither test
needs a correction for the other (an intersection-union test, Berger 1982). Several stages are several questions: Holm's
correction decides which of their effects may be claimed. How the interval is made is said in `interval`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.statistics import holm
from curate.words import number, plural, signed
from train.ablation.interval import LEVEL, RESAMPLES, Estimate, estimate
from train.ablation.significance import Discordance, mcnemar, sign_flip
from train.evaluate import ABOVE_REJECTED, ROW_SPAN_F1

DELTA = {"accuracy": 0.01, ROW_SPAN_F1: 0.01, ABOVE_REJECTED: 0.01, "nats_per_token": 0.01}
HELPED, HARMED, INCONCLUSIVE = "helped", "harmed", "inconclusive"
EQUIVALENT, IDENTICAL, INSUFFICIENT = "equivalent", "identical", "insufficient evidence"
MIN_SEEDS = 3
MIN_CLUSTERS = 30
ALPHA = 1 - LEVEL
_POINTS = (100.0, " points", 1)
_UNIT = {**dict.fromkeys(("accuracy", ROW_SPAN_F1, ABOVE_REJECTED), _POINTS), "nats_per_token": (1.0, " nats per token", 4)}
_TITLE = {"nats_per_token": "loss", ROW_SPAN_F1: "span F1 by row", ABOVE_REJECTED: "preference accuracy"}
_RIGHT_OR_WRONG = ("accuracy", ABOVE_REJECTED)
_ARM = {
    "base": "the base model",
    "raw": "raw data",
    "curated": "curated data",
    "random_control": "a random removal of the same size",
}
_ALONE = {HELPED: "a gain, taken by itself", HARMED: "a loss, taken by itself"}
"""What one comparison may say: whether curation or a stage *helped* takes two of them, and a correction for several."""
_KIND = {
    "only_": "the stage {} alone",
    "without_": "every stage but {}",
    "control_": "a random control of {}",
}


@dataclass(frozen=True)
class Comparison:
    """Arm `a` against arm `b` on the same rows with the same seeds."""

    a: str
    b: str
    metric: str
    delta: float
    """Mean difference, above 0 where `a` is better, in the metric's unit."""
    low: float
    high: float
    """Interval of `delta`, at `level`."""
    equivalence: float
    """δ: differences within ±δ do not matter."""
    n_items: int
    n_clusters: int
    seeds: int
    minimum_detectable: float
    """The true difference that this design would have shown four times in five."""
    verdict: str
    """helped, harmed, equivalent, identical, inconclusive or insufficient evidence."""
    words: str
    level: float = LEVEL
    """Confidence level of the interval; above 0.95 where seeds were added until there was a verdict."""
    error: float = 0.0
    """Standard error of `delta`."""
    freedom: float = 1.0
    """Degrees of freedom of `error` (Satterthwaite)."""
    seed_variance: float = 0.0
    """Variance of `delta` for one seed, the part of it that falls as seeds are added."""
    cluster_variance: float = 0.0
    """Variance of `delta` for endlessly many seeds: only more evaluation rows lower it."""
    p: float = 1.0
    """Two-sided, from the same model as the interval."""
    p_holm: float | None = None
    """`p`, or that against the control where a gain's is larger, after Holm's correction over the stages asked about; None
    where only one question was asked."""
    sign_flip_p: float = 1.0
    """Two-sided sign-flip test over the seeds' mean differences."""
    mcnemar: tuple[Discordance, ...] = ()
    """Exact McNemar by seed (accuracy and preference accuracy; a tie is no right answer)."""

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return dataclasses.asdict(self)


def too_small(n_clusters: int, n_seeds: int) -> str | None:
    """Why no verdict can come of this design, or None."""
    if n_clusters < MIN_CLUSTERS:
        few = f"{plural(n_clusters, 'independent evaluation row')} {'is' if n_clusters == 1 else 'are'} too few"
        return f"{few} for a verdict; at least {MIN_CLUSTERS} are needed"
    if n_seeds < MIN_SEEDS:
        few = f"{plural(n_seeds, 'seed')} {'says' if n_seeds == 1 else 'say'} too little"
        return f"{few} about training luck for a verdict; at least {MIN_SEEDS} are needed"
    return None


def by_cluster(
    difference: np.ndarray, weight: np.ndarray | None = None, clusters: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums float[S, C] and sizes float[C] of float[S, n] differences; without `clusters`, each row is one."""
    n = difference.shape[1]
    weights = np.ones(n) if weight is None else np.asarray(weight, dtype=np.float64)
    _, of_item = np.unique(np.arange(n) if clusters is None else clusters, return_inverse=True)
    count = int(of_item.max()) + 1
    sums = np.stack([np.bincount(of_item, row, minlength=count) for row in difference * weights])
    return sums, np.bincount(of_item, weights, minlength=count)


def compare(
    a: np.ndarray,
    b: np.ndarray,
    *,
    names: tuple[str, str],
    metric: str,
    higher_is_better: bool,
    weight: np.ndarray | None = None,
    clusters: np.ndarray | None = None,
    equivalence: float | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Comparison:
    """Compare two arms; `a` and `b` are float[seeds, items], `weight` and `clusters` have one value an item."""
    delta_limit = DELTA.get(metric, 0.01) if equivalence is None else equivalence
    n_seeds, n_items = a.shape
    sign = 1.0 if higher_is_better else -1.0
    difference = sign * (np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64))
    sums, sizes = by_cluster(difference, weight, clusters)
    if np.any(difference):
        found = estimate(sums, sizes, seed=seed, resamples=resamples, level=level)
        verdict = judge(found.low, found.high, delta_limit)
    else:
        found = Estimate(0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0)
        verdict = IDENTICAL
    if too_small(len(sizes), n_seeds):
        verdict = INSUFFICIENT
    farthest = 1.0 if unit_of(metric) == _POINTS else np.inf  # shares lie between 0 and 1
    made = Comparison(
        a=names[0],
        b=names[1],
        metric=metric,
        delta=found.mean,
        low=max(found.low, -farthest),
        high=min(found.high, farthest),
        equivalence=delta_limit,
        n_items=n_items,
        n_clusters=len(sizes),
        seeds=n_seeds,
        minimum_detectable=found.detectable,
        verdict=verdict,
        words="",
        level=level,
        error=found.error,
        freedom=found.freedom,
        seed_variance=found.seed_variance,
        cluster_variance=found.cluster_variance,
        p=found.p,
        sign_flip_p=sign_flip(sums.sum(axis=1) / sizes.sum(), seed),
        mcnemar=tuple(mcnemar(x, y) for x, y in zip(a, b)) if metric in _RIGHT_OR_WRONG else (),
    )
    return dataclasses.replace(made, words=_words(made, higher_is_better))


def judge(low: float, high: float, equivalence: float) -> str:
    """The verdict of one interval. Within ±δ nothing matters, whatever the sign; else 0 must lie outside."""
    if -equivalence <= low and high <= equivalence:
        return EQUIVALENT
    if low > 0:
        return HELPED
    return HARMED if high < 0 else INCONCLUSIVE


def corrected(
    comparisons: dict[str, Comparison], higher_is_better: bool, controls: dict[str, Comparison] | None = None
) -> dict[str, Comparison]:
    """One comparison a question, with Holm's correction: what does not survive it is inconclusive.

    `controls` are the same arms against their random controls. Whoever claims "helped" claims both, so what is corrected
    for a gain is the larger p of the two. A gain that its control does not bear out keeps its words: `conclude` says so.
    """
    control = {name: found for name in comparisons if (found := (controls or {}).get(name)) is not None}
    both = {name for name, made in comparisons.items() if name in control and made.delta > 0}
    adjusted = holm([max(made.p, control[name].p) if name in both else made.p for name, made in comparisons.items()])
    out = {}
    for (name, made), p in zip(comparisons.items(), adjusted):
        claim = made.verdict == HARMED or (made.verdict == HELPED and (name not in both or control[name].verdict == HELPED))
        # Where seeds were added, an early look leaves less than 5% to err by.
        verdict = INCONCLUSIVE if claim and p >= 1 - made.level and len(adjusted) > 1 else made.verdict
        again = dataclasses.replace(made, p_holm=p if len(adjusted) > 1 else None, verdict=verdict)
        words = _words(again, higher_is_better)
        if verdict != made.verdict:
            words = words.removesuffix(".") + f" after Holm's correction over {len(adjusted)} stages (p = {p:.3f})."
        out[name] = dataclasses.replace(again, words=words)
    return out


UNLEARNED = (
    "every model answers all held-out rows with one class, so training taught them nothing; look at their losses, at "
    "learning_rate and at steps"
)


def answers_one_class(run: Mapping[str, Any]) -> bool:
    """Whether a run's model gives every row the same class, where the rows are of several."""
    classes = run.get("metrics", {}).get("per_class", {}).values()
    recalls = sorted(c["recall"] for c in classes if c["rows"])
    return len(recalls) > 1 and recalls[-1] == 1.0 and recalls[-2] == 0.0


def conclude(
    against_raw: Comparison | None,
    against_control: Comparison | None,
    what: str = "Curation",
    data: str = "Curated data",
    before: str = "raw data",
    learned: bool = True,
) -> tuple[str, str]:
    """The overall verdict and its words: `what` must beat what was `before` *and* a random control of the same size.

    Models that have not `learned` anything are alike whatever they were given, so nothing is said to make no difference.
    """
    if against_raw is None:
        both = f"{data[:1].lower()}{data[1:]} and on {before}"
        return INSUFFICIENT, f"No seed was trained both on {both}, so there is no verdict."
    if against_control is None:
        return (
            (INCONCLUSIVE if against_raw.verdict == HELPED else against_raw.verdict),
            f"{against_raw.words} {design_of(against_raw)} There is no random control, so an effect cannot be told from "
            "that of fewer rows.",
        )
    evidence = f"{against_raw.words} {against_control.words} {design_of(against_raw)}"
    pair = (against_raw.verdict, against_control.verdict)
    if INSUFFICIENT in pair:
        return INSUFFICIENT, f"There is not enough evidence for a verdict. {evidence}"
    if pair == (HELPED, HELPED):
        return HELPED, f"{what} helped. {evidence}"
    if pair[0] == HARMED:
        return HARMED, f"{what} harmed. {evidence}"
    if pair[0] in (EQUIVALENT, IDENTICAL) and not learned:
        return INCONCLUSIVE, f"The effect of {what[:1].lower()}{what[1:]} could not show: {UNLEARNED}. {evidence}"
    if pair[0] in (EQUIVALENT, IDENTICAL):
        return pair[0], f"{what} made no difference that matters. {evidence}"
    if pair[0] == HELPED:
        return INCONCLUSIVE, (
            f"{data} beat {before}, but {'it is' if data.endswith('data') else 'is'} not shown to beat a random removal "
            f"of the same size, so the effect cannot be put down to which rows were removed. {evidence}"
        )
    return INCONCLUSIVE, f"The effect of {what[:1].lower()}{what[1:]} could not be shown. {evidence}"


def arm_words(name: str) -> str:
    """An arm as a sentence names it."""
    if name in _ARM:
        return _ARM[name]
    for prefix, said in _KIND.items():
        if name.startswith(prefix) and name != prefix:
            stages = [part.replace("_", " ") for part in name.removeprefix(prefix).split("+")]
            several = prefix == "only_" and len(stages) > 1
            joined = " and ".join([", ".join(stages[:-1]), stages[-1]]) if len(stages) > 1 else stages[0]
            return f"the stages {joined}" if several else said.format(joined)
    return name.replace("_", " ")


def unit_of(metric: str) -> tuple[float, str, int]:
    """How differences of a metric are said: what they are multiplied by, the unit, digits behind the point."""
    return _UNIT.get(metric, (1.0, "", 4))


def in_unit(value: float, metric: str) -> str:
    """A difference as people say it: `1.2 points`, `0.0132 nats per token`."""
    factor, unit, digits = unit_of(metric)
    return number(value * factor, digits) + unit


def _words(of: Comparison, higher_is_better: bool) -> str:
    """One comparison in one sentence; "higher" and "lower" speak of the metric, the interval of the gain."""
    factor, unit, digits = unit_of(of.metric)
    title = _TITLE.get(of.metric, of.metric.replace("_", " "))
    first, second = arm_words(of.a), arm_words(of.b)
    said = {EQUIVALENT: f"equivalent within ±{of.equivalence * factor:g}{unit}", **_ALONE}.get(of.verdict, of.verdict)
    start = f"{title[:1].upper()}{title[1:]} with {first} is"
    if of.verdict == IDENTICAL:  # nothing varies, so there is nothing to be unsure of
        return f"{start} the same as with {second} in every row and with every seed: identical."
    if float(f"{of.delta * factor:.{digits}f}") == 0:
        apart = f"{start} the same as with {second}"
    else:
        apart = f"{start} {abs(of.delta * factor):.{digits}f}{unit} "
        apart += f"{'higher' if (of.delta > 0) == higher_is_better else 'lower'} than with {second}"
    ends = " to ".join(signed(value * factor, digits) for value in (of.low, of.high))
    level = f"{100 * of.level:.4g}% interval"
    what = level if higher_is_better else f"{level} of the gain"
    return f"{apart} ({what} {ends}): {said}."


def design_of(of: Comparison) -> str:
    """What a comparison rests on and what it could have shown, said once."""
    clusters = "" if of.n_clusters == of.n_items else f" in {of.n_clusters:,} clusters"
    could = ""
    if of.minimum_detectable > 0:
        could = f" A true difference of {in_unit(of.minimum_detectable, of.metric)} would be shown four times in five."
    return f"Scored on {plural(of.n_items, 'held-out row')}{clusters}, with {plural(of.seeds, 'seed')}.{could}"
