"""The report as Markdown for a pull request: the verdict, the tables, a few examples, no pictures.

Text of the data goes into code spans, whose fence is longer than any run of backticks inside; other cells have every
character that Markdown or HTML could read disarmed. Nothing here can become a link, an image, a mention or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from audit.report import judged, reviewed
from audit.report.fairness import leads
from audit.report.fairness_markdown import fairness_parts
from audit.report.model import Report
from audit.report.model_stage import StageReport
from audit.report.model_trainer import TrainedAdapter, TrainerAlert
from audit.report.proof import at_level, sure, told_span
from audit.report.residual import NAMES_CAPTION, groups_of, rows_of
from audit.report.trainer_words import alert_cells, alerts_of, heading, metric_cells
from audit.report.training import told, unit
from audit.report.words import estimate_span, parts_of_prose, percent_span, points_span
from curate.words import count, duration, number, plural

EXAMPLES = 2
_SPECIAL = re.compile(r"([\\`*_{}\[\]|~])")
_LIVE = re.compile(r"@|#|://|www\.", re.IGNORECASE)
"""What code hosts turn into mentions, references and links without being asked."""


def render(report: Report) -> str:
    """The Markdown text, ending in a newline."""
    parts = [
        f"# {escape(report.headline.sentence)}",
        *([] if report.narrow else [f"**Verdict: {report.headline.outcome}.** {prose(report.headline.verdict)}"]),
        *_cautions(report),
        *(fairness_parts(report, _table, escape, code) if leads(report) else []),
        *_comparisons(report),
        *_trained(report),
        "## What was removed and changed, and why",
        *_stages(report),
        "## Examples",
        *_examples(report),
        "## Who was affected",
        *_affected(report),
        *([] if leads(report) else fairness_parts(report, _table, escape, code)),
        "## What waits",
        *_pending(report),
        *_enough(report),
        "## What is left after curation",
        *_left(report),
        *_reviewed(report),
        "## How to get this again",
        *_again(report),
    ]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Plain text that stays plain in Markdown and HTML; an empty comment keeps a host from seeing a link or a name."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _LIVE.sub(lambda m: f"{m[0][0]}<!-- -->{m[0][1:]}", _SPECIAL.sub(r"\\\1", plain))


def prose(text: str) -> str:
    """A sentence of ours, whose commands stand between backticks."""
    out = ""
    for is_code, piece in parts_of_prose(text):
        before, after = (" " if end.isspace() else "" for end in (piece[:1], piece[-1:]))
        out += code(piece) if is_code else f"{before}{escape(piece)}{after}"
    return out


def code(text: str) -> str:
    """Text of the data as a code span; a table's bars are written as the broken bar, which needs no escape."""
    text = " ".join(text.split()).replace("|", "¦")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    room = " " if "`" in text else ""
    return f"{fence}{room}{text}{room}{fence}" if text else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric_from: int = 1) -> str:
    line = ["---" if i < numeric_from else "---:" for i in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, line, *rows))


def _cautions(report: Report) -> list[str]:
    if not report.headline.cautions:
        return []
    return ["Read with care:\n\n" + "\n".join(f"- {prose(c)}" for c in report.headline.cautions)]


def _comparisons(report: Report) -> list[str]:
    training = report.training
    if training is None or not training.comparisons:
        return []
    what = f"Difference in {escape(training.metric_title)}{unit(training)}, {at_level(report.proof)}"
    head = ["Comparison", "Taken by itself", what, "Rows", "Seeds"]
    rows = [
        (escape(c.title), escape(c.verdict), told(training, c.delta), count(c.items), count(c.seeds))
        for c in training.comparisons
    ]
    arms = [
        (f"{a.letter}. {escape(a.told)}", count(a.rows), number(a.metrics.get(training.metric)), str(a.finished))
        for a in training.arms
    ]
    arms += [(escape(y.told), "", number(y.value), "") for y in training.yardsticks]
    return [
        _table(head, rows, 2), _table(["Arm", "Rows", escape(training.metric_title), "Seeds"], arms), *_proof(report),
        *_beyond(report),
    ]  # fmt: skip


