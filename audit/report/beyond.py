"""What was measured beyond accuracy, from `ablation.json`, for every rendering.

Each part of the file becomes a verdict in words, marks of one figure and a table. Numbers are told as they are in the file;
only units are chosen here (points for shares and accuracies). Names of groups and stages are masked like everything else
that comes from a file; what the file does not hold is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.report.interval import Interval
from audit.report.model_beyond import Beyond, BeyondMark, BeyondPart, BeyondTable
from audit.report.plots import Bar, intervals
from audit.report.safe import READ, Previews
from audit.report.training import IN_POINTS, title_of
from curate.statistics import finite
from curate.words import DASH, measure, number, plural, signed

Say = Callable[[Any], str]
CHANCE_BITS = 1.4427
_KNOWN = ("raw", "curated")


def beyond_of(ablation: Mapping[str, Any] | None, previews: Previews) -> Beyond | None:
    """The model of `ablation["beyond"]`; None where nothing was asked."""
    found = (ablation or {}).get("beyond")
    if not isinstance(found, Mapping):
        return None

    def say(value: Any) -> str:
        return previews.short("" if value is None else str(value), READ)

    config = found.get("config") or {}
    about = (
        f"{_count(found.get('rows'))} raw training rows, {plural(len(found.get('seeds') or ()), 'seed')}, "
        f"{config.get('steps', '?')} steps a run: a shorter configuration than that of the verdict above, so its numbers "
        "stand by themselves. Verdicts are corrected for the number of questions of their part (Holm)."
    )
    metric = str((ablation or {}).get("metric") or "")
    makers = (_fairness, _memory, _receipts, _frontiers, _flips, _forgetting)
    names = ("fairness", "memory", "receipts", "frontiers", "flips", "forgetting")
    asked = [(found[n], make) for n, make in zip(names, makers, strict=True) if isinstance(found.get(n), Mapping)]
    parts = tuple(part for given, make in asked if (part := make(given, say, metric)) is not None)
    return Beyond(parts, about, tuple(say(n) for n in found.get("notes") or ()))


def figure(part: BeyondPart, width: int, name: str) -> str:
    """The part's marks with their intervals."""
    bars = [
        Bar(m.label, m.span.value, m.span.low, m.span.high, m.told, "diamond" if m.hollow else "square",
            "mark hollow" if m.hollow else "mark")
        for m in part.marks
    ]  # fmt: skip
    said = "; ".join(f"{b.label}: {b.told}" for b in bars)
    return intervals(bars, width=width, name=name, title=part.title, description=said, x_label=part.x_label)


def _fairness(found: Mapping[str, Any], say: Say, metric: str) -> BeyondPart:
    times, unit = _unit(metric)
    marks, rows = [], []
    for gap in _list(found, "gaps"):
        who = f"{say(gap['column'])} = {say(gap['group'])}"
        by_arm = (gap.get("by_arm") or {}).get(metric) or {}
        for s in _list(gap, "stages"):
            answer = s["answer"]
            stage, told = _plain(say(s["stage"])), _told(answer, times, unit)
            marks.append(BeyondMark(f"{who}: {stage}", _scaled(answer, times), told))
            share = f"{signed(100 * s['share'], 0)}%" if s.get("share") is not None else DASH
            rows.append((who, stage, say(answer["verdict"]), told, share,
                         *(_told(by_arm.get(a), times, unit) for a in _KNOWN)))  # fmt: skip
        whole = gap["whole"]
        rows.append((who, "all stages", say(whole["verdict"]), _told(whole, times, unit), "–",
                     *(_told(by_arm.get(a), times, unit) for a in _KNOWN)))  # fmt: skip
    head = ("Group", "Stage", "Verdict", "Closed of the gap", "Share", "Gap with raw data", "Gap with curated data")
    caption = "Shapley values of each group’s gap to all others; below zero the stage widened it."
    return BeyondPart(
        "fairness", "Which stage closed or widened a gap between groups", say(found.get("words")),
        "A gap is a group’s mean less everybody else’s on held-out rows; it is divided among the stages by Shapley values.",
        f"closed of the gap in {_axis(metric)}", tuple(marks), (_table(caption, head, rows, 3),),
    )  # fmt: skip


