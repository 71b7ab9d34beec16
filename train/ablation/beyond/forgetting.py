"""Forgetting: what the adapters of each arm cost in text that has nothing to do with the data.

The loss (nats a token) on general text by the base with an adapter, less that by the base alone; above 0 is forgotten. An
adapter of a classifier is laid on the same base as it writes: its low-rank matrices are the same, only the head differs.
General text is the statements of the bundled probe (`train.forgetting`), or any texts given. It shows that an adapter harms
the base elsewhere, not what exactly it lost. Decoders only. Needs torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import CurateError
from curate.words import signed
from train.ablation.arms import CURATED, RAW
from train.ablation.beyond.contrast import answer, contrast, interval_words
from train.ablation.beyond.result import Forgetting, Forgotten
from train.ablation.matrix import Matrix
from train.ablation.span import Span
from train.ablation.verdict import HARMED, HELPED
from train.adapt import adapted_model
from train.examples import TEXT
from train.forgetting.probe import items
from train.score import answer_nats

DELTA = 0.01


def forgetting_of(matrix: Matrix, arms: Sequence[str]) -> Forgetting:
    """Loss on general text, arm by arm."""
    rows = items()["statements"]
    bench = matrix.bench
    assert bench is not None
    try:
        objective = adapted_model(matrix.config.replace(seed=0), bench, None, TEXT)
    except CurateError as error:  # an encoder writes nothing
        return Forgetting(0, float("nan"), (), None, f"Forgetting could not be measured: {error}.")
    objective.lower = None
    encoded = bench.encoder.encode(rows)
    pad = bench.tokenizer.pad_token_id
    with objective.model.disable_adapter():
        base, tokens = answer_nats(objective, encoded, pad)
    found: dict[str, np.ndarray] = {}
    for arm in arms:
        losses = []
        for seed in matrix.seeds:
            run = matrix.runs.get((arm, seed))
            if run is not None and _lay(objective.model, run.directory / "adapter"):
                nats, _ = answer_nats(objective, encoded, pad)
                losses.append((nats - base) / tokens)
        if losses:
            found[arm] = np.stack(losses)
    clusters, everything = np.arange(len(tokens)), np.ones(len(tokens), bool)
    told = []
    for arm, values in found.items():
        made = contrast(values, [(everything, 1.0)], clusters, tokens)
        assert made is not None
        told.append(Forgotten(arm, Span(made.mean, made.low, made.high)))
    change = None
    if RAW in found and CURATED in found and len(found[RAW]) == len(found[CURATED]):
        made = contrast(found[RAW] - found[CURATED], [(everything, 1.0)], clusters, tokens)
        counts: dict[str, Any] = {"rows": len(tokens), "clusters": len(tokens), "seeds": len(found[RAW])}
        change = answer("what curated data's adapters forget less than raw data's", made, DELTA, **counts)
    words = "No adapter could be asked."
    if change is not None:
        by_arm = {f.arm: f.nats for f in told}
        did = {HELPED: "less", HARMED: "more"}.get(change.verdict, "as much as far as can be told")
        words = (
            f"On general text raw data's adapters lose {signed(by_arm[RAW].value)} nats a token and curated data's "
            f"{signed(by_arm[CURATED].value)}: curated data's forget {did} ({interval_words(change, 1.0, ' nats', 3)})."
        )
    return Forgetting(len(tokens), float(base.sum() / tokens.sum()), tuple(told), change, words)


def _lay(model: object, folder: Path) -> bool:
    """Load an adapter's low-rank matrices onto a model that writes; False where none of them fits."""
    from safetensors.torch import load_file

    if not (folder / "adapter_model.safetensors").is_file():
        return False
    own = {n.replace(".default.weight", ".weight"): p for n, p in model.named_parameters() if "lora_" in n}  # type: ignore[attr-defined]
    given = load_file(str(folder / "adapter_model.safetensors"))
    matrices = {n: v for n, v in given.items() if "lora_" in n and n in own}
    if len(matrices) < len(own):
        return False
    for name, value in matrices.items():
        own[name].data.copy_(value)
    return True
