"""Worst slices: which rows, in words, have lower text quality or more doubtful labels than the others.

Engine: `curate.labels.slices`, which corrects for the search. Scores: those of `text_quality`, and of `label_issues` (the
probability that the label is wrong, out of fold), whichever ran. Conditions: columns with few values and columns of
numbers, the label (for quality), length of prompt and answer, language, groups that the text names. Flags about the
dataset, one a score; the slices stand in the evidence and in the summary, values with personal data masked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from curate.dataset import Dataset
from curate.errors import ConfigError, StageSkipped, nearest
from curate.ledger.findings import concat_findings, make_findings
from curate.stages.base import Context, Detection, Stage

NAME = "slices"
SCORES = {
    "low_quality": ("text_quality.score", False, "some kinds of rows have lower text quality than the others"),
    "doubtful_labels": ("label_issues.wrong", True, "some kinds of rows have more doubtful labels than the others"),
}
"""Hint, whether high is bad, and the reason of each rule."""
TEXTS = ("text", "prompt", "completion", "messages", "chosen", "rejected", "tools")
DETECTED = 20_000
"""Rows up to which languages are told apart."""


@dataclass(frozen=True)
class SlicesConfig:
    """What is searched."""

    min_rows: int | None = None
    """Rows that a slice must have; a hundredth of the rows, at least 20, when left out."""
    most: int = 10
    """Slices that are reported of each score."""
    leave_out: tuple[str, ...] = ()
    """Columns that make no conditions."""
    identity_terms: bool = True
    """Whether groups of people that texts name are conditions."""

    def __post_init__(self) -> None:
        if self.most < 1 or (self.min_rows is not None and self.min_rows < 2):
            raise ConfigError(f"[stages.{NAME}]: most must be at least 1, min_rows at least 2")


def detect(dataset: Dataset, config: SlicesConfig, context: Context) -> Detection:
    """A flag for each score in which some slices are worse than chance."""
    from curate.labels.slices import worst_slices

    for name in config.leave_out:
        if name not in dataset.columns:
            raise ConfigError(f"[stages.{NAME}] leave_out: there is no column {name!r}; {nearest(name, dataset.columns)}")
    scores = {rule: context.hints.get(hint) for rule, (hint, _, _) in SCORES.items()}
    if all(score is None for score in scores.values()):
        raise StageSkipped("neither text_quality nor label_issues has scored the rows")
    shared = _conditions(dataset, config)
    context.check_cancelled()
    label = _plain({"label": dataset.labels()})
    tables, summary = [], {}
    for rule, score in scores.items():
        context.check_cancelled()
        if score is None:
            continue
        _, high, reason = SCORES[rule]
        columns = [*shared, *(label if rule == "low_quality" else ())]
        found = worst_slices(
            np.asarray(score, np.float64), columns, higher_is_worse=high, min_rows=config.min_rows, most=config.most,
            seed=context.seed,
        )  # fmt: skip
        summary[rule] = found.to_json() | {"in_words": [str(one) for one in found.slices]}
        if found.slices:
            told = {"slices": [asdict(one) for one in found.slices], "candidates": found.candidates}
            evidence = [orjson.dumps(told).decode()]
            sure = 1.0 - found.slices[0].p
            flag = make_findings(
                NAME, dataset.row_ids, row=None, rule=rule, action="flag", score=sure, reason=reason, evidence=evidence
            )
            tables.append(flag)
    return Detection(concat_findings(tables), summary=summary)


def _conditions(dataset: Dataset, config: SlicesConfig) -> list[Any]:
    from curate.labels.slices import by_mask, by_range

    roles = dataset.roles
    taken = {name for role in TEXTS for name in getattr(roles, role, ())} | set(roles.label) | set(config.leave_out)
    names = [name for name in dataset.columns if name not in taken and not dataset.is_json(name)]
    columns = _plain({name: dataset.values(name) for name in names})
    parts = dataset.parts()
    texts = {"length of the answer": parts.get("response"), "length of the prompt": parts.get("prompt")}
    if all(value is None for value in texts.values()):
        texts = {"length of the text": dataset.content()}
    for name, values in texts.items():
        if values is not None:
            columns.append(by_range(f"{name} in characters", pc.utf8_length(values).fill_null(0).to_numpy()))
    columns += _languages(dataset)
    if config.identity_terms:
        from audit.fairness.identity import groups_named

        columns += [by_mask(f"names {group}", mask) for group, mask in groups_named(dataset.content()).items()]
    return columns


def _plain(columns: dict[str, Any]) -> list[Any]:
    """Conditions of columns with few values, or of numbers; names and values with personal data are masked."""
    from curate.labels.slices import columns_of
    from curate.privacy.preview import shown_names

    texts = {}
    for name, values in columns.items():
        if values is not None and not pa.types.is_nested(values.type):
            texts[name] = values.cast(pa.large_string(), safe=False).to_pylist()
    found = columns_of(texts)
    shown = shown_names([label for one in found for label in one.labels] + [one.name for one in found])
    return [type(one)(shown[one.name], tuple(shown[label] for label in one.labels), one.codes) for one in found]


def _languages(dataset: Dataset) -> list[Any]:
    """The language of each text, where the usual words of the data are few in it; too many rows make no condition."""
    from curate.labels.slices import by_value
    from curate.quality.features import measure
    from curate.quality.language import detect as told
    from curate.quality.language import majority
    from curate.quality.words import common_words

    texts = dataset.content()
    if len(texts) > DETECTED:
        return []
    usual, _ = majority(texts, 240)
    if usual is None:
        usual = "several"
    f = measure(texts, common=common_words(texts))
    odd = np.flatnonzero((f.share("common", "alpha_words") < 0.12) & (f["letters"] >= 40))
    codes, sure = told(texts.take(pa.array(odd)), 240)
    language = np.full(len(texts), usual, dtype=object)
    language[odd] = [code if p >= 0.9 else usual for code, p in zip(codes, sure.tolist(), strict=True)]
    return [by_value("language", language.tolist())]


STAGE = Stage(
    name=NAME,
    title="Worst slices",
    version=2,
    config=SlicesConfig,
    detect=detect,
    on_finding="flag",
    uses=("text_quality", "label_issues", "near_duplicates", "label_names"),
    optional=True,
    concern="people",
)
