"""Three ways to sketch a set: time, bias and variance by set size.

    python -m benchmarks.bench_sketch [--pairs 3000]

Compared: the engine's k-permutation MinHash (Broder 1997); one-permutation hashing with optimal densification
(Shrivastava 2017); Fast Similarity Sketching (Dahlgaard, Knudsen, Thorup 2017). Method: random sets of n shingles in
pairs that share 0.8 n; microseconds of processor time a sketch (best of five); bias of the estimated Jaccard similarity in
standard errors over so many pairs; variance over the binomial variance of k independent draws (below 1 is better).
"""

from __future__ import annotations

import time

import numpy as np
from numba import njit

from benchmarks.parts import command
from curate.similarity.kernels import min_values
from curate.similarity.minhash import permutations
from curate.similarity.shingling import mix

EMPTY32 = np.uint32(0xFFFFFFFF)
EMPTY64 = np.uint64(0xFFFFFFFFFFFFFFFF)
A, B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
LOW, S32, ONE = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(1)
SEED = np.uint64(7)


@njit(nogil=True, cache=True)
def k_permutations(sets, a, b, out):  # type: ignore[no-untyped-def]
    """The engine's."""
    for r in range(sets.shape[0]):
        min_values(sets[r], sets.shape[1], a, b, out[r])


@njit(nogil=True, cache=True)
def one_permutation(sets, a, b, out):  # type: ignore[no-untyped-def]
    """A bin and a value from one hash; an empty bin copies the first full one that its own hash sequence meets."""
    k = out.shape[1]
    filled = np.empty(k, np.bool_)
    for r in range(sets.shape[0]):
        s = out[r]
        s[:] = EMPTY32
        for x in sets[r]:
            h = mix(x ^ SEED)
            at = ((h >> S32) * np.uint64(k)) >> S32
            s[at] = min(s[at], np.uint32(h & LOW))
        for i in range(k):
            filled[i] = s[i] != EMPTY32
        for i in range(k):
            attempt = ONE
            while not filled[i]:
                h = mix(np.uint64(i + 1) * A + attempt * B + SEED)
                at = ((h >> S32) * np.uint64(k)) >> S32
                if filled[at]:
                    s[i] = s[at]
                    break
                attempt += ONE


@njit(nogil=True, cache=True)
def fast_similarity(sets, a, b, out):  # type: ignore[no-untyped-def]
    """Rounds of random bins until all are full, at most k, then one round a bin; earlier rounds win."""
    k = out.shape[1]
    d = np.empty(k, np.uint64)
    for r in range(sets.shape[0]):
        d[:] = EMPTY64
        full = 0
        for turn in range(2 * k):
            for x in sets[r]:
                h = mix(x + np.uint64(turn + 1) * A + SEED)
                at = ((h >> S32) * np.uint64(k)) >> S32 if turn < k else np.uint64(turn - k)
                full += d[at] == EMPTY64
                d[at] = min(d[at], (np.uint64(turn) << S32) | (h & LOW))
            if full == k:
                break
        for i in range(k):
            out[r, i] = np.uint32(mix(d[i]))


def main(pairs: int) -> None:
    """Print one line a method, sketch length and set size."""
    rng = np.random.default_rng(0)
    for k in (64, 128):
        a, b = permutations(k, 0)
        for n in (3, 10, 30, 162, 1000):
            shared = max(1, round(0.8 * n))
            pool = rng.integers(0, 2**64, size=(pairs, 2 * n - shared), dtype=np.uint64)
            one, two = np.ascontiguousarray(pool[:, :n]), np.ascontiguousarray(pool[:, n - shared :])
            jaccard = shared / pool.shape[1]
            variance = jaccard * (1 - jaccard) / k
            left, right = np.empty((len(pool), k), np.uint32), np.empty((len(pool), k), np.uint32)
            for method in (k_permutations, one_permutation, fast_similarity):
                method(one[:2], a, b, left)
                seconds = []
                for _ in range(5):
                    began = time.process_time_ns()
                    method(one, a, b, left)
                    seconds.append(time.process_time_ns() - began)
                method(two, a, b, right)
                error = (left == right).mean(axis=1) - jaccard
                bias = error.mean() / np.sqrt(variance / len(error))
                print(f"k={k} n={n:<5}{method.__name__:<16}{min(seconds) / len(one) / 1e3:8.2f} us  "
                      f"bias {bias:+.1f} se  variance {error.var() / variance:.2f} of binomial", flush=True)  # fmt: skip


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--pairs", type=int, default=3000)
    main(parser.parse_args().pairs)