def _beyond(report: Report) -> list[str]:
    if report.beyond is None:
        return []
    out = [f"### Beyond accuracy\n\n{escape(report.beyond.about)}"]
    for part in report.beyond.parts:
        out.append(f"**{escape(part.title)}.** {escape(part.words)}")
        out += [_table([escape(h) for h in t.head], [[escape(c) for c in row] for row in t.rows], t.numbers_from)
                for t in part.tables if t.rows]  # fmt: skip
    return [*out, *(f"- {escape(note)}" for note in report.beyond.notes)]


def _proof(report: Report) -> list[str]:
    training, proof = report.training, report.proof
    if training is None or proof is None:
        return []
    out = []
    if proof.stages:
        head = ["Stage", "Verdict", f"Alone vs raw, {at_level(proof)}", "Alone vs random control", "All vs all but it"]
        rows = [
            (escape(s.title), s.verdict, *(told_span(training, d) for d in (s.alone, s.against_control, s.left_out)))
            for s in proof.stages
        ]
        out.append(_table(head, rows, 2))
    if proof.shapley:
        worth = [(escape(w.title), told(training, w.gain)) for w in proof.shapley]
        out.append(_table(["Stage", f"Part of the effect (Shapley value), {at_level(proof)}"], worth))
    out += [escape(proof.leak.words)] if proof.leak else []
    if proof.views:
        read = [(escape(v.title), count(v.rows), told_span(training, v.curated_less_raw)) for v in proof.views]
        out.append(_table(["Read on", "Rows", f"Curated less raw, {at_level(proof)}"], read))
    if proof.judged:
        head = ["Answers of", "Preferred to those of", "Share of prompts, 95%", "Prompts", "Won", "Lost", "Ties"]
        votes = [
            (escape(j.first), escape(j.second), judged.told(j), *(count(n) for n in (j.prompts, j.won, j.lost, j.ties)))
            for j in proof.judged.pairs
        ]
        out += [_table(head, votes, 2), judged.sentence(proof.judged)]
    said = sure(training, proof)
    return [*out, "\n".join(f"- {escape(s)}" for s in said)] if said else out


def render_adapter(run: TrainedAdapter) -> str:
    """One trained adapter by itself: base beside adapter, alerts with what to do."""
    return "\n\n".join([f"# {escape(heading(run))}", *_measured(run), *_alerts(run.alerts)]) + "\n"


def _trained(report: Report) -> list[str]:
    alerts = alerts_of(report)
    if not report.adapters and not alerts:
        return []
    out = ["## What was trained"]
    for run in report.adapters:
        out += [escape(heading(run)), *_measured(run)]
    return [*out, *_alerts(alerts)]


def _measured(run: TrainedAdapter) -> list[str]:
    rows = [(escape(name), escape(metric), base, ours, span) for name, metric, base, ours, span in metric_cells(run)]
    return [_table(["Judged on", "Metric", "Base", "Adapter", "95%"], rows, 2)] if rows else []


def _alerts(alerts: Sequence[TrainerAlert]) -> list[str]:
    rows = [(escape(run), escape(kind), prose(seen), prose(do)) for run, kind, seen, do in alert_cells(alerts)]
    head = ["Training", "Alert", "What was seen", "What to do"]
    return [_table(head, rows, 4)] if rows else ["No watchdog said anything."]


def _stages(report: Report) -> list[str]:
    if not report.stages:
        return ["No stage ran."]
    head = ["Stage", "Findings", "Applied", "Noted", "Pending", "Rejected", "Superseded", "Stale", "Rows removed", "Edited",
            "Relabelled", "Time"]  # fmt: skip
    tables = [_table(head, [_stage(s) for s in report.stages])]
    for s in report.stages:
        if s.measured:
            rows = [(escape(e.what), estimate_span(e.share), f"{count(e.hits)} of {count(e.of)}") for e in s.measured]
            tables.append(_table([f"{escape(s.title)}, measured on a sample of this data", "Share, 95%", "Counted"], rows))
        if s.leaks:
            head = [f"{escape(s.title)}: set", "Kind", "Items", "Found in training rows", "Rows", "Looked for only whole"]
            rows_ = [
                (code(k.set), escape(k.kind), count(k.items), count(k.found), count(k.rows), count(k.only_whole))
                for k in s.leaks
            ]
            tables.append(_table(head, rows_, 2))
    return tables


