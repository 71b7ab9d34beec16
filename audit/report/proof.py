"""What single stages do and how sure the verdict is, from `ablation.json`, for every rendering.

What the file does not hold is left out; nothing is computed here but the choice of words. Stage titles are those of the
report's stages; names are shortened and masked like everything else that comes from a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from audit.report.interval import Interval
from audit.report.judged import judged_of
from audit.report.model_proof import LeakEffect, Looked, Proof, Reading, StageProof, Worth
from audit.report.model_training import Training
from audit.report.plots import Bar, intervals
from audit.report.safe import READ, Previews
from audit.report.svg import CHARACTER, Drawing, Scale
from audit.report.training import difference, told, unit
from curate.statistics import finite

NARROW = 520


def proof_of(
    ablation: Mapping[str, Any] | None, previews: Previews, titles: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Proof | None:
    """The model of what an ablation says beyond its comparisons; None where nothing was trained.

    `titles` are those of the report's stages, by name; `folder` is the run directory, where people's votes lie.
    """
    if not ablation or not ablation.get("arms"):
        return None

    def say(value: Any) -> str:
        return previews.short("" if value is None else str(value), READ)

    def named(stage: str) -> str:
        return (titles or {}).get(stage) or title(stage)

    main, shapley = _main(ablation), _list(ablation, "shapley")
    return Proof(
        preset=say(ablation.get("preset")),
        match=say(ablation.get("match") or "steps"),
        labels=say((ablation.get("evaluation") or {}).get("labels") or "as given"),
        noise_floor=finite(ablation.get("noise_floor")),
        minimum_detectable=finite(main.get("minimum_detectable")),
        tests=_tests(main),
        stages=tuple(_stage(s, say, named) for s in _list(ablation, "stages")),
        shapley=tuple(Worth(say(s["stage"]), named(say(s["stage"])), _span(s["gain"])) for s in shapley),
        exact=all(s.get("exact", True) for s in shapley),
        views=tuple(_view(v, say) for v in _list(ablation, "views")),
        leak=_leak(ablation.get("leak"), say),
        looks=tuple(
            Looked(int(k["seeds"]), float(k["level"]), say(k["verdict"]), k.get("runs_left"))
            for k in _list(ablation, "looks")
        ),
        judged=judged_of(folder, ablation, previews),
    )


def title(stage: str) -> str:
    """A stage's name as people read it."""
    words = stage.replace("_", " ")
    return words[:1].upper() + words[1:]


def _main(ablation: Mapping[str, Any]) -> Mapping[str, Any]:
    for comparison in ablation.get("comparisons") or ():
        if (comparison.get("a"), comparison.get("b")) == ("curated", "raw"):
            return comparison  # type: ignore[no-any-return]
    return {}


def _tests(main: Mapping[str, Any]) -> str:
    """The tests of curated against raw beside its interval."""
    flip, seeds = finite(main.get("sign_flip_p")), main.get("seeds")
    if flip is None:
        return ""
    said = f"Curated against raw: a sign-flip test over {seeds} seeds gives {_p(flip)}"
    found = [m for m in main.get("mcnemar") or () if isinstance(m, Mapping)]
    if found:
        won, lost = (sum(int(m.get(side, 0)) for m in found) for side in ("a_only", "b_only"))
        said += (
            f"; over all seeds, curated data alone gets {won:,} answers right and raw data alone {lost:,} "
            f"(exact McNemar by seed: {_p(*(float(m.get('p', 1.0)) for m in found))})"
        )
    return f"{said}."


def _p(*values: float) -> str:
    """`p = 0.031`, `p = 0.008 to 0.110`; one that is small is not told as zero: `p < 0.001`."""
    ends = dict.fromkeys("< 0.001" if p < 0.001 else f"= {p:.3f}" for p in (min(values), max(values)))
    return f"p {' to '.join(ends)}".replace("to = ", "to ")


def _stage(stage: Mapping[str, Any], say: Any, named: Any) -> StageProof:
    alone = stage.get("alone") or {}
    return StageProof(
        stage=say(stage.get("stage")),
        title=named(say(stage.get("stage"))),
        verdict=say(stage.get("verdict")),
        words=say(stage.get("words")),
        alone=_difference(alone),
        against_control=_difference(stage.get("against_control")),
        left_out=_difference(stage.get("left_out")),
        p_holm=finite(alone.get("p_holm")),
    )


def _view(view: Mapping[str, Any], say: Any) -> Reading:
    main = _main(view)
    arms = {say(name): float(value) for name, value in (view.get("arms") or {}).items() if finite(value) is not None}
    return Reading(say(view.get("view")), say(view.get("title")), int(view.get("rows") or 0), arms, _difference(main))


def _leak(leak: Any, say: Any) -> LeakEffect | None:
    if not isinstance(leak, Mapping):
        return None
    inflation = {say(name): _span(span) for name, span in (leak.get("inflation") or {}).items()}
    seen = _span(leak["seen"]) if leak.get("seen") else None
    return LeakEffect(int(leak.get("rows") or 0), say(leak.get("words")), inflation, seen)


def _difference(comparison: Any) -> Interval:
    found = comparison if isinstance(comparison, Mapping) else {}
    return Interval(finite(found.get("delta")), finite(found.get("low")), finite(found.get("high")))


