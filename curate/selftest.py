"""The engines, checked on this machine against libraries that share no code with them.

Compiled kernels depend on the processor and on the compiler that numba brings. `curate doctor --selftest` runs them on
a few hundred drawn inputs beside independent implementations: MinHash beside datasketch and the exact Jaccard
similarity, checksums beside python-stdnum. About a second, once the kernels are compiled.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import pyarrow as pa

PERMUTATIONS = 128
PAIRS = 60
NUMBERS = 2000
STANDARD_ERRORS = 5.0
"""A right kernel strays further than this once in a million pairs."""


@dataclass(frozen=True)
class Check:
    """One comparison with an independent implementation."""

    name: str
    passed: bool
    detail: str


def run() -> list[Check]:
    """All checks, in a fixed order."""
    return [minhash_beside_datasketch(), checksums_beside_stdnum()]


def minhash_beside_datasketch() -> Check:
    """Both estimates of each pair lie within five standard errors of the exact similarity."""
    from datasketch import MinHash

    from curate.similarity.minhash import signatures
    from curate.similarity.texts import for_shingles

    rng = random.Random(0)
    texts: list[str] = []
    for _ in range(PAIRS):
        words = [f"w{rng.randrange(10**6)}" for _ in range(80)]
        edited = [f"x{rng.randrange(10**6)}" if rng.random() < rng.choice((0.0, 0.02, 0.1, 0.4)) else w for w in words]
        texts += [" ".join(words), " ".join(edited)]
    ours = signatures(for_shingles(pa.array(texts, pa.large_string())), PERMUTATIONS, 3, seed=0)
    worst = 0.0
    for k in range(0, len(texts), 2):
        a, b = (_shingles(t) for t in texts[k : k + 2])
        exact = len(a & b) / len(a | b)
        error = math.sqrt(max(exact * (1 - exact), 1 / PERMUTATIONS**2) / PERMUTATIONS)
        theirs = [MinHash(num_perm=PERMUTATIONS, seed=1) for _ in range(2)]
        for sketch, shingles in zip(theirs, (a, b)):
            sketch.update_batch([s.encode() for s in sorted(shingles)])
        for estimate in (float((ours[k] == ours[k + 1]).mean()), theirs[0].jaccard(theirs[1])):
            worst = max(worst, abs(estimate - exact) / error)
    return Check(
        "MinHash kernel beside datasketch and exact Jaccard",
        worst <= STANDARD_ERRORS,
        f"{PAIRS} pairs, largest error {worst:.1f} standard errors",
    )


def checksums_beside_stdnum() -> Check:
    """Luhn and IBAN checks agree with python-stdnum on drawn numbers, right and wrong ones."""
    from stdnum import iban as std_iban
    from stdnum import luhn as std_luhn

    from curate.privacy.checks import iban, luhn

    rng = random.Random(1)
    differing = 0
    for _ in range(NUMBERS):
        digits = "".join(rng.choices("0123456789", k=rng.randint(12, 19)))
        differing += luhn(digits) != std_luhn.is_valid(digits)
        body = "".join(rng.choices("0123456789", k=18))
        check = std_iban.calc_check_digits(f"DE00{body}") if rng.random() < 0.5 else f"{rng.randrange(100):02}"
        number = f"DE{check}{body}"
        differing += iban(number) != std_iban.is_valid(number, check_country=False)
    return Check("checksums beside python-stdnum", differing == 0, f"{2 * NUMBERS:,} numbers, {differing} judged otherwise")


def _shingles(text: str) -> set[str]:
    words = text.split()
    return {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}