def _stage(s: StageReport) -> list[str]:
    c = s.counts
    if s.status == "skipped":
        return [f"{escape(s.title)}: skipped", *[""] * 10, duration(s.seconds)]
    kinds = ("applied", "noted", "pending", "rejected", "superseded", "stale")
    numbers = (c.total, *(c.shown[kind] for kind in kinds), s.dropped_rows, s.edited_rows,
               s.relabelled_rows)  # fmt: skip
    return [escape(s.title), *(count(n) for n in numbers), duration(s.seconds)]


def _examples(report: Report) -> list[str]:
    out = []
    for stage in report.stages:
        lines = []
        for e in stage.examples[:EXAMPLES]:
            lines.append(f"- {e.status}: {escape(e.action)}, {escape(e.rule)}. {escape(e.reason)}")
            if e.text is not None:
                lines.append(f"  - row {e.text.row}: {code(e.text.plain)}")
            if e.witness is not None:
                lines.append(f"  - row {e.witness.row} (witness): {code(e.witness.plain)}")
            if e.change is not None:
                lines.append(f"  - label: {code(e.change.before)} → {code(e.change.after)}")
        if lines:
            out.append(f"### {escape(stage.title)}\n\n" + "\n".join(lines))
    return out or ["There are no findings to show."]


def _affected(report: Report) -> list[str]:
    out = []
    if not report.groups:
        out.append("**Not judged:** no column has the role of a sensitive group.")
    for column in report.groups:
        name = code(column.column) or "group"
        head = [name, "Removal against other rows", "Rows", "Removed", "Edited", "Relabelled", "Points"]
        rows = [
            (code(g.group), g.outcome, count(g.rows), percent_span(g.dropped), percent_span(g.edited),
             percent_span(g.relabelled), points_span(g.difference))
            for g in column.groups
        ]  # fmt: skip
        out.append(_table(head, rows, 2))
    return out


def _pending(report: Report) -> list[str]:
    if not report.pending.total:
        return ["Nothing."]
    fence = "```sh\n" + "\n".join(report.pending.commands) + "\n```"
    return [f"{plural(report.pending.total, 'finding')} for a person to decide; RUN is the run directory.", fence]


def _enough(report: Report) -> list[str]:
    e = report.enough
    if e is None:
        return []
    lines = [(code(c.label), count(c.rows), count(c.distinct)) for c in e.smallest]
    table = [_table(["Smallest classes", "Rows", "Distinct"], lines)] if lines else []
    return ["## Is there enough data", escape(e.sentence), *([escape(e.curve_says)] if e.curve_says else []), *table]


def _left(report: Report) -> list[str]:
    rows = [(escape(s.title), count(s.findings), count(s.left)) for s in report.stages if s.left is not None]
    if not rows:
        return ["No second look was taken, so nothing is known.", *_missed(report)]
    return [_table(["Stage", "Findings in the raw data", "In the curated data"], rows), *_missed(report)]


def _reviewed(report: Report) -> list[str]:
    r = report.reviewed
    if r is None:
        return []
    rows = [(escape(what), escape(share), escape(of)) for what, share, of in reviewed.lines(r)]
    return ["## What people's answers certify", prose(r.sentence), *([_table(reviewed.HEADS, rows)] if rows else [])]


def _missed(report: Report) -> list[str]:
    r = report.residual
    if r is None:
        return []
    lines = [(escape(kind), span, count(f), count(c), count(n)) for kind, span, f, c, n in rows_of(r)]
    head = ["Missed personal data, spans in 1,000 rows, 95%", "Missed", "Found", "Only weak detectors", "Read"]
    out = [prose(r.sentence), _table(head, lines)]
    if r.names is not None:
        rows = [(escape(group), span, count(asked)) for group, span, asked in groups_of(r)]
        out += [prose(r.names.sentence), _table([NAMES_CAPTION, "Found", "Names tried"], rows)]
    return out


def _again(report: Report) -> list[str]:
    again = report.reproducibility
    versions = ", ".join(f"{k} {v}" for k, v in again.versions.items())
    seeds = "; ".join(f"{k} {', '.join(map(str, v)) if isinstance(v, list) else v}" for k, v in again.seeds.items())
    lines = [f"- input {code(again.input_hash)}", f"- seeds: {escape(seeds)}", f"- versions: {escape(versions)}"]
    return ["\n".join([*(f"- {code(c)}" for c in again.commands), *lines])]