def _span(span: Any) -> Interval:
    return Interval(finite(span.get("value")), finite(span.get("low")), finite(span.get("high")))


def _list(ablation: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    return [item for item in ablation.get(name) or () if isinstance(item, Mapping)]


def told_span(training: Training, span: Interval) -> str:
    """A difference and its interval, as all differences of the report are told; `identical` where no answer differs."""
    return "identical" if span.value == span.low == span.high == 0 else told(training, span)


def stage_forest(training: Training, proof: Proof, width: int, name: str) -> str:
    """Each stage alone against raw data and against its random control, and what leaving it out costs."""
    bars = []
    times, points = (100, " (points)") if unit(training) else (1, "")
    for s in proof.stages:
        for what, span, shape, css in (
            ("alone vs raw", s.alone, "square", "mark"),
            ("alone vs its random control", s.against_control, "diamond", "mark hollow"),
            ("all stages vs all but it", s.left_out, "circle", "mark"),
        ):
            if span.value is None:
                continue
            ends = [None if v is None else times * v for v in (span.value, span.low, span.high)]
            bars.append(Bar(f"{s.title}: {what}", ends[0], ends[1], ends[2], told_span(training, span), shape, css))
    return intervals(
        bars, width=width, name=name, title="Effects of single stages",
        description="; ".join(f"{b.label}: {b.told}" for b in bars),
        x_label=f"difference in {training.metric_title}{points}, {at_level(proof)} intervals",
        band=times * training.delta or None, ends=("worse", "better"),
    )  # fmt: skip


def shapley_bars(training: Training, proof: Proof, width: int, name: str) -> str:
    """Each stage's part of the effect as a bar from zero: solid where it helps, hatched where it harms."""
    rows = sorted(proof.shapley, key=lambda w: -(w.gain.value or 0.0))
    drawing = Drawing(
        width, name, "Shapley values of the stages", "; ".join(f"{w.title}: {told(training, w.gain)}" for w in rows)
    )
    narrow = width < NARROW
    times = 100 if unit(training) else 1
    tolds = [told(training, w.gain) for w in rows]
    left = 8.0 if narrow else min(230.0, 16 + CHARACTER * max(len(w.title) for w in rows))
    room = 0.0 if narrow else 14 + CHARACTER * max(map(len, tolds))
    step, top = (58.0, 6.0) if narrow else (34.0, 8.0)
    ends = [times * v for w in rows for v in (w.gain.value, w.gain.low, w.gain.high) if v is not None]
    scale = Scale(min(0.0, *ends), max(0.0, *ends), left + 8, width - room - 12, 4 if narrow else 6)
    bottom = top + step * len(rows) + 4
    for tick in scale.ticks:
        drawing.line(scale(tick), bottom, scale(tick), top - 4, "grid")
        drawing.text(scale(tick), bottom + 16, scale.label(tick, signed=True), "tick", "middle")
    for i, (w, said) in enumerate(zip(rows, tolds, strict=True)):
        y = top + step * i + (44 if narrow else step / 2)
        if narrow:
            drawing.text(left, y - 28, w.title, "label", room=width - 16)
            drawing.text(left, y - 13, said, "told soft")
        else:
            drawing.text(left, y + 4, w.title, "label", "end", room=left - 8)
            drawing.text(width - room + 8, y + 4, said, "told")
        if w.gain.value is None:
            continue
        a, b = sorted((scale(0), scale(times * w.gain.value)))
        drawing.rect(a, y - 8, b - a, 16, f"bar {'after' if w.gain.value >= 0 else 'rejected'}")
        if w.gain.low is not None and w.gain.high is not None:
            low, high = scale(times * w.gain.low), scale(times * w.gain.high)
            drawing.line(low, y, high, y, "whisker")
            for end in (low, high):
                drawing.line(end, y - 4, end, y + 4, "whisker")
    drawing.line(scale(0), top - 4, scale(0), bottom, "zero")
    label = f"part of the gain in {training.metric_title}{' (points)' if unit(training) else ''}"
    drawing.text((scale.left + scale.right) / 2, bottom + 34, label, "axis-label", "middle", room=width - 16)
    return drawing.close(bottom + 44)


def level_of(proof: Proof | None) -> float:
    """Confidence level of the comparisons: above 95% where seeds were added until there was a verdict."""
    return proof.looks[-1].level if proof is not None and proof.looks else 0.95


def at_level(proof: Proof | None) -> str:
    """The same as words: `95%`."""
    return f"{100 * level_of(proof):.4g}%"


def sure(training: Training, proof: Proof) -> list[str]:
    """How sure the verdict is, in sentences."""
    out = []
    if proof.minimum_detectable:
        shown = difference(training, proof.minimum_detectable).lstrip("+")
        out.append(
            f"A true difference of {shown}{unit(training)} between curated and raw data would have been shown four times "
            "in five; smaller ones more seldom."
        )
    if proof.noise_floor is not None:
        shown = difference(training, proof.noise_floor).lstrip("+")
        out.append(
            f"Noise floor: two runs that differ in nothing but the seed lie within {shown}{unit(training)} of each other, "
            "19 times in 20."
        )
    if proof.tests:
        out.append(proof.tests)
    return out
