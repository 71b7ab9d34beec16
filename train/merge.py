"""An adapter folded into full weights, and the proof that nothing was lost.

`merge_adapter` writes a folder that transformers loads without peft (safetensors, tokenizer, card), reads it back from
the disk and runs both models on the same token rows: random ones of several lengths, fixed by a seed, so that no data
is needed. Where the largest difference of their logits exceeds `TOLERANCE` (0.1%) of the largest logit (2% in half
precision, whose sums round), the folder is removed and an error raised. Needs the `train` extra. Cost: the base in
memory twice.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from curate.dataset.atomic import make_private_dir
from curate.errors import ConfigError, CurateError
from train.adapters import ABOUT, LoadedAdapter, load_adapter, stop_where_learned, weights_hash
from train.examples import OF_TEXTS
from train.files import read_json, write_json

if TYPE_CHECKING:
    from train.objective import Batch

TOLERANCE, TOLERANCE_HALF = 1e-3, 2e-2
PROBE_ROWS, PROBE_TOKENS = 8, 48


@dataclass(frozen=True)
class Merged:
    """Where the full weights are, and how much they differ from base and adapter."""

    folder: Path
    largest_difference: float
    """Of any logit, absolute."""


def merge_adapter(path: str | Path, out: str | Path, *, base: str | None = None) -> Merged:
    """Fold the adapter at `path` into its base and save full weights in `out`, which must be new or empty.

    Raises `ConfigError` where `out` holds something or the adapter is merged already, `CurateError` where logits differ.
    """
    target = Path(out)
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        raise ConfigError(f"{target} is there already; name a new folder for the merged model")
    loaded = load_adapter(path, base=base, device="cpu", quantised=False)
    if loaded.merged:
        raise ConfigError(f"{loaded.folder} holds full weights already; there is nothing to merge")
    batch = _probe(loaded)
    with torch.inference_mode():
        before = _logits(loaded, batch)
    making = target.parent / f".{target.name}.tmp"
    shutil.rmtree(making, ignore_errors=True)
    make_private_dir(making)
    try:
        _write(loaded, making)
        again = load_adapter(making, device="cpu")
        with torch.inference_mode():
            after = _logits(again, batch)
        largest = float(before.abs().max())
        difference = float((before - after).abs().max())
        single = next(loaded.objective.inner.parameters()).dtype == torch.float32
        tolerance = TOLERANCE if single else TOLERANCE_HALF
        if not difference <= tolerance * max(largest, 1.0):
            raise CurateError(
                f"the merged weights give other logits than base and adapter (by {difference:.2g}, where at most "
                f"{tolerance * max(largest, 1.0):.2g} is rounding); nothing was written"
            )
        if target.is_dir():
            target.rmdir()
        making.rename(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Merged(target, difference)


def _write(loaded: LoadedAdapter, folder: Path) -> None:
    model: Any = loaded.objective.model
    if hasattr(model, "merge_and_unload"):  # a patch is in its place already
        model = model.merge_and_unload()
    model.config.use_cache = True
    stop_where_learned(model, loaded.bench, loaded.task)
    model.save_pretrained(str(folder), safe_serialization=True)
    loaded.bench.tokenizer.save_pretrained(str(folder))
    about = read_json(loaded.folder / ABOUT) or {}
    template = None if loaded.task in OF_TEXTS else loaded.bench.tokenizer.chat_template
    hashed = {"weights_hash": weights_hash(folder)}
    write_json(folder / ABOUT, {**about, "base_hash": None, "chat_template": template, **hashed})
    card = loaded.folder / "README.md"
    if card.is_file():
        text = card.read_text(encoding="utf-8")
        text = text.replace("library_name: peft", "library_name: transformers").replace(
            "# Adapter that", "# Model (an adapter merged into its base) that", 1
        )
        (folder / "README.md").write_text(text, encoding="utf-8")


def _probe(loaded: LoadedAdapter) -> Batch:
    """Rows of random tokens, the same for every model of one vocabulary."""
    from train.objective import Batch

    rng = np.random.default_rng(0)
    size = len(loaded.bench.tokenizer)
    tokens = torch.from_numpy(rng.integers(0, size, (PROBE_ROWS, PROBE_TOKENS)))
    limit = min(PROBE_TOKENS, loaded.bench.encoder.max_length_tokens)
    tokens = tokens[:, :limit]
    lengths = torch.from_numpy(rng.integers(2, limit + 1, PROBE_ROWS))
    lengths[0] = limit
    if loaded.bench.encoder.decoder_start is not None and loaded.objective.classification:
        end = int(loaded.bench.tokenizer.eos_token_id)  # its state is what such a head reads: one a row, the last
        tokens = torch.where(tokens == end, (end + 1) % size, tokens)
        tokens[torch.arange(PROBE_ROWS), lengths - 1] = end
    ends = torch.arange(limit)[None, :] < lengths[:, None]
    tokens = torch.where(ends, tokens, torch.tensor(loaded.bench.tokenizer.pad_token_id))
    positions = torch.from_numpy(np.flatnonzero(ends.numpy()))
    batch = Batch(tokens, lengths, torch.zeros(len(positions), dtype=torch.long), positions, torch.arange(PROBE_ROWS))
    if loaded.bench.encoder.decoder_start is not None and loaded.labels is None:
        batch.source, batch.source_lengths = tokens, lengths
    return batch


def _logits(loaded: LoadedAdapter, batch: Batch) -> torch.Tensor:
    objective = loaded.objective
    found = objective.logits(batch) if objective.classification else objective.token_logits(batch)
    return found.float()
