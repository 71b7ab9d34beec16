"""The report's first sentences, in words that a person would use."""

from __future__ import annotations

from collections.abc import Sequence

from audit.report.model import Flow, Headline
from audit.report.model_fairness import Fairness, GroupColumn
from audit.report.model_stage import Pending, StageReport
from audit.report.model_training import Outcome, Training
from audit.report.training import difference, main_comparison, unit
from curate.dataset.unread import differing
from curate.stages.registry import concern_of
from curate.words import plural


def headline_of(
    flow: Flow,
    training: Training | None,
    stages: Sequence[StageReport],
    fairness: Fairness,
    groups: Sequence[GroupColumn],
    pending: Pending,
    why_untrained: str = "",
    narrow: bool = False,
    curated: str = "curated",
    unread: Sequence[str] = (),
    rejected: int = 0,
) -> Headline:
    """One sentence, a verdict, and what limits both.

    A `narrow` question is told nothing of a proof it did not ask for; `curated` is the name of the curated file,
    `unread` columns of prose without a role, where rows went; `rejected` rows
    could not be read and were left out before the first count.
    """
    outcome, verdict = _verdict(training, why_untrained)
    rows = _rows(flow)
    return Headline(
        sentence=rows if narrow else f"{rows} {_proof(training)}",
        rows=rows,
        outcome=outcome,
        verdict=verdict,
        cautions=(
            *([f"{plural(rejected, 'row')} could not be read and {'was' if rejected == 1 else 'were'} left out: "
               "`RUN/rejected.jsonl` says which and why."] if rejected else ()),
            *([f"{differing(unread)}."] if unread else ()),
            *_cautions(stages, fairness, groups, pending, flow, curated),
        ),
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
        return "Curated and raw data were not compared."
    d = main.delta
    moved = f"{difference(training, d.value)}{unit(training)}"
    if d.low is not None and d.high is not None:
        moved += f" ({100 * main.level:.4g}% interval {difference(training, d.low)} to {difference(training, d.high)})"
    better = "" if training.higher_is_better else ", where above 0 is better"
    said = WORDS[training.outcome]
    return f"Trained on curated instead of raw rows, {training.metric_title} moved by {moved}{better}: {said}."


NAME_RULES = ("pii.person", "pii.street_address")
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
    stages: Sequence[StageReport], fairness: Fairness, groups: Sequence[GroupColumn], pending: Pending, flow: Flow,
    curated: str,
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
    for column in groups if flow.dropped_rows else ():
        more = [g.group for g in column.groups if g.outcome == "disparity" and (g.difference.value or 0) > 0]
        if more:
            out.append(f"Curation removed rows of {column.column} = {', '.join(more)} more often than other rows.")
        weak = [g.group for g in column.groups if g.outcome == "insufficient evidence"]
        if weak:
            out.append(
                f"Removal by {column.column}: insufficient evidence for {', '.join(weak)}. That is not a pass."
            )
    out += [told for s in stages if (told := _took_most(s, flow)) or (told := _few_pairs(s))]
    if noted := names_noted(stages):
        out.append(noted)
    slipped = sum(r.counts.total for s in stages for r in s.rules if r.rule == "slipped")
    if slipped:
        out.append(
            f"In {slipped:,} rows prompt and answer seem to stand some rows apart, as if an export had slipped (or a "
            "conversation went on from row to row): look at the source."
        )
    if pending.total:
        wait = "waits" if pending.total == 1 else "wait"
        out.append(f"{plural(pending.total, 'finding')} {wait} for review{looks(pending)}.")
    if left := second_look(stages, curated):
        out.append(left)
    if flow.orphans:
        out.append(f"{plural(flow.orphans, 'decision')} spoke of findings that this run did not bring.")
    return [c if c.endswith((".", "!", "?")) else c + "." for c in out]


def _took_most(stage: StageReport, flow: Flow) -> str:
    """That a stage removed most of the rows, which says more of how the data is read than of the data; else empty."""
    if 2 * stage.dropped_rows <= flow.rows_in:
        return ""
    return (
        f"{stage.title} removed {stage.dropped_rows:,} of {plural(flow.rows_in, 'row')}: look whether the right columns "
        "are read (`--role text=COLUMN`) before you use what is left."
    )


def _few_pairs(stage: StageReport) -> str:
    """That a stage found clearly fewer of the pairs in its sample than it aims for; empty where it did not."""
    few = [m for m in stage.measured if m.what.startswith("pairs at ") and m.share.high is not None and m.share.high < 0.9]
    if not few:
        return ""
    worst = min(few, key=lambda m: m.hits / max(1, m.of))
    return (
        f"{stage.title}: of {worst.what.split(',')[0]} in a sample {worst.hits:,} of {worst.of:,} were found. "
        "Rows made of phrases that many rows share are compared by what is their own, unless "
        "`[stages.near_duplicates] template_share` is 0."
    )


def names_noted(stages: Sequence[StageReport]) -> str:
    """How many names were flagged and left where they stand, and what replaces them; empty for none."""
    rules = [r for s in stages for r in s.rules if r.rule in NAME_RULES and r.action == "flag"]
    total = sum(r.counts.applied_notes for r in rules)
    if not total:
        return ""
    what = "name of a person or street address" if total == 1 else "names of people and street addresses"
    was = "was flagged and stays" if total == 1 else "were flagged and stay"
    how = "`curate pii DATA --names replace` replaces them, words wrongly taken for names too: read some first."
    return f"{total:,} {what} {was} in the data; {how}"


def looks(pending: Pending) -> str:
    """How much of what waits can change data, as the end of a sentence."""
    if not pending.only_looks:
        return ""
    which = "all" if pending.only_looks == pending.total else f"{pending.only_looks:,}"
    return f", {which} of them flags: something to look at, and no row changes by them"


def second_look(stages: Sequence[StageReport], curated: str) -> str:
    """What the stages find in the curated data, and what to do about it; empty when they find nothing or none looked."""
    looked = [s for s in stages if s.left is not None and not s.helper]
    total = sum(s.left or 0 for s in looked)
    if not total:
        return ""
    alike = sum(s.left_alike_once_edited for s in looked)
    masked = {concern_of(s.name) for s in stages if s.edited_rows} == {"privacy"}
    out = []
    if alike:
        became = "identical" if all(s.name == "exact_duplicates" for s in looked if s.left_alike_once_edited) else "alike"
        how = ["personal data was masked" if masked else "text was replaced"] if any(s.edited_rows for s in stages) else []
        how += ["labels were corrected"] if any(s.relabelled_rows for s in stages) else []
        out.append(
            f"{plural(alike, 'row')} became {became} once {' and '.join(how) or 'rows were changed'}; "
            f"`curate dedup RUN/{curated}` removes {'it' if alike == 1 else 'them'}."
        )
    if total > alike:
        left = ", ".join(
            f"{s.title.lower()} {s.left - s.left_alike_once_edited:,}"
            for s in looked
            if s.left and s.left > s.left_alike_once_edited
        )
        out.append(f"A second look at the curated data still finds: {left}.")
    return " ".join(out)