def _memory(found: Mapping[str, Any], say: Say, metric: str) -> BeyondPart:
    marks, rows = [], []
    for cell in _list(found, "cells"):
        arm = _arm(say(cell["arm"]))
        label = f"{arm}, {say(cell['place'])}, planted {cell['frequency']} times"
        marks.append(BeyondMark(label, _scaled(cell["bits"], 1), _told(cell["bits"], 1, " bits"), arm != "raw"))
        rows.append((arm, say(cell["place"]), str(cell["frequency"]), str(cell["canaries"]), _told(cell["bits"], 1, ""),
                     f"{cell['p']:.4f}", str(cell["extracted"])))  # fmt: skip
    questions = [
        (_arm(say(a["question"])), what, say(a["verdict"]), _told(a, 1, " bits"))
        for what, name in (("more bits a doubling", "trend"), ("less than raw", "scrubbing"))
        for a in _list(found, name)
    ]
    head = ("Rows", "Place", "Times planted", "Canaries", "Exposure, bits", "p against chance", "Written out")
    kinds = ", ".join(f"{_plain(say(k))} ({v})" for k, v in (found.get("types") or {}).items())
    spans = _list(found, "spans")
    about = (
        f"Made-up secrets of the types that the data holds ({kinds}), each ranked among "
        f"{_count(found.get('candidates'))} values of its kind by the models’ probabilities; "
        f"{CHANCE_BITS:.1f} bits is what a model shows that never saw it. {say(found.get('note'))} "
    )
    if spans:
        about += (
            f"{len(spans)} stretch{'es' if len(spans) > 1 else ''} of training rows that models know by heart, and no "
            "detector marked, can be judged: the stage named memorised makes findings of them."
        )
    return BeyondPart(
        "memory", "What models recite", say(found.get("words")), about.strip(), "exposure, bits", tuple(marks),
        (_table("Exposure of planted secrets; written out: by greedy decoding after their prompt.", head, rows, 2),
         _table("Does exposure rise with frequency, and what does scrubbing take away?",
                ("Rows", "Question", "Verdict", "Bits"), questions, 3)),
    )  # fmt: skip


def _receipts(found: Mapping[str, Any], say: Say, metric: str) -> BeyondPart:
    times, unit = _unit(metric)
    marks, rows = [], []
    for r in _list(found, "receipts"):
        name = f"{_plain(say(r['stage']))}: {_plain(say(r['rule']).rpartition('.')[2])} ({say(r['action'])})"
        verdict = say(r["measured"]["verdict"])
        verdict = "not distinguishable from noise" if verdict == "inconclusive" else verdict
        marks.append(BeyondMark(name, _scaled(r["measured"], times), _told(r["measured"], times, unit)))
        rows.append((name, verdict, _count(r["rows"]), _told(r["measured"], times, unit),
                     measure(finite(r.get("estimate")))))  # fmt: skip
    head = ("Decisions", "Verdict", "Training rows", "Measured effect", "Estimated influence")
    return BeyondPart(
        "receipts", "What each kind of decision was worth", say(found.get("words")),
        "Curated data against curated data without the decisions of one kind, both really trained.",
        f"effect on {_axis(metric)}", tuple(marks),
        (_table("Receipts by decision class.", head, rows, 2),),
    )  # fmt: skip


