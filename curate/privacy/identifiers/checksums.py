"""Checks that python-stdnum does not have. Each takes the text as written and says whether it can have been issued.

Sources stand beside each function. All are O(length) on a short text.
"""

from __future__ import annotations

import hashlib
import re

from curate.privacy.checks import luhn

_SEPARATORS = re.compile(r"[\s./()-]+")


def _compact(text: str) -> str:
    return _SEPARATORS.sub("", text).upper()


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(d) * w for d, w in zip(digits, weights))


def nino(text: str) -> bool:
    """UK national insurance number: HMRC manual NIM39110, prefixes never issued."""
    compact = _compact(text)
    bad = compact[0] in "DFIQUV" or compact[1] in "DFIQUVO"
    return not bad and compact[:2] not in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def nric(text: str) -> bool:
    """Singapore NRIC and FIN: weighted sum mod 11, letter by series."""
    compact = _compact(text)
    total = _weighted(compact[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(compact[0], 0)
    if compact[0] == "M":
        return compact[8] == "KLJNPQRTUWX"[10 - total % 11]
    return compact[8] == ("JZIHGFEDCBA" if compact[0] in "ST" else "XWUTRQPNMLK")[total % 11]


def hkid(text: str) -> bool:
    """Hong Kong identity card: weighted sum mod 11 with the letters as 10 to 35, a blank as 36."""
    compact = _compact(text).rjust(9)
    values = [36 if c == " " else int(c, 36) for c in compact[:8]]
    total = sum(v * w for v, w in zip(values, range(9, 1, -1)))
    return "0123456789A"[(11 - total % 11) % 11] == compact[8]


def taiwan_id(text: str) -> bool:
    """Taiwan national and resident identity number: the letter as two digits, weighted sum mod 10."""
    compact = _compact(text)
    code = "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(compact[0]) + 10
    rest = compact[1:]
    if rest[0] in "ABCD":
        rest = "0123"["ABCD".index(rest[0])] + rest[1:]
    total = code // 10 + code % 10 * 9 + _weighted(rest, (8, 7, 6, 5, 4, 3, 2, 1, 1))
    return total % 10 == 0


def snils(text: str) -> bool:
    """Russian SNILS: weights 9 to 1, mod 101, 100 written as 00."""
    digits = _compact(text)
    total = _weighted(digits[:9], (9, 8, 7, 6, 5, 4, 3, 2, 1))
    return total % 101 % 100 == int(digits[9:]) and len(set(digits)) > 1


def medicare(text: str) -> bool:
    """Australian Medicare card: first digit 2 to 6, weights 1, 3, 7, 9, mod 10."""
    digits = _compact(text)
    return digits[0] in "23456" and _weighted(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])


def npi(text: str) -> bool:
    """US national provider identifier: Luhn with the prefix 80840 (45 CFR 162.406)."""
    digits = _compact(text)
    return digits[0] in "12" and luhn("80840" + digits)


def dea(text: str) -> bool:
    """US DEA registration number: odd places plus twice the even places, last digit."""
    digits = _compact(text)[2:]
    total = sum(int(d) for d in digits[0:6:2]) + 2 * sum(int(d) for d in digits[1:6:2])
    return total % 10 == int(digits[6])


_VIN_VALUES = {c: int(v) for c, v in zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789")}


def vin(text: str) -> bool:
    """Vehicle identification number with its check digit (49 CFR 565, North America and China)."""
    compact = text.upper()
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    total = sum((int(c) if c.isdigit() else _VIN_VALUES[c]) * w for c, w in zip(compact, weights))
    return compact[8] == "0123456789X"[total % 11] and vin_shape(text)


def vin_shape(text: str) -> bool:
    """17 characters of ISO 3779 with letters, digits, and a serial number at the end."""
    compact = text.upper()
    return sum(c.isdigit() for c in compact) >= 5 and compact[-4:].isdigit() and len(set(compact)) > 5


def luhn_only(text: str) -> bool:
    """Mod-10 over all digits."""
    digits = _compact(text)
    return len(set(digits)) > 2 and luhn(digits)


def hungarian_tax(text: str) -> bool:
    """Hungarian tax number of persons: begins with 8, weights 1 to 9, mod 11."""
    digits = _compact(text)
    return digits[0] == "8" and _weighted(digits, tuple(range(1, 10))) % 11 == int(digits[9])


def hungarian_taj(text: str) -> bool:
    """Hungarian social security number (TAJ): weights 3 and 7, mod 10."""
    digits = _compact(text)
    return len(set(digits)) > 2 and _weighted(digits[:8], (3, 7) * 4) % 10 == int(digits[8])


def uruguayan_ci(text: str) -> bool:
    """Uruguayan identity card: weights 2, 9, 8, 7, 6, 3, 4, mod 10."""
    digits = _compact(text).zfill(8)
    return -_weighted(digits, (2, 9, 8, 7, 6, 3, 4)) % 10 == int(digits[7])


def german_card(text: str) -> bool:
    """German identity card or passport with its check digit: ICAO 9303 weights 7, 3, 1 over nine characters."""
    compact = _compact(text)
    total = sum(int(c, 36) * (7, 3, 1)[i % 3] for i, c in enumerate(compact[:9]))
    return len(compact) == 9 or total % 10 == int(compact[9])


def german_pension(text: str) -> bool:
    """German pension insurance number: weights over the letter as two digits, digit sums, mod 10 (VKVV, section 4)."""
    compact = _compact(text)
    spelled = compact[:8] + f"{ord(compact[8]) - 64:02d}" + compact[9:11]
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    total = sum(sum(divmod(int(d) * w, 10)) for d, w in zip(spelled, weights))
    return total % 10 == int(compact[11]) and 1 <= int(compact[2:4]) <= 81 and 1 <= int(compact[4:6]) <= 12


def egyptian_id(text: str) -> bool:
    """Egyptian national number: century, date of birth, governorate."""
    digits = _compact(text)
    return 1 <= int(digits[3:5]) <= 12 and 1 <= int(digits[5:7]) <= 31 and (int(digits[7:9]) <= 35 or digits[7:9] == "88")


def pis(text: str) -> bool:
    """Brazilian PIS/PASEP/NIT: weights 3, 2, 9 to 2, mod 11."""
    digits = _compact(text)
    rest = 11 - _weighted(digits[:10], (3, 2, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest > 9 else rest) == int(digits[10]) and len(set(digits)) > 2


def swift(text: str) -> bool:
    """ISO 9362 business identifier code: an assigned country at places five and six."""
    return text[4:6].upper() in _COUNTRIES


def latitude_longitude(text: str) -> bool:
    """Two decimals within 90 and 180 degrees that look measured."""
    written = re.findall(r"-?\d+\.\d+", text)
    numbers = [float(n) for n in written]
    measured = all(len(set(n.partition(".")[2])) > 1 for n in written)
    return measured and len(numbers) == 2 and abs(numbers[0]) <= 90 and abs(numbers[1]) <= 180


def degrees(text: str) -> bool:
    """A decimal within 180 degrees."""
    return abs(float(text.rstrip("°"))) <= 180


def nigerian_nin(text: str) -> bool:
    """Nigerian national identification number: eleven digits, not all alike."""
    return len(set(_compact(text))) > 3


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"


def base58check(text: str) -> bool:
    """Base58Check (Bitcoin, Litecoin, Dogecoin, Dash, Zcash, Tron; Ripple's alphabet for `r`): double SHA-256."""
    alphabet = _RIPPLE if text[0] == "r" else _BASE58
    value = 0
    for c in text:
        place = alphabet.find(c)
        if place < 0:
            return False
        value = value * 58 + place
    size = 26 if text[:2] in ("t1", "t3") else 25
    if value.bit_length() > size * 8:
        return False
    raw = value.to_bytes(size, "big")
    return hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32(text: str) -> bool:
    """Bech32 and Bech32m checksums (BIP 173, BIP 350)."""
    lower = text.lower()
    if text not in (lower, text.upper()):
        return False
    prefix, _, data = lower.rpartition("1")
    values = [_BECH32.find(c) for c in data]
    if not prefix or -1 in values or len(values) < 6:
        return False
    check = 1
    for value in [*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix), *values]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> i & 1:
                check ^= generator
    return check in (1, 0x2BC830A3)


def ethereum(text: str) -> bool:
    """Twenty bytes in hexadecimal. EIP-55 capitals need Keccak-256, which no dependency has: the shape alone counts."""
    return len(set(text[2:].lower())) > 6


_COUNTRIES = frozenset(re.findall(r"[A-Z]{2}", """
    AD AE AF AG AI AL AM AO AR AS AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ CA CD CF CG CH
    CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH
    GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR
    KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NG NI NL NO NP NR NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
    SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN
    VU WF WS XK YE YT ZA ZM ZW
"""))
