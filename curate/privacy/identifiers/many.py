"""Check digits of many numbers at once: the published rules as sums over columns of digits.

Each entry gives the verdict of the check of the same name in `checksums` or python-stdnum, on numbers of digits alone
(and the country's letters in front, where there are any); whatever else is written goes to the scalar check. The tests
compare the two on random and on valid numbers. What python-stdnum asks of dates and registers is not repeated: those
checks have a *necessary* condition here, and what passes it is asked of the scalar check.

Input: uint8[n, k] digits. Output: bool[n]. A few nanoseconds a digit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Digits = npt.NDArray[np.int64]
Mask = Any
"""bool[n]"""


@dataclass(frozen=True)
class Rule:
    """A check digit's rule for numbers of `lengths` digits."""

    lengths: tuple[int, ...]
    holds: Callable[[Digits], Mask]
    signs: str = " "
    """Signs that may stand between the digits."""
    letters: str = ""
    """Letters of the country that may stand in front."""
    sufficient: bool = True
    """Whether the rule is all that the check asks."""


def _sum(d: Digits, weights: Sequence[int]) -> Digits:
    return np.asarray(d[:, : len(weights)] @ np.array(weights, np.int64))


def _luhn(d: Digits) -> Mask:
    doubled = d[:, -2::-2] * 2
    return (d[:, -1::-2].sum(1) + (doubled - 9 * (doubled > 9)).sum(1)) % 10 == 0


def _last(d: Digits, digit: Digits) -> Mask:
    return np.asarray(d[:, -1] == digit)


def _zero(weights: Sequence[int], modulus: int) -> Callable[[Digits], Mask]:
    """The weighted sum leaves no remainder."""
    return lambda d: _sum(d, weights) % modulus == 0


def _ends(weights: Sequence[int], modulus: int = 11, sign: int = 1) -> Callable[[Digits], Mask]:
    """The last digit is the remainder of the weighted sum (10 as 0)."""
    return lambda d: _last(d, sign * _sum(d, weights) % modulus % 10)


def _distinct(d: Digits) -> Digits:
    seen = np.zeros(len(d), np.int64)
    for digit in range(10):
        seen += (d == digit).any(1)
    return seen


def _number(d: Digits) -> Digits:
    value = np.zeros(len(d), np.int64)
    for column in range(d.shape[1]):
        value = value * 10 + d[:, column]
    return value


def _mod_11_10(d: Digits) -> Mask:
    check = np.full(len(d), 5)
    for column in range(d.shape[1]):
        check = (np.where(check == 0, 10, check) * 2 % 11 + d[:, column]) % 10
    return check == 1


def _two(first: Sequence[int], second: Sequence[int], sign: int) -> Callable[[Digits], Mask]:
    """Two check digits modulo 11, the second over the first as well."""

    def holds(d: Digits) -> Mask:
        size = len(first)
        one = sign * _sum(d, first) % 11 % 10
        two = sign * (_sum(d, second[:-1]) + second[-1] * one) % 11 % 10
        return (d[:, size] == one) & (d[:, size + 1] == two)

    return holds


def _either(weights: Sequence[int], again: Sequence[int]) -> Callable[[Digits], Mask]:
    """Remainder modulo 11; where it is 10, that of other weights."""

    def holds(d: Digits) -> Mask:
        check = _sum(d, weights) % 11
        check = np.where(check == 10, _sum(d, again), check)
        return _last(d, check % 11 % 10)

    return holds


_VERHOEFF_ORDER = np.array([
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
])  # fmt: skip
_VERHOEFF_FIRST = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4])


def _verhoeff(d: Digits) -> Mask:
    check, order = np.zeros(len(d), np.int64), np.arange(10)
    for column in range(d.shape[1] - 1, -1, -1):
        check = _VERHOEFF_ORDER[check, order[d[:, column]]]
        order = _VERHOEFF_FIRST[order]
    return check == 0


def _turkish_id(d: Digits) -> Mask:
    one = (10 - _sum(d, (3, 1) * 4 + (3,))) % 10
    return (d[:, 0] > 0) & (d[:, 9] == one) & (d[:, 10] == (one + d[:, :9].sum(1)) % 10)


