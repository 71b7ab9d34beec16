"""Arithmetic and registry checks: payment cards (Luhn, issuer), IBAN (ISO 13616), SSN, ISBN.

Sources: ISO/IEC 7812-1 annex B (Luhn) and the issuers' published prefix ranges; ISO 13616 and its registry for lengths;
the US Social Security Administration for number ranges; ISO 2108 for ISBN. Every check is O(length) on a short string.
"""

from __future__ import annotations

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """True where the mod-10 check digit fits."""
    total = sum(int(d) for d in digits[-1::-2]) + sum(_DOUBLED[int(d)] for d in digits[-2::-2])
    return total % 10 == 0


# first and last prefix, its length in digits, allowed lengths, wide: whether so many numbers begin so that words must agree.
_ISSUERS: tuple[tuple[str, int, int, frozenset[int], bool], ...] = (
    ("visa", 4, 4, frozenset({16, 19}), False),
    ("visa", 4, 4, frozenset({13}), True),
    ("mastercard", 51, 55, frozenset({16}), False),
    ("mastercard", 2221, 2720, frozenset({16}), False),
    ("amex", 34, 34, frozenset({15}), False),
    ("amex", 37, 37, frozenset({15}), False),
    ("discover", 6011, 6011, frozenset({16, 17, 18, 19}), False),
    ("discover", 644, 649, frozenset({16, 17, 18, 19}), False),
    ("discover", 65, 65, frozenset({16, 17, 18, 19}), False),
    ("diners", 300, 305, frozenset({14, 16}), False),
    ("diners", 3095, 3095, frozenset({14, 16}), False),
    ("diners", 36, 36, frozenset({14, 16}), False),
    ("diners", 38, 39, frozenset({14, 16}), False),
    ("jcb", 3528, 3589, frozenset({16, 17, 18, 19}), False),
    ("jcb", 1800, 1800, frozenset({15}), True),
    ("jcb", 2131, 2131, frozenset({15}), True),
    ("mir", 2200, 2204, frozenset({16}), False),
    ("unionpay", 62, 62, frozenset({16, 17, 18, 19}), False),
    ("unionpay", 81, 81, frozenset({16}), True),
    ("rupay", 60, 60, frozenset({16}), True),
    ("rupay", 82, 82, frozenset({16}), True),
    ("maestro", 50, 50, frozenset(range(12, 20)), True),
    ("maestro", 56, 58, frozenset(range(12, 20)), True),
    ("maestro", 60, 69, frozenset(range(12, 20)), True),
)


def issuer(digits: str) -> tuple[str, bool] | None:
    """The issuing network and whether its prefix is too wide to stand without context; None where none fits."""
    length = len(digits)
    for name, low, high, lengths, wide in _ISSUERS:
        if length in lengths and low <= int(digits[: len(str(low))]) <= high:
            return name, wide
    return None


IBAN_LENGTHS: dict[str, int] = {
    k: int(v)
    for k, v in (
        pair.split(":")
        for pair in """AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22
        DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28 HR:21 HU:28
        IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 MK:19
        MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 SC:31 SD:18
        SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30""".split()
    )
}


def iban(compact: str) -> bool:
    """True for an upper-case IBAN without blanks whose country, length and mod-97 remainder fit."""
    if IBAN_LENGTHS.get(compact[:2]) != len(compact) or not compact.isalnum() or not compact.isascii():
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def ssn(area: str, group: str, serial: str) -> bool:
    """True where the Social Security Administration could have issued the number."""
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def isbn(text: str) -> bool:
    """True where the digits (and a final X) form a valid ISBN-10 or ISBN-13."""
    digits = [10 if c in "xX" else int(c) for c in text if c.isdigit() or c in "xX"]
    if len(digits) == 13 and digits[:3] in ([9, 7, 8], [9, 7, 9]) and 10 not in digits:
        return sum(d * (1, 3)[i % 2] for i, d in enumerate(digits)) % 10 == 0
    if len(digits) == 10 and 10 not in digits[:9]:
        return sum(d * (10 - i) for i, d in enumerate(digits)) % 11 == 0
    return False
