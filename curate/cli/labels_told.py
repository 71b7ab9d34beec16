"""What `curate labels` adds to the end of a run: how many labels are how doubtful, and which are mistaken for which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_SWAPS = 5


def told_labels(found: Mapping[str, Any], conflicts: int) -> list[str]:
    """Lines for the terminal: of the summary of `label_issues`, and the rows that nearly repeat one of another label."""
    lines = []
    if found.get("target") == "class":
        lines = _classes(found)
    elif found.get("target") == "set":
        lines.append(
            f"{found['rows_judged']:,} sets of labels judged: {found['missing_label']:,} seem to lack a label, "
            f"{found['extra_label']:,} to hold one too many. Nothing is changed by these."
        )
    elif found.get("target") == "number":
        lines.append(
            f"{found['rows_judged']:,} numbers judged: {found['unexpected_number']:,} far from what is expected; the text "
            f"explains {max(0.0, found['explained_by_the_text']):.0%} of how they differ. Nothing is changed by these."
        )
    if conflicts:
        lines.append(f"{conflicts:,} rows say nearly the same as a row under another label (rule conflicting_label).")
    return lines


def conflicting_rows(findings: Any) -> int:
    """Rows of a table of findings under the rule `conflicting_label`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mine = findings.filter(pc.equal(findings["rule"].cast(pa.string()), "conflicting_label"))
    return int(pc.count_distinct(mine["row"]).as_py())


def _between(found: Mapping[str, Any]) -> str:
    """What the estimate rests on: mistakes that follow the text look like the text."""
    ends = found.get("noise_rate_between")
    if not ends:
        return ""
    span = f"{ends['least']:.1%} to {ends['most']:.1%}"
    return f" if mistakes are slips; if they follow the text, as people's do, anything from {span}"


def _classes(found: Mapping[str, Any]) -> list[str]:
    left = {k: v for k, v in found["rows_not_judged"].items() if v}
    out = [
        f"{found['rows_judged']:,} labels of {found['classes']:,} classes judged; about "
        f"{found['estimated_noise_rate']:.1%} of them seem wrong{_between(found)}. "
        f"{found['likely_wrong']:,} are likely wrong and have a "
        f"suggestion (cleanlab marks {found['likely_wrong_that_cleanlab_agrees_with']:,} of these too); "
        f"{found['ambiguous']:,} are ambiguous: read them, they are never changed by themselves."
    ]
    if found.get("model_is_unsure"):
        out.append(
            f"The texts tell {found['agreement']:.0%} of the labels only, so all suggestions wait for review: in such data "
            "many of them are the model's own mistakes."
        )
    elif found.get("label_of_a_relation"):
        out.append(
            "The label says how one text stands to another, which words do not tell, so all suggestions wait for review."
        )
    elif not found.get("applied_by_themselves", True):
        out.append("Few labels seem wrong, so all suggestions wait for review: in such data many of them are arguable.")
    out += [f"{note[:1].upper()}{note[1:]}." for note in found.get("notes", ())]
    if left:
        words = {"without_label": "without a label", "in_small_classes": "in classes too small to judge",
                 "without_text": "without text"}  # fmt: skip
        out.append("Not judged: " + ", ".join(f"{n:,} rows {words.get(why, why)}" for why, n in left.items()) + ".")
    if found.get("swaps"):
        out.append("Most often, as given -> as suggested:")
        out += [f"- {s['rows']:,} rows: {s['given']} -> {s['suggested']}" for s in found["swaps"][:MOST_SWAPS]]
    votes = found.get("votes", {})
    for one in votes.get("annotators", []):
        if one["rows"]:
            out.append(
                f"Annotator {one['column']}: {one['rows']:,} rows, estimated quality {one['quality']:.2f}, agrees with the "
                f"consensus on {one['agreement']:.0%}."
            )
    return out
