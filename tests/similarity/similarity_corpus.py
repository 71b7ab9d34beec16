"""Seeded text for the similarity tests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def strings(texts: list[str | None]) -> pa.LargeStringArray:
    """The array type that the engine works on."""
    return pa.array(texts, pa.large_string())


def passage(rng: np.random.Generator, words: int, vocabulary: int = 5000) -> list[str]:
    """Random words, skewed as in prose."""
    ranks = np.minimum((vocabulary ** rng.random(words)).astype(int), vocabulary)
    return [f"w{r}" for r in ranks.tolist()]


def edited(rng: np.random.Generator, words: list[str], changes: int) -> list[str]:
    """The same passage with some words replaced."""
    out = list(words)
    for at in rng.choice(len(words), changes, replace=False).tolist():
        out[at] = f"x{rng.integers(10**9)}"
    return out
