"""Arithmetic and registry checks: payment cards (Luhn, issuer), IBAN (ISO 13616), SSN, ISBN.

Sources: ISO/IEC 7812-1 annex B (Luhn) and the issuers' published prefix ranges; ISO 13616 and its registry for lengths;
the US Social Security Administration for number ranges; ISO 2108 for ISBN. Every check is O(length) on a short string.
"""

from __future__ import annotations

from string import ascii_letters

_DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))


def luhn(digits: str) -> bool:
    """True where the mod-10 check digit of ASCII digits fits; signs beyond ASCII fit none."""
    if not digits.isascii():
        return False
    raw = digits.encode("ascii")
    plain = raw[-1::-2]  # every byte of it counts 48 too much
    return (sum(plain) - 48 * len(plain) + sum(raw[-2::-2].translate(_DOUBLED))) % 10 == 0


# first and last prefix, its length in digits, allowed lengths, wide: whether so many numbers begin so that words must
# agree.
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


_BY_LENGTH = {
    length: tuple((name, len(str(low)), low, high, wide) for name, low, high, sizes, wide in _ISSUERS if length in sizes)
    for length in range(12, 20)
}


def issuer(digits: str) -> tuple[str, bool] | None:
    """The issuing network and whether its prefix is too wide to stand without context; None where none fits."""
    for name, size, low, high, wide in _BY_LENGTH.get(len(digits), ()):
        if low <= int(digits[:size]) <= high:
            return name, wide
    return None


_IBAN_REGISTRY = """
    AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20
    EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30
    KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23
    PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26
    UA29 VA22 VG24 XK20 YE30
"""
IBAN_LENGTHS: dict[str, int] = {entry[:2]: int(entry[2:]) for entry in _IBAN_REGISTRY.split()}
"""Country -> length of its IBAN."""


_IN_DIGITS = {ord(c): str(int(c, 36)) for c in ascii_letters}


def iban(compact: str) -> bool:
    """True for an upper-case IBAN without blanks whose country, length and mod-97 remainder fit."""
    if IBAN_LENGTHS.get(compact[:2]) != len(compact) or not compact.isalnum() or not compact.isascii():
        return False
    return int((compact[4:] + compact[:4]).translate(_IN_DIGITS)) % 97 == 1


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
