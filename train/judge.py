"""What a finished adapter is worth, beside its base and on real cases: the evaluations that stand around a training.

Three stages. *Before*: the base on the evaluation rows and on the real-world rows. *While*: validation (`train.trainer`).
*After*: the adapter on the same two sets. The base is the same model in the same process, adapters switched off; a base
has no classes, so for classification it gets a linear head fitted to its frozen states on the training rows: the
closed-form head that training starts from, or a logistic regression. What it scored is kept in `base.json`, so a
resumed run does not score it again.

To the metrics of `train.evaluate` this adds, as `answers`, what the model writes for up to `answer_rows` prompts
(`train.metrics.answers`), as `fairness`, metrics by group compared as `audit.fairness` does, and as `user`, metrics that
others installed. Needs torch. Cost: two forward passes over each set, and writing the answers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from train.config import TrainConfig
from train.evaluate import ItemScores, score_classes, shown_classes, summarise
from train.examples import CHAT, CLASSIFICATION, SFT, Examples
from train.files import read_json, write_json
from train.metrics import Resampling, answer_metrics, user_metrics

if TYPE_CHECKING:
    from train.adapt import Workbench
    from train.objective import Objective

Score = Callable[[Examples], ItemScores]
METHOD = {
    "ridge": "frozen base with a linear head fitted in closed form, no adapter",
    "probe": "frozen base with a linear probe (standardised pooled states, logistic regression), no adapter",
    "as it is": "base model as it is, no adapter",
}
MOST_CHECKS = 60


@dataclass(frozen=True)
class Judge:
    """Judges one model on the sets of one run."""

    objective: Objective
    bench: Workbench
    config: TrainConfig
    labels: Sequence[str] | None
    canonical: Mapping[str, str]
    score: Score
    """Item scores of some rows by the model as it is now."""
    sets: Mapping[str, Examples]
    """`evaluation`, `real_world`: the rows to judge by."""

    def base(self, examples: Examples, directory: Path, run_id: str, *, head_is_fitted: bool) -> dict[str, Any]:
        """The base on every set, by the set's name; call it before training."""
        known = read_json(directory / "base.json")
        if known is not None and known.get("run_id") == run_id:
            return {str(name): known["sets"][name] for name in known["sets"]}
        found = {}
        score, method = self.score, "as it is"
        switch = getattr(self.objective.model, "disable_adapter", contextlib.nullcontext)
        if examples.task == CLASSIFICATION and head_is_fitted:
            # A fresh adapter changes nothing; switched off, peft would take the fitted head away with it.
            switch, method = contextlib.nullcontext, "ridge"
        with switch():
            if examples.task == CLASSIFICATION and not head_is_fitted:
                score, method = self._probe(examples), "probe"
            for name, rows in self.sets.items():
                scores = score(rows)
                found[name] = {"method": METHOD[method], **self._judged(scores, rows)}
        write_json(directory / "base.json", {"run_id": run_id, "sets": found})
        return found

    def adapter(self, name: str, scores: ItemScores | None = None) -> dict[str, Any]:
        """The trained model on one set."""
        rows = self.sets[name]
        return self._judged(self.score(rows) if scores is None else scores, rows)

    def _judged(self, scores: ItemScores, rows: Examples) -> dict[str, Any]:
        at = {int(row): i for i, row in enumerate(rows.ids)}
        rows = rows.take([at[int(row)] for row in scores.rows])
        shown = shown_classes(self.labels, rows, self.canonical)
        told = summarise(scores, rows, self.canonical, shown)
        pairs: tuple[list[str], list[str]] | None = None
        if rows.task == CLASSIFICATION:
            truth = [self.canonical.get(label, label) for label in rows.labels]
            pairs = [str(p) for p in scores.prediction], truth
            if rows.groups:
                told["fairness"] = _fairness(pairs[0], truth, rows, shown)
        elif rows.task in (SFT, CHAT) and self.config.answer_rows:
            chosen = rows.take(spread(len(rows), self.config.answer_rows))
            *written, unended = self._answers(chosen)
            pairs = written[0], written[1]
            found = answer_metrics(*pairs, Resampling(len(chosen), chosen.clusters))
            if unended:
                most = f"{unended} of {len(chosen)} did not end within answer_tokens = {self.config.answer_tokens}"
                found["methods"]["answers"] = f"{most} and count as far as they came"
            told["answers"] = found
        user = user_metrics(*pairs) if pairs is not None else {}
        return {**told, **({"user": user} if user else {})}

    def _answers(self, rows: Examples) -> tuple[list[str], list[str], int]:
        from train.base import context_tokens
        from train.decode import write_answers

        return write_answers(
            self.objective, self.bench, rows, self.config.answer_tokens, context_tokens(self.bench.source)
        )

    def _probe(self, examples: Examples) -> Score:
        from train.baseline import fit_probe
        from train.score import features

        pad = self.bench.tokenizer.pad_token_id
        known = self.bench.encoder.encode(examples)
        predict = fit_probe(features(self.objective, known, pad), [examples.labels[i] for i in known.kept])

        def score(rows: Examples) -> ItemScores:
            asked = self.bench.encoder.encode(rows)
            names, logs = predict(features(self.objective, asked, pad))
            return score_classes(logs, names, rows.take(asked.kept), self.canonical)

        return score


def spread(n: int, most: int) -> np.ndarray:
    """Up to `most` positions spread evenly over `n`."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64))


def _fairness(prediction: Sequence[str], truth: Sequence[str], rows: Examples, shown: Mapping[str, str]) -> dict[str, Any]:
    """Each group against the others, as the stage `fairness` judges labels."""
    from audit.fairness import audit_groups
    from curate.privacy.preview import shown_names

    columns = shown_names(set(rows.groups))
    groups = {}
    for name, values in rows.groups.items():
        told = shown_names({value for value in values if value is not None})
        groups[columns[name]] = [None if value is None else told[value] for value in values]
    found = audit_groups(
        [shown.get(name, name) for name in truth],
        [shown.get(name, name) for name in prediction],
        groups,
        clusters=rows.clusters,
    ).to_json()
    order = {"disparity": 0, "insufficient evidence": 1}
    checks = sorted(found["checks"], key=lambda check: order.get(check["outcome"], 2))
    return {"checks": [_plain(check) for check in checks[:MOST_CHECKS]], "notes": found["notes"]}


def _plain(check: Any) -> dict[str, Any]:
    keys = ("column", "group", "metric", "n", "outcome", "note", "value", "low", "high", "rows_needed")
    return {key: check[key] for key in keys}
