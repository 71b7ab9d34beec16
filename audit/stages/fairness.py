"""Stage `fairness`: what the data, and a model of it, does to whom.

Thin: engines in `audit.fairness`. With group columns, the data audit (representation, lengths, quality, what is missing,
probably wrong or personal) and the audit of labels and predictions, by column and intersection. Without, the same by which
groups of people the texts name. Predictions are the user's, or out of fold by the label engine's text model. One flag about
the data set for each disparity shown, each group whose data differ, and each group that cannot be judged;
`scores/fairness.parquet` holds every metric of every group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from audit.stages.fairness_inputs import Inputs, inputs_of
from curate.dataset import Dataset
from curate.errors import ConfigError, StageSkipped
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection, Stage
from curate.stages.vectors import contents_hash

NAME = "fairness"
REASONS = {
    "disparity": "a model of this data treats the group differently from the others, beyond chance",
    "disparity_in_labels": "the labels of the group differ from those of the others, beyond chance",
    "data_differs": "the data of the group differ from those of the others, beyond chance",
    "insufficient_evidence": "there are too few rows to tell whether the group is treated like the others",
}
_MOST_FLAGS = 200
_MOST_CHECKS, _MOST_VALUES = 1000, 1000
_ROUNDING = 1e-9
_DECIMALS = 6


@dataclass(frozen=True)
class FairnessConfig:
    """What is audited, and how it is judged."""

    positive: str = ""
    """Label that counts as the favourable outcome; empty means the later one of two labels, or every label in turn."""
    predictions: str = ""
    """A column, or a .parquet or .csv file with a column `prediction` (and `score`); empty means out of fold, by a text
    model of the labels."""
    intersections: int = 2
    """How many group columns are crossed at most: 1 looks at each by itself, 2 at pairs as well."""
    reference: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Expected share of each group, by column, such as { region = { north = 0.4, south = 0.6 } }."""
    identity_terms: bool = True
    """Without group columns: whether to look for texts that name groups of people, by a list of words."""
    min_group_size: int = 30
    """Groups with fewer rows are reported as insufficient evidence, never as equal."""
    delta: float = 0.05
    """Largest difference that counts as no difference, as a share (0.05 is five percentage points)."""
    alpha: float = 0.05
    """Chance of one false alarm or more over all comparisons together."""
    bootstrap_draws: int = 1000
    """Draws behind each interval."""

    def __post_init__(self) -> None:
        if self.intersections < 1 or self.min_group_size < 2 or self.bootstrap_draws < 100:
            raise ConfigError(f"[stages.{NAME}]: intersections must be at least 1, min_group_size 2, bootstrap_draws 100")
        if not 0 < self.delta < 1 or not 0 < self.alpha < 1:
            raise ConfigError(f"[stages.{NAME}]: delta and alpha must lie between 0 and 1")
        for column, shares in self.reference.items():
            if min(shares.values(), default=0) < 0 or not sum(shares.values()) > 0:
                told = "give shares that are not negative, with a sum above 0"
                raise ConfigError(f"[stages.{NAME}] reference.{column}: {told}")


def depends_on(config: FairnessConfig) -> Mapping[str, str]:
    """The hash of a file of predictions."""
    if not config.predictions or not Path(config.predictions).is_file():
        return {}
    return {config.predictions: contents_hash(config.predictions)}


def detect(dataset: Dataset, config: FairnessConfig, context: Context) -> Detection:
    """Audit every column with the group role, or the groups that texts name."""
    given = inputs_of(dataset, config, context)
    context.check_cancelled()
    from audit.fairness import audit_data, audit_groups
    from audit.fairness.reference import largest_difference
    from audit.fairness.worst import in_words, worst_for_model

    judged: dict[str, Any] = {"min_group_size": config.min_group_size, "delta": config.delta, "alpha": config.alpha}
    try:
        data = audit_data(
            given.groups, lengths=given.lengths, measures=given.measures, rates=given.rates, reference=given.reference,
            clusters=given.clusters, intersections=given.intersections, **judged,
        )  # fmt: skip
    except ValueError as error:
        raise StageSkipped(str(error)) from None
    context.progress(1, 3)
    context.check_cancelled()
    result: dict[str, Any] = {"checks": [], "groups": [], "spreads": [], "four_fifths": [], "outcomes": {}, "notes": []}
    table = None
    if given.labels is not None:
        audit = audit_groups(
            given.labels, given.predictions, given.groups, positive=given.positive, scores=given.scores,
            weights=given.weights, clusters=given.clusters, intersections=given.intersections,
            n_boot=config.bootstrap_draws, seed=context.seed, **judged,
        )  # fmt: skip
        context.progress(2, 3)
        result = audit.to_json() | {"outcomes": audit.outcomes()}
        ends = {
            (g.column, g.group, g.metric): {"group_low": _plain(g.low), "group_high": _plain(g.high)} for g in audit.groups
        }
        result["checks"] = [c | ends.get((c["column"], c["group"], c["metric"]), {}) for c in result["checks"]]
        if given.predictions is not None:
            apart = largest_difference(
                audit, given.labels, given.predictions, given.groups, given.intersections, given.weights
            )
            if apart > _ROUNDING:
                raise ArithmeticError(f"group metrics differ from fairlearn's by {apart:.3g}")
            result["reference"] = {"library": "fairlearn MetricFrame", "largest_difference": apart}
            context.check_cancelled()
            found = worst_for_model(given.labels, given.predictions, given.groups, given.lengths, context.seed)
            result["slices"] = found.to_json() | {"in_words": in_words(found)}
            result["notes"] = [*result["notes"], *(f"the model is worst {said}" for said in in_words(found))]
        table = pa.Table.from_pylist([asdict(g) for g in audit.groups])
    told = data.to_json()
    flags = [_flag(check, dataset) for check in _flagged(result["checks"], told)]
    result["notes"] = [*given.notes, *result["notes"], *told.pop("notes")]
    if len(flags) > _MOST_FLAGS:
        result["notes"].append(f"{len(flags) - _MOST_FLAGS} more flags are in the summary only")
    result |= {"data": told, "audited": given.audited, "predictions": given.source, "identity": _identity(given, context)}
    context.progress(3, 3)
    return Detection(findings=concat_findings(flags[:_MOST_FLAGS]), scores=table, summary=_short(result))


