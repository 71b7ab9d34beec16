"""Which base model to choose: the same training on each, on the user's own rows, and what each costs.

Every base is trained with the same rows, steps and evaluation, at rates that suit its width where none are named
(`train.methods.rates`), in a process of its own, so that the most memory it held can be told. Quality is accuracy, or bits
a byte of the right answer (nats a token cannot be compared between tokenizers), with a bootstrap interval; differences
from the first base are taken row by row. Latency is the time of one evaluation row at a time, the median of `TIMED`, the
first ones left out. Cost: one training a base.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from curate.errors import ConfigError, CurateError
from train.config import TrainConfig
from train.examples import CLASSIFICATION, Examples
from train.metrics import Resampling
from train.resources import on_gpu

TIMED, WARM = 24, 4
_NONE = np.zeros(0)
MIN_BASES = 2


@dataclass(frozen=True)
class BaseResult:
    """One base on the user's rows."""

    base: str
    error: str = ""
    """Why it could not be measured; everything else is then empty."""
    metric: str = ""
    """`accuracy` (higher is better) or `bits_per_byte` (lower is better)."""
    quality: float | None = None
    low: float | None = None
    high: float | None = None
    difference: float | None = None
    """From the first base that was measured, row by row; positive is a higher metric."""
    difference_low: float | None = None
    difference_high: float | None = None
    parameters: int = 0
    disk_bytes: int = 0
    memory_bytes: int = 0
    """The most that the training process held; on a GPU the most that torch held there."""
    latency_ms: float | None = None
    """Median of one row at a time, tokenising left out."""
    train_wall_s: float = 0.0
    train_processor_s: float = 0.0
    cost: float | None = None
    """Wall hours times the price of an hour, where a price was given."""

    def to_json(self) -> dict[str, Any]:
        """All fields."""
        return asdict(self)


def compare_bases(
    bases: Sequence[str],
    examples: Examples,
    evaluation: Examples,
    config: TrainConfig,
    *,
    labels: Sequence[str] | None = None,
    price_per_hour: float | None = None,
    progress: Callable[[str], None] = lambda words: None,
    config_of: Callable[[str], TrainConfig] | None = None,
) -> list[BaseResult]:
    """Train and measure each base; one that cannot be used is told of and left out. Raises `ConfigError` for under two.

    `config_of` makes each base's configuration, for rates that suit it; default: `config`, whatever the base.
    """
    if len(set(bases)) < MIN_BASES:
        raise ConfigError("name at least two different base models to compare")
    found: list[BaseResult] = []
    sums: list[tuple[np.ndarray, np.ndarray] | None] = []
    spawn = multiprocessing.get_context("spawn")
    for base in dict.fromkeys(bases):
        progress(base)
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            own = config.replace(base=base) if config_of is None else config_of(base)
            asked = pool.submit(_measure, base, examples, evaluation, own, labels)
            try:
                result, values, weights = asked.result()
            except BrokenProcessPool:  # killed, as a rule for want of memory
                result, values, weights = BaseResult(base, error="the process was killed: too little memory?"), _NONE, _NONE
        if result.train_wall_s and price_per_hour is not None:
            result = replace(result, cost=result.train_wall_s / 3600 * price_per_hour)
        found.append(result)
        sums.append(None if result.error else (values, weights))
    first = next((one for one in sums if one is not None), None)
    for i, one in enumerate(sums):
        if one is None or first is None or one is first:
            continue
        draws = Resampling(len(one[0]), evaluation.clusters)
        span = draws.of(lambda w, one=one: (w @ one[0]) / (w @ one[1]) - (w @ first[0]) / (w @ first[1]))  # type: ignore[misc]
        apart = float(one[0].sum() / one[1].sum() - first[0].sum() / first[1].sum())
        low, high = span or (None, None)
        found[i] = replace(found[i], difference=apart, difference_low=low, difference_high=high)
    return found


