# mypy: disable-error-code="assignment"
"""The shipped model: weights of one byte, transitions, lexicon, calibration. Read once a process, without pickle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.names.labels import LABELS

PATH = Path(__file__).with_name("model.npz")
LEXICON_BITS = 18
BIAS = 128
"""What makes a weight a number from 1 to 255."""
LEAST = 4
"""Weights of fewer units than this are dropped: they say little and fill the file."""


@dataclass(frozen=True)
class Model:
    """Everything that the tagger needs."""

    eight: npt.NDArray[np.uint64]
    """uint64[2**bits]: weights of the labels but the last in units of `scale`, plus BIAS, eight bits each from the lowest
    on, so that eight labels are added up at once."""
    ninth: npt.NDArray[np.int8]
    """int8[2**bits]: weight of the last label."""
    bits: int
    scale: float
    step: npt.NDArray[np.float64]
    """float64[LABELS, LABELS]: weight of a transition."""
    keys: npt.NDArray[np.uint32]
    """uint32[2**LEXICON_BITS]: hash table of the lexicon, 0 where empty."""
    values: npt.NDArray[np.uint32]
    """List bits (16), cluster with a capital (8), cluster as a small word (8)."""
    calibration: npt.NDArray[np.float64]
    """float64[types, 2]: slope and intercept of the score's log-odds."""


def packed(
    weights: npt.NDArray[np.int8], used: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int8]]:
    """`Model.eight` and `Model.ninth` of int8[n, LABELS], the weights of the n rows in `used`; all others weigh nothing."""
    eight = np.full(len(used), sum(BIAS << 8 * y for y in range(LABELS - 1)), np.uint64)
    ninth = np.zeros(len(used), np.int8)
    biased = np.ascontiguousarray(weights[:, : LABELS - 1]).view(np.uint8) ^ np.uint8(BIAS)
    eight[used], ninth[used] = biased.view("<u8")[:, 0], weights[:, LABELS - 1]
    return eight, ninth


@njit(cache=True)
def table(words, entries, keys, values):  # type: ignore[no-untyped-def]
    """Put the entries into an open-addressed hash table."""
    mask = np.uint64(len(keys) - 1)
    for i in range(len(words)):
        slot = (np.uint64(words[i]) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40) & mask
        while keys[slot]:
            slot = (slot + np.uint64(1)) & mask
        keys[slot], values[slot] = words[i], entries[i]


def lexicon_table(
    words: npt.NDArray[np.uint32], entries: npt.NDArray[np.uint32]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """The hash table of sorted, distinct words."""
    keys, values = np.zeros(1 << LEXICON_BITS, np.uint32), np.zeros(1 << LEXICON_BITS, np.uint32)
    table(words, entries, keys, values)
    return keys, values


@lru_cache(maxsize=4)
def load(path: Path = PATH) -> Model:
    """The model in a file written by `save`."""
    with np.load(path, allow_pickle=False) as file:
        keys, values = lexicon_table(np.cumsum(file["word_steps"], dtype=np.uint64).astype(np.uint32), file["entries"])
        bits = int(file["bits"])
        eight, ninth = packed(file["rows"], np.unpackbits(file["used"])[: 1 << bits].astype(bool))
        return Model(eight, ninth, bits, float(file["scale"]), file["step"], keys, values, file["calibration"])


def save(
    path: Path, weights: npt.NDArray[np.float32], step: npt.NDArray[np.float64], words: npt.NDArray[np.uint32],
    entries: npt.NDArray[np.uint32], calibration: npt.NDArray[np.float64],
) -> None:  # fmt: skip
    """Quantise to one byte, drop weights of fewer than LEAST units and empty rows, and write; `words` sorted."""
    scale = float(np.quantile(np.abs(weights[weights != 0]), 0.9999)) / 127
    rows = np.clip(np.rint(weights / scale), -127, 127).astype(np.int8)
    rows[np.abs(rows) < LEAST] = 0
    used = (rows != 0).any(axis=1)
    with path.open("wb") as file:
        np.savez_compressed(
            file, bits=np.int64(len(weights).bit_length() - 1), scale=np.float64(scale), step=step, used=np.packbits(used),
            rows=rows[used], word_steps=np.diff(words.astype(np.int64), prepend=0).astype(np.uint32), entries=entries,
            calibration=calibration,
        )  # fmt: skip
