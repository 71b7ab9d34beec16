"""The report's first sentences, in words that a person would use."""

from __future__ import annotations

from collections.abc import Sequence

from audit.report.model import Fairness, Flow, GroupColumn, Headline, Outcome, Pending, StageReport, Training
from audit.report.numbers import plural
from audit.report.training import difference, main_comparison, unit


def headline_of(
    flow: Flow,
    training: Training | None,
    stages: Sequence[StageReport],
    fairness: Fairness,
    groups: Sequence[GroupColumn],
    pending: Pending,
    why_untrained: str = "",
) -> Headline:
    """One sentence, a verdict, and what limits both."""
    outcome, verdict = _verdict(training, why_untrained)
    return Headline(
        sentence=f"{_rows(flow)} {_proof(training)}",
        outcome=outcome,
        verdict=verdict,
        cautions=tuple(_cautions(stages, fairness, groups, pending, flow)),
    )


def _rows(flow: Flow) -> str:
    if flow.rows_in == 0:
        return "There were no rows to curate."
    said = f"{plural(flow.rows_in, 'row')} in, {flow.rows_out:,} out"
    done = []
    if flow.dropped_rows:
        done.append(f"{flow.dropped_rows:,} removed")
    if flow.edited_rows:
        done.append(f"{flow.edited_rows:,} edited")
    if flow.relabelled_rows:
        done.append(f"{flow.relabelled_rows:,} relabelled")
    if flow.reweighted_rows:
        done.append(f"{flow.reweighted_rows:,} reweighted")
    if flow.added_rows:
        done.append(f"{flow.added_rows:,} added")
    return f"{said}: {', '.join(done)}." if done else f"{said}; nothing was changed."


def _proof(training: Training | None) -> str:
    if training is None:
        return "Whether this helps a model was not tested."
    main = main_comparison(training)
    if main is None or main.delta.value is None:
        return "Training ran, but curated and raw data were not compared."
    d = main.delta
    moved = f"{difference(training, d.value)}{unit(training)}"
    if d.low is not None and d.high is not None:
        moved += f" (95 % interval {difference(training, d.low)} to {difference(training, d.high)})"
    better = "" if training.higher_is_better else ", where above 0 is better"
    said = WORDS[training.outcome]
    return f"Trained on curated instead of raw rows, {training.metric_title} moved by {moved}{better}: {said}."


WORDS: dict[Outcome, str] = {
    "helped": "curation helped",
    "harmed": "curation harmed",
    "equivalent": "no difference that matters",
    "identical": "no difference at all",
    "inconclusive": "inconclusive",
    "insufficient evidence": "not enough evidence for a verdict",
    "not trained": "not trained",
}


def _verdict(training: Training | None, why: str) -> tuple[Outcome, str]:
    if training is None:
        return "not trained", why or "No model was trained, so nothing here says whether curation helped."
    main = main_comparison(training)
    words = training.conclusion or (main.words if main else "") or "Curated and raw data were not compared."
    return training.outcome, words


def _cautions(
    stages: Sequence[StageReport], fairness: Fairness, groups: Sequence[GroupColumn], pending: Pending, flow: Flow
) -> list[str]:
    out = [f"{s.title} did not run: {s.reason or 'no reason given'}" for s in stages if s.status == "skipped"]
    unsure, made = fairness.counts.get("insufficient evidence", 0), sum(fairness.counts.values())
    if unsure:
        out.append(
            f"Fairness: {unsure} of {plural(made, 'comparison')} "
            f"{'has' if unsure == 1 else 'have'} insufficient evidence. That is not a pass."
        )
    found = fairness.counts.get("disparity", 0)
    if found:
        out.append(f"Fairness: {plural(found, 'comparison')} {'shows' if found == 1 else 'show'} a disparity.")
    for column in groups:
        more = [g.group for g in column.groups if g.outcome == "disparity" and (g.difference.value or 0) > 0]
        if more:
            out.append(f"Curation removed rows of {column.column} = {', '.join(more)} more often than other rows.")
        weak = [g.group for g in column.groups if g.outcome == "insufficient evidence"]
        if weak:
            out.append(
                f"Removal by {column.column}: insufficient evidence for {', '.join(weak)}. That is not a pass."
            )
    if pending.total:
        out.append(f"{plural(pending.total, 'finding')} {'waits' if pending.total == 1 else 'wait'} for review.")
    left = sum(s.left or 0 for s in stages)
    if left:
        out.append(f"A second look at the curated data found {plural(left, 'finding')} that the first one left or made.")
    if flow.orphans:
        out.append(f"{plural(flow.orphans, 'decision')} spoke of findings that this run did not bring.")
    return [c if c.endswith((".", "!", "?")) else c + "." for c in out]