def _turkish_tax(d: Digits) -> Mask:
    total = np.zeros(len(d), np.int64)
    for n in range(1, 10):
        one = (d[:, 9 - n] + n) % 10
        two = one * 2**n % 9
        total += np.where(one > 0, np.where(two == 0, 9, two), 0)
    return _last(d, (10 - total) % 10)


def _regon(d: Digits) -> Mask:
    fits = d[:, 8] == _sum(d, (8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10
    return fits & _last(d, _sum(d, (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)) % 11 % 10) if d.shape[1] == 14 else fits


def _inn(d: Digits) -> Mask:
    personal = _two((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8), 1)
    return personal(d) if d.shape[1] == 12 else _ends((2, 4, 10, 3, 5, 9, 4, 6, 8))(d)


def _ogrn(d: Digits) -> Mask:
    number = _number(d[:, :-1])
    if d.shape[1] == 13:
        return (d[:, 0] > 0) & _last(d, number % 11 % 10)
    return ((d[:, 0] == 3) | (d[:, 0] == 4)) & _last(d, number % 13)


def _rut(d: Digits) -> Mask:
    k = d.shape[1] - 1
    return _last(d, _sum(d, [4 + (5 - i) % 6 for i in range(k)][::-1]) % 11)


def _nit(d: Digits) -> Mask:
    primes = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)
    return _last(d, np.array([0, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1])[_sum(d, primes[: d.shape[1] - 1][::-1]) % 11])


def _guatemala(d: Digits) -> Mask:
    return (d[:, :-1] > 0).any(1) & _last(d, -_sum(d, range(d.shape[1], 1, -1)) % 11)


def _vat_gb(d: Digits) -> Mask:
    rest = _sum(d, (8, 7, 6, 5, 4, 3, 2, 10, 1)) % 97
    return (rest == 0) | (((rest == 42) | (rest == 55)) & (d[:, 0] > 0))


def _hungarian_tax(d: Digits) -> Mask:
    return (d[:, 0] == 8) & _last(d, _sum(d, range(1, 10)) % 11)


def _taj(d: Digits) -> Mask:
    return (_distinct(d) > 2) & _last(d, _sum(d, (3, 7) * 4) % 10)


def _snils(d: Digits) -> Mask:
    return (_distinct(d) > 1) & (_sum(d, range(9, 0, -1)) % 101 % 100 == d[:, 9] * 10 + d[:, 10])


def _pis(d: Digits) -> Mask:
    return (_distinct(d) > 2) & _ends((3, 2, 9, 8, 7, 6, 5, 4, 3, 2), sign=-1)(d)


def _nonzero(holds: Callable[[Digits], Mask]) -> Callable[[Digits], Mask]:
    return lambda d: holds(d) & (d > 0).any(1)


def _begins(holds: Callable[[Digits], Mask], digits: str) -> Callable[[Digits], Mask]:
    """The rule, for numbers whose first digit is one of these."""
    first = np.array([int(c) for c in digits])
    return lambda d: holds(d) & np.isin(d[:, 0], first)


_ANY = "123456789"
_BSN = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_PESEL = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)

