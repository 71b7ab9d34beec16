"""The base model beside its adapters: what the frozen base can do with nothing of it trained.

For generation it is plain: held-out nats per token of the base as it is, and pairs ranked by them. A base has no
classes, so for classification it is a *linear probe*: the base frozen, its pooled states standardised, and multinomial
logistic regression (L2, C = 1, lbfgs) fitted to them on the arm's rows; for extraction the same of token states and
tags. It has no seed: one result stands for all seeds. Cost: one forward pass over training and evaluation rows, and a
second or so for the regression. Needs the `train` extra.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from train.config import TrainConfig
from train.evaluate import score_classes, shown_classes, summarise
from train.examples import CLASSIFICATION, EXTRACTION, Examples, only_wanted
from train.extraction import probe_spans
from train.files import write_json
from train.lora import Workbench, open_workbench, score_examples
from train.preference import Preferences
from train.record import TrainedRun, clean_run, finished_run, run_identity

TITLE = {True: "base model with a linear probe, no adapter", False: "base model, no adapter"}
_DESCRIPTION = {
    CLASSIFICATION: "frozen base with a linear probe (standardised pooled states, logistic regression)",
    EXTRACTION: "frozen base with a linear probe (standardised token states, logistic regression)",
}


def base_title(task: str) -> str:
    """What the base arm is, in a table's words: with a head fitted to frozen states where the task has classes."""
    return TITLE[task in _DESCRIPTION]


def base_description(task: str) -> str:
    """What the base arm is, in a sentence's words."""
    return _DESCRIPTION.get(task, "base model as it is, no adapter")


def evaluate_base(
    examples: Examples | None,
    evaluation: Examples,
    config: TrainConfig,
    directory: Path,
    *,
    labels: Sequence[str] | None = None,
    canonical: Mapping[str, str] | None = None,
    workbench: Workbench | None = None,
) -> TrainedRun:
    """Score the unadapted base on `evaluation`; `examples` fit the probe, where the task has one."""
    import torch

    from train.base import load_model
    from train.objective import Objective
    from train.score import features

    bench = workbench or open_workbench(config)
    space = None if labels is None else list(labels)
    used = None if space is None else examples
    settings = config.replace(seed=0)
    identity = run_identity(settings, bench, used, space, evaluation, None, canonical, method="base")
    evaluation = only_wanted(evaluation)
    finished = finished_run(directory, identity, evaluation)
    if finished is not None:
        return finished
    started = time.perf_counter()
    clean_run(directory)
    torch.manual_seed(0)
    extraction = evaluation.task == EXTRACTION
    objective = Objective(
        load_model(bench.source, bench.tokenizer, settings, space, extraction=extraction),
        classification=space is not None and not extraction,
        pooling=config.pooling,
        extraction=extraction,
    )
    if space is None:
        scores = score_examples(objective, evaluation, bench, None, canonical)
        if any(evaluation.rejected):
            scores = Preferences(objective, bench, evaluation, settings).beside(scores)
        kept = bench.encoder.encode(evaluation).kept
    elif extraction:
        assert examples is not None
        bench.encoder.tag_names = space
        scores = probe_spans(objective, bench, examples, evaluation, space)
        kept = bench.encoder.encode(evaluation).kept
    else:
        assert examples is not None
        pad = bench.tokenizer.pad_token_id
        known, asked = bench.encoder.encode(examples), bench.encoder.encode(evaluation)
        seen = [examples.labels[i] for i in known.kept]
        names, logs = fit_probe(features(objective, known, pad), seen)(features(objective, asked, pad))
        kept = asked.kept
        scores = score_classes(logs, names, evaluation.take(kept), canonical or {})
    shown = shown_classes(space, evaluation, canonical)
    scores.write(directory / "eval.parquet", shown)
    done = {
        **identity,
        "description": base_description(evaluation.task),
        "rows": 0 if used is None else len(used),
        "evaluation": summarise(scores, evaluation.take(kept), canonical or {}, shown),
        "seconds": time.perf_counter() - started,
    }
    write_json(directory / "done.json", done)
    return TrainedRun(directory, done, scores, resumed=False)


def fit_probe(known: np.ndarray, seen: list[str]) -> Callable[[np.ndarray], tuple[list[str], np.ndarray]]:
    """A linear probe of states float[n, H] with their labels; gives class names and log probabilities of other states."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(set(seen)) == 1:  # nothing to tell apart
        return lambda asked: (seen[:1], np.zeros((len(asked), 1)))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=300))
    model.fit(known, seen)
    names = [str(name) for name in model.classes_]
    return lambda asked: (names, np.asarray(model.predict_log_proba(asked)))
