"""What an audit measured and what it did not, beside the clauses that ask for it.

EU AI Act (Regulation 2024/1689) Article 10(2)(b) to (h) and 10(3), and the NIST AI Risk Management Framework 1.0, MAP 2.3
and MEASURE 2.11, in our words. This says which measurements exist; whether a duty applies and is met is for people to
judge, and nothing here claims it. A pure function of what ran.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

DISCLAIMER = "This table says what was measured. It is no statement that any duty applies or is met."


@dataclass(frozen=True)
class Measured:
    """What ran."""

    stages: frozenset[str] = frozenset()
    """Names of stages that finished."""
    groups: bool = False
    """Whether some column holds sensitive groups."""
    named: bool = False
    """Whether groups named in texts were looked at instead."""
    labels: bool = False
    model: bool = False
    """Whether predictions were audited."""
    trained: bool = False
    """Whether models trained in this run were audited by group."""
    crossed: bool = False
    reference: bool = False
    """Whether shares were compared with a reference distribution."""
    weights: bool = False
    source: bool = False
    """Whether a column says where rows come from, or when."""
    unclear: int = 0
    """Comparisons that ended in insufficient evidence."""


@dataclass(frozen=True)
class Evidence:
    """One clause."""

    clause: str
    asks: str
    measured: tuple[str, ...]
    missing: tuple[str, ...]


_CLAUSES: tuple[tuple[str, str], ...] = (
    ("AI Act 10(2)(b)", "how data were collected and where they come from"),
    ("AI Act 10(2)(c)", "preparation: annotation, cleaning, enrichment"),
    ("AI Act 10(2)(d)", "assumptions about what the data measure"),
    ("AI Act 10(2)(e)", "availability, quantity and suitability"),
    ("AI Act 10(2)(f)", "examination for biases that may harm or discriminate"),
    ("AI Act 10(2)(g)", "measures to detect, prevent and mitigate them"),
    ("AI Act 10(2)(h)", "gaps and shortcomings, and how to address them"),
    ("AI Act 10(3)", "relevant, representative, free of errors and complete, also for the groups concerned"),
    ("NIST MAP 2.3", "integrity of design, data selection and measurement is documented"),
    ("NIST MEASURE 2.11", "fairness and bias are evaluated and documented"),
)


def evidence(m: Measured) -> tuple[Evidence, ...]:
    """One line a clause, in a fixed order."""
    told: tuple[Callable[[Measured], tuple[list[str], list[str]]], ...] = (
        _origin, _preparation, _assumptions, _quantity, _bias, _mitigation, _gaps, _representative, _integrity, _fairness
    )
    out = []
    for (clause, asks), about in zip(_CLAUSES, told, strict=True):
        measured, missing = about(m)
        out.append(Evidence(clause, asks, tuple(measured), tuple(missing)))
    return tuple(out)


def _split(pairs: list[tuple[bool, str, str]]) -> tuple[list[str], list[str]]:
    return [yes for done, yes, _ in pairs if done and yes], [no for done, _, no in pairs if not done and no]


def _origin(m: Measured) -> tuple[list[str], list[str]]:
    yes, no = _split([
        (True, "the input's hash, path and row counts", ""),
        (m.source, "a column of the source or time of rows is known", "where and when rows come from: no column says it"),
    ])  # fmt: skip
    return yes, [*no, "consent, licence and the original purpose of collection"]


def _preparation(m: Measured) -> tuple[list[str], list[str]]:
    return _split([
        (True, "every change with stage, rule, reason and decision, in the ledger", ""),
        ("label_issues" in m.stages, "labels that are probably wrong", "errors of annotation: the label stage did not run"),
        ("pii" in m.stages, "personal data found and masked", "personal data: its stage did not run"),
        (m.groups, "rates of removal, edit and relabelling by group", "on whom the changes fell: no column of groups"),
        (False, "", "who annotated, with what instructions, and how well annotators agree"),
    ])  # fmt: skip


def _assumptions(m: Measured) -> tuple[list[str], list[str]]:
    yes, _ = _split([
        (True, "margin, significance level, smallest group and settings, in the recipe", ""),
        (m.model, "predictions stand for what a model of this data would do", ""),
        (m.named, "texts that name a group stand for that group, by a word list", ""),
    ])  # fmt: skip
    return yes, ["whether labels and groups mean what they are taken to mean"]


def _quantity(m: Measured) -> tuple[list[str], list[str]]:
    return _split([
        (m.groups or m.named, "rows of each group, and the rows that open questions would need", "rows of each group"),
        ("sufficiency" in m.stages, "rows of each class and what twice as many would bring", "a learning curve"),
        ("near_duplicates" in m.stages, "copies, so that rows are not counted twice", "copies"),
        (False, "", "suitability for the intended use"),
    ])  # fmt: skip


def _bias(m: Measured) -> tuple[list[str], list[str]]:
    return _split([
        (m.labels and (m.groups or m.named), "label rates by group, with intervals and correction", "label rates by group"),
        (m.model, "selection, error and calibration rates of a model by group", "errors of a model by group"),
        (m.crossed, "intersections of groups", "intersections of groups"),
        (m.trained, "models trained in this run, by group", "models trained in this run, by group"),
        (False, "", "harm in use, feedback loops, and groups that no column or word names"),
    ])  # fmt: skip


def _mitigation(m: Measured) -> tuple[list[str], list[str]]:
    return _split([
        (m.weights or "mitigation" in m.stages, "weights or proposals against what was found, as findings", ""),
        (m.groups, "the effect of curation itself on each group", "the effect of curation on each group"),
        (m.trained, "models before and after, by group", "whether any measure helps: no model was compared by group"),
        (False, "", "whether the measures suffice"),
    ])  # fmt: skip


def _gaps(m: Measured) -> tuple[list[str], list[str]]:
    unclear = f"{m.unclear:,} comparisons without enough evidence, each with the rows it would need"
    return _split([
        (m.unclear > 0, unclear, ""),
        (m.groups or m.named, "missing labels, texts and groups", "missing values by group"),
        (m.reference, "groups that are rarer than in the reference", "groups that are absent: no reference was given"),
        (False, "", "gaps that nobody has thought to measure"),
    ])  # fmt: skip


def _representative(m: Measured) -> tuple[list[str], list[str]]:
    return _split([
        (m.reference, "shares of groups against a reference distribution", "representativeness: no reference was given"),
        ("label_issues" in m.stages, "an estimate of wrong labels", "wrong labels"),
        ("text_quality" in m.stages, "texts that are bad to learn from", "quality of texts"),
        (m.groups or m.named, "length and quality of texts by group", "properties of each group"),
        (False, "", "the persons on whom a system will be used"),
    ])  # fmt: skip


def _integrity(m: Measured) -> tuple[list[str], list[str]]:
    yes, no = _split([
        (True, "settings, seeds, versions and hashes, enough to repeat every number", ""),
        ("contamination" in m.stages, "leaks between training and evaluation", "leaks between training and evaluation"),
        (m.reference, "representativeness against a reference", "representativeness"),
    ])  # fmt: skip
    return yes, [*no, "construct validity"]


def _fairness(m: Measured) -> tuple[list[str], list[str]]:
    return _split([
        (m.labels and (m.groups or m.named), "differences between groups with intervals, corrected for their number",
         "differences between groups"),
        (m.model, "demographic parity, equal opportunity, equalised odds, four-fifths rule", "group fairness of a model"),
        (False, "", "fairness between individuals, and what the persons concerned say of it"),
    ])  # fmt: skip
