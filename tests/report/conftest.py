"""A run in miniature: real data, real findings, a real plan; only the trainer's result is written by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from audit.report import Report, build, render_html, render_markdown, render_terminal
from curate.dataset import Dataset, load
from curate.ledger.findings import concat_findings, make_findings
from curate.ledger.keepers import RowFacts
from curate.ledger.plan import Plan
from curate.ledger.resolve import Policy, StagePolicy, resolve

LABELS = ("refund_request", "login_problem", "track_delivery", "billing_question")
OPENINGS = ("Hello,", "Hi there,", "Good morning,", "Dear team,", "To whom it may concern,")
MIDDLES = {
    "refund_request": "I would like my money back for the kettle that I sent in on {day}, since it arrived cracked",
    "login_problem": "the site does not take my password since {day} and the reset page shows an empty screen",
    "track_delivery": "my parcel has stood at the depot since {day} and the tracking page says nothing new",
    "billing_question": "the invoice of {day} lists a fee that I never agreed to and cannot explain",
}
ENDINGS = ("Could you look into it?", "Please write back soon.", "Thank you for any help.", "What should I do now?")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SECRET_EMAIL = "martha.kowalczyk@postbox-mail.com"
SECRET_PHONE = "+1 415 555 2671"
SECRET_CARD = "4111 1111 1111 1111"
SECRETS = (SECRET_EMAIL, "kowalczyk", SECRET_PHONE, "555 2671", SECRET_CARD)
POLICY = Policy(
    {
        "exact_duplicates": StagePolicy("apply"),
        "near_duplicates": StagePolicy("apply"),
        "pii": StagePolicy("apply"),
        "label_issues": StagePolicy("review"),
        "fairness": StagePolicy("flag"),
    }
)


@dataclass(frozen=True)
class Run:
    """What `build` is given."""

    manifest: dict[str, Any]
    dataset: Dataset
    findings: pa.Table
    plan: Plan
    ablation: dict[str, Any] | None

    def report(self) -> Report:
        """The report of this run."""
        return build(
            manifest=self.manifest, dataset=self.dataset, findings=self.findings, plan=self.plan, ablation=self.ablation
        )

    def without(self, **changes: Any) -> Run:
        """The same run with other parts."""
        return replace(self, **changes)


def tickets(n: int = 240, seed: int = 7) -> list[dict[str, Any]]:
    """Rows with planted copies, wrong labels and personal data at known places."""
    draw = random.Random(seed)
    rows = []
    for i in range(n):
        label = LABELS[i % 4] if draw.random() < 0.7 else "refund_request"
        text = " ".join((draw.choice(OPENINGS), MIDDLES[label].format(day=draw.choice(DAYS)) + ".", draw.choice(ENDINGS)))
        rows.append({"text": f"{text} Case {i}.", "label": label, "region": "north" if i % 3 else "south", "ticket": i})
    for i in range(0, 20, 2):
        rows[i + 1] = {**rows[i], "ticket": i + 1}
    for i in range(20, 40, 2):
        rows[i + 1] = {**rows[i], "text": rows[i]["text"].replace("Case", "Ticket number"), "ticket": i + 1}
    for i in range(40, 52):
        rows[i]["label"] = LABELS[(LABELS.index(rows[i]["label"]) + 1) % 4]
    rows[52]["text"] = f"Please answer to {SECRET_EMAIL} or call {SECRET_PHONE}. {rows[52]['text']}"
    rows[53]["text"] = f"{rows[53]['text']} My card {SECRET_CARD} was charged twice; write to {SECRET_EMAIL}."
    rows[54]["text"] = f"{rows[54]['text']} Reach me at {SECRET_EMAIL}, I repeat, {SECRET_EMAIL}."
    return rows


def find(dataset: Dataset) -> pa.Table:
    """Findings as the stages would make them, at the planted places."""
    ids, texts = dataset.row_ids, dataset.values("text").to_pylist()
    labels = dataset.values("label").to_pylist()
    tables = []
    for stage, first, rule, score, reason in (
        ("exact_duplicates", 0, "same_content", 1.0, "The row repeats another row."),
        ("near_duplicates", 20, "verified_jaccard", 0.93, "The row is nearly the same as another row."),
    ):
        rows = [r for r in range(first, first + 20) if r < dataset.n_rows]
        tables.append(
            make_findings(
                stage, ids, row=rows, rule=rule, action="drop", score=[score - (r % 5) * 0.01 * (score < 1) for r in rows],
                reason=reason, witness_row=[r ^ 1 for r in rows], evidence=[json.dumps({"jaccard": score}) for _ in rows],
            )
        )  # fmt: skip
    spans = [
        (row, texts[row].index(secret), len(secret), mark, rule)
        for row in (52, 53, 54)
        for secret, mark, rule in (
            (SECRET_EMAIL, "[EMAIL]", "pii.email_address"),
            (SECRET_PHONE, "[PHONE]", "pii.phone_number"),
            (SECRET_CARD, "[CARD]", "pii.credit_card"),
        )
        if row < dataset.n_rows and secret in texts[row]
    ]
    tables.append(
        make_findings(
            "pii", ids, row=[s[0] for s in spans], rule=[s[4] for s in spans], action="replace", score=0.99,
            field="text", start=[s[1] for s in spans], end=[s[1] + s[2] for s in spans],
            replacement=[s[3] for s in spans], reason="The text holds personal data.",
        )
    )  # fmt: skip
    wrong = list(range(40, 52))
    tables.append(
        make_findings(
            "label_issues", ids, row=wrong, rule="likely_wrong", action="relabel",
            score=[0.97 - 0.03 * (r - 40) for r in wrong], field="label",
            replacement=[LABELS[(LABELS.index(labels[r]) - 1) % 4] for r in wrong],
            reason="A model trained on the other rows gives another label.",
            evidence=[
                json.dumps({"probability_given": 0.04, "probability_suggested": 0.91, "neighbours": [r + 60, r + 64]})
                for r in wrong
            ],
        )
    )  # fmt: skip
    return concat_findings(tables)


def manifest_of(dataset: Dataset, findings: pa.Table) -> dict[str, Any]:
    """A manifest as a run writes it."""
    by_stage = {s: int(n) for s, n in zip(*_counts(findings))}
    return {
        "schema_version": 1,
        "versions": {"python": "3.11.9", "curate": "0.1.0", "polars": "2.1.0"},
        "hardware": {"system": "Linux", "machine": "x86_64", "cores": 2, "memory_gib": 24.0},
        "input": {**dataset.source.to_json(), "path": "data/tickets.jsonl"},
        "task": dataset.task,
        "roles": {role: list(columns) for role, columns in dataset.roles.items()},
        "recipe": {
            "run": {"seed": 0},
            "stages": {n: {"on_finding": p.on_finding, "auto": p.auto} for n, p in POLICY.stages.items()},
        },
        "stages": {
            **{
                n: {"status": "done", "seconds": 0.25, "findings": by_stage.get(n, 0), "summary": {"rows": 3}}
                for n in ("exact_duplicates", "near_duplicates", "pii", "label_issues")
            },
            "label_names": {"status": "skipped", "reason": "Every label has one spelling.", "seconds": 0.01, "summary": {}},
            "fairness": {"status": "done", "reason": "", "seconds": 1.5, "findings": 0, "summary": {"checks": FAIRNESS}},
        },
        "outputs": {"curated.jsonl": "0123456789abcdef0123456789abcdef"},
        "rescan": {"exact_duplicates": {"left": 0}, "near_duplicates": {"left": 2}, "pii": {"left": 0}},
        "seconds": {"load": 0.1, "detect": 3.2, "resolve": 0.01, "apply": 0.05, "rescan": 0.7, "train": 95.0},
        "started": "2026-01-05T09:00:00Z",
        "finished": "2026-01-05T09:02:00Z",
    }  # fmt: skip


FAIRNESS = [
    {"column": "region", "group": "south", "metric": "accuracy", "outcome": "insufficient evidence", "value": -0.04,
     "low": -0.21, "high": 0.13, "n": 80, "note": "the interval is wider than the margin", "rows_needed": 700},
    {"column": "region", "group": "south", "metric": "selection_rate", "outcome": "disparity", "value": -0.22,
     "low": -0.31, "high": -0.12, "n": 80, "note": ""},
    {"column": "region", "group": "north", "metric": "accuracy", "outcome": "equivalent", "value": 0.004,
     "low": -0.01, "high": 0.02, "n": 160, "note": ""},
]  # fmt: skip


def _counts(findings: pa.Table) -> tuple[list[str], list[int]]:
    grouped = pa.table({"stage": findings["stage"].cast(pa.string())}).group_by("stage").aggregate([([], "count_all")])
    return grouped["stage"].to_pylist(), grouped["count_all"].to_pylist()


def ablation_of() -> dict[str, Any]:
    """An ablation as the trainer writes it."""
    draw = random.Random(3)
    arms = []
    for name, title, rows, level in (
        ("base", "Base model, untrained", 0, 0.25),
        ("raw", "Raw data", 192, 0.74),
        ("curated", "Curated data", 168, 0.81),
        ("random_control", "Random removal (control)", 168, 0.735),
    ):
        seeds = []
        for seed in (0, 1, 2) if rows else (0,):
            accuracy = round(level + draw.uniform(-0.02, 0.02), 4)
            curve = [
                {"step": s, "loss": round(1.4 * (1 - level) ** (s / 80) + 0.35 + draw.uniform(-0.03, 0.03), 4)}
                for s in range(5, 151, 5)
            ]
            seeds.append({"seed": seed, "metrics": {"accuracy": accuracy, "macro_f1": accuracy - 0.01},
                          "curve": curve if rows else []})  # fmt: skip
        arms.append({"name": name, "title": title, "rows": rows, "tokens": rows * 31, "runs": seeds})
    return {
        "schema_version": 1,
        "task": "classification",
        "metric": "accuracy",
        "delta": 0.01,
        "arms": arms,
        "comparisons": [
            {"a": "curated", "b": "raw", "delta": 0.071, "low": 0.032, "high": 0.11, "n_items": 400, "n_clusters": 380,
             "seeds": 3, "verdict": "helped", "words": "Curation helped: the interval lies above +0.01."},
            {"a": "curated", "b": "random_control", "delta": 0.076, "low": 0.035, "high": 0.118, "n_items": 400,
             "n_clusters": 380, "seeds": 3, "verdict": "helped", "words": "More than removing as many rows at random."},
            {"a": "random_control", "b": "raw", "delta": -0.005, "low": -0.034, "high": 0.024, "n_items": 400,
             "n_clusters": 380, "seeds": 3, "verdict": "inconclusive", "words": "Too few rows to say."},
            {"a": "raw", "b": "base", "delta": 0.49, "low": 0.44, "high": 0.54, "n_items": 400, "n_clusters": 380,
             "seeds": 3, "verdict": "helped", "words": "Fine-tuning works."},
        ],
        "yardstick": {"description": "TF-IDF with logistic regression", "by_arm": {"raw": 0.86, "curated": 0.94}},
        "notes": ["Trained on a CPU."],
        "verdict": "helped",
        "words": "Curation helped: accuracy on held-out rows rose, and more than by removing as many rows at random.",
        "seconds": 95.0,
    }  # fmt: skip


def make_run(folder: Path, rows: list[dict[str, Any]] | None = None, finder: Callable[[Dataset], pa.Table] = find) -> Run:
    """A run over rows written to a file and read back."""
    path = folder / "tickets.jsonl"
    rows = tickets() if rows is None else rows
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    roles = {"text": "text", "label": "label", "group": "region"}
    dataset = load(path, roles={role: column for role, column in roles.items() if column in rows[0]})
    findings = finder(dataset)
    plan = resolve(findings, None, POLICY, facts=RowFacts.plain(dataset.n_rows))
    return Run(manifest_of(dataset, findings), dataset, findings, plan, ablation_of())


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The usual run."""
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def report(run: Run) -> Report:
    """Its report."""
    return run.report()


def terminal(report: Report, width: int = 80) -> str:
    out = StringIO()
    Console(file=out, width=width, force_terminal=False).print(render_terminal(report))
    return out.getvalue()


def renderings(report: Report) -> dict[str, str]:
    return {
        "json": json.dumps(report.to_json(), ensure_ascii=False),
        "html": render_html(report),
        "markdown": render_markdown(report),
        "terminal": terminal(report),
    }
