"""One spelling for values that are the same: what numbers, hashes and surrogates are keyed by.

`Bob@ACME.com` and `bob@acme.com` are one mailbox, `(212) 736-5000` and `+1 212 736 5000` one telephone, a card or an
IBAN is one with or without blanks, a date of birth is the day that it names, read as the region reads it. A name loses its
case, its accents and a possessive ending. Elsewhere letters and digits count, and neither width, case, zero-width
characters nor what separates them. Telephones cost some 50 microseconds each, others about one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers

_EXACT = frozenset({"SECRET", "PRIVATE_KEY", "URL_CREDENTIALS", "CRYPTO_WALLET"})
_WORDS = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "STREET_ADDRESS"})
ESCAPED_AT = r"(?:%40|&#0{0,4}(?:64|x40);|&commat;)(?!.*@)"
"""As addresses in links and pages write the sign."""
_AT = re.compile(rf"\s*[\[({{<]\s*at\s*[\])}}>]\s*|\s+at\s+|\s+@\s*|\s*@\s+|{ESCAPED_AT}", re.IGNORECASE)
_DOT = re.compile(r"\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|\s+dot\s+", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
_POSSESSIVE = re.compile(r"['’`´]s?$", re.IGNORECASE)
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
"""Letters that Unicode does not take apart."""
_BETWEEN = re.compile(r"[\W_]+")


def plain(value: str) -> str:
    """Full-width forms narrowed, invisible characters gone."""
    if value.isascii():
        return value
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", value))


def folded(text: str) -> str:
    """Letters without case and accents: `Müller` as `muller`."""
    if text.isascii():
        return text.lower()
    kept = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(kept).casefold().translate(_STROKES)


def mailbox(value: str) -> str:
    """An e-mail address as it would be typed, whatever hides its signs."""
    return _DOT.sub(".", _AT.sub("@", plain(value).strip())).replace(" ", "")


@lru_cache(maxsize=65536)
def telephone(value: str, region: str) -> tuple[int, str]:
    """(country code, national number) of a telephone; (0, its digits) where the number cannot be read."""
    text = plain(value)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return 0, "".join(c for c in text if c.isdigit())
    zeros = "0" * (number.number_of_leading_zeros or 1) if number.italian_leading_zero else ""
    return int(number.country_code or 0), f"{zeros}{number.national_number}"


def canonical(type_name: str, value: str, region: str = "US") -> str:
    """The spelling that all values have in common that mean the same."""
    if type_name in _EXACT:
        return value
    if type_name == "EMAIL_ADDRESS":
        return mailbox(value).casefold()
    if type_name == "PHONE_NUMBER":
        country, national = telephone(value, region)
        return f"+{country} {national}"
    if type_name in _WORDS:
        return " ".join(_BETWEEN.sub(" ", folded(_POSSESSIVE.sub("", plain(value)))).split())
    text = plain(value).casefold()
    if type_name == "DATE_OF_BIRTH":
        from curate.privacy.surrogates.dates import iso  # which reads with the help of this module

        return iso(value, region) or text.strip()
    if type_name in ("IP_ADDRESS", "COORDINATES", "HANDLE"):
        return text.strip()
    return "".join(c for c in text if c.isalnum()) or text
