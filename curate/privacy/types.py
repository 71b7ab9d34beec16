"""The kinds of personal data that the scanner knows, and what is said about each.

A type has a placeholder (``[EMAIL]``), a rule name (``pii.email_address``), a priority for overlaps and a plain
sentence that a finding shows as its reason. Priorities run from the most specific evidence (a key block, a checksum)
to the least (a date beside the word "born"): where two spans overlap, the higher priority stays, then the longer span.

Placeholders are upper-case ASCII in square brackets, so they never need escaping in JSON, CSV or HTML, and no
recogniser accepts them: a text that already holds placeholders is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from curate.privacy.identifiers import IDENTIFIERS


@dataclass(frozen=True)
class PiiType:
    """One kind of personal data or secret."""

    name: str
    """Name in the field's usual spelling, e.g. `EMAIL_ADDRESS`."""
    placeholder: str
    """Replacement text, e.g. `[EMAIL]`."""
    priority: int
    """Higher wins where spans overlap."""
    reason: str
    """Plain sentence for a finding; it never holds the value."""
    checksum: str | None = None
    """Name of the arithmetic check that the value passed, if the type has one."""

    @property
    def rule(self) -> str:
        """Rule name of a finding, e.g. `pii.email_address`."""
        return "pii." + self.name.lower()


TYPES: tuple[PiiType, ...] = (
    PiiType("PRIVATE_KEY", "[PRIVATE_KEY]", 100, "The text holds a private key block."),
    PiiType("URL_CREDENTIALS", "[URL_CREDENTIALS]", 95, "An address holds a user name and a password."),
    PiiType("SECRET", "[SECRET]", 90, "The text holds an access key, a token or a password."),
    PiiType("CRYPTO_WALLET", "[CRYPTO_WALLET]", 85, "The text holds the address of a crypto-currency wallet."),
    PiiType("EMAIL_ADDRESS", "[EMAIL]", 80, "The text holds an e-mail address."),
    PiiType("IBAN", "[IBAN]", 75, "A bank account number passes the IBAN check digits.", "mod97"),
    PiiType("CREDIT_CARD", "[CARD]", 70, "A number has an issuer's prefix and length and passes the Luhn check.", "luhn"),
    PiiType("IP_ADDRESS", "[IP]", 65, "The text holds an IP address."),
    PiiType("VIN", "[VIN]", 64, "The text holds a vehicle identification number."),
    PiiType("DEVICE_ID", "[DEVICE_ID]", 63, "A number passes the check of a mobile device's identity.", "luhn"),
    PiiType("MAC_ADDRESS", "[MAC]", 60, "The text holds a hardware (MAC) address."),
    PiiType("US_SSN", "[SSN]", 55, "A number has the form of a US social security number."),
    PiiType("NATIONAL_ID", "[NATIONAL_ID]", 54, "A value has the form of a national identity number."),
    PiiType("TAX_ID", "[TAX_ID]", 53, "A value has the form of a tax number."),
    PiiType("PASSPORT", "[PASSPORT]", 52, "A value beside words that speak of a passport has the form of its number."),
    PiiType("DRIVER_LICENSE", "[DRIVER_LICENSE]", 52, "A value stands beside words that speak of a driving licence."),
    PiiType("MEDICAL_ID", "[MEDICAL_ID]", 52, "A value stands beside words that speak of patients or health plans."),
    PiiType("LICENSE_PLATE", "[LICENSE_PLATE]", 51, "A value stands beside words that speak of a vehicle's plate."),
    PiiType("DATE_OF_BIRTH", "[DATE_OF_BIRTH]", 50, "A date stands beside words that speak of a birth."),
    PiiType("SWIFT_BIC", "[SWIFT_BIC]", 48, "A business identifier code of a bank stands beside words that speak of one."),
    PiiType("ROUTING_NUMBER", "[ROUTING_NUMBER]", 47, "A number stands beside words that speak of routing payments."),
    PiiType("BANK_ACCOUNT", "[BANK_ACCOUNT]", 46, "A number stands beside words that speak of a bank account."),
    PiiType("COORDINATES", "[COORDINATES]", 45, "Geographic coordinates stand beside words that speak of a place."),
    PiiType("HANDLE", "[HANDLE]", 42, "A user name or handle stands beside words that speak of an account."),
    PiiType("PHONE_NUMBER", "[PHONE]", 40, "A number has the form and the setting of a telephone number."),
    PiiType("STREET_ADDRESS", "[ADDRESS]", 34, "The text holds what reads as a street address."),
    PiiType("PERSON", "[PERSON]", 33, "The text holds what reads as the name of a person."),
    PiiType("ORGANIZATION", "[ORGANIZATION]", 32, "The text holds what reads as the name of an organisation."),
    PiiType("LOCATION", "[LOCATION]", 31, "The text holds what reads as the name of a place."),
)

NAMED: tuple[str, ...] = ("PERSON", "LOCATION", "ORGANIZATION", "STREET_ADDRESS")
"""Types that the sequence model of `names` finds; everything else has a structure that is checked."""
ALL: tuple[str, ...] = tuple(t.name for t in TYPES)
NAMES: tuple[str, ...] = tuple(name for name in ALL if name not in NAMED)
"""Structured types: what a scan looks for unless names are asked for."""
KINDS: tuple[tuple[str, int], ...] = (
    *((t.name.lower(), i) for i, t in enumerate(TYPES)),
    *((identifier.name, ALL.index(identifier.type)) for identifier in IDENTIFIERS),
)
"""Finer than types: (name, index of its type). The first are the types themselves, then each identifier."""
KIND: dict[str, int] = {name: i for i, (name, _) in enumerate(KINDS)}
"""Name of a kind -> small integer used inside the engine."""
CODE: dict[str, int] = {t.name: i for i, t in enumerate(TYPES)}
"""Type name -> small integer used inside the engine."""
PERSON, LOCATION, ORGANIZATION, STREET_ADDRESS = (CODE[name] for name in NAMED)
"""Codes of the types of names."""
