"""Fairness: how the data, a model of it, and the curation treat the groups of a sensitive column.

A *disaggregated metric* is one number computed for each group apart (fairlearn's MetricFrame is the reference, and the
tests hold these numbers equal to it). A *comparison* sets one group against all others and ends in one of four
outcomes: `disparity`, `equivalent` (within plus or minus delta), `insufficient evidence` (with the number of rows that
would be needed) or `not applicable`. A group too small to judge always ends in the third; it never reads as a
difference of 0.

- `audit_groups`: labels and predictions by group, column by column and crossed;
- `audit_data`: how many rows each group has, how long and how good its texts are, what is missing;
- `effects_by_group`, `curation_effect`: who was removed, edited, relabelled;
- `who_is_affected`: the same as sentences, for the preview of a bulk change; `audit.fairness.preview` gives them of rows,
  findings and plans of a data set;
- `audit.fairness.identity`: groups that texts name, where no column holds any.
"""

from __future__ import annotations

from audit.fairness.curation import CurationEffect, curation_effect, effects_by_group
from audit.fairness.data import DataAudit, audit_data
from audit.fairness.groups import audit_groups
from audit.fairness.outcome import Comparison, FourFifths
from audit.fairness.result import FairnessAudit, GroupMetric, Spread
from audit.fairness.statement import Statement, who_is_affected

__all__ = [
    "Comparison", "CurationEffect", "DataAudit", "FairnessAudit", "FourFifths", "GroupMetric", "Spread", "Statement",
    "audit_data", "audit_groups", "curation_effect", "effects_by_group", "who_is_affected",
]  # fmt: skip