def verdict(results: Sequence[BaseResult]) -> str:
    """One sentence: the best, and the smallest that is not clearly worse than it."""
    known = [r for r in results if not r.error and r.quality is not None]
    if not known:
        return "No base could be measured."
    sign = 1.0 if known[0].metric == "accuracy" else -1.0
    best = max(known, key=lambda r: sign * float(r.quality or 0.0))
    edge = best.low if sign > 0 else best.high
    near = [r for r in known if edge is not None and sign * float(r.quality or 0.0) >= sign * edge]
    small = min(near or [best], key=lambda r: r.parameters)
    said = f"Best on these rows: {best.base} ({best.metric.replace('_', ' ')} {best.quality:.3f})."
    if small is not best:
        said += f" {small.base} lies within its interval at {small.parameters / best.parameters:.0%} of the parameters."
    return said


def _measure(
    base: str, examples: Examples, evaluation: Examples, config: TrainConfig, labels: Sequence[str] | None
) -> tuple[BaseResult, np.ndarray, np.ndarray]:
    """One base, in a process of its own."""
    try:
        return _measured(base, examples, evaluation, config, labels)
    except CurateError as error:
        return BaseResult(base, error=str(error)), _NONE, _NONE
    except Exception as error:  # a base of somebody else's making
        return BaseResult(base, error=f"training failed ({type(error).__name__})"), _NONE, _NONE


def _measured(
    base: str, examples: Examples, evaluation: Examples, config: TrainConfig, labels: Sequence[str] | None
) -> tuple[BaseResult, np.ndarray, np.ndarray]:
    import torch

    from train.adapters import load_adapter
    from train.lora import open_workbench, train_adapter
    from train.stream import read_metrics

    if config.threads:
        torch.set_num_threads(config.threads)
    bench = open_workbench(config)
    with tempfile.TemporaryDirectory(prefix="curate-bases-") as place:
        wall, processor = time.perf_counter(), time.process_time()
        run = train_adapter(
            examples, config, Path(place), labels=labels, evaluation=evaluation, workbench=bench, watch=False
        )
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        loaded = load_adapter(place, base=base, device=config.device)
        latency = _latency(loaded, evaluation)
        parameters = sum(p.numel() for p in loaded.objective.inner.parameters())
        # Each line of metrics begins the count of the next, so the most of all is the most of all lines.
        on_card = max((int(line.get("cuda_bytes", 0)) for line in read_metrics(Path(place) / "metrics.jsonl")), default=0)
    scores = run.scores
    assert scores is not None
    if len(scores.rows) != len(evaluation):
        raise ConfigError(f"{len(evaluation) - len(scores.rows)} evaluation rows do not fit this base's context")
    classes = evaluation.task == CLASSIFICATION
    values = scores.score if classes else scores.nll / np.log(2)
    weights = scores.weight if classes or scores.text_bytes is None else scores.text_bytes
    low, high = Resampling(len(values), evaluation.clusters).of(lambda w: (w @ values) / (w @ weights)) or (None, None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if on_gpu(config):
        peak = max(on_card, int(torch.cuda.max_memory_allocated()))
    folder = Path(bench.source.location)
    disk = sum(p.stat().st_size for p in folder.iterdir() if p.is_file()) if bench.source.local else 0
    result = BaseResult(
        base,
        metric="accuracy" if classes else "bits_per_byte",
        quality=float(values.sum() / weights.sum()),
        low=low,
        high=high,
        parameters=parameters,
        disk_bytes=disk,
        memory_bytes=int(peak),
        latency_ms=latency,
        train_wall_s=wall,
        train_processor_s=processor,
    )
    return result, np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)


def _latency(loaded: Any, evaluation: Examples) -> float | None:
    """Median milliseconds of one row at a time."""
    from train.score import answer_nats, log_probabilities

    rows = evaluation.take(np.arange(min(len(evaluation), TIMED + WARM)))
    encoded = loaded.bench.encoder.encode(rows)
    measure = log_probabilities if loaded.objective.classification else answer_nats
    times = []
    for i in range(len(encoded)):
        began = time.perf_counter()
        measure(loaded.objective, encoded.take(np.array([i])), loaded.bench.tokenizer.pad_token_id)
        times.append(time.perf_counter() - began)
    return float(np.median(times[WARM:]) * 1000) if len(times) > WARM else None