RULES: dict[str, Rule] = {
    ".luhn_only": Rule(tuple(range(10, 20)), lambda d: _luhn(d) & (_distinct(d) > 2), " -./()"),
    ".npi": Rule((10,), _begins(lambda d: (_sum(d, (2, 1) * 5) - 9 * (d[:, ::2] > 4).sum(1) + 24) % 10 == 0, "12"),
                 " -./()"),
    ".hungarian_taj": Rule((9,), _taj, " -./()"),
    ".hungarian_tax": Rule((10,), _hungarian_tax, " -./()"),
    ".medicare": Rule((9, 10, 11), _begins(lambda d: _sum(d, (1, 3, 7, 9) * 2) % 10 == d[:, 8], "23456"), " -./()"),
    ".pis": Rule((11,), _pis, " -./()"),
    ".snils": Rule((11,), _snils, " -./()"),
    ".nigerian_nin": Rule((11,), lambda d: _distinct(d) > 3),
    "at.tin": Rule((9,), lambda d: _last(d, (10 - _sum(d, (1, 2) * 4) + 9 * (d[:, 1:8:2] > 4).sum(1)) % 10), " -./",
                   sufficient=False),
    "au.abn": Rule((11,), lambda d: 11 + (-_sum(d[:, 2:], range(3, 20, 2)) - 1) % 89 == d[:, 0] * 10 + d[:, 1]),
    "au.acn": Rule((9,), lambda d: _last(d, _sum(d, range(-8, 0)) % 10)),
    "au.tfn": Rule((8, 9), lambda d: _sum(d, (1, 4, 3, 7, 5, 8, 6, 9, 10)[: d.shape[1]]) % 11 == 0),
    "be.vat": Rule((10,), _nonzero(
        _begins(lambda d: (_number(d[:, :8]) + d[:, 8] * 10 + d[:, 9]) % 97 == 0, "01")), " -./", "BE"),
    "br.cnpj": Rule((14,), lambda d: _two((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2),
                                          -1)(d) & (d[:, :12] > 0).any(1), " -./"),
    "br.cpf": Rule((11,), _nonzero(_two(range(10, 1, -1), range(11, 1, -1), -1)), " -."),
    "ca.sin": Rule((9,), _begins(_luhn, "12345679"), " -"),
    "cl.rut": Rule((8, 9), _rut, " -."),
    "co.nit": Rule(tuple(range(8, 17)), _nit, ".,- "),
    "cz.dic": Rule((8,), _begins(lambda d: _last(d, np.maximum(-_sum(d, range(8, 1, -1)) % 11, 1) % 10), "012345678"),
                   " /", "CZ", sufficient=False),
    "de.idnr": Rule((11,), _begins(_mod_11_10, _ANY), " -./,", sufficient=False),
    "de.vat": Rule((9,), _begins(_mod_11_10, _ANY), " -./,", "DE"),
    "dk.cvr": Rule((8,), _begins(_zero((2, 7, 6, 5, 4, 3, 2, 1), 11), _ANY), " -.,/:", "DK"),
    "ec.ci": Rule((10,), lambda d: (_sum(d, (2, 1) * 5) - 9 * (d[:, ::2] > 4).sum(1)) % 10 == 0, " -", sufficient=False),
    "ee.kmkr": Rule((9,), _zero((3, 7, 1) * 3, 10), " ", "EE"),
    "fr.nif": Rule((13,), _begins(lambda d: _number(d[:, :10]) % 511 == _number(d[:, 10:]), "0123")),
    "fr.siren": Rule((9,), _luhn, " ."),
    "fr.siret": Rule((14,), lambda d: _luhn(d[:, :9]), " .", sufficient=False),
    "gb.nhs": Rule((10,), _zero(range(10, 0, -1), 11), " -"),
    "gb.utr": Rule((10,), lambda d: d[:, 0] == np.array([2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1])[
        _sum(d[:, 1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11]),
    "gb.vat": Rule((9, 12), _vat_gb, " -.", "GB"),
    "gr.amka": Rule((11,), _luhn, " ", sufficient=False),
    "gr.vat": Rule((9,), lambda d: _last(d, _sum(d, [2**i for i in range(8, 0, -1)]) % 11 % 10), " -./:", "EL"),
    "gt.nit": Rule(tuple(range(4, 13)), _guatemala, " -"),
    "hr.oib": Rule((11,), _mod_11_10, " -", "HR"),
    "hu.anum": Rule((8,), _zero((9, 7, 3, 1) * 2, 10), " -", "HU"),
    "id.npwp": Rule((15,), lambda d: _luhn(d[:, :9]), " -."),
    "il.idnr": Rule((9,), _nonzero(_luhn), " -"),
    "in_.aadhaar": Rule((12,), lambda d: _begins(_verhoeff, "23456789")(d) & (d != d[:, ::-1]).any(1), " -"),
    "it.iva": Rule((11,), _luhn, " -:", "IT", sufficient=False),
    "jp.cn": Rule((13,), lambda d: d[:, 0] == 9 - _sum(d[:, 1:], (2, 1) * 6) % 9, "- "),
    "jp.in_": Rule((12,), _ends((6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), sign=-1), "- "),
    "lt.pvm": Rule((9,), lambda d: _either(range(1, 9), (3, 4, 5, 6, 7, 8, 9, 1))(d) & (d[:, 7] == 1), " -", "LT"),
    "md.idno": Rule((13,), lambda d: _last(d, _sum(d, (7, 3, 1) * 4) % 10)),
    "me.pib": Rule((8,), _ends((8, 7, 6, 5, 4, 3, 2), sign=-1)),
    "mk.edb": Rule((13,), _ends((7, 6, 5, 4, 3, 2) * 2, sign=-1), " -", "MK"),
    "mz.nuit": Rule((9,), lambda d: _last(d, np.where(_sum(d, (8, 9, 4, 5, 6, 7, 8, 9)) % 11 == 10, 1,
                                                      _sum(d, (8, 9, 4, 5, 6, 7, 8, 9)) % 11)), " -."),
    "nl.bsn": Rule((9,), _nonzero(_zero(_BSN, 11)), " -."),
    "no.orgnr": Rule((9,), _zero((3, 2, 7, 6, 5, 4, 3, 2, 1), 11)),
    "pe.ruc": Rule((11,), lambda d: np.isin(d[:, 0] * 10 + d[:, 1], (10, 15, 17, 20)) & _last(
        d, (11 - _sum(d, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 10)),
    "pl.nip": Rule((10,), _zero((6, 5, 7, 2, 3, 4, 5, 6, 7, -1), 11), " -", "PL"),
    "pl.pesel": Rule((11,), lambda d: _last(d, -_sum(d, _PESEL) % 10), " -", sufficient=False),
    "pl.regon": Rule((9, 14), _regon, " -"),
    "pt.nif": Rule((9,), _begins(_ends(range(9, 1, -1), sign=-1), _ANY), " -.", "PT"),
    "py.ruc": Rule((6, 7, 8, 9), lambda d: _last(d, -_sum(d, range(d.shape[1], 1, -1)) % 11 % 10), " -"),
    "rs.pib": Rule((9,), _mod_11_10, " -."),
    "ru.inn": Rule((10, 12), _inn),
    "ru.ogrn": Rule((13, 15), _ogrn),
    "se.orgnr": Rule((10,), _luhn, " -."),
    "se.personnummer": Rule((10,), _luhn, " -", sufficient=False),
    "si.ddv": Rule((8,), _begins(lambda d: (_sum(d, range(8, 1, -1)) % 11 > 0) & _ends(range(8, 1, -1), sign=-1)(d), _ANY),
                   " -", "SI"),
    "si.emso": Rule((13,), _ends((7, 6, 5, 4, 3, 2) * 2, sign=-1), " ", sufficient=False),
    "sv.nit": Rule((14,), _begins(lambda d: _last(d, np.where(
        _number(d[:, 10:13]) <= 100, _sum(d, range(14, 1, -1)) % 11 % 10,
        -_sum(d, (2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 % 10)), "019"), " -"),
    "th.pin": Rule((13,), _begins(lambda d: _last(d, (1 - _sum(d, range(2, -10, -1)) % 11) % 10), "12345678"), " -"),
    "tr.tckimlik": Rule((11,), _turkish_id),
    "tr.vkn": Rule((10,), _turkish_tax),
    "ua.rntrc": Rule((10,), _ends((-1, 5, 7, 9, 4, 6, 10, 5, 7))),
    "us.rtn": Rule((9,), lambda d: _last(d, _sum(d, (7, 3, 9, 7, 3, 9, 7, 3)) % 10)),
    "vn.mst": Rule((10,), lambda d: (d[:, 2:9] > 0).any(1) & (10 - _sum(d, (31, 29, 23, 19, 17, 13, 7, 5, 3)) % 11
                                                              == d[:, 9]), " -."),
    "za.idnr": Rule((13,), _luhn, " ", sufficient=False),
}  # fmt: skip


def verdicts(check: str, text: str, digits: Digits) -> tuple[Mask, bool] | None:
    """For each row of digits whether the check may hold, and whether that settles it; None where no rule is known.

    `text`: the value with any digit in the place of each.
    """
    rule = RULES.get(check)
    if rule is None or digits.shape[1] not in rule.lengths:
        return None
    rest = text.removeprefix(rule.letters) if rule.letters else text
    if any(not ("0" <= c <= "9" or c in rule.signs) for c in rest):
        return None
    return rule.holds(digits), rule.sufficient
