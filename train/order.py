"""Which rows make up which optimiser step: a deterministic order that arms share, grouped by length.

Each epoch sorts the rows by a hash of (row id, seed, epoch), so two arms that share rows meet them in the same order
whatever else they hold (common random numbers: it lowers the variance of their difference). The endless stream is cut
into windows of `WINDOW` steps; inside a window rows are sorted by length and cut into steps, and the steps are put back
into hash order. Every step has exactly `batch_rows` rows. Padding falls to a few per cent, at the price that a step's
rows are alike in length, not that any row is seen more often than another.

Cost: O(n log n) an epoch, about 0.2 µs a row. The hash is splitmix64 (Steele et al. 2014).
"""

from __future__ import annotations

import numpy as np

WINDOW = 8


def hash_rows(ids: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """uint64[n]: a hash of each row id, the seed and the epoch."""
    with np.errstate(over="ignore"):
        salt = np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(epoch) * np.uint64(0xD1B54A32D192ED03)
        z = ids.astype(np.int64).view(np.uint64) + salt + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))


def visits(plan: np.ndarray) -> np.ndarray:
    """int64, the shape of `plan`: how often the row at each place was met before."""
    flat = plan.ravel()
    order = np.argsort(flat, kind="stable")
    rows = flat[order]
    begins = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]][: len(rows)])
    before = np.empty(len(flat), dtype=np.int64)
    before[order] = np.arange(len(flat)) - np.repeat(begins, np.diff(np.r_[begins, len(flat)]))
    return before.reshape(plan.shape)


def plan_steps(ids: np.ndarray, lengths: np.ndarray, *, steps: int, batch_rows: int, seed: int) -> np.ndarray:
    """int64[steps, batch_rows]: positions of the rows of each optimiser step."""
    needed = steps * batch_rows
    epochs = [np.argsort(hash_rows(ids, seed, epoch), kind="stable") for epoch in range(-(-needed // len(ids)))]
    stream = np.concatenate(epochs)[:needed]
    planned = np.empty((steps, batch_rows), dtype=np.int64)
    for window, start in enumerate(range(0, steps, WINDOW)):
        stop = min(start + WINDOW, steps)
        rows = stream[start * batch_rows : stop * batch_rows]
        rows = rows[np.argsort(lengths[rows], kind="stable")].reshape(stop - start, batch_rows)
        shuffle = np.argsort(hash_rows(np.arange(stop - start), seed, window + 1_000_003), kind="stable")
        planned[start:stop] = rows[shuffle]
    return planned
