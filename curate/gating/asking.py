"""Which stages a policy needs, and how much of the data each must see.

Stages that no check asks about do not run, nor do parts of them that no check counts (names of people that are only
noted). Labels of more than `MOST_JUDGED_WHOLE` rows are judged on a sample of every class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from curate.dataset import Dataset
from curate.recipe import Recipe

if TYPE_CHECKING:
    from audit.gate import Policy

RESIDUAL = "pii_residual_per_1000_rows"
CURATION = "disproportionate_curation"
ASKED_BY = {
    "duplicate_rate": ("exact_duplicates", "near_duplicates"),
    "leaked_rows": ("exact_duplicates", "near_duplicates", "contamination"),
    "conflicting_labels": ("exact_duplicates", "near_duplicates", "label_names"),
    "conflicting_answers": ("exact_duplicates", "near_duplicates"),
    "pii_rows": ("pii",),
    "secrets": ("pii",),
    RESIDUAL: ("pii",),
    "label_error_rate": ("near_duplicates", "label_issues", "label_names"),
    "rows_per_class": ("label_names",),
    "disparities": ("near_duplicates", "label_names", "fairness"),
    "selection_rate_gap": ("near_duplicates", "label_names", "fairness"),
    "tpr_gap": ("near_duplicates", "label_names", "fairness"),
    "equalised_odds_gap": ("near_duplicates", "label_names", "fairness"),
    "accuracy_gap": ("near_duplicates", "label_names", "fairness"),
    "four_fifths": ("near_duplicates", "label_names", "fairness"),
}
"""Stages behind each check; a stage also runs where it sharpens one of these (clusters, canonical names)."""
MOST_JUDGED_WHOLE, SAMPLE_ROWS = 50_000, 20_000
"""Rows up to which every label is judged, and how many are drawn beyond that."""


def only_asked(recipe: Recipe, policy: Policy) -> Recipe:
    """The recipe with the stages that the policy's checks rest on, of those it enables."""
    wanted = {stage for check in policy.limits for stage in ASKED_BY.get(check, ())}
    recipe = recipe.narrowed(*(name for name in recipe.stage_names() if name in wanted))
    if "near_duplicates" in wanted:  # how well the stage looks is measured in a run
        recipe = recipe.with_settings("near_duplicates", measure=False)
    if "pii" in wanted and RESIDUAL not in policy.limits and recipe.choice("pii").config.names == "flag":
        recipe = recipe.with_settings("pii", names="off")  # a name that is only noted counts in no other check
    return recipe


def sampled(recipe: Recipe, dataset: Dataset) -> Recipe:
    """The recipe in which labels of much data are judged on a sample; whoever sets `sample_rows` decides."""
    if dataset.n_rows <= MOST_JUDGED_WHOLE or "sample_rows" in recipe.stage_settings.get("label_issues", {}):
        return recipe
    asked = "label_issues" in recipe.stage_names()
    return recipe.with_settings("label_issues", sample_rows=SAMPLE_ROWS) if asked else recipe