def _identity(given: Inputs, context: Context) -> dict[str, Any] | None:
    """How often texts name which groups, and which labels come with them."""
    if not given.named:
        return None
    out: dict[str, Any] = {"texts": {name: int(mask.sum()) for name, mask in given.named.items()}}
    if given.labels is not None:
        from audit.fairness.encode import codes_of
        from audit.fairness.identity import associations

        code, names = codes_of(given.labels)
        if len(names) <= _MOST_FLAGS:
            found = associations(given.compared, code, names, given.clusters, seed=context.seed)
            out["associations"] = [asdict(a) for a in found]
    return out


def _short(result: dict[str, Any]) -> dict[str, Any]:
    """The summary for the manifest: with very many comparisons the loudest, what is left out being counted.

    Rates of single classes stand among the comparisons and, by group, in the scores.
    """
    for key in ("groups", "spreads"):
        result[key] = [item for item in result[key] if "[" not in item["metric"]]
    loud = ("disparity", "insufficient evidence", "equivalent", "not applicable")
    for key, most in (("checks", _MOST_CHECKS), ("groups", _MOST_VALUES), ("four_fifths", _MOST_VALUES)):
        items = result[key]
        if len(items) > most:
            rank = [("[" in i["metric"], loud.index(i["outcome"]) if "outcome" in i else 0) for i in items]
            order = sorted(range(len(items)), key=lambda i: (rank[i][1], rank[i][0], i))[:most]
            result[key] = [items[i] for i in sorted(order)]
            result["notes"].append(f"{len(items) - most} more {key.replace('_', ' ')} are left out of the summary")
    return {key: _rounded(value) for key, value in result.items()}


def _plain(value: float | None) -> float | None:
    """A number that JSON takes."""
    return None if value is None else float(value)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(float(value), _DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list | tuple) else value


def _flagged(checks: list[dict[str, Any]], data: dict[str, Any]) -> list[dict[str, Any]]:
    """Every disparity, and one check for each group and column that could not be judged in anything."""
    out = [c for c in checks if c["outcome"] == "disparity"]
    apart = [c for c in (*data["checks"], *data["rates"]["checks"]) if c["outcome"] == "disparity"]
    unclear: dict[tuple[str, str], dict[str, Any]] = {}
    for check in checks:
        if check["outcome"] == "insufficient evidence":
            key = (check["column"], check["group"])
            known = unclear.get(key)
            if known is None:
                unclear[key] = {**check, "metrics": [check["metric"]]}
            else:
                known["metrics"].append(check["metric"])
                needed = [n for n in (known["rows_needed"], check["rows_needed"]) if n is not None]
                known["rows_needed"] = max(needed) if needed else None
    none = dict.fromkeys(("value", "low", "high", "p", "error", "ratio", "detectable"))
    return [
        *({**c, "rule": "disparity"} for c in out),
        *({**c, "metric": "all", **none, "rule": "insufficient_evidence"} for c in unclear.values()),
        *({**c, "rule": "data_differs"} for c in apart),
    ]


def _flag(check: dict[str, Any], dataset: Dataset) -> pa.Table:
    rule = check.pop("rule")
    in_labels = rule == "disparity" and check["metric"].startswith("base_rate")
    return make_findings(
        NAME,
        dataset.row_ids,
        row=None,
        rule=rule,
        action="flag",
        score=0.0 if check["p"] is None else 1.0 - check["p"],
        reason=REASONS["disparity_in_labels" if in_labels else rule],
        # A finding's id hashes rule and field: they must tell one group and metric from another.
        field=_pointer(check["column"], check["group"], check["metric"]),
        evidence=[orjson.dumps(check).decode()],
    )


def _pointer(*parts: str) -> str:
    """The parts joined as RFC 6901 joins them."""
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


STAGE = Stage(
    name=NAME,
    title="Fairness",
    version=8,
    config=FairnessConfig,
    detect=detect,
    on_finding="flag",
    uses=("near_duplicates", "label_names", "label_issues", "text_quality", "pii"),
    depends_on=depends_on,
    concern="people",
)