def _frontiers(found: Mapping[str, Any], say: Say, metric: str) -> BeyondPart | None:
    times, unit = _unit(metric)
    marks, tables = [], []
    for kind, caption in (
        ("sizes", "Half, all and twice the rows; arms see their rows equally often. Changes are against all of them."),
        ("operators", "Operators on personal data; changes are against curated data that keeps it."),
    ):
        points = _list(found, kind)
        rows = []
        for p in points:
            title = say(p["title"])
            change = p.get("change") or {}
            if change:
                told = _told(change, times, unit)
                marks.append(BeyondMark(title, _scaled(change, times), told, kind == "sizes"))
            rows.append((title, say(change.get("verdict") or "–"), _count(p["rows"]), _told(p["utility"], times, ""),
                         _told(change, times, unit), _told(p.get("exposure"), 1, "")))  # fmt: skip
        measure = title_of(metric)
        head = ("Setting", "Verdict", "Rows", measure[:1].upper() + measure[1:], "Change", "Exposure, bits")
        if rows:
            tables.append(_table(caption, head, rows, 2))
    if not tables:
        return None
    return BeyondPart(
        "frontiers", "Frontiers: size, privacy and utility", say(found.get("words")),
        "What more or less data brings, and what each operator costs and protects.",
        f"change of {_axis(metric)}", tuple(marks), tuple(tables),
    )  # fmt: skip


def _flips(found: Mapping[str, Any], say: Say, metric: str) -> BeyondPart:
    marks, rows = [], []
    for f in _list(found, "axes"):
        axis = _plain(say(f["axis"]))
        rates = f.get("rates") or {}
        marks += [BeyondMark(f"{axis}, {a}", _scaled(rates.get(a), 100), _told(rates.get(a), 100, " %"), a != "raw")
                  for a in _KNOWN if a in rates]  # fmt: skip
        told = [_told(rates.get(a), 100, " %") for a in _KNOWN]
        change = f["change"]
        rows.append((axis, say(change["verdict"]), _count(f["pairs"]), *told, _told(change, 100, " points")))
    head = ("Axis", "Verdict", "Pairs", "Flips, raw data", "Flips, curated data", "Fewer by")
    return BeyondPart(
        "flips", "Does the answer change with the person spoken of?", say(found.get("words")),
        "Held-out texts with one axis swapped; a flip is another class from the same adapter.",
        "answers that flip, %", tuple(marks), (_table("Counterfactual flips by axis.", head, rows, 2),) if rows else (),
    )  # fmt: skip


def _forgetting(found: Mapping[str, Any], say: Say, metric: str) -> BeyondPart:
    arms = _list(found, "arms")
    marks = [BeyondMark(_plain(say(a["arm"])), _scaled(a["nats"], 1), _told(a["nats"], 1, "", 3)) for a in arms]
    rows = [(_plain(say(a["arm"])), _told(a["nats"], 1, "", 3)) for a in arms]
    return BeyondPart(
        "forgetting", "What adapters forget", say(found.get("words")),
        "Nats a token on general text with an adapter, less the base’s alone; above zero is forgotten.",
        "nats a token more than the base", tuple(marks),
        (_table("Forgetting by arm.", ("Arm", "Nats a token"), rows, 1),) if rows else (),
    )  # fmt: skip


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int) -> BeyondTable:
    return BeyondTable(caption, tuple(head), tuple(tuple(r) for r in rows), numbers_from)


def _axis(metric: str) -> str:
    return f"{title_of(metric)}{' (points)' if metric in IN_POINTS else ''}"


def _unit(metric: str) -> tuple[float, str]:
    return (100.0, " points") if metric in IN_POINTS else (1.0, " nats per token")


def _scaled(of: Any, times: float) -> Interval:
    ends = [finite((of or {}).get(k)) for k in ("value", "low", "high")]
    return Interval(*(None if v is None else times * v for v in ends))


def _told(of: Any, times: float, unit: str, digits: int | None = None) -> str:
    span = _scaled(of, times)
    if span.value is None:
        return DASH
    places = digits if digits is not None else 1 if times > 1 or "bit" in unit or not unit else 4
    ends = "" if span.low is None or span.high is None else f" [{number(span.low, places)}, {number(span.high, places)}]"
    return f"{number(span.value, places)}{unit}{ends}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _arm(name: str) -> str:
    return _plain(name.removeprefix("canaries_"))


def _count(value: Any) -> str:
    return f"{int(value):,}" if isinstance(value, int | float) else "?"


def _list(found: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [item for item in found.get(name) or () if isinstance(item, Mapping)]
