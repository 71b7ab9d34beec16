"""Check digits of many numbers at once, against python-stdnum and the scalar checks."""

from __future__ import annotations

import random

import numpy as np
import pytest

from curate.privacy.identifiers import passes
from curate.privacy.identifiers.many import RULES, verdicts

CASES = [(check, length) for check, rule in sorted(RULES.items()) for length in rule.lengths]


def _told(check: str, numbers: list[str]) -> tuple[np.ndarray, bool]:
    digits = np.array([[int(c) for c in number] for number in numbers], np.int64)
    told = verdicts(check, "0" * len(numbers[0]), digits)
    assert told is not None
    return told


def _sample(check: str, length: int) -> list[str]:
    """Random numbers, and each with all values of its last and of its last two digits: some of those are valid."""
    rng = random.Random(f"{check} {length}")
    out = ["0" * length, "1" * length]
    for _ in range(30):
        number = "".join(rng.choices("0123456789", k=length))
        if rng.random() < 0.5:
            number = rng.choice(("0", "1", "2", "3", "7", "10", "20")) + number
            number = number[:length]
        out += [number[:-2] + f"{n:02d}" for n in range(100)]
    return out


@pytest.mark.parametrize(("check", "length"), CASES)
def test_a_rule_over_columns_says_what_the_scalar_check_says(check: str, length: int) -> None:
    numbers = _sample(check, length)
    may, sufficient = _told(check, numbers)
    expected = np.array([passes(check, number) for number in numbers])
    if sufficient:
        wrong = [n for n, a, b in zip(numbers, may, expected) if a != b]
        assert not wrong, wrong[:3]
    else:
        assert not (expected & ~may).any(), "a valid number would be lost"
    assert may.any()
    assert not may.all()


@pytest.mark.parametrize("check", sorted(c for c, rule in RULES.items() if rule.letters))
def test_letters_of_the_country_do_not_change_the_verdict(check: str) -> None:
    length = RULES[check].lengths[0]
    for number in _sample(check, length)[:200]:
        told = verdicts(check, RULES[check].letters + "0" * length, np.array([[int(c) for c in number]]))
        assert told is not None
        assert not passes(check, RULES[check].letters + number) or told[0][0]


def test_what_is_written_with_other_signs_is_left_to_the_scalar_check() -> None:
    assert verdicts("br.cpf", "000/000/000-00", np.zeros((1, 11), np.int64)) is None
    assert verdicts("br.cpf", "0000000000", np.zeros((1, 10), np.int64)) is None
    assert verdicts("es.dni", "00000000A", np.zeros((1, 8), np.int64)) is None
