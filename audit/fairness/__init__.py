"""Fairness: how the data, a model of it, and the curation treat the groups of a sensitive column.

A *disaggregated metric* is one number computed for each group apart (fairlearn's MetricFrame is the reference, and the
tests hold these numbers equal to it). A *comparison* sets one group against all others and ends in one of four
outcomes: `disparity`, `equivalent` (within plus or minus delta), `insufficient evidence` (with the number of rows that
would be needed) or `not applicable`. A group too small to judge always ends in the third; it never reads as a
difference of 0.

- `audit.fairness.groups.audit_groups`: labels and predictions by group;
- `audit.fairness.curation.curation_effect`: who was removed, edited, relabelled.
"""

from __future__ import annotations

from audit.fairness.curation import CurationEffect, curation_effect
from audit.fairness.groups import FairnessAudit, audit_groups
from audit.fairness.outcome import Comparison

__all__ = ["Comparison", "CurationEffect", "FairnessAudit", "audit_groups", "curation_effect"]
