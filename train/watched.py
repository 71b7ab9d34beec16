"""What the watchdogs need to know of a run: its facts before the first step, and which rows of a batch are hardest.

The facts are counts, an entropy and row numbers; class names go through the masks of `train.evaluate.shown_classes`, so
that an alert holds no personal data. Ranking scores the rows of one batch once more, after the step: one forward pass
over a batch, only when an alert names rows. Imports no torch. Cost: linear in rows, hashes of contents.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from train.evaluate import ItemScores
from train.examples import CLASSIFICATION, EXTRACTION, Examples
from train.watch import Alert, Facts

MOST_RANKED = 512


def facts_of(
    examples: Examples,
    *,
    steps: int,
    batch_rows: int,
    shown: Mapping[str, str],
    canonical: Mapping[str, str],
    validation: Examples | None = None,
    evaluation: Examples | None = None,
    real_world: Examples | None = None,
    leaks_apart: bool = False,
) -> Facts:
    """The facts of a run; `shown` names classes as files may, `canonical` merges spellings.

    With `leaks_apart` the caller scores evaluation rows that stand in the training data on purpose and tells of them apart,
    as an ablation does; they are then no news.
    """
    seen = set(_contents(examples))
    held = [part for part in (validation, evaluation) if part is not None]
    repeated = [
        int(row)
        for part in ([validation] if leaks_apart else held)
        if part is not None
        for row, content in zip(part.ids, _contents(part), strict=True)
        if content in seen
    ]
    real_seen = 0 if real_world is None else sum(content in seen for content in _contents(real_world))
    classes: dict[str, int] = {}
    chance: float | None = None
    unseen: tuple[str, ...] = ()
    if examples.task == CLASSIFICATION:
        counts = Counter(canonical.get(label, label) for label in examples.labels)
        classes = {shown.get(name, name): n for name, n in sorted(counts.items())}
        total = sum(counts.values())
        chance = -math.fsum(n / total * math.log(n / total) for n in counts.values())
        judging = held if real_world is None else [*held, real_world]
        strangers = {canonical.get(label, label) for part in judging for label in part.labels} - set(counts)
        named = {**_masked(strangers - set(shown)), **shown}  # of real cases nobody knew them before
        unseen = tuple(named[name] for name in sorted(strangers))
    return Facts(
        task=examples.task,
        rows=len(examples),
        steps=steps,
        batch_rows=batch_rows,
        class_rows=classes,
        chance_nats=chance,
        validation_rows=0 if validation is None else len(validation),
        evaluation_rows=0 if evaluation is None else len(evaluation),
        unseen_classes=unseen,
        repeated_rows=tuple(repeated),
        repeated_real_cases=real_seen,
    )


def _masked(names: set[str]) -> dict[str, str]:
    from curate.privacy.preview import shown_names  # the scanner is only for those who need it

    return shown_names(names) if names else {}


def _contents(examples: Examples) -> list[str]:
    """Content of each row, with its label where it has one: equal means that one row answers the other."""
    keys = examples.keys()
    if not examples.labels:
        return keys
    return [f"{label}\0{key}" for label, key in zip(examples.labels, keys, strict=True)]


def hardest_first(examples: Examples, score: Callable[[Examples], ItemScores]) -> Callable[[Alert], Sequence[int]]:
    """A function that puts the rows of an alert in order of their loss now, the highest first."""
    at = {int(row): i for i, row in enumerate(examples.ids)}

    def rank(alert: Alert) -> Sequence[int]:
        rows = list(dict.fromkeys(row for row in alert.rows if row in at))[:MOST_RANKED]
        if not rows or alert.kind == "not_finite":
            return alert.rows
        scores = score(examples.take([at[row] for row in rows]))
        loss = np.nan_to_num(scores.nll if examples.task in (CLASSIFICATION, EXTRACTION) else scores.score, nan=np.inf)
        return [int(row) for row in scores.rows[np.argsort(-loss, kind="stable")]]

    return rank
