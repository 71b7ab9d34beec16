"""Made-up numbers and codes that no authority has given out: of a range never issued, or with a check that fails.

Cards fail the Luhn check (ISO/IEC 7812-1); IBANs have the check digits 00, which ISO 13616 gives to none (02 to 98 only);
US social security numbers have the area 000 or 666, or 900 to 999 with a group that taxpayer numbers do not use (01 to 49),
none of which is issued (SSA, IRS); bank codes have a 0 as last sign of the location, which ISO 9362 keeps for tests; every
identifier with a check of its own (python-stdnum, `identifiers.checksums`) fails it. Identifiers without a check (most
passports, licences, plates, account numbers) have no range to draw from: theirs are only drawn, and known not to stand in
the data. Letters stay letters, digits digits, separators where they are.
"""

from __future__ import annotations

from functools import lru_cache

from stdnum import luhn

from curate.privacy.canonical import plain
from curate.privacy.checks import issuer
from curate.privacy.identifiers import IDENTIFIERS
from curate.privacy.identifiers.model import passes
from curate.privacy.surrogates.draw import DIGITS, UPPER, Draw, laid_out

_ATTEMPTS = 60


@lru_cache(maxsize=1)
def _checks() -> dict[str, str]:
    return {identifier.name: identifier.check for identifier in IDENTIFIERS if identifier.check}


def card(value: str, draw: Draw) -> str:
    """A card number of the same brand and length that fails the Luhn check."""
    digits = "".join(c for c in plain(value) if c.isdigit())
    kept = digits[: 4 if digits[:1] in ("2", "3", "6") else 2]  # 2221 to 2720, 3528 to 3589, 6011 are told by four
    new = digits
    for _ in range(_ATTEMPTS):
        new = kept + draw.text(DIGITS, len(digits) - len(kept))
        if issuer(new) == issuer(digits):
            break
    if luhn.is_valid(new):
        new = new[:-1] + str((int(new[-1]) + 1) % 10)
    return laid_out(plain(value), new)


def iban(value: str, draw: Draw) -> str:
    """An IBAN of the same country and length with the check digits 00."""
    signs = [c for c in plain(value).upper() if c.isalnum()]
    new = "".join(signs[:2]) + "00" + "".join(draw.choice(DIGITS if c.isdigit() else UPPER) for c in signs[4:])
    return laid_out(plain(value), new)


def ssn(value: str, draw: Draw) -> str:
    """A social security number that is never issued."""
    kind = draw.below(12)
    area = "000" if kind == 0 else "666" if kind == 1 else f"{900 + draw.below(100)}"
    new = f"{area}{1 + draw.below(49):02d}{1 + draw.below(9999):04d}"
    return laid_out(plain(value), new)


def bank_code(value: str, draw: Draw) -> str:
    """A business identifier code of the same country that is marked as one for tests."""
    signs = "".join(c for c in plain(value) if c.isalnum())
    if len(signs) not in (8, 11):
        return like(value, draw)
    new = draw.text(UPPER, 4) + signs[4:6].upper() + draw.choice(UPPER) + "0" + "".join(
        draw.choice(DIGITS if c.isdigit() else UPPER) for c in signs[8:]
    )  # fmt: skip
    return laid_out(plain(value), new)


def vehicle(value: str, draw: Draw) -> str:
    """A vehicle identification number whose check digit is wrong."""
    signs = [c for c in plain(value).upper() if c.isalnum()]
    new = ""
    for _ in range(_ATTEMPTS):
        new = "".join(draw.choice(DIGITS if c.isdigit() else "ABCDEFGHJKLMNPRSTUVWXYZ") for c in signs)
        if not passes(".vin", new):
            break
    return laid_out(plain(value), new)


def identifier(value: str, kind: str, draw: Draw, check: str = "") -> str:
    """Letters for letters and digits for digits, failing the check of its kind where it has one."""
    check = check or _checks().get(kind, "")
    new = ""
    for _ in range(_ATTEMPTS):
        new = like(value, draw)
        if not check or not passes(check, new):
            break
    return new


def like(value: str, draw: Draw) -> str:
    """A value of the same form."""
    return draw.like(plain(value))
