# mypy: disable-error-code="assignment"
"""From texts to weights: conditional maximum likelihood of a linear chain with hashed features.

Where the truth is partly known, the likelihood sums over the labels that remain possible (Bellare and McCallum 2007).
AdaGrad (Duchi et al. 2011) with one step size for each feature row, a fixed order of texts, one thread: the same input
gives the same weights. Features seen in fewer than two tokens get none. About 5 microseconds a token and pass.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from curate.privacy.names import labels as b
from curate.privacy.names.chain import allowed, marginals
from curate.privacy.names.characters import tables
from curate.privacy.names.features import FEATURES, PAD, features, lookup, survey
from curate.privacy.names.labels import LABELS
from curate.privacy.names.lexer import lex
from curate.privacy.names.training.texts import ANY, Text

_ALL = (1 << LABELS) - 1
HIDE = 0.35
"""Share of the texts in which the lists are hidden."""
_LISTED = b.GIVEN | b.FAMILY | b.PLACE | b.COUNTRY | b.PART | b.PROPER | b.WIDESPREAD


@dataclass(frozen=True)
class Examples:
    """Active tokens of all texts: rows of features, possible labels (bits), bounds of segments."""

    rows: npt.NDArray[np.uint32]
    may: npt.NDArray[np.int64]
    bounds: npt.NDArray[np.int64]


@njit(cache=True)
def _rows(n, word, shape, spaced, head, tail, value, active, opens, run, mode, column, bits, out):  # type: ignore[no-untyped-def]
    scratch = np.zeros(FEATURES, np.uint64)
    m = 0
    for i in range(PAD, n + PAD):
        if active[i]:
            features(i, n, word, shape, spaced, head, tail, value, opens, run, mode, column, bits, scratch)
            for f in range(FEATURES):
                out[m, f] = scratch[f]
            m += 1
    return m


def examples(
    texts: list[tuple[Text, int]], keys: npt.NDArray[np.uint32], values: npt.NDArray[np.uint32], bits: int, seed: int
) -> Examples:
    """Features and labels of texts, each with the class of its column. In a share of the texts (HIDE) listed words lose
    most of their list bits and clusters, so that the model learns to do without."""
    kinds, folded = tables()
    draw = random.Random(seed)
    limit = 8192
    size = limit + 2 * PAD
    at = np.zeros((size, 2), np.int32)
    word, value = np.zeros(size, np.uint32), np.zeros(size, np.uint32)
    shape, spaced, active, opens = (np.zeros(size, np.uint8) for _ in range(4))
    head, tail = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
    run = np.full((size, 2), -1, np.int32)
    rows: list[npt.NDArray[np.uint32]] = []
    masks: list[npt.NDArray[np.int64]] = []
    bounds = [0]
    total = 0
    buffer = np.zeros((limit, FEATURES), np.uint32)
    for (text, spans), column in texts:
        raw = text.encode("utf-8", "replace")
        data = np.frombuffer(raw, np.uint8)
        if not len(data):
            continue
        for array in (word, shape, head, tail, value, opens, active):
            array[:] = 0
        spaced[:] = 1
        run[:] = -1
        n, _ = lex(data, 0, len(data), kinds, folded, at[PAD:], word[PAD:], shape[PAD:], head[PAD:], tail[PAD:],
                   spaced[PAD:], limit)  # fmt: skip
        lookup(data, 0, at, word, shape, n, folded, keys, values, value)
        if draw.random() < HIDE:
            for i in range(PAD, n + PAD):
                if value[i] & _LISTED and draw.random() < 0.7:
                    value[i] = value[i] & (0xFFFF & ~_LISTED)
        mode = survey(word, shape, value, n, active, opens, run)
        place = [0]
        for char in text:
            place.append(place[-1] + len(char.encode("utf-8", "replace")))
        label = np.ones(n, np.int64)  # bit 0: outside
        starts, ends = at[PAD : n + PAD, 0], at[PAD : n + PAD, 1]
        for start, end, kind in spans:
            inside = np.flatnonzero((starts < place[end]) & (ends > place[start]))
            if not len(inside):
                continue
            if kind == ANY:
                label[inside] = _ALL
            else:
                label[inside] = 1 << (2 + 2 * kind)
                label[inside[0]] = 1 << (1 + 2 * kind)
        m = _rows(n, word, shape, spaced, head, tail, value, active, opens, run, mode, column, bits, buffer)
        on = active[PAD : n + PAD] != 0
        rows.append(buffer[:m].copy())
        where = np.flatnonzero(on)
        marks = label[on]
        # A piece of a span whose first token is not active begins at its first active token.
        cut = np.flatnonzero(np.diff(where, prepend=-9) != 1)
        for c in cut:
            if marks[c] != _ALL and marks[c] > 1 and (int(marks[c]).bit_length() - 1) % 2 == 0:
                marks[c] >>= 1
        masks.append(marks)
        bounds += [total + int(c) for c in cut[1:]] + ([total + m] if m else [])
        total += m
    return Examples(np.concatenate(rows), np.concatenate(masks), np.unique(np.array(bounds, np.int64)))


@njit(cache=True)
def _pass(rows, may, bounds, order, weights, memory, step, step_memory, rate, decay):  # type: ignore[no-untyped-def]
    longest = 0
    for s in range(len(bounds) - 1):
        longest = max(longest, bounds[s + 1] - bounds[s])
    scores = np.zeros((longest, LABELS))
    forward, backward = np.zeros((longest, LABELS)), np.zeros((longest, LABELS))
    forward_known, backward_known = np.zeros((longest, LABELS)), np.zeros((longest, LABELS))
    scale, scale_known = np.zeros(longest), np.zeros(longest)
    every = np.full(longest, (1 << LABELS) - 1, np.int64)
    gradient = np.zeros(LABELS)
    jump = np.zeros((LABELS, LABELS))
    loss = 0.0
    for s in order:
        a, n = bounds[s], bounds[s + 1] - bounds[s]
        for i in range(n):
            for y in range(LABELS):
                scores[i, y] = 0.0
            for f in range(rows.shape[1]):
                r = rows[a + i, f]
                for y in range(LABELS):
                    scores[i, y] += weights[r, y]
        leap = np.exp(step)
        total = marginals(scores, n, leap, every, forward, backward, scale)
        known = marginals(scores, n, leap, may[a : a + n], forward_known, backward_known, scale_known)
        if known < -1e20:
            continue
        loss += total - known
        if total - known < 1e-3:
            continue
        jump[:] = 0.0
        for i in range(n + 1):
            for z in range(LABELS):
                for y in range(LABELS):
                    if i == 0:
                        if z == 0:
                            jump[0, y] += forward_known[0, y] * backward_known[0, y] - forward[0, y] * backward[0, y]
                    elif i == n:
                        if y == 0:
                            jump[z, 0] += (forward_known[n - 1, z] * backward_known[n - 1, z]
                                           - forward[n - 1, z] * backward[n - 1, z])  # fmt: skip
                    elif allowed(z, y):
                        e = step[z, y] + scores[i, y]
                        jump[z, y] -= forward[i - 1, z] * np.exp(e - scale[i]) * backward[i, y]
                        if may[a + i] >> y & 1 and may[a + i - 1] >> z & 1:
                            jump[z, y] += forward_known[i - 1, z] * np.exp(e - scale_known[i]) * backward_known[i, y]
        for z in range(LABELS):
            for y in range(LABELS):
                g = jump[z, y]
                step_memory[z, y] += g * g
                step[z, y] += rate * g / np.sqrt(step_memory[z, y] + 1.0)
        for i in range(n):
            size = 0.0
            for y in range(LABELS):
                gradient[y] = forward_known[i, y] * backward_known[i, y] - forward[i, y] * backward[i, y]
                size += gradient[y] * gradient[y]
            if size < 1e-5:
                continue
            for f in range(rows.shape[1]):
                r = rows[a + i, f]
                if memory[r] < 0.0:
                    continue
                memory[r] += size
                eta = rate / np.sqrt(memory[r] + 0.1)
                for y in range(LABELS):
                    weights[r, y] += eta * (gradient[y] - decay * weights[r, y])
    return loss


def fit(
    data: Examples, bits: int, epochs: int, rate: float, decay: float, seed: int, verbose: bool = False
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:  # fmt: skip
    """Weights float32[2**bits, LABELS] and transitions float64[LABELS, LABELS], averaged over the second half of passes;
    features of a single token weigh nothing."""
    weights = np.zeros((1 << bits, LABELS), np.float32)
    memory = np.zeros(1 << bits, np.float32)
    seen = np.bincount(data.rows.ravel(), minlength=1 << bits)
    memory[seen < 2] = -1.0
    step, step_memory = np.zeros((LABELS, LABELS)), np.zeros((LABELS, LABELS))
    order = np.arange(len(data.bounds) - 1)
    shuffle = np.random.default_rng(seed)
    mean, mean_step, times = np.zeros_like(weights), np.zeros_like(step), 0
    for epoch in range(epochs):
        shuffle.shuffle(order)
        loss = _pass(data.rows, data.may, data.bounds, order, weights, memory, step, step_memory, rate, decay)
        if verbose:
            print(f"pass {epoch + 1}: loss {loss / len(data.rows):.4f} a token", flush=True)
        if epoch >= epochs // 2:
            mean += weights
            mean_step += step
            times += 1
    return (mean / times).astype(np.float32), mean_step / times
