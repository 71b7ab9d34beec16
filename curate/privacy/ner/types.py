"""What a tagger gives, and what its labels mean here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from curate.privacy.types import ALL


class Entity(NamedTuple):
    """A place that a tagger marks; code points of the text."""

    start: int
    end: int
    type: str
    """One of the scanner's types."""
    score: float


class Tagger(Protocol):
    """A model that marks personal data."""

    def entities(self, texts: Sequence[str], types: Sequence[str] = ALL) -> list[list[Entity]]:
        """The entities of each text that have one of the types, sorted, without overlaps."""
        ...


_MEANS = {
    "PERSON": "PER PERSON PERSON_NAME NAME PATIENT STAFF FIRSTNAME LASTNAME MIDDLENAME GIVENNAME SURNAME USERNAME_FULL",
    "LOCATION": "LOC LOCATION GPE FAC PLACE CITY STATE COUNTRY COUNTY",
    "ORGANIZATION": "ORG ORGANIZATION ORGANISATION COMPANY COMPANYNAME HOSPITAL",
    "STREET_ADDRESS": "ADDRESS STREET STREET_ADDRESS",
    "EMAIL_ADDRESS": "EMAIL MAIL EMAIL_ADDRESS",
    "PHONE_NUMBER": "PHONE TELEPHONE TELEPHONENUM PHONE_NUMBER PHONENUMBER",
    "CREDIT_CARD": "CARD CREDIT_CARD CREDITCARD CREDITCARDNUMBER",
    "US_SSN": "SSN US_SSN",
    "DATE_OF_BIRTH": "DOB DATE_OF_BIRTH DATEOFBIRTH",
    "HANDLE": "USERNAME HANDLE",
    "IP_ADDRESS": "IP IPV4 IPV6 IP_ADDRESS",
    "SECRET": "PASSWORD SECRET APIKEY API_KEY",
    "LICENSE_PLATE": "PLATE LICENSE_PLATE VEHICLEVRM",
}
_TYPE = {name: name for name in ALL} | {label: kind for kind, labels in _MEANS.items() for label in labels.split()}
ASKED = {
    "PERSON": "person", "LOCATION": "location", "ORGANIZATION": "organization", "STREET_ADDRESS": "street address",
    "EMAIL_ADDRESS": "email address", "PHONE_NUMBER": "phone number", "DATE_OF_BIRTH": "date of birth",
    "CREDIT_CARD": "credit card number", "PASSPORT": "passport number", "DRIVER_LICENSE": "driver's license number",
    "HANDLE": "username", "MEDICAL_ID": "medical record number", "LICENSE_PLATE": "license plate",
    "BANK_ACCOUNT": "bank account number", "IP_ADDRESS": "ip address",
}  # fmt: skip
"""What a model that takes any label (GLiNER) is asked for, by type."""


def type_of_label(label: str) -> str | None:
    """The scanner's type of a model's label (`B-PER`, `I-LOC`, `person`); None where it means no personal data."""
    plain = label.strip().upper().replace(" ", "_").replace("-", "_")
    if plain in _TYPE:
        return _TYPE[plain]
    head, _, rest = plain.partition("_")
    return _TYPE.get(rest) if head in ("B", "I", "E", "S", "L", "U") else None


def settled(found: Sequence[Entity]) -> list[Entity]:
    """Entities without overlaps, sorted by place: the surer one stays, then the longer, then the earlier."""
    kept: list[Entity] = []
    for entity in sorted(found, key=lambda e: (-e.score, e.start - e.end, e.start, e.type)):
        if entity.end > entity.start and all(entity.end <= k.start or k.end <= entity.start for k in kept):
            kept.append(entity)
    return sorted(kept)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A range without blanks at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
